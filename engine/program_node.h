/* program_node.h: graph: expression trees as a graph without duplicates; private to program*.c.
 *
 * Equal parts are one node (VOLATILE calls only where the trees share a pointer), parts of
 * constants are folded, casts are calls of their cast functions, and AND, OR and CASE with
 * constant conditions are simplified. Nodes are numbered in an order in which arguments come
 * before those who use them.
 *
 * Used by: engine/program*.c.    Tested by: tests/unit/engine/program_test.c
 */
#ifndef ENGINE_PROGRAM_NODE_H
#define ENGINE_PROGRAM_NODE_H

#include "engine/base/arena.h"
#include "engine/base/err.h"
#include "engine/expr.h"

struct node {
    enum expr_kind kind; /* never CAST */
    bool dense;          /* cannot fail and is cheap: may be computed for every row */
    const struct type *type;
    uint32_t column;               /* COLUMN, FIELD */
    const struct column *constant; /* CONSTANT: one row */
    const struct fn *fn;           /* CALL; NULL: the argument under another type */
    uint32_t args;
    const uint32_t *arg; /* [args] */
    uint64_t hash;
};

struct graph {
    struct arena *arena;   /* of the query: constants */
    struct arena *scratch; /* of the compilation */
    uint64_t seed;
    struct fn_env env;
    uint32_t nodes;
    uint32_t capacity;
    struct node *node;
    uint32_t buckets; /* a power of two: node + 1 by hash, 0 is empty */
    uint32_t *bucket;
    uint32_t seen_buckets; /* a power of two: trees already added */
    uint32_t seen;
    struct graph_seen *seen_bucket;
};

bool graph_init(struct graph *g, struct arena *arena, struct arena *scratch, uint64_t seed,
                struct err *e) MUST_USE;

/* Adds a tree, gives the node that is its value. */
bool graph_add(struct graph *g, const struct expr *x, uint32_t *node_out, struct err *e) MUST_USE;

/* Calls a function for one row of constants. *folded_out: false where it cannot be computed. */
bool graph_fold(struct graph *g, struct node *n, bool *folded_out, struct err *e) MUST_USE;

static inline const struct node *graph_node(const struct graph *g, uint32_t i) {
    assert(i < g->nodes);
    return &g->node[i];
}

/* Values lie in the column's own array and are plain numbers. */
static inline bool type_is_flat(const struct type *t) {
    enum rep r = type_rep(t);
    return t->fields == 0 && (r == REP_B8 || r == REP_I64 || r == REP_F64 || r == REP_I128);
}

#endif
