/* pool.c: a window at a time. */
#include "udf/nn/pool.h"

#include <math.h>
#include <stddef.h>

/* Taps of one axis that lie in the image: [*first, *end) of the kernel, and those that count. */
struct span {
    uint32_t first, end, counted;
};

static struct span span_of(int64_t start, uint32_t kernel, uint32_t dilation,
                           const int64_t limit[3]) {
    struct span s = {.first = kernel, .end = 0};
    for (uint32_t k = 0; k < kernel; k++) {
        int64_t at = start + (int64_t)k * dilation;
        if (at >= limit[0] && at < limit[2]) s.counted++;
        if (at < 0 || at >= limit[1]) continue;
        if (s.first == kernel) s.first = k;
        s.end = k + 1;
    }
    return s;
}

static float reduce(const struct pool_shape *s, const struct pool_io *io, const float *at,
                    const struct span span[2]) {
    const struct patch *p = &s->patch;
    float max = -INFINITY, sum = 0;
    uint32_t taps = 0;
    for (uint32_t ky = span[0].first; ky < span[0].end; ky++) {
        for (uint32_t kx = span[1].first; kx < span[1].end; kx++) {
            float x = at[((ptrdiff_t)ky * p->dilation_h * s->w + (ptrdiff_t)kx * p->dilation_w) *
                         (ptrdiff_t)io->in_stride];
            if (!(x <= max) && max == max) max = x;
            sum += x;
            taps++;
        }
    }
    if (s->kind == POOL_MAX) return max;
    uint32_t by = s->count_pads ? span[0].counted * span[1].counted : taps;
    return by ? sum / (float)by : 0;
}

void pool_run(const struct pool_shape *s, const struct nn_kernels *kernels,
              const struct pool_io *io) {
    (void)kernels;
    const struct patch *p = &s->patch;
    int64_t limit_y[3] = {-(int64_t)p->pad_top, s->h, (int64_t)s->h + p->pad_bottom};
    int64_t limit_x[3] = {-(int64_t)p->pad_left, s->w, (int64_t)s->w + p->pad_right};
    size_t pixels = (size_t)s->out_h * s->out_w;
    for (size_t i = 0; i < io->n * pixels; i++) {
        int64_t y = (int64_t)(i % pixels / s->out_w) * p->stride_h - p->pad_top;
        int64_t x = (int64_t)(i % pixels % s->out_w) * p->stride_w - p->pad_left;
        struct span span[2] = {span_of(y, p->kernel_h, p->dilation_h, limit_y),
                               span_of(x, p->kernel_w, p->dilation_w, limit_x)};
        const float *image = io->in + i / pixels * s->h * s->w * io->in_stride;
        const float *at = image + (y * s->w + x) * (ptrdiff_t)io->in_stride;
        for (uint32_t c = 0; c < s->c; c++) {
            io->out[i * io->out_stride + c] = reduce(s, io, at + c, span);
        }
    }
}

void pool_global(const struct pool_shape *s, const struct nn_kernels *kernels,
                 const struct pool_io *io) {
    struct pool_shape all = *s;
    all.out_h = all.out_w = 1;
    all.patch = (struct patch){s->h, s->w, 1, 1, 1, 1, 0, 0, 0, 0};
    pool_run(&all, kernels, io);
}
