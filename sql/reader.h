/* reader.h: the tokens of a statement as the grammar takes them.
 *
 * What one token of lookahead cannot tell is told here: the IN of POSITION(a IN b) comes as IN_OF,
 * the PLACING of OVERLAY(a PLACING b ..) as PLACING, which is a name elsewhere, what
 * MATCH_RECOGNIZE ( .. ) holds as one MATCH_BODY, a ';' as the end. The reader counts what is open;
 * past AST_HEIGHT_MAX levels its user stops.
 *
 * Used by: parse.c.    Tested by: tests/unit/sql/parse_test.c
 */
#ifndef SQL_READER_H
#define SQL_READER_H

#include "sql/ast_word.h"
#include "sql/lex.h"

enum { READER_WORDS = (AST_HEIGHT_MAX + 2) / 64 + 1 }; /* of bits: one level past the limit */

struct reader {
    struct lexer lex;
    uint32_t depth;                  /* of open ( [ and CASE, one level each */
    bool operand;                    /* the last token may end an operand */
    uint64_t cases[READER_WORDS];    /* bit d: level d is a CASE */
    uint64_t position[READER_WORDS]; /* bit d: level d is that of POSITION( */
    uint64_t overlay[READER_WORDS];  /* likewise of OVERLAY( */
};

void reader_init(struct reader *r, struct text text, uint32_t at);

/* The next token; kind 0: the statement has ended. depth must be at most AST_HEIGHT_MAX. */
struct token reader_next(struct reader *r);

/* Whether the token is this word, whatever its case. */
bool reader_is(const struct reader *r, struct token t, const char *word);

#endif
