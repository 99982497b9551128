/* plan.h: the physical plan: a const tree of operators, printed by EXPLAIN.
 *
 * Made by sql/lower, read-only after; state lives apart, in the operators of op.h. Columns are
 * numbers: what an operator needs computed is computed by a Project below it.
 *
 * Lifetime: const, in the arena of the statement or query.
 *
 * Used by: engine, sql, clients.    Tested by: tests/cases/explain
 */
#ifndef ENGINE_PLAN_H
#define ENGINE_PLAN_H

#include "engine/base/aggregate.h"
#include "engine/base/buf.h"
#include "engine/base/type.h"
#include "engine/expr.h"
#include "engine/plan_model.h"
#include "engine/plan_past.h"
#include "engine/plan_track.h"
#include "engine/plan_window.h"
#include "engine/stream_def.h"

/* Every kind of plan node. To add one: a row here, and engine/op/<name>.c with op_<name>.
 *   kind  file  as EXPLAIN prints it */
#define PLAN_LIST(X)                                                                               \
    X(SCAN, scan, "Scan")          /* an input of the query */                                     \
    X(VALUES, values, "Values")    /* constant rows */                                             \
    X(FILTER, filter, "Filter")    /* rows for which a predicate is true */                        \
    X(PROJECT, project, "Project") /* expressions */                                               \
    X(WINDOW, window, "Window")    /* each row once for each of its windows */                     \
    X(WINDOW_AGGREGATE, window_aggregate, "WindowAggregate") /* final results by window */         \
    X(GROUP_AGGREGATE, group_aggregate, "GroupAggregate")    /* changelog, or final at end */      \
    X(DISTINCT, distinct, "Distinct")                        /* GROUP BY all columns */            \
    X(UNION, union, "Union")                        /* UNION ALL: rows of two inputs by ordinal */ \
    X(SET_OPERATION, set_operation, "SetOperation") /* INTERSECT, EXCEPT */                        \
    X(SORT, sort, "Sort")                           /* of a bounded input */                       \
    X(INFER, infer, "Infer")                        /* what a model answers */                     \
    X(TRAIN, train, "Train")                        /* teaches a model */                          \
    X(UNNEST, unnest, "Unnest")                     /* a row for each element of an array */       \
    X(TRACK, track, "Track")                        /* numbers what boxes show over frames */      \
    X(LIMIT, limit, "Limit")                                                                       \
    X(SINK, sink, "Sink") /* hands rows to the query's output */

#define X(KIND, name, text) PLAN_##KIND,
enum plan_kind { PLAN_LIST(X) PLAN_COUNT };
#undef X

/* The rows of input `input` of the query (struct plan_query), columns as its stream declares. */
struct plan_scan {
    uint32_t input;
};

struct plan_values {
    uint32_t rows;
    const struct expr *const *expr; /* [rows * schema->cols], without columns */
};

struct plan_filter {
    const struct expr *predicate;
};

struct plan_project {
    const struct expr *const *expr; /* [schema->cols] */
};

/* Out: the input's columns, then window_start, window_end, window_time. */
struct plan_window {
    struct window_spec spec;
};

struct plan_agg {
    const struct aggregate *agg;
    struct agg_bind bind;
    const uint32_t *arg_col; /* [bind.args] columns of the input */
    int32_t filter_col;      /* BOOLEAN column of FILTER (WHERE ...), or -1 */
    bool distinct;
    struct text label; /* as written, for EXPLAIN */
};

/* Out: keys, aggregates; WindowAggregate: then window_start, window_end, window_time. */
struct plan_aggregate {
    uint32_t keys;
    const uint32_t *key_col;
    uint32_t aggs;
    const struct plan_agg *agg; /* [aggs] */
    struct window_spec window;  /* WindowAggregate only */
    bool final;                 /* GroupAggregate: one row a group at the end of the input, in the
                                   order of each group's first row; else changes as they happen */
};

/* Distinct: `final` likewise (rows at their first appearance either way; a retracting input makes
 * it a changelog). */
struct plan_distinct {
    bool final;
};

struct plan_set_operation {
    bool except; /* EXCEPT, else INTERSECT; both without duplicates, as in SQLite */
    bool final;
};

struct sort_key {
    uint32_t col;
    bool descending;
    bool nulls_last;
};

struct plan_sort {
    uint32_t keys;
    const struct sort_key *key;
    int64_t limit; /* rows needed (limit + offset), or -1: all */
};

struct plan_limit {
    int64_t limit; /* -1: none */
    int64_t offset;
};

struct plan {
    enum plan_kind kind;
    uint32_t id;                 /* in the query, root 0, depth first */
    const struct schema *schema; /* of what it gives */
    bool changes;                /* what it gives is a changelog */
    uint32_t inputs;             /* 0..2 */
    const struct plan *input[2];
    union {
        struct plan_scan scan;
        struct plan_values values;
        struct plan_filter filter;
        struct plan_project project;
        struct plan_window window;
        struct plan_aggregate aggregate; /* both aggregates */
        struct plan_distinct distinct;
        struct plan_set_operation set_operation;
        struct plan_sort sort;
        struct plan_limit limit;
        struct plan_infer infer;
        struct plan_train train;
        struct plan_unnest unnest;
        struct plan_track track;
    } as;
};

/* One FROM item that reads a stream or table, in FROM order. */
struct plan_input {
    const struct stream_def *def;
    const bool *used;        /* [def->schema->cols] columns that the query reads */
    struct options hint;     /* OPTIONS of the query, on top of the stream's */
    bool bounded;            /* it ends: a file, TABLE(s), a generator with a count */
    bool snapshot;           /* TABLE(s), x$errors, x$late, stored tables: what it holds now */
    struct plan_as_of as_of; /* a snapshot of what it held then */
};

/* A whole query: what EXPLAIN prints and a query runs. The root is a Sink. */
struct plan_query {
    const struct plan *root;
    uint32_t plans; /* nodes in the tree: ids are 0 .. plans - 1 */
    uint32_t inputs;
    const struct plan_input *input;
    bool bounded;         /* every input is */
    int64_t state_ttl_us; /* what is idle for longer is forgotten ('state-ttl'); 0: nothing is */
    struct text sink;     /* where the rows go, in words for EXPLAIN; bytes 0: to who asked */
};

/* Has every stream that is read below that node a watermark? Else time is the rows' PROCTIME. */
bool plan_has_watermark(const struct plan_query *q, const struct plan *p);

/* EXPLAIN's text: one line a node, two spaces a level, stable. */
void plan_print(struct buf *out, const struct plan_query *q);

#endif
