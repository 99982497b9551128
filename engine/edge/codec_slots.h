/* codec_slots.h: slot: writing rows of a column out of order, before it is known which are good.
 *
 * A decoder gives each record of a chunk a slot behind the finished rows, fills the slots in any
 * order, and then closes the gaps that bad records left. Values of ARRAY and MAP are spans of
 * their children, which are appended in the order of reading; a row that is dropped leaves
 * elements behind that no span holds. So the spans of such a column do not ascend, and
 * builder_truncate() must not be used on it.
 *
 * Used by: codec_json_*.c.    Tested by: tests/unit/edge/codec_json_test.c
 */
#ifndef ENGINE_EDGE_CODEC_SLOTS_H
#define ENGINE_EDGE_CODEC_SLOTS_H

#include "engine/base/builder.h"

/* Room for `count` slots behind the rows, children of ROWs too. false: no memory. */
bool slot_reserve(struct column_builder *b, uint32_t count) MUST_USE;

/* The next value appended goes to slot `slot`, which becomes non-NULL. */
void slot_seek(struct column_builder *b, uint32_t slot);

/* Takes back the value of slot `slot`, appended last, whole or as much of it as there is: of a list
 * that is not finished `elements` is how many its child held before. */
void slot_undo(struct column_builder *b, uint32_t slot, uint32_t elements);

/* How many elements the child of a list column holds; 0 for others. */
uint32_t slot_elements(const struct column_builder *b);

/* NULLs in the slots first + row[i], i < count; children of ROWs too. */
void slot_nulls(struct column_builder *b, uint32_t first, const uint16_t *row, uint32_t count);

/* Slots first + row[i] become non-NULL again. */
void slot_valid(struct column_builder *b, uint32_t first, const uint16_t *row, uint32_t count);

/* Of the slots first .. first + count - 1 keeps those whose flag is set, in order, and ends the
 * column behind them. keep NULL: all. */
void slot_keep(struct column_builder *b, uint32_t first, uint32_t count, const uint8_t *keep);

#endif
