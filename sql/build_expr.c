/* build_expr.c: the nodes of values: literals, names, fields, rows, subqueries, CASE, CAST; see
 * build.h.
 *
 * TRUE, FALSE and CURRENT_TIMESTAMP and its like are no keywords: a column of that bare name is
 * taken for them here.
 */
#include "sql/build_expr.h"

#include "sql/build.h"
#include "sql/grammar.h"
#include "sql/interval.h"

struct ast_expr *build_node(struct build *b, enum ast_expr_kind kind, struct token at,
                            uint32_t start) {
    struct ast_expr *e = build_new(b, sizeof *e);
    if (!e) return NULL;
    e->kind = kind;
    e->at = at.start;
    e->start = start;
    e->end = b->end;
    e->height = 1;
    return e;
}

bool build_over_height(struct build *b, struct ast_expr *e, uint32_t height) {
    if (b->failed || !e) return false;
    if (height < e->height) return true;
    if (height >= AST_HEIGHT_MAX) return build_too_deep(b, &e->at), false;
    e->height = (uint16_t)(height + 1);
    return true;
}

bool build_over(struct build *b, struct ast_expr *e, const struct ast_expr *part) {
    return !b->failed && build_over_height(b, e, part->height);
}

bool build_over_all(struct build *b, struct ast_expr *e, struct ast_exprs parts) {
    for (uint32_t i = 0; i < parts.count; i++) {
        if (!build_over(b, e, parts.at[i])) return false;
    }
    return !b->failed;
}

struct ast_exprs build_exprs(struct build *b, struct ast_exprs list, struct ast_expr *e) {
    struct ast_expr **at = build_grow(b, list.at, list.count, sizeof(struct ast_expr *));
    if (!at) return (struct ast_exprs){0};
    at[list.count] = e;
    return (struct ast_exprs){.at = at, .count = list.count + 1};
}

struct ast_expr *build_parens(struct build *b, struct token open, struct ast_expr *e) {
    if (b->failed) return NULL;
    e->parens = true;
    e->start = open.start;
    e->end = b->end;
    return e;
}

static uint8_t hex_value(char c) {
    return (uint8_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* The bytes that x'..' stands for. */
static struct text blob_bytes(struct build *b, struct token t) {
    struct text hex = build_slice(b, t);
    uint32_t bytes = (hex.bytes - 3) / 2;
    char *to = arena_alloc(b->arena, bytes + 1);
    if (!to) {
        build_no_memory(b);
        return (struct text){0};
    }
    for (uint32_t i = 0; i < bytes; i++) {
        const char *pair = hex.at + 2 + (size_t)i * 2;
        to[i] = (char)(hex_value(pair[0]) << 4 | hex_value(pair[1]));
    }
    return (struct text){.at = to, .bytes = bytes};
}

static enum ast_literal_kind literal_kind(int token) {
    if (token == TK_NULL) return AST_NULL;
    if (token == TK_INTEGER) return AST_INTEGER;
    if (token == TK_DECIMAL) return AST_DECIMAL;
    if (token == TK_DOUBLE) return AST_DOUBLE;
    return token == TK_BLOB ? AST_BLOB : AST_TEXT;
}

struct ast_expr *build_literal(struct build *b, struct token t) {
    struct ast_expr *e = build_node(b, AST_EXPR_LITERAL, t, t.start);
    if (!e) return NULL;

    struct ast_literal *l = &e->as.literal;
    l->kind = literal_kind(t.kind);
    l->text = build_slice(b, t);
    if (l->kind == AST_TEXT) l->text = build_string(b, t);
    if (l->kind == AST_BLOB) l->text = blob_bytes(b, t);
    return b->failed ? NULL : e;
}

struct ast_expr *build_text(struct build *b, struct token at, struct text value) {
    struct ast_expr *e = build_node(b, AST_EXPR_LITERAL, at, at.start);
    if (!e) return NULL;
    e->end = at.end;
    e->as.literal = (struct ast_literal){.kind = AST_TEXT, .text = value};
    return e;
}

struct ast_expr *build_time_literal(struct build *b, struct token word, struct token text) {
    struct ast_expr *e = build_node(b, AST_EXPR_LITERAL, word, word.start);
    if (!e) return NULL;

    enum ast_literal_kind kind = build_is(b, word, "date")   ? AST_DATE
                                 : build_is(b, word, "time") ? AST_TIME
                                                             : AST_TIMESTAMP;
    e->as.literal = (struct ast_literal){.kind = kind, .text = build_string(b, text)};
    return b->failed ? NULL : e;
}

struct ast_expr *build_interval(struct build *b, struct token word, struct token text,
                                const struct token *from, const struct token *to) {
    struct ast_expr *e = build_node(b, AST_EXPR_LITERAL, word, word.start);
    if (!e) return NULL;

    struct ast_literal *l = &e->as.literal;
    *l = (struct ast_literal){.kind = AST_INTERVAL, .text = build_string(b, text)};
    struct interval_units units = {0};
    if (from) units.from = build_slice(b, *from);
    if (to) units.to = build_slice(b, *to);
    if (b->failed) return NULL;

    struct err wrong;
    if (interval_read(l->text, units, &l->integer, &wrong)) return e;
    build_fail(b, text.start, wrong.sqlstate, "%s", wrong.message);
    if (wrong.hint[0]) err_hint(b->e, "%s", wrong.hint);
    return NULL;
}

struct ast_expr *build_parameter(struct build *b, struct token t) {
    struct ast_expr *e = build_node(b, AST_EXPR_PARAMETER, t, t.start);
    if (!e) return NULL;

    struct text digits = build_slice(b, t);
    uint32_t n = digits.bytes > 1 ? 0 : b->parameters + 1;
    for (uint32_t i = 1; i < digits.bytes && n <= AST_PARAMETERS_MAX; i++) {
        n = n * 10 + (uint32_t)(digits.at[i] - '0');
    }
    if (n < 1 || n > AST_PARAMETERS_MAX)
        return build_fail(b, t.start, "42601", "parameters are numbered from 1 to %d",
                          AST_PARAMETERS_MAX);
    if (n > b->parameters) b->parameters = n;
    e->as.parameter = n;
    return e;
}

/* The words that are values without being keywords. */
static struct ast_expr *word_value(struct build *b, struct token name) {
    static const char *const calls[] = {"current_timestamp", "current_date", "current_time",
                                        "localtimestamp", "localtime"};
    for (uint32_t i = 0; i < COUNT_OF(calls); i++) {
        if (build_is(b, name, calls[i])) return build_call(b, name, (struct ast_args){0});
    }
    bool truth = build_is(b, name, "true");
    if (!truth && !build_is(b, name, "false")) return NULL;

    struct ast_expr *e = build_node(b, AST_EXPR_LITERAL, name, name.start);
    if (!e) return NULL;
    e->as.literal =
        (struct ast_literal){.kind = AST_BOOLEAN, .text = build_slice(b, name), .integer = truth};
    return e;
}

struct ast_expr *build_column(struct build *b, struct token name) {
    struct ast_expr *e = word_value(b, name);
    if (e || b->failed) return e;

    e = build_node(b, AST_EXPR_COLUMN, name, name.start);
    if (!e) return NULL;
    e->as.column = build_names(b, (struct ast_names){0}, &name);
    return b->failed ? NULL : e;
}

/* a.b.c is one COLUMN, (a).b and f(x).b are a FIELD of something. */
struct ast_expr *build_dot(struct build *b, struct ast_expr *e, struct token name) {
    if (b->failed) return NULL;
    if (e->kind == AST_EXPR_COLUMN && !e->parens) {
        e->as.column = build_names(b, e->as.column, &name);
        e->end = b->end;
        return b->failed ? NULL : e;
    }
    struct ast_expr *field = build_node(b, AST_EXPR_FIELD, name, e->start);
    if (!build_over(b, field, e)) return NULL;
    field->as.field = (struct ast_field_of){.expr = e, .name = build_name(b, name)};
    return b->failed ? NULL : field;
}

/* Whether `e` is this bare word: ARRAY[..] and MAP[..] make values where x[i] takes one. */
static bool is_word(const struct ast_expr *e, struct text word) {
    return e->kind == AST_EXPR_COLUMN && e->as.column.count == 1 && !e->parens &&
           !e->as.column.at[0].quoted && text_equal_fold(e->as.column.at[0].text, word);
}

static struct ast_expr *build_list(struct build *b, enum ast_expr_kind kind,
                                   const struct ast_expr *word, struct ast_exprs parts) {
    struct token at = {.start = word->at};
    struct ast_expr *e = build_node(b, kind, at, word->start);
    if (!build_over_all(b, e, parts)) return NULL;
    if (kind == AST_EXPR_ARRAY)
        e->as.array = parts;
    else
        e->as.map = parts;
    return e;
}

struct ast_expr *build_index(struct build *b, struct ast_expr *e, struct ast_exprs parts) {
    if (b->failed) return NULL;
    if (is_word(e, TEXT_LITERAL("array"))) return build_list(b, AST_EXPR_ARRAY, e, parts);
    bool pairs = parts.count % 2 == 0;
    if (is_word(e, TEXT_LITERAL("map")) && pairs) return build_list(b, AST_EXPR_MAP, e, parts);
    if (parts.count != 1) return build_fail(b, b->end - 1, "42601", "one index is asked for");

    struct token at = {.start = e->end};
    struct ast_expr *index = build_node(b, AST_EXPR_INDEX, at, e->start);
    if (!build_over(b, index, e) || !build_over(b, index, parts.at[0])) return NULL;
    index->as.index = (struct ast_pair){.left = e, .right = parts.at[0]};
    return index;
}

struct ast_expr *build_row(struct build *b, struct token open, struct ast_expr *first,
                           struct ast_exprs rest) {
    struct ast_exprs all = build_exprs(b, (struct ast_exprs){0}, first);
    for (uint32_t i = 0; i < rest.count; i++) all = build_exprs(b, all, rest.at[i]);
    struct ast_expr *e = build_node(b, AST_EXPR_ROW, open, open.start);
    if (!build_over_all(b, e, all)) return NULL;
    e->as.row = all;
    return e;
}

struct ast_expr *build_subquery(struct build *b, struct token open, struct ast_select *s) {
    struct ast_expr *e = build_node(b, AST_EXPR_SELECT, open, open.start);
    if (!e || !build_over_height(b, e, s->height)) return NULL;
    e->as.select = s;
    return e;
}

struct ast_expr *build_exists(struct build *b, struct token word, struct ast_select *s) {
    struct ast_expr *e = build_node(b, AST_EXPR_EXISTS, word, word.start);
    if (!e || !build_over_height(b, e, s->height)) return NULL;
    e->as.exists = s;
    return e;
}

struct ast_expr *build_cast(struct build *b, struct token word, struct ast_expr *e,
                            struct ast_type *type) {
    struct ast_expr *cast = build_node(b, AST_EXPR_CAST, word, word.start);
    if (!build_over(b, cast, e) || !build_over_height(b, cast, type->height)) return NULL;
    cast->as.cast =
        (struct ast_cast){.expr = e, .type = type, .attempt = build_is(b, word, "try_cast")};
    return cast;
}

struct ast_expr *build_case(struct build *b, struct token word, struct ast_expr *of,
                            struct ast_expr *when, struct ast_expr *then) {
    struct ast_expr *c = build_node(b, AST_EXPR_CASE, word, word.start);
    if (!c || (of && !build_over(b, c, of))) return NULL;
    c->as.cases.of = of;
    return build_when(b, c, when, then);
}

struct ast_expr *build_when(struct build *b, struct ast_expr *c, struct ast_expr *when,
                            struct ast_expr *then) {
    if (!build_over(b, c, when) || !build_over(b, c, then)) return NULL;

    struct ast_case *k = &c->as.cases;
    struct ast_when *at = build_grow(b, k->when, k->whens, sizeof *at);
    if (!at) return NULL;
    at[k->whens++] = (struct ast_when){.when = when, .then = then};
    k->when = at;
    return c;
}

struct ast_expr *build_case_end(struct build *b, struct ast_expr *c, struct ast_expr *otherwise) {
    if (b->failed || (otherwise && !build_over(b, c, otherwise))) return NULL;
    c->as.cases.otherwise = otherwise;
    c->end = b->end;
    return c;
}
