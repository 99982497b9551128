/* runner.h: runs queries: pulls readers, pushes queries, writes sinks; owns the loop and the clock.
 *
 * A stream's runtime (struct stream) outlives its readers: counters, bad and late rows kept for
 * x$errors and x$late, and the rows of a stream without a connector. Queries that start together
 * over one stream share one reader: each batch is given to all of them before the next is read,
 * as far as their order of inputs allows.
 *
 * Lifetime: streams from CREATE to DROP, jobs from runner_add until runner_remove.
 *
 * Used by: clients.    Tested by: tests/unit/edge/runner_test.c, tests/cases
 */
#ifndef ENGINE_EDGE_RUNNER_H
#define ENGINE_EDGE_RUNNER_H

#include <signal.h>

#include "engine/edge/connector.h"
#include "engine/query.h"

struct stream; /* the runtime of a catalog stream */
struct runner;
struct job; /* a query that runs, or has run */

struct stream_stats {
    uint64_t rows, bad, bytes;
    uint64_t refused; /* of the bad ones: rows of INSERTs that the declaration did not take */
    int64_t watermark_us;
};

/* def outlives it. */
struct stream *stream_create(const struct stream_def *def, const struct edge_env *env,
                             struct err *e) MUST_USE;
/* One that holds no rows, only the x$errors of the query called so. */
struct stream *stream_create_query(struct text name, const struct edge_env *env,
                                   struct err *e) MUST_USE;
void stream_destroy(struct stream *s); /* accepts NULL */
void stream_stats(const struct stream *s, struct stream_stats *out);

/* Bytes that the slowest follower of what is held in memory has not read. */
size_t stream_behind_bytes(const struct stream *s);

/* A stored table's declaration with one BIGINT more, the id of each row; NULL: it is no table. */
const struct stream_def *stream_numbered_def(struct stream *s);

/* The declarations of x$errors and x$late, and streams that hold their rows. */
const struct stream_def *stream_errors_def(struct stream *s);
const struct stream_def *stream_late_def(struct stream *s);

enum job_state { JOB_WAITING, JOB_RUNNING, JOB_ENDED, JOB_FAILED };

struct job_options {
    struct text name;              /* of the query, for x$errors and x$late */
    const struct plan_query *plan; /* outlives the job */
    /* [plan->inputs] what each input reads; for x$errors and x$late their owner */
    struct stream *const *input;
    struct stream *target; /* INSERT INTO it; NULL: rows go to `output` */
    struct stream *errors; /* its x$errors takes the query's bad rows; NULL: that of the input */
    bool (*output)(void *context, const struct batch *b, struct err *e);
    void *context;
    struct fd_buffer *prints; /* `output` writes there, behind what is gathered; NULL: elsewhere */
    struct query_options query;
    bool replaces;        /* INSERT OR REPLACE: a row of the target's key goes */
    bool fail_on_error;   /* 'on-error' = 'fail' */
    struct query_op *ops; /* [plan->plans] filled when it ends: what each node did; or NULL */
};

struct runner *runner_create(const struct edge_env *env, struct err *e) MUST_USE;
void runner_destroy(struct runner *r); /* accepts NULL */

/* Joins the background; nothing runs before runner_run(). NULL: see *e. */
struct job *runner_add(struct runner *r, const struct job_options *o, struct err *e) MUST_USE;
void runner_remove(struct runner *r, struct job *j); /* drops its state; accepts NULL */

/* What makes runner_run() return. */
struct runner_until {
    const struct job *job; /* it has ended or failed; NULL: all have */
    bool alone;            /* no other job is started or moved on */
    bool level; /* also when `job` has taken all rows that are in memory now, or none gets on */
    bool rest;  /* also when all that run only wait for rows of each other */
    const volatile sig_atomic_t *stop; /* becomes non-zero: readers stop, returns true */
    const struct pollfd *wake;         /* can be read: returns true; NULL: none */
    void *context;
    void (*progress)(void *context); /* called about five times a second; may be NULL */
};

/* Runs all jobs. A job that fails is JOB_FAILED, the others go on; false only for what stops the
 * runner itself. */
bool runner_run(struct runner *r, const struct runner_until *until, struct err *e) MUST_USE;

enum job_state job_state(const struct job *j);
/* Has it taken all rows that are in memory now, and given what they make? */
bool job_is_level(const struct job *j);
const struct err *job_error(const struct job *j);
const struct err *job_first_bad(const struct job *j); /* of the rows it could not compute */
void job_stats(const struct job *j, struct query_stats *out);
/* Windows that are dropped when the job is stopped now. */
uint64_t job_open_windows(const struct job *j);

#endif
