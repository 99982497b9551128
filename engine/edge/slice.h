/* slice.h: column_slice: some rows of a column as a column of its own, and copies of rows.
 *
 * Used by: kept, runner.    Tested by: tests/unit/edge/reader_kept_test.c
 */
#ifndef ENGINE_EDGE_SLICE_H
#define ENGINE_EDGE_SLICE_H

#include "engine/base/arena.h"
#include "engine/base/batch.h"
#include "engine/base/builder.h"

/* Rows from .. from + rows - 1 of `c`, values shared; masks that must be shifted live in `a`. */
bool column_slice(struct arena *a, const struct column *c, uint32_t from, uint32_t rows,
                  struct column *out) MUST_USE;

/* Appends the live rows of column `c` of `b`, those from index `from` (of the live ones) on and at
 * most `count`, deep. */
void column_append(struct column_builder *to, const struct batch *b, const struct column *c,
                   uint32_t from, uint32_t count);

#endif
