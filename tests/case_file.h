/* case_file.h: a .case file as sections of bytes. tests/cases/README describes the format.
 *
 * Lifetime: texts point into the arena given.
 *
 * Used by: tests/run_cases.c, tests/torture.c
 */
#ifndef TESTS_CASE_FILE_H
#define TESTS_CASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/text.h"

#define CASE_SECTION_LIST(X)                                                                       \
    X(CASE, "case")                                                                                \
    X(FILE, "file")                                                                                \
    X(FILE_ESCAPED, "file-escaped")                                                                \
    X(SQL, "sql")                                                                                  \
    X(ARGS, "args")                                                                                \
    X(COMMAND, "command")                                                                          \
    X(IN, "in")                                                                                    \
    X(IN_ESCAPED, "in-escaped")                                                                    \
    X(OUT, "out")                                                                                  \
    X(ERR, "err")                                                                                  \
    X(ERR_HAS, "err-has")                                                                          \
    X(MADE, "made")                                                                                \
    X(EXIT, "exit")                                                                                \
    X(ONCE, "once")                                                                                \
    X(LIVE, "live")                                                                                \
    X(END, "end")                                                                                  \
    X(SIGNAL, "signal")                                                                            \
    X(DATA, "data")

#define X(ID, word) SECTION_##ID,
enum case_section_kind { CASE_SECTION_LIST(X) SECTION_COUNT };
#undef X

struct case_section {
    enum case_section_kind kind;
    struct text head; /* behind the keyword, blanks trimmed */
    struct text body; /* lines without their indent; each ends in a line end */
    uint32_t line;    /* of the keyword */
    size_t from, to;  /* bytes of the file, keyword line included */
};

struct case_spec {
    struct text name;
    uint32_t line;
    const struct case_section *section; /* [sections], the "case" line first */
    uint32_t sections;
    size_t to; /* where the case ends in the file */
};

struct case_file {
    const char *path;
    struct text source;
    struct case_spec *at; /* [count] */
    uint32_t count;
};

/* Reads the cases of `source`. false: `complaint` holds "line N: sentence". */
bool case_file_read(struct case_file *f, struct arena *a, char complaint[200]);

/* The first section of a kind, or NULL. */
const struct case_section *case_find(const struct case_spec *c, enum case_section_kind kind);

const char *case_word(enum case_section_kind kind);

#endif
