/* layer_conv.c: Conv.
 *
 * Any number of spatial dimensions up to three, weights that may be computed, channels first: the
 * patches of a run of output pixels are laid out as columns ("im2col", Chellapilla, Puri, Simard
 * 2006) and multiplied with the weights of their group.
 */
#include "udf/nn/layer_conv.h"

#include <assert.h>
#include <string.h>

enum { COLUMNS_BYTES = 1 << 19 }; /* of the patches laid out at a time: half an L2 */

static bool conv_read(struct layer_read *r, struct err *e) {
    struct conv_params *c = r->node->params;
    c->group = 1;
    return window_read(r, &c->window, e) && layer_read_int(r, "group", &c->group, e);
}

struct conv_state {
    struct window_plan w;
    size_t group_in, group_out; /* channels */
    size_t taps;                /* of a kernel */
    size_t columns;             /* output pixels laid out at a time */
};

static bool channels_fit(const struct step *s, const struct conv_params *c,
                         const struct window_plan *p, struct err *e) {
    const struct net_shape *w = &s->in[1].shape;
    if (c->group < 1 || w->dim[0] % c->group != 0 || p->c != w->dim[1] * c->group) {
        return step_error(s, e, "%lld channels do not fit weights of %lld in %lld groups",
                          (long long)p->c, (long long)w->dim[1], (long long)c->group);
    }
    if (step_has(s, 2) && (s->in[2].shape.rank != 1 || s->in[2].shape.dim[0] != w->dim[0])) {
        return step_error(s, e, "the bias is not one number a channel");
    }
    return true;
}

static bool columns_plan(struct step *s, struct err *e) {
    const struct conv_params *c = s->node->params;
    const struct net_shape *w = &s->in[1].shape;
    struct conv_state *t = step_state(s, sizeof *t, e);
    if (!t || !step_expect_alike(s, e)) return false;
    if (w->rank != s->in[0].shape.rank || w->rank < 3) {
        return step_error(s, e, "weights and input differ in rank");
    }
    if (!window_begin(s, &c->window, w->dim + 2, &t->w, e)) return false;
    for (uint32_t i = 0; i < c->window.kernel_dims; i++) {
        if (c->window.kernel[i] == w->dim[2 + i]) continue;
        return step_error(s, e, "kernel_shape is not that of the weights");
    }
    if (!channels_fit(s, c, &t->w, e) || !window_slide(s, &c->window, &t->w, e)) return false;
    s->out[0].type = NET_F32;
    s->out[0].shape = window_shape(s, &c->window, &t->w, w->dim[0]);
    if (!shape_fits(&s->out[0].shape)) return true;

    t->group_in = (size_t)w->dim[1];
    t->group_out = (size_t)(w->dim[0] / c->group);
    t->taps = window_pixels(t->w.kernel);
    size_t column = t->group_in * t->taps * sizeof(float), pixels = window_pixels(t->w.out);
    t->columns = column > 0 ? COLUMNS_BYTES / column : 1;
    if (t->columns < 8) t->columns = 8;
    if (t->columns > pixels) t->columns = pixels;
    s->scratch_bytes = t->columns * column;
    s->flops = 2 * (uint64_t)shape_elements(&s->out[0].shape) * t->group_in * t->taps;
    return s->scratch_bytes <= SIZE_MAX / 4 || step_error(s, e, "its kernel is too large");
}

/* A pixel of the output, counted through. */
struct pixel {
    int64_t at[WINDOW_DIMS];
};

static struct pixel pixel_of(const struct window_plan *w, size_t index) {
    struct pixel p;
    for (uint32_t k = WINDOW_DIMS; k-- > 0;) {
        p.at[k] = (int64_t)(index % (size_t)w->out[k]);
        index /= (size_t)w->out[k];
    }
    return p;
}

static void pixel_next(const struct window_plan *w, struct pixel *p) {
    for (uint32_t k = WINDOW_DIMS; k-- > 0;) {
        if (++p->at[k] < w->out[k]) return;
        p->at[k] = 0;
    }
}

/* The input's element under a tap, or 0 in the padding. */
static float tap_value(const struct window_plan *w, const float *plane, const struct pixel *p,
                       const int64_t tap[WINDOW_DIMS]) {
    int64_t index = 0;
    for (uint32_t k = 0; k < WINDOW_DIMS; k++) {
        int64_t at = p->at[k] * w->stride[k] - w->before[k] + tap[k] * w->dilation[k];
        if (at < 0 || at >= w->in[k]) return 0;
        index = index * w->in[k] + at;
    }
    return plane[index];
}

/* columns[group_in * taps][count]: the patches of output pixels [from, from + count). */
static void lay_out(const struct conv_state *t, const float *x, size_t from, size_t count,
                    float *columns) {
    const struct window_plan *w = &t->w;
    size_t plane = window_pixels(w->in);
    struct pixel first = pixel_of(w, from);
    for (size_t row = 0; row < t->group_in * t->taps; row++) {
        size_t tap = row % t->taps;
        int64_t at[WINDOW_DIMS];
        for (uint32_t k = WINDOW_DIMS; k-- > 0;) {
            at[k] = (int64_t)(tap % (size_t)w->kernel[k]);
            tap /= (size_t)w->kernel[k];
        }
        struct pixel p = first;
        for (size_t i = 0; i < count; i++, pixel_next(w, &p)) {
            columns[row * count + i] = tap_value(w, x + row / t->taps * plane, &p, at);
        }
    }
}

/* One group of one image. */
struct columns_job {
    const float *x, *weights, *bias;
    float *y;
};

static void piece_run(const struct step *s, const struct columns_job *c) {
    const struct conv_state *t = s->state;
    size_t pixels = window_pixels(t->w.out), depth = t->group_in * t->taps;
    for (size_t from = 0; from < pixels; from += t->columns) {
        size_t count = pixels - from < t->columns ? pixels - from : t->columns;
        lay_out(t, c->x, from, count, s->scratch);
        for (size_t m = 0; m < t->group_out; m++) {
            float bias = c->bias ? c->bias[m] : 0;
            for (size_t i = 0; i < count; i++) c->y[m * pixels + from + i] = bias;
        }
        const struct blas_product product = {.m = (uint32_t)t->group_out,
                                             .n = (uint32_t)count,
                                             .k = (uint32_t)depth,
                                             .alpha = 1,
                                             .beta = 1,
                                             .a = c->weights,
                                             .a_stride = (uint32_t)depth,
                                             .b = s->scratch,
                                             .b_stride = (uint32_t)count,
                                             .c = c->y + from,
                                             .c_stride = (uint32_t)pixels};
        if (depth > 0) blas_multiply(&s->env->blas, &product);
    }
}

static bool columns_run(struct step *s, struct err *e) {
    const struct conv_params *c = s->node->params;
    const struct conv_state *t = s->state;
    size_t in = t->group_in * window_pixels(t->w.in), out = t->group_out * window_pixels(t->w.out);
    size_t weights = t->group_out * t->group_in * t->taps, groups = (size_t)c->group;
    (void)e;
    assert(!c->window.last);
    for (size_t i = 0; i < (size_t)t->w.n * groups; i++) {
        size_t group = i % groups;
        const struct columns_job piece = {
            .x = (const float *)s->in[0].at + i * in,
            .weights = (const float *)s->in[1].at + group * weights,
            .bias = step_has(s, 2) ? (const float *)s->in[2].at + group * t->group_out : NULL,
            .y = (float *)s->out[0].at + i * out};
        piece_run(s, &piece);
    }
    return true;
}

static const struct layer rows[] = {
    {.name = "Conv",
     .since = 1,
     .ins_min = 2,
     .ins_max = 3,
     .types = TYPE_F32,
     .flags = LAYER_HEAVY,
     .params_bytes = sizeof(struct conv_params),
     .read = conv_read,
     .plan = columns_plan,
     .run = columns_run},
};

const struct layer_family layers_conv = {.layer = rows, .count = COUNT_OF(rows)};
