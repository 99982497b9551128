/* journal.h: journal: what came from sources that cannot be read twice, written down before it is
 * used, so that a new process can be given the same once more.
 *
 * What came of one source is a sequence of bytes with a position, cut into entries. A reader goes
 * on at the position that was saved with it: entries from there on come first, then what is new.
 * What comes before the position that was saved last may be forgotten when what was saved counts.
 *
 * Lifetime: outlives the readers that use it. The thread of the runner.
 *
 * Used by: in_bytes.    Tested by: tests/cut, tests/arrivals.c
 */
#ifndef ENGINE_EDGE_JOURNAL_H
#define ENGINE_EDGE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/attr.h"
#include "engine/base/err.h"
#include "engine/base/text.h"

enum journal_kind {
    JOURNAL_BYTES,
    JOURNAL_RECORDS, /* bytes that end where a record ends */
    JOURNAL_END,     /* nothing comes any more for this reader; no bytes, but it takes one place */
};

struct journal_entry {
    enum journal_kind kind;
    uint64_t at;       /* place of its first byte in what came of the source */
    int64_t came_us;   /* when it came: the PROCTIME of its rows */
    struct text bytes; /* valid until the next call */
};

struct journal {
    const struct journal_type *type;
};

struct journal_type {
    /* The place behind all that was written of the source. */
    bool (*end)(struct journal *j, struct text source, uint64_t *at_out, struct err *e);
    /* Likewise, and a reading begins there: it is written, so that a new process begins it there,
     * too, where none of its positions was saved. */
    bool (*begin)(struct journal *j, struct text source, uint64_t *at_out, struct err *e);
    /* What is saved now goes on at `at`. */
    void (*needs)(struct journal *j, struct text source, uint64_t at);
    /* Writes an entry of the source called `source`, behind all of it that was written before;
     * returns when it is as durable as what the engine acknowledges. */
    bool (*append)(struct journal *j, struct text source, const struct journal_entry *entry,
                   struct err *e);
    /* The entry that holds place `at`, from there on. *got_out false: nothing was written behind
     * it. 55000 where that is not kept any more. */
    bool (*read)(struct journal *j, struct text source, uint64_t at, struct journal_entry *out,
                 bool *got_out, struct err *e);
};

/* The calls above as functions that must be checked. */
static inline bool journal_end(struct journal *j, struct text source, uint64_t *at_out,
                               struct err *e) MUST_USE;
static inline bool journal_begin(struct journal *j, struct text source, uint64_t *at_out,
                                 struct err *e) MUST_USE;
static inline bool journal_append(struct journal *j, struct text source,
                                  const struct journal_entry *entry, struct err *e) MUST_USE;
static inline bool journal_read(struct journal *j, struct text source, uint64_t at,
                                struct journal_entry *out, bool *got_out, struct err *e) MUST_USE;

static inline bool journal_end(struct journal *j, struct text source, uint64_t *at_out,
                               struct err *e) {
    return j->type->end(j, source, at_out, e);
}

static inline bool journal_begin(struct journal *j, struct text source, uint64_t *at_out,
                                 struct err *e) {
    return j->type->begin(j, source, at_out, e);
}

static inline void journal_needs(struct journal *j, struct text source, uint64_t at) {
    j->type->needs(j, source, at);
}

static inline bool journal_append(struct journal *j, struct text source,
                                  const struct journal_entry *entry, struct err *e) {
    return j->type->append(j, source, entry, e);
}

static inline bool journal_read(struct journal *j, struct text source, uint64_t at,
                                struct journal_entry *out, bool *got_out, struct err *e) {
    return j->type->read(j, source, at, out, got_out, e);
}

#endif
