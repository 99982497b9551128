/* build.h: build: a graph of what an ONNX file says.
 *
 * Used by: udf/nn/net.c.    Tested by: tests/unit/udf/net_test.c
 */
#ifndef UDF_NN_BUILD_H
#define UDF_NN_BUILD_H

#include "udf/nn/graph.h"
#include "udf/nn/onnx.h"

/* Checks names, operators, opsets, attributes, types; orders the nodes. `g` has arenas and env.
 * errors  0A000: an operator, opset or type that is not supported; 22023: anything wrong */
bool build_graph(const struct onnx_model *m, struct graph *g, struct err *e) MUST_USE;

/* Identity, and Dropout at inference, are taken out. */
bool build_drop_identities(struct graph *g, struct err *e) MUST_USE;

#endif
