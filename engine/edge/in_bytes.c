/* in_bytes.c: see in_bytes.h.
 *
 * One buffer holds, from `begin` to `end`, the bytes that are not decoded yet; DECODE_PAD_BYTES
 * behind it are readable. A read() decodes from `begin` until it has a batch. When the decoder
 * takes nothing more, the unfinished record is moved to the front and the source fills the rest.
 * A record longer than the buffer makes it grow, up to record_bytes_max and a buffer more: past
 * that the decoder has seen enough to call the record bad.
 *
 * TEXT values of a batch point into the buffer, so it stays untouched until the next read().
 *
 * A row is made whole again (whole_row) by decoding its record a second time with every column
 * wanted; for that the first record of a file, which may name the columns, is kept.
 */
#include "engine/edge/in_bytes.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/base/option.h"
#include "engine/edge/in_bytes_private.h"

enum { BUFFER_BYTES = 256 * 1024 };

static struct byte_reader *of(struct reader *r) {
    return (struct byte_reader *)r;
}

static size_t record_bytes(const struct byte_reader *r, const char *at, size_t limit) {
    if (r->codec->record_bytes) return r->codec->record_bytes(r->main.decoder, at, limit);
    const char *newline = memchr(at, '\n', limit);
    size_t n = newline ? (size_t)(newline - at) : limit;
    return n > 0 && at[n - 1] == '\r' ? n - 1 : n;
}

static struct text record_of(const struct byte_reader *r, uint32_t row, uint64_t *offset) {
    *offset = r->row_offset[row];
    assert(*offset >= r->last.offset && *offset - r->last.offset <= r->last.bytes);
    size_t from = (size_t)(*offset - r->last.offset);
    const char *at = r->last.at + from;
    return (struct text){.at = at, .bytes = (uint32_t)record_bytes(r, at, r->last.bytes - from)};
}

static void record_fill(void *context, uint32_t row, struct decode_bad *out) {
    const struct byte_reader *r = context;
    out->raw = record_of(r, row, &out->offset);
}

static bool bad_note(void *context, const struct decode_bad *b, struct err *e) {
    struct byte_reader *r = context;
    return r->again || bad_list_add(&r->bad, b->offset, b, e);
}

static bool bad_ignore(void *context, const struct decode_bad *b, struct err *e) {
    (void)context;
    (void)b;
    (void)e;
    return true;
}

static bool open_decoding(struct byte_reader *r, struct decoding *d, const bool *used,
                          struct err *e) {
    const struct decoding_options o = {
        .codec = r->codec,
        .options = &r->options,
        .env = r->o.env,
        .intake = {.def = r->o.def,
                   .env = edge_fn_env(r->o.env),
                   .used = used,
                   .arena = &r->arena,
                   .context = r,
                   .record = used ? record_fill : NULL,
                   .bad = used ? bad_note : bad_ignore},
    };
    return decoding_open(d, &o, e);
}

/* Makes the batch of what was decoded. What is written down comes at the same time again. */
static bool take(struct byte_reader *r, struct decoding *d, uint32_t rows, struct arena *a,
                 const struct batch **out, struct err *e) {
    const struct arrivals *came = &r->arrivals;
    const struct decoding_rows in = {
        .rows = rows,
        .path = r->source->type->path ? r->source->type->path(r->source) : NULL,
        .proctime_us = came->journal ? came->came_us : r->o.env->clock_us(),
        .arena = a,
    };
    return decoding_take(d, &in, out, e);
}

/* Keeps the first record of a file: a header line names the columns. */
static void first_keep(struct byte_reader *r) {
    if (r->in.offset != 0 || r->in.begin == r->in.end) return;
    const char *at = r->in.buffer + r->in.begin;
    size_t bytes = record_bytes(r, at, r->in.end - r->in.begin);
    if (bytes > FIRST_RECORD_MAX || !r->in.first) return;
    memcpy(r->in.first, at, bytes);
    r->in.first_bytes = bytes;
}

/* Keeps the last bytes of what was decoded. */
static void tail_keep(struct input *in, const char *at, size_t bytes) {
    uint32_t held = in->tail_bytes;
    if (bytes >= BYTES_TAIL) held = 0;
    size_t more = bytes < BYTES_TAIL ? bytes : BYTES_TAIL;
    if (held > BYTES_TAIL - more) {
        size_t drop = held - (BYTES_TAIL - more);
        memmove(in->tail, in->tail + drop, held - drop);
        held -= (uint32_t)drop;
    }
    memcpy(in->tail + held, at + bytes - more, more);
    in->tail_bytes = held + (uint32_t)more;
}

/* Decodes what is in the buffer. *rows_out: the good records found. */
static bool decode_some(struct byte_reader *r, uint32_t *rows_out, struct err *e) {
    arena_reset(&r->batch_arena);
    bad_list_reset(&r->bad, &r->batch_arena);
    if (!decoding_begin(&r->main, &r->batch_arena, e)) return false;
    struct decode_job job = {
        .at = r->in.buffer + r->in.begin,
        .bytes = r->in.end - r->in.begin,
        .last = r->in.file_end,
        .offset = r->in.offset,
        .col = r->main.builder,
        .rows_max = r->o.env->batch_rows,
        .arena = &r->batch_arena,
        .context = r,
        .bad = bad_note,
        .row_offset = r->row_offset,
    };
    if (!r->codec->decode(r->main.decoder, &job, e)) return false;
    assert(job.consumed <= job.bytes && job.rows <= job.rows_max);
    assert(!job.last || job.consumed > 0); /* else this would never end */
    if (r->in.offset == 0 && job.consumed > 0) first_keep(r);
    intake_mark(r->main.intake, &r->last.before);
    r->last.at = job.at;
    r->last.offset = r->in.offset;
    r->last.bytes = job.consumed;
    r->in.begin += job.consumed;
    r->in.offset += job.consumed;
    tail_keep(&r->in, job.at, job.consumed);
    r->in.starved = r->in.begin == r->in.end || job.consumed == 0;
    *rows_out = r->rows = job.rows;
    return true;
}

static bool grow(struct byte_reader *r, struct err *e) {
    size_t capacity = r->in.capacity * 2;
    char *grown = realloc(r->in.buffer, capacity + DECODE_PAD_BYTES);
    if (!grown) return err_memory(e);
    memset(grown + capacity, 0, DECODE_PAD_BYTES);
    r->in.buffer = grown;
    r->in.capacity = capacity;
    return true;
}

/* Room for bytes behind `end`: the unfinished record goes to the front, or the buffer grows. */
static bool make_room(struct byte_reader *r, struct err *e) {
    size_t held = r->in.end - r->in.begin;
    if (r->in.begin > 0 && held > 0) memmove(r->in.buffer, r->in.buffer + r->in.begin, held);
    r->in.begin = 0;
    r->in.end = held;
    return held < r->in.capacity / 2 || grow(r, e);
}

/* Gets more bytes, or learns that there are none now. READ_ROWS: go on decoding. */
static enum read_status fetch(struct byte_reader *r, struct err *e) {
    if (!make_room(r, e)) return READ_FAIL;
    size_t got = 0;
    enum byte_status s =
        byte_reader_arrive(r, r->in.buffer + r->in.end, r->in.capacity - r->in.end, &got, e);
    assert(got <= r->in.capacity - r->in.end);
    switch (s) {
    case BYTES_SOME:
    case BYTES_RECORDS:
        r->in.end += got;
        r->base.bytes += got;
        r->in.starved = false;
        r->in.file_end = s == BYTES_RECORDS;
        return READ_ROWS;
    case BYTES_ROOM: return grow(r, e) ? READ_ROWS : READ_FAIL;
    case BYTES_WAIT: return READ_WAIT;
    case BYTES_FILE_END:
    case BYTES_END:
        r->in.file_end = true;
        r->in.restart = s == BYTES_FILE_END;
        r->in.ended = s == BYTES_END;
        r->in.starved = r->in.begin == r->in.end;
        return READ_ROWS;
    case BYTES_FAIL: break;
    }
    return READ_FAIL;
}

/* The file whose end was met is all decoded. */
static void next_file(struct byte_reader *r) {
    r->in.file_end = false;
    if (!r->in.restart) return;
    r->in.restart = false;
    r->in.offset = 0;
    r->in.first_bytes = 0;
    r->in.tail_bytes = 0;
    r->codec->decoder_restart(r->main.decoder);
    if (r->whole.decoder) r->codec->decoder_restart(r->whole.decoder);
}

/* The first row at `offset` or behind it. */
static uint32_t row_at(const struct byte_reader *r, uint64_t offset) {
    uint32_t from = 0, to = r->rows;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (r->row_offset[middle] < offset) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

/* A bad record that is to stop the reading does so when the rows before it were given. */
static bool bad_tell(void *context, const struct decode_bad *b, struct err *e) {
    struct byte_reader *r = context;
    struct decode_bad placed = *b;
    placed.row = row_at(r, b->offset);
    if (r->stop.why.code != ERR_NONE || r->o.bad(r->o.context, &placed, e)) return true;
    intake_mark(r->main.intake, &r->stop.after);
    r->stop.why = *e;
    r->stop.offset = b->offset;
    return true;
}

/* The rows before the record that stops the reading. */
static enum read_status give_before_stop(struct byte_reader *r, const struct batch **out,
                                         struct err *e) {
    uint32_t rows = 0;
    r->stop.cut = **out;
    while (rows < r->stop.cut.rows && r->row_offset[rows] < r->stop.offset) rows++;
    if (rows < r->stop.cut.rows) r->stop.after.watermark_us = batch_watermark(*out, rows);
    uint32_t live = rows;
    if (r->stop.cut.sel) {
        for (live = 0; live < r->stop.cut.live && r->stop.cut.sel[live] < rows;) live++;
    }
    r->stop.cut.rows = rows;
    r->stop.cut.live = live;
    *out = &r->stop.cut;
    *e = r->stop.why;
    return rows > 0 ? READ_ROWS : READ_FAIL;
}

static enum read_status give(struct byte_reader *r, uint32_t rows, const struct batch **out,
                             struct err *e) {
    bool ok = take(r, &r->main, rows, &r->batch_arena, out, e);
    r->again = false;
    if (!ok || !bad_list_tell(&r->bad, bad_tell, r, e)) return READ_FAIL;
    return r->stop.why.code == ERR_NONE ? READ_ROWS : give_before_stop(r, out, e);
}

static enum read_status bytes_read(struct reader *base, const struct batch **out, struct err *e) {
    struct byte_reader *r = of(base);
    for (;;) {
        uint32_t rows = r->rows = 0;
        if (r->stop.why.code != ERR_NONE) {
            *e = r->stop.why;
            return READ_FAIL;
        }
        if (r->in.begin < r->in.end && !r->in.starved && !decode_some(r, &rows, e))
            return READ_FAIL;
        if (r->in.file_end && r->in.begin == r->in.end && rows == 0) next_file(r);
        if (rows > 0) return give(r, rows, out, e);
        if (!bad_list_tell(&r->bad, bad_tell, r, e)) return READ_FAIL;
        if (r->stop.why.code != ERR_NONE) continue;
        if (r->in.begin < r->in.end && !r->in.starved) continue; /* only bad records: on */
        assert(!r->in.file_end || r->in.begin == r->in.end || r->in.starved);
        if (r->in.ended) return READ_END;
        enum read_status s = fetch(r, e);
        if (s != READ_ROWS) return s;
    }
}

static void bytes_mark(const struct reader *base, struct mark *out) {
    const struct byte_reader *r = (const struct byte_reader *)base;
    intake_mark(r->main.intake, out);
    if (r->stop.why.code != ERR_NONE) *out = r->stop.after;
}

static void bytes_poll(const struct reader *base, struct pollfd *out) {
    const struct byte_reader *r = (const struct byte_reader *)base;
    r->source->type->poll(r->source, out);
}

/* Decodes one record by itself, into builders in `a`. *rows_out: 1, or 0 if it was no row. */
static bool decode_alone(struct byte_reader *r, struct decoding *d, struct text record,
                         uint32_t *rows_out, struct err *e) {
    struct arena *a = &r->whole_arena;
    char *copy = arena_alloc(a, (size_t)record.bytes + 1 + DECODE_PAD_BYTES);
    if (!copy) return err_memory(e);
    if (record.bytes > 0) memcpy(copy, record.at, record.bytes);
    memset(copy + record.bytes, '\n', 1 + DECODE_PAD_BYTES);
    if (!decoding_begin(d, a, e)) return false;
    struct decode_job job = {
        .at = copy,
        .bytes = (size_t)record.bytes + 1,
        .last = true,
        .col = d->builder,
        .rows_max = 1,
        .arena = a,
        .context = r,
        .bad = bad_ignore,
    };
    if (!r->codec->decode(d->decoder, &job, e)) return false;
    *rows_out = job.rows;
    return true;
}

bool byte_reader_show_first(struct byte_reader *r, struct decoding *d, struct err *e) {
    uint32_t rows;
    struct text first = {.at = r->in.first, .bytes = (uint32_t)r->in.first_bytes};
    return first.bytes == 0 || decode_alone(r, d, first, &rows, e);
}

static bool bytes_whole_row(struct reader *base, uint32_t row, const struct batch **out,
                            struct err *e) {
    struct byte_reader *r = of(base);
    uint64_t offset;
    uint32_t rows = 0;
    struct text record = record_of(r, row, &offset);
    arena_reset(&r->whole_arena);
    if (!r->whole.decoder && !open_decoding(r, &r->whole, NULL, e)) return false;
    r->codec->decoder_restart(r->whole.decoder);
    if (offset > 0 && !byte_reader_show_first(r, &r->whole, e)) return false;
    if (!decode_alone(r, &r->whole, record, &rows, e)) return false;
    if (rows != 1) return err_set(e, ERR_IO, "58030", "a record could not be read again");
    return take(r, &r->whole, 1, &r->whole_arena, out, e);
}

static bool bytes_widen(struct reader *base, const bool *used, bool again, struct err *e) {
    struct byte_reader *r = of(base);
    struct decoding wider = {.codec = NULL};
    struct mark now;
    intake_mark(r->main.intake, &now);
    arena_reset(&r->whole_arena);
    bool middle = (again ? r->last.offset : r->in.offset) > 0;
    if (!open_decoding(r, &wider, used, e) || (middle && !byte_reader_show_first(r, &wider, e))) {
        decoding_close(&wider);
        return false;
    }
    intake_resume(wider.intake, again ? &r->last.before : &now);
    decoding_close(&r->main);
    r->main = wider;
    if (!again) return true;
    r->in.begin = (size_t)(r->last.at - r->in.buffer);
    r->in.offset = r->last.offset;
    r->in.starved = false;
    r->again = true;
    return true;
}

static void bytes_close(struct reader *base) {
    if (!base) return;
    struct byte_reader *r = of(base);
    decoding_close(&r->main);
    decoding_close(&r->whole);
    if (r->source) r->source->type->close(r->source);
    arena_done(&r->whole_arena);
    arena_done(&r->batch_arena);
    arena_done(&r->arena);
    free(r->in.buffer);
    free(r);
}

static const struct reader_type byte_reader_type = {
    .read = bytes_read,
    .mark = bytes_mark,
    .poll = bytes_poll,
    .whole_row = bytes_whole_row,
    .widen = bytes_widen,
    .save = byte_reader_save,
    .close = bytes_close,
};

static bool byte_reader_init(struct byte_reader *r, struct err *e) {
    if (!options_merge(&r->arena, &r->o.def->options, &r->o.hint, &r->options, e)) return false;
    r->codec = decoding_codec(&r->options, e);
    if (!r->codec) return false;
    r->in.capacity = BUFFER_BYTES;
    r->in.buffer = calloc(1, r->in.capacity + DECODE_PAD_BYTES);
    r->row_offset = ARENA_ARRAY(&r->arena, r->row_offset, r->o.env->batch_rows);
    if (!r->in.buffer || !r->row_offset) return err_memory(e);
    if (strcmp(r->codec->name, "csv") == 0) {
        r->in.first = arena_alloc(&r->arena, FIRST_RECORD_MAX);
        if (!r->in.first) return err_memory(e);
    }
    r->in.starved = true;
    if (r->source->type->once) r->arrivals.journal = r->o.env->journal;
    if (!open_decoding(r, &r->main, r->o.used, e)) return false;
    if (r->o.saved.at) return byte_reader_resume(r, e);
    return !r->arrivals.journal || byte_reader_begin(r, e);
}

struct reader *byte_reader_open(const struct reader_options *o, struct byte_source *source,
                                struct err *e) {
    assert(o->env->batch_rows > 0 && o->env->batch_rows <= BATCH_ROWS);
    struct byte_reader *r = calloc(1, sizeof *r);
    if (!r) {
        source->type->close(source);
        err_memory(e);
        return NULL;
    }
    r->base.type = &byte_reader_type;
    r->o = *o;
    r->source = source;
    arena_init(&r->arena, 0);
    arena_init(&r->batch_arena, 0);
    arena_init(&r->whole_arena, 0);
    if (byte_reader_init(r, e)) return &r->base;
    bytes_close(&r->base);
    return NULL;
}
