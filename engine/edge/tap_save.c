/* tap_save.c: taps and feeds as bytes.
 *
 * A tap:
 *
 *   offset  bytes  what
 *   0       1      it reads: 0 the stream, 1 x$errors, 2 x$late, 3 the table with numbers
 *   1       1      1: it was never shared
 *   2       1      1: it has ended
 *   3       4      inputs of one query before it that read the same stream
 *   7       8      rows given
 *   15      8      bad records
 *   23      8      its number as a source
 *   31      8      rows before those that follow, live or not
 *   39      8      and with them
 *   47      8      the row that the lane of bad records was told of
 *   55      4, ... columns: of each 1 byte, whether it is used
 *   ...            what failed; the reader: bytes read, and a part, empty when none is open
 *   ...            a part, the lane of bad records, empty when there is none
 *   ...            bad records that stand between the rows and were not told
 *   ...     1, ... 1: rows that were read and not taken by all follow, a part
 *
 * The reader of a table is not saved: the table is another one's to load, and what the reader had
 * still to give is set aside, in the feed, live as well.
 *
 * Those rows are saved with every declared column, so that they need no reader to be made whole.
 *
 * A feed: 4 bytes, the number of its tap in the stream's list; 1, whether it has not taken all of
 * those rows, and 4, from which one on; 1, whether rows were set aside, and then a part, the rows,
 * and the place of their reader.
 */
#include <assert.h>
#include <stdlib.h>

#include "engine/edge/rows_saved.h"
#include "engine/edge/tap_private.h"

enum { READS_STREAM, READS_ERRORS, READS_LATE, READS_NUMBERED };

/* The first row of the batch that somebody still has to take; all of them: none. */
static uint32_t first_needed(const struct tap *t) {
    if (!t->batch) return 0;
    uint32_t first = t->feeds ? t->batch->rows : t->spare_from;
    for (const struct feed *f = t->feeds; f; f = f->next) {
        if (f->holds && f->from < first) first = f->from;
    }
    return first;
}

/* --- rows that were read --- */

static bool whole_row(struct tap *t, uint32_t row, const struct batch **out, uint32_t *at_out,
                      struct err *e) {
    const struct reader_type *type = t->reader ? t->reader->type : NULL;
    *out = t->batch;
    *at_out = row;
    if (t->rest.is_batch || !type || !type->whole_row) return true;
    *at_out = 0;
    return type->whole_row(t->reader, row, out, e);
}

/* Appends live row `row`, whole, and NULLs for those before it that are not live. */
static bool add_row(struct tap *t, struct column_builder *col, uint32_t row, uint32_t first,
                    struct err *e) {
    const struct batch *whole;
    uint32_t at;
    if (!whole_row(t, row, &whole, &at, e)) return false;
    for (uint32_t c = 0; c < t->def->schema->cols; c++) {
        while (col[c].rows < row - first && !col[c].failed) builder_null(&col[c]);
        builder_copy(&col[c], &whole->col[c], at);
        if (col[c].failed) return err_memory(e);
    }
    return true;
}

/* The batch with all columns from row `first` on; rows before that are left as they are. */
static bool make_whole(struct tap *t, uint32_t first, struct arena *a, struct column *out,
                       struct err *e) {
    const struct batch *b = t->batch;
    uint32_t cols = t->def->schema->cols;
    struct column_builder *col = ARENA_ARRAY(a, col, cols + 1);
    if (!col) return err_memory(e);
    for (uint32_t c = 0; c < cols; c++) {
        if (!builder_init(&col[c], a, t->def->schema->col[c].type, 1)) return err_memory(e);
    }
    for (uint32_t i = 0; i < b->live; i++) {
        uint32_t row = batch_row(b, i);
        if (row >= first && !add_row(t, col, row, first, e)) return false;
    }
    for (uint32_t c = 0; c < cols; c++) {
        while (col[c].rows < b->rows - first && !col[c].failed) builder_null(&col[c]);
        if (!builder_column(&col[c], &out[c])) return err_memory(e);
    }
    return true;
}

/* As the batch from row `first` on, with other columns. */
static bool rest_save(struct tap *t, uint32_t first, struct buf *out, struct err *e) {
    struct arena a;
    arena_init(&a, 0);
    const struct batch *b = t->batch;
    struct column *col = ARENA_ARRAY(&a, col, t->def->schema->cols + 1);
    uint16_t *sel = ARENA_ARRAY(&a, sel, b->rows + 1);
    struct batch whole = *b;
    bool ok = col && sel ? make_whole(t, first, &a, col, e) : err_memory(e);
    whole.schema = t->def->schema;
    whole.col = col;
    whole.rows = b->rows - first;
    whole.live = 0;
    for (uint32_t i = 0; ok && i < b->live; i++) {
        uint32_t row = batch_row(b, i);
        if (row >= first) sel[whole.live++] = (uint16_t)(row - first);
    }
    whole.sel = sel;
    whole.first.ordinal += first;
    if (b->ordinal) whole.ordinal += first;
    if (b->watermark_us) whole.watermark_us += first;
    if (b->proctime_us) whole.proctime_us += first;
    if (b->change) whole.change += first;
    if (ok) rows_save(out, &whole, (struct rows_range){0, whole.rows});
    arena_done(&a);
    return ok;
}

static bool rest_load(struct tap *t, struct saved *s, struct err *e) {
    struct saved part = saved_part(s);
    struct tap_rest *r = &t->rest;
    if (!rows_load(&part, t->def->schema, &r->arena, &r->batch, e)) return false;
    if (r->batch.rows == 0 || r->batch.rows != t->end - t->begun)
        return saved_damaged("a source", e);
    r->is_batch = true;
    t->batch = &r->batch;
    return true;
}

/* --- taps --- */

static uint8_t what_it_reads(const struct tap *t) {
    if (t->def == &t->stream->errors.def) return READS_ERRORS;
    if (t->def == stream_numbered_def(t->stream)) return READS_NUMBERED;
    return t->def == &t->stream->late.def ? READS_LATE : READS_STREAM;
}

/* A reader that was never opened has nothing to say, or what was loaded. */
static bool reader_save(struct tap *t, struct buf *out, struct err *e) {
    saved_put_u64(out, t->reader ? t->reader->bytes : t->rest.bytes);
    size_t part = saved_begin(out);
    bool ok = true;
    if (tap_from(t) == FROM_TABLE) {
        /* what it had is set aside, and it begins anew where the table stands */
    } else if (t->reader && t->alone) {
        kept_reader_save(t->reader, out);
    } else if (t->reader && t->failure.code == ERR_NONE && !t->ended) {
        ok = t->reader->type->save(t->reader, out, e);
    } else if (t->rest.place.at) {
        buf_add(out, t->rest.place.at, t->rest.place.bytes);
    }
    saved_end(out, part);
    return ok;
}

static bool bad_lane_save(const struct tap *t, struct buf *out, struct err *e) {
    size_t part = saved_begin(out);
    bool ok = !t->bad_lane || lane_save(t->bad_lane, out, e);
    saved_end(out, part);
    return ok;
}

static bool tap_save(struct tap *t, struct buf *out, struct err *e) {
    bool drains = tap_from(t) == FROM_TABLE && t->feeds;
    if (drains && !feed_drain(t->feeds, e)) return false;
    uint32_t first = first_needed(t);
    saved_put_u8(out, what_it_reads(t));
    saved_put_u8(out, t->alone);
    saved_put_u8(out, t->ended);
    saved_put_u32(out, t->occurrence);
    saved_put_u64(out, t->rows);
    saved_put_u64(out, t->bad);
    saved_put_u64(out, t->number);
    saved_put_u64(out, t->begun + first);
    saved_put_u64(out, t->end);
    saved_put_u64(out, t->bad_reached);
    saved_put_u32(out, t->def->schema->cols);
    for (uint32_t c = 0; c < t->def->schema->cols; c++) saved_put_u8(out, t->used[c]);
    saved_put_err(out, &t->failure);
    if (!reader_save(t, out, e) || !bad_lane_save(t, out, e)) return false;
    bad_list_save(&t->held, (struct bad_from){first, first}, out);
    bool rest = t->batch && first < t->batch->rows;
    saved_put_u8(out, rest);
    size_t part = saved_begin(out);
    if (rest && !rest_save(t, first, out, e)) return false;
    saved_end(out, part);
    return !out->failed || err_memory(e);
}

bool taps_have_place(const struct stream *s) {
    for (const struct tap *t = s->taps; t; t = t->next) {
        bool reads = t->reader && t->failure.code == ERR_NONE && !t->ended;
        if (!t->alone && (reads || (!t->reader && t->rest.place.at))) return true;
    }
    return false;
}

bool taps_save(struct stream *s, struct buf *out, struct err *e) {
    uint32_t count = 0;
    for (const struct tap *t = s->taps; t; t = t->next) count++;
    saved_put_u32(out, count);
    for (struct tap *t = s->taps; t; t = t->next) {
        size_t part = saved_begin(out);
        if (!tap_save(t, out, e)) return false;
        saved_end(out, part);
    }
    return true;
}

static bool text_keep(struct tap *t, struct text from, struct text *to, struct err *e) {
    to->at = arena_copy(&t->rest.arena, from.at, from.bytes);
    to->bytes = from.bytes;
    return to->at || err_memory(e);
}

/* Readers of kept rows are opened at once; the others when it is known who reads them. */
static bool reader_load(struct tap *t, uint8_t reads, struct saved *s, struct err *e) {
    t->rest.bytes = saved_u64(s);
    struct text place = saved_part_text(s);
    if (place.bytes == 0 && !t->alone) return true;
    struct stream *x = t->stream;
    if (tap_from(t) == FROM_TABLE && t->ended) return true;
    if (tap_from(t) == FROM_TABLE) {
        const struct table_reader_options o = {
            .numbered = reads == READS_NUMBERED ? t->def->schema : NULL,
            .follows = true,
            .latest = true,
        };
        t->reader = table_reader_open(x->table, &o, e);
        return t->reader != NULL;
    }
    if (t->alone) {
        struct saved at = saved_of(place);
        struct kept *k = x->kept;
        if (reads == READS_ERRORS) k = side_kept(x, &x->errors, e);
        if (reads == READS_LATE) k = side_kept(x, &x->late, e);
        if (!k) return false;
        t->reader = kept_reader_resume(k, &at, e);
        return t->reader != NULL;
    }
    return text_keep(t, place, &t->rest.place, e);
}

static bool bad_lane_load(struct tap *t, struct saved *s, struct err *e) {
    struct text lane = saved_part_text(s);
    return lane.bytes == 0 || text_keep(t, lane, &t->rest.lane, e);
}

static bool tap_fill(struct tap *t, uint8_t reads, struct saved *s, struct err *e) {
    t->alone = saved_bool(s);
    t->ended = saved_bool(s);
    t->occurrence = saved_u32(s);
    t->rows = saved_u64(s);
    t->bad = saved_u64(s);
    t->number = saved_u64(s);
    t->begun = saved_u64(s);
    t->end = saved_u64(s);
    t->bad_reached = saved_u64(s);
    uint32_t cols = saved_count(s, 1);
    bool alone = reads != READS_STREAM || !t->stream->connector;
    if (cols != t->def->schema->cols || t->alone != alone) return saved_damaged("a source", e);
    for (uint32_t c = 0; c < cols; c++) t->used[c] = saved_bool(s);
    saved_err(s, &t->failure);
    if (!reader_load(t, reads, s, e) || !bad_lane_load(t, s, e)) return false;
    if (!bad_list_load(&t->held, s, e)) return false;
    bool rest = saved_bool(s);
    if (rest) return rest_load(t, s, e) && saved_done(s, "a source", e);
    (void)saved_part(s);
    return saved_done(s, "a source", e);
}

static bool tap_load(struct stream *s, struct saved in, struct err *e) {
    uint8_t reads = saved_u8(&in);
    const struct stream_def *def = s->def;
    bool stored = s->connector || s->kept || s->table;
    bool is_there = (reads == READS_STREAM && stored) || reads == READS_ERRORS ||
                    reads == READS_LATE || (reads == READS_NUMBERED && s->table);
    if (!is_there) return saved_damaged("a source", e);
    if (reads == READS_ERRORS) def = &s->errors.def;
    if (reads == READS_LATE) def = &s->late.def;
    if (reads == READS_NUMBERED) def = stream_numbered_def(s);
    struct tap *t = tap_new(s, def, e);
    return t && tap_fill(t, reads, &in, e);
}

bool taps_load(struct stream *s, struct saved *in, struct err *e) {
    assert(!s->taps);
    uint32_t count = saved_count(in, sizeof(uint64_t));
    for (uint32_t i = 0; i < count; i++) {
        if (!tap_load(s, saved_part(in), e)) return false;
    }
    return true;
}

/* --- feeds --- */

static uint32_t tap_index(const struct tap *t) {
    uint32_t i = 0;
    for (const struct tap *x = t->stream->taps; x != t; x = x->next) i++;
    return i;
}

/* The place among the rows that were set aside. */
static void aside_save(const struct feed *f, struct buf *out, struct err *e) {
    uint64_t at = 0;
    (void)kept_reader_source(f->aside_reader, &at);
    if (f->aside_batch) at -= f->aside_batch->rows - f->aside_from;
    size_t part = saved_begin(out);
    if (!kept_save_since(f->aside, at, out, e)) out->failed = true;
    saved_end(out, part);
}

bool feed_save(struct feed *f, struct buf *out, struct err *e) {
    if (tap_from(f->tap) == FROM_TABLE && !feed_drain(f, e)) return false;
    saved_put_u32(out, tap_index(f->tap));
    saved_put_u8(out, f->holds);
    saved_put_u32(out, f->holds ? f->from - first_needed(f->tap) : 0);
    saved_put_u8(out, f->aside != NULL);
    if (f->aside) aside_save(f, out, e);
    return !out->failed || err_memory(e);
}

static bool aside_load(struct feed *f, struct saved *s, struct err *e) {
    struct saved part = saved_part(s);
    f->aside = tap_aside_rows_of(f->tap, e);
    if (!f->aside || !kept_load(f->aside, &part, e)) return false;
    f->aside_reader = kept_reader_open(f->aside, KEPT_OLDEST, false, e);
    return f->aside_reader != NULL;
}

static bool feed_fill(struct feed *f, struct saved *s, struct err *e) {
    struct tap *t = f->tap;
    f->holds = saved_bool(s);
    f->from = saved_u32(s);
    bool aside = saved_bool(s);
    if (s->damaged || (f->holds && (!t->batch || f->from >= t->batch->rows))) {
        return saved_damaged("a source", e);
    }
    return !aside || aside_load(f, s, e);
}

struct feed *feed_load(const struct feed_options *o, struct saved *in, struct err *e) {
    uint32_t index = saved_u32(in);
    struct tap *t = o->stream->taps;
    while (t && index > 0) {
        t = t->next;
        index--;
    }
    if (!t || t->def != o->input->def) {
        saved_damaged("a source", e);
        return NULL;
    }
    struct feed *f = calloc(1, sizeof *f);
    if (!f) {
        err_memory(e);
        return NULL;
    }
    f->tap = t;
    if (!feed_fill(f, in, e)) {
        feed_aside_close(f);
        free(f);
        return NULL;
    }
    if (!t->feeds) t->hint = o->input->hint;
    if (f->holds) t->holders++;
    f->next = t->feeds;
    t->feeds = f;
    *o->number_out = t->number;
    return f;
}

void feed_resume(struct feed *f) {
    struct tap *t = f->tap;
    if (t->holders == 0) t->batch = NULL;
    if (t->reader || !t->rest.place.at || t->failure.code != ERR_NONE || t->ended) return;
    (void)!tap_open(t, &t->failure);
}
