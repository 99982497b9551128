/* segment_chain.c: see run.h: steps that only hand an image on become one step.
 *
 * Step i joins step k if k is the one user of what i gives and chain.h expects a gain. The chain
 * stands where its last step stood, with the first one's image and the last one's residual as its
 * inputs; the values between are never placed.
 */
#include <assert.h>

#include "udf/nn/layer_conv.h"
#include "udf/nn/run.h"
#include "udf/nn/step.h"

enum { CHAIN_X, CHAIN_RESIDUAL, CHAIN_INPUTS };

struct chain_state {
    const struct chain *chain;
    size_t channels_in, channels_out;
};

static bool chain_step_run(struct step *s, struct err *e) {
    const struct chain_state *t = s->state;
    (void)e;
    chain_run(t->chain, &(struct conv_io){.n = (uint32_t)s->out[0].shape.dim[0],
                                          .in = s->in[CHAIN_X].at,
                                          .in_stride = t->channels_in,
                                          .residual = s->in[CHAIN_RESIDUAL].at,
                                          .residual_stride = t->channels_out,
                                          .out = s->out[0].at,
                                          .out_stride = t->channels_out,
                                          .scratch = s->scratch});
    return true;
}

static const struct layer layer_chain = {
    .name = "Chain", .flags = LAYER_IN_PLACE_1, .run = chain_step_run};

/* Links that have been gathered: of each step the one before it. */
struct gathering {
    struct net_run *run;
    struct segment *segment;
    uint32_t *maker;  /* [values] step that gives it; GRAPH_NONE: another segment's */
    uint32_t *before; /* [steps] the step that joins it; GRAPH_NONE: none */
    uint32_t *length; /* [steps] of the chain that ends with it */
    bool *joined;     /* [steps] it has become a part of another's */
};

static bool gathering_open(struct gathering *g) {
    struct arena *a = &g->segment->plan;
    uint32_t values = g->run->graph->values, steps = g->segment->steps;
    g->maker = ARENA_ARRAY(a, g->maker, values + 1);
    g->before = ARENA_ARRAY(a, g->before, steps + 1);
    g->length = ARENA_ARRAY(a, g->length, steps + 1);
    g->joined = ARENA_ARRAY(a, g->joined, steps + 1);
    if (!g->maker || !g->before || !g->length || !g->joined) return false;
    for (uint32_t v = 0; v < values; v++) g->maker[v] = GRAPH_NONE;
    for (uint32_t i = 0; i < steps; i++) {
        const struct node *n = g->segment->step[i]->node;
        g->before[i] = GRAPH_NONE;
        g->length[i] = 1;
        if (n->outs > 0 && n->out[0] != GRAPH_NONE) g->maker[n->out[0]] = i;
    }
    return true;
}

static bool link_of(const struct step *s, struct chain_link *out) {
    bool empty = shape_elements(&s->out[0].shape) == 0;
    return !empty && s->node->layer->link && s->node->layer->link(s, out);
}

/* Joins the step that gives step k its image, if that pays. */
static void gather(struct gathering *g, uint32_t k) {
    const struct step *second = g->segment->step[k];
    struct chain_link to, from;
    if (second->node->ins == 0 || !link_of(second, &to)) return;
    uint32_t v = second->node->in[0], i = v == GRAPH_NONE ? GRAPH_NONE : g->maker[v];
    if (i == GRAPH_NONE || g->length[i] == CHAIN_LINKS_MAX) return;
    const struct value *value = &g->run->graph->value[v];
    if (value->uses != 1 || value->is_output || !link_of(g->segment->step[i], &from)) return;
    if (!chain_pays(&from, &to)) return;
    g->before[k] = i;
    g->length[k] = g->length[i] + 1;
    g->joined[i] = true;
}

static struct node *chain_node(struct gathering *g, const struct step *first,
                               const struct step *last) {
    struct arena *a = &g->segment->plan;
    struct node *n = ARENA_NEW(a, n);
    if (!n) return NULL;
    *n = (struct node){.layer = &layer_chain, .name = last->node->name, .ins = 1, .outs = 1};
    n->in = ARENA_ARRAY(a, n->in, CHAIN_INPUTS);
    n->out = ARENA_ARRAY(a, n->out, 1);
    if (!n->in || !n->out) return NULL;
    n->in[CHAIN_X] = first->node->in[0];
    n->out[0] = last->node->out[0];
    if (last->node->layer == &layer_conv_fast && step_has(last, CONV_RESIDUAL)) {
        n->in[CHAIN_RESIDUAL] = last->node->in[CONV_RESIDUAL];
        n->ins = CHAIN_INPUTS;
    }
    return n;
}

/* The chain that ends with step k, as one step. */
static struct step *chain_step(struct gathering *g, uint32_t k) {
    struct arena *a = &g->segment->plan;
    struct chain_link link[CHAIN_LINKS_MAX];
    struct step *last = g->segment->step[k], *first = last;
    uint32_t links = g->length[k];
    for (uint32_t i = links, at = k; i-- > 0; at = g->before[at]) {
        first = g->segment->step[at];
        bool is_link = link_of(first, &link[i]);
        assert(is_link);
    }
    struct step *s = ARENA_NEW(a, s);
    struct chain_state *t = ARENA_NEW(a, t);
    struct node *n = chain_node(g, first, last);
    struct chain *chain = chain_create(a, link, links);
    if (!s || !t || !n || !chain) return NULL;
    *s = (struct step){.node = n, .env = last->env, .arena = a, .state = t};
    s->in = ARENA_ARRAY(a, s->in, CHAIN_INPUTS);
    s->out = last->out;
    if (!s->in) return NULL;
    s->in[CHAIN_X] = first->in[0];
    if (n->ins == CHAIN_INPUTS) s->in[CHAIN_RESIDUAL] = last->in[CONV_RESIDUAL];
    s->scratch_bytes = chain_scratch_bytes(chain);
    t->chain = chain;
    t->channels_in = (size_t)s->in[CHAIN_X].shape.dim[3];
    t->channels_out = (size_t)s->out[0].shape.dim[3];
    return s;
}

bool segment_chain(struct net_run *r, struct segment *s, struct err *e) {
    struct gathering g = {.run = r, .segment = s};
    if (!gathering_open(&g)) return err_memory(e);
    for (uint32_t k = 0; k < s->steps; k++) gather(&g, k);
    uint32_t kept = 0;
    for (uint32_t k = 0; k < s->steps; k++) {
        if (g.joined[k]) continue;
        struct step *step = g.length[k] > 1 ? chain_step(&g, k) : s->step[k];
        if (!step) return err_memory(e);
        s->step[kept++] = step;
    }
    s->steps = kept;
    return true;
}
