/* The product is that of the definition, for every combination of transposed operands. */
#include "udf/nn/blas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { M = 5, N = 7, K = 3 };

static void check(const struct blas_product *p) {
    for (uint32_t i = 0; i < M * N; i++) {
        uint32_t row = i / N, col = i % N;
        float sum = 0;
        for (uint32_t k = 0; k < K; k++) {
            float a = p->a_transposed ? p->a[k * M + row] : p->a[row * K + k];
            float b = p->b_transposed ? p->b[col * K + k] : p->b[k * N + col];
            sum += a * b;
        }
        assert_true(p->c[i] == 2 * sum + 3); /* small integers: exact */
    }
}

static void product_is_as_defined(void **unused) {
    (void)unused;
    struct err e;
    struct blas b;
    assert_true(blas_open(&b, &e));
    assert_non_null(b.core);
    float x[M * K], y[K * N], z[M * N];
    for (int i = 0; i < M * K; i++) x[i] = (float)(i % 5 - 2);
    for (int i = 0; i < K * N; i++) y[i] = (float)(i % 7 - 3);
    struct blas_product p = {.m = M, .n = N, .k = K, .alpha = 2, .beta = 3, .a = x, .b = y, .c = z};
    p.c_stride = N;
    for (int form = 0; form < 4; form++) {
        for (int i = 0; i < M * N; i++) z[i] = 1;
        p.a_transposed = form & 1;
        p.b_transposed = form & 2;
        p.a_stride = p.a_transposed ? M : K;
        p.b_stride = p.b_transposed ? K : N;
        blas_multiply(&b, &p);
        check(&p);
    }
    blas_close(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(product_is_as_defined)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
