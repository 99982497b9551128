/* present_table.h: table_writer: rows in psql's look: header, rule, rows, (N rows).
 *
 * Widths are taken from the first rows: all, up to TABLE_ROWS_HELD; later rows follow as they
 * come. Numbers stand right, everything else left; control characters are shown as escapes, so
 * that a value never breaks the table.
 *
 * Lifetime: table_begin .. table_end for each result, table_done at last.
 *
 * Used by: clients/present.    Tested by: tests/cases/format
 */
#ifndef CLIENTS_PRESENT_TABLE_H
#define CLIENTS_PRESENT_TABLE_H

#include "clients/out.h"
#include "engine/base/arena.h"
#include "engine/base/batch.h"

enum { TABLE_ROWS_HELD = 1000 };

struct grid_style {
    struct text null; /* how NULL is shown */
    bool expanded;    /* a line a column, as psql's \x */
    bool live;        /* show rows as they come: hold back only those of one batch */
};

struct grid {
    struct out *out;
    struct grid_style style;
    const struct schema *schema;
    bool changes;       /* a first column "op" */
    uint32_t columns;   /* schema's, and op */
    uint32_t *width;    /* [columns] in characters */
    struct arena arena; /* the widths, and the cells held back */
    struct text *cell;  /* [held * columns] held back */
    uint32_t held;
    bool headed; /* the header was printed: widths are fixed */
    uint64_t shown;
    struct buf value; /* the value being printed */
};

void grid_init(struct grid *t, struct out *out);
bool grid_begin(struct grid *t, const struct grid_style *style, const struct schema *schema,
                bool changes, struct err *e) MUST_USE;
bool grid_rows(struct grid *t, const struct batch *b, struct err *e) MUST_USE;
bool grid_end(struct grid *t, struct err *e) MUST_USE;
void grid_done(struct grid *t);

#endif
