/* op.h: operators: one per plan node; four verbs, run to completion.
 *
 * The plan is const and shared, state is the operator's own. Operators read no clock, file or
 * socket and never block. Rows carry the watermark that held before them; an operator acts on it
 * inside push(), row by row in order, so that batch borders never show.
 *
 * Lifetime: in the query's arena, op_open .. op_close.
 *
 * Used by: engine/op, engine/query.    Tested by: tests/unit/engine, tests/cases
 */
#ifndef ENGINE_OP_H
#define ENGINE_OP_H

#include "engine/base/arena.h"
#include "engine/base/batch.h"
#include "engine/base/err.h"
#include "engine/plan.h"
#include "engine/program.h"
#include "engine/query.h"

struct fn_failure;
struct merge_key;
struct op;
struct state;
struct window_tally;
struct worker;

struct op_type {
    const char *name;   /* as EXPLAIN prints it */
    size_t state_bytes; /* op->state: zeroed, in the query arena */

    /* Compile expressions, reserve memory. */
    bool (*open)(struct op *op, const struct plan *plan, struct err *e);

    /* Take one batch on input `port`; call op_emit() zero or more times. A batch without live
     * rows still carries time. */
    bool (*push)(struct op *op, uint32_t port, const struct batch *in, struct err *e);

    /* After the rows so far: time has come to *m on `port`. Between batches it only repeats what
     * the last row said (or what the clock says, for processing time); with watermark
     * TIME_END_US the input has ended. Emit what is now final, then op_pass_flush(). */
    bool (*flush)(struct op *op, uint32_t port, const struct mark *m, struct err *e);

    /* Release what no arena owns. Accepts a half-opened operator. */
    void (*close)(struct op *op);

    /* State for checkpoints, as bytes from which load() makes an equal operator; NULL: none. */
    bool (*save)(struct op *op, struct buf *out, struct err *e);
    bool (*load)(struct op *op, struct text saved, struct err *e);

    /* Names the windows that hold rows and are not final; NULL: it has none. */
    bool (*windows)(const struct op *op, struct window_tally *t, struct err *e);
};

struct op {
    const struct op_type *type;
    const struct plan *plan;
    void *state;        /* [type->state_bytes] */
    struct op *next;    /* receives what this one emits; NULL for the sink */
    uint32_t next_port; /* the port of `next` that we feed */
    struct query *query;
    struct arena *arena;       /* lives as long as the operator; of the worker that runs it */
    struct arena *batch_arena; /* likewise; reset between source batches */
    struct state *keyed;       /* likewise: where its keyed state lives */
    struct worker *worker;     /* NULL: it runs on the feeding thread only */
    uint64_t rows_in, rows_out;
    const uint64_t *held; /* [helds] ordinals of input rows that it has not given on, rising */
    uint32_t helds;
    struct op_runs runs;
};

/* For operators: give a batch, or a flush, to the next one. */
bool op_emit(struct op *op, const struct batch *b, struct err *e) MUST_USE;
bool op_pass_flush(struct op *op, uint32_t port, const struct mark *m, struct err *e) MUST_USE;
void op_close_nothing(struct op *op);

/* For operators: the row with this ordinal missed `missed` windows that were final. */
bool op_late(struct op *op, uint64_t ordinal, int64_t watermark_us, uint32_t missed,
             struct err *e) MUST_USE;
/* For operators: rows of `b` that an expression failed for. They are told behind the batch; a row
 * that is taken back failed when it came, and was told then. */
bool op_bad(struct op *op, const struct batch *b, const struct program_result *r,
            struct err *e) MUST_USE;
/* Likewise for one result row, which stands for no row of an input. */
bool op_bad_result(struct op *op, const struct merge_key *key, const struct fn_failure *f,
                   struct err *e) MUST_USE;

/* For the query: the only callers of the slots. */
bool op_push(struct op *op, uint32_t port, const struct batch *in, struct err *e) MUST_USE;
bool op_flush(struct op *op, uint32_t port, const struct mark *m, struct err *e) MUST_USE;

#endif
