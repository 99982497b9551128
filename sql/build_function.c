/* build_function.c: the nodes of CREATE FUNCTION; see build.h.
 *
 * AS has three meanings: an expression (SQL), 'library', 'symbol' (C), 'java.class' (Flink). What a
 * single text literal is can be told only when LANGUAGE and the argument list are known, so
 * build_statement_function() decides.
 */
#include "sql/build.h"
#include "sql/grammar.h"

struct ast_create_function *build_function(struct build *b, struct build_create *c) {
    if (b->failed) return NULL;
    if (c->words & BUILD_MATERIALIZED)
        return build_fail(b, c->at, "42601", "CREATE MATERIALIZED FUNCTION does not exist");
    struct ast_create_function *f = build_new(b, sizeof *f);
    if (!f) return NULL;
    f->source = b->source;
    f->create = c->create;
    f->system = c->words & BUILD_SYSTEM;
    return f;
}

struct ast_create_function *build_function_args(struct build *b, struct ast_create_function *f,
                                                struct ast_columns args) {
    if (b->failed) return NULL;
    f->args = args;
    f->args_given = true;
    return f;
}

/* A clause may be said once. */
static bool once(struct build *b, bool said, const char *clause) {
    if (b->failed) return false;
    if (!said) return true;
    build_fail(b, b->before.start, "42601", "%s is said twice", clause);
    return false;
}

struct ast_create_function *build_function_returns(struct build *b, struct ast_create_function *f,
                                                   struct ast_type *type) {
    if (b->failed || !once(b, f->returns, "RETURNS")) return NULL;
    f->returns = type;
    return f;
}

struct ast_create_function *build_function_body(struct build *b, struct ast_create_function *f,
                                                struct ast_expr *e) {
    if (b->failed || !once(b, f->body, "AS")) return NULL;
    f->body = e;
    return f;
}

struct ast_create_function *build_function_symbol(struct build *b, struct ast_create_function *f,
                                                  struct ast_expr *e, struct token symbol) {
    if (b->failed || !once(b, f->body, "AS")) return NULL;
    f->body = e;
    f->symbol = build_string(b, symbol);
    return f;
}

struct ast_create_function *build_function_language(struct build *b, struct ast_create_function *f,
                                                    struct token name) {
    static const struct {
        const char *word;
        enum ast_language language;
    } languages[] = {{"sql", AST_LANGUAGE_SQL},       {"c", AST_LANGUAGE_C},
                     {"client", AST_LANGUAGE_CLIENT}, {"java", AST_LANGUAGE_JAVA},
                     {"scala", AST_LANGUAGE_JAVA},    {"python", AST_LANGUAGE_JAVA}};
    if (b->failed || !once(b, f->language_given, "LANGUAGE")) return NULL;
    f->language_given = true;
    for (uint32_t i = 0; i < COUNT_OF(languages); i++) {
        if (!build_is(b, name, languages[i].word)) continue;
        f->language = languages[i].language;
        return f;
    }
    struct text word = build_slice(b, name);
    build_fail(b, name.start, "0A000", "functions in %.*s are not supported", TEXT_ARG(word));
    err_hint(b->e, "There are LANGUAGE SQL, C and CLIENT.");
    return NULL;
}

struct ast_create_function *
build_function_volatility(struct build *b, struct ast_create_function *f, struct token word) {
    if (b->failed || !once(b, f->volatility != AST_VOLATILITY_NONE, "the volatility")) return NULL;
    f->volatility = build_is(b, word, "volatile") ? AST_VOLATILE
                    : build_is(b, word, "stable") ? AST_STABLE
                                                  : AST_IMMUTABLE;
    return f;
}

struct ast_create_function *build_function_flag(struct build *b, struct ast_create_function *f,
                                                bool isolated) {
    if (b->failed) return NULL;
    if (isolated)
        f->isolated = true;
    else
        f->strict = true;
    return f;
}

struct ast_create_function *build_function_cost(struct build *b, struct ast_create_function *f,
                                                struct ast_expr *cost) {
    if (b->failed || !once(b, f->cost, "COST")) return NULL;
    f->cost = cost;
    return f;
}

/* Moves AS 'x' from the body to where a library or class stands. */
static bool take_library(struct build *b, struct ast_create_function *f) {
    if (!f->body) return true;
    if (f->body->kind != AST_EXPR_LITERAL || f->body->as.literal.kind != AST_TEXT) {
        build_fail(b, f->body->start, "42601", "AS takes a quoted name here");
        return false;
    }
    f->library = f->body->as.literal.text;
    f->body = NULL;
    return true;
}

/* AS 'x' alone names a class of Flink's, unless arguments or a type make it a body. */
static void guess_language(struct ast_create_function *f) {
    if (f->language_given) return;
    bool text = f->body && f->body->kind == AST_EXPR_LITERAL &&
                f->body->as.literal.kind == AST_TEXT && !f->body->parens;
    bool bare = !f->args_given && !f->returns;
    f->language = text && (bare || f->symbol.at) ? AST_LANGUAGE_JAVA : AST_LANGUAGE_SQL;
}

static bool complete(struct build *b, const struct ast_create_function *f) {
    switch (f->language) {
    case AST_LANGUAGE_SQL:
        if (f->body && !f->symbol.at) return true;
        build_fail(b, f->create.name.at, "42601", "a function in SQL has AS and an expression");
        return false;
    case AST_LANGUAGE_C:
        if (f->library.at && f->symbol.at) return true;
        build_fail(b, f->create.name.at, "42601", "a function in C has AS 'library', 'symbol'");
        return false;
    case AST_LANGUAGE_JAVA:
        if (f->library.at) return true;
        build_fail(b, f->create.name.at, "42601", "the function has no AS");
        return false;
    case AST_LANGUAGE_CLIENT:
        if (!f->library.at) return true;
        build_fail(b, f->create.name.at, "42601", "a function of a client has no AS");
        return false;
    }
    return false;
}

void build_statement_function(struct build *b, struct ast_create_function *f) {
    if (b->failed) return;
    guess_language(f);
    if (f->language != AST_LANGUAGE_SQL && !take_library(b, f)) return;
    if (!complete(b, f)) return;
    b->statement->kind = AST_CREATE_FUNCTION_STATEMENT;
    b->statement->as.create_function = *f;
}
