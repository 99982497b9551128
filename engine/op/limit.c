/* limit.c: LIMIT and OFFSET: the rows with these numbers, and then the end.
 *
 * Of a changelog, an update of which only one half is among them becomes a deletion or an
 * insertion.
 * Once it has given its last row it says that the input has ended, so that a query over a stream
 * without end ends.
 */
#include <assert.h>
#include <string.h>

#include "engine/op.h"

struct limit {
    int64_t skip, left; /* rows still to drop, to give; left -1: all */
    bool ended;         /* the end was passed on */
    bool skipped_half;  /* the last row dropped was a -U: its other half comes next */
    uint16_t sel[BATCH_ROWS];
};

static bool limit_open(struct op *op, const struct plan *plan, struct err *e) {
    struct limit *l = op->state;
    (void)e;
    l->skip = plan->as.limit.offset > 0 ? plan->as.limit.offset : 0;
    l->left = plan->as.limit.limit < 0 ? -1 : plan->as.limit.limit;
    return true;
}

/* The end, right behind the row with that ordinal. */
static bool limit_end(struct op *op, uint64_t ordinal, int64_t proctime_us, struct err *e) {
    struct limit *l = op->state;
    if (l->ended) return true;
    l->ended = true;
    struct mark end = {.ordinal = ordinal, .watermark_us = TIME_END_US, .proctime_us = proctime_us};
    return op_pass_flush(op, 0, &end, e);
}

/* Takes the rows with the right numbers into l->sel; returns how many. */
static uint32_t limit_take(struct limit *l, const struct batch *in) {
    uint32_t taken = 0;
    for (uint32_t i = 0; i < in->live && l->left != 0; i++) {
        uint16_t row = (uint16_t)batch_row(in, i);
        if (l->skip > 0) {
            l->skip--;
            l->skipped_half = batch_change(in, row) == CHANGE_BEFORE;
            continue;
        }
        l->sel[taken++] = row;
        if (l->left > 0) l->left--;
    }
    return taken;
}

/* Halves of updates whose other half is not among the rows, as changes of their own. */
static bool limit_mend(struct op *op, const struct batch *in, struct batch *out, struct err *e) {
    struct limit *l = op->state;
    if (!in->change || out->live == 0) return true;
    int8_t *change = arena_alloc(op->batch_arena, in->rows);
    if (!change) return err_memory(e);
    memcpy(change, in->change, in->rows);
    int8_t *first = &change[l->sel[0]], *last = &change[l->sel[out->live - 1]];
    if (l->skipped_half && *first == CHANGE_AFTER) *first = CHANGE_INSERT;
    if (l->left == 0 && *last == CHANGE_BEFORE) *last = CHANGE_DELETE;
    l->skipped_half = false;
    out->change = change;
    return true;
}

static bool limit_push(struct op *op, uint32_t port, const struct batch *in, struct err *e) {
    struct limit *l = op->state;
    (void)port;
    if (l->ended) return true;

    struct batch out = *in;
    out.sel = l->sel;
    out.live = limit_take(l, in);
    if (!limit_mend(op, in, &out, e)) return false;
    if (l->left == 0) { /* what comes behind the last row is no longer waited for */
        out.rows = out.live > 0 ? l->sel[out.live - 1] + 1U : 0;
    }
    if (out.rows > 0 && !op_emit(op, &out, e)) return false;
    if (l->left != 0) return true;
    uint64_t ordinal = out.rows > 0 ? batch_ordinal(in, out.rows - 1) : in->first.ordinal;
    return limit_end(op, ordinal, in->first.proctime_us, e);
}

static bool limit_flush(struct op *op, uint32_t port, const struct mark *m, struct err *e) {
    struct limit *l = op->state;
    if (l->ended) return true;
    if (l->left == 0 || m->watermark_us == TIME_END_US) {
        return limit_end(op, m->ordinal, m->proctime_us, e);
    }
    return op_pass_flush(op, port, m, e);
}

static bool limit_save(struct op *op, struct buf *out, struct err *e) {
    const struct limit *l = op->state;
    buf_add(out, &l->skip, sizeof l->skip);
    buf_add(out, &l->left, sizeof l->left);
    buf_add(out, &l->ended, sizeof l->ended);
    buf_add(out, &l->skipped_half, sizeof l->skipped_half);
    return !out->failed || err_memory(e);
}

static bool limit_load(struct op *op, struct text saved, struct err *e) {
    struct limit *l = op->state;
    if (saved.bytes != sizeof l->skip + sizeof l->left + 2) {
        return err_set(e, ERR_CORRUPT, "XX001", "the saved state of a Limit is damaged");
    }
    memcpy(&l->skip, saved.at, sizeof l->skip);
    memcpy(&l->left, saved.at + sizeof l->skip, sizeof l->left);
    l->ended = saved.at[sizeof l->skip + sizeof l->left];
    l->skipped_half = saved.at[sizeof l->skip + sizeof l->left + 1];
    return true;
}

const struct op_type op_limit = {
    .name = "Limit",
    .state_bytes = sizeof(struct limit),
    .open = limit_open,
    .push = limit_push,
    .flush = limit_flush,
    .close = op_close_nothing,
    .save = limit_save,
    .load = limit_load,
};
