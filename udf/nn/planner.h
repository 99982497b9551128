/* planner.h: planner: shapes, and values as far as they are known, through a graph.
 *
 * Nodes are planned in order. A node whose inputs are all known is computed at once (constant
 * folding, and arithmetic on shapes); of others the shapes are worked out. Where that takes a value
 * that is not known yet, the node waits: at load its outputs are just unknown, in a run it is
 * planned when the steps before it have run (run.c).
 *
 * Used by: udf/nn/trial.c, udf/nn/run.c.
 */
#ifndef UDF_NN_PLANNER_H
#define UDF_NN_PLANNER_H

#include "udf/nn/layer.h"

enum { PLANNER_FOLD_BYTES = 1 << 20, PLANNER_FOLD_ALL_BYTES = 64 << 20 };

struct planned {
    struct tensor t; /* rank SHAPE_UNKNOWN: not planned yet. `at`: if known or ready */
    bool known;      /* the value holds for all runs of these shapes */
    bool ready;      /* t.at is the value of this run */
};

struct planner {
    const struct graph *graph;
    struct planned *value; /* [graph->values] */
    struct arena *arena;   /* for steps and known values */
    size_t fold_bytes_max; /* of one node */
    size_t folded_bytes;   /* so far */
    /* Called when a node's shape depends on the value of this run. NULL: such nodes wait. */
    bool (*depends)(void *context, uint32_t value, struct err *e);
    void *context;
};

enum plan_outcome {
    PLAN_FAILED,
    PLAN_FOLDED, /* its outputs are known */
    PLAN_STEP,   /* it must run */
    PLAN_WAITS,  /* a value or shape is not known yet */
};

/* Values of the graph's constants are known, all else is not. false: no memory. */
bool planner_init(struct planner *p, const struct graph *g, struct arena *a) MUST_USE;

/* Plans one node. *step_out: of a node that must run; outputs' memory is the caller's matter. */
enum plan_outcome planner_node(struct planner *p, uint32_t node, struct step **step_out,
                               struct err *e) MUST_USE;

#endif
