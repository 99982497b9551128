/* memory.c: see memory.h. */
#include "udf/nn/memory.h"

#include <assert.h>
#include <string.h>

static size_t rounded(size_t bytes) {
    return (bytes + MEMORY_ALIGN - 1) & ~(size_t)(MEMORY_ALIGN - 1);
}

static void remove_hole(struct memory_pool *p, uint32_t i) {
    memmove(&p->hole[i], &p->hole[i + 1], (p->holes - i - 1) * sizeof *p->hole);
    p->holes--;
}

static bool insert_hole(struct memory_pool *p, uint32_t i, struct memory_hole h) {
    if (p->holes == p->room) {
        uint32_t room = p->room ? 2 * p->room : 32;
        struct memory_hole *hole = ARENA_ARRAY(p->arena, hole, room);
        if (!hole) return false;
        if (p->holes > 0) memcpy(hole, p->hole, p->holes * sizeof *hole);
        p->hole = hole;
        p->room = room;
    }
    memmove(&p->hole[i + 1], &p->hole[i], (p->holes - i) * sizeof *p->hole);
    p->hole[i] = h;
    p->holes++;
    return true;
}

bool memory_take(struct memory_pool *p, size_t bytes, size_t *at_out) {
    uint32_t best = UINT32_MAX;
    bytes = rounded(bytes);
    for (uint32_t i = 0; i < p->holes; i++) {
        if (p->hole[i].bytes < bytes) continue;
        if (best == UINT32_MAX || p->hole[i].bytes < p->hole[best].bytes) best = i;
    }
    if (best == UINT32_MAX) {
        /* At the end, over a hole that is there. */
        struct memory_hole *last = p->holes > 0 ? &p->hole[p->holes - 1] : NULL;
        *at_out = last && last->at + last->bytes == p->end ? last->at : p->end;
        if (*at_out != p->end) p->holes--;
        p->end = *at_out + bytes;
        return true;
    }
    *at_out = p->hole[best].at;
    p->hole[best].at += bytes;
    p->hole[best].bytes -= bytes;
    if (p->hole[best].bytes == 0) remove_hole(p, best);
    return true;
}

bool memory_give(struct memory_pool *p, size_t at, size_t bytes) {
    uint32_t i = 0;
    bytes = rounded(bytes);
    if (bytes == 0) return true;
    while (i < p->holes && p->hole[i].at < at) i++;
    bool joins_left = i > 0 && p->hole[i - 1].at + p->hole[i - 1].bytes == at;
    bool joins_right = i < p->holes && at + bytes == p->hole[i].at;
    assert(i == p->holes || at + bytes <= p->hole[i].at);
    if (joins_left) {
        p->hole[i - 1].bytes += bytes;
        if (joins_right) {
            p->hole[i - 1].bytes += p->hole[i].bytes;
            remove_hole(p, i);
        }
        return true;
    }
    if (joins_right) {
        p->hole[i].at = at;
        p->hole[i].bytes += bytes;
        return true;
    }
    return insert_hole(p, i, (struct memory_hole){.at = at, .bytes = bytes});
}
