/* docs_page.h: block: the fenced blocks of a page of documentation, and what each is for.
 *
 *     ```console           `$ command` lines, with `> ` lines that go on, each followed by exactly
 *                          what it prints; a line `...` stands for any lines
 *     ```sql               passes `weir check` behind the page's setup
 *     ```sql setup         the same, and is the setup of the blocks that follow
 *     ```sql run [FORMAT]  is run behind the setup; the next block, ```text output, is what it
 *                          prints
 *     ```sql data [FORMAT] likewise, of files that do not come with the program: they lie under
 *                          data/, and the block is passed over where they do not
 *     ```LANGUAGE file=F   is the file F for what follows on the page
 *     ```text              is a picture: nothing is run
 *
 * Lifetime: texts point into the page.
 *
 * Used by: tests/docs.c
 */
#ifndef TESTS_DOCS_PAGE_H
#define TESTS_DOCS_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/text.h"

enum block_kind {
    BLOCK_CONSOLE,
    BLOCK_SQL,
    BLOCK_SQL_SETUP,
    BLOCK_SQL_RUN,
    BLOCK_SQL_DATA,
    BLOCK_OUTPUT,
    BLOCK_FILE,
    BLOCK_PICTURE,
    BLOCK_UNKNOWN,
};

struct block {
    enum block_kind kind;
    struct text word; /* SQL_RUN, SQL_DATA: the format, or nothing; FILE: the name */
    struct text body; /* its lines, with their ends */
    uint32_t line;    /* of the fence */
};

/* The next block at or behind *at (0 at first; *line likewise), or false: there is none. A fence
 * that is not closed is BLOCK_UNKNOWN. */
bool block_next(struct text page, uint32_t *at, uint32_t *line, struct block *out);

/* The line at *at without its end; *at goes behind it. */
struct text line_next(struct text t, uint32_t *at);

#endif
