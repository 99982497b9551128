/* graph.h: graph: a network as nodes that make values, while it is loaded and after.
 *
 * A value is made once: it is an input of the graph, a constant, or an output of one node. Nodes
 * stand in an order in which every value is made before it is used (graph_sort() restores it after
 * a pass has added nodes). What changes a graph (build.c, fold.c, pass_*.c) runs while it is
 * loaded; after that it is const.
 *
 * Lifetime: nodes, values and parameters in `keep`, for as long as the net; the data of constants
 * in `load` until graph_settle() copies those that are still in use to `keep`.
 *
 * Used by: udf/nn.    Tested by: tests/unit/udf/net_pass_test.c
 */
#ifndef UDF_NN_GRAPH_H
#define UDF_NN_GRAPH_H

#include "engine/base/arena.h"
#include "udf/nn/shape.h"

/* No value: an optional input that is absent; no node. */
#define GRAPH_NONE UINT32_MAX

enum {
    GRAPH_NODES_MAX = 20000,
    GRAPH_VALUES_MAX = 200000,
};

struct layer;
struct layer_env;

struct value {
    struct text name;       /* empty: made by a pass */
    enum net_type type;     /* of inputs and constants */
    struct net_shape shape; /* of inputs (as declared) and constants */
    const void *constant;   /* its data; NULL: not constant */
    uint32_t maker;         /* the node; GRAPH_NONE: input or constant */
    uint32_t uses;          /* by nodes and as outputs of the graph; see graph_count_uses() */
    bool is_input, is_output;
};

struct node {
    const struct layer *layer;
    struct text name;
    uint32_t *in;  /* [ins] values, or GRAPH_NONE */
    uint32_t *out; /* [outs] */
    uint32_t ins, outs;
    void *params; /* [layer->params_bytes] */
    bool dead;    /* taken out by a pass; gone after graph_sort() */
};

struct graph {
    struct arena *keep, *load;
    const struct layer_env *env;
    uint32_t opset;
    struct node *node;   /* [nodes] */
    struct value *value; /* [values] */
    uint32_t nodes, nodes_room;
    uint32_t values, values_room;
    uint32_t *input, *output; /* values */
    uint32_t inputs, outputs;
};

/* GRAPH_NONE: no memory, or too many (see *e). */
uint32_t graph_value(struct graph *g, struct text name, struct err *e) MUST_USE;
uint32_t graph_constant(struct graph *g, const struct tensor *t, struct err *e) MUST_USE;
/* A one-dimensional constant of int64. */
uint32_t graph_constant_ints(struct graph *g, const int64_t *at, uint32_t count,
                             struct err *e) MUST_USE;

/* A node with `ins` inputs (and room for LAYER_INPUTS_ROOM more) and `outs` outputs, all
 * GRAPH_NONE, parameters zeroed; NULL: see *e. Node pointers end with the next graph_node(). */
struct node *graph_node(struct graph *g, const struct layer *layer, uint32_t ins, uint32_t outs,
                        struct err *e) MUST_USE;

/* As a tensor; `at` is NULL where it is not constant. */
struct tensor graph_tensor(const struct graph *g, uint32_t value);

/* The node is the value's maker. */
void graph_make(struct graph *g, uint32_t node, uint32_t out, uint32_t value);

/* Every use of `old`, by nodes and as an output of the graph, becomes one of `with`. */
void graph_replace(struct graph *g, uint32_t old, uint32_t with);

void graph_count_uses(struct graph *g);

/* Takes out nodes that are dead or of whose outputs none is used, and orders the rest.
 * errors  22023: a cycle */
bool graph_sort(struct graph *g, struct err *e) MUST_USE;

/* Copies the constants in use to `keep`. */
bool graph_settle(struct graph *g, struct err *e) MUST_USE;

#endif
