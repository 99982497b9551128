/* codec_json_text.c: jread's strings: escapes and surrogates.
 *
 * A string without a backslash is a slice of the record. One with escapes is copied once: the end
 * is looked for first, and unescaping never makes text longer.
 */
#include <assert.h>
#include <string.h>

#include "engine/edge/codec_json_read.h"

enum { NAME_WORD_BYTES = 8 }; /* keys are loaded by words, also escaped ones */

static int32_t hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* The four digits behind \u at `at`, or -1. */
static int32_t hex4(const char *at, const char *end) {
    if (end - at < 4) return -1;
    int32_t v = 0;
    for (int i = 0; i < 4; i++) {
        int32_t digit = hex_value(at[i]);
        if (digit < 0) return -1;
        v = v << 4 | digit;
    }
    return v;
}

/* At the backslash of \uXXXX: the code point, surrogate pairs joined. */
static bool read_unicode(struct jread *r, uint32_t *out) {
    const char *start = r->at;
    int32_t unit = hex4(start + 2, r->end);
    if (unit < 0) return jread_fail(r, "22P02", "not four hexadecimal digits behind \\u", start);
    r->at += 6;
    *out = (uint32_t)unit;
    if (unit < 0xD800 || unit > 0xDFFF) return true;

    bool pair = unit < 0xDC00 && r->end - r->at >= 6 && r->at[0] == '\\' && r->at[1] == 'u';
    int32_t low = pair ? hex4(r->at + 2, r->end) : -1;
    if (low < 0xDC00 || low > 0xDFFF) return jread_fail(r, "22021", "half a surrogate pair", start);
    r->at += 6;
    *out = 0x10000 + (((uint32_t)unit - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
    return true;
}

/* What `\c` stands for, or 0. */
static char escape_value(char c) {
    switch (c) {
    case '"': return '"';
    case '\\': return '\\';
    case '/': return '/';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return 0;
    }
}

/* At a backslash: writes what it stands for at `to`, raises *bytes. */
static bool read_escape(struct jread *r, char *to, uint32_t *bytes) {
    if (r->end - r->at < 2) return jread_fail(r, "22P02", "unfinished string", r->at);
    char c = r->at[1];
    if (c == 'u') {
        uint32_t code_point = 0;
        if (!read_unicode(r, &code_point)) return false;
        *bytes += utf8_encode(code_point, to + *bytes);
        return true;
    }
    char v = escape_value(c);
    if (!v) return jread_fail(r, "22P02", "unknown escape", r->at);
    to[(*bytes)++] = v;
    r->at += 2;
    return true;
}

/* The closing quote of a string whose text goes on at `at`, or NULL. */
static const char *closing_quote(const struct jread *r, const char *at) {
    while (at < r->end) {
        at = r->scan->string_stop(at, r->end);
        if (at == r->end) return NULL;
        if (*at == '"') return at;
        at += *at == '\\' ? 2 : 1;
    }
    return NULL;
}

static bool stop_wrong(struct jread *r) {
    if (r->at >= r->end) return jread_fail(r, "22P02", "unfinished string", r->end);
    return jread_fail(r, "22P02", "control character in a string", r->at);
}

/* The string from `start` on has a backslash at r->at. */
static bool read_escaped(struct jread *r, const char *start, struct text *out) {
    const char *close = closing_quote(r, r->at);
    if (!close) return jread_fail(r, "22P02", "unfinished string", r->end);
    char *to = arena_alloc(r->arena, (size_t)(close - start) + NAME_WORD_BYTES);
    if (!to) return jread_no_memory(r);

    uint32_t bytes = 0;
    for (;;) {
        size_t run = (size_t)(r->at - start);
        memcpy(to + bytes, start, run);
        bytes += (uint32_t)run;
        if (r->at < r->end && *r->at == '"') break;
        if (r->at >= r->end || *r->at != '\\') return stop_wrong(r);
        if (!read_escape(r, to, &bytes)) return false;
        start = r->at;
        r->at = r->scan->string_stop(start, r->end);
    }
    r->at++;
    *out = (struct text){.at = to, .bytes = bytes};
    return true;
}

bool jread_string_long(struct jread *r, struct text *out) {
    assert(r->at < r->end && *r->at == '"');
    const char *start = r->at + 1;
    const char *stop = r->scan->string_stop(start, r->end);
    r->at = stop;
    if (stop == r->end) return stop_wrong(r);
    if (*stop == '"') {
        r->at = stop + 1;
        *out = (struct text){.at = start, .bytes = (uint32_t)(stop - start)};
        return true;
    }
    return *stop == '\\' ? read_escaped(r, start, out) : stop_wrong(r);
}
