/* window_state.h: what the files of the WindowAggregate operator share.
 *
 * Used by: engine/op/window_aggregate.c, window_rows.c, window_emit.c
 */
#ifndef ENGINE_OP_WINDOW_STATE_H
#define ENGINE_OP_WINDOW_STATE_H

#include "engine/op.h"
#include "engine/op/slide.h"

struct session_store;

/* The pane of the rows that came last. */
struct pane_cache {
    struct pane *pane; /* NULL: none */
    struct time_range range;
    int64_t first_end_us; /* the end of its first window: from then on its rows are late */
};

/* Rows of one batch between two closings: into which panes they go. */
struct segment {
    uint16_t *row;      /* [BATCH_ROWS] */
    uint32_t *next;     /* [BATCH_ROWS] index of the pane's next row */
    uint32_t *id;       /* [BATCH_ROWS] */
    struct pane **pane; /* [panes] that got rows */
    uint32_t panes;
    uint32_t count;
};

struct window_aggregate {
    const struct window_spec *spec;
    struct groups_plan groups;
    struct window_grid grid; /* not for ATTACHED and SESSION */
    bool attached;           /* rows bring their windows */
    bool slides;             /* windows are made of several panes */
    struct panes panes;
    struct slide slide; /* slides */
    struct session_store *sessions;
    struct column *blank;
    struct pane_cache cache;
    struct segment segment;
    int64_t closed;        /* grid: windows up to it are final */
    int64_t next_close_us; /* the clock at which a window that has rows is final */
    int64_t passed_us;     /* the watermark last passed on */
};

/* What is emitted, and why: the row (or mark) whose time made windows final. */
struct window_close {
    struct op *op;
    int64_t clock_us;
    struct mark at;
};

/* The clock that closes windows: watermark, or processing time. */
static inline int64_t window_clock(const struct window_aggregate *w, const struct batch *in,
                                   uint32_t row) {
    return w->spec->proctime ? batch_proctime(in, row) : batch_watermark(in, row);
}

/* Takes live rows [*live_at, ..) of `in` below row *cut_out into the segment, as far as no window
 * becomes final before them: *cut_out is the first row at which one does (in->rows: none). */
bool window_rows_take(struct op *op, const struct batch *in, uint32_t *live_at, uint32_t *cut_out,
                      struct err *e) MUST_USE;
/* Adds the rows of the segment to their panes. */
bool window_rows_add(struct op *op, const struct batch *in, struct err *e) MUST_USE;

/* The first row from `from` on at which the clock has come to `until_us`; in->rows: none. */
uint32_t window_clock_row(const struct window_aggregate *w, const struct batch *in, uint32_t from,
                          int64_t until_us);

/* Emits what is final at close->clock_us. */
bool window_close_all(struct window_aggregate *w, const struct window_close *c,
                      struct err *e) MUST_USE;

/* Emits one window: groups item[count] of `table`; of the sliding totals where `pane` is NULL. */
bool window_emit(struct window_aggregate *w, const struct window_close *c, struct time_range range,
                 struct pane *pane, struct err *e) MUST_USE;

#endif
