/* distinct.c: SELECT DISTINCT: each different row once, at its first appearance.
 *
 * Without retractions nothing is copied: the selection narrows to rows not seen before. Where rows
 * are taken back, each different row is counted; it leaves when none is left. `final` then means
 * that what is left comes at the end, in the order of first rows.
 */
#include <string.h>

#include "engine/op/key.h"
#include "engine/op/order.h"
#include "engine/op/result.h"
#include "engine/query_private.h"

struct seen {
    int64_t rows;
    uint64_t place; /* of the first, in the order of rows */
};

struct distinct {
    struct key_set key;
    struct state_table *seen;
    bool waits; /* gives its rows at the end */
    uint64_t next_place;
    struct column *blank;
    int64_t passed_us; /* waits: the watermark before the last row */
    uint32_t id[BATCH_ROWS];
    uint16_t row[BATCH_ROWS];
    uint16_t sel[BATCH_ROWS];
    int8_t change[BATCH_ROWS];
};

static bool distinct_open(struct op *op, const struct plan *plan, struct err *e) {
    struct distinct *d = op->state;
    struct arena *a = op->arena;
    uint32_t *col = ARENA_ARRAY(a, col, plan->schema->cols);
    d->blank = result_blank(plan->schema, a);
    if (!col || !d->blank) return err_memory(e);
    for (uint32_t c = 0; c < plan->schema->cols; c++) col[c] = c;
    if (!key_set_open(&d->key, plan->input[0]->schema, plan->schema->cols, col, a)) {
        return err_memory(e);
    }
    d->passed_us = TIME_MIN_US;
    d->waits = plan->as.distinct.final && plan->input[0]->changes;
    struct state_options o = {.key_bytes = d->key.key_bytes, .value_bytes = sizeof(struct seen)};
    d->seen = state_table_create(op->keyed, &o, e);
    return d->seen != NULL;
}

/* Counts one row; returns whether its value came (+I), went (-D), or neither (CHANGE_BEFORE). */
static int8_t row_count(struct distinct *d, const struct batch *in, uint32_t row, uint32_t id) {
    struct seen *s = state_value(d->seen, id);
    if (change_is_retraction(batch_change(in, row))) {
        return --s->rows == 0 ? CHANGE_DELETE : CHANGE_BEFORE;
    }
    if (s->rows++ != 0) return CHANGE_BEFORE;
    s->place = d->next_place++;
    return CHANGE_INSERT;
}

/* Values that no row has any more are forgotten. */
static void ids_sweep(struct distinct *d, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (!state_is_live(d->seen, d->id[i])) continue;
        const struct seen *s = state_value(d->seen, d->id[i]);
        if (s->rows == 0) state_remove(d->seen, d->id[i]);
    }
}

static bool distinct_push(struct op *op, uint32_t port, const struct batch *in, struct err *e) {
    struct distinct *d = op->state;
    (void)port;
    struct state_keys keys;
    struct key_rows rows = {.in = in, .row = d->row, .count = in->live};
    for (uint32_t i = 0; i < in->live; i++) d->row[i] = (uint16_t)batch_row(in, i);
    if (!key_set_make(&d->key, &rows, op->batch_arena, &keys)) return err_memory(e);
    if (!state_upsert(d->seen, &keys, d->id, e)) return false;

    struct batch out = *in;
    out.schema = op->plan->schema;
    out.sel = d->sel;
    out.live = 0;
    bool deletes = false;
    for (uint32_t i = 0; i < in->live; i++) {
        int8_t kind = row_count(d, in, d->row[i], d->id[i]);
        if (kind == CHANGE_BEFORE) continue;
        d->change[d->row[i]] = kind;
        d->sel[out.live++] = d->row[i];
        deletes = deletes || kind == CHANGE_DELETE;
    }
    if (in->change) ids_sweep(d, in->live);
    if (in->rows > 0) d->passed_us = batch_watermark(in, in->rows - 1);
    if (d->waits) return result_time(op, d->blank, in, 0, in->rows, e);
    out.change = deletes ? d->change : NULL;
    return op_emit(op, &out, e);
}

/* What is left, at the end. */
static bool rows_give(struct op *op, const struct mark *m, struct err *e) {
    struct distinct *d = op->state;
    struct arena *a = op->batch_arena;
    struct order_item *item = arena_alloc(a, d->seen->count * sizeof *item);
    if (!item) return err_memory(e);
    uint32_t count = 0, step = op->query->options.batch_rows;
    for (uint32_t id = 0; id < d->seen->used; id++) {
        if (!state_is_live(d->seen, id)) continue;
        const struct seen *s = state_value(d->seen, id);
        if (s->rows > 0) item[count++] = (struct order_item){.ordinal = s->place, .id = id};
    }
    if (!order_sort(item, count, a)) return err_memory(e);
    for (uint32_t from = 0; from < count; from += step) {
        uint32_t n = count - from < step ? count - from : step;
        struct arena_mark mark = arena_mark(a);
        struct column_builder *b = result_open(op, n, e);
        if (!b) return false;
        for (uint32_t i = 0; i < n; i++) d->id[i] = item[from + i].id;
        if (!key_set_read(&d->key, d->seen, d->id, n, b)) return err_memory(e);
        struct batch head = {.rows = n, .first = *m};
        head.first.watermark_us = d->passed_us;
        if (!result_emit_at(op, b, &head, e)) return false;
        arena_rewind(a, mark);
    }
    return true;
}

static bool distinct_flush(struct op *op, uint32_t port, const struct mark *m, struct err *e) {
    struct distinct *d = op->state;
    bool give = d->waits && m->watermark_us == TIME_END_US;
    return (!give || rows_give(op, m, e)) && op_pass_flush(op, port, m, e);
}

static void distinct_close(struct op *op) {
    struct distinct *d = op->state;
    state_table_destroy(d->seen);
}

/* Saved: the watermark 8, the next place 8, the table. */
static bool distinct_save(struct op *op, struct buf *out, struct err *e) {
    struct distinct *d = op->state;
    buf_add(out, &d->passed_us, sizeof d->passed_us);
    buf_add(out, &d->next_place, sizeof d->next_place);
    return state_table_save(d->seen, out, e);
}

static bool distinct_load(struct op *op, struct text saved, struct err *e) {
    struct distinct *d = op->state;
    uint32_t head = sizeof d->passed_us + sizeof d->next_place;
    if (saved.bytes < head) {
        return err_set(e, ERR_CORRUPT, "XX001", "the saved state of a Distinct is damaged");
    }
    memcpy(&d->passed_us, saved.at, sizeof d->passed_us);
    memcpy(&d->next_place, saved.at + sizeof d->passed_us, sizeof d->next_place);
    struct text at = {.at = saved.at + head, .bytes = saved.bytes - head};
    return state_table_load(d->seen, &at, e);
}

const struct op_type op_distinct = {
    .name = "Distinct",
    .state_bytes = sizeof(struct distinct),
    .open = distinct_open,
    .push = distinct_push,
    .flush = distinct_flush,
    .close = distinct_close,
    .save = distinct_save,
    .load = distinct_load,
};
