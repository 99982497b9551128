/* log_probe.h: a directory and a clock for tests of the log, and what a log should hold.
 *
 * Used by: tests/unit/storage.
 */
#ifndef TESTS_UNIT_STORAGE_LOG_PROBE_H
#define TESTS_UNIT_STORAGE_LOG_PROBE_H

#include "engine/base/buf.h"
#include "storage/log.h"
#include "tests/unit/base/random.h"

enum { PROBE_SALT = 77, PROBE_SEGMENT_BYTES = 64 << 10, PROBE_PATH_BYTES = 200 };

/* A record as it was appended. */
struct probe_record {
    uint64_t lsn, place;
    uint16_t kind;
    uint32_t object;
    size_t body_at; /* in bodies */
    uint32_t body_bytes;
};

struct probe {
    char directory[64];
    struct log_options options;
    struct log *log;
    struct arena arena;
    struct probe_record *record; /* [count] all that were appended, in order */
    uint32_t count, capacity;
    struct buf bodies;
};

/* A new directory; no log yet. */
void probe_init(struct probe *p);
void probe_done(struct probe *p); /* removes the directory; the log must be closed */

void probe_open(struct probe *p);
void probe_close(struct probe *p);
/* Ends as a process ends that is killed: nothing more is written. */
void probe_kill(struct probe *p);

/* Appends `count` records with random bodies of at most `bytes_max`; returns the last LSN. */
uint64_t probe_append(struct probe *p, struct random *r, uint32_t count, uint32_t bytes_max);
bool probe_append_try(struct probe *p, struct random *r, uint32_t count, uint32_t bytes_max,
                      struct err *e);
void probe_wait_all(struct probe *p);

/* The log holds the first `count` records, none else; those before place `oldest` may be gone. */
void probe_assert_records(struct probe *p, uint32_t count);
/* How many records a reader gives before the end or an error. */
uint32_t probe_count(struct probe *p, struct err *e);

/* "<directory>/log/<name>" in the arena, and the names there. */
const char *probe_path(struct probe *p, const char *name);
uint32_t probe_segments(struct probe *p, char ***names_out);
struct text probe_file(struct probe *p, const char *name);
void probe_file_put(struct probe *p, const char *name, struct text bytes);

#endif
