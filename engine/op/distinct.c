/* distinct.c: SELECT DISTINCT: each different row once, at its first appearance.
 *
 * Where rows are taken back, a different row leaves when none is left; `final` then means that what
 * is left comes at the end, in the order of first rows.
 *
 * Saved: the watermark 8, the rows.
 */
#include <string.h>

#include "engine/op/result.h"
#include "engine/op/row_set.h"

struct distinct {
    struct row_set rows;
    bool waits; /* gives its rows at the end */
    struct column *blank;
    int64_t passed_us; /* the watermark before the last row */
};

static bool distinct_open(struct op *op, const struct plan *plan, struct err *e) {
    struct distinct *d = op->state;
    bool final = plan->as.distinct.final;
    d->passed_us = TIME_MIN_US;
    d->waits = final && plan->input[0]->changes;
    d->blank = result_blank(plan->schema, op->arena);
    if (!d->blank) return err_memory(e);
    return row_set_open(&d->rows, op, ROW_SET_UNION, final, e);
}

static bool part_push(struct op *op, uint32_t port, const struct batch *in, struct err *e) {
    struct distinct *d = op->state;
    struct batch out;
    if (!row_set_count(&d->rows, op, port, in, &out, e)) return false;
    if (in->rows > 0) d->passed_us = batch_watermark(in, in->rows - 1);
    if (d->waits) return result_time(op, d->blank, in, 0, in->rows, e);
    return op_emit(op, &out, e);
}

static bool distinct_push(struct op *op, uint32_t port, const struct batch *in, struct err *e) {
    struct distinct *d = op->state;
    return age_push_parts(&d->rows.age, op, port, in, part_push, e);
}

static bool distinct_flush(struct op *op, uint32_t port, const struct mark *m, struct err *e) {
    struct distinct *d = op->state;
    struct mark at = *m;
    at.watermark_us = d->passed_us;
    bool give = d->waits && m->watermark_us == TIME_END_US;
    return (!give || row_set_give(&d->rows, op, &at, e)) && op_pass_flush(op, port, m, e);
}

static void distinct_close(struct op *op) {
    struct distinct *d = op->state;
    row_set_close(&d->rows);
}

static bool distinct_save(struct op *op, struct buf *out, struct err *e) {
    struct distinct *d = op->state;
    buf_add(out, &d->passed_us, sizeof d->passed_us);
    return row_set_save(&d->rows, out, e);
}

static bool distinct_load(struct op *op, struct text saved, struct err *e) {
    struct distinct *d = op->state;
    uint32_t head = sizeof d->passed_us;
    if (saved.bytes < head) {
        return err_set(e, ERR_CORRUPT, "XX001", "the saved state of a Distinct is damaged");
    }
    memcpy(&d->passed_us, saved.at, head);
    struct text at = {.at = saved.at + head, .bytes = saved.bytes - head};
    return row_set_load(&d->rows, at, e);
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
