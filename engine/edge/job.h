/* job.h: the inside of struct job (runner.h): one query, its feeds and its sink.
 *
 * Used by: job, runner.    Tested by: tests/unit/edge/runner_test.c
 */
#ifndef ENGINE_EDGE_JOB_H
#define ENGINE_EDGE_JOB_H

#include "engine/edge/held.h"
#include "engine/edge/junction.h"
#include "engine/edge/tap.h"

struct job_input {
    struct feed *feed;
    int64_t flushed_us; /* the watermark of the last flush */
    int64_t silent_us;  /* since when nothing came; 0: it is not silent */
    bool waits;         /* it was asked in the last step, and had nothing */
    bool blocked;       /* another query has to take rows first */
    bool idle;          /* query_set_idle() was said */
    bool ended;
};

/* Where what the query gives goes: job_give.c. */
struct job_ways {
    uint64_t base;                   /* of its ordinals: where in the source it began */
    struct lane *out, *late, *error; /* NULL: straight there */
    struct outlet *outlet;           /* of the target; NULL: it has none */
    struct table_writer *writer;     /* of a target that is stored; else NULL */
};

/* A query that asks a model which another one teaches from the same rows is behind it. */
struct job_models {
    const struct shared_model *asks; /* one that learns, of a query with one input; or NULL */
    struct shared_model *teaches;    /* NULL: it is no INSERT INTO MODEL */
    uint32_t epoch;                  /* of one; counts up */
    struct query_stats past;         /* of epochs that are over */
    uint64_t allowed;                /* rows that it may take now */
    struct arena cut;
};

struct job {
    struct job *next;
    const struct edge_env *env;
    uint64_t statement; /* its rank among those of the runner, from 1 on */
    struct job_options o;
    enum job_state state;
    bool proctime;         /* the clock closes windows */
    bool dirty;            /* rows were given since the last flush */
    bool gave;             /* the last push gave result rows */
    bool draining;         /* the query gives nothing more, but its rows wait for those of others */
    uint64_t taken;        /* rows that a query with one input was given */
    struct held held;      /* rows that the query has not settled */
    uint64_t last_ordinal; /* of the input row that made the last result row */
    struct query *query;
    struct job_ways ways;
    struct junctions *junctions;
    uint64_t *sources;           /* the runner's: how many have been told apart */
    struct query_source *source; /* [inputs] what it reads */
    struct job_models models;
    uint32_t inputs;
    struct job_input *input; /* [inputs] */
    struct err error;
    struct err first_bad;
    struct query_stats stats; /* last ones, when the query is gone */
};

/* The rows that `j` may take before `teacher` has to learn from what comes first, where both read
 * one source; else UINT64_MAX. */
uint64_t job_rows_before(const struct job *j, const struct job *teacher);

/* The figures of `q`, and of the epochs before it. */
void job_query_stats(const struct job *j, const struct query *q, struct query_stats *out);

struct job *job_create(const struct job_options *o, const struct edge_env *env,
                       struct junctions *junctions, struct err *e) MUST_USE;
/* It runs no more: its sink publishes what it has in progress, and the job fails if that does. */
void job_stop(struct job *j);
/* `ends`: publishes what its sink has in progress; else leaves it. Accepts NULL. */
void job_destroy(struct job *j, bool ends);

/* Opens the query, its feeds and its sink; a job that cannot is JOB_FAILED. */
void job_start(struct job *j);

/* Moves some batches on. true: something was done. */
bool job_step(struct job *j);

/* Rows that were written can be seen after it. */
void job_flush(struct job *j);

/* While nothing comes: tells the query the time, and which inputs are silent for too long. */
void job_tick(struct job *j, int64_t now_us);

/* Lets readers that other queries share go on without this job. true: that freed one. */
bool job_set_aside(struct job *j);

/* Could it give more if no other job did? It waits for the outside, or for the clock. */
bool job_may_wake(const struct job *j);

/* Would running it now only pile up rows in a kept stream that its readers are behind on? */
bool job_is_ahead(const struct job *j);

#endif
