/* aggregate.h: aggregates of the language: what a row of an aggregate table holds.
 *
 * A state is `state_bytes` of memory, zeroed before the first add (all zero is the state of no
 * rows), that the operator keeps for each group. What a state needs beyond those bytes (text,
 * lists) is kept in memory got from agg_alloc(), which lives as long as the pane or group; states
 * may be moved by memcpy, so they must not point into themselves.
 *
 * Laws, tested for every row of the table: merge(add A, add B) = add A+B in that order; trace
 * copies what adds of one row each give; remove undoes add; unmerge(merge(a, b), a) = b;
 * load(save(s)) = s.
 *
 * Used by: engine (calls), sql (binds), udf (fills in).    Tested by: tests/unit/aggregate_test.c
 */
#ifndef ENGINE_BASE_AGGREGATE_H
#define ENGINE_BASE_AGGREGATE_H

#include "engine/base/arena.h"
#include "engine/base/batch.h"
#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/type.h"

/* One use of an aggregate in a query; made when the query opens, read-only after. */
struct agg_bind {
    const struct type *const *arg_type;   /* [args] */
    const struct column *const *constant; /* [args] one-row columns; NULL: not constant */
    uint32_t args;
    const struct type *type; /* of the result */
};

struct agg_call {
    const struct agg_bind *bind;
    struct arena *arena; /* of the states: pane or group memory; may grow */
};

/* Rows to add or remove: row[i] of the argument columns goes to state[i]. NULL arguments are
 * included: COUNT(*) wants them, the others skip them. FILTER has been applied. */
struct agg_rows {
    const struct column *arg; /* [args] */
    const uint16_t *row;      /* [count]; NULL: i */
    void *const *state;       /* [count] in row order; may repeat */
    const uint64_t *ordinal;  /* as arg: the row's place among all; given for AGG_ORDERED only */
    uint32_t count;
};

enum agg_flags {
    AGG_ORDERED = 1,     /* depends on the order of rows (FIRST_VALUE, GROUP_CONCAT, ARRAY_AGG):
                            keeps ordinals, so that states may be merged in any order */
    AGG_FLOATING = 2,    /* order shows in the last bits: panes are merged in time order */
    AGG_NO_DISTINCT = 4, /* DISTINCT makes no difference (MIN, MAX): it is dropped */
    AGG_IN_PLACE = 8,    /* changes memory beyond the state's bytes in place (sketches), so that a
                            copy of the bytes is not what the state was */
    AGG_LISTS = 16,      /* a state grows with its rows (GROUP_CONCAT, ARRAY_AGG): a sliding window
                            merges its panes when it is emitted, and keeps no merges */
    AGG_EXTREME = 32,    /* the result is one of the values: taking back another changes nothing */
};

struct agg_failures;
struct column_builder;

struct aggregate {
    const char *name; /* lower case */
    const char *sig;  /* as in fn.h: "sum(BIGINT) BIGINT" */
    const char *doc;
    const char *example; /* "sum(v) = 3 FROM (VALUES (1), (2)) AS t(v)", run by a test */
    uint32_t flags;
    uint32_t state_bytes; /* multiple of 8; 16-aligned where it holds 128-bit integers */

    const struct type *(*type)(const struct agg_bind *b, struct err *e); /* NULL: as sig */

    bool (*add)(const struct agg_call *c, const struct agg_rows *rows, struct err *e);
    /* Adds row after row and copies the state after each to after[i * state_bytes]; of a row with
     * take[i] 0 (`take` NULL: there is none) only the copy is made. NULL: the operator adds and
     * copies by turns. Not for AGG_IN_PLACE. */
    bool (*trace)(const struct agg_call *c, const struct agg_rows *rows, const uint8_t *take,
                  char *after, struct err *e);
    /* Undoes add; NULL: cannot, the operator keeps the rows and recomputes. */
    bool (*remove)(const struct agg_call *c, const struct agg_rows *rows, struct err *e);
    /* into = into followed by from. */
    bool (*merge)(const struct agg_call *c, void *into, const void *from, struct err *e);
    /* into = into without its first part `first`; NULL: not exact, windows slide by two stacks. */
    bool (*unmerge)(const struct agg_call *c, void *into, const void *first, struct err *e);
    /* Appends the value of state[i] for i < count to `out`. A state whose result does not fit its
     * type (22003) is NULL there and fails row i through fail(). */
    bool (*finish)(const struct agg_call *c, void *const *state, uint32_t count,
                   struct column_builder *out, struct agg_failures *fail, struct err *e);

    /* Bytes from which load() makes an equal state; NULL: the state's own bytes are enough. */
    bool (*save)(const struct agg_call *c, const void *state, struct buf *out);
    bool (*load)(const struct agg_call *c, void *state, struct text saved, struct err *e);
};

/* Result row i cannot be represented: it becomes a bad row of the query. */
void agg_fail(struct agg_failures *f, uint32_t i, const char *sqlstate, const char *format, ...)
    PRINTF_LIKE(4, 5);

struct agg_table {
    const struct aggregate *agg;
    uint32_t count;
};

#endif
