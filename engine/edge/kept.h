/* kept.h: kept: rows held in memory, appended at one end, read from any place, the oldest let go.
 *
 * What a stream without a connector holds, x$errors and x$late, and the rows that wait where one
 * query is behind another on a shared source. A row has a number, its place in the stream from the
 * first on; rows keep the watermark and proctime that they came with.
 *
 * The newest bytes_max bytes and rows_max rows are kept. A reader that is behind holds back what
 * it has not read, up to bytes_hard; past that it has lost rows and fails with 55000.
 *
 * Lifetime: readers are closed before the rows are destroyed. One thread.
 *
 * Used by: stream, table, scan.    Tested by: tests/unit/edge/reader_kept_test.c
 */
#ifndef ENGINE_EDGE_KEPT_H
#define ENGINE_EDGE_KEPT_H

#include "engine/edge/connector.h"
#include "engine/edge/saved.h"

struct kept;

struct kept_options {
    const struct schema *schema; /* outlives it */
    uint32_t batch_rows;
    size_t bytes_max;  /* kept when nobody needs more; 0: all */
    size_t bytes_hard; /* past it a reader that is behind loses rows; 0: none */
    uint64_t rows_max; /* 0: any number */
    bool changes;      /* rows keep their change kinds, too */
};

struct kept *kept_create(const struct kept_options *o, struct err *e) MUST_USE;
void kept_destroy(struct kept *k); /* accepts NULL */

/* Appends copies of the live rows of `b` from index `from` on; b->col as the schema says. */
bool kept_append(struct kept *k, const struct batch *b, uint32_t from, struct err *e) MUST_USE;

/* What holds after the last row: the watermark that it raised. */
void kept_set_mark(struct kept *k, const struct mark *m);

uint64_t kept_rows(const struct kept *k); /* ever appended */
/* Bytes that the slowest reader that follows has not read. */
size_t kept_behind_bytes(const struct kept *k);

enum kept_start { KEPT_OLDEST, KEPT_LATEST };

/* What a reader of kept rows reads, and the number of the next one. */
const void *kept_reader_source(const struct reader *r, uint64_t *at_out);

/* Has it given all that it will give of what is there now? */
bool kept_reader_is_level(const struct reader *r);

/* A reader from there on; `bounded`: it ends with the row that is newest now. */
struct reader *kept_reader_open(struct kept *k, enum kept_start start, bool bounded,
                                struct err *e) MUST_USE;

/* The number of the oldest row that a new reader would be given. */
uint64_t kept_oldest(const struct kept *k);

/* The rows from number `since` on, or the oldest that is kept (0: all). */
bool kept_save_since(const struct kept *k, uint64_t since, struct buf *out, struct err *e) MUST_USE;
/* Appends them, where nobody reads yet: to empty ones, or to those that were loaded before; lets go
 * what was not kept any more. */
bool kept_load(struct kept *k, struct saved *s, struct err *e) MUST_USE;
/* Where a reader stands, and a reader from there on. */
void kept_reader_save(const struct reader *r, struct buf *out);
struct reader *kept_reader_resume(struct kept *k, struct saved *s, struct err *e) MUST_USE;

#endif
