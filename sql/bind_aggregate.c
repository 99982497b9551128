/* bind_aggregate.c: aggregate calls: found by name and arguments, gathered, each once.
 *
 * The same aggregate written twice is computed once. What a call is inside an expression is a
 * column numbered from EXPR_AGGREGATE_0 on.
 */
#include <assert.h>

#include "sql/bind_group.h"
#include "sql/overload.h"

static const struct aggregate *next_aggregate(const struct sql_env *env, uint32_t *table,
                                              uint32_t *row) {
    while (*table < env->aggs) {
        if (*row < env->agg[*table].count) return &env->agg[*table].agg[(*row)++];
        (*table)++;
        *row = 0;
    }
    return NULL;
}

static bool takes_count(const struct binder *b, const struct aggregate *g, uint32_t count) {
    struct signature sig;
    if (!signature_parse(g->sig, b->arena, &sig)) return false;
    return count >= sig.args_min && (count <= sig.args || sig.repeats);
}

static bool scalar_exists(const struct binder *b, struct text name) {
    for (uint32_t t = 0; t < b->env->fns; t++) {
        for (uint32_t i = 0; i < b->env->fn[t].count; i++) {
            if (text_equal_fold(text_of(b->env->fn[t].fn[i].name), name)) return true;
        }
    }
    return false;
}

bool bind_is_aggregate(const struct binder *b, const struct ast_call *c) {
    bool marked = c->star || c->distinct || c->filter || c->order_by.count > 0;
    bool found = false;
    uint32_t table = 0, row = 0;
    for (const struct aggregate *g; (g = next_aggregate(b->env, &table, &row));) {
        if (!text_equal_fold(text_of(g->name), c->name.text)) continue;
        if (marked || takes_count(b, g, c->args.count)) return true;
        found = true;
    }
    /* min(a, b) is a function; sum(a, b) is a wrong aggregate, not an unknown function. */
    return found && !scalar_exists(b, c->name.text);
}

static const struct expr *no_aggregate(struct expr_scope *s, const struct ast_call *c,
                                       struct call_args args, struct err *e) {
    struct buf text;
    buf_init(&text);
    for (uint32_t i = 0; i < args.count; i++) {
        if (i > 0) buf_add_str(&text, ", ");
        type_print(&text, args.at[i]->type);
    }
    buf_add_str(&text, "); there is ");
    uint32_t table = 0, row = 0;
    const char *between = "";
    for (const struct aggregate *g; (g = next_aggregate(s->b->env, &table, &row));) {
        if (!text_equal_fold(text_of(g->name), c->name.text)) continue;
        const char *end = strrchr(g->sig, ')');
        buf_add_str(&text, between);
        buf_add(&text, g->sig, end ? (size_t)(end + 1 - g->sig) : strlen(g->sig));
        between = ", ";
    }
    bind_error(s->b, c->name.at, e, "42883: there is no aggregate %.*s(%.*s",
               TEXT_ARG(c->name.text), TEXT_ARG(buf_text(&text)));
    buf_done(&text);
    bind_hint_conversion(args, e);
    return NULL;
}

static bool find_aggregate(struct expr_scope *s, struct text name, struct call_args args,
                           const struct aggregate **out, struct overload *best, struct err *e) {
    uint32_t table = 0, row = 0;
    *out = NULL;
    for (const struct aggregate *g; (g = next_aggregate(s->b->env, &table, &row));) {
        if (!text_equal_fold(text_of(g->name), name)) continue;
        struct overload o;
        if (!overload_match(s, g->sig, args, &o, e)) return false;
        if (o.cost < 0 || (*out && o.cost >= best->cost)) continue;
        *out = g;
        *best = o;
    }
    return true;
}

static bool allowed(struct expr_scope *s, const struct ast_call *c, struct err *e) {
    if (s->in_aggregate)
        return bind_error(s->b, c->name.at, e, "42803: an aggregate inside an aggregate: %.*s",
                          TEXT_ARG(c->name.text));
    if (!s->aggregates) {
        bind_error(s->b, c->name.at, e, "42803: an aggregate is not allowed in %s", s->clause);
        if (strcmp(s->clause, "WHERE") == 0)
            err_hint(e, "Conditions on aggregates stand in HAVING.");
        return false;
    }
    if (c->order_by.count > 0) {
        bind_unsupported(s->b, c->name.at, e, "ORDER BY inside %.*s is not supported yet",
                         TEXT_ARG(c->name.text));
        return err_hint(e, "It goes by row order.");
    }
    if (c->star && !text_equal_fold(c->name.text, TEXT_LITERAL("count")))
        return bind_error(s->b, c->name.at, e, "42883: only count takes *");
    return true;
}

static bool bind_agg_args(struct expr_scope *inner, const struct ast_call *c, struct call_args *out,
                          struct err *e) {
    const struct expr **arg = ARENA_ARRAY(inner->b->arena, arg, c->args.count);
    if (!arg) return err_memory(e);
    for (uint32_t i = 0; i < c->args.count; i++) {
        if (c->args.at[i].kind != AST_ARG_EXPR) {
            return bind_error(inner->b, c->name.at, e, "42883: %.*s takes values only",
                              TEXT_ARG(c->name.text));
        }
        arg[i] = bind_expr(inner, c->args.at[i].expr, e);
        if (!arg[i]) return false;
    }
    *out = (struct call_args){arg, c->args.count};
    return true;
}

static const struct type *aggregate_type(struct expr_scope *s, const struct aggregate *g,
                                         const struct overload *o, struct call_args args,
                                         struct err *e) {
    if (!g->type) return o->result;
    const struct type **type = ARENA_ARRAY(s->b->arena, type, args.count);
    const struct column **constant = ARENA_ARRAY(s->b->arena, constant, args.count);
    if (!type || !constant) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < args.count; i++) {
        type[i] = args.at[i]->type;
        constant[i] = args.at[i]->kind == EXPR_CONSTANT ? args.at[i]->constant : NULL;
    }
    struct agg_bind bind = {
        .arg_type = type, .constant = constant, .args = args.count, .type = o->result};
    return g->type(&bind, e);
}

static bool same_aggregate(const struct bound_aggregate *x, const struct bound_aggregate *y) {
    if (x->agg != y->agg || x->args != y->args || x->distinct != y->distinct) return false;
    if (!x->filter != !y->filter) return false;
    if (x->filter && !expr_same(x->filter, y->filter)) return false;
    for (uint32_t i = 0; i < x->args; i++) {
        if (!expr_same(x->arg[i], y->arg[i])) return false;
    }
    return true;
}

/* Its number among the aggregates; UINT32_MAX: no memory. */
static uint32_t add_aggregate(struct expr_scope *s, const struct bound_aggregate *g,
                              struct err *e) {
    struct aggregates *all = s->aggregates;
    for (uint32_t i = 0; i < all->count; i++) {
        if (same_aggregate(&all->at[i], g)) return i;
    }
    if (!bind_grow(s->b, &all->at, &all->capacity, all->count, sizeof *all->at, e))
        return UINT32_MAX;
    all->at[all->count] = *g;
    return all->count++;
}

static bool convert_args(struct expr_scope *s, const struct ast_call *c, const struct overload *o,
                         struct call_args *args, struct err *e) {
    const struct expr **arg = ARENA_ARRAY(s->b->arena, arg, args->count);
    if (!arg) return err_memory(e);
    for (uint32_t i = 0; i < args->count; i++) {
        arg[i] = bind_convert(s, args->at[i], o->target[i], c->args.at[i].expr->start, e);
        if (!arg[i]) return false;
    }
    args->at = arg;
    return true;
}

const struct expr *bind_aggregate(struct expr_scope *s, const struct ast_expr *x, struct err *e) {
    const struct ast_call *c = x->as.call;
    if (!allowed(s, c, e)) return NULL;
    struct expr_scope inner = *s;
    inner.in_aggregate = true;

    struct call_args args;
    struct overload best = {.cost = TYPE_NEVER};
    struct bound_aggregate g = {.distinct = c->distinct};
    if (!bind_agg_args(&inner, c, &args, e)) return NULL;
    if (c->filter && !(g.filter = bind_truth(&inner, c->filter, e))) return NULL;
    if (!find_aggregate(s, c->name.text, args, &g.agg, &best, e)) return NULL;
    if (!g.agg) return no_aggregate(s, c, args, e);
    if (!convert_args(s, c, &best, &args, e)) return NULL;
    if (g.agg->flags & AGG_NO_DISTINCT) g.distinct = false;
    g.arg = args.at;
    g.args = args.count;

    err_clear(e);
    g.type = aggregate_type(s, g.agg, &best, args, e);
    if (!g.type) {
        if (e->code == ERR_NONE)
            bind_error(s->b, x->start, e, "42804: %s has no type here", g.agg->name);
        else
            bind_place(s->b, x->start, e);
        return NULL;
    }
    uint32_t n = add_aggregate(s, &g, e);
    if (n == UINT32_MAX) return NULL;
    return expr_make(s->b->arena,
                     &(struct expr_parts){.kind = EXPR_COLUMN,
                                          .type = g.type,
                                          .at = bind_at(s->b, x->start),
                                          .column = EXPR_AGGREGATE_0 + n},
                     e);
}
