/* op.c: the table of operators, and the only calls of their slots.
 *
 * What every operator may rely on is checked here once: a batch fits its schema, live rows are
 * rows, time does not go back within a batch.
 */
#include "engine/op.h"

#include <assert.h>
#include <string.h>

#include "engine/base/fn_errors.h"
#include "engine/op_table.h"
#include "engine/query_private.h"
#include "engine/worker.h"

#define X(KIND, name, text) extern const struct op_type op_##name;
PLAN_LIST(X)
#undef X

#define X(KIND, name, text) [PLAN_##KIND] = &op_##name,
static const struct op_type *const op_types[PLAN_COUNT] = {PLAN_LIST(X)};
#undef X

const struct op_type *op_type_of(enum plan_kind kind) {
    assert(kind < PLAN_COUNT);
    return op_types[kind];
}

bool op_push(struct op *op, uint32_t port, const struct batch *in, struct err *e) {
    assert(port < 2 && in->rows <= BATCH_ROWS && in->live <= in->rows);
    assert(!in->ordinal || in->rows == 0 || in->ordinal[0] <= in->ordinal[in->rows - 1]);
    assert(in->rows == 0 || batch_watermark(in, 0) <= batch_watermark(in, in->rows - 1));
    op->rows_in += in->live;
    return op->type->push(op, port, in, e);
}

bool op_flush(struct op *op, uint32_t port, const struct mark *m, struct err *e) {
    assert(port < 2);
    return op->type->flush(op, port, m, e);
}

bool op_emit(struct op *op, const struct batch *b, struct err *e) {
    assert(op->next && b->schema->cols == op->plan->schema->cols);
    op->rows_out += b->live;
    return op_push(op->next, op->next_port, b, e);
}

bool op_pass_flush(struct op *op, uint32_t port, const struct mark *m, struct err *e) {
    (void)port;
    assert(op->next);
    return op_flush(op->next, op->next_port, m, e);
}

void op_close_nothing(struct op *op) {
    assert(op->type);
}

/* Rows that were not taken are gathered: each worker has a list of its own. */
static bool reject(struct op *op, const struct reject *x, struct err *e) {
    struct query *q = op->query;
    if (op->worker) return rejects_add(&op->worker->rejects, x, e);
    query_stop_at(q, x);
    return rejects_add(&q->rejects, x, e);
}

/* Do the operator's rows still stand for rows of an input, or are they results? */
static bool rows_are_results(const struct plan *p) {
    while (p->inputs > 0) {
        bool keeps = p->kind == PLAN_FILTER || p->kind == PLAN_PROJECT || p->kind == PLAN_WINDOW ||
                     p->kind == PLAN_LIMIT || p->kind == PLAN_UNION || p->kind == PLAN_INFER ||
                     p->kind == PLAN_UNNEST || p->kind == PLAN_TRAIN || p->kind == PLAN_SINK;
        if (!keeps) return true;
        p = p->input[0];
    }
    return p->kind != PLAN_SCAN;
}

bool op_late(struct op *op, uint64_t ordinal, int64_t watermark_us, uint32_t missed,
             struct err *e) {
    assert(missed > 0);
    struct reject x = {.key = {.ordinal = ordinal},
                       .plan = op->plan->id,
                       .late = true,
                       .own = !rows_are_results(op->plan->input[0]),
                       .watermark_us = watermark_us,
                       .missed = missed};
    return reject(op, &x, e);
}

bool op_bad(struct op *op, const struct batch *b, const struct program_result *r, struct err *e) {
    bool result = rows_are_results(op->plan->inputs > 0 ? op->plan->input[0] : op->plan);
    for (uint32_t i = 0; i < r->failures; i++) {
        const struct row_failure *f = &r->failure[i];
        if (change_is_retraction(batch_change(b, f->row))) continue; /* told when it came */
        struct reject x = {.key = {.ordinal = batch_ordinal(b, f->row)},
                           .plan = op->plan->id,
                           .result = result,
                           .message = f->message};
        memcpy(x.sqlstate, f->sqlstate, sizeof x.sqlstate);
        if (!reject(op, &x, e)) return false;
    }
    return true;
}

bool op_bad_result(struct op *op, const struct merge_key *key, const struct fn_failure *f,
                   struct err *e) {
    struct reject x = {.key = *key, .plan = op->plan->id, .result = true, .message = f->message};
    memcpy(x.sqlstate, f->sqlstate, sizeof x.sqlstate);
    return reject(op, &x, e);
}
