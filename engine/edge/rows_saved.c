/* rows_saved.c: see rows_saved.h.
 *
 *   offset  bytes  what
 *   0       4      rows, at most BATCH_ROWS
 *   4       4      columns
 *   8       1      what follows: 1 a selection, 2 ordinals, 4 watermarks, 8 processing times,
 *                  16 kinds of change
 *   9       24     the mark of the first row
 *   33      ...    each that follows: of the selection a bit a row in words of 64, else a value a
 *                  row: 8, 8, 8 and 1 bytes
 *   ...     ...    column by column the values of live rows, as engine/base/pack.h writes them
 */
#include "engine/edge/rows_saved.h"

#include <assert.h>

#include "engine/base/builder.h"
#include "engine/base/pack.h"

enum { HAS_SELECTION = 1, HAS_ORDINAL = 2, HAS_WATERMARK = 4, HAS_PROCTIME = 8, HAS_CHANGE = 16 };

/* Which rows of the batch are live, as bits of its rows. */
static void live_bits(const struct batch *b, uint64_t bits[BATCH_ROWS / 64]) {
    memset(bits, 0, BATCH_ROWS / 8);
    for (uint32_t i = 0; i < b->live; i++) bit_set(bits, batch_row(b, i));
}

static void value_save(struct buf *out, const struct column *c, uint32_t row) {
    size_t bytes = pack_bytes(c, row);
    if (!buf_reserve(out, bytes)) return;
    const char *end = pack_value(out->at + out->bytes, c, row, PACK_EXACT);
    assert(end == out->at + out->bytes + bytes);
    out->bytes += bytes;
}

static void times_save(struct buf *out, const struct batch *b, struct rows_range range) {
    uint32_t rows = range.to - range.from;
    if (b->ordinal) buf_add(out, b->ordinal + range.from, rows * sizeof *b->ordinal);
    if (b->watermark_us) buf_add(out, b->watermark_us + range.from, rows * sizeof(int64_t));
    if (b->proctime_us) buf_add(out, b->proctime_us + range.from, rows * sizeof(int64_t));
    if (b->change) buf_add(out, b->change + range.from, rows);
}

static void selection_save(struct buf *out, const uint64_t *live, struct rows_range range) {
    uint64_t bits[BATCH_ROWS / 64] = {0};
    uint32_t rows = range.to - range.from;
    for (uint32_t r = 0; r < rows; r++) {
        if (bit_get(live, range.from + r)) bit_set(bits, r);
    }
    buf_add(out, bits, bit_words(rows) * sizeof *bits);
}

void rows_save(struct buf *out, const struct batch *b, struct rows_range range) {
    assert(range.from <= range.to && range.to <= b->rows);
    uint64_t live[BATCH_ROWS / 64];
    uint32_t rows = range.to - range.from;
    live_bits(b, live);
    uint32_t has = (b->sel ? HAS_SELECTION : 0) | (b->ordinal ? HAS_ORDINAL : 0) |
                   (b->watermark_us ? HAS_WATERMARK : 0) | (b->proctime_us ? HAS_PROCTIME : 0) |
                   (b->change ? HAS_CHANGE : 0);
    struct mark first = {.ordinal = b->first.ordinal + range.from,
                         .watermark_us = b->first.watermark_us,
                         .proctime_us = b->first.proctime_us};
    saved_put_u32(out, rows);
    saved_put_u32(out, b->schema->cols);
    saved_put_u8(out, (uint8_t)has);
    saved_put_mark(out, &first);
    if (b->sel) selection_save(out, live, range);
    times_save(out, b, range);
    for (uint32_t c = 0; c < b->schema->cols; c++) {
        for (uint32_t r = range.from; r < range.to; r++) {
            if (bit_get(live, r)) value_save(out, &b->col[c], r);
        }
    }
}

/* `bytes` bytes of each row, aligned; NULL: no memory, or (s->damaged) there are not so many. */
static void *array_load(struct saved *s, uint32_t rows, size_t bytes, struct arena *a) {
    void *to = arena_alloc(a, (size_t)rows * bytes + 1);
    if (to) saved_take(s, to, (size_t)rows * bytes);
    return to;
}

static bool selection_load(struct saved *s, struct arena *a, struct batch *b) {
    uint64_t bits[BATCH_ROWS / 64];
    uint16_t *sel = arena_alloc(a, ((size_t)b->rows + 1) * sizeof *sel);
    if (!sel) return false;
    saved_take(s, bits, bit_words(b->rows) * sizeof *bits);
    b->live = 0;
    for (uint32_t r = 0; r < b->rows; r++) {
        if (bit_get(bits, r)) sel[b->live++] = (uint16_t)r;
    }
    b->sel = sel;
    return true;
}

static bool times_load(struct saved *s, uint32_t has, struct arena *a, struct batch *b) {
    bool ok = true;
    if (has & HAS_ORDINAL) ok = (b->ordinal = array_load(s, b->rows, 8, a)) != NULL;
    if (ok && has & HAS_WATERMARK) ok = (b->watermark_us = array_load(s, b->rows, 8, a)) != NULL;
    if (ok && has & HAS_PROCTIME) ok = (b->proctime_us = array_load(s, b->rows, 8, a)) != NULL;
    if (ok && has & HAS_CHANGE) ok = (b->change = array_load(s, b->rows, 1, a)) != NULL;
    return ok;
}

static bool column_load(struct text *at, struct column_builder *b, const struct batch *rows) {
    uint32_t next = 0;
    for (uint32_t i = 0; i < rows->live; i++) {
        uint32_t row = batch_row(rows, i);
        for (; next < row; next++) builder_null(b);
        if (!unpack_value(at, b)) return false;
        next++;
    }
    for (; next < rows->rows; next++) builder_null(b);
    return true;
}

/* Values point into the bytes that they came from: those are copied first. */
static bool columns_load(struct saved *s, struct arena *a, struct batch *b, struct err *e) {
    size_t bytes = saved_left(s);
    const char *copy = arena_copy(a, bytes > 0 ? s->at : "", bytes);
    struct column *col = ARENA_ARRAY(a, col, b->schema->cols + 1);
    if (!copy || !col) return err_memory(e);
    struct text at = {.at = copy, .bytes = (uint32_t)bytes};
    for (uint32_t c = 0; c < b->schema->cols; c++) {
        struct column_builder builder;
        if (!builder_init(&builder, a, b->schema->col[c].type, b->rows + 1)) return err_memory(e);
        if (!column_load(&at, &builder, b)) return saved_damaged("rows", e);
        if (!builder_column(&builder, &col[c])) return err_memory(e);
    }
    b->col = col;
    return at.bytes == 0 || saved_damaged("rows", e);
}

bool rows_load(struct saved *s, const struct schema *schema, struct arena *a, struct batch *out,
               struct err *e) {
    struct batch b = {.schema = schema, .rows = saved_u32(s)};
    uint32_t cols = saved_u32(s), has = saved_u8(s);
    b.first = saved_mark(s);
    b.live = b.rows;
    bool makes_sense = b.rows <= BATCH_ROWS && cols == schema->cols && has < 2 * HAS_CHANGE &&
                       saved_left(s) <= UINT32_MAX;
    if (s->damaged || !makes_sense) return saved_damaged("rows", e);
    if (has & HAS_SELECTION && !selection_load(s, a, &b)) return err_memory(e);
    if (!times_load(s, has, a, &b)) return err_memory(e);
    if (s->damaged) return saved_damaged("rows", e);
    if (!columns_load(s, a, &b, e)) return false;
    s->at = s->end;
    *out = b;
    return true;
}
