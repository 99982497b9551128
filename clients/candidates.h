/* candidates: the names that a completion may become: distinct, sorted, and as a list on a screen.
 *
 * Names that differ in case only are one. A name is offered in the case in which it was begun,
 * where it has only one itself: sel becomes select, SU becomes SUM.
 *
 * Lifetime: candidates_init .. candidates_done; names are borrowed until the next reset.
 *
 * Used by: line_edit.c.    Tested by: tests/unit/clients/candidates_test.c
 */
#ifndef CLIENTS_CANDIDATES_H
#define CLIENTS_CANDIDATES_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/text.h"

enum { CANDIDATES_MAX = 4096, CANDIDATES_LISTED_MAX = 200 };

struct candidates {
    struct text *name; /* [count] */
    uint32_t count, room;
    bool failed; /* no memory, or more than CANDIDATES_MAX */
};

void candidates_init(struct candidates *c);
void candidates_reset(struct candidates *c);
void candidates_add(struct candidates *c, struct text name);

/* Sorts them, each once. To be called when all were added, before the next two. */
void candidates_sort(struct candidates *c);

/* Adds what stands behind `begun` in all of them, in its case, to `out`. */
void candidates_common(const struct candidates *c, struct text begun, struct buf *out);

/* Adds them in columns for a screen of that width, as ls does: down, then right. */
void candidates_list(const struct candidates *c, uint32_t width, struct buf *out);

void candidates_done(struct candidates *c);

#endif
