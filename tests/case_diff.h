/* case_diff.h: the difference of two texts, line by line, for people.
 *
 * Used by: tests/run_cases.c
 */
#ifndef TESTS_CASE_DIFF_H
#define TESTS_CASE_DIFF_H

#include "engine/base/buf.h"

/* Appends lines "  - expected", "  + got" and "    both" to `out`; bytes that are no printable
 * ASCII or UTF-8 are shown as \xHH. */
void case_diff(struct buf *out, struct text expected, struct text got);

#endif
