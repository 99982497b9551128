/* job.c: see job.h.
 *
 * A step asks the query which input it wants, gets rows of it from the feed, and pushes them; what
 * the query gives goes on its way at once, in order (job_give.h). A query that fails takes only
 * itself down.
 */
#include "engine/edge/job.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/batch_slice.h"
#include "engine/edge/job_give.h"
#include "engine/shared_model.h"

enum {
    STEP_BATCHES = 8,        /* of one job before the next one's turn */
    BEHIND_BYTES = 16 << 20, /* readers of a kept stream may be so far behind its writers */
};

static void job_fail(struct job *j, const struct err *e) {
    if (j->models.teaches) shared_model_untrain(j->models.teaches);
    j->error = *e;
    j->state = JOB_FAILED;
}

/* Does a window of the plan close by the clock? Plans are trees of bounded depth. */
static bool uses_proctime(const struct plan *p) {
    if (p->kind == PLAN_WINDOW && p->as.window.spec.proctime) return true;
    if (p->kind == PLAN_WINDOW_AGGREGATE && p->as.aggregate.window.proctime) return true;
    for (uint32_t i = 0; i < p->inputs; i++) {
        if (uses_proctime(p->input[i])) return true;
    }
    return false;
}

void job_query_stats(const struct job *j, const struct query *q, struct query_stats *out) {
    const struct query_stats *past = &j->models.past;
    query_stats(q, out);
    out->rows_in += past->rows_in;
    out->rows_out += past->rows_out;
    out->late += past->late;
    out->bad += past->bad;
}

/* Notes which models that learn the plan asks, and which it teaches. */
static void find_models(struct job *j, const struct plan *p) {
    bool asks = p->kind == PLAN_INFER && p->as.infer.model->model->learns;
    if (asks && j->inputs == 1) j->models.asks = p->as.infer.model;
    if (p->kind == PLAN_TRAIN) j->models.teaches = p->as.train.model;
    for (uint32_t i = 0; i < p->inputs; i++) find_models(j, p->input[i]);
}

uint64_t job_rows_before(const struct job *j, const struct job *teacher) {
    const struct job_models *t = &teacher->models;
    bool teaches = teacher->state == JOB_RUNNING && !teacher->draining && t->epoch == 0;
    bool same = j->models.asks && j->models.asks == t->teaches && teacher->inputs == 1 && teaches &&
                j->source[0].what && j->source[0].what == teacher->source[0].what;
    if (!same) return UINT64_MAX;
    uint64_t mine = j->source[0].before + j->taken;
    uint64_t theirs = teacher->source[0].before + teacher->taken;
    return theirs > mine ? theirs - mine : 0;
}

struct job *job_create(const struct job_options *o, const struct edge_env *env,
                       struct junctions *junctions, struct err *e) {
    assert(o->plan && (o->target || o->output));
    struct job *j = calloc(1, sizeof *j);
    struct job_input *input = calloc(o->plan->inputs + 1, sizeof *input);
    struct query_source *source = calloc(o->plan->inputs + 1, sizeof *source);
    if (!j || !input || !source) {
        free(j);
        free(input);
        free(source);
        err_memory(e);
        return NULL;
    }
    j->env = env;
    j->junctions = junctions;
    j->o = *o;
    j->o.query.bad_stops = o->fail_on_error;
    j->input = input;
    j->inputs = o->plan->inputs;
    j->source = source;
    j->models.allowed = UINT64_MAX;
    arena_init(&j->models.cut, 0);
    find_models(j, o->plan->root);
    j->proctime = uses_proctime(o->plan->root);
    j->stats.watermark_us = TIME_MIN_US;
    return j;
}

/* The sources are free for others; what the query gave may still be on its way. */
static void close_feeds(struct job *j) {
    for (uint32_t i = 0; i < j->inputs; i++) {
        feed_close(j->input[i].feed, j->error.code == ERR_NONE ? &j->error : &(struct err){0});
        j->input[i].feed = NULL;
    }
}

/* Gives back what runs: the query's last figures stay. */
static void job_close(struct job *j) {
    close_feeds(j);
    held_done(&j->held);
    if (j->query) job_query_stats(j, j->query, &j->stats);
    if (j->query && j->o.ops) query_ops(j->query, j->o.ops);
    query_destroy(j->query);
    j->query = NULL;
    job_give_close(j);
}

void job_destroy(struct job *j, bool ends) {
    struct err ignored;
    if (!j) return;
    bool whole = j->error.code == ERR_NONE;
    if (j->state == JOB_RUNNING && ends) (void)!job_give_finish(j, whole, &ignored);
    if (j->state == JOB_RUNNING && !ends) job_give_leave(j);
    job_close(j);
    if (j->models.teaches) shared_model_untrain(j->models.teaches);
    arena_done(&j->models.cut);
    free(j->source);
    free(j->input);
    free(j);
}

void job_stop(struct job *j) {
    struct err e;
    bool whole = j->error.code == ERR_NONE;
    if (j->state == JOB_RUNNING && !job_give_finish(j, whole, &e) && whole) job_fail(j, &e);
}

static bool open_feeds(struct job *j, struct err *e) {
    for (uint32_t i = 0; i < j->inputs; i++) {
        struct feed_options f = {
            .stream = j->o.input[i], .input = &j->o.plan->input[i], .sources = j->sources};
        uint64_t number = 0;
        f.number_out = &number;
        for (uint32_t k = 0; k < i; k++) f.occurrence += j->o.input[k] == j->o.input[i];
        j->input[i].flushed_us = TIME_MIN_US;
        j->input[i].feed = feed_open(&f, e);
        if (!j->input[i].feed) return false;
        j->source[i].what = (const void *)(uintptr_t)number;
        (void)feed_source(j->input[i].feed, &j->source[i].before);
    }
    return true;
}

void job_start(struct job *j) {
    assert(j->state == JOB_WAITING);
    struct err e;
    struct query_output out = {.context = j};
    err_clear(&e);
    job_give_output(&out);
    bool fed = open_feeds(j, &e);
    struct query_options options = j->o.query;
    options.source = j->source;
    if (fed) j->query = query_create(j->o.plan, &options, &out, &e);
    if (j->query && job_give_open(j, &e)) {
        j->state = JOB_RUNNING;
        return;
    }
    job_fail(j, &e);
    job_close(j);
}

/* All that the query gave is where it belongs. */
static void job_end(struct job *j) {
    struct err e;
    bool whole = j->error.code == ERR_NONE;
    if (!job_give_finish(j, whole, &e) && whole) job_fail(j, &e);
    j->state = j->error.code == ERR_NONE ? JOB_ENDED : JOB_FAILED;
    job_close(j);
}

/* All rows are wanted once more: the query begins anew, and what it gives goes on. */
static bool job_repeat(struct job *j) {
    job_close(j);
    j->models.past = j->stats;
    for (uint32_t i = 0; i < j->inputs; i++) j->input[i] = (struct job_input){.feed = NULL};
    j->models.epoch++;
    j->taken = 0;
    j->state = JOB_WAITING;
    job_start(j);
    return true;
}

/* The query gives nothing more: its rows may have to wait for those of others. true: something
 * was done. */
static bool job_drain(struct job *j) {
    bool first = !j->draining;
    j->draining = true;
    if (first) close_feeds(j);
    if (first) job_give_end(j);
    if (job_give_waits(j)) return first;
    job_end(j);
    return true;
}

/* What it gave before stands. */
static void job_break(struct job *j, const struct err *e) {
    if (j->error.code == ERR_NONE) j->error = *e;
    (void)job_drain(j);
}

static void speaks_again(struct job *j, uint32_t i) {
    struct job_input *in = &j->input[i];
    in->waits = false;
    in->blocked = false;
    in->silent_us = 0;
    if (!in->idle) return;
    in->idle = false;
    query_set_idle(j->query, i, false);
}

static bool flush_input(struct job *j, uint32_t i, const struct mark *m, struct err *e) {
    j->input[i].flushed_us = m->watermark_us;
    bool done = query_flush(j->query, i, m, e);
    held_drop(&j->held, query_held(j->query));
    return done;
}

static bool end_input(struct job *j, uint32_t i, struct err *e) {
    struct mark m;
    assert(!j->input[i].ended);
    feed_mark(j->input[i].feed, &m);
    m.watermark_us = TIME_END_US;
    m.proctime_us = j->env->clock_us();
    speaks_again(j, i);
    j->input[i].ended = true;
    return flush_input(j, i, &m, e);
}

/* A query that needs no more rows (LIMIT) has, of the `taken` ones, used those up to the one that
 * made its last result row: a source that is read once keeps the others for who comes later. */
static uint32_t rows_used(const struct job *j, uint32_t taken) {
    if (!query_done(j->query) || j->inputs != 1) return taken;
    if (!j->gave || j->last_ordinal < j->taken) return 0;
    uint64_t used = j->last_ordinal - j->taken + 1;
    return used < taken ? (uint32_t)used : taken;
}

/* Where rows of several inputs meet, time goes on with the row that raised it, and not only with
 * the next row of that input: `next` is the row behind those taken. */
static bool flush_taken(struct job *j, uint32_t i, const struct batch *b, uint32_t next,
                        struct err *e) {
    struct mark m;
    if (j->inputs < 2 || query_done(j->query)) return true;
    if (next < b->rows) {
        m = (struct mark){.watermark_us = batch_watermark(b, next)};
    } else {
        feed_mark(j->input[i].feed, &m);
    }
    m.proctime_us = TIME_MIN_US; /* the rows have told it */
    return m.watermark_us <= j->input[i].flushed_us || flush_input(j, i, &m, e);
}

/* Input `i` has nothing now: rows that wait for more are not made to wait by other jobs. */
static bool hurry(struct job *j, uint32_t i, struct err *e) {
    if (query_held(j->query) == UINT64_MAX) return true;
    struct mark m;
    feed_mark(j->input[i].feed, &m);
    m.proctime_us = j->env->clock_us();
    return flush_input(j, i, &m, e);
}

/* What of the batch may be taken before a teacher's turn; NULL: nothing, or (*e) no memory. */
static const struct batch *allowed_rows(struct job *j, const struct batch *b, uint32_t from,
                                        struct batch *some, struct err *e) {
    err_clear(e);
    if (b->rows - from <= j->models.allowed) return b;
    arena_reset(&j->models.cut);
    if (j->models.allowed == 0) return NULL;
    uint32_t to = from + (uint32_t)j->models.allowed;
    if (batch_slice(b, 0, to, &j->models.cut, some)) return some;
    err_memory(e);
    return NULL;
}

/* A table that is followed has no time that the other inputs could wait for: it speaks when it is
 * changed. true: it held them so far. */
static bool let_others(struct job *j, uint32_t i) {
    struct job_input *in = &j->input[i];
    const struct plan_input *plan = &j->o.plan->input[i];
    if (j->inputs < 2 || in->idle || plan->snapshot || !plan->def->stored) return false;
    in->idle = true;
    query_set_idle(j->query, i, true);
    return true;
}

/* Pushes what input `i` has; *did_out: something happened. false: *e. */
static bool pump(struct job *j, uint32_t i, bool *did_out, struct err *e) {
    const struct batch *b;
    uint32_t from, taken = 0;
    struct job_input *in = &j->input[i];
    *did_out = false;
    switch (feed_rows(in->feed, &b, &from, e)) {
    case FEED_ROWS: break;
    case FEED_WAIT:
        in->waits = true;
        *did_out = let_others(j, i);
        return hurry(j, i, e);
    case FEED_BLOCKED: in->blocked = true; return true;
    case FEED_END: *did_out = true; return end_input(j, i, e);
    case FEED_FAIL: return false;
    }
    speaks_again(j, i);
    j->gave = false;
    struct batch some;
    const struct batch *allowed = allowed_rows(j, b, from, &some, e);
    if (!allowed) return e->code == ERR_NONE;
    if (!query_push(j->query, i, allowed, from, &taken, e)) return false;
    if (!job_keep_held(j, i, allowed, from, taken, e)) return false;
    if (j->models.allowed != UINT64_MAX) j->models.allowed -= taken;
    uint32_t used = rows_used(j, taken);
    j->taken += taken;
    uint32_t next = from + taken;
    bool last = next == b->rows;
    if (!last && !flush_taken(j, i, b, next, e)) return false;
    if (!feed_took(in->feed, used, e) || (last && !flush_taken(j, i, b, next, e))) return false;
    *did_out = taken > 0 || query_wants(j->query) != i; /* or it is another input's turn */
    return true;
}

/* Inputs that were said to be silent may speak again unasked. */
static bool listen_to_idle(struct job *j, bool *did_out, struct err *e) {
    for (uint32_t i = 0; i < j->inputs; i++) {
        if (!j->input[i].idle || j->input[i].ended) continue;
        const struct batch *b;
        uint32_t from;
        enum feed_status s = feed_rows(j->input[i].feed, &b, &from, e);
        if (s == FEED_FAIL) return false;
        if (s == FEED_WAIT) j->input[i].waits = true;
        if (s == FEED_ROWS) {
            speaks_again(j, i);
            *did_out = true;
        }
        if (s == FEED_END) {
            *did_out = true;
            if (!end_input(j, i, e)) return false;
        }
    }
    return true;
}

/* A query without inputs gives its constant rows, and ends. */
static bool step_alone(struct job *j) {
    struct err e;
    const struct mark end = {.watermark_us = TIME_END_US, .proctime_us = j->env->clock_us()};
    if (!query_flush(j->query, 0, &end, &e)) {
        job_break(j, &e);
        return true;
    }
    return job_drain(j);
}

bool job_is_ahead(const struct job *j) {
    const struct stream *target = j->o.target;
    return target && stream_behind_bytes(target) > BEHIND_BYTES;
}

bool job_is_level(const struct job *j) {
    if (j->state != JOB_RUNNING) return true;
    if (job_give_waits(j)) return false;
    for (uint32_t i = 0; i < j->inputs; i++) {
        const struct feed *f = j->input[i].feed;
        if (f && !j->input[i].ended && !feed_is_level(f)) return false;
    }
    return !j->draining;
}

bool job_may_wake(const struct job *j) {
    if (j->state != JOB_RUNNING) return false;
    if (j->proctime || (j->query && query_held(j->query) != UINT64_MAX)) return true;
    for (uint32_t i = 0; i < j->inputs; i++) {
        const struct job_input *in = &j->input[i];
        if (in->feed && !in->ended && !feed_is_inside(in->feed)) return true;
    }
    return false;
}

bool job_step(struct job *j) {
    assert(j->state == JOB_RUNNING);
    struct err e;
    bool any = false, did = true;
    if (j->draining) return job_drain(j);
    if (j->inputs == 0) return step_alone(j);
    err_clear(&e);
    for (uint32_t i = 0; i < j->inputs; i++) j->input[i].waits = j->input[i].blocked = false;
    uint32_t most = j->env->turn_batches > 0 ? j->env->turn_batches : STEP_BATCHES;
    for (uint32_t n = 0; n < most && did; n++) {
        uint32_t i = query_wants(j->query);
        bool done = i == UINT32_MAX || query_done(j->query);
        if (done && query_again(j->query)) return job_repeat(j);
        if (done) return job_drain(j) || any;
        assert(i < j->inputs);
        did = false;
        if (!listen_to_idle(j, &did, &e) || (!did && !pump(j, i, &did, &e)) ||
            !job_give_reach(j, &e)) {
            job_break(j, &e);
            return true;
        }
        any = any || did;
        if (job_is_ahead(j)) break;
    }
    return any;
}

void job_flush(struct job *j) {
    struct err e;
    if (j->state != JOB_RUNNING) return;
    j->dirty = false;
    if (!job_give_flush(j, &e)) job_break(j, &e);
}

/* Input `i` has nothing: time goes on without it. */
static bool tick_input(struct job *j, uint32_t i, int64_t now_us, struct err *e) {
    struct job_input *in = &j->input[i];
    struct mark m;
    feed_mark(in->feed, &m);
    if (in->silent_us == 0) in->silent_us = now_us;
    int64_t timeout = j->o.input[i]->idle_timeout_us;
    if (timeout > 0 && !in->idle && now_us - in->silent_us >= timeout) {
        in->idle = true;
        query_set_idle(j->query, i, true);
    }
    bool later = m.watermark_us > in->flushed_us, held = query_held(j->query) != UINT64_MAX;
    if (!later && !j->proctime && !held) return true;
    if (j->proctime || held) m.proctime_us = now_us;
    return flush_input(j, i, &m, e);
}

void job_tick(struct job *j, int64_t now_us) {
    struct err e;
    if (j->state != JOB_RUNNING || j->draining) return;
    for (uint32_t i = 0; i < j->inputs; i++) {
        if (!j->input[i].waits || j->input[i].ended) continue;
        if (tick_input(j, i, now_us, &e)) continue;
        job_break(j, &e);
        return;
    }
}

bool job_set_aside(struct job *j) {
    struct err e;
    bool any = false;
    if (j->state != JOB_RUNNING || j->draining) return false;
    for (uint32_t i = 0; i < j->inputs; i++) {
        bool did;
        if (!feed_set_aside(j->input[i].feed, &did, &e)) {
            job_break(j, &e);
            return true;
        }
        any = any || did;
        if (job_is_ahead(j)) break;
    }
    return any;
}
