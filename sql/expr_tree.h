/* expr_tree.h: bound expressions as trees: made, compared, searched, rewritten.
 *
 * A tree may share nodes (x BETWEEN a AND b has x once), so its size as a tree can be far larger
 * than its nodes are: `size` counts it, EXPR_SIZE_MAX bounds it, and rewriting keeps what is shared
 * shared.
 *
 * Lifetime: the arena given.
 *
 * Used by: sql/bind*.c, sql/lower*.c.    Tested by: tests/unit/sql/bind_test.c
 */
#ifndef SQL_EXPR_TREE_H
#define SQL_EXPR_TREE_H

#include "engine/base/arena.h"
#include "engine/base/err.h"
#include "engine/expr.h"

enum { EXPR_SIZE_MAX = 100000 };

/* What a node is made of. */
struct expr_parts {
    enum expr_kind kind;
    const struct type *type;
    uint32_t at;
    uint32_t column;               /* COLUMN, FIELD */
    const struct fn *fn;           /* CALL */
    const struct infer_use *infer; /* INFER */
    bool try_cast;
    uint32_t args;
    const struct expr *const *arg; /* copied */
};

/* NULL: no memory, or 54000. */
const struct expr *expr_make(struct arena *a, const struct expr_parts *p, struct err *e);
const struct expr *expr_column(struct arena *a, uint32_t column, const struct type *type,
                               struct err *e);
const struct expr *expr_cast(struct arena *a, const struct expr *x, const struct type *to,
                             struct err *e);
/* x and y, as one flat AND. */
const struct expr *expr_and(struct arena *a, const struct expr *x, const struct expr *y,
                            struct err *e);

/* Constants of one row. Freshly made: the caller may set `at`. */
struct expr *expr_null(struct arena *a, const struct type *type, struct err *e);
struct expr *expr_i64(struct arena *a, const struct type *type, int64_t v, struct err *e);
struct expr *expr_boolean(struct arena *a, bool v, struct err *e);
struct expr *expr_f64(struct arena *a, double v, struct err *e);
struct expr *expr_decimal(struct arena *a, const struct type *type, int128_t v, struct err *e);
struct expr *expr_text(struct arena *a, const struct type *type, struct text v, struct err *e);
bool expr_is_null(const struct expr *x); /* a constant NULL */

/* Do they compute the same from the same row? Volatile calls never do, unless shared. */
bool expr_same(const struct expr *x, const struct expr *y);

/* enum fn_flags of all calls below that matter to moving it: CAN_FAIL (casts too), VOLATILE. */
uint32_t expr_flags(const struct expr *x);

/* Sets used[c] for each column c that it reads. */
void expr_columns(const struct expr *x, bool *used);
bool expr_is_constant(const struct expr *x); /* reads no column and is not of a row's time */

/* What replaces a node: itself or NULL: look at its arguments; something else: that. */
struct expr_rewrite {
    struct arena *arena;
    const struct expr *(*replace)(void *context, const struct expr *x, struct err *e);
    void *context;
};

/* The tree with replace() applied to every node from the top; NULL: it failed or no memory, which
 * replace() says by filling *e and returning NULL. */
const struct expr *expr_rewrite(const struct expr_rewrite *r, const struct expr *x, struct err *e);
/* As expr_rewrite for each of from[count]; what they share they share after it. */
bool expr_rewrite_all(const struct expr_rewrite *r, const struct expr *const *from,
                      const struct expr **to, uint32_t count, struct err *e) MUST_USE;

#endif
