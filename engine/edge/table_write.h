/* table_write.h: table_writer: one query or statement that writes to a stored table.
 *
 * Rows come as a query gives them and are taken as the declaration says: computed columns, NOT
 * NULL, the key. What a query writes is committed batch by batch, and rows that are not taken go to
 * x$errors; what a statement writes becomes visible with table_writer_finish(), all of it or, at
 * the first row that is not taken, nothing. The halves of an update may come in two batches: the
 * first one waits.
 *
 * Lifetime: table_writer_open .. table_writer_close.
 *
 * Used by: job_give, clients.    Tested by: tests/unit/edge/table_test.c, tests/cases/table
 */
#ifndef ENGINE_EDGE_TABLE_WRITE_H
#define ENGINE_EDGE_TABLE_WRITE_H

#include "engine/edge/stream.h"

struct table_writer;

struct table_writer_options {
    struct stream *stream; /* with a table */
    enum table_how how;    /* UPDATE, DELETE: the first column of a batch is the id */
    enum table_origin origin;
};

struct table_writer *table_writer_open(const struct table_writer_options *o,
                                       struct err *e) MUST_USE;
/* The context is the writer. */
bool table_writer_write(void *context, const struct batch *b, struct err *e);
/* No more rows come; of a statement: it holds. */
bool table_writer_finish(struct table_writer *w, struct err *e) MUST_USE;
/* A statement that was not finished leaves nothing. Accepts NULL. */
/* The half of an update that waits for the other one, as bytes, and back into a new writer. */
void table_writer_save(const struct table_writer *w, struct buf *out);
bool table_writer_load(struct table_writer *w, struct saved *s, struct err *e) MUST_USE;
void table_writer_close(struct table_writer *w);
uint64_t table_writer_rows(const struct table_writer *w); /* that were given and taken */

#endif
