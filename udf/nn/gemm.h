/* gemm.h: gemm: product with a constant matrix, packed once, on one thread.
 *
 * C = post(A * B + bias), A [m][k], B [k][n], C [m][n], rows m at a time as they come. The same
 * kernels as conv.h, so the same rules: const plan, one order of summing whatever m is.
 *
 * Used by: udf/nn layers (Gemm, MatMul).    Tested by: tests/unit/udf/gemm_test.c
 */
#ifndef UDF_NN_GEMM_H
#define UDF_NN_GEMM_H

#include "udf/nn/conv.h"

struct gemm_shape {
    uint32_t k, n;
    bool b_transposed; /* B is stored [n][k] */
};

struct gemm_plan;

/* weights->at is B. NULL: no memory. */
struct gemm_plan *gemm_create(struct arena *a, const struct gemm_shape *shape,
                              const struct conv_weights *weights, const struct conv_post *post,
                              const struct conv_options *options) MUST_USE;

size_t gemm_scratch_bytes(const struct gemm_plan *p);

struct gemm_io {
    uint32_t m;
    const float *a; /* [m][k] */
    size_t a_stride;
    const float *residual; /* [m][n], where the plan has one */
    size_t residual_stride;
    float *c; /* [m][n] */
    size_t c_stride;
    void *scratch;
};

void gemm_run(const struct gemm_plan *p, const struct gemm_io *io);

#endif
