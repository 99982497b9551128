/* query.h: a running query: operators opened from a plan, fed with batches, giving batches.
 *
 * The core of the engine: it is given rows and "time has reached T" and gives rows; a whole run can
 * be repeated from what it was given. Rows of several inputs are taken in the order of sql.md: next
 * comes the row of the input whose watermark is lowest, ties in FROM order; the taker numbers them
 * (ordinal).
 *
 * Lifetime: query_create .. query_destroy. One thread feeds a query; with workers the query runs
 * its operators on threads of its own and gives results on the feeding thread, in the same order.
 *
 * Used by: engine/edge, clients, tests.    Tested by: tests/unit/engine/query_test.c
 */
#ifndef ENGINE_QUERY_H
#define ENGINE_QUERY_H

#include "engine/base/batch.h"
#include "engine/base/err.h"
#include "engine/plan.h"

struct query;
struct state_journal;

/* A row that a query did not take, with what is known of it. */
struct query_reject {
    uint32_t input;            /* of the query; UINT32_MAX: a result row, not an input row */
    const struct batch *batch; /* the input's batch being pushed; NULL: none */
    uint32_t row;              /* in it */
    bool result;               /* a result row, which stands for no input row */
    uint64_t ordinal;     /* of the row that caused it; also where the batch is gone: a row that
                                  was held back (query_holds) */
    const char *sqlstate; /* bad rows */
    const char *message;
    int64_t watermark_us; /* late rows */
    uint32_t missed;      /* late rows: windows */
};

/* Who receives what a query gives. Called on the feeding thread, in order. */
struct query_output {
    void *context;
    bool (*rows)(void *context, const struct batch *b, struct err *e);
    bool (*mark)(void *context, const struct mark *m,
                 struct err *e); /* time passed; NULL: unheard */
    bool (*late)(void *context, const struct query_reject *r, struct err *e);
    bool (*bad)(void *context, const struct query_reject *r,
                struct err *e); /* false: stop (fail) */
};

/* What an input reads: rows of equal sources with equal ordinals (of the query, plus `before`) are
 * the same rows in all queries. */
struct query_source {
    const void *what;
    uint64_t before; /* rows of it that came before the query's first */
};

struct query_options {
    uint32_t batch_rows;                 /* 1..BATCH_ROWS: rows an operator emits at a time */
    uint32_t workers;                    /* 1: on the feeding thread */
    size_t state_limit_bytes;            /* 54000 past it; 0: none */
    uint64_t seed;                       /* random() */
    struct fn_env env;                   /* what functions may use */
    int64_t (*clock_us)(void);           /* to measure runs of models by; NULL: they are not */
    const struct state_journal *journal; /* where keyed state is saved as changes; NULL: whole, with
                                            the rest (query_save) */
    const struct query_source *source;   /* [inputs] for models that learn; NULL: unknown */
    bool bad_stops; /* the first bad row stops the query ('on-error' = 'fail'): nothing
                                 that rows behind it cause is given */
};

struct query_stats {
    uint64_t rows_in, rows_out, late, bad;
    int64_t watermark_us; /* lowest of the inputs */
    size_t state_bytes;
};

/* plan outlives the query. NULL: see *e. */
struct query *query_create(const struct plan_query *plan, const struct query_options *o,
                           const struct query_output *out, struct err *e) MUST_USE;

/* The input whose row comes next, or UINT32_MAX when all have ended or the query needs no more
 * rows (LIMIT reached). */
uint32_t query_wants(const struct query *q);

/* Gives rows of input `input` (batch->schema is that of its stream; ordinals are set here), from
 * row `from` on. *taken_out: how many rows were taken: fewer than all where another input's turn
 * has come. The batch must stay until all of it was taken. */
bool query_push(struct query *q, uint32_t input, const struct batch *b, uint32_t from,
                uint32_t *taken_out, struct err *e) MUST_USE;

/* Between batches: input `input` has come to *m (its ordinal is ignored). TIME_END_US ends it;
 * when the last input has ended, the query gives its last rows. A query without inputs (SELECT 1)
 * is run by one call with input 0, whose mark brings the time. */
bool query_flush(struct query *q, uint32_t input, const struct mark *m, struct err *e) MUST_USE;

/* An input that is silent (scan.idle-timeout) does not hold the others until it speaks again. */
void query_set_idle(struct query *q, uint32_t input, bool idle);

bool query_done(const struct query *q); /* ended, or needs no more rows */

void query_stats(const struct query *q, struct query_stats *out);
/* Windows that hold rows and are not final yet: what is lost when the query is dropped now. Between
 * calls that feed it; costs as much as there are panes. */
bool query_open_windows(struct query *q, uint64_t *windows_out, struct err *e) MUST_USE;
/* What an operator that runs a model has done. */
struct op_runs {
    uint64_t runs;     /* calls of the model */
    uint64_t rows;     /* computed by them */
    uint64_t rows_max; /* by one of them */
    uint64_t hits;     /* rows answered without one */
    uint64_t us;       /* that they took, where the query has a clock; else 0 */
};

/* What each operator did, by id of its plan node: out[plan->plans]. With one worker. */
struct query_op {
    uint64_t rows; /* given */
    struct op_runs runs;
};
void query_ops(const struct query *q, struct query_op *out);

/* Rows that were pushed and may still be given, or rejected, later: where a model waits for more.
 * The least of their ordinals, UINT64_MAX: none; and whether the row with that ordinal is one. */
uint64_t query_held(const struct query *q);
bool query_holds(const struct query *q, uint64_t ordinal);
/* The ordinal that the next row pushed will get. */
uint64_t query_next_ordinal(const struct query *q);
/* An INSERT INTO MODEL that has ended wants all of its rows once more, from a new query. */
bool query_again(const struct query *q);

/* The whole state, to be loaded into a new query of an equal plan; keyed state as changes where the
 * options have a journal, of both. After a save that could not be kept, query_save_anew(). */
bool query_save(struct query *q, struct buf *out, struct err *e) MUST_USE;
bool query_load(struct query *q, struct text saved, struct err *e) MUST_USE;
void query_save_anew(struct query *q);

void query_destroy(struct query *q); /* accepts NULL */

#endif
