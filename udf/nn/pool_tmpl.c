/* pool_tmpl.c: maxima and sums of patches, registers of channels; a few results at a time, so that
 * one need not wait for the other: of neighbouring pixels, or of neighbouring channels where there
 * is one pixel.
 */
#include <math.h>

#include "udf/nn/kernels.h"
#include "udf/nn/vec.h"

enum { GROUP = 4 };

NN_INLINE vec fold(const bool max, vec all, vec x) {
    return max ? vec_max(all, x) : vec_add(all, x);
}

/* `count` results of n channels, `in_step` apart in the input and `out_step` in the output. */
NN_INLINE void group(const struct pool_run *r, const bool max, const uint32_t count,
                     const size_t offset[4], size_t n) {
    const float *in = r->in + offset[0];
    float *out = r->out + offset[1];
    vec all[GROUP];
#pragma GCC unroll 4
    for (uint32_t i = 0; i < count; i++) all[i] = max ? vec_of(-INFINITY) : vec_zero();
    for (uint32_t ky = 0; ky < r->taps_h; ky++, in += r->row_step) {
        const float *at = in;
        for (uint32_t kx = 0; kx < r->taps_w; kx++, at += r->column_step) {
#pragma GCC unroll 4
            for (uint32_t i = 0; i < count; i++) {
                all[i] = fold(max, all[i], vec_load_some(at + i * offset[2], n));
            }
        }
    }
#pragma GCC unroll 4
    for (uint32_t i = 0; i < count; i++) {
        vec x = max ? all[i] : vec_mul(all[i], vec_of(r->scale));
        vec_store_some(out + i * offset[3], x, n);
    }
}

/* Channels from c on of one pixel. */
NN_INLINE void pixel_one(const struct pool_run *r, const bool max, size_t pixel) {
    size_t in = pixel * r->pixel_step, out = pixel * r->out_stride, c = 0;
    for (; c + GROUP * VEC_LANES <= r->channels; c += GROUP * VEC_LANES) {
        group(r, max, GROUP, (size_t[]){in + c, out + c, VEC_LANES, VEC_LANES}, VEC_LANES);
    }
    for (; c + VEC_LANES <= r->channels; c += VEC_LANES) {
        group(r, max, 1, (size_t[]){in + c, out + c, 0, 0}, VEC_LANES);
    }
    if (c < r->channels) group(r, max, 1, (size_t[]){in + c, out + c, 0, 0}, r->channels - c);
}

NN_INLINE void pixel_four(const struct pool_run *r, const bool max, size_t pixel) {
    size_t in = pixel * r->pixel_step, out = pixel * r->out_stride, c = 0;
    size_t in_step = r->pixel_step, out_step = r->out_stride;
    for (; c + VEC_LANES <= r->channels; c += VEC_LANES) {
        group(r, max, GROUP, (size_t[]){in + c, out + c, in_step, out_step}, VEC_LANES);
    }
    if (c == r->channels) return;
    group(r, max, GROUP, (size_t[]){in + c, out + c, in_step, out_step}, r->channels - c);
}

NN_INLINE void run(const struct pool_run *r, const bool max) {
    size_t pixel = 0;
    for (; pixel + GROUP <= r->pixels; pixel += GROUP) pixel_four(r, max, pixel);
    for (; pixel < r->pixels; pixel++) pixel_one(r, max, pixel);
}

static void run_max(const struct pool_run *r) {
    run(r, true);
}

static void run_sum(const struct pool_run *r) {
    run(r, false);
}

const struct pool_kernels NN_NAME(pool) = {.max = run_max, .sum = run_sum};
