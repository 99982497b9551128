/* column_random.h: random types and values for tests, and a naive printer of values.
 *
 * random_append() appends a random value to a builder and the same value's text to a buf, without
 * looking into the builder; column_text() prints what a column holds. They must agree.
 *
 * Used by: tests/unit/base/builder_test.c, batch_test.c.
 */
#ifndef TESTS_UNIT_BASE_COLUMN_RANDOM_H
#define TESTS_UNIT_BASE_COLUMN_RANDOM_H

#include <string.h>

#include "engine/base/batch.h"
#include "engine/base/builder.h"
#include "tests/unit/base/random.h"

static const struct type *const random_scalars[] = {
    &type_boolean,    &type_bigint, &type_double,   &type_text,  &type_blob,
    &type_timestamp3, &type_date,   &type_interval, &type_image, &type_null,
};

static inline const struct type *random_type(struct arena *a, struct random *r, int depth) {
    uint64_t kind = random_below(r, depth > 0 ? 6 : 2);
    uint32_t dim[3];
    struct field field[3];
    uint32_t fields = 1 + (uint32_t)random_below(r, 3);
    switch (kind) {
    case 1: return type_decimal(a, 38, (uint32_t)random_below(r, 39));
    case 2: return type_array(a, random_type(a, r, depth - 1));
    case 3: return type_map(a, &type_text, random_type(a, r, depth - 1));
    case 4:
        for (uint32_t i = 0; i < fields; i++)
            field[i] = (struct field){text_of("f"), random_type(a, r, depth - 1), false};
        return type_row(a, fields, field);
    case 5:
        for (uint32_t i = 0; i < fields; i++) dim[i] = (uint32_t)random_below(r, 4);
        return type_tensor(a, fields, dim);
    default: return random_scalars[random_below(r, COUNT_OF(random_scalars))];
    }
}

static inline void random_append(struct column_builder *b, struct random *r, struct buf *text);

static inline void random_tensor(struct column_builder *b, struct random *r, struct buf *text) {
    uint32_t dims = b->type->dims, count = 1;
    uint32_t *dim = ARENA_ARRAY(b->arena, dim, dims);
    for (uint32_t i = 0; i < dims; i++) {
        dim[i] = b->type->dim[i] == DIM_ANY ? (uint32_t)random_below(r, 3) : b->type->dim[i];
        count *= dim[i];
        buf_addf(text, "%ux", dim[i]);
    }
    float *at = ARENA_ARRAY(b->arena, at, count);
    for (uint32_t i = 0; i < count; i++) {
        at[i] = (float)random_below(r, 3);
        buf_addf(text, "%g,", (double)at[i]);
    }
    builder_tensor(b, (struct tensor){at, dim});
}

static inline void random_span(struct column_builder *b, struct random *r, struct buf *text) {
    uint32_t count = (uint32_t)random_below(r, 4);
    buf_add_char(text, '[');
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t f = 0; f < b->type->fields; f++) random_append(&b->child[f], r, text);
    }
    buf_add_char(text, ']');
    builder_span(b, count);
}

static inline void random_bytes(struct column_builder *b, struct random *r, struct buf *text) {
    char at[8];
    uint32_t bytes = (uint32_t)random_below(r, sizeof at);
    for (uint32_t i = 0; i < bytes; i++) at[i] = (char)('a' + random_below(r, 2));
    buf_addf(text, "'%.*s'", (int)bytes, at);
    builder_text_copy(b, (struct text){at, bytes});
}

static inline void random_append(struct column_builder *b, struct random *r, struct buf *text) {
    int small = (int)random_below(r, 5) - 2;
    if (b->type->id == TYPE_NULL || random_below(r, 5) == 0) {
        buf_add_str(text, "NULL");
        builder_null(b);
        return;
    }
    switch (type_rep(b->type)) {
    case REP_B8:
        if (b->type->id == TYPE_ROW) {
            buf_add_char(text, '(');
            for (uint32_t f = 0; f < b->type->fields; f++) random_append(&b->child[f], r, text);
            buf_add_char(text, ')');
            builder_row(b);
            return;
        }
        buf_addf(text, "%d", small > 0);
        builder_b8(b, small > 0);
        return;
    case REP_I64:
        buf_addf(text, "%d", small);
        builder_i64(b, small);
        return;
    case REP_F64:
        buf_addf(text, "%g", small / 2.0 + 0.0);
        builder_f64(b, small / 2.0);
        return;
    case REP_I128:
        buf_addf(text, "%de30", small);
        builder_i128(b, small * (int128_t)1000000000000000 * 1000000000000000);
        return;
    case REP_TEXT: random_bytes(b, r, text); return;
    case REP_SPAN: random_span(b, r, text); return;
    case REP_TENSOR: random_tensor(b, r, text); return;
    case REP_COUNT: return;
    }
}

static inline void column_text(const struct column *c, uint32_t row, struct buf *text);

static inline void tensor_text(const struct column *c, uint32_t row, struct buf *text) {
    const struct tensor *t = &c->as.tensor[row];
    uint32_t count = 1;
    for (uint32_t i = 0; i < c->type->dims; i++) {
        buf_addf(text, "%ux", t->dim[i]);
        count *= t->dim[i];
    }
    for (uint32_t i = 0; i < count; i++) buf_addf(text, "%g,", (double)t->at[i]);
}

static inline void nested_text(const struct column *c, uint32_t first, uint32_t count,
                               const char *marks, struct buf *text) {
    buf_add_char(text, marks[0]);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t f = 0; f < c->type->fields; f++) column_text(&c->child[f], first + i, text);
    }
    buf_add_char(text, marks[1]);
}

static inline void column_text(const struct column *c, uint32_t row, struct buf *text) {
    if (!column_has(c, row)) {
        buf_add_str(text, "NULL");
        return;
    }
    switch (type_rep(c->type)) {
    case REP_B8:
        if (c->type->id == TYPE_ROW)
            nested_text(c, row, 1, "()", text);
        else
            buf_addf(text, "%d", c->as.b8[row]);
        return;
    case REP_I64: buf_addf(text, "%d", (int)c->as.i64[row]); return;
    case REP_F64: buf_addf(text, "%g", c->as.f64[row]); return;
    case REP_I128:
        buf_addf(text, "%de30", (int)(c->as.i128[row] / 1000000000000000 / 1000000000000000));
        return;
    case REP_TEXT: buf_addf(text, "'%.*s'", TEXT_ARG(c->as.text[row])); return;
    case REP_SPAN: nested_text(c, c->as.span[row].first, c->as.span[row].count, "[]", text); return;
    case REP_TENSOR: tensor_text(c, row, text); return;
    case REP_COUNT: return;
    }
}

#endif
