/* reference.h: page: the pages of docs/reference, made from the tables of the program.
 *
 * Each table row carries its own documentation; a page is what the rows say, and nothing else. What
 * a row lacks, or says wrongly, is a complaint.
 *
 * Lifetime: a page's bytes belong to the buf given.
 *
 * Used by: tests/reference.c
 */
#ifndef TESTS_REFERENCE_H
#define TESTS_REFERENCE_H

#include "engine/base/aggregate.h"
#include "engine/base/buf.h"
#include "engine/base/fn.h"
#include "engine/base/option.h"

/* docs/reference/NAME.md, and page_NAME(), which writes it. */
#define REFERENCE_PAGE_LIST(X)                                                                     \
    X(functions)                                                                                   \
    X(aggregates)                                                                                  \
    X(connectors)                                                                                  \
    X(formats)                                                                                     \
    X(models)                                                                                      \
    X(settings)                                                                                    \
    X(errors)

#define X(name) void page_##name(struct buf *out);
REFERENCE_PAGE_LIST(X)
#undef X

/* "# Title", and that the page is made. */
void page_begin(struct buf *out, const char *title, const char *sentence);

/* A cell of a table: a bar inside is escaped. */
void page_cell(struct buf *out, const char *text);
/* The same as code. */
void page_code(struct buf *out, const char *text);

/* A table of options. */
void page_options(struct buf *out, const struct option_row *row);

/* The heading of a function topic as udf/table.h names it; NULL: it has none. */
const char *topic_title(uint32_t table);

/* Is the function a word that is called with parentheses, and listed? */
bool fn_listed(const struct fn *f);

/* The file under tests/cases/function that shows a function or an aggregate: its name, or a word
 * for an operator's. NULL: an operator that has none yet. */
const char *function_case_name(const char *name);

/* An SQLSTATE that the page of errors explains. */
bool error_known(struct text sqlstate);
/* The i-th of them; at NULL: there are fewer. */
struct text error_at(uint32_t i);

/* What is wrong with the tables, as lines, and how many. */
uint32_t audit_functions(const char *root, struct buf *out);
uint32_t audit_aggregates(const char *root, struct buf *out);
uint32_t audit_options(struct buf *out);
uint32_t audit_errors(const char *root, struct buf *out);

#endif
