/* codec_probe.h: a codec under test: bytes in, rows and bad records out, as text to compare.
 *
 * The bytes are given in pieces, each in a block of memory of exactly its size and the pad, which
 * is filled with digits, so that a number that is read too far changes.
 *
 * Used by: tests/unit/edge/codec_*_test.c, tests/fuzz.
 */
#ifndef TESTS_UNIT_EDGE_CODEC_PROBE_H
#define TESTS_UNIT_EDGE_CODEC_PROBE_H

#include "engine/base/arena.h"
#include "engine/edge/codec.h"
#include "engine/edge/scan.h"
#include "tests/unit/base/random.h"

struct probe {
    const struct codec *codec;
    const struct schema *schema;
    const bool *used;                /* NULL: all */
    const struct options *options;   /* NULL: none */
    size_t record_bytes_max;         /* 0: 1 MiB */
    uint32_t rows_max;               /* 0: 2048 */
    size_t piece_bytes;              /* the source gives so many at a time; 0: all at once */
    const struct scan_kernels *scan; /* NULL: the best; JSON and CSV only */
    bool general;                    /* JSON: without templates */
};

/* The rows as ndjson (unused columns left out), a line "--", and "offset sqlstate message|raw" a
 * bad record; to be freed. A call that fails ends it with "ERROR sqlstate message". */
char *probe_decode(const struct probe *p, struct text bytes);

/* The rows of `bytes` encoded by `to`, header included; fails the test where one is bad. Its
 * `at` is to be freed, as that of probe_encode(). */
struct text probe_convert(const struct probe *p, struct text bytes, const struct codec *to);

/* The schema of SQL-like columns: "a BIGINT, b TEXT NOT NULL, r ROW<x DOUBLE, y ARRAY<TEXT>>". */
const struct schema *probe_schema(struct arena *a, const char *columns);

/* A batch of random values of every column, NULLs among them. */
void probe_random_batch(struct random *r, struct arena *a, const struct schema *schema,
                        uint32_t rows, struct batch *out);

/* The batch as `codec` writes it. */
struct text probe_encode(const struct codec *codec, const struct batch *b, bool changes);

/* A file of the test data, padded, to be freed; NULL when it is not there. */
char *probe_data(const char *path, size_t *bytes_out);

#endif
