/* graph.c: see graph.h.
 *
 * Arrays grow by doubling in the arena; the old halves are lost there, which is as much again at
 * most. Sorting is Kahn's (1962) with the nodes taken in the order they stand, so that a graph that
 * is in order stays as it is.
 */
#include "udf/nn/graph.h"

#include <assert.h>
#include <string.h>

#include "udf/nn/layer.h"

/* An array of `count` things of `size` bytes, with room for one more; NULL: no memory. */
static void *grown(struct arena *a, void *array, uint32_t count, uint32_t *room, size_t size) {
    if (count < *room) return array;
    uint32_t wanted = *room ? *room * 2 : 64;
    void *p = arena_zalloc(a, wanted, size);
    if (!p) return NULL;
    if (count > 0) memcpy(p, array, count * size);
    *room = wanted;
    return p;
}

uint32_t graph_value(struct graph *g, struct text name, struct err *e) {
    if (g->values == GRAPH_VALUES_MAX) {
        err_set(e, ERR_LIMIT, "54000", "network has more than %d values", GRAPH_VALUES_MAX);
        return GRAPH_NONE;
    }
    struct value *room = grown(g->keep, g->value, g->values, &g->values_room, sizeof *room);
    if (!room) {
        err_memory(e);
        return GRAPH_NONE;
    }
    g->value = room;
    g->value[g->values] = (struct value){
        .name = name, .type = NET_TYPE_COUNT, .shape.rank = SHAPE_UNKNOWN, .maker = GRAPH_NONE};
    return g->values++;
}

uint32_t graph_constant(struct graph *g, const struct tensor *t, struct err *e) {
    assert(t->at);
    uint32_t v = graph_value(g, (struct text){0}, e);
    if (v == GRAPH_NONE) return v;
    g->value[v].type = t->type;
    g->value[v].shape = t->shape;
    g->value[v].constant = t->at;
    return v;
}

uint32_t graph_constant_ints(struct graph *g, const int64_t *at, uint32_t count, struct err *e) {
    struct tensor t = {.type = NET_I64, .shape = {.rank = 1, .dim = {count}}};
    t.at = arena_copy(g->load, at, count * sizeof *at);
    if (!t.at) {
        err_memory(e);
        return GRAPH_NONE;
    }
    return graph_constant(g, &t, e);
}

struct node *graph_node(struct graph *g, const struct layer *layer, uint32_t ins, uint32_t outs,
                        struct err *e) {
    assert(layer);
    if (g->nodes == GRAPH_NODES_MAX) {
        err_set(e, ERR_LIMIT, "54000", "network has more than %d nodes", GRAPH_NODES_MAX);
        return NULL;
    }
    struct node *room = grown(g->keep, g->node, g->nodes, &g->nodes_room, sizeof *room);
    struct node n = {.layer = layer, .ins = ins, .outs = outs};
    n.in = ARENA_ARRAY(g->keep, n.in, ins + LAYER_INPUTS_ROOM);
    n.out = ARENA_ARRAY(g->keep, n.out, outs + 1);
    n.params = arena_zalloc(g->keep, 1, layer->params_bytes + 1);
    if (!room || !n.in || !n.out || !n.params) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < ins + LAYER_INPUTS_ROOM; i++) n.in[i] = GRAPH_NONE;
    for (uint32_t i = 0; i < outs; i++) n.out[i] = GRAPH_NONE;
    g->node = room;
    g->node[g->nodes] = n;
    return &g->node[g->nodes++];
}

struct tensor graph_tensor(const struct graph *g, uint32_t value) {
    const struct value *v = &g->value[value];
    union {
        const void *in;
        void *out;
    } at = {.in = v->constant};
    return (struct tensor){.type = v->type, .shape = v->shape, .at = at.out};
}

void graph_make(struct graph *g, uint32_t node, uint32_t out, uint32_t value) {
    assert(node < g->nodes && out < g->node[node].outs && value < g->values);
    g->node[node].out[out] = value;
    g->value[value].maker = node;
}

void graph_replace(struct graph *g, uint32_t old, uint32_t with) {
    assert(old != with);
    for (uint32_t n = 0; n < g->nodes; n++) {
        for (uint32_t i = 0; i < g->node[n].ins; i++) {
            if (g->node[n].in[i] == old) g->node[n].in[i] = with;
        }
    }
    for (uint32_t i = 0; i < g->outputs; i++) {
        if (g->output[i] == old) g->output[i] = with;
    }
    g->value[with].is_output |= g->value[old].is_output;
    g->value[old].is_output = false;
}

void graph_count_uses(struct graph *g) {
    for (uint32_t v = 0; v < g->values; v++) g->value[v].uses = 0;
    for (uint32_t n = 0; n < g->nodes; n++) {
        const struct node *node = &g->node[n];
        for (uint32_t i = 0; i < node->ins && !node->dead; i++) {
            if (node->in[i] != GRAPH_NONE) g->value[node->in[i]].uses++;
        }
    }
    for (uint32_t i = 0; i < g->outputs; i++) g->value[g->output[i]].uses++;
}

static bool node_is_used(const struct graph *g, const struct node *n) {
    for (uint32_t i = 0; i < n->outs; i++) {
        if (n->out[i] != GRAPH_NONE && g->value[n->out[i]].uses > 0) return true;
    }
    return false;
}

/* From the outputs back: a node is wanted when one of its outputs is. */
static void drop_unused(struct graph *g) {
    graph_count_uses(g);
    for (bool again = true; again;) {
        again = false;
        for (uint32_t n = g->nodes; n-- > 0;) {
            struct node *node = &g->node[n];
            if (node->dead || node_is_used(g, node)) continue;
            node->dead = again = true;
            for (uint32_t i = 0; i < node->ins; i++) {
                if (node->in[i] != GRAPH_NONE) g->value[node->in[i]].uses--;
            }
        }
    }
}

/* Nodes wait for the maker of their first input that is not made yet: an intrusive list a value. */
struct sorter {
    struct graph *g;
    struct node *sorted;
    uint32_t count;
    bool *made;        /* [values] */
    uint32_t *waiting; /* [values] first node that waits for it */
    uint32_t *next;    /* [nodes] */
    uint32_t *ready;   /* [nodes] a stack */
    uint32_t ready_count;
};

/* The first of the node's inputs that is not made yet. */
static uint32_t lacking(const struct sorter *s, uint32_t n) {
    const struct node *node = &s->g->node[n];
    for (uint32_t i = 0; i < node->ins; i++) {
        uint32_t v = node->in[i];
        if (v != GRAPH_NONE && s->g->value[v].maker != GRAPH_NONE && !s->made[v]) return v;
    }
    return GRAPH_NONE;
}

/* Ready, or queued at the first value that it lacks. */
static void sorter_offer(struct sorter *s, uint32_t n) {
    uint32_t v = lacking(s, n);
    if (v == GRAPH_NONE) {
        s->ready[s->ready_count++] = n;
        return;
    }
    s->next[n] = s->waiting[v];
    s->waiting[v] = n;
}

static void sorter_place(struct sorter *s, uint32_t n) {
    struct node node = s->g->node[n];
    s->sorted[s->count++] = node;
    for (uint32_t i = 0; i < node.outs; i++) {
        uint32_t v = node.out[i];
        if (v == GRAPH_NONE) continue;
        s->made[v] = true;
        uint32_t waiting = s->waiting[v];
        s->waiting[v] = GRAPH_NONE;
        for (uint32_t next; waiting != GRAPH_NONE; waiting = next) {
            next = s->next[waiting];
            sorter_offer(s, waiting);
        }
    }
}

static bool sorter_open(struct sorter *s, struct graph *g) {
    *s = (struct sorter){.g = g};
    s->sorted = ARENA_ARRAY(g->keep, s->sorted, g->nodes + 1);
    s->made = ARENA_ARRAY(g->load, s->made, g->values + 1);
    s->waiting = ARENA_ARRAY(g->load, s->waiting, g->values + 1);
    s->next = ARENA_ARRAY(g->load, s->next, g->nodes + 1);
    s->ready = ARENA_ARRAY(g->load, s->ready, g->nodes + 1);
    if (!s->sorted || !s->made || !s->waiting || !s->next || !s->ready) return false;
    for (uint32_t v = 0; v < g->values; v++) s->waiting[v] = GRAPH_NONE;
    return true;
}

/* There is a node that cannot be placed. It waits for one that cannot either, and so on: going back
 * leads into a cycle. */
static const struct node *in_cycle(const struct sorter *s) {
    const struct graph *g = s->g;
    uint32_t n = 0;
    while (g->node[n].dead || lacking(s, n) == GRAPH_NONE) n++;
    for (uint32_t i = 0; i < g->nodes; i++) {
        uint32_t v = lacking(s, n);
        assert(v != GRAPH_NONE);
        n = g->value[v].maker;
    }
    return &g->node[n];
}

bool graph_sort(struct graph *g, struct err *e) {
    struct sorter s;
    if (!sorter_open(&s, g)) return err_memory(e);
    drop_unused(g);
    uint32_t alive = 0;
    for (uint32_t n = 0; n < g->nodes; n++) {
        if (g->node[n].dead) continue;
        alive++;
        sorter_offer(&s, n);
        while (s.ready_count > 0) sorter_place(&s, s.ready[--s.ready_count]);
    }
    if (s.count < alive) {
        const struct node *n = in_cycle(&s);
        return err_set(e, ERR_SQL, "22023", "node \"%.*s\" (%s): it is in a cycle of nodes",
                       TEXT_ARG(n->name), n->layer->name);
    }
    g->node = s.sorted;
    g->nodes = g->nodes_room = s.count;
    for (uint32_t v = 0; v < g->values; v++) {
        bool made_here = g->value[v].maker != GRAPH_NONE;
        if (made_here && !s.made[v]) g->value[v].maker = GRAPH_NONE;
    }
    for (uint32_t n = 0; n < g->nodes; n++) {
        for (uint32_t i = 0; i < g->node[n].outs; i++) {
            if (g->node[n].out[i] != GRAPH_NONE) g->value[g->node[n].out[i]].maker = n;
        }
    }
    graph_count_uses(g);
    return true;
}

bool graph_settle(struct graph *g, struct err *e) {
    graph_count_uses(g);
    for (uint32_t v = 0; v < g->values; v++) {
        struct value *value = &g->value[v];
        if (!value->constant) continue;
        if (value->uses == 0) {
            value->constant = NULL;
            continue;
        }
        struct tensor t = graph_tensor(g, v);
        value->constant = arena_copy(g->keep, t.at, tensor_bytes(&t));
        if (!value->constant) return err_memory(e);
    }
    return true;
}
