/* See loss.h. A probability that has become 0 counts as the least float: the loss stays finite. */
#include "udf/learn/loss.h"

#include <assert.h>
#include <math.h>

static const double least = 1e-38;

static double surprise(double p) {
    return -log(p < least ? least : p); /* of what is no number: no number */
}

uint32_t loss_best(uint32_t outputs, const real *y) {
    uint32_t best = 0;
    if (outputs == 1) return y[0] >= (real)0.5;
    for (uint32_t i = 1; i < outputs; i++) {
        if (y[i] > y[best]) best = i;
    }
    return best;
}

/* What output i should have been. */
static double wanted(const struct loss *l, const double *target, uint32_t i) {
    if (!l->classes) return target[i];
    return l->outputs == 1 ? target[0] : (double)(i == (uint32_t)target[0]);
}

static double squared(const struct loss *l, const struct loss_row *r) {
    double sum = 0, share = 1.0 / l->outputs;
    for (uint32_t i = 0; i < l->outputs; i++) {
        double off = (double)r->y[i] - wanted(l, r->target, i);
        sum += off * off * share;
        r->dy[i] = (real)(2 * off * share) * r->scale;
    }
    return sum;
}

static double cross_entropy(const struct loss *l, const struct loss_row *r) {
    for (uint32_t i = 0; i < l->outputs; i++) {
        r->dy[i] = (r->y[i] - (real)wanted(l, r->target, i)) * r->scale;
    }
    if (l->outputs > 1) return surprise((double)r->y[(uint32_t)r->target[0]]);
    return surprise(r->target[0] > 0 ? (double)r->y[0] : 1 - (double)r->y[0]);
}

void loss_add(const struct loss *l, const struct loss_row *r, struct loss_score *score) {
    assert(l->outputs > 0);
    score->loss += l->kind == LOSS_CROSS_ENTROPY ? cross_entropy(l, r) : squared(l, r);
    score->rows++;
    if (l->classes) score->correct += loss_best(l->outputs, r->y) == (uint32_t)r->target[0];
}
