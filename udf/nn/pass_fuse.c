/* pass_fuse.c: see pass.h.
 *
 * From a convolution forward, as long as the next node is the only one that uses the result:
 *
 *     y = after(before(x * W + b) + residual)
 *
 * Scales and shifts a channel go into W and b while there is no activation yet. The last
 * convolutions are done first, so that of two that are added the later one does the addition.
 */
#include <assert.h>
#include <math.h>

#include "udf/nn/layer_conv.h"
#include "udf/nn/layer_gemm.h"
#include "udf/nn/layer_normal.h"
#include "udf/nn/pass.h"

static bool is_constant(const struct graph *g, const struct node *n, uint32_t i) {
    return i < n->ins && n->in[i] != GRAPH_NONE && g->value[n->in[i]].constant != NULL;
}

/* A scale and a shift of each of `channels`. */
struct affine {
    float *scale, *shift;
    size_t channels;
};

static bool affine_make(struct affine *a, struct arena *arena, int64_t channels, struct err *e) {
    a->channels = (size_t)channels;
    a->scale = ARENA_ARRAY(arena, a->scale, a->channels + 1);
    a->shift = ARENA_ARRAY(arena, a->shift, a->channels + 1);
    if (!a->scale || !a->shift) return err_memory(e);
    for (size_t c = 0; c < a->channels; c++) a->scale[c] = 1;
    return true;
}

/* BatchNormalization with constants. */
static bool affine_of_normal(const struct graph *g, const struct node *n, struct affine *a) {
    const struct normal *p = n->params;
    if (p->training) return false;
    const float *in[5] = {NULL};
    for (uint32_t i = 1; i < 5; i++) {
        const struct value *v = &g->value[n->in[i]];
        if (!v->constant || shape_elements(&v->shape) != a->channels) return false;
        in[i] = v->constant;
    }
    for (size_t c = 0; c < a->channels; c++) {
        a->scale[c] = in[1][c] / sqrtf(in[4][c] + p->epsilon);
        a->shift[c] = in[2][c] - in[3][c] * a->scale[c];
    }
    return true;
}

/* Add, Sub, Mul, Div of x (a value of `rank`) and a constant a channel. */
static bool affine_of_arithmetic(const struct graph *g, const struct node *n, uint32_t x,
                                 uint32_t rank, struct affine *a) {
    bool first = n->in[0] == x;
    size_t step;
    const float *k = pass_channels(g, n->in[first], (int64_t)a->channels, rank, &step);
    bool add = pass_is(n, "Add"), sub = pass_is(n, "Sub"), mul = pass_is(n, "Mul");
    bool div = pass_is(n, "Div") && first;
    if (!k || !(add || sub || mul || div)) return false;
    for (size_t c = 0; c < a->channels; c++) {
        float v = k[c * step];
        if (add) a->shift[c] = v;
        if (sub) a->shift[c] = first ? -v : v;
        if (sub && !first) a->scale[c] = -1;
        if (mul) a->scale[c] = v;
        if (div) a->scale[c] = 1 / v;
    }
    return true;
}

/* Weights and bias of a convolution become new constants. */
static bool affine_apply(struct graph *g, uint32_t node, const struct affine *a, struct err *e) {
    struct tensor w = graph_tensor(g, g->node[node].in[CONV_WEIGHTS]), b = {.type = NET_F32};
    const float *old = w.at, *old_bias = NULL;
    if (g->node[node].in[CONV_BIAS] != GRAPH_NONE) {
        old_bias = g->value[g->node[node].in[CONV_BIAS]].constant;
    }
    size_t n = shape_elements(&w.shape), each = n / a->channels;
    float *to = ARENA_ARRAY(g->load, to, n + 1),
          *bias = ARENA_ARRAY(g->load, bias, a->channels + 1);
    if (!to || !bias) return err_memory(e);
    for (size_t i = 0; i < n; i++) to[i] = old[i] * a->scale[i / each];
    for (size_t c = 0; c < a->channels; c++) {
        bias[c] = (old_bias ? old_bias[c] : 0) * a->scale[c] + a->shift[c];
    }
    w.at = to;
    b.at = bias;
    b.shape = (struct net_shape){.rank = 1, .dim = {(int64_t)a->channels}};
    uint32_t weights = graph_constant(g, &w, e), shift = graph_constant(g, &b, e);
    if (weights == GRAPH_NONE || shift == GRAPH_NONE) return false;
    g->node[node].in[CONV_WEIGHTS] = weights;
    g->node[node].in[CONV_BIAS] = shift;
    return true;
}

enum fused { FUSED_NOT, FUSED_DONE, FUSED_FAILED };

/* `node` takes over what `next` gave. */
static enum fused take_over(struct graph *g, uint32_t node, uint32_t next) {
    uint32_t value = g->node[next].out[0];
    g->node[next].dead = true;
    g->node[next].out[0] = GRAPH_NONE;
    g->value[g->node[node].out[0]].uses = 0;
    graph_make(g, node, 0, value);
    return FUSED_DONE;
}

static enum fused fuse_affine(struct graph *g, uint32_t node, uint32_t next, uint32_t rank,
                              struct err *e) {
    const struct node *n = &g->node[next];
    struct affine a;
    int64_t channels = g->value[g->node[node].in[CONV_WEIGHTS]].shape.dim[0];
    if (!affine_make(&a, g->load, channels, e)) return FUSED_FAILED;
    bool normal = pass_is(n, "BatchNormalization");
    bool known = normal ? affine_of_normal(g, n, &a)
                        : n->ins == 2 && affine_of_arithmetic(g, n, g->node[node].out[0], rank, &a);
    if (!known) return FUSED_NOT;
    if (!affine_apply(g, node, &a, e)) return FUSED_FAILED;
    return take_over(g, node, next);
}

static enum fused fuse_act(struct graph *g, uint32_t node, uint32_t next, struct err *e) {
    struct conv_params *c = g->node[node].params;
    struct act *to = c->post.residual ? &c->post.after : &c->post.before, act;
    bool found;
    int64_t channels = g->value[g->node[node].in[CONV_WEIGHTS]].shape.dim[0];
    if (to->kind != ACT_NONE || g->node[next].in[0] != g->node[node].out[0]) return FUSED_NOT;
    if (!pass_act(g, &g->node[next], channels, &act, &found, e)) return FUSED_FAILED;
    if (!found) return FUSED_NOT;
    *to = act;
    return take_over(g, node, next);
}

/* Add of another value of the same shape, that does not come from a constant. */
static enum fused fuse_residual(struct graph *g, const struct trial *t, uint32_t node,
                                uint32_t next) {
    struct node *n = &g->node[next], *conv = &g->node[node];
    struct conv_params *c = conv->params;
    if (!pass_is(n, "Add") || c->post.residual) return FUSED_NOT;
    uint32_t out = conv->out[0], other = n->in[0] == out ? n->in[1] : n->in[0];
    if (other == out || g->value[other].constant) return FUSED_NOT;
    const struct net_shape *x = &t->value[out].t.shape, *y = &t->value[other].t.shape;
    if (x->rank != 4 || !shape_equal(x, y)) return FUSED_NOT;
    c->post.residual = true;
    conv->in[CONV_RESIDUAL] = other;
    conv->ins = CONV_INPUTS;
    return take_over(g, node, next);
}

/* Shapes equal in a trial stay equal only if no dimension is free by itself: sizes may then
 * broadcast in another run. Inputs' dimension 0 is common to all, so it does not matter. */
static bool sizes_are_fixed(const struct graph *g) {
    for (uint32_t i = 0; i < g->inputs; i++) {
        const struct net_shape *s = &g->value[g->input[i]].shape;
        for (uint32_t d = 1; s->rank <= NET_RANK_MAX && d < s->rank; d++) {
            if (s->dim[d] < 0) return false;
        }
        if (s->rank == SHAPE_UNKNOWN) return false;
    }
    return true;
}

static bool fuse_conv(struct graph *g, const struct trial *t, uint32_t node, struct err *e) {
    struct conv_params *c = g->node[node].params;
    bool fixed = sizes_are_fixed(g);
    for (;;) {
        uint32_t next = pass_only_user(g, g->node[node].out[0]);
        if (next == GRAPH_NONE) return true;
        uint32_t rank = t->value[g->node[node].out[0]].t.shape.rank;
        bool bare = c->post.before.kind == ACT_NONE && !c->post.residual;
        enum fused how = bare ? fuse_affine(g, node, next, rank, e) : FUSED_NOT;
        if (how == FUSED_NOT) how = fuse_act(g, node, next, e);
        if (how == FUSED_NOT && fixed) how = fuse_residual(g, t, node, next);
        if (how == FUSED_FAILED) return false;
        if (how == FUSED_NOT) return true;
    }
}

/* Conv that the kernels can do: images, constant weights and bias, nothing empty. */
static bool is_fast(const struct graph *g, const struct trial *t, const struct node *n) {
    if (!pass_is(n, "Conv") || n->layer == &layer_conv_fast) return false;
    const struct net_shape *x = &t->value[n->in[CONV_X]].t.shape;
    if (!is_constant(g, n, CONV_WEIGHTS) || x->rank != 4) return false;
    if (n->ins > CONV_BIAS && n->in[CONV_BIAS] != GRAPH_NONE && !is_constant(g, n, CONV_BIAS)) {
        return false;
    }
    const struct net_shape *w = &g->value[n->in[CONV_WEIGHTS]].shape;
    return w->rank == 4 && shape_elements(w) > 0;
}

static bool become_fast(struct graph *g, uint32_t node, struct err *e) {
    struct node *n = &g->node[node];
    uint32_t *in = ARENA_ARRAY(g->keep, in, CONV_INPUTS);
    if (!in) return err_memory(e);
    for (uint32_t i = 0; i < CONV_INPUTS; i++) in[i] = i < n->ins ? n->in[i] : GRAPH_NONE;
    n->in = in;
    n->layer = &layer_conv_fast;
    if (n->ins < CONV_RESIDUAL) n->ins = CONV_RESIDUAL;
    struct conv_params *c = n->params;
    c->order = CONV_NCHW; /* until the layout pass */
    return true;
}

/* MatMul with a constant matrix, Gemm with constants. */
struct product {
    struct gemm_params params;
    struct gemm_parts parts;
};

/* [k][n] as [n][k], times alpha. */
static const float *turned(struct arena *a, const struct tensor *b, float alpha) {
    size_t k = (size_t)b->shape.dim[0], n = (size_t)b->shape.dim[1];
    const float *from = b->at;
    float *to = ARENA_ARRAY(a, to, k * n + 1);
    for (size_t i = 0; to && i < k * n; i++) to[i % n * k + i / n] = from[i] * alpha;
    return to;
}

static const float *scaled(struct arena *a, const float *from, size_t step, size_t n, float by) {
    float *to = ARENA_ARRAY(a, to, n + 1);
    for (size_t i = 0; to && i < n; i++) to[i] = from[i * step] * by;
    return to;
}

/* A constant that is added to each row of n. */
static const float *row_constant(const struct graph *g, uint32_t value, size_t n, size_t *step) {
    const struct value *v = &g->value[value];
    if (!v->constant || v->type != NET_F32) return NULL;
    size_t elements = shape_elements(&v->shape);
    *step = elements == 1 ? 0 : 1;
    bool last = v->shape.rank > 0 && v->shape.dim[v->shape.rank - 1] == (int64_t)n;
    return elements == 1 || (elements == n && last) ? v->constant : NULL;
}

/* false: no memory; p->parts.b NULL: it is no such product. */
static bool product_of(struct graph *g, const struct trial *t, const struct node *n,
                       struct product *p, struct err *e) {
    bool gemm = pass_is(n, "Gemm");
    *p = (struct product){0};
    if ((!gemm && !pass_is(n, "MatMul")) || n->layer == &layer_gemm_fast) return true;
    struct tensor b = graph_tensor(g, n->in[1]);
    const struct net_shape *x = &t->value[n->in[0]].t.shape;
    if (!b.at || b.shape.rank != 2 || shape_elements(&b.shape) == 0 || x->rank > NET_RANK_MAX ||
        x->rank < 2) {
        return true;
    }
    const struct gemm_attributes *q = n->params;
    bool b_transposed = gemm && q->b_transposed;
    p->params.k = (uint32_t)b.shape.dim[b_transposed];
    p->params.n = (uint32_t)b.shape.dim[!b_transposed];
    if (gemm && q->a_transposed) return true;
    if (gemm && n->ins > 2 && n->in[2] != GRAPH_NONE) {
        size_t step;
        const float *c = row_constant(g, n->in[2], p->params.n, &step);
        if (!c) return true;
        p->parts.bias = scaled(g->load, c, step, p->params.n, q->beta);
        if (!p->parts.bias) return err_memory(e);
    }
    float alpha = gemm ? q->alpha : 1;
    p->parts.b = b_transposed ? scaled(g->load, b.at, 1, shape_elements(&b.shape), alpha)
                              : turned(g->load, &b, alpha);
    return p->parts.b || err_memory(e);
}

/* Add of a constant row, then an activation. */
static bool product_grow(struct graph *g, uint32_t node, struct product *p, struct err *e) {
    uint32_t next = pass_only_user(g, g->node[node].out[0]);
    if (next != GRAPH_NONE && pass_is(&g->node[next], "Add") && !p->parts.bias) {
        const struct node *n = &g->node[next];
        size_t step;
        uint32_t other = n->in[n->in[0] == g->node[node].out[0]];
        const float *row = row_constant(g, other, p->params.n, &step);
        if (!row || g->value[other].shape.rank > 2) return true;
        p->parts.bias = scaled(g->load, row, step, p->params.n, 1);
        if (!p->parts.bias) return err_memory(e);
        take_over(g, node, next);
        next = pass_only_user(g, g->node[node].out[0]);
    }
    if (next == GRAPH_NONE || pass_is(&g->node[next], "PRelu")) return true;
    bool found;
    if (!pass_act(g, &g->node[next], p->params.n, &p->parts.act, &found, e)) return false;
    if (found) take_over(g, node, next);
    return true;
}

static bool fuse_product(struct graph *g, const struct trial *t, uint32_t node, struct err *e) {
    struct product p;
    if (!product_of(g, t, &g->node[node], &p, e)) return false;
    if (!p.parts.b) return true;
    struct gemm_params *kept = ARENA_NEW(g->keep, kept);
    if (!kept) return err_memory(e);
    if (!product_grow(g, node, &p, e) || !gemm_fast_pack(&p.params, &p.parts, g->keep, e)) {
        return false;
    }
    *kept = p.params;
    g->node[node].layer = &layer_gemm_fast;
    g->node[node].params = kept;
    g->node[node].ins = 1;
    return true;
}

bool pass_fuse(struct graph *g, const struct trial *t, struct err *e) {
    for (uint32_t n = g->nodes; n-- > 0;) {
        if (g->node[n].dead) continue;
        if (is_fast(g, t, &g->node[n])) {
            if (!become_fast(g, n, e) || !fuse_conv(g, t, n, e)) return false;
        } else if (!fuse_product(g, t, n, e)) {
            return false;
        }
    }
    return graph_sort(g, e);
}
