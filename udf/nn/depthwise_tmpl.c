/* depthwise_tmpl.c: pixels of a depthwise convolution: each channel with a small kernel of its own.
 *
 * Registers hold channels. For each piece of VEC_LANES channels a run of output pixels, which see
 * the same taps (those of the kernel that are inside of the image), is computed in groups of up to
 * four. Kernels of three columns, the common ones, keep all their weights in registers for the run,
 * and load a column that neighbouring windows share once for all of them.
 */
#include "udf/nn/kernels.h"
#include "udf/nn/vec.h"

enum { GROUP = 4 };

/* What a run of one piece of channels keeps in registers. */
struct lane_run {
    const struct depthwise_run *d;
    size_t c, n; /* the first channel, and how many */
    vec bias, lo, hi;
    vec weights[3][3]; /* of run_3() */
};

NN_INLINE void store_sum(const struct lane_run *l, size_t pixel, vec sum) {
    const struct nn_sink *s = &l->d->sink;
    if (s->residual) {
        const float *residual = s->residual + pixel * s->residual_stride + l->c;
        sum = vec_add(sum, vec_load_some(residual, l->n));
    }
    sum = vec_min(l->hi, vec_max(l->lo, sum));
    vec_store_some(s->out + pixel * s->out_stride + l->c, sum, l->n);
}

/* `pixels` neighbours with any kernel. */
NN_INLINE void group_any(const struct lane_run *l, const uint32_t pixels, size_t pixel) {
    const struct depthwise_run *d = l->d;
    vec sum[GROUP];
#pragma GCC unroll 4
    for (uint32_t i = 0; i < pixels; i++) sum[i] = l->bias;
    const float *in = d->in + pixel * d->pixel_step + l->c, *weights = d->weights + l->c;
    for (uint32_t ky = 0; ky < d->taps_h; ky++, in += d->row_step, weights += d->weight_row) {
        for (uint32_t kx = 0; kx < d->taps_w; kx++) {
            vec w = vec_load(weights + kx * d->weight_step);
            const float *at = in + kx * d->column_step;
#pragma GCC unroll 4
            for (uint32_t i = 0; i < pixels; i++) {
                sum[i] = vec_fma(vec_load_some(at + i * d->pixel_step, l->n), w, sum[i]);
            }
        }
    }
#pragma GCC unroll 4
    for (uint32_t i = 0; i < pixels; i++) store_sum(l, pixel + i, sum[i]);
}

NN_INLINE void run_any(const struct lane_run *l) {
    size_t pixel = 0;
    for (; pixel + GROUP <= l->d->pixels; pixel += GROUP) group_any(l, GROUP, pixel);
    for (; pixel < l->d->pixels; pixel++) group_any(l, 1, pixel);
}

/* `pixels` neighbours with `rows` x 3 taps in columns that touch, windows `stride` columns apart.
 */
NN_INLINE void group_3(const struct lane_run *l, const uint32_t rows, const uint32_t stride,
                       const uint32_t pixels, size_t pixel) {
    const struct depthwise_run *d = l->d;
    vec sum[GROUP];
#pragma GCC unroll 4
    for (uint32_t i = 0; i < pixels; i++) sum[i] = l->bias;
    const float *in = d->in + pixel * d->pixel_step + l->c;
#pragma GCC unroll 3
    for (uint32_t ky = 0; ky < rows; ky++, in += d->row_step) {
#pragma GCC unroll 9
        for (uint32_t x = 0; x < (pixels - 1) * stride + 3; x++) {
            vec column = vec_keep(vec_load_some(in + x * d->column_step, l->n));
#pragma GCC unroll 4
            for (uint32_t i = 0; i < pixels; i++) {
                if (x < i * stride || x - i * stride >= 3) continue;
                sum[i] = vec_fma(column, l->weights[ky][x - i * stride], sum[i]);
            }
        }
    }
#pragma GCC unroll 4
    for (uint32_t i = 0; i < pixels; i++) store_sum(l, pixel + i, sum[i]);
}

NN_INLINE void run_3(struct lane_run *l, const uint32_t rows, const uint32_t stride) {
    const struct depthwise_run *d = l->d;
#pragma GCC unroll 3
    for (uint32_t ky = 0; ky < rows; ky++) {
        const float *weights = d->weights + ky * d->weight_row + l->c;
#pragma GCC unroll 3
        for (uint32_t kx = 0; kx < 3; kx++) {
            l->weights[ky][kx] = vec_load(weights + kx * d->weight_step);
        }
    }
    size_t pixel = 0;
    for (; pixel + GROUP <= d->pixels; pixel += GROUP) group_3(l, rows, stride, GROUP, pixel);
    if (pixel + 2 <= d->pixels) {
        group_3(l, rows, stride, 2, pixel);
        pixel += 2;
    }
    if (pixel < d->pixels) group_3(l, rows, stride, 1, pixel);
}

/* rows 0: any kernel. */
NN_INLINE void run(const struct depthwise_run *d, const uint32_t rows, const uint32_t stride) {
    size_t part = d->channels % VEC_LANES;
    struct lane_run l = {
        .d = d, .n = VEC_LANES, .lo = vec_of(d->sink.lo), .hi = vec_of(d->sink.hi)};
    for (; l.c + VEC_LANES <= d->channels; l.c += VEC_LANES) {
        l.bias = vec_load(d->bias + l.c);
        if (rows > 0) {
            run_3(&l, rows, stride);
        } else {
            run_any(&l);
        }
    }
    if (part == 0) return;
    l.n = part;
    l.bias = vec_load(d->bias + l.c);
    if (rows > 0) {
        run_3(&l, rows, stride);
    } else {
        run_any(&l);
    }
}

#define DEFINE_RUN(rows, stride)                                                                   \
    static void run_##rows##_##stride(const struct depthwise_run *d) {                             \
        run(d, rows, stride);                                                                      \
    }
DEFINE_RUN(0, 0)
DEFINE_RUN(2, 1)
DEFINE_RUN(3, 1)
DEFINE_RUN(2, 2)
DEFINE_RUN(3, 2)

static void depthwise(const struct depthwise_run *d) {
    bool once = d->pixel_step == d->column_step, twice = d->pixel_step == 2 * d->column_step;
    bool three = d->taps_w == 3 && d->pixels > 1 && (d->taps_h == 2 || d->taps_h == 3);
    if (three && once) {
        (d->taps_h == 2 ? run_2_1 : run_3_1)(d);
    } else if (three && twice) {
        (d->taps_h == 2 ? run_2_2 : run_3_2)(d);
    } else {
        run_0_0(d);
    }
}

const struct depthwise_kernels NN_NAME(depthwise) = {.run = depthwise};
