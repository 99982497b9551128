/* agg_failures: the result rows that an aggregate's finish() could not represent.
 *
 * Lifetime: one emission of at most BATCH_ROWS result rows; sentences live in the batch arena.
 *
 * Used by: engine/op, tests.    Tested by: tests/unit/engine/aggregate_test.c
 */
#ifndef ENGINE_BASE_AGG_FAILURES_H
#define ENGINE_BASE_AGG_FAILURES_H

#include "engine/base/fn_errors.h"

struct agg_failures {
    struct fn_errors rows;
};

#endif
