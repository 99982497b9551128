/* ast_select.h: the tree of a query, as it was written.
 *
 * A select is one or more cores joined by UNION and its like, left to right, and what holds for
 * the whole: WITH in front, ORDER BY, LIMIT and EMIT behind. FROM is a flat list: source i is
 * joined to all before it. INNER JOINs written in parentheses are a source of kind GROUP.
 *
 * Used by: ast.h, the binder.    Tested by: tests/unit/sql/parse_test.c
 */
#ifndef SQL_AST_SELECT_H
#define SQL_AST_SELECT_H

#include "sql/ast_expr.h"
#include "sql/source.h"

/* 'key' = 'value' of WITH (..) and OPTIONS(..). */
struct ast_option {
    struct text key, value;
    uint32_t key_at, value_at;
};

struct ast_options {
    struct ast_option *at;
    uint32_t count;
};

enum ast_join {
    AST_JOIN_FIRST, /* the first source of a FROM */
    AST_JOIN_COMMA,
    AST_JOIN_INNER,
    AST_JOIN_CROSS,
    AST_JOIN_LEFT,
    AST_JOIN_RIGHT,
    AST_JOIN_FULL,
};

/* One row per kind of source:  name, what it is, which fields it uses */
#define AST_SOURCE_LIST(X)                                                                         \
    X(NAME)     /* t [hint] [FOR SYSTEM_TIME AS OF ..]: name, options, as_of */                    \
    X(SNAPSHOT) /* TABLE(t): name; what it holds now */                                            \
    X(SELECT)   /* (SELECT ..), (VALUES ..): select */                                             \
    X(CALL)     /* TABLE(f(..)), f(..): call */                                                    \
    X(UNNEST)   /* UNNEST(x) [WITH ORDINALITY]: args, ordinality */                                \
    X(GROUP)    /* (a JOIN b ..): from */

#define X(ID) AST_SOURCE_##ID,
enum ast_source_kind { AST_SOURCE_LIST(X) AST_SOURCE_COUNT };
#undef X

struct ast_from {
    struct ast_source *at;
    uint32_t count;
};

struct ast_source {
    enum ast_source_kind kind;
    uint32_t start, end, at; /* at: the name */
    enum ast_join join;      /* to the sources before */
    uint32_t join_at;        /* of the word JOIN or the comma */
    uint32_t height;
    bool natural;
    bool lateral;
    bool ordinality;
    bool match;               /* MATCH_RECOGNIZE (..) behind it; what stands inside is not kept */
    struct ast_expr *on;      /* else NULL */
    struct ast_names using;   /* USING (a, b) */
    struct ast_name alias;    /* else none */
    struct ast_names columns; /* AS d(a, b) */
    struct ast_name name;
    struct ast_options options; /* of a hint */
    struct ast_expr *as_of;     /* else NULL */
    bool as_of_lsn;             /* AS OF LSN n; else a time */
    struct ast_select *select;
    struct ast_call *call;
    struct ast_exprs args;
    struct ast_from from;
};

enum ast_item_kind { AST_ITEM_EXPR, AST_ITEM_STAR, AST_ITEM_TABLE_STAR /* t.* */ };

struct ast_item {
    enum ast_item_kind kind;
    uint32_t at;
    struct ast_expr *expr;
    struct ast_name alias; /* else none: the name is the expression's slice */
    struct ast_name table; /* of t.* */
};

struct ast_items {
    struct ast_item *at;
    uint32_t count;
};

enum ast_compound {
    AST_COMPOUND_FIRST,
    AST_UNION,
    AST_UNION_ALL,
    AST_INTERSECT,
    AST_EXCEPT,
};

struct ast_windows {
    struct ast_window *at;
    uint32_t count;
};

/* SELECT .. or VALUES (..), (..). */
struct ast_core {
    uint32_t start, end;
    uint32_t height;
    enum ast_compound compound; /* with the core before it */
    uint32_t compound_at;
    bool distinct;
    struct ast_items items; /* empty: VALUES */
    struct ast_exprs *rows; /* [row_count] of VALUES, all of one length */
    uint32_t row_count;
    struct ast_from from;      /* may be empty */
    struct ast_expr *where;    /* else NULL; so having */
    struct ast_exprs group_by; /* may be empty */
    uint32_t group_at;         /* of the word GROUP */
    struct ast_expr *having;
    struct ast_windows windows;
};

struct ast_cores {
    struct ast_core *at;
    uint32_t count;
};

/* name [(columns)] AS (select) */
struct ast_cte {
    struct ast_name name;
    struct ast_names columns;
    struct ast_select *select;
};

struct ast_ctes {
    struct ast_cte *at;
    uint32_t count;
};

enum ast_emit { AST_EMIT_DEFAULT, AST_EMIT_CHANGES, AST_EMIT_FINAL };

struct ast_select {
    const struct source *source; /* what positions in it refer to */
    uint32_t start, end;
    uint32_t height;
    struct ast_ctes ctes;
    bool recursive;
    struct ast_cores cores; /* at least one */
    struct ast_orders order_by;
    struct ast_expr *limit;  /* LIMIT n, FETCH FIRST n ROWS ONLY; else NULL */
    struct ast_expr *offset; /* else NULL */
    enum ast_emit emit;
    uint32_t emit_at;
};

#endif
