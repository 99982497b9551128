/* plan_window.h: which windows a row is in, as the nodes of a plan have it.
 *
 * Lifetime: const, in the arena of the statement or query.
 *
 * Used by: engine/plan.h.    Tested by: tests/unit/engine/window_random_test.c
 */
#ifndef ENGINE_PLAN_WINDOW_H
#define ENGINE_PLAN_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

enum window_kind {
    WINDOW_TUMBLE,
    WINDOW_HOP,
    WINDOW_CUMULATE,
    WINDOW_SESSION,
    WINDOW_ATTACHED, /* the rows carry window_start and window_end as columns */
};

#define WINDOW_SIZE_MAX_US (INT64_C(1) << 60) /* of every duration: 36,000 years */
enum { WINDOW_PANES_MAX = 1000000 };          /* in one window */

/* Windows [start, end), aligned to the epoch plus offset. All durations > 0. */
struct window_spec {
    enum window_kind kind;
    bool proctime;      /* time_col is a PROCTIME(): the clock's marks close windows */
    uint8_t precision;  /* of window_start.. : 3, or 6 */
    uint32_t time_col;  /* event time (TIMESTAMP); ATTACHED: window_end */
    uint32_t start_col; /* ATTACHED: window_start */
    int64_t size_us;    /* TUMBLE, HOP, CUMULATE */
    int64_t slide_us;   /* HOP's slide, CUMULATE's step, SESSION's gap */
    int64_t offset_us;
    uint32_t partitions; /* SESSION: PARTITION BY */
    const uint32_t *partition_col;
};

/* The parts that a HOP or CUMULATE is cut into, at most WINDOW_PANES_MAX; 1 for others. */
int64_t window_spec_panes(const struct window_spec *s);

#endif
