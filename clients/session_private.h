/* session_private.h: what the files of the session share.
 *
 * Used by: clients/session*.c only.
 */
#ifndef CLIENTS_SESSION_PRIVATE_H
#define CLIENTS_SESSION_PRIVATE_H

#include "clients/session.h"
#include "clients/settings.h"
#include "engine/edge/runner.h"
#include "sql/bind.h"
#include "sql/parse.h"

struct durable;

struct session {
    struct session_options options;
    struct session_output output;
    struct arena arena; /* defines */
    struct defines defines;
    struct settings settings;
    struct edge_env edge;
    struct fd_buffer out, err; /* of `edge` */
    struct catalog *catalog;
    struct runner *runner;
    const struct script *script;
    struct sql_script parse;     /* how far `script` has been read */
    struct arena statement;      /* of the statement being executed */
    bool checking;               /* session_check: nothing is opened, nothing runs */
    const struct job *selecting; /* the SELECT that runs now; NULL: none */
    uint64_t rows_in, rows_out;  /* of SELECTs that ended */
    uint64_t open_windows;       /* of one that was stopped */
    struct err lost;             /* of a query that failed and was dropped with what it used */
    bool said_no_end;            /* the NOTICE about a stream without end */
    struct durable *durable;     /* NULL: it lives in memory alone */
    bool quiet;                  /* what is executed was told before */
    char tag[80];                /* of the statement, until it is acknowledged */
};

/* object->extra of a QUERY or MATERIALIZED_VIEW; that of a STREAM or TABLE is its struct stream. */
struct running {
    struct object *object;
    struct bound_query bound; /* a view's target is itself */
    struct job *job;          /* NULL while checking */
    struct stream *errors;    /* holds its x$errors; of a view also its rows */
    bool told;                /* its failure */
    bool replaces;            /* INSERT OR REPLACE */
    bool unnamed;             /* of an INSERT, not of CREATE QUERY */
    uint64_t bad_told;        /* rows that it could not compute */
};

/* Executes statements that were executed before: nothing is said. */
bool session_again(struct session *s, struct text statements, struct err *e);
/* The object leaves the catalog. false: it could not be told, and stays. */
bool session_leave(struct session *s, struct object *o, struct err *e);

/* session_query.c */
struct sql_env session_env(struct session *s, const struct ast_statement *st);
bool session_select(struct session *s, const struct ast_statement *st, struct err *e);
bool session_insert(struct session *s, const struct ast_statement *st, struct err *e);
bool session_create_query(struct session *s, const struct ast_statement *st, struct err *e);
/* Tells what the binder noticed. */
void session_notice_bound(struct session *s, const struct bound_query *bound);
/* Which stream each input of a plan reads; NULL: no memory. */
struct stream **session_inputs(struct session *s, const struct bound_query *bound, struct arena *a);
struct query_options session_query_settings(const struct session *s);
/* Runs a job without a name to its end. */
bool session_run_job(struct session *s, const struct job_options *o, struct err *e);

/* session_wait.c */
bool session_run_until(struct session *s, const struct runner_until *how, struct err *e);
/* Runs the background until what the statement reads (`target`: or writes) is all that was to be
 * written to it before. */
bool session_settle(struct session *s, const struct bound_query *bound, bool target, struct err *e);
/* Runs the background until no query with inputs that end writes `o` any more. */
bool session_wait_for(struct session *s, const struct object *o, struct err *e);

/* session_table.c */
/* Is it a statement of its own: INSERT into a stored table (with a data directory also into a kept
 * stream) of what is there now? */
bool session_inserts_now(const struct session *s, const struct bound_query *bound);
bool session_insert_now(struct session *s, const struct ast_insert *i,
                        const struct bound_query *bound, struct err *e);
bool session_update(struct session *s, const struct ast_statement *st, struct err *e);
bool session_delete(struct session *s, const struct ast_statement *st, struct err *e);
bool session_create_materialized(struct session *s, const struct ast_statement *st, struct err *e);
/* Ends a query and forgets it. */
void session_stop_query(struct session *s, struct object *o);

/* For runner_run(): context is the session. */
void session_draw_progress(void *context);
void session_add_progress(struct session_progress *sum, const struct job *j);

/* session_explain.c */
bool session_explain(struct session *s, const struct ast_statement *st, struct err *e);
/* Where the rows of a stream or table are: a connector, or how they are kept. */
const char *session_place(const struct session *s, const struct stream_def *def);

/* session_ddl.c */
bool session_create_stream(struct session *s, const struct ast_statement *st, struct err *e);
bool session_create_view(struct session *s, const struct ast_statement *st, struct err *e);
bool session_create_function(struct session *s, const struct ast_statement *st, struct err *e);
bool session_drop(struct session *s, const struct ast_statement *st, struct err *e);
void session_forget(struct session *s, struct object *o); /* frees what `extra` holds */
/* True when the name is free or the statement may go on; *exists_out: IF NOT EXISTS found it. */
bool session_name_free(struct session *s, const struct ast_create *c, enum object_kind kind,
                       bool *exists_out, struct err *e);
/* Gives the object the statement's text and memory, and adds it. Takes `o`. */
bool session_add_object(struct session *s, struct object *o, const struct ast_statement *st,
                        struct err *e);

/* The options of a stored table or view; errors as connector_check's. */
bool session_check_stored(const struct session *s, const struct stream_def *def, struct err *e);
bool session_kinds_agree(enum ast_object wanted, enum object_kind kind);
const char *session_kind_word(enum ast_object kind);
/* Gives the object the statement's text. */
bool session_take_texts(struct object *o, const struct ast_statement *st, struct err *e);
/* Queries that have ended do not hold what they used: those of `o` go. */
void session_drop_ended(struct session *s, const struct object *o);

/* session_show.c */
/* SHOW .. LIKE 'pattern' as SQL's LIKE; without a pattern everything. */
bool session_like(struct text pattern, struct text name);
bool session_show(struct session *s, const struct ast_statement *st, struct err *e);
bool session_describe(struct session *s, const struct ast_statement *st, struct err *e);

/* The query that runs for an object; NULL: none. */
struct running *session_running(const struct object *o);
/* The runtime of what has rows; NULL for other objects. */
struct stream *session_stream(const struct object *o);
/* What holds the x$errors and x$late of a stream or query. */
struct stream *session_side(const struct object *o);

void session_notice(struct session *s, const char *format, ...) PRINTF_LIKE(2, 3);
void session_tag(struct session *s, const char *tag);

#endif
