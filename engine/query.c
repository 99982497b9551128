/* query.c: one query: its operators, and the order in which rows of its inputs are taken.
 *
 * Each input has the watermark that holds before its next row, as far as it is known; the row with
 * the lowest is next, ties by FROM order. A pushed batch first tells the watermark before its first
 * row, and then rows are taken from it for as long as it is their turn, so the order is a function
 * of the rows alone, however they are cut. The taker numbers rows across all inputs.
 */
#include "engine/query.h"

#include <assert.h>
#include <string.h>

#include "engine/batch_slice.h"
#include "engine/op_table.h"
#include "engine/query_private.h"
#include "engine/window_tally.h"
#include "engine/worker.h"

/* Opens the operator of `p`, above those of its inputs. */
static bool op_open_one(struct query *q, const struct plan *p, struct err *e) {
    assert(p->id < q->plan->plans);
    struct op *o = &q->op[p->id];
    assert(!o->type);
    o->type = p == q->shared ? &op_exchange : op_type_of(p->kind);
    o->plan = p;
    o->query = q;
    o->arena = &q->arena;
    o->batch_arena = &q->batch_arena;
    o->keyed = q->keyed;
    o->state = arena_zalloc(&q->arena, 1, o->type->state_bytes ? o->type->state_bytes : 1);
    if (!o->state) return err_memory(e);
    return !o->type->open || o->type->open(o, p, e);
}

bool query_open_ops(struct query *q, uint32_t workers, struct err *e) {
    /* Depth first with a stack of our own: plans may be deep. */
    const struct plan **stack = ARENA_ARRAY(&q->arena, stack, q->plan->plans);
    q->op = ARENA_ARRAY(&q->arena, q->op, q->plan->plans);
    if (!stack || !q->op) return err_memory(e);
    q->shared = workers > 1 ? worker_plan(q->plan->root) : NULL;
    q->options.workers = q->shared ? workers : 1;
    uint32_t depth = 0;
    stack[depth++] = q->plan->root;
    while (depth > 0) {
        const struct plan *p = stack[--depth];
        if (!op_open_one(q, p, e)) return false;
        for (uint32_t i = 0; i < p->inputs; i++) {
            q->op[p->input[i]->id].next = &q->op[p->id];
            q->op[p->input[i]->id].next_port = i;
            assert(depth < q->plan->plans);
            stack[depth++] = p->input[i];
        }
        if (p->kind == PLAN_SCAN) q->input[p->as.scan.input].scan = &q->op[p->id];
    }
    return true;
}

void query_close_ops(struct query *q) {
    for (uint32_t i = 0; q->op && i < q->plan->plans; i++) {
        struct op *op = &q->op[i];
        if (op->type && op->state) op->type->close(op);
    }
    q->op = NULL;
}

struct query *query_create(const struct plan_query *plan, const struct query_options *o,
                           const struct query_output *out, struct err *e) {
    assert(o->batch_rows >= 1 && o->batch_rows <= BATCH_ROWS && out->rows);
    struct arena arena;
    arena_init(&arena, 0);
    struct query *q = ARENA_NEW(&arena, q);
    if (!q) {
        err_memory(e);
        return NULL;
    }
    *q = (struct query){.plan = plan,
                        .options = *o,
                        .out = *out,
                        .arena = arena,
                        .proctime_us = TIME_MIN_US,
                        .end_ordinal = UINT64_MAX,
                        .stop_ordinal = UINT64_MAX};
    q->keyed = state_create(0, e);
    if (!q->keyed) goto fail;
    state_set_journal(q->keyed, o->journal, 0);
    q->input = ARENA_ARRAY(&q->arena, q->input, plan->inputs);
    if (!q->input) {
        err_memory(e);
        goto fail;
    }
    for (uint32_t i = 0; i < plan->inputs; i++) {
        q->input[i].watermark_us = TIME_MIN_US;
    }
    if (query_open_ops(q, o->workers < WORKERS_MAX ? o->workers : WORKERS_MAX, e)) return q;

fail:
    query_destroy(q);
    return NULL;
}

void query_destroy(struct query *q) {
    if (!q) return;
    query_close_ops(q);
    state_destroy(q->keyed);
    rejects_done(&q->rejects);
    arena_done(&q->batch_arena);
    struct arena arena = q->arena; /* holds the query itself */
    arena_done(&arena);
}

/* Is it `a`'s turn before `b`'s? */
static bool input_before(const struct query *q, uint32_t a, uint32_t b) {
    int64_t x = q->input[a].watermark_us, y = q->input[b].watermark_us;
    return x != y ? x < y : a < b;
}

/* The input, other than `but`, whose row comes first; UINT32_MAX: none. */
static uint32_t input_first(const struct query *q, uint32_t but) {
    uint32_t first = UINT32_MAX;
    for (uint32_t i = 0; i < q->plan->inputs; i++) {
        if (i == but || q->input[i].ended || q->input[i].idle) continue;
        if (first == UINT32_MAX || input_before(q, i, first)) first = i;
    }
    return first;
}

uint32_t query_wants(const struct query *q) {
    if (q->ended) return UINT32_MAX;
    uint32_t first = input_first(q, UINT32_MAX);
    if (first != UINT32_MAX) return first;
    for (uint32_t i = 0; i < q->plan->inputs; i++) { /* all are idle: whoever speaks */
        if (!q->input[i].ended) return i;
    }
    return UINT32_MAX;
}

bool query_done(const struct query *q) {
    return q->ended;
}

void query_set_idle(struct query *q, uint32_t input, bool idle) {
    assert(input < q->plan->inputs);
    q->input[input].idle = idle;
}

/* Constant rows come before all others. */
static bool query_start(struct query *q, int64_t now_us, struct err *e) {
    if (q->started) return true;
    q->started = true;
    struct mark end = {.watermark_us = TIME_END_US, .proctime_us = now_us};
    for (uint32_t i = 0; i < q->plan->plans; i++) {
        struct op *op = &q->op[i];
        if (op->plan && op->plan->kind == PLAN_VALUES && !op_flush(op, 0, &end, e)) return false;
    }
    return true;
}

/* Time never goes back: where it seems to (an idle input was overtaken, two inputs read the clock
 * in turn), the time already known stands. */
static bool times_raise(struct query *q, const int64_t **time, int64_t *first, uint32_t rows,
                        int64_t least_us) {
    if ((*time ? (*time)[0] : *first) >= least_us) return true;
    int64_t *to = ARENA_ARRAY(&q->batch_arena, to, rows);
    if (!to) return false;
    for (uint32_t i = 0; i < rows; i++) {
        int64_t at = *time ? (*time)[i] : *first;
        to[i] = at < least_us ? least_us : at;
    }
    *first = to[0];
    *time = to;
    return true;
}

/* How far from `from` on it is this input's turn. */
static uint32_t rows_in_turn(const struct query *q, uint32_t input, const struct batch *b,
                             uint32_t from) {
    uint32_t other = input_first(q, input);
    if (other == UINT32_MAX) return b->rows;
    int64_t limit_us = q->input[other].watermark_us;
    uint32_t to = from;
    for (; to < b->rows; to++) {
        int64_t at = batch_watermark(b, to);
        if (at > limit_us || (at == limit_us && other < input)) break;
    }
    return to;
}

static bool rows_push(struct query *q, uint32_t input, const struct batch *b, uint32_t from,
                      uint32_t to, struct err *e) {
    struct query_input *in = &q->input[input];
    struct batch rows;
    if (!batch_slice(b, from, to, &q->batch_arena, &rows)) return err_memory(e);
    struct mark *first = &rows.first;
    bool raised =
        times_raise(q, &rows.watermark_us, &first->watermark_us, rows.rows, in->watermark_us) &&
        times_raise(q, &rows.proctime_us, &first->proctime_us, rows.rows, q->proctime_us);
    if (!raised) return err_memory(e);
    rows.ordinal = NULL;
    rows.first.ordinal = q->next_ordinal;
    q->current = (struct query_current){.input = input,
                                        .batch = b,
                                        .first_ordinal = q->next_ordinal,
                                        .first_row = from,
                                        .rows = to - from};
    q->next_ordinal += to - from;
    q->stats.rows_in += rows.live;
    in->watermark_us = batch_watermark(&rows, rows.rows - 1);
    q->proctime_us = batch_proctime(&rows, rows.rows - 1);
    return !in->scan || op_push(in->scan, 0, &rows, e);
}

/* Where the row with that ordinal stands in what is being pushed. */
static struct query_reject reject_at(const struct query *q, uint64_t ordinal) {
    const struct query_current *c = &q->current;
    struct query_reject r = {.input = UINT32_MAX, .ordinal = ordinal};
    if (!c->batch || ordinal < c->first_ordinal || ordinal - c->first_ordinal >= c->rows) return r;
    r.input = c->input;
    r.batch = c->batch;
    r.row = c->first_row + (uint32_t)(ordinal - c->first_ordinal);
    return r;
}

/* A row that became several (UNNEST) is late once. */
static bool is_told(const struct query *q, uint32_t i) {
    const struct reject *x = &q->rejects.at[i], *before = i > 0 ? x - 1 : NULL;
    return before && x->late && x->own && before->late && x->plan == before->plan &&
           x->key.ordinal == before->key.ordinal;
}

static bool reject_tell(struct query *q, const struct reject *x, struct err *e) {
    const struct query_output *out = &q->out;
    if (x->key.ordinal >= q->end_ordinal) return true;
    struct query_reject r = {.input = UINT32_MAX, .ordinal = x->key.ordinal};
    if (!x->result) r = reject_at(q, x->key.ordinal);
    r.ordinal = x->key.ordinal;
    r.result = x->result;
    r.sqlstate = x->sqlstate;
    r.message = x->message;
    r.watermark_us = x->watermark_us;
    r.missed = x->missed;
    if (x->late) {
        q->stats.late++;
        return !out->late || out->late(out->context, &r, e);
    }
    q->stats.bad++;
    return !out->bad || out->bad(out->context, &r, e);
}

static size_t bytes_held(const struct query *q) {
    size_t bytes = state_bytes(q->keyed);
    return q->shared ? bytes + exchange_state_bytes(&q->op[q->shared->id]) : bytes;
}

static bool bytes_check(const struct query *q, struct err *e) {
    size_t limit = q->options.state_limit_bytes;
    if (limit == 0 || bytes_held(q) <= limit) return true;
    err_set(e, ERR_LIMIT, "54000", "the query's state has grown past %zu bytes", limit);
    return err_hint(e, "Raise 'state-limit-bytes', or use a window or 'state-ttl' to bound it.");
}

/* Ends one call that fed the operators: rows that were not taken are told, in row order: those
 * behind a row that is held back wait for what becomes of it. */
static bool query_settle(struct query *q, bool done, struct err *e) {
    struct err ignored;
    uint64_t held = query_held(q);
    bool told = rejects_sort(&q->rejects, done ? e : &ignored);
    uint32_t i = 0;
    for (; told && i < q->rejects.count && q->rejects.at[i].key.ordinal < held; i++) {
        told = is_told(q, i) || reject_tell(q, &q->rejects.at[i], done ? e : &ignored);
    }
    rejects_drop(&q->rejects, i);
    q->current.batch = NULL;
    arena_reset(&q->batch_arena);
    return done && told && bytes_check(q, e);
}

static void watermark_learn(struct query_input *in, int64_t at_us) {
    if (in->watermark_us < at_us) in->watermark_us = at_us;
}

bool query_push(struct query *q, uint32_t input, const struct batch *b, uint32_t from,
                uint32_t *taken_out, struct err *e) {
    assert(input < q->plan->inputs && from <= b->rows && !q->input[input].ended);
    struct query_input *in = &q->input[input];
    *taken_out = b->rows - from;
    if (q->ended || from == b->rows) return true;
    if (!query_start(q, batch_proctime(b, from), e)) return false;

    in->idle = false;
    watermark_learn(in, batch_watermark(b, from));
    uint32_t to = in->scan ? rows_in_turn(q, input, b, from) : b->rows;
    *taken_out = to - from;
    if (to == from) return true;
    bool done = rows_push(q, input, b, from, to, e);
    if (to < b->rows) watermark_learn(in, batch_watermark(b, to));
    return query_settle(q, done, e);
}

bool query_flush(struct query *q, uint32_t input, const struct mark *m, struct err *e) {
    if (!query_start(q, m->proctime_us, e)) return false;
    if (q->plan->inputs == 0) return query_settle(q, true, e);
    if (q->ended) return true;
    assert(input < q->plan->inputs);
    struct query_input *in = &q->input[input];
    if (in->ended) return true;
    if (in->watermark_us < m->watermark_us) in->watermark_us = m->watermark_us;
    if (q->proctime_us < m->proctime_us) q->proctime_us = m->proctime_us;
    in->ended = in->watermark_us == TIME_END_US;
    if (!in->scan) return true;

    struct mark now = {.ordinal = q->next_ordinal,
                       .watermark_us = in->watermark_us,
                       .proctime_us = q->proctime_us};
    return query_settle(q, op_flush(in->scan, 0, &now, e), e);
}

void query_stats(const struct query *q, struct query_stats *out) {
    *out = q->stats;
    out->state_bytes = bytes_held(q);
    out->watermark_us = TIME_END_US;
    for (uint32_t i = 0; i < q->plan->inputs; i++) {
        int64_t at = q->input[i].watermark_us;
        if (at < out->watermark_us) out->watermark_us = at;
    }
}

bool query_open_windows(struct query *q, uint64_t *windows_out, struct err *e) {
    uint64_t windows = 0;
    for (uint32_t i = 0; i < q->plan->plans; i++) {
        const struct op *op = &q->op[i];
        struct window_tally t = {.arena = &q->batch_arena};
        if (!op->type || !op->type->windows) continue;
        if (!op->type->windows(op, &t, e)) return false;
        windows += window_tally_count(&t);
        arena_reset(&q->batch_arena);
    }
    *windows_out = windows;
    return true;
}

/* Where bad rows stop the query: those of the live rows that no row behind the first bad one
 * caused. */
static bool rows_before_stop(struct query *q, const struct batch *b, struct batch *out,
                             struct err *e) {
    uint16_t *sel = ARENA_ARRAY(&q->batch_arena, sel, b->live);
    if (!sel) return err_memory(e);
    *out = *b;
    out->sel = sel;
    out->live = 0;
    for (uint32_t i = 0; i < b->live; i++) {
        uint32_t row = batch_row(b, i);
        if (batch_ordinal(b, row) <= q->stop_ordinal) sel[out->live++] = (uint16_t)row;
    }
    return true;
}

void query_ops(const struct query *q, struct query_op *out) {
    assert(!q->shared);
    for (uint32_t i = 0; i < q->plan->plans; i++) {
        out[i] = (struct query_op){.rows = q->op[i].rows_out, .runs = q->op[i].runs};
    }
}

uint64_t query_held(const struct query *q) {
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i < q->plan->plans; i++) {
        const struct op *op = &q->op[i];
        if (op->helds > 0 && op->held[0] < least) least = op->held[0];
    }
    return least;
}

/* Is `ordinal` among rising ones? */
static bool ordinal_is_in(const uint64_t *at, uint32_t count, uint64_t ordinal) {
    uint32_t from = 0, to = count;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (at[middle] < ordinal) from = middle + 1;
        if (at[middle] >= ordinal) to = middle;
    }
    return from < count && at[from] == ordinal;
}

bool query_holds(const struct query *q, uint64_t ordinal) {
    for (uint32_t i = 0; i < q->plan->plans; i++) {
        if (ordinal_is_in(q->op[i].held, q->op[i].helds, ordinal)) return true;
    }
    for (uint32_t i = 0; i < q->rejects.count; i++) {
        if (q->rejects.at[i].key.ordinal == ordinal) return true;
    }
    return false;
}

uint64_t query_next_ordinal(const struct query *q) {
    return q->next_ordinal;
}

bool query_again(const struct query *q) {
    return q->again;
}

bool query_give(struct query *q, const struct batch *b, struct err *e) {
    struct batch rows = *b;
    if (q->stop_ordinal != UINT64_MAX && !rows_before_stop(q, b, &rows, e)) return false;
    if (rows.live == 0 || q->ended) return true;
    q->stats.rows_out += rows.live;
    return q->out.rows(q->out.context, &rows, e);
}

bool query_give_mark(struct query *q, const struct mark *m, struct err *e) {
    if (q->ended) return true;
    q->ended = m->watermark_us == TIME_END_US;
    if (q->ended && m->ordinal < q->next_ordinal) q->end_ordinal = m->ordinal + 1;
    return !q->out.mark || q->out.mark(q->out.context, m, e);
}
