/* block_private.h: what the files of a block share.
 *
 * Used by: engine/base/block*.c
 */
#ifndef ENGINE_BASE_BLOCK_PRIVATE_H
#define ENGINE_BASE_BLOCK_PRIVATE_H

#include "engine/base/batch.h"
#include "engine/base/buf.h"

/* Appends n numbers. */
void numbers_save(struct buf *out, const int64_t *v, uint32_t n);
/* Reads n numbers; *at moves on. false: there are none. */
bool numbers_load(struct text *at, int64_t *v, uint32_t n);

/* The first `bytes` bytes of *at, which moves on; false: there are fewer. */
static inline bool block_take(struct text *at, size_t bytes, const char **out) {
    if (at->bytes < bytes) return false;
    *out = at->at;
    *at = (struct text){.at = at->at + bytes, .bytes = at->bytes - (uint32_t)bytes};
    return true;
}

/* Rows of a column, by place. */
struct block_rows {
    const uint32_t *at; /* [count] */
    uint32_t count;
};

/* Appends the values of these rows. `scratch` is for what is gathered. false: no memory. */
bool block_column_save(struct buf *out, const struct column *c, struct block_rows rows,
                       struct arena *scratch) MUST_USE;

enum block_status { BLOCK_LOADED, BLOCK_DAMAGED, BLOCK_NO_MEMORY };

/* Reads a column of n values, which may point into the bytes. */
enum block_status block_column_load(struct text *at, const struct type *type, uint32_t n,
                                    struct arena *a, struct column *out);

#endif
