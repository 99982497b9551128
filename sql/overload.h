/* overload.h: which row of the function tables a call means, and to what its arguments convert.
 *
 * Of all rows of the name that the arguments can reach, the one that needs the fewest widenings
 * is taken, the first of equals. A NULL reaches everything for nothing; a text literal reaches the
 * times that it can be read as; a number reaches BOOLEAN (as a truth value) when nothing else fits.
 *
 * Used by: sql/bind_call.c.    Tested by: tests/unit/sql/bind_test.c
 */
#ifndef SQL_OVERLOAD_H
#define SQL_OVERLOAD_H

#include "engine/base/signature.h"
#include "sql/bind_expr.h"

struct overload {
    int cost;                         /* TYPE_NEVER: does not match */
    const struct type *const *target; /* [args] what each argument becomes */
    const struct type *result;        /* as the signature says; NULL: only the row's type() knows */
};

/* How `sig` takes the arguments. *out is filled only on success; false: no memory. A signature that
 * does not fit is no error: cost TYPE_NEVER. */
bool overload_match(struct expr_scope *s, const char *sig, struct call_args args,
                    struct overload *out, struct err *e) MUST_USE;

#endif
