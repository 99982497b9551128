/* bind_form.c: expressions with a syntax of their own, said in terms of CASE, AND and calls.
 *
 * An operand that occurs twice in the result (x BETWEEN a AND b; CASE x WHEN ..) is one node in
 * two places, and so is computed once for a row.
 */
#include <assert.h>

#include "sql/bind_expr.h"

static const struct expr *no_memory(struct err *e) {
    err_memory(e);
    return NULL;
}

static const struct expr *call2(struct expr_scope *s, const char *name, const struct expr *x,
                                const struct expr *y, uint32_t at, struct err *e) {
    const struct expr *both[] = {x, y};
    return bind_named(s, name, (struct call_args){both, 2}, at, e);
}

static const struct expr *negate(struct expr_scope *s, const struct expr *x, bool negated,
                                 uint32_t at, struct err *e) {
    if (!x || !negated) return x;
    return bind_named(s, "not", (struct call_args){&x, 1}, at, e);
}

/* arg[]: when, then, when, then, .., else; the results become one type. */
static const struct expr *case_of(struct expr_scope *s, const struct expr **arg, uint32_t args,
                                  uint32_t at, struct err *e) {
    assert(args % 2 == 1);
    uint32_t results = args / 2 + 1;
    const struct expr **result = ARENA_ARRAY(s->b->arena, result, results);
    if (!result) return no_memory(e);
    for (uint32_t i = 0; i < results; i++) result[i] = arg[i + 1 < results ? 2 * i + 1 : args - 1];
    const struct type *type = bind_common(s, result, results, at, e);
    if (!type) return NULL;
    for (uint32_t i = 0; i < results; i++) {
        uint32_t place = i + 1 < results ? 2 * i + 1 : args - 1;
        arg[place] = bind_convert(s, result[i], type, at, e);
        if (!arg[place]) return NULL;
    }
    return expr_make(
        s->b->arena,
        &(struct expr_parts){
            .kind = EXPR_CASE, .type = type, .at = bind_at(s->b, at), .args = args, .arg = arg},
        e);
}

const struct expr *bind_case(struct expr_scope *s, const struct ast_expr *x, struct err *e) {
    const struct ast_case *c = &x->as.cases;
    const struct expr *of = NULL;
    if (c->of && !(of = bind_expr(s, c->of, e))) return NULL;
    uint32_t args = 2 * c->whens + 1;
    const struct expr **arg = ARENA_ARRAY(s->b->arena, arg, args);
    if (!arg) return no_memory(e);
    for (uint32_t i = 0; i < c->whens; i++) {
        const struct ast_expr *when = c->when[i].when;
        const struct expr *w = of ? bind_expr(s, when, e) : bind_truth(s, when, e);
        if (w && of) w = call2(s, "=", of, w, when->start, e);
        if (!w) return NULL;
        arg[2 * i] = w;
        arg[2 * i + 1] = bind_expr(s, c->when[i].then, e);
        if (!arg[2 * i + 1]) return NULL;
    }
    arg[args - 1] =
        c->otherwise ? bind_expr(s, c->otherwise, e) : expr_null(s->b->arena, &type_null, e);
    return arg[args - 1] ? case_of(s, arg, args, x->start, e) : NULL;
}

const struct expr *bind_between(struct expr_scope *s, const struct ast_expr *x, struct err *e) {
    const struct ast_between *w = &x->as.between;
    const struct expr *of = bind_expr(s, w->expr, e);
    const struct expr *low = of ? bind_expr(s, w->low, e) : NULL;
    const struct expr *high = low ? bind_expr(s, w->high, e) : NULL;
    if (!high) return NULL;
    const struct expr *from = call2(s, ">=", of, low, x->at, e);
    const struct expr *to = from ? call2(s, "<=", of, high, x->at, e) : NULL;
    if (!to) return NULL;
    return negate(s, expr_and(s->b->arena, from, to, e), w->negated, x->at, e);
}

const struct expr *bind_in(struct expr_scope *s, const struct ast_expr *x, struct err *e) {
    const struct ast_in *in = &x->as.in;
    if (in->select) {
        bind_unsupported(s->b, x->at, e, "IN (SELECT ...) is not supported yet");
        err_hint(e, "A list of values is: IN (1, 2, 3).");
        return NULL;
    }
    const struct expr *of = bind_expr(s, in->expr, e);
    if (!of) return NULL;
    if (in->list.count == 0) return expr_boolean(s->b->arena, in->negated, e);
    const struct expr **arg = ARENA_ARRAY(s->b->arena, arg, in->list.count + 1);
    if (!arg) return no_memory(e);
    arg[0] = of;
    for (uint32_t i = 0; i < in->list.count; i++) {
        arg[i + 1] = bind_expr(s, in->list.at[i], e);
        if (!arg[i + 1]) return NULL;
    }
    struct call_args args = {arg, in->list.count + 1};
    return negate(s, bind_named(s, "in", args, x->at, e), in->negated, x->at, e);
}

const struct expr *bind_like(struct expr_scope *s, const struct ast_expr *x, struct err *e) {
    static const char *const names[AST_LIKE_COUNT] = {
        [AST_LIKE] = "like", [AST_GLOB] = "glob", [AST_REGEXP] = "regexp"};
    const struct ast_like *l = &x->as.like;
    if (!names[l->op]) {
        bind_unsupported(s->b, x->at, e, "MATCH is not supported");
        err_hint(e, "LIKE, GLOB and REGEXP are.");
        return NULL;
    }
    const struct expr *arg[3] = {bind_expr(s, l->left, e), NULL, NULL};
    if (arg[0]) arg[1] = bind_expr(s, l->right, e);
    if (!arg[1]) return NULL;
    if (l->escape && !(arg[2] = bind_expr(s, l->escape, e))) return NULL;
    struct call_args args = {arg, l->escape ? 3 : 2};
    return negate(s, bind_named(s, names[l->op], args, x->at, e), l->negated, x->at, e);
}

const struct expr *bind_cast(struct expr_scope *s, const struct ast_expr *x, struct err *e) {
    const struct ast_cast *c = &x->as.cast;
    const struct type *to;
    if (!bind_type(s->b, c->type, &to, e)) return NULL;
    const struct expr *of = bind_expr(s, c->expr, e);
    if (!of) return NULL;
    if (!type_casts(of->type, to)) {
        bind_error(s->b, x->at, e, "42804: %s cannot be cast to %s", type_words(of->type).at,
                   type_words(to).at);
        if (of->type->id == TYPE_BLOB && to->id == TYPE_IMAGE) err_hint(e, "image_decode(b) is.");
        return NULL;
    }
    if (type_equal(of->type, to)) return of;
    return expr_make(s->b->arena,
                     &(struct expr_parts){.kind = EXPR_CAST,
                                          .type = to,
                                          .at = bind_at(s->b, x->at),
                                          .try_cast = c->attempt,
                                          .args = 1,
                                          .arg = &of},
                     e);
}

/* IIF(a, x [, b, y ..] [, z]): CASE WHEN a THEN x .. ELSE z END. */
static const struct expr *bind_iif(struct expr_scope *s, const struct expr *const *of,
                                   uint32_t count, uint32_t at, struct err *e) {
    uint32_t args = count % 2 ? count : count + 1;
    const struct expr **arg = ARENA_ARRAY(s->b->arena, arg, args);
    if (!arg) return no_memory(e);
    for (uint32_t i = 0; i < count; i++) {
        bool when = i % 2 == 0 && i + 1 < args;
        arg[i] = when ? bind_as_truth(s, of[i], at, e) : of[i];
        if (!arg[i]) return NULL;
    }
    if (args > count && !(arg[count] = expr_null(s->b->arena, &type_null, e))) return NULL;
    return case_of(s, arg, args, at, e);
}

/* COALESCE(a, b, c): CASE WHEN a IS NOT NULL THEN a WHEN b IS NOT NULL THEN b ELSE c END. */
static const struct expr *bind_coalesce(struct expr_scope *s, const struct expr *const *of,
                                        uint32_t count, uint32_t at, struct err *e) {
    uint32_t args = 2 * count - 1;
    const struct expr **arg = ARENA_ARRAY(s->b->arena, arg, args);
    if (!arg) return no_memory(e);
    for (uint32_t i = 0; i + 1 < count; i++) {
        arg[2 * i] = bind_named(s, "is_not_null", (struct call_args){&of[i], 1}, at, e);
        arg[2 * i + 1] = of[i];
        if (!arg[2 * i]) return NULL;
    }
    arg[args - 1] = of[count - 1];
    return case_of(s, arg, args, at, e);
}

/* NULLIF(a, b): CASE WHEN a = b THEN NULL ELSE a END. */
static const struct expr *bind_nullif(struct expr_scope *s, const struct expr *const *of,
                                      uint32_t count, uint32_t at, struct err *e) {
    assert(count == 2);
    const struct expr *arg[3] = {call2(s, "=", of[0], of[1], at, e),
                                 expr_null(s->b->arena, &type_null, e), of[0]};
    return arg[0] && arg[1] ? case_of(s, arg, 3, at, e) : NULL;
}

static const struct form {
    const char *name;
    uint32_t args_min, args_max;
    const struct expr *(*bind)(struct expr_scope *s, const struct expr *const *of, uint32_t count,
                               uint32_t at, struct err *e);
} forms[] = {
    {"iif", 2, UINT32_MAX, bind_iif},
    {"if", 2, UINT32_MAX, bind_iif},
    {"coalesce", 1, UINT32_MAX, bind_coalesce},
    {"ifnull", 2, 2, bind_coalesce},
    {"nvl", 2, 2, bind_coalesce},
    {"nullif", 2, 2, bind_nullif},
};

void bind_offer_forms(struct nearest *n) {
    for (size_t i = 0; i < COUNT_OF(forms); i++) nearest_offer(n, text_of(forms[i].name));
}

const struct expr *bind_case_call(struct expr_scope *s, const struct ast_expr *x, bool *is_form,
                                  struct err *e) {
    const struct ast_call *c = x->as.call;
    const struct form *f = NULL;
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        if (text_equal_fold(c->name.text, text_of(forms[i].name))) f = &forms[i];
    }
    *is_form = f != NULL;
    if (!f) return NULL;
    if (c->args.count < f->args_min || c->args.count > f->args_max) {
        bind_error(s->b, c->name.at, e, "42883: %s takes %s%u arguments", f->name,
                   f->args_max > f->args_min ? "at least " : "", f->args_min);
        return NULL;
    }
    const struct expr **of = ARENA_ARRAY(s->b->arena, of, c->args.count);
    if (!of) return no_memory(e);
    for (uint32_t i = 0; i < c->args.count; i++) {
        const struct ast_arg *a = &c->args.at[i];
        if (a->kind != AST_ARG_EXPR) {
            bind_error(s->b, c->name.at, e, "42883: %s takes values only", f->name);
            return NULL;
        }
        of[i] = bind_expr(s, a->expr, e);
        if (!of[i]) return NULL;
    }
    return f->bind(s, of, c->args.count, c->name.at, e);
}
