/* window.c: see window.h.
 *
 * Sizes (ONNX, Conv and MaxPool): out = floor((in + pads - reach) / stride) + 1 with
 * reach = (kernel - 1) * dilation + 1, or ceil instead of floor, where a window that would begin in
 * the padding behind the image is left out. SAME: out = ceil(in / stride), and as much padding as
 * that takes, the odd one behind (UPPER) or in front (LOWER).
 */
#include "udf/nn/window.h"

#include <string.h>

static bool pads_read(struct layer_read *r, struct window *w, struct err *e) {
    static const struct {
        const char *name;
        enum window_pads pads;
    } names[] = {{"NOTSET", PADS_GIVEN},
                 {"SAME_UPPER", PADS_SAME_UPPER},
                 {"SAME_LOWER", PADS_SAME_LOWER},
                 {"VALID", PADS_VALID}};
    struct text how = TEXT_LITERAL("NOTSET");
    if (!layer_read_text(r, "auto_pad", &how, e)) return false;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (!text_equal(how, text_of(names[i].name))) continue;
        w->auto_pad = names[i].pads;
        return true;
    }
    return layer_read_error(r, e, "auto_pad \"%.*s\" is unknown", TEXT_ARG(how));
}

bool window_read(struct layer_read *r, struct window *w, struct err *e) {
    return layer_read_ints(r, "kernel_shape", w->kernel, &w->kernel_dims, e) &&
           layer_read_ints(r, "strides", w->stride, &w->stride_dims, e) &&
           layer_read_ints(r, "dilations", w->dilation, &w->dilation_dims, e) &&
           layer_read_ints(r, "pads", w->pad, &w->pad_dims, e) && pads_read(r, w, e);
}

/* A number of the attribute for spatial dimension d, in a sane range. */
static bool one_of(const struct step *s, const int64_t *given, uint32_t count, uint32_t d,
                   int64_t *out, struct err *e) {
    int64_t v = count > 0 ? given[d] : 1;
    if (v < 1 || v > INT32_MAX) {
        return step_error(s, e, "a kernel, stride or dilation of %lld", (long long)v);
    }
    *out = v;
    return true;
}

static bool counts_fit(const struct step *s, const struct window *w, uint32_t dims, struct err *e) {
    const uint32_t counts[] = {w->kernel_dims, w->stride_dims, w->dilation_dims, w->pad_dims / 2};
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        if (counts[i] == 0 || counts[i] == dims) continue;
        return step_error(s, e, "its attributes are not for %u spatial dimensions", dims);
    }
    return w->pad_dims % 2 == 0 || step_error(s, e, "pads must be pairs");
}

bool window_begin(const struct step *s, const struct window *w, const int64_t *kernel,
                  struct window_plan *out, struct err *e) {
    const struct net_shape *in = &s->in[0].shape;
    if (in->rank < 3 || in->rank > 2 + WINDOW_DIMS) {
        return step_unsupported(s, e, "an input of %u dimensions", in->rank);
    }
    uint32_t dims = in->rank - 2, lead = WINDOW_DIMS - dims;
    struct window_plan p = {.n = in->dim[0], .c = in->dim[w->last ? in->rank - 1 : 1]};
    if (!counts_fit(s, w, dims, e)) return false;
    if (w->kernel_dims == 0 && !kernel) return step_error(s, e, "kernel_shape is missing");
    for (uint32_t k = 0; k < WINDOW_DIMS; k++) {
        p.in[k] = p.out[k] = p.kernel[k] = p.stride[k] = p.dilation[k] = 1;
    }
    for (uint32_t d = 0; d < dims; d++) {
        uint32_t k = lead + d;
        const int64_t *sizes = w->kernel_dims > 0 ? w->kernel : kernel;
        p.in[k] = in->dim[(w->last ? 1 : 2) + d];
        if (!one_of(s, sizes, dims, d, &p.kernel[k], e) ||
            !one_of(s, w->stride, w->stride_dims, d, &p.stride[k], e) ||
            !one_of(s, w->dilation, w->dilation_dims, d, &p.dilation[k], e)) {
            return false;
        }
        p.before[k] = w->pad_dims > 0 ? w->pad[d] : 0;
        p.after[k] = w->pad_dims > 0 ? w->pad[dims + d] : 0;
        if (p.before[k] < 0 || p.after[k] < 0 || p.before[k] > INT32_MAX ||
            p.after[k] > INT32_MAX) {
            return step_error(s, e, "pads must be 0 or more");
        }
    }
    *out = p;
    return true;
}

static void slide_same(struct window_plan *p, uint32_t k, bool upper) {
    int64_t reach = (p->kernel[k] - 1) * p->dilation[k] + 1;
    p->out[k] = (p->in[k] + p->stride[k] - 1) / p->stride[k];
    int64_t pads = (p->out[k] - 1) * p->stride[k] + reach - p->in[k];
    if (pads < 0) pads = 0;
    p->before[k] = upper ? pads / 2 : pads - pads / 2;
    p->after[k] = pads - p->before[k];
}

static bool slide_given(const struct step *s, const struct window *w, struct window_plan *p,
                        uint32_t k, struct err *e) {
    int64_t reach = (p->kernel[k] - 1) * p->dilation[k] + 1;
    if (w->auto_pad == PADS_VALID) p->before[k] = p->after[k] = 0;
    int64_t room = p->in[k] + p->before[k] + p->after[k] - reach;
    if (room < 0) {
        return step_error(s, e, "a kernel that reaches over %lld does not fit in %lld",
                          (long long)reach, (long long)(room + reach));
    }
    p->out[k] = (w->ceil ? room + p->stride[k] - 1 : room) / p->stride[k] + 1;
    if (w->ceil && (p->out[k] - 1) * p->stride[k] >= p->in[k] + p->before[k]) p->out[k]--;
    return true;
}

bool window_slide(const struct step *s, const struct window *w, struct window_plan *p,
                  struct err *e) {
    uint32_t lead = WINDOW_DIMS + 2 - s->in[0].shape.rank;
    for (uint32_t k = lead; k < WINDOW_DIMS; k++) {
        if (w->auto_pad == PADS_SAME_UPPER || w->auto_pad == PADS_SAME_LOWER) {
            slide_same(p, k, w->auto_pad == PADS_SAME_UPPER);
        } else if (!slide_given(s, w, p, k, e)) {
            return false;
        }
    }
    return true;
}

struct net_shape window_shape(const struct step *s, const struct window *w,
                              const struct window_plan *p, int64_t channels) {
    bool last = w->last;
    struct net_shape out = {.rank = s->in[0].shape.rank};
    uint32_t lead = WINDOW_DIMS + 2 - out.rank;
    out.dim[0] = p->n;
    out.dim[last ? out.rank - 1 : 1] = channels;
    for (uint32_t d = 0; d + 2 < out.rank; d++) out.dim[d + (last ? 1 : 2)] = p->out[lead + d];
    return out;
}
