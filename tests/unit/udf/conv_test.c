/* A convolution is the sum that its definition says, for every instruction set of this machine,
 * within a tolerance that follows from the sum of absolute products: n * 2^-24 of it bounds the
 * rounding of n additions. Winograd's transforms mix the pixels of a tile, so its tolerance is
 * taken from the largest input instead.
 */
#include "udf/nn/conv.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/cpu.h"
#include "tests/unit/base/random.h"

static const float untouched = -12345.5f;

struct sample {
    struct conv_shape shape;
    struct conv_post post;
    uint32_t n, out_h, out_w;
    size_t in_stride, out_stride;
    float *in, *weights, *bias, *residual, *slope;
    struct arena arena;
};

static float *floats(struct random *r, size_t count) {
    float *at = malloc(count * sizeof *at + 1);
    for (size_t i = 0; i < count; i++) at[i] = (float)random_below(r, 2001) / 1000 - 1;
    return at;
}

/* The last pixel has its channels only, so that reading behind them is seen. */
static size_t floats_of(size_t pixels, size_t stride, size_t channels) {
    return (pixels - 1) * stride + channels;
}

static struct act draw_act(struct random *r, const float *slope) {
    struct act a = {.kind = (enum act_kind)random_below(r, ACT_KINDS), .a = 0.25f, .b = 0.75f};
    if (a.kind == ACT_CLIP && random_below(r, 2)) a = (struct act){ACT_CLIP, 0, INFINITY, NULL};
    a.slope = slope;
    return a;
}

static void draw_patch(struct random *r, struct patch *p) {
    p->kernel_h = 1 + (uint32_t)random_below(r, 4);
    p->kernel_w = random_below(r, 3) ? p->kernel_h : 1 + (uint32_t)random_below(r, 7);
    p->stride_h = 1 + (uint32_t)random_below(r, 3);
    p->stride_w = random_below(r, 3) ? p->stride_h : 1 + (uint32_t)random_below(r, 3);
    p->dilation_h = random_below(r, 3) ? 1 : 1 + (uint32_t)random_below(r, 3);
    p->dilation_w = random_below(r, 3) ? 1 : p->dilation_h;
    p->pad_top = (uint32_t)random_below(r, 4);
    p->pad_left = random_below(r, 2) ? p->pad_top : (uint32_t)random_below(r, 9);
    p->pad_bottom = random_below(r, 2) ? p->pad_top : (uint32_t)random_below(r, 9);
    p->pad_right = random_below(r, 2) ? p->pad_left : (uint32_t)random_below(r, 4);
}

static void draw_channels(struct random *r, struct conv_shape *s) {
    s->groups = 1;
    s->c_in = 1 + (uint32_t)random_below(r, random_below(r, 2) ? 8 : 70);
    s->c_out = 1 + (uint32_t)random_below(r, 70);
    if (random_below(r, 3) == 0) {
        s->groups = s->c_in; /* depthwise, with a multiplier now and then */
        s->c_out = s->c_in * (random_below(r, 3) ? 1 : 1 + (uint32_t)random_below(r, 3));
    } else if (random_below(r, 4) == 0) {
        s->groups = 2 + (uint32_t)random_below(r, 3);
        s->c_in = s->groups * (1 + (uint32_t)random_below(r, 9));
        s->c_out = s->groups * (1 + (uint32_t)random_below(r, 20));
    }
}

/* The kinds that have code of their own, which uniform draws would seldom meet. */
static void draw_special(struct random *r, struct conv_shape *s) {
    static const struct patch same3 = {3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
    static const struct patch pointwise = {1, 1, 1, 1, 1, 1, 0, 0, 0, 0};
    switch (random_below(r, 6)) {
    case 0:
    case 1:
        s->patch = same3;
        s->c_in += 16;
        s->c_out += 16;
        s->groups = 1;
        break;
    case 2: s->patch = pointwise; break;
    case 3:
        s->h = s->patch.kernel_h = s->patch.stride_h = 1;
        s->patch.pad_top = s->patch.pad_bottom = 0;
        break;
    case 4:
        s->patch.dilation_h = s->patch.dilation_w = 1;
        s->patch.kernel_h = s->patch.kernel_w = random_below(r, 2) ? 3 : 5;
        break;
    default: break;
    }
}

static void draw(struct random *r, struct sample *x) {
    struct conv_shape *s = &x->shape;
    memset(x, 0, sizeof *x);
    arena_init(&x->arena, 0);
    do {
        s->h = 1 + (uint32_t)random_below(r, 20);
        s->w = 1 + (uint32_t)random_below(r, 34);
        draw_channels(r, s);
        draw_patch(r, &s->patch);
        draw_special(r, s);
        x->out_h = patch_out_h(&s->patch, s->h);
        x->out_w = patch_out_w(&s->patch, s->w);
    } while (x->out_h == 0 || x->out_w == 0);
    s->in_order = random_below(r, 4) ? CONV_NHWC : CONV_NCHW;
    x->n = 1 + (uint32_t)random_below(r, 3);
    x->in_stride = s->c_in + (random_below(r, 2) ? 0 : random_below(r, 20));
    if (s->in_order == CONV_NCHW) x->in_stride = s->c_in;
    x->out_stride = s->c_out + (random_below(r, 2) ? 0 : random_below(r, 20));

    size_t pixels = (size_t)x->n * x->out_h * x->out_w;
    size_t taps = (size_t)s->patch.kernel_h * s->patch.kernel_w;
    x->in = floats(r, floats_of((size_t)x->n * s->h * s->w, x->in_stride, s->c_in));
    x->weights = floats(r, s->c_out * (s->c_in / s->groups) * taps);
    x->bias = random_below(r, 4) ? floats(r, s->c_out) : NULL;
    x->residual = floats(r, floats_of(pixels, x->out_stride, s->c_out));
    x->slope = floats(r, s->c_out);
    x->post.residual = random_below(r, 2);
    if (random_below(r, 3)) x->post.before = draw_act(r, x->slope);
    if (random_below(r, 3)) x->post.after = draw_act(r, x->slope);
}

static void sample_done(struct sample *x) {
    free(x->in);
    free(x->weights);
    free(x->bias);
    free(x->residual);
    free(x->slope);
    arena_done(&x->arena);
}

static double act_of(const struct act *a, double x, double slope) {
    double line = a->a * x + a->b, unit = line < 0 ? 0 : line > 1 ? 1 : line;
    switch (a->kind) {
    case ACT_NONE: return x;
    case ACT_CLIP: return x < a->a ? a->a : x > a->b ? a->b : x;
    case ACT_LEAKY: return x < 0 ? a->a * x : x;
    case ACT_PRELU: return x < 0 ? slope * x : x;
    case ACT_SIGMOID: return 1 / (1 + exp(-x));
    case ACT_SILU: return x / (1 + exp(-a->a * x));
    case ACT_HARD_SIGMOID: return unit;
    case ACT_HARD_SWISH: return x * unit;
    case ACT_TANH: return tanh(x);
    case ACT_ELU: return x < 0 ? a->a * expm1(x) : x;
    case ACT_KINDS: break;
    }
    return NAN;
}

static double input_at(const struct sample *x, uint32_t image, const int64_t at[2], uint32_t c) {
    const struct conv_shape *s = &x->shape;
    if (at[0] < 0 || at[1] < 0 || at[0] >= s->h || at[1] >= s->w) return 0;
    size_t in_image = (size_t)at[0] * s->w + (size_t)at[1], pixels = (size_t)s->h * s->w;
    if (s->in_order == CONV_NCHW) {
        return (double)x->in[((size_t)image * s->c_in + c) * pixels + in_image];
    }
    return (double)x->in[(image * pixels + in_image) * x->in_stride + c];
}

/* Output channel `c` of output pixel `pixel`; *size_out is the sum of absolute products. */
static double sum_of(const struct sample *x, size_t pixel, uint32_t c, double *size_out) {
    const struct conv_shape *s = &x->shape;
    const struct patch *p = &s->patch;
    uint32_t c_in = s->c_in / s->groups, group = c / (s->c_out / s->groups);
    uint32_t taps = p->kernel_h * p->kernel_w, image = (uint32_t)(pixel / x->out_h / x->out_w);
    int64_t oy = (int64_t)(pixel / x->out_w % x->out_h), ox = (int64_t)(pixel % x->out_w);
    double sum = x->bias ? (double)x->bias[c] : 0;
    *size_out = fabs(sum);
    for (uint32_t i = 0; i < c_in * taps; i++) {
        int64_t ky = i % taps / p->kernel_w, kx = i % taps % p->kernel_w;
        int64_t at[2] = {oy * p->stride_h - p->pad_top + ky * p->dilation_h,
                         ox * p->stride_w - p->pad_left + kx * p->dilation_w};
        double product = input_at(x, image, at, group * c_in + i / taps) *
                         (double)x->weights[(size_t)c * c_in * taps + i];
        sum += product;
        *size_out += fabs(product);
    }
    return sum;
}

/* The sum of all absolute weights of output channel c: no input is above 1. */
static double weight_of(const struct sample *x, uint32_t c) {
    size_t count =
        (size_t)x->shape.c_in / x->shape.groups * x->shape.patch.kernel_h * x->shape.patch.kernel_w;
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += fabs((double)x->weights[c * count + i]);
    return sum;
}

static void check_value(const struct sample *x, const char *how, size_t pixel, uint32_t c,
                        float got) {
    double size, want = sum_of(x, pixel, c, &size);
    size_t terms = (size_t)x->shape.c_in * x->shape.patch.kernel_h * x->shape.patch.kernel_w;
    double tolerance = (double)(terms + 4) * size * 0x1p-24;
    if (strncmp(how, "winograd", 8) == 0) tolerance = 1e-5 * weight_of(x, c) + 1e-6;
    want = act_of(&x->post.before, want, (double)x->slope[c]);
    tolerance = tolerance * 1.5 + fabs(want) * 4e-7;
    if (x->post.residual) want += (double)x->residual[pixel * x->out_stride + c];
    tolerance += fabs(want) * 0x1p-23;
    want = act_of(&x->post.after, want, (double)x->slope[c]);
    tolerance = tolerance * 1.5 + fabs(want) * 4e-7 + 1e-7;
    if (fabs((double)got - want) <= tolerance) return;
    const struct conv_shape *s = &x->shape;
    fail_msg("%s: %ux%ux%u > %u, groups %u, kernel %ux%u, stride %u, pixel %zu channel %u: %.9g, "
             "not %.9g (tolerance %.3g)",
             how, s->h, s->w, s->c_in, s->c_out, s->groups, s->patch.kernel_h, s->patch.kernel_w,
             s->patch.stride_h, pixel, c, (double)got, want, tolerance);
}

static void check(const struct sample *x, const char *how, const float *out) {
    size_t pixels = (size_t)x->n * x->out_h * x->out_w;
    for (size_t pixel = 0; pixel < pixels; pixel++) {
        const float *at = out + pixel * x->out_stride;
        for (uint32_t c = 0; c < x->shape.c_out; c++) check_value(x, how, pixel, c, at[c]);
        if (pixel + 1 == pixels) continue;
        for (size_t c = x->shape.c_out; c < x->out_stride; c++) assert_true(at[c] == untouched);
    }
}

/* n images from `first` on; out has exactly the room that they need. */
static float *run(const struct sample *x, const struct conv_plan *p, uint32_t first, uint32_t n) {
    const struct conv_shape *s = &x->shape;
    size_t in_image = (size_t)s->h * s->w * (s->in_order == CONV_NCHW ? s->c_in : x->in_stride);
    size_t out_image = (size_t)x->out_h * x->out_w;
    size_t count = floats_of(n * out_image, x->out_stride, s->c_out);
    float *out = malloc(count * sizeof *out);
    for (size_t i = 0; i < count; i++) out[i] = untouched;
    struct conv_io io = {
        .n = n,
        .in = x->in + first * in_image,
        .in_stride = x->in_stride,
        .residual = x->residual + first * out_image * x->out_stride,
        .residual_stride = x->out_stride,
        .out = out,
        .out_stride = x->out_stride,
        .scratch = malloc(conv_scratch_bytes(p)),
    };
    memset(io.scratch, 0xFF, conv_scratch_bytes(p)); /* NaN, were it read */
    conv_run(p, &io);
    free(io.scratch);
    return out;
}

static uint32_t levels(const struct nn_kernels *level[3]) {
    uint32_t cpu = cpu_features(), count = 0;
    level[count++] = &nn_kernels_v2;
    if (cpu & CPU_AVX2) level[count++] = &nn_kernels_v3;
    if (cpu & CPU_AVX512) level[count++] = &nn_kernels_v4;
    return count;
}

static struct conv_plan *plan_of(struct sample *x, const struct nn_kernels *level, bool direct) {
    struct conv_options options = {.kernels = level, .no_winograd = direct};
    struct conv_weights weights = {x->weights, x->bias};
    struct conv_plan *p = conv_create(&x->arena, &x->shape, &weights, &x->post, &options);
    assert_non_null(p);
    assert_int_equal(conv_out_h(p), x->out_h);
    assert_int_equal(conv_out_w(p), x->out_w);
    return p;
}

static void convolution_is_the_sum_as_defined(void **unused) {
    (void)unused;
    struct random r = random_start("conv");
    const struct nn_kernels *level[3];
    uint32_t count = levels(level);
    for (uint32_t round = 0; round < random_rounds(100); round++) {
        struct sample x;
        draw(&r, &x);
        for (uint32_t i = 0; i < 2 * count; i++) {
            const struct conv_plan *p = plan_of(&x, level[i / 2], i % 2);
            bool winograd = strncmp(conv_algorithm(p), "winograd", 8) == 0;
            if (i % 2 == 0 && !winograd) continue; /* the same again */
            float *out = run(&x, p, 0, x.n);
            check(&x, conv_algorithm(p), out);
            free(out);
        }
        sample_done(&x);
    }
}

/* The same bits, whether an image comes alone or among others. */
static void neighbours_in_a_batch_do_not_matter(void **unused) {
    (void)unused;
    struct random r = random_start("conv batch");
    const struct nn_kernels *level[3];
    uint32_t count = levels(level);
    for (uint32_t round = 0; round < random_rounds(60); round++) {
        struct sample x;
        draw(&r, &x);
        const struct conv_plan *p = plan_of(&x, level[random_below(&r, count)], false);
        float *all = run(&x, p, 0, x.n);
        for (uint32_t image = 0; image < x.n; image++) {
            float *one = run(&x, p, image, 1);
            size_t pixels = (size_t)x.out_h * x.out_w;
            const float *same = all + image * pixels * x.out_stride;
            size_t bytes = floats_of(pixels, x.out_stride, x.shape.c_out) * sizeof *one;
            assert_memory_equal(one, same, bytes);
            free(one);
        }
        free(all);
        sample_done(&x);
    }
}

static void residual_may_be_the_output(void **unused) {
    (void)unused;
    struct random r = random_start("conv in place");
    for (uint32_t round = 0; round < random_rounds(60); round++) {
        struct sample x;
        draw(&r, &x);
        x.post.residual = true;
        const struct conv_plan *p = plan_of(&x, NULL, false);
        float *apart = run(&x, p, 0, x.n);
        size_t pixels = (size_t)x.n * x.out_h * x.out_w;
        size_t bytes = floats_of(pixels, x.out_stride, x.shape.c_out) * sizeof *apart;
        float *both = malloc(bytes);
        memcpy(both, x.residual, bytes);
        struct conv_io io = {.n = x.n, .in = x.in, .in_stride = x.in_stride};
        io.residual = io.out = both;
        io.residual_stride = io.out_stride = x.out_stride;
        io.scratch = malloc(conv_scratch_bytes(p));
        conv_run(p, &io);
        for (size_t i = 0; i < pixels; i++) {
            assert_memory_equal(both + i * x.out_stride, apart + i * x.out_stride,
                                x.shape.c_out * sizeof *both);
        }
        free(io.scratch);
        free(both);
        free(apart);
        sample_done(&x);
    }
}

/* Every allocation of a plan may fail. */
static void no_memory_is_told(void **unused) {
    (void)unused;
    struct random r = random_start("conv memory");
    for (uint32_t round = 0; round < random_rounds(20); round++) {
        struct sample x;
        draw(&r, &x);
        struct conv_weights weights = {x.weights, x.bias};
        bool made = false;
        for (size_t limit = 4096; !made; limit += limit / 2) {
            struct arena small;
            arena_init(&small, limit);
            made = conv_create(&small, &x.shape, &weights, &x.post, NULL) != NULL;
            assert_true(made || small.failed);
            arena_done(&small);
        }
        sample_done(&x);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolution_is_the_sum_as_defined),
        cmocka_unit_test(neighbours_in_a_batch_do_not_matter),
        cmocka_unit_test(residual_may_be_the_output),
        cmocka_unit_test(no_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
