/* build.h: makes the nodes of the tree: what the actions of grammar.y call.
 *
 * Every function takes what its rule has parsed and gives the node of the whole. Errors are sticky:
 * the first one is kept in *b->e, after it every function gives NULL or an empty list at once, and
 * parse.c stops at the next token. So actions need no checks. A node ends where the last token
 * ended that the parser has taken (b->end): Lemon reduces a rule when it sees the token behind it.
 *
 * Used by: grammar.y, parse.c.    Tested by: tests/unit/sql/parse_test.c
 */
#ifndef SQL_BUILD_H
#define SQL_BUILD_H

#include "engine/base/arena.h"
#include "sql/ast.h"
#include "sql/lex.h"

struct build {
    struct arena *arena;
    const struct source *source;
    struct ast_statement *statement; /* to be filled in */
    struct err *e;
    bool failed;                      /* *e is filled */
    struct token before;              /* the last token taken: its end ends a node; for hints */
    struct token wrong;               /* of a syntax error; kind and end 0: there is none */
    uint32_t end;                     /* of the last token taken */
    uint32_t parameters;              /* the largest n of ?n so far */
    void *parser;                     /* Lemon's, while the statement is parsed */
    struct ast_create_stream *stream; /* the CREATE STREAM that elements belong to */
};

/* ---- errors: each marks the statement as failed; they return NULL for `return build_..` ---- */
void *build_fail(struct build *b, uint32_t at, const char *sqlstate, const char *format, ...)
    PRINTF_LIKE(4, 5);
void *build_no_memory(struct build *b);
void *build_too_deep(struct build *b, const uint32_t *at); /* NULL: at the last token */
void build_syntax_error(struct build *b, const struct token *t);

/* ---- parts ---- */
void *build_new(struct build *b, size_t bytes);
/* An array with room for one more than its `count` things of `size` bytes; NULL after a failure. */
void *build_grow(struct build *b, void *at, uint32_t count, size_t size);
struct text build_slice(const struct build *b, struct token t);
struct text build_string(struct build *b, struct token t); /* of a STRING, quotes removed */
struct ast_name build_name(struct build *b, struct token t);
struct ast_names build_names(struct build *b, struct ast_names list, const struct token *name);
bool build_is(const struct build *b, struct token t, const char *word);
struct token build_path(struct build *b, struct token path, struct token name);
struct ast_names build_path_names(struct build *b, struct token path);
struct ast_options build_options(struct build *b, struct ast_options list, struct token key,
                                 struct token value);
struct text build_value(struct build *b, struct token value); /* a literal or word as text */

/* ---- types ---- */
struct ast_type *build_type(struct build *b, struct token name, struct ast_type *parts);
struct ast_type *build_type_of(struct build *b, struct token name, struct ast_type *first,
                               struct ast_type *second);
struct ast_type *build_type_zone(struct build *b, struct ast_type *type, const struct token *local,
                                 struct token time, struct token zone);
struct ast_type *build_type_param(struct build *b, struct ast_type *parts, struct token value);
struct ast_field build_field(struct build *b, struct token name, struct ast_type *type,
                             struct token not_null);
struct ast_type *build_type_field(struct build *b, struct ast_type *parts, struct ast_field f);

#include "sql/build_expr.h"
#include "sql/build_query.h"
#include "sql/build_statement.h"

#endif
