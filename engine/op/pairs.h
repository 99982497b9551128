/* pairs.h: updates of a changelog that an operator lets through by halves.
 *
 * The halves -U and +U stand next to each other, also where a batch ends between them. An operator
 * that drops rows gives what it kept through pairs_emit(): a -U whose +U was dropped becomes -D, a
 * +U whose -U was dropped +I. A -U that ends a batch waits, as a copy, for its other half.
 *
 * Lifetime: an operator's; init .. done.
 *
 * Used by: Filter, Project.    Tested by: tests/unit/engine/op_test.c
 */
#ifndef ENGINE_OP_PAIRS_H
#define ENGINE_OP_PAIRS_H

#include "engine/op.h"

struct pairs {
    struct op *op;
    struct arena arena;  /* holds the waiting row */
    bool open;           /* the last row was a -U: its other half comes next */
    bool waits;          /* and it was kept */
    struct batch before; /* waits: the row */
};

void pairs_init(struct pairs *p, struct op *op);
void pairs_done(struct pairs *p);

/* Emits `out`, the rows of `in` (a changelog) that were kept. */
bool pairs_emit(struct pairs *p, const struct batch *in, struct batch *out, struct err *e) MUST_USE;

/* Nothing more comes for now: a waiting row goes as a deletion. */
bool pairs_flush(struct pairs *p, struct err *e) MUST_USE;

#endif
