/* codec_csv_bind.h: cbind: which field of a CSV record makes which column.
 *
 * By position, or by the names of a header line; the fields of a tensor column are a range of
 * places, taken out of the count of the others. A TENSOR column without a range, and the other
 * nested types, are one field that holds JSON text.
 *
 * Lifetime: in the decoder's arena.
 *
 * Used by: codec_csv.c.    Tested by: tests/unit/edge/codec_csv_test.c
 */
#ifndef ENGINE_EDGE_CODEC_CSV_BIND_H
#define ENGINE_EDGE_CODEC_CSV_BIND_H

#include "engine/edge/codec_csv_split.h"
#include "engine/edge/codec_json_node.h"
#include "engine/edge/codec_options.h"

/* Where a column's value comes from. */
struct csv_column {
    const struct field *field;
    uint32_t first;     /* field of the record, from 0 */
    uint32_t count;     /* fields: 1, or a tensor's range; 0: the header does not name it */
    bool is_range;      /* 'tensor.<column>' */
    struct jnode *node; /* JSON text; NULL: plain */
    uint32_t *dim;      /* [type->dims] of a range, '*' replaced */
};

struct csv_bind {
    uint32_t columns;
    struct csv_column *column;   /* [columns] */
    uint32_t fields;             /* that a record must have */
    const struct field *missing; /* a column that the header does not name; NULL: none */
};

/* Reads the ranges of `ask` and binds by position. false: see *e, or no memory. */
bool cbind_create(struct csv_bind *b, struct arena *a, const struct schema *schema,
                  const struct codec_ask *ask, struct err *e) MUST_USE;

/* Binds by the names in a header: split->field[0 .. split->fields), unquoted. */
void cbind_header(struct csv_bind *b, const struct csv_field *field, uint32_t fields);

/* Back to what cbind_create() made. */
void cbind_by_position(struct csv_bind *b);

#endif
