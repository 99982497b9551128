/* ast_expr.h: the tree of an expression, as it was written: names are text, nothing is looked up.
 *
 * start .. end is the slice of the statement's text that the node was written as (the default name
 * of a result column), parentheses around it included; `at` is where an error about it points: an
 * operator, the name of a function. No tree is higher than AST_HEIGHT_MAX, selects inside
 * included, so recursive walks are bounded. Parentheses leave no node, only `parens`.
 *
 * Special forms of calls have become ordinary calls; units and the like are text literals, lower
 * case and singular:
 *     EXTRACT(unit FROM x)               extract('unit', x)
 *     CEIL(x TO unit), FLOOR(x TO unit)  ceil(x, 'unit'), floor(x, 'unit')
 *     TIMESTAMPDIFF(unit, a, b), ..ADD   timestampdiff('unit', a, b)
 *     TRIM([BOTH|LEADING|TRAILING] [y] FROM x)   trim|ltrim|rtrim(x [, y])
 *     SUBSTRING(x FROM n [FOR m])        substring(x, n [, m])
 *     POSITION(a IN b)                   position(a, b)
 *     CURRENT_TIMESTAMP, CURRENT_DATE, CURRENT_TIME, LOCALTIMESTAMP, LOCALTIME   calls of no args
 *
 * Used by: ast_select.h, ast.h, the binder.    Tested by: tests/unit/sql/parse_test.c
 */
#ifndef SQL_AST_EXPR_H
#define SQL_AST_EXPR_H

#include "sql/ast_word.h"

struct ast_select;
struct ast_options;
struct ast_expr;

struct ast_exprs {
    struct ast_expr **at;
    uint32_t count;
};

struct ast_order {
    struct ast_expr *expr;
    bool descending;
    bool nulls_given; /* else SQLite's: NULLs first ascending, last descending */
    bool nulls_first; /* what holds, given or not */
};

struct ast_orders {
    struct ast_order *at;
    uint32_t count;
};

enum ast_arg_kind { AST_ARG_EXPR, AST_ARG_TABLE, AST_ARG_MODEL, AST_ARG_DESCRIPTOR };

struct ast_arg {
    struct ast_name name; /* of DATA => ..; none when positional */
    enum ast_arg_kind kind;
    uint32_t start, end;           /* the slice of it, without its name */
    struct ast_expr *expr;         /* EXPR; a bare name (TUMBLE(bid, ts, ..)) is a COLUMN */
    struct ast_name object;        /* TABLE t, MODEL m */
    struct ast_select *select;     /* TABLE (SELECT ..); else NULL */
    struct ast_options *options;   /* of a hint behind a name; NULL: none */
    struct ast_exprs partition_by; /* TABLE t PARTITION BY .. */
    struct ast_orders order_by;    /* TABLE t .. ORDER BY .. */
    struct ast_names columns;      /* DESCRIPTOR(a, b) */
};

struct ast_args {
    struct ast_arg *at;
    uint32_t count;
};

enum ast_frame_unit { AST_FRAME_NONE, AST_FRAME_ROWS, AST_FRAME_RANGE, AST_FRAME_GROUPS };

enum ast_bound_kind {
    AST_UNBOUNDED_PRECEDING,
    AST_PRECEDING,
    AST_CURRENT_ROW,
    AST_FOLLOWING,
    AST_UNBOUNDED_FOLLOWING,
};

struct ast_bound {
    enum ast_bound_kind kind;
    struct ast_expr *expr; /* of n PRECEDING, n FOLLOWING; else NULL */
};

/* OVER w, OVER (..), WINDOW w AS (..). */
struct ast_window {
    struct ast_name name; /* of WINDOW name AS; else none */
    struct ast_name base; /* OVER base, OVER (base ..); else none */
    struct ast_exprs partition_by;
    struct ast_orders order_by;
    enum ast_frame_unit unit;
    struct ast_bound from, to; /* `to` is CURRENT ROW when BETWEEN was not written */
};

struct ast_call {
    struct ast_name name;
    struct ast_args args;
    bool star; /* f(*) */
    bool distinct;
    struct ast_orders order_by; /* f(x ORDER BY ..), WITHIN GROUP (ORDER BY ..) */
    struct ast_expr *filter;    /* FILTER (WHERE ..); else NULL */
    struct ast_window *over;    /* else NULL */
};

/* One row per kind of expression:  name, member of `as`, its type */
#define AST_EXPR_LIST(X)                                                                           \
    X(LITERAL, literal, struct ast_literal)                                                        \
    X(PARAMETER, parameter, uint32_t)    /* ?n, counted from 1 */                                  \
    X(COLUMN, column, struct ast_names)  /* a, t.a, r.a.b: what is what, the binder says */        \
    X(FIELD, field, struct ast_field_of) /* (expr).name */                                         \
    X(INDEX, index, struct ast_pair)     /* left[right] */                                         \
    X(UNARY, unary, struct ast_unary)                                                              \
    X(BINARY, binary, struct ast_binary)                                                           \
    X(LIKE, like, struct ast_like)                                                                 \
    X(BETWEEN, between, struct ast_between)                                                        \
    X(IN, in, struct ast_in)                                                                       \
    X(EXISTS, exists, struct ast_select *)                                                         \
    X(SELECT, select, struct ast_select *) /* (SELECT ..) as a value */                            \
    X(CASE, cases, struct ast_case)                                                                \
    X(CAST, cast, struct ast_cast)                                                                 \
    X(CALL, call, struct ast_call *)                                                               \
    X(ROW, row, struct ast_exprs)     /* ROW(a, b), (a, b) */                                      \
    X(ARRAY, array, struct ast_exprs) /* ARRAY[a, b] */                                            \
    X(MAP, map, struct ast_exprs)     /* MAP[k, v, k, v]: an even count */                         \
    X(COLLATE, collate, struct ast_field_of)

struct ast_literal {
    enum ast_literal_kind kind;
    struct text text;
    int64_t integer;
};

struct ast_field_of {
    struct ast_expr *expr;
    struct ast_name name;
};

struct ast_pair {
    struct ast_expr *left, *right;
};

struct ast_unary {
    enum ast_unary_op op;
    struct ast_expr *expr;
};

struct ast_binary {
    enum ast_binary_op op;
    struct ast_expr *left, *right;
};

struct ast_like {
    enum ast_like_op op;
    bool negated;
    struct ast_expr *left, *right;
    struct ast_expr *escape; /* else NULL */
};

struct ast_between {
    bool negated;
    struct ast_expr *expr, *low, *high;
};

struct ast_in {
    bool negated;
    struct ast_expr *expr;
    struct ast_exprs list;     /* IN (a, b), may be empty */
    struct ast_select *select; /* IN (SELECT ..), IN t; else NULL */
};

struct ast_when {
    struct ast_expr *when, *then;
};

struct ast_case {
    struct ast_expr *of; /* CASE of WHEN ..; else NULL */
    struct ast_when *when;
    uint32_t whens;
    struct ast_expr *otherwise; /* ELSE; NULL: NULL */
};

struct ast_cast {
    struct ast_expr *expr;
    struct ast_type *type;
    bool attempt; /* TRY_CAST */
};

#define X(ID, member, ctype) AST_EXPR_##ID,
enum ast_expr_kind { AST_EXPR_LIST(X) AST_EXPR_COUNT };
#undef X

struct ast_expr {
    enum ast_expr_kind kind;
    uint32_t start, end, at;
    uint16_t height;
    bool parens; /* written in parentheses */
    union {
#define X(ID, member, ctype) ctype member;
        AST_EXPR_LIST(X)
#undef X
    } as;
};

#endif
