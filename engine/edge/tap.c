/* tap.c: see tap.h.
 *
 * A tap counts its holders: feeds that have not taken all of its batch. It reads when it is asked
 * and has no holder. What a feed set aside comes before the tap's batch, always, so order is kept.
 *
 * A batch comes with the bad records between its rows. Each is told when the row behind it is asked
 * for, so that x$errors has them in the order of rows among what queries could not compute.
 *
 * Kept streams are not shared: a reader of rows in memory costs nothing, so each feed has a tap of
 * its own there, and so has each further input of one query over a stream that can be read again.
 */
#include "engine/edge/tap.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/base/option.h"
#include "engine/edge/tap_private.h"

/* A bad record. A source that is read again gives the same ones again: they count once. */
static bool tell_bad(void *context, const struct decode_bad *b, struct err *e) {
    struct tap *t = context;
    struct stream *s = t->stream;
    t->bad++;
    if (t->bad <= s->seen.bad) return true;
    s->seen.bad = t->bad;
    s->stats.bad++;
    const struct side_row who = {
        .at_us = s->env->clock_us(),
        .lane = t->bad_lane,
        .ordinal = t->begun + b->row,
    };
    return stream_add_error(s, &who, b, e);
}

static bool tap_bad(void *context, const struct decode_bad *b, struct err *e) {
    struct tap *t = context;
    const struct stream *s = t->stream;
    if (s->fail_on_error) {
        return err_set(e, ERR_DATA, b->sqlstate, "%.*s: %s (at byte %llu)", TEXT_ARG(s->def->name),
                       b->message, (unsigned long long)b->offset);
    }
    if (b->row == 0) return tell_bad(t, b, e);
    struct decode_bad mine = *b; /* the bytes are the reader's */
    mine.raw.at = arena_copy(&t->held_arena, b->raw.at ? b->raw.at : "", b->raw.bytes);
    if (!mine.raw.at) return err_memory(e);
    return bad_list_add(&t->held, b->row, &mine, e);
}

void tap_close(struct tap *t) {
    struct tap **link = &t->stream->taps;
    while (*link && *link != t) link = &(*link)->next;
    if (*link) *link = t->next;
    if (t->reader) t->reader->type->close(t->reader);
    lane_close(t->bad_lane);
    arena_done(&t->held_arena);
    arena_done(&t->rest.arena);
    free(t->used);
    free(t);
}

/* The columns that `in` reads, too; true: some of them were not read so far. */
static bool note_used(struct tap *t, const struct plan_input *in) {
    bool more = false;
    for (uint32_t c = 0; c < in->def->schema->cols; c++) {
        bool wants = !in->used || in->used[c];
        more = more || (wants && !t->used[c]);
        t->used[c] = t->used[c] || wants;
    }
    return more;
}

/* An open reader has to give more columns, also of the batch that is not all taken. */
static bool widen(struct tap *t, struct err *e) {
    const struct reader_type *type = t->reader->type;
    if (!type->widen) return true;
    bool again = t->batch && !t->rest.is_batch;
    if (!type->widen(t->reader, t->used, again, e)) return false;
    if (!again) return true;
    uint32_t rows = t->batch->rows;
    if (type->read(t->reader, &t->batch, e) != READ_ROWS) return false;
    assert(t->batch->rows == rows);
    return true;
}

enum tap_from tap_from(const struct tap *t) {
    struct stream *s = t->stream;
    bool table = s->table && (t->def == s->def || t->def == stream_numbered_def(s));
    return table ? FROM_TABLE : t->def != s->def ? FROM_SIDE : FROM_STREAM;
}

struct tap *tap_new(struct stream *s, const struct stream_def *def, struct err *e) {
    struct tap *t = calloc(1, sizeof *t);
    bool *used = calloc(def->schema->cols + 1, sizeof *used);
    if (!t || !used) {
        free(t);
        free(used);
        err_memory(e);
        return NULL;
    }
    t->stream = s;
    t->def = def;
    t->used = used;
    arena_init(&t->held_arena, 0);
    arena_init(&t->rest.arena, 0);
    bad_list_reset(&t->held, &t->held_arena);
    struct tap **link = &s->taps;
    while (*link) link = &(*link)->next;
    *link = t;
    return t;
}

static struct tap *tap_create(const struct feed_options *o, struct err *e) {
    struct tap *t = tap_new(o->stream, o->input->def, e);
    if (!t) return NULL;
    t->hint = o->input->hint;
    t->occurrence = o->occurrence;
    enum tap_from from = tap_from(t);
    t->alone = from == FROM_SIDE || !o->stream->connector;
    if (o->stream->connector && !o->stream->connector->rereadable) {
        t->bad = o->stream->seen.bad; /* what it will give was never seen */
    }
    if (!t->alone || o->stream->number == 0) o->stream->number = ++*o->sources;
    if (from == FROM_STREAM) t->number = o->stream->number;
    return t;
}

/* A reading that is over and that nobody reads any more: who comes now tries anew. One that can be
 * begun anew and has no feed was loaded for a query that is not there any more. */
static void drop_ended(struct stream *s) {
    for (struct tap *t = s->taps; t;) {
        struct tap *next = t->next;
        bool over = (t->ended || t->failure.code != ERR_NONE) && !t->batch;
        bool lost = s->connector->rereadable || t->alone;
        if (!t->feeds && (over || lost)) tap_close(t);
        t = next;
    }
}

/* The tap that this input can share, or NULL. */
static struct tap *tap_find(const struct feed_options *o) {
    if (o->input->def != o->stream->def || !o->stream->connector) return NULL;
    bool rereadable = o->stream->connector->rereadable;
    drop_ended(o->stream);
    for (struct tap *t = o->stream->taps; t; t = t->next) {
        if (t->alone) continue;
        if (!rereadable) return t;
        if (t->reader || t->occurrence != o->occurrence) continue;
        if (options_equal(&t->hint, &o->input->hint)) return t;
    }
    return NULL;
}

static struct reader *open_table(struct stream *s, const struct plan_input *in, bool latest,
                                 struct err *e) {
    const struct table_reader_options o = {
        .numbered = in->def == s->def ? NULL : in->def->schema,
        .follows = !in->snapshot,
        .latest = latest && !in->snapshot,
    };
    return table_reader_open(s->table, &o, e);
}

static struct reader *open_kept(struct tap *t, const struct plan_input *in, struct err *e) {
    struct stream *s = t->stream;
    struct side *side = in->def == &s->errors.def ? &s->errors
                        : in->def == &s->late.def ? &s->late
                                                  : NULL;
    struct kept *k = side ? side_kept(s, side, e) : s->kept;
    if (!k && tap_from(t) != FROM_TABLE) return NULL;
    if (side) side_note_read(s, side, !in->snapshot);
    struct text mode = option_text(&in->hint, "scan.startup.mode");
    if (!mode.at) mode = option_text(&in->def->options, "scan.startup.mode");
    bool latest =
        mode.bytes >= 6 && text_equal_fold((struct text){mode.at, 6}, TEXT_LITERAL("latest"));
    if (tap_from(t) == FROM_TABLE) return open_table(s, in, latest, e);
    return kept_reader_open(k, latest && !in->snapshot ? KEPT_LATEST : KEPT_OLDEST, in->snapshot,
                            e);
}

/* Opened at the first read, when all that start together have said which columns they use. */
bool tap_open(struct tap *t, struct err *e) {
    const struct reader_options o = {
        .def = t->stream->def,
        .hint = t->hint,
        .used = t->used,
        .env = t->stream->env,
        .saved = t->rest.place,
        .arrived = t->stream->seen.arrived_known ? &t->stream->seen.arrived : NULL,
        .context = t,
        .bad = tap_bad,
    };
    t->reader = t->stream->connector->reader_open(&o, e);
    if (!t->reader) return false;
    t->reader->bytes += t->rest.bytes;
    t->rest.place.at = NULL;
    t->stream->seen.arrived_known = false;
    return true;
}

struct feed *feed_open(const struct feed_options *o, struct err *e) {
    struct feed *f = calloc(1, sizeof *f);
    if (!f) {
        err_memory(e);
        return NULL;
    }
    struct tap *t = tap_find(o);
    if (!t) t = tap_create(o, e);
    if (t && t->alone) t->reader = open_kept(t, o->input, e);
    if (!t || (t->alone && !t->reader)) {
        if (t) tap_close(t);
        free(f);
        return NULL;
    }
    if (note_used(t, o->input) && t->reader && !widen(t, e)) {
        free(f);
        return NULL;
    }
    f->tap = t;
    *o->number_out = t->number;
    f->next = t->feeds;
    if (t->batch && !t->feeds) { /* what nobody took before */
        f->holds = true;
        f->from = t->spare_from;
        t->holders = 1;
    }
    t->feeds = f;
    return f;
}

void feed_close(struct feed *f, struct err *lost) {
    if (!f) return;
    struct tap *t = f->tap;
    struct feed **link = &t->feeds;
    while (*link && *link != f) link = &(*link)->next;
    if (*link) *link = f->next;
    bool keeps = t->stream->connector && !t->stream->connector->rereadable && !t->alone;
    if (f->holds) {
        t->holders--;
        if (f->from > t->spare_from) t->spare_from = f->from;
        bool spare = keeps && !t->feeds && t->spare_from < t->batch->rows;
        if (t->holders == 0 && !spare) t->batch = NULL;
    }
    feed_aside_close(f);
    free(f);
    if (t->feeds) return;
    lane_finish(t->bad_lane, lost);
    t->bad_lane = NULL;
    if (!keeps) tap_close(t);
}

void taps_close(struct stream *s) {
    while (s->taps) {
        assert(!s->taps->feeds);
        tap_close(s->taps);
    }
}

static void count_rows(struct tap *t, const struct batch *b) {
    struct stream_stats *stats = &t->stream->stats;
    struct mark now;
    if (t->alone) return;
    bool again = t->stream->connector->rereadable;
    t->rows += b->live;
    stats->rows = !again ? stats->rows + b->live : t->rows > stats->rows ? t->rows : stats->rows;
    stats->bytes = t->reader->bytes > stats->bytes ? t->reader->bytes : stats->bytes;
    t->reader->type->mark(t->reader, &now);
    if (now.watermark_us > stats->watermark_us) stats->watermark_us = now.watermark_us;
}

/* Tells the bad records up to row `row` of the batch. */
static bool tell_to(struct tap *t, uint64_t row, struct err *e) {
    if (!bad_list_tell_to(&t->held, row, tell_bad, t, e)) return false;
    uint64_t at = t->begun + row + 1;
    if (t->bad_lane && at > t->bad_reached) {
        t->bad_reached = at;
        lane_reach(t->bad_lane, at);
    }
    return true;
}

/* What stood behind the last row is told; nothing is held. */
static bool tell_rest(struct tap *t, struct err *e) {
    if (!bad_list_tell_to(&t->held, UINT64_MAX, tell_bad, t, e)) return false;
    arena_reset(&t->held_arena);
    bad_list_reset(&t->held, &t->held_arena);
    return true;
}

/* Reads the next batch and gives it to all feeds. */
static enum feed_status tap_read(struct tap *t, struct err *e) {
    assert(t->holders == 0);
    t->batch = NULL;
    if (!tell_rest(t, e)) return FEED_FAIL;
    if (!t->reader && !tap_open(t, e)) {
        t->failure = *e;
        return FEED_FAIL;
    }
    const struct batch *b = NULL;
    t->begun = t->end;
    switch (t->reader->type->read(t->reader, &b, e)) {
    case READ_WAIT: return FEED_WAIT;
    case READ_END:
        t->ended = true;
        if (t->bad_lane) lane_end(t->bad_lane);
        return FEED_END;
    case READ_FAIL: t->failure = *e; return FEED_FAIL;
    case READ_ROWS: break;
    }
    assert(b && b->rows > 0);
    t->batch = b;
    t->rest.is_batch = false;
    t->end = t->begun + b->rows;
    t->spare_from = 0;
    count_rows(t, b);
    for (struct feed *f = t->feeds; f; f = f->next) {
        f->holds = true;
        f->from = 0;
        t->holders++;
    }
    return FEED_ROWS;
}

const void *feed_source(const struct feed *f, uint64_t *at_out) {
    const struct tap *t = f->tap;
    if (tap_from(t) == FROM_TABLE) return table_reader_source(t->reader, at_out);
    if (t->alone) return kept_reader_source(t->reader, at_out);
    *at_out = f->holds ? t->begun + f->from : t->end;
    return t;
}

bool feed_order_bad(struct feed *f, struct junctions *all, struct err *e) {
    struct tap *t = f->tap;
    struct stream *s = t->stream;
    bool loaded = t->rest.lane.at != NULL;
    if (t->alone || t->bad_lane || (t->ended && !loaded)) return true;
    const struct lane_options o = {
        .source = t,
        .place = &s->errors,
        .reached = t->begun,
        .context = s,
        .write = stream_write_errors,
    };
    struct saved rows = saved_of(t->rest.lane);
    t->bad_lane = lane_open(all, &o, e);
    if (!t->bad_lane) return false;
    if (!loaded) t->bad_reached = t->begun;
    t->rest.lane.at = NULL;
    return !loaded || lane_load(t->bad_lane, s->errors.def.schema, &rows, e);
}

bool feed_check_bad(const struct feed *f, struct err *e) {
    return !f->tap->bad_lane || lane_check(f->tap->bad_lane, e);
}

enum feed_status feed_rows(struct feed *f, const struct batch **out, uint32_t *from_out,
                           struct err *e) {
    struct tap *t = f->tap;
    enum feed_status s = feed_aside_rows(f, e);
    f->taking_aside = s == FEED_ROWS;
    if (s == FEED_FAIL) return s;
    if (s == FEED_ROWS) {
        *out = f->aside_batch;
        *from_out = f->aside_from;
        return s;
    }
    if (!f->holds) {
        if (t->failure.code != ERR_NONE) {
            *e = t->failure;
            return FEED_FAIL;
        }
        if (t->holders > 0) return FEED_BLOCKED;
        if (t->ended) return FEED_END;
        s = tap_read(t, e);
        if (s != FEED_ROWS) return s;
    }
    *out = t->batch;
    *from_out = f->from;
    return feed_tell_bad(f, f->from, e) ? FEED_ROWS : FEED_FAIL;
}

bool feed_tell_bad(struct feed *f, uint32_t row, struct err *e) {
    struct tap *t = f->tap;
    return f->taking_aside || tell_to(t, row, e);
}

bool feed_took(struct feed *f, uint32_t rows, struct err *e) {
    if (f->taking_aside) {
        f->aside_from += rows;
        assert(f->aside_from <= f->aside_batch->rows);
        if (f->aside_from == f->aside_batch->rows) f->aside_batch = NULL;
        return true;
    }
    struct tap *t = f->tap;
    assert(f->holds && t->batch);
    f->from += rows;
    assert(f->from <= t->batch->rows);
    if (f->from > 0 && !feed_tell_bad(f, f->from - 1, e)) return false;
    if (f->from < t->batch->rows) return true;
    f->holds = false;
    t->spare_from = t->batch->rows; /* nothing is left for who comes later */
    t->holders--;
    if (t->holders == 0) t->batch = NULL;
    return true;
}

void feed_mark(const struct feed *f, struct mark *out) {
    const struct tap *t = f->tap;
    *out = (struct mark){.watermark_us = TIME_MIN_US};
    if (t->reader && !f->holds && !f->aside) t->reader->type->mark(t->reader, out);
}

void feed_poll(const struct feed *f, struct pollfd *out) {
    *out = (struct pollfd){.fd = -1};
    if (f->tap->reader) f->tap->reader->type->poll(f->tap->reader, out);
}

bool feed_reads_table(const struct feed *f) {
    return tap_from(f->tap) == FROM_TABLE;
}

bool feed_is_inside(const struct feed *f) {
    return f->tap->alone;
}

bool feed_is_level(const struct feed *f) {
    const struct tap *t = f->tap;
    if (!t->alone) return true;
    if (f->holds || f->aside) return false;
    if (!t->reader) return true; /* all that was there was given before it was saved */
    return tap_from(t) == FROM_TABLE ? table_reader_is_level(t->reader)
                                     : kept_reader_is_level(t->reader);
}

bool feed_whole_row(struct feed *f, uint32_t row, struct late_row *out, struct err *e) {
    struct tap *t = f->tap;
    const struct batch *b = f->taking_aside ? f->aside_batch : t->batch;
    assert(b);
    out->row = b;
    out->index = row;
    bool whole = f->taking_aside || t->rest.is_batch || !t->reader->type->whole_row;
    if (whole) return true;
    if (!t->reader->type->whole_row(t->reader, row, &out->row, e)) return false;
    out->index = 0;
    return true;
}
