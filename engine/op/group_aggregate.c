/* group_aggregate.c: GROUP BY without a window.
 *
 * Either a changelog, answering every row that changes its group's result (group_changes.c), or,
 * `final`, one row a group when the input has ended, in the order of the groups' first rows.
 */
#include <string.h>

#include "engine/op/group_state.h"
#include "engine/op/order.h"
#include "engine/op/result.h"
#include "engine/query_private.h"
#include "engine/worker.h"

/* DOUBLE keys are not: -0.0 is in the group of 0.0. */
static bool key_is_as_rows(const struct type *t) {
    enum rep r = type_rep(t);
    return t->fields == 0 && (r == REP_B8 || r == REP_I64 || r == REP_I128 || r == REP_TEXT);
}

static bool group_aggregate_open(struct op *op, const struct plan *plan, struct err *e) {
    struct group_aggregate *g = op->state;
    struct arena *a = op->arena;
    g->final = plan->as.aggregate.final;
    g->passed_us = TIME_MIN_US;
    g->blank = result_blank(plan->schema, a);
    g->id = ARENA_ARRAY(a, g->id, BATCH_ROWS);
    g->row = ARENA_ARRAY(a, g->row, BATCH_ROWS);
    if (!g->blank || !g->id || !g->row) return err_memory(e);
    struct groups_options o = groups_options_of(plan);
    o.counts = !g->final;
    o.age = &g->age;
    if (!age_open(&g->age, op, g->final, e)) return false;
    if (!groups_plan_open(&g->plan, &o, a, e)) return false;
    g->keys_as_rows = true;
    for (uint32_t k = 0; k < g->plan.key.cols; k++) {
        g->keys_as_rows = g->keys_as_rows && key_is_as_rows(g->plan.key.type[k]);
    }
    return groups_create(&g->plan, op->keyed, a, &g->groups, e);
}

/* Groups that have lost all rows are forgotten. */
static void groups_sweep(struct group_aggregate *g, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        bool live = state_is_live(g->groups.table, g->id[i]);
        if (!live || *groups_rows_of(&g->plan, &g->groups, g->id[i]) != 0) continue;
        groups_remove(&g->plan, &g->groups, g->id[i]);
    }
}

/* Adds rows in runs of one kind. */
static bool final_push(struct op *op, const struct batch *in, struct err *e) {
    struct group_aggregate *g = op->state;
    for (uint32_t i = 0; i < in->live; i++) g->row[i] = (uint16_t)batch_row(in, i);
    for (uint32_t from = 0, to; from < in->live; from = to) {
        bool remove = change_is_retraction(batch_change(in, g->row[from]));
        to = in->change ? from + 1 : in->live;
        while (to < in->live && change_is_retraction(batch_change(in, g->row[to])) == remove) to++;
        struct groups_rows rows = {.in = in,
                                   .row = g->row + from,
                                   .count = to - from,
                                   .remove = remove,
                                   .scratch = op->batch_arena};
        if (!groups_find(&g->plan, &g->groups, &rows, g->id, e)) return false;
        if (!groups_apply(&g->plan, &g->groups, &rows, g->id, e)) return false;
        if (remove) groups_sweep(g, rows.count);
    }
    return true;
}

static bool part_push(struct op *op, uint32_t port, const struct batch *in, struct err *e) {
    struct group_aggregate *g = op->state;
    (void)port;
    groups_begin(&g->plan, in, op->worker != NULL);
    if (in->rows > 0) g->passed_us = batch_watermark(in, in->rows - 1);
    if (!g->final) {
        bool done = group_changes_push(op, in, e);
        if (done && in->change) groups_sweep(g, in->live);
        return done;
    }
    return final_push(op, in, e) && result_time(op, g->blank, in, 0, in->rows, e);
}

static bool group_aggregate_push(struct op *op, uint32_t port, const struct batch *in,
                                 struct err *e) {
    struct group_aggregate *g = op->state;
    return age_push_parts(&g->age, op, port, in, part_push, e);
}

/* One chunk of final rows: groups id[count]. */
static bool rows_emit(struct op *op, const struct mark *m, const struct order_item *item,
                      uint32_t count, struct err *e) {
    struct group_aggregate *g = op->state;
    uint32_t *id = g->id;
    struct agg_failures fail;
    fn_errors_init(&fail.rows, op->batch_arena);
    struct column_builder *b = result_open(op, count, e);
    uint16_t *sel = ARENA_ARRAY(op->batch_arena, sel, count);
    struct merge_key *key = ARENA_ARRAY(op->batch_arena, key, count);
    if (!b || !sel || !key) return err_memory(e);
    for (uint32_t i = 0; i < count; i++) {
        id[i] = item[i].id;
        key[i] = (struct merge_key){.ordinal = m->ordinal, .first = item[i].ordinal};
    }
    if (op->worker) worker_note(op->worker, key);
    if (!key_set_read(&g->plan.key, g->groups.table, id, count, b)) return err_memory(e);
    struct groups_results r = {.id = id, .count = count, .to = b + g->plan.key.cols, .fail = &fail};
    if (!groups_finish(&g->plan, &g->groups, &r, e)) return false;
    for (uint32_t i = 0; i < fail.rows.count; i++) {
        const struct fn_failure *f = &fail.rows.failure[i];
        if (!op_bad_result(op, &key[f->row], f, e)) return false;
    }
    struct batch head = {.rows = count, .sel = sel, .first = *m};
    head.first.watermark_us = g->passed_us;
    for (uint32_t i = 0; i < count; i++) {
        if (!bit_get(fail.rows.row, i)) sel[head.live++] = (uint16_t)i;
    }
    return result_emit_at(op, b, &head, e);
}

/* Without keys there is one group, rows or not. */
static bool only_group(struct op *op, struct err *e) {
    struct group_aggregate *g = op->state;
    if (g->plan.key.cols > 0 || g->groups.table->count > 0) return true;
    int64_t zero = 0;
    uint32_t id;
    struct text key = {.at = (void *)&zero, .bytes = sizeof zero};
    (void)op;
    return state_upsert_key(g->groups.table, key, &id, e);
}

static bool final_give(struct op *op, const struct mark *m, struct err *e) {
    struct group_aggregate *g = op->state;
    struct arena *a = op->batch_arena;
    if (!only_group(op, e)) return false;
    const struct state_table *t = g->groups.table;
    struct order_item *item = arena_alloc(a, (t->count + (size_t)1) * sizeof *item);
    if (!item) return err_memory(e);
    uint32_t count = 0, step = op->query->options.batch_rows;
    for (uint32_t id = 0; id < t->used; id++) {
        if (!state_is_live(t, id)) continue;
        item[count++] =
            (struct order_item){.ordinal = *groups_ordinal(&g->plan, &g->groups, id), .id = id};
    }
    if (!order_sort(item, count, a)) return err_memory(e);
    for (uint32_t from = 0; from < count; from += step) {
        uint32_t n = count - from < step ? count - from : step;
        struct arena_mark mark = arena_mark(a);
        if (!rows_emit(op, m, item + from, n, e)) return false;
        arena_rewind(a, mark);
    }
    return true;
}

static bool group_aggregate_flush(struct op *op, uint32_t port, const struct mark *m,
                                  struct err *e) {
    struct group_aggregate *g = op->state;
    if (g->final && m->watermark_us == TIME_END_US && !final_give(op, m, e)) return false;
    return op_pass_flush(op, port, m, e);
}

static void group_aggregate_close(struct op *op) {
    struct group_aggregate *g = op->state;
    groups_destroy(&g->plan, &g->groups);
    arena_done(&g->arena);
}

static bool group_aggregate_save(struct op *op, struct buf *out, struct err *e) {
    struct group_aggregate *g = op->state;
    buf_add(out, &g->passed_us, sizeof g->passed_us);
    buf_add(out, &g->plan.next_place, sizeof g->plan.next_place);
    age_save(&g->age, out);
    return groups_save(&g->plan, &g->groups, out, e);
}

static bool group_aggregate_load(struct op *op, struct text saved, struct err *e) {
    struct group_aggregate *g = op->state;
    uint32_t head = sizeof g->passed_us + sizeof g->plan.next_place;
    if (saved.bytes < head) {
        return err_set(e, ERR_CORRUPT, "XX001", "the saved state of a GroupAggregate is damaged");
    }
    memcpy(&g->passed_us, saved.at, sizeof g->passed_us);
    memcpy(&g->plan.next_place, saved.at + sizeof g->passed_us, sizeof g->plan.next_place);
    struct text at = {.at = saved.at + head, .bytes = saved.bytes - head};
    if (!age_load(&g->age, &at, e)) return false;
    return groups_load(&g->plan, &g->groups, &at, e);
}

const struct op_type op_group_aggregate = {
    .name = "GroupAggregate",
    .state_bytes = sizeof(struct group_aggregate),
    .open = group_aggregate_open,
    .push = group_aggregate_push,
    .flush = group_aggregate_flush,
    .close = group_aggregate_close,
    .save = group_aggregate_save,
    .load = group_aggregate_load,
};
