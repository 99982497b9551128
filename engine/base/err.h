/* err.h: one error, as a value: a code for the program, a sentence for the human.
 *
 * A function that can fail returns bool or a pointer and takes `struct err *e` as its last
 * parameter. On failure *e is filled and out-parameters are untouched. Flow control ("end of
 * input", "late row") is not an error.
 *
 * Lifetime: the caller's, usually on its stack; holds no pointers.
 *
 * Used by: every layer.    Tested by: tests/unit/err_test.c
 */
#ifndef ENGINE_BASE_ERR_H
#define ENGINE_BASE_ERR_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/attr.h"

/* What it is about, and what the caller does. */
enum err_code {
    ERR_NONE,
    ERR_SQL,     /* the statement is wrong: syntax, name or type: show line and column */
    ERR_DATA,    /* one input record is bad: count it, skip it */
    ERR_LIMIT,   /* a configured bound was reached, or no memory: stop this query only */
    ERR_IO,      /* a file, socket or database failed: retry, or stop the source */
    ERR_CORRUPT, /* stored bytes fail their checksum: stop, keep the file */
    ERR_CANCEL,  /* the user asked to stop: unwind quietly */
};

struct err {
    enum err_code code;
    char sqlstate[6];  /* five characters and NUL; see docs/reference "Errors" */
    uint32_t line;     /* in the SQL text, 1-based; 0: not about SQL text */
    uint32_t column;   /* in characters, 1-based */
    uint64_t offset;   /* byte offset: in the SQL text (line > 0) or in the input */
    char message[240]; /* one sentence: what, and which one */
    char hint[160];    /* what to try; may be empty */
};

/* Fills *e with `sqlstate` and a sentence; always returns false, so that callers write:
 *     return err_set(e, ERR_DATA, "22P02", "not a number: %.*s", n, at);
 * The text is cut at the buffer's end, never inside a UTF-8 sequence. `e` must not be NULL. */
bool err_set(struct err *e, enum err_code code, const char *sqlstate, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* Adds what to try. Returns false, as err_set does. */
bool err_hint(struct err *e, const char *format, ...) PRINTF_LIKE(2, 3);

/* ERR_LIMIT 53200 "out of memory"; returns false. */
bool err_memory(struct err *e);

/* *e becomes "no error". */
void err_clear(struct err *e);

#endif
