/* program.h: expressions compiled to flat steps over column registers.
 *
 * Compiled once when an operator opens: constants folded, common parts shared, NULLs handled by
 * masks, lazy parts (CASE, AND, OR) run on the rows that need them. What a step cannot compute
 * for a row makes that row a failed row; the others go on.
 *
 * Lifetime: a program lives in the arena it was created in, and program_close() releases what no
 * arena owns (compiled patterns, prepared statements). One program serves one thread.
 *
 * Used by: engine/op, engine/edge (computed columns).   Tested by: tests/unit/engine/program_test.c
 */
#ifndef ENGINE_PROGRAM_H
#define ENGINE_PROGRAM_H

#include "engine/base/arena.h"
#include "engine/base/batch.h"
#include "engine/base/err.h"
#include "engine/expr.h"

struct program;

struct program_options {
    const struct expr *const *expr; /* [exprs], outlive the program */
    uint32_t exprs;
    const struct schema *input;
    struct arena *arena; /* of the query */
    uint64_t seed;       /* random() */
    uint32_t rows_max;   /* of the batches it is given; 0: BATCH_ROWS */
    struct fn_env env;
};

/* A row for which an expression failed. */
struct row_failure {
    uint16_t row;
    char sqlstate[6];
    const char *message; /* in the batch arena */
};

struct program_result {
    struct column *col;  /* [exprs] indexed by row; valid until the batch arena is reset */
    const uint16_t *sel; /* [live] rows that were live and did not fail; NULL: all rows */
    uint32_t live;
    const struct row_failure *failure; /* [failures] by row, the first failure of each */
    uint32_t failures;
};

/* NULL: see *e (a constant part that fails is not an error here: it fails its rows). */
struct program *program_create(const struct program_options *o, struct err *e) MUST_USE;

/* Computes every expression for the live rows of `in`. Results live in `batch_arena`, or are the
 * input's own columns. false: no memory, or what stops the query. */
bool program_run(struct program *p, const struct batch *in, struct arena *batch_arena,
                 struct program_result *out, struct err *e) MUST_USE;

/* For one BOOLEAN expression: the live rows for which it is true (not false, not NULL), ascending
 * in sel_out[BATCH_ROWS]; failures as above. */
bool program_select(struct program *p, const struct batch *in, struct arena *batch_arena,
                    uint16_t *sel_out, struct program_result *out, struct err *e) MUST_USE;

/* State of volatile functions (random's generator), for checkpoints. */
bool program_save(const struct program *p, struct buf *out) MUST_USE;
bool program_load(struct program *p, struct text saved, struct err *e) MUST_USE;

void program_close(struct program *p); /* accepts NULL */

/* Folds an expression without columns to a one-row constant in `a`; false: it failed, *e says
 * why (ERR_DATA with its SQLSTATE). For literals, LIMIT, option values, the oracle's tests. */
bool program_fold(const struct expr *x, struct arena *a, struct column *out,
                  struct err *e) MUST_USE;

#endif
