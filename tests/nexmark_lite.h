/* nexmark_lite.h: nexmark_lite: the events of one run in SQLite, and what it answers to a question.
 *
 * The events are read from the lines that the run wrote, by SQLite's own JSON functions, into
 *
 *     bid(n, auction, bidder, price, channel, url, extra, at, ms, clock_ms, day, minute, hour,
 *         class)
 *     person(n, id), auction(n, id, seller)
 *
 * n counts all events from 1, `at` is text as weir writes it, ms and clock_ms are milliseconds
 * since 1970 of the event's time and its arrival, class is 0 for prices below 10000, 1 below
 * 1000000, else 2. Functions beside SQLite's own: floor_to(x, size), show(ms) (as weir writes a
 * TIMESTAMP(3)), regexp_part(text, pattern, group), field_of(text, separator, index),
 * count_of(text, character); written from the contract, not from weir.
 *
 * An answer is compared with JSON lines: keys are the names of the columns and come in their order.
 * A name that ends in '#' is of a column of text that stands as a number in the line (a DECIMAL);
 * one that begins with '_' is no part of the answer. REAL is compared to 1e-12 relative.
 *
 * Lifetime: nexmark_lite_open .. nexmark_lite_close.
 *
 * Used by: tests/nexmark.c and its parts.
 */
#ifndef TESTS_NEXMARK_LITE_H
#define TESTS_NEXMARK_LITE_H

#include <stdbool.h>

#include "engine/base/buf.h"

struct nexmark_lite;

/* Takes the lines of all events; NULL: they are not what they should be, which is printed. */
struct nexmark_lite *nexmark_lite_open(struct text events, uint32_t count);
void nexmark_lite_close(struct nexmark_lite *l); /* accepts NULL */

/* Is the answer to `sql` these lines, in this order? If not, *why says what differs. */
bool nexmark_lite_agrees(struct nexmark_lite *l, const char *sql, struct text lines,
                         struct buf *why);

/* Does `sql` give the one number `wanted`? Prints what it gives else. */
bool nexmark_lite_counts(struct nexmark_lite *l, const char *sql, int64_t wanted);

/* The single column of `sql` as lines. */
void nexmark_lite_lines(struct nexmark_lite *l, const char *sql, struct buf *out);

/* nexmark_lite_function.c */
struct sqlite3;
void nexmark_lite_add_functions(struct sqlite3 *db);

#endif
