/* conv.c: the sum as defined. */
#include "udf/nn/conv.h"

#include <assert.h>
#include <string.h>

struct conv_plan {
    struct conv_shape shape;
    uint32_t out_h, out_w;
    const float *weights, *bias;
    struct conv_post post;
    const struct nn_kernels *kernels;
};

static bool act_keep(struct arena *a, struct act *act, uint32_t channels) {
    if (act->kind != ACT_PRELU) return true;
    act->slope = (const float *)arena_copy(a, act->slope, channels * sizeof(float));
    return act->slope != NULL;
}

struct conv_plan *conv_create(struct arena *a, const struct conv_shape *shape,
                              const struct conv_weights *weights, const struct conv_post *post,
                              const struct conv_options *options) {
    (void)options;
    struct conv_plan *p = ARENA_NEW(a, p);
    if (!p) return NULL;
    p->shape = *shape;
    p->post = *post;
    p->out_h = patch_out_h(&shape->patch, shape->h);
    p->out_w = patch_out_w(&shape->patch, shape->w);
    assert(p->out_h > 0 && p->out_w > 0);
    size_t taps = (size_t)shape->patch.kernel_h * shape->patch.kernel_w;
    size_t count = shape->c_out * (shape->c_in / shape->groups) * taps;
    p->kernels = nn_kernels_best();
    p->weights = (const float *)arena_copy(a, weights->at, count * sizeof(float));
    float *kept = ARENA_ARRAY(a, kept, shape->c_out);
    if (!p->weights || !kept) return NULL;
    if (weights->bias) memcpy(kept, weights->bias, shape->c_out * sizeof(float));
    p->bias = kept;
    if (!act_keep(a, &p->post.before, shape->c_out)) return NULL;
    return act_keep(a, &p->post.after, shape->c_out) ? p : NULL;
}

uint32_t conv_out_h(const struct conv_plan *p) {
    return p->out_h;
}

uint32_t conv_out_w(const struct conv_plan *p) {
    return p->out_w;
}

size_t conv_scratch_bytes(const struct conv_plan *p) {
    (void)p;
    return 0;
}

const char *conv_algorithm(const struct conv_plan *p) {
    (void)p;
    return "as defined";
}

static float pixel(const struct conv_plan *p, const struct conv_io *io, int64_t y, int64_t x,
                   uint32_t channel) {
    const struct conv_shape *s = &p->shape;
    if (y < 0 || x < 0 || y >= s->h || x >= s->w) return 0;
    size_t at = (size_t)y * s->w + (size_t)x;
    if (s->in_order == CONV_NCHW) return io->in[(size_t)channel * s->h * s->w + at];
    return io->in[at * io->in_stride + channel];
}

static float sum_of(const struct conv_plan *p, const struct conv_io *io, const uint32_t at[3]) {
    const struct conv_shape *s = &p->shape;
    const struct patch *w = &s->patch;
    uint32_t c_in = s->c_in / s->groups, group = at[2] / (s->c_out / s->groups);
    const float *k = p->weights + (size_t)at[2] * c_in * w->kernel_h * w->kernel_w;
    float sum = 0;
    for (uint32_t i = 0; i < c_in * w->kernel_h * w->kernel_w; i++) {
        uint32_t kx = i % w->kernel_w, ky = i / w->kernel_w % w->kernel_h;
        int64_t y = (int64_t)at[0] * w->stride_h + (int64_t)ky * w->dilation_h - w->pad_top;
        int64_t x = (int64_t)at[1] * w->stride_w + (int64_t)kx * w->dilation_w - w->pad_left;
        sum += k[i] * pixel(p, io, y, x, group * c_in + i / (w->kernel_w * w->kernel_h));
    }
    return sum + p->bias[at[2]];
}

static void finish(const struct conv_plan *p, float *out, const float *residual) {
    struct act_rows row = {.rows = 1, .channels = p->shape.c_out, .at = out};
    act_apply(p->kernels, &p->post.before, &row);
    if (p->post.residual) {
        for (uint32_t c = 0; c < p->shape.c_out; c++) out[c] += residual[c];
    }
    act_apply(p->kernels, &p->post.after, &row);
}

void conv_run(const struct conv_plan *p, const struct conv_io *io) {
    size_t pixels = (size_t)p->out_h * p->out_w;
    struct conv_io image = *io;
    for (size_t i = 0; i < io->n * pixels; i++) {
        size_t in_pixels = (size_t)p->shape.h * p->shape.w;
        size_t step = p->shape.in_order == CONV_NCHW ? p->shape.c_in : io->in_stride;
        image.in = io->in + i / pixels * in_pixels * step;
        uint32_t at[3] = {(uint32_t)(i % pixels) / p->out_w, (uint32_t)(i % pixels) % p->out_w, 0};
        float sum[4096];
        assert(p->shape.c_out <= COUNT_OF(sum));
        for (; at[2] < p->shape.c_out; at[2]++) sum[at[2]] = sum_of(p, &image, at);
        finish(p, sum, p->post.residual ? io->residual + i * io->residual_stride : NULL);
        memcpy(io->out + i * io->out_stride, sum, p->shape.c_out * sizeof *sum);
    }
}
