/* lower_ask.h: uses of models in expressions, and the Infer nodes that answer them.
 *
 * Used by: sql/lower_ask.c, sql/lower_infer.c.
 */
#ifndef SQL_LOWER_ASK_H
#define SQL_LOWER_ASK_H

#include "sql/lower.h"

/* Uses that are columns of a plan, or wanted above it; over its columns. */
struct value {
    const struct expr *x;
    uint32_t col;
};

struct values {
    struct value *at;
    uint32_t count, capacity;
};

/* Does x ask a model? */
bool asks_model(const struct expr *x);

bool values_add(struct binder *b, struct values *v, const struct expr *x, uint32_t col,
                struct err *e) MUST_USE;

/* Adds the uses in `exprs` (NULLs left out) that are wanted for every row. */
bool ask_wants(struct binder *b, struct exprs exprs, struct values *wants, struct err *e) MUST_USE;

/* Infer nodes above `x` for all uses in `exprs`, which become columns of what is given: behind
 * those of x. Uses in `wants` that a run can answer too are answered; `made` gets what became a
 * column for every row. NULL: see *e. */
const struct plan *ask(struct binder *b, const struct plan *x, struct exprs exprs,
                       const struct values *wants, struct values *made, struct err *e);

/* Uses that are columns already are replaced by them. */
bool ask_had(struct binder *b, struct exprs x, const struct values *had, struct err *e) MUST_USE;

#endif
