/* error_print.c: see error_print.h.
 *
 * A long line is cut around the error, so that the caret stays on a screen; tabs and other control
 * characters become spaces and wide characters count two, so that it stands under its word.
 */
#include "clients/error_print.h"

#include <assert.h>

#include "clients/width.h"

enum { LINE_CHARACTERS_MAX = 100, LINE_BEFORE = 60 };

/* The line with that number (1-based), without its line end; false: there is none. */
static bool line_find(struct text script, uint32_t number, struct text *out) {
    const char *at = script.at;
    const char *end = script.at + script.bytes;
    for (uint32_t n = 1; n < number; n++) {
        const char *newline = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        if (!newline) return false;
        at = newline + 1;
    }
    const char *newline = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
    const char *stop = newline ? newline : end;
    if (stop > at && stop[-1] == '\r') stop--;
    *out = (struct text){.at = at, .bytes = (uint32_t)(stop - at)};
    return true;
}

static bool starts_character(char c) {
    return ((unsigned char)c & 0xC0) != 0x80;
}

/* The byte offset of character `n` (0-based) of a line. */
static uint32_t character_offset(struct text line, uint32_t n) {
    uint32_t at = 0;
    for (; at < line.bytes; at++) {
        if (starts_character(line.at[at]) && n-- == 0) break;
    }
    return at;
}

/* Part of a line, as a terminal shows it. */
static void add_part(struct buf *out, struct text line, uint32_t from, uint32_t to) {
    for (uint32_t i = from; i < to; i++) {
        unsigned char c = (unsigned char)line.at[i];
        buf_add_char(out, c < ' ' || c == 0x7F ? ' ' : line.at[i]);
    }
}

static void print_line(struct buf *out, struct text line, const struct err *e) {
    uint32_t caret = e->column > 0 ? e->column - 1 : 0;
    uint32_t first = caret > LINE_BEFORE ? caret - LINE_BEFORE : 0;
    uint32_t from = character_offset(line, first);
    uint32_t to = character_offset(line, first + LINE_CHARACTERS_MAX);
    assert(from <= to && to <= line.bytes);

    size_t start = out->bytes;
    uint32_t place = character_offset(line, caret);
    buf_addf(out, "LINE %u: %s", e->line, first > 0 ? "..." : "");
    size_t indent = out->bytes - start;
    size_t shown = out->bytes;
    add_part(out, line, from, place);
    if (!out->failed)
        indent += width_of((struct text){out->at + shown, (uint32_t)(out->bytes - shown)});
    add_part(out, line, place, to);
    buf_add_str(out, to < line.bytes ? "...\n" : "\n");
    buf_addf(out, "%*s^\n", (int)indent, "");
}

void error_print(struct buf *out, const struct script *script, const struct err *e) {
    assert(e->code != ERR_NONE);

    if (script && script->name.bytes > 0) {
        buf_add_text(out, script->name);
        if (e->line > 0) buf_addf(out, ":%u", e->line);
        buf_add_str(out, ": ");
    }
    buf_addf(out, "ERROR:  %s: %s\n", e->sqlstate, e->message);

    struct text line;
    if (script && e->line > 0 && line_find(script->text, e->line, &line)) {
        print_line(out, line, e);
    }
    if (e->hint[0]) buf_addf(out, "HINT:  %s\n", e->hint);
}
