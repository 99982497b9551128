/* worker.c: the exchange: rows to workers, and their results back in one order.
 *
 * A batch goes to all workers at once: the feeding thread computes to whom each row belongs (a hash
 * of its key), writes one selection each, wakes the others, does its own share and waits. So there
 * is no queue to bound and nothing in flight between calls, and the batch needs no copy. The merge
 * is in worker_merge.c.
 */
#include "engine/worker.h"

#include <assert.h>
#include <string.h>

#include "engine/base/hash.h"
#include "engine/op/key.h"
#include "engine/op_table.h"
#include "engine/query_private.h"
#include "engine/worker_private.h"
#include "storage/state_journal.h"

enum { SPINS = 400 }; /* tries before a thread sleeps: about as long as a wake-up takes */

static bool is_stateless(const struct plan *p) {
    return p->kind == PLAN_FILTER || p->kind == PLAN_PROJECT || p->kind == PLAN_INFER ||
           p->kind == PLAN_UNNEST ||
           (p->kind == PLAN_WINDOW && p->as.window.spec.kind == WINDOW_TUMBLE);
}

/* A session's partition must be a part of the key: then its rows are one worker's. */
static bool partitions_are_keys(const struct plan_aggregate *a) {
    for (uint32_t i = 0; i < a->window.partitions; i++) {
        bool found = false;
        for (uint32_t k = 0; k < a->keys; k++) {
            found = found || a->key_col[k] == a->window.partition_col[i];
        }
        if (!found) return false;
    }
    return a->window.partitions > 0;
}

static bool is_shared(const struct plan *p) {
    const struct plan_aggregate *a = &p->as.aggregate;
    if (p->kind == PLAN_GROUP_AGGREGATE) return a->keys > 0;
    if (p->kind == PLAN_TRACK) return p->as.track.partitions > 0;
    if (p->kind != PLAN_WINDOW_AGGREGATE || a->keys == 0) return false;
    return a->window.kind != WINDOW_SESSION || partitions_are_keys(a);
}

const struct plan *worker_plan(const struct plan *root) {
    const struct plan *found = NULL;
    for (const struct plan *p = root; p->inputs > 0; p = p->input[0]) {
        if (p->inputs > 1) return NULL;
        if (!is_stateless(p)) found = is_shared(p) ? p : NULL;
        if (p->input[0]->inputs == 0 && p->input[0]->kind != PLAN_SCAN) return NULL;
    }
    return found;
}

static bool worker_run(struct worker *w) {
    struct err *e = &w->err;
    return w->mark ? op_flush(&w->op, 0, w->mark, e) : op_push(&w->op, 0, &w->rows, e);
}

static void wait_for(sem_t *s) {
    for (uint32_t i = 0; i < SPINS; i++) {
        if (sem_trywait(s) == 0) return;
        __builtin_ia32_pause();
    }
    while (sem_wait(s) != 0) {} /* a signal came */
}

static void *worker_loop(void *arg) {
    struct worker *w = arg;
    for (;;) {
        wait_for(&w->go);
        if (w->ends) return NULL;
        w->failed = !worker_run(w);
        sem_post(&w->done);
    }
}

static bool worker_open(struct op *op, struct worker *w, struct err *e) {
    const struct plan *plan = op->plan;
    arena_init(&w->arena, 0);
    arena_init(&w->batch_arena, 0);
    arena_init(&w->out.arena, 0);
    sem_init(&w->go, 0, 0);
    sem_init(&w->done, 0, 0);
    w->keyed = state_create(0, e);
    if (!w->keyed) return false;
    state_set_journal(w->keyed, op->query->options.journal, w->index + 1);
    w->collect =
        (struct op){.type = &op_collect, .plan = plan, .query = op->query, .worker = w, .state = w};
    w->op = (struct op){.type = op_type_of(plan->kind),
                        .plan = plan,
                        .next = &w->collect,
                        .query = op->query,
                        .arena = &w->arena,
                        .batch_arena = &w->batch_arena,
                        .keyed = w->keyed,
                        .worker = w};
    w->sel = ARENA_ARRAY(&w->arena, w->sel, BATCH_ROWS);
    w->op.state = arena_zalloc(&w->arena, 1, w->op.type->state_bytes);
    if (!w->op.state || !w->sel) return err_memory(e);
    if (!w->op.type->open(&w->op, plan, e)) return false;
    if (!collect_open(w)) return err_memory(e);
    if (w->index == 0) return true;
    if (pthread_create(&w->thread, NULL, worker_loop, w) != 0) {
        return err_set(e, ERR_LIMIT, "53000", "cannot start thread %u of a query", w->index + 1);
    }
    w->runs = true;
    return true;
}

static void worker_close(struct worker *w) {
    if (w->runs) {
        w->ends = true;
        sem_post(&w->go);
        pthread_join(w->thread, NULL);
    }
    if (w->op.type && w->op.state) w->op.type->close(&w->op);
    if (w->op.type) {
        sem_destroy(&w->go);
        sem_destroy(&w->done);
    }
    state_destroy(w->keyed);
    arena_done(&w->arena);
    arena_done(&w->batch_arena);
    arena_done(&w->out.arena);
    rejects_done(&w->rejects);
}

/* The columns by which rows are shared out. */
static bool share_open(struct op *op, const struct plan *plan) {
    struct worker_pool *pool = op->state;
    const struct plan_aggregate *a = &plan->as.aggregate;
    const struct plan_track *t = &plan->as.track;
    const struct schema *s = plan->input[0]->schema;
    if (plan->kind == PLAN_TRACK) {
        return key_set_open(&pool->key, s, t->partitions, t->partition_col, op->arena);
    }
    bool session = plan->kind == PLAN_WINDOW_AGGREGATE && a->window.kind == WINDOW_SESSION;
    return key_set_open(&pool->key, s, session ? a->window.partitions : a->keys,
                        session ? a->window.partition_col : a->key_col, op->arena);
}

static bool exchange_open(struct op *op, const struct plan *plan, struct err *e) {
    struct worker_pool *pool = op->state;
    bool by_key = share_open(op, plan);
    uint32_t workers = op->query->options.workers;
    pool->worker = ARENA_ARRAY(op->arena, pool->worker, workers);
    if (!by_key || !pool->worker || !merge_open(op)) return err_memory(e);
    for (; pool->workers < workers; pool->workers++) {
        struct worker *w = &pool->worker[pool->workers];
        w->pool = pool;
        w->index = pool->workers;
        if (!worker_open(op, w, e)) {
            pool->workers++; /* half open: closed with the others */
            return false;
        }
    }
    return true;
}

static void exchange_close(struct op *op) {
    struct worker_pool *pool = op->state;
    for (uint32_t i = 0; i < pool->workers; i++) worker_close(&pool->worker[i]);
    pool->workers = 0;
}

/* Which worker a hash belongs to: by its lower half, the upper one places it in tables. */
static uint32_t share_of(const struct worker_pool *pool, uint64_t hash) {
    return (uint32_t)(((hash & UINT32_MAX) * pool->workers) >> 32);
}

static uint64_t key_hash(const struct worker_pool *pool, const struct state_keys *k, uint32_t i) {
    if (k->text) return hash_bytes(k->text[i].at, k->text[i].bytes);
    uint32_t bytes = pool->key.key_bytes;
    if (k->packed) return hash_bytes(k->packed + (size_t)i * bytes, bytes);
    uint32_t row = k->row ? k->row[i] : i;
    if (k->valid && !bit_get(k->valid, row)) return 0;
    return hash_u64((uint64_t)k->i64[row]);
}

/* Writes each worker's selection. */
static bool rows_share(struct op *op, const struct batch *in, struct err *e) {
    struct worker_pool *pool = op->state;
    struct state_keys keys;
    struct key_rows rows = {.in = in, .row = pool->row, .count = in->live};
    for (uint32_t i = 0; i < in->live; i++) pool->row[i] = (uint16_t)batch_row(in, i);
    if (!key_set_make(&pool->key, &rows, op->batch_arena, &keys)) return err_memory(e);
    for (uint32_t i = 0; i < pool->workers; i++) {
        struct worker *w = &pool->worker[i];
        w->rows = *in;
        w->rows.sel = w->sel;
        w->rows.live = 0;
    }
    for (uint32_t i = 0; i < in->live; i++) {
        struct worker *w = &pool->worker[share_of(pool, key_hash(pool, &keys, i))];
        w->sel[w->rows.live++] = pool->row[i];
    }
    return true;
}

/* Runs the job of every worker. */
static bool workers_run(struct op *op, const struct mark *m, struct err *e) {
    struct worker_pool *pool = op->state;
    for (uint32_t i = 0; i < pool->workers; i++) {
        struct worker *w = &pool->worker[i];
        w->mark = m;
        w->failed = false;
        collect_reset(w);
        rejects_reset(&w->rejects);
        arena_reset(&w->batch_arena);
        if (i > 0) sem_post(&w->go);
    }
    pool->worker[0].failed = !worker_run(&pool->worker[0]);
    for (uint32_t i = 1; i < pool->workers; i++) wait_for(&pool->worker[i].done);
    for (uint32_t i = 0; i < pool->workers; i++) {
        struct worker *w = &pool->worker[i];
        if (w->failed) {
            *e = w->err;
            return false;
        }
        for (uint32_t r = 0; r < w->rejects.count; r++) {
            query_stop_at(op->query, &w->rejects.at[r]);
        }
        if (!rejects_join(&op->query->rejects, &w->rejects, e)) return false;
    }
    return true;
}

static bool exchange_push(struct op *op, uint32_t port, const struct batch *in, struct err *e) {
    (void)port;
    return rows_share(op, in, e) && workers_run(op, NULL, e) && merge_rows(op, in, e);
}

static bool exchange_flush(struct op *op, uint32_t port, const struct mark *m, struct err *e) {
    if (!workers_run(op, m, e) || !merge_rows(op, NULL, e)) return false;
    return op_pass_flush(op, port, m, e);
}

/* Saved: each worker's operator: 4 bytes of length, bytes. */
static bool exchange_save(struct op *op, struct buf *out, struct err *e) {
    struct worker_pool *pool = op->state;
    for (uint32_t i = 0; i < pool->workers; i++) {
        struct worker *w = &pool->worker[i];
        size_t at = out->bytes;
        uint32_t bytes = 0;
        buf_add(out, &bytes, sizeof bytes);
        if (!w->op.type->save(&w->op, out, e)) return false;
        if (out->failed) return err_memory(e);
        bytes = (uint32_t)(out->bytes - at - sizeof bytes);
        memcpy(out->at + at, &bytes, sizeof bytes);
    }
    return true;
}

static bool exchange_load(struct op *op, struct text saved, struct err *e) {
    struct worker_pool *pool = op->state;
    for (uint32_t i = 0; i < pool->workers; i++) {
        struct worker *w = &pool->worker[i];
        struct text one = {.at = saved.at + sizeof one.bytes};
        bool whole = saved.bytes >= sizeof one.bytes;
        if (whole) memcpy(&one.bytes, saved.at, sizeof one.bytes);
        if (!whole || one.bytes > saved.bytes - sizeof one.bytes) {
            return err_set(e, ERR_CORRUPT, "XX001", "the saved state of workers is damaged");
        }
        if (!w->op.type->load(&w->op, one, e)) return false;
        saved.at = one.at + one.bytes;
        saved.bytes -= (uint32_t)sizeof one.bytes + one.bytes;
    }
    return true;
}

static bool exchange_windows(const struct op *op, struct window_tally *t, struct err *e) {
    const struct worker_pool *pool = op->state;
    for (uint32_t i = 0; i < pool->workers; i++) {
        const struct op *of = &pool->worker[i].op;
        if (of->type->windows && !of->type->windows(of, t, e)) return false;
    }
    return true;
}

size_t exchange_state_bytes(const struct op *op) {
    const struct worker_pool *pool = op->state;
    size_t bytes = 0;
    for (uint32_t i = 0; i < pool->workers; i++) bytes += state_bytes(pool->worker[i].keyed);
    return bytes;
}

void exchange_save_anew(struct op *op) {
    const struct worker_pool *pool = op->state;
    for (uint32_t i = 0; i < pool->workers; i++) state_save_anew(pool->worker[i].keyed);
}

const struct op_type op_exchange = {
    .name = "Exchange",
    .state_bytes = sizeof(struct worker_pool),
    .open = exchange_open,
    .push = exchange_push,
    .flush = exchange_flush,
    .close = exchange_close,
    .save = exchange_save,
    .load = exchange_load,
    .windows = exchange_windows,
};
