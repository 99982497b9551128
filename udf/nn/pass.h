/* pass.h: passes: rewriting a graph so that it does the same faster.
 *
 * Each pass is given what a trial of the graph found (of values that were there then). A pass
 * changes only what it can prove from shapes' ranks, constants and numbers of uses, never from the
 * sizes of free dimensions. After a pass nodes are in order again.
 *
 * Used by: udf/nn/net.c.    Tested by: tests/unit/udf/net_pass_test.c
 */
#ifndef UDF_NN_PASS_H
#define UDF_NN_PASS_H

#include <string.h>

#include "udf/nn/act.h"
#include "udf/nn/trial.h"

/* x * sigmoid(x), and hard swish written out, become one node. */
bool pass_pattern(struct graph *g, struct err *e) MUST_USE;

/* Conv with constant weights: BatchNormalization and arithmetic with a constant a channel go into
 * weights and bias, the activation and an addition into its end. MatMul and Gemm with a constant
 * become products with bias and activation. */
bool pass_fuse(struct graph *g, const struct trial *t, struct err *e) MUST_USE;

/* Regions around fast convolutions get channels last, with transpositions at their borders. */
bool pass_layout(struct graph *g, const struct trial *t, struct err *e) MUST_USE;

/* Packs weights of convolutions for the sizes of the trial. `many`: for runs of several rows
 * too. */
bool pass_pack(struct graph *g, const struct trial *t, bool many, struct err *e) MUST_USE;

/* Helpers of passes. */

static inline bool pass_is(const struct node *n, const char *op) {
    return strcmp(n->layer->name, op) == 0;
}

/* The one node that uses the value, which is no output of the graph; GRAPH_NONE: none or many. */
uint32_t pass_only_user(const struct graph *g, uint32_t value);

/* The float of a constant of one element. */
bool pass_scalar(const struct graph *g, uint32_t value, float *out);

/* A constant of float32, a number a channel of an image with `channels` in dimension 1 of `rank`,
 * or one for all (*step_out 0). NULL: it is none. */
const float *pass_channels(const struct graph *g, uint32_t value, int64_t channels, uint32_t rank,
                           size_t *step_out);

/* An activation as an act of the kernels; its slopes, if any, in g->keep. *found_out false: it is
 * none that they know. */
bool pass_act(struct graph *g, const struct node *n, int64_t channels, struct act *out,
              bool *found_out, struct err *e) MUST_USE;

#endif
