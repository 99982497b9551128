/* bind_group.h: grouping, aggregates and the windows that GROUP BY names.
 *
 * Used by: sql/bind*.c.    Tested by: tests/unit/sql/bind_test.c
 */
#ifndef SQL_BIND_GROUP_H
#define SQL_BIND_GROUP_H

#include "sql/bind_expr.h"

/* What a SELECT is grouped by. */
struct grouping {
    uint32_t keys;
    const struct expr **key;     /* over the FROM relation, the window not among them */
    struct group_window *window; /* GROUP BY TUMBLE(..); NULL: none */
    struct aggregates aggregates;
};

/* The relation that aggregation gives, and how expressions over `from` read it. */
struct grouped {
    const struct rel *from;
    const struct grouping *by;
    struct rel *rel;
    uint32_t keys;
    const uint32_t *key_place;         /* [by->keys] column of rel that key i is */
    const struct rel_window *attached; /* grouped by the window columns of this window */
    bool windowed;
    uint32_t window_place; /* of window_start in rel */
};

/* bind_group.c: the aggregation above `from`. */
bool bind_grouped(struct binder *b, const struct rel *from, const struct grouping *by,
                  struct grouped *out, struct err *e);
/* An expression over by->from becomes one over the result; 42803 for a column that is neither
 * grouped nor aggregated. NULL: see *e. */
const struct expr *grouped_expr(struct binder *b, const struct grouped *g, const struct expr *x,
                                struct err *e);

/* bind_group_window.c: GROUP BY TUMBLE(ts, ..): *is_window false: x is another expression. */
bool bind_group_window(struct expr_scope *s, const struct ast_expr *x, bool *is_window,
                       struct group_window *out, struct err *e);
/* TUMBLE_START(..) and its like; *is_form false: x is another call. */
const struct expr *bind_window_part(struct expr_scope *s, const struct ast_expr *x, bool *is_form,
                                    struct err *e);

/* bind_window.c: window_start, window_end, window_time as columns of a relation. */
void bind_window_columns(struct rel_col col[3], const struct rel_window *w);

/* bind_window.c: DESCRIPTOR(ts), the time attribute of `r`, into spec->time_col and ->proctime. */
bool bind_time_arg(struct binder *b, const struct rel *r, const struct ast_arg *a,
                   struct window_spec *spec, struct err *e);

/* The time role of an expression: a column's, or that of PROCTIME(). */
enum time_role bind_time_role(const struct rel *r, const struct expr *x);
/* The column of `r` that is its time attribute; bytes 0: none. */
struct text bind_time_column(const struct rel *r);

/* Durations of a window, as many as `kind` takes, into spec; 22023 for what is not > 0. */
struct window_durations {
    const struct ast_expr *at[3];
    uint32_t count;
};
bool bind_durations(struct expr_scope *s, const struct window_durations *d, uint32_t at,
                    struct window_spec *spec, struct err *e);

/* The window kind that a word names: "tumble"; false: none. */
bool window_kind_find(struct text word, enum window_kind *out);
const char *window_kind_name(enum window_kind kind);

#endif
