/* bind_expr.h: expressions: from names to columns, from calls to functions, typed bottom up.
 *
 * What an expression may mean depends on where it stands: struct expr_scope says it. Aggregates
 * become columns from EXPR_AGGREGATE_0 on and the window functions of GROUP BY TUMBLE(..) columns
 * from EXPR_WINDOW_0 on; bind_group.c replaces them when it knows what the aggregation gives.
 *
 * Used by: sql/bind*.c.    Tested by: tests/unit/sql/bind_test.c
 */
#ifndef SQL_BIND_EXPR_H
#define SQL_BIND_EXPR_H

#include "engine/base/nearest.h"
#include "sql/bind_type.h"
#include "sql/binder.h"
#include "sql/expr_tree.h"

enum {
    EXPR_AGGREGATE_0 = 1 << 24, /* + index in aggregates */
    EXPR_WINDOW_0 = 1 << 25,    /* + enum window_part */
};

/* An aggregate call over the columns of the scope. */
struct bound_aggregate {
    const struct aggregate *agg;
    const struct expr *const *arg;
    uint32_t args;
    const struct expr *filter; /* NULL: none */
    bool distinct;
    const struct type *type;
};

struct aggregates {
    struct bound_aggregate *at;
    uint32_t count, capacity;
};

/* TUMBLE(ts, ..) in GROUP BY. */
struct group_window {
    struct window_spec spec; /* its columns are of the scope's relation */
    const struct expr *time;
};

/* The arguments that a function's body in SQL names. */
struct call_params {
    const struct ast_columns *names;
    const struct expr *const *value;
};

struct expr_scope {
    struct binder *b;
    const struct rel *rel;             /* NULL: no columns */
    const char *clause;                /* for messages: "WHERE" */
    struct aggregates *aggregates;     /* NULL: none allowed */
    const struct ast_items *aliases;   /* a name that is no column may be one of these */
    const struct group_window *window; /* what TUMBLE_START(..) may ask */
    const struct call_params *params;
    bool in_aggregate;
    bool models;      /* they may be asked here */
    uint32_t inlined; /* functions within functions */
};

/* NULL: see *e. */
const struct expr *bind_expr(struct expr_scope *s, const struct ast_expr *x, struct err *e);

/* The body of a function over stand-ins of its arguments, to see that it binds. */
bool bind_function_body(struct binder *b, const struct ast_create_function *f, struct err *e);

/* As bind_expr, as a truth value. */
const struct expr *bind_truth(struct expr_scope *s, const struct ast_expr *x, struct err *e);
const struct expr *bind_as_truth(struct expr_scope *s, const struct expr *x, uint32_t at,
                                 struct err *e);

/* Converts x to `to`, where it does so by itself or is a literal; 42804 at `at` where not. */
const struct expr *bind_convert(struct expr_scope *s, const struct expr *x, const struct type *to,
                                uint32_t at, struct err *e);
/* The type that all of x[] become, literals following the others; NULL: 42804 at `at`. */
const struct type *bind_common(struct expr_scope *s, const struct expr *const *x, uint32_t count,
                               uint32_t at, struct err *e);

/* A constant expression's value, or *x of another type's 42804. *null_out: it is NULL. */
bool bind_constant_i64(struct expr_scope *s, const struct ast_expr *x, const struct type *type,
                       int64_t *out, bool *null_out, struct err *e);

/* bind_literal.c */
const struct expr *bind_literal(struct expr_scope *s, const struct ast_expr *x, bool negative,
                                struct err *e);
/* What a text literal beside a time is: that time's type, a TIMESTAMP with digits enough for what
 * is written; NULL: x is no text literal, or `beside` no time. */
const struct type *literal_type(const struct expr *x, const struct type *beside);
/* The digits of a BIGINT literal; 0: x is none. */
uint32_t literal_digits(const struct expr *x);
/* type_common of what has this type and, where it is BIGINT literals only, so many digits: where
 * 19 digits for them would cost a DECIMAL beside them its fraction, they have their own. */
struct digits_type {
    const struct type *type;
    uint32_t digits; /* 0: not of literals only */
};
struct digits_type digits_common(struct arena *a, struct digits_type x, struct digits_type y);
/* Is x a text literal of the form of time type `as`? It may still be out of its range. */
bool literal_reads(const struct expr *x, const struct type *as);
const struct expr *bind_text_literal(struct expr_scope *s, const struct expr *x,
                                     const struct type *to, struct err *e);

/* bind_column.c */
const struct expr *bind_column(struct expr_scope *s, const struct ast_expr *x, struct err *e);
const struct expr *bind_field(struct expr_scope *s, const struct expr *x,
                              const struct ast_name *name, struct err *e);
/* The column of `r` called so; -1: see *e. */
int32_t bind_find_column(const struct binder *b, const struct rel *r, const struct ast_name *table,
                         const struct ast_name *name, struct err *e);

/* Adds the field of the nearest name as a hint; false. */
bool bind_hint_field(const struct field *f, uint32_t fields, struct text name, struct err *e);

/* bind_call.c: the operator or function `name` of these arguments. */
struct call_args {
    const struct expr *const *at;
    uint32_t count;
};
const struct expr *bind_named(struct expr_scope *s, const char *name, struct call_args args,
                              uint32_t at, struct err *e);
const struct expr *bind_call(struct expr_scope *s, const struct ast_expr *x, struct err *e);
/* Hints at how values of these types are made to meet, where that is known. */
void bind_hint_conversion(struct call_args args, struct err *e);
/* An aggregate by that name? */
bool bind_is_aggregate(const struct binder *b, const struct ast_call *c);
const struct expr *bind_aggregate(struct expr_scope *s, const struct ast_expr *x, struct err *e);

/* bind_form.c: CASE and what is made of it, BETWEEN, IN, LIKE, ROW, ARRAY, MAP, CAST. */
const struct expr *bind_case(struct expr_scope *s, const struct ast_expr *x, struct err *e);
const struct expr *bind_between(struct expr_scope *s, const struct ast_expr *x, struct err *e);
const struct expr *bind_in(struct expr_scope *s, const struct ast_expr *x, struct err *e);
const struct expr *bind_like(struct expr_scope *s, const struct ast_expr *x, struct err *e);
const struct expr *bind_cast(struct expr_scope *s, const struct ast_expr *x, struct err *e);
/* IIF, COALESCE, IFNULL, NULLIF; *is_form false: it is none of them. */
const struct expr *bind_case_call(struct expr_scope *s, const struct ast_expr *x, bool *is_form,
                                  struct err *e);
/* Their names, among which a misspelt one may be. */
void bind_offer_forms(struct nearest *n);

#endif
