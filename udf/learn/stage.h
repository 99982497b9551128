/* stage.h: stage: rows between being read and being learnt: held back to be shuffled, gathered to a
 * mini-batch.
 *
 * With room for n rows, the first n fill it; each further row takes the place of one drawn at
 * random, which goes on to the mini-batch. At the end of an epoch the rest goes on in random order.
 * What is drawn is a function of the seed and of how many rows came, so it does not depend on how
 * they were cut into batches.
 *
 * Used by: udf/learn/train.    Tested by: tests/unit/udf/learn_model_test.c
 */
#ifndef UDF_LEARN_STAGE_H
#define UDF_LEARN_STAGE_H

#include "engine/base/arena.h"
#include "engine/base/attr.h"
#include "engine/base/err.h"

struct stage {
    size_t row_bytes;
    uint32_t targets; /* doubles a row */
    uint32_t room;    /* rows that are held back */
    uint32_t held;
    char *row;      /* [room][row_bytes] */
    double *target; /* [room][targets] */
    uint32_t batch; /* rows of a mini-batch */
    uint32_t filled;
    char *batch_row;      /* [batch][row_bytes] */
    double *batch_target; /* [batch][targets] */
    uint64_t random;
};

/* Memory from `a`; the sizes are set. */
bool stage_open(struct stage *s, struct arena *a, struct err *e) MUST_USE;

/* Takes a row; the mini-batch must not be full. */
void stage_add(struct stage *s, const char *row, const double *target);
/* One of those held back goes on; false: none is. */
bool stage_drain(struct stage *s) MUST_USE;

static inline bool stage_full(const struct stage *s) {
    return s->filled == s->batch;
}

#endif
