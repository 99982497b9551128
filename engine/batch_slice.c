/* batch_slice.c: see batch_slice.h. Spans of lists point at rows of their children, which stay
 * whole; the fields of a ROW are cut with it.
 */
#include "engine/batch_slice.h"

#include <string.h>

static const uint64_t *bits_slice(const uint64_t *bits, uint32_t from, uint32_t rows,
                                  struct arena *a) {
    uint32_t words = bit_words(rows), last = bit_words(from + rows);
    uint64_t *to = ARENA_ARRAY(a, to, words);
    if (!to) return NULL;
    uint32_t shift = from % 64;
    for (uint32_t w = 0; w < words; w++) {
        uint32_t at = from / 64 + w;
        to[w] = bits[at] >> shift;
        if (shift > 0 && at + 1 < last) to[w] |= bits[at + 1] << (64 - shift);
    }
    return to;
}

static bool column_slice(const struct column *c, uint32_t from, uint32_t rows, struct arena *a,
                         struct column *out) {
    *out = *c;
    if (c->valid) out->valid = bits_slice(c->valid, from, rows, a);
    if (c->valid && !out->valid) return false;
    if (c->as.any) out->as.any = (const char *)c->as.any + from * rep_bytes(type_rep(c->type));
    if (c->type->id != TYPE_ROW || !c->child) return true;

    struct column *child = ARENA_ARRAY(a, child, c->type->fields);
    if (!child) return false;
    for (uint32_t i = 0; i < c->type->fields; i++) {
        if (!column_slice(&c->child[i], from, rows, a, &child[i])) return false;
    }
    out->child = child;
    return true;
}

static bool sel_slice(const struct batch *b, uint32_t from, uint32_t to, struct arena *a,
                      struct batch *out) {
    if (!b->sel) {
        out->live = out->rows;
        assert(b->live == b->rows);
        return true;
    }
    uint16_t *sel = ARENA_ARRAY(a, sel, b->live);
    if (!sel) return false;
    out->live = 0;
    for (uint32_t i = 0; i < b->live; i++) {
        if (b->sel[i] >= from && b->sel[i] < to) sel[out->live++] = (uint16_t)(b->sel[i] - from);
    }
    out->sel = sel;
    return true;
}

bool batch_slice(const struct batch *b, uint32_t from, uint32_t to, struct arena *a,
                 struct batch *out) {
    assert(from <= to && to <= b->rows);
    *out = *b;
    if (from == 0 && to == b->rows) return true;

    out->rows = to - from;
    struct column *col = ARENA_ARRAY(a, col, b->schema->cols);
    if (!col || !sel_slice(b, from, to, a, out)) return false;
    for (uint32_t c = 0; c < b->schema->cols; c++) {
        if (!column_slice(&b->col[c], from, out->rows, a, &col[c])) return false;
    }
    out->col = col;
    if (from < b->rows) {
        out->first = (struct mark){.ordinal = batch_ordinal(b, from),
                                   .watermark_us = batch_watermark(b, from),
                                   .proctime_us = batch_proctime(b, from)};
    }
    if (b->ordinal) out->ordinal = b->ordinal + from;
    if (b->watermark_us) out->watermark_us = b->watermark_us + from;
    if (b->proctime_us) out->proctime_us = b->proctime_us + from;
    if (b->change) out->change = b->change + from;
    return true;
}
