/* tidy_rules.h: the limits on source text, checked file by file.
 *
 * A violation is told as path, line and a sentence. Functions and files that were longer than
 * their limit when the limit came stand in an allow list with their length, which may only shrink:
 * one that has become shorter than its entry is a violation too, until the entry follows.
 *
 * Used by: tests/tidy.c    Tested by: tests/tidy_test.c
 */
#ifndef TESTS_TIDY_RULES_H
#define TESTS_TIDY_RULES_H

#include "engine/base/attr.h"
#include "engine/base/text.h"
#include "tests/tidy_lex.h"

enum {
    TIDY_FUNCTION_LINES = 70,
    TIDY_NESTING = 3,
    TIDY_PARAMETERS = 5,
    TIDY_FILE_LINES = 500,
    TIDY_HEADER_LINES = 200,
    TIDY_INCLUDES = 12,
    TIDY_FIELDS = 24,
    TIDY_COLUMNS = 100,
    TIDY_ALLOW_MAX = 64,
};

/* A line of the allow list: "function PATH NAME LINES" or "file PATH LINES REASON". */
struct tidy_allow {
    struct text kind, path, name;
    uint32_t lines;
    bool used;
};

struct tidy {
    void *context;
    void (*say)(void *context, const char *path, uint32_t line, const char *sentence);
    struct tidy_allow allow[TIDY_ALLOW_MAX];
    uint32_t allows;
    uint32_t violations;
    /* figures, for the summary */
    uint32_t files, functions, asserts, bare_functions; /* bare: 20 lines or more, no assert */
};

/* The file being checked. */
struct tidy_file {
    struct tidy *tidy;
    const char *path; /* relative to the root of the tree */
    struct text source;
    const struct tidy_token *token; /* [tokens] without comments; the last is TIDY_END */
    size_t tokens;
};

/* Reads an allow list; `text` must live as long as `t`. */
void tidy_allow_read(struct tidy *t, const char *path, struct text text);
/* Tells of entries that no file needed. */
void tidy_allow_check(struct tidy *t, const char *path);

void tidy_check(struct tidy *t, const char *path, struct text source);

/* For the rules themselves. */
void tidy_say(const struct tidy_file *f, uint32_t line, const char *format, ...) PRINTF_LIKE(3, 4);
struct tidy_allow *tidy_allowed(struct tidy *t, const char *kind, const char *path,
                                struct text name);
bool tidy_path_starts(const char *path, const char *prefix);

/* Parts, each in the file of its name. */
void tidy_functions(const struct tidy_file *f); /* tidy_functions.c: length, nesting, parameters */
void tidy_calls(const struct tidy_file *f); /* tidy_calls.c: what may not be called, and where */
void tidy_text(const struct tidy_file *f);  /* tidy_rules.c: lines, includes, macros, structs */

#endif
