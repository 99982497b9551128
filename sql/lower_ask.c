/* lower_ask.c: see lower_ask.h.
 *
 * A use inside a CASE, AND or OR is wanted for some rows only: for the others its first argument
 * becomes NULL, which asks nothing. A use whose arguments or conditions ask a model themselves is
 * taken out in a later round, when those are columns.
 *
 * Uses of one model on equal arguments are one group, and one run; uses for every row come first,
 * and others join them.
 */
#include "sql/lower_ask.h"

#include <assert.h>

#include "engine/shared_model.h"
#include "sql/bind_expr.h"

/* When a node is computed: its condition, inside those of `outer`. */
enum guard_kind { GUARD_TRUE, GUARD_NOT_TRUE, GUARD_NOT_FALSE };

struct guard {
    enum guard_kind kind;
    const struct expr *condition;
    const struct guard *outer;
    uint32_t depth;
};

/* A use that can be taken out. */
struct found {
    const struct expr *x;
    const struct guard *guard; /* NULL: it is wanted for every row */
    uint32_t group;
    uint32_t col; /* of its value */
};

struct asking {
    struct binder *b;
    struct found *at;
    uint32_t count, capacity;
    bool later; /* another round is needed */
};

bool asks_model(const struct expr *x) {
    if (x->kind == EXPR_INFER) return true;
    for (uint32_t i = 0; i < x->args; i++) {
        if (asks_model(x->arg[i])) return true;
    }
    return false;
}

static bool any_asks(struct exprs x) {
    for (uint32_t i = 0; i < x.count; i++) {
        if (asks_model(x.at[i])) return true;
    }
    return false;
}

static bool waits_for_guard(const struct guard *g) {
    for (; g; g = g->outer) {
        if (asks_model(g->condition)) return true;
    }
    return false;
}

/* A node that stands in several places is wanted where any of them wants it. */
static const struct guard *common_guard(const struct guard *a, const struct guard *b) {
    while (a != b) {
        uint32_t x = a ? a->depth : 0, y = b ? b->depth : 0;
        if (x >= y) a = a->outer;
        if (y >= x) b = b->outer;
    }
    return a;
}

static bool found_add(struct asking *q, const struct expr *x, const struct guard *g,
                      struct err *e) {
    for (uint32_t i = 0; i < q->count; i++) {
        if (q->at[i].x != x) continue;
        q->at[i].guard = common_guard(q->at[i].guard, g);
        return true;
    }
    if (!bind_grow(q->b, &q->at, &q->capacity, q->count, sizeof *q->at, e)) return false;
    q->at[q->count++] = (struct found){.x = x, .guard = g};
    return true;
}

static bool collect(struct asking *q, const struct expr *x, const struct guard *g, struct err *e);

/* The operands under the condition that those before them leave open. */
static bool collect_guarded(struct asking *q, const struct expr *x, const struct guard *g,
                            struct err *e) {
    for (uint32_t i = 0; i < x->args; i++) {
        if (!collect(q, x->arg[i], g, e)) return false;
        struct guard *next = ARENA_NEW(q->b->arena, next);
        if (!next) return err_memory(e);
        *next = (struct guard){.condition = x->arg[i], .outer = g, .depth = g ? g->depth + 1 : 1};
        next->kind = x->kind == EXPR_AND ? GUARD_NOT_FALSE : GUARD_NOT_TRUE;
        bool has_result = x->kind == EXPR_CASE && i + 1 < x->args;
        if (has_result) {
            struct guard *then = ARENA_NEW(q->b->arena, then);
            if (!then) return err_memory(e);
            *then = *next;
            then->kind = GUARD_TRUE;
            if (!collect(q, x->arg[++i], then, e)) return false;
        }
        g = next;
    }
    return true;
}

static bool collect(struct asking *q, const struct expr *x, const struct guard *g, struct err *e) {
    if (!asks_model(x)) return true;
    if (x->kind == EXPR_CASE || x->kind == EXPR_AND || x->kind == EXPR_OR) {
        return collect_guarded(q, x, g, e);
    }
    bool ready = x->kind == EXPR_INFER && !waits_for_guard(g);
    for (uint32_t i = 0; i < x->args; i++) {
        ready = ready && !asks_model(x->arg[i]);
        if (!collect(q, x->arg[i], g, e)) return false;
    }
    if (x->kind == EXPR_INFER && !ready) q->later = true;
    return !ready || found_add(q, x, g, e);
}

static const struct expr *case_of(struct binder *b, const struct expr *when,
                                  const struct expr *then, const struct expr *otherwise,
                                  struct err *e) {
    const struct expr *arg[] = {when, then, otherwise};
    return expr_make(
        b->arena,
        &(struct expr_parts){.kind = EXPR_CASE, .type = then->type, .args = 3, .arg = arg}, e);
}

/* x where the guard holds, else NULL. A volatile condition would be drawn twice: then x always. */
static const struct expr *guarded(struct binder *b, const struct expr *x, const struct guard *g,
                                  struct err *e) {
    for (; g && x; g = g->outer) {
        if (expr_flags(g->condition) & FN_VOLATILE) continue;
        const struct expr *null = expr_null(b->arena, x->type, e);
        const struct expr *when = g->condition;
        struct expr_scope s = {.b = b, .clause = "a condition"};
        if (!null) return NULL;
        if (g->kind == GUARD_NOT_FALSE) {
            when = bind_named(&s, "not", (struct call_args){&when, 1}, 0, e);
        }
        if (!when) return NULL;
        x = g->kind == GUARD_TRUE ? case_of(b, when, x, null, e) : case_of(b, when, null, x, e);
    }
    return x;
}

/* Uses that share a run. */
struct group {
    struct shared_model *model;
    const struct guard *guard;
    uint32_t args;
    const struct expr **arg; /* guarded */
    uint32_t *arg_col;
    struct infer_use *value; /* [values] different ones */
    const struct expr **of;  /* [values] an expression that wants it */
    uint32_t values, capacity, of_capacity;
    uint32_t uses;
};

struct groups {
    struct binder *b;
    struct group *at;
    uint32_t count, capacity;
};

static bool takes(const struct group *g, const struct expr *x, const struct guard *guard) {
    if (g->model != x->infer->model) return false;
    if (x->args == 0) return true; /* its version is that of any run */
    if (g->args != x->args || (g->guard && g->guard != guard)) return false;
    for (uint32_t i = 0; i < x->args; i++) {
        const struct expr *own = g->of[0]->arg[i];
        if (!expr_same(own, x->arg[i])) return false;
    }
    return true;
}

static bool group_use(struct groups *r, struct group *g, const struct expr *x, uint32_t *value,
                      struct err *e) {
    for (*value = 0; *value < g->values; (*value)++) {
        if (infer_use_same(&g->value[*value], x->infer)) return true;
    }
    if (!bind_grow(r->b, &g->value, &g->capacity, g->values, sizeof *g->value, e)) return false;
    if (!bind_grow(r->b, &g->of, &g->of_capacity, g->values, sizeof *g->of, e)) return false;
    g->value[g->values] = *x->infer;
    g->of[g->values++] = x;
    return true;
}

static struct group *group_open(struct groups *r, const struct expr *x, const struct guard *guard,
                                struct err *e) {
    if (!bind_grow(r->b, &r->at, &r->capacity, r->count, sizeof *r->at, e)) return NULL;
    struct group *g = &r->at[r->count];
    *g = (struct group){.model = x->infer->model, .guard = guard, .args = x->args};
    g->arg = ARENA_ARRAY(r->b->arena, g->arg, x->args + 1);
    g->arg_col = ARENA_ARRAY(r->b->arena, g->arg_col, x->args + 1);
    if (!g->arg || !g->arg_col) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < x->args; i++) {
        g->arg[i] = i == 0 ? guarded(r->b, x->arg[0], guard, e) : x->arg[i];
        if (!g->arg[i]) return NULL;
    }
    r->count++;
    return g;
}

/* Puts a found use into its group; found->col is for now the value's number there. */
static bool group_add(struct groups *r, struct found *f, struct err *e) {
    struct group *g = NULL;
    for (uint32_t i = 0; i < r->count && !g; i++) {
        if (takes(&r->at[i], f->x, f->guard)) g = &r->at[i];
    }
    if (!g) g = group_open(r, f->x, f->guard, e);
    if (!g) return false;
    f->group = (uint32_t)(g - r->at);
    g->uses++;
    return group_use(r, g, f->x, &f->col, e);
}

/* Those for every row first: others join them; versions last. */
static bool make_groups(struct asking *q, struct groups *r, const struct values *wants,
                        struct err *e) {
    for (uint32_t turn = 0; turn < 3; turn++) {
        for (uint32_t i = 0; i < q->count; i++) {
            const struct found *f = &q->at[i];
            uint32_t own = f->x->args == 0 ? 2 : f->guard ? 1 : 0;
            if (own == turn && !group_add(r, &q->at[i], e)) return false;
        }
    }
    for (uint32_t i = 0; i < wants->count; i++) {
        const struct expr *x = wants->at[i].x;
        for (uint32_t k = 0; k < r->count; k++) {
            uint32_t unused;
            if (r->at[k].guard || !takes(&r->at[k], x, NULL)) continue;
            r->at[k].uses++;
            if (!group_use(r, &r->at[k], x, &unused, e)) return false;
            break;
        }
    }
    return true;
}

/* A column called as the expression reads. */
static bool name_column(struct binder *b, const struct expr *x, const struct schema *s,
                        struct rel_col *col, struct err *e) {
    struct buf name;
    buf_init(&name);
    expr_print(&name, x, s);
    char *at = name.failed ? NULL : arena_copy(b->arena, name.at, name.bytes);
    *col = (struct rel_col){.name = {.at = at, .bytes = (uint32_t)name.bytes}, .type = x->type};
    buf_done(&name);
    return at || err_memory(e);
}

static void copy_columns(struct rel_col *to, const struct schema *s) {
    for (uint32_t i = 0; i < s->cols; i++) {
        const struct field *f = &s->col[i];
        to[i] = (struct rel_col){.name = f->name, .type = f->type, .not_null = f->not_null};
    }
}

/* The place of argument `x` in expr[*cols], added if it is none yet. */
static uint32_t place_arg(const struct expr **expr, uint32_t *cols, const struct expr *x) {
    for (uint32_t i = 0; i < *cols; i++) {
        if (expr_same(expr[i], x)) return i;
    }
    expr[*cols] = x;
    return (*cols)++;
}

/* Arguments that are no columns become some, in a Project above `x`. */
static const struct plan *project_args(struct groups *r, const struct plan *x, struct err *e) {
    struct binder *b = r->b;
    uint32_t most = x->schema->cols, cols = x->schema->cols;
    for (uint32_t i = 0; i < r->count; i++) most += r->at[i].args;
    const struct expr **expr = ARENA_ARRAY(b->arena, expr, most + 1);
    struct rel_col *col = ARENA_ARRAY(b->arena, col, most + 1);
    if (!expr || !col) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < cols; i++) {
        expr[i] = expr_column(b->arena, i, x->schema->col[i].type, e);
        if (!expr[i]) return NULL;
    }
    for (uint32_t i = 0; i < r->count; i++) {
        for (uint32_t k = 0; k < r->at[i].args; k++) {
            r->at[i].arg_col[k] = place_arg(expr, &cols, r->at[i].arg[k]);
        }
    }
    if (cols == x->schema->cols) return x;
    copy_columns(col, x->schema);
    for (uint32_t i = x->schema->cols; i < cols; i++) {
        if (!name_column(b, expr[i], x->schema, &col[i], e)) return NULL;
    }
    struct rel from = {.plan = (struct plan *)(uintptr_t)x, .cols = x->schema->cols};
    struct rel *made = bind_project(b, &from, expr, col, cols, e);
    return made ? made->plan : NULL;
}

/* Of uses that give limits the lowest score. */
static void set_limits(struct plan_infer *f) {
    f->score_floor = 0;
    bool any = false;
    for (uint32_t i = 0; i < f->values; i++) {
        const struct infer_use *u = &f->value[i];
        if (u->version || u->use.form != MODEL_DETECT) continue;
        if (!u->use.limits_given) {
            f->limits_own = true;
            continue;
        }
        if (!any || u->use.score_min < f->score_floor) f->score_floor = u->use.score_min;
        any = true;
    }
    if (f->limits_own && !any) f->score_floor = 1;
}

/* What was filtered before, for EXPLAIN. */
static void set_before(struct plan_infer *f, const struct plan *x) {
    while (x->kind == PLAN_PROJECT || x->kind == PLAN_INFER) x = x->input[0];
    if (x->kind != PLAN_FILTER) return;
    f->before = x->as.filter.predicate;
    f->before_schema = x->schema;
}

/* An Infer above `x` that hands all of its columns on. */
static const struct plan *infer_node(struct binder *b, const struct plan *x, struct group *g,
                                     const struct schema *names, struct err *e) {
    struct plan *p = bind_plan(b, PLAN_INFER, x, e);
    uint32_t cols = x->schema->cols;
    uint32_t *pass = ARENA_ARRAY(b->arena, pass, cols + 1);
    struct rel_col *col = ARENA_ARRAY(b->arena, col, cols + g->values + 1);
    if (!p) return NULL;
    if (!pass || !col) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < cols; i++) pass[i] = i;
    copy_columns(col, x->schema);
    for (uint32_t i = 0; i < g->values; i++) {
        if (!name_column(b, g->of[i], names, &col[cols + i], e)) return NULL;
    }
    const struct infer_settings *set = &b->env->infer;
    p->as.infer = (struct plan_infer){.model = g->model,
                                      .args = g->args,
                                      .arg_col = g->arg_col,
                                      .values = g->values,
                                      .value = g->value,
                                      .passes = cols,
                                      .at = g->of[0]->at,
                                      .pass_col = pass,
                                      .uses = g->uses,
                                      .batch_rows = set->batch_rows,
                                      .wait_us = set->wait_us,
                                      .cache_bytes = set->cache_bytes};
    set_limits(&p->as.infer);
    set_before(&p->as.infer, x);
    p->schema = bind_schema(b, col, cols + g->values, e);
    return p->schema ? p : NULL;
}

/* Replaces uses by their columns. */
static const struct expr *replace_use(void *context, const struct expr *x, struct err *e) {
    const struct asking *q = context;
    if (x->kind != EXPR_INFER) return NULL;
    for (uint32_t i = 0; i < q->count; i++) {
        if (q->at[i].x == x) return expr_column(q->b->arena, q->at[i].col, x->type, e);
    }
    return NULL;
}

bool values_add(struct binder *b, struct values *v, const struct expr *x, uint32_t col,
                struct err *e) {
    if (!bind_grow(b, &v->at, &v->capacity, v->count, sizeof *v->at, e)) return false;
    v->at[v->count++] = (struct value){x, col};
    return true;
}

/* One round: Infer nodes above `x` for what can be taken out of `exprs`, whose uses become columns
 * of them. */
static const struct plan *ask_once(struct asking *q, const struct plan *x, struct exprs exprs,
                                   const struct values *wants, struct values *made, struct err *e) {
    struct groups r = {.b = q->b};
    const struct schema *names = x->schema;
    if (!make_groups(q, &r, wants, e)) return NULL;
    x = project_args(&r, x, e);
    uint32_t *first = ARENA_ARRAY(q->b->arena, first, r.count + 1);
    if (x && !first) err_memory(e);
    if (!x || !first) return NULL;
    for (uint32_t i = 0; i < r.count; i++) {
        first[i] = x->schema->cols;
        x = infer_node(q->b, x, &r.at[i], names, e);
        if (!x) return NULL;
        for (uint32_t k = 0; k < r.at[i].values && !r.at[i].guard; k++) {
            if (!values_add(q->b, made, r.at[i].of[k], first[i] + k, e)) return NULL;
        }
    }
    for (uint32_t i = 0; i < q->count; i++) q->at[i].col += first[q->at[i].group];
    struct expr_rewrite how = {.arena = q->b->arena, .replace = replace_use, .context = q};
    return expr_rewrite_all(&how, exprs.at, exprs.at, exprs.count, e) ? x : NULL;
}

const struct plan *ask(struct binder *b, const struct plan *x, struct exprs exprs,
                       const struct values *wants, struct values *made, struct err *e) {
    while (x && any_asks(exprs)) {
        struct asking q = {.b = b};
        for (uint32_t i = 0; i < exprs.count; i++) {
            if (!collect(&q, exprs.at[i], NULL, e)) return NULL;
        }
        assert(q.count > 0);
        x = ask_once(&q, x, exprs, wants, made, e);
    }
    return x;
}

/* Replaces uses that are columns already. */
struct having {
    struct arena *arena;
    const struct values *values;
};

static const struct expr *replace_had(void *context, const struct expr *x, struct err *e) {
    const struct having *h = context;
    if (x->kind != EXPR_INFER) return NULL;
    for (uint32_t i = 0; i < h->values->count; i++) {
        const struct value *v = &h->values->at[i];
        if (expr_same(v->x, x)) return expr_column(h->arena, v->col, x->type, e);
    }
    return NULL;
}

bool ask_had(struct binder *b, struct exprs x, const struct values *had, struct err *e) {
    struct having h = {.arena = b->arena, .values = had};
    struct expr_rewrite how = {.arena = b->arena, .replace = replace_had, .context = &h};
    return had->count == 0 || expr_rewrite_all(&how, x.at, x.at, x.count, e);
}

bool ask_wants(struct binder *b, struct exprs exprs, struct values *wants, struct err *e) {
    struct asking q = {.b = b};
    for (uint32_t i = 0; i < exprs.count; i++) {
        if (exprs.at[i] && !collect(&q, exprs.at[i], NULL, e)) return false;
    }
    for (uint32_t i = 0; i < q.count; i++) {
        if (!q.at[i].guard && !values_add(b, wants, q.at[i].x, 0, e)) return false;
    }
    return true;
}
