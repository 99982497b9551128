/* kept_private.h: what the files of kept rows share.
 *
 * kept.c       appending, retention, reading
 * kept_save.c  rows and places of readers as bytes
 */
#ifndef ENGINE_EDGE_KEPT_PRIVATE_H
#define ENGINE_EDGE_KEPT_PRIVATE_H

#include "engine/base/builder.h"
#include "engine/edge/kept.h"

struct block {
    struct block *next;
    struct arena arena;
    uint64_t first; /* number of its first row */
    uint32_t rows;
    bool sealed;                    /* an append failed in its middle: nothing more goes in */
    struct column_builder *builder; /* [schema->cols] */
    int64_t *watermark_us;          /* [batch_rows] */
    int64_t *proctime_us;           /* [batch_rows] */
    int8_t *change;                 /* [batch_rows]; NULL: all are insertions */
};

struct kept_reader {
    struct reader base;
    struct kept *kept;
    struct kept_reader *next; /* of kept's readers */
    uint64_t at;              /* number of the next row to give */
    uint64_t given;           /* of the first row given last: its block is in use */
    uint64_t end;             /* bounded: the number to stop at; else UINT64_MAX */
    bool bounded, lost;
    struct mark now;
    struct arena arena; /* of the batch */
    struct batch batch;
};

struct kept {
    struct kept_options o;
    struct block *oldest, *newest;
    uint64_t rows; /* ever appended */
    size_t bytes;  /* of all blocks */
    struct kept_reader *readers;
    struct mark now; /* after the last row */
};

/* Appends at most what the newest block has room for. *took_out: how many rows. Lets nothing go. */
bool kept_append_some(struct kept *k, const struct batch *in, uint32_t from, uint32_t *took_out,
                      struct err *e) MUST_USE;

/* Rows from .. to - 1 of a block, values shared, as a batch in `a`. false: no memory. */
struct kept_range {
    uint32_t from, to;
};
bool kept_block_rows(const struct kept *k, struct block *b, struct kept_range range,
                     struct arena *a, struct batch *out) MUST_USE;

void kept_block_destroy(struct block *b);

#endif
