/* state_journal.h: where tables of keyed state are saved as changes.
 *
 * A save writes pieces: entries that were added or changed since the save before, ids that were
 * removed, and some entries that did not change, so that in rounds all entries are written again: a
 * piece says which rounds are needed from then on, and older ones may be forgotten. So what a save
 * costs follows what changed, and what is kept of old saves follows what the table holds.
 *
 * A table is known by a number, which it keeps when it is loaded. A save mentions every table that
 * is still there, if only by an empty piece.
 *
 * Used by: storage/state*.c, engine/query.c.    Tested by: tests/unit/storage/state_test.c
 */
#ifndef STORAGE_STATE_JOURNAL_H
#define STORAGE_STATE_JOURNAL_H

#include "storage/state.h"

struct state_piece {
    uint64_t table;    /* space << 40 | number */
    uint32_t round;    /* that it belongs to */
    uint32_t needs;    /* pieces of the table of rounds before it are needed no more */
    struct text bytes; /* none: nothing changed */
};

struct state_journal {
    void *context;
    /* Of one save, in order; bytes are copied. */
    bool (*write)(void *context, const struct state_piece *p, struct err *e);
    /* How many entries that did not change shall be written with `changed` that did. */
    uint32_t (*carry)(void *context, uint64_t table, uint32_t changed);
    /* The pieces of a table that are needed, in the order in which they were written; valid until
     * the next call. */
    bool (*read)(void *context, uint64_t table, const struct state_piece **piece_out,
                 uint32_t *count_out, struct err *e);
};

/* A save could not be kept: the next one writes all of every table. */
void state_save_anew(struct state *s);

#endif
