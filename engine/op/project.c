/* project.c: computes expressions; rows for which one fails leave as bad rows. */
#include <assert.h>

#include "engine/op.h"
#include "engine/op/pairs.h"
#include "engine/query_private.h"

struct project {
    struct program *program;
    struct pairs pairs;
};

static bool project_open(struct op *op, const struct plan *plan, struct err *e) {
    struct project *p = op->state;
    p->program =
        program_create(&(struct program_options){.expr = plan->as.project.expr,
                                                 .exprs = plan->schema->cols,
                                                 .input = plan->input[0]->schema,
                                                 .arena = op->arena,
                                                 .seed = op->query->options.seed + plan->id,
                                                 .env = op->query->options.env},
                       e);
    pairs_init(&p->pairs, op);
    return p->program != NULL;
}

static bool project_push(struct op *op, uint32_t port, const struct batch *in, struct err *e) {
    struct project *p = op->state;
    (void)port;
    struct program_result r;
    if (!program_run(p->program, in, op->batch_arena, &r, e)) return false;
    if (r.failures > 0 && !op_bad(op, in, &r, e)) return false;
    assert(r.live + r.failures == in->live);

    struct batch out = *in;
    out.schema = op->plan->schema;
    out.col = r.col;
    out.sel = r.sel;
    out.live = r.live;
    return in->change ? pairs_emit(&p->pairs, in, &out, e) : op_emit(op, &out, e);
}

static bool project_flush(struct op *op, uint32_t port, const struct mark *m, struct err *e) {
    struct project *p = op->state;
    return pairs_flush(&p->pairs, e) && op_pass_flush(op, port, m, e);
}

static void project_close(struct op *op) {
    struct project *p = op->state;
    program_close(p->program);
    pairs_done(&p->pairs);
}

static bool project_save(struct op *op, struct buf *out, struct err *e) {
    struct project *p = op->state;
    return program_save(p->program, out) || err_memory(e);
}

static bool project_load(struct op *op, struct text saved, struct err *e) {
    struct project *p = op->state;
    return program_load(p->program, saved, e);
}

const struct op_type op_project = {
    .name = "Project",
    .state_bytes = sizeof(struct project),
    .open = project_open,
    .push = project_push,
    .flush = project_flush,
    .close = project_close,
    .save = project_save,
    .load = project_load,
};
