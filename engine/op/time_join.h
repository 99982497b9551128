/* time_join.h: the time of an operator with two inputs: the lower of both.
 *
 * The query takes rows in one order across its inputs, and operators run to completion, so rows
 * reach an operator in the order of their ordinals whatever port they come by; only what a row may
 * promise is less: what both sides have promised. It never goes back. A side all of whose inputs
 * are idle holds nobody.
 *
 * Used by: Union, SetOperation.    Tested by: tests/unit/engine/op_test.c
 */
#ifndef ENGINE_OP_TIME_JOIN_H
#define ENGINE_OP_TIME_JOIN_H

#include "engine/op.h"

struct time_join {
    int64_t port_us[2]; /* how far each side has come */
    int64_t passed_us;  /* what was passed on */
};

void time_join_init(struct time_join *t);

/* The watermarks of a batch that came by `port` become those of both. false: no memory. */
bool time_join_batch(struct time_join *t, const struct op *op, uint32_t port, struct batch *b,
                     struct err *e) MUST_USE;
struct mark time_join_mark(struct time_join *t, const struct op *op, uint32_t port,
                           const struct mark *m);

#endif
