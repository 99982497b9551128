/* block.h: rows as bytes, by column, compressed: how rows lie in the log.
 *
 * A block holds the live rows of one batch with their times and change kinds. Numbers are stored
 * as distances from the least one, or from the one before, in as few bytes as all of them fit in;
 * texts as lengths and bytes; nested values by columns of their own. What then is smaller under
 * LZ4 is stored so.
 *
 * Lifetime: a loaded batch lives in the arena it was loaded into, and borrows nothing.
 *
 * Uses: liblz4.    Used by: engine/edge.    Tested by: tests/unit/base/block_test.c
 */
#ifndef ENGINE_BASE_BLOCK_H
#define ENGINE_BASE_BLOCK_H

#include "engine/base/batch.h"
#include "engine/base/err.h"

/* Appends the live rows of `b`, all columns. 53200; 54000 past 1 GiB. */
bool block_save(const struct batch *b, struct buf *out, struct err *e) MUST_USE;

/* Reads what block_save() wrote of rows of that schema: `saved` is all of it. XX001. */
bool block_load(const struct schema *s, struct text saved, struct arena *a, struct batch *out,
                struct err *e) MUST_USE;

#endif
