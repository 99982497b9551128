/* define.c: see define.h.
 *
 * Both functions walk the text in spans: a comment, a quoted text, or one byte of anything else.
 * A hint counts as text, not as a comment. Doubled quotes need no care: '' is two spans.
 */
#include "sql/define.h"

#include <assert.h>

#include "engine/base/buf.h"
#include "sql/lex.h"

void defines_init(struct defines *d, struct arena *a) {
    *d = (struct defines){.arena = a};
}

const struct define *defines_find(const struct defines *d, struct text name) {
    for (uint32_t i = 0; d && i < d->count; i++) {
        if (text_equal(d->at[i].name, name)) return &d->at[i];
    }
    return NULL;
}

static bool copy(struct arena *a, struct text *t, struct err *e) {
    char *at = arena_copy(a, t->at, t->bytes);
    if (!at) return err_memory(e);
    t->at = at;
    return true;
}

bool defines_set(struct defines *d, struct text name, struct text value, struct err *e) {
    assert(d->arena && name.bytes > 0);

    if (!copy(d->arena, &value, e)) return false;
    for (uint32_t i = 0; i < d->count; i++) {
        if (!text_equal(d->at[i].name, name)) continue;
        d->at[i].value = value;
        return true;
    }
    struct define *grown = ARENA_ARRAY(d->arena, grown, (size_t)d->count + 1);
    if (!grown || !copy(d->arena, &name, e)) return err_memory(e);
    if (d->count > 0) memcpy(grown, d->at, d->count * sizeof *grown);
    grown[d->count] = (struct define){.name = name, .value = value};
    d->at = grown;
    d->count++;
    return true;
}

/* The index behind the first `end` at or after `at`, or the text's length. */
static uint32_t behind(struct text text, uint32_t at, struct text end) {
    for (; at + end.bytes <= text.bytes; at++) {
        if (memcmp(text.at + at, end.at, end.bytes) == 0) return at + end.bytes;
    }
    return text.bytes;
}

/* The end of the span that begins at text[at]. */
static uint32_t span_end(struct text text, uint32_t at, bool *comment_out) {
    char c = text.at[at];
    char next = at + 1 < text.bytes ? text.at[at + 1] : '\0';
    *comment_out = false;
    if (c == '\'') return behind(text, at + 1, TEXT_LITERAL("'"));
    if (c == '"') return behind(text, at + 1, TEXT_LITERAL("\""));
    if (c == '`') return behind(text, at + 1, TEXT_LITERAL("`"));
    if (c == '-' && next == '-') {
        *comment_out = true;
        return behind(text, at, TEXT_LITERAL("\n"));
    }
    if (c == '/' && next == '*' && !lex_begins_hint(text, at)) {
        *comment_out = true;
        return behind(text, at + 2, TEXT_LITERAL("*/"));
    }
    return at + 1;
}

uint32_t define_split(struct text text, uint32_t at) {
    bool comment;
    while (at < text.bytes && text.at[at] != ';') at = span_end(text, at, &comment);
    return at;
}

/* ---- replacement ---- */

struct expander {
    const struct defines *defines;
    struct source *source;
    struct source_piece *piece; /* [room] */
    uint32_t room;
    struct buf out;
    struct err *e;
};

/* The name in the ${name} at text[at]; bytes 0: there is none. */
static struct text name_at(struct text text, uint32_t at) {
    struct text name = {.at = text.at + at + 2};
    if (text.bytes - at < 4 || text.at[at] != '$' || text.at[at + 1] != '{') return name;
    uint32_t end = at + 2;
    while (end < text.bytes && text.at[end] != '}') {
        char c = text.at[end++];
        if (!lex_in_word(c) && c != '.' && c != '-') return name;
    }
    if (end < text.bytes) name.bytes = end - at - 2;
    return name;
}

static void add_piece(struct expander *x, uint32_t raw_from, bool copied) {
    assert(x->source->pieces < x->room);
    x->piece[x->source->pieces++] = (struct source_piece){
        .from = (uint32_t)x->out.bytes, .raw_from = raw_from, .copied = copied};
}

static void add_copied(struct expander *x, uint32_t from, uint32_t to) {
    if (from == to) return;
    add_piece(x, from, true);
    buf_add(&x->out, x->source->raw.at + from, to - from);
}

static bool undefined(struct expander *x, struct text name) {
    uint32_t at = (uint32_t)(name.at - 2 - x->source->raw.at);
    struct source plain = *x->source;
    plain.text = plain.raw;
    plain.pieces = 0;
    source_error(&plain, at, x->e, "42601", "\"%.*s\" is not defined", TEXT_ARG(name));
    return err_hint(x->e, "DEFINE %.*s = '...'; or --define %.*s=...", TEXT_ARG(name),
                    TEXT_ARG(name));
}

/* Replaces what stands in raw[from .. to), none of it a comment. */
static bool expand_span(struct expander *x, uint32_t from, uint32_t to, uint32_t *copied) {
    for (uint32_t at = from; at < to;) {
        struct text name = name_at(x->source->raw, at);
        if (name.bytes == 0) {
            at++;
            continue;
        }
        const struct define *d = defines_find(x->defines, name);
        if (!d) return undefined(x, name);
        add_copied(x, *copied, at);
        add_piece(x, at, false);
        buf_add_text(&x->out, d->value);
        at += name.bytes + 3;
        *copied = at;
    }
    return true;
}

static bool expand(struct expander *x) {
    struct text raw = x->source->raw;
    uint32_t copied = 0;
    for (uint32_t at = 0; at < raw.bytes;) {
        bool comment;
        uint32_t end = span_end(raw, at, &comment);
        if (!comment && !expand_span(x, at, end, &copied)) return false;
        at = copied > end ? copied : end;
    }
    add_copied(x, copied, raw.bytes);
    return true;
}

/* How many ${ there are: each makes two pieces at most. */
static uint32_t count_names(struct text raw) {
    uint32_t n = 0;
    for (uint32_t i = 0; i + 1 < raw.bytes; i++) n += raw.at[i] == '$' && raw.at[i + 1] == '{';
    return n;
}

bool define_expand(const struct defines *d, struct source *s, struct arena *a, struct err *e) {
    uint32_t names = d ? count_names(s->raw) : 0;
    s->text = s->raw;
    s->pieces = 0;
    if (names == 0) return true;

    struct expander x = {.defines = d, .source = s, .room = 2 * names + 1, .e = e};
    x.piece = ARENA_ARRAY(a, x.piece, x.room);
    if (!x.piece) return err_memory(e);
    s->piece = x.piece;
    buf_init(&x.out);
    bool ok = expand(&x);
    if (ok && (x.out.failed || x.out.bytes > UINT32_MAX / 2)) ok = err_memory(e);
    if (ok) {
        s->text = (struct text){.at = x.out.at, .bytes = (uint32_t)x.out.bytes};
        ok = copy(a, &s->text, e);
    }
    buf_done(&x.out);
    return ok;
}
