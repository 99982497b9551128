/* act.h: act: an activation, a function of one float that is applied to many.
 *
 * NaN stays NaN. Exponentials are of our own (act_tmpl.c says how exact): relative error below
 * 3e-7, so that results differ from the C library's in the last bit or two.
 *
 * Used by: conv, gemm, pool, net's layers.    Tested by: tests/unit/udf/act_test.c
 */
#ifndef UDF_NN_ACT_H
#define UDF_NN_ACT_H

#include <stddef.h>

#include "udf/nn/kernels.h"

/* Kinds:  id           what                                   a          b */
#define ACT_LIST(X)                                                                                \
    X(NONE)         /* x                                                        */                 \
    X(CLIP)         /* min(b, max(a, x)); ReLU is a = 0, b = INFINITY             */               \
    X(LEAKY)        /* x < 0 ? a * x : x                                          */               \
    X(PRELU)        /* x < 0 ? slope[channel] * x : x                             */               \
    X(SIGMOID)      /* 1 / (1 + exp(-x))                                          */               \
    X(SILU)         /* x * sigmoid(a * x); SiLU is a = 1                          */               \
    X(HARD_SIGMOID) /* max(0, min(1, a * x + b))                                  */               \
    X(HARD_SWISH)   /* x * max(0, min(1, a * x + b)); ONNX: a = 1/6, b = 1/2      */               \
    X(TANH)         /* tanh(x)                                                    */               \
    X(ELU)          /* x < 0 ? a * (exp(x) - 1) : x                               */

#define X(ID) ACT_##ID,
enum act_kind { ACT_LIST(X) ACT_KINDS };
#undef X

struct act {
    enum act_kind kind;
    float a, b;
    const float *slope; /* [channels], of PRELU only */
};

struct act_rows {
    size_t rows, channels;
    float *at;
    size_t stride; /* floats from row to row */
};

/* In place. k NULL: nn_kernels_best(). */
void act_apply(const struct nn_kernels *k, const struct act *a, const struct act_rows *x);

#endif
