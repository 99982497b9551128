/* planner.c: see planner.h. */
#include "udf/nn/planner.h"

#include <assert.h>
#include <string.h>

#include "udf/nn/step.h"

bool planner_init(struct planner *p, const struct graph *g, struct arena *a) {
    *p = (struct planner){.graph = g, .arena = a, .fold_bytes_max = PLANNER_FOLD_BYTES};
    p->value = ARENA_ARRAY(a, p->value, g->values + 1);
    if (!p->value) return false;
    for (uint32_t v = 0; v < g->values; v++) {
        p->value[v].t.shape.rank = SHAPE_UNKNOWN;
        if (g->value[v].constant) {
            p->value[v] = (struct planned){.t = graph_tensor(g, v), .known = true};
        }
    }
    return true;
}

/* 1: shapes and needed values of the inputs are there; 0: the node waits; -1: failed. */
static int inputs_are_there(struct planner *p, const struct node *n, struct err *e) {
    for (uint32_t i = 0; i < n->ins; i++) {
        if (n->in[i] == GRAPH_NONE) continue;
        const struct planned *v = &p->value[n->in[i]];
        if (v->t.shape.rank == SHAPE_UNKNOWN) return 0;
        bool needed = i < 32 && n->layer->values >> i & 1;
        if (!needed || v->known) continue;
        if (!v->ready || !p->depends) return 0;
        if (!p->depends(p->context, n->in[i], e)) return -1;
    }
    return 1;
}

static struct step *step_make(struct planner *p, const struct node *n) {
    struct step *s = ARENA_NEW(p->arena, s);
    if (!s) return NULL;
    *s = (struct step){.node = n, .env = p->graph->env, .arena = p->arena};
    s->view = n->layer->flags & LAYER_VIEW;
    s->in = ARENA_ARRAY(p->arena, s->in, n->ins + 1);
    s->out = ARENA_ARRAY(p->arena, s->out, n->outs + 1);
    if (!s->in || !s->out) return NULL;
    for (uint32_t i = 0; i < n->ins; i++) {
        if (n->in[i] == GRAPH_NONE) continue;
        s->in[i] = p->value[n->in[i]].t;
    }
    return s;
}

static bool types_fit(const struct step *s, struct err *e) {
    const struct layer *l = s->node->layer;
    if (l->types == 0 || !step_has(s, 0) || l->types >> s->in[0].type & 1) return true;
    return step_unsupported(s, e, "elements of type %s", net_type_name(s->in[0].type));
}

static bool outputs_fit(const struct step *s, struct err *e) {
    char text[SHAPE_TEXT_BYTES];
    for (uint32_t i = 0; i < s->node->outs; i++) {
        if (!step_gives(s, i)) continue;
        assert(s->out[i].type < NET_TYPE_COUNT);
        if (shape_fits(&s->out[i].shape)) continue;
        return step_error(s, e, "its output %s is negative or too large",
                          shape_text(&s->out[i].shape, text));
    }
    return true;
}

static bool all_known(const struct planner *p, const struct step *s) {
    if (s->node->layer->flags & LAYER_SHAPE_ONLY) return true;
    for (uint32_t i = 0; i < s->node->ins; i++) {
        if (s->node->in[i] != GRAPH_NONE && !p->value[s->node->in[i]].known) return false;
    }
    return true;
}

/* Not worth it (or unbounded): what is large, and what takes long. */
static bool may_fold(const struct planner *p, const struct step *s) {
    size_t bytes = s->scratch_bytes, work = 1;
    if (s->node->layer->flags & LAYER_LATE || !all_known(p, s)) return false;
    for (uint32_t i = 0; i < s->node->outs; i++) {
        if (step_gives(s, i)) bytes += tensor_bytes(&s->out[i]);
    }
    for (uint32_t i = 0; i < s->node->ins; i++) {
        if (step_has(s, i)) work += shape_elements(&s->in[i].shape);
    }
    if (bytes > p->fold_bytes_max || p->folded_bytes + bytes > PLANNER_FOLD_ALL_BYTES) return false;
    bool heavy = s->node->layer->flags & LAYER_HEAVY;
    return !heavy || (s->flops <= 1 << 24 && work * (bytes + 1) <= 1 << 26);
}

static bool is_empty(const struct step *s) {
    for (uint32_t i = 0; i < s->node->outs; i++) {
        if (step_gives(s, i) && shape_elements(&s->out[i].shape) > 0) return false;
    }
    return true;
}

static bool fold(struct planner *p, struct step *s, struct err *e) {
    for (uint32_t i = 0; i < s->node->outs; i++) {
        if (!step_gives(s, i)) continue;
        size_t bytes = tensor_bytes(&s->out[i]);
        p->folded_bytes += bytes;
        s->out[i].at = s->view ? s->in[0].at : arena_alloc(p->arena, bytes + 1);
        if (!s->out[i].at) return err_memory(e);
    }
    if (s->scratch_bytes > 0) {
        char *scratch = arena_alloc(p->arena, s->scratch_bytes + 64);
        if (!scratch) return err_memory(e);
        s->scratch = scratch + (64 - (uintptr_t)scratch % 64);
    }
    return s->view || is_empty(s) || s->node->layer->run(s, e);
}

static void outputs_take(struct planner *p, const struct step *s, bool known) {
    for (uint32_t i = 0; i < s->node->outs; i++) {
        if (!step_gives(s, i)) continue;
        p->value[s->node->out[i]] = (struct planned){.t = s->out[i], .known = known};
    }
}

enum plan_outcome planner_node(struct planner *p, uint32_t node, struct step **step_out,
                               struct err *e) {
    const struct node *n = &p->graph->node[node];
    int there = inputs_are_there(p, n, e);
    if (there <= 0) return there == 0 ? PLAN_WAITS : PLAN_FAILED;
    struct step *s = step_make(p, n);
    if (!s) {
        err_memory(e);
        return PLAN_FAILED;
    }
    if (!types_fit(s, e) || !n->layer->plan(s, e) || !outputs_fit(s, e)) return PLAN_FAILED;
    *step_out = s;
    if (may_fold(p, s)) {
        if (!fold(p, s, e)) return PLAN_FAILED;
        outputs_take(p, s, true);
        return PLAN_FOLDED;
    }
    outputs_take(p, s, false);
    return PLAN_STEP;
}
