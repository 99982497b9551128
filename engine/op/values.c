/* values.c: constant rows. They come before all others, at the beginning of time; the query asks
 * for them with a flush.
 */
#include <assert.h>

#include "engine/base/builder.h"
#include "engine/op/result.h"
#include "engine/query_private.h"

static const struct schema no_columns;

/* A row of literals needs no program. false: it is none. */
static bool constants_append(const struct plan *plan, uint32_t row, struct column_builder *to) {
    uint32_t cols = plan->schema->cols;
    const struct expr *const *expr = plan->as.values.expr + (size_t)row * cols;
    for (uint32_t c = 0; c < cols; c++) {
        if (expr[c]->kind != EXPR_CONSTANT) return false;
    }
    for (uint32_t c = 0; c < cols; c++) builder_copy(&to[c], expr[c]->constant, 0);
    return true;
}

/* Computes one row and appends it to `to`, or reports it. */
static bool row_append(struct op *op, uint32_t row, int64_t now_us, struct column_builder *to,
                       struct err *e) {
    uint32_t cols = op->plan->schema->cols;
    struct program_options o = {.expr = op->plan->as.values.expr + (size_t)row * cols,
                                .exprs = cols,
                                .input = &no_columns,
                                .arena = op->batch_arena,
                                .seed = op->query->options.seed + op->plan->id + row,
                                .rows_max = 1,

                                .env = op->query->options.env};
    struct program *p = program_create(&o, e);
    if (!p) return false;
    struct batch in = {.schema = &no_columns,
                       .rows = 1,
                       .live = 1,
                       .first = {.watermark_us = TIME_MIN_US, .proctime_us = now_us}};
    struct program_result r;
    bool done = program_run(p, &in, op->batch_arena, &r, e);
    if (done && r.failures > 0) done = op_bad(op, &in, &r, e);
    for (uint32_t c = 0; done && r.live > 0 && c < cols; c++) builder_copy(&to[c], &r.col[c], 0);
    program_close(p);
    return done;
}

static bool rows_emit(struct op *op, uint32_t from, uint32_t to, int64_t now_us, struct err *e) {
    struct column_builder *b = result_open(op, to - from, e);
    if (!b) return false;
    for (uint32_t i = from; i < to; i++) {
        if (constants_append(op->plan, i, b)) continue;
        if (!row_append(op, i, now_us, b, e)) return false;
    }
    uint64_t *ordinal = ARENA_ARRAY(op->batch_arena, ordinal, to - from); /* before every input */
    if (!ordinal) return err_memory(e);
    struct batch head = {.rows = to - from,
                         .ordinal = ordinal,
                         .first = {.watermark_us = TIME_MIN_US, .proctime_us = now_us}};
    return result_emit(op, b, &head, e);
}

static bool values_push(struct op *op, uint32_t port, const struct batch *in, struct err *e) {
    (void)port;
    (void)in;
    assert(op->plan->inputs == 0);
    return err_set(e, ERR_SQL, "XX000", "constant rows take no input");
}

static bool values_flush(struct op *op, uint32_t port, const struct mark *m, struct err *e) {
    uint32_t rows = op->plan->as.values.rows, step = op->query->options.batch_rows;
    for (uint32_t from = 0; from < rows; from += step) {
        uint32_t to = rows - from < step ? rows : from + step;
        struct arena_mark mark = arena_mark(op->batch_arena);
        if (!rows_emit(op, from, to, m->proctime_us, e)) return false;
        arena_rewind(op->batch_arena, mark);
    }
    return op_pass_flush(op, port, m, e);
}

const struct op_type op_values = {
    .name = "Values",
    .push = values_push,
    .flush = values_flush,
    .close = op_close_nothing,
};
