/* depthwise_tmpl.c: pixels of a depthwise convolution: each channel with a small kernel of its own.
 *
 * Registers hold channels. A run of output pixels that see the same taps (those of the kernel that
 * are inside of the image) is computed in groups of PIXELS: for each piece of VEC_LANES channels,
 * a sum a pixel stays in a register while the taps pass. Where neighbouring windows share columns
 * (kernels of 3 or 5 columns, stride 1 or 2) each column is loaded once for all of them.
 */
#include "udf/nn/kernels.h"
#include "udf/nn/vec.h"

enum { PIXELS = 4 };

NN_INLINE void store_sum(const struct depthwise_run *d, size_t pixel, size_t c, size_t n, vec sum) {
    const struct nn_sink *s = &d->sink;
    if (s->residual) {
        sum = vec_add(sum, vec_load_some(s->residual + pixel * s->residual_stride + c, n));
    }
    sum = vec_min(vec_of(s->hi), vec_max(vec_of(s->lo), sum));
    vec_store_some(s->out + pixel * s->out_stride + c, sum, n);
}

/* `pixels` <= PIXELS neighbours, n channels from c on; any kernel. */
NN_INLINE void piece_any(const struct depthwise_run *d, const uint32_t pixels, size_t pixel,
                         size_t c, size_t n) {
    vec sum[PIXELS];
#pragma GCC unroll 4
    for (uint32_t i = 0; i < pixels; i++) sum[i] = vec_load(d->bias + c);
    const float *in = d->in + pixel * d->pixel_step + c, *weights = d->weights + c;
    for (uint32_t ky = 0; ky < d->taps_h; ky++, in += d->row_step, weights += d->weight_row) {
        for (uint32_t kx = 0; kx < d->taps_w; kx++) {
            vec w = vec_load(weights + kx * d->weight_step);
            const float *at = in + kx * d->column_step;
#pragma GCC unroll 4
            for (uint32_t i = 0; i < pixels; i++) {
                sum[i] = vec_fma(vec_load_some(at + i * d->pixel_step, n), w, sum[i]);
            }
        }
    }
#pragma GCC unroll 4
    for (uint32_t i = 0; i < pixels; i++) store_sum(d, pixel + i, c, n, sum[i]);
}

/* The same for `taps` columns that touch, where windows are `stride` columns apart. */
NN_INLINE void piece_shared(const struct depthwise_run *d, const uint32_t taps,
                            const uint32_t stride, size_t pixel, size_t c) {
    vec sum[PIXELS];
#pragma GCC unroll 4
    for (uint32_t i = 0; i < PIXELS; i++) sum[i] = vec_load(d->bias + c);
    const float *in = d->in + pixel * d->pixel_step + c, *weights = d->weights + c;
    for (uint32_t ky = 0; ky < d->taps_h; ky++, in += d->row_step, weights += d->weight_row) {
        vec w[5];
#pragma GCC unroll 5
        for (uint32_t kx = 0; kx < taps; kx++) w[kx] = vec_load(weights + kx * d->weight_step);
#pragma GCC unroll 11
        for (uint32_t x = 0; x < (PIXELS - 1) * stride + taps; x++) {
            vec column = vec_load(in + x * d->column_step);
#pragma GCC unroll 4
            for (uint32_t i = 0; i < PIXELS; i++) {
                if (x < i * stride || x - i * stride >= taps) continue;
                sum[i] = vec_fma(column, w[x - i * stride], sum[i]);
            }
        }
    }
#pragma GCC unroll 4
    for (uint32_t i = 0; i < PIXELS; i++) store_sum(d, pixel + i, c, VEC_LANES, sum[i]);
}

/* taps 0: any kernel. */
NN_INLINE void run(const struct depthwise_run *d, const uint32_t taps, const uint32_t stride) {
    size_t pixel = 0, whole = d->channels / VEC_LANES * VEC_LANES, part = d->channels - whole;
    for (; pixel + PIXELS <= d->pixels; pixel += PIXELS) {
        for (size_t c = 0; c < whole; c += VEC_LANES) {
            if (taps > 0) {
                piece_shared(d, taps, stride, pixel, c);
            } else {
                piece_any(d, PIXELS, pixel, c, VEC_LANES);
            }
        }
        if (part > 0) piece_any(d, PIXELS, pixel, whole, part);
    }
    for (; pixel < d->pixels; pixel++) {
        for (size_t c = 0; c < whole; c += VEC_LANES) piece_any(d, 1, pixel, c, VEC_LANES);
        if (part > 0) piece_any(d, 1, pixel, whole, part);
    }
}

static void run_any(const struct depthwise_run *d) {
    run(d, 0, 0);
}
static void run_3_1(const struct depthwise_run *d) {
    run(d, 3, 1);
}
static void run_3_2(const struct depthwise_run *d) {
    run(d, 3, 2);
}
static void run_5_1(const struct depthwise_run *d) {
    run(d, 5, 1);
}
static void run_5_2(const struct depthwise_run *d) {
    run(d, 5, 2);
}

static void depthwise(const struct depthwise_run *d) {
    bool once = d->pixel_step == d->column_step, twice = d->pixel_step == 2 * d->column_step;
    if (d->taps_w == 3 && once) {
        run_3_1(d);
    } else if (d->taps_w == 3 && twice) {
        run_3_2(d);
    } else if (d->taps_w == 5 && once) {
        run_5_1(d);
    } else if (d->taps_w == 5 && twice) {
        run_5_2(d);
    } else {
        run_any(d);
    }
}

const struct depthwise_kernels NN_NAME(depthwise) = {.run = depthwise};
