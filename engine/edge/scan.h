/* scan.h: scan_kernels: the byte loops of the codecs, once per instruction set.
 *
 * Every set gives the same results; scan_best() chooses by what the machine has, the plain C one
 * is the reference of the tests. A kernel may read up to 63 bytes behind the end it is given
 * (codec.h DECODE_PAD_BYTES), and their content has no influence.
 *
 * Used by: codecs.    Tested by: tests/unit/edge/scan_test.c
 */
#ifndef ENGINE_EDGE_SCAN_H
#define ENGINE_EDGE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SCAN_BLOCK_BYTES = 64,
    SCAN_CHUNK_BYTES = 16384, /* swept at a time: stays in the first cache with its columns */
    SCAN_CHUNK_BLOCKS = SCAN_CHUNK_BYTES / SCAN_BLOCK_BYTES,
    SCAN_LINES_MAX = 256, /* of a chunk */
    SCAN_CSV_BLOCKS = 64,
};

/* What a sweep over a chunk of lines found. */
struct scan_lines {
    uint32_t lines;
    uint32_t end[SCAN_LINES_MAX + SCAN_BLOCK_BYTES]; /* [lines] offsets of the line feeds */
    uint64_t odd[SCAN_CHUNK_BLOCKS + 1];  /* bit: below 0x20, but no line feed, or '\\' */
    uint32_t rank[SCAN_CHUNK_BLOCKS + 1]; /* odd bytes before the block */
    bool high;                            /* some byte of these blocks is above 0x7F */
};

/* What CSV is made of, as masks over blocks of 64 bytes. */
struct scan_csv {
    char delimiter, quote;
    uint64_t special[SCAN_CSV_BLOCKS]; /* delimiter, quote or line feed */
    uint64_t quotes[SCAN_CSV_BLOCKS];
    bool high; /* some byte is above 0x7F */
};

struct jstep_kernels;

struct scan_kernels {
    const char *name;
    uint32_t cpu; /* enum cpu_flags that must be there */

    /* The first byte of [at, end) that is '"', '\\' or below 0x20; `end` if there is none. */
    const char *(*string_stop)(const char *at, const char *end);

    /* Sweeps at[0 .. bytes), bytes <= SCAN_CHUNK_BYTES, until `lines_max` lines were found. Fills
     * odd and rank for every block up to the one in which the last line found ends. */
    void (*lines)(const char *at, uint32_t bytes, uint32_t lines_max, struct scan_lines *out);

    /* Fills the masks for at[0 .. bytes), bytes <= 64 * SCAN_CSV_BLOCKS. */
    void (*csv)(const char *at, uint32_t bytes, struct scan_csv *io);

    const struct jstep_kernels *json; /* codec_json_step.h */
};

/* Bytes of [0, at) of the chunk that are odd; at < bytes swept. */
static inline uint32_t scan_rank(const struct scan_lines *s, uint32_t at) {
    uint64_t before = s->odd[at / 64] & ((UINT64_C(1) << (at % 64)) - 1);
    return s->rank[at / 64] + (uint32_t)__builtin_popcountll(before);
}

extern const struct scan_kernels scan_plain;

/* The fastest set for a machine with these cpu_features(). */
const struct scan_kernels *scan_best(uint32_t cpu);

/* The sets that such a machine can run, the plain one first; returns how many (at most 4). */
uint32_t scan_usable(uint32_t cpu, const struct scan_kernels *out[4]);

#endif
