/* runner.c: see runner.h. The loop: the only file of the engine that reads the clock of the loop
 * and waits.
 *
 * All jobs are stepped in turn for as long as one of them gets on. When none does, what was
 * written is flushed, queries are told the time, and poll(2) waits for the descriptors of the
 * inputs that are silent. A job that fills a kept stream whose readers are far behind is passed
 * over while others can run.
 *
 * Jobs that share a tap can block each other when they want their inputs in different orders.
 * Nobody gets on then, and yet one is blocked: the rows that some feed has not taken are set aside
 * for it, which frees the tap.
 */
#include "engine/edge/runner.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "engine/edge/job_save.h"

enum {
    FLUSH_MS = 100,
    PROGRESS_MS = 200,
    WAIT_MS = 100,     /* at most, so that a stop is seen */
    ASK_AGAIN_MS = 10, /* where there is nothing to poll */
    POLLED_MAX = 1024,
};

struct runner {
    const struct edge_env *env;
    struct job *jobs;    /* in the order in which they joined */
    uint64_t statements; /* that ever joined */
    uint64_t sources;    /* told apart so far */
    struct junctions junctions;
    int64_t flushed_ms, told_ms;
    bool leaving; /* jobs do not end, but go on elsewhere */
    struct pollfd polled[POLLED_MAX];
};

struct runner *runner_create(const struct edge_env *env, struct err *e) {
    assert(env && env->clock_us && env->batch_rows > 0 && env->batch_rows <= BATCH_ROWS);
    struct runner *r = calloc(1, sizeof *r);
    if (!r) {
        err_memory(e);
        return NULL;
    }
    r->env = env;
    return r;
}

void runner_destroy(struct runner *r) {
    if (!r) return;
    while (r->jobs) runner_remove(r, r->jobs);
    free(r);
}

struct job *runner_add(struct runner *r, const struct job_options *o, struct err *e) {
    struct job *j = job_create(o, r->env, &r->junctions, e);
    if (!j) return NULL;
    j->statement = ++r->statements;
    j->sources = &r->sources;
    struct job **link = &r->jobs;
    while (*link) link = &(*link)->next;
    *link = j;
    return j;
}

void runner_remove(struct runner *r, struct job *j) {
    if (!j) return;
    struct job **link = &r->jobs;
    while (*link && *link != j) link = &(*link)->next;
    assert(*link == j);
    *link = j->next;
    job_destroy(j, !r->leaving);
}

void runner_leave(struct runner *r) {
    r->leaving = r->env->durable;
}

enum job_state job_state(const struct job *j) {
    return j->state;
}

const struct err *job_error(const struct job *j) {
    return &j->error;
}

const struct err *job_first_bad(const struct job *j) {
    return &j->first_bad;
}

void job_stats(const struct job *j, struct query_stats *out) {
    *out = j->stats;
    if (j->query) job_query_stats(j, j->query, out);
}

/* A clock that only goes forward. */
static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool is_over(const struct job *j) {
    return j->state == JOB_ENDED || j->state == JOB_FAILED;
}

static bool is_satisfied(const struct runner *r, const struct runner_until *until) {
    if (until->job) return is_over(until->job) || (until->level && job_is_level(until->job));
    for (const struct job *j = r->jobs; j; j = j->next) {
        if (!is_over(j)) return false;
    }
    return true;
}

/* Is `j` to be moved on? */
static bool takes_part(const struct runner_until *until, const struct job *j) {
    return !until->alone || j == until->job;
}

static void start_waiting(struct runner *r, const struct runner_until *until) {
    for (struct job *j = r->jobs; j; j = j->next) {
        if (j->state == JOB_WAITING && takes_part(until, j)) job_start(j);
    }
}

/* Where a query asks a model that another one teaches from the same rows, that one goes first. */
static void allow_rows(struct runner *r, struct job *j) {
    j->models.allowed = UINT64_MAX;
    for (const struct job *t = r->jobs; j->models.asks && t; t = t->next) {
        uint64_t rows = job_rows_before(j, t);
        if (rows < j->models.allowed) j->models.allowed = rows;
    }
}

/* One round: every job gets its turn; `ahead`: also those that are ahead of their readers. */
static bool step_all(struct runner *r, const struct runner_until *until, bool ahead) {
    bool any = false;
    for (struct job *j = r->jobs; j; j = j->next) {
        if (j->state != JOB_RUNNING || !takes_part(until, j)) continue;
        if (job_is_ahead(j) != ahead) continue;
        allow_rows(r, j);
        any = job_step(j) || any;
    }
    return any;
}

static void flush_all(struct runner *r) {
    for (struct job *j = r->jobs; j; j = j->next) job_flush(j);
    r->flushed_ms = now_ms();
}

/* Frees taps that a job is blocked on. */
static bool unblock(struct runner *r) {
    bool blocked = false, freed = false;
    for (struct job *j = r->jobs; j; j = j->next) {
        if (j->state != JOB_RUNNING) continue;
        for (uint32_t i = 0; i < j->inputs; i++) {
            blocked = blocked || j->input[i].blocked;
            j->input[i].blocked = false;
        }
    }
    for (struct job *j = r->jobs; blocked && j; j = j->next) freed = job_set_aside(j) || freed;
    return freed;
}

static bool is_woken(const struct runner_until *until) {
    if (!until->wake) return false;
    struct pollfd p = *until->wake;
    return poll(&p, 1, 0) > 0;
}

/* Waits until something may have come. */
static void wait_some(struct runner *r, const struct runner_until *until) {
    nfds_t count = 0;
    int timeout_ms = WAIT_MS;
    if (until->wake) r->polled[count++] = *until->wake;
    for (const struct job *j = r->jobs; j; j = j->next) {
        if (j->state != JOB_RUNNING) continue;
        for (uint32_t i = 0; i < j->inputs; i++) {
            const struct job_input *in = &j->input[i];
            if (!in->feed || !in->waits || in->ended || feed_is_inside(in->feed)) continue;
            struct pollfd p;
            feed_poll(in->feed, &p);
            if (p.fd < 0 || count == POLLED_MAX) timeout_ms = ASK_AGAIN_MS;
            if (p.fd >= 0 && count < POLLED_MAX) r->polled[count++] = p;
        }
        bool held = j->query && query_held(j->query) != UINT64_MAX;
        if (j->proctime || held) timeout_ms = ASK_AGAIN_MS;
    }
    (void)!poll(r->polled, count, timeout_ms); /* a signal ends it, and is looked at */
}

/* Nobody gets on by itself. true: the time alone made rows, which others may read. */
static bool pause_all(struct runner *r) {
    bool any = false;
    int64_t now_us = r->env->clock_us();
    for (struct job *j = r->jobs; j; j = j->next) {
        bool dirty = j->dirty;
        job_tick(j, now_us);
        any = any || (j->dirty && !dirty);
    }
    any = junctions_settle(&r->junctions) || any;
    flush_all(r);
    return any;
}

static bool is_at_rest(const struct runner *r) {
    for (const struct job *j = r->jobs; j; j = j->next) {
        if (job_may_wake(j)) return false;
    }
    return true;
}

static bool tell(struct runner *r, const struct runner_until *until, struct err *e) {
    int64_t now = now_ms();
    if (now - r->flushed_ms >= FLUSH_MS) flush_all(r);
    if (until->between && !until->between(until->context, e)) return false;
    if (!until->progress || now - r->told_ms < PROGRESS_MS) return true;
    r->told_ms = now;
    until->progress(until->context);
    return true;
}

void runner_step(struct runner *r, bool *more_out) {
    const struct runner_until all = {.job = NULL};
    start_waiting(r, &all);
    bool did = step_all(r, &all, false);
    if (!did) did = step_all(r, &all, true);
    *more_out = did || unblock(r) || pause_all(r);
}

bool runner_run(struct runner *r, const struct runner_until *until, struct err *e) {
    start_waiting(r, until);
    r->flushed_ms = r->told_ms = now_ms();
    while (!is_satisfied(r, until)) {
        if ((until->stop && *until->stop) || is_woken(until)) break;
        bool did = step_all(r, until, false);
        if (!did) did = step_all(r, until, true);
        if (!tell(r, until, e)) return false;
        if (did || unblock(r)) continue;
        if (pause_all(r) || is_satisfied(r, until)) continue;
        if (until->level || (until->rest && is_at_rest(r))) break;
        wait_some(r, until);
    }
    flush_all(r);
    return true;
}

struct job *runner_first(const struct runner *r) {
    return r->jobs;
}

/* 8 bytes each, statements and sources so far; 4, how many jobs; each a part (job_save.c). */
bool runner_save(struct runner *r, struct buf *out, struct err *e) {
    uint32_t count = 0;
    flush_all(r);
    for (const struct job *j = r->jobs; j; j = j->next) count++;
    saved_put_u64(out, r->statements);
    saved_put_u64(out, r->sources);
    saved_put_u32(out, count);
    for (struct job *j = r->jobs; j; j = j->next) {
        size_t part = saved_begin(out);
        if (!job_save(j, r->jobs, out, e)) return false;
        saved_end(out, part);
    }
    return !out->failed || err_memory(e);
}

/* Jobs that still read come first: where the rows of one that does not wait for theirs, it takes
 * its place beside them. */
static bool load_some(struct runner *r, struct saved in, bool reading, struct err *e) {
    uint32_t count = saved_count(&in, sizeof(uint64_t));
    for (uint32_t i = 0; i < count; i++) {
        struct saved part = saved_part(&in);
        struct job *j = job_named(r->jobs, part);
        if (j && !job_load(j, r->jobs, part, reading, e)) return false;
    }
    return saved_done(&in, "the queries", e);
}

bool runner_load(struct runner *r, struct text saved, struct err *e) {
    struct saved in = saved_of(saved);
    uint64_t statements = saved_u64(&in);
    r->sources = saved_u64(&in);
    if (!load_some(r, in, true, e) || !load_some(r, in, false, e)) return false;
    if (r->statements < statements) r->statements = statements;
    for (struct job *j = r->jobs; j; j = j->next) job_resume_feeds(j);
    return true;
}

void runner_stop(struct runner *r) {
    if (r->env->durable) return; /* it goes on in another process */
    for (struct job *j = r->jobs; j; j = j->next) job_stop(j);
}

uint64_t job_open_windows(const struct job *j) {
    uint64_t windows = 0;
    struct err ignored;
    bool runs = j->state == JOB_RUNNING && j->query;
    return runs && query_open_windows(j->query, &windows, &ignored) ? windows : 0;
}
