/* crash_work.h: a random workload on a log, and what it must find again after a crash.
 *
 * The work knows every record that it appended, which of them were acknowledged, and the
 * checkpoints that it set. After a crash the records that are read must be a run of those, in
 * order, each once and as it was written, up to the end of some append, with all that was
 * acknowledged and all that the checkpoint needs. What was lost is forgotten, and the work goes on.
 *
 * Lifetime: crash_work_start .. crash_work_done; a work may be copied (its log is not) to go on
 * from one state in several ways.
 *
 * Used by: tests/crash_log.c
 */
#ifndef TESTS_CRASH_WORK_H
#define TESTS_CRASH_WORK_H

#include "storage/file_sim.h"
#include "storage/log.h"
#include "tests/unit/base/random.h"

enum { WORK_RECORDS_MAX = 2000, WORK_CHECKPOINTS_MAX = 100 };

/* Record number n has n as its object. */
struct work_record {
    uint64_t lsn, place; /* its first LSN; where it stands */
    uint64_t seed;       /* its body follows from it and bytes */
    int64_t time_us;     /* of a carried one, else 0 */
    uint32_t bytes;
    bool carried;
    bool ends; /* the last of its append */
};

struct work_checkpoint {
    uint64_t place, needed;
    uint32_t records; /* when so many are acknowledged, a group that names it is */
};

struct crash_work {
    struct random g;
    struct file_sim *sim;
    struct log *log; /* NULL: not open */
    bool writer_thread, large;
    enum log_durability durability;
    bool dead;        /* an append or a wait failed: nothing may be acknowledged any more */
    bool unknown;     /* it was opened, and not read to its end: count may be too large */
    bool full;        /* 53100 was met */
    bool faultless;   /* nothing may fail */
    struct err e;     /* of the last call that failed */
    char broken[400]; /* the law that did not hold; "": all did */

    struct work_record record[WORK_RECORDS_MAX];
    uint32_t count, acknowledged; /* the first of them are */
    struct work_checkpoint checkpoint[WORK_CHECKPOINTS_MAX];
    uint32_t checkpoints, confirmed; /* the first of them are in an acknowledged group */
    uint64_t needed;                 /* of the newest; what lies before it is not asked for */
};

struct crash_work *crash_work_create(struct file_sim *sim, uint64_t seed) MUST_USE;
/* The same state over another file system. */
struct crash_work *crash_work_copy(const struct crash_work *w, struct file_sim *sim,
                                   uint64_t seed) MUST_USE;
void crash_work_destroy(struct crash_work *w); /* its log must be closed */

/* Opens the log; false: it failed, w->e. */
bool crash_work_open(struct crash_work *w) MUST_USE;
/* Takes steps, also on a log that is dead, until the machine has stopped, the disk is full, or a
 * law is broken. */
void crash_work_run(struct crash_work *w, uint32_t steps);
/* In order, if the log lets it. */
void crash_work_close(struct crash_work *w);

/* After a restart: opens, and compares what is there with what must be; what was not acknowledged
 * and is not there is forgotten. false: opening or reading failed, w->e; w->broken tells of laws.
 */
bool crash_work_recover(struct crash_work *w) MUST_USE;

#endif
