/* loss.h: loss: how far what a model gives is from what it should, and the way back.
 *
 * Cross-entropy is of probabilities that softmax or, for one unit, sigmoid gave; its gradient is
 * taken before that layer: p - t. Squared error is the mean of the squares over a row's outputs; a
 * class is 1 at its output and 0 at the others. The loss of a mini-batch is the mean over its rows.
 *
 * Used by: udf/learn.    Tested by: tests/unit/udf/learn_layer_test.c
 */
#ifndef UDF_LEARN_LOSS_H
#define UDF_LEARN_LOSS_H

#include <stdbool.h>
#include <stdint.h>

#include "udf/learn/real.h"

/* Losses:  id   in 'loss' */
#define LOSS_LIST(X)                                                                               \
    X(CROSS_ENTROPY, "cross-entropy")                                                              \
    X(SQUARED, "squared")

#define X(ID, word) LOSS_##ID,
enum loss_kind { LOSS_LIST(X) LOSS_COUNT };
#undef X

struct loss {
    enum loss_kind kind;
    uint32_t outputs;
    bool classes; /* the target is a class: one number; else as many as outputs */
};

/* Of rows before they are learnt. */
struct loss_score {
    double loss; /* their sum */
    uint64_t rows;
    uint64_t correct; /* classes */
};

static inline uint32_t loss_targets(const struct loss *l) {
    return l->classes ? 1 : l->outputs;
}

/* A row: what came out, what should have; its gradient, scaled: of the outputs or, for
 * cross-entropy, of what the last layer was given. */
struct loss_row {
    const real *y;        /* [outputs] */
    const double *target; /* [loss_targets()] */
    real *dy;             /* [outputs] out */
    real scale;
};

void loss_add(const struct loss *l, const struct loss_row *r, struct loss_score *score);

/* The best class: the first of the largest; one output: 1 from 0.5 on. */
uint32_t loss_best(uint32_t outputs, const real *y);

#endif
