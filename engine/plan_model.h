/* plan_model.h: the nodes of a plan that ask a model, teach one, or take arrays apart.
 *
 * Lifetime: const, in the arena of the statement or query; a shared_model outlives every plan that
 * names it.
 *
 * Used by: engine/plan.h.    Tested by: tests/cases/model, tests/unit/engine/infer_test.c
 */
#ifndef ENGINE_PLAN_MODEL_H
#define ENGINE_PLAN_MODEL_H

#include "engine/base/model.h"
#include "engine/expr.h"

struct shared_model;

/* What of a model's answer an expression wants. */
struct infer_use {
    struct shared_model *model;
    bool version;         /* model_version(MODEL m): the number of the version that answered */
    struct model_use use; /* else */
};

static inline bool infer_use_same(const struct infer_use *a, const struct infer_use *b) {
    const struct model_use *x = &a->use, *y = &b->use;
    return a->model == b->model && a->version == b->version && x->form == y->form &&
           x->top == y->top && x->limits_given == y->limits_given && x->score_min == y->score_min &&
           x->overlap_max == y->overlap_max;
}

/* "classify", "model_version": the function that asks so. */
const char *infer_use_word(const struct infer_use *u);

/* How models are run, as the settings say. */
struct infer_settings {
    uint32_t batch_rows; /* 0: as many as each model says */
    int64_t wait_us;
    size_t cache_bytes;
};

/* Runs a model on its arguments. Out: columns handed on, then a column for each value. */
struct plan_infer {
    struct shared_model *model;
    uint32_t args; /* 0: only versions are asked for */
    const uint32_t *arg_col;
    uint32_t values;
    const struct infer_use *value; /* [values] */
    uint32_t passes;
    const uint32_t *pass_col;  /* [passes] columns of the input */
    uint32_t uses;             /* in the query, that share the run: at least `values` */
    uint32_t batch_rows;       /* 0: as many as the model says */
    int64_t wait_us;           /* a row waits no longer for others */
    size_t cache_bytes;        /* of answers kept; 0: none */
    double score_floor;        /* no use that gives limits wants boxes below it */
    bool limits_own;           /* a use gives none: those of the model hold, too */
    uint32_t at;               /* place in the script; 0: unknown */
    bool gathers;              /* across batches of its input */
    const struct expr *before; /* a predicate that was put before it; NULL: none */
    const struct schema *before_schema;
};

/* Teaches a model the rows: its inputs, then its targets, by position. Out: a row for each version
 * that it publishes (train_schema). */
struct plan_train {
    struct shared_model *model;
};

/* Takes column `col` apart, an ARRAY or MAP: a row for each element, in order. Out: columns handed
 * on, then the element (a ROW spread to its fields, a MAP's entry to key and value), then, where
 * asked for, its place from 1 on. */
struct plan_unnest {
    uint32_t col;
    uint32_t passes;
    const uint32_t *pass_col;
    bool spread;     /* the elements are ROWs */
    bool outer;      /* LEFT JOIN: a row without elements stays, with NULLs */
    bool ordinality; /* the last column */
};

#endif
