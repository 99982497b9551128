/* pack.c: see pack.h for the bytes. Recursion is bounded by TYPE_NESTING_MAX.
 */
#include "engine/base/pack.h"

#include <assert.h>
#include <string.h>

static size_t tensor_count(const struct type *t, const struct tensor *v) {
    size_t count = 1;
    for (uint32_t i = 0; i < t->dims; i++) count *= v->dim[i];
    return count;
}

static size_t children_bytes(const struct column *c, uint32_t row) {
    size_t bytes = 0;
    for (uint32_t f = 0; f < c->type->fields; f++) bytes += pack_bytes(&c->child[f], row);
    return bytes;
}

static size_t span_bytes(const struct column *c, struct span s) {
    size_t bytes = sizeof s.count;
    for (uint32_t i = 0; i < s.count; i++) bytes += children_bytes(c, s.first + i);
    return bytes;
}

size_t pack_bytes(const struct column *c, uint32_t row) {
    if (!column_has(c, row)) return 1;
    switch (type_rep(c->type)) {
    case REP_B8: return c->type->id == TYPE_ROW ? 1 + children_bytes(c, row) : 2;
    case REP_I64:
    case REP_F64: return 9;
    case REP_I128: return 17;
    case REP_TEXT: return 1 + sizeof(uint32_t) + c->as.text[row].bytes;
    case REP_SPAN: return 1 + span_bytes(c, c->as.span[row]);
    case REP_TENSOR: {
        const struct tensor *v = &c->as.tensor[row];
        return 1 + c->type->dims * sizeof *v->dim + tensor_count(c->type, v) * sizeof *v->at;
    }
    case REP_COUNT: break;
    }
    assert(false);
    return 0;
}

static char *put(char *to, const void *from, size_t bytes) {
    if (bytes > 0) memcpy(to, from, bytes);
    return to + bytes;
}

static char *children_put(char *to, const struct column *c, uint32_t row, enum pack_as as) {
    for (uint32_t f = 0; f < c->type->fields; f++) to = pack_value(to, &c->child[f], row, as);
    return to;
}

static char *span_put(char *to, const struct column *c, struct span s, enum pack_as as) {
    to = put(to, &s.count, sizeof s.count);
    for (uint32_t i = 0; i < s.count; i++) to = children_put(to, c, s.first + i, as);
    return to;
}

static char *f64_put(char *to, double v, enum pack_as as) {
    uint64_t nan = UINT64_C(0x7FF8000000000000);
    if (as == PACK_KEY && v != v) return put(to, &nan, sizeof nan);
    if (as == PACK_KEY) v += 0.0; /* -0.0 + 0.0 is 0.0 */
    return put(to, &v, sizeof v);
}

static char *tensor_put(char *to, const struct type *t, const struct tensor *v, enum pack_as as) {
    to = put(to, v->dim, t->dims * sizeof *v->dim);
    size_t count = tensor_count(t, v);
    for (size_t i = 0; i < count; i++) {
        float x = v->at[i];
        uint32_t nan = UINT32_C(0x7FC00000);
        if (as == PACK_KEY) x += 0.0F;
        to = as == PACK_KEY && x != x ? put(to, &nan, sizeof nan) : put(to, &x, sizeof x);
    }
    return to;
}

char *pack_value(char *to, const struct column *c, uint32_t row, enum pack_as as) {
    bool has = column_has(c, row);
    *to++ = has;
    if (!has) return to;
    switch (type_rep(c->type)) {
    case REP_B8:
        if (c->type->id == TYPE_ROW) return children_put(to, c, row, as);
        return put(to, &c->as.b8[row], 1);
    case REP_I64: return put(to, &c->as.i64[row], sizeof(int64_t));
    case REP_F64: return f64_put(to, c->as.f64[row], as);
    case REP_I128: return put(to, &c->as.i128[row], sizeof(int128_t));
    case REP_TEXT:
        to = put(to, &c->as.text[row].bytes, sizeof(uint32_t));
        return put(to, c->as.text[row].at, c->as.text[row].bytes);
    case REP_SPAN: return span_put(to, c, c->as.span[row], as);
    case REP_TENSOR: return tensor_put(to, c->type, &c->as.tensor[row], as);
    case REP_COUNT: break;
    }
    assert(false);
    return to;
}

static bool get(struct text *at, void *to, size_t bytes) {
    if (at->bytes < bytes) return false;
    if (bytes > 0) memcpy(to, at->at, bytes);
    *at = (struct text){.at = at->at + bytes, .bytes = (uint32_t)(at->bytes - bytes)};
    return true;
}

static bool children_get(struct text *at, struct column_builder *b) {
    for (uint32_t f = 0; f < b->type->fields; f++) {
        if (!unpack_value(at, &b->child[f])) return false;
    }
    return true;
}

static bool span_get(struct text *at, struct column_builder *b) {
    uint32_t count;
    if (!get(at, &count, sizeof count) || count > at->bytes) return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!children_get(at, b)) return false;
    }
    builder_span(b, count);
    return true;
}

static bool text_get(struct text *at, struct column_builder *b) {
    struct text t;
    if (!get(at, &t.bytes, sizeof t.bytes) || t.bytes > at->bytes) return false;
    t.at = at->at;
    *at = (struct text){.at = at->at + t.bytes, .bytes = at->bytes - t.bytes};
    builder_text(b, t);
    return true;
}

/* Numbers are copied out: packed bytes are not aligned. */
static bool tensor_get(struct text *at, struct column_builder *b) {
    uint32_t dims = b->type->dims;
    uint32_t *dim = arena_alloc(b->arena, dims * sizeof *dim);
    if (!dim) {
        b->failed = true;
        return true;
    }
    if (!get(at, dim, dims * sizeof *dim)) return false;
    struct tensor v = {.dim = dim};
    size_t bytes = sizeof *v.at;
    for (uint32_t i = 0; i < dims; i++) {
        if (__builtin_mul_overflow(bytes, (size_t)dim[i], &bytes)) return false;
    }
    if (bytes > at->bytes) return false;
    float *x = arena_alloc(b->arena, bytes);
    if (!x) {
        b->failed = true;
        return true;
    }
    v.at = x;
    builder_tensor(b, v);
    return get(at, x, bytes);
}

bool unpack_value(struct text *at, struct column_builder *b) {
    uint8_t has;
    if (!get(at, &has, 1) || has > 1) return false;
    if (!has) {
        builder_null(b);
        return true;
    }
    uint8_t b8 = 1;
    int64_t i64;
    double f64;
    int128_t i128;
    switch (type_rep(b->type)) {
    case REP_B8:
        if (b->type->id == TYPE_ROW ? !children_get(at, b) : !get(at, &b8, 1)) return false;
        builder_b8(b, b8);
        return true;
    case REP_I64:
        if (!get(at, &i64, sizeof i64)) return false;
        builder_i64(b, i64);
        return true;
    case REP_F64:
        if (!get(at, &f64, sizeof f64)) return false;
        builder_f64(b, f64);
        return true;
    case REP_I128:
        if (!get(at, &i128, sizeof i128)) return false;
        builder_i128(b, i128);
        return true;
    case REP_TEXT: return text_get(at, b);
    case REP_SPAN: return span_get(at, b);
    case REP_TENSOR: return tensor_get(at, b);
    case REP_COUNT: break;
    }
    assert(false);
    return false;
}
