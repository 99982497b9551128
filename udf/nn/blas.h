/* blas.h: blas: OpenBLAS, opened when the first model needs it.
 *
 * The library starts threads and takes memory by being loaded, so it is loaded by dlopen(3), and a
 * process without models never does. One BLAS thread: queries bring their own workers.
 *
 * Lifetime: blas_open .. blas_close; opened more than once it is the same library.
 *
 * Used by: udf/nn, udf/learn, bench.    Tested by: tests/unit/udf/blas_test.c
 */
#ifndef UDF_NN_BLAS_H
#define UDF_NN_BLAS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/attr.h"
#include "engine/base/err.h"

/* C = alpha * op(A) * op(B) + beta * C, all row-major float32; op(A) is [m][k], op(B) [k][n],
 * C [m][n]. Strides are elements between rows as stored. */
struct blas_product {
    bool a_transposed, b_transposed;
    uint32_t m, n, k;
    float alpha, beta;
    const float *a, *b;
    uint32_t a_stride, b_stride;
    float *c;
    uint32_t c_stride;
};

struct blas {
    void *library;
    void (*sgemm)(int order, int a_transposed, int b_transposed, int m, int n, int k, float alpha,
                  const float *a, int a_stride, const float *b, int b_stride, float beta, float *c,
                  int c_stride);
    const char *core; /* the kernels that it chose: "SkylakeX" */
};

/* 58030 where it is not installed. */
bool blas_open(struct blas *out, struct err *e) MUST_USE;
void blas_close(struct blas *b);

void blas_multiply(const struct blas *b, const struct blas_product *p);

#endif
