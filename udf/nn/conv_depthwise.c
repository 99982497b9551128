/* conv_depthwise.c: convolutions with one input channel a group: no product, a loop over channels.
 *
 * Weights are packed [kernel_h][kernel_w][channels rounded up to a register]. Each output row is
 * cut in runs of pixels whose windows have the same taps inside of the image, so that padding costs
 * nothing: one long run in the middle, and the pixels at both ends one by one.
 *
 * With more than one output channel a group, the image is first copied with each channel repeated.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "udf/nn/conv_plan.h"

/* A kernel passes over its run of pixels once for each register of channels. That is best for whole
 * rows, but where the image is not in the second-level cache memory should be passed through once:
 * then runs are short. */
enum { IMAGE_BYTES_BIG = 1024 * 1024, SEGMENT_FLOATS = 512 };

static bool depthwise_fits(const struct conv_plan *p) {
    const struct conv_shape *s = &p->shape;
    if (s->in_order == CONV_NCHW || s->groups != s->c_in) return false;
    return s->c_in > 1 || s->c_out == 1; /* one channel to many is a product */
}

static size_t padded_channels(const struct conv_plan *p) {
    size_t lanes = p->kernels->lanes;
    return (p->shape.c_out + lanes - 1) / lanes * lanes;
}

static bool depthwise_pack(struct conv_plan *p, struct arena *a,
                           const struct conv_weights *weights) {
    const struct conv_shape *s = &p->shape;
    size_t taps = (size_t)s->patch.kernel_h * s->patch.kernel_w, step = padded_channels(p);
    p->weights = conv_floats(a, taps * step);
    p->bias = conv_floats(a, step);
    if (!p->weights || !p->bias) return false;
    for (size_t i = 0; i < s->c_out * taps; i++) {
        p->weights[i % taps * step + i / taps] = weights->at[i];
    }
    if (weights->bias) memcpy(p->bias, weights->bias, s->c_out * sizeof *p->bias);

    p->segment = p->out_w;
    if ((size_t)s->h * s->w * s->c_out * sizeof(float) > IMAGE_BYTES_BIG) {
        p->segment = SEGMENT_FLOATS / s->c_out / 4 * 4;
        if (p->segment < 4) p->segment = 4;
    }
    size_t floats = p->plain ? 0 : (size_t)p->out_w * s->c_out;
    if (s->c_out > s->c_in) floats += (size_t)s->h * s->w * s->c_out;
    p->scratch_bytes = floats * sizeof(float);
    return true;
}

/* An output row: its image, and where its sums go. */
struct row_job {
    const struct conv_plan *plan;
    const float *image; /* NHWC */
    size_t stride;
    int64_t y; /* of the first tap */
    struct patch_part rows;
    struct nn_sink sink; /* of the row's first pixel */
};

/* `count` pixels from x on, whose windows have the taps of the first one. */
static void run_pixels(const struct row_job *r, uint32_t x, uint32_t count) {
    const struct conv_plan *p = r->plan;
    const struct patch *w = &p->shape.patch;
    int64_t start = (int64_t)x * w->stride_w - w->pad_left;
    struct patch_part columns = patch_inside(start, p->shape.w, w->kernel_w, w->dilation_w);
    size_t step = padded_channels(p);
    struct depthwise_run d = {
        .row_step = (size_t)w->dilation_h * p->shape.w * r->stride,
        .column_step = w->dilation_w * r->stride,
        .pixel_step = w->stride_w * r->stride,
        .taps_h = columns.count > 0 ? r->rows.count : 0,
        .taps_w = columns.count,
        .pixels = count,
        .channels = p->shape.c_out,
        .weights = p->weights + ((size_t)r->rows.first * w->kernel_w + columns.first) * step,
        .weight_row = w->kernel_w * step,
        .weight_step = step,
        .bias = p->bias,
        .sink = r->sink,
    };
    d.in = r->image;
    if (d.taps_h > 0) {
        int64_t iy = r->y + (int64_t)r->rows.first * w->dilation_h;
        int64_t ix = start + (int64_t)columns.first * w->dilation_w;
        d.in += (size_t)(iy * p->shape.w + ix) * r->stride;
    }
    d.sink.out += x * d.sink.out_stride;
    if (d.sink.residual) d.sink.residual += x * d.sink.residual_stride;
    p->kernels->depthwise->run(&d);
}

static void run_row(const struct row_job *r) {
    const struct conv_plan *p = r->plan;
    struct patch_part middle = patch_middle(&p->shape.patch, p->shape.w, p->out_w);
    for (uint32_t x = 0; x < middle.first; x++) run_pixels(r, x, 1);
    uint32_t x = middle.first, end = middle.first + middle.count;
    for (uint32_t count; x < end; x += count) {
        count = end - x < p->segment ? end - x : p->segment;
        run_pixels(r, x, count);
    }
    for (; x < p->out_w; x++) run_pixels(r, x, 1);
}

/* Channel c of the image c_out / c_in times, for all c. */
static void repeat(const struct conv_plan *p, const float *in, size_t in_stride, float *to) {
    size_t c_out = p->shape.c_out, times = c_out / p->shape.c_in;
    for (size_t i = 0; i < (size_t)p->shape.h * p->shape.w; i++, in += in_stride, to += c_out) {
        for (size_t c = 0; c < c_out; c++) to[c] = in[c / times];
    }
}

static void run_image(const struct conv_plan *p, const struct conv_io *io, uint32_t image,
                      struct row_job *r) {
    const struct patch *w = &p->shape.patch;
    float *line = conv_scratch(io);
    for (uint32_t y = 0; y < p->out_h; y++) {
        size_t pixel = ((size_t)image * p->out_h + y) * p->out_w;
        r->y = (int64_t)y * w->stride_h - w->pad_top;
        r->rows = patch_inside(r->y, p->shape.h, w->kernel_h, w->dilation_h);
        if (p->plain) {
            conv_aim(p, io, &r->sink, pixel, 0);
            run_row(r);
            continue;
        }
        r->sink = (struct nn_sink){.lo = p->lo, .hi = p->hi, .out = line};
        r->sink.out_stride = p->shape.c_out;
        run_row(r);
        struct conv_piece piece = {pixel, p->out_w, 0, p->shape.c_out, line, p->shape.c_out};
        conv_finish(p, io, &piece);
    }
}

static void depthwise_run(const struct conv_plan *p, const struct conv_io *io) {
    const struct conv_shape *s = &p->shape;
    size_t pixels = (size_t)s->h * s->w;
    float *repeated = conv_scratch(io) + (p->plain ? 0 : (size_t)p->out_w * s->c_out);
    for (uint32_t image = 0; image < io->n; image++) {
        const float *in = io->in + image * pixels * io->in_stride;
        struct row_job r = {.plan = p, .image = in, .stride = io->in_stride};
        if (s->c_out > s->c_in) {
            repeat(p, in, io->in_stride, repeated);
            r.image = repeated;
            r.stride = s->c_out;
        }
        run_image(p, io, image, &r);
    }
}

const struct conv_algorithm conv_depthwise = {
    .name = "depthwise",
    .fits = depthwise_fits,
    .pack = depthwise_pack,
    .run = depthwise_run,
};
