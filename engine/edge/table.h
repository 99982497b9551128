/* table.h: table: the rows of a stored table or materialized view: they can be changed and taken
 * away, looked up by key, read as they are now, and followed.
 *
 * A row has a number, which counts up and is its place: reading gives rows by number. An update
 * keeps the number, also where it changes the key; a row that is replaced gets a new one, as in
 * SQLite. How rows are found is the table's kind:
 *
 *   BY_KEY      by the values of the PRIMARY KEY, which no two rows share
 *   BY_NUMBER   by the number alone: rows are never looked up by value
 *   BY_CONTENT  by all their values; equal rows may be there several times (views of changelogs)
 *
 * All changes stand between table_begin() and table_commit(), and become visible together; what
 * table_rollback() undoes never was. At the commit a holder (a log) is told each change, in order,
 * before anybody can see it, and may refuse. A row is told as packed bytes (pack.h, all columns of
 * the schema): from these table_load() makes it again.
 *
 * Memory: rows and the index, at most bytes_max (54000). What followers have not read is held
 * beside that.
 *
 * Lifetime: readers are closed before the table is destroyed. One thread.
 *
 * Uses: storage/state.h, kept.h.    Used by: stream, table_write, tap.
 * Tested by: tests/unit/edge/table_test.c, tests/cases/table, tests/oracle_table.c
 */
#ifndef ENGINE_EDGE_TABLE_H
#define ENGINE_EDGE_TABLE_H

#include "engine/edge/connector.h"

struct table;

enum table_kind { TABLE_BY_KEY, TABLE_BY_NUMBER, TABLE_BY_CONTENT };

enum table_origin {
    TABLE_BY_HAND,  /* a statement: it is acknowledged */
    TABLE_BY_QUERY, /* rows that a query makes: it can make them again */
};

/* One change of a row; at NULL: it was not there before, or is not there any more. */
struct table_change {
    uint64_t number;
    struct text before, after; /* packed */
};

/* Told of every commit before it holds. false: nothing of it does. */
struct table_holder {
    void *context;
    bool (*commit)(void *context, struct table *t, enum table_origin origin, struct err *e);
};

struct table_options {
    struct text name; /* for messages; outlives it, as does the schema */
    enum table_kind kind;
    bool appended; /* BY_NUMBER: rows only come, and followers are given no change kinds */
    const struct schema *schema;
    uint32_t keys; /* BY_KEY */
    const uint32_t *key_col;
    size_t bytes_max; /* 0: none */
    uint32_t batch_rows;
    int64_t (*clock_us)(void); /* PROCTIME() of rows that are read */
};

struct table *table_create(const struct table_options *o, struct err *e) MUST_USE;
void table_destroy(struct table *t); /* accepts NULL */
void table_set_holder(struct table *t, const struct table_holder *h);

/* What is done with the rows of a batch. */
enum table_how {
    TABLE_INSERT,  /* added; the key must be new */
    TABLE_REPLACE, /* added; a row of the same key goes */
    TABLE_CHANGE,  /* a changelog: +I and +U set the row of their key, -D takes it away, a -U/+U
                      pair turns one row into another; BY_CONTENT: the row of these values */
    TABLE_UPDATE,  /* row id[i] becomes row i */
    TABLE_DELETE,  /* row id[i] goes */
};

struct table_rows {
    enum table_how how;
    const struct batch *batch; /* DELETE: only `rows` and `sel` count */
    const int64_t *id;         /* [batch->rows] UPDATE, DELETE: as a numbered reader gave them */
    void *context;
    /* Row `row` breaks the key: told with 23505. true: it is left out. false: stop. */
    bool (*refuse)(void *context, const struct batch *b, uint32_t row, struct decode_bad *bad,
                   struct err *e);
};

void table_begin(struct table *t);
/* false: *e; the caller rolls back. */
bool table_apply(struct table *t, const struct table_rows *rows, struct err *e) MUST_USE;
/* false: it was rolled back. */
bool table_commit(struct table *t, enum table_origin origin, struct err *e) MUST_USE;
void table_rollback(struct table *t);

/* Between begin and commit: what was done so far. `out` is valid until the next change. */
uint32_t table_changes(const struct table *t);
void table_change_at(const struct table *t, uint32_t i, struct table_change *out);

/* Does again what a holder was told, unchecked and unseen; before the first reader opens. XX001:
 * it does not fit what is there. */
bool table_load(struct table *t, const struct table_change *c, struct err *e) MUST_USE;
/* The same between begin and commit, for followers to see. */
bool table_again(struct table *t, const struct table_change *c, struct err *e) MUST_USE;
/* After the last table_load(), which may come in any order of numbers; readers that were resumed
 * have read nothing yet. */
bool table_loaded(struct table *t, struct err *e) MUST_USE;

/* All rows, in order, as changes from nothing: what table_load() makes the table of. */
bool table_each(const struct table *t, void *context,
                bool (*each)(void *context, const struct table_change *row, struct err *e),
                struct err *e) MUST_USE;

uint64_t table_rows(const struct table *t);
size_t table_bytes(const struct table *t);
/* Bytes of changes that the slowest follower has not read. */
size_t table_behind_bytes(const struct table *t);

struct table_reader_options {
    const struct schema *numbered; /* NULL: the table's; else with one BIGINT more, the id */
    bool follows;                  /* gives what is there as +I, then the changes; else it ends */
    bool latest;                   /* follows: only the changes */
};

struct reader *table_reader_open(struct table *t, const struct table_reader_options *o,
                                 struct err *e) MUST_USE;
/* Do its rows carry change kinds? */
bool table_reader_follows(const struct reader *r);
/* Has it given all that is there now? */
bool table_reader_is_level(const struct reader *r);
/* Readers with the same source give the same rows with the same numbers. *at_out: of the next. */
const void *table_reader_source(const struct reader *r, uint64_t *at_out);

#endif
