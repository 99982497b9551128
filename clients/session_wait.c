/* session_wait.c: what a statement reads may still be on its way: queries of the background write
 * it.
 *
 * Queries that end have to end first. Queries that do not end, but only read what is in memory,
 * take all that is there now: so that a view tells of the row that was inserted before it is asked.
 * That goes on from what is read to what the queries that write it read.
 */
#include "clients/durable.h"
#include "clients/session_private.h"

bool session_run_until(struct session *s, const struct runner_until *how, struct err *e) {
    struct runner_until until = *how;
    until.stop = s->options.stop;
    until.context = s;
    until.between = s->durable && !how->alone ? durable_between : NULL;
    until.progress = s->output.progress ? session_draw_progress : NULL;
    return runner_run(s->runner, &until, e);
}

/* The objects that are read, with what those who write them read. */
struct reading {
    uint32_t count;
    const struct object **at; /* room for every object */
};

static bool is_read(const struct reading *r, const struct object *o) {
    for (uint32_t i = 0; i < r->count; i++) {
        if (r->at[i] == o) return true;
    }
    return false;
}

static void add_read(struct reading *r, const struct object *o) {
    if (o && !is_read(r, o)) r->at[r->count++] = o;
}

static bool uses(const struct bound_query *bound, const struct object *o) {
    for (uint32_t i = 0; i < bound->uses; i++) {
        if (bound->use[i] == o) return true;
    }
    return false;
}

/* Does the query fill the x$errors or x$late that the statement reads? */
static bool fills_side(const struct session *s, const struct running *r,
                       const struct bound_query *bound) {
    for (uint32_t i = 0; i < bound->plan.inputs; i++) {
        for (const struct object *o = catalog_first(s->catalog); o; o = o->next) {
            struct stream *stream = session_stream(o);
            const struct stream_def *def = bound->plan.input[i].def;
            bool side =
                stream && (def == stream_errors_def(stream) || def == stream_late_def(stream));
            if (side && uses(&r->bound, o)) return true;
        }
    }
    return false;
}

static bool reads_snapshot(const struct bound_query *bound) {
    for (uint32_t i = 0; i < bound->plan.inputs; i++) {
        if (bound->plan.input[i].snapshot) return true;
    }
    return false;
}

/* Is it read what the query of object `o` makes? */
static bool makes_read(const struct session *s, const struct reading *reading,
                       const struct object *o, const struct bound_query *bound) {
    const struct running *r = session_running(o);
    if (!r || !r->job) return false;
    return is_read(reading, o) || is_read(reading, r->bound.target) || fills_side(s, r, bound);
}

static bool find_reading(struct session *s, const struct bound_query *bound, bool target,
                         struct reading *out, struct err *e) {
    uint32_t objects = 0;
    for (const struct object *o = catalog_first(s->catalog); o; o = o->next) objects++;
    *out = (struct reading){.at = ARENA_ARRAY(&s->statement, out->at, objects + 1)};
    if (!out->at) return err_memory(e);
    for (uint32_t i = 0; i < bound->uses; i++) {
        if (target || bound->use[i] != bound->target) add_read(out, bound->use[i]);
    }
    for (uint32_t had = UINT32_MAX; had != out->count;) {
        had = out->count;
        for (const struct object *o = catalog_first(s->catalog); o; o = o->next) {
            if (!makes_read(s, out, o, bound)) continue;
            const struct running *r = session_running(o);
            add_read(out, o);
            for (uint32_t i = 0; i < r->bound.uses; i++) add_read(out, r->bound.use[i]);
        }
    }
    return true;
}

/* Waits for the query of `o`; *any: it had something to do. */
static bool settle_one(struct session *s, const struct object *o, bool now, bool *any,
                       struct err *e) {
    struct running *r = session_running(o);
    bool ends = r->bound.plan.bounded;
    bool rests = job_state(r->job) == JOB_RUNNING && !ends && job_is_level(r->job);
    if (job_state(r->job) > JOB_RUNNING || rests || (!ends && !now)) return true;
    *any = true;
    return session_run_until(s, &(struct runner_until){.job = r->job, .level = !ends}, e);
}

bool session_settle(struct session *s, const struct bound_query *bound, bool target,
                    struct err *e) {
    struct reading reading;
    bool now = target || reads_snapshot(bound), any = true;
    if (!find_reading(s, bound, target, &reading, e)) return false;
    /* What one writes another reads: once more, until all rest; some never do. */
    for (uint32_t round = 0; any && round <= reading.count; round++) {
        any = false;
        for (const struct object *o = catalog_first(s->catalog); o; o = o->next) {
            if (!makes_read(s, &reading, o, bound)) continue;
            if (!settle_one(s, o, now, &any, e)) return false;
        }
    }
    return true;
}

bool session_wait_for(struct session *s, const struct object *o, struct err *e) {
    for (struct object *q = catalog_first(s->catalog); q; q = q->next) {
        struct running *r = session_running(q);
        bool writes = r && r->job && r->bound.target == o && r->bound.plan.bounded;
        if (!writes || job_state(r->job) > JOB_RUNNING) continue;
        if (!session_run_until(s, &(struct runner_until){.job = r->job}, e)) return false;
        if (job_state(r->job) != JOB_FAILED) continue;
        *e = *job_error(r->job);
        return false;
    }
    return true;
}
