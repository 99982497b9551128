/* pass.c: what passes have in common. */
#include "udf/nn/pass.h"

#include <assert.h>
#include <math.h>

#include "udf/nn/layer_unary.h"

uint32_t pass_only_user(const struct graph *g, uint32_t value) {
    if (value == GRAPH_NONE || g->value[value].uses != 1 || g->value[value].is_output) {
        return GRAPH_NONE;
    }
    /* Nodes are in order: the user stands behind the maker. */
    uint32_t first = g->value[value].maker == GRAPH_NONE ? 0 : g->value[value].maker + 1;
    for (uint32_t n = first; n < g->nodes; n++) {
        for (uint32_t i = 0; i < g->node[n].ins && !g->node[n].dead; i++) {
            if (g->node[n].in[i] == value) return n;
        }
    }
    return GRAPH_NONE;
}

bool pass_scalar(const struct graph *g, uint32_t value, float *out) {
    if (value == GRAPH_NONE) return false;
    const struct value *v = &g->value[value];
    if (!v->constant || v->type != NET_F32 || shape_elements(&v->shape) != 1) return false;
    *out = *(const float *)v->constant;
    return true;
}

const float *pass_channels(const struct graph *g, uint32_t value, int64_t channels, uint32_t rank,
                           size_t *step_out) {
    const struct value *v = &g->value[value];
    if (!v->constant || v->type != NET_F32 || v->shape.rank > rank) return NULL;
    size_t n = shape_elements(&v->shape);
    *step_out = n == 1 ? 0 : 1;
    if (n == 1) return v->constant;
    if (n != (size_t)channels || v->shape.rank + 1 < rank) return NULL;
    /* Counted from the back, the channels stand where the image has them. */
    return v->shape.dim[v->shape.rank + 1 - rank] == channels ? v->constant : NULL;
}

static bool act_clip(const struct graph *g, const struct node *n, struct act *out) {
    *out = (struct act){.kind = ACT_CLIP, .a = -INFINITY, .b = INFINITY};
    if (n->ins > 1 && n->in[1] != GRAPH_NONE && !pass_scalar(g, n->in[1], &out->a)) return false;
    return n->ins <= 2 || n->in[2] == GRAPH_NONE || pass_scalar(g, n->in[2], &out->b);
}

static bool act_prelu(struct graph *g, const struct node *n, int64_t channels, struct act *out,
                      bool *found_out, struct err *e) {
    size_t step;
    const float *slope = pass_channels(g, n->in[1], channels, 4, &step);
    *found_out = slope != NULL;
    if (!slope) return true;
    float *kept = ARENA_ARRAY(g->keep, kept, (size_t)channels + 1);
    if (!kept) return err_memory(e);
    for (size_t c = 0; c < (size_t)channels; c++) kept[c] = slope[c * step];
    *out = (struct act){.kind = ACT_PRELU, .slope = kept};
    return true;
}

bool pass_act(struct graph *g, const struct node *n, int64_t channels, struct act *out,
              bool *found_out, struct err *e) {
    static const struct {
        const char *op;
        enum act_kind kind;
    } plain[] = {
        {"LeakyRelu", ACT_LEAKY},      {"Sigmoid", ACT_SIGMOID}, {"HardSigmoid", ACT_HARD_SIGMOID},
        {"HardSwish", ACT_HARD_SWISH}, {"Tanh", ACT_TANH},       {"Elu", ACT_ELU}};
    *found_out = true;
    if (pass_is(n, "Relu")) {
        *out = (struct act){.kind = ACT_CLIP, .a = 0, .b = INFINITY};
        return true;
    }
    if (n->layer == &layer_silu) {
        *out = (struct act){.kind = ACT_SILU, .a = 1};
        return true;
    }
    for (size_t i = 0; i < COUNT_OF(plain); i++) {
        const struct unary *u = n->params;
        if (!pass_is(n, plain[i].op)) continue;
        *out = (struct act){.kind = plain[i].kind, .a = u->p, .b = u->q};
        return true;
    }
    if (pass_is(n, "PRelu")) return act_prelu(g, n, channels, out, found_out, e);
    *found_out = pass_is(n, "Clip") && act_clip(g, n, out);
    return true;
}
