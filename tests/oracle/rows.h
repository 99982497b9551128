/* rows.h: the answer of either side, as values, and how two answers are compared.
 *
 * Used by: tests/oracle.
 */
#ifndef TESTS_ORACLE_ROWS_H
#define TESTS_ORACLE_ROWS_H

#include "tests/oracle/model.h"

struct rows {
    struct arena *arena;
    uint32_t cols;
    uint32_t count, capacity;
    struct value *at; /* [count * cols] */
    bool failed;      /* there is no answer but an error */
    char sqlstate[6]; /* empty: not known */
    char message[240];
    bool no_memory;
};

/* What is asked of a column beyond equality. */
enum close {
    CLOSE_EXACT,
    CLOSE_ROUNDED, /* floating: to 1e-12 relative */
    CLOSE_ROUGH,   /* an estimate: to 5 % */
};

struct compare {
    const enum close *close; /* [cols] */
    bool ordered;            /* rows must come in the same order */
};

/* Room for a row more; its values are NULL. */
struct value *rows_add(struct rows *r);

/* Takes the changes out: +I and +U rows are kept, what -U and -D take back is gone. false: a row
 * was taken back that was not there. */
bool rows_fold(struct rows *r, const int8_t *change);

/* NULL: the answers are equal; else a sentence in `why`. */
const char *rows_compare(const struct rows *expected, const struct rows *got,
                         const struct compare *how, char why[400]);

void rows_print(struct buf *out, const struct rows *r);

int value_compare(const struct value *a, const struct value *b);

#endif
