/* source.h: the text of a statement, and the way back to the script it stands in.
 *
 * `text` is what the parser read: `raw`, the statement's own part of the script, with every
 * ${name} replaced. Positions in the tree are offsets in `text`; source_place() turns one into a
 * line and column of the script.
 *
 * Lifetime: all of it lives in the arena of the statement.
 *
 * Used by: the parser, the binder (errors).    Tested by: tests/unit/sql/parse_test.c
 */
#ifndef SQL_SOURCE_H
#define SQL_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/attr.h"
#include "engine/base/err.h"
#include "engine/base/text.h"

/* text[from .. the next piece's from) stands for raw[raw_from ..): byte for byte when `copied`,
 * else all of it for the ${name} that stands there. */
struct source_piece {
    uint32_t from;
    uint32_t raw_from;
    bool copied;
};

struct source {
    struct text text;
    struct text raw;
    uint64_t raw_offset; /* of raw in the script */
    uint32_t raw_line;   /* of raw's first character in the script, 1-based; so the column */
    uint32_t raw_column;
    const struct source_piece *piece; /* [pieces] ascending, the first from 0 */
    uint32_t pieces;
};

/* Gives *e the line, column and offset of text[at]; returns false, as err_set() does. */
bool source_place(const struct source *s, uint32_t at, struct err *e);

/* err_set(e, ERR_SQL, ..) and source_place() in one; returns false. */
bool source_error(const struct source *s, uint32_t at, struct err *e, const char *sqlstate,
                  const char *format, ...) PRINTF_LIKE(5, 6);

#endif
