/* bind_model.h: models in queries: who is asked, what it takes, what it gives.
 *
 * Used by: sql/bind*.c.    Tested by: tests/unit/sql/bind_test.c, tests/cases/model
 */
#ifndef SQL_BIND_MODEL_H
#define SQL_BIND_MODEL_H

#include "engine/plan_model.h"
#include "engine/shared_model.h"
#include "sql/bind_expr.h"

/* The model called so, noted as used; NULL: 42P01 at the name. */
struct shared_model *bind_model_find(struct binder *b, const struct ast_name *name, struct err *e);

/* classify(MODEL m, ..) and its like; *is_form false: x is another call. */
const struct expr *bind_model_call(struct expr_scope *s, const struct ast_expr *x, bool *is_form,
                                   struct err *e);

/* What `m` answers to these values, converted to its inputs. */
struct model_question {
    struct shared_model *model;
    struct model_use use;
    uint32_t at;
};
const struct expr *bind_question(struct expr_scope *s, const struct model_question *q,
                                 struct call_args args, struct err *e);

/* Is a tensor of type `from` always one of type `to`? */
bool bind_tensor_fits(const struct type *from, const struct type *to);

/* bind_predict.c: ML_PREDICT and ML_EVALUATE in FROM. */
struct rel *bind_ml_predict(struct binder *b, const struct ast_source *s, struct err *e);
struct rel *bind_ml_evaluate(struct binder *b, const struct ast_source *s, struct err *e);

/* bind_window.c: TABLE t, TABLE (SELECT ..), or a bare name. */
struct rel *bind_table_arg(struct binder *b, const struct ast_arg *a, struct err *e);

/* bind_track.c: TRACK in FROM. */
struct rel *bind_track(struct binder *b, const struct ast_source *s, struct err *e);

/* bind_unnest.c: `left` with a row for each element of what `s` takes apart. */
struct rel *bind_unnest(struct binder *b, struct rel *left, const struct ast_source *s,
                        struct err *e);

#endif
