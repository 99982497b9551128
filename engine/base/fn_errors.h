/* fn_errors: the rows of one batch that functions could not compute.
 *
 * The first failure of a row counts; later ones of the same row are not kept. Without memory for
 * a sentence `no_memory` is set and the batch cannot be finished.
 *
 * Lifetime: one run of a program over one batch; sentences live in the batch arena.
 *
 * Used by: engine/program, tests.    Tested by: tests/unit/engine/program_test.c
 */
#ifndef ENGINE_BASE_FN_ERRORS_H
#define ENGINE_BASE_FN_ERRORS_H

#include "engine/base/arena.h"
#include "engine/base/batch.h"

struct fn_failure {
    uint16_t row;
    char sqlstate[6];
    const char *message;
};

struct fn_errors {
    struct arena *arena;
    uint64_t row[BATCH_ROWS / 64]; /* bit set: the row failed */
    struct fn_failure *failure;    /* [count] in the order of their appearance */
    uint32_t count;
    uint32_t capacity;
    bool no_memory;
};

void fn_errors_init(struct fn_errors *x, struct arena *a);

#endif
