/* time_pattern.h: time_pattern: reading a time that is written by a pattern of Java's formatter, as
 * 'partition.time-extractor.timestamp-formatter' gives one: 'yyyyMMdd HH:mm'.
 *
 * y and u are the year, M month, d day, H hour, m minute, s second, S fraction: as many digits as
 * there are letters, of one letter any number. 'quoted' text and all else but letters stands for
 * itself. What is not there is 1970-01-01 00:00:00.
 *
 * Used by: out_filesystem.    Tested by: tests/unit/edge/time_pattern_test.c
 */
#ifndef ENGINE_EDGE_TIME_PATTERN_H
#define ENGINE_EDGE_TIME_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/text.h"

/* Is it a pattern? *letter_out: else the letter that means nothing here, or '\'' where a quote is
 * not closed. */
bool time_pattern_check(struct text pattern, char *letter_out);

/* The time that `t` is by a pattern that was checked, us since 1970 UTC; false: it is none. */
bool time_pattern_read(struct text pattern, struct text t, int64_t *us_out);

#endif
