/* query.h: what a drawn query is made of, and how it is spelt for both sides.
 *
 * Windows are plain GROUP BY for SQLite: its source then is the rows joined with their windows,
 * those left out that the row came too late for.
 *
 * Used by: tests/oracle.
 */
#ifndef TESTS_ORACLE_QUERY_H
#define TESTS_ORACLE_QUERY_H

#include "tests/oracle/rows.h"
#include "tests/oracle/spell.h"

enum { ITEMS_MAX = 8, KEYS_MAX = 3 };

/* An aggregate: args is one letter or none; $1 is the operand. `ordered`: the SQLite template's
 * function takes _r first, so DISTINCT cannot be said. */
struct agg_row {
    const char *name;
    char result;
    const char *args;
    const char *weir, *sqlite;
    bool ordered;
    enum close close;
};
extern const struct agg_row agg_rows[];
extern const uint32_t agg_count;

struct oagg {
    const struct agg_row *row;
    struct node *arg; /* NULL: COUNT(*) */
    struct node *filter;
    bool distinct;
    const char *planted; /* template for SQLite with a fault */
};

enum item_kind { ITEM_EXPR, ITEM_KEY, ITEM_AGG, ITEM_START, ITEM_END, ITEM_ROWTIME };

struct oitem {
    enum item_kind kind;
    struct node *expr; /* EXPR */
    uint32_t key;      /* KEY: which */
    struct oagg agg;   /* AGG */
    bool descending;   /* in ORDER BY */
};

enum query_kind { QUERY_ROWS, QUERY_DISTINCT, QUERY_GROUP, QUERY_TOTAL, QUERY_COMPOUND };
enum source_kind { SOURCE_TABLE, SOURCE_SUBQUERY, SOURCE_CTE, SOURCE_VIEW };
enum window_form { FORM_NONE, FORM_TUMBLE, FORM_HOP, FORM_CUMULATE, FORM_SESSION };
enum window_spelling { SPELL_TABLE, SPELL_NAMED, SPELL_BARE, SPELL_RISING, SPELL_GROUP };
enum emit_kind { EMIT_NOTHING, EMIT_CHANGES, EMIT_FINAL };

struct owindow {
    enum window_form form;
    enum window_spelling spelling;
    int64_t size_us, slide_us, offset_us;
    int64_t slip_us; /* planted: window ends slip by so much */
    bool keep_late;  /* planted: late rows count */
};

struct oquery {
    const struct otable *table;
    enum query_kind kind;
    enum source_kind source;
    struct node *inner; /* filter inside the source, or NULL */
    struct owindow window;
    struct oitem item[ITEMS_MAX];
    uint32_t items;
    struct node *key[KEYS_MAX];
    uint32_t keys;
    struct node *where;
    struct oagg having; /* row NULL: none; compared with having_above */
    int64_t having_above;
    bool sorted;
    int64_t limit, offset; /* -1: none */
    enum emit_kind emit;
    const char *set_operator; /* COMPOUND: "UNION ALL" .. */
    struct oquery *second;    /* COMPOUND */
    bool row_by_row;          /* rows may fail: SQLite is asked row by row */
    bool stop_on_error;       /* or weir is told to stop at the first */
    const char *broken;       /* wrong on purpose: the SQLSTATE it must get */
};

/* For weir; a VIEW's CREATE and DROP are statements of their own, in `before` and `after`. */
void query_weir(const struct oquery *q, struct buf *out, struct buf *before, struct buf *after);
void query_sqlite(const struct oquery *q, struct buf *out);

/* How the answers are compared; close[] has room for ITEMS_MAX. */
struct compare query_compare(const struct oquery *q, enum close *close);
bool query_may_fail(const struct oquery *q);

struct draw;
struct oquery *query_draw(struct draw *d);

#endif
