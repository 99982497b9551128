/* scan.c: an input of the query: rows as the query hands them in, time as the input says it. */
#include "engine/op.h"

static bool scan_push(struct op *op, uint32_t port, const struct batch *in, struct err *e) {
    (void)port;
    return op_emit(op, in, e);
}

const struct op_type op_scan = {
    .name = "Scan",
    .push = scan_push,
    .flush = op_pass_flush,
    .close = op_close_nothing,
};
