/* window_aggregate.c: GROUP BY keys and a window: one row a group and window, once it is final.
 *
 * A row updates one partial result in one pane (panes.h); the windows of TUMBLE and those that
 * rows bring along are panes, HOP and CUMULATE put theirs together from several (slide.h).
 * Sessions have panes of their own (session.h). A row is judged by the time before it: before row
 * r is added, all windows that are final by then are emitted.
 */
#include <string.h>

#include "engine/op/result.h"
#include "engine/op/session.h"
#include "engine/op/window_state.h"
#include "engine/query_private.h"
#include "engine/window_tally.h"

static bool segment_open(struct segment *s, struct arena *a) {
    s->row = ARENA_ARRAY(a, s->row, BATCH_ROWS);
    s->next = ARENA_ARRAY(a, s->next, BATCH_ROWS);
    s->id = ARENA_ARRAY(a, s->id, BATCH_ROWS);
    s->pane = ARENA_ARRAY(a, s->pane, BATCH_ROWS);
    return s->row && s->next && s->id && s->pane;
}

static bool window_aggregate_open(struct op *op, const struct plan *plan, struct err *e) {
    struct window_aggregate *w = op->state;
    struct arena *a = op->arena;
    w->spec = &plan->as.aggregate.window;
    w->attached = w->spec->kind == WINDOW_ATTACHED;
    w->closed = WINDOW_NONE;
    w->next_close_us = INT64_MAX;
    w->passed_us = TIME_MIN_US;
    assert(plan->schema->cols == plan->as.aggregate.keys + plan->as.aggregate.aggs + 3);

    w->blank = result_blank(plan->schema, a);
    if (!w->blank || !segment_open(&w->segment, a)) return err_memory(e);
    if (w->spec->kind == WINDOW_SESSION) return session_open(op, e);
    if (!w->attached && !window_grid_init(&w->grid, w->spec, e)) return false;
    w->slides = w->grid.panes > 1;
    struct groups_options o = groups_options_of(plan);
    o.merges = w->slides;
    if (!groups_plan_open(&w->groups, &o, a, e)) return false;
    panes_init(&w->panes, &w->groups, op->keyed, a);
    return !w->slides || slide_open(&w->slide, &w->panes, &w->grid, op->batch_arena, e);
}

/* Emits the panes that are windows themselves. */
static bool attached_close(struct window_aggregate *w, const struct window_close *c,
                           struct err *e) {
    for (struct pane *p; (p = panes_first(&w->panes)) && p->order <= c->clock_us;) {
        struct time_range range = {.start_us = p->minor, .end_us = p->order};
        if (!window_emit(w, c, range, p, e)) return false;
        panes_drop_first(&w->panes);
    }
    struct pane *p = panes_first(&w->panes);
    w->next_close_us = p ? p->order : INT64_MAX;
    return true;
}

static bool pane_leave(struct window_aggregate *w, struct pane *p, struct err *e) {
    if (w->slides && !slide_pane_dropped(&w->slide, p, e)) return false;
    panes_drop_first(&w->panes);
    return true;
}

static bool grid_close(struct window_aggregate *w, const struct window_close *c, struct err *e) {
    w->next_close_us = INT64_MAX;
    for (struct pane *p; (p = panes_first(&w->panes));) {
        int64_t window = window_first(&w->grid, p->order);
        if (window <= w->closed) window = w->closed + 1;
        if (window > window_last(&w->grid, p->order)) {
            if (!pane_leave(w, p, e)) return false;
            continue;
        }
        struct time_range range = window_range(&w->grid, window);
        if (range.end_us > c->clock_us) {
            w->next_close_us = range.end_us;
            return true;
        }
        if (w->slides && !slide_to(&w->slide, window, e)) return false;
        if (!window_emit(w, c, range, w->slides ? NULL : p, e)) return false;
        w->closed = window;
    }
    return true;
}

bool window_close_all(struct window_aggregate *w, const struct window_close *c, struct err *e) {
    w->cache.pane = NULL;
    if (w->sessions) return session_close_all(w, c, e);
    return w->attached ? attached_close(w, c, e) : grid_close(w, c, e);
}

/* Which plan's rows have places. */
static struct groups_plan *window_places(struct window_aggregate *w) {
    return w->sessions ? session_groups(w) : &w->groups;
}

static bool window_aggregate_push(struct op *op, uint32_t port, const struct batch *in,
                                  struct err *e) {
    struct window_aggregate *w = op->state;
    (void)port;
    uint32_t passed = 0, live_at = 0;
    groups_begin(window_places(w), in, op->worker != NULL);
    for (;;) {
        uint32_t cut = window_clock_row(w, in, passed, w->next_close_us);
        bool done = w->sessions
                        ? session_rows_take(op, in, &live_at, &cut, e)
                        : window_rows_take(op, in, &live_at, &cut, e) && window_rows_add(op, in, e);
        if (!done || !result_time(op, w->blank, in, passed, cut, e)) return false;
        if (cut > passed) w->passed_us = batch_watermark(in, cut - 1);
        if (cut == in->rows) return true;

        struct window_close c = {.op = op,
                                 .clock_us = window_clock(w, in, cut),
                                 .at = {.ordinal = batch_ordinal(in, cut),
                                        .watermark_us = batch_watermark(in, cut),
                                        .proctime_us = batch_proctime(in, cut)}};
        if (!window_close_all(w, &c, e)) return false;
        assert(w->next_close_us > c.clock_us);
        passed = cut;
    }
}

static bool window_aggregate_flush(struct op *op, uint32_t port, const struct mark *m,
                                   struct err *e) {
    struct window_aggregate *w = op->state;
    int64_t clock_us = w->spec->proctime ? m->proctime_us : m->watermark_us;
    if (m->watermark_us == TIME_END_US) clock_us = TIME_END_US;
    struct window_close c = {.op = op, .clock_us = clock_us, .at = *m};
    if (clock_us >= w->next_close_us && !window_close_all(w, &c, e)) return false;
    if (m->watermark_us > w->passed_us) w->passed_us = m->watermark_us;
    return op_pass_flush(op, port, m, e);
}

static void window_aggregate_close(struct op *op) {
    struct window_aggregate *w = op->state;
    if (w->sessions) session_close(w);
    slide_close(&w->slide);
    panes_done(&w->panes);
}

/* Saved, 8 bytes each: rows that have come, closed, next_close_us, passed_us, next_pane and
 * block_end of the sliding structure; then the panes, or sessions. */
static bool window_aggregate_save(struct op *op, struct buf *out, struct err *e) {
    struct window_aggregate *w = op->state;
    int64_t head[] = {(int64_t)window_places(w)->next_place,
                      w->closed,
                      w->next_close_us,
                      w->passed_us,
                      w->slide.next_pane,
                      w->slide.block_end};
    buf_add(out, head, sizeof head);
    if (w->sessions) return session_save(w, out, e);
    return panes_save(&w->panes, out, e);
}

static bool window_aggregate_load(struct op *op, struct text saved, struct err *e) {
    struct window_aggregate *w = op->state;
    int64_t head[6];
    if (saved.bytes < sizeof head) {
        return err_set(e, ERR_CORRUPT, "XX001", "saved windows are damaged");
    }
    memcpy(head, saved.at, sizeof head);
    window_places(w)->next_place = (uint64_t)head[0];
    w->closed = head[1];
    w->next_close_us = head[2];
    w->passed_us = head[3];
    struct text at = {.at = saved.at + sizeof head, .bytes = saved.bytes - (uint32_t)sizeof head};
    if (w->sessions) return session_load(w, &at, e);
    if (!panes_load(&w->panes, &at, e)) return false;
    return !w->slides || slide_restore(&w->slide, head[4], head[5], e);
}

static bool window_aggregate_windows(const struct op *op, struct window_tally *t, struct err *e) {
    const struct window_aggregate *w = op->state;
    if (w->sessions) t->apart += session_count(w);
    t->brought = w->attached;
    for (uint32_t i = 0; !w->sessions && i < w->panes.count; i++) {
        const struct pane *p = w->panes.heap[i];
        struct window_run run = {.first = p->minor, .last = p->order};
        if (!w->attached) {
            run.first = window_first(&w->grid, p->order);
            run.last = window_last(&w->grid, p->order);
            if (run.first <= w->closed) run.first = w->closed + 1;
        }
        if ((w->attached || run.first <= run.last) && !window_tally_add(t, run, e)) return false;
    }
    return true;
}

const struct op_type op_window_aggregate = {
    .name = "WindowAggregate",
    .state_bytes = sizeof(struct window_aggregate),
    .open = window_aggregate_open,
    .push = window_aggregate_push,
    .flush = window_aggregate_flush,
    .close = window_aggregate_close,
    .save = window_aggregate_save,
    .load = window_aggregate_load,
    .windows = window_aggregate_windows,
};
