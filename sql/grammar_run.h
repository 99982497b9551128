/* grammar_run.h: the functions that Lemon makes of grammar.y, and the size of the parser's memory.
 *
 * The memory is the caller's; the parser has a stack of fixed size in it and allocates nothing.
 *
 * Used by: parse.c.    Tested by: tests/unit/sql/parse_test.c
 */
#ifndef SQL_GRAMMAR_RUN_H
#define SQL_GRAMMAR_RUN_H

#include <stddef.h>

#include "sql/build.h"

size_t sql_grammar_bytes(void);
void sql_grammarInit(void *parser, struct build *b);
void sql_grammar(void *parser, int kind, struct token t); /* kind 0: the statement's end */
void sql_grammarFinalize(void *parser);

#endif
