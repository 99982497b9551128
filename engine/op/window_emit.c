/* window_emit.c: windows that are final, as result rows.
 *
 * Windows come by end, then start; their groups in the order of their first rows. The rows carry
 * the ordinal of the row whose time made them final, and a watermark just below their own
 * window_time, so that a window over them does not find them late; it never goes back, and never
 * goes beyond the true one, which follows them.
 */
#include "engine/base/time.h"
#include "engine/op/result.h"
#include "engine/op/window_state.h"
#include "engine/query_private.h"
#include "engine/worker.h"

/* Groups of a window, a few at a time: in a pane, or in the sliding totals (pane NULL). */
struct emission {
    struct window_aggregate *w;
    const struct window_close *close;
    struct time_range range;
    struct pane *pane;
    struct agg_failures fail;
};

/* Items of a pane: in the order of ids where those tell the order of first rows. */
static bool pane_items(struct window_aggregate *w, struct pane *pane, struct arena *a,
                       struct order_item **out, uint32_t *count_out, struct err *e) {
    const struct state_table *t = pane->groups.table;
    struct order_item *item = arena_alloc(a, t->count * sizeof *item);
    if (!item) return err_memory(e);
    uint32_t n = 0;
    for (uint32_t id = 0; id < t->used; id++) {
        if (!state_is_live(t, id)) continue;
        if (w->groups.counts && *groups_rows_of(&w->groups, &pane->groups, id) <= 0) continue;
        item[n++] = (struct order_item){.ordinal = *groups_ordinal(&w->groups, &pane->groups, id),
                                        .id = id};
    }
    *out = item;
    *count_out = n;
    return order_sort(item, n, a) || err_memory(e);
}

static bool totals_finish(struct emission *m, const struct groups_results *r, struct err *e) {
    struct window_aggregate *w = m->w;
    struct arena *a = m->close->op->batch_arena;
    for (uint32_t i = 0; i < w->groups.slots; i++) {
        const struct agg_slot *s = &w->groups.slot[i];
        void **state = w->groups.state;
        struct slide_pick pick = {.id = r->id, .count = r->count, .state = state};
        if (!slide_states(&w->slide, i, &pick, e)) return false;
        struct agg_call call = {.bind = s->call.bind, .arena = a};
        if (!s->agg->finish(&call, state, r->count, &r->to[i], r->fail, e)) return false;
    }
    return !m->fail.rows.no_memory || err_memory(e);
}

static void constant_append(struct column_builder *b, int64_t v, uint32_t count) {
    if (!builder_reserve(b, count)) return;
    for (uint32_t i = 0; i < count; i++) b->as.i64[b->rows + i] = v;
    b->rows += count;
}

/* What rows of this window say of time. */
static bool head_fill(struct emission *m, uint32_t count, struct batch *head, struct err *e) {
    struct window_aggregate *w = m->w;
    struct arena *a = m->close->op->batch_arena;
    uint64_t *ordinal = arena_alloc(a, count * sizeof *ordinal);
    if (!ordinal) return err_memory(e);
    for (uint32_t i = 0; i < count; i++) ordinal[i] = m->close->at.ordinal;

    int64_t below_us = m->range.end_us - MILLISECOND_US - 1;
    if (below_us > m->close->at.watermark_us) below_us = m->close->at.watermark_us;
    if (below_us > w->passed_us) w->passed_us = below_us;
    *head = (struct batch){.rows = count, .ordinal = ordinal, .first = m->close->at};
    head->first.watermark_us = w->passed_us;
    return true;
}

static struct merge_key key_of(const struct emission *m, uint64_t first) {
    return (struct merge_key){.ordinal = m->close->at.ordinal,
                              .end_us = m->range.end_us,
                              .start_us = m->range.start_us,
                              .first = first};
}

/* Failed rows are reported and leave the selection. */
static bool failures_drop(struct emission *m, const struct order_item *item, uint32_t count,
                          struct batch *head, struct err *e) {
    if (m->fail.rows.count == 0) return true;
    struct op *op = m->close->op;
    uint16_t *sel = ARENA_ARRAY(op->batch_arena, sel, count);
    if (!sel) return err_memory(e);
    for (uint32_t i = 0; i < m->fail.rows.count; i++) {
        const struct fn_failure *f = &m->fail.rows.failure[i];
        struct merge_key key = key_of(m, item[f->row].ordinal);
        if (!op_bad_result(op, &key, f, e)) return false;
    }
    head->sel = sel;
    for (uint32_t i = 0; i < count; i++) {
        if (!bit_get(m->fail.rows.row, i)) sel[head->live++] = (uint16_t)i;
    }
    return true;
}

/* For the merge of several workers' results. */
static bool rows_note(const struct emission *m, const struct order_item *item, uint32_t count) {
    struct op *op = m->close->op;
    if (!op->worker) return true;
    struct merge_key *key = ARENA_ARRAY(op->batch_arena, key, count);
    if (!key) return false;
    for (uint32_t i = 0; i < count; i++) key[i] = key_of(m, item[i].ordinal);
    worker_note(op->worker, key);
    return true;
}

static bool rows_emit(struct emission *m, const struct order_item *item, uint32_t count,
                      struct err *e) {
    struct window_aggregate *w = m->w;
    struct op *op = m->close->op;
    const struct state_table *t = m->pane ? m->pane->groups.table : w->slide.total;
    struct column_builder *b = result_open(op, count, e);
    uint32_t *id = ARENA_ARRAY(op->batch_arena, id, count);
    if (!b || !id || !rows_note(m, item, count)) return err_memory(e);
    for (uint32_t i = 0; i < count; i++) id[i] = item[i].id;
    fn_errors_init(&m->fail.rows, op->batch_arena);
    if (!key_set_read(&w->groups.key, t, id, count, b)) return err_memory(e);

    struct column_builder *agg = b + w->groups.key.cols;
    struct groups_results r = {.id = id, .count = count, .to = agg, .fail = &m->fail};
    bool done =
        m->pane ? groups_finish(&w->groups, &m->pane->groups, &r, e) : totals_finish(m, &r, e);
    if (!done) return false;
    struct column_builder *window = agg + w->groups.slots;
    constant_append(&window[0], m->range.start_us, count);
    constant_append(&window[1], m->range.end_us, count);
    constant_append(&window[2], m->range.end_us - MILLISECOND_US, count);

    struct batch head;
    if (!head_fill(m, count, &head, e) || !failures_drop(m, item, count, &head, e)) return false;
    return result_emit(op, b, &head, e);
}

bool window_emit(struct window_aggregate *w, const struct window_close *c, struct time_range range,
                 struct pane *pane, struct err *e) {
    struct op *op = c->op;
    struct arena *a = op->batch_arena;
    struct arena_mark mark = arena_mark(a);
    struct emission m = {.w = w, .close = c, .range = range, .pane = pane};
    struct order_item *item = NULL;
    uint32_t count = 0, step = op->query->options.batch_rows;
    bool done =
        pane ? pane_items(w, pane, a, &item, &count, e) : slide_groups(&w->slide, &item, &count, e);
    for (uint32_t from = 0; done && from < count; from += step) {
        uint32_t n = count - from < step ? count - from : step;
        struct arena_mark chunk = arena_mark(a);
        done = rows_emit(&m, item + from, n, e);
        arena_rewind(a, chunk);
    }
    arena_rewind(a, mark);
    return done;
}
