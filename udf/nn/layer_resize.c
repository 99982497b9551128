/* layer_resize.c: Resize and Upsample.
 *
 * Resizing is separable: one axis after the other, each pixel a weighted sum of pixels of the axis
 * (resample.h), with everything behind the axis as a dense block. Nearest copies blocks.
 */
#include "udf/nn/layer_resize.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* A word of a list as its number; *out stays where it is not given. */
static bool word_read(struct layer_read *r, const char *name, const char *const *words,
                      uint32_t count, uint32_t *out, struct err *e) {
    struct text t = {0};
    if (!layer_read_attr(r, name)) return true;
    if (!layer_read_text(r, name, &t, e)) return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!text_equal(t, text_of(words[i]))) continue;
        *out = i;
        return true;
    }
    return layer_read_error(r, e, "%s \"%.*s\" is unknown", name, TEXT_ARG(t));
}

#define X(ID, name) name,
static const char *const places[] = {RESAMPLE_PLACE_LIST(X)};
static const char *const modes[] = {RESAMPLE_MODE_LIST(X)};
static const char *const rounds[] = {RESAMPLE_ROUND_LIST(X)};
#undef X
static const char *const aspects[] = {"stretch", "not_larger", "not_smaller"};

static bool words_read(struct layer_read *r, struct resize *p, struct err *e) {
    uint32_t place = PLACE_HALF_PIXEL, mode = MODE_NEAREST, round = ROUND_HALF_DOWN, aspect = 0;
    if (r->opset < 11) {
        place = PLACE_ASYMMETRIC;
        round = ROUND_OUTWARD;
    }
    if (!word_read(r, "coordinate_transformation_mode", places, PLACE_COUNT, &place, e) ||
        !word_read(r, "mode", modes, MODE_COUNT, &mode, e) ||
        !word_read(r, "nearest_mode", rounds, ROUND_OUTWARD, &round, e) ||
        !word_read(r, "keep_aspect_ratio_policy", aspects, ASPECT_COUNT, &aspect, e)) {
        return false;
    }
    p->how.place = (enum resample_place)place;
    p->how.mode = (enum resample_mode)mode;
    p->how.round = (enum resample_round)round;
    p->aspect = (enum resize_aspect)aspect;
    return true;
}

static bool resize_read(struct layer_read *r, struct err *e) {
    struct resize *p = r->node->params;
    p->how.cubic_a = -0.75F;
    if (!words_read(r, p, e) || !layer_read_float(r, "cubic_coeff_a", &p->how.cubic_a, e) ||
        !layer_read_bool(r, "exclude_outside", &p->how.exclude_outside, e) ||
        !layer_read_bool(r, "antialias", &p->how.antialias, e) ||
        !layer_read_float(r, "extrapolation_value", &p->outside, e) ||
        !layer_read_ints(r, "axes", p->axis, &p->axes, e)) {
        return false;
    }
    if (p->axes > NET_RANK_MAX) return layer_read_error(r, e, "axes are too many");
    if (r->opset >= 11) return true;
    /* Resize-10 and Upsample-9: (x, scales). */
    struct node *n = r->node;
    if (n->ins > 2) return layer_read_error(r, e, "%u inputs are too many", n->ins);
    n->in[RESIZE_SCALES] = n->ins > 1 ? n->in[1] : GRAPH_NONE;
    n->in[1] = GRAPH_NONE;
    n->ins = 3;
    return true;
}

static bool upsample_read(struct layer_read *r, struct err *e) {
    const struct onnx_attr *a = layer_read_attr(r, "scales");
    if (a && a->kind == ONNX_ATTR_FLOATS) {
        struct tensor t = {.type = NET_F32, .shape = {.rank = 1, .dim = {a->count}}};
        t.at = arena_copy(r->graph->load, a->floats, a->count * sizeof *a->floats);
        if (!t.at) return err_memory(e);
        if (!layer_read_input(r, 1, &t, e)) return false;
    }
    return resize_read(r, e);
}

struct resize_state {
    struct resample_axis axis[NET_RANK_MAX]; /* axis[d].taps 0: dimension d stays */
    size_t buffer_bytes;                     /* of one of two between the axes */
};

/* Which dimension the k-th scale or size is for. */
static bool dimension_of(const struct step *s, uint32_t k, uint32_t *out, struct err *e) {
    const struct resize *p = s->node->params;
    uint32_t rank = s->in[0].shape.rank;
    return shape_axis(p->axes > 0 ? p->axis[k] : (int64_t)k, rank, out) ||
           step_error(s, e, "an axis is outside rank %u", rank);
}

static bool given(const struct step *s, uint32_t i) {
    return step_has(s, i) && shape_elements(&s->in[i].shape) > 0;
}

static bool apply_scales(const struct step *s, struct resize_state *t, uint32_t axes,
                         struct err *e) {
    const float *scale = s->in[RESIZE_SCALES].at;
    if (!step_expect(s, RESIZE_SCALES, NET_F32, e)) return false;
    if (shape_elements(&s->in[RESIZE_SCALES].shape) != axes) {
        return step_error(s, e, "scales are not one for each of %u axes", axes);
    }
    for (uint32_t k = 0; k < axes; k++) {
        uint32_t d;
        if (!dimension_of(s, k, &d, e)) return false;
        float size = scale[k] * (float)t->axis[d].in;
        if (!(scale[k] > 0) || size > (float)shape_elements_max) {
            return step_error(s, e, "a scale of %g", (double)scale[k]);
        }
        t->axis[d].scale = (double)scale[k];
        t->axis[d].wanted = (double)size;
        t->axis[d].out = (size_t)size;
    }
    return true;
}

/* One scale for all axes, such that no size (or each) is reached. */
static double common_scale(const struct step *s, const struct resize_state *t, const int64_t *size,
                           uint32_t axes) {
    const struct resize *p = s->node->params;
    double scale = p->aspect == ASPECT_NOT_LARGER ? INFINITY : 0;
    for (uint32_t k = 0; k < axes; k++) {
        struct err unused = {0};
        uint32_t d = 0;
        if (!dimension_of(s, k, &d, &unused)) continue;
        double one = (double)size[k] / (double)t->axis[d].in;
        scale = p->aspect == ASPECT_NOT_LARGER ? fmin(scale, one) : fmax(scale, one);
    }
    return scale;
}

static bool apply_sizes(const struct step *s, struct resize_state *t, uint32_t axes,
                        struct err *e) {
    const struct resize *p = s->node->params;
    int64_t size[NET_RANK_MAX];
    uint32_t count;
    if (!step_ints(s, RESIZE_SIZES, size, NET_RANK_MAX, &count, e)) return false;
    if (count != axes) return step_error(s, e, "sizes are not one for each of %u axes", axes);
    for (uint32_t k = 0; k < axes; k++) {
        uint32_t d;
        if (!dimension_of(s, k, &d, e)) return false;
        if (size[k] < 0 || size[k] > shape_elements_max) return step_error(s, e, "sizes too large");
        struct resample_axis *x = &t->axis[d];
        x->out = (size_t)size[k];
        x->scale = x->in > 0 ? (double)size[k] / (double)x->in : 1;
        x->wanted = (double)size[k];
    }
    if (p->aspect == ASPECT_STRETCH) return true;
    double scale = common_scale(s, t, size, axes);
    for (uint32_t k = 0; k < axes; k++) {
        uint32_t d;
        if (!dimension_of(s, k, &d, e)) return false;
        t->axis[d].scale = scale;
        t->axis[d].wanted = scale * (double)t->axis[d].in;
        t->axis[d].out = (size_t)floor(t->axis[d].wanted + 0.5);
    }
    return true;
}

/* The crop of TF_CROP: all starts, then all ends. */
static bool apply_roi(const struct step *s, struct resize_state *t, uint32_t axes, struct err *e) {
    const float *roi = s->in[RESIZE_ROI].at;
    if (!given(s, RESIZE_ROI) || s->in[RESIZE_ROI].type != NET_F32 ||
        shape_elements(&s->in[RESIZE_ROI].shape) != (size_t)axes * 2) {
        return step_error(s, e, "roi must be two numbers for each of %u axes", axes);
    }
    for (uint32_t k = 0; k < axes; k++) {
        uint32_t d;
        if (!dimension_of(s, k, &d, e)) return false;
        t->axis[d].crop_from = (double)roi[k];
        t->axis[d].crop_to = (double)roi[axes + k];
    }
    return true;
}

static bool resize_sizes(struct step *s, struct resize_state *t, struct err *e) {
    const struct resize *p = s->node->params;
    const struct net_shape *in = &s->in[0].shape;
    uint32_t axes = p->axes > 0 ? p->axes : in->rank;
    for (uint32_t d = 0; d < in->rank; d++) {
        size_t size = (size_t)in->dim[d];
        t->axis[d] = (struct resample_axis){
            .in = size, .out = size, .scale = 1, .wanted = (double)size, .crop_to = 1};
    }
    if (given(s, RESIZE_SCALES) == given(s, RESIZE_SIZES)) {
        return step_error(s, e, "either scales or sizes must be given");
    }
    bool sized = given(s, RESIZE_SCALES) ? apply_scales(s, t, axes, e) : apply_sizes(s, t, axes, e);
    return sized && (p->how.place != PLACE_TF_CROP || apply_roi(s, t, axes, e));
}

static bool stays(const struct resize *p, const struct resample_axis *x) {
    bool crop = p->how.place == PLACE_TF_CROP && (x->crop_from != 0 || x->crop_to != 1);
    return x->in == x->out && !crop && x->scale == 1;
}

static bool resize_plan(struct step *s, struct err *e) {
    const struct resize *p = s->node->params;
    struct resize_state *t = step_state(s, sizeof *t, e);
    if (!t || !resize_sizes(s, t, e)) return false;
    bool floats = p->how.mode != MODE_NEAREST || p->how.place == PLACE_TF_CROP;
    if (floats && s->in[0].type != NET_F32) {
        return step_unsupported(s, e, "interpolating %s", net_type_name(s->in[0].type));
    }
    step_like(s);
    struct net_shape *out = &s->out[0].shape, between = s->in[0].shape;
    for (uint32_t d = 0; d < out->rank; d++) out->dim[d] = (int64_t)t->axis[d].out;
    if (!shape_fits(out) || shape_elements(out) == 0) return true;
    if (shape_elements(&s->in[0].shape) == 0) return step_error(s, e, "its input is empty");
    for (uint32_t d = 0; d < out->rank; d++) {
        if (stays(p, &t->axis[d])) continue;
        if (resample_taps(&p->how, &t->axis[d]) > RESAMPLE_TAPS_MAX) {
            return step_error(s, e, "dimension %u grows or shrinks too much", d);
        }
        if (!resample_plan(&p->how, &t->axis[d], s->arena)) return err_memory(e);
        between.dim[d] = out->dim[d];
        if (!shape_fits(&between)) return step_error(s, e, "it grows too large on the way");
        size_t bytes = shape_elements(&between) * net_type_bytes(s->in[0].type);
        if (bytes > t->buffer_bytes) t->buffer_bytes = bytes;
    }
    t->buffer_bytes = (t->buffer_bytes + 63) & ~(size_t)63;
    s->scratch_bytes = 2 * t->buffer_bytes;
    return true;
}

/* One axis: x is [outer][x->in][block bytes], y is [outer][x->out][block bytes]. */
struct resize_pass {
    const struct step *s;
    const struct resample_axis *axis;
    size_t outer, bytes;
    const char *from;
    char *to;
};

static void pixel_sum(const struct resize_pass *p, size_t i, const char *from, char *to) {
    const struct resample_axis *x = p->axis;
    const int32_t *index = x->index + i * x->taps;
    const float *weight = x->weight + i * x->taps;
    size_t n = p->bytes / sizeof(float);
    float *y = (float *)(void *)to;
    for (uint32_t k = 0; k < x->taps; k++) {
        const float *line = (const float *)(const void *)(from + (size_t)index[k] * p->bytes);
        if (k == 0) {
            p->s->env->loops->unary[LOOP_SCALE](n, line, y, weight[k], 0);
        } else if (weight[k] != 0) {
            p->s->env->loops->add_scaled(n, line, weight[k], y);
        }
    }
}

/* Pixels outside of the crop. */
static void pixel_outside(const struct resize_pass *p, char *to) {
    const struct resize *r = p->s->node->params;
    for (size_t k = 0; k < p->bytes; k += sizeof r->outside) {
        memcpy(to + k, &r->outside, sizeof r->outside);
    }
}

static void pass_run(const struct resize_pass *p) {
    const struct resize *r = p->s->node->params;
    const struct resample_axis *x = p->axis;
    size_t in = x->in * p->bytes, out = x->out * p->bytes;
    for (size_t o = 0; o < p->outer; o++) {
        const char *from = p->from + o * in;
        char *to = p->to + o * out;
        for (size_t i = 0; i < x->out; i++, to += p->bytes) {
            int32_t first = x->index[i * x->taps];
            if (first < 0) {
                pixel_outside(p, to);
            } else if (r->how.mode == MODE_NEAREST) {
                memcpy(to, from + (size_t)first * p->bytes, p->bytes);
            } else {
                pixel_sum(p, i, from, to);
            }
        }
    }
}

static bool resize_run(struct step *s, struct err *e) {
    const struct resize_state *t = s->state;
    struct net_shape shape = s->in[0].shape;
    uint32_t last = NET_RANK_MAX, buffer = 0;
    const char *from = s->in[0].at;
    (void)e;
    for (uint32_t d = 0; d < shape.rank; d++) {
        if (t->axis[d].taps > 0) last = d;
    }
    if (last == NET_RANK_MAX) {
        memcpy(s->out[0].at, from, tensor_bytes(&s->in[0]));
        return true;
    }
    for (uint32_t d = 0; d < shape.rank; d++) {
        if (t->axis[d].taps == 0) continue;
        struct resize_pass p = {.s = s, .axis = &t->axis[d], .from = from};
        p.outer = shape_span(&shape, 0, d);
        p.bytes = shape_span(&shape, d + 1, shape.rank) * net_type_bytes(s->in[0].type);
        p.to = d == last ? s->out[0].at : (char *)s->scratch + buffer * t->buffer_bytes;
        pass_run(&p);
        shape.dim[d] = (int64_t)t->axis[d].out;
        from = p.to;
        buffer = !buffer;
    }
    return true;
}

static bool resize_mixes(const struct step *s) {
    const struct resize_state *t = s->state;
    return t->axis[0].taps > 0;
}

/* Scales and sizes stay; they are for other dimensions. */
static bool resize_turn(struct layer_turn *t, bool *done_out, struct err *e) {
    struct resize *p = t->graph->node[t->node].params;
    (void)e;
    *done_out = true;
    for (uint32_t k = 0; k < 4 && p->axes == 0; k++) p->axis[k] = layer_turned[k];
    for (uint32_t k = 0; k < p->axes; k++) *done_out &= layer_turn_axis(&p->axis[k]);
    if (p->axes == 0) p->axes = 4;
    return true;
}

static const struct layer rows[] = {
    {.name = "Resize",
     .since = 10,
     .ins_min = 1,
     .ins_max = 4,
     .types = TYPE_NUMBERS,
     .values = 1 << RESIZE_ROI | 1 << RESIZE_SCALES | 1 << RESIZE_SIZES,
     .params_bytes = sizeof(struct resize),
     .read = resize_read,
     .plan = resize_plan,
     .run = resize_run,
     .mixes = resize_mixes,
     .turn = resize_turn},
    {.name = "Upsample",
     .until = 9,
     .ins_min = 1,
     .ins_max = 2,
     .types = TYPE_NUMBERS,
     .values = 1 << RESIZE_ROI | 1 << RESIZE_SCALES | 1 << RESIZE_SIZES,
     .params_bytes = sizeof(struct resize),
     .read = upsample_read,
     .plan = resize_plan,
     .run = resize_run,
     .mixes = resize_mixes,
     .turn = resize_turn},
};

const struct layer_family layers_resize = {.layer = rows, .count = COUNT_OF(rows)};
