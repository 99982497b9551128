/* bind_train.h: INSERT INTO MODEL, and the rows of m$training.
 *
 * Used by: sql/bind_insert.c, clients.    Tested by: tests/unit/sql/bind_test.c, tests/cases/model
 */
#ifndef SQL_BIND_TRAIN_H
#define SQL_BIND_TRAIN_H

#include "sql/binder.h"

/* The columns of m$training. */
extern const struct schema bind_training_schema;

/* INSERT INTO MODEL, with the binder at its start. */
bool bind_train(struct binder *b, const struct ast_insert *s, struct bound_query *out,
                struct err *e) MUST_USE;

#endif
