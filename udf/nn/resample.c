/* resample.c: see resample.h. The rules are those of ONNX's Resize (opset 19) and its reference.
 *
 * A pixel lies at x in the original axis, between floor(x) and the next. Linear: the two, by
 * distance. Cubic: four, by Keys' kernel (1981) with parameter a. With antialias, when the axis
 * shrinks, the kernel is stretched by 1 / scale and its weights are made to sum to 1. Pixels
 * outside of the axis are those at its ends, or with exclude_outside none.
 */
#include "udf/nn/resample.h"

#include <assert.h>
#include <math.h>

/* A scale of float32 is not quite what was meant: 3 / 0.6 is 4.9999998. As a float32 it is 5, and
 * falls on the side of a pixel's border where everybody else has it. */
static double rounded(double x) {
    return (double)(float)x;
}

static double place_of(const struct resample *r, const struct resample_axis *x, size_t i) {
    double at = (double)i, in = (double)x->in, out = (double)x->out;
    double half = rounded((at + 0.5) / x->scale);
    switch (r->place) {
    case PLACE_HALF_PIXEL: return half - 0.5;
    case PLACE_HALF_PIXEL_SYMMETRIC: return rounded(in / 2 * (1 - out / x->wanted) + half - 0.5);
    case PLACE_PYTORCH_HALF_PIXEL: return x->out > 1 ? half - 0.5 : 0;
    case PLACE_ALIGN_CORNERS: return x->wanted == 1 ? 0 : rounded(at * (in - 1) / (x->wanted - 1));
    case PLACE_ASYMMETRIC: return rounded(at / x->scale);
    case PLACE_TF_HALF_PIXEL: return half;
    case PLACE_TF_CROP:
        if (x->out == 1) return rounded(0.5 * (x->crop_from + x->crop_to) * (in - 1));
        return rounded(x->crop_from * (in - 1) +
                       at * (x->crop_to - x->crop_from) * (in - 1) / (out - 1));
    case PLACE_COUNT: break;
    }
    assert(false);
    return 0;
}

static double nearest_of(enum resample_round how, double scale, double at) {
    switch (how) {
    case ROUND_HALF_DOWN: return ceil(at - 0.5);
    case ROUND_HALF_UP: return floor(at + 0.5);
    case ROUND_DOWN: return floor(at);
    case ROUND_UP: return ceil(at);
    case ROUND_OUTWARD: return scale < 1 ? ceil(at) : floor(at);
    case ROUND_COUNT: break;
    }
    assert(false);
    return 0;
}

static double cubic_at(double a, double x) {
    x = fabs(x);
    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

static double weight_at(const struct resample *r, double distance) {
    if (r->mode == MODE_CUBIC) return cubic_at(r->cubic_a, distance);
    double w = 1 - fabs(distance);
    return w > 0 ? w : 0;
}

/* How far the kernel is stretched: a factor on distances. */
static double stretch(const struct resample *r, const struct resample_axis *x) {
    return r->antialias && x->scale < 1 ? x->scale : 1;
}

static double taps_of(const struct resample *r, const struct resample_axis *x) {
    if (r->mode == MODE_NEAREST) return 1;
    double reach = (r->mode == MODE_CUBIC ? 2 : 1) / stretch(r, x);
    double before = floor(-reach) + 1; /* of the first tap, from the pixel at the left */
    return 2 - 2 * before;
}

double resample_taps(const struct resample *r, const struct resample_axis *x) {
    return taps_of(r, x) * (double)x->out;
}

static int32_t inside(double at, size_t size) {
    if (!(at > 0)) return 0;
    return at > (double)(size - 1) ? (int32_t)(size - 1) : (int32_t)at;
}

/* One resized pixel at `at` of the original axis. */
static void pixel_plan(const struct resample *r, const struct resample_axis *x, double at,
                       int32_t *index, float *weight) {
    double left = floor(at), first = left + 1 - x->taps / 2, sum = 0;
    bool normal = r->exclude_outside || r->antialias;
    double by = stretch(r, x);
    for (uint32_t k = 0; k < x->taps; k++) {
        double from = first + k;
        bool out = from < 0 || from > (double)x->in - 1;
        double w = out && r->exclude_outside ? 0 : weight_at(r, (from - at) * by);
        index[k] = inside(from, x->in);
        weight[k] = (float)w;
        sum += w;
    }
    for (uint32_t k = 0; k < x->taps && normal && sum != 0; k++) {
        weight[k] = (float)(weight[k] / sum);
    }
}

bool resample_plan(const struct resample *r, struct resample_axis *x, struct arena *a) {
    assert(x->in > 0 && x->out > 0 && x->in <= INT32_MAX);
    assert(resample_taps(r, x) <= RESAMPLE_TAPS_MAX);
    x->taps = (uint32_t)taps_of(r, x);
    int32_t *index = arena_zalloc(a, x->out, x->taps * sizeof *index);
    float *weight = arena_zalloc(a, x->out, x->taps * sizeof *weight);
    if (!index || !weight) return false;
    for (size_t i = 0; i < x->out; i++) {
        double at = place_of(r, x, i);
        int32_t *to = index + i * x->taps;
        if (r->place == PLACE_TF_CROP && !(at >= 0 && at <= (double)x->in - 1)) {
            to[0] = -1;
        } else if (r->mode == MODE_NEAREST) {
            to[0] = inside(nearest_of(r->round, x->scale, at), x->in);
            weight[i] = 1;
        } else {
            pixel_plan(r, x, at, to, weight + i * x->taps);
        }
    }
    x->index = index;
    x->weight = weight;
    return true;
}
