/* build_query.h: the nodes of queries; see build.h.
 *
 * Used by: grammar.y.    Tested by: tests/unit/sql/parse_test.c
 */
#ifndef SQL_BUILD_QUERY_H
#define SQL_BUILD_QUERY_H

#include "sql/ast_select.h"
#include "sql/lex.h"

struct build;

/* How a source is joined to those before it. */
struct build_join {
    enum ast_join kind;
    bool natural;
    uint32_t at;
};

struct build_group {
    struct token at;
    struct ast_exprs by;
    struct ast_expr *having;
};

/* SELECT [DISTINCT] items FROM .. */
struct build_core {
    struct token at;
    bool distinct;
    struct ast_items items;
    struct ast_from from;
    struct ast_expr *where;
    struct build_group group;
    struct ast_windows windows;
};

struct build_limit {
    struct ast_expr *limit, *offset;
};

struct ast_select *build_select(struct build *b, struct ast_select *s, struct ast_orders order_by,
                                struct build_limit limit, struct token emit);
struct ast_select *build_cores(struct build *b, struct ast_select *s, struct token compound,
                               const struct ast_core *core);
struct ast_select *build_with(struct build *b, struct token at, bool recursive);
struct ast_select *build_cte(struct build *b, struct ast_select *s, struct token name,
                             struct ast_names columns, struct ast_select *query);
struct ast_core *build_core(struct build *b, const struct build_core *parts);
struct ast_core *build_values(struct build *b, struct token at, struct ast_core *rows);
struct ast_core *build_row_of(struct build *b, struct ast_core *rows, struct token open,
                              struct ast_exprs row);
struct ast_items build_items(struct build *b, struct ast_items list, const struct ast_item *item);
struct ast_item *build_item_star(struct build *b, struct token star, struct ast_expr *table);
struct ast_item *build_item(struct build *b, struct ast_expr *e, const struct token *alias);
struct ast_from build_from(struct build *b, struct ast_from list, struct build_join join,
                           struct ast_source *s);
struct ast_source *build_on(struct build *b, struct ast_source *s, struct ast_expr *on);
struct ast_source *build_using(struct build *b, struct ast_source *s, struct ast_names names);
struct build_join build_join(struct build *b, struct token at, const struct token *x,
                             const struct token *y, const struct token *z);
struct ast_source *build_alias(struct build *b, struct ast_source *s, const struct token *alias,
                               struct ast_names columns);
struct ast_source *build_source_name(struct build *b, struct token name, struct ast_options hint);
struct ast_source *build_as_of(struct build *b, struct ast_source *s, struct ast_expr *e, bool lsn);
struct ast_source *build_match(struct build *b, struct ast_source *s);
struct ast_source *build_source_call(struct build *b, struct token name, struct ast_args args);
struct ast_source *build_ordinality(struct build *b, struct ast_source *s);
struct ast_source *build_snapshot(struct build *b, struct token word, struct token name,
                                  struct ast_options hint);
struct ast_source *build_source_select(struct build *b, struct token open, struct ast_select *s);
struct ast_source *build_source_group(struct build *b, struct token open, struct ast_from from);
struct ast_source *build_lateral(struct build *b, struct ast_source *s);
struct ast_windows build_windows(struct build *b, struct ast_windows list, struct token name,
                                 const struct ast_window *w);

#endif
