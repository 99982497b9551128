/* pass_pattern.c: see pass.h. Exporters write newer activations out of older operators:
 *
 *     x * sigmoid(x), x * hard_sigmoid(x), x * clip(x + 3, 0, 6) / 6 (or * 1/6)
 *
 * The last node of a pattern becomes the activation; those before it, if nobody else uses them,
 * are dropped as unused.
 */
#include <assert.h>
#include <math.h>

#include "udf/nn/layer_unary.h"
#include "udf/nn/pass.h"

/* The maker of a value, if it is this operator. */
static const struct node *made_by(const struct graph *g, uint32_t value, const char *op) {
    if (value == GRAPH_NONE || g->value[value].maker == GRAPH_NONE) return NULL;
    const struct node *n = &g->node[g->value[value].maker];
    return pass_is(n, op) ? n : NULL;
}

static bool scalar_is(const struct graph *g, uint32_t value, float wanted) {
    float f;
    return pass_scalar(g, value, &f) && fabsf(f - wanted) <= 1e-6F * fabsf(wanted);
}

/* Of a commutative node: the input beside the constant scalar `wanted`. */
static uint32_t beside_scalar(const struct graph *g, const struct node *n, float wanted) {
    if (!n || n->ins != 2) return GRAPH_NONE;
    if (scalar_is(g, n->in[1], wanted)) return n->in[0];
    return scalar_is(g, n->in[0], wanted) ? n->in[1] : GRAPH_NONE;
}

static bool become(struct graph *g, uint32_t node, const struct layer *layer,
                   const struct unary *params, uint32_t x, struct err *e) {
    struct node *n = &g->node[node];
    struct unary *u = ARENA_NEW(g->keep, u);
    if (!u) return err_memory(e);
    *u = *params;
    n->layer = layer;
    n->params = u;
    n->in[0] = x;
    n->ins = 1;
    return true;
}

static const struct layer *hard_swish(void) {
    return layer_find(TEXT_LITERAL("HardSwish"));
}

/* x times a function of x. */
static bool try_product(struct graph *g, uint32_t node, struct err *e) {
    for (uint32_t k = 0; k < 2; k++) {
        uint32_t x = g->node[node].in[k], f = g->node[node].in[!k];
        const struct node *sigmoid = made_by(g, f, "Sigmoid");
        const struct node *hard = made_by(g, f, "HardSigmoid");
        if (sigmoid && sigmoid->in[0] == x) {
            return become(g, node, &layer_silu, &(struct unary){0}, x, e);
        }
        if (hard && hard->in[0] == x) return become(g, node, hard_swish(), hard->params, x, e);
    }
    return true;
}

/* x of x * clip(x + 3, 0, 6). */
static uint32_t swish_of_six(const struct graph *g, uint32_t value) {
    const struct node *product = made_by(g, value, "Mul");
    for (uint32_t k = 0; product && k < 2; k++) {
        uint32_t x = product->in[k];
        const struct node *clip = made_by(g, product->in[!k], "Clip");
        if (!clip || clip->ins < 3 || clip->in[1] == GRAPH_NONE || clip->in[2] == GRAPH_NONE) {
            continue;
        }
        float least;
        bool limits =
            pass_scalar(g, clip->in[1], &least) && least == 0 && scalar_is(g, clip->in[2], 6);
        if (limits && beside_scalar(g, made_by(g, clip->in[0], "Add"), 3) == x) return x;
    }
    return GRAPH_NONE;
}

static bool try_sixth(struct graph *g, uint32_t node, struct err *e) {
    const struct node *n = &g->node[node];
    uint32_t whole = GRAPH_NONE;
    if (pass_is(n, "Div") && scalar_is(g, n->in[1], 6)) whole = n->in[0];
    if (pass_is(n, "Mul")) whole = beside_scalar(g, n, 1.0F / 6);
    uint32_t x = whole == GRAPH_NONE ? GRAPH_NONE : swish_of_six(g, whole);
    if (x == GRAPH_NONE) return true;
    return become(g, node, hard_swish(), &(struct unary){.p = 1.0F / 6, .q = 0.5F}, x, e);
}

bool pass_pattern(struct graph *g, struct err *e) {
    for (uint32_t n = 0; n < g->nodes; n++) {
        bool binary =
            g->node[n].ins == 2 && g->node[n].in[0] != GRAPH_NONE && g->node[n].in[1] != GRAPH_NONE;
        bool product = pass_is(&g->node[n], "Mul");
        if (!binary || (!product && !pass_is(&g->node[n], "Div"))) continue;
        if (!try_sixth(g, n, e)) return false;
        if (product && g->node[n].ins == 2 && !try_product(g, n, e)) return false;
    }
    return graph_sort(g, e);
}
