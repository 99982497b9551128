/* block_column.c: a column as bytes.
 *
 *   1 byte: 1 where a NULL is among the values, then a bit a row, set where there is a value, in
 *   whole bytes; then the values, those of NULLs as 0 or empty:
 *     BOOLEAN, 64-bit numbers and times   numbers (block_numbers.c)
 *     DOUBLE, DECIMAL                     8 or 16 bytes each
 *     TEXT, BLOB, IMAGE                   their lengths as numbers, then all bytes
 *     ROW                                 a column each field
 *     ARRAY, MAP                          counts as numbers, then a column (MAP: two) of all
 *     TENSOR                              each dimension as numbers, then all floats
 *
 * Recursion is bounded by TYPE_NESTING_MAX.
 */
#include <assert.h>
#include <string.h>

#include "engine/base/block_private.h"

enum { ELEMENTS_MAX = 1 << 27 }; /* of the arrays in a block: more are damage */

static bool has(const struct column *c, struct block_rows rows, uint32_t i) {
    return column_has(c, rows.at[i]);
}

static void valid_save(struct buf *out, const struct column *c, struct block_rows rows) {
    bool nulls = false;
    for (uint32_t i = 0; i < rows.count && c->valid; i++) nulls |= !has(c, rows, i);
    buf_add_char(out, nulls);
    for (uint32_t i = 0; i < rows.count && nulls; i += 8) {
        uint32_t bits = 0;
        for (uint32_t k = i; k < i + 8 && k < rows.count; k++) {
            bits |= (uint32_t)has(c, rows, k) << (k - i);
        }
        buf_add_char(out, (char)bits);
    }
}

/* One number of each value, as numbers. */
#define DEFINE_GATHER(name, expression)                                                            \
    static bool name##_save(struct buf *out, const struct column *c, struct block_rows rows,       \
                            struct arena *scratch) {                                               \
        int64_t *v = ARENA_ARRAY(scratch, v, rows.count);                                          \
        if (!v) return false;                                                                      \
        for (uint32_t i = 0; i < rows.count; i++) {                                                \
            uint32_t row = rows.at[i];                                                             \
            v[i] = column_has(c, row) ? (int64_t)(expression) : 0;                                 \
        }                                                                                          \
        numbers_save(out, v, rows.count);                                                          \
        return true;                                                                               \
    }
DEFINE_GATHER(booleans, c->as.b8[row])
DEFINE_GATHER(integers, c->as.i64[row])
DEFINE_GATHER(lengths, c->as.text[row].bytes)
DEFINE_GATHER(counts, c->as.span[row].count)

static void wide_save(struct buf *out, const struct column *c, struct block_rows rows,
                      uint32_t bytes) {
    static const char zero[sizeof(int128_t)];
    for (uint32_t i = 0; i < rows.count; i++) {
        const char *at = (const char *)c->as.any + (size_t)rows.at[i] * bytes;
        buf_add(out, has(c, rows, i) ? at : zero, bytes);
    }
}

static bool text_save(struct buf *out, const struct column *c, struct block_rows rows,
                      struct arena *scratch) {
    size_t bytes = 0;
    if (!lengths_save(out, c, rows, scratch)) return false;
    for (uint32_t i = 0; i < rows.count; i++) {
        if (has(c, rows, i)) bytes += c->as.text[rows.at[i]].bytes;
    }
    if (!buf_reserve(out, bytes)) return false;
    char *to = out->at + out->bytes;
    for (uint32_t i = 0; i < rows.count; i++) {
        struct text t = has(c, rows, i) ? c->as.text[rows.at[i]] : (struct text){0};
        if (t.bytes > 0) memcpy(to, t.at, t.bytes);
        to += t.bytes;
    }
    out->bytes += bytes;
    return true;
}

static bool span_save(struct buf *out, const struct column *c, struct block_rows rows,
                      struct arena *scratch) {
    if (!counts_save(out, c, rows, scratch)) return false;
    uint64_t total = 0;
    for (uint32_t i = 0; i < rows.count; i++) {
        if (has(c, rows, i)) total += c->as.span[rows.at[i]].count;
    }
    if (total > ELEMENTS_MAX) return false;
    uint32_t *at = ARENA_ARRAY(scratch, at, total), n = 0;
    if (!at) return false;
    for (uint32_t i = 0; i < rows.count; i++) {
        if (!has(c, rows, i)) continue;
        struct span s = c->as.span[rows.at[i]];
        for (uint32_t k = 0; k < s.count; k++) at[n++] = s.first + k;
    }
    for (uint32_t f = 0; f < c->type->fields; f++) {
        struct block_rows elements = {.at = at, .count = n};
        if (!block_column_save(out, &c->child[f], elements, scratch)) return false;
    }
    return true;
}

static size_t floats_of(const struct type *t, const struct tensor *v) {
    size_t n = 1;
    for (uint32_t d = 0; d < t->dims; d++) n *= v->dim[d];
    return n;
}

static bool tensor_save(struct buf *out, const struct column *c, struct block_rows rows,
                        struct arena *scratch) {
    int64_t *v = ARENA_ARRAY(scratch, v, rows.count);
    if (!v) return false;
    for (uint32_t d = 0; d < c->type->dims; d++) {
        for (uint32_t i = 0; i < rows.count; i++) {
            v[i] = has(c, rows, i) ? c->as.tensor[rows.at[i]].dim[d] : 0;
        }
        numbers_save(out, v, rows.count);
    }
    for (uint32_t i = 0; i < rows.count; i++) {
        if (!has(c, rows, i)) continue;
        const struct tensor *t = &c->as.tensor[rows.at[i]];
        buf_add(out, t->at, floats_of(c->type, t) * sizeof *t->at);
    }
    return true;
}

bool block_column_save(struct buf *out, const struct column *c, struct block_rows rows,
                       struct arena *scratch) {
    valid_save(out, c, rows);
    switch (type_rep(c->type)) {
    case REP_B8:
        if (c->type->id != TYPE_ROW) return booleans_save(out, c, rows, scratch);
        for (uint32_t f = 0; f < c->type->fields; f++) {
            if (!block_column_save(out, &c->child[f], rows, scratch)) return false;
        }
        return true;
    case REP_I64: return integers_save(out, c, rows, scratch);
    case REP_F64:
    case REP_I128: wide_save(out, c, rows, rep_bytes(type_rep(c->type))); return true;
    case REP_TEXT: return text_save(out, c, rows, scratch);
    case REP_SPAN: return span_save(out, c, rows, scratch);
    case REP_TENSOR: return tensor_save(out, c, rows, scratch);
    case REP_COUNT: break;
    }
    assert(false);
    return false;
}

/* What a column is read with. */
struct loading {
    struct text *at;
    const struct type *type;
    uint32_t n;
    struct arena *a;
    int64_t *v; /* [n] */
};

static enum block_status valid_load(struct loading *l, struct column *out) {
    const char *flag, *bits;
    if (!block_take(l->at, 1, &flag) || (uint8_t)*flag > 1) return BLOCK_DAMAGED;
    if (*flag == 0) return BLOCK_LOADED;
    if (!block_take(l->at, (l->n + 7) / 8, &bits)) return BLOCK_DAMAGED;
    uint64_t *valid = ARENA_ARRAY(l->a, valid, bit_words(l->n) + (size_t)1);
    if (!valid) return BLOCK_NO_MEMORY;
    memcpy(valid, bits, (l->n + 7) / 8);
    out->valid = valid;
    return BLOCK_LOADED;
}

static enum block_status booleans_load(struct loading *l, struct column *out) {
    uint8_t *to = arena_alloc(l->a, l->n + (size_t)1);
    if (!to) return BLOCK_NO_MEMORY;
    if (!numbers_load(l->at, l->v, l->n)) return BLOCK_DAMAGED;
    for (uint32_t i = 0; i < l->n; i++) to[i] = l->v[i] != 0;
    out->as.b8 = to;
    return BLOCK_LOADED;
}

static enum block_status row_load(struct loading *l, struct column *out) {
    struct column *child = ARENA_ARRAY(l->a, child, l->type->fields);
    uint8_t *to = ARENA_ARRAY(l->a, to, l->n + (size_t)1);
    if (!child || !to) return BLOCK_NO_MEMORY;
    for (uint32_t f = 0; f < l->type->fields; f++) {
        enum block_status got =
            block_column_load(l->at, l->type->field[f].type, l->n, l->a, &child[f]);
        if (got != BLOCK_LOADED) return got;
    }
    out->as.b8 = to;
    out->child = child;
    return BLOCK_LOADED;
}

static enum block_status wide_load(struct loading *l, struct column *out) {
    size_t bytes = (size_t)l->n * rep_bytes(type_rep(l->type));
    const char *from;
    if (!block_take(l->at, bytes, &from)) return BLOCK_DAMAGED;
    out->as.any = arena_copy(l->a, from, bytes);
    return out->as.any ? BLOCK_LOADED : BLOCK_NO_MEMORY;
}

static enum block_status text_load(struct loading *l, struct column *out) {
    struct text *to = ARENA_ARRAY(l->a, to, l->n);
    if (!to) return BLOCK_NO_MEMORY;
    if (!numbers_load(l->at, l->v, l->n)) return BLOCK_DAMAGED;
    for (uint32_t i = 0; i < l->n; i++) {
        if (l->v[i] < 0 || l->v[i] > l->at->bytes) return BLOCK_DAMAGED;
        to[i].bytes = (uint32_t)l->v[i];
        if (!block_take(l->at, to[i].bytes, &to[i].at)) return BLOCK_DAMAGED;
    }
    out->as.text = to;
    return BLOCK_LOADED;
}

static enum block_status span_load(struct loading *l, struct column *out) {
    struct span *to = ARENA_ARRAY(l->a, to, l->n);
    struct column *child = ARENA_ARRAY(l->a, child, l->type->fields);
    if (!to || !child) return BLOCK_NO_MEMORY;
    if (!numbers_load(l->at, l->v, l->n)) return BLOCK_DAMAGED;
    uint32_t total = 0;
    for (uint32_t i = 0; i < l->n; i++) {
        if (l->v[i] < 0 || l->v[i] > ELEMENTS_MAX - total) return BLOCK_DAMAGED;
        to[i] = (struct span){.first = total, .count = (uint32_t)l->v[i]};
        total += to[i].count;
    }
    for (uint32_t f = 0; f < l->type->fields; f++) {
        enum block_status got =
            block_column_load(l->at, l->type->field[f].type, total, l->a, &child[f]);
        if (got != BLOCK_LOADED) return got;
    }
    out->as.span = to;
    out->child = child;
    return BLOCK_LOADED;
}

/* The dimensions of all values, of those with a value as the type asks. */
static enum block_status dims_load(struct loading *l, const struct column *out, uint32_t *dim) {
    for (uint32_t d = 0; d < l->type->dims; d++) {
        uint32_t want = l->type->dim[d];
        if (!numbers_load(l->at, l->v, l->n)) return BLOCK_DAMAGED;
        for (uint32_t i = 0; i < l->n; i++) {
            if (l->v[i] < 0 || l->v[i] > UINT32_MAX) return BLOCK_DAMAGED;
            dim[(size_t)i * l->type->dims + d] = (uint32_t)l->v[i];
            bool fits = want == DIM_ANY || l->v[i] == want || !column_has(out, i);
            if (!fits) return BLOCK_DAMAGED;
        }
    }
    return BLOCK_LOADED;
}

/* The floats of a value with these dimensions; more than there are bytes: at most so many. */
static size_t floats_within(const uint32_t *dim, uint32_t dims, size_t bytes) {
    size_t n = 1;
    for (uint32_t d = 0; d < dims; d++) {
        if (dim[d] == 0) return 0;
        n = n > bytes / dim[d] ? bytes + 1 : n * dim[d];
    }
    return n;
}

static enum block_status tensor_load(struct loading *l, struct column *out) {
    uint32_t dims = l->type->dims;
    struct tensor *to = ARENA_ARRAY(l->a, to, l->n);
    uint32_t *dim = ARENA_ARRAY(l->a, dim, (size_t)l->n * dims);
    if (!to || !dim) return BLOCK_NO_MEMORY;
    enum block_status got = dims_load(l, out, dim);
    for (uint32_t i = 0; got == BLOCK_LOADED && i < l->n; i++) {
        const char *from;
        if (!column_has(out, i)) continue;
        to[i].dim = dim + (size_t)i * dims;
        size_t bytes = floats_within(to[i].dim, dims, l->at->bytes) * sizeof *to[i].at;
        if (!block_take(l->at, bytes, &from)) return BLOCK_DAMAGED;
        to[i].at = (const void *)arena_copy(l->a, from, bytes);
        if (!to[i].at) return BLOCK_NO_MEMORY;
    }
    out->as.tensor = to;
    return got;
}

enum block_status block_column_load(struct text *at, const struct type *type, uint32_t n,
                                    struct arena *a, struct column *out) {
    *out = (struct column){.type = type};
    struct loading l = {.at = at, .type = type, .n = n, .a = a};
    enum block_status got = valid_load(&l, out);
    if (got != BLOCK_LOADED) return got;
    enum rep rep = type_rep(type);
    if (type->id == TYPE_ROW) return row_load(&l, out);
    if (rep == REP_F64 || rep == REP_I128) return wide_load(&l, out);
    l.v = ARENA_ARRAY(a, l.v, n);
    if (!l.v) return BLOCK_NO_MEMORY;
    if (rep == REP_B8) return booleans_load(&l, out);
    if (rep == REP_TEXT) return text_load(&l, out);
    if (rep == REP_SPAN) return span_load(&l, out);
    if (rep == REP_TENSOR) return tensor_load(&l, out);
    out->as.i64 = l.v;
    return numbers_load(at, l.v, n) ? BLOCK_LOADED : BLOCK_DAMAGED;
}
