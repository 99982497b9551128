/* lower_filter.c: predicates go down, past projections, windows, unions and duplicates.
 *
 * A predicate is a list of terms joined by AND, in the order in which they were written. A term
 * that can fail (a cast, a function with errors) may be guarded by those before it, so it moves
 * only where all of them went too; volatile terms do not move at all. Below a projection a term is
 * said in what the projection computes, unless that would compute much twice.
 */
#include <assert.h>

#include "sql/expr_tree.h"
#include "sql/lower.h"

enum {
    COPIED_SIZE_MAX = 8, /* nodes of a projected expression that a term may repeat */
    TERM_SIZE_MAX = 10000,
};

struct term {
    const struct expr *x;
    const struct plan *where; /* the Filter that it was part of */
};

struct terms {
    struct term *at;
    uint32_t count;
};

static uint32_t conjuncts(const struct expr *x) {
    return x->kind == EXPR_AND ? x->args : 1;
}

/* The terms of a Filter, then those from above. */
static bool join_terms(struct binder *b, const struct plan *p, struct terms above,
                       struct terms *out, struct err *e) {
    const struct expr *x = p->as.filter.predicate;
    uint32_t own = conjuncts(x);
    struct terms t = {.count = own + above.count};
    t.at = ARENA_ARRAY(b->arena, t.at, t.count);
    if (!t.at) return err_memory(e);
    for (uint32_t i = 0; i < own; i++)
        t.at[i] = (struct term){x->kind == EXPR_AND ? x->arg[i] : x, p};
    for (uint32_t i = 0; i < above.count; i++) t.at[own + i] = above.at[i];
    *out = t;
    return true;
}

static bool reads_only_below(const struct expr *x, uint32_t cols) {
    if (x->kind == EXPR_COLUMN) return x->column < cols;
    for (uint32_t i = 0; i < x->args; i++) {
        if (!reads_only_below(x->arg[i], cols)) return false;
    }
    return true;
}

static bool reads_only_these(const struct expr *x, uint32_t count, const uint32_t *col) {
    if (x->kind == EXPR_COLUMN) {
        for (uint32_t i = 0; i < count; i++) {
            if (col[i] == x->column) return true;
        }
        return false;
    }
    for (uint32_t i = 0; i < x->args; i++) {
        if (!reads_only_these(x->arg[i], count, col)) return false;
    }
    return true;
}

/* Would saying x below the projection compute only little twice? */
static bool copies_little(const struct expr *x, const struct expr *const *projected) {
    if (x->kind == EXPR_COLUMN) {
        const struct expr *to = projected[x->column];
        return to->kind == EXPR_COLUMN || to->kind == EXPR_CONSTANT ||
               (to->size <= COPIED_SIZE_MAX && expr_flags(to) == 0);
    }
    for (uint32_t i = 0; i < x->args; i++) {
        if (!copies_little(x->arg[i], projected)) return false;
    }
    return true;
}

static bool may_pass(const struct plan *p, const struct expr *x) {
    const struct plan_aggregate *g = &p->as.aggregate;
    switch (p->kind) {
    case PLAN_UNION: return true;
    case PLAN_DISTINCT:
    case PLAN_SET_OPERATION: return expr_flags(x) == 0;
    case PLAN_PROJECT: return x->size <= TERM_SIZE_MAX && copies_little(x, p->as.project.expr);
    case PLAN_WINDOW:
        if (p->as.window.spec.kind != WINDOW_SESSION)
            return reads_only_below(x, p->input[0]->schema->cols);
        /* Rows left out would change the sessions, unless whole partitions are. */
        return reads_only_these(x, p->as.window.spec.partitions, p->as.window.spec.partition_col);
    case PLAN_TRACK: /* likewise: whole partitions only */
        return reads_only_these(x, p->as.track.partitions, p->as.track.partition_col);
    case PLAN_SORT: return p->as.sort.limit < 0;
    case PLAN_GROUP_AGGREGATE:
        return g->keys > 0 && reads_only_below(x, g->keys) && expr_flags(x) == 0;
    case PLAN_UNNEST: /* hands on the columns of its input first, in their places */
        return reads_only_below(x, p->as.unnest.passes) && expr_flags(x) == 0;
    case PLAN_INFER:
    case PLAN_TRAIN:
    case PLAN_FILTER:
    case PLAN_WINDOW_AGGREGATE:
    case PLAN_SCAN:
    case PLAN_VALUES:
    case PLAN_LIMIT:
    case PLAN_SINK:
    case PLAN_COUNT: break;
    }
    return false;
}

/* A term as it reads below `p`. */
static const struct expr *below(struct binder *b, const struct plan *p, const struct expr *x,
                                struct err *e) {
    if (p->kind == PLAN_PROJECT) return lower_substitute(b, x, p->as.project.expr, e);
    if (p->kind == PLAN_GROUP_AGGREGATE) return lower_renumber(b, x, p->as.aggregate.key_col, e);
    return x;
}

/* Parts the terms into those that go below `p` (said so) and those that stay. */
static bool part(struct binder *b, const struct plan *p, struct terms all, struct terms *down,
                 struct terms *stay, struct err *e) {
    down->at = ARENA_ARRAY(b->arena, down->at, all.count);
    stay->at = ARENA_ARRAY(b->arena, stay->at, all.count);
    down->count = stay->count = 0;
    if (!down->at || !stay->at) return err_memory(e);
    bool volatile_seen = false;
    for (uint32_t i = 0; i < all.count; i++) {
        const struct term *t = &all.at[i];
        uint32_t flags = expr_flags(t->x);
        volatile_seen |= (flags & FN_VOLATILE) != 0;
        bool guarded = (flags & FN_CAN_FAIL) && stay->count > 0;
        if (volatile_seen || guarded || !may_pass(p, t->x)) {
            stay->at[stay->count++] = *t;
            continue;
        }
        struct term said = {below(b, p, t->x, e), t->where};
        if (!said.x) return false;
        down->at[down->count++] = said;
    }
    return true;
}

static const struct plan *filter(struct binder *b, const struct plan *p, const struct expr *x,
                                 struct err *e) {
    struct plan *f = bind_plan(b, PLAN_FILTER, p, e);
    if (f) f->as.filter.predicate = x;
    return f;
}

/* Filters for the terms above `p`. A term that can fail starts a Filter of its own when it comes
 * from another WHERE: there, a NULL before it dropped the row, which in one AND it would not. */
static const struct plan *place(struct binder *b, const struct plan *p, struct terms t,
                                struct err *e) {
    const struct expr *all = NULL;
    for (uint32_t i = 0; p && i < t.count; i++) {
        bool fails = (expr_flags(t.at[i].x) & (FN_CAN_FAIL | FN_VOLATILE)) != 0;
        if (all && fails && t.at[i].where != t.at[i - 1].where) {
            p = filter(b, p, all, e);
            all = NULL;
        }
        all = all ? expr_and(b->arena, all, t.at[i].x, e) : t.at[i].x;
        if (!all) return NULL;
    }
    return p && all ? filter(b, p, all, e) : p;
}

static const struct plan *push(struct binder *b, const struct plan *p, struct terms t,
                               struct err *e);

/* The inputs with `down` pushed into each, below a copy of p. */
static const struct plan *push_inputs(struct binder *b, const struct plan *p, struct terms down,
                                      struct err *e) {
    const struct plan *input[2] = {NULL, NULL};
    for (uint32_t i = 0; i < p->inputs; i++) {
        input[i] = push(b, p->input[i], down, e);
        if (!input[i]) return NULL;
    }
    return lower_copy(b, p, input[0], input[1], e);
}

static const struct plan *push(struct binder *b, const struct plan *p, struct terms t,
                               struct err *e) {
    struct terms down = {0}, stay = {0};
    if (p->kind != PLAN_FILTER) {
        if (!part(b, p, t, &down, &stay, e)) return NULL;
        const struct plan *copy = push_inputs(b, p, down, e);
        return copy ? place(b, copy, stay, e) : NULL;
    }
    /* Our own terms and those from above go down together, as far as the node below lets them. */
    struct terms all = {0};
    const struct plan *input = p->input[0];
    if (!join_terms(b, p, t, &all, e)) return NULL;
    if (input->kind == PLAN_FILTER) return push(b, input, all, e);
    if (!part(b, input, all, &down, &stay, e)) return NULL;
    const struct plan *copy = push_inputs(b, input, down, e);
    return copy ? place(b, copy, stay, e) : NULL;
}

const struct plan *lower_filters(struct binder *b, const struct plan *p, struct err *e) {
    return push(b, p, (struct terms){0}, e);
}
