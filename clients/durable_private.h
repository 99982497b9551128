/* durable_private.h: what the files of the data directory's side of a session share.
 *
 * Used by: clients/durable*.c
 */
#ifndef CLIENTS_DURABLE_PRIVATE_H
#define CLIENTS_DURABLE_PRIVATE_H

#include "clients/durable.h"
#include "clients/durable_records.h"
#include "engine/edge/journal.h"
#include "storage/store.h"

/* What came of a source that cannot be read twice: durable_arrivals.c. */
struct came {
    struct came_entry *entry; /* [entries] in order, without a gap */
    uint32_t entries, capacity;
    uint64_t needed; /* what comes before this place is not, when the next checkpoint counts */
    uint64_t end;    /* the place behind all */
};

/* An object with a stream or a query: what a checkpoint knows of it. */
struct watched {
    struct watched *next;
    struct durable *of;
    const struct object *object;
    struct store_journal journal; /* of its query's keyed state */
    uint64_t kept_end[3];         /* rows of its enum stream_rows that are saved: up to this one */
    struct buf unsaved;           /* changes of a table that queries made since */
    uint64_t saved_bytes;         /* of the items that hold a table's rows */
    struct came came;
};

/* A fact that the next checkpoint takes over as it stands. */
struct told {
    uint32_t object;
    uint16_t section; /* of the item that it becomes */
    uint64_t lsn;
    uint32_t bytes;
};

/* An item as it was put last: it is not put again while it stays so. */
struct stood {
    struct store_key key;
    uint64_t hash;
};

struct durable {
    struct session *session;
    struct store *store;
    struct journal journal;  /* of arrivals */
    struct arena came_arena; /* of the entry that was read last */
    struct watched *watched;
    struct told *told; /* [tolds] in order */
    uint32_t tolds, told_capacity;
    uint32_t *dropped; /* [drops] objects that are gone */
    uint32_t drops, drop_capacity;
    struct stood *stood; /* [stoods] */
    uint32_t stoods, stood_capacity;
    uint32_t next_id;
    uint64_t lsn;       /* of the last fact that was told; LOG_LSN_NONE: none */
    int64_t written_us; /* when the newest checkpoint was */
    bool by_hand;       /* a statement appends rows now, no query */
    bool put;           /* the checkpoint being written has something */
    bool finished;      /* all that the script began has ended */
    bool replaying;
    uint32_t replayed_id;
    struct text replayed_name;
};

/* durable.c: the next checkpoint drops what is kept of an object. */
bool durable_forget(struct durable *d, uint32_t id, struct err *e) MUST_USE;
/* Notes a fact for the next checkpoint. */
bool durable_note(struct durable *d, const struct told *t, struct err *e) MUST_USE;
struct watched *durable_watched(struct durable *d, uint32_t id);
/* Puts an item into the checkpoint that is being written, if it is not as it was. */
bool durable_put(struct durable *d, const struct store_key *k, const struct buf *bytes,
                 struct err *e) MUST_USE;

/* durable_rows.c: rows of tables, and rows that statements append to kept streams. */
bool durable_watch(struct durable *d, const struct object *o, struct err *e) MUST_USE;
void durable_unwatch(struct durable *d, uint32_t id);
/* Changes of a table as an item has them; after the last one durable_rows_loaded(). */
bool durable_rows_load(const struct watched *w, struct text body, struct err *e) MUST_USE;
bool durable_rows_loaded(struct durable *d, struct err *e) MUST_USE;
/* What such a fact says is done again, and seen by queries. */
bool durable_rows_again(const struct watched *w, struct text body, struct err *e) MUST_USE;
/* Puts what is not saved into a checkpoint; all rows anew where changes have become too many. */
bool durable_rows_save(struct durable *d, struct watched *w, struct err *e) MUST_USE;

/* durable_runs.c: streams and running queries. */
bool durable_runs_save(struct durable *d, struct err *e) MUST_USE;
/* It counts: what sinks hold back appears. */
bool durable_runs_commit(struct durable *d, struct err *e) MUST_USE;
/* It does not: what queries wrote is written again. */
void durable_runs_abort(struct durable *d);
bool durable_stream_load(struct durable *d, struct watched *w, struct err *e) MUST_USE;
bool durable_runs_load(struct durable *d, struct err *e) MUST_USE;

/* durable_arrivals.c: what came of sources that cannot be read twice. */
void durable_arrivals_open(struct durable *d);
void durable_arrivals_close(struct durable *d);
/* Behind the streams' parts of the same checkpoint. */
bool durable_arrivals_save(struct durable *d, struct err *e) MUST_USE;
void durable_arrivals_commit(struct durable *d);
bool durable_arrivals_load(struct durable *d, struct watched *w, struct err *e) MUST_USE;
bool durable_arrival_again(struct watched *w, const struct log_record *fact,
                           struct err *e) MUST_USE;

/* durable_recover.c */
bool durable_recover(struct durable *d, struct err *e) MUST_USE;

#endif
