/* codec_json_read.c: jread's grammar: spaces, brackets, keys, values that nobody wants.
 *
 * Recursion is bounded by JSON_DEPTH_MAX, which jread_enter() counts.
 */
#include "engine/edge/codec_json_read.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

bool jread_fail(struct jread *r, const char *sqlstate, const char *what, const char *at) {
    r->sqlstate = sqlstate;
    r->what = what;
    r->what_at = at;
    return false;
}

bool jread_no_memory(struct jread *r) {
    r->no_memory = true;
    return jread_fail(r, "53200", "out of memory", r->at);
}

void jread_message(const struct jread *r, char *out, size_t size) {
    assert(r->what && size > 0);
    size_t n = 0;
    out[0] = '\0';
    for (uint32_t i = 0; r->path && i < r->path->names && n < size / 2; i++) {
        struct text name = r->path->name[i];
        int wrote = snprintf(out + n, size - n, "%s%.*s", i == 0 ? "column " : ".",
                             name.bytes > 64 ? 64 : (int)name.bytes, name.at);
        n += wrote > 0 ? (size_t)wrote : 0;
    }
    if (n >= size) return;
    long long byte = r->what_at ? (long long)(r->what_at - r->begin) + 1 : 0;
    const char *between = n > 0 ? ": " : "";
    if (byte > 0)
        snprintf(out + n, size - n, "%s%s at byte %lld", between, r->what, byte);
    else
        snprintf(out + n, size - n, "%s%s", between, r->what);
}

bool jread_expect(struct jread *r, char c, const char *what) {
    jread_space(r);
    if (r->at >= r->end || *r->at != c) return jread_fail(r, "22P02", what, r->at);
    r->at++;
    return true;
}

bool jread_word(struct jread *r, const char *word, uint32_t bytes) {
    if ((size_t)(r->end - r->at) < bytes || memcmp(r->at, word, bytes) != 0)
        return jread_fail(r, "22P02", "not a JSON value", r->at);
    r->at += bytes;
    return true;
}

bool jread_enter(struct jread *r) {
    if (r->depth >= JSON_DEPTH_MAX)
        return jread_fail(r, "54000", "nested deeper than 64 levels", r->at);
    r->depth++;
    r->at++;
    return true;
}

bool jread_more(struct jread *r, char close, bool *failed) {
    jread_space(r);
    *failed = false;
    char c = r->at < r->end ? *r->at : '\0';
    if (c == ',' || c == close) {
        r->at++;
        return c == ',';
    }
    *failed = true;
    return jread_fail(r, "22P02", close == '}' ? "expected ',' or '}'" : "expected ',' or ']'",
                      r->at);
}

bool jread_key(struct jread *r, struct text *out) {
    jread_space(r);
    if (r->at >= r->end || *r->at != '"') return jread_fail(r, "22P02", "expected a key", r->at);
    if (!jread_string(r, out) || !jread_expect(r, ':', "expected ':'")) return false;
    jread_space(r);
    return true;
}

bool jread_finish(struct jread *r) {
    jread_space(r);
    if (r->at != r->end) return jread_fail(r, "22P02", "text behind the value", r->at);
    return true;
}

bool jread_empty(struct jread *r, char close) {
    jread_space(r);
    if (r->at >= r->end || *r->at != close) return false;
    r->at++;
    return true;
}

static bool skip_list(struct jread *r, char close) {
    if (!jread_enter(r)) return false;
    bool failed = false;
    bool more = !jread_empty(r, close);
    while (more) {
        struct text key;
        if (close == '}' && !jread_key(r, &key)) return false;
        jread_space(r);
        if (!jread_skip(r)) return false;
        more = jread_more(r, close, &failed);
    }
    jread_leave(r);
    return !failed;
}

bool jread_skip(struct jread *r) {
    struct text text;
    struct jnumber number;
    if (r->at >= r->end) return jread_fail(r, "22P02", "expected a value", r->at);
    switch (*r->at) {
    case '"': return jread_string(r, &text);
    case '{': return skip_list(r, '}');
    case '[': return skip_list(r, ']');
    case 't': return jread_word(r, "true", 4);
    case 'f': return jread_word(r, "false", 5);
    case 'n': return jread_word(r, "null", 4);
    default: return jread_number(r, &number);
    }
}
