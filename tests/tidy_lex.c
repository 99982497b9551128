/* tidy_lex.c: a cursor over the text; each kind of token has a function that moves behind it. */
#include "tests/tidy_lex.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct cursor {
    const char *at;
    const char *end;
    uint32_t line;
    bool line_start; /* only blanks since the last line end */
};

static bool word_char(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

static char peek(const struct cursor *c, size_t ahead) {
    return (size_t)(c->end - c->at) > ahead ? c->at[ahead] : '\0';
}

static void step(struct cursor *c) {
    assert(c->at < c->end);
    if (*c->at == '\n') c->line++;
    c->at++;
}

static void skip_comment(struct cursor *c) {
    bool block = c->at[1] == '*';
    step(c);
    step(c);
    while (c->at < c->end) {
        if (!block && *c->at == '\n') return;
        if (block && *c->at == '*' && peek(c, 1) == '/') {
            step(c);
            step(c);
            return;
        }
        step(c);
    }
}

static void skip_string(struct cursor *c) {
    char quote = *c->at;
    step(c);
    while (c->at < c->end && *c->at != quote && *c->at != '\n') {
        if (*c->at == '\\' && c->at + 1 < c->end) step(c);
        step(c);
    }
    if (c->at < c->end && *c->at == quote) step(c);
}

static bool at_comment(const struct cursor *c) {
    return *c->at == '/' && (peek(c, 1) == '/' || peek(c, 1) == '*');
}

/* A directive ends at a line end that no backslash and no comment spans. */
static void skip_directive(struct cursor *c) {
    while (c->at < c->end && *c->at != '\n') {
        if (at_comment(c)) {
            skip_comment(c);
        } else if (*c->at == '"' || *c->at == '\'') {
            skip_string(c);
        } else {
            if (*c->at == '\\' && peek(c, 1) == '\n') step(c);
            step(c);
        }
    }
}

static enum tidy_kind skip_token(struct cursor *c) {
    char first = *c->at;

    if (at_comment(c)) {
        skip_comment(c);
        return TIDY_COMMENT;
    }
    if (first == '#' && c->line_start) {
        skip_directive(c);
        return TIDY_DIRECTIVE;
    }
    if (first == '"' || first == '\'') {
        skip_string(c);
        return TIDY_STRING;
    }
    if (word_char(first)) {
        while (c->at < c->end && word_char(*c->at)) step(c);
        return isdigit((unsigned char)first) ? TIDY_NUMBER : TIDY_WORD;
    }
    step(c);
    return TIDY_PUNCT;
}

static void append(struct tidy_tokens *out, struct tidy_token t) {
    if (out->count == out->capacity) {
        out->capacity = out->capacity ? out->capacity * 2 : 1024;
        out->at = realloc(out->at, out->capacity * sizeof *out->at);
        assert(out->at);
    }
    out->at[out->count++] = t;
}

void tidy_lex(struct text source, uint32_t line, struct tidy_tokens *out) {
    struct cursor c = {
        .at = source.at, .end = source.at + source.bytes, .line = line, .line_start = true};

    while (c.at < c.end) {
        if (*c.at == '\n') c.line_start = true;
        if (isspace((unsigned char)*c.at) || (*c.at == '\\' && peek(&c, 1) == '\n')) {
            step(&c);
            continue;
        }
        struct tidy_token t = {.text.at = c.at, .line = c.line};
        t.kind = skip_token(&c);
        t.text.bytes = (uint32_t)(c.at - t.text.at);
        if (t.kind != TIDY_COMMENT) c.line_start = false;
        append(out, t);
    }
    append(out, (struct tidy_token){.kind = TIDY_END, .text.at = c.end, .line = c.line});
}

void tidy_tokens_done(struct tidy_tokens *t) {
    free(t->at);
    *t = (struct tidy_tokens){0};
}

bool tidy_is(const struct tidy_token *t, const char *text) {
    return t->text.bytes == strlen(text) && memcmp(t->text.at, text, t->text.bytes) == 0;
}
