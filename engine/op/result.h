/* result.h: result rows of an operator, from builders to the next operator; and time alone.
 *
 * Lifetime: builders live in the batch arena until the caller rewinds it.
 *
 * Used by: engine/op.    Tested by: tests/unit/engine/op_test.c
 */
#ifndef ENGINE_OP_RESULT_H
#define ENGINE_OP_RESULT_H

#include "engine/base/builder.h"
#include "engine/op.h"

/* Builders for the operator's columns with room for `rows`; NULL: no memory. */
struct column_builder *result_open(struct op *op, uint32_t rows, struct err *e) MUST_USE;

/* Emits what the builders hold. `head` has the rows' time and change; where head->sel is not NULL
 * it names head->live live rows, else all are. */
bool result_emit(struct op *op, struct column_builder *b, const struct batch *head,
                 struct err *e) MUST_USE;

/* The same, every row with the ordinal and the time of head->first. */
bool result_emit_at(struct op *op, struct column_builder *b, const struct batch *head,
                    struct err *e) MUST_USE;

/* Appends values index[count] of `from`; text is borrowed. */
void result_gather(struct column_builder *to, const struct column *from, const uint32_t *index,
                   uint32_t count);

/* Columns of NULLs for rows that only carry time; made once. NULL: no memory. */
struct column *result_blank(const struct schema *s, struct arena *a) MUST_USE;

/* Passes on the time of rows from .. to - 1 of `in`, without the rows. */
bool result_time(struct op *op, const struct column *blank, const struct batch *in, uint32_t from,
                 uint32_t to, struct err *e) MUST_USE;

#endif
