/* window.h: windows on the time line: which rows belong to which, and when a window is final.
 *
 * TUMBLE, HOP and CUMULATE cut time into panes, so that a window is a run of panes and every row is
 * in one pane. Panes and windows are numbered (int64); windows with a lower number end earlier.
 *   TUMBLE    pane = window
 *   HOP       window k is [k * slide, k * slide + size). Where the slide divides the size a pane is
 *             a slide; else each slide has two, cut at size mod slide, because windows end there.
 *             Where the slide is longer than the size, the second pane is in no window.
 *   CUMULATE  pane = step; window p is pane p and those before it since the size last began
 * All is aligned to 1970-01-01 00:00:00 UTC plus the offset, floor also before it.
 *
 * Times are within +-WINDOW_TIME_MAX_US (73,000 years), durations within WINDOW_SIZE_MAX_US, so
 * nothing overflows.
 *
 * Used by: engine/op/window*.c.    Tested by: tests/unit/engine/window_test.c
 */
#ifndef ENGINE_WINDOW_H
#define ENGINE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/err.h"
#include "engine/plan.h"

#define WINDOW_TIME_MAX_US (INT64_C(1) << 61)
#define WINDOW_NONE INT64_MIN /* before every window */
#define WINDOW_ALL INT64_MAX  /* behind every window */

struct window_grid {
    enum window_kind kind;
    int64_t size_us, slide_us, offset_us;
    int64_t rest_us; /* HOP: where a slide is cut in two; 0: it is not */
    int64_t panes;   /* in a whole window */
    int64_t stride;  /* HOP: panes in a slide */
};

/* [start_us, end_us) */
struct time_range {
    int64_t start_us, end_us;
};

/* The grid of a TUMBLE, HOP or CUMULATE. 22003, 54000: it cannot be. */
bool window_grid_init(struct window_grid *g, const struct window_spec *s, struct err *e) MUST_USE;

/* Can rows of that time be in windows? */
static inline bool window_time_fits(int64_t at_us) {
    return at_us >= -WINDOW_TIME_MAX_US && at_us <= WINDOW_TIME_MAX_US;
}

/* The pane of a row, and the times it covers. */
int64_t window_pane(const struct window_grid *g, int64_t at_us);
struct time_range window_pane_range(const struct window_grid *g, int64_t pane);

/* Is the pane in a window at all? */
bool window_pane_used(const struct window_grid *g, int64_t pane);

/* The windows that a (used) pane is in: first .. last; and the panes of a window. */
int64_t window_first(const struct window_grid *g, int64_t pane);
int64_t window_last(const struct window_grid *g, int64_t pane);
int64_t window_pane_first(const struct window_grid *g, int64_t window);
int64_t window_pane_last(const struct window_grid *g, int64_t window);
struct time_range window_range(const struct window_grid *g, int64_t window);

/* The last window that is final when time has come to `clock_us`: WINDOW_NONE, WINDOW_ALL, or its
 * number. */
int64_t window_final(const struct window_grid *g, int64_t clock_us);

/* Windows of `pane` that are final by then: what a row of it misses. */
uint32_t window_missed(const struct window_grid *g, int64_t pane, int64_t clock_us);

/* a / b rounded down, b > 0. */
static inline int64_t floor_div(int64_t a, int64_t b) {
    int64_t q = a / b;
    return q - (a % b < 0);
}

#endif
