/* worker_merge.c: results of workers: copied where they arise, merged where they are waited for.
 *
 * Each worker's results are in the order of their keys already, so the merge looks at the first of
 * each. Results that a row caused come before the time of that row, as when one worker runs: rows
 * that only carry time stand between them in what is emitted.
 */
#include <assert.h>
#include <string.h>

#include "engine/op/result.h"
#include "engine/query_private.h"
#include "engine/worker_private.h"

enum { ROWS_MIN = 64 };

bool collect_open(struct worker *w) {
    w->out.col = ARENA_ARRAY(&w->arena, w->out.col, w->op.plan->schema->cols);
    return w->out.col != NULL;
}

void collect_reset(struct worker *w) {
    struct collected *c = &w->out;
    arena_reset(&c->arena);
    c->rows = c->capacity = 0;
}

static bool collect_reserve(struct worker *w, uint32_t more) {
    struct collected *c = &w->out;
    const struct schema *s = w->op.plan->schema;
    for (uint32_t i = 0; i < s->cols && c->capacity == 0; i++) {
        if (!builder_init(&c->col[i], &c->arena, s->col[i].type, more)) return false;
    }
    if (c->capacity - c->rows >= more && c->capacity > 0) return true;
    uint32_t room = c->rows + more > c->capacity * 2 ? c->rows + more : c->capacity * 2;
    if (room < ROWS_MIN) room = ROWS_MIN;
    struct merge_key *key = arena_alloc(&c->arena, room * sizeof *key);
    struct mark *at = arena_alloc(&c->arena, room * sizeof *at);
    int8_t *change = arena_alloc(&c->arena, room);
    if (!key || !at || !change) return false;
    if (c->rows > 0) {
        memcpy(key, c->key, c->rows * sizeof *key);
        memcpy(at, c->at, c->rows * sizeof *at);
        memcpy(change, c->change, c->rows);
    }
    c->key = key;
    c->at = at;
    c->change = change;
    c->capacity = room;
    return true;
}

static bool collect_push(struct op *op, uint32_t port, const struct batch *in, struct err *e) {
    struct worker *w = op->state;
    struct collected *c = &w->out;
    (void)port;
    if (in->live == 0) return true;
    assert(w->note);
    if (!collect_reserve(w, in->live)) return err_memory(e);
    for (uint32_t i = 0; i < in->live; i++) {
        uint32_t row = batch_row(in, i);
        c->key[c->rows] = w->note[row];
        c->at[c->rows] = (struct mark){.ordinal = batch_ordinal(in, row),
                                       .watermark_us = batch_watermark(in, row),
                                       .proctime_us = batch_proctime(in, row)};
        c->change[c->rows++] = batch_change(in, row);
    }
    for (uint32_t col = 0; col < in->schema->cols; col++) {
        for (uint32_t i = 0; i < in->live; i++) {
            builder_copy(&c->col[col], &in->col[col], batch_row(in, i));
        }
        if (c->col[col].failed) return err_memory(e);
    }
    return true;
}

static bool collect_flush(struct op *op, uint32_t port, const struct mark *m, struct err *e) {
    (void)op;
    (void)port;
    (void)m;
    (void)e;
    return true; /* the exchange passes it on, once */
}

const struct op_type op_collect = {
    .name = "Collect",
    .push = collect_push,
    .flush = collect_flush,
    .close = op_close_nothing,
};

bool merge_open(struct op *op) {
    struct worker_pool *pool = op->state;
    pool->blank = result_blank(op->plan->schema, op->arena);
    return pool->blank != NULL;
}

/* One row that is emitted: a worker's result, or (worker NULL) the time of a row of the batch. */
struct merged {
    const struct worker *worker;
    uint32_t row;
};

/* The merge as it goes on. */
struct merge {
    struct op *op;
    const struct batch *in;
    struct column **col; /* [workers] of their results */
    uint32_t *next;      /* [workers] */
    uint32_t time;       /* rows of the batch whose time has been told */
};

static bool merge_begin(struct merge *m, struct err *e) {
    struct worker_pool *pool = m->op->state;
    struct arena *a = m->op->batch_arena;
    uint32_t cols = m->op->plan->schema->cols;
    m->col = ARENA_ARRAY(a, m->col, pool->workers);
    m->next = ARENA_ARRAY(a, m->next, pool->workers);
    if (!m->col || !m->next) return err_memory(e);
    for (uint32_t i = 0; i < pool->workers; i++) {
        struct collected *c = &pool->worker[i].out;
        m->col[i] = ARENA_ARRAY(a, m->col[i], cols);
        if (!m->col[i]) return err_memory(e);
        for (uint32_t k = 0; k < cols && c->rows > 0; k++) {
            if (!builder_column(&c->col[k], &m->col[i][k])) return err_memory(e);
        }
    }
    return true;
}

/* The worker whose result is next; NULL: there is none. */
static struct worker *merge_first(const struct merge *m) {
    struct worker_pool *pool = m->op->state;
    struct worker *first = NULL;
    for (uint32_t i = 0; i < pool->workers; i++) {
        struct worker *w = &pool->worker[i];
        if (m->next[i] == w->out.rows) continue;
        if (first && merge_key_compare(&w->out.key[m->next[i]],
                                       &first->out.key[m->next[first->index]]) >= 0) {
            continue;
        }
        first = w;
    }
    return first;
}

static bool time_is_next(const struct merge *m, const struct worker *w) {
    if (!m->in || m->time == m->in->rows) return false;
    return !w || batch_ordinal(m->in, m->time) < w->out.key[m->next[w->index]].ordinal;
}

/* The next rows, at most `room` and no half of a pair; returns how many. */
static uint32_t merge_take(struct merge *m, struct merged *out, uint32_t room) {
    uint32_t n = 0;
    while (n < room) {
        struct worker *w = merge_first(m);
        if (time_is_next(m, w)) {
            out[n++] = (struct merged){.row = m->time++};
            continue;
        }
        if (!w) break;
        uint32_t row = m->next[w->index];
        if (w->out.change[row] == CHANGE_BEFORE && n + 2 > room) break;
        m->next[w->index]++;
        out[n++] = (struct merged){.worker = w, .row = row};
    }
    return n;
}

static struct mark merged_time(const struct merge *m, const struct merged *x) {
    if (x->worker) return x->worker->out.at[x->row];
    return (struct mark){.ordinal = batch_ordinal(m->in, x->row),
                         .watermark_us = batch_watermark(m->in, x->row),
                         .proctime_us = batch_proctime(m->in, x->row)};
}

static bool head_fill(const struct merge *m, const struct merged *x, uint32_t count,
                      struct batch *head) {
    struct arena *a = m->op->batch_arena;
    uint64_t *ordinal = ARENA_ARRAY(a, ordinal, count);
    int64_t *watermark = ARENA_ARRAY(a, watermark, count);
    int64_t *proctime = ARENA_ARRAY(a, proctime, count);
    int8_t *change = ARENA_ARRAY(a, change, count);
    uint16_t *sel = ARENA_ARRAY(a, sel, count);
    if (!ordinal || !watermark || !proctime || !change || !sel) return false;
    *head = (struct batch){.rows = count,
                           .sel = sel,
                           .ordinal = ordinal,
                           .watermark_us = watermark,
                           .proctime_us = proctime,
                           .change = m->op->plan->changes ? change : NULL,
                           .first = merged_time(m, x)};
    for (uint32_t i = 0; i < count; i++) {
        struct mark at = merged_time(m, &x[i]);
        ordinal[i] = at.ordinal;
        watermark[i] = at.watermark_us;
        proctime[i] = at.proctime_us;
        if (!x[i].worker) continue;
        change[i] = x[i].worker->out.change[x[i].row];
        sel[head->live++] = (uint16_t)i;
    }
    return true;
}

static bool chunk_emit(const struct merge *m, const struct merged *x, uint32_t count,
                       struct err *e) {
    struct batch head;
    struct column_builder *b = result_open(m->op, count, e);
    if (!b || !head_fill(m, x, count, &head)) return err_memory(e);
    for (uint32_t c = 0; c < m->op->plan->schema->cols; c++) {
        for (uint32_t i = 0; i < count; i++) {
            if (x[i].worker) {
                result_gather(&b[c], &m->col[x[i].worker->index][c], &x[i].row, 1);
            } else {
                builder_null(&b[c]);
            }
        }
    }
    return result_emit(m->op, b, &head, e);
}

bool merge_rows(struct op *op, const struct batch *in, struct err *e) {
    struct worker_pool *pool = op->state;
    struct merge m = {.op = op, .in = in};
    uint32_t room = op->query->options.batch_rows < 2 ? 2 : op->query->options.batch_rows;
    struct merged *x = ARENA_ARRAY(op->batch_arena, x, room);
    if (!x) return err_memory(e);
    if (!merge_begin(&m, e)) return false;
    if (!merge_first(&m)) return !in || result_time(op, pool->blank, in, 0, in->rows, e);
    for (uint32_t n; (n = merge_take(&m, x, room)) > 0;) {
        struct arena_mark mark = arena_mark(op->batch_arena);
        if (!chunk_emit(&m, x, n, e)) return false;
        arena_rewind(op->batch_arena, mark);
    }
    return true;
}
