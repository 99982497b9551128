/* harness.h: queries on plans made by hand: rows as text in, rows as text out, cut every way.
 *
 * A rig holds a plan and its inputs' rows. Rows are lines of values between blanks:
 *
 *     a 1 10s        text without blanks, a number, a time (s, ms, us behind the number)
 *     +U a NULL 11s  a change kind in front makes the input a changelog
 *
 * rig_run() runs the query once for each way of cutting the input (1, 2, 3, 7, 2048 rows a batch),
 * with operators that emit as few rows, once with its state saved and loaded after every batch, and
 * with 1, 2 and 3 workers where asked; all must give the same rows with the same ordinals and
 * watermarks. What comes out:
 *
 *     a 3 0s 10s     a row; of a changelog with its kind in front
 *     late 10s 1     behind all rows: a row was late at watermark 10 s and missed 1 window
 *     bad 22003      a row that an expression failed for; "bad 22003 result": a result row
 *
 * Used by: tests/unit/engine, bench/ops_bench.c
 */
#ifndef TESTS_UNIT_ENGINE_HARNESS_H
#define TESTS_UNIT_ENGINE_HARNESS_H

#include "engine/base/buf.h"
#include "engine/plan.h"
#include "engine/query.h"
#include "tests/unit/udf/fn_probe.h"

enum { RIG_INPUTS = 4, RIG_PLANS = 32, RIG_COLUMNS = 16, RIG_AGGS = 16 };

#define RIG_SECOND INT64_C(1000000)

struct rig_input {
    const struct schema *schema;
    struct column *col;
    uint32_t rows;
    int64_t *watermark_us; /* [rows] before each row */
    int64_t *proctime_us;  /* [rows] */
    int8_t *change;        /* NULL: insertions only */
    int32_t time_col;      /* whose greatest value so far, less the delay, is the watermark; -1 */
    int64_t delay_us;
};

struct rig {
    struct probe probe; /* its arena holds everything; its columns are those of expressions */
    struct rig_input input[RIG_INPUTS];
    struct plan_input plan_input[RIG_INPUTS];
    struct plan_query query;
    struct plan *root;
    size_t state_limit_bytes;
    uint32_t workers_max;     /* 0: 1 */
    bool keeps_bytes;         /* false: save and load is left out */
    struct query_stats stats; /* of the last run */
};

void rig_init(struct rig *r);
void rig_done(struct rig *r);

/* "k TEXT, v BIGINT, at TIMESTAMP(3)" */
const struct schema *rig_schema(struct rig *r, const char *columns);

/* Plans. `time` is the column the watermark follows, NULL: none. */
struct plan *rig_scan(struct rig *r, const char *columns, const char *time, int64_t delay_us);
struct plan *rig_filter(struct rig *r, struct plan *in, const struct expr *predicate);
struct plan *rig_project(struct rig *r, struct plan *in, const char *columns,
                         const struct expr *const *expr);
/* keys "k,w", aggregates "count(*), sum(v), max(v) filter f, count(distinct v)" */
struct plan *rig_group(struct rig *r, struct plan *in, const char *keys, const char *aggs,
                       bool final);
struct plan *rig_window_group(struct rig *r, struct plan *in, const char *keys, const char *aggs,
                              const struct window_spec *window);
struct plan *rig_window(struct rig *r, struct plan *in, const struct window_spec *window);
/* Track by columns "at", "x", "y", "w", "h"; *o says how, where not -1 its label_col and score_col
 * mean columns "label" and "score". */
struct plan *rig_track(struct rig *r, struct plan *in, const char *partitions,
                       const struct plan_track *o);
struct plan *rig_node(struct rig *r, enum plan_kind kind, struct plan *a, struct plan *b);

/* A window over column `time` of the plan. */
struct window_spec rig_tumble(const struct plan *in, const char *time, int64_t size_us);
struct window_spec rig_hop(const struct plan *in, const char *time, int64_t slide_us,
                           int64_t size_us);
struct window_spec rig_cumulate(const struct plan *in, const char *time, int64_t step_us,
                                int64_t size_us);
struct window_spec rig_session(struct rig *r, const struct plan *in, const char *time,
                               const char *partitions, int64_t gap_us);

/* The input's rows; watermarks follow from them. */
void rig_rows(struct rig *r, uint32_t input, const char *lines);
/* Columns made otherwise, and watermarks from them. */
void rig_columns(struct rig *r, uint32_t input, struct column *col, uint32_t rows);

/* Puts a Sink on the plan, runs it every way and returns what comes out (in the rig's memory). */
const char *rig_run(struct rig *r, struct plan *top);
/* Asserts equal texts, and prints the first line that differs. */
void rig_same(const char *got, const char *want);
/* How the query fails: "54000", or "" when it does not. */
const char *rig_error(struct rig *r, struct plan *top);

/* One run. */
struct rig_cut {
    uint32_t input_rows;  /* a batch */
    uint32_t output_rows; /* that an operator emits at a time */
    uint32_t workers;
    bool saves;   /* save and load after every batch */
    bool changes; /* save after every batch as changes, load after every third */
};

/* Appends what comes out to `plain`, and the same with ordinals and watermarks to `full`. */
bool rig_run_once(struct rig *r, const struct rig_cut *cut, struct buf *plain, struct buf *full,
                  struct err *e);

/* The plan is whole: numbers its nodes. */
void rig_seal(struct rig *r, struct plan *top);

#endif
