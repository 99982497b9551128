/* datagen.h: datagen: random or counted values for a column of any type.
 *
 * Used by: in_datagen.    Tested by: tests/unit/edge/reader_datagen_test.c
 */
#ifndef ENGINE_EDGE_DATAGEN_H
#define ENGINE_EDGE_DATAGEN_H

#include "engine/base/builder.h"
#include "engine/base/err.h"
#include "engine/edge/seeded.h"
#include "engine/stream_def.h"

/* How one column, or one part of a nested one, is made. */
struct datagen {
    const struct type *type;
    bool sequence;
    int64_t start, end; /* sequence: first and last number */
    int64_t min, max;   /* BIGINT, INTERVAL, and DECIMAL in units of its scale */
    double least, most; /* DOUBLE */
    uint32_t length;    /* TEXT, BLOB: bytes; ARRAY, MAP: elements */
    bool var_length;    /* 1 .. length */
    double null_rate;
    int64_t past_us;       /* TIMESTAMP: so much before now at most */
    struct datagen *child; /* [type->fields] */
};

/* Reads the options 'fields.<path>.…'. 22023, or 0A000 for a type that cannot be made. */
bool datagen_read(struct datagen *g, const struct type *type, struct text path,
                  const struct options *o, struct arena *a, struct err *e) MUST_USE;

/* Is `rest` the name of an option, behind the names of parts of the type: 'x.min'? */
bool datagen_names(const struct type *type, struct text rest);

/* What a value is made from. */
struct datagen_row {
    struct seeded *random;
    uint64_t number; /* of the row */
    int64_t now_us;
};

/* Appends one value. */
void datagen_value(const struct datagen *g, const struct datagen_row *row,
                   struct column_builder *b);

/* Rows after which a sequence ends; UINT64_MAX: never. */
uint64_t datagen_rows(const struct datagen *g);

#endif
