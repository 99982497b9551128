/* lower.h: from the naive plan that the binder made to the one that is run.
 *
 * The steps, each a function from tree to tree: predicates move down, projections merge, windows
 * and their aggregation become one operator, columns that nobody reads are dropped; then nodes are
 * numbered and told whether they give changes.
 *
 * Used by: sql/bind.c.    Tested by: tests/unit/sql/bind_test.c, tests/cases/explain
 */
#ifndef SQL_LOWER_H
#define SQL_LOWER_H

#include "engine/plan.h"
#include "sql/binder.h"

/* The finished query: `r` below a Sink. final: aggregates without windows give their last values
 * only. */
bool lower_query(struct binder *b, const struct rel *r, bool final, struct plan_query *out,
                 struct err *e) MUST_USE;

/* Each returns the new tree; NULL: see *e. */

/* lower_filter.c: predicates as near to the inputs as they may go. */
const struct plan *lower_filters(struct binder *b, const struct plan *p, struct err *e);
/* lower_project.c: a projection of a projection, or of constants, becomes one. */
const struct plan *lower_projects(struct binder *b, const struct plan *p, struct err *e);
/* lower_window.c: WindowAggregate over a window function becomes one. */
const struct plan *lower_windows(struct binder *b, const struct plan *p, struct err *e);
/* lower_infer.c: uses of models in expressions become Infer nodes; when all else is done, it says
 * of each whether it may wait for more rows. */
const struct plan *lower_infer(struct binder *b, const struct plan *p, struct err *e);
bool lower_infer_settle(struct binder *b, struct plan *root, struct err *e) MUST_USE;
/* lower_prune.c: columns that nobody reads go; used[i][c] is set where input i's column c is. */
const struct plan *lower_prune(struct binder *b, const struct plan *p, bool **used, struct err *e);

/* A copy of `p` above other inputs; the schema follows input x where p hands its columns on. */
struct plan *lower_copy(struct binder *b, const struct plan *p, const struct plan *x,
                        const struct plan *y, struct err *e);
/* Column c of `x` replaced by to[c], or renumbered to place[c]. */
const struct expr *lower_substitute(struct binder *b, const struct expr *x,
                                    const struct expr *const *to, struct err *e);
const struct expr *lower_renumber(struct binder *b, const struct expr *x, const uint32_t *place,
                                  struct err *e);

/* The same for many expressions in place: what they share they share after it. */
struct exprs {
    const struct expr **at;
    uint32_t count;
};
bool lower_substitute_all(struct binder *b, struct exprs x, const struct expr *const *to,
                          struct err *e) MUST_USE;
bool lower_renumber_all(struct binder *b, struct exprs x, const uint32_t *place,
                        struct err *e) MUST_USE;

#endif
