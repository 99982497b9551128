/* builder.c: see builder.h.
 *
 * Invariants: the arrays hold capacity_rows values; bits of `valid` at and behind `rows` are ones,
 * so that appending a value touches no bit and only a NULL clears one; every span of an ARRAY or
 * MAP ends where its children ended when it was appended, the spans of NULL rows are empty.
 */
#include "engine/base/builder.h"

#include <assert.h>
#include <string.h>

enum { ROWS_MIN = 64, ROWS_MAX = 1 << 30 };

static bool fail(struct column_builder *b) {
    b->failed = true;
    return false;
}

/* Takes arrays for `rows` values, more than before, and moves the old ones over. */
static bool grow(struct column_builder *b, uint32_t rows) {
    size_t size = rep_bytes(type_rep(b->type));
    char *values = arena_alloc(b->arena, rows * size);
    uint64_t *valid = arena_alloc(b->arena, bit_words(rows) * sizeof *valid);
    if (!values || !valid) return fail(b);

    if (b->rows > 0) memcpy(values, b->as.any, b->rows * size);
    uint32_t words = bit_words(b->rows);
    if (words > 0) memcpy(valid, b->valid, words * sizeof *valid);
    memset(valid + words, 0xFF, (bit_words(rows) - words) * sizeof *valid);
    b->as.any = values;
    b->valid = valid;
    b->capacity_rows = rows;
    return true;
}

bool builder_init(struct column_builder *b, struct arena *a, const struct type *type,
                  uint32_t rows) {
    assert(a && type);
    *b = (struct column_builder){.type = type, .arena = a};
    if (type->fields > 0) {
        b->child = ARENA_ARRAY(a, b->child, type->fields);
        if (!b->child) return fail(b);
    }
    for (uint32_t i = 0; i < type->fields; i++) {
        if (!builder_init(&b->child[i], a, type->field[i].type, rows)) return fail(b);
    }
    return grow(b, rows < ROWS_MIN ? ROWS_MIN : rows);
}

bool builder_reserve(struct column_builder *b, uint32_t rows) {
    if (b->failed) return false;
    if (b->capacity_rows - b->rows >= rows) return true;
    if (rows > ROWS_MAX - b->rows) return fail(b);

    uint32_t need = b->rows + rows;
    uint32_t twice = b->capacity_rows < ROWS_MAX / 2 ? b->capacity_rows * 2 : ROWS_MAX;
    return grow(b, need > twice ? need : twice);
}

static void null_append(struct column_builder *b) {
    if (!builder_reserve(b, 1)) return;
    size_t size = rep_bytes(type_rep(b->type));
    memset((char *)b->as.any + b->rows * size, 0, size);
    if (type_rep(b->type) == REP_SPAN) b->as.span[b->rows].first = b->child[0].rows;
    bit_clear(b->valid, b->rows);
    b->has_null = true;
    b->rows++;
}

void builder_null(struct column_builder *b) {
    null_append(b);
    if (b->type->id != TYPE_ROW) return;
    for (uint32_t i = 0; i < b->type->fields; i++) builder_null(&b->child[i]);
}

#define DEFINE_APPEND(sfx, ctype, REP)                                                             \
    void builder_##sfx(struct column_builder *b, ctype v) {                                        \
        assert(type_rep(b->type) == (REP));                                                        \
        if (!builder_reserve(b, 1)) return;                                                        \
        b->as.sfx[b->rows++] = v;                                                                  \
    }

DEFINE_APPEND(b8, uint8_t, REP_B8)
DEFINE_APPEND(i64, int64_t, REP_I64)
DEFINE_APPEND(f64, double, REP_F64)
DEFINE_APPEND(i128, int128_t, REP_I128)
DEFINE_APPEND(text, struct text, REP_TEXT)
DEFINE_APPEND(tensor, struct tensor, REP_TENSOR)

void builder_text_copy(struct column_builder *b, struct text v) {
    if (b->failed) return;
    char *at = arena_alloc(b->arena, v.bytes);
    if (!at) {
        b->failed = true;
        return;
    }
    if (v.bytes > 0) memcpy(at, v.at, v.bytes);
    builder_text(b, (struct text){.at = at, .bytes = v.bytes});
}

void builder_row(struct column_builder *b) {
    assert(b->type->id == TYPE_ROW);
    builder_b8(b, 1);
}

void builder_span(struct column_builder *b, uint32_t count) {
    assert(type_rep(b->type) == REP_SPAN);
    for (uint32_t i = 0; i < b->type->fields; i++) b->failed |= b->child[i].failed;
    if (!builder_reserve(b, 1)) return;
    assert(b->child[0].rows >= count);
    b->as.span[b->rows++] = (struct span){.first = b->child[0].rows - count, .count = count};
}

static void tensor_copy(struct column_builder *b, const struct tensor *v) {
    uint32_t dims = b->type->dims;
    size_t bytes = sizeof *v->at;
    for (uint32_t i = 0; i < dims; i++) bytes *= v->dim[i];

    uint32_t *dim = arena_alloc(b->arena, dims * sizeof *dim);
    float *at = arena_alloc(b->arena, bytes);
    if (!dim || !at) {
        b->failed = true;
        return;
    }
    memcpy(dim, v->dim, dims * sizeof *dim);
    if (bytes > 0) memcpy(at, v->at, bytes);
    builder_tensor(b, (struct tensor){.at = at, .dim = dim});
}

static void children_copy(struct column_builder *b, const struct column *from, uint32_t row) {
    for (uint32_t i = 0; i < b->type->fields; i++) {
        builder_copy(&b->child[i], &from->child[i], row);
    }
}

static void span_copy(struct column_builder *b, const struct column *from, struct span s) {
    for (uint32_t i = 0; i < s.count && !b->failed; i++) {
        children_copy(b, from, s.first + i);
        for (uint32_t f = 0; f < b->type->fields; f++) b->failed |= b->child[f].failed;
    }
    builder_span(b, s.count);
}

void builder_copy(struct column_builder *b, const struct column *from, uint32_t row) {
    assert(from->type->id == b->type->id && from->type->fields == b->type->fields);
    if (b->failed) return;
    if (!column_has(from, row)) {
        builder_null(b);
        return;
    }
    switch (type_rep(b->type)) {
    case REP_B8:
        if (b->type->id == TYPE_ROW) children_copy(b, from, row);
        builder_b8(b, b->type->id == TYPE_ROW ? 1 : from->as.b8[row]);
        return;
    case REP_I64: builder_i64(b, from->as.i64[row]); return;
    case REP_F64: builder_f64(b, from->as.f64[row]); return;
    case REP_I128: builder_i128(b, from->as.i128[row]); return;
    case REP_TEXT: builder_text_copy(b, from->as.text[row]); return;
    case REP_SPAN: span_copy(b, from, from->as.span[row]); return;
    case REP_TENSOR: tensor_copy(b, &from->as.tensor[row]); return;
    case REP_COUNT: break;
    }
    assert(false);
}

/* Ones for the rows from `rows` on, as before they were appended. */
static void valid_restore(struct column_builder *b, uint32_t rows) {
    if (b->failed || !b->has_null) return;
    for (uint32_t i = rows; i < b->rows && i % 64 != 0; i++) bit_set(b->valid, i);
    uint32_t word = (rows + 63) / 64;
    uint32_t words = bit_words(b->rows);
    if (word < words) memset(b->valid + word, 0xFF, (words - word) * sizeof *b->valid);
}

void builder_truncate(struct column_builder *b, uint32_t rows) {
    if (rows > b->rows) rows = b->rows; /* only after a failure */
    valid_restore(b, rows);
    b->rows = rows;

    uint32_t child_rows = rows;
    if (type_rep(b->type) == REP_SPAN) {
        child_rows = rows > 0 ? b->as.span[rows - 1].first + b->as.span[rows - 1].count : 0;
    }
    for (uint32_t i = 0; i < b->type->fields; i++) builder_truncate(&b->child[i], child_rows);
}

bool builder_column(struct column_builder *b, struct column *out) {
    if (b->failed) return false;
    struct column *child = NULL;
    if (b->type->fields > 0) {
        child = ARENA_ARRAY(b->arena, child, b->type->fields);
        if (!child) return fail(b);
    }
    for (uint32_t i = 0; i < b->type->fields; i++) {
        if (!builder_column(&b->child[i], &child[i])) return fail(b);
        assert(b->type->id != TYPE_ROW || b->child[i].rows == b->rows);
    }
    *out = (struct column){.type = b->type,
                           .valid = b->has_null ? b->valid : NULL,
                           .as.any = b->as.any,
                           .child = child};
    return true;
}
