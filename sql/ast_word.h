/* ast_word.h: the small parts of a statement's tree: names, types as written, operators.
 *
 * Used by: ast_expr.h.    Tested by: tests/unit/sql/parse_test.c
 */
#ifndef SQL_AST_WORD_H
#define SQL_AST_WORD_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/text.h"

enum {
    AST_HEIGHT_MAX = 1000,      /* of expressions, selects and types together; past it 54000 */
    AST_PARAMETERS_MAX = 32766, /* ?n; this and the next two are SQLite's limits */
    AST_CORES_MAX = 500,        /* selects of one UNION and its like */
    AST_SOURCES_MAX = 64,       /* of one FROM */
};

/* A name as first spelt, quotes removed. `text.at` is NULL where there is none. */
struct ast_name {
    struct text text;
    uint32_t at;
    bool quoted;
};

struct ast_names {
    struct ast_name *at;
    uint32_t count;
};

/* A type as written; which names exist, the binder says.
 * DECIMAL(10,2): name and params. ROW<a T, ..>: name and fields. ARRAY<T>, MAP<K,V>: name and
 * fields without names. TIMESTAMP(3) WITH [LOCAL] TIME ZONE is named TIMESTAMP_LTZ. */
#define AST_PARAM_ANY UINT32_MAX /* a parameter written '*': TENSOR(3,*) */

struct ast_type {
    struct ast_name name;
    uint32_t *param; /* [params] */
    uint32_t params;
    struct ast_field *field; /* [fields] */
    uint32_t fields;
    uint32_t height;
    bool not_null;
};

struct ast_field {
    struct ast_name name; /* none for ARRAY and MAP */
    struct ast_type *type;
};

enum ast_literal_kind {
    AST_NULL,
    AST_BOOLEAN,   /* integer: 0 or 1 */
    AST_INTEGER,   /* text: decimal digits, or 0x..; range not judged */
    AST_DECIMAL,   /* text: digits with a point, no exponent */
    AST_DOUBLE,    /* text: with an exponent */
    AST_TEXT,      /* text: quotes removed */
    AST_BLOB,      /* text: the bytes of x'..' */
    AST_DATE,      /* text: of DATE '..', not judged; so the next two */
    AST_TIME,      /* TIME '..' */
    AST_TIMESTAMP, /* TIMESTAMP '..' */
    AST_INTERVAL,  /* integer: microseconds; text: of the string */
};

/*    name           as unparse prints it */
#define AST_UNARY_LIST(X)                                                                          \
    X(NOT, "NOT")                                                                                  \
    X(MINUS, "-")                                                                                  \
    X(PLUS, "+")                                                                                   \
    X(BIT_NOT, "~")                                                                                \
    X(IS_NULL, "IS NULL")                                                                          \
    X(IS_NOT_NULL, "IS NOT NULL")                                                                  \
    X(IS_TRUE, "IS TRUE")                                                                          \
    X(IS_NOT_TRUE, "IS NOT TRUE")                                                                  \
    X(IS_FALSE, "IS FALSE")                                                                        \
    X(IS_NOT_FALSE, "IS NOT FALSE")

/* IS and IS NOT compare so that NULL equals NULL; IS NOT DISTINCT FROM is IS, IS DISTINCT FROM
 * is IS_NOT. */
#define AST_BINARY_LIST(X)                                                                         \
    X(OR, "OR")                                                                                    \
    X(AND, "AND")                                                                                  \
    X(EQ, "=")                                                                                     \
    X(NE, "<>")                                                                                    \
    X(IS, "IS")                                                                                    \
    X(IS_NOT, "IS NOT")                                                                            \
    X(LT, "<")                                                                                     \
    X(LE, "<=")                                                                                    \
    X(GT, ">")                                                                                     \
    X(GE, ">=")                                                                                    \
    X(BIT_AND, "&")                                                                                \
    X(BIT_OR, "|")                                                                                 \
    X(SHIFT_LEFT, "<<")                                                                            \
    X(SHIFT_RIGHT, ">>")                                                                           \
    X(ADD, "+")                                                                                    \
    X(SUBTRACT, "-")                                                                               \
    X(MULTIPLY, "*")                                                                               \
    X(DIVIDE, "/")                                                                                 \
    X(REMAINDER, "%")                                                                              \
    X(CONCAT, "||")                                                                                \
    X(ARROW, "->")                                                                                 \
    X(ARROW_TEXT, "->>")

/* Operators that NOT may negate and ESCAPE may follow. */
#define AST_LIKE_LIST(X)                                                                           \
    X(LIKE, "LIKE")                                                                                \
    X(GLOB, "GLOB")                                                                                \
    X(REGEXP, "REGEXP")                                                                            \
    X(MATCH, "MATCH")

#define X(ID, sql) AST_##ID,
enum ast_unary_op { AST_UNARY_LIST(X) AST_UNARY_COUNT };
enum ast_binary_op { AST_BINARY_LIST(X) AST_BINARY_COUNT };
enum ast_like_op { AST_LIKE_LIST(X) AST_LIKE_COUNT };
#undef X

#endif
