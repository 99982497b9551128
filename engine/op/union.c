/* union.c: UNION ALL: the rows of two inputs as they come, which is the order of their ordinals;
 * only their time is joined.
 */
#include <assert.h>
#include <string.h>

#include "engine/op/time_join.h"

static bool union_open(struct op *op, const struct plan *plan, struct err *e) {
    (void)e;
    assert(plan->inputs == 2 && plan->input[0]->schema->cols == plan->schema->cols);
    time_join_init(op->state);
    return true;
}

static bool union_push(struct op *op, uint32_t port, const struct batch *in, struct err *e) {
    struct batch out = *in;
    out.schema = op->plan->schema;
    return time_join_batch(op->state, op, port, &out, e) && op_emit(op, &out, e);
}

static bool union_flush(struct op *op, uint32_t port, const struct mark *m, struct err *e) {
    struct mark out = time_join_mark(op->state, op, port, m);
    return op_pass_flush(op, port, &out, e);
}

static bool union_save(struct op *op, struct buf *out, struct err *e) {
    buf_add(out, op->state, sizeof(struct time_join));
    return !out->failed || err_memory(e);
}

static bool union_load(struct op *op, struct text saved, struct err *e) {
    if (saved.bytes != sizeof(struct time_join)) {
        return err_set(e, ERR_CORRUPT, "XX001", "the saved state of a Union is damaged");
    }
    memcpy(op->state, saved.at, saved.bytes);
    return true;
}

const struct op_type op_union = {
    .name = "Union",
    .state_bytes = sizeof(struct time_join),
    .open = union_open,
    .push = union_push,
    .flush = union_flush,
    .close = op_close_nothing,
    .save = union_save,
    .load = union_load,
};
