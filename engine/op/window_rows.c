/* window_rows.c: rows of a batch into panes: which are late, where the batch must be cut.
 *
 * Between two closings nothing but panes changes, so the rows there (a segment) are sorted by pane
 * and added pane by pane. While rows stay in one pane (a run), only a range check is needed; a row
 * outside of it, or late, goes the long way. A new pane may bring the next closing forward.
 */
#include "engine/op/window_session.h"
#include "engine/op/window_state.h"

uint32_t window_clock_row(const struct window_aggregate *w, const struct batch *in, uint32_t from,
                          int64_t until_us) {
    uint32_t to = in->rows;
    if (from >= to || window_clock(w, in, to - 1) < until_us) return to;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (window_clock(w, in, middle) < until_us) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

/* The row's pane, found or made. *pane_out NULL: the row is in no window that is not final. */
static bool grid_pane(struct op *op, const struct batch *in, uint32_t row, int64_t at_us,
                      struct pane **pane_out, struct err *e) {
    struct window_aggregate *w = op->state;
    int64_t number = window_pane(&w->grid, at_us), clock_us = window_clock(w, in, row);
    *pane_out = NULL;
    if (!window_pane_used(&w->grid, number)) return true;

    uint32_t missed = window_missed(&w->grid, number, clock_us);
    if (missed > 0) {
        if (!op_late(op, batch_ordinal(in, row), clock_us, missed, e)) return false;
        if (window_final(&w->grid, clock_us) >= window_last(&w->grid, number)) return true;
    }
    struct pane *pane = panes_find(&w->panes, number, 0);
    if (!pane) {
        pane = panes_add(&w->panes, number, 0, e);
        if (!pane) return false;
        if (w->slides) slide_pane_added(&w->slide, pane);
        int64_t final = window_final(&w->grid, clock_us);
        if (final > w->closed) w->closed = final;
    }
    int64_t first = window_first(&w->grid, number);
    w->cache = (struct pane_cache){.pane = pane,
                                   .range = window_pane_range(&w->grid, number),
                                   .first_end_us = window_range(&w->grid, first).end_us};
    int64_t open = first > w->closed ? first : w->closed + 1;
    int64_t end_us = window_range(&w->grid, open).end_us;
    if (end_us < w->next_close_us) w->next_close_us = end_us;
    *pane_out = pane;
    return true;
}

static bool attached_pane(struct op *op, const struct batch *in, uint32_t row, int64_t end_us,
                          struct pane **pane_out, struct err *e) {
    struct window_aggregate *w = op->state;
    const struct column *start = &in->col[w->spec->start_col];
    *pane_out = NULL;
    if (!window_row_fits(start, row)) return window_row_check(op, in, start, row, e);
    int64_t start_us = start->as.i64[row], clock_us = window_clock(w, in, row);
    if (end_us <= clock_us) return op_late(op, batch_ordinal(in, row), clock_us, 1, e);

    struct pane *pane = w->cache.pane;
    if (!pane || pane->order != end_us || pane->minor != start_us) {
        pane = panes_find(&w->panes, end_us, start_us);
    }
    if (!pane) pane = panes_add(&w->panes, end_us, start_us, e);
    if (!pane) return false;
    w->cache.pane = pane;
    if (end_us < w->next_close_us) w->next_close_us = end_us;
    *pane_out = pane;
    return true;
}

/* The long way: what one row needs that is not simply one more of the same pane. */
static bool row_pane(struct op *op, const struct batch *in, uint32_t row, struct pane **pane_out,
                     struct err *e) {
    struct window_aggregate *w = op->state;
    const struct column *time = &in->col[w->spec->time_col];
    *pane_out = NULL;
    if (!window_row_fits(time, row)) return window_row_check(op, in, time, row, e);
    int64_t at_us = time->as.i64[row];
    if (w->attached) return attached_pane(op, in, row, at_us, pane_out, e);
    return grid_pane(op, in, row, at_us, pane_out, e);
}

static void segment_add(struct segment *s, struct pane *pane, uint16_t row) {
    uint32_t at = s->count++;
    s->row[at] = row;
    if (pane->rows++ == 0) {
        s->pane[s->panes++] = pane;
        pane->first_row = at;
    } else {
        s->next[pane->last_row] = at;
    }
    pane->last_row = at;
}

/* How many live rows from i on lie in the cached pane and are not late; below `cut`. */
static uint32_t run_length(const struct window_aggregate *w, const struct batch *in, uint32_t i,
                           uint32_t cut) {
    const struct column *time = &in->col[w->spec->time_col];
    const struct time_range *range = &w->cache.range;
    if (!w->cache.pane || w->attached || i == in->live) return 0;
    uint32_t end = window_clock_row(w, in, batch_row(in, i), w->cache.first_end_us), from = i;
    if (end > cut) end = cut;
    uint64_t start = (uint64_t)range->start_us, width = (uint64_t)range->end_us - start;
    for (; i < in->live; i++) {
        uint32_t row = batch_row(in, i);
        if (row >= end || (uint64_t)time->as.i64[row] - start >= width) break;
        if (time->valid && !column_has(time, row)) break;
    }
    return i - from;
}

static void segment_add_run(struct segment *s, struct pane *pane, const struct batch *in,
                            uint32_t i, uint32_t count) {
    if (count == 0) return;
    segment_add(s, pane, (uint16_t)batch_row(in, i));
    uint32_t at = s->count;
    for (uint32_t n = 1; n < count; n++, at++) {
        s->row[at] = (uint16_t)batch_row(in, i + n);
        s->next[at - 1] = at;
    }
    s->count = at;
    pane->rows += count - 1;
    pane->last_row = at - 1;
}

bool window_rows_take(struct op *op, const struct batch *in, uint32_t *live_at, uint32_t *cut_out,
                      struct err *e) {
    struct window_aggregate *w = op->state;
    uint32_t i = *live_at, cut = *cut_out;
    for (;;) {
        uint32_t run = run_length(w, in, i, cut);
        segment_add_run(&w->segment, w->cache.pane, in, i, run);
        i += run;
        if (i == in->live || batch_row(in, i) >= cut) break;
        uint32_t row = batch_row(in, i++);
        int64_t next_us = w->next_close_us;
        struct pane *pane = NULL;
        if (!row_pane(op, in, row, &pane, e)) return false;
        if (w->next_close_us < next_us) {
            cut = window_clock_row(w, in, row + 1, w->next_close_us);
        }
        if (pane) segment_add(&w->segment, pane, (uint16_t)row);
    }
    *live_at = i;
    *cut_out = cut;
    return true;
}

/* Adds rows that all are insertions, or all retractions, to one pane. */
static bool rows_add(struct op *op, struct pane *pane, const struct groups_rows *rows,
                     struct err *e) {
    struct window_aggregate *w = op->state;
    uint32_t *id = w->segment.id;
    if (!groups_find(&w->groups, &pane->groups, rows, id, e)) return false;
    if (!groups_apply(&w->groups, &pane->groups, rows, id, e)) return false;
    return !pane->folded || slide_changed(&w->slide, pane, id, rows->count, e);
}

/* Rows of one pane, in runs of one kind. */
static bool pane_add(struct op *op, struct pane *pane, const struct batch *in, const uint16_t *row,
                     uint32_t count, struct err *e) {
    for (uint32_t from = 0, to; from < count; from = to) {
        bool remove = change_is_retraction(batch_change(in, row[from]));
        to = in->change ? from + 1 : count;
        while (to < count && change_is_retraction(batch_change(in, row[to])) == remove) to++;
        struct arena_mark mark = arena_mark(op->batch_arena);
        struct groups_rows rows = {.in = in,
                                   .row = row + from,
                                   .count = to - from,
                                   .remove = remove,
                                   .scratch = op->batch_arena};
        if (!rows_add(op, pane, &rows, e)) return false;
        arena_rewind(op->batch_arena, mark);
    }
    return true;
}

bool window_rows_add(struct op *op, const struct batch *in, struct err *e) {
    struct window_aggregate *w = op->state;
    struct segment *s = &w->segment;
    bool done = true;
    if (s->panes == 1) {
        done = pane_add(op, s->pane[0], in, s->row, s->count, e);
        s->pane[0]->rows = 0;
    }
    for (uint32_t p = 0; s->panes > 1 && p < s->panes; p++) {
        struct pane *pane = s->pane[p];
        uint16_t *row = ARENA_ARRAY(op->batch_arena, row, pane->rows);
        if (!row) done = err_memory(e);
        for (uint32_t i = 0, at = pane->first_row; row && i < pane->rows; i++, at = s->next[at]) {
            row[i] = s->row[at];
        }
        if (done) done = pane_add(op, pane, in, row, pane->rows, e);
        pane->rows = 0;
    }
    s->panes = s->count = 0;
    return done;
}
