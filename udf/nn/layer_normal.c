/* layer_normal.c: normalisation: BatchNormalization, InstanceNormalization, LayerNormalization,
 * LRN.
 *
 * Batch normalisation with constant parameters becomes part of a convolution where it follows one
 * (pass_fuse.c); what is left is a scale and a shift a channel.
 */
#include "udf/nn/layer_normal.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static bool normal_read(struct layer_read *r, struct err *e) {
    struct normal *p = r->node->params;
    p->epsilon = 1e-5F;
    return layer_read_float(r, "epsilon", &p->epsilon, e);
}

static bool batch_read(struct layer_read *r, struct err *e) {
    struct normal *p = r->node->params;
    int64_t spatial = 1;
    p->momentum = 0.9F;
    if (!normal_read(r, e) || !layer_read_float(r, "momentum", &p->momentum, e) ||
        !layer_read_int(r, "spatial", &spatial, e) ||
        !layer_read_bool(r, "training_mode", &p->training, e)) {
        return false;
    }
    return spatial == 1 || layer_read_error(r, e, "spatial = 0 is not supported");
}

/* Inputs from 1 on are one number a channel. */
static bool per_channel(const struct step *s, uint32_t channel_dim, struct err *e) {
    const struct net_shape *in = &s->in[0].shape;
    if (in->rank <= channel_dim) return step_error(s, e, "its input has no channels");
    for (uint32_t i = 1; i < s->node->ins; i++) {
        if (s->in[i].shape.rank == 1 && s->in[i].shape.dim[0] == in->dim[channel_dim]) continue;
        return step_error(s, e, "input %u is not one number a channel", i);
    }
    return true;
}

static uint32_t channel_dim(const struct step *s) {
    const struct normal *p = s->node->params;
    return p->last ? s->in[0].shape.rank - 1 : 1;
}

static bool batch_plan(struct step *s, struct err *e) {
    const struct normal *p = s->node->params;
    if (!step_expect_alike(s, e) || !per_channel(s, channel_dim(s), e)) return false;
    step_like(s);
    for (uint32_t i = 1; i < s->node->outs; i++) {
        if (!step_gives(s, i)) continue;
        if (!p->training) return step_unsupported(s, e, "more than one output without training");
        s->out[i].type = NET_F32;
        s->out[i].shape = s->in[1].shape;
    }
    s->scratch_bytes = 2 * tensor_bytes(&s->in[1]);
    return true;
}

/* Mean and variance of each channel over all images, and their running averages. */
static void batch_statistics(const struct step *s, float *mean, float *variance) {
    const struct normal *p = s->node->params;
    const struct net_shape *in = &s->in[0].shape;
    size_t channels = (size_t)in->dim[1], pixels = shape_span(in, 2, in->rank);
    size_t n = (size_t)in->dim[0] * pixels;
    const float *x = s->in[0].at;
    for (size_t c = 0; c < channels; c++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < (size_t)in->dim[0]; i++) {
            sum += s->env->loops->sum(pixels, x + (i * channels + c) * pixels);
        }
        mean[c] = (float)(sum / (double)n);
        for (size_t i = 0; i < (size_t)in->dim[0]; i++) {
            squares += s->env->loops->sum_squares(pixels, x + (i * channels + c) * pixels, mean[c]);
        }
        variance[c] = (float)(squares / (double)n);
    }
    const float *statistics[] = {mean, variance};
    for (uint32_t i = 1; i <= 2; i++) {
        const float *old = s->in[i + 2].at;
        float *to = step_gives(s, i) ? s->out[i].at : NULL;
        for (size_t c = 0; c < channels && to; c++) {
            to[c] = old[c] * p->momentum + statistics[i - 1][c] * (1 - p->momentum);
        }
    }
}

static bool batch_run(struct step *s, struct err *e) {
    const struct normal *p = s->node->params;
    const struct net_shape *in = &s->in[0].shape;
    size_t channels = (size_t)in->dim[channel_dim(s)];
    float *scale = s->scratch, *shift = scale + channels;
    const float *x = s->in[0].at, *by = s->in[1].at, *plus = s->in[2].at;
    const float *mean = s->in[3].at, *variance = s->in[4].at;
    float *y = s->out[0].at;
    (void)e;
    if (p->training) {
        batch_statistics(s, shift, scale);
        mean = shift;
        variance = scale;
    }
    for (size_t c = 0; c < channels; c++) {
        float factor = by[c] / sqrtf(variance[c] + p->epsilon);
        shift[c] = plus[c] - mean[c] * factor;
        scale[c] = factor;
    }
    const struct loops *f = s->env->loops;
    size_t pixels = p->last ? 1 : shape_span(in, 2, in->rank);
    size_t lines = shape_elements(in) / (p->last ? channels : pixels);
    for (size_t i = 0; i < lines; i++) {
        if (p->last) {
            f->binary[LOOP_MUL](channels, x + i * channels, 1, scale, 1, y + i * channels);
            f->binary[LOOP_ADD](channels, y + i * channels, 1, shift, 1, y + i * channels);
        } else {
            f->unary[LOOP_SCALE](pixels, x + i * pixels, y + i * pixels, scale[i % channels],
                                 shift[i % channels]);
        }
    }
    return true;
}

static bool batch_turn(struct layer_turn *t, bool *done_out, struct err *e) {
    struct normal *p = t->graph->node[t->node].params;
    (void)e;
    *done_out = p->last = !p->training;
    return true;
}

static bool batch_mixes(const struct step *s) {
    const struct normal *p = s->node->params;
    return p->training;
}

static bool instance_plan(struct step *s, struct err *e) {
    if (!step_expect_alike(s, e) || !per_channel(s, 1, e)) return false;
    step_like(s);
    return true;
}

/* y = x normalised: its mean and variance over n elements. */
static void normalise(const struct step *s, size_t n, const float *x, float *y) {
    const struct normal *p = s->node->params;
    const struct loops *f = s->env->loops;
    float mean = f->sum(n, x) / (float)n;
    float by = 1 / sqrtf(f->sum_squares(n, x, mean) / (float)n + p->epsilon);
    f->unary[LOOP_SCALE](n, x, y, by, -mean * by);
}

static bool instance_run(struct step *s, struct err *e) {
    const struct net_shape *in = &s->in[0].shape;
    size_t channels = (size_t)in->dim[1], n = shape_span(in, 2, in->rank);
    const float *x = s->in[0].at, *by = s->in[1].at, *plus = s->in[2].at;
    float *y = s->out[0].at;
    (void)e;
    for (size_t i = 0; i < shape_span(in, 0, 2); i++) {
        normalise(s, n, x + i * n, y + i * n);
        s->env->loops->unary[LOOP_SCALE](n, y + i * n, y + i * n, by[i % channels],
                                         plus[i % channels]);
    }
    return true;
}

static bool layer_read_attrs(struct layer_read *r, struct err *e) {
    struct normal *p = r->node->params;
    int64_t stash = 1;
    p->axis = -1;
    return normal_read(r, e) && layer_read_int(r, "axis", &p->axis, e) &&
           layer_read_int(r, "stash_type", &stash, e);
}

struct layer_state {
    size_t lines, length;
    size_t scale_step, shift_step; /* 1: one number an element; 0: one for all */
    uint32_t axis;
};

static bool scale_fits(const struct step *s, uint32_t i, const struct net_shape *tail,
                       size_t *step_out, struct err *e) {
    if (!step_has(s, i)) return true;
    size_t n = shape_elements(&s->in[i].shape);
    *step_out = n == 1 ? 0 : 1;
    if (n == 1 || n == shape_elements(tail)) return true;
    return step_error(s, e, "input %u has %zu numbers, not %zu", i, n, shape_elements(tail));
}

static bool layer_plan(struct step *s, struct err *e) {
    const struct normal *p = s->node->params;
    const struct net_shape *in = &s->in[0].shape;
    struct layer_state *t = step_state(s, sizeof *t, e);
    if (!t || !step_expect_alike(s, e)) return false;
    if (!shape_axis(p->axis, in->rank, &t->axis)) {
        return step_error(s, e, "axis %lld is outside rank %u", (long long)p->axis, in->rank);
    }
    struct net_shape tail = shape_of(in->rank - t->axis, in->dim + t->axis), statistics = *in;
    for (uint32_t d = t->axis; d < in->rank; d++) statistics.dim[d] = 1;
    t->lines = shape_span(in, 0, t->axis);
    t->length = shape_elements(&tail);
    step_like(s);
    for (uint32_t i = 1; i < s->node->outs; i++) {
        s->out[i].type = NET_F32;
        s->out[i].shape = statistics;
    }
    return scale_fits(s, 1, &tail, &t->scale_step, e) && scale_fits(s, 2, &tail, &t->shift_step, e);
}

static bool layer_run(struct step *s, struct err *e) {
    const struct normal *p = s->node->params;
    const struct layer_state *t = s->state;
    const struct loops *f = s->env->loops;
    size_t n = t->length;
    (void)e;
    for (size_t i = 0; i < t->lines; i++) {
        const float *x = (const float *)s->in[0].at + i * n;
        float *y = (float *)s->out[0].at + i * n;
        float mean = f->sum(n, x) / (float)n;
        float by = 1 / sqrtf(f->sum_squares(n, x, mean) / (float)n + p->epsilon);
        if (step_gives(s, 1)) ((float *)s->out[1].at)[i] = mean;
        if (step_gives(s, 2)) ((float *)s->out[2].at)[i] = by;
        f->unary[LOOP_SCALE](n, x, y, by, -mean * by);
        f->binary[LOOP_MUL](n, y, 1, s->in[1].at, t->scale_step, y);
        if (step_has(s, 2)) f->binary[LOOP_ADD](n, y, 1, s->in[2].at, t->shift_step, y);
    }
    return true;
}

static bool layer_mixes(const struct step *s) {
    const struct layer_state *t = s->state;
    return t->axis == 0;
}

struct lrn {
    float alpha, beta, bias;
    int64_t size;
};

static bool lrn_read(struct layer_read *r, struct err *e) {
    struct lrn *p = r->node->params;
    *p = (struct lrn){.alpha = 0.0001F, .beta = 0.75F, .bias = 1};
    if (!layer_read_float(r, "alpha", &p->alpha, e) || !layer_read_float(r, "beta", &p->beta, e) ||
        !layer_read_float(r, "bias", &p->bias, e) || !layer_read_int(r, "size", &p->size, e)) {
        return false;
    }
    bool sane = p->size > 0 && p->size <= INT32_MAX;
    return sane || layer_read_error(r, e, "size is %lld", (long long)p->size);
}

static bool lrn_plan(struct step *s, struct err *e) {
    const struct net_shape *in = &s->in[0].shape;
    if (in->rank < 2) return step_error(s, e, "its input has no channels");
    step_like(s);
    s->scratch_bytes = shape_span(in, 2, in->rank) * sizeof(float);
    return true;
}

/* Squares of the channels around c: floor((size - 1) / 2) before it, the rest behind. */
static bool lrn_run(struct step *s, struct err *e) {
    const struct lrn *p = s->node->params;
    const struct net_shape *in = &s->in[0].shape;
    int64_t channels = in->dim[1], before = (p->size - 1) / 2, after = p->size - 1 - before;
    size_t n = shape_span(in, 2, in->rank);
    const float *x = s->in[0].at;
    float *y = s->out[0].at, *squares = s->scratch;
    (void)e;
    for (int64_t plane = 0; plane < in->dim[0] * channels; plane++) {
        int64_t c = plane % channels, first = c > before ? c - before : 0;
        int64_t end = channels - c > after + 1 ? c + after + 1 : channels;
        memset(squares, 0, n * sizeof *squares);
        for (int64_t k = first; k < end; k++) {
            const float *other = x + (size_t)(plane - c + k) * n;
            for (size_t i = 0; i < n; i++) squares[i] += other[i] * other[i];
        }
        const float *from = x + (size_t)plane * n;
        float *to = y + (size_t)plane * n;
        float by = p->alpha / (float)p->size;
        for (size_t i = 0; i < n; i++) to[i] = from[i] / powf(p->bias + by * squares[i], p->beta);
    }
    return true;
}

static const struct layer rows[] = {
    {.name = "BatchNormalization",
     .ins_min = 5,
     .ins_max = 5,
     .outs_max = 5,
     .types = TYPE_F32,
     .flags = LAYER_IN_PLACE,
     .params_bytes = sizeof(struct normal),
     .read = batch_read,
     .plan = batch_plan,
     .run = batch_run,
     .mixes = batch_mixes,
     .turn = batch_turn},
    {.name = "InstanceNormalization",
     .since = 6,
     .ins_min = 3,
     .ins_max = 3,
     .types = TYPE_F32,
     .params_bytes = sizeof(struct normal),
     .read = normal_read,
     .plan = instance_plan,
     .run = instance_run},
    {.name = "LayerNormalization",
     .since = 17,
     .ins_min = 2,
     .ins_max = 3,
     .outs_max = 3,
     .types = TYPE_F32,
     .params_bytes = sizeof(struct normal),
     .read = layer_read_attrs,
     .plan = layer_plan,
     .run = layer_run,
     .mixes = layer_mixes},
    {.name = "LRN",
     .since = 1,
     .ins_min = 1,
     .ins_max = 1,
     .types = TYPE_F32,
     .params_bytes = sizeof(struct lrn),
     .read = lrn_read,
     .plan = lrn_plan,
     .run = lrn_run},
};

const struct layer_family layers_normal = {.layer = rows, .count = COUNT_OF(rows)};
