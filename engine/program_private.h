/* program_private.h: what a compiled program is made of; private to engine/program*.c.
 *
 * A slot is the value of a node in a context: a column that one step of each run fills in. A
 * context is a set of rows: context 0 the live rows of the batch, others narrowed from their
 * parents by what an AND, OR or CASE found. A buffer is memory for the values of slots whose
 * lives do not overlap; it is taken from the batch arena when first written.
 *
 * Used by: engine/program*.c.
 */
#ifndef ENGINE_PROGRAM_PRIVATE_H
#define ENGINE_PROGRAM_PRIVATE_H

#include "engine/base/fn_errors.h"
#include "engine/kernel/kernels.h"
#include "engine/program.h"
#include "engine/program_node.h"

#define NO_BUFFER UINT32_MAX

/* The rows of a context in this run. */
struct selection {
    const uint16_t *sel; /* [live] ascending; NULL: rows 0 .. live - 1 */
    uint32_t live;
};

/* A called function with what its open() made. */
struct site {
    const struct fn *fn;
    void *state;
};

struct run;

enum keep { KEEP_TRUE, KEEP_NOT_TRUE, KEEP_NOT_FALSE };

struct step {
    bool (*run)(struct run *r, const struct step *s, struct err *e);
    uint32_t out;    /* slot; of narrow: the new context */
    uint32_t buffer; /* of the values of `out`, or NO_BUFFER */
    uint32_t sel;    /* context */
    bool dense;      /* for every row, whatever `sel` */
    enum keep keep;  /* narrow */
    uint32_t column; /* field */
    uint32_t args;
    const uint32_t *arg;     /* [args] slots */
    const uint32_t *arg_sel; /* [args] merge: the context of each */
    const struct type *type; /* of `out` */
    struct site site;        /* call */
};

/* A slot that is an input column. */
struct load {
    uint32_t slot, column;
};

struct program {
    const struct kernels *kernels;
    struct arena *arena;
    uint32_t exprs;
    const uint32_t *expr; /* [exprs] slots */
    uint32_t steps;
    struct step *step;
    uint32_t slots;
    struct column *slot; /* [slots] constants stay, the others are filled in by runs */
    uint32_t loads;
    const struct load *load;
    uint32_t contexts;
    struct selection *selection; /* [contexts] */
    uint32_t buffers;
    void **buffer;         /* [buffers] of this run */
    struct column *args;   /* [most arguments of a step] */
    uint16_t *rows_cut;    /* [rows_max] scratch */
    const uint64_t *zeros; /* rows_max values of any representation; also a mask without bits */
    uint32_t rows_max;     /* of a batch; constants have so many rows */
    bool sliced;           /* its values are large: few rows at a time, see program_slice.c */
    uint32_t slice_rows;   /* how many the next slice has */
    struct arena slice;    /* what a slice needs but does not give */
    const struct schema *input;
};

struct run {
    struct program *program;
    const struct batch *in;
    struct arena *arena;
    uint32_t rows;
    uint32_t words; /* of a mask */
    struct fn_errors errors;
};

/* The steps. Each computes one slot, or one context. */
bool step_call(struct run *r, const struct step *s, struct err *e);   /* a function */
bool step_retype(struct run *r, const struct step *s, struct err *e); /* arg[0] as another type */
bool step_field(struct run *r, const struct step *s, struct err *e);  /* a field of a ROW */
bool step_and(struct run *r, const struct step *s, struct err *e);    /* of two, every row */
bool step_or(struct run *r, const struct step *s, struct err *e);
bool step_narrow(struct run *r, const struct step *s, struct err *e); /* rows of `sel` by arg[0] */
bool step_merge(struct run *r, const struct step *s, struct err *e);  /* arg[i] for arg_sel[i] */
bool step_blend(struct run *r, const struct step *s, struct err *e);  /* CASE for every row */

/* Rows of `mask` that are in `from`, into to[rows]; returns how many. */
uint32_t selection_cut(const struct program *p, const struct selection *from, const uint64_t *mask,
                       uint32_t rows, uint16_t *to);

/* Runs the steps for the live rows of `in`, with values in r->arena. */
bool run_steps(struct run *r, struct err *e);
/* The same, slice by slice; gives the values of the expressions in to[exprs]. */
bool run_slices(struct run *r, struct column *to, struct err *e);

bool site_open(struct site *s, const struct fn *fn, const struct fn_bind *b, struct err *e);
void site_close(struct site *s);

/* One value, `rows` times. */
bool column_broadcast(struct arena *a, const struct column *one, uint32_t rows, struct column *out,
                      struct err *e);

/* Steps for the expressions of `o`; `p` is zeroed but for its arena, kernels and rows_max. */
bool program_emit(struct program *p, const struct program_options *o, struct arena *scratch,
                  struct err *e);

/* Gives the slots of the steps their buffers; returns false without memory. */
bool program_assign_buffers(struct program *p, struct arena *scratch);

#endif
