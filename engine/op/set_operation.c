/* set_operation.c: INTERSECT and EXCEPT, without duplicates.
 *
 * Each different row is counted on both sides; it is in the result while it is on the left and is
 * (INTERSECT) or is not (EXCEPT) on the right. What changes that is given as it happens; `final`
 * gives what is in the result at the end, in the order of first rows on the left.
 */
#include "engine/op/key.h"
#include "engine/op/order.h"
#include "engine/op/result.h"
#include "engine/op/time_join.h"
#include "engine/query_private.h"

struct sides {
    int64_t rows[2];
    uint64_t place; /* of the first row on the left, in the order of rows */
};

struct set_operation {
    struct key_set key;
    struct state_table *sides;
    bool except, final;
    struct column *blank;
    struct time_join time;
    uint64_t next_place;
    uint32_t id[BATCH_ROWS];
    uint16_t row[BATCH_ROWS];
    uint16_t sel[BATCH_ROWS];
    int8_t change[BATCH_ROWS];
};

static bool set_operation_open(struct op *op, const struct plan *plan, struct err *e) {
    struct set_operation *s = op->state;
    struct arena *a = op->arena;
    uint32_t *col = ARENA_ARRAY(a, col, plan->schema->cols);
    s->blank = result_blank(plan->schema, a);
    if (!col || !s->blank) return err_memory(e);
    for (uint32_t c = 0; c < plan->schema->cols; c++) col[c] = c;
    if (!key_set_open(&s->key, plan->schema, plan->schema->cols, col, a)) return err_memory(e);
    s->except = plan->as.set_operation.except;
    s->final = plan->as.set_operation.final;
    time_join_init(&s->time);
    struct state_options o = {.key_bytes = s->key.key_bytes, .value_bytes = sizeof(struct sides)};
    s->sides = state_table_create(op->keyed, &o, e);
    return s->sides != NULL;
}

static bool is_in(const struct set_operation *s, const struct sides *x) {
    return x->rows[0] > 0 && (x->rows[1] > 0) != s->except;
}

/* Counts one row of a side; what it changes: +I, -D, or nothing (CHANGE_BEFORE). */
static int8_t row_count(struct set_operation *s, uint32_t port, const struct batch *in,
                        uint32_t row, uint32_t id) {
    struct sides *x = state_value(s->sides, id);
    bool before = is_in(s, x);
    bool retracts = change_is_retraction(batch_change(in, row));
    if (port == 0 && !retracts && x->rows[0] == 0) x->place = s->next_place++;
    x->rows[port] += retracts ? -1 : 1;
    bool now = is_in(s, x);
    if (before == now) return CHANGE_BEFORE;
    return now ? CHANGE_INSERT : CHANGE_DELETE;
}

static void ids_sweep(struct set_operation *s, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (!state_is_live(s->sides, s->id[i])) continue;
        const struct sides *x = state_value(s->sides, s->id[i]);
        if (x->rows[0] == 0 && x->rows[1] == 0) state_remove(s->sides, s->id[i]);
    }
}

static bool set_operation_push(struct op *op, uint32_t port, const struct batch *in,
                               struct err *e) {
    struct set_operation *s = op->state;
    struct state_keys keys;
    struct key_rows rows = {.in = in, .row = s->row, .count = in->live};
    for (uint32_t i = 0; i < in->live; i++) s->row[i] = (uint16_t)batch_row(in, i);
    if (!key_set_make(&s->key, &rows, op->batch_arena, &keys)) return err_memory(e);
    if (!state_upsert(s->sides, &keys, s->id, e)) return false;

    struct batch out = *in;
    out.schema = op->plan->schema;
    out.sel = s->sel;
    out.live = 0;
    bool deletes = false;
    for (uint32_t i = 0; i < in->live; i++) {
        int8_t kind = row_count(s, port, in, s->row[i], s->id[i]);
        if (kind == CHANGE_BEFORE) continue;
        s->change[s->row[i]] = kind;
        s->sel[out.live++] = s->row[i];
        deletes = deletes || kind == CHANGE_DELETE;
    }
    if (in->change) ids_sweep(s, in->live);
    if (!time_join_batch(&s->time, op, port, &out, e)) return false;
    if (s->final) return result_time(op, s->blank, &out, 0, out.rows, e);
    out.change = deletes ? s->change : NULL;
    return op_emit(op, &out, e);
}

/* What is in the result at the end. */
static bool rows_give(struct op *op, const struct mark *m, int64_t passed_us, struct err *e) {
    struct set_operation *s = op->state;
    struct arena *a = op->batch_arena;
    struct order_item *item = arena_alloc(a, s->sides->count * sizeof *item);
    if (!item) return err_memory(e);
    uint32_t count = 0, step = op->query->options.batch_rows;
    for (uint32_t id = 0; id < s->sides->used; id++) {
        if (!state_is_live(s->sides, id)) continue;
        const struct sides *x = state_value(s->sides, id);
        if (is_in(s, x)) item[count++] = (struct order_item){.ordinal = x->place, .id = id};
    }
    if (!order_sort(item, count, a)) return err_memory(e);
    for (uint32_t from = 0; from < count; from += step) {
        uint32_t n = count - from < step ? count - from : step;
        struct arena_mark mark = arena_mark(a);
        struct column_builder *b = result_open(op, n, e);
        if (!b) return false;
        for (uint32_t i = 0; i < n; i++) s->id[i] = item[from + i].id;
        if (!key_set_read(&s->key, s->sides, s->id, n, b)) return err_memory(e);
        struct batch head = {.rows = n, .first = *m};
        head.first.watermark_us = passed_us;
        if (!result_emit_at(op, b, &head, e)) return false;
        arena_rewind(a, mark);
    }
    return true;
}

static bool set_operation_flush(struct op *op, uint32_t port, const struct mark *m, struct err *e) {
    struct set_operation *s = op->state;
    int64_t passed_us = s->time.passed_us;
    struct mark out = time_join_mark(&s->time, op, port, m);
    bool ends = passed_us != TIME_END_US && out.watermark_us == TIME_END_US;
    if (s->final && ends && !rows_give(op, m, passed_us, e)) return false;
    return op_pass_flush(op, port, &out, e);
}

static void set_operation_close(struct op *op) {
    struct set_operation *s = op->state;
    state_table_destroy(s->sides);
}

static bool set_operation_save(struct op *op, struct buf *out, struct err *e) {
    struct set_operation *s = op->state;
    buf_add(out, &s->time, sizeof s->time);
    buf_add(out, &s->next_place, sizeof s->next_place);
    return state_table_save(s->sides, out, e);
}

static bool set_operation_load(struct op *op, struct text saved, struct err *e) {
    struct set_operation *s = op->state;
    uint32_t head = sizeof s->time + sizeof s->next_place;
    if (saved.bytes < head) {
        return err_set(e, ERR_CORRUPT, "XX001", "the saved state of a SetOperation is damaged");
    }
    memcpy(&s->time, saved.at, sizeof s->time);
    memcpy(&s->next_place, saved.at + sizeof s->time, sizeof s->next_place);
    struct text rest = {.at = saved.at + head, .bytes = saved.bytes - head};
    return state_table_load(s->sides, &rest, e);
}

const struct op_type op_set_operation = {
    .name = "SetOperation",
    .state_bytes = sizeof(struct set_operation),
    .open = set_operation_open,
    .push = set_operation_push,
    .flush = set_operation_flush,
    .close = set_operation_close,
    .save = set_operation_save,
    .load = set_operation_load,
};
