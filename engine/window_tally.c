/* window_tally.c: see window_tally.h. It is asked for when a query is stopped: sorted, then one
 * pass. */
#include "engine/window_tally.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_MIN = 64 };

bool window_tally_add(struct window_tally *t, struct window_run run, struct err *e) {
    assert(t->brought || run.first <= run.last);
    if (t->count == t->capacity) {
        uint32_t room = t->capacity ? t->capacity * 2 : ROOM_MIN;
        struct window_run *at = ARENA_ARRAY(t->arena, at, room);
        if (!at) return err_memory(e);
        if (t->count > 0) memcpy(at, t->at, t->count * sizeof *at);
        t->at = at;
        t->capacity = room;
    }
    t->at[t->count++] = run;
    return true;
}

static int run_compare(const void *a, const void *b) {
    const struct window_run *x = a, *y = b;
    if (x->first != y->first) return x->first < y->first ? -1 : 1;
    return (x->last > y->last) - (x->last < y->last);
}

uint64_t window_tally_count(struct window_tally *t) {
    uint64_t windows = t->apart;
    if (t->count == 0) return windows;
    qsort(t->at, t->count, sizeof *t->at, run_compare);
    struct window_run seen = t->at[0];
    windows += t->brought ? 1 : (uint64_t)(seen.last - seen.first) + 1;
    for (uint32_t i = 1; i < t->count; i++) {
        struct window_run run = t->at[i];
        if (t->brought) {
            windows += run_compare(&run, &seen) != 0;
            seen = run;
            continue;
        }
        if (run.first <= seen.last) run.first = seen.last + 1;
        if (run.last < run.first) continue;
        windows += (uint64_t)(run.last - run.first) + 1;
        seen = run;
    }
    return windows;
}
