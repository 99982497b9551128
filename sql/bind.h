/* bind.h: from trees of names to plans: names, types, functions, windows judged.
 *
 * Pure functions of the statement, the catalog and the tables of functions: no I/O, no clock.
 * Every error has its SQLSTATE, its place and, where a name is near, a hint.
 *
 * Lifetime: results live in the arena given; their names and texts point into the statement's tree,
 * which must live as long.
 *
 * Used by: clients.    Tested by: tests/unit/sql/bind_test.c, tests/cases
 */
#ifndef SQL_BIND_H
#define SQL_BIND_H

#include "engine/base/aggregate.h"
#include "engine/base/fn.h"
#include "engine/plan.h"
#include "sql/ast.h"
#include "sql/catalog.h"

/* What a statement is bound against. */
struct sql_env {
    struct catalog *catalog;
    const struct fn_table *fn; /* [fns] tables of udf/ */
    uint32_t fns;
    const struct agg_table *agg; /* [aggs] */
    uint32_t aggs;
    struct infer_settings infer; /* how its models are run */
    int64_t state_ttl_us;        /* 'state-ttl'; 0: nothing is forgotten */
    const struct source *source; /* of the statement: what its positions refer to */
    void *context;
    /* Does reading `def` with these hints end? false with *e filled: wrong options. */
    bool (*bounded)(void *context, const struct stream_def *def, const struct options *hint,
                    bool *bounded_out, struct err *e);
    /* May changes (retractions) be written to it? 0A000 with a hint where not. */
    bool (*takes_changes)(void *context, const struct stream_def *def, struct err *e);
    /* May `o` be read as it was then? 55000 where not. NULL: nothing may. */
    bool (*past)(void *context, const struct object *o, const struct plan_as_of *as_of,
                 struct err *e);
    /* The declaration of x$errors or x$late; NULL with *e: no such stream. */
    const struct stream_def *(*side_stream)(void *context, struct text name, struct err *e);
};

/* CREATE STREAM or TABLE: columns, computed columns, watermark, keys. */
bool bind_stream(const struct sql_env *env, const struct ast_create_stream *s, struct arena *a,
                 struct stream_def **out, struct err *e) MUST_USE;

/* What a bound query uses, besides its plan. */
struct bound_query {
    struct plan_query plan;
    uint32_t uses; /* streams, tables and views read, the target too */
    struct object **use;
    struct object *target; /* INSERT INTO it; NULL: a SELECT */
    const char *notice;    /* what it says is hardly what was meant; NULL: nothing */
};

/* A SELECT (views expanded, CTEs, compound selects ...) with its EMIT clause. */
bool bind_select(const struct sql_env *env, const struct ast_select *s, struct arena *a,
                 struct bound_query *out, struct err *e) MUST_USE;

/* INSERT INTO x SELECT or VALUES: the plan's rows have the columns that the target's bytes hold
 * (def->physical), converted; their NOT NULL stands in the root's schema and is the writer's to
 * check (23502) except where it is plain already. */
bool bind_insert(const struct sql_env *env, const struct ast_insert *s, struct arena *a,
                 struct bound_query *out, struct err *e) MUST_USE;

/* UPDATE and DELETE of a stored table: the rows are the id of each row that is meant and, of an
 * UPDATE, the columns that its bytes hold (def->physical) as they become. */
bool bind_update(const struct sql_env *env, const struct ast_update *s, struct arena *a,
                 struct bound_query *out, struct err *e) MUST_USE;
bool bind_delete(const struct sql_env *env, const struct ast_delete *s, struct arena *a,
                 struct bound_query *out, struct err *e) MUST_USE;

/* CREATE MATERIALIZED VIEW: its query, and the declaration of what it keeps. */
bool bind_materialized_view(const struct sql_env *env, const struct ast_create_view *s,
                            struct arena *a, struct bound_query *out, struct stream_def **def,
                            struct err *e) MUST_USE;

/* CREATE MODEL: columns declared and options, each given once; what they mean its provider says. */
bool bind_model(const struct sql_env *env, const struct ast_create_model *m, struct arena *a,
                struct model_definition *out, struct err *e) MUST_USE;

/* The i-th way of asking a model, as functions are listed; false: there are no more. */
struct model_form_text {
    const char *name, *sig, *doc;
};
bool bind_model_form(uint32_t i, struct model_form_text *out);

/* What a view or function is when it has been bound. */
struct bound_object {
    const struct schema *schema; /* of a view's rows; a function: NULL */
    uint32_t uses;               /* objects it is made of */
    struct object **use;
};

/* CREATE VIEW: its query binds. */
bool bind_view(const struct sql_env *env, const struct ast_create_view *s, struct arena *a,
               struct bound_object *out, struct err *e) MUST_USE;

/* CREATE FUNCTION .. AS expr: its body binds over its arguments and gives what it RETURNS. */
bool bind_function(const struct sql_env *env, const struct ast_create_function *s, struct arena *a,
                   struct bound_object *out, struct err *e) MUST_USE;

#endif
