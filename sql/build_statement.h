/* build_statement.h: the nodes of statements; see build.h. Functions that return nothing fill in
 * b->statement.
 *
 * Used by: grammar.y.    Tested by: tests/unit/sql/parse_test.c
 */
#ifndef SQL_BUILD_STATEMENT_H
#define SQL_BUILD_STATEMENT_H

#include "sql/ast.h"
#include "sql/lex.h"

struct build;

/* What stood between CREATE and the kind of object. */
enum build_word {
    BUILD_OR_REPLACE = 1,
    BUILD_TEMPORARY = 2,
    BUILD_MATERIALIZED = 4,
    BUILD_SYSTEM = 8,
};

struct build_create {
    struct ast_create create;
    uint32_t words; /* enum build_word */
    uint32_t at;
};

struct build_view {
    struct ast_names columns;
    struct ast_options options;
    struct token comment;
    struct ast_select *select;
};

void build_explain(struct build *b, struct token word, bool analyze);
void build_statement_select(struct build *b, struct ast_select *s);
void build_statement_insert(struct build *b, struct ast_insert *i);
void build_statement_query(struct build *b, struct build_create *c, struct ast_insert *i);
void build_statement_view(struct build *b, struct build_create *c, const struct build_view *v);
void build_statement_stream(struct build *b, struct ast_create_stream *s);
void build_statement_model(struct build *b, struct ast_create_model *m);
void build_statement_function(struct build *b, struct ast_create_function *f);

struct ast_insert *build_insert(struct build *b, struct token target, struct ast_options hint,
                                struct ast_names columns, struct ast_select *s);
struct ast_insert *build_replace(struct build *b, struct ast_insert *i);

struct build_create *build_create(struct build *b);
struct build_create *build_create_word(struct build *b, struct build_create *c,
                                       enum build_word word);
struct build_create *build_head(struct build *b, struct build_create *c, struct token name);

struct ast_create_stream *build_stream(struct build *b, struct build_create *c,
                                       enum ast_object object);
struct ast_create_stream *build_stream_comment(struct build *b, struct ast_create_stream *s,
                                               struct token comment);
struct ast_create_stream *build_stream_partition(struct build *b, struct ast_create_stream *s,
                                                 struct token word, struct ast_names names);
struct ast_create_stream *build_stream_options(struct build *b, struct ast_create_stream *s,
                                               struct token word, struct ast_options options);
struct ast_create_stream *build_stream_like(struct build *b, struct ast_create_stream *s,
                                            struct token word, struct token name);
void build_stream_column(struct build *b, const struct ast_column *c);
void build_stream_watermark(struct build *b, struct token word, struct token path,
                            struct ast_expr *e);
void build_stream_key(struct build *b, struct token word, struct ast_names names,
                      const struct token *enforced); /* NULL: unsaid */

struct ast_column *build_column_typed(struct build *b, struct token name, struct ast_type *type);
struct ast_column *build_column_computed(struct build *b, struct token name, struct ast_expr *e);
struct ast_column *build_column_not_null(struct build *b, struct ast_column *c);
struct ast_column *build_column_key(struct build *b, struct ast_column *c);
struct ast_column *build_column_enforced(struct build *b, struct ast_column *c, struct token word);
struct ast_column *build_column_comment(struct build *b, struct ast_column *c,
                                        struct token comment);
struct ast_column *build_column_metadata(struct build *b, struct ast_column *c, struct token word);
struct ast_columns build_columns(struct build *b, struct ast_columns list,
                                 const struct ast_column *c);

struct ast_create_model *build_model(struct build *b, struct build_create *c);
struct ast_create_model *build_model_columns(struct build *b, struct ast_create_model *m,
                                             struct token word, struct ast_columns columns);
struct ast_create_model *build_model_comment(struct build *b, struct ast_create_model *m,
                                             struct token comment);
struct ast_create_model *build_model_options(struct build *b, struct ast_create_model *m,
                                             struct token word, struct ast_options options);

struct ast_create_function *build_function(struct build *b, struct build_create *c);
struct ast_create_function *build_function_args(struct build *b, struct ast_create_function *f,
                                                struct ast_columns args);
struct ast_create_function *build_function_returns(struct build *b, struct ast_create_function *f,
                                                   struct ast_type *type);
struct ast_create_function *build_function_body(struct build *b, struct ast_create_function *f,
                                                struct ast_expr *e);
struct ast_create_function *build_function_symbol(struct build *b, struct ast_create_function *f,
                                                  struct ast_expr *e, struct token symbol);
struct ast_create_function *build_function_language(struct build *b, struct ast_create_function *f,
                                                    struct token name);
struct ast_create_function *
build_function_volatility(struct build *b, struct ast_create_function *f, struct token word);
struct ast_create_function *build_function_flag(struct build *b, struct ast_create_function *f,
                                                bool isolated);
struct ast_create_function *build_function_cost(struct build *b, struct ast_create_function *f,
                                                struct ast_expr *cost);

void build_drop(struct build *b, enum ast_object object, struct token name);
void build_update(struct build *b, struct token name, struct ast_update *u, struct ast_expr *where);
struct ast_update *build_assignment(struct build *b, struct ast_update *u, struct token name,
                                    struct ast_expr *e);
void build_delete(struct build *b, struct token name, struct ast_expr *where);
void build_show(struct build *b, struct token name, const struct token *like);
void build_show_create(struct build *b, enum ast_object object, struct token name);
void build_describe(struct build *b, enum ast_object object, struct token name);
void build_set(struct build *b, bool reset, const struct token *name, const struct token *value);
void build_define(struct build *b, struct token name, struct token value);
void build_export(struct build *b, struct token name, struct token path);
void build_checkpoint(struct build *b);
void build_load(struct build *b, struct token path);
void build_replay(struct build *b, struct token name, struct ast_expr *from, struct ast_expr *to);

#endif
