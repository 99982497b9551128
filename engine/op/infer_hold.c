/* infer_hold.c: rows that wait for a model's run, copied column by column.
 *
 * Rows that are not live are kept too where time goes on with them, for what closes a window there
 * must close it at that row however the input was cut.
 *
 * Saved: 4 bytes of rows, then of each 8 ordinal, 8 watermark, 8 processing time, 1 change kind, 1
 * whether it is live, and, where it is, its values as pack.h has them.
 */
#include <string.h>

#include "engine/base/pack.h"
#include "engine/op/infer.h"

enum { ROW_HEAD_BYTES = 26, ROWS_MIN = 16 };

bool held_open(struct op *op, struct err *e) {
    struct infer *f = op->state;
    struct infer_held *h = &f->held;
    arena_init(&h->arena, 0);
    if (!f->gathers) return true;
    h->col = ARENA_ARRAY(op->arena, h->col, op->plan->input[0]->schema->cols + 1);
    h->ordinal = ARENA_ARRAY(op->arena, h->ordinal, BATCH_ROWS);
    h->watermark_us = ARENA_ARRAY(op->arena, h->watermark_us, BATCH_ROWS);
    h->proctime_us = ARENA_ARRAY(op->arena, h->proctime_us, BATCH_ROWS);
    h->change = ARENA_ARRAY(op->arena, h->change, BATCH_ROWS);
    h->sel = ARENA_ARRAY(op->arena, h->sel, BATCH_ROWS);
    f->held_ordinal = ARENA_ARRAY(op->arena, f->held_ordinal, BATCH_ROWS);
    bool good = h->col && h->ordinal && h->watermark_us && h->proctime_us && h->change && h->sel &&
                f->held_ordinal;
    return good || err_memory(e);
}

void held_close(struct op *op) {
    struct infer *f = op->state;
    arena_done(&f->held.arena);
}

void held_reset(struct op *op) {
    struct infer *f = op->state;
    arena_reset(&f->held.arena);
    f->held.rows = f->held.live = 0;
    op->helds = 0;
}

static bool columns_begin(struct op *op, struct err *e) {
    struct infer *f = op->state;
    const struct schema *s = op->plan->input[0]->schema;
    for (uint32_t c = 0; c < s->cols; c++) {
        if (!f->reads[c]) continue;
        if (!builder_init(&f->held.col[c], &f->held.arena, s->col[c].type, ROWS_MIN)) {
            return err_memory(e);
        }
    }
    return true;
}

/* One row more, of which the columns are still to come. */
static void row_begin(struct op *op, const struct mark *at, int8_t change, bool live) {
    struct infer *f = op->state;
    struct infer_held *h = &f->held;
    uint32_t row = h->rows++;
    assert(row < BATCH_ROWS);
    h->ordinal[row] = at->ordinal;
    h->watermark_us[row] = at->watermark_us;
    h->proctime_us[row] = at->proctime_us;
    h->change[row] = change;
    if (!live) return;
    h->sel[h->live++] = (uint16_t)row;
    f->held_ordinal[op->helds++] = at->ordinal;
    op->held = f->held_ordinal;
}

static struct mark mark_of(const struct batch *in, uint32_t row) {
    return (struct mark){.ordinal = batch_ordinal(in, row),
                         .watermark_us = batch_watermark(in, row),
                         .proctime_us = batch_proctime(in, row)};
}

/* Would a row that is not live say nothing new? */
static bool is_known_time(const struct infer_held *h, const struct mark *m) {
    if (h->rows == 0) return false;
    uint32_t last = h->rows - 1;
    return h->watermark_us[last] == m->watermark_us && h->proctime_us[last] == m->proctime_us;
}

bool held_add(struct op *op, const struct batch *in, uint32_t from, uint32_t to, struct err *e) {
    struct infer *f = op->state;
    struct infer_held *h = &f->held;
    if (h->rows == 0 && !columns_begin(op, e)) return false;
    uint32_t live = 0;
    while (live < in->live && batch_row(in, live) < from) live++;
    for (uint32_t row = from; row < to; row++) {
        struct mark m = mark_of(in, row);
        bool is_live = live < in->live && batch_row(in, live) == row;
        live += is_live;
        if (!is_live && is_known_time(h, &m)) continue;
        row_begin(op, &m, batch_change(in, row), is_live);
        for (uint32_t c = 0; c < in->schema->cols; c++) {
            if (!f->reads[c]) continue;
            if (is_live) builder_copy(&h->col[c], &in->col[c], row);
            if (!is_live) builder_null(&h->col[c]);
            if (h->col[c].failed) return err_memory(e);
        }
    }
    return true;
}

bool held_batch(struct op *op, struct batch *out, struct err *e) {
    struct infer *f = op->state;
    struct infer_held *h = &f->held;
    const struct schema *s = op->plan->input[0]->schema;
    struct column *col = ARENA_ARRAY(&h->arena, col, s->cols + 1);
    if (!col) return err_memory(e);
    for (uint32_t c = 0; c < s->cols; c++) {
        col[c].type = s->col[c].type;
        if (f->reads[c] && !builder_column(&h->col[c], &col[c])) return err_memory(e);
    }
    *out = (struct batch){.schema = s,
                          .col = col,
                          .sel = h->sel,
                          .rows = h->rows,
                          .live = h->live,
                          .ordinal = h->ordinal,
                          .watermark_us = h->watermark_us,
                          .proctime_us = h->proctime_us,
                          .first = {.ordinal = h->ordinal[0],
                                    .watermark_us = h->watermark_us[0],
                                    .proctime_us = h->proctime_us[0]},
                          .change = op->plan->changes ? h->change : NULL};
    return true;
}

static bool row_save(struct op *op, const struct batch *b, uint32_t row, bool live,
                     struct buf *out) {
    struct infer *f = op->state;
    buf_add(out, &b->ordinal[row], sizeof b->ordinal[row]);
    buf_add(out, &b->watermark_us[row], sizeof b->watermark_us[row]);
    buf_add(out, &b->proctime_us[row], sizeof b->proctime_us[row]);
    buf_add_char(out, f->held.change[row]);
    buf_add_char(out, (char)live);
    for (uint32_t c = 0; live && c < b->schema->cols; c++) {
        if (!f->reads[c]) continue;
        size_t bytes = pack_bytes(&b->col[c], row);
        if (!buf_reserve(out, bytes)) return false;
        pack_value(out->at + out->bytes, &b->col[c], row, PACK_EXACT);
        out->bytes += bytes;
    }
    return !out->failed;
}

bool held_save(struct op *op, struct buf *out, struct err *e) {
    struct infer *f = op->state;
    struct batch b;
    uint32_t rows = f->held.rows, live = 0;
    buf_add(out, &rows, sizeof rows);
    if (rows > 0 && !held_batch(op, &b, e)) return false;
    for (uint32_t row = 0; row < rows; row++) {
        bool is_live = live < b.live && b.sel[live] == row;
        live += is_live;
        if (!row_save(op, &b, row, is_live, out)) return err_memory(e);
    }
    return !out->failed || err_memory(e);
}

static bool damaged(struct err *e) {
    return err_set(e, ERR_CORRUPT, "XX001", "the saved rows of an Infer are damaged");
}

static bool row_load(struct op *op, struct text *at, struct err *e) {
    struct infer *f = op->state;
    const struct schema *s = op->plan->input[0]->schema;
    struct mark m;
    if (at->bytes < ROW_HEAD_BYTES) return damaged(e);
    memcpy(&m.ordinal, at->at, 8);
    memcpy(&m.watermark_us, at->at + 8, 8);
    memcpy(&m.proctime_us, at->at + 16, 8);
    int8_t change = (int8_t)at->at[24];
    bool live = at->at[25] != 0;
    if (change < CHANGE_INSERT || change > CHANGE_DELETE) return damaged(e);
    *at = (struct text){.at = at->at + ROW_HEAD_BYTES, .bytes = at->bytes - ROW_HEAD_BYTES};
    row_begin(op, &m, change, live);
    for (uint32_t c = 0; c < s->cols; c++) {
        struct column_builder *b = &f->held.col[c];
        if (!f->reads[c]) continue;
        if (!live) builder_null(b);
        if (live && !unpack_value(at, b)) return b->failed ? err_memory(e) : damaged(e);
        if (b->failed) return err_memory(e);
    }
    return true;
}

bool held_load(struct op *op, struct text *at, struct err *e) {
    struct infer *f = op->state;
    uint32_t rows;
    if (at->bytes < sizeof rows) return damaged(e);
    memcpy(&rows, at->at, sizeof rows);
    *at = (struct text){.at = at->at + sizeof rows, .bytes = at->bytes - (uint32_t)sizeof rows};
    if (rows > BATCH_ROWS || (rows > 0 && !f->gathers)) return damaged(e);
    held_reset(op);
    if (rows == 0) return true;

    /* Values are borrowed from the bytes that they were read from. */
    char *copy = arena_copy(&f->held.arena, at->at, at->bytes);
    if (!copy) return err_memory(e);
    struct text from = {.at = copy, .bytes = at->bytes};
    if (!columns_begin(op, e)) return false;
    for (uint32_t i = 0; i < rows; i++) {
        if (!row_load(op, &from, e)) return false;
    }
    *at = (struct text){.at = at->at + (at->bytes - from.bytes), .bytes = from.bytes};
    return true;
}
