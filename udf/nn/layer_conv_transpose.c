/* layer_conv_transpose.c: ConvTranspose: each input pixel adds its kernel to the output.
 *
 * Sizes (ONNX): out = (in - 1) * stride + output_padding + reach - pads, with
 * reach = (kernel - 1) * dilation + 1. Where output_shape is given, pads follow from it, where
 * auto_pad is SAME from out = in * stride; the odd one is in front, but behind for SAME_UPPER.
 *
 * For each group: columns[c_out * taps][pixels] = weights^T * x, a product; then columns are added
 * to where they fall.
 */
#include <assert.h>
#include <string.h>

#include "udf/nn/window.h"

struct transposed {
    struct window window;
    int64_t group;
    uint32_t more_dims, shape_dims;
    int64_t more[2 * NET_RANK_MAX];  /* output_padding */
    int64_t shape[2 * NET_RANK_MAX]; /* output_shape, spatial */
};

struct transposed_state {
    struct window_plan w;
    size_t group_in, group_out, taps;
};

static bool transposed_read(struct layer_read *r, struct err *e) {
    struct transposed *c = r->node->params;
    c->group = 1;
    return window_read(r, &c->window, e) && layer_read_int(r, "group", &c->group, e) &&
           layer_read_ints(r, "output_padding", c->more, &c->more_dims, e) &&
           layer_read_ints(r, "output_shape", c->shape, &c->shape_dims, e);
}

/* Output size and padding along dimension k, d of the attributes. */
static bool size_of(const struct step *s, struct window_plan *p, uint32_t k, uint32_t d,
                    struct err *e) {
    const struct transposed *c = s->node->params;
    bool same = c->window.auto_pad == PADS_SAME_UPPER || c->window.auto_pad == PADS_SAME_LOWER;
    int64_t more = c->more_dims > 0 ? c->more[d] : 0;
    int64_t reach = (p->kernel[k] - 1) * p->dilation[k] + 1;
    if (more < 0 || more > INT32_MAX) return step_error(s, e, "output_padding is out of range");
    int64_t whole = (p->in[k] - 1) * p->stride[k] + more + reach;
    if (c->shape_dims > 0 || same) {
        int64_t wanted = c->shape_dims > 0 ? c->shape[d] : p->in[k] * p->stride[k];
        int64_t pads = whole > wanted ? whole - wanted : 0;
        bool upper = c->window.auto_pad == PADS_SAME_UPPER;
        p->before[k] = upper ? pads / 2 : pads - pads / 2;
        p->after[k] = pads - p->before[k];
        p->out[k] = wanted;
    } else {
        if (c->window.auto_pad == PADS_VALID) p->before[k] = p->after[k] = 0;
        p->out[k] = whole - p->before[k] - p->after[k];
    }
    if (c->shape_dims > 0 && c->shape[d] < 1) {
        return step_error(s, e, "an output_shape of %lld", (long long)c->shape[d]);
    }
    return p->out[k] >= 0 || step_error(s, e, "its padding takes more than there is");
}

static bool sizes(const struct step *s, struct window_plan *p, struct err *e) {
    const struct transposed *c = s->node->params;
    uint32_t dims = s->in[0].shape.rank - 2, lead = WINDOW_DIMS - dims;
    if (c->more_dims > 0 && c->more_dims != dims) {
        return step_error(s, e, "output_padding is not for %u spatial dimensions", dims);
    }
    if (c->shape_dims > 0 && c->shape_dims != dims) {
        return step_error(s, e, "output_shape is not for %u spatial dimensions", dims);
    }
    for (uint32_t d = 0; d < dims; d++) {
        if (!size_of(s, p, lead + d, d, e)) return false;
    }
    return true;
}

static bool transposed_plan(struct step *s, struct err *e) {
    const struct transposed *c = s->node->params;
    const struct net_shape *w = &s->in[1].shape;
    struct transposed_state *t = step_state(s, sizeof *t, e);
    if (!t || !step_expect_alike(s, e)) return false;
    if (w->rank != s->in[0].shape.rank || w->rank < 3) {
        return step_error(s, e, "weights and input differ in rank");
    }
    if (!window_begin(s, &c->window, w->dim + 2, &t->w, e) || !sizes(s, &t->w, e)) return false;
    if (c->group < 1 || w->dim[0] != t->w.c || t->w.c % c->group != 0 ||
        w->dim[1] > INT32_MAX / c->group) {
        return step_error(s, e, "%lld channels do not fit weights of %lld in %lld groups",
                          (long long)t->w.c, (long long)w->dim[0], (long long)c->group);
    }
    int64_t channels = w->dim[1] * c->group;
    if (step_has(s, 2) && (s->in[2].shape.rank != 1 || s->in[2].shape.dim[0] != channels)) {
        return step_error(s, e, "the bias is not one number a channel");
    }
    s->out[0].type = NET_F32;
    s->out[0].shape = window_shape(s, &c->window, &t->w, channels);
    if (!shape_fits(&s->out[0].shape)) return true;
    t->group_in = (size_t)(t->w.c / c->group);
    t->group_out = (size_t)w->dim[1];
    t->taps = window_pixels(t->w.kernel);
    size_t pixels = window_pixels(t->w.in);
    if (__builtin_mul_overflow(t->group_out * t->taps * sizeof(float), pixels, &s->scratch_bytes)) {
        return step_error(s, e, "its kernel is too large");
    }
    s->flops = 2 * (uint64_t)t->w.n * (uint64_t)t->w.c * t->group_out * t->taps * pixels;
    return true;
}

/* Where tap `tap` of input pixel `from` falls in the output's plane, or -1. */
static int64_t target(const struct window_plan *w, const int64_t *from, const int64_t *tap) {
    int64_t index = 0;
    for (uint32_t k = 0; k < WINDOW_DIMS; k++) {
        int64_t at = from[k] * w->stride[k] - w->before[k] + tap[k] * w->dilation[k];
        if (at < 0 || at >= w->out[k]) return -1;
        index = index * w->out[k] + at;
    }
    return index;
}

static void split(size_t index, const int64_t *size, int64_t *at) {
    for (uint32_t k = WINDOW_DIMS; k-- > 0;) {
        at[k] = (int64_t)(index % (size_t)size[k]);
        index /= (size_t)size[k];
    }
}

static void add_columns(const struct transposed_state *t, const float *columns, float *y) {
    size_t pixels = window_pixels(t->w.in), plane = window_pixels(t->w.out);
    for (size_t row = 0; row < t->group_out * t->taps; row++) {
        int64_t tap[WINDOW_DIMS], from[WINDOW_DIMS];
        float *to = y + row / t->taps * plane;
        split(row % t->taps, t->w.kernel, tap);
        for (size_t i = 0; i < pixels; i++) {
            split(i, t->w.in, from);
            int64_t at = target(&t->w, from, tap);
            if (at >= 0) to[at] += columns[row * pixels + i];
        }
    }
}

static bool transposed_run(struct step *s, struct err *e) {
    const struct transposed *c = s->node->params;
    const struct transposed_state *t = s->state;
    size_t pixels = window_pixels(t->w.in), plane = window_pixels(t->w.out);
    size_t rows = t->group_out * t->taps, groups = (size_t)c->group;
    const float *bias = step_has(s, 2) ? s->in[2].at : NULL;
    (void)e;
    for (size_t i = 0; i < (size_t)t->w.n * groups; i++) {
        size_t group = i % groups;
        float *y = (float *)s->out[0].at + i * t->group_out * plane;
        for (size_t k = 0; k < t->group_out * plane; k++) {
            y[k] = bias ? bias[group * t->group_out + k / plane] : 0;
        }
        const struct blas_product product = {
            .a_transposed = true,
            .m = (uint32_t)rows,
            .n = (uint32_t)pixels,
            .k = (uint32_t)t->group_in,
            .alpha = 1,
            .a = (const float *)s->in[1].at + group * t->group_in * rows,
            .a_stride = (uint32_t)rows,
            .b = (const float *)s->in[0].at + i * t->group_in * pixels,
            .b_stride = (uint32_t)pixels,
            .c = s->scratch,
            .c_stride = (uint32_t)pixels};
        if (rows * pixels * t->group_in == 0) continue;
        blas_multiply(&s->env->blas, &product);
        add_columns(t, s->scratch, y);
    }
    return true;
}

static const struct layer rows[] = {
    {.name = "ConvTranspose",
     .since = 1,
     .ins_min = 2,
     .ins_max = 3,
     .types = TYPE_F32,
     .flags = LAYER_HEAVY,
     .params_bytes = sizeof(struct transposed),
     .read = transposed_read,
     .plan = transposed_plan,
     .run = transposed_run},
};

const struct layer_family layers_conv_transpose = {.layer = rows, .count = COUNT_OF(rows)};
