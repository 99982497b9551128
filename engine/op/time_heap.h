/* time_heap.h: time_heap: what waits for a time, the earliest first; of equal times by number.
 *
 * Lifetime: a zero heap is empty; time_heap_done() gives its memory back.
 *
 * Used by: engine/op/track.c, tracks.c.    Tested by: tests/unit/engine/track_test.c
 */
#ifndef ENGINE_OP_TIME_HEAP_H
#define ENGINE_OP_TIME_HEAP_H

#include <stdint.h>

#include "engine/base/arena.h"

struct time_item {
    int64_t at_us;
    uint64_t number;
    uint32_t id;
};

struct time_heap {
    struct arena arena;
    struct time_item *item; /* [count] item[0] is the first */
    uint32_t count, room;
};

/* false: no memory. */
bool time_heap_add(struct time_heap *h, struct time_item x) MUST_USE;
/* Takes the first away; there must be one. */
struct time_item time_heap_take(struct time_heap *h);
void time_heap_done(struct time_heap *h);

#endif
