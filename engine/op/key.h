/* key.h: key_set: the columns by which rows are grouped, as keys of a state table.
 *
 * One 64-bit column is its own key; columns of fixed size are packed side by side behind a word of
 * NULL bits; anything else is packed by pack.h, one value behind the other. No column at all is the
 * integer 0. Equal values (NULL and NULL, NaN and NaN, -0.0 and 0.0) give equal keys.
 *
 * Lifetime: in the query's arena.
 *
 * Uses: pack.h, state.h.    Used by: the operators that keep groups.
 * Tested by: tests/unit/engine/key_test.c
 */
#ifndef ENGINE_OP_KEY_H
#define ENGINE_OP_KEY_H

#include "engine/base/builder.h"
#include "storage/state.h"

struct key_set {
    uint32_t cols;
    const uint32_t *col;      /* [cols] of the input */
    const struct type **type; /* [cols] */
    uint32_t key_bytes;       /* as state_options wants it */
};

/* The columns `col` (kept) of `input`. */
bool key_set_open(struct key_set *k, const struct schema *input, uint32_t cols, const uint32_t *col,
                  struct arena *a) MUST_USE;

/* Rows of a batch. */
struct key_rows {
    const struct batch *in;
    const uint16_t *row; /* [count] ascending; NULL: rows 0 .. count - 1 */
    uint32_t count;      /* <= BATCH_ROWS */
};

/* The keys of these rows, in `a`; they may point into the batch. */
bool key_set_make(const struct key_set *k, const struct key_rows *rows, struct arena *a,
                  struct state_keys *out) MUST_USE;

/* Appends the key columns of entries id[count] of `t` to to[cols]; text is borrowed from `t`. */
bool key_set_read(const struct key_set *k, const struct state_table *t, const uint32_t *id,
                  uint32_t count, struct column_builder *to) MUST_USE;

/* The same from one key's bytes (which may be NULL: null). */
bool key_set_read_bytes(const struct key_set *k, struct text key, bool null,
                        struct column_builder *to) MUST_USE;

#endif
