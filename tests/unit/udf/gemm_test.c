/* The product with a constant matrix is that of the definition, whatever the number of rows. */
#include "udf/nn/gemm.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/base/random.h"

static float *floats(struct random *r, size_t count) {
    float *at = malloc(count * sizeof *at);
    for (size_t i = 0; i < count; i++) at[i] = (float)random_below(r, 2001) / 1000 - 1;
    return at;
}

struct sample {
    struct gemm_shape shape;
    uint32_t m;
    size_t a_stride, c_stride;
    float *a, *b, *bias, *residual, *c;
};

static void draw(struct random *r, struct sample *x) {
    uint32_t k = 1 + (uint32_t)random_below(r, 200), n = 1 + (uint32_t)random_below(r, 100);
    x->shape = (struct gemm_shape){.k = k, .n = n, .b_transposed = random_below(r, 2)};
    x->m = 1 + (uint32_t)random_below(r, random_below(r, 2) ? 1 : 40);
    x->a_stride = k + random_below(r, 4);
    x->c_stride = n + random_below(r, 4);
    x->a = floats(r, (x->m - 1) * x->a_stride + k);
    x->b = floats(r, (size_t)k * n);
    x->bias = floats(r, n);
    x->residual = floats(r, (x->m - 1) * x->c_stride + n);
    x->c = floats(r, (x->m - 1) * x->c_stride + n);
}

static void sample_done(struct sample *x) {
    free(x->a);
    free(x->b);
    free(x->bias);
    free(x->residual);
    free(x->c);
}

static void check(const struct sample *x) {
    uint32_t k = x->shape.k, n = x->shape.n;
    for (size_t i = 0; i < (size_t)x->m * n; i++) {
        size_t row = i / n, column = i % n;
        double want = (double)x->bias[column], size = fabs(want);
        for (size_t j = 0; j < k; j++) {
            size_t at = x->shape.b_transposed ? column * k + j : j * n + column;
            double product = (double)x->a[row * x->a_stride + j] * (double)x->b[at];
            want += product;
            size += fabs(product);
        }
        want = fmax(0, want + (double)x->residual[row * x->c_stride + column]);
        double got = (double)x->c[row * x->c_stride + column];
        assert_true(fabs(got - want) <= (k + 4) * size * 0x1p-24);
    }
}

static void product_is_as_defined(void **unused) {
    (void)unused;
    struct random r = random_start("gemm");
    for (uint32_t round = 0; round < random_rounds(200); round++) {
        struct sample x;
        draw(&r, &x);
        struct arena arena;
        arena_init(&arena, 0);
        struct conv_post post = {.residual = true, .after = {ACT_CLIP, 0, INFINITY, NULL}};
        struct conv_weights weights = {x.b, x.bias};
        struct gemm_plan *p = gemm_create(&arena, &x.shape, &weights, &post, NULL);
        assert_non_null(p);
        void *scratch = malloc(gemm_scratch_bytes(p));
        struct gemm_io io = {x.m,        x.a, x.a_stride, x.residual,
                             x.c_stride, x.c, x.c_stride, scratch};
        gemm_run(p, &io);
        check(&x);
        free(scratch);
        arena_done(&arena);
        sample_done(&x);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(product_is_as_defined)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
