/* layer_gemm.h: products with a constant matrix, as passes make them of MatMul and Gemm.
 *
 * Used by: udf/nn/layer_gemm.c, pass_fuse.c.
 */
#ifndef UDF_NN_LAYER_GEMM_H
#define UDF_NN_LAYER_GEMM_H

#include "udf/nn/gemm.h"
#include "udf/nn/step.h"

/* Of an ONNX Gemm. */
struct gemm_attributes {
    float alpha, beta;
    bool a_transposed, b_transposed;
};

enum { GEMM_X };

/* y [.., n] = post(x [.., k] * B + bias) */
struct gemm_params {
    const struct gemm_plan *plan;
    uint32_t k, n;
};

/* Not an operator of ONNX. */
extern const struct layer layer_gemm_fast;

/* What a product is made of: packed when nothing more is fused into it. */
struct gemm_parts {
    const float *b;    /* [n][k] */
    const float *bias; /* [n]; NULL: none */
    struct act act;
};

bool gemm_fast_pack(struct gemm_params *p, const struct gemm_parts *parts, struct arena *a,
                    struct err *e) MUST_USE;

#endif
