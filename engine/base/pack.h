/* pack.h: single values as bytes: keys of groups, rows that are kept, states that are saved.
 *
 * A packed value is one byte, 0 for NULL and 1 for a value, and then: 1, 8 or 16 bytes of BOOLEAN,
 * number or time, little-endian; TEXT, BLOB and IMAGE as a length of 4 bytes and the bytes; a ROW
 * as its fields; an ARRAY or MAP as a count of 4 bytes and its elements (MAP: key, value, key,
 * ...); a TENSOR as its dimensions, 4 bytes each, and its numbers. Two values of one type are equal
 * exactly when their bytes are, if they were packed as keys (-0.0 as 0.0, one NaN).
 *
 * Used by: engine/op, udf.    Tested by: tests/unit/base/pack_test.c
 */
#ifndef ENGINE_BASE_PACK_H
#define ENGINE_BASE_PACK_H

#include "engine/base/batch.h"
#include "engine/base/builder.h"

enum pack_as {
    PACK_EXACT, /* every bit of it */
    PACK_KEY,   /* equal values give equal bytes */
};

/* How many bytes the value takes. */
size_t pack_bytes(const struct column *c, uint32_t row);

/* Writes the value, returns the end of what was written. */
char *pack_value(char *to, const struct column *c, uint32_t row, enum pack_as as);

/* Appends the value that *at begins with to `b`, and moves *at behind it. Text is borrowed from
 * the bytes. false: they are no value of the builder's type. */
bool unpack_value(struct text *at, struct column_builder *b) MUST_USE;

#endif
