/* trial.c: see trial.h. */
#include "udf/nn/trial.h"

#include <assert.h>

enum { FOLD_AT_LOAD_BYTES = 16 << 20 };

static bool trial_start(const struct graph *g, const struct net_shape *in, struct arena *a,
                        struct planner *p) {
    if (!planner_init(p, g, a)) return false;
    for (uint32_t i = 0; i < g->inputs && in; i++) {
        struct planned *v = &p->value[g->input[i]];
        v->t.type = g->value[g->input[i]].type;
        v->t.shape = in[i];
    }
    return true;
}

static bool trial_nodes(struct planner *p, struct trial *t, struct err *e) {
    t->whole = true;
    for (uint32_t n = 0; n < p->graph->nodes; n++) {
        struct step *s = NULL;
        enum plan_outcome how = planner_node(p, n, &s, e);
        if (how == PLAN_FAILED) return false;
        t->step[n] = s;
        t->whole &= how != PLAN_WAITS;
        if (how == PLAN_STEP) t->flops += s->flops;
    }
    return true;
}

bool trial_run(const struct graph *g, const struct net_shape *in, struct arena *a,
               struct trial *out, struct err *e) {
    struct trial t = {0};
    struct planner p;
    t.step = ARENA_ARRAY(a, t.step, g->nodes + 1);
    if (!t.step || !trial_start(g, in, a, &p)) return err_memory(e);
    t.value = p.value;
    if (!trial_nodes(&p, &t, e)) return false;
    *out = t;
    return true;
}

bool trial_fold(struct graph *g, struct err *e) {
    struct trial t = {0};
    struct planner p;
    t.step = ARENA_ARRAY(g->load, t.step, g->nodes + 1);
    if (!t.step || !trial_start(g, NULL, g->load, &p)) return err_memory(e);
    p.fold_bytes_max = FOLD_AT_LOAD_BYTES;
    if (!trial_nodes(&p, &t, e)) return false;
    for (uint32_t v = 0; v < g->values; v++) {
        struct value *value = &g->value[v];
        if (!p.value[v].known || value->constant) continue;
        value->type = p.value[v].t.type;
        value->shape = p.value[v].t.shape;
        value->constant = p.value[v].t.at;
        value->maker = GRAPH_NONE;
    }
    for (uint32_t n = 0; n < g->nodes; n++) {
        struct node *node = &g->node[n];
        bool known = node->outs > 0;
        for (uint32_t i = 0; i < node->outs; i++) {
            known &= node->out[i] == GRAPH_NONE || g->value[node->out[i]].constant != NULL;
        }
        node->dead |= known;
    }
    return graph_sort(g, e);
}
