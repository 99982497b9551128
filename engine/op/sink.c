/* sink.c: the end of the pipeline: rows and time go to the query's output. */
#include "engine/query_private.h"

static bool sink_push(struct op *op, uint32_t port, const struct batch *in, struct err *e) {
    (void)port;
    op->rows_out += in->live;
    return query_give(op->query, in, e);
}

static bool sink_flush(struct op *op, uint32_t port, const struct mark *m, struct err *e) {
    (void)port;
    return query_give_mark(op->query, m, e);
}

const struct op_type op_sink = {
    .name = "Sink",
    .push = sink_push,
    .flush = sink_flush,
    .close = op_close_nothing,
};
