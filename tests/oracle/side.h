/* side.h: weir as the other side: a session in this process, over files that are kept in memory.
 *
 * Used by: tests/oracle.
 */
#ifndef TESTS_ORACLE_SIDE_H
#define TESTS_ORACLE_SIDE_H

#include "engine/base/attr.h"
#include "tests/oracle/rows.h"

struct side;

struct side *side_create(void) MUST_USE;
void side_destroy(struct side *s);

/* Gives the file `path` these bytes (copied). */
void side_file(struct side *s, const char *path, struct text bytes);

/* SET name = value; prints and returns false when it is refused. */
bool side_set(struct side *s, const char *name, const char *value);

/* Runs statements; the rows of the last that gives any. `types` (may be NULL) gets the letters of
 * the columns' types, cols of them. */
void side_query(struct side *s, const char *sql, struct rows *out, struct otype *types);

/* Runs statements that must be good and give nothing; prints and returns false otherwise. */
bool side_run(struct side *s, const char *sql);

struct file_system;
struct memory_files;
struct memory_files *memory_files_create(void) MUST_USE;
void memory_files_destroy(struct memory_files *m);
struct file_system *memory_files_system(struct memory_files *m);
void memory_files_put(struct memory_files *m, const char *path, struct text bytes);

#endif
