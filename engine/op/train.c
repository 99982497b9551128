/* train.c: Train: the rows teach a model; a row comes out for each version that it publishes.
 *
 * A row with a NULL in it teaches nothing. The trainer buffers, shuffles and publishes as its
 * options say, by the order of rows alone. When the input ends it may want all rows once more: then
 * it waits with the model, and the query says so (query_again).
 */
#include <string.h>

#include "engine/op/result.h"
#include "engine/query_private.h"
#include "engine/shared_model.h"

enum { PROGRESS_MAX = 256 }; /* versions told at a time */

struct train {
    struct shared_model *shared;
    struct model_trainer *trainer;
    struct model_listener listener;
    const void *source;
    uint64_t source_before;
    bool repeats; /* not the first epoch: its rows have no place among those that are asked for */
    const struct batch *in; /* being learnt */
    const uint16_t *row;    /* of it */
    struct mark now;        /* of what is told */
    struct model_progress progress[PROGRESS_MAX];
    uint32_t told;
};

/* What was told goes on as rows. */
static bool emit_progress(struct op *op, struct err *e) {
    struct train *t = op->state;
    uint32_t rows = t->told;
    t->told = 0;
    if (rows == 0) return true;
    struct column_builder *b = result_open(op, rows, e);
    if (!b) return false;
    for (uint32_t i = 0; i < rows; i++) {
        const struct model_progress *p = &t->progress[i];
        builder_i64(&b[0], t->now.proctime_us);
        builder_i64(&b[1], (int64_t)p->rows);
        builder_f64(&b[2], p->loss);
        if (p->accuracy == p->accuracy) {
            builder_f64(&b[3], p->accuracy);
        } else {
            builder_null(&b[3]);
        }
        builder_f64(&b[4], p->learning_rate);
        builder_i64(&b[5], (int64_t)p->version);
    }
    struct batch head = {.rows = rows, .first = t->now};
    return result_emit_at(op, b, &head, e);
}

static bool hear_progress(void *context, const struct model_progress *p, struct err *e) {
    struct op *op = context;
    struct train *t = op->state;
    if (t->told == PROGRESS_MAX && !emit_progress(op, e)) return false;
    t->progress[t->told++] = *p;
    return true;
}

static bool hear_bad(void *context, uint32_t i, const char *sqlstate, const char *message,
                     struct err *e) {
    struct op *op = context;
    struct train *t = op->state;
    assert(t->in && t->row);
    struct row_failure failure = {.row = t->row[i], .message = message};
    memcpy(failure.sqlstate, sqlstate, sizeof failure.sqlstate - 1);
    struct program_result r = {.failure = &failure, .failures = 1};
    return op_bad(op, t->in, &r, e);
}

static bool train_open(struct op *op, const struct plan *plan, struct err *e) {
    struct train *t = op->state;
    const struct query *q = op->query;
    t->shared = plan->as.train.model;
    t->listener =
        (struct model_listener){.context = op, .progress = hear_progress, .bad = hear_bad};
    if (q->plan->inputs == 1 && q->options.source) {
        t->source = q->options.source[0].what;
        t->source_before = q->options.source[0].before;
    }
    t->repeats = t->shared->trainer != NULL;
    t->trainer = shared_model_train(t->shared, t->source, &t->listener, e);
    return t->trainer != NULL;
}

static bool has_null(const struct batch *in, uint32_t row) {
    for (uint32_t c = 0; c < in->schema->cols; c++) {
        if (!column_has(&in->col[c], row)) return true;
    }
    return false;
}

static bool learn(struct op *op, const struct batch *in, struct err *e) {
    struct train *t = op->state;
    uint16_t *row = ARENA_ARRAY(op->batch_arena, row, in->live + 1);
    uint64_t *ordinal = ARENA_ARRAY(op->batch_arena, ordinal, in->live + 1);
    if (!row || !ordinal) return err_memory(e);
    struct model_rows rows = {.arg = in->col, .row = row, .ordinal = ordinal};
    for (uint32_t i = 0; i < in->live; i++) {
        uint16_t at = (uint16_t)batch_row(in, i);
        if (has_null(in, at)) continue;
        row[rows.rows] = at;
        ordinal[rows.rows++] =
            t->repeats ? UINT64_MAX - 1 : batch_ordinal(in, at) + t->source_before;
    }
    rows.proctime_us = t->now.proctime_us;
    t->in = in;
    t->row = row;
    bool done = rows.rows == 0 || t->shared->model->type->train(t->trainer, &rows, e);
    t->in = NULL;
    return done;
}

static bool train_push(struct op *op, uint32_t port, const struct batch *in, struct err *e) {
    struct train *t = op->state;
    (void)port;
    if (in->rows == 0) return true;
    uint32_t last = in->rows - 1;
    t->now = (struct mark){.ordinal = batch_ordinal(in, last),
                           .watermark_us = batch_watermark(in, last),
                           .proctime_us = batch_proctime(in, last)};
    if (!learn(op, in, e)) return false;
    return emit_progress(op, e);
}

static bool train_flush(struct op *op, uint32_t port, const struct mark *m, struct err *e) {
    struct train *t = op->state;
    if (m->watermark_us == TIME_END_US && t->trainer) {
        bool again = false;
        t->now = (struct mark){
            .ordinal = m->ordinal, .watermark_us = m->watermark_us, .proctime_us = m->proctime_us};
        bool done = t->shared->model->type->train_end(t->trainer, &again, e);
        if (!done || !emit_progress(op, e)) return false;
        shared_model_rest(t->shared, t->trainer, again);
        t->trainer = NULL;
        op->query->again = again;
    }
    return op_pass_flush(op, port, m, e);
}

static void train_close(struct op *op) {
    struct train *t = op->state;
    if (t->trainer) shared_model_rest(t->shared, t->trainer, false);
}

/* Whether it is not the first epoch, and the model itself: what that has learnt is the state. */
static bool train_save(struct op *op, struct buf *out, struct err *e) {
    struct train *t = op->state;
    buf_add_char(out, (char)t->repeats);
    return t->shared->saved_apart || t->shared->model->type->save(t->shared->model, out, e);
}

static bool train_load(struct op *op, struct text saved, struct err *e) {
    struct train *t = op->state;
    if (saved.bytes == 0) return err_set(e, ERR_CORRUPT, "XX001", "a saved Train is damaged");
    t->repeats = saved.at[0] != 0;
    struct text model = {.at = saved.at + 1, .bytes = saved.bytes - 1};
    return t->shared->saved_apart || t->shared->model->type->load(t->shared->model, model, e);
}

const struct op_type op_train = {
    .name = "Train",
    .state_bytes = sizeof(struct train),
    .open = train_open,
    .push = train_push,
    .flush = train_flush,
    .close = train_close,
    .save = train_save,
    .load = train_load,
};
