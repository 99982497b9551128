/* layer_pool.c: MaxPool, AveragePool and the global pools.
 *
 * Images of float32 whose channels come last go through pool.h. The rest is here, channels first:
 * each output pixel's window is cut to the image once per dimension (span); the mean divides by the
 * pixels inside, or by those inside the padded image with count_include_pad.
 */
#include <assert.h>
#include <math.h>

#include "udf/nn/pool.h"
#include "udf/nn/window.h"

enum kind { KIND_MAX, KIND_MEAN };

struct pool_params {
    struct window window;
    int64_t count_pads, column_major;
};

static bool pool_read(struct layer_read *r, struct err *e) {
    struct pool_params *p = r->node->params;
    return window_read(r, &p->window, e) && layer_read_bool(r, "ceil_mode", &p->window.ceil, e) &&
           layer_read_int(r, "count_include_pad", &p->count_pads, e) &&
           layer_read_int(r, "storage_order", &p->column_major, e);
}

struct pool_state {
    struct window_plan w;
    struct pool_shape last; /* where channels come last */
};

static struct pool_shape shape_of_last(const struct step *s, const struct window_plan *w) {
    const struct pool_params *p = s->node->params;
    return (struct pool_shape){.kind = s->node->layer->variant == KIND_MEAN ? POOL_MEAN : POOL_MAX,
                               .h = (uint32_t)w->in[1],
                               .w = (uint32_t)w->in[2],
                               .c = (uint32_t)w->c,
                               .out_h = (uint32_t)w->out[1],
                               .out_w = (uint32_t)w->out[2],
                               .patch = {.kernel_h = (uint32_t)w->kernel[1],
                                         .kernel_w = (uint32_t)w->kernel[2],
                                         .stride_h = (uint32_t)w->stride[1],
                                         .stride_w = (uint32_t)w->stride[2],
                                         .dilation_h = (uint32_t)w->dilation[1],
                                         .dilation_w = (uint32_t)w->dilation[2],
                                         .pad_top = (uint32_t)w->before[1],
                                         .pad_left = (uint32_t)w->before[2],
                                         .pad_bottom = (uint32_t)w->after[1],
                                         .pad_right = (uint32_t)w->after[2]},
                               .count_pads = p->count_pads != 0};
}

static bool any_plan(struct step *s, struct err *e) {
    const struct pool_params *p = s->node->params;
    struct pool_state *t = step_state(s, sizeof *t, e);
    struct window_plan *w = &t->w;
    if (!t || !window_begin(s, &p->window, NULL, w, e) || !window_slide(s, &p->window, w, e)) {
        return false;
    }
    s->out[0].type = s->in[0].type;
    s->out[0].shape = window_shape(s, &p->window, w, w->c);
    if (step_gives(s, 1)) {
        s->out[1].type = NET_I64;
        s->out[1].shape = s->out[0].shape;
    }
    if (!shape_fits(&s->out[0].shape)) return true;
    s->flops = shape_elements(&s->out[0].shape) * window_pixels(w->kernel);
    if (p->window.last) t->last = shape_of_last(s, w);
    return true;
}

/* Taps of one dimension that lie in the image: [first, end). */
struct span {
    int64_t start; /* of tap 0, in the image; may be negative */
    int64_t first, end;
};

static struct span span_of(const struct window_plan *w, uint32_t k, int64_t out) {
    struct span p = {.start = out * w->stride[k] - w->before[k]};
    int64_t d = w->dilation[k];
    p.first = p.start < 0 ? (-p.start + d - 1) / d : 0;
    int64_t room = w->in[k] - p.start; /* pixels from the start to the image's end */
    int64_t taps = room <= 0 ? 0 : (room + d - 1) / d;
    p.end = taps < w->kernel[k] ? taps : w->kernel[k];
    if (p.first > p.end) p.first = p.end;
    return p;
}

/* Taps of one dimension that lie in the padded image. */
static int64_t taps_padded(const struct window_plan *w, uint32_t k, int64_t out) {
    int64_t d = w->dilation[k], start = out * w->stride[k] - w->before[k];
    int64_t room = w->in[k] + w->after[k] - start;
    int64_t taps = room <= 0 ? 0 : (room + d - 1) / d;
    return taps < w->kernel[k] ? taps : w->kernel[k];
}

struct window_at {
    struct span span[WINDOW_DIMS];
    int64_t padded; /* taps in the padded image */
};

static struct window_at window_at(const struct window_plan *w, size_t index) {
    struct window_at at = {.padded = 1};
    for (uint32_t k = WINDOW_DIMS; k-- > 0;) {
        int64_t out = (int64_t)(index % (size_t)w->out[k]);
        index /= (size_t)w->out[k];
        at.span[k] = span_of(w, k, out);
        at.padded *= taps_padded(w, k, out);
    }
    return at;
}

/* The place of the largest element of a window, -1 for an empty one: DEFINE per type. */
#define DEFINE_LARGEST(sfx, ctype, LARGER)                                                         \
    static int64_t largest_##sfx(const struct window_plan *w, const struct window_at *t,           \
                                 const ctype *x) {                                                 \
        const struct span *p = t->span;                                                            \
        int64_t best = -1;                                                                         \
        for (int64_t d = p[0].first; d < p[0].end; d++) {                                          \
            int64_t plane = (p[0].start + d * w->dilation[0]) * w->in[1];                          \
            for (int64_t h = p[1].first; h < p[1].end; h++) {                                      \
                int64_t line = (plane + p[1].start + h * w->dilation[1]) * w->in[2];               \
                for (int64_t i = p[2].first; i < p[2].end; i++) {                                  \
                    int64_t at = line + p[2].start + i * w->dilation[2];                           \
                    if (best < 0 || (LARGER)) best = at;                                           \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
        return best;                                                                               \
    }
DEFINE_LARGEST(f32, float, x[at] > x[best] || x[at] != x[at])
DEFINE_LARGEST(u8, uint8_t, x[at] > x[best])
DEFINE_LARGEST(i8, int8_t, x[at] > x[best])

/* The index that MaxPool's second output gives: over the whole input, in row- or column-major
 * order of a plane. */
static int64_t index_given(const struct window_plan *w, int64_t at, size_t plane,
                           bool column_major) {
    int64_t base = (int64_t)(plane * window_pixels(w->in));
    if (!column_major) return base + at;
    int64_t index = 0, by = 1;
    for (uint32_t k = 0; k < WINDOW_DIMS; k++) by *= w->in[k];
    for (uint32_t k = WINDOW_DIMS; k-- > 0;) {
        by /= w->in[k];
        index += at % w->in[k] * by;
        at /= w->in[k];
    }
    return base + index;
}

/* A window that lies in the padding only has the least value and index 0. */
static void max_one(struct step *s, size_t plane, size_t pixel, const struct window_at *t) {
    const struct window_plan *w = &((const struct pool_state *)s->state)->w;
    const struct pool_params *p = s->node->params;
    size_t from = plane * window_pixels(w->in), to = plane * window_pixels(w->out) + pixel;
    int64_t best = 0;
    switch (s->in[0].type) {
    case NET_F32: {
        const float *x = (const float *)s->in[0].at + from;
        best = largest_f32(w, t, x);
        ((float *)s->out[0].at)[to] = best < 0 ? -INFINITY : x[best];
        break;
    }
    case NET_U8: {
        const uint8_t *x = (const uint8_t *)s->in[0].at + from;
        best = largest_u8(w, t, x);
        ((uint8_t *)s->out[0].at)[to] = best < 0 ? 0 : x[best];
        break;
    }
    case NET_I8: {
        const int8_t *x = (const int8_t *)s->in[0].at + from;
        best = largest_i8(w, t, x);
        ((int8_t *)s->out[0].at)[to] = best < 0 ? INT8_MIN : x[best];
        break;
    }
    case NET_I64:
    case NET_I32:
    case NET_BOOL:
    case NET_TYPE_COUNT: assert(false);
    }
    if (!step_gives(s, 1)) return;
    int64_t *index = s->out[1].at;
    index[to] = index_given(w, best < 0 ? 0 : best, plane, p->column_major != 0);
}

static void mean_one(struct step *s, size_t plane, size_t pixel, const struct window_at *t) {
    const struct window_plan *w = &((const struct pool_state *)s->state)->w;
    const struct pool_params *pool = s->node->params;
    const struct span *p = t->span;
    const float *x = (const float *)s->in[0].at + plane * window_pixels(w->in);
    float sum = 0;
    int64_t taps = 1;
    for (uint32_t k = 0; k < WINDOW_DIMS; k++) taps *= p[k].end - p[k].first;
    for (int64_t d = p[0].first; d < p[0].end; d++) {
        int64_t part = (p[0].start + d * w->dilation[0]) * w->in[1];
        for (int64_t h = p[1].first; h < p[1].end; h++) {
            int64_t line = (part + p[1].start + h * w->dilation[1]) * w->in[2] + p[2].start;
            for (int64_t i = p[2].first; i < p[2].end; i++) sum += x[line + i * w->dilation[2]];
        }
    }
    if (pool->count_pads) taps = t->padded;
    ((float *)s->out[0].at)[plane * window_pixels(w->out) + pixel] =
        taps > 0 ? sum / (float)taps : 0;
}

/* Channels last: pool.h. */
static void last_run(const struct step *s) {
    const struct pool_state *t = s->state;
    pool_run(&t->last, NULL,
             &(struct pool_io){.n = (uint32_t)t->w.n,
                               .in = s->in[0].at,
                               .in_stride = t->last.c,
                               .out = s->out[0].at,
                               .out_stride = t->last.c});
}

static bool last_link(const struct step *s, struct chain_link *out) {
    const struct pool_params *p = s->node->params;
    const struct pool_state *t = s->state;
    *out = (struct chain_link){.pool = &t->last};
    return p->window.last;
}

static bool any_run(struct step *s, struct err *e) {
    const struct window_plan *w = &((const struct pool_state *)s->state)->w;
    const struct pool_params *p = s->node->params;
    if (p->window.last) {
        last_run(s);
        return true;
    }
    size_t planes = (size_t)w->n * (size_t)w->c, pixels = window_pixels(w->out);
    bool mean = s->node->layer->variant == KIND_MEAN;
    (void)e;
    for (size_t pixel = 0; pixel < pixels; pixel++) {
        struct window_at t = window_at(w, pixel);
        for (size_t plane = 0; plane < planes; plane++) {
            if (mean) {
                mean_one(s, plane, pixel, &t);
            } else {
                max_one(s, plane, pixel, &t);
            }
        }
    }
    return true;
}

/* The places of the largest count the images before them too. */
static bool max_mixes(const struct step *s) {
    return step_gives(s, 1);
}

/* Only the values are wanted, of float32. */
static bool pool_turn(struct layer_turn *t, bool *done_out, struct err *e) {
    struct node *n = &t->graph->node[t->node];
    struct pool_params *p = n->params;
    (void)e;
    *done_out = n->outs == 1 || n->out[1] == GRAPH_NONE;
    p->window.last = *done_out;
    return true;
}

/* The whole image is the window. */
struct global {
    bool last;
};

static bool global_turn(struct layer_turn *t, bool *done_out, struct err *e) {
    struct global *p = t->graph->node[t->node].params;
    (void)e;
    *done_out = p->last = true;
    return true;
}

static bool global_plan(struct step *s, struct err *e) {
    struct net_shape *out = &s->out[0].shape;
    if (s->in[0].shape.rank < 2) return step_error(s, e, "its input has less than 2 dimensions");
    const struct global *p = s->node->params;
    uint32_t first = p->last ? 1 : 2;
    step_like(s);
    for (uint32_t d = first; d + 2 < out->rank + first; d++) out->dim[d] = 1;
    return true;
}

static void global_last_run(const struct step *s) {
    const struct net_shape *in = &s->in[0].shape;
    const struct pool_shape shape = {.kind = s->node->layer->variant == KIND_MEAN ? POOL_MEAN
                                                                                  : POOL_MAX,
                                     .h = (uint32_t)in->dim[1],
                                     .w = (uint32_t)in->dim[2],
                                     .c = (uint32_t)in->dim[3]};
    pool_global(&shape, NULL,
                &(struct pool_io){.n = (uint32_t)in->dim[0],
                                  .in = s->in[0].at,
                                  .in_stride = shape.c,
                                  .out = s->out[0].at,
                                  .out_stride = shape.c});
}

static bool global_run(struct step *s, struct err *e) {
    const struct global *p = s->node->params;
    const struct net_shape *in = &s->in[0].shape;
    size_t planes = shape_span(in, 0, 2), pixels = shape_span(in, 2, in->rank);
    const float *x = s->in[0].at;
    float *y = s->out[0].at;
    bool mean = s->node->layer->variant == KIND_MEAN;
    (void)e;
    if (p->last) {
        global_last_run(s);
        return true;
    }
    for (size_t i = 0; i < planes; i++) {
        const struct loops *f = s->env->loops;
        y[i] =
            mean ? f->sum(pixels, x + i * pixels) / (float)pixels : f->max(pixels, x + i * pixels);
    }
    return true;
}

static const struct layer rows[] = {
    {.name = "MaxPool",
     .since = 1,
     .ins_min = 1,
     .ins_max = 1,
     .outs_max = 2,
     .variant = KIND_MAX,
     .types = TYPE_F32 | TYPE_U8 | TYPE_I8,
     .flags = LAYER_HEAVY,
     .params_bytes = sizeof(struct pool_params),
     .read = pool_read,
     .plan = any_plan,
     .run = any_run,
     .mixes = max_mixes,
     .link = last_link,
     .turn = pool_turn},
    {.name = "AveragePool",
     .since = 1,
     .ins_min = 1,
     .ins_max = 1,
     .variant = KIND_MEAN,
     .types = TYPE_F32,
     .flags = LAYER_HEAVY,
     .params_bytes = sizeof(struct pool_params),
     .read = pool_read,
     .plan = any_plan,
     .run = any_run,
     .link = last_link,
     .turn = pool_turn},
    {.name = "GlobalMaxPool",
     .since = 1,
     .ins_min = 1,
     .ins_max = 1,
     .variant = KIND_MAX,
     .types = TYPE_F32,
     .params_bytes = sizeof(struct global),
     .plan = global_plan,
     .run = global_run,
     .turn = global_turn},
    {.name = "GlobalAveragePool",
     .since = 1,
     .ins_min = 1,
     .ins_max = 1,
     .variant = KIND_MEAN,
     .types = TYPE_F32,
     .params_bytes = sizeof(struct global),
     .plan = global_plan,
     .run = global_run,
     .turn = global_turn},
};

const struct layer_family layers_pool = {.layer = rows, .count = COUNT_OF(rows)};
