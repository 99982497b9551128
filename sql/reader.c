/* reader.c: see reader.h. */
#include "sql/reader.h"

#include <assert.h>

#include "sql/grammar.h"
#include "sql/keyword.h"

void reader_init(struct reader *r, struct text text, uint32_t at) {
    *r = (struct reader){0};
    lex_init(&r->lex, text, at);
}

static bool level_is(const uint64_t *bits, uint32_t depth) {
    return bits[depth / 64] >> (depth % 64) & 1;
}

static void level_set(uint64_t *bits, uint32_t depth, bool value) {
    uint64_t mask = UINT64_C(1) << (depth % 64);
    bits[depth / 64] = value ? bits[depth / 64] | mask : bits[depth / 64] & ~mask;
}

static void open_level(struct reader *r, bool is_case) {
    assert(r->depth <= AST_HEIGHT_MAX);
    level_set(r->cases, ++r->depth, is_case);
}

static void close_level(struct reader *r) {
    if (r->depth == 0) return;
    level_set(r->position, r->depth, false);
    level_set(r->overlay, r->depth, false);
    r->depth--;
}

static void close_bracket(struct reader *r) {
    while (r->depth > 0 && level_is(r->cases, r->depth)) close_level(r);
    close_level(r);
}

bool reader_is(const struct reader *r, struct token t, const char *word) {
    return t.kind != TK_STRING && text_equal_fold(lex_text(&r->lex, t), text_of(word));
}

static bool opens_next(const struct reader *r) {
    struct lexer ahead = r->lex;
    return lex_next(&ahead).kind == TK_LP;
}

/* To behind the bracket that closes the one ahead. */
static struct token skip_brackets(struct reader *r, struct token t) {
    uint32_t open = 0;
    for (;;) {
        struct token inside = lex_next(&r->lex);
        if (inside.kind == 0 || inside.kind == TK_ILLEGAL || inside.kind == TK_SEMICOLON)
            return inside;
        open += inside.kind == TK_LP;
        open -= inside.kind == TK_RP;
        if (open > 0) continue;
        t.kind = TK_MATCH_BODY;
        t.end = inside.end;
        return t;
    }
}

static struct token read_word(struct reader *r, struct token t) {
    bool placing = r->operand && level_is(r->overlay, r->depth) && reader_is(r, t, "placing");
    if (placing) {
        t.kind = TK_PLACING;
        level_set(r->overlay, r->depth, false);
        return t;
    }
    if (!opens_next(r)) return t;
    if (reader_is(r, t, "match_recognize")) return skip_brackets(r, t);
    if (reader_is(r, t, "position") && r->depth <= AST_HEIGHT_MAX)
        level_set(r->position, r->depth + 1, true);
    if (reader_is(r, t, "overlay") && r->depth <= AST_HEIGHT_MAX)
        level_set(r->overlay, r->depth + 1, true);
    return t;
}

/* `end` is a name where an operand is due, and closes a CASE behind one. */
static void read_end(struct reader *r) {
    if (r->operand && level_is(r->cases, r->depth)) close_level(r);
}

static struct token read_in(struct reader *r, struct token t) {
    if (level_is(r->position, r->depth)) t.kind = TK_IN_OF;
    level_set(r->position, r->depth, false);
    return t;
}

/* Whether the token may be the last of an operand. */
static bool ends_operand(const struct reader *r, struct token t) {
    switch (t.kind) {
    case TK_STRING:
    case TK_INTEGER:
    case TK_DECIMAL:
    case TK_DOUBLE:
    case TK_BLOB:
    case TK_NULL:
    case TK_PARAMETER:
    case TK_RP:
    case TK_RB:
    case TK_ISNULL:
    case TK_NOTNULL: return true;
    case TK_LIKE_KW:
    case TK_MATCH: return false;
    default: break;
    }
    if (t.kind == TK_ID) return true;
    const struct keyword *k = keyword_find(lex_text(&r->lex, t));
    return k && !k->reserved;
}

struct token reader_next(struct reader *r) {
    struct token t = lex_next(&r->lex);
    if (t.kind == TK_ID) t = read_word(r, t);
    if (t.kind == TK_LP || t.kind == TK_LB) open_level(r, false);
    if (t.kind == TK_CASE) open_level(r, true);
    if (t.kind == TK_RP || t.kind == TK_RB) close_bracket(r);
    if (t.kind == TK_END) read_end(r);
    if (t.kind == TK_IN) t = read_in(r, t);
    r->operand = ends_operand(r, t);
    if (t.kind == TK_SEMICOLON) t.kind = 0;
    return t;
}
