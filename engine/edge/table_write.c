/* table_write.c: see table_write.h.
 *
 * A -U at the end of a batch is copied and waits, so that where batches end never shows: with the
 * +U that comes next it is applied as a pair; before anything else it is a deletion.
 */
#include "engine/edge/table_write.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/base/builder.h"
#include "engine/edge/rows_saved.h"

struct table_writer {
    struct table_writer_options o;
    struct arena arena; /* of the batch being written */
    struct arena held_arena;
    struct batch held;   /* one row */
    bool holds;          /* a -U waits */
    bool begun;          /* what was done is not committed */
    bool stopped;        /* by a row that was refused */
    struct bad_list bad; /* rows of the batch that were not taken, to be told in order of rows */
    uint64_t rows;
    uint16_t sel[BATCH_ROWS];
};

struct table_writer *table_writer_open(const struct table_writer_options *o, struct err *e) {
    assert(o->stream->table);
    struct table_writer *w = calloc(1, sizeof *w);
    if (!w) {
        err_memory(e);
        return NULL;
    }
    w->o = *o;
    arena_init(&w->arena, 0);
    arena_init(&w->held_arena, 0);
    return w;
}

static struct table *table_of(const struct table_writer *w) {
    return w->o.stream->table;
}

static void begin(struct table_writer *w) {
    if (!w->begun) table_begin(table_of(w));
    w->begun = true;
    w->o.stream->refusing.strict = w->o.origin == TABLE_BY_HAND;
}

static bool commit(struct table_writer *w, struct err *e) {
    w->o.stream->refusing.strict = false;
    if (!w->begun) return true;
    w->begun = false;
    return table_commit(table_of(w), w->o.origin, e);
}

static void rollback(struct table_writer *w) {
    if (!w->begun) return;
    w->o.stream->refusing.strict = false;
    table_rollback(table_of(w));
    w->begun = false;
}

/* A row that the declaration did not take. */
static bool tell_bad(void *context, const struct decode_bad *b, struct err *e) {
    struct table_writer *w = context;
    struct decode_bad bad = *b;
    return stream_refuse(w->o.stream, &w->o.stream->appended, b->row, &bad, e);
}

static bool refuse(void *context, const struct batch *b, uint32_t row, struct decode_bad *bad,
                   struct err *e) {
    struct table_writer *w = context;
    if (!bad_list_tell_to(&w->bad, row, tell_bad, w, e)) return false;
    w->stopped = !stream_refuse(w->o.stream, b, row, bad, e);
    if (!w->stopped) w->rows--;
    return !w->stopped;
}

static bool apply(struct table_writer *w, const struct batch *b, const int64_t *id, struct err *e) {
    const struct table_rows rows = {
        .how = w->o.how, .batch = b, .id = id, .context = w, .refuse = refuse};
    w->rows += b->live;
    return table_apply(table_of(w), &rows, e);
}

/* ---- halves of updates ---- */

/* Row `row` of `b` and, where it is not NULL, the held row before it, as a batch. */
static bool copy_rows(struct arena *a, const struct batch *held, const struct batch *b,
                      uint32_t row, struct batch *out) {
    uint32_t cols = b->schema->cols, rows = held ? 2 : 1;
    struct column *col = ARENA_ARRAY(a, col, cols + 1);
    int8_t *change = arena_alloc(a, rows);
    if (!col || !change) return false;
    for (uint32_t c = 0; c < cols; c++) {
        struct column_builder to;
        if (!builder_init(&to, a, b->col[c].type, rows)) return false;
        if (held) builder_copy(&to, &held->col[c], 0);
        builder_copy(&to, &b->col[c], row);
        if (!builder_column(&to, &col[c])) return false;
    }
    change[0] = CHANGE_BEFORE;
    change[rows - 1] = batch_change(b, row);
    *out = (struct batch){
        .schema = b->schema, .col = col, .rows = rows, .live = rows, .change = change};
    return true;
}

/* The held row is a deletion. */
static bool held_drop(struct table_writer *w, struct err *e) {
    static const int8_t gone = CHANGE_DELETE;
    if (!w->holds) return true;
    struct batch b = w->held;
    b.change = &gone;
    bool done = apply(w, &b, NULL, e);
    w->holds = false;
    arena_reset(&w->held_arena);
    return done;
}

/* The held row goes with the first one of `b`, where that is its other half. */
static bool held_join(struct table_writer *w, struct batch *b, struct err *e) {
    if (!w->holds) return true;
    uint32_t row = batch_row(b, 0);
    if (batch_change(b, row) != CHANGE_AFTER) return held_drop(w, e);
    struct batch pair;
    if (!copy_rows(&w->arena, &w->held, b, row, &pair)) return err_memory(e);
    b->sel++;
    b->live--;
    w->holds = false;
    arena_reset(&w->held_arena);
    return apply(w, &pair, NULL, e);
}

/* A -U that ends the batch waits. */
static bool held_take(struct table_writer *w, struct batch *b, struct err *e) {
    if (b->live == 0) return true;
    uint32_t last = batch_row(b, b->live - 1);
    if (batch_change(b, last) != CHANGE_BEFORE) return true;
    if (!copy_rows(&w->held_arena, NULL, b, last, &w->held)) return err_memory(e);
    w->holds = true;
    b->live--;
    return true;
}

static bool apply_changes(struct table_writer *w, const struct batch *whole, struct err *e) {
    struct batch b = *whole;
    b.change = w->o.stream->appended.change;
    b.sel = w->sel;
    for (uint32_t i = 0; i < b.live; i++) w->sel[i] = (uint16_t)batch_row(whole, i);
    if (b.live == 0) return true;
    return held_join(w, &b, e) && held_take(w, &b, e) && apply(w, &b, NULL, e);
}

/* ---- rows ---- */

/* The ids of the rows from .. of `b`, one after another. */
static const int64_t *part_ids(struct table_writer *w, const struct batch *b, uint32_t from,
                               uint32_t rows) {
    int64_t *id = ARENA_ARRAY(&w->arena, id, rows);
    for (uint32_t i = 0; id && i < rows; i++) id[i] = b->col[0].as.i64[batch_row(b, from + i)];
    return id;
}

static bool delete_some(struct table_writer *w, const struct batch *b, uint32_t from, uint32_t rows,
                        struct err *e) {
    const int64_t *id = part_ids(w, b, from, rows);
    const struct batch none = {.rows = rows, .live = rows};
    return id ? apply(w, &none, id, e) : err_memory(e);
}

static bool write_some(struct table_writer *w, const struct batch *b, uint32_t from, uint32_t rows,
                       struct err *e) {
    struct stream *s = w->o.stream;
    struct batch physical = *b;
    const int64_t *id = NULL;
    const struct batch *whole;
    struct err other;
    arena_reset(&w->arena);
    bad_list_reset(&w->bad, &w->arena);
    w->stopped = false;
    if (w->o.how == TABLE_DELETE) return delete_some(w, b, from, rows, e);
    if (w->o.how == TABLE_UPDATE) {
        id = part_ids(w, b, from, rows);
        physical.schema = s->def->physical;
        physical.col = b->col + 1;
        if (!id) return err_memory(e);
    }
    s->refusing.gather = &w->bad;
    bool all = stream_take(s, &physical, from, rows, &whole, e);
    s->refusing.gather = NULL;
    if (!whole) return false;
    bool done =
        w->o.how == TABLE_CHANGE ? apply_changes(w, whole, &other) : apply(w, whole, id, &other);
    done = done && bad_list_tell_to(&w->bad, UINT64_MAX, tell_bad, w, &other);
    if (!done) *e = other; /* of a row before the one that stopped the taking */
    if (done && !all) w->stopped = true;
    return all && done;
}

/* Of a query: a row that stops it leaves those before it. */
static bool end_batch(struct table_writer *w, bool done, struct err *e) {
    struct err other;
    if (w->o.origin == TABLE_BY_HAND) return done;
    if (done) return commit(w, e);
    if (!w->stopped || !commit(w, &other)) rollback(w);
    return false;
}

bool table_writer_write(void *context, const struct batch *b, struct err *e) {
    struct table_writer *w = context;
    for (uint32_t from = 0; from < b->live; from += BATCH_ROWS) {
        uint32_t rows = b->live - from < BATCH_ROWS ? b->live - from : BATCH_ROWS;
        begin(w);
        if (!end_batch(w, write_some(w, b, from, rows, e), e)) return false;
    }
    return true;
}

bool table_writer_finish(struct table_writer *w, struct err *e) {
    if (w->holds) begin(w);
    if (held_drop(w, e)) return commit(w, e);
    rollback(w);
    return false;
}

void table_writer_close(struct table_writer *w) {
    if (!w) return;
    rollback(w);
    arena_done(&w->arena);
    arena_done(&w->held_arena);
    free(w);
}

uint64_t table_writer_rows(const struct table_writer *w) {
    return w->rows;
}

/* 1 byte, 1: a row follows, a part. */
void table_writer_save(const struct table_writer *w, struct buf *out) {
    saved_put_u8(out, w->holds);
    size_t part = saved_begin(out);
    if (w->holds) rows_save(out, &w->held, (struct rows_range){0, 1});
    saved_end(out, part);
}

bool table_writer_load(struct table_writer *w, struct saved *s, struct err *e) {
    w->holds = saved_bool(s);
    struct saved part = saved_part(s);
    if (!w->holds) return true;
    const struct schema *schema = w->o.stream->def->schema;
    if (!rows_load(&part, schema, &w->held_arena, &w->held, e)) return false;
    return (w->held.rows == 1 && w->held.live == 1) || saved_damaged("a query", e);
}
