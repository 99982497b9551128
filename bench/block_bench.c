/* block_bench.c: blocks of rows as they lie in the log: bytes a row and rows a CPU second, and what
 * zstd would make of the same bytes.
 *
 *     block_bench
 *
 * The rows are bids of the Nexmark benchmark: 7 columns, two of which are texts that are different
 * in every row. A line each: what, bytes a row, million rows a CPU second written, and read.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <lz4.h>
#include <zstd.h>

#include "engine/base/block.h"
#include "engine/edge/nexmark.h"

enum { COLS = 7, TURNS = 200, HEAD_BYTES = 12 };

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct nexmark *bids_make(void) {
    struct nexmark_options o = {.person_proportion = 0,
                                .auction_proportion = 0,
                                .bid_proportion = 1,
                                .hot_auction_ratio = 2,
                                .hot_bidder_ratio = 4,
                                .hot_seller_ratio = 4,
                                .person_bytes = 200,
                                .auction_bytes = 500,
                                .bid_bytes = 100,
                                .event_rate = 1e6,
                                .seed = 1};
    struct nexmark *n = nexmark_create(&o);
    assert(n);
    nexmark_make(n, BATCH_ROWS);
    return n;
}

static void columns_of(const struct nexmark *n, struct field *field, struct column *col) {
    const struct type *type[COLS] = {&type_bigint, &type_bigint,     &type_bigint, &type_text,
                                     &type_text,   &type_timestamp3, &type_text};
    const void *at[COLS] = {n->bid.auction, n->bid.bidder, n->bid.price, n->bid.channel,
                            n->bid.url,     n->bid.time,   n->bid.extra};
    for (uint32_t c = 0; c < COLS; c++) {
        field[c] = (struct field){.name = text_of("c"), .type = type[c]};
        col[c] = (struct column){.type = type[c], .as.any = at[c]};
    }
}

static void line(const char *what, size_t bytes, double save_s, double load_s) {
    double rows = (double)TURNS * BATCH_ROWS / 1e6;
    printf("%-8s %6.1f %7.2f %7.2f\n", what, (double)bytes / BATCH_ROWS, rows / save_s,
           rows / load_s);
}

static void blocks(const struct batch *b, struct buf *block) {
    struct arena a;
    struct err e;
    arena_init(&a, 0);
    double start = now_s();
    for (uint32_t i = 0; i < TURNS; i++) {
        buf_reset(block);
        bool saved = block_save(b, block, &e);
        assert(saved);
    }
    double saved_at = now_s();
    for (uint32_t i = 0; i < TURNS; i++) {
        struct batch got;
        arena_reset(&a);
        bool loaded = block_load(b->schema, buf_text(block), &a, &got, &e);
        assert(loaded);
    }
    line("block", block->bytes, saved_at - start, now_s() - saved_at);
    arena_done(&a);
}

/* LZ4 and zstd over the columns of the block as they are before they are packed. */
static void packers(const struct buf *block) {
    uint32_t bytes;
    memcpy(&bytes, block->at + 4, sizeof bytes);
    size_t room = ZSTD_compressBound(bytes) + (size_t)LZ4_compressBound((int)bytes);
    char *body = malloc(bytes), *packed = malloc(room);
    assert(body && packed);
    int got = LZ4_decompress_safe(block->at + HEAD_BYTES, body, (int)(block->bytes - HEAD_BYTES),
                                  (int)bytes);
    assert(got == (int)bytes);
    line("columns", bytes, 1e9, 1e9);

    size_t n = 0;
    double start = now_s();
    for (uint32_t i = 0; i < TURNS; i++) {
        n = (size_t)LZ4_compress_default(body, packed, (int)bytes, (int)room);
    }
    double saved_at = now_s();
    for (uint32_t i = 0; i < TURNS; i++) {
        got = LZ4_decompress_safe(packed, body, (int)n, (int)bytes);
    }
    line("lz4", n, saved_at - start, now_s() - saved_at);

    start = now_s();
    for (uint32_t i = 0; i < TURNS; i++) n = ZSTD_compress(packed, room, body, bytes, 1);
    saved_at = now_s();
    for (uint32_t i = 0; i < TURNS; i++) {
        size_t read = ZSTD_decompress(body, bytes, packed, n);
        assert(read == bytes);
    }
    line("zstd -1", n, saved_at - start, now_s() - saved_at);
    free(body);
    free(packed);
}

int main(void) {
    struct nexmark *n = bids_make();
    struct field field[COLS];
    struct column col[COLS];
    struct buf block;
    columns_of(n, field, col);
    struct schema schema = {.cols = COLS, .col = field};
    struct batch b = {.schema = &schema, .col = col, .rows = BATCH_ROWS, .live = BATCH_ROWS};
    buf_init(&block);
    blocks(&b, &block);
    packers(&block);
    buf_done(&block);
    nexmark_destroy(n);
    return 0;
}
