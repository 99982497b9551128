/* session.h: one user's engine: a catalog, settings, running queries; executes statements.
 *
 * What `weir run`, the repl, and tests talk to. Statements run in order. INSERT INTO ... SELECT and
 * CREATE QUERY only join the background, which starts, all of it at once, when the script comes to
 * a SELECT or its end.
 *
 * Lifetime: session_create .. session_destroy; one thread.
 *
 * Used by: clients, tests.    Tested by: tests/cases
 */
#ifndef CLIENTS_SESSION_H
#define CLIENTS_SESSION_H

#include <signal.h>

#include "clients/error_print.h"
#include "engine/base/aggregate.h"
#include "engine/base/batch.h"
#include "engine/base/err.h"
#include "engine/base/file.h"
#include "engine/base/fn.h"
#include "engine/base/text.h"

struct model_type;
struct session;

/* Who shows what statements give. Results of one statement: begin, rows ..., end. */
struct session_output {
    void *context;
    /* A result follows; `changes`: its rows carry change kinds. `live`: it may never end. */
    bool (*begin)(void *context, const struct schema *schema, bool changes, bool live,
                  struct err *e);
    bool (*rows)(void *context, const struct batch *b, struct err *e);
    bool (*end)(void *context, uint64_t rows, struct err *e);
    void (*notice)(void *context, const char *sentence);      /* "NOTICE: ..." without the word */
    void (*command)(void *context, const char *tag);          /* "CREATE STREAM", in the repl */
    void (*progress)(void *context, const struct session *s); /* five times a second; or NULL */
};

struct session_options {
    struct file_system *fs;
    int stdin_fd, stdout_fd, stderr_fd;
    int64_t (*clock_us)(void);
    const volatile sig_atomic_t *stop; /* non-zero: end what runs; may be NULL */
    bool interactive;                  /* the repl: what is background starts at once */
    const struct fn_table *fn;         /* [fns] the functions of the language */
    uint32_t fns;
    const struct agg_table *agg; /* [aggs] */
    uint32_t aggs;
    const struct model_type *const *models; /* providers; the last is NULL; NULL: none */
};

struct session *session_create(const struct session_options *o, const struct session_output *out,
                               struct err *e) MUST_USE;

/* Before the first statement: everything lives in this directory, and what is there is gone on
 * with. Closing writes what changed since, and the record after which nothing is torn; a session
 * that is destroyed closes, too, and tells nobody. */
bool session_open_data(struct session *s, const char *directory, struct err *e) MUST_USE;
bool session_close_data(struct session *s, struct err *e) MUST_USE;

/* SET name = value, as --set does; 22023 with a hint. */
bool session_set(struct session *s, struct text name, struct text value, struct err *e) MUST_USE;
/* DEFINE name = 'value', as --define does. */
bool session_define(struct session *s, struct text name, struct text value, struct err *e) MUST_USE;

/* The statements of `script` (which outlives their execution) come next. */
void session_start(struct session *s, const struct script *script);

/* Executes the next statement. *more_out false: there was none. false: *e; the next call goes on
 * behind the wrong statement. */
bool session_step(struct session *s, bool *more_out, struct err *e) MUST_USE;

/* As session_step, but only parses, binds and plans, so that the catalog knows what DDL makes. */
bool session_check(struct session *s, bool *more_out, struct err *e) MUST_USE;

/* Runs the background until all of it has ended (the script's end). false: a query failed; of the
 * next one that did session_next_failure() tells. */
bool session_finish(struct session *s, struct err *e) MUST_USE;
/* false: there is no failure that was not told. */
bool session_next_failure(struct session *s, struct err *e) MUST_USE;

/* Notices about rows that were lost (bad, late, refused) and that nobody has been told of. */
void session_tell_news(struct session *s);

/* Runs the background for a short while, or until a byte can be read from `wake_fd`. For the repl,
 * while nobody types. */
void session_background(struct session *s, int wake_fd);

/* Sums over running queries, for the progress line. */
struct session_progress {
    uint64_t rows_in, rows_out;
    int64_t watermark_us;
};
void session_progress(const struct session *s, struct session_progress *out);

/* Open windows of all queries: what is dropped when the session ends now. */
uint64_t session_open_windows(const struct session *s);

/* Names that start with `prefix`, for completion: keywords, objects, columns. Called for each. */
void session_complete(const struct session *s, struct text prefix, void *context,
                      void (*each)(void *context, struct text name));

void session_destroy(struct session *s); /* accepts NULL */

#endif
