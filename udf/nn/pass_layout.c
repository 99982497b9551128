/* pass_layout.c: see pass.h.
 *
 * Every value of four dimensions may exist in two forms: as the file has it ([n][c][h][w]), and
 * turned ([n][h][w][c]). Fast convolutions give turned ones; what follows is turned along if it can
 * be (layer->turn) and one of its images is turned. Where the other form is needed a transposition
 * makes it, once. At the end transpositions that follow each other are joined; those that cancel
 * out disappear.
 *
 * Constants are turned at load; one that broadcasts with fewer dimensions gets ones in front.
 */
#include <assert.h>

#include "udf/nn/layer_conv.h"
#include "udf/nn/layer_move.h"
#include "udf/nn/pass.h"

/* A first convolution reads planes where they are. */
enum { PLANES_MAX = 4 };

struct layout {
    struct graph *g;
    const struct trial *t;
    uint32_t values;  /* that the trial knows */
    uint32_t *turned; /* [values] the turned form; GRAPH_NONE: there is none */
    bool *plain;      /* [values] the form of the file is there */
};

static bool is_image(const struct layout *l, uint32_t v) {
    return v < l->values && l->t->value[v].t.shape.rank == 4;
}

static bool is_turned(const struct layout *l, uint32_t v) {
    return v < l->values && l->turned[v] != GRAPH_NONE && !l->g->value[v].constant;
}

static bool add_transpose(struct layout *l, uint32_t from, uint32_t to, const uint32_t perm[4],
                          struct err *e) {
    struct node *n = graph_node(l->g, &layer_transpose, 1, 1, e);
    if (!n) return false;
    struct transpose *p = n->params;
    p->rank = 4;
    for (uint32_t d = 0; d < 4; d++) p->perm[d] = perm[d];
    n->in[0] = from;
    graph_make(l->g, l->g->nodes - 1, 0, to);
    return true;
}

/* A constant with ones in front, turned. */
static uint32_t turn_constant(struct layout *l, uint32_t v, struct err *e) {
    struct tensor t = graph_tensor(l->g, v);
    struct net_shape as = {.rank = 4, .dim = {1, 1, 1, 1}};
    for (uint32_t d = 0; d < t.shape.rank; d++) as.dim[4 - t.shape.rank + d] = t.shape.dim[d];
    size_t bytes = net_type_bytes(t.type), n = (size_t)as.dim[0], c = (size_t)as.dim[1];
    size_t pixels = (size_t)as.dim[2] * (size_t)as.dim[3];
    char *to = arena_alloc(l->g->load, tensor_bytes(&t) + 1);
    if (!to) {
        err_memory(e);
        return GRAPH_NONE;
    }
    for (size_t i = 0; i < n * c * pixels; i++) {
        size_t at = (i / (c * pixels) * pixels + i % pixels) * c + i / pixels % c;
        memcpy(to + at * bytes, (const char *)t.at + i * bytes, bytes);
    }
    t.at = to;
    t.shape = (struct net_shape){.rank = 4, .dim = {as.dim[0], as.dim[2], as.dim[3], as.dim[1]}};
    return graph_constant(l->g, &t, e);
}

/* The turned form of a value; GRAPH_NONE: see *e. */
static uint32_t want_turned(struct layout *l, uint32_t v, struct err *e) {
    static const uint32_t perm[4] = {0, 2, 3, 1};
    if (l->turned[v] != GRAPH_NONE) return l->turned[v];
    uint32_t made = GRAPH_NONE;
    if (l->g->value[v].constant) {
        made = turn_constant(l, v, e);
    } else {
        assert(l->plain[v]);
        made = graph_value(l->g, (struct text){0}, e);
        if (made != GRAPH_NONE && !add_transpose(l, v, made, perm, e)) made = GRAPH_NONE;
    }
    l->turned[v] = made;
    return made;
}

static bool want_plain(struct layout *l, uint32_t v, struct err *e) {
    static const uint32_t perm[4] = {0, 3, 1, 2};
    if (v >= l->values || l->plain[v]) return true;
    l->plain[v] = true;
    return add_transpose(l, l->turned[v], v, perm, e);
}

/* An input of a node that is turned: images are; a constant of one element need not be. */
static bool input_turn(struct layout *l, uint32_t node, uint32_t i, struct err *e) {
    uint32_t v = l->g->node[node].in[i];
    const struct value *value = &l->g->value[v];
    if (value->constant && shape_elements(&value->shape) == 1) return true;
    v = want_turned(l, v, e);
    l->g->node[node].in[i] = v;
    return v != GRAPH_NONE;
}

/* The node gives the turned form of its outputs. */
static bool outputs_turn(struct layout *l, uint32_t node, struct err *e) {
    for (uint32_t i = 0; i < l->g->node[node].outs; i++) {
        uint32_t v = l->g->node[node].out[i];
        if (v == GRAPH_NONE) continue;
        uint32_t made = graph_value(l->g, (struct text){0}, e);
        if (made == GRAPH_NONE) return false;
        l->turned[v] = made;
        l->plain[v] = false;
        l->g->value[v].maker = GRAPH_NONE;
        graph_make(l->g, node, i, made);
    }
    return true;
}

/* Inputs in the form of the file. */
static bool keep_plain(struct layout *l, uint32_t node, struct err *e) {
    for (uint32_t i = 0; i < l->g->node[node].ins; i++) {
        uint32_t v = l->g->node[node].in[i];
        if (v != GRAPH_NONE && !want_plain(l, v, e)) return false;
    }
    return true;
}

static bool turn_conv(struct layout *l, uint32_t node, struct err *e) {
    const struct node *n = &l->g->node[node];
    struct conv_params *c = n->params;
    uint32_t x = n->in[CONV_X];
    bool planes = !is_turned(l, x) && c->group == 1 && !l->g->value[x].constant &&
                  l->g->value[n->in[CONV_WEIGHTS]].shape.dim[1] <= PLANES_MAX;
    c->order = planes ? CONV_NCHW : CONV_NHWC;
    if (!planes && !input_turn(l, node, CONV_X, e)) return false;
    bool residual = l->g->node[node].ins > CONV_RESIDUAL;
    if (residual && !input_turn(l, node, CONV_RESIDUAL, e)) return false;
    return outputs_turn(l, node, e);
}

/* Is one of the node's images turned, and can all be? Of nodes that go element by element, and of
 * Concat, all inputs are images; of others the first is. */
static bool wants_turn(const struct layout *l, const struct node *n) {
    bool all = n->layer->flags & LAYER_EACH || n->layer->ins_max == LAYER_ANY, any = false;
    if (!n->layer->turn || n->ins == 0) return false;
    for (uint32_t i = 0; i < (all ? n->ins : 1); i++) {
        uint32_t v = n->in[i];
        if (v == GRAPH_NONE) continue;
        bool constant = l->g->value[v].constant && l->g->value[v].shape.rank <= 4;
        if (!constant && !is_image(l, v)) return false;
        any |= is_turned(l, v);
    }
    return any;
}

static bool turn_node(struct layout *l, uint32_t node, bool *done_out, struct err *e) {
    struct layer_turn t = {.graph = l->g, .node = node, .images = 1};
    if (!l->g->node[node].layer->turn(&t, done_out, e)) return false;
    if (!*done_out) return true;
    for (uint32_t i = 0; i < l->g->node[node].ins; i++) {
        uint32_t v = l->g->node[node].in[i];
        if (v == GRAPH_NONE) continue;
        bool image = i < 32 ? t.images >> i & 1 : t.images == UINT32_MAX;
        if (image ? !input_turn(l, node, i, e) : !want_plain(l, v, e)) return false;
    }
    return t.outputs_stay || outputs_turn(l, node, e);
}

static bool layout_node(struct layout *l, uint32_t node, struct err *e) {
    const struct node *n = &l->g->node[node];
    bool done = false;
    if (n->layer == &layer_conv_fast) return turn_conv(l, node, e);
    if (wants_turn(l, n) && !turn_node(l, node, &done, e)) return false;
    return done || keep_plain(l, node, e);
}

/* A transposition of a transposition is one, or none. */
static bool join_transposes(struct graph *g, struct err *e) {
    uint32_t *same = ARENA_ARRAY(g->load, same, g->values + 1);
    if (!same) return err_memory(e);
    for (uint32_t v = 0; v < g->values; v++) same[v] = v;
    for (uint32_t n = 0; n < g->nodes; n++) {
        struct node *node = &g->node[n];
        for (uint32_t i = 0; i < node->ins; i++) {
            if (node->in[i] != GRAPH_NONE) node->in[i] = same[node->in[i]];
        }
        uint32_t maker = pass_is(node, "Transpose") ? g->value[node->in[0]].maker : GRAPH_NONE;
        if (maker == GRAPH_NONE || !pass_is(&g->node[maker], "Transpose")) continue;
        struct transpose *p = node->params;
        const struct transpose *q = g->node[maker].params;
        if (p->rank == 0 || q->rank != p->rank) continue;
        bool identity = true;
        for (uint32_t d = 0; d < p->rank; d++) {
            p->perm[d] = q->perm[p->perm[d]];
            identity &= p->perm[d] == d;
        }
        node->in[0] = g->node[maker].in[0];
        if (identity) same[node->out[0]] = node->in[0];
    }
    for (uint32_t i = 0; i < g->outputs; i++) {
        g->output[i] = same[g->output[i]];
        g->value[g->output[i]].is_output = true;
    }
    return graph_sort(g, e);
}

bool pass_layout(struct graph *g, const struct trial *t, struct err *e) {
    struct layout l = {.g = g, .t = t, .values = g->values};
    uint32_t nodes = g->nodes;
    l.turned = ARENA_ARRAY(g->load, l.turned, g->values + 1);
    l.plain = ARENA_ARRAY(g->load, l.plain, g->values + 1);
    if (!l.turned || !l.plain) return err_memory(e);
    for (uint32_t v = 0; v < g->values; v++) {
        l.turned[v] = GRAPH_NONE;
        l.plain[v] = true;
    }
    for (uint32_t n = 0; n < nodes; n++) {
        if (!layout_node(&l, n, e)) return false;
    }
    for (uint32_t i = 0; i < g->outputs; i++) {
        if (!want_plain(&l, g->output[i], e)) return false;
    }
    return graph_sort(g, e) && join_transposes(g, e);
}
