/* A pool is the maximum or the mean of its window, for every instruction set of this machine. */
#include "udf/nn/pool.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/cpu.h"
#include "tests/unit/base/random.h"
#include "udf/nn/kernels.h"

static const float untouched = -12345.5f;

struct sample {
    struct pool_shape shape;
    uint32_t n;
    size_t in_stride, out_stride;
    float *in, *out;
};

/* Windows along one axis, rounded down or up. */
static uint32_t count_of(struct random *r, uint32_t room, uint32_t reach, uint32_t stride) {
    if (room < reach) return 0;
    uint32_t round_up = random_below(r, 2) ? stride - 1 : 0;
    return (room - reach + round_up) / stride + 1;
}

static void draw(struct random *r, struct sample *x) {
    struct pool_shape *s = &x->shape;
    struct patch *p = &s->patch;
    do {
        *s = (struct pool_shape){.kind = random_below(r, 2) ? POOL_MAX : POOL_MEAN,
                                 .h = 1 + (uint32_t)random_below(r, 14),
                                 .w = 1 + (uint32_t)random_below(r, 20),
                                 .c = 1 + (uint32_t)random_below(r, 90),
                                 .count_pads = random_below(r, 2)};
        p->kernel_h = 1 + (uint32_t)random_below(r, 5);
        p->kernel_w = 1 + (uint32_t)random_below(r, 5);
        p->stride_h = 1 + (uint32_t)random_below(r, 3);
        p->stride_w = 1 + (uint32_t)random_below(r, 3);
        p->dilation_h = random_below(r, 3) ? 1 : 2;
        p->dilation_w = random_below(r, 3) ? 1 : 3;
        p->pad_top = (uint32_t)random_below(r, 7);
        p->pad_left = (uint32_t)random_below(r, 3);
        p->pad_bottom = (uint32_t)random_below(r, 3);
        p->pad_right = (uint32_t)random_below(r, 7);
        s->out_h = count_of(r, s->h + p->pad_top + p->pad_bottom,
                            (p->kernel_h - 1) * p->dilation_h + 1, p->stride_h);
        s->out_w = count_of(r, s->w + p->pad_left + p->pad_right,
                            (p->kernel_w - 1) * p->dilation_w + 1, p->stride_w);
    } while (s->out_h == 0 || s->out_w == 0);
    x->n = 1 + (uint32_t)random_below(r, 3);
    x->in_stride = s->c + random_below(r, 5);
    x->out_stride = s->c + random_below(r, 5);
    size_t in = ((size_t)x->n * s->h * s->w - 1) * x->in_stride + s->c;
    size_t out = ((size_t)x->n * s->out_h * s->out_w - 1) * x->out_stride + s->c;
    x->in = malloc(in * sizeof *x->in);
    x->out = malloc(out * sizeof *x->out);
    for (size_t i = 0; i < in; i++) x->in[i] = (float)random_below(r, 2001) / 1000 - 1;
    for (size_t i = 0; i < out; i++) x->out[i] = untouched;
}

/* Channel c of output pixel (oy, ox) of one image. */
static double value_of(const struct sample *x, const float *image, const uint32_t at[2],
                       uint32_t c) {
    const struct pool_shape *s = &x->shape;
    const struct patch *p = &s->patch;
    double max = -INFINITY, sum = 0;
    uint32_t taps = 0, padded = 0;
    for (uint32_t i = 0; i < p->kernel_h * p->kernel_w; i++) {
        int64_t ky = i / p->kernel_w, kx = i % p->kernel_w;
        int64_t iy = (int64_t)at[0] * p->stride_h - p->pad_top + ky * p->dilation_h;
        int64_t ix = (int64_t)at[1] * p->stride_w - p->pad_left + kx * p->dilation_w;
        padded += iy < (int64_t)s->h + p->pad_bottom && ix < (int64_t)s->w + p->pad_right;
        if (iy < 0 || ix < 0 || iy >= s->h || ix >= s->w) continue;
        double v = (double)image[((size_t)iy * s->w + (size_t)ix) * x->in_stride + c];
        if (v > max) max = v;
        sum += v;
        taps++;
    }
    if (s->kind == POOL_MAX) return max;
    uint32_t by = s->count_pads ? padded : taps;
    return taps && by ? sum / by : 0;
}

static void check(const struct sample *x) {
    const struct pool_shape *s = &x->shape;
    size_t pixels = (size_t)s->out_h * s->out_w;
    for (size_t i = 0; i < x->n * pixels; i++) {
        const float *image = x->in + i / pixels * s->h * s->w * x->in_stride;
        uint32_t at[2] = {(uint32_t)(i % pixels / s->out_w), (uint32_t)(i % pixels % s->out_w)};
        const float *got = x->out + i * x->out_stride;
        for (uint32_t c = 0; c < s->c; c++) {
            double want = value_of(x, image, at, c);
            bool same = isinf(want) ? (double)got[c] == want : fabs((double)got[c] - want) < 2e-6;
            if (!same) fail_msg("pixel %zu channel %u: %g, not %g", i, c, (double)got[c], want);
        }
        if (i + 1 == x->n * pixels) continue;
        for (size_t c = s->c; c < x->out_stride; c++) assert_true(got[c] == untouched);
    }
}

static void sample_done(struct sample *x) {
    free(x->in);
    free(x->out);
}

static const struct nn_kernels *draw_level(struct random *r) {
    uint32_t cpu = cpu_features();
    uint64_t level = random_below(r, cpu & CPU_AVX512 ? 4 : cpu & CPU_AVX2 ? 3 : 2);
    static const struct nn_kernels *const levels[] = {NULL, &nn_kernels_v2, &nn_kernels_v3,
                                                      &nn_kernels_v4};
    return levels[level];
}

static void pool_is_as_defined(void **unused) {
    (void)unused;
    struct random r = random_start("pool");
    for (uint32_t round = 0; round < random_rounds(400); round++) {
        struct sample x;
        draw(&r, &x);
        struct pool_io io = {x.n, x.in, x.in_stride, x.out, x.out_stride};
        pool_run(&x.shape, draw_level(&r), &io);
        check(&x);
        sample_done(&x);
    }
}

static void global_pool_is_one_window(void **unused) {
    (void)unused;
    struct random r = random_start("global pool");
    for (uint32_t round = 0; round < random_rounds(100); round++) {
        struct sample x;
        draw(&r, &x);
        x.shape.out_h = x.shape.out_w = 1;
        x.shape.patch = (struct patch){x.shape.h, x.shape.w, 1, 1, 1, 1, 0, 0, 0, 0};
        free(x.out);
        size_t out = (x.n - 1) * x.out_stride + x.shape.c;
        x.out = malloc(out * sizeof *x.out);
        for (size_t i = 0; i < out; i++) x.out[i] = untouched;
        struct pool_io io = {x.n, x.in, x.in_stride, x.out, x.out_stride};
        struct pool_shape shape = x.shape;
        shape.patch = (struct patch){0};
        pool_global(&shape, draw_level(&r), &io);
        check(&x);
        sample_done(&x);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pool_is_as_defined),
        cmocka_unit_test(global_pool_is_one_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
