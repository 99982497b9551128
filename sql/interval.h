/* interval.h: the value of an INTERVAL literal.
 *
 *     '10' SECOND    '1.5' HOUR    '1:30' MINUTE TO SECOND    '1 02:03:04.5' DAY TO SECOND
 *     '10 seconds'    '1 day 2 hours'    '1 day 02:30'    '80 ms'    '-5 min'
 *
 * Months, quarters and years have no fixed length: 0A000.
 *
 * Used by: the parser, readers of options.    Tested by: tests/unit/sql/interval_test.c
 */
#ifndef SQL_INTERVAL_H
#define SQL_INTERVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/attr.h"
#include "engine/base/err.h"
#include "engine/base/text.h"

/* The words behind the quoted text; bytes 0: none. */
struct interval_units {
    struct text from, to; /* MINUTE TO SECOND; `from` alone: SECOND */
};

/* The microseconds that `text` says; 22P02 where it says none, 22003 past 64 bits. */
bool interval_read(struct text text, struct interval_units units, int64_t *us_out,
                   struct err *e) MUST_USE;

/* A unit's name in lower case and singular ("SECONDS" is "second"); at NULL: it is no unit. */
struct text interval_unit_name(struct text word);

#endif
