/* step.h: step: what plan() and run() of layers have in common.
 *
 * Used by: udf/nn/layer_*.c.    Tested by: tests/unit/udf/net_layer_test.c
 */
#ifndef UDF_NN_STEP_H
#define UDF_NN_STEP_H

#include "udf/nn/layer.h"

static inline bool step_has(const struct step *s, uint32_t i) {
    return i < s->node->ins && s->node->in[i] != GRAPH_NONE;
}

static inline bool step_gives(const struct step *s, uint32_t i) {
    return i < s->node->outs && s->node->out[i] != GRAPH_NONE;
}

/* 22023 "node <name> (<operator>): <reason>"; false. */
bool step_error(const struct step *s, struct err *e, const char *format, ...) PRINTF_LIKE(3, 4);
/* The same with 0A000. */
bool step_unsupported(const struct step *s, struct err *e, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* The same as ERR_DATA: the values of a run are at fault. */
bool step_bad_data(const struct step *s, struct err *e, const char *format, ...) PRINTF_LIKE(3, 4);

/* Zeroed memory of the plan. */
void *step_state(struct step *s, size_t bytes, struct err *e) MUST_USE;

/* Input i, if present, is of this type. */
bool step_expect(const struct step *s, uint32_t i, enum net_type t, struct err *e) MUST_USE;
/* All inputs are of input 0's type. */
bool step_expect_alike(const struct step *s, struct err *e) MUST_USE;

/* Output 0 is like input 0. */
void step_like(struct step *s);

/* Input i as integers (int64 or int32, of at most `max`), read where their value is known.
 * *count_out 0 where it is absent. */
bool step_ints(const struct step *s, uint32_t i, int64_t *out, uint32_t max, uint32_t *count_out,
               struct err *e) MUST_USE;

/* A set of axes as a mask; each at most once. */
bool step_axes(const struct step *s, uint32_t i, uint32_t rank, uint32_t *mask_out,
               struct err *e) MUST_USE;

#endif
