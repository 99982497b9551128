/* pool.c: cuts each output row in runs of pixels whose windows have the same taps inside of the
 * image: those in the middle, and one by one the ones at both ends.
 */
#include "udf/nn/pool.h"

#include <assert.h>

#include "udf/nn/kernels.h"

/* An output row. */
struct row_job {
    const struct pool_shape *shape;
    const struct pool_io *io;
    void (*run)(const struct pool_run *r);
    const float *image;
    int64_t y; /* of the first tap */
    struct patch_part rows;
    float *out;
};

/* How many taps from `start` on are neither before nor behind image and padding. */
static uint32_t counted(int64_t start, const uint32_t size_pads[3], uint32_t kernel,
                        uint32_t dilation) {
    uint32_t size = size_pads[0] + size_pads[1] + size_pads[2];
    return patch_inside(start + size_pads[1], size, kernel, dilation).count;
}

static float scale_of(const struct row_job *j, int64_t x, uint32_t columns) {
    const struct pool_shape *s = j->shape;
    const struct patch *p = &s->patch;
    uint32_t taps = j->rows.count * columns;
    if (s->count_pads) {
        uint32_t h[3] = {s->h, p->pad_top, p->pad_bottom}, w[3] = {s->w, p->pad_left, p->pad_right};
        taps = counted(j->y, h, p->kernel_h, p->dilation_h) *
               counted(x, w, p->kernel_w, p->dilation_w);
    }
    return taps ? 1 / (float)taps : 0;
}

/* `count` pixels from x on, whose windows have the taps of the first one. */
static void run_pixels(const struct row_job *j, uint32_t x, uint32_t count) {
    const struct pool_shape *s = j->shape;
    const struct patch *p = &s->patch;
    size_t stride = j->io->in_stride;
    int64_t start = (int64_t)x * p->stride_w - p->pad_left;
    struct patch_part columns = patch_inside(start, s->w, p->kernel_w, p->dilation_w);
    struct pool_run r = {
        .in = j->image,
        .row_step = (size_t)p->dilation_h * s->w * stride,
        .column_step = p->dilation_w * stride,
        .pixel_step = p->stride_w * stride,
        .taps_h = columns.count > 0 ? j->rows.count : 0,
        .taps_w = columns.count,
        .pixels = count,
        .channels = s->c,
        .scale = scale_of(j, start, columns.count),
        .out = j->out + x * j->io->out_stride,
        .out_stride = j->io->out_stride,
    };
    if (r.taps_h > 0) {
        int64_t iy = j->y + (int64_t)j->rows.first * p->dilation_h;
        int64_t ix = start + (int64_t)columns.first * p->dilation_w;
        r.in += (size_t)(iy * s->w + ix) * stride;
    }
    j->run(&r);
}

static void run_row(const struct row_job *j) {
    uint32_t out_w = j->shape->out_w;
    struct patch_part middle = patch_middle(&j->shape->patch, j->shape->w, out_w);
    for (uint32_t x = 0; x < middle.first; x++) run_pixels(j, x, 1);
    if (middle.count > 0) run_pixels(j, middle.first, middle.count);
    for (uint32_t x = middle.first + middle.count; x < out_w; x++) run_pixels(j, x, 1);
}

void pool_run(const struct pool_shape *s, const struct nn_kernels *kernels,
              const struct pool_io *io) {
    assert(io->in_stride >= s->c && io->out_stride >= s->c);
    const struct patch *p = &s->patch;
    if (!kernels) kernels = nn_kernels_best();
    struct row_job j = {.shape = s, .io = io, .out = io->out};
    j.run = s->kind == POOL_MAX ? kernels->pool->max : kernels->pool->sum;
    for (size_t row = 0; row < (size_t)io->n * s->out_h; row++) {
        j.image = io->in + row / s->out_h * s->h * s->w * io->in_stride;
        j.y = (int64_t)(row % s->out_h) * p->stride_h - p->pad_top;
        j.rows = patch_inside(j.y, s->h, p->kernel_h, p->dilation_h);
        run_row(&j);
        j.out += s->out_w * io->out_stride;
    }
}

void pool_global(const struct pool_shape *s, const struct nn_kernels *kernels,
                 const struct pool_io *io) {
    struct pool_shape all = *s;
    all.out_h = all.out_w = 1;
    all.patch = (struct patch){s->h, s->w, 1, 1, 1, 1, 0, 0, 0, 0};
    pool_run(&all, kernels, io);
}
