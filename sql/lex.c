/* lex.c: see lex.h. By hand, one character class per byte, no backtracking; the longest token wins.
 *
 * Words are looked up in keyword.h; a word that is no keyword is an ID, and so is a quoted one.
 * The two context rules that need more than one token, in a hint and at '>>', are here; those of
 * the grammar (POSITION(a IN b), MATCH_RECOGNIZE) are in parse.c.
 */
#include "sql/lex.h"

#include <assert.h>

#include "sql/grammar.h"
#include "sql/keyword.h"

void lex_init(struct lexer *l, struct text text, uint32_t at) {
    assert(at <= text.bytes);
    *l = (struct lexer){.text = text, .at = at};
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool lex_begins_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

bool lex_in_word(char c) {
    return lex_begins_word(c) || is_digit(c) || c == '$';
}

/* The byte `ahead` of the lexer's place; '\0' behind the end (a NUL begins nothing). */
static char peek(const struct lexer *l, uint32_t ahead) {
    uint64_t at = (uint64_t)l->at + ahead;
    return at < l->text.bytes ? l->text.at[at] : '\0';
}

static bool at_end(const struct lexer *l) {
    return l->at >= l->text.bytes;
}

static struct token token_from(const struct lexer *l, uint32_t start, int kind) {
    return (struct token){.kind = kind, .start = start, .end = l->at};
}

static struct token illegal(struct lexer *l, uint32_t start, enum lex_fault fault) {
    l->fault = fault;
    return token_from(l, start, TK_ILLEGAL);
}

bool lex_begins_hint(struct text text, uint32_t at) {
    const struct text open = TEXT_LITERAL("/*+"), word = TEXT_LITERAL("OPTIONS");
    uint64_t left = text.bytes - at;
    if (left < open.bytes || memcmp(text.at + at, open.at, open.bytes) != 0) return false;

    at += open.bytes;
    while (at < text.bytes && is_space(text.at[at])) at++;
    left = text.bytes - at;
    if (left < word.bytes) return false;
    struct text found = {.at = text.at + at, .bytes = word.bytes};
    if (!text_equal_fold(found, word)) return false;
    return left == word.bytes || !lex_in_word(text.at[at + word.bytes]);
}

/* To behind the comment; false, not moved, at one without end. */
static bool skip_block_comment(struct lexer *l) {
    uint32_t start = l->at;
    for (l->at += 2; !at_end(l); l->at++) {
        if (peek(l, 0) != '*' || peek(l, 1) != '/') continue;
        l->at += 2;
        return true;
    }
    l->at = start;
    return false;
}

static void skip_line_comment(struct lexer *l) {
    while (!at_end(l) && peek(l, 0) != '\n') l->at++;
}

static bool opens_hint(const struct lexer *l) {
    return !l->in_hint && lex_begins_hint(l->text, l->at);
}

/* Skips spaces and comments; false at a comment without end. */
static bool skip_spaces(struct lexer *l) {
    while (!at_end(l)) {
        char c = peek(l, 0);
        if (is_space(c)) {
            l->at++;
        } else if (c == '-' && peek(l, 1) == '-') {
            skip_line_comment(l);
        } else if (c == '/' && peek(l, 1) == '*' && !opens_hint(l)) {
            if (!skip_block_comment(l)) return false;
        } else {
            return true;
        }
    }
    return true;
}

/* To behind the closing quote, a doubled one being part of the text; false without one. */
static bool skip_quoted(struct lexer *l, char quote) {
    for (l->at++; !at_end(l); l->at++) {
        if (peek(l, 0) != quote) continue;
        l->at++;
        if (peek(l, 0) != quote) return true;
    }
    return false;
}

static struct token lex_quoted(struct lexer *l, char quote) {
    uint32_t start = l->at;
    if (!skip_quoted(l, quote)) return illegal(l, start, LEX_QUOTE);
    return token_from(l, start, quote == '\'' ? TK_STRING : TK_ID);
}

static struct token lex_blob(struct lexer *l) {
    uint32_t start = l->at++;
    if (!skip_quoted(l, '\'')) return illegal(l, start, LEX_QUOTE);

    uint32_t digits = l->at - start - 3;
    if (digits % 2 != 0) return illegal(l, start, LEX_BLOB);
    for (uint32_t i = start + 2; i < l->at - 1; i++) {
        if (!is_hex(l->text.at[i])) return illegal(l, start, LEX_BLOB);
    }
    return token_from(l, start, TK_BLOB);
}

static struct token lex_word(struct lexer *l) {
    uint32_t start = l->at;
    while (lex_in_word(peek(l, 0))) l->at++;

    struct token t = token_from(l, start, TK_ID);
    const struct keyword *k = keyword_find(lex_text(l, t));
    if (k) t.kind = k->token;
    return t;
}

static void skip_digits(struct lexer *l) {
    while (is_digit(peek(l, 0))) l->at++;
}

/* A number that letters follow at once is wrong as a whole. */
static struct token end_number(struct lexer *l, uint32_t start, int kind) {
    if (!lex_in_word(peek(l, 0))) return token_from(l, start, kind);
    while (lex_in_word(peek(l, 0))) l->at++;
    return illegal(l, start, LEX_NUMBER);
}

static struct token lex_hex(struct lexer *l) {
    uint32_t start = l->at;
    l->at += 2;
    while (is_hex(peek(l, 0))) l->at++;
    return end_number(l, start, TK_INTEGER);
}

/* Digits, a point with digits before or behind it, an exponent: INTEGER, DECIMAL, DOUBLE. */
static struct token lex_number(struct lexer *l) {
    if (peek(l, 0) == '0' && (peek(l, 1) | 0x20) == 'x' && is_hex(peek(l, 2))) return lex_hex(l);

    uint32_t start = l->at;
    int kind = TK_INTEGER;
    skip_digits(l);
    if (peek(l, 0) == '.') {
        l->at++;
        skip_digits(l);
        kind = TK_DECIMAL;
    }
    if ((peek(l, 0) | 0x20) == 'e') {
        uint32_t sign = peek(l, 1) == '+' || peek(l, 1) == '-';
        if (is_digit(peek(l, 1 + sign))) {
            l->at += 1 + sign;
            skip_digits(l);
            kind = TK_DOUBLE;
        }
    }
    return end_number(l, start, kind);
}

static struct token lex_parameter(struct lexer *l) {
    uint32_t start = l->at++;
    skip_digits(l);
    return end_number(l, start, TK_PARAMETER);
}

/* Operators, the longer before its prefix. */
static const struct {
    char text[4];
    int kind;
} operators[] = {
    {"->>", TK_PTR},  {"->", TK_PTR}, {"=>", TK_FAT_ARROW}, {"==", TK_EQ},   {"=", TK_EQ},
    {"<>", TK_NE},    {"<=", TK_LE},  {"<<", TK_LSHIFT},    {"<", TK_LT},    {">=", TK_GE},
    {">", TK_GT},     {"!=", TK_NE},  {"||", TK_CONCAT},    {"|", TK_BITOR}, {"+", TK_PLUS},
    {"-", TK_MINUS},  {"*", TK_STAR}, {"/", TK_SLASH},      {"%", TK_REM},   {"&", TK_BITAND},
    {"~", TK_BITNOT}, {"(", TK_LP},   {")", TK_RP},         {"[", TK_LB},    {"]", TK_RB},
    {",", TK_COMMA},  {".", TK_DOT},  {";", TK_SEMICOLON},
};

/* All bytes of a character that begins nothing, so that it is shown whole. */
static struct token lex_strange(struct lexer *l) {
    uint32_t start = l->at++;
    return illegal(l, start, LEX_BYTE);
}

static struct token lex_operator(struct lexer *l) {
    uint32_t start = l->at;
    for (uint32_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        const char *op = operators[i].text;
        uint32_t bytes = (uint32_t)strlen(op);
        if (bytes > l->text.bytes - start || memcmp(l->text.at + start, op, bytes) != 0) continue;
        l->at += bytes;

        struct token t = token_from(l, start, operators[i].kind);
        if (t.kind == TK_GT && peek(l, 0) == '>') t.kind = TK_GT_PAIR;
        return t;
    }
    return lex_strange(l);
}

static struct token lex_hint(struct lexer *l) {
    uint32_t start = l->at;
    l->at += l->in_hint ? 2 : 3;
    l->in_hint = !l->in_hint;
    return token_from(l, start, l->in_hint ? TK_HINT : TK_HINT_END);
}

struct token lex_next(struct lexer *l) {
    assert(l->at <= l->text.bytes);

    l->fault = LEX_FINE;
    if (!skip_spaces(l)) {
        uint32_t start = l->at;
        l->at = l->text.bytes;
        return illegal(l, start, LEX_COMMENT);
    }
    if (at_end(l)) return token_from(l, l->at, 0);

    char c = peek(l, 0), next = peek(l, 1);
    if ((c | 0x20) == 'x' && next == '\'') return lex_blob(l);
    if (lex_begins_word(c)) return lex_word(l);
    if (is_digit(c) || (c == '.' && is_digit(next))) return lex_number(l);
    if (c == '\'' || c == '"' || c == '`') return lex_quoted(l, c);
    if (c == '?') return lex_parameter(l);
    if (c == '/' && next == '*' && opens_hint(l)) return lex_hint(l);
    if (c == '*' && next == '/' && l->in_hint) return lex_hint(l);
    return lex_operator(l);
}
