/* bind_core.h: one SELECT .. FROM .. WHERE .. GROUP BY .. HAVING, or VALUES.
 *
 * Used by: sql/bind_select.c, sql/bind_core.c.
 */
#ifndef SQL_BIND_CORE_H
#define SQL_BIND_CORE_H

#include "sql/bind_group.h"

/* A term of ORDER BY: a column of the result, which may be one added for it. */
struct order_terms {
    const struct ast_orders *by;
    uint32_t *col; /* [by->count] column of the result */
};

/* A core's rows. Its first `visible` columns are the SELECT list; columns behind them serve ORDER
 * BY (terms NULL: there is none) and are to be dropped after the sort. NULL: see *e. */
struct rel *bind_core(struct binder *b, const struct ast_core *c, struct order_terms *terms,
                      uint32_t *visible, struct err *e);

/* The place of an ORDER BY term that is a position or the name of one of the first `cols` columns;
 * -1 with e->code ERR_NONE: it is neither; -1 else: see *e. */
int32_t bind_order_name(struct binder *b, const struct rel *r, uint32_t cols,
                        const struct ast_expr *x, struct err *e);

#endif
