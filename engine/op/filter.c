/* filter.c: keeps the rows for which a predicate is true.
 *
 * No value is copied: the selection narrows. Of a changelog, an update of which only one half
 * passes becomes a deletion or an insertion.
 */
#include <assert.h>
#include <string.h>

#include "engine/op.h"
#include "engine/op/pairs.h"
#include "engine/query_private.h"

struct filter {
    struct program *predicate;
    struct pairs pairs;
    uint16_t sel[BATCH_ROWS];
};

static bool filter_open(struct op *op, const struct plan *plan, struct err *e) {
    struct filter *f = op->state;
    f->predicate =
        program_create(&(struct program_options){.expr = &plan->as.filter.predicate,
                                                 .exprs = 1,
                                                 .input = plan->input[0]->schema,
                                                 .arena = op->arena,
                                                 .seed = op->query->options.seed + plan->id,
                                                 .env = op->query->options.env},
                       e);
    pairs_init(&f->pairs, op);
    return f->predicate != NULL;
}

static bool filter_push(struct op *op, uint32_t port, const struct batch *in, struct err *e) {
    struct filter *f = op->state;
    (void)port;
    struct program_result r;
    if (!program_select(f->predicate, in, op->batch_arena, f->sel, &r, e)) return false;
    if (r.failures > 0 && !op_bad(op, in, &r, e)) return false;
    assert(r.live <= in->live);

    struct batch out = *in;
    out.sel = r.sel;
    out.live = r.live;
    return in->change ? pairs_emit(&f->pairs, in, &out, e) : op_emit(op, &out, e);
}

static bool filter_flush(struct op *op, uint32_t port, const struct mark *m, struct err *e) {
    struct filter *f = op->state;
    return pairs_flush(&f->pairs, e) && op_pass_flush(op, port, m, e);
}

static void filter_close(struct op *op) {
    struct filter *f = op->state;
    program_close(f->predicate);
    pairs_done(&f->pairs);
}

static bool filter_save(struct op *op, struct buf *out, struct err *e) {
    struct filter *f = op->state;
    return program_save(f->predicate, out) || err_memory(e);
}

static bool filter_load(struct op *op, struct text saved, struct err *e) {
    struct filter *f = op->state;
    return program_load(f->predicate, saved, e);
}

const struct op_type op_filter = {
    .name = "Filter",
    .state_bytes = sizeof(struct filter),
    .open = filter_open,
    .push = filter_push,
    .flush = filter_flush,
    .close = filter_close,
    .save = filter_save,
    .load = filter_load,
};
