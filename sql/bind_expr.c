/* bind_expr.c: one function for each kind of node, and the conversions they share.
 *
 * Recursion follows the statement's tree, whose height the parser bounds.
 */
#include "sql/bind_expr.h"

#include <assert.h>

#include "engine/base/decimal.h"
#include "engine/program.h"

typedef const struct expr *(*expr_binder)(struct expr_scope *s, const struct ast_expr *x,
                                          struct err *e);

static const struct expr *no_memory(struct err *e) {
    err_memory(e);
    return NULL;
}

/* Operators: how functions call them. NULL: a form of its own. */
static const char *const unary_names[AST_UNARY_COUNT] = {
    [AST_NOT] = "not",
    [AST_MINUS] = "neg",
    [AST_BIT_NOT] = "~",
    [AST_IS_NULL] = "is_null",
    [AST_IS_NOT_NULL] = "is_not_null",
};

static const char *const binary_names[AST_BINARY_COUNT] = {
    [AST_EQ] = "=",        [AST_NE] = "<>",      [AST_IS] = "is",         [AST_IS_NOT] = "is_not",
    [AST_LT] = "<",        [AST_LE] = "<=",      [AST_GT] = ">",          [AST_GE] = ">=",
    [AST_BIT_AND] = "&",   [AST_BIT_OR] = "|",   [AST_SHIFT_LEFT] = "<<", [AST_SHIFT_RIGHT] = ">>",
    [AST_ADD] = "+",       [AST_SUBTRACT] = "-", [AST_MULTIPLY] = "*",    [AST_DIVIDE] = "/",
    [AST_REMAINDER] = "%", [AST_CONCAT] = "||",  [AST_ARROW] = "->",      [AST_ARROW_TEXT] = "->>",
};

const struct expr *bind_as_truth(struct expr_scope *s, const struct expr *x, uint32_t at,
                                 struct err *e) {
    if (x->type->id == TYPE_BOOLEAN) return x;
    if (x->type->id == TYPE_NULL) return expr_cast(s->b->arena, x, &type_boolean, e);
    if (!type_is_number(x->type)) {
        bind_error(s->b, at, e, "42804: a condition is wanted here, not %s",
                   type_words(x->type).at);
        return NULL;
    }
    const struct expr *zero = expr_i64(s->b->arena, &type_bigint, 0, e);
    if (!zero) return NULL;
    const struct expr *both[] = {x, zero};
    return bind_named(s, "<>", (struct call_args){both, 2}, at, e);
}

const struct expr *bind_truth(struct expr_scope *s, const struct ast_expr *x, struct err *e) {
    const struct expr *bound = bind_expr(s, x, e);
    return bound ? bind_as_truth(s, bound, x->start, e) : NULL;
}

static void hint_cast(const struct type *from, const struct type *to, struct err *e) {
    if (type_casts(from, to))
        err_hint(e, "Write CAST(... AS %s) if that is meant.", type_words(to).at);
}

/* A number literal widened at once; NULL with e->code ERR_NONE: not one, or not exactly. */
static const struct expr *widen_literal(struct expr_scope *s, const struct expr *x,
                                        const struct type *to, struct err *e) {
    err_clear(e);
    enum type_id from = x->type->id;
    bool number = x->kind == EXPR_CONSTANT && column_has(x->constant, 0) &&
                  (from == TYPE_BIGINT || from == TYPE_DECIMAL);
    if (!number || (to->id != TYPE_DECIMAL && to->id != TYPE_DOUBLE)) return NULL;
    struct decimal d = {.scale = x->type->scale};
    d.value = from == TYPE_BIGINT ? x->constant->as.i64[0] : x->constant->as.i128[0];
    struct expr *made;
    int128_t v;
    if (to->id == TYPE_DOUBLE) {
        made = expr_f64(s->b->arena, decimal_to_f64(d), e);
    } else {
        if (d.scale > to->scale || !decimal_rescale(d, to->scale, &v)) return NULL;
        if (!decimal_fits(v, to->precision)) return NULL;
        made = expr_decimal(s->b->arena, to, v, e);
    }
    if (made) made->at = x->at;
    return made;
}

const struct expr *bind_convert(struct expr_scope *s, const struct expr *x, const struct type *to,
                                uint32_t at, struct err *e) {
    if (literal_type(x, to)) return bind_text_literal(s, x, to, e);
    if (to->id == TYPE_BOOLEAN && x->type->id != TYPE_BOOLEAN) return bind_as_truth(s, x, at, e);
    const struct expr *literal = widen_literal(s, x, to, e);
    if (literal || e->code != ERR_NONE) return literal;
    if (type_widening(x->type, to) >= 0) return expr_cast(s->b->arena, x, to, e);
    bind_error(s->b, at, e, "42804: %s is wanted here, not %s", type_words(to).at,
               type_words(x->type).at);
    hint_cast(x->type, to, e);
    return NULL;
}

const struct type *bind_common(struct expr_scope *s, const struct expr *const *x, uint32_t count,
                               uint32_t at, struct err *e) {
    assert(count > 0);
    const struct type *common = x[0]->type;
    uint32_t digits = literal_digits(x[0]);
    const struct expr *text = NULL; /* a text literal, while there was nothing but literals */
    bool literal = true;
    for (uint32_t i = 0; i < count; i++) {
        const struct type *t = literal_type(x[i], common);
        if (!t && literal && text && common->id == TYPE_TEXT) t = literal_type(text, x[i]->type);
        if (!t) {
            struct digits_type one = {x[i]->type, literal_digits(x[i])};
            one = digits_common(s->b->arena, (struct digits_type){common, digits}, one);
            t = one.type;
            digits = one.digits;
        }
        if (!t) {
            bind_error(s->b, at, e, "42804: %s and %s do not go together", type_words(common).at,
                       type_words(x[i]->type).at);
            hint_cast(x[i]->type, common, e);
            return NULL;
        }
        literal &= x[i]->kind == EXPR_CONSTANT;
        if (!text && literal && x[i]->type->id == TYPE_TEXT) text = x[i];
        common = t;
    }
    return common;
}

bool bind_constant_i64(struct expr_scope *s, const struct ast_expr *x, const struct type *type,
                       int64_t *out, bool *null_out, struct err *e) {
    assert(type_rep(type) == REP_I64);
    const struct expr *bound = bind_expr(s, x, e);
    if (bound) bound = bind_convert(s, bound, type, x->start, e);
    if (!bound) return false;
    if (!expr_is_constant(bound)) {
        return bind_error(s->b, x->start, e, "42804: a constant is wanted in %s", s->clause);
    }
    struct column value;
    if (bound->kind == EXPR_CONSTANT) {
        value = *bound->constant;
    } else if (!program_fold(bound, s->b->arena, &value, e)) {
        if (e->code == ERR_DATA) e->code = ERR_SQL;
        return bind_place(s->b, x->start, e);
    }
    *null_out = !column_has(&value, 0);
    *out = *null_out ? 0 : value.as.i64[0];
    return true;
}

static const struct expr *literal(struct expr_scope *s, const struct ast_expr *x, struct err *e) {
    return bind_literal(s, x, false, e);
}

static const struct expr *parameter(struct expr_scope *s, const struct ast_expr *x, struct err *e) {
    bind_unsupported(s->b, x->start, e, "parameters (?) are not supported yet");
    err_hint(e, "Write the value into the statement, or use ${name} with --define.");
    return NULL;
}

static const struct expr *field(struct expr_scope *s, const struct ast_expr *x, struct err *e) {
    const struct expr *of = bind_expr(s, x->as.field.expr, e);
    return of ? bind_field(s, of, &x->as.field.name, e) : NULL;
}

static const struct expr *subscript(struct expr_scope *s, const struct ast_expr *x, struct err *e) {
    const struct expr *both[2] = {bind_expr(s, x->as.index.left, e), NULL};
    if (both[0]) both[1] = bind_expr(s, x->as.index.right, e);
    return both[1] ? bind_named(s, "[]", (struct call_args){both, 2}, x->at, e) : NULL;
}

/* x IS TRUE: is_not_null and so on would not say it in one; IS compares NULLs too. */
static const struct expr *is_truth(struct expr_scope *s, const struct ast_expr *x, struct err *e) {
    enum ast_unary_op op = x->as.unary.op;
    bool truth = op == AST_IS_TRUE || op == AST_IS_NOT_TRUE;
    bool negated = op == AST_IS_NOT_TRUE || op == AST_IS_NOT_FALSE;
    const struct expr *both[2] = {bind_truth(s, x->as.unary.expr, e), NULL};
    if (both[0]) both[1] = expr_boolean(s->b->arena, truth, e);
    if (!both[1]) return NULL;
    return bind_named(s, negated ? "is_not" : "is", (struct call_args){both, 2}, x->at, e);
}

static const struct expr *unary(struct expr_scope *s, const struct ast_expr *x, struct err *e) {
    const struct ast_unary *u = &x->as.unary;
    if (u->op == AST_MINUS && u->expr->kind == AST_EXPR_LITERAL) {
        enum ast_literal_kind k = u->expr->as.literal.kind;
        if (k == AST_INTEGER || k == AST_DECIMAL || k == AST_DOUBLE)
            return bind_literal(s, u->expr, true, e);
    }
    if (u->op == AST_PLUS) return bind_expr(s, u->expr, e);
    if (u->op >= AST_IS_TRUE) return is_truth(s, x, e);
    const struct expr *of = u->op == AST_NOT ? bind_truth(s, u->expr, e) : bind_expr(s, u->expr, e);
    if (!of) return NULL;
    assert(unary_names[u->op]);
    return bind_named(s, unary_names[u->op], (struct call_args){&of, 1}, x->at, e);
}

/* AND and OR, as many operands as stand in a row. */
static const struct expr *logic(struct expr_scope *s, const struct ast_expr *x, struct err *e) {
    const struct expr *left = bind_truth(s, x->as.binary.left, e);
    const struct expr *right = left ? bind_truth(s, x->as.binary.right, e) : NULL;
    if (!right) return NULL;
    struct arena *a = s->b->arena;
    if (x->as.binary.op == AST_AND) return expr_and(a, left, right, e);

    uint32_t before = left->kind == EXPR_OR ? left->args : 1;
    const struct expr **arg = ARENA_ARRAY(a, arg, before + 1);
    if (!arg) return no_memory(e);
    for (uint32_t i = 0; i < before; i++) arg[i] = left->kind == EXPR_OR ? left->arg[i] : left;
    arg[before] = right;
    return expr_make(a,
                     &(struct expr_parts){.kind = EXPR_OR,
                                          .type = &type_boolean,
                                          .at = bind_at(s->b, x->at),
                                          .args = before + 1,
                                          .arg = arg},
                     e);
}

static const struct expr *binary(struct expr_scope *s, const struct ast_expr *x, struct err *e) {
    const struct ast_binary *o = &x->as.binary;
    if (o->op == AST_AND || o->op == AST_OR) return logic(s, x, e);
    const struct expr *both[2] = {bind_expr(s, o->left, e), NULL};
    if (both[0]) both[1] = bind_expr(s, o->right, e);
    if (!both[1]) return NULL;
    assert(binary_names[o->op]);
    return bind_named(s, binary_names[o->op], (struct call_args){both, 2}, x->at, e);
}

static const struct expr *subquery(struct expr_scope *s, const struct ast_expr *x, struct err *e) {
    bind_unsupported(s->b, x->start, e, "a subquery inside an expression is not supported yet");
    err_hint(e, "A subquery in FROM is.");
    return NULL;
}

/* The keys of a MAP (from 0), or its values (from 1), become one type. */
static bool unify_map(struct expr_scope *s, const struct expr **arg, uint32_t args, uint32_t from,
                      const struct ast_expr *x, struct err *e) {
    const struct expr **one = ARENA_ARRAY(s->b->arena, one, args / 2);
    if (!one) return err_memory(e);
    for (uint32_t i = from; i < args; i += 2) one[i / 2] = arg[i];
    const struct type *t = bind_common(s, one, args / 2, x->start, e);
    for (uint32_t i = from; t && i < args; i += 2) {
        arg[i] = bind_convert(s, arg[i], t, x->as.map.at[i]->start, e);
        if (!arg[i]) return false;
    }
    return t != NULL;
}

/* ROW(..), ARRAY[..], MAP[..]: functions of their elements. */
static const struct expr *elements(struct expr_scope *s, const struct ast_expr *x, struct err *e) {
    const struct ast_exprs *list = x->kind == AST_EXPR_ROW     ? &x->as.row
                                   : x->kind == AST_EXPR_ARRAY ? &x->as.array
                                                               : &x->as.map;
    const char *name = x->kind == AST_EXPR_ROW     ? "row"
                       : x->kind == AST_EXPR_ARRAY ? "array"
                                                   : "map";
    if (list->count == 0) {
        bind_error(s->b, x->start, e, "42804: an empty %s has no type", name);
        return NULL;
    }
    const struct expr **arg = ARENA_ARRAY(s->b->arena, arg, list->count);
    if (!arg) return no_memory(e);
    for (uint32_t i = 0; i < list->count; i++) {
        arg[i] = bind_expr(s, list->at[i], e);
        if (!arg[i]) return NULL;
    }
    for (uint32_t i = 0; x->kind == AST_EXPR_MAP && i < 2; i++) {
        if (!unify_map(s, arg, list->count, i, x, e)) return NULL;
    }
    return bind_named(s, name, (struct call_args){arg, list->count}, x->start, e);
}

static const struct expr *collate(struct expr_scope *s, const struct ast_expr *x, struct err *e) {
    if (text_equal_fold(x->as.collate.name.text, TEXT_LITERAL("binary")))
        return bind_expr(s, x->as.collate.expr, e);
    bind_unsupported(s->b, x->as.collate.name.at, e,
                     "collation %.*s is not supported: text is compared by its bytes",
                     TEXT_ARG(x->as.collate.name.text));
    err_hint(e, "For NOCASE write lower(x), for RTRIM rtrim(x).");
    return NULL;
}

static const expr_binder binders[AST_EXPR_COUNT] = {
    [AST_EXPR_LITERAL] = literal,      [AST_EXPR_PARAMETER] = parameter,
    [AST_EXPR_COLUMN] = bind_column,   [AST_EXPR_FIELD] = field,
    [AST_EXPR_INDEX] = subscript,      [AST_EXPR_UNARY] = unary,
    [AST_EXPR_BINARY] = binary,        [AST_EXPR_LIKE] = bind_like,
    [AST_EXPR_BETWEEN] = bind_between, [AST_EXPR_IN] = bind_in,
    [AST_EXPR_EXISTS] = subquery,      [AST_EXPR_SELECT] = subquery,
    [AST_EXPR_CASE] = bind_case,       [AST_EXPR_CAST] = bind_cast,
    [AST_EXPR_CALL] = bind_call,       [AST_EXPR_ROW] = elements,
    [AST_EXPR_ARRAY] = elements,       [AST_EXPR_MAP] = elements,
    [AST_EXPR_COLLATE] = collate,
};

const struct expr *bind_expr(struct expr_scope *s, const struct ast_expr *x, struct err *e) {
    assert(x->kind < AST_EXPR_COUNT && binders[x->kind]);
    if (s->b->height == BIND_HEIGHT_MAX) {
        bind_error(s->b, x->at, e, "54000: an expression nests more than %d deep", BIND_HEIGHT_MAX);
        return NULL;
    }
    s->b->height++;
    const struct expr *bound = binders[x->kind](s, x, e);
    s->b->height--;
    return bound;
}
