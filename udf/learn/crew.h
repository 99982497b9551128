/* crew.h: crew: a few threads that do the parts of one job at a time.
 *
 * The caller works too and comes back when all parts are done. Which thread does which part is left
 * to chance, so parts must not depend on one another and write to places of their own. Idle threads
 * sleep.
 *
 * Lifetime: crew_open .. crew_close; in the caller's memory.
 *
 * Used by: udf/learn.    Tested by: tests/unit/udf/learn_layer_test.c
 */
#ifndef UDF_LEARN_CREW_H
#define UDF_LEARN_CREW_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/base/attr.h"
#include "engine/base/err.h"

enum { CREW_THREADS_MAX = 16 };

typedef void crew_part(void *context, uint32_t part);

struct crew {
    uint32_t threads; /* those started: one less than work */
    pthread_t thread[CREW_THREADS_MAX];
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t wake, done;
    crew_part *job;
    void *context;
    uint32_t parts;
    uint64_t round;   /* of jobs */
    uint32_t running; /* threads that have not yet left the round */
    bool ends;
    _Atomic uint32_t next; /* part */
};

/* Threads that this machine can run at a time, at least 1. */
uint32_t crew_threads_here(void);

/* `threads`, the caller among them, 1 .. CREW_THREADS_MAX. 53000 where one cannot be started. */
bool crew_open(struct crew *c, uint32_t threads, struct err *e) MUST_USE;
void crew_close(struct crew *c);

/* Calls part(context, i) for each i < parts, once. */
void crew_run(struct crew *c, crew_part *part, void *context, uint32_t parts);

#endif
