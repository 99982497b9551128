/* bind_probe.h: a script bound statement by statement against a catalog of its own, as text.
 *
 * CREATE STREAM, TABLE, VIEW and FUNCTION fill the catalog; SELECT, INSERT and EXPLAIN add their
 * plan's text, CREATE VIEW the types of its columns, every error its line. The expressions of plans
 * are compiled, which must not fail; nothing is opened: a stream with 'bounded' = 'true' ends, one
 * with 'sink' = 'append' refuses changes.
 *
 * Used by: tests of sql.
 */
#ifndef TESTS_UNIT_SQL_BIND_PROBE_H
#define TESTS_UNIT_SQL_BIND_PROBE_H

#include <stddef.h>

/* What the second script gives after the first has filled the catalog, silently but for errors;
 * `prelude` may be NULL. The arena for trees and plans of the second is limited to limit_bytes
 * (0: not). To be freed; NULL: no memory for it. */
char *bind_probe(const char *prelude, const char *script, size_t limit_bytes);

#endif
