/* ast_ddl.h: the trees of CREATE and DROP, and of the INSERT that CREATE QUERY holds.
 *
 * Used by: ast.h, the binder.    Tested by: tests/unit/sql/parse_test.c
 */
#ifndef SQL_AST_DDL_H
#define SQL_AST_DDL_H

#include "sql/ast_select.h"

enum ast_object {
    AST_OBJECT_STREAM,
    AST_OBJECT_TABLE,
    AST_OBJECT_VIEW,
    AST_OBJECT_MATERIALIZED_VIEW,
    AST_OBJECT_QUERY,
    AST_OBJECT_MODEL,
    AST_OBJECT_FUNCTION,
    AST_OBJECT_ANY, /* DESCRIBE x: whatever it is */
};

/* What CREATE says before the object's own part. */
struct ast_create {
    struct ast_name name;
    bool or_replace;
    bool if_not_exists;
    bool temporary;
};

/* What a PRIMARY KEY says of itself. */
enum ast_enforced { AST_ENFORCED_UNSAID, AST_ENFORCED, AST_NOT_ENFORCED };

struct ast_column {
    struct ast_name name;
    struct ast_type *type;     /* NULL: computed */
    struct ast_expr *computed; /* c AS expr; else NULL */
    bool not_null;
    bool primary_key;
    enum ast_enforced enforced; /* of it */
    struct text comment;
};

struct ast_columns {
    struct ast_column *at;
    uint32_t count;
};

struct ast_create_stream { /* and TABLE */
    const struct source *source;
    struct ast_create create;
    enum ast_object object; /* STREAM or TABLE, as written */
    struct ast_columns columns;
    struct ast_names primary_key; /* of PRIMARY KEY (a, b) */
    enum ast_enforced enforced;   /* of that */
    struct ast_names watermark;   /* WATERMARK FOR r.ts AS expr; else none */
    struct ast_expr *watermark_expr;
    struct ast_names partitioned_by;
    struct ast_options options;
    struct ast_name like; /* LIKE other; else none */
    struct text comment;
};

struct ast_create_view {
    const struct source *source;
    struct ast_create create;
    bool materialized;
    struct ast_names columns;
    struct ast_options options;
    struct ast_select *select;
    struct text comment;
};

struct ast_insert {
    const struct source *source;
    struct ast_name target;
    bool model; /* INSERT INTO MODEL */
    bool or_replace;
    struct ast_names columns;
    struct ast_options options; /* of a hint on the target */
    struct ast_select *select;  /* VALUES is a core of it */
};

struct ast_create_query {
    struct ast_create create;
    struct ast_insert insert;
};

struct ast_create_model {
    const struct source *source;
    struct ast_create create;
    struct ast_columns inputs, outputs;
    struct ast_options options;
    uint32_t inputs_at, outputs_at; /* of the words INPUT and OUTPUT; 0: not written */
    struct text comment;
};

enum ast_language { AST_LANGUAGE_SQL, AST_LANGUAGE_C, AST_LANGUAGE_CLIENT, AST_LANGUAGE_JAVA };
enum ast_volatility { AST_VOLATILITY_NONE, AST_VOLATILE, AST_STABLE, AST_IMMUTABLE };

struct ast_create_function {
    const struct source *source;
    struct ast_create create;
    bool system;
    enum ast_language language; /* JAVA: also SCALA and PYTHON, and AS 'x' alone */
    bool language_given;
    bool args_given;          /* (..), be it empty */
    struct ast_columns args;  /* names may be none */
    struct ast_type *returns; /* NULL: not said */
    struct ast_expr *body;    /* SQL; else NULL */
    struct text library;      /* C: AS 'library', 'symbol'; JAVA: the class */
    struct text symbol;
    enum ast_volatility volatility;
    bool strict;
    bool isolated;
    struct ast_expr *cost; /* a number; else NULL */
};

struct ast_drop {
    enum ast_object object;
    struct ast_name name;
    bool if_exists;
    bool temporary;
};

#endif
