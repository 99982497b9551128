/* pairs.c: see pairs.h. One walk over the live rows of `in` beside those of `out`, which are a
 * part of them in the same order.
 */
#include "engine/op/pairs.h"

#include <string.h>

#include "engine/base/builder.h"

void pairs_init(struct pairs *p, struct op *op) {
    *p = (struct pairs){.op = op};
    arena_init(&p->arena, 0);
}

void pairs_done(struct pairs *p) {
    arena_done(&p->arena);
}

/* Gives the waiting row as `kind`. */
static bool before_emit(struct pairs *p, enum change kind, struct err *e) {
    if (!p->waits) return true;
    p->waits = false;
    int8_t change = (int8_t)kind;
    struct batch b = p->before;
    b.change = &change;
    bool done = op_emit(p->op, &b, e);
    arena_reset(&p->arena);
    return done;
}

bool pairs_flush(struct pairs *p, struct err *e) {
    if (!p->open) return true;
    p->open = false;
    return before_emit(p, CHANGE_DELETE, e);
}

/* Keeps a copy of row `row` of `out`. */
static bool before_keep(struct pairs *p, const struct batch *out, uint32_t row, struct err *e) {
    uint32_t cols = out->schema->cols;
    struct column *col = ARENA_ARRAY(&p->arena, col, cols);
    if (!col) return err_memory(e);
    for (uint32_t c = 0; c < cols; c++) {
        struct column_builder b;
        if (!builder_init(&b, &p->arena, out->col[c].type, 1)) return err_memory(e);
        builder_copy(&b, &out->col[c], row);
        if (!builder_column(&b, &col[c])) return err_memory(e);
    }
    p->before = (struct batch){.schema = out->schema,
                               .col = col,
                               .rows = 1,
                               .live = 1,
                               .first = {.ordinal = batch_ordinal(out, row),
                                         .watermark_us = batch_watermark(out, row),
                                         .proctime_us = batch_proctime(out, row)}};
    p->waits = true;
    return true;
}

/* The first live row of `in` says what becomes of the half that is open. *row_out: that row, when
 * it is now an insertion. */
static bool open_close(struct pairs *p, const struct batch *in, bool kept, bool *insert_out,
                       struct err *e) {
    *insert_out = false;
    if (!p->open || in->live == 0) return true;
    p->open = false;
    bool other = batch_change(in, batch_row(in, 0)) == CHANGE_AFTER;
    bool both = other && kept;
    *insert_out = both && !p->waits;
    return before_emit(p, both ? CHANGE_BEFORE : CHANGE_DELETE, e);
}

struct pair_walk {
    const struct batch *in;
    const struct batch *out;
    int8_t *change;
};

/* Sets the kinds of the pair that begins with live row i of `in`; *at: live rows of `out` passed.
 * Returns how many live rows of `in` it was. */
static uint32_t pair_judge(const struct pair_walk *w, uint32_t i, uint32_t *at) {
    uint32_t row = batch_row(w->in, i);
    bool kept = *at < w->out->live && batch_row(w->out, *at) == row;
    *at += kept;
    if (batch_change(w->in, row) != CHANGE_BEFORE || i + 1 == w->in->live) return 1;

    uint32_t next = batch_row(w->in, i + 1);
    if (batch_change(w->in, next) != CHANGE_AFTER) return 1;
    bool next_kept = *at < w->out->live && batch_row(w->out, *at) == next;
    *at += next_kept;
    if (kept && !next_kept) w->change[row] = CHANGE_DELETE;
    if (!kept && next_kept) w->change[next] = CHANGE_INSERT;
    return 2;
}

bool pairs_emit(struct pairs *p, const struct batch *in, struct batch *out, struct err *e) {
    assert(in->change && in->rows == out->rows);
    int8_t *change = arena_alloc(p->op->batch_arena, in->rows + 1U);
    if (!change) return err_memory(e);
    memcpy(change, in->change, in->rows);
    out->change = change;

    bool first_kept = out->live > 0 && in->live > 0 && batch_row(out, 0) == batch_row(in, 0);
    bool insert;
    if (!open_close(p, in, first_kept, &insert, e)) return false;
    if (insert) change[batch_row(in, 0)] = CHANGE_INSERT;

    struct pair_walk w = {.in = in, .out = out, .change = change};
    uint32_t at = 0;
    for (uint32_t i = 0; i < in->live;) i += pair_judge(&w, i, &at);

    uint32_t last = in->live > 0 ? batch_row(in, in->live - 1) : 0;
    p->open = in->live > 0 && batch_change(in, last) == CHANGE_BEFORE;
    bool waits = p->open && out->live > 0 && batch_row(out, out->live - 1) == last;
    if (waits && !before_keep(p, out, last, e)) return false;
    if (waits) {
        uint16_t *sel = ARENA_ARRAY(p->op->batch_arena, sel, out->live);
        if (!sel) return err_memory(e);
        out->live--;
        for (uint32_t i = 0; i < out->live; i++) {
            sel[i] = out->sel ? out->sel[i] : (uint16_t)i;
        }
        out->sel = sel;
    }
    return op_emit(p->op, out, e);
}
