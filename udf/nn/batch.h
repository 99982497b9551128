/* batch.h: batch: can a net be given several independent rows at once?
 *
 * Used by: udf/nn/net.c.    Tested by: tests/unit/udf/net_batch_test.c
 */
#ifndef UDF_NN_BATCH_H
#define UDF_NN_BATCH_H

#include "udf/nn/trial.h"

/* Finds out whether dimension 0 of all inputs is carried along through every node to every output,
 * row by row. Where the file fixes it at 1, reshapes that name it are rewritten and the inputs'
 * first dimension becomes free. `in`: shapes of the inputs, dimension 0 of each is 1. If it is not
 * so the graph is as before. */
bool batch_find(struct graph *g, const struct net_shape *in, bool *batches_out,
                struct err *e) MUST_USE;

#endif
