/* rows_saved.h: rows of a batch as bytes, with all that they carry: ordinals, times, kinds, which
 * of them are live.
 *
 * Used by: kept, tap, held, junction.    Tested by: tests/unit/edge/saved_test.c
 */
#ifndef ENGINE_EDGE_ROWS_SAVED_H
#define ENGINE_EDGE_ROWS_SAVED_H

#include "engine/edge/saved.h"

/* Rows from .. to - 1 of `b`. Values of rows that are not live are left out. Sets out->failed
 * without memory. */
struct rows_range {
    uint32_t from, to;
};
void rows_save(struct buf *out, const struct batch *b, struct rows_range range);

/* The rows, in `a`, bytes too; rows that are not live are NULL in every column. */
bool rows_load(struct saved *s, const struct schema *schema, struct arena *a, struct batch *out,
               struct err *e) MUST_USE;

#endif
