/* ast.h: the tree of a statement, as it was written: what the parser gives and the binder takes.
 *
 * Every node and every text it holds lives in the arena given to sql_parse_next(); positions are
 * byte offsets in source->text, from which source_error() makes a line and a column.
 *
 * Used by: the binder, unparse, clients.    Tested by: tests/unit/sql/parse_test.c
 */
#ifndef SQL_AST_H
#define SQL_AST_H

#include "sql/ast_ddl.h"
#include "sql/source.h"

/* One row per kind of statement:  name, member of `as`, its type */
#define AST_STATEMENT_LIST(X)                                                                      \
    X(SELECT, select, struct ast_select *)                                                         \
    X(CREATE_STREAM, create_stream, struct ast_create_stream) /* and TABLE */                      \
    X(CREATE_VIEW, create_view, struct ast_create_view)                                            \
    X(CREATE_QUERY, create_query, struct ast_create_query)                                         \
    X(CREATE_MODEL, create_model, struct ast_create_model)                                         \
    X(CREATE_FUNCTION, create_function, struct ast_create_function)                                \
    X(DROP, drop, struct ast_drop)                                                                 \
    X(INSERT, insert, struct ast_insert)                                                           \
    X(UPDATE, update, struct ast_update)                                                           \
    X(DELETE, delete_from, struct ast_delete)                                                      \
    X(SHOW, show, struct ast_show)                                                                 \
    X(DESCRIBE, describe, struct ast_describe)                                                     \
    X(EXPLAIN, explain, struct ast_explain)                                                        \
    X(SET, set, struct ast_set) /* SET and RESET */                                                \
    X(DEFINE, define, struct ast_set)                                                              \
    X(EXPORT, export_model, struct ast_export)                                                     \
    X(CHECKPOINT, nothing, bool)                                                                   \
    X(REPLAY, replay, struct ast_replay)                                                           \
    X(LOAD, load, struct text)        /* the path */                                               \
    X(REFUSED, refused, const char *) /* GRANT, BEGIN ..: the sentence of its 0A000 */

struct ast_assignment {
    struct ast_name column;
    struct ast_expr *value;
};

struct ast_update {
    const struct source *source;
    struct ast_name target;
    struct ast_assignment *set; /* [sets] */
    uint32_t sets;
    struct ast_expr *where; /* else NULL */
};

struct ast_delete {
    const struct source *source;
    struct ast_name target;
    struct ast_expr *where; /* else NULL */
};

enum ast_show_kind {
    AST_SHOW_STREAMS,
    AST_SHOW_TABLES,
    AST_SHOW_VIEWS,
    AST_SHOW_QUERIES,
    AST_SHOW_FUNCTIONS,
    AST_SHOW_MODELS,
    AST_SHOW_CONNECTORS,
    AST_SHOW_USERS,
    AST_SHOW_ALL,     /* settings */
    AST_SHOW_SETTING, /* SHOW name */
    AST_SHOW_CREATE,  /* SHOW CREATE [TABLE ..] name */
};

struct ast_show {
    enum ast_show_kind kind;
    enum ast_object object; /* of CREATE; ANY when no kind was written */
    struct ast_name name;   /* of CREATE and SETTING */
    struct text like;       /* SHOW .. LIKE 'pattern'; at NULL: none */
};

struct ast_describe {
    enum ast_object object; /* ANY when no kind was written */
    struct ast_name name;
};

struct ast_explain {
    bool analyze;
    struct ast_statement *statement;
};

/* SET name = value, RESET name, DEFINE [IF NOT EXISTS] name = value. */
struct ast_set {
    bool reset, if_not_exists;
    struct ast_name name; /* dotted names in one; none: SET alone, RESET alone */
    struct text value;    /* as text, whatever literal or word it was */
    uint32_t value_at;
};

struct ast_export {
    struct ast_name model;
    struct text path;
    uint32_t path_at;
};

struct ast_replay {
    struct ast_name query;
    struct ast_expr *from_lsn, *to_lsn; /* integers; NULL: not said */
};

#define X(ID, member, ctype) AST_##ID##_STATEMENT,
enum ast_statement_kind { AST_STATEMENT_LIST(X) AST_STATEMENT_COUNT };
#undef X

/* start .. end is the statement's slice of source->text, without the ';'. */
struct ast_statement {
    enum ast_statement_kind kind;
    uint32_t start, end;
    uint32_t params; /* the largest n of its ?n */
    const struct source *source;
    union {
#define X(ID, member, ctype) ctype member;
        AST_STATEMENT_LIST(X)
#undef X
    } as;
};

#endif
