/* each.h: each: the elements of an output beside those of inputs that broadcast to it.
 *
 * Dimensions that lie together in every input are merged, so that the inner loop is long; along it
 * an input moves by `step` (1, or 0 where it is broadcast). A caller goes
 *     struct each_at at;
 *     for (each_first(p, &at); at.more; each_next(p, &at)) loop(p->inner, a + at.in[0], ...);
 * with the output at `at.out`.
 *
 * Used by: udf/nn/layer_*.c.    Tested by: tests/unit/udf/net_layer_test.c
 */
#ifndef UDF_NN_EACH_H
#define UDF_NN_EACH_H

#include "udf/nn/shape.h"

enum { EACH_INPUTS = 3 };

struct each {
    uint32_t inputs, rank;                  /* of the outer dimensions */
    size_t dim[NET_RANK_MAX];               /* outer, the last moves first */
    size_t move[EACH_INPUTS][NET_RANK_MAX]; /* elements, for one step along an outer dimension */
    size_t inner;                           /* elements of the inner loop */
    size_t step[EACH_INPUTS];
};

struct each_at {
    bool more;
    size_t out, in[EACH_INPUTS]; /* elements from the beginning */
    size_t index[NET_RANK_MAX];
};

/* Each in[i] broadcasts to `out`, which is not empty. */
void each_plan(struct each *p, const struct net_shape *out, const struct tensor *in,
               uint32_t inputs);

void each_first(const struct each *p, struct each_at *at);
void each_next(const struct each *p, struct each_at *at);

#endif
