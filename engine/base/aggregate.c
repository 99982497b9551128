/* aggregate.c: how an aggregate reports a result that its type cannot hold: as functions report a
 * row, by its place among the results.
 */
#include "engine/base/aggregate.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "engine/base/agg_failures.h"
#include "engine/base/fn.h"

enum { SENTENCE_BYTES = 240 };

void agg_fail(struct agg_failures *f, uint32_t i, const char *sqlstate, const char *format, ...) {
    assert(i < BATCH_ROWS);
    char sentence[SENTENCE_BYTES];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    if (n < 0) sentence[0] = '\0';

    struct fn_call c = {.errors = &f->rows, .rows = BATCH_ROWS};
    fn_fail(&c, i, sqlstate, "%s", sentence);
}
