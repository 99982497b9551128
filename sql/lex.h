/* lex.h: from the text of a statement to its tokens.
 *
 * A token is a kind (TK_.. of the grammar; 0 at the end of the text) and a slice of the text.
 * '>>' comes as two tokens, GT_PAIR and GT, so that ROW<a ARRAY<BIGINT>> closes two types. A
 * hint, a comment that begins with +OPTIONS, comes as HINT .. HINT_END with the tokens between;
 * every other comment is a space.
 *
 * Used by: parse.h.    Tested by: tests/unit/sql/lex_test.c
 */
#ifndef SQL_LEX_H
#define SQL_LEX_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/text.h"

struct token {
    int kind;
    uint32_t start, end;
    bool negated; /* for the grammar: the word NOT (or ALL, IF EXISTS) belongs to it */
};

/* Why a token is ILLEGAL. */
enum lex_fault {
    LEX_FINE,
    LEX_QUOTE,   /* '..', "..", `..` or x'..' has no end */
    LEX_COMMENT, /* a comment has no end */
    LEX_NUMBER,  /* 12ab, 0x, 1e */
    LEX_BLOB,    /* x'..' with what is not pairs of hex digits */
    LEX_BYTE,    /* a character that begins nothing */
};

struct lexer {
    struct text text;
    uint32_t at;
    bool in_hint;
    enum lex_fault fault; /* of the last token */
};

void lex_init(struct lexer *l, struct text text, uint32_t at);

/* The next token. After an ILLEGAL one lexing may go on. */
struct token lex_next(struct lexer *l);

static inline struct text lex_text(const struct lexer *l, struct token t) {
    return (struct text){.at = l->text.at + t.start, .bytes = t.end - t.start};
}

/* Whether the comment at text[at] is a hint that is read: slash star plus OPTIONS. */
bool lex_begins_hint(struct text text, uint32_t at);

/* The bytes that begin or go on an identifier: letters, '_', what is not ASCII; digits and '$'. */
bool lex_begins_word(char c);
bool lex_in_word(char c);

#endif
