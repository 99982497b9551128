/* pieces.h: a state_journal in memory: keeps what tables write, and forgets what they say is needed
 * no more.
 *
 * Used by: tests of storage and engine.
 */
#ifndef TESTS_UNIT_STORAGE_PIECES_H
#define TESTS_UNIT_STORAGE_PIECES_H

#include "storage/state_journal.h"

struct pieces {
    struct state_journal journal;
    struct state_piece *piece; /* [count] bytes malloc'ed */
    uint32_t count, capacity;
    bool *mentioned;          /* [capacity] in this save */
    struct state_piece *read; /* the last answer */
    uint32_t carries;         /* entries that go with one that changed */
};

void pieces_init(struct pieces *p, uint32_t carries);
void pieces_done(struct pieces *p);
/* A save begins; with its end, tables that it did not mention are gone. */
void pieces_begin(struct pieces *p);
void pieces_end(struct pieces *p);

#endif
