/* held.h: held: whole input rows that a query has taken and not settled yet.
 *
 * A query that gathers rows for a model may say later that a row is bad or late, when the batch it
 * came in is gone. Such rows are copied, with all columns that their stream declares.
 *
 * Lifetime: a job's; held_done() frees all.
 *
 * Used by: job.    Tested by: tests/model_cases
 */
#ifndef ENGINE_EDGE_HELD_H
#define ENGINE_EDGE_HELD_H

#include "engine/edge/stream.h"

struct held_row {
    struct held_row *next; /* with a larger ordinal */
    struct arena arena;
    uint64_t ordinal; /* in the query */
    uint64_t offset;  /* ordinal of its input */
    uint32_t input;
    struct batch row; /* one */
};

struct held {
    struct held_row *first, *last;
};

/* Copies row `whole->index` of *whole->row; ordinals rise. */
struct held_place {
    uint64_t ordinal, offset;
    uint32_t input;
};
bool held_keep(struct held *h, const struct late_row *whole, const struct held_place *at,
               struct err *e) MUST_USE;

/* NULL: it is not there. */
const struct held_row *held_find(const struct held *h, uint64_t ordinal);

/* Forgets rows before that ordinal. */
void held_drop(struct held *h, uint64_t before);
void held_done(struct held *h);

#endif
