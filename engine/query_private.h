/* query_private.h: what the files of a query share: the running query itself.
 *
 * Used by: engine/query*.c, engine/op.c, engine/op/scan.c, sink.c, union.c, engine/worker.c
 */
#ifndef ENGINE_QUERY_PRIVATE_H
#define ENGINE_QUERY_PRIVATE_H

#include "engine/op.h"
#include "engine/query.h"
#include "engine/reject.h"
#include "storage/state.h"

struct query_input {
    struct op *scan;      /* NULL: nobody reads it */
    int64_t watermark_us; /* before its next row, as far as is known */
    bool ended, idle;
};

/* What is being pushed: where rejected rows are looked up. */
struct query_current {
    uint32_t input;
    const struct batch *batch; /* the caller's; NULL: nothing */
    uint64_t first_ordinal;    /* of row `first_row`, the first one taken */
    uint32_t first_row;
    uint32_t rows; /* taken */
};

struct query {
    const struct plan_query *plan;
    struct query_options options;
    struct query_output out;
    struct arena arena;       /* plan-long: operators, programs */
    struct arena batch_arena; /* reset between source batches */
    struct state *keyed;
    struct op *op;             /* [plan->plans] by id */
    struct query_input *input; /* [plan->inputs] */
    uint64_t next_ordinal;
    int64_t proctime_us; /* the clock, as far as it was told */
    bool started;        /* constant rows have been given */
    bool ended;          /* the sink has seen the end */
    bool again;          /* a Train node wants all rows once more */
    struct query_current current;
    struct query_stats stats;
    uint64_t end_ordinal;      /* rows from here on were not wanted (LIMIT) */
    uint64_t stop_ordinal;     /* bad_stops: of the first bad row */
    struct rejects rejects;    /* of the batch that goes through */
    const struct plan *shared; /* the node that runs on several workers; NULL: none */
};

/* The sink's rows and marks on their way out. */
bool query_give(struct query *q, const struct batch *b, struct err *e) MUST_USE;
bool query_give_mark(struct query *q, const struct mark *m, struct err *e) MUST_USE;

/* Notes a bad row where bad rows stop the query. */
static inline void query_stop_at(struct query *q, const struct reject *x) {
    bool stops = q->options.bad_stops && !x->late;
    if (stops && x->key.ordinal < q->stop_ordinal) q->stop_ordinal = x->key.ordinal;
}

/* Opens one operator per node of the plan, for so many workers. */
bool query_open_ops(struct query *q, uint32_t workers, struct err *e) MUST_USE;
void query_close_ops(struct query *q);

#endif
