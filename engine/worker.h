/* worker.h: a query on several threads: shares of the keys of one aggregation, or of the partitions
 * of one Track.
 *
 * The lowest aggregation (or Track) of a plan, if it has keys, and only stateless operators between
 * it and its scan, may run on N workers. Each has an operator of its own with the groups of its
 * share of the keys, and runs it to completion on every batch, with a selection of its own rows;
 * rows of others are there but not live, so time is the same for all. Their results are merged by
 * row, window and first row into what one worker would have given, and the rest of the plan goes on
 * with that on the feeding thread. Nothing is shared but the batch, which nobody writes.
 *
 * Lifetime: from worker_pool_open() to worker_pool_close(), in the query's arena. The feeding
 * thread is worker 0; between calls all others sleep.
 *
 * Used by: engine/query.c, engine/op.    Tested by: tests/unit/engine/worker_test.c
 */
#ifndef ENGINE_WORKER_H
#define ENGINE_WORKER_H

#include <pthread.h>
#include <semaphore.h>

#include "engine/base/builder.h"
#include "engine/op.h"
#include "engine/reject.h"
#include "storage/state.h"

enum { WORKERS_MAX = 64 };

/* Results of one worker for one batch, copied. */
struct collected {
    struct arena arena;
    struct column_builder *col; /* [schema->cols] */
    struct merge_key *key;      /* [rows] */
    struct mark *at;            /* [rows] the rows' time */
    int8_t *change;             /* [rows] */
    uint32_t rows, capacity;
};

struct worker {
    struct worker_pool *pool;
    uint32_t index;
    pthread_t thread;
    bool runs; /* has a thread */
    sem_t go, done;

    struct arena arena, batch_arena;
    struct state *keyed;
    struct op op;      /* its aggregation */
    struct op collect; /* what that feeds */
    struct collected out;
    struct rejects rejects;
    const struct merge_key *note; /* of the batch that the operator emits next */

    /* the job: rows, or a mark */
    struct batch rows;
    const struct mark *mark;
    uint16_t *sel; /* [BATCH_ROWS] */
    bool ends;     /* the thread shall end */
    bool failed;
    struct err err;
};

/* The node of `plan` that may run on several workers, or NULL. */
const struct plan *worker_plan(const struct plan *root);

/* For the operator: keys of the rows of the batch that it emits next, [rows]; until it is back. */
static inline void worker_note(struct worker *w, const struct merge_key *key) {
    w->note = key;
}

/* Takes the place of the aggregation's operator. */
extern const struct op_type op_exchange;
/* Receives what a worker's operator emits. */
extern const struct op_type op_collect;

/* Bytes of state held by the workers of an exchange. */
size_t exchange_state_bytes(const struct op *op);
/* query_save_anew(), for them. */
void exchange_save_anew(struct op *op);

#endif
