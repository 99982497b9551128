/* run.c: see run.h and net.h: runs the segments of a net one after the other. */
#include "udf/nn/run.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "udf/nn/net_private.h"
#include "udf/nn/step.h"

static bool depends(void *context, uint32_t value, struct err *e) {
    return segment_depends(context, value, false, e);
}

static bool run_init(struct net_run *r, const struct net *n) {
    const struct graph *g = net_graph(n);
    r->graph = g;
    if (!planner_init(&r->planner, g, &r->arena)) return false;
    r->planner.depends = depends;
    r->planner.context = r;
    r->placed = ARENA_ARRAY(&r->arena, r->placed, g->values + 1);
    r->copy = ARENA_ARRAY(&r->arena, r->copy, g->outputs + 1);
    if (!r->placed || !r->copy) return false;
    for (uint32_t v = 0; v < g->values; v++) {
        r->placed[v] = (struct placed){.root = v};
        if (g->value[v].constant) r->placed[v].place = PLACE_KNOWN;
    }
    for (uint32_t i = 0; i < g->inputs; i++) r->placed[g->input[i]].place = PLACE_INPUT;
    return true;
}

struct net_run *net_run_create(const struct net *n, struct err *e) {
    struct arena a;
    arena_init(&a, 0);
    struct net_run *r = ARENA_NEW(&a, r);
    if (!r) {
        arena_done(&a);
        err_memory(e);
        return NULL;
    }
    r->arena = a;
    arena_init(&r->copies, 0);
    if (run_init(r, n)) return r;
    net_run_destroy(r);
    err_memory(e);
    return NULL;
}

void net_run_destroy(struct net_run *r) {
    if (!r) return;
    for (struct segment *s = r->first; s; s = s->next) {
        arena_done(&s->plan);
        arena_done(&s->block);
    }
    arena_done(&r->copies);
    struct arena a = r->arena; /* holds *r itself */
    arena_done(&a);
}

static bool input_fits(const struct net_run *r, uint32_t i, const struct net_tensor *in,
                       struct err *e) {
    const struct value *v = &r->graph->value[r->graph->input[i]];
    char declared[SHAPE_TEXT_BYTES], given[SHAPE_TEXT_BYTES];
    if (in->type != v->type) {
        return err_set(e, ERR_SQL, "22023", "input \"%.*s\" takes %s, not %s", TEXT_ARG(v->name),
                       net_type_name(v->type), net_type_name(in->type));
    }
    bool fits = shape_fits(&in->shape);
    if (v->shape.rank != SHAPE_UNKNOWN) {
        fits &= v->shape.rank == in->shape.rank;
        for (uint32_t d = 0; fits && d < in->shape.rank; d++) {
            fits = v->shape.dim[d] < 0 || v->shape.dim[d] == in->shape.dim[d];
        }
    }
    if (fits) return true;
    return err_set(e, ERR_SQL, "22023", "input \"%.*s\" takes shape %s, not %s", TEXT_ARG(v->name),
                   shape_text(&v->shape, declared), shape_text(&in->shape, given));
}

static bool inputs_set(struct net_run *r, const struct net_tensor *in, struct err *e) {
    for (uint32_t i = 0; i < r->graph->inputs; i++) {
        if (!input_fits(r, i, &in[i], e)) return false;
    }
    for (uint32_t i = 0; i < r->graph->inputs; i++) {
        union {
            const void *in;
            void *out;
        } at = {.in = in[i].at};
        r->planner.value[r->graph->input[i]] = (struct planned){
            .t = {.type = in[i].type, .shape = in[i].shape, .at = at.out}, .ready = true};
    }
    return true;
}

/* The first segment depends on the shapes of the inputs. */
static bool depend_on_inputs(struct net_run *r, struct segment *s, struct err *e) {
    r->planning = s;
    for (uint32_t i = 0; i < r->graph->inputs; i++) {
        if (!segment_depends(r, r->graph->input[i], true, e)) return false;
    }
    return true;
}

static struct segment *segment_add(struct net_run *r, struct segment *before, struct err *e) {
    struct segment *s = ARENA_NEW(&r->arena, s);
    if (!s) {
        err_memory(e);
        return NULL;
    }
    arena_init(&s->plan, 0);
    arena_init(&s->block, 0);
    s->index = before ? before->index + 1 : 0;
    if (before) {
        before->next = s;
    } else {
        r->first = s;
    }
    return s;
}

/* The segment's plan, made anew if it does not hold; all behind it then goes. */
static bool segment_ready(struct net_run *r, struct segment *s, uint32_t node_first,
                          struct err *e) {
    bool planned = s->node_end > node_first && s->node_first == node_first;
    if (planned && segment_holds(r, s)) return true;
    for (struct segment *t = s; t; t = t->next) {
        segment_forget(r, t);
        t->node_first = t->node_end = 0;
    }
    s->node_first = node_first;
    bool good = (s->index > 0 || depend_on_inputs(r, s, e)) && segment_plan(r, s, e);
    if (good) return true;
    segment_forget(r, s);
    s->node_first = s->node_end = 0;
    return false;
}

static bool is_empty(const struct step *s) {
    for (uint32_t i = 0; i < s->node->outs; i++) {
        if (step_gives(s, i) && shape_elements(&s->out[i].shape) > 0) return false;
    }
    return true;
}

/* The value can be read from now on; a view of the caller's memory has moved with it. */
static void value_ready(struct net_run *r, uint32_t v) {
    struct planned *p = &r->planner.value[v];
    p->ready = true;
    if (r->placed[v].place == PLACE_INPUT) p->t.at = r->planner.value[r->placed[v].root].t.at;
}

static bool segment_run(struct net_run *r, struct segment *s, struct err *e) {
    for (uint32_t i = 0; i < s->patches; i++) {
        s->patch[i].tensor->at = r->planner.value[s->patch[i].value].t.at;
    }
    for (uint32_t i = 0; i < s->steps; i++) {
        struct step *step = s->step[i];
        if (!is_empty(step) && !step->node->layer->run(step, e)) return false;
    }
    for (uint32_t i = 0; i < s->lates; i++) {
        r->planner.value[s->late[i].value].t.shape = s->late[i].from->shape;
    }
    for (uint32_t n = s->node_first; n < s->node_end; n++) {
        const struct node *node = &r->graph->node[n];
        for (uint32_t i = 0; i < node->outs; i++) {
            if (node->out[i] != GRAPH_NONE) value_ready(r, node->out[i]);
        }
    }
    return true;
}

/* An output that is an input's memory becomes the run's own. */
static bool output_give(struct net_run *r, uint32_t i, struct net_tensor *out, struct err *e) {
    uint32_t v = r->graph->output[i];
    const struct tensor *t = &r->planner.value[v].t;
    *out = (struct net_tensor){.type = t->type, .shape = t->shape, .at = t->at};
    if (r->placed[v].place != PLACE_INPUT) return true;
    size_t bytes = tensor_bytes(t);
    const void *from = r->planner.value[r->placed[v].root].t.at;
    r->copy[i] = arena_alloc(&r->copies, bytes + 1);
    if (!r->copy[i]) return err_memory(e);
    if (bytes > 0) memcpy(r->copy[i], from, bytes);
    out->at = r->copy[i];
    return true;
}

bool net_run(struct net_run *r, const struct net_tensor *in, struct net_tensor *out,
             struct err *e) {
    assert(r && out);
    uint32_t node = 0;
    struct segment *s = r->first, *before = NULL;
    if (!inputs_set(r, in, e)) return false;
    while (node < r->graph->nodes) {
        if (!s) s = segment_add(r, before, e);
        if (!s || !segment_ready(r, s, node, e) || !segment_run(r, s, e)) return false;
        node = s->node_end;
        before = s;
        s = s->next;
    }
    arena_reset(&r->copies);
    for (uint32_t i = 0; i < r->graph->outputs; i++) {
        if (!output_give(r, i, &out[i], e)) return false;
    }
    return true;
}
