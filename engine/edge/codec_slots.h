/* codec_slots.h: slot: writing rows of a column out of order, before it is known which are good.
 *
 * A decoder gives each record of a chunk a slot behind the finished rows, fills the slots in any
 * order, and then closes the gaps that bad records left. Works for columns whose values stand in
 * the column's own arrays: all but ARRAY and MAP, and ROWs that hold them.
 *
 * Used by: codec_json_*.c, codec_csv_*.c.    Tested by: tests/unit/edge/codec_json_test.c
 */
#ifndef ENGINE_EDGE_CODEC_SLOTS_H
#define ENGINE_EDGE_CODEC_SLOTS_H

#include "engine/base/builder.h"

bool slot_fits(const struct type *t);

/* Room for `count` slots behind the rows, children of ROWs too. false: no memory. */
bool slot_reserve(struct column_builder *b, uint32_t count) MUST_USE;

/* The next value appended goes to slot `slot`, which becomes non-NULL. */
void slot_seek(struct column_builder *b, uint32_t slot);

/* NULLs in the slots first + row[i], i < count; children of ROWs too. */
void slot_nulls(struct column_builder *b, uint32_t first, const uint16_t *row, uint32_t count);

/* Slots first + row[i] become non-NULL again. */
void slot_valid(struct column_builder *b, uint32_t first, const uint16_t *row, uint32_t count);

/* Of the slots first .. first + count - 1 keeps those whose flag is set, in order, and ends the
 * column behind them. keep NULL: all. */
void slot_keep(struct column_builder *b, uint32_t first, uint32_t count, const uint8_t *keep);

/* Of a column that holds ARRAY or MAP, which are appended to: the other parts of it, whose next
 * slot was filled, get `rows` rows too. */
void slot_commit(struct column_builder *b, uint32_t rows);

#endif
