/* journal.h: a journal in memory: what came of sources, kept for the next session.
 *
 * Used by: tests/cut.
 */
#ifndef TESTS_CUT_JOURNAL_H
#define TESTS_CUT_JOURNAL_H

#include "engine/base/buf.h"
#include "engine/edge/journal.h"

enum { CUT_SOURCES = 8, CUT_ENTRIES = 256 };

struct cut_journal {
    struct journal base;
    struct cut_arrivals {
        char name[64];
        struct buf bytes;                        /* an end is one, too */
        struct journal_entry entry[CUT_ENTRIES]; /* bytes.at is not set */
        uint32_t entries;
        uint64_t needed; /* by what was saved last */
    } source[CUT_SOURCES];
    uint32_t sources;
};

void cut_journal_init(struct cut_journal *j);
void cut_journal_done(struct cut_journal *j);

#endif
