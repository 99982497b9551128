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

/* What came to a stream's x$errors and x$late since this was last asked or they were last read. */
struct stream_news {
    uint64_t bad;     /* rows that the stream's source gave */
    uint64_t refused; /* rows of INSERTs */
    uint64_t late;
};
void stream_news(struct stream *s, struct stream_news *out);

/* What a stream is as bytes, between two steps of the runner. Sinks that can wait for checkpoints
 * have written what they were given to its place, hidden and durable; when the bytes that
 * stream_save() gave are durable, too, stream_commit() makes it appear. */
bool stream_save(struct stream *s, struct buf *out, struct err *e) MUST_USE;
bool stream_commit(struct stream *s, struct err *e) MUST_USE;
/* Into a stream just created, whose rows are loaded; before the jobs are. What the sinks had not
 * covered is thrown away. */
bool stream_load(struct stream *s, struct text saved, struct err *e) MUST_USE;

/* The rows that it keeps have numbers. Those from `since` on that are still kept (0: all); the
 * number of the next one. Loaded in the order in which they were saved. */
enum stream_rows { STREAM_ROWS, STREAM_ERRORS, STREAM_LATE };
uint64_t stream_rows_oldest(const struct stream *s, enum stream_rows which);
uint64_t stream_rows_end(const struct stream *s, enum stream_rows which);
bool stream_save_rows(const struct stream *s, enum stream_rows which, uint64_t since,
                      struct buf *out, struct err *e) MUST_USE;
bool stream_load_rows(struct stream *s, enum stream_rows which, struct text saved,
                      struct err *e) MUST_USE;

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
/* The run ends here and goes on in another process: from now on, where there are checkpoints, jobs
 * that are removed leave what their sinks have in progress as it is. */
void runner_leave(struct runner *r);

/* Joins the background; nothing runs before runner_run(). NULL: see *e. */
struct job *runner_add(struct runner *r, const struct job_options *o, struct err *e) MUST_USE;
/* Drops its state; what its sink has in progress is published. Accepts NULL. */
void runner_remove(struct runner *r, struct job *j);

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
    /* Called about ten times a second where nothing is on its way; false: the run ends with *e. May
     * be NULL. */
    bool (*between)(void *context, struct err *e);
};

/* Runs all jobs. A job that fails is JOB_FAILED, the others go on; false only for what stops the
 * runner itself. */
bool runner_run(struct runner *r, const struct runner_until *until, struct err *e) MUST_USE;

/* One round: every job gets its turn. *more_out false: nothing was left to do but to wait. For who
 * must stop between two steps. */
void runner_step(struct runner *r, bool *more_out);

/* All jobs as bytes, between two steps, but what their queries remember: that is apart. */
bool runner_save(struct runner *r, struct buf *out, struct err *e) MUST_USE;
/* Into a runner whose jobs were added anew and have not started, over streams that are loaded: each
 * goes on as the one of its name. Those that nothing is saved of start from the beginning. A source
 * that cannot go on is its jobs' failure. */
bool runner_load(struct runner *r, struct text saved, struct err *e) MUST_USE;
/* What the query of a job that runs remembers; nothing of others. Loaded after the jobs. */
bool job_save_query(struct job *j, struct buf *out, struct err *e) MUST_USE;
bool job_load_query(struct job *j, struct text saved, struct err *e) MUST_USE;
/* What it saved last could not be kept. */
void job_save_anew(struct job *j);
struct job *runner_first(const struct runner *r);
struct job *job_next(const struct job *j);
struct text job_name(const struct job *j);

/* After a stop, for good: sinks publish what they have in progress, unless checkpoints do; a job of
 * which that fails is JOB_FAILED. */
void runner_stop(struct runner *r);

enum job_state job_state(const struct job *j);
/* Has it taken all rows that are in memory now, and given what they make? */
bool job_is_level(const struct job *j);
const struct err *job_error(const struct job *j);
const struct err *job_first_bad(const struct job *j); /* of the rows it could not compute */
void job_stats(const struct job *j, struct query_stats *out);
/* Windows that are dropped when the job is stopped now. */
uint64_t job_open_windows(const struct job *j);

#endif
