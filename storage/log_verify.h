/* log_verify.h: the whole of a log looked at, past damage too: how much is sound, and a copy of it.
 *
 * Without the lock, also beside a running engine, of which the end that stood when the look came
 * to it is judged. A hole is a part of the log that should be there and is not as it was written.
 *
 * Uses: log_scan.h.    Used by: clients.    Tested by: tests/unit/storage/log_damage_test.c
 */
#ifndef STORAGE_LOG_VERIFY_H
#define STORAGE_LOG_VERIFY_H

#include "storage/log_scan.h"

struct log_hole {
    uint64_t segment;   /* its first LSN, and so its name */
    uint64_t lsn;       /* where it begins; the offset is lsn - segment */
    uint64_t bytes;     /* up to what is sound again, or where the next segment begins */
    const char *unlike; /* what is wrong */
};

struct log_verdict {
    uint64_t first, end; /* LSNs of what there is */
    uint64_t segments, groups, records;
    uint64_t sound_bytes;        /* heads and groups */
    uint64_t holes, hole_bytes;  /* damage */
    uint64_t void_bytes;         /* left out by a salvage before */
    uint64_t checkpoint, needed; /* as the last group says */
    int64_t time_us;             /* likewise */
    bool closed;                 /* the log was closed in order */
};

/* What is told of each, in the order of places; a slot may be NULL. false ends it, with *e. */
struct log_visit {
    void *context;
    bool (*segment)(void *context, const struct log_segment_head *head, struct err *e);
    bool (*group)(void *context, const struct log_found *g, struct err *e);
    bool (*hole)(void *context, const struct log_hole *h, struct err *e);
};

/* false: a file could not be read, or is of another version; damage is told in *out. */
bool log_verify(struct file_system *fs, const char *directory, const struct log_visit *visit,
                struct log_verdict *out, struct err *e) MUST_USE;

/* The same, and writes what is sound into `to`, as a log that can be opened: at the same LSNs, with
 * void groups for holes. It ends with a closing group. 58030: `to` holds a log already. */
bool log_salvage(struct file_system *fs, const char *directory, const char *to,
                 const struct log_visit *visit, struct log_verdict *out, struct err *e) MUST_USE;

/* false, with XX001 of the first hole, if there is any. For what `visit->hole` was told first. */
bool log_hole_err(const char *directory, const struct log_hole *h, struct err *e);

#endif
