/* lite.h: SQLite as the reference: an in-memory database with the functions that SQLite lacks, or
 * in which it hides an error.
 *
 * Used by: tests/oracle.
 */
#ifndef TESTS_ORACLE_LITE_H
#define TESTS_ORACLE_LITE_H

#include "engine/base/attr.h"
#include "tests/oracle/rows.h"

struct lite;

struct lite *lite_create(void) MUST_USE;
void lite_destroy(struct lite *l);

/* Runs a script that gives no rows; prints and returns false when it is wrong. */
bool lite_run(struct lite *l, const char *script);

/* All rows of a query. A failure is told in out->failed, with the SQLSTATE where one of our
 * functions raised it. */
void lite_query(struct lite *l, const char *sql, struct rows *out);

/* A query with one parameter, run for each of 0 .. rows-1; those for which it fails give nothing
 * and are counted in *failed_out. */
void lite_query_rows(struct lite *l, const char *sql, uint32_t rows, struct rows *out,
                     uint32_t *failed_out);

/* lite_function.c, lite_aggregate.c */
struct sqlite3;
void lite_add_functions(struct sqlite3 *db);
void lite_add_aggregates(struct sqlite3 *db);

#endif
