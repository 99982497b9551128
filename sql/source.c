/* source.c: see source.h. Lines and columns are counted only when an error is made. */
#include "sql/source.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

/* The offset in `raw` that text[at] stands for. */
static uint32_t raw_offset(const struct source *s, uint32_t at) {
    assert(at <= s->text.bytes);
    if (s->pieces == 0) return at;

    uint32_t i = s->pieces - 1;
    while (i > 0 && s->piece[i].from > at) i--;
    const struct source_piece *p = &s->piece[i];
    return p->copied ? p->raw_from + (at - p->from) : p->raw_from;
}

bool source_place(const struct source *s, uint32_t at, struct err *e) {
    assert(s && e && e->code != ERR_NONE);

    uint32_t offset = raw_offset(s, at);
    if (offset > s->raw.bytes) offset = s->raw.bytes;
    e->offset = s->raw_offset + offset;
    e->line = s->raw_line;
    e->column = s->raw_column;
    for (uint32_t i = 0; i < offset; i++) {
        char c = s->raw.at[i];
        if (c == '\n') {
            e->line++;
            e->column = 1;
        } else if (((unsigned char)c & 0xC0) != 0x80) {
            e->column++;
        }
    }
    return false;
}

bool source_error(const struct source *s, uint32_t at, struct err *e, const char *sqlstate,
                  const char *format, ...) {
    char message[sizeof e->message];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(message, sizeof message, format, args);
    va_end(args);

    err_set(e, ERR_SQL, sqlstate, "%s", n < 0 ? "" : message);
    return source_place(s, at, e);
}
