/* slice.c: see slice.h. */
#include "engine/edge/slice.h"

#include <assert.h>

/* `rows` bits of `bits` from bit `from` on. */
static uint64_t *shifted(struct arena *a, const uint64_t *bits, uint32_t from, uint32_t rows) {
    uint32_t words = bit_words(rows);
    uint64_t *to = arena_alloc(a, (words + 1) * sizeof *to);
    if (!to) return NULL;
    uint32_t last = bit_words(from + rows) - 1;
    uint32_t word = from / 64, by = from % 64;
    for (uint32_t i = 0; i < words; i++) {
        uint64_t low = bits[word + i] >> by;
        uint64_t high = by > 0 && word + i < last ? bits[word + i + 1] << (64 - by) : 0;
        to[i] = low | high;
    }
    return to;
}

static bool slice_values(struct arena *a, const struct column *c, uint32_t from, uint32_t rows,
                         struct column *out) {
    *out = *c;
    if (from == 0 || rows == 0) return true;
    if (c->as.any) {
        out->as.any = (const char *)c->as.any + (size_t)from * rep_bytes(type_rep(c->type));
    }
    if (c->valid) out->valid = shifted(a, c->valid, from, rows);
    return !c->valid || out->valid;
}

/* Bounded by TYPE_NESTING_MAX. Elements of lists are found by their spans, which do not move. */
bool column_slice(struct arena *a, const struct column *c, uint32_t from, uint32_t rows,
                  struct column *out) {
    if (!slice_values(a, c, from, rows, out)) return false;
    if (c->type->id != TYPE_ROW || !c->child || from == 0) return true;
    struct column *child = ARENA_ARRAY(a, child, c->type->fields);
    if (!child) return false;
    for (uint32_t f = 0; f < c->type->fields; f++) {
        if (!column_slice(a, &c->child[f], from, rows, &child[f])) return false;
    }
    out->child = child;
    return true;
}

/* Dense rows without NULLs of a type that holds its values itself: one copy. */
static bool append_dense(struct column_builder *to, const struct batch *b, const struct column *c,
                         uint32_t from, uint32_t count) {
    enum rep rep = type_rep(c->type);
    bool flat = rep == REP_I64 || rep == REP_F64 || rep == REP_I128 ||
                (rep == REP_B8 && c->type->id != TYPE_ROW);
    if (b->sel || c->valid || !flat) return false;
    if (!builder_reserve(to, count)) return true;
    size_t size = rep_bytes(rep);
    memcpy((char *)to->as.any + to->rows * size, (const char *)c->as.any + from * size,
           count * size);
    to->rows += count;
    return true;
}

void column_append(struct column_builder *to, const struct batch *b, const struct column *c,
                   uint32_t from, uint32_t count) {
    assert(from + count <= b->live);
    if (count == 0 || append_dense(to, b, c, from, count)) return;
    for (uint32_t i = 0; i < count; i++) builder_copy(to, c, batch_row(b, from + i));
}
