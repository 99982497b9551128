/* track.c: Track: numbers the things that boxes show, the same thing over frames (tracks.h).
 *
 * A frame is whole when the watermark has passed its time; then its rows come out, frames by time
 * and rows within a frame as they came, each with the watermark that its own time is: nothing
 * earlier comes behind it. A row whose time the watermark has passed before it came is late. Rows
 * are kept packed; a heap has them in the order in which they go.
 *
 * Rows are numbered as they stand in the batches, those of other workers too, so that results of
 * several workers are merged into the order that one would give.
 */
#include <string.h>

#include "engine/base/fn_errors.h"
#include "engine/base/pack.h"
#include "engine/op/result.h"
#include "engine/op/tracks.h"
#include "engine/op/window_session.h"
#include "engine/query_private.h"
#include "engine/worker.h"

/* A kept row: the value of its number. */
struct kept {
    struct text packed;
    int64_t at_us;
    struct rect rect;
    uint32_t lane; /* STATE_NONE: it has no box */
    uint32_t begins;
};

struct track_op {
    const struct plan_track *plan;
    struct tracks tracks;
    struct state_table *row; /* number -> struct kept */
    struct state_codec codec;
    struct time_heap waiting; /* kept rows */
    int64_t next_number;
    size_t counted_bytes; /* of the heaps */
    struct column *blank;
    struct {
        uint16_t row[BATCH_ROWS];   /* of the batch at hand, that are taken: [taken] */
        uint16_t boxed[BATCH_ROWS]; /* those of them with a box: [boxes] */
        int64_t boxed_us[BATCH_ROWS];
        uint32_t lane[BATCH_ROWS]; /* [boxes] */
        uint32_t taken, boxes;
    } in;
};

/* Rows on their way out. */
struct leaving {
    struct time_item *row; /* [count] */
    struct sighting *seen; /* [count] */
    uint32_t count;
};

static bool kept_save(void *context, const void *value, struct buf *out) {
    (void)context;
    const struct kept *k = value;
    buf_add(out, &k->at_us, sizeof k->at_us);
    buf_add(out, &k->rect, sizeof k->rect);
    buf_add(out, &k->lane, sizeof k->lane);
    buf_add(out, &k->begins, sizeof k->begins);
    buf_add_text(out, k->packed);
    return !out->failed;
}

static bool damaged(struct err *e) {
    return err_set(e, ERR_CORRUPT, "XX001", "saved tracks are damaged");
}

static bool kept_load(void *context, struct arena *a, void *value, struct text saved,
                      struct err *e) {
    (void)context;
    struct kept *k = value;
    const uint32_t head = sizeof k->at_us + sizeof k->rect + sizeof k->lane + sizeof k->begins;
    if (saved.bytes < head) return damaged(e);
    const char *at = saved.at;
    memcpy(&k->at_us, at, sizeof k->at_us);
    memcpy(&k->rect, at += sizeof k->at_us, sizeof k->rect);
    memcpy(&k->lane, at += sizeof k->rect, sizeof k->lane);
    memcpy(&k->begins, at += sizeof k->lane, sizeof k->begins);
    k->packed.bytes = saved.bytes - head;
    k->packed.at = arena_copy(a, saved.at + head, k->packed.bytes);
    return k->packed.at || err_memory(e);
}

static bool track_open(struct op *op, const struct plan *plan, struct err *e) {
    struct track_op *w = op->state;
    w->plan = &plan->as.track;
    w->codec = (struct state_codec){.save = kept_save, .load = kept_load};
    if (plan->input[0]->changes) {
        return err_set(e, ERR_SQL, "0A000", "TRACK of an input that changes is not supported");
    }
    w->blank = result_blank(plan->schema, op->arena);
    if (!w->blank) return err_memory(e);
    if (!tracks_open(&w->tracks, w->plan, plan->input[0]->schema, op, e)) return false;
    struct state_options o = {
        .key_bytes = 8, .value_bytes = sizeof(struct kept), .codec = &w->codec};
    w->row = state_table_create(op->keyed, &o, e);
    return w->row != NULL;
}

static void heaps_count(struct op *op) {
    struct track_op *w = op->state;
    size_t bytes = w->waiting.arena.held_bytes + tracks_bytes(&w->tracks);
    state_count(op->keyed, (int64_t)bytes - (int64_t)w->counted_bytes);
    w->counted_bytes = bytes;
}

static void track_close(struct op *op) {
    struct track_op *w = op->state;
    tracks_close(&w->tracks);
    state_table_destroy(w->row);
    w->row = NULL;
    time_heap_done(&w->waiting);
    heaps_count(op);
}

static bool bad_row(struct op *op, const struct batch *in, uint32_t row, const char *sentence,
                    struct err *e) {
    struct row_failure f = {.row = (uint16_t)row, .sqlstate = "22023", .message = sentence};
    struct program_result r = {.failure = &f, .failures = 1};
    return op_bad(op, in, &r, e);
}

static bool has_box(const struct track_op *w, const struct batch *in, uint32_t row) {
    for (uint32_t i = 0; i < TRACK_BOX_COLS; i++) {
        if (!column_has(&in->col[w->plan->box_col[i]], row)) return false;
    }
    return true;
}

static struct rect rect_of(const struct track_op *w, const struct batch *in, uint32_t row) {
    const uint32_t *c = w->plan->box_col;
    return (struct rect){.x = in->col[c[0]].as.f64[row],
                         .y = in->col[c[1]].as.f64[row],
                         .w = in->col[c[2]].as.f64[row],
                         .h = in->col[c[3]].as.f64[row]};
}

/* Is the row taken? What is not is late, or bad. */
static bool row_judge(struct op *op, const struct batch *in, uint32_t row, struct err *e) {
    struct track_op *w = op->state;
    const struct column *time = &in->col[w->plan->time_col];
    if (!window_row_fits(time, row)) return window_row_check(op, in, time, row, e);
    int64_t at_us = time->as.i64[row], watermark_us = batch_watermark(in, row);
    if (at_us < watermark_us) return op_late(op, batch_ordinal(in, row), watermark_us, 1, e);
    if (has_box(w, in, row)) {
        struct rect rect = rect_of(w, in, row);
        if (!rect_fits(&rect)) {
            return bad_row(op, in, row, "the row's box has no area, or is out of range", e);
        }
        w->in.boxed_us[w->in.boxes] = at_us;
        w->in.boxed[w->in.boxes++] = (uint16_t)row;
    }
    w->in.row[w->in.taken++] = (uint16_t)row;
    return true;
}

static bool rows_take(struct op *op, const struct batch *in, struct err *e) {
    struct track_op *w = op->state;
    w->in.taken = w->in.boxes = 0;
    for (uint32_t i = 0; i < in->live; i++) {
        if (!row_judge(op, in, batch_row(in, i), e)) return false;
    }
    if (w->in.boxes == 0) return true;
    const struct key_rows rows = {.in = in, .row = w->in.boxed, .count = w->in.boxes};
    return tracks_expect(&w->tracks, &rows, w->in.boxed_us, op->batch_arena, w->in.lane, e);
}

/* May the row's box begin a track? NaN is above all numbers. */
static bool may_begin(const struct track_op *w, const struct batch *in, uint32_t row) {
    if (w->plan->score_col < 0) return true;
    const struct column *score = &in->col[w->plan->score_col];
    return column_has(score, row) && !(score->as.f64[row] < w->plan->score_min);
}

static bool row_pack(struct track_op *w, const struct batch *in, uint32_t row, struct text *out) {
    size_t bytes = 0;
    uint32_t cols = in->schema->cols;
    for (uint32_t c = 0; c < cols; c++) {
        bytes += in->col[c].as.any ? pack_bytes(&in->col[c], row) : 1;
    }
    char *at = bytes <= UINT32_MAX ? arena_alloc(&w->row->arena, bytes) : NULL;
    if (!at) return false;
    *out = (struct text){.at = at, .bytes = (uint32_t)bytes};
    for (uint32_t c = 0; c < cols; c++) {
        if (in->col[c].as.any) {
            at = pack_value(at, &in->col[c], row, PACK_EXACT);
        } else {
            *at++ = 0; /* nobody reads it: NULL */
        }
    }
    return true;
}

/* Keeps a row that is taken. */
static bool row_keep(struct op *op, const struct batch *in, uint32_t row, uint32_t lane,
                     struct err *e) {
    struct track_op *w = op->state;
    int64_t number = w->next_number + row, at_us = in->col[w->plan->time_col].as.i64[row];
    struct text key = {.at = (void *)&number, .bytes = sizeof number};
    uint32_t id;
    if (!state_upsert_key(w->row, key, &id, e)) return false;
    struct kept *k = state_value(w->row, id);
    *k = (struct kept){.at_us = at_us, .lane = lane, .begins = may_begin(w, in, row)};
    if (lane != STATE_NONE) k->rect = rect_of(w, in, row);
    if (!row_pack(w, in, row, &k->packed)) return err_memory(e);
    struct time_item x = {.at_us = at_us, .number = (uint64_t)number, .id = id};
    return time_heap_add(&w->waiting, x) || err_memory(e);
}

static bool is_passed(const struct track_op *w, int64_t watermark_us) {
    return w->waiting.count > 0 && w->waiting.item[0].at_us < watermark_us;
}

/* Takes the rows whose time the watermark has passed, in order. */
static bool leaving_take(struct op *op, int64_t watermark_us, struct leaving *out, struct err *e) {
    struct track_op *w = op->state;
    uint32_t room = 0;
    *out = (struct leaving){.count = 0};
    while (is_passed(w, watermark_us)) {
        if (out->count == room) {
            room = room > 0 ? room * 2 : 64;
            struct time_item *row = ARENA_ARRAY(op->batch_arena, row, room);
            if (!row) return err_memory(e);
            if (out->count > 0) memcpy(row, out->row, out->count * sizeof *row);
            out->row = row;
        }
        out->row[out->count++] = time_heap_take(&w->waiting);
    }
    out->seen = ARENA_ARRAY(op->batch_arena, out->seen, out->count + 1);
    return out->seen || err_memory(e);
}

/* Numbers what the rows show, frame by frame. */
static bool leaving_track(struct op *op, struct leaving *x, struct err *e) {
    struct track_op *w = op->state;
    for (uint32_t i = 0; i < x->count; i++) {
        const struct kept *k = state_value(w->row, x->row[i].id);
        x->seen[i] = (struct sighting){.rect = k->rect, .lane = k->lane, .begins = k->begins != 0};
    }
    for (uint32_t from = 0, to; from < x->count; from = to) {
        int64_t at_us = x->row[from].at_us;
        for (to = from + 1; to < x->count && x->row[to].at_us == at_us;) to++;
        if (!tracks_frame(&w->tracks, at_us, x->seen + from, to - from, op->batch_arena, e)) {
            return false;
        }
    }
    return true;
}

static struct merge_key key_of(const struct time_item *x, const struct mark *m) {
    return (struct merge_key){.ordinal = m->ordinal, .end_us = x->at_us, .first = x->number};
}

/* Rows of frames that are too full are bad; they go. */
static bool leaving_refuse(struct op *op, struct leaving *x, const struct mark *m, struct err *e) {
    struct track_op *w = op->state;
    static const struct fn_failure full = {
        .sqlstate = "54000", .message = "more than 1000 boxes of one partition have this time"};
    uint32_t n = 0;
    static_assert(FRAME_BOXES_MAX == 1000, "said in the sentence");
    for (uint32_t i = 0; i < x->count; i++) {
        if (x->seen[i].refused) {
            struct merge_key key = key_of(&x->row[i], m);
            if (!op_bad_result(op, &key, &full, e)) return false;
            state_remove(w->row, x->row[i].id);
            continue;
        }
        x->row[n] = x->row[i];
        x->seen[n++] = x->seen[i];
    }
    x->count = n;
    return true;
}

/* For the merge with what other workers give. */
static bool rows_note(struct op *op, const struct time_item *row, uint32_t count,
                      const struct mark *m) {
    if (!op->worker) return true;
    struct merge_key *key = ARENA_ARRAY(op->batch_arena, key, count);
    if (!key) return false;
    for (uint32_t i = 0; i < count; i++) key[i] = key_of(&row[i], m);
    worker_note(op->worker, key);
    return true;
}

static bool chunk_emit(struct op *op, const struct leaving *x, uint32_t from, uint32_t count,
                       const struct mark *m, struct err *e) {
    struct track_op *w = op->state;
    uint32_t cols = op->plan->schema->cols - 1;
    struct column_builder *b = result_open(op, count, e);
    int64_t *watermark = ARENA_ARRAY(op->batch_arena, watermark, count);
    if (!b || !watermark || !rows_note(op, x->row + from, count, m)) return err_memory(e);
    for (uint32_t i = 0; i < count; i++) {
        const struct time_item *row = &x->row[from + i];
        int64_t id = x->seen[from + i].id;
        struct text at = ((struct kept *)state_value(w->row, row->id))->packed;
        for (uint32_t c = 0; c < cols; c++) {
            if (!unpack_value(&at, &b[c])) return b[c].failed ? err_memory(e) : damaged(e);
        }
        if (id == 0) builder_null(&b[cols]);
        if (id != 0) builder_i64(&b[cols], id);
        watermark[i] = row->at_us;
    }
    struct batch head = {.rows = count, .watermark_us = watermark, .first = *m};
    head.first.watermark_us = watermark[0];
    return result_emit_at(op, b, &head, e);
}

/* Gives the frames that the watermark has passed. */
static bool frames_give(struct op *op, const struct mark *m, struct err *e) {
    struct track_op *w = op->state;
    struct leaving x;
    uint32_t step = op->query->options.batch_rows;
    if (!leaving_take(op, m->watermark_us, &x, e) || !leaving_track(op, &x, e)) return false;
    if (!leaving_refuse(op, &x, m, e)) return false;
    for (uint32_t from = 0; from < x.count; from += step) {
        uint32_t n = x.count - from < step ? x.count - from : step;
        struct arena_mark mark = arena_mark(op->batch_arena);
        if (!chunk_emit(op, &x, from, n, m, e)) return false;
        arena_rewind(op->batch_arena, mark);
    }
    for (uint32_t i = 0; i < x.count; i++) state_remove(w->row, x.row[i].id);
    return true;
}

static bool track_push(struct op *op, uint32_t port, const struct batch *in, struct err *e) {
    struct track_op *w = op->state;
    uint32_t passed = 0, taken = 0, boxes = 0;
    (void)port;
    if (!rows_take(op, in, e)) return false;
    for (uint32_t row = 0; row < in->rows; row++) {
        if (is_passed(w, batch_watermark(in, row))) {
            struct mark m = {.ordinal = batch_ordinal(in, row),
                             .watermark_us = batch_watermark(in, row),
                             .proctime_us = batch_proctime(in, row)};
            if (!result_time(op, w->blank, in, passed, row, e)) return false;
            if (!frames_give(op, &m, e)) return false;
            passed = row;
        }
        if (taken == w->in.taken || w->in.row[taken] != row) continue;
        taken++;
        bool box = boxes < w->in.boxes && w->in.boxed[boxes] == row;
        uint32_t lane = box ? w->in.lane[boxes++] : STATE_NONE;
        if (!row_keep(op, in, row, lane, e)) return false;
    }
    w->next_number += in->rows;
    heaps_count(op);
    return result_time(op, w->blank, in, passed, in->rows, e);
}

static bool track_flush(struct op *op, uint32_t port, const struct mark *m, struct err *e) {
    if (is_passed(op->state, m->watermark_us) && !frames_give(op, m, e)) return false;
    heaps_count(op);
    return op_pass_flush(op, port, m, e);
}

/* Saved: next number 8, the tracks, the rows. */
static bool track_save(struct op *op, struct buf *out, struct err *e) {
    struct track_op *w = op->state;
    buf_add(out, &w->next_number, sizeof w->next_number);
    if (out->failed) return err_memory(e);
    return tracks_save(&w->tracks, out, e) && state_table_save(w->row, out, e);
}

/* A row that was loaded waits again. */
static bool row_wait(struct track_op *w, uint32_t id, struct err *e) {
    const struct kept *k = state_value(w->row, id);
    int64_t number;
    memcpy(&number, state_key(w->row, id).at, sizeof number);
    bool good = window_time_fits(k->at_us) && number >= 0 && number < w->next_number;
    if (good && k->lane != STATE_NONE) {
        good = rect_fits(&k->rect) && tracks_expect_again(&w->tracks, k->lane);
    }
    if (!good) return damaged(e);
    struct time_item x = {.at_us = k->at_us, .number = (uint64_t)number, .id = id};
    return time_heap_add(&w->waiting, x) || err_memory(e);
}

static bool track_load(struct op *op, struct text saved, struct err *e) {
    struct track_op *w = op->state;
    if (saved.bytes < sizeof w->next_number) return damaged(e);
    memcpy(&w->next_number, saved.at, sizeof w->next_number);
    saved.at += sizeof w->next_number;
    saved.bytes -= (uint32_t)sizeof w->next_number;
    if (w->next_number < 0 || w->next_number > INT64_MAX / 2) return damaged(e);
    if (!tracks_load(&w->tracks, &saved, e) || !state_table_load(w->row, &saved, e)) return false;
    for (uint32_t id = 0; id < w->row->used; id++) {
        if (state_is_live(w->row, id) && !row_wait(w, id, e)) return false;
    }
    heaps_count(op);
    return saved.bytes == 0 || damaged(e);
}

const struct op_type op_track = {
    .name = "Track",
    .state_bytes = sizeof(struct track_op),
    .open = track_open,
    .push = track_push,
    .flush = track_flush,
    .close = track_close,
    .save = track_save,
    .load = track_load,
};
