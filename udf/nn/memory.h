/* memory.h: memory_pool: places in a block, taken and given back while a run is planned.
 *
 * Only offsets are dealt with; the block itself is allocated when its size is known. The hole that
 * fits best is taken, the lowest of equals.
 *
 * Used by: udf/nn/segment.c.    Tested by: tests/unit/udf/net_run_test.c
 */
#ifndef UDF_NN_MEMORY_H
#define UDF_NN_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/arena.h"

enum { MEMORY_ALIGN = 64 };

struct memory_hole {
    size_t at, bytes;
};

struct memory_pool {
    struct memory_hole *hole; /* [holes], by place; none touch */
    uint32_t holes, room;
    size_t end; /* behind the last byte that was ever taken */
    struct arena *arena;
};

/* false: no memory for the list. */
bool memory_take(struct memory_pool *p, size_t bytes, size_t *at_out) MUST_USE;
bool memory_give(struct memory_pool *p, size_t at, size_t bytes) MUST_USE;

#endif
