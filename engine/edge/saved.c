/* saved.c: see saved.h. */
#include "engine/edge/saved.h"

#include <assert.h>

void saved_put_mark(struct buf *out, const struct mark *m) {
    saved_put_u64(out, m->ordinal);
    saved_put_i64(out, m->watermark_us);
    saved_put_i64(out, m->proctime_us);
}

void saved_put_err(struct buf *out, const struct err *e) {
    saved_put_u8(out, (uint8_t)e->code);
    if (e->code == ERR_NONE) return;
    saved_put_text(out, text_of(e->sqlstate));
    saved_put_u32(out, e->line);
    saved_put_u32(out, e->column);
    saved_put_u64(out, e->offset);
    saved_put_text(out, text_of(e->message));
    saved_put_text(out, text_of(e->hint));
}

size_t saved_begin(struct buf *out) {
    saved_put_u64(out, 0);
    return out->bytes;
}

void saved_end(struct buf *out, size_t begun) {
    if (out->failed) return;
    uint64_t bytes = out->bytes - begun;
    memcpy(out->at + begun - sizeof bytes, &bytes, sizeof bytes);
}

void saved_take(struct saved *s, void *to, size_t bytes) {
    if (saved_left(s) < bytes) {
        s->damaged = true;
        s->at = s->end;
        memset(to, 0, bytes);
        return;
    }
    if (bytes > 0) memcpy(to, s->at, bytes);
    s->at += bytes;
}

uint8_t saved_u8(struct saved *s) {
    uint8_t v;
    saved_take(s, &v, sizeof v);
    return v;
}

bool saved_bool(struct saved *s) {
    uint8_t v = saved_u8(s);
    s->damaged = s->damaged || v > 1;
    return v == 1;
}

uint32_t saved_u32(struct saved *s) {
    uint32_t v;
    saved_take(s, &v, sizeof v);
    return v;
}

uint64_t saved_u64(struct saved *s) {
    uint64_t v;
    saved_take(s, &v, sizeof v);
    return v;
}

int64_t saved_i64(struct saved *s) {
    int64_t v;
    saved_take(s, &v, sizeof v);
    return v;
}

uint32_t saved_count(struct saved *s, size_t bytes) {
    assert(bytes > 0);
    uint32_t count = saved_u32(s);
    if (count <= saved_left(s) / bytes) return count;
    s->damaged = true;
    return 0;
}

struct text saved_text(struct saved *s) {
    uint32_t bytes = saved_u32(s);
    if (bytes > saved_left(s)) {
        s->damaged = true;
        bytes = 0;
    }
    struct text t = {.at = s->at, .bytes = bytes};
    if (bytes > 0) s->at += bytes;
    return t;
}

struct saved saved_part(struct saved *s) {
    uint64_t bytes = saved_u64(s);
    if (bytes > saved_left(s)) {
        s->damaged = true;
        bytes = 0;
    }
    struct saved part = {.at = s->at, .end = s->at, .damaged = s->damaged};
    if (bytes > 0) part.end = s->at += bytes;
    return part;
}

struct text saved_part_text(struct saved *s) {
    struct saved part = saved_part(s);
    size_t bytes = saved_left(&part);
    if (bytes > UINT32_MAX) s->damaged = true;
    return (struct text){.at = part.at, .bytes = bytes > UINT32_MAX ? 0 : (uint32_t)bytes};
}

struct mark saved_mark(struct saved *s) {
    struct mark m = {.ordinal = saved_u64(s)};
    m.watermark_us = saved_i64(s);
    m.proctime_us = saved_i64(s);
    return m;
}

/* As much of a text as the field of an error holds. */
static void copy_field(char *to, size_t room, struct text from) {
    size_t bytes = from.bytes < room ? from.bytes : room - 1;
    if (bytes > 0) memcpy(to, from.at, bytes);
    to[bytes] = '\0';
}

void saved_err(struct saved *s, struct err *out) {
    uint8_t code = saved_u8(s);
    err_clear(out);
    if (code > ERR_CANCEL) s->damaged = true;
    if (code == ERR_NONE || s->damaged) return;
    out->code = (enum err_code)code;
    copy_field(out->sqlstate, sizeof out->sqlstate, saved_text(s));
    out->line = saved_u32(s);
    out->column = saved_u32(s);
    out->offset = saved_u64(s);
    copy_field(out->message, sizeof out->message, saved_text(s));
    copy_field(out->hint, sizeof out->hint, saved_text(s));
}

char *saved_string(struct saved *s, struct arena *a) {
    struct text t = saved_text(s);
    return arena_copy(a, t.bytes > 0 ? t.at : "", t.bytes);
}

bool saved_damaged(const char *what, struct err *e) {
    return err_set(e, ERR_CORRUPT, "XX001", "what is saved of %s is damaged", what);
}

bool saved_done(const struct saved *s, const char *what, struct err *e) {
    return (!s->damaged && s->at == s->end) || saved_damaged(what, e);
}
