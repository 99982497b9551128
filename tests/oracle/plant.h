/* plant.h: faults put on purpose into what one side computes; the oracle must find each.
 *
 * The two sides differ in just the same way whether weir computes < for <= and SQLite is right, or
 * the other way round; so a fault is planted in SQLite's spelling, and the product stays as it is.
 *
 * Used by: tests/oracle.
 */
#ifndef TESTS_ORACLE_PLANT_H
#define TESTS_ORACLE_PLANT_H

#include "tests/oracle/query.h"

struct plant {
    const char *what;     /* the fault, for people */
    const char *name;     /* of the operator or aggregate; NULL: a fault of windows */
    const char *template; /* what it does instead */
    int64_t slip_us;
    bool keep_late;
};

extern const struct plant plants[];
extern const uint32_t plant_count;

/* Puts the fault wherever it can show in the query. */
void plant_into(const struct plant *p, struct oquery *q);

#endif
