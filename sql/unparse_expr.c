/* unparse_expr.c: see unparse.h. Expressions: every kind has a level of precedence, and an operand
 * whose level is below what its place asks for is put in parentheses. Recursion is bounded by the
 * height of the tree.
 */
#include <assert.h>
#include <inttypes.h>

#include "sql/keyword.h"
#include "sql/lex.h"
#include "sql/unparse.h"

/* The levels of grammar.y, loosest first. */
enum level {
    LEVEL_OR,
    LEVEL_AND,
    LEVEL_NOT,
    LEVEL_EQUAL,
    LEVEL_COMPARE,
    LEVEL_ESCAPE,
    LEVEL_BITS,
    LEVEL_SUM,
    LEVEL_PRODUCT,
    LEVEL_CONCAT,
    LEVEL_COLLATE,
    LEVEL_UNARY,
    LEVEL_POSTFIX,
    LEVEL_VALUE,
};

#define X(ID, sql) [AST_##ID] = sql,
static const char *const unary_words[AST_UNARY_COUNT] = {AST_UNARY_LIST(X)};
static const char *const binary_words[AST_BINARY_COUNT] = {AST_BINARY_LIST(X)};
static const char *const like_words[AST_LIKE_COUNT] = {AST_LIKE_LIST(X)};
#undef X

static const enum level binary_levels[AST_BINARY_COUNT] = {
    [AST_OR] = LEVEL_OR,
    [AST_AND] = LEVEL_AND,
    [AST_EQ] = LEVEL_EQUAL,
    [AST_NE] = LEVEL_EQUAL,
    [AST_IS] = LEVEL_EQUAL,
    [AST_IS_NOT] = LEVEL_EQUAL,
    [AST_LT] = LEVEL_COMPARE,
    [AST_LE] = LEVEL_COMPARE,
    [AST_GT] = LEVEL_COMPARE,
    [AST_GE] = LEVEL_COMPARE,
    [AST_BIT_AND] = LEVEL_BITS,
    [AST_BIT_OR] = LEVEL_BITS,
    [AST_SHIFT_LEFT] = LEVEL_BITS,
    [AST_SHIFT_RIGHT] = LEVEL_BITS,
    [AST_ADD] = LEVEL_SUM,
    [AST_SUBTRACT] = LEVEL_SUM,
    [AST_MULTIPLY] = LEVEL_PRODUCT,
    [AST_DIVIDE] = LEVEL_PRODUCT,
    [AST_REMAINDER] = LEVEL_PRODUCT,
    [AST_CONCAT] = LEVEL_CONCAT,
    [AST_ARROW] = LEVEL_CONCAT,
    [AST_ARROW_TEXT] = LEVEL_CONCAT,
};

static bool is_prefix(enum ast_unary_op op) {
    return op == AST_NOT || op == AST_MINUS || op == AST_PLUS || op == AST_BIT_NOT;
}

static enum level level_of(const struct ast_expr *e) {
    switch (e->kind) {
    case AST_EXPR_UNARY:
        if (e->as.unary.op == AST_NOT) return LEVEL_NOT;
        return is_prefix(e->as.unary.op) ? LEVEL_UNARY : LEVEL_EQUAL;
    case AST_EXPR_BINARY: return binary_levels[e->as.binary.op];
    case AST_EXPR_LIKE:
    case AST_EXPR_BETWEEN:
    case AST_EXPR_IN: return LEVEL_EQUAL;
    case AST_EXPR_COLLATE: return LEVEL_COLLATE;
    case AST_EXPR_FIELD:
    case AST_EXPR_INDEX: return LEVEL_POSTFIX;
    case AST_EXPR_LITERAL:
    case AST_EXPR_PARAMETER:
    case AST_EXPR_COLUMN:
    case AST_EXPR_EXISTS:
    case AST_EXPR_SELECT:
    case AST_EXPR_CASE:
    case AST_EXPR_CAST:
    case AST_EXPR_CALL:
    case AST_EXPR_ROW:
    case AST_EXPR_ARRAY:
    case AST_EXPR_MAP:
    case AST_EXPR_COUNT: break;
    }
    return LEVEL_VALUE;
}

static void add_parens(const struct ast_expr *e, struct buf *out) {
    buf_add_char(out, '(');
    unparse_expr(e, out);
    buf_add_char(out, ')');
}

static void add_operand(const struct ast_expr *e, enum level least, struct buf *out) {
    if (level_of(e) < least)
        add_parens(e, out);
    else
        unparse_expr(e, out);
}

/* ---- names and literals ---- */

static bool is_plain_word(struct text name) {
    if (name.bytes == 0 || !lex_begins_word(name.at[0])) return false;
    for (uint32_t i = 1; i < name.bytes; i++) {
        if (!lex_in_word(name.at[i])) return false;
    }
    return name.bytes < 2 || name.at[1] != '\'' || (name.at[0] | 0x20) != 'x';
}

static void add_quoted(struct text value, char quote, struct buf *out) {
    buf_add_char(out, quote);
    for (uint32_t i = 0; i < value.bytes; i++) {
        if (value.at[i] == quote) buf_add_char(out, quote);
        buf_add_char(out, value.at[i]);
    }
    buf_add_char(out, quote);
}

void unparse_string(struct text value, struct buf *out) {
    add_quoted(value, '\'', out);
}

void unparse_name(struct text name, struct buf *out) {
    if (is_plain_word(name) && !keyword_find(name))
        buf_add_text(out, name);
    else
        add_quoted(name, '"', out);
}

static bool is_one_of(struct text name, const char *const *word, uint32_t words) {
    for (uint32_t i = 0; i < words; i++) {
        if (text_equal_fold(name, text_of(word[i]))) return true;
    }
    return false;
}

/* A name at the start of an expression: keywords that are no more than names there stay bare. */
static void add_first_name(struct text name, bool special, struct buf *out) {
    const struct keyword *k = keyword_find(name);
    if (is_plain_word(name) && !(k && k->reserved) && !special)
        buf_add_text(out, name);
    else
        add_quoted(name, '"', out);
}

/* Whether the name of a call would be read as one of the forms that parse.c and build_call.c
 * know: TIMESTAMPDIFF(unit, ..) and POSITION(a IN b). */
static bool is_special_call(const struct ast_call *c) {
    struct text name = c->name.text;
    const struct ast_expr *first = c->args.count > 0 ? c->args.at[0].expr : NULL;
    if (text_equal_fold(name, TEXT_LITERAL("timestampdiff")) ||
        text_equal_fold(name, TEXT_LITERAL("timestampadd")))
        return first && first->kind == AST_EXPR_COLUMN;
    if (!text_equal_fold(name, TEXT_LITERAL("position"))) return false;
    for (uint32_t i = 0; i < c->args.count; i++) {
        const struct ast_expr *e = c->args.at[i].expr;
        if (e && level_of(e) <= LEVEL_EQUAL) return true;
    }
    return false;
}

void unparse_call_name(const struct ast_call *c, struct buf *out) {
    static const char *const words[] = {
        "cast", "descriptor", "match_recognize", "row", "try_cast", "unnest", "with"};
    struct text name = c->name.text;
    bool special = is_one_of(name, words, COUNT_OF(words)) || is_special_call(c);
    add_first_name(name, special, out);
}

void unparse_names(struct ast_names list, struct buf *out) {
    for (uint32_t i = 0; i < list.count; i++) {
        if (i > 0) buf_add_str(out, ", ");
        unparse_name(list.at[i].text, out);
    }
}

static void add_column(const struct ast_expr *e, struct buf *out) {
    static const char *const words[] = {
        "array",          "current_date", "current_time", "current_timestamp", "false", "localtime",
        "localtimestamp", "map",          "true",         "unbounded",         "with"};
    struct ast_names path = e->as.column;
    struct text first = path.at[0].text;
    add_first_name(first, is_one_of(first, words, COUNT_OF(words)), out);
    for (uint32_t i = 1; i < path.count; i++) {
        buf_add_char(out, '.');
        unparse_name(path.at[i].text, out);
    }
}

/* In the largest unit that divides it. */
static void add_interval(int64_t us, struct buf *out) {
    static const struct {
        const char *word;
        int64_t us;
    } units[] = {{"DAY", INT64_C(86400000000)}, {"HOUR", INT64_C(3600000000)}, {"MINUTE", 60000000},
                 {"SECOND", 1000000},           {"MILLISECOND", 1000},         {"MICROSECOND", 1}};
    uint32_t i = us == 0 ? 3 : 0;
    while (us % units[i].us != 0) i++;
    buf_addf(out, "INTERVAL '%" PRId64 "' %s", us / units[i].us, units[i].word);
}

static void add_blob(struct text bytes, struct buf *out) {
    buf_add_str(out, "x'");
    for (uint32_t i = 0; i < bytes.bytes; i++) buf_addf(out, "%02x", (unsigned char)bytes.at[i]);
    buf_add_char(out, '\'');
}

static void add_literal(const struct ast_expr *e, struct buf *out) {
    const struct ast_literal *l = &e->as.literal;
    switch (l->kind) {
    case AST_NULL: buf_add_str(out, "NULL"); return;
    case AST_BOOLEAN: buf_add_str(out, l->integer ? "TRUE" : "FALSE"); return;
    case AST_INTEGER:
    case AST_DECIMAL:
    case AST_DOUBLE: buf_add_text(out, l->text); return;
    case AST_TEXT: break;
    case AST_BLOB: add_blob(l->text, out); return;
    case AST_DATE: buf_add_str(out, "DATE "); break;
    case AST_TIME: buf_add_str(out, "TIME "); break;
    case AST_TIMESTAMP: buf_add_str(out, "TIMESTAMP "); break;
    case AST_INTERVAL: add_interval(l->integer, out); return;
    }
    unparse_string(l->text, out);
}

/* ---- operators ---- */

static void add_unary(const struct ast_expr *e, struct buf *out) {
    const struct ast_unary *u = &e->as.unary;
    if (!is_prefix(u->op)) {
        add_operand(u->expr, LEVEL_EQUAL, out);
        buf_add_char(out, ' ');
        buf_add_str(out, unary_words[u->op]);
        return;
    }
    buf_add_str(out, unary_words[u->op]);
    bool again = u->expr->kind == AST_EXPR_UNARY && is_prefix(u->expr->as.unary.op);
    if (u->op == AST_NOT || again) buf_add_char(out, ' '); /* "--" would begin a comment */
    add_operand(u->expr, u->op == AST_NOT ? LEVEL_NOT : LEVEL_UNARY, out);
}

/* x IS (NULL) compares, x IS NULL tests: the parentheses stay. */
static bool is_tested(const struct ast_binary *b) {
    if (b->op != AST_IS && b->op != AST_IS_NOT) return false;
    if (b->right->kind != AST_EXPR_LITERAL) return false;
    enum ast_literal_kind kind = b->right->as.literal.kind;
    return kind == AST_NULL || kind == AST_BOOLEAN;
}

static void add_binary(const struct ast_expr *e, struct buf *out) {
    const struct ast_binary *b = &e->as.binary;
    enum level level = binary_levels[b->op];
    add_operand(b->left, level, out);
    buf_add_char(out, ' ');
    buf_add_str(out, binary_words[b->op]);
    buf_add_char(out, ' ');
    add_operand(b->right, is_tested(b) ? LEVEL_VALUE + 1 : level + 1, out);
}

static void add_like(const struct ast_expr *e, struct buf *out) {
    const struct ast_like *l = &e->as.like;
    add_operand(l->left, LEVEL_EQUAL, out);
    buf_add_str(out, l->negated ? " NOT " : " ");
    buf_add_str(out, like_words[l->op]);
    buf_add_char(out, ' ');
    add_operand(l->right, l->escape ? LEVEL_BITS : LEVEL_COMPARE, out);
    if (!l->escape) return;
    buf_add_str(out, " ESCAPE ");
    add_operand(l->escape, LEVEL_BITS, out);
}

static void add_between(const struct ast_expr *e, struct buf *out) {
    const struct ast_between *b = &e->as.between;
    add_operand(b->expr, LEVEL_EQUAL, out);
    buf_add_str(out, b->negated ? " NOT BETWEEN " : " BETWEEN ");
    add_operand(b->low, LEVEL_COMPARE, out);
    buf_add_str(out, " AND ");
    add_operand(b->high, LEVEL_COMPARE, out);
}

static void add_in(const struct ast_expr *e, struct buf *out) {
    const struct ast_in *in = &e->as.in;
    add_operand(in->expr, LEVEL_EQUAL, out);
    buf_add_str(out, in->negated ? " NOT IN (" : " IN (");
    if (in->select)
        unparse_select(in->select, out);
    else
        unparse_exprs(in->list, out);
    buf_add_char(out, ')');
}

/* ---- values made of values ---- */

static void add_cases(const struct ast_expr *e, struct buf *out) {
    const struct ast_case *c = &e->as.cases;
    buf_add_str(out, "CASE");
    if (c->of) {
        buf_add_char(out, ' ');
        unparse_expr(c->of, out);
    }
    for (uint32_t i = 0; i < c->whens; i++) {
        buf_add_str(out, " WHEN ");
        unparse_expr(c->when[i].when, out);
        buf_add_str(out, " THEN ");
        unparse_expr(c->when[i].then, out);
    }
    if (c->otherwise) {
        buf_add_str(out, " ELSE ");
        unparse_expr(c->otherwise, out);
    }
    buf_add_str(out, " END");
}

static void add_cast(const struct ast_expr *e, struct buf *out) {
    const struct ast_cast *c = &e->as.cast;
    buf_add_str(out, c->attempt ? "TRY_CAST(" : "CAST(");
    unparse_expr(c->expr, out);
    buf_add_str(out, " AS ");
    unparse_type(c->type, out);
    buf_add_char(out, ')');
}

static void add_list(const char *open, struct ast_exprs list, char close, struct buf *out) {
    buf_add_str(out, open);
    unparse_exprs(list, out);
    buf_add_char(out, close);
}

/* What a field or an element is taken of: (r).a is not the column r.a. */
static void add_whole(const struct ast_expr *e, struct buf *out) {
    bool bare = e->kind == AST_EXPR_CALL || e->kind == AST_EXPR_FIELD ||
                e->kind == AST_EXPR_INDEX || e->kind == AST_EXPR_ROW || e->kind == AST_EXPR_CAST;
    if (bare)
        unparse_expr(e, out);
    else
        add_parens(e, out);
}

static void add_field(const struct ast_expr *e, struct buf *out) {
    const struct ast_field_of *f = &e->as.field;
    add_whole(f->expr, out);
    buf_add_char(out, '.');
    unparse_name(f->name.text, out);
}

static void add_index(const struct ast_expr *e, struct buf *out) {
    const struct ast_pair *p = &e->as.index;
    if (p->left->kind == AST_EXPR_COLUMN)
        unparse_expr(p->left, out);
    else
        add_whole(p->left, out);
    buf_add_char(out, '[');
    unparse_expr(p->right, out);
    buf_add_char(out, ']');
}

static void add_subquery(const char *open, const struct ast_select *s, struct buf *out) {
    buf_add_str(out, open);
    unparse_select(s, out);
    buf_add_char(out, ')');
}

void unparse_exprs(struct ast_exprs list, struct buf *out) {
    for (uint32_t i = 0; i < list.count; i++) {
        if (i > 0) buf_add_str(out, ", ");
        unparse_expr(list.at[i], out);
    }
}

static void add_parameter(const struct ast_expr *e, struct buf *out) {
    buf_addf(out, "?%u", e->as.parameter);
}

static void add_exists(const struct ast_expr *e, struct buf *out) {
    add_subquery("EXISTS (", e->as.exists, out);
}

static void add_select(const struct ast_expr *e, struct buf *out) {
    add_subquery("(", e->as.select, out);
}

static void add_call(const struct ast_expr *e, struct buf *out) {
    unparse_call(e->as.call, out);
}

static void add_row(const struct ast_expr *e, struct buf *out) {
    add_list("ROW(", e->as.row, ')', out);
}

static void add_array(const struct ast_expr *e, struct buf *out) {
    add_list("ARRAY[", e->as.array, ']', out);
}

static void add_map(const struct ast_expr *e, struct buf *out) {
    add_list("MAP[", e->as.map, ']', out);
}

static void add_collate(const struct ast_expr *e, struct buf *out) {
    add_operand(e->as.collate.expr, LEVEL_COLLATE, out);
    buf_add_str(out, " COLLATE ");
    unparse_name(e->as.collate.name.text, out);
}

void unparse_expr(const struct ast_expr *e, struct buf *out) {
#define X(ID, member, ctype) [AST_EXPR_##ID] = add_##member,
    static void (*const add[AST_EXPR_COUNT])(const struct ast_expr *,
                                             struct buf *) = {AST_EXPR_LIST(X)};
#undef X
    assert(e && e->kind < AST_EXPR_COUNT);
    add[e->kind](e, out);
}
