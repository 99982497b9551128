/* batch.c: see batch.h.
 *
 * Two trials, with one row and with a number of rows that is nobody else's dimension. A value that
 * is made of inputs must have that number as its dimension 0 in the second and 1 in the first, and
 * all else the same. That alone rules out almost every operation that would let rows meet; the few
 * that keep the shape and still do (a softmax along dimension 0) say so (layer->mixes). Numbers
 * that differ between the trials, made of Shape, may say only how shapes are.
 *
 * Where the file says that there is one row: before the second trial, a Reshape from [1, ...] to a
 * constant [1, ...] gets 0 ("as the input has") as its first dimension, and a Resize to constant
 * sizes leaves dimension 0 out.
 */
#include "udf/nn/batch.h"

#include <assert.h>
#include <string.h>

#include "udf/nn/layer_resize.h"
#include "udf/nn/step.h"

enum row_class {
    CLASS_FIXED,  /* the same whatever the batch is */
    CLASS_ROWS,   /* row i is made of the inputs' row i */
    CLASS_VARIES, /* depends on the number of rows */
    CLASS_MIXED,  /* anything else */
};

enum { INTS_MAX = 64 }; /* in a constant that may say shapes */

struct rewrite {
    uint32_t node, in, old_value;
    uint32_t old_axes; /* of a Resize */
};

struct batch {
    struct graph *g;
    struct trial one, many;
    int64_t rows; /* of the second trial */
    enum row_class *class;
    struct rewrite *rewrite;
    uint32_t rewrites;
};

static bool is_op(const struct node *n, const char *name) {
    return strcmp(n->layer->name, name) == 0;
}

/* A constant of the node that begins with 1, for a value whose first dimension is 1. */
static const int64_t *target_of_one(const struct batch *b, const struct node *n, uint32_t i) {
    if (n->ins <= i || n->in[i] == GRAPH_NONE || n->outs == 0 || n->out[0] == GRAPH_NONE) {
        return NULL;
    }
    const struct net_shape *from = &b->one.value[n->in[0]].t.shape;
    const struct net_shape *to = &b->one.value[n->out[0]].t.shape;
    const struct value *target = &b->g->value[n->in[i]];
    if (from->rank == SHAPE_UNKNOWN || from->rank == 0 || from->dim[0] != 1 ||
        b->g->value[n->in[0]].constant || to->rank == SHAPE_UNKNOWN) {
        return NULL;
    }
    bool ints = target->constant && target->type == NET_I64 && target->shape.rank == 1 &&
                target->shape.dim[0] > 0;
    const int64_t *at = ints ? target->constant : NULL;
    return at && at[0] == 1 ? at : NULL;
}

static bool rewrite_input(struct batch *b, uint32_t node, uint32_t in, const int64_t *at,
                          uint32_t count, struct err *e) {
    uint32_t v = graph_constant_ints(b->g, at, count, e);
    if (v == GRAPH_NONE) return false;
    b->rewrite[b->rewrites++] =
        (struct rewrite){.node = node, .in = in, .old_value = b->g->node[node].in[in]};
    b->g->node[node].in[in] = v;
    return true;
}

static bool rewrite_reshape(struct batch *b, uint32_t node, struct err *e) {
    const struct node *n = &b->g->node[node];
    const int64_t *at = target_of_one(b, n, 1);
    int64_t with[NET_RANK_MAX];
    uint32_t count = at ? (uint32_t)b->g->value[n->in[1]].shape.dim[0] : 0;
    if (count == 0 || count > NET_RANK_MAX) return true;
    memcpy(with, at, count * sizeof *with);
    with[0] = 0;
    return rewrite_input(b, node, 1, with, count, e);
}

static bool rewrite_resize(struct batch *b, uint32_t node, struct err *e) {
    const struct node *n = &b->g->node[node];
    struct resize *p = n->params;
    const int64_t *at = target_of_one(b, n, RESIZE_SIZES);
    uint32_t count = at ? (uint32_t)b->g->value[n->in[RESIZE_SIZES]].shape.dim[0] : 0;
    bool axes_apart = p->aspect == ASPECT_STRETCH && p->how.place != PLACE_TF_CROP;
    if (count < 2 || count > NET_RANK_MAX || p->axes != 0 || !axes_apart) return true;
    if (!rewrite_input(b, node, RESIZE_SIZES, at + 1, count - 1, e)) return false;
    p->axes = count - 1;
    for (uint32_t i = 0; i < p->axes; i++) p->axis[i] = i + 1;
    return true;
}

/* A file that takes any number of rows means the constants that it says. */
static bool rows_are_fixed(const struct graph *g) {
    for (uint32_t i = 0; i < g->inputs; i++) {
        const struct net_shape *s = &g->value[g->input[i]].shape;
        if (s->rank == SHAPE_UNKNOWN || s->dim[0] != 1) return false;
    }
    return true;
}

static bool rewrite_all(struct batch *b, struct err *e) {
    b->rewrite = ARENA_ARRAY(b->g->load, b->rewrite, b->g->nodes + 1);
    if (!b->rewrite) return err_memory(e);
    if (!rows_are_fixed(b->g)) return true;
    for (uint32_t n = 0; n < b->g->nodes; n++) {
        bool good = is_op(&b->g->node[n], "Reshape")  ? rewrite_reshape(b, n, e)
                    : is_op(&b->g->node[n], "Resize") ? rewrite_resize(b, n, e)
                                                      : true;
        if (!good) return false;
    }
    return true;
}

static void undo(struct batch *b) {
    for (uint32_t i = 0; i < b->rewrites; i++) {
        struct node *n = &b->g->node[b->rewrite[i].node];
        n->in[b->rewrite[i].in] = b->rewrite[i].old_value;
        if (is_op(n, "Resize")) ((struct resize *)n->params)->axes = 0;
    }
}

/* Does the number stand in the value's shape, or among its few integers? */
static bool says_number(const struct batch *b, uint32_t v, int64_t number) {
    const struct net_shape *s = &b->one.value[v].t.shape;
    const struct value *value = &b->g->value[v];
    for (uint32_t d = 0; s->rank <= NET_RANK_MAX && d < s->rank; d++) {
        if (s->dim[d] == number) return true;
    }
    bool ints = value->constant && (value->type == NET_I64 || value->type == NET_I32);
    size_t count = ints ? shape_elements(&value->shape) : 0;
    for (size_t i = 0; i < count && count <= INTS_MAX; i++) {
        const int64_t *i64 = value->constant;
        const int32_t *i32 = value->constant;
        if ((value->type == NET_I64 ? i64[i] : i32[i]) == number) return true;
    }
    return false;
}

/* A prime that nobody else says. */
static int64_t rows_choose(const struct batch *b) {
    static const int64_t primes[] = {3,  5,  7,  11, 13, 17, 19, 23, 29, 31, 37, 41,
                                     43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97};
    for (size_t i = 0; i < COUNT_OF(primes); i++) {
        bool free = true;
        for (uint32_t v = 0; v < b->g->values && free; v++) free = !says_number(b, v, primes[i]);
        if (free) return primes[i];
    }
    return 0;
}

/* Is dimension 0 the number of rows, in both trials, and the rest the same? */
static bool scales(const struct batch *b, uint32_t v) {
    struct net_shape one = b->one.value[v].t.shape, many = b->many.value[v].t.shape;
    if (one.rank == SHAPE_UNKNOWN || one.rank == 0 || one.rank != many.rank) return false;
    if (one.dim[0] != 1 || many.dim[0] != b->rows) return false;
    many.dim[0] = 1;
    return shape_equal(&one, &many);
}

static bool same(const struct batch *b, uint32_t v) {
    const struct planned *one = &b->one.value[v], *many = &b->many.value[v];
    if (!shape_equal(&one->t.shape, &many->t.shape)) return false;
    if (!one->known || !many->known) return !one->known && !many->known;
    return memcmp(one->t.at, many->t.at, tensor_bytes(&one->t)) == 0;
}

/* May the node's inputs be as they are? */
static bool inputs_allowed(const struct batch *b, const struct node *n, bool *rows_out) {
    *rows_out = false;
    for (uint32_t i = 0; i < n->ins; i++) {
        if (n->in[i] == GRAPH_NONE) continue;
        bool says_shape = i < 32 && n->layer->values >> i & 1;
        enum row_class c = b->class[n->in[i]];
        if (c == CLASS_MIXED || (c == CLASS_VARIES && !says_shape) ||
            (c == CLASS_ROWS && says_shape)) {
            return false;
        }
        *rows_out |= c == CLASS_ROWS;
    }
    return true;
}

/* Broadcasting aligns dimensions from the back: rows must stand in the same place. */
static bool ranks_agree(const struct batch *b, const struct node *n) {
    uint32_t rank = b->one.value[n->out[0]].t.shape.rank;
    for (uint32_t i = 0; i < n->ins; i++) {
        if (n->in[i] == GRAPH_NONE || b->class[n->in[i]] != CLASS_ROWS) continue;
        if (b->one.value[n->in[i]].t.shape.rank != rank) return false;
    }
    return true;
}

static enum row_class node_class(const struct batch *b, uint32_t node, uint32_t out) {
    const struct node *n = &b->g->node[node];
    const struct planned *one = &b->one.value[out], *many = &b->many.value[out];
    if (one->t.shape.rank == SHAPE_UNKNOWN || many->t.shape.rank == SHAPE_UNKNOWN) {
        return CLASS_MIXED;
    }
    bool rows, spreads = is_op(n, "ConstantOfShape") || is_op(n, "Expand");
    bool allowed = inputs_allowed(b, n, &rows);
    if (allowed && !rows && spreads && scales(b, out)) return CLASS_ROWS;
    if (one->known && many->known) return same(b, out) ? CLASS_FIXED : CLASS_VARIES;
    if (!allowed) return CLASS_MIXED;
    if (!rows) return same(b, out) ? CLASS_FIXED : CLASS_MIXED;
    if (n->layer->flags & LAYER_EACH && !ranks_agree(b, n)) return CLASS_MIXED;
    if (n->layer->mixes && (!b->many.step[node] || n->layer->mixes(b->many.step[node]))) {
        return CLASS_MIXED;
    }
    return scales(b, out) ? CLASS_ROWS : CLASS_MIXED;
}

static bool classify(struct batch *b) {
    const struct graph *g = b->g;
    for (uint32_t i = 0; i < g->inputs; i++) b->class[g->input[i]] = CLASS_ROWS;
    for (uint32_t n = 0; n < g->nodes; n++) {
        for (uint32_t i = 0; i < g->node[n].outs; i++) {
            uint32_t v = g->node[n].out[i];
            if (v != GRAPH_NONE) b->class[v] = node_class(b, n, v);
        }
    }
    for (uint32_t i = 0; i < g->outputs; i++) {
        if (b->class[g->output[i]] != CLASS_ROWS) return false;
    }
    return true;
}

/* The second trial; *fits_out false: shapes do not go together with more rows. */
static bool try_many(struct batch *b, const struct net_shape *in, bool *fits_out, struct err *e) {
    struct net_shape *many = ARENA_ARRAY(b->g->load, many, b->g->inputs + 1);
    if (!many) return err_memory(e);
    b->rows = rows_choose(b);
    for (uint32_t i = 0; i < b->g->inputs; i++) {
        many[i] = in[i];
        many[i].dim[0] = b->rows;
    }
    *fits_out = b->rows > 0 && trial_run(b->g, many, b->g->load, &b->many, e);
    return *fits_out || e->code != ERR_LIMIT;
}

bool batch_find(struct graph *g, const struct net_shape *in, bool *batches_out, struct err *e) {
    struct batch b = {.g = g};
    bool fits = false;
    *batches_out = false;
    for (uint32_t i = 0; i < g->inputs; i++) {
        if (in[i].rank == SHAPE_UNKNOWN || in[i].rank == 0 || in[i].dim[0] != 1) return true;
    }
    if (g->inputs == 0) return true;
    if (!trial_run(g, in, g->load, &b.one, e) || !rewrite_all(&b, e)) return false;
    /* Once more: rewriting has made values. */
    if (!trial_run(g, in, g->load, &b.one, e) || !try_many(&b, in, &fits, e)) return false;
    b.class = ARENA_ARRAY(g->load, b.class, g->values + 1);
    if (!b.class) return err_memory(e);
    if (!fits || !classify(&b)) {
        undo(&b);
        return true;
    }
    for (uint32_t i = 0; i < g->inputs; i++) g->value[g->input[i]].shape.dim[0] = NET_DIM_FREE;
    *batches_out = true;
    return true;
}
