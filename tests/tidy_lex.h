/* tidy_lex.h: C source as tokens, as far as the tidy test needs it.
 *
 * Comments, strings and preprocessor lines are each one token, so that nothing written inside them
 * is taken for code. A directive holds its whole logical line, continuations included; its inside
 * can be cut into tokens by lexing it again without the '#'.
 *
 * Lifetime: tokens point into the text.
 *
 * Used by: tests/tidy*.c, tests/layers.c
 */
#ifndef TESTS_TIDY_LEX_H
#define TESTS_TIDY_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/text.h"

enum tidy_kind {
    TIDY_WORD,
    TIDY_NUMBER,
    TIDY_STRING, /* or a character constant */
    TIDY_PUNCT,  /* one character */
    TIDY_COMMENT,
    TIDY_DIRECTIVE,
    TIDY_END,
};

struct tidy_token {
    enum tidy_kind kind;
    struct text text;
    uint32_t line; /* 1-based, of its first character */
};

struct tidy_tokens {
    struct tidy_token *at; /* [count] */
    size_t count;
    size_t capacity;
};

/* Appends the tokens of `source`, whose first line has the number `line`. */
void tidy_lex(struct text source, uint32_t line, struct tidy_tokens *out);
void tidy_tokens_done(struct tidy_tokens *t);

bool tidy_is(const struct tidy_token *t, const char *text);

#endif
