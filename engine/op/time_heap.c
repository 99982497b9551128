/* time_heap.c: see time_heap.h. A binary heap in an array that doubles. */
#include "engine/op/time_heap.h"

#include <assert.h>
#include <string.h>

enum { ROOM_MIN = 64 };

static bool before(const struct time_item *a, const struct time_item *b) {
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->number < b->number;
}

static bool grow(struct time_heap *h) {
    uint32_t room = h->room > 0 ? h->room * 2 : ROOM_MIN;
    struct arena bigger;
    arena_init(&bigger, 0);
    struct time_item *item = ARENA_ARRAY(&bigger, item, room);
    if (!item) {
        arena_done(&bigger);
        return false;
    }
    if (h->count > 0) memcpy(item, h->item, h->count * sizeof *item);
    arena_done(&h->arena);
    h->arena = bigger;
    h->item = item;
    h->room = room;
    return true;
}

bool time_heap_add(struct time_heap *h, struct time_item x) {
    if (h->count == h->room && !grow(h)) return false;
    uint32_t at = h->count++;
    for (; at > 0 && before(&x, &h->item[(at - 1) / 2]); at = (at - 1) / 2) {
        h->item[at] = h->item[(at - 1) / 2];
    }
    h->item[at] = x;
    return true;
}

struct time_item time_heap_take(struct time_heap *h) {
    assert(h->count > 0);
    struct time_item first = h->item[0], x = h->item[--h->count];
    uint32_t at = 0;
    for (uint32_t child; (child = 2 * at + 1) < h->count; at = child) {
        bool right = child + 1 < h->count && before(&h->item[child + 1], &h->item[child]);
        if (right) child++;
        if (!before(&h->item[child], &x)) break;
        h->item[at] = h->item[child];
    }
    h->item[at] = x;
    return first;
}

void time_heap_done(struct time_heap *h) {
    arena_done(&h->arena);
    *h = (struct time_heap){.count = 0};
}
