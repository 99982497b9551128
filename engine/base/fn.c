/* fn.c: how a function reports a row that it cannot compute. The list of failures grows by
 * doubling in the batch arena; a bit a row keeps the first failure of each.
 */
#include "engine/base/fn.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/fn_errors.h"

enum { FAILURES_MIN = 16, SENTENCE_BYTES = 240 };

void fn_errors_init(struct fn_errors *x, struct arena *a) {
    *x = (struct fn_errors){.arena = a};
}

static bool failures_grow(struct fn_errors *x) {
    uint32_t capacity = x->capacity ? x->capacity * 2 : FAILURES_MIN;
    struct fn_failure *to = ARENA_ARRAY(x->arena, to, capacity);
    if (!to) return false;
    if (x->count > 0) memcpy(to, x->failure, x->count * sizeof *to);
    x->failure = to;
    x->capacity = capacity;
    return true;
}

void fn_fail(struct fn_call *c, uint32_t row, const char *sqlstate, const char *format, ...) {
    struct fn_errors *x = c->errors;
    assert(row < c->rows && row < BATCH_ROWS);
    assert(strlen(sqlstate) == 5);
    if (bit_get(x->row, row)) return;

    char sentence[SENTENCE_BYTES];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    size_t bytes = n < 0 ? 0 : (size_t)n;
    if (bytes >= sizeof sentence) bytes = utf8_valid_prefix(sentence, sizeof sentence - 1);

    const char *message = arena_copy(x->arena, sentence, bytes);
    if (!message || (x->count == x->capacity && !failures_grow(x))) {
        x->no_memory = true;
        return;
    }
    struct fn_failure *f = &x->failure[x->count++];
    f->row = (uint16_t)row;
    memcpy(f->sqlstate, sqlstate, sizeof f->sqlstate);
    f->message = message;
    bit_set(x->row, row);
}
