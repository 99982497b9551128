/* worker_private.h: what the files of the exchange share.
 *
 * Used by: engine/worker*.c
 */
#ifndef ENGINE_WORKER_PRIVATE_H
#define ENGINE_WORKER_PRIVATE_H

#include "engine/op/key.h"
#include "engine/worker.h"

struct worker_pool {
    struct key_set key; /* by which rows are shared out */
    struct worker *worker;
    uint32_t workers;
    uint16_t row[BATCH_ROWS];
    struct column *blank; /* for time alone */
};

/* A worker's results: room, and none. */
bool collect_open(struct worker *w) MUST_USE;
void collect_reset(struct worker *w);

bool merge_open(struct op *op) MUST_USE;
/* Emits all workers' results in one order, with the time of `in` between them (NULL: none). */
bool merge_rows(struct op *op, const struct batch *in, struct err *e) MUST_USE;

#endif
