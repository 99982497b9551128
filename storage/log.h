/* log.h: the append-only log of a data directory: records, in groups, in segments.
 *
 * An LSN is the byte position at which a record was first written; it never repeats. A record that
 * outlives its segment is carried forward: written again at a new place, with its first LSN and
 * time. What is appended in one call is in one group: all of it survives a crash, or none. What
 * records mean is the holder's business.
 *
 * With a writer thread groups are gathered while the last one is written, and appends of many
 * threads share a sync; without one, log_wait() writes on the calling thread, so that a run can be
 * repeated exactly (an append writes only when a group is full, or its segment). After a write or a
 * sync that failed nothing is acknowledged any more: append, wait, set_checkpoint and close fail
 * with what failed first; what was written can be read.
 *
 * Lifetime: log_open .. log_close. append, wait and read from any thread; the rest from one.
 *
 * Uses: engine/base/file.h.    Used by: clients.    Tested by: tests/unit/storage/log_test.c
 */
#ifndef STORAGE_LOG_H
#define STORAGE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/attr.h"
#include "engine/base/err.h"
#include "engine/base/file.h"
#include "engine/base/text.h"

#define LOG_LSN_NONE UINT64_MAX

enum log_durability {
    LOG_SYNC, /* acknowledged: it survives loss of power */
    LOG_OS,   /* it survives the end of the process */
    LOG_NONE, /* it is written when there is time */
};

struct log;

struct log_options {
    struct file_system *fs;
    const char *directory; /* DIR: DIR/LOCK is held, segments are in DIR/log; made if missing */
    uint64_t segment_bytes;
    enum log_durability durability;
    int64_t (*clock_us)(void); /* log time; never goes back in the log */
    uint64_t salt;             /* of a new log: any random number */
    bool writer_thread;
};

/* What is appended. */
struct log_entry {
    uint16_t kind;
    uint32_t object;
    struct text body;
    uint64_t first_lsn; /* carried forward; LOG_LSN_NONE: it is new */
    int64_t time_us;    /* likewise: its first time */
};

/* What is read. */
struct log_record {
    uint64_t lsn;    /* where it was first written */
    uint64_t place;  /* where it stands: what log_read() takes */
    int64_t time_us; /* log time of its first group */
    uint16_t kind;
    uint32_t object;
    struct text body;
};

/* Locks, finds the end, cuts a torn group that nobody was told of, and verifies what start needs.
 * NULL: 58030, 55006 (in use by another process), XX001 with segment and offset, 0A000 (a version
 * that this program does not know). */
struct log *log_open(const struct log_options *o, struct err *e) MUST_USE;
/* Waits for what was appended and writes the closing record; false: it could not. Accepts NULL. */
bool log_close(struct log *l, struct err *e) MUST_USE;

/* Takes copies of the entries into one group; place_out [count] or NULL: where they stand, which of
 * a new record is its LSN. Does not wait. 53100: there is no room for a segment: nothing was taken,
 * it may be tried again. */
bool log_append(struct log *l, const struct log_entry *entry, uint32_t count, uint64_t *place_out,
                struct err *e) MUST_USE;
/* Until all up to and with the record at place `lsn` is as durable as the log's durability says. */
bool log_wait(struct log *l, uint64_t lsn, struct err *e) MUST_USE;
/* Both at once, which spares the writer thread being woken for nothing. After a failure of the wait
 * nobody knows whether the records are there. */
bool log_append_wait(struct log *l, const struct log_entry *entry, uint32_t count,
                     uint64_t *place_out, struct err *e) MUST_USE;
/* Everything before it may be acknowledged. */
uint64_t log_durable(const struct log *l);
uint64_t log_salt(const struct log *l);   /* as it was made with */
uint64_t log_end(const struct log *l);    /* the LSN of the next record, at least */
uint64_t log_oldest(const struct log *l); /* of the segments that are there */

/* As log_append() of the record that closes a checkpoint: its own group names it, so with that
 * group it is the newest one. Segments that lie wholly before `needed` are let go then. */
bool log_append_checkpoint(struct log *l, const struct log_entry *entry, uint64_t needed,
                           uint64_t *place_out, struct err *e) MUST_USE;
/* The newest checkpoint: the place of its closing record, or LOG_LSN_NONE. */
uint64_t log_checkpoint(const struct log *l);
/* That record is durable: groups from now on name it. Segments that lie wholly before `needed` are
 * let go once a group that names it is durable. */
bool log_set_checkpoint(struct log *l, uint64_t place, uint64_t needed, struct err *e) MUST_USE;

/* The record at `place`, its body in `a`. XX001 with segment and offset where there is none. */
bool log_read(struct log *l, uint64_t place, struct arena *a, struct log_record *out,
              struct err *e) MUST_USE;

/* All records from `from` (a place, or 0: the oldest) on, in the order of places; without the lock,
 * also beside a running engine: it ends where the log ended when it was opened. */
struct log_reader;
struct log_reader *log_reader_open(struct file_system *fs, const char *directory, uint64_t from,
                                   struct err *e) MUST_USE;
/* *got_out false: the end. The body is valid until the next call. */
bool log_reader_next(struct log_reader *r, struct log_record *out, bool *got_out,
                     struct err *e) MUST_USE;
void log_reader_close(struct log_reader *r); /* accepts NULL */

#endif
