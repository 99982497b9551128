/* expr.h: bound expressions: typed trees over the columns of a batch, made by sql/, run by
 * program.h.
 *
 * Every node has its final type; conversions are explicit EXPR_CAST nodes, so that the arguments
 * of a call are exactly what its function's signature says. IIF, COALESCE, IFNULL and NULLIF
 * arrive as EXPR_CASE, BETWEEN as AND (volatile operands evaluated once are shared nodes:
 * the same pointer in two places is computed once).
 *
 * Lifetime: const after binding, in the statement's or query's arena.
 *
 * Used by: engine, sql.    Tested by: tests/unit/engine/program_test.c
 */
#ifndef ENGINE_EXPR_H
#define ENGINE_EXPR_H

#include "engine/base/batch.h"
#include "engine/base/fn.h"
#include "engine/base/type.h"

#define EXPR_LIST(X)                                                                               \
    X(COLUMN)   /* column `column` of the input */                                                 \
    X(CONSTANT) /* `constant`, a column of one row */                                              \
    X(CALL)     /* fn(arg...) */                                                                   \
    X(CAST)     /* arg[0] to `type`; what does not convert fails the row, or is NULL */            \
    X(AND)      /* three-valued; later args only where no earlier one is false */                  \
    X(OR)       /* likewise, where no earlier one is true */                                       \
    X(CASE)     /* when, then, when, then, ..., else (always there); lazy */                       \
    X(FIELD)    /* field `column` of the ROW arg[0] */                                             \
    X(INFER)    /* what the model of `infer` answers to arg...; lower_infer() takes it out */

#define X(ID) EXPR_##ID,
enum expr_kind { EXPR_LIST(X) EXPR_COUNT };
#undef X

struct infer_use;

struct expr {
    enum expr_kind kind;
    bool try_cast; /* CAST: TRY_CAST */
    const struct type *type;
    uint32_t at;   /* byte offset in the script, for errors at open; 0: unknown */
    uint32_t size; /* nodes as a tree, shared ones at each use, so that walks are bounded; 0: few */
    uint32_t column;
    const struct column *constant; /* [1 row] */
    const struct fn *fn;
    const struct infer_use *infer; /* INFER */
    uint32_t args;
    const struct expr *const *arg;
};

/* As SQL; columns by the names of `input`. */
void expr_print(struct buf *out, const struct expr *x, const struct schema *input);

#endif
