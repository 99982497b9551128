/* listing.h: a result that a statement makes itself: what SHOW, DESCRIBE and EXPLAIN give.
 *
 * Used by: clients/session*.c.
 */
#ifndef CLIENTS_LISTING_H
#define CLIENTS_LISTING_H

#include "engine/base/builder.h"
#include "engine/base/err.h"

struct place;
struct session;

enum { LISTING_COLUMNS_MAX = 8 };

struct listing {
    struct arena arena;
    struct schema schema;
    struct field field[LISTING_COLUMNS_MAX];
    struct column_builder col[LISTING_COLUMNS_MAX];
    const struct place *place; /* the order of the rows; NULL: as they were built */
};

/* A column of a listing: TEXT or BIGINT. */
struct listing_column {
    const char *name;
    const struct type *type;
};

bool listing_begin(struct listing *l, const struct listing_column *col, uint32_t cols,
                   struct err *e) MUST_USE;
/* Shows what was built and frees it, also after failure. */
bool listing_end(struct listing *l, struct session *s, struct err *e) MUST_USE;
/* The same, by the first column, a TEXT; rows of one name as they were built. */
bool listing_end_sorted(struct listing *l, struct session *s, struct err *e) MUST_USE;
void listing_drop(struct listing *l);

/* One TEXT column called `name`, a row a line of `text`. */
bool listing_lines(struct session *s, const char *name, struct text text, struct err *e) MUST_USE;

#endif
