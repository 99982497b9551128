/* window.c: a window table function: each row once for each of its windows that is not final.
 *
 * TUMBLE adds columns to the same rows. HOP and CUMULATE give a row several times, windows in
 * order; of a changelog, updates become deletions and insertions there, for their halves part.
 * SESSION keeps rows until their session is final (window_session.h).
 */
#include <string.h>

#include "engine/base/time.h"
#include "engine/op/pairs.h"
#include "engine/op/result.h"
#include "engine/op/window_session.h"
#include "engine/query_private.h"
#include "engine/window.h"
#include "engine/window_tally.h"

struct window_op {
    const struct window_spec *spec;
    struct window_grid grid;
    struct pairs pairs;
    struct window_session *session;
    uint16_t sel[BATCH_ROWS];
};

/* One output row. */
struct windowed {
    uint32_t row;
    bool live; /* else it only carries time */
    int64_t window;
};

static bool window_open(struct op *op, const struct plan *plan, struct err *e) {
    struct window_op *w = op->state;
    w->spec = &plan->as.window.spec;
    assert(plan->schema->cols == plan->input[0]->schema->cols + 3);
    pairs_init(&w->pairs, op);
    if (w->spec->kind != WINDOW_SESSION) return window_grid_init(&w->grid, w->spec, e);
    w->session = window_session_open(op, w->spec, e);
    return w->session != NULL;
}

static int64_t clock_of(const struct window_op *w, const struct batch *in, uint32_t row) {
    return w->spec->proctime ? batch_proctime(in, row) : batch_watermark(in, row);
}

/* The row's windows that are not final: first .. last; first > last: none. What it misses, or is
 * bad for, is reported. */
static bool row_windows(struct op *op, const struct batch *in, uint32_t row, int64_t range[2],
                        struct err *e) {
    struct window_op *w = op->state;
    const struct column *time = &in->col[w->spec->time_col];
    range[0] = 0;
    range[1] = -1;
    if (!window_row_check(op, in, time, row, e)) return false;
    if (!window_row_fits(time, row)) return true;
    int64_t pane = window_pane(&w->grid, time->as.i64[row]), clock_us = clock_of(w, in, row);
    if (!window_pane_used(&w->grid, pane)) return true;
    uint32_t missed = window_missed(&w->grid, pane, clock_us);
    range[0] = window_first(&w->grid, pane) + missed;
    range[1] = window_last(&w->grid, pane);
    return missed == 0 || op_late(op, batch_ordinal(in, row), clock_us, missed, e);
}

static void range_append(struct column_builder *b, struct time_range r) {
    builder_i64(&b[0], r.start_us);
    builder_i64(&b[1], r.end_us);
    builder_i64(&b[2], r.end_us - MILLISECOND_US);
}

/* The same rows with three columns more. */
static bool tumble_push(struct op *op, const struct batch *in, struct err *e) {
    struct window_op *w = op->state;
    uint32_t cols = in->schema->cols, live = 0;
    struct arena *a = op->batch_arena;
    struct column *col = ARENA_ARRAY(a, col, cols + 3);
    int64_t *at[3];
    for (uint32_t i = 0; i < 3; i++) {
        at[i] = ARENA_ARRAY(a, at[i], in->rows + 1);
        if (!col || !at[i]) return err_memory(e);
        const struct type *type = op->plan->schema->col[cols + i].type;
        col[cols + i] = (struct column){.type = type, .as.i64 = at[i]};
    }
    memcpy(col, in->col, cols * sizeof *col);
    for (uint32_t i = 0; i < in->live; i++) {
        uint32_t row = batch_row(in, i);
        int64_t range[2];
        if (!row_windows(op, in, row, range, e)) return false;
        if (range[0] > range[1]) continue;
        struct time_range r = window_range(&w->grid, range[0]);
        at[0][row] = r.start_us;
        at[1][row] = r.end_us;
        at[2][row] = r.end_us - MILLISECOND_US;
        w->sel[live++] = (uint16_t)row;
    }
    struct batch out = *in;
    out.schema = op->plan->schema;
    out.col = col;
    out.sel = w->sel;
    out.live = live;
    return in->change ? pairs_emit(&w->pairs, in, &out, e) : op_emit(op, &out, e);
}

static bool time_arrays(struct op *op, const struct batch *in, const struct windowed *x,
                        uint32_t count, struct batch *head) {
    struct arena *a = op->batch_arena;
    uint64_t *ordinal = ARENA_ARRAY(a, ordinal, count);
    int64_t *watermark = ARENA_ARRAY(a, watermark, count);
    int64_t *proctime = ARENA_ARRAY(a, proctime, count);
    int8_t *change = ARENA_ARRAY(a, change, count);
    uint16_t *sel = ARENA_ARRAY(a, sel, count);
    if (!ordinal || !watermark || !proctime || !change || !sel) return false;
    *head = (struct batch){.rows = count,
                           .sel = sel,
                           .ordinal = ordinal,
                           .watermark_us = watermark,
                           .proctime_us = proctime,
                           .change = in->change ? change : NULL};
    for (uint32_t i = 0; i < count; i++) {
        ordinal[i] = batch_ordinal(in, x[i].row);
        watermark[i] = batch_watermark(in, x[i].row);
        proctime[i] = batch_proctime(in, x[i].row);
        bool retracts = change_is_retraction(batch_change(in, x[i].row));
        change[i] = retracts ? CHANGE_DELETE : CHANGE_INSERT;
        if (x[i].live) sel[head->live++] = (uint16_t)i;
    }
    return true;
}

static bool chunk_emit(struct op *op, const struct batch *in, const struct windowed *x,
                       uint32_t count, struct err *e) {
    struct window_op *w = op->state;
    struct batch head;
    uint32_t cols = in->schema->cols;
    struct arena_mark mark = arena_mark(op->batch_arena);
    struct column_builder *b = result_open(op, count, e);
    uint32_t *index = ARENA_ARRAY(op->batch_arena, index, count);
    if (!b || !index || !time_arrays(op, in, x, count, &head)) return err_memory(e);
    for (uint32_t i = 0; i < count; i++) index[i] = x[i].row;
    for (uint32_t c = 0; c < cols; c++) {
        if (in->col[c].as.any) {
            result_gather(&b[c], &in->col[c], index, count);
        } else {
            for (uint32_t i = 0; i < count; i++) builder_null(&b[c]); /* nobody reads it */
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        struct time_range r = {0};
        if (x[i].live) r = window_range(&w->grid, x[i].window);
        range_append(b + cols, r);
    }
    head.first = in->first;
    bool done = result_emit(op, b, &head, e);
    arena_rewind(op->batch_arena, mark);
    return done;
}

/* Each row as often as it has windows, a chunk at a time. */
static bool repeat_push(struct op *op, const struct batch *in, struct err *e) {
    uint32_t step = op->query->options.batch_rows, n = 0, live = 0;
    struct windowed *x = ARENA_ARRAY(op->batch_arena, x, step);
    if (!x) return err_memory(e);
    for (uint32_t row = 0; row < in->rows; row++) {
        int64_t range[2] = {0, -1};
        bool is_live = live < in->live && batch_row(in, live) == row;
        if (is_live && !row_windows(op, in, row, range, e)) return false;
        live += is_live;
        int64_t window = range[0];
        do {
            x[n++] = (struct windowed){.row = row, .live = window <= range[1], .window = window};
            if (n == step && !chunk_emit(op, in, x, n, e)) return false;
            if (n == step) n = 0;
        } while (++window <= range[1]);
    }
    return n == 0 || chunk_emit(op, in, x, n, e);
}

static bool window_push(struct op *op, uint32_t port, const struct batch *in, struct err *e) {
    struct window_op *w = op->state;
    (void)port;
    if (w->session) return window_session_push(w->session, in, e);
    return w->spec->kind == WINDOW_TUMBLE ? tumble_push(op, in, e) : repeat_push(op, in, e);
}

static bool window_flush(struct op *op, uint32_t port, const struct mark *m, struct err *e) {
    struct window_op *w = op->state;
    if (!pairs_flush(&w->pairs, e)) return false;
    if (w->session && !window_session_flush(w->session, m, e)) return false;
    return op_pass_flush(op, port, m, e);
}

static void window_close(struct op *op) {
    struct window_op *w = op->state;
    if (w->session) window_session_close(w->session);
    pairs_done(&w->pairs);
}

static bool window_save(struct op *op, struct buf *out, struct err *e) {
    struct window_op *w = op->state;
    return !w->session || window_session_save(w->session, out, e);
}

static bool window_load(struct op *op, struct text saved, struct err *e) {
    struct window_op *w = op->state;
    if (w->session) return window_session_load(w->session, &saved, e);
    return saved.bytes == 0 || err_set(e, ERR_CORRUPT, "XX001", "saved windows are damaged");
}

/* Rows of other windows went on at once. */
static bool window_windows(const struct op *op, struct window_tally *t, struct err *e) {
    const struct window_op *w = op->state;
    (void)e;
    if (w->session) t->apart += window_session_count(w->session);
    return true;
}

const struct op_type op_window = {
    .name = "Window",
    .state_bytes = sizeof(struct window_op),
    .open = window_open,
    .push = window_push,
    .flush = window_flush,
    .close = window_close,
    .save = window_save,
    .load = window_load,
    .windows = window_windows,
};
