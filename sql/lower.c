/* lower.c: see lower.h. */
#include "sql/lower.h"

#include <assert.h>

#include "sql/expr_tree.h"

static bool hands_on(enum plan_kind kind) {
    return kind == PLAN_FILTER || kind == PLAN_DISTINCT || kind == PLAN_SORT || kind == PLAN_LIMIT;
}

struct plan *lower_copy(struct binder *b, const struct plan *p, const struct plan *x,
                        const struct plan *y, struct err *e) {
    struct plan *copy = ARENA_NEW(b->arena, copy);
    if (!copy) {
        err_memory(e);
        return NULL;
    }
    *copy = *p;
    copy->input[0] = x;
    copy->input[1] = y;
    if (x && hands_on(p->kind)) copy->schema = x->schema;
    return copy;
}

struct replacing {
    struct arena *arena;
    const struct expr *const *to; /* or */
    const uint32_t *place;
};

static const struct expr *replace_column(void *context, const struct expr *x, struct err *e) {
    const struct replacing *r = context;
    if (x->kind != EXPR_COLUMN) return NULL;
    if (r->to) return r->to[x->column];
    if (r->place[x->column] == x->column) return NULL;
    return expr_make(
        r->arena,
        &(struct expr_parts){
            .kind = EXPR_COLUMN, .type = x->type, .at = x->at, .column = r->place[x->column]},
        e);
}

static bool replace_all(struct binder *b, struct exprs x, struct replacing *r, struct err *e) {
    struct expr_rewrite how = {.arena = b->arena, .replace = replace_column, .context = r};
    return expr_rewrite_all(&how, x.at, x.at, x.count, e);
}

bool lower_substitute_all(struct binder *b, struct exprs x, const struct expr *const *to,
                          struct err *e) {
    return replace_all(b, x, &(struct replacing){.arena = b->arena, .to = to}, e);
}

bool lower_renumber_all(struct binder *b, struct exprs x, const uint32_t *place, struct err *e) {
    return replace_all(b, x, &(struct replacing){.arena = b->arena, .place = place}, e);
}

const struct expr *lower_substitute(struct binder *b, const struct expr *x,
                                    const struct expr *const *to, struct err *e) {
    return lower_substitute_all(b, (struct exprs){&x, 1}, to, e) ? x : NULL;
}

const struct expr *lower_renumber(struct binder *b, const struct expr *x, const uint32_t *place,
                                  struct err *e) {
    return lower_renumber_all(b, (struct exprs){&x, 1}, place, e) ? x : NULL;
}

static bool either_changes(const struct plan *p) {
    bool changes = false;
    for (uint32_t i = 0; i < p->inputs; i++) changes |= p->input[i]->changes;
    return changes;
}

/* Says of each node whether it gives changes, and of aggregations whether they are final. The tree
 * was copied by the steps before: it is ours to write. */
static void settle(struct plan *p, bool final) {
    /* Rows can be sorted only when they change no more. */
    if (p->kind == PLAN_SORT) final = true;
    for (uint32_t i = 0; i < p->inputs; i++) settle((struct plan *)(uintptr_t)p->input[i], final);
    if (p->kind != PLAN_SCAN) p->changes = either_changes(p);
    if (p->kind == PLAN_GROUP_AGGREGATE) {
        p->as.aggregate.final = final;
        p->changes = !final;
    } else if (p->kind == PLAN_DISTINCT) {
        p->as.distinct.final = final;
    } else if (p->kind == PLAN_SET_OPERATION) {
        p->as.set_operation.final = final;
        p->changes = !final && (p->changes || p->as.set_operation.except);
    }
    if (p->kind == PLAN_TRACK) p->as.track.final = final;
    assert(p->kind != PLAN_SORT || !p->changes);
}

static uint32_t number(struct plan *p, uint32_t id) {
    p->id = id++;
    for (uint32_t i = 0; i < p->inputs; i++) id = number((struct plan *)(uintptr_t)p->input[i], id);
    return id;
}

static bool mark_inputs(struct binder *b, bool **used, struct err *e) {
    for (uint32_t i = 0; i < b->inputs; i++) {
        used[i] = ARENA_ARRAY(b->arena, used[i], b->input[i].def->schema->cols);
        if (!used[i]) return err_memory(e);
        b->input[i].used = used[i];
    }
    return true;
}

bool lower_query(struct binder *b, const struct rel *r, bool final, struct plan_query *out,
                 struct err *e) {
    struct plan *sink = bind_plan(b, PLAN_SINK, r->plan, e);
    bool **used = ARENA_ARRAY(b->arena, used, b->inputs);
    if (!sink) return false;
    if (!used) return err_memory(e);
    sink->schema = bind_schema(b, r->col, r->cols, e);
    if (!sink->schema || !mark_inputs(b, used, e)) return false;

    const struct plan *p = lower_filters(b, sink, e);
    if (p) p = lower_projects(b, p, e);
    if (p) p = lower_windows(b, p, e);
    if (p) p = lower_infer(b, p, e);
    if (!p) return false;
    settle((struct plan *)(uintptr_t)p, final); /* what may be pruned depends on it */
    p = lower_prune(b, p, used, e);
    if (!p) return false;
    struct plan *root = (struct plan *)(uintptr_t)p;
    settle(root, final);
    if (!lower_infer_settle(b, root, e)) return false;
    *out = (struct plan_query){.root = root,
                               .plans = number(root, 0),
                               .inputs = b->inputs,
                               .input = b->input,
                               .bounded = r->bounded,
                               .state_ttl_us = b->env->state_ttl_us};
    return true;
}
