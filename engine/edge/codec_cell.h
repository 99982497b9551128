/* codec_cell.h: cell: a piece of plain text that becomes a value, as CAST(text AS type) makes it.
 *
 * Used by: codec_csv_*.c, codec_json_nested.c (keys of a MAP).
 * Tested by: tests/unit/edge/codec_csv_test.c
 */
#ifndef ENGINE_EDGE_CODEC_CELL_H
#define ENGINE_EDGE_CODEC_CELL_H

#include "engine/base/builder.h"
#include "engine/edge/codec_options.h"

/* Why a cell is no value of the type: static text. */
struct cell_fault {
    const char *sqlstate;
    const char *what; /* "not a number" */
};

/* Appends the value of `t` to `b`, of a type without fields or dimensions; bytes are borrowed.
 * BLOB and IMAGE are base64 (decoded into the builder's arena). */
bool cell_append(struct column_builder *b, struct text t, enum time_number unit,
                 struct cell_fault *f) MUST_USE;

/* A number of any form, NaN and the infinities. */
bool cell_number(struct text t, double *out, struct cell_fault *f) MUST_USE;

/* The bytes that base64 text stands for, in `a`. Without memory f->sqlstate is 53200. */
bool cell_base64(struct arena *a, struct text from, struct text *out,
                 struct cell_fault *f) MUST_USE;

/* "data:image/png;base64,AAAA" without what stands before the AAAA: how an IMAGE is written. */
struct text cell_without_data_uri(struct text t);

#endif
