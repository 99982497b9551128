/* build_operator.c: the nodes of operators; see build.h. */
#include "sql/build.h"
#include "sql/grammar.h"

/* A node over one operand or two, at the operator's word. */
static struct ast_expr *over_two(struct build *b, enum ast_expr_kind kind, struct token at,
                                 const struct ast_expr *left, const struct ast_expr *right) {
    if (b->failed) return NULL;
    struct ast_expr *e = build_node(b, kind, at, left->start);
    if (!e || !build_over(b, e, left)) return NULL;
    if (right && !build_over(b, e, right)) return NULL;
    return e;
}

struct ast_expr *build_binary(struct build *b, enum ast_binary_op op, struct token at,
                              struct ast_expr *left, struct ast_expr *right) {
    struct ast_expr *e = over_two(b, AST_EXPR_BINARY, at, left, right);
    if (!e) return NULL;
    e->as.binary = (struct ast_binary){.op = op, .left = left, .right = right};
    return e;
}

/* Operators whose token says all. */
static const struct {
    int token;
    enum ast_binary_op op;
} operators[] = {
    {TK_EQ, AST_EQ},
    {TK_NE, AST_NE},
    {TK_LT, AST_LT},
    {TK_LE, AST_LE},
    {TK_GT, AST_GT},
    {TK_GE, AST_GE},
    {TK_BITAND, AST_BIT_AND},
    {TK_BITOR, AST_BIT_OR},
    {TK_LSHIFT, AST_SHIFT_LEFT},
    {TK_PLUS, AST_ADD},
    {TK_MINUS, AST_SUBTRACT},
    {TK_STAR, AST_MULTIPLY},
    {TK_SLASH, AST_DIVIDE},
    {TK_REM, AST_REMAINDER},
    {TK_CONCAT, AST_CONCAT},
    {TK_GT_PAIR, AST_SHIFT_RIGHT},
};

struct ast_expr *build_operator(struct build *b, struct token op, struct ast_expr *left,
                                struct ast_expr *right) {
    if (op.kind == TK_PTR) {
        bool text = op.end - op.start == 3;
        return build_binary(b, text ? AST_ARROW_TEXT : AST_ARROW, op, left, right);
    }
    uint32_t i = 0;
    while (i + 1 < COUNT_OF(operators) && operators[i].token != op.kind) i++;
    return build_binary(b, operators[i].op, op, left, right);
}

/* x IS NULL, TRUE, FALSE are tests of x, unless what follows IS stands in parentheses. */
static bool test_of(enum ast_binary_op op, const struct ast_expr *right,
                    enum ast_unary_op *op_out) {
    if (right->kind != AST_EXPR_LITERAL || right->parens) return false;
    const struct ast_literal *l = &right->as.literal;
    bool is = op == AST_IS;
    if (l->kind == AST_NULL) *op_out = is ? AST_IS_NULL : AST_IS_NOT_NULL;
    if (l->kind == AST_BOOLEAN && l->integer) *op_out = is ? AST_IS_TRUE : AST_IS_NOT_TRUE;
    if (l->kind == AST_BOOLEAN && !l->integer) *op_out = is ? AST_IS_FALSE : AST_IS_NOT_FALSE;
    return l->kind == AST_NULL || l->kind == AST_BOOLEAN;
}

struct ast_expr *build_is_like(struct build *b, enum ast_binary_op op, struct token at,
                               struct ast_expr *left, struct ast_expr *right) {
    if (b->failed) return NULL;
    enum ast_unary_op test;
    if (test_of(op, right, &test)) return build_postfix(b, test, at, left);
    return build_binary(b, op, at, left, right);
}

struct ast_expr *build_unary(struct build *b, enum ast_unary_op op, struct token at,
                             struct ast_expr *e) {
    struct ast_expr *unary = build_postfix(b, op, at, e);
    if (unary) unary->start = at.start;
    return unary;
}

struct ast_expr *build_postfix(struct build *b, enum ast_unary_op op, struct token at,
                               struct ast_expr *e) {
    struct ast_expr *unary = over_two(b, AST_EXPR_UNARY, at, e, NULL);
    if (!unary) return NULL;
    unary->as.unary = (struct ast_unary){.op = op, .expr = e};
    return unary;
}

struct ast_expr *build_collate(struct build *b, struct ast_expr *e, struct token at,
                               struct token name) {
    struct ast_expr *collate = over_two(b, AST_EXPR_COLLATE, at, e, NULL);
    if (!collate) return NULL;
    collate->as.collate = (struct ast_field_of){.expr = e, .name = build_name(b, name)};
    return b->failed ? NULL : collate;
}

struct ast_expr *build_like(struct build *b, struct token op, struct ast_expr *left,
                            struct ast_expr *right, struct ast_expr *escape) {
    struct ast_expr *e = over_two(b, AST_EXPR_LIKE, op, left, right);
    if (!e || (escape && !build_over(b, e, escape))) return NULL;

    enum ast_like_op kind = build_is(b, op, "like")     ? AST_LIKE
                            : build_is(b, op, "glob")   ? AST_GLOB
                            : build_is(b, op, "regexp") ? AST_REGEXP
                                                        : AST_MATCH;
    e->as.like = (struct ast_like){
        .op = kind, .negated = op.negated, .left = left, .right = right, .escape = escape};
    return e;
}

struct ast_expr *build_between(struct build *b, struct token at, struct ast_expr *e,
                               struct ast_expr *low, struct ast_expr *high) {
    struct ast_expr *between = over_two(b, AST_EXPR_BETWEEN, at, e, low);
    if (!between || !build_over(b, between, high)) return NULL;
    between->as.between =
        (struct ast_between){.negated = at.negated, .expr = e, .low = low, .high = high};
    return between;
}

struct ast_expr *build_in_list(struct build *b, struct token at, struct ast_expr *e,
                               struct ast_exprs list) {
    struct ast_expr *in = over_two(b, AST_EXPR_IN, at, e, NULL);
    if (!in || !build_over_all(b, in, list)) return NULL;
    in->as.in = (struct ast_in){.negated = at.negated, .expr = e, .list = list};
    return in;
}

struct ast_expr *build_in_select(struct build *b, struct token at, struct ast_expr *e,
                                 struct ast_select *s) {
    struct ast_expr *in = over_two(b, AST_EXPR_IN, at, e, NULL);
    if (!in || !build_over_height(b, in, s->height)) return NULL;
    in->as.in = (struct ast_in){.negated = at.negated, .expr = e, .select = s};
    return in;
}

/* x IN t is x IN (SELECT * FROM t). */
struct ast_expr *build_in_table(struct build *b, struct token at, struct ast_expr *e,
                                struct token name) {
    struct ast_item *star = build_item_star(b, name, NULL);
    struct ast_source *source = build_source_name(b, name, (struct ast_options){0});
    if (!star || !source) return NULL;

    struct build_core parts = {.at = name};
    parts.items = build_items(b, (struct ast_items){0}, star);
    parts.from = build_from(b, (struct ast_from){0}, (struct build_join){0}, source);
    struct ast_core *core = build_core(b, &parts);
    if (!core) return NULL;
    struct ast_select *s = build_cores(b, NULL, (struct token){0}, core);
    s = build_select(b, s, (struct ast_orders){0}, (struct build_limit){0}, (struct token){0});
    return s ? build_in_select(b, at, e, s) : NULL;
}
