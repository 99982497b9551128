/* program_node.c: see program_node.h.
 *
 * A tree is added bottom up. What was added is remembered by pointer, so that trees which share
 * parts (BETWEEN, NULLIF) cost no more than their distinct nodes; then by structure, in a hash
 * table of node numbers. A VOLATILE call is never found by structure, and so neither is what
 * holds one: its argument numbers differ.
 *
 * Constants are the same when their bytes are: 0.0 and -0.0 differ when they are printed.
 */
#include "engine/program_node.h"

#include <assert.h>
#include <string.h>

#include "engine/base/hash.h"
#include "engine/cast.h"

enum { BUCKETS_MIN = 64, NODES_MIN = 32, DEPTH_MAX = 4096 };

struct graph_seen {
    const struct expr *expr;
    uint32_t node;
};

bool graph_init(struct graph *g, struct arena *arena, struct arena *scratch, uint64_t seed,
                struct err *e) {
    *g = (struct graph){.arena = arena,
                        .scratch = scratch,
                        .seed = seed,
                        .buckets = BUCKETS_MIN,
                        .seen_buckets = BUCKETS_MIN};
    g->bucket = ARENA_ARRAY(scratch, g->bucket, g->buckets);
    g->seen_bucket = ARENA_ARRAY(scratch, g->seen_bucket, g->seen_buckets);
    return (g->bucket && g->seen_bucket) || err_memory(e);
}

/* The place of a tree among those seen, or the empty place where it belongs. */
static struct graph_seen *seen_place(struct graph_seen *bucket, uint32_t buckets,
                                     const struct expr *x) {
    uint64_t h = hash_u64((uint64_t)(uintptr_t)x);
    for (uint32_t i = (uint32_t)h & (buckets - 1);; i = (i + 1) & (buckets - 1)) {
        if (!bucket[i].expr || bucket[i].expr == x) return &bucket[i];
    }
}

static bool seen_add(struct graph *g, const struct expr *x, uint32_t node, struct err *e) {
    if (g->seen * 2 >= g->seen_buckets) {
        uint32_t buckets = g->seen_buckets * 2;
        struct graph_seen *to = ARENA_ARRAY(g->scratch, to, buckets);
        if (!to) return err_memory(e);
        for (uint32_t i = 0; i < g->seen_buckets; i++) {
            struct graph_seen s = g->seen_bucket[i];
            if (s.expr) *seen_place(to, buckets, s.expr) = s;
        }
        g->seen_bucket = to;
        g->seen_buckets = buckets;
    }
    *seen_place(g->seen_bucket, g->seen_buckets, x) = (struct graph_seen){x, node};
    g->seen++;
    return true;
}

static bool constant_same(const struct node *a, const struct node *b) {
    const struct column *x = a->constant, *y = b->constant;
    if (x == y) return true;
    if (column_has(x, 0) != column_has(y, 0)) return false;
    if (!column_has(x, 0)) return true;
    if (type_rep(a->type) == REP_TEXT) {
        /* Functions may tell texts apart by their type object (JSON). */
        return a->type == b->type && text_equal(x->as.text[0], y->as.text[0]);
    }
    if (!type_is_flat(a->type)) return false;
    return memcmp(x->as.any, y->as.any, rep_bytes(type_rep(a->type))) == 0;
}

static uint64_t constant_hash(const struct node *n) {
    const struct column *c = n->constant;
    if (!column_has(c, 0)) return 1;
    if (type_rep(n->type) == REP_TEXT) return hash_bytes(c->as.text[0].at, c->as.text[0].bytes);
    if (!type_is_flat(n->type)) return 2;
    return hash_bytes(c->as.any, rep_bytes(type_rep(n->type)));
}

static uint64_t node_hash(const struct node *n) {
    uint64_t h = hash_u64((uint64_t)n->kind << 32 | (uint64_t)n->type->id);
    h = hash_mix(h, (uint64_t)(uintptr_t)n->fn);
    h = hash_mix(h, (uint64_t)n->column << 32 | n->args);
    for (uint32_t i = 0; i < n->args; i++) h = hash_mix(h, n->arg[i]);
    return n->kind == EXPR_CONSTANT ? hash_mix(h, constant_hash(n)) : h;
}

static bool node_same(const struct node *a, const struct node *b) {
    if (a->hash != b->hash || a->kind != b->kind || a->fn != b->fn) return false;
    if (a->column != b->column || a->args != b->args || !type_equal(a->type, b->type)) return false;
    if (a->args > 0 && memcmp(a->arg, b->arg, a->args * sizeof *a->arg) != 0) return false;
    return a->kind != EXPR_CONSTANT || constant_same(a, b);
}

static bool buckets_grow(struct graph *g) {
    uint32_t buckets = g->buckets * 2;
    uint32_t *to = ARENA_ARRAY(g->scratch, to, buckets);
    if (!to) return false;
    for (uint32_t n = 0; n < g->nodes; n++) {
        uint32_t i = (uint32_t)g->node[n].hash & (buckets - 1);
        while (to[i]) i = (i + 1) & (buckets - 1);
        to[i] = n + 1;
    }
    g->bucket = to;
    g->buckets = buckets;
    return true;
}

static bool nodes_grow(struct graph *g) {
    uint32_t capacity = g->capacity ? g->capacity * 2 : NODES_MIN;
    struct node *to = ARENA_ARRAY(g->scratch, to, capacity);
    if (!to) return false;
    if (g->nodes > 0) memcpy(to, g->node, g->nodes * sizeof *to);
    g->node = to;
    g->capacity = capacity;
    return true;
}

/* Gives the number of a node equal to *n, which is added if there is none. */
static bool node_intern(struct graph *g, struct node *n, uint32_t *out, struct err *e) {
    if (g->nodes == g->capacity && !nodes_grow(g)) return err_memory(e);
    if (g->nodes * 2 >= g->buckets && !buckets_grow(g)) return err_memory(e);

    n->hash = node_hash(n);
    bool fresh = n->kind == EXPR_CALL && n->fn && (n->fn->flags & FN_VOLATILE);
    uint32_t i = (uint32_t)n->hash & (g->buckets - 1);
    for (; g->bucket[i]; i = (i + 1) & (g->buckets - 1)) {
        uint32_t found = g->bucket[i] - 1;
        if (fresh || !node_same(&g->node[found], n)) continue;
        *out = found;
        return true;
    }
    g->bucket[i] = g->nodes + 1;
    g->node[g->nodes] = *n;
    *out = g->nodes++;
    return true;
}

/* Is node i a constant with this truth value? NULL counts as false. */
static bool is_constant_truth(const struct graph *g, uint32_t i, bool truth) {
    const struct node *n = graph_node(g, i);
    if (n->kind != EXPR_CONSTANT) return false;
    return (column_has(n->constant, 0) && n->constant->as.b8[0] != 0) == truth;
}

static bool is_constant_null(const struct graph *g, uint32_t i) {
    const struct node *n = graph_node(g, i);
    return n->kind == EXPR_CONSTANT && !column_has(n->constant, 0);
}

static bool node_constant(struct graph *g, const struct type *type, const struct column *c,
                          uint32_t *out, struct err *e) {
    struct node n = {.kind = EXPR_CONSTANT, .dense = true, .type = type, .constant = c};
    return node_intern(g, &n, out, e);
}

static bool node_null(struct graph *g, const struct type *type, uint32_t *out, struct err *e) {
    struct column *c = ARENA_NEW(g->arena, c);
    uint64_t *none = ARENA_NEW(g->arena, none);
    void *value = arena_zalloc(g->arena, 1, rep_bytes(type_rep(type)));
    struct column *child = NULL;
    if (type->fields > 0) child = ARENA_ARRAY(g->arena, child, type->fields);
    if (!c || !none || !value || (type->fields > 0 && !child)) return err_memory(e);

    for (uint32_t i = 0; i < type->fields; i++) {
        uint32_t node;
        if (!node_null(g, type->field[i].type, &node, e)) return false;
        child[i] = *graph_node(g, node)->constant;
    }
    *c = (struct column){.type = type, .valid = none, .as.any = value, .child = child};
    return node_constant(g, type, c, out, e);
}

static bool node_truth(struct graph *g, bool truth, uint32_t *out, struct err *e) {
    struct column *c = ARENA_NEW(g->arena, c);
    uint8_t *value = ARENA_NEW(g->arena, value);
    if (!c || !value) return err_memory(e);
    *value = truth;
    *c = (struct column){.type = &type_boolean, .as.b8 = value};
    return node_constant(g, &type_boolean, c, out, e);
}

/* AND and OR without the constants that do not matter; behind one that decides nothing is left. */
static bool add_logic(struct graph *g, struct node *n, uint32_t *arg, uint32_t *out,
                      struct err *e) {
    bool neutral = n->kind == EXPR_AND;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n->args; i++) {
        bool null = is_constant_null(g, arg[i]);
        if (!null && is_constant_truth(g, arg[i], neutral)) continue;
        arg[kept++] = arg[i];
        if (!null && is_constant_truth(g, arg[i], !neutral)) break;
    }
    if (kept == 0) return node_truth(g, neutral, out, e);
    *out = arg[0];
    if (kept == 1) return true;

    n->args = kept;
    n->dense = true;
    for (uint32_t i = 0; i < kept; i++) n->dense &= graph_node(g, arg[i])->dense;
    return node_intern(g, n, out, e);
}

/* CASE without the branches that are never taken. */
static bool add_case(struct graph *g, struct node *n, uint32_t *arg, uint32_t *out, struct err *e) {
    assert(n->args % 2 == 1);
    uint32_t otherwise = arg[n->args - 1], kept = 0;
    for (uint32_t i = 0; i + 1 < n->args; i += 2) {
        if (is_constant_truth(g, arg[i], false)) continue;
        if (is_constant_truth(g, arg[i], true)) {
            otherwise = arg[i + 1];
            break;
        }
        arg[kept++] = arg[i];
        arg[kept++] = arg[i + 1];
    }
    *out = otherwise;
    if (kept == 0) return true;

    arg[kept++] = otherwise;
    n->args = kept;
    n->dense = type_is_flat(n->type);
    for (uint32_t i = 0; i < kept; i++) n->dense &= graph_node(g, arg[i])->dense;
    return node_intern(g, n, out, e);
}

static bool call_is_dense(const struct graph *g, const struct node *n) {
    bool touches_values = !n->fn || (n->fn->flags & FN_STRICT);
    if (n->fn && (!(n->fn->flags & FN_ANY_ROW) || (n->fn->flags & FN_VOLATILE))) return false;
    if (n->fn && !type_is_flat(n->type)) return false;
    for (uint32_t i = 0; i < n->args; i++) {
        const struct node *arg = graph_node(g, n->arg[i]);
        if (!arg->dense) return false;
        if (n->fn && touches_values && !type_is_flat(arg->type)) return false;
    }
    return true;
}

/* A call; of constants alone its value, where it has one. */
static bool add_call(struct graph *g, struct node *n, uint32_t *out, struct err *e) {
    bool fold = !n->fn || !(n->fn->flags & (FN_VOLATILE | FN_STABLE));
    for (uint32_t i = 0; i < n->args; i++) {
        const struct node *arg = graph_node(g, n->arg[i]);
        fold &= arg->kind == EXPR_CONSTANT;
    }
    n->dense = call_is_dense(g, n);
    if (fold) {
        bool folded;
        if (!graph_fold(g, n, &folded, e)) return false;
        if (folded) return node_constant(g, n->type, n->constant, out, e);
    }
    return node_intern(g, n, out, e);
}

static bool add_cast(struct graph *g, const struct expr *x, struct node *n, uint32_t *out,
                     struct err *e) {
    assert(x->args == 1);
    const struct type *from = x->arg[0]->type;
    if (from->id == TYPE_NULL) return node_null(g, x->type, out, e);

    struct cast cast;
    if (!cast_find(from, x->type, x->try_cast, &cast, e)) return false;
    *out = n->arg[0];
    if (cast.same && type_equal(from, x->type)) return true;
    n->kind = EXPR_CALL;
    n->fn = cast.fn;
    return add_call(g, n, out, e);
}

static bool graph_add_at(struct graph *g, const struct expr *x, uint32_t depth, uint32_t *out,
                         struct err *e);

static bool node_add(struct graph *g, const struct expr *x, uint32_t *arg, uint32_t *out,
                     struct err *e) {
    struct node n = {.kind = x->kind, .type = x->type, .args = x->args, .arg = arg};
    switch (x->kind) {
    case EXPR_COLUMN:
        n.column = x->column;
        n.dense = true;
        return node_intern(g, &n, out, e);
    case EXPR_CONSTANT: return node_constant(g, x->type, x->constant, out, e);
    case EXPR_CALL: n.fn = x->fn; return add_call(g, &n, out, e);
    case EXPR_CAST: return add_cast(g, x, &n, out, e);
    case EXPR_AND:
    case EXPR_OR: return add_logic(g, &n, arg, out, e);
    case EXPR_CASE: return add_case(g, &n, arg, out, e);
    case EXPR_FIELD:
        n.column = x->column;
        n.dense = graph_node(g, arg[0])->dense;
        return node_intern(g, &n, out, e);
    case EXPR_INFER: /* lower_infer() has taken it out */
    case EXPR_COUNT: break;
    }
    assert(false);
    return false;
}

static bool graph_add_at(struct graph *g, const struct expr *x, uint32_t depth, uint32_t *out,
                         struct err *e) {
    struct graph_seen *seen = seen_place(g->seen_bucket, g->seen_buckets, x);
    if (seen->expr) {
        *out = seen->node;
        return true;
    }
    if (depth > DEPTH_MAX) return err_set(e, ERR_LIMIT, "54000", "the expression is too deep");

    uint32_t *arg = ARENA_ARRAY(g->scratch, arg, x->args + 1);
    if (!arg) return err_memory(e);
    for (uint32_t i = 0; i < x->args; i++) {
        if (!graph_add_at(g, x->arg[i], depth + 1, &arg[i], e)) return false;
    }
    return node_add(g, x, arg, out, e) && seen_add(g, x, *out, e);
}

bool graph_add(struct graph *g, const struct expr *x, uint32_t *node_out, struct err *e) {
    return graph_add_at(g, x, 0, node_out, e);
}
