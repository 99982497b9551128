/* cover.h: what the pairs of a run contained, by name, so that nothing is left out.
 *
 * Used by: tests/oracle.
 */
#ifndef TESTS_ORACLE_COVER_H
#define TESTS_ORACLE_COVER_H

#include "tests/oracle/pair.h"

enum { COVER_MAX = 512 };

struct cover {
    const char *name[COVER_MAX];
    uint32_t count[COVER_MAX];
    uint32_t names;
    uint32_t pairs, with_rows, with_errors;
};

/* All operators, functions, aggregates, types, kinds of windows and sources. */
void cover_init(struct cover *c);

/* Counts a pair that has run. */
void cover_add(struct cover *c, const struct pair *p);

/* Are the demands met: each name in 100 of 20,000 pairs, half with rows, a tenth with errors? Says
 * on stdout what is lacking. */
bool cover_check(const struct cover *c);

#endif
