/* build_source.c: the nodes of FROM: sources and how they are joined; see build.h. */
#include "sql/build.h"
#include "sql/grammar.h"

static struct ast_source *source_new(struct build *b, enum ast_source_kind kind, struct token at) {
    struct ast_source *s = build_new(b, sizeof *s);
    if (!s) return NULL;
    s->kind = kind;
    s->at = at.start;
    s->start = at.start;
    s->end = b->end;
    s->height = 1;
    return s;
}

static struct ast_source *over(struct build *b, struct ast_source *s, uint32_t height) {
    if (b->failed || !s) return NULL;
    if (height >= AST_HEIGHT_MAX) return build_too_deep(b, &s->at);
    if (height >= s->height) s->height = height + 1;
    return s;
}

struct ast_source *build_source_name(struct build *b, struct token name, struct ast_options hint) {
    struct ast_source *s = source_new(b, AST_SOURCE_NAME, name);
    if (!s) return NULL;
    s->name = build_name(b, name);
    s->options = hint;
    return b->failed ? NULL : s;
}

struct ast_source *build_snapshot(struct build *b, struct token word, struct token name,
                                  struct ast_options hint) {
    struct ast_source *s = build_source_name(b, name, hint);
    if (!s) return NULL;
    s->kind = AST_SOURCE_SNAPSHOT;
    s->start = word.start;
    return s;
}

struct ast_source *build_match(struct build *b, struct ast_source *s) {
    if (b->failed) return NULL;
    s->match = true;
    s->end = b->end;
    return s;
}

struct ast_source *build_as_of(struct build *b, struct ast_source *s, struct ast_expr *e,
                               bool lsn) {
    if (b->failed) return NULL;
    if (s->kind != AST_SOURCE_NAME || s->as_of)
        return build_fail(b, e->start, "42601", "AS OF stands behind the name of a table");
    s->as_of = e;
    s->as_of_lsn = lsn;
    s->end = b->end;
    return over(b, s, e->height);
}

/* UNNEST(x, ..): what it is given, without names. */
static struct ast_source *build_unnest(struct build *b, struct token name, struct ast_args args) {
    struct ast_source *s = source_new(b, AST_SOURCE_UNNEST, name);
    for (uint32_t i = 0; i < args.count && !b->failed; i++) {
        const struct ast_arg *a = &args.at[i];
        if (a->kind != AST_ARG_EXPR || a->name.text.at)
            return build_fail(b, name.start, "42601", "UNNEST takes values");
        s->args = build_exprs(b, s->args, a->expr);
        if (!over(b, s, a->expr->height)) return NULL;
    }
    return b->failed ? NULL : s;
}

struct ast_source *build_source_call(struct build *b, struct token name, struct ast_args args) {
    if (b->failed) return NULL;
    if (build_is(b, name, "unnest")) return build_unnest(b, name, args);

    struct ast_source *s = source_new(b, AST_SOURCE_CALL, name);
    struct ast_expr *e = build_call(b, name, args);
    if (!s || !e) return NULL;
    if (e->kind != AST_EXPR_CALL)
        return build_fail(b, name.start, "42601", "ROW is no table function");
    s->call = e->as.call;
    return over(b, s, e->height);
}

struct ast_source *build_ordinality(struct build *b, struct ast_source *s) {
    if (b->failed) return NULL;
    if (s->kind != AST_SOURCE_UNNEST)
        return build_fail(b, s->at, "0A000", "WITH ORDINALITY is supported behind UNNEST only");
    s->ordinality = true;
    s->end = b->end;
    return s;
}

struct ast_source *build_source_select(struct build *b, struct token open, struct ast_select *s) {
    struct ast_source *source = source_new(b, AST_SOURCE_SELECT, open);
    if (!source) return NULL;
    source->select = s;
    return over(b, source, s->height);
}

struct ast_source *build_source_group(struct build *b, struct token open, struct ast_from from) {
    struct ast_source *s = source_new(b, AST_SOURCE_GROUP, open);
    for (uint32_t i = 0; i < from.count && s; i++) s = over(b, s, from.at[i].height);
    if (s) s->from = from;
    return s;
}

struct ast_source *build_lateral(struct build *b, struct ast_source *s) {
    if (b->failed) return NULL;
    s->lateral = true;
    return s;
}

struct ast_source *build_alias(struct build *b, struct ast_source *s, const struct token *alias,
                               struct ast_names columns) {
    if (b->failed) return NULL;
    if (alias) s->alias = build_name(b, *alias);
    s->columns = columns;
    s->end = b->end;
    return b->failed ? NULL : s;
}

struct ast_source *build_on(struct build *b, struct ast_source *s, struct ast_expr *on) {
    if (b->failed) return NULL;
    s->on = on;
    return over(b, s, on->height);
}

struct ast_source *build_using(struct build *b, struct ast_source *s, struct ast_names names) {
    if (b->failed) return NULL;
    s->using = names;
    return s;
}

struct ast_from build_from(struct build *b, struct ast_from list, struct build_join join,
                           struct ast_source *s) {
    if (list.count >= AST_SOURCES_MAX)
        build_fail(b, join.at, "54000", "more than %d sources in one FROM", AST_SOURCES_MAX);
    struct ast_source *at = build_grow(b, list.at, list.count, sizeof *at);
    if (!at) return (struct ast_from){0};
    s->join = join.kind;
    s->join_at = join.at;
    s->natural = join.natural;
    if (s->natural && (s->on || s->using.count > 0))
        build_fail(b, join.at, "42601", "a NATURAL join takes neither ON nor USING");
    at[list.count] = *s;
    return (struct ast_from){.at = at, .count = list.count + 1};
}

/* The words in front of JOIN, in any order as in SQLite: bits of what was said. */
enum { NATURAL = 1, LEFT = 2, OUTER = 4, RIGHT = 8, FULL = 16, INNER = 32, CROSS = 64 };

static uint32_t join_word(const struct build *b, const struct token *t) {
    static const struct {
        const char *word;
        uint32_t bit;
    } words[] = {{"natural", NATURAL}, {"left", LEFT},   {"outer", OUTER}, {"right", RIGHT},
                 {"full", FULL},       {"inner", INNER}, {"cross", CROSS}};
    for (uint32_t i = 0; t && i < COUNT_OF(words); i++) {
        if (build_is(b, *t, words[i].word)) return words[i].bit;
    }
    return 0;
}

/* The kind that the words make; FIRST: none. */
static enum ast_join join_kind(uint32_t bits) {
    uint32_t sides = bits & (LEFT | RIGHT | FULL);
    bool outer = bits & OUTER;
    switch (bits & ~(uint32_t)(NATURAL | OUTER)) {
    case 0: return outer ? AST_JOIN_FIRST : AST_JOIN_INNER;
    case INNER: return outer ? AST_JOIN_FIRST : AST_JOIN_INNER;
    case CROSS:
    case CROSS | INNER: return outer || bits & NATURAL ? AST_JOIN_FIRST : AST_JOIN_CROSS;
    default: break;
    }
    if ((bits & (INNER | CROSS)) != 0) return AST_JOIN_FIRST;
    if (sides == LEFT) return AST_JOIN_LEFT;
    if (sides == RIGHT) return AST_JOIN_RIGHT;
    return sides == FULL || sides == (LEFT | RIGHT) ? AST_JOIN_FULL : AST_JOIN_FIRST;
}

struct build_join build_join(struct build *b, struct token at, const struct token *x,
                             const struct token *y, const struct token *z) {
    struct build_join join = {.kind = AST_JOIN_COMMA, .at = at.start};
    if (at.kind == TK_COMMA || b->failed) return join;

    uint32_t bits = join_word(b, x) | join_word(b, y) | join_word(b, z);
    uint32_t words = z ? 3 : y ? 2 : x ? 1 : 0;
    join.kind = join_kind(bits);
    join.natural = bits & NATURAL;
    if (join.kind == AST_JOIN_FIRST || (uint32_t)__builtin_popcount(bits) != words)
        build_fail(b, at.start, "42601", "these words make no kind of join");
    return join;
}
