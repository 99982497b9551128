/* parse.h: parse_result: what came of reading a value from text.
 *
 * Readers of values are called for millions of rows, so they say what is wrong by a word, not by
 * a struct err; the caller makes the sentence, since it knows the column.
 *
 * Used by: number.h, decimal.h, time.h and their callers.
 */
#ifndef ENGINE_BASE_PARSE_H
#define ENGINE_BASE_PARSE_H

enum parse_result {
    PARSE_OK,
    PARSE_SYNTAX, /* not of the form at all: 22P02 */
    PARSE_RANGE,  /* of the form, but no value of the type: 22003 */
};

#endif
