/* fn.h: functions of the language: what a row of a function table holds, and how it is called.
 *
 * A function is vectorised: one call computes a batch. `sig` is its signature as the
 * documentation shows it and as the binder reads it:
 *
 *     "abs(BIGINT) BIGINT"           exact argument and result types
 *     "round(DOUBLE, BIGINT) DOUBLE"
 *     "coalesce(T, T...) T"          T, U: any type, the same at each place; "..." repeats the last
 *     "concat(ANY...) TEXT"          ANY: any type, each argument its own
 *     "ceil(DECIMAL) DECIMAL"        any precision and scale; a DECIMAL or T result needs `type`
 *                                    unless it is that of the first argument
 *     "f(TEXT, [BIGINT]) TEXT"       an optional argument: left out, `args` is smaller
 *
 * Overloads are several rows of one name; the binder takes the row that needs the fewest widenings
 * (BOOLEAN -> BIGINT -> DECIMAL -> DOUBLE; NULL and literals to anything), the first of equals.
 *
 * Lifetime: tables are const and live for ever.
 *
 * Used by: engine (calls), sql (binds), udf (fills in).    Tested by: tests/unit/fn_test.c
 */
#ifndef ENGINE_BASE_FN_H
#define ENGINE_BASE_FN_H

#include "engine/base/arena.h"
#include "engine/base/batch.h"
#include "engine/base/err.h"
#include "engine/base/file.h"
#include "engine/base/type.h"

struct fn_errors;

/* One batch's worth of arguments, and what the call may use. */
struct fn_call {
    const struct column *arg; /* [args] indexed by row */
    uint32_t args;
    const struct type *type; /* of the result */
    const uint16_t *sel;     /* [live] rows wanted; NULL: rows 0..live-1. Others may be skipped */
    uint32_t live;
    uint32_t rows;             /* length of the argument and result arrays */
    struct arena *arena;       /* of the batch: results live here */
    void *state;               /* what open() made, or NULL */
    const struct batch *batch; /* the rows' time: proctime, ordinal; never its columns */
    struct fn_errors *errors;  /* for fn_fail() only */
};

/* Where a call writes. The caller has allocated `any` for `rows` values of the result's
 * representation and `valid` (all ones); for FN_STRICT functions NULLs of the arguments are
 * already cleared in `valid` and the rows are not in `sel`. A function that makes nested values
 * sets `child`. */
struct fn_result {
    union {
#define X(ID, sfx, ctype) ctype *sfx;
        REP_LIST(X)
#undef X
        void *any;
    } as;
    uint64_t *valid;
    const struct column *child;
};

/* This row cannot be computed: it becomes a bad row of the query, with code and sentence.
 * The first failure of a row counts. */
void fn_fail(struct fn_call *c, uint32_t row, const char *sqlstate, const char *format, ...)
    PRINTF_LIKE(4, 5);

enum fn_flags {
    FN_STRICT = 1,   /* NULL in, NULL out, not called for those rows */
    FN_CAN_FAIL = 2, /* may call fn_fail(): must not run for rows that do not need it */
    FN_VOLATILE = 4, /* never folded, merged or moved: random() */
    FN_STABLE = 8,   /* depends on the row's time: not folded, may be merged */
    FN_HIDDEN = 16,  /* what operators and casts are made of: not listed by name */
    FN_ANY_ROW = 32, /* cannot fail and is safe on every row: may run without `sel` */
    /* open() reads constant arguments from the second on; in call() their columns have one row. */
    FN_OPENS_CONSTANTS = 64,
    /* Its IMAGE arguments come as pixels (image_pixels(x)), and a result of type IMAGE is pixels:
     * so an encoded image is decoded once, however many functions look at it. */
    FN_PIXELS = 128,
    /* Its values are large, as pixels are: programs that call it compute few rows at a time. */
    FN_LARGE = 256,
};

/* What functions may use of the world. */
struct fn_env {
    struct file_system *fs;    /* NULL: there are no files here */
    uint64_t image_pixels_max; /* larger images are not decoded; 0: the default */
};

/* What open() learns: types, and which arguments are constants. */
struct fn_bind {
    const struct type *const *arg_type;   /* [args] */
    const struct column *const *constant; /* [args] one-row columns; NULL: not constant */
    uint32_t args;
    const struct type *type; /* of the result */
    struct arena *arena;     /* of the query */
    uint64_t seed;           /* of the query: for random() */
    struct fn_env env;
};

struct fn {
    const char *name; /* lower case; operators have theirs: "+", "=", "and" */
    const char *sig;
    const char *doc;     /* one sentence for SHOW FUNCTIONS and docs/reference */
    const char *example; /* "abs(-3) = 3", run by a test; NULL for hidden ones */
    uint32_t flags;      /* enum fn_flags */

    /* The result's type where `sig` does not say it all; NULL: as `sig`. *e is filled, with
     * NULL returned, where the types do not go together. */
    const struct type *(*type)(const struct fn_bind *b, struct err *e);

    /* Per-call-site state, made once (a compiled pattern, a generator); NULL: none needed. */
    bool (*open)(const struct fn_bind *b, void **state_out, struct err *e);
    void (*close)(void *state);

    /* Computes the rows wanted. false only for what stops the query (no memory): see *e. */
    bool (*call)(struct fn_call *c, struct fn_result *out, struct err *e);

    /* Saved with the query's state (random's generator); NULL: nothing to save. */
    bool (*save)(const void *state, struct buf *out);
    bool (*load)(void *state, struct text saved, struct err *e);
};

/* A table of functions; main.c joins the tables of udf/ for the binder. */
struct fn_table {
    const struct fn *fn;
    uint32_t count;
};

#endif
