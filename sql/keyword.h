/* keyword.h: the words of the grammar, and which of them may not be names.
 *
 * Only words that the grammar has a rule for stand here; all others (functions, types, options)
 * are identifiers. RESERVED words are SQLite's and EMIT: to be names they are quoted. NAME words
 * are names wherever the grammar does not expect them (grammar.y, "names").
 *
 * Used by: lex.h, unparse.h (what must be quoted), the shell's completion.
 * Tested by: tests/unit/sql/lex_test.c
 */
#ifndef SQL_KEYWORD_H
#define SQL_KEYWORD_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/text.h"

struct keyword {
    const char *word; /* upper case */
    int token;        /* TK_.. of the grammar */
    bool reserved;
};

/* In ascending order of the words. */
extern const struct keyword keyword_table[];
extern const uint32_t keyword_count;

/* The keyword that `word` is, whatever its case; NULL: it is an identifier. */
const struct keyword *keyword_find(struct text word);

#endif
