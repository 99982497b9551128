/* nexmark_check.h: the parts of the nexmark test that are not one question and one answer. Each
 * prints what is wrong and says whether all is well.
 *
 * Used by: tests/nexmark.c
 */
#ifndef TESTS_NEXMARK_CHECK_H
#define TESTS_NEXMARK_CHECK_H

#include "tests/nexmark_lite.h"
#include "tests/nexmark_run.h"

/* INSERT INTO a file of all that table or view `events` holds, its event time in column `at`. */
void nexmark_add_log(const char *events, const char *at, struct buf *script);

/* Did the program end well, and say nothing but the notice (NULL: nothing)? */
bool nexmark_ended_well(const struct nexmark_result *r, const char *notice);

/* The events of the last run; NULL: they are not there, or wrong. */
struct nexmark_lite *nexmark_events(const struct nexmark_env *env, const struct nexmark_setting *s);

/* nexmark_folder.c: bids into a folder of partitions, as q10 asks, in several ways. */
extern const uint32_t nexmark_folder_count;
const char *nexmark_folder_name(uint32_t i);
bool nexmark_folder_check(const struct nexmark_env *env, const struct nexmark_setting *s,
                          uint32_t i);

/* nexmark_memory.c: memory does not grow with the input, from the generator and from a pipe. */
bool nexmark_memory_check(const struct nexmark_env *env);

#endif
