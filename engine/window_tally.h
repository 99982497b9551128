/* window_tally.h: how many windows hold rows and are not final yet, for who stops a query.
 *
 * An operator names the windows that its panes are in; workers of one operator name the same ones,
 * and each counts once. Sessions belong to one partition, so those are told by number.
 *
 * Lifetime: of one count; memory in the arena given.
 *
 * Used by: engine/query.c, engine/worker.c, engine/op.
 * Tested by: tests/unit/engine/window_tally_test.c
 */
#ifndef ENGINE_WINDOW_TALLY_H
#define ENGINE_WINDOW_TALLY_H

#include "engine/base/arena.h"
#include "engine/base/err.h"

/* Windows number first .. last of a grid; or one window that rows brought along. */
struct window_run {
    int64_t first, last; /* else its start and end */
};

struct window_tally {
    struct arena *arena;
    struct window_run *at; /* [count] */
    uint32_t count, capacity;
    bool brought;   /* each is a window by its start and end, and not a run of numbers */
    uint64_t apart; /* windows that nobody else can name */
};

bool window_tally_add(struct window_tally *t, struct window_run run, struct err *e) MUST_USE;

/* Each window once. Sorts them. */
uint64_t window_tally_count(struct window_tally *t);

#endif
