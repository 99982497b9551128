/* program_emit.c: from the graph of nodes to steps.
 *
 * A node is computed in a context. What was computed in a context holds for every context inside
 * it, and is computed again for a context beside it: so a part that two branches of a CASE share
 * is computed for the rows of each, and one that a condition has computed is not computed again.
 * Dense nodes are computed once, for every row, whoever asks first.
 *
 * A, then B of `A AND B`: where B is dense, both are computed and combined; else B is computed in
 * the context of the rows for which A is not false. Either way the combination runs over every
 * row: the value of B where it was not computed is NULL or 0, and A alone decides there.
 */
#include <assert.h>
#include <string.h>

#include "engine/base/hash.h"
#include "engine/program_private.h"

#define NO_PARENT UINT32_MAX

enum { LIST_MIN = 16 };

/* The slot that holds a node in a context. */
struct place {
    uint32_t context, slot;
    struct place *next;
};

struct emitter {
    struct program *p;
    struct graph graph;
    struct arena *scratch;
    struct place **place; /* [nodes] */
    uint32_t *parent;     /* [contexts] */
    uint32_t contexts, contexts_capacity;
    struct step *step;
    uint32_t steps, steps_capacity;
    struct column *slot;
    uint32_t slots, slots_capacity;
    struct load *load;
    uint32_t loads, loads_capacity;
    uint32_t args_max;
    uint64_t seed;
};

/* Room for one more in a list of things of `size` bytes. */
static bool list_grow(struct arena *a, void *list_io, uint32_t count, uint32_t *capacity,
                      size_t size) {
    if (count < *capacity) return true;
    uint32_t larger = *capacity ? *capacity * 2 : LIST_MIN;
    void *from;
    memcpy(&from, list_io, sizeof from);
    void *to = arena_zalloc(a, larger, size);
    if (!to) return false;
    if (count > 0) memcpy(to, from, count * size);
    memcpy(list_io, &to, sizeof to);
    *capacity = larger;
    return true;
}

static bool slot_add(struct emitter *m, const struct column *c, uint32_t *out, struct err *e) {
    struct arena *a = m->p->arena;
    if (!list_grow(a, &m->slot, m->slots, &m->slots_capacity, sizeof *m->slot)) {
        return err_memory(e);
    }
    m->slot[m->slots] = *c;
    *out = m->slots++;
    return true;
}

static bool context_add(struct emitter *m, uint32_t parent, uint32_t *out, struct err *e) {
    struct arena *a = m->scratch;
    if (!list_grow(a, &m->parent, m->contexts, &m->contexts_capacity, sizeof *m->parent)) {
        return err_memory(e);
    }
    m->parent[m->contexts] = parent;
    *out = m->contexts++;
    return true;
}

static bool context_is_inside(const struct emitter *m, uint32_t context, uint32_t outer) {
    while (context != outer && context != NO_PARENT) context = m->parent[context];
    return context == outer;
}

static bool place_find(const struct emitter *m, uint32_t node, uint32_t context, uint32_t *out) {
    for (const struct place *at = m->place[node]; at; at = at->next) {
        if (!context_is_inside(m, context, at->context)) continue;
        *out = at->slot;
        return true;
    }
    return false;
}

static bool place_add(struct emitter *m, uint32_t node, uint32_t context, uint32_t slot,
                      struct err *e) {
    struct place *at = ARENA_NEW(m->scratch, at);
    if (!at) return err_memory(e);
    *at = (struct place){.context = context, .slot = slot, .next = m->place[node]};
    m->place[node] = at;
    return true;
}

/* Appends a step; one that gives a slot gets a new one. */
static bool step_add(struct emitter *m, struct step s, uint32_t *slot_out, struct err *e) {
    struct arena *a = m->p->arena;
    if (!list_grow(a, &m->step, m->steps, &m->steps_capacity, sizeof *m->step)) {
        return err_memory(e);
    }
    if (slot_out) {
        if (!slot_add(m, &(struct column){.type = s.type}, &s.out, e)) return false;
        *slot_out = s.out;
    }
    s.buffer = NO_BUFFER;
    m->step[m->steps++] = s;
    if (s.args > m->args_max) m->args_max = s.args;
    return true;
}

static uint32_t *args_new(struct emitter *m, uint32_t n, struct err *e) {
    uint32_t *arg = ARENA_ARRAY(m->p->arena, arg, n + 1);
    if (!arg) err_memory(e);
    return arg;
}

static bool emit(struct emitter *m, uint32_t node, uint32_t context, uint32_t *out, struct err *e);

static bool emit_column(struct emitter *m, const struct node *n, uint32_t *out, struct err *e) {
    struct arena *a = m->p->arena;
    if (!slot_add(m, &(struct column){.type = n->type}, out, e)) return false;
    if (!list_grow(a, &m->load, m->loads, &m->loads_capacity, sizeof *m->load)) {
        return err_memory(e);
    }
    m->load[m->loads++] = (struct load){.slot = *out, .column = n->column};
    return true;
}

static bool emit_constant(struct emitter *m, const struct node *n, uint32_t *out, struct err *e) {
    struct column c;
    return column_broadcast(m->p->arena, n->constant, m->p->rows_max, &c, e) &&
           slot_add(m, &c, out, e);
}

/* A constant that only open() reads is not worth its copies. */
static bool emit_arg(struct emitter *m, const struct node *call, uint32_t i, uint32_t context,
                     uint32_t *out, struct err *e) {
    const struct node *arg = graph_node(&m->graph, call->arg[i]);
    bool opened = i > 0 && call->fn && (call->fn->flags & FN_OPENS_CONSTANTS);
    if (opened && arg->kind == EXPR_CONSTANT) return slot_add(m, arg->constant, out, e);
    return emit(m, call->arg[i], context, out, e);
}

static bool call_open(struct emitter *m, const struct node *n, struct site *site, struct err *e) {
    const struct type **type = ARENA_ARRAY(m->p->arena, type, n->args + 1);
    const struct column **constant = ARENA_ARRAY(m->p->arena, constant, n->args + 1);
    if (!type || !constant) return err_memory(e);
    for (uint32_t i = 0; i < n->args; i++) {
        const struct node *arg = graph_node(&m->graph, n->arg[i]);
        type[i] = arg->type;
        constant[i] = arg->constant;
    }
    struct fn_bind bind = {.arg_type = type,
                           .constant = constant,
                           .args = n->args,
                           .type = n->type,
                           .arena = m->p->arena,
                           .seed = hash_mix(m->seed, m->steps),
                           .env = m->graph.env};
    return site_open(site, n->fn, &bind, e);
}

static bool emit_call(struct emitter *m, const struct node *n, uint32_t context, uint32_t *out,
                      struct err *e) {
    struct step s = {
        .run = step_call, .sel = context, .dense = n->dense, .args = n->args, .type = n->type};
    uint32_t *arg = args_new(m, n->args, e);
    if (!arg) return false;
    for (uint32_t i = 0; i < n->args; i++) {
        if (!emit_arg(m, n, i, context, &arg[i], e)) return false;
    }
    s.arg = arg;
    if (!n->fn)
        s.run = step_retype;
    else if (!call_open(m, n, &s.site, e))
        return false;

    if (step_add(m, s, out, e)) return true;
    site_close(&s.site);
    return false;
}

static bool emit_field(struct emitter *m, const struct node *n, uint32_t context, uint32_t *out,
                       struct err *e) {
    uint32_t *arg = args_new(m, 1, e);
    if (!arg || !emit(m, n->arg[0], context, &arg[0], e)) return false;
    struct step s = {.run = step_field,
                     .sel = context,
                     .dense = n->dense,
                     .column = n->column,
                     .args = 1,
                     .arg = arg,
                     .type = n->type};
    return step_add(m, s, out, e);
}

/* A context of the rows of `from` that `slot` keeps. */
static bool emit_narrow(struct emitter *m, uint32_t slot, uint32_t from, enum keep keep,
                        uint32_t *context_out, struct err *e) {
    uint32_t *arg = args_new(m, 1, e);
    if (!arg || !context_add(m, from, context_out, e)) return false;
    arg[0] = slot;
    struct step s = {.run = step_narrow,
                     .out = *context_out,
                     .sel = from,
                     .keep = keep,
                     .args = 1,
                     .arg = arg,
                     .type = &type_boolean};
    return step_add(m, s, NULL, e);
}

static bool emit_logic(struct emitter *m, const struct node *n, uint32_t context, uint32_t *out,
                       struct err *e) {
    bool is_and = n->kind == EXPR_AND;
    uint32_t done, inner = context;
    if (!emit(m, n->arg[0], context, &done, e)) return false;
    for (uint32_t i = 1; i < n->args; i++) {
        uint32_t *arg = args_new(m, 2, e);
        if (!arg) return false;
        arg[0] = done;
        enum keep keep = is_and ? KEEP_NOT_FALSE : KEEP_NOT_TRUE;
        bool dense = graph_node(&m->graph, n->arg[i])->dense;
        if (!dense && !emit_narrow(m, done, inner, keep, &inner, e)) return false;
        if (!emit(m, n->arg[i], inner, &arg[1], e)) return false;
        struct step s = {.run = is_and ? step_and : step_or,
                         .sel = context,
                         .dense = true,
                         .args = 2,
                         .arg = arg,
                         .type = n->type};
        if (!step_add(m, s, &done, e)) return false;
    }
    *out = done;
    return true;
}

static bool emit_blend(struct emitter *m, const struct node *n, uint32_t *out, struct err *e) {
    uint32_t *arg = args_new(m, n->args, e);
    if (!arg) return false;
    for (uint32_t i = 0; i < n->args; i++) {
        if (!emit(m, n->arg[i], 0, &arg[i], e)) return false;
    }
    struct step s = {
        .run = step_blend, .dense = true, .args = n->args, .arg = arg, .type = n->type};
    return step_add(m, s, out, e);
}

static bool emit_case(struct emitter *m, const struct node *n, uint32_t context, uint32_t *out,
                      struct err *e) {
    uint32_t branches = n->args / 2 + 1, rest = context;
    uint32_t *arg = args_new(m, branches, e), *arg_sel = args_new(m, branches, e);
    if (!arg || !arg_sel) return false;
    for (uint32_t i = 0; i + 1 < branches; i++) {
        uint32_t when;
        if (!emit(m, n->arg[2 * i], rest, &when, e)) return false;
        if (!emit_narrow(m, when, rest, KEEP_TRUE, &arg_sel[i], e)) return false;
        if (!emit(m, n->arg[2 * i + 1], arg_sel[i], &arg[i], e)) return false;
        if (!emit_narrow(m, when, rest, KEEP_NOT_TRUE, &rest, e)) return false;
    }
    arg_sel[branches - 1] = rest;
    if (!emit(m, n->arg[n->args - 1], rest, &arg[branches - 1], e)) return false;
    struct step s = {.run = step_merge,
                     .sel = context,
                     .args = branches,
                     .arg = arg,
                     .arg_sel = arg_sel,
                     .type = n->type};
    return step_add(m, s, out, e);
}

static bool emit_node(struct emitter *m, const struct node *n, uint32_t context, uint32_t *out,
                      struct err *e) {
    switch (n->kind) {
    case EXPR_COLUMN: return emit_column(m, n, out, e);
    case EXPR_CONSTANT: return emit_constant(m, n, out, e);
    case EXPR_CALL: return emit_call(m, n, context, out, e);
    case EXPR_AND:
    case EXPR_OR: return emit_logic(m, n, context, out, e);
    case EXPR_CASE: return n->dense ? emit_blend(m, n, out, e) : emit_case(m, n, context, out, e);
    case EXPR_FIELD: return emit_field(m, n, context, out, e);
    case EXPR_CAST:
    case EXPR_INFER: /* lower_infer() has taken it out */
    case EXPR_COUNT: break;
    }
    assert(false);
    return false;
}

static bool emit(struct emitter *m, uint32_t node, uint32_t context, uint32_t *out, struct err *e) {
    const struct node *n = graph_node(&m->graph, node);
    if (n->dense) context = 0;
    if (place_find(m, node, context, out)) return true;
    return emit_node(m, n, context, out, e) && place_add(m, node, context, *out, e);
}

/* What the emitter has gathered becomes the program's, also where it failed half-way: opened
 * sites are closed by program_close(). */
static void program_take(struct program *p, const struct emitter *m) {
    p->step = m->step;
    p->steps = m->steps;
    p->slot = m->slot;
    p->slots = m->slots;
    p->load = m->load;
    p->loads = m->loads;
    p->contexts = m->contexts;
}

static bool program_reserve(struct program *p, const struct emitter *m, struct err *e) {
    p->selection = ARENA_ARRAY(p->arena, p->selection, p->contexts);
    p->args = ARENA_ARRAY(p->arena, p->args, m->args_max + 1);
    p->rows_cut = ARENA_ARRAY(p->arena, p->rows_cut, p->rows_max);
    p->zeros = arena_zalloc(p->arena, bit_words(p->rows_max) * 64, sizeof(int128_t));
    return (p->selection && p->args && p->rows_cut && p->zeros) || err_memory(e);
}

static bool emit_all(struct emitter *m, const uint32_t *node, uint32_t *slot, struct err *e) {
    uint32_t root;
    m->place = ARENA_ARRAY(m->scratch, m->place, m->graph.nodes + 1);
    if (!m->place) return err_memory(e);
    if (!context_add(m, NO_PARENT, &root, e)) return false;
    assert(root == 0);
    for (uint32_t i = 0; i < m->p->exprs; i++) {
        if (!emit(m, node[i], root, &slot[i], e)) return false;
    }
    return true;
}

bool program_emit(struct program *p, const struct program_options *o, struct arena *scratch,
                  struct err *e) {
    struct emitter m = {.p = p, .scratch = scratch, .seed = o->seed};
    uint32_t *node = ARENA_ARRAY(scratch, node, o->exprs + 1);
    uint32_t *slot = ARENA_ARRAY(p->arena, slot, o->exprs + 1);
    if (!node || !slot) return err_memory(e);
    if (!graph_init(&m.graph, p->arena, scratch, o->seed, e)) return false;
    m.graph.env = o->env;
    for (uint32_t i = 0; i < o->exprs; i++) {
        if (!graph_add(&m.graph, o->expr[i], &node[i], e)) return false;
    }
    p->exprs = o->exprs;
    p->expr = slot;
    bool ok = emit_all(&m, node, slot, e);
    program_take(p, &m);
    return ok && program_reserve(p, &m, e);
}
