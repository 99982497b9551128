/* window.c: see window.h. */
#include "engine/window.h"

#include <assert.h>

static bool size_check(int64_t us, const char *what, struct err *e) {
    if (us > 0 && us <= WINDOW_SIZE_MAX_US) return true;
    return err_set(e, ERR_SQL, "22003", "the %s of a window must be above 0 and below 36,000 years",
                   what);
}

int64_t window_spec_panes(const struct window_spec *s) {
    if (s->kind == WINDOW_CUMULATE) return (s->size_us - 1) / s->slide_us + 1;
    if (s->kind != WINDOW_HOP) return 1;
    int64_t cut = s->size_us % s->slide_us > 0;
    return s->size_us / s->slide_us * (cut ? 2 : 1) + cut;
}

bool window_grid_init(struct window_grid *g, const struct window_spec *s, struct err *e) {
    assert(s->kind == WINDOW_TUMBLE || s->kind == WINDOW_HOP || s->kind == WINDOW_CUMULATE);
    *g = (struct window_grid){.kind = s->kind, .size_us = s->size_us, .stride = 1};
    g->slide_us = s->kind == WINDOW_TUMBLE ? s->size_us : s->slide_us;
    if (!size_check(g->size_us, "size", e) || !size_check(g->slide_us, "slide", e)) return false;
    int64_t cycle_us = s->kind == WINDOW_HOP ? g->slide_us : g->size_us;
    g->offset_us = s->offset_us % cycle_us;

    if (s->kind == WINDOW_HOP) {
        g->rest_us = g->size_us % g->slide_us;
        g->stride = g->rest_us > 0 ? 2 : 1;
    }
    g->panes = window_spec_panes(s);
    if (g->panes <= WINDOW_PANES_MAX) return true;
    return err_set(e, ERR_LIMIT, "54000", "a window may have at most %d slides", WINDOW_PANES_MAX);
}

int64_t window_pane(const struct window_grid *g, int64_t at_us) {
    assert(window_time_fits(at_us));
    int64_t t = at_us - g->offset_us;
    if (g->kind == WINDOW_CUMULATE) {
        int64_t k = floor_div(t, g->size_us);
        return k * g->panes + (t - k * g->size_us) / g->slide_us;
    }
    int64_t k = floor_div(t, g->slide_us);
    if (g->stride == 1) return k;
    return 2 * k + (t - k * g->slide_us >= g->rest_us);
}

struct time_range window_pane_range(const struct window_grid *g, int64_t pane) {
    if (g->kind == WINDOW_CUMULATE) {
        int64_t k = floor_div(pane, g->panes), j = pane - k * g->panes;
        int64_t start_us = k * g->size_us + g->offset_us, from_us = j * g->slide_us;
        int64_t to_us = from_us + g->slide_us < g->size_us ? from_us + g->slide_us : g->size_us;
        return (struct time_range){start_us + from_us, start_us + to_us};
    }
    if (g->stride == 1) {
        int64_t start_us = pane * g->slide_us + g->offset_us;
        return (struct time_range){start_us, start_us + g->slide_us};
    }
    int64_t k = floor_div(pane, 2), start_us = k * g->slide_us + g->offset_us;
    if (pane == 2 * k) return (struct time_range){start_us, start_us + g->rest_us};
    return (struct time_range){start_us + g->rest_us, start_us + g->slide_us};
}

bool window_pane_used(const struct window_grid *g, int64_t pane) {
    return g->size_us >= g->slide_us || floor_div(pane, 2) * 2 == pane;
}

int64_t window_first(const struct window_grid *g, int64_t pane) {
    if (g->kind != WINDOW_HOP) return pane;
    /* the least k with k * stride + panes > pane */
    return floor_div(pane - g->panes, g->stride) + 1;
}

int64_t window_last(const struct window_grid *g, int64_t pane) {
    if (g->kind == WINDOW_CUMULATE) return (floor_div(pane, g->panes) + 1) * g->panes - 1;
    return floor_div(pane, g->stride);
}

int64_t window_pane_first(const struct window_grid *g, int64_t window) {
    if (g->kind == WINDOW_CUMULATE) return floor_div(window, g->panes) * g->panes;
    return window * g->stride;
}

int64_t window_pane_last(const struct window_grid *g, int64_t window) {
    if (g->kind == WINDOW_CUMULATE) return window;
    return window * g->stride + g->panes - 1;
}

struct time_range window_range(const struct window_grid *g, int64_t window) {
    if (g->kind == WINDOW_CUMULATE) {
        struct time_range r = window_pane_range(g, window);
        r.start_us = floor_div(window, g->panes) * g->size_us + g->offset_us;
        return r;
    }
    int64_t start_us = window * g->slide_us + g->offset_us;
    return (struct time_range){start_us, start_us + g->size_us};
}

int64_t window_final(const struct window_grid *g, int64_t clock_us) {
    /* Every window of a row that fits ends above -2 and below 2 WINDOW_TIME_MAX_US. */
    if (clock_us < -2 * (WINDOW_TIME_MAX_US - 1)) return WINDOW_NONE;
    if (clock_us / 2 >= WINDOW_TIME_MAX_US - 1) return WINDOW_ALL;
    int64_t t = clock_us - g->offset_us;
    if (g->kind == WINDOW_HOP) return floor_div(t - g->size_us, g->slide_us);
    int64_t k = floor_div(t, g->size_us);
    if (g->kind == WINDOW_TUMBLE) return k - 1;
    return k * g->panes + (t - k * g->size_us) / g->slide_us - 1;
}

uint32_t window_missed(const struct window_grid *g, int64_t pane, int64_t clock_us) {
    int64_t first = window_first(g, pane), last = window_last(g, pane);
    int64_t final = window_final(g, clock_us);
    if (final < first) return 0;
    if (final < last) last = final;
    assert(last - first < WINDOW_PANES_MAX);
    return (uint32_t)(last - first + 1);
}
