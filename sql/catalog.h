/* catalog.h: the objects that DDL made, by name.
 *
 * Names are one whatever their case. An object keeps its own DDL text: the catalog can be written
 * as that text, in order, and read again by running it. What uses an object is recorded, so that a
 * DROP can be refused (2BP01).
 *
 * Lifetime: an object lives in its own arena from catalog_add() until catalog_drop() or
 * catalog_destroy().
 *
 * Used by: sql, clients.    Tested by: tests/unit/sql/catalog_test.c
 */
#ifndef SQL_CATALOG_H
#define SQL_CATALOG_H

#include "engine/base/arena.h"
#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/stream_def.h"

#define OBJECT_LIST(X)                                                                             \
    X(STREAM, "stream", "STREAM")                                                                  \
    X(TABLE, "table", "TABLE")                                                                     \
    X(VIEW, "view", "VIEW")                                                                        \
    X(MATERIALIZED_VIEW, "materialized view", "MATERIALIZED VIEW")                                 \
    X(QUERY, "query", "QUERY")                                                                     \
    X(MODEL, "model", "MODEL")                                                                     \
    X(FUNCTION, "function", "FUNCTION")

#define X(ID, word, sql) OBJECT_##ID,
enum object_kind { OBJECT_LIST(X) OBJECT_COUNT };
#undef X

/* "stream", "materialized view": for messages and SHOW. */
const char *object_kind_word(enum object_kind kind);
/* "STREAM", "MATERIALIZED VIEW": as a statement has it. */
const char *object_kind_sql(enum object_kind kind);

struct ast_select;
struct ast_create_function;
struct shared_model;

struct object {
    enum object_kind kind;
    uint32_t id;         /* in a data directory; 0: it is in none */
    bool kept;           /* made by an earlier run; no statement of this one asked for it yet */
    struct arena *arena; /* holds all below */
    struct text name;    /* as first spelt */
    struct text ddl;     /* the statement that made it, as written */
    struct text ddl_key; /* the same by tokens: equal when only spaces and comments differ */
    const struct stream_def *def;               /* STREAM, TABLE, MATERIALIZED_VIEW */
    const struct stream_def *numbered;          /* stored: with the id of each row; else NULL */
    const struct schema *schema;                /* of its rows; NULL: QUERY, MODEL, FUNCTION */
    const struct ast_select *select;            /* VIEW: parsed from ddl */
    const struct ast_create_function *function; /* FUNCTION: with a body in SQL; else NULL */
    struct shared_model *model;                 /* MODEL; NULL: it was only checked */
    uint32_t view_cols;                         /* VIEW v(a, b): 0 when not given */
    const struct text *view_col;
    uint32_t uses; /* objects that it reads or writes */
    struct object *const *use;
    void *extra;         /* clients': the running query, the kept rows */
    struct object *next; /* in order of creation */
};

struct catalog;

struct catalog *catalog_create(void) MUST_USE; /* NULL: no memory */
void catalog_destroy(struct catalog *c);       /* accepts NULL */

/* The object called so, or NULL. Functions have names of their own: kind OBJECT_FUNCTION is
 * looked up only by catalog_find_function(). */
struct object *catalog_find(const struct catalog *c, struct text name);
struct object *catalog_find_function(const struct catalog *c, struct text name);

/* Hints at the known name of `kind` (OBJECT_COUNT: any but a function) nearest to a misspelt one;
 * false: none is near. */
bool catalog_hint(const struct catalog *c, struct text name, enum object_kind kind, struct err *e);

/* A new empty object with its arena, to be filled in; NULL: no memory. */
struct object *object_create(enum object_kind kind, struct text name, struct err *e) MUST_USE;
void object_destroy(struct object *o); /* one that was not added; accepts NULL */

/* Takes the object. 42P07 where the name is taken. */
bool catalog_add(struct catalog *c, struct object *o, struct err *e) MUST_USE;

/* 2BP01 naming the user while another object uses it. */
bool catalog_may_drop(const struct catalog *c, const struct object *o, struct err *e) MUST_USE;
void catalog_drop(struct catalog *c, struct object *o);

struct object *catalog_first(const struct catalog *c); /* in order of creation; then ->next */

#endif
