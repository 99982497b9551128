/* batch_slice.h: some rows of a batch, as a batch of their own.
 *
 * Values are not copied but pointed at; NULL bits are shifted into new words.
 *
 * Lifetime: the result lives as long as the batch and the arena.
 *
 * Used by: engine/query.c, engine/op.    Tested by: tests/unit/engine/query_test.c
 */
#ifndef ENGINE_BATCH_SLICE_H
#define ENGINE_BATCH_SLICE_H

#include "engine/base/arena.h"
#include "engine/base/batch.h"

/* Rows from .. to - 1 of `b`. false: no memory. */
bool batch_slice(const struct batch *b, uint32_t from, uint32_t to, struct arena *a,
                 struct batch *out) MUST_USE;

#endif
