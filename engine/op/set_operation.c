/* set_operation.c: INTERSECT and EXCEPT, without duplicates.
 *
 * Each different row is counted on both sides; it is in the result while it is on the left and is
 * (INTERSECT) or is not (EXCEPT) on the right. What changes that is given as it happens; `final`
 * gives what is in the result at the end, in the order of first rows on the left. A row comes at
 * the time that both sides have reached.
 *
 * Saved: the time of both sides, the rows.
 */
#include <string.h>

#include "engine/op/result.h"
#include "engine/op/row_set.h"
#include "engine/op/time_join.h"

struct set_operation {
    struct row_set rows;
    bool final;
    struct column *blank;
    struct time_join time;
};

static bool set_operation_open(struct op *op, const struct plan *plan, struct err *e) {
    struct set_operation *s = op->state;
    const struct plan_set_operation *p = &plan->as.set_operation;
    s->final = p->final;
    time_join_init(&s->time);
    s->blank = result_blank(plan->schema, op->arena);
    if (!s->blank) return err_memory(e);
    enum row_set_kind kind = p->except ? ROW_SET_EXCEPT : ROW_SET_INTERSECT;
    return row_set_open(&s->rows, op, kind, p->final, e);
}

static bool part_push(struct op *op, uint32_t port, const struct batch *in, struct err *e) {
    struct set_operation *s = op->state;
    struct batch out;
    if (!row_set_count(&s->rows, op, port, in, &out, e)) return false;
    if (s->final) return result_time(op, s->blank, &out, 0, out.rows, e);
    return op_emit(op, &out, e);
}

static bool set_operation_push(struct op *op, uint32_t port, const struct batch *in,
                               struct err *e) {
    struct set_operation *s = op->state;
    struct batch rows = *in;
    if (!time_join_batch(&s->time, op, port, &rows, e)) return false;
    return age_push_parts(&s->rows.age, op, port, &rows, part_push, e);
}

static bool set_operation_flush(struct op *op, uint32_t port, const struct mark *m, struct err *e) {
    struct set_operation *s = op->state;
    struct mark at = *m;
    at.watermark_us = s->time.passed_us;
    struct mark out = time_join_mark(&s->time, op, port, m);
    bool ends = at.watermark_us != TIME_END_US && out.watermark_us == TIME_END_US;
    if (s->final && ends && !row_set_give(&s->rows, op, &at, e)) return false;
    return op_pass_flush(op, port, &out, e);
}

static void set_operation_close(struct op *op) {
    struct set_operation *s = op->state;
    row_set_close(&s->rows);
}

static bool set_operation_save(struct op *op, struct buf *out, struct err *e) {
    struct set_operation *s = op->state;
    buf_add(out, &s->time, sizeof s->time);
    return row_set_save(&s->rows, out, e);
}

static bool set_operation_load(struct op *op, struct text saved, struct err *e) {
    struct set_operation *s = op->state;
    uint32_t head = sizeof s->time;
    if (saved.bytes < head) {
        return err_set(e, ERR_CORRUPT, "XX001", "the saved state of a SetOperation is damaged");
    }
    memcpy(&s->time, saved.at, head);
    struct text rest = {.at = saved.at + head, .bytes = saved.bytes - head};
    return row_set_load(&s->rows, rest, e);
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
