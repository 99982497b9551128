/* decode_yardstick.h: simdjson On-Demand on the bids of decode_bench.c: the yardstick of P1.
 *
 * The yardstick does what the decoder does: every field of every line into columns, the time as
 * microseconds. The bytes must be followed by 64 readable ones.
 *
 * Used by: bench/decode_bench.c.
 */
#ifndef BENCH_DECODE_YARDSTICK_H
#define BENCH_DECODE_YARDSTICK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { YARD_ROWS = 2048 };

/* What was decoded, added up, so that all decoders can be compared. */
struct bid_sum {
    uint64_t rows;
    uint64_t auction, bidder, price, time_us;
    uint64_t channel_bytes, url_bytes;
};

/* Columns of one batch. */
struct bid_columns {
    int64_t auction[YARD_ROWS], bidder[YARD_ROWS], price[YARD_ROWS], time_us[YARD_ROWS];
    struct {
        const char *at;
        uint32_t bytes;
    } channel[YARD_ROWS], url[YARD_ROWS];
};

/* A parser call a line, and one parser over all lines. 0: an error. */
int yard_simdjson_lines(const char *at, size_t bytes, struct bid_sum *out);
int yard_simdjson_many(const char *at, size_t bytes, struct bid_sum *out);

/* The name of the instruction set that simdjson chose. */
const char *yard_simdjson_kernel(void);

#ifdef __cplusplus
}
#endif

#endif
