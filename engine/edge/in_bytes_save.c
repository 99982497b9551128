/* in_bytes_save.c: where a reader of bytes stands, as bytes.
 *
 *   what
 *   a part: the source's own (which file it reads); empty where it cannot be read again
 *   1 byte: 1 it stands in the middle of a file, 2 nothing comes any more, 3 both
 *   8 bytes: offset in the file of the next record
 *   texts: the first record of the file (CSV), the last bytes before the offset
 *   1 byte each: past the byte order mark; inside a record that was too long
 *   the intake's mark and count
 *   8 bytes: the place of the next record in the journal; 8, bytes that will be read again
 *   a text: bytes that were read, are not decoded, and cannot be read again: the rest of a file
 *   whose end was met, or what came of a pipe
 *   the error that stops the reading, and the mark that holds after the rows before it
 *
 * A file is not read again where its end was met: by then it may be renamed or gone. What is left
 * of it fits into the buffer, so it is saved itself.
 */
#include <assert.h>
#include <stdlib.h>

#include "engine/edge/in_bytes_private.h"
#include "engine/edge/saved.h"

enum { IN_FILE = 1, AT_END = 2 };

/* Is the file whose end was met all decoded? Then the next bytes begin another. */
static bool is_between(const struct byte_reader *r) {
    return r->in.file_end && r->in.restart && r->in.begin == r->in.end;
}

static bool is_written_down(const struct byte_reader *r) {
    return r->arrivals.journal != NULL;
}

/* The bytes that cannot be read again. */
static struct text pending(const struct byte_reader *r) {
    const struct byte_source_type *type = r->source->type;
    bool gone = r->in.file_end || !type->save || (type->is_gone && type->is_gone(r->source));
    bool any = gone && !is_written_down(r) && r->in.begin < r->in.end;
    if (!any) return (struct text){NULL, 0};
    return (struct text){.at = r->in.buffer + r->in.begin,
                         .bytes = (uint32_t)(r->in.end - r->in.begin)};
}

static void place_save(const struct byte_reader *r, struct buf *out) {
    const struct input *in = &r->in;
    const struct line_state *line = r->codec->decoder_line(r->main.decoder);
    bool between = is_between(r);
    bool middle = !between && !in->file_end;
    saved_put_u8(out, (uint8_t)((middle ? IN_FILE : 0) | (in->ended ? AT_END : 0)));
    saved_put_u64(out, between ? 0 : in->offset);
    struct text none = {NULL, 0};
    struct text first = {.at = in->first, .bytes = (uint32_t)in->first_bytes};
    saved_put_text(out, between ? none : first);
    struct text tail = {.at = in->tail, .bytes = in->tail_bytes};
    saved_put_text(out, between ? none : tail);
    saved_put_u8(out, !between && line->begun);
    saved_put_u8(out, !between && line->skipping);
}

bool byte_reader_save(struct reader *base, struct buf *out, struct err *e) {
    struct byte_reader *r = (struct byte_reader *)base;
    assert(!r->again);
    size_t part = saved_begin(out);
    if (r->source->type->save && !r->source->type->save(r->source, out, e)) return false;
    saved_end(out, part);
    place_save(r, out);
    intake_save(r->main.intake, out);
    uint64_t waits = r->in.end - r->in.begin;
    uint64_t next = r->arrivals.at - waits - (is_written_down(r) && r->in.ended);
    saved_put_u64(out, next);
    if (is_written_down(r)) journal_needs(r->arrivals.journal, r->o.def->name, next);
    saved_put_u64(out, waits - pending(r).bytes);
    saved_put_text(out, pending(r));
    saved_put_err(out, &r->stop.why);
    saved_put_mark(out, &r->stop.after);
    return !out->failed || err_memory(e);
}

struct text byte_source_saved(const struct reader_options *o) {
    struct saved s = saved_of(o->saved);
    return o->saved.at ? saved_part_text(&s) : (struct text){NULL, 0};
}

/* What is saved, taken apart. */
struct resumed {
    uint8_t where;
    struct byte_place place;
    struct text first, pending;
    struct line_state line;
};

static bool take_apart(struct byte_reader *r, struct resumed *x, struct err *e) {
    struct saved s = saved_of(r->o.saved);
    (void)saved_part(&s);
    x->where = saved_u8(&s);
    x->place.offset = saved_u64(&s);
    x->first = saved_text(&s);
    x->place.tail = saved_text(&s);
    x->line.begun = saved_bool(&s);
    x->line.skipping = saved_bool(&s);
    intake_load(r->main.intake, &s);
    r->arrivals.at = saved_u64(&s);
    r->base.bytes = 0 - saved_u64(&s); /* the tap adds those that were read */
    x->pending = saved_text(&s);
    saved_err(&s, &r->stop.why);
    r->stop.after = saved_mark(&s);
    bool fits = x->first.bytes <= FIRST_RECORD_MAX && x->place.tail.bytes <= BYTES_TAIL &&
                x->where <= (IN_FILE | AT_END);
    return (fits && saved_done(&s, "a source", e)) || saved_damaged("a source", e);
}

/* The bytes that cannot be read again are in the buffer. */
static bool pending_put(struct byte_reader *r, struct text bytes, struct err *e) {
    if (bytes.bytes > r->in.capacity) {
        char *grown = realloc(r->in.buffer, (size_t)bytes.bytes + DECODE_PAD_BYTES);
        if (!grown) return err_memory(e);
        memset(grown + bytes.bytes, 0, DECODE_PAD_BYTES);
        r->in.buffer = grown;
        r->in.capacity = bytes.bytes;
    }
    if (bytes.bytes > 0) memcpy(r->in.buffer, bytes.at, bytes.bytes);
    r->in.end = bytes.bytes;
    r->in.starved = bytes.bytes == 0;
    return true;
}

/* The decoder, in the middle of a file. */
static bool decoder_set(struct byte_reader *r, const struct resumed *x, struct err *e) {
    if (r->in.first && x->first.bytes > 0) memcpy(r->in.first, x->first.at, x->first.bytes);
    r->in.first_bytes = r->in.first ? x->first.bytes : 0;
    r->codec->decoder_restart(r->main.decoder);
    if (x->place.offset > 0 && !byte_reader_show_first(r, &r->main, e)) return false;
    *r->codec->decoder_line(r->main.decoder) = x->line;
    return true;
}

bool byte_reader_resume(struct byte_reader *r, struct err *e) {
    struct resumed x = {0};
    bool again = false;
    if (!take_apart(r, &x, e)) return false;
    bool seeks = x.where == IN_FILE && r->source->type->seek && x.pending.bytes == 0;
    if (seeks && !r->source->type->seek(r->source, &x.place, &again, e)) return false;
    r->arrivals.again = is_written_down(r);
    if (again) return true;
    r->in.offset = x.place.offset;
    if (x.place.tail.bytes > 0) memcpy(r->in.tail, x.place.tail.at, x.place.tail.bytes);
    r->in.tail_bytes = x.place.tail.bytes;
    r->in.ended = x.where & AT_END && !is_written_down(r);
    r->in.file_end = !(x.where & IN_FILE) && !is_written_down(r);
    r->in.restart = r->in.file_end && !r->in.ended && r->source->type->save;
    return pending_put(r, x.pending, e) && decoder_set(r, &x, e);
}

bool byte_reader_begin(struct byte_reader *r, struct err *e) {
    struct arrivals *a = &r->arrivals;
    a->again = r->o.arrived != NULL;
    if (a->again) a->at = *r->o.arrived;
    return a->again || journal_begin(a->journal, r->o.def->name, &a->at, e);
}

static enum journal_kind kind_of(enum byte_status s) {
    if (s == BYTES_SOME) return JOURNAL_BYTES;
    return s == BYTES_RECORDS ? JOURNAL_RECORDS : JOURNAL_END;
}

/* What was written down before. BYTES_WAIT: that was all. */
static enum byte_status read_again(struct byte_reader *r, void *to, size_t bytes, size_t *got_out,
                                   struct err *e) {
    struct journal_entry x;
    bool got;
    if (!journal_read(r->arrivals.journal, r->o.def->name, r->arrivals.at, &x, &got, e)) {
        return BYTES_FAIL;
    }
    if (!got) return BYTES_WAIT;
    r->arrivals.came_us = x.came_us;
    if (x.kind == JOURNAL_END) {
        r->arrivals.at++;
        return BYTES_END;
    }
    assert(x.at == r->arrivals.at && x.bytes.bytes > 0);
    *got_out = x.bytes.bytes < bytes ? x.bytes.bytes : bytes;
    memcpy(to, x.bytes.at, *got_out);
    r->arrivals.at += *got_out;
    bool whole = *got_out == x.bytes.bytes && x.kind == JOURNAL_RECORDS;
    return whole ? BYTES_RECORDS : BYTES_SOME;
}

enum byte_status byte_reader_arrive(struct byte_reader *r, void *to, size_t bytes, size_t *got_out,
                                    struct err *e) {
    struct arrivals *a = &r->arrivals;
    if (a->again) {
        enum byte_status s = read_again(r, to, bytes, got_out, e);
        if (s != BYTES_WAIT) return s;
        a->again = false;
    }
    enum byte_status s = r->source->type->read(r->source, to, bytes, got_out, e);
    bool came = s == BYTES_SOME || s == BYTES_RECORDS || s == BYTES_END;
    if (!a->journal || !came) return s;
    a->came_us = r->o.env->clock_us();
    struct journal_entry x = {.kind = kind_of(s), .at = a->at, .came_us = a->came_us};
    if (s != BYTES_END) x.bytes = (struct text){.at = to, .bytes = (uint32_t)*got_out};
    if (!journal_append(a->journal, r->o.def->name, &x, e)) return BYTES_FAIL;
    a->at += s == BYTES_END ? 1 : x.bytes.bytes;
    return s;
}
