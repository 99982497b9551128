/* net_private.h: what the files of the network runtime know of a net beyond net.h.
 *
 * Used by: udf/nn/net.c, run.c, tests.
 */
#ifndef UDF_NN_NET_PRIVATE_H
#define UDF_NN_NET_PRIVATE_H

#include "udf/nn/graph.h"
#include "udf/nn/net.h"

/* How a net is loaded; zeroed: as net_load() does. For tests and measurements. */
struct net_options {
    bool plain; /* nothing is fused or turned: the graph as the file has it */
};

struct net *net_load_with(struct text onnx, const struct net_options *o, struct err *e) MUST_USE;

const struct graph *net_graph(const struct net *n);

#endif
