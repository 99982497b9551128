/* bind_type.h: the rules of types: which are written how, which become which.
 *
 * Three questions, three answers: what two values have in common (CASE, UNION, comparison), what
 * becomes what by itself (arguments), and what INSERT and CAST convert.
 *
 * Used by: sql/bind*.c.    Tested by: tests/unit/sql/bind_test.c
 */
#ifndef SQL_BIND_TYPE_H
#define SQL_BIND_TYPE_H

#include "sql/binder.h"

/* A type as written; false: see *e. */
bool bind_type(struct binder *b, const struct ast_type *t, const struct type **out,
               struct err *e) MUST_USE;

/* The type that values of both become without being asked; NULL: there is none (or no memory). */
const struct type *type_common(struct arena *a, const struct type *x, const struct type *y);

/* A number as DECIMAL that holds it: BOOLEAN (1,0), BIGINT (19,0), DECIMAL itself. */
const struct type *type_as_decimal(struct arena *a, const struct type *t);

enum { TYPE_NEVER = -1 };
/* How far `from` widens to reach `to`; 0: the same, TYPE_NEVER: not by itself. */
int type_widening(const struct type *from, const struct type *to);

bool type_is_time(const struct type *t);

/* Does INSERT convert it (numbers among themselves, all else only to itself)? Does CAST? */
bool type_assigns(const struct type *from, const struct type *to);
bool type_casts(const struct type *from, const struct type *to);

/* As type_print, cut to the size; for messages. */
struct type_words {
    char at[64];
};
struct type_words type_words(const struct type *t);

#endif
