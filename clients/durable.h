/* durable.h: what a session keeps in its data directory, and makes again from it.
 *
 * It alone knows which record of the log means what (durable_records.h). Statements are told to the
 * log before they are acknowledged; durable_open() executes what the directory holds: objects, then
 * their rows, then what no checkpoint covers.
 *
 * Every function does nothing, and succeeds, in a session without a data directory.
 *
 * Lifetime: durable_open .. durable_close, within the session.
 *
 * Uses: storage/store.h.    Used by: clients/session*.c.    Tested by: tests/data.sh, tests/kill.sh
 */
#ifndef CLIENTS_DURABLE_H
#define CLIENTS_DURABLE_H

#include "clients/session_private.h"

struct durable;

/* Opens the directory, made if it is not there, and executes what it holds. false: *e, and the
 * session is of no use. */
bool durable_open(struct session *s, const char *directory, struct err *e) MUST_USE;
/* All that the script began has ended: an INSERT of it is executed anew when it is met again.
 * Until then one that has ended is still known, so that a script that was cut short does nothing
 * twice. */
void durable_finished(struct session *s);
/* Writes what changed, and the closing record. */
bool durable_close(struct session *s, struct err *e) MUST_USE;

/* An object with name and text is about to join the catalog: gives it an id, tells it, and watches
 * its rows from now on. */
bool durable_create(struct session *s, struct object *o, struct err *e) MUST_USE;
/* It has other texts from now on, and is made anew by them (CREATE OR REPLACE). What was before is
 * covered by a checkpoint first. */
bool durable_replace(struct session *s, const struct object *o, struct err *e) MUST_USE;
/* It is about to leave. */
bool durable_drop(struct session *s, const struct object *o, struct err *e) MUST_USE;

/* *there_out: the statement made an object in an earlier run, by the same words, and has it now. */
bool durable_claim(struct session *s, const struct ast_statement *st, bool *there_out,
                   struct err *e) MUST_USE;
/* The name that a statement gave to its query when it was executed first; at NULL: it is executed
 * now. */
struct text durable_name(const struct session *s);

/* All that was told is as sure as 'durability' says: before a statement is acknowledged. */
bool durable_settle(struct session *s, struct err *e) MUST_USE;
/* Where the keyed state of its query is saved; NULL: nowhere. */
const struct state_journal *durable_journal(const struct session *s, const struct object *o);
/* What is appended to kept streams is a statement's now, and told at once. */
void durable_by_hand(struct session *s, bool by_hand);

/* Writes a checkpoint: what changed since the last one. Where nothing is on its way. */
bool durable_checkpoint(struct session *s, struct err *e) MUST_USE;
/* The same when one is due: for runner_run(); the context is a session with a directory. */
bool durable_between(void *context, struct err *e);

#endif
