/* parse_probe.h: what the parser makes of a text, as text: for tests.
 *
 * Used by: tests/unit/sql.
 */
#ifndef TESTS_UNIT_SQL_PARSE_PROBE_H
#define TESTS_UNIT_SQL_PARSE_PROBE_H

#include "sql/parse.h"

struct parse_probe {
    struct arena arena;
    struct buf out;
    struct err e;
};

void parse_probe_init(struct parse_probe *p);
void parse_probe_done(struct parse_probe *p);

/* The statement of `sql` unparsed; or its error as "42601 1:8 message | hint". */
const char *parse_probe(struct parse_probe *p, const char *sql);

/* All statements of a script, each ended by ';', up to the first error, which comes last. */
const char *parse_probe_script(struct parse_probe *p, const char *sql, const struct defines *d);

#endif
