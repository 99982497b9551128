/* log_probe.h: a log on a simulated disk, and a model of what it must hold.
 *
 * Record n has a kind, an object and a body that follow from n and the seed, so the model keeps
 * LSNs only. Tests append, wait, close, kill and open again, and ask whether log and model agree:
 * the log holds the records of the model in their order, from its oldest place on, those that were
 * acknowledged for certain, of the others a first part.
 *
 * Lifetime: probe_init .. probe_done; functions assert that what they do succeeds.
 *
 * Used by: tests/unit/storage.
 */
#ifndef TESTS_UNIT_STORAGE_LOG_PROBE_H
#define TESTS_UNIT_STORAGE_LOG_PROBE_H

#include "storage/file_sim.h"
#include "storage/log.h"
#include "tests/unit/base/random.h"

enum { PROBE_RECORDS_MAX = 40000, PROBE_FILES_MAX = 64, PROBE_NAME_BYTES = 200 };

#define PROBE_DIRECTORY "/data/weir"

struct probe_record {
    uint64_t lsn, place;
    uint64_t group; /* records of one append have one number */
};

struct probe {
    uint64_t seed;
    struct file_sim *sim;
    struct log_options options;
    struct log *log;              /* NULL: not open */
    struct probe_record *record;  /* [PROBE_RECORDS_MAX] all that were appended */
    uint32_t count, acknowledged; /* records; of these */
    uint64_t groups;
    uint32_t body_bytes_max;
};

void probe_init(struct probe *p, uint64_t seed, enum log_durability durability);
void probe_done(struct probe *p);

void probe_open(struct probe *p);
void probe_close(struct probe *p);
/* Ends as a process, or a machine, ends that nobody asked; what was not acknowledged and is not in
 * the log after the next probe_open() is forgotten. */
void probe_crash(struct probe *p, enum file_sim_loss loss);

/* One group of `count` new records; false: *e. */
bool probe_append_try(struct probe *p, uint32_t count, struct err *e) MUST_USE;
void probe_append(struct probe *p, uint32_t count);
/* The record `index` of the model once more, with its first LSN. */
void probe_carry(struct probe *p, uint32_t index);
bool probe_wait_try(struct probe *p, struct err *e) MUST_USE;
void probe_wait(struct probe *p); /* for all */

/* The log, read by a reader, is what the model says. Of records that were not acknowledged the
 * model keeps those that are there. */
void probe_check(struct probe *p);
/* The same for log_read() at each place. */
void probe_check_reads(struct probe *p);

/* Every file of the log: to be damaged, and put back. */
struct probe_file {
    char path[PROBE_NAME_BYTES];
    char *bytes;
    uint32_t count;
};
struct probe_files {
    struct probe_file file[PROBE_FILES_MAX];
    uint32_t count;
};
void probe_files_take(struct probe *p, struct probe_files *out); /* gives: probe_files_done() */
void probe_files_put(struct probe *p, const struct probe_files *f);
void probe_files_done(struct probe_files *f);

int64_t probe_clock(void);

#endif
