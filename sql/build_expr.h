/* build_expr.h: the nodes of expressions and calls; see build.h.
 *
 * Used by: grammar.y.    Tested by: tests/unit/sql/parse_test.c
 */
#ifndef SQL_BUILD_EXPR_H
#define SQL_BUILD_EXPR_H

#include "sql/ast_select.h"
#include "sql/lex.h"

struct build;

/* A new node at token `at`, reaching from `start` to the last token taken. */
struct ast_expr *build_node(struct build *b, enum ast_expr_kind kind, struct token at,
                            uint32_t start);
/* Raises e's height over its part's; false where it becomes too high, or after a failure. */
bool build_over(struct build *b, struct ast_expr *e, const struct ast_expr *part);
bool build_over_height(struct build *b, struct ast_expr *e, uint32_t height);
bool build_over_all(struct build *b, struct ast_expr *e, struct ast_exprs parts);

struct ast_exprs build_exprs(struct build *b, struct ast_exprs list, struct ast_expr *e);
struct ast_expr *build_parens(struct build *b, struct token open, struct ast_expr *e);
struct ast_expr *build_literal(struct build *b, struct token t);
struct ast_expr *build_text(struct build *b, struct token at, struct text value);
struct ast_expr *build_time_literal(struct build *b, struct token word, struct token text);
struct ast_expr *build_interval(struct build *b, struct token word, struct token text,
                                const struct token *from, const struct token *to);
struct ast_expr *build_parameter(struct build *b, struct token t);
struct ast_expr *build_column(struct build *b, struct token name);
struct ast_expr *build_dot(struct build *b, struct ast_expr *e, struct token name);
struct ast_expr *build_index(struct build *b, struct ast_expr *e, struct ast_exprs parts);
struct ast_expr *build_row(struct build *b, struct token open, struct ast_expr *first,
                           struct ast_exprs rest);
struct ast_expr *build_subquery(struct build *b, struct token open, struct ast_select *s);
struct ast_expr *build_exists(struct build *b, struct token word, struct ast_select *s);
struct ast_expr *build_cast(struct build *b, struct token word, struct ast_expr *e,
                            struct ast_type *type);
struct ast_expr *build_binary(struct build *b, enum ast_binary_op op, struct token at,
                              struct ast_expr *left, struct ast_expr *right);
struct ast_expr *build_operator(struct build *b, struct token op, struct ast_expr *left,
                                struct ast_expr *right);
struct ast_expr *build_is_like(struct build *b, enum ast_binary_op op, struct token at,
                               struct ast_expr *left, struct ast_expr *right);
struct ast_expr *build_unary(struct build *b, enum ast_unary_op op, struct token at,
                             struct ast_expr *e);
struct ast_expr *build_postfix(struct build *b, enum ast_unary_op op, struct token at,
                               struct ast_expr *e);
struct ast_expr *build_collate(struct build *b, struct ast_expr *e, struct token at,
                               struct token name);
struct ast_expr *build_like(struct build *b, struct token op, struct ast_expr *left,
                            struct ast_expr *right, struct ast_expr *escape);
struct ast_expr *build_between(struct build *b, struct token at, struct ast_expr *e,
                               struct ast_expr *low, struct ast_expr *high);
struct ast_expr *build_in_list(struct build *b, struct token at, struct ast_expr *e,
                               struct ast_exprs list);
struct ast_expr *build_in_select(struct build *b, struct token at, struct ast_expr *e,
                                 struct ast_select *s);
struct ast_expr *build_in_table(struct build *b, struct token at, struct ast_expr *e,
                                struct token name);
struct ast_expr *build_case(struct build *b, struct token word, struct ast_expr *of,
                            struct ast_expr *when, struct ast_expr *then);
struct ast_expr *build_when(struct build *b, struct ast_expr *c, struct ast_expr *when,
                            struct ast_expr *then);
struct ast_expr *build_case_end(struct build *b, struct ast_expr *c, struct ast_expr *otherwise);

/* ---- calls ---- */

/* FROM x [FOR y] */
struct build_span {
    struct ast_expr *from, *length; /* length NULL: without FOR */
};

struct ast_expr *build_call(struct build *b, struct token name, struct ast_args args);
struct ast_expr *build_call_star(struct build *b, struct token name);
struct ast_expr *build_call_order(struct build *b, struct ast_expr *c, struct ast_orders order);
struct ast_expr *build_call_distinct(struct build *b, struct ast_expr *c);
struct ast_expr *build_call_tail(struct build *b, struct ast_expr *c, struct ast_orders within,
                                 struct ast_expr *filter, struct ast_window *over);
struct ast_exprs build_three(struct build *b, struct ast_expr *x, struct ast_expr *y,
                             struct ast_expr *z);
struct ast_expr *build_call_from(struct build *b, struct token name, struct ast_expr *x,
                                 struct build_span span);
struct ast_expr *build_call_placing(struct build *b, struct token name, struct ast_exprs parts,
                                    struct build_span span);
struct ast_expr *build_call_trim(struct build *b, struct token name, struct token side,
                                 struct ast_expr *what, struct ast_expr *from);
struct ast_expr *build_call_to(struct build *b, struct token name, struct ast_expr *e,
                               struct token unit);
struct ast_expr *build_call_position(struct build *b, struct token name, struct ast_expr *what,
                                     struct ast_expr *in);
struct ast_args build_args(struct build *b, struct ast_args list, const struct ast_arg *arg);
struct ast_arg *build_arg(struct build *b, struct ast_expr *e);
struct ast_arg *build_arg_name(struct build *b, struct token name, struct ast_arg *arg);
struct ast_arg *build_arg_model(struct build *b, struct token word, struct token name);
struct ast_arg *build_arg_table(struct build *b, struct token first, struct token name,
                                struct ast_options hint);
struct ast_arg *build_arg_select(struct build *b, struct token word, struct ast_select *s);
struct ast_arg *build_arg_partition(struct build *b, struct ast_arg *arg, struct ast_expr *by);
struct ast_arg *build_arg_order(struct build *b, struct ast_arg *arg, struct ast_expr *by,
                                struct token direction, struct token nulls);
struct ast_orders build_orders(struct build *b, struct ast_orders list, struct ast_expr *e,
                               struct token direction, struct token nulls);
struct ast_window *build_window(struct build *b, const struct token *base,
                                struct ast_exprs partition_by, struct ast_orders order_by);
struct ast_window *build_window_named(struct build *b, struct token name);
struct ast_window *build_frame(struct build *b, struct ast_window *w, struct token unit,
                               struct ast_bound from, struct ast_bound to);
struct ast_bound build_bound(struct build *b, struct ast_expr *e, struct token word);

#endif
