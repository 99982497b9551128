/* trial.h: trial: a graph planned at load, with its inputs' shapes as far as they are known.
 *
 * What passes know of shapes and values is what a trial found; without shapes of inputs it finds
 * what is constant.
 *
 * Lifetime: the arena's.    Used by: udf/nn/net.c and passes.
 */
#ifndef UDF_NN_TRIAL_H
#define UDF_NN_TRIAL_H

#include "udf/nn/planner.h"

struct trial {
    struct planned *value;    /* [graph->values] */
    const struct step **step; /* [graph->nodes]; NULL: waits */
    uint64_t flops;
    bool whole; /* no node waits */
};

/* in: a shape for each input; rank SHAPE_UNKNOWN where it is not known. */
bool trial_run(const struct graph *g, const struct net_shape *in, struct arena *a,
               struct trial *out, struct err *e) MUST_USE;

/* Nodes that are known without any input become constants. */
bool trial_fold(struct graph *g, struct err *e) MUST_USE;

#endif
