/* crash_workload.h: what tests/crash.c runs: a script and its input.
 *
 * Every row that a workload gives is unlike all others. It writes to the folder out/.
 *
 * Used by: tests/crash.c
 */
#ifndef TESTS_CRASH_WORKLOAD_H
#define TESTS_CRASH_WORKLOAD_H

#include "tests/crash_life.h"

struct workload {
    const char *name, *script;
    struct life_input input;
    bool grows; /* lines are added to one file, which has its name from the start */
    bool mixed; /* queries share a sink: when one fails, files have the rows of the others */
};

extern const struct workload workloads[];
extern const uint32_t workload_count;

#endif
