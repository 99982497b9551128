/* durable_private.h: what the files of the data directory's side of a session share.
 *
 * Used by: clients/durable*.c
 */
#ifndef CLIENTS_DURABLE_PRIVATE_H
#define CLIENTS_DURABLE_PRIVATE_H

#include "clients/durable.h"
#include "clients/durable_records.h"
#include "storage/store.h"

/* A table or kept stream: who is told of its rows. */
struct watched {
    struct watched *next;
    struct durable *of;
    const struct object *object;
    struct buf unsaved;   /* changes that queries made since the newest checkpoint */
    uint64_t saved_bytes; /* of the items that hold its rows */
};

/* A fact that no checkpoint covers yet. */
struct told {
    uint32_t object;
    uint16_t section; /* of the item that it becomes */
    uint64_t lsn;
    uint32_t bytes;
};

struct durable {
    struct session *session;
    struct store *store;
    struct watched *watched;
    struct told *told; /* [tolds] in order */
    uint32_t tolds, told_capacity;
    uint32_t *dropped; /* [drops] objects that a checkpoint knows, and are gone */
    uint32_t drops, drop_capacity;
    uint32_t next_id;
    uint64_t lsn; /* of the last fact that was told; LOG_LSN_NONE: none */
    bool replaying;
    uint32_t replayed_id;
    struct text replayed_name;
};

/* durable.c: the next checkpoint drops what is kept of an object. */
bool durable_forget(struct durable *d, uint32_t id, struct err *e) MUST_USE;
/* Notes a fact for the next checkpoint. */
bool durable_note(struct durable *d, const struct told *t, struct err *e) MUST_USE;
struct watched *durable_watched(struct durable *d, uint32_t id);

/* durable_rows.c: from now on told of the rows of `o`. NULL: no memory, or it has none to keep. */
bool durable_watch(struct durable *d, const struct object *o, struct err *e) MUST_USE;
void durable_unwatch(struct durable *d, uint32_t id);
/* What such a record, or item, says is done again. */
bool durable_rows_again(struct durable *d, const struct watched *w, struct text body,
                        struct err *e) MUST_USE;
/* After all of it. */
bool durable_rows_loaded(struct durable *d, struct err *e) MUST_USE;
/* Puts what is not saved into a checkpoint; all rows anew where changes have become too many. */
bool durable_rows_save(struct durable *d, struct watched *w, struct err *e) MUST_USE;

/* durable_recover.c */
bool durable_recover(struct durable *d, struct err *e) MUST_USE;

#endif
