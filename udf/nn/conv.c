/* conv.c: makes and runs plans; what the algorithms have in common. */
#include "udf/nn/conv.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "udf/nn/conv_plan.h"

static const struct conv_algorithm *const algorithms[] = {&conv_planes, &conv_depthwise,
                                                          &conv_winograd, &conv_dense};

float *conv_floats(struct arena *a, size_t count) {
    char *at = arena_zalloc(a, count + 16, sizeof(float));
    if (!at) return NULL;
    uintptr_t off = (uintptr_t)at & 63;
    return (float *)(at + (off ? 64 - off : 0));
}

/* min(hi, max(lo, sum + residual)) is all that kernels do by themselves. */
static void find_limits(struct conv_plan *p) {
    const struct conv_post *post = &p->post;
    const struct act *last = &post->after;
    p->plain = true;
    p->lo = -INFINITY;
    p->hi = INFINITY;
    if (post->before.kind != ACT_NONE) {
        if (post->residual || post->after.kind != ACT_NONE) p->plain = false;
        last = &post->before;
    }
    if (last->kind != ACT_CLIP && last->kind != ACT_NONE) p->plain = false;
    if (p->plain && last->kind == ACT_CLIP) {
        p->lo = last->a;
        p->hi = last->b;
    }
}

static bool keep_slope(struct arena *a, struct act *act, uint32_t channels) {
    if (act->kind != ACT_PRELU) return true;
    float *kept = conv_floats(a, channels);
    if (!kept) return false;
    memcpy(kept, act->slope, channels * sizeof *kept);
    act->slope = kept;
    return true;
}

struct conv_plan *conv_create(struct arena *a, const struct conv_shape *shape,
                              const struct conv_weights *weights, const struct conv_post *post,
                              const struct conv_options *options) {
    const struct patch *w = &shape->patch;
    assert(shape->groups > 0 && shape->c_in % shape->groups == 0);
    assert(shape->c_in > 0 && shape->c_out > 0 && shape->c_out % shape->groups == 0);
    assert((uint64_t)shape->h + w->pad_top + w->pad_bottom <= INT32_MAX);
    assert((uint64_t)shape->w + w->pad_left + w->pad_right <= INT32_MAX);

    struct conv_plan *p = ARENA_NEW(a, p);
    if (!p) return NULL;
    p->shape = *shape;
    p->post = *post;
    p->out_h = patch_out_h(w, shape->h);
    p->out_w = patch_out_w(w, shape->w);
    assert(p->out_h > 0 && p->out_w > 0);
    if (options) p->options = *options;
    if (!p->options.images) p->options.images = 1;
    p->kernels = p->options.kernels ? p->options.kernels : nn_kernels_best();
    find_limits(p);
    if (!keep_slope(a, &p->post.before, shape->c_out)) return NULL;
    if (!keep_slope(a, &p->post.after, shape->c_out)) return NULL;

    size_t i = 0;
    while (!algorithms[i]->fits(p)) i++;
    assert(i < COUNT_OF(algorithms));
    p->algorithm = algorithms[i];
    return p->algorithm->pack(p, a, weights) ? p : NULL;
}

uint32_t conv_out_h(const struct conv_plan *p) {
    return p->out_h;
}

uint32_t conv_out_w(const struct conv_plan *p) {
    return p->out_w;
}

size_t conv_scratch_bytes(const struct conv_plan *p) {
    return p->scratch_bytes + 64;
}

const char *conv_algorithm(const struct conv_plan *p) {
    return p->algorithm->name;
}

void conv_aim(const struct conv_plan *p, const struct conv_io *io, struct nn_sink *s, size_t pixel,
              uint32_t channel) {
    s->lo = p->lo;
    s->hi = p->hi;
    s->out = io->out + pixel * io->out_stride + channel;
    s->out_stride = io->out_stride;
    s->residual = p->post.residual ? io->residual + pixel * io->residual_stride + channel : NULL;
    s->residual_stride = io->residual_stride;
}

void conv_finish(const struct conv_plan *p, const struct conv_io *io, const struct conv_piece *x) {
    struct post_job job = {
        .before = &p->post.before,
        .after = &p->post.after,
        .rows = x->rows,
        .channels = x->channels,
        .channel = x->channel,
        .at = x->at,
        .stride = x->stride,
    };
    conv_aim(p, io, &job.sink, x->pixel, x->channel);
    p->kernels->post->run(&job);
}

void conv_run(const struct conv_plan *p, const struct conv_io *io) {
    assert(!p->post.residual || io->residual);
    assert(io->out_stride >= p->shape.c_out);
    if (io->n > 0) p->algorithm->run(p, io);
}
