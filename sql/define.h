/* define.h: the names that DEFINE and --define gave a value, and their replacement in scripts.
 *
 * ${name} is replaced everywhere but in comments: between words, inside words, inside quotes. A
 * value is not searched again. What does not look like ${name} stays as it is.
 *
 * Lifetime: names and values are copied into the arena given to defines_init().
 *
 * Used by: parse.h, clients.    Tested by: tests/unit/sql/parse_test.c
 */
#ifndef SQL_DEFINE_H
#define SQL_DEFINE_H

#include "engine/base/arena.h"
#include "sql/source.h"

struct define {
    struct text name, value;
};

struct defines {
    struct arena *arena;
    struct define *at; /* [count] in order of first definition; NULL: none */
    uint32_t count;
};

void defines_init(struct defines *d, struct arena *a);

/* Gives `name` a value, or another one. Names match exactly. */
bool defines_set(struct defines *d, struct text name, struct text value, struct err *e) MUST_USE;

/* NULL: not defined. */
const struct define *defines_find(const struct defines *d, struct text name);

/* The end of the statement (or of a run of them that share ${..}) that begins at text[at]: the
 * first ';' outside quotes and comments, or the text's length. */
uint32_t define_split(struct text text, uint32_t at);

/* Fills source->text from source->raw, whose place is filled in; d NULL: a plain copy.
 * 42601 at an undefined name. */
bool define_expand(const struct defines *d, struct source *s, struct arena *a,
                   struct err *e) MUST_USE;

#endif
