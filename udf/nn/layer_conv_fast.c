/* layer_conv_fast.c: Conv by the kernels of conv.h: NHWC, weights packed, activation and residual
 * addition as results are stored.
 *
 * Weights are packed at load for the size that the trial found; an image of another size packs its
 * own in the run's plan.
 */
#include <assert.h>
#include <string.h>

#include "udf/nn/layer_conv.h"

struct fast_state {
    const struct conv_plan *plan;
};

/* The input as NHWC, whatever order it has. */
static void input_size(const struct step *s, const struct conv_params *c, int64_t nhwc[4]) {
    static const uint32_t from[2][4] = {{0, 1, 2, 3}, {0, 2, 3, 1}};
    for (uint32_t d = 0; d < 4; d++) nhwc[d] = s->in[0].shape.dim[from[c->order == CONV_NCHW][d]];
}

static bool window_of(const struct step *s, struct window_plan *w, struct err *e) {
    const struct conv_params *c = s->node->params;
    struct window as_ordered = c->window;
    as_ordered.last = c->order == CONV_NHWC;
    const struct net_shape *k = &s->in[CONV_WEIGHTS].shape;
    if (s->in[0].shape.rank != 4 || !window_begin(s, &as_ordered, k->dim + 2, w, e)) return false;
    if (w->c != k->dim[1] * c->group) {
        return step_error(s, e, "%lld channels do not fit the weights", (long long)w->c);
    }
    return window_slide(s, &as_ordered, w, e);
}

static struct conv_shape shape_for(const struct step *s, const struct window_plan *w) {
    const struct conv_params *c = s->node->params;
    return (struct conv_shape){.h = (uint32_t)w->in[1],
                               .w = (uint32_t)w->in[2],
                               .c_in = (uint32_t)w->c,
                               .c_out = (uint32_t)s->in[CONV_WEIGHTS].shape.dim[0],
                               .groups = (uint32_t)c->group,
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
                               .in_order = c->order};
}

static const struct conv_plan *pack(const struct step *s, const struct window_plan *w,
                                    uint32_t images, struct arena *a) {
    const struct conv_params *c = s->node->params;
    const struct conv_shape shape = shape_for(s, w);
    const struct conv_weights weights = {
        .at = s->in[CONV_WEIGHTS].at, .bias = step_has(s, CONV_BIAS) ? s->in[CONV_BIAS].at : NULL};
    return conv_create(a, &shape, &weights, &c->post, &(struct conv_options){.images = images});
}

bool conv_fast_pack(const struct step *s, struct conv_params *c, struct arena *a, bool many,
                    struct err *e) {
    struct window_plan w;
    if (!window_of(s, &w, e)) return false;
    if (w.out[1] == 0 || w.out[2] == 0) return true;
    c->h = (uint32_t)w.in[1];
    c->w = (uint32_t)w.in[2];
    c->one = c->many = pack(s, &w, 1, a);
    if (!c->one) return err_memory(e);
    if (!many) return true;
    struct arena_mark before = arena_mark(a);
    const struct conv_plan *plan = pack(s, &w, CONV_MANY_IMAGES, a);
    if (!plan) return err_memory(e);
    if (strcmp(conv_algorithm(plan), conv_algorithm(c->one)) == 0) {
        arena_rewind(a, before);
    } else {
        c->many = plan;
    }
    return true;
}

static bool fast_plan(struct step *s, struct err *e) {
    const struct conv_params *c = s->node->params;
    const struct net_shape *k = &s->in[CONV_WEIGHTS].shape;
    struct fast_state *t = step_state(s, sizeof *t, e);
    struct window_plan w;
    if (!t || !window_of(s, &w, e)) return false;
    s->out[0].type = NET_F32;
    s->out[0].shape = (struct net_shape){.rank = 4, .dim = {w.n, w.out[1], w.out[2], k->dim[0]}};
    if (!shape_fits(&s->out[0].shape) || shape_elements(&s->out[0].shape) == 0) return true;
    if (step_has(s, CONV_RESIDUAL) && !shape_equal(&s->in[CONV_RESIDUAL].shape, &s->out[0].shape)) {
        return step_error(s, e, "what is added to it has another shape");
    }
    bool packed = c->one && c->h == w.in[1] && c->w == w.in[2];
    t->plan = packed ? (w.n >= CONV_MANY_FROM ? c->many : c->one)
                     : pack(s, &w, w.n >= CONV_MANY_FROM ? CONV_MANY_IMAGES : 1, s->arena);
    if (!t->plan) return err_memory(e);
    s->scratch_bytes = conv_scratch_bytes(t->plan);
    s->flops = 2 * (uint64_t)shape_elements(&s->out[0].shape) * shape_span(k, 1, 4);
    return true;
}

static bool fast_run(struct step *s, struct err *e) {
    const struct conv_params *c = s->node->params;
    const struct fast_state *t = s->state;
    int64_t in[4];
    size_t channels = (size_t)s->out[0].shape.dim[3];
    (void)e;
    input_size(s, c, in);
    const struct conv_io io = {.n = (uint32_t)in[0],
                               .in = s->in[CONV_X].at,
                               .in_stride = (size_t)in[3],
                               .residual =
                                   step_has(s, CONV_RESIDUAL) ? s->in[CONV_RESIDUAL].at : NULL,
                               .residual_stride = channels,
                               .out = s->out[0].at,
                               .out_stride = channels,
                               .scratch = s->scratch};
    conv_run(t->plan, &io);
    return true;
}

static bool fast_link(const struct step *s, struct chain_link *out) {
    const struct fast_state *t = s->state;
    *out = (struct chain_link){.conv = t->plan};
    return t->plan != NULL;
}

const struct layer layer_conv_fast = {.name = "Conv",
                                      .ins_min = 2,
                                      .ins_max = CONV_INPUTS,
                                      .types = TYPE_F32,
                                      .flags = LAYER_HEAVY | LAYER_IN_PLACE_3,
                                      .params_bytes = sizeof(struct conv_params),
                                      .plan = fast_plan,
                                      .run = fast_run,
                                      .link = fast_link};
