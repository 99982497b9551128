/* refuse.h: statements of other engines that are known by their first words and not supported.
 *
 * Used by: parse.c.    Tested by: tests/unit/sql/parse_test.c
 */
#ifndef SQL_REFUSE_H
#define SQL_REFUSE_H

#include "sql/lex.h"

/* The sentence of the statement's 0A000; NULL: it may go on. `lex` stands behind `first`. */
const char *refuse_words(struct lexer lex, struct token first);

#endif
