/* table.h: random streams: a schema, rows with NULLs and disorder in time, some of them bad; as
 * NDJSON for weir and as a table for SQLite.
 *
 * In SQLite a row has two columns more: _r, its place, and _w, the watermark before it in
 * microseconds (NULL: none yet). Bad rows are not in it.
 *
 * Used by: tests/oracle.
 */
#ifndef TESTS_ORACLE_TABLE_H
#define TESTS_ORACLE_TABLE_H

#include "tests/oracle/draw.h"

struct otable *table_draw(struct draw *d, const char *name);

/* Works out, from the rows' times, the watermark before each and which are bad for want of one. */
void table_watermarks(struct otable *t);

/* CREATE STREAM ... WITH (...), reading `path`. */
void table_declare(const struct otable *t, const char *path, struct buf *out);
/* The rows, one JSON object a line. */
void table_ndjson(const struct otable *t, struct buf *out);
/* CREATE TABLE and INSERT for SQLite. */
void table_sqlite(const struct otable *t, struct buf *out);

#endif
