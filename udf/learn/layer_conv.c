/* conv: "conv 32 3x3 stride 2 pad same": a convolution with bias, as a product of weights with
 * windows (kernel.h). Weights are [units][kernel_h][kernel_w][c]. A padded image is copied into
 * spare memory with zeros around it, so that no window knows about borders.
 */
#include <assert.h>
#include <string.h>

#include "udf/learn/layer.h"
#include "udf/learn/layer_types.h"
#include "udf/learn/noise.h"
#include "udf/learn/onnx_write.h"
#include "udf/learn/windows.h"

static bool parse_pad(struct text word, struct layer_words *out) {
    if (text_equal_fold(word, TEXT_LITERAL("same"))) return out->same = true;
    if (text_equal(word, TEXT_LITERAL("0"))) return true;
    return words_count(word, LAYER_POOL_MAX, &out->pad);
}

static bool conv_parse(struct text rest, struct layer_words *out, struct err *e) {
    struct layer_words w = {.stride = 1};
    if (!words_count(words_next(&rest), LAYER_SIDE_MAX, &w.units) ||
        !words_sides(words_next(&rest), &w.kernel_h, &w.kernel_w)) {
        return layer_usage(&layer_conv, e);
    }
    for (struct text word; (word = words_next(&rest)).bytes > 0;) {
        struct text value = words_next(&rest);
        bool stride = text_equal_fold(word, TEXT_LITERAL("stride"));
        bool pad = text_equal_fold(word, TEXT_LITERAL("pad"));
        bool fits =
            stride ? words_count(value, LAYER_POOL_MAX, &w.stride) : pad && parse_pad(value, &w);
        if (!fits) return layer_usage(&layer_conv, e);
    }
    *out = w;
    return true;
}

/* The output's size along one side, and the zeros before and after. */
struct side {
    uint32_t out, before, after;
};

static bool side_of(const struct layer_words *w, uint32_t in, uint32_t kernel, struct side *s,
                    struct err *e) {
    if (w->same) {
        s->out = (in + w->stride - 1) / w->stride;
        uint32_t wide = (s->out - 1) * w->stride + kernel, zeros = wide > in ? wide - in : 0;
        s->before = zeros / 2;
        s->after = zeros - zeros / 2;
        return true;
    }
    s->before = s->after = w->pad;
    if (in + 2 * w->pad < kernel) {
        return err_set(e, ERR_SQL, "22023", "the kernel (%u) is larger than the image (%u)", kernel,
                       in + 2 * w->pad);
    }
    s->out = (in + 2 * w->pad - kernel) / w->stride + 1;
    return true;
}

static bool conv_shape(struct layer *l, struct arena *a, struct err *e) {
    (void)a;
    struct side h = {0}, w = {0};
    if (l->in.flat) {
        return err_set(e, ERR_SQL, "22023",
                       "wants an image (channels x height x width), its input "
                       "is a list of %u numbers",
                       l->in.c);
    }
    if (!side_of(&l->words, l->in.h, l->words.kernel_h, &h, e) ||
        !side_of(&l->words, l->in.w, l->words.kernel_w, &w, e)) {
        return false;
    }
    l->out = (struct shape){.h = h.out, .w = w.out, .c = l->words.units};
    l->pad_top = h.before;
    l->pad_bottom = h.after;
    l->pad_left = w.before;
    l->pad_right = w.after;
    l->weights = (size_t)l->words.units * l->words.kernel_h * l->words.kernel_w * l->in.c;
    l->biases = l->words.units;
    return true;
}

static bool padded(const struct layer *l) {
    return l->pad_top + l->pad_bottom + l->pad_left + l->pad_right > 0;
}

static uint32_t padded_width(const struct layer *l) {
    return l->in.w + l->pad_left + l->pad_right;
}

static size_t padded_size(const struct layer *l) {
    return padded(l) ? (size_t)(l->in.h + l->pad_top + l->pad_bottom) * padded_width(l) * l->in.c
                     : 0;
}

static bool conv_ready(struct layer *l, const struct learn_kernels *k, struct arena *a,
                       struct err *e) {
    uint32_t places = l->computed.h * l->computed.w, *at = ARENA_ARRAY(a, at, places);
    if (!at) return err_memory(e);
    for (uint32_t i = 0; i < places; i++) {
        uint32_t y = i / l->computed.w * l->words.stride, x = i % l->computed.w * l->words.stride;
        at[i] = (y * padded_width(l) + x) * l->in.c;
    }
    l->at = at;
    l->packed = k->packed_size(l->words.units, (uint32_t)(l->weights / l->words.units));
    l->spare_bytes =
        2 * padded_size(l) * sizeof(real) + windows_spare_bytes(places, l->words.units);
    return true;
}

static void conv_pack(const struct layer *l, const struct learn_kernels *k, const real *param,
                      real *packed) {
    k->pack(param, param + l->weights, l->words.units, (uint32_t)(l->weights / l->words.units),
            packed);
}

/* Copies the lines of an image to (or, back, from) the middle of the padded one. */
static void pad_copy(const struct layer *l, real *wide, const real *x, real *back) {
    size_t line = (size_t)l->in.w * l->in.c, pitch = (size_t)padded_width(l) * l->in.c;
    real *to = wide + l->pad_top * pitch + (size_t)l->pad_left * l->in.c;
    for (uint32_t y = 0; y < l->in.h; y++, to += pitch) {
        if (back) memcpy(back + y * line, to, line * sizeof *to);
        if (x) memcpy(to, x + y * line, line * sizeof *to);
    }
}

static struct windows windows_of(const struct layer *l, const real *x) {
    return (struct windows){.x = x,
                            .at = l->at,
                            .count = l->computed.h * l->computed.w,
                            .runs = l->words.kernel_h,
                            .run = l->words.kernel_w * l->in.c,
                            .pitch = padded_width(l) * l->in.c};
}

static void conv_forward(const struct layer *l, const struct layer_pass *p) {
    size_t in = shape_size(l->in), out = shape_size(l->computed), wide = padded_size(l);
    real *middle = (real *)(void *)p->spare;
    if (wide > 0) memset(middle, 0, wide * sizeof *middle);
    for (uint32_t row = 0; row < p->rows; row++) {
        const real *x = p->x + row * in;
        if (wide > 0) pad_copy(l, middle, x, NULL);
        struct windows w = windows_of(l, wide > 0 ? middle : x);
        p->kernels->forward(&w, p->packed, l->words.units, p->y + row * out);
    }
}

static void conv_backward(const struct layer *l, const struct layer_pass *p) {
    size_t in = shape_size(l->in), out = shape_size(l->computed), wide = padded_size(l);
    real *middle = (real *)(void *)p->spare, *middle_back = middle + wide;
    struct windows_back b = {.kernels = p->kernels,
                             .units = l->words.units,
                             .weight = p->param,
                             .grad = p->grad,
                             .spare = (char *)(middle_back + wide)};
    if (wide > 0) memset(middle, 0, wide * sizeof *middle);
    for (uint32_t row = 0; row < p->rows; row++) {
        const real *x = p->x + row * in;
        real *dx = p->dx ? p->dx + row * in : NULL;
        b.dx = dx && wide > 0 ? middle_back : dx;
        if (b.dx) memset(b.dx, 0, (wide > 0 ? wide : in) * sizeof *b.dx);
        if (wide > 0) pad_copy(l, middle, x, NULL);
        b.w = windows_of(l, wide > 0 ? middle : x);
        b.dy = p->dy + row * out;
        windows_backward(&b);
        if (dx && wide > 0) pad_copy(l, middle_back, NULL, dx);
    }
}

static uint64_t conv_flops(const struct layer *l) {
    return 2 * (uint64_t)l->out.h * l->out.w * l->weights;
}

/* ONNX wants [units][c][h][w]. */
static void conv_export(const struct layer *l, const struct layer_export *x) {
    const struct layer_words *w = &l->words;
    const int64_t pads[] = {l->pad_top, l->pad_left, l->pad_bottom, l->pad_right};
    const int64_t kernel[] = {w->kernel_h, w->kernel_w}, strides[] = {w->stride, w->stride};
    const struct onnx_attribute attributes[] = {onnx_ints("kernel_shape", kernel, 2),
                                                onnx_ints("strides", strides, 2),
                                                onnx_ints("pads", pads, 4)};
    struct onnx_tensor weight = {.layer = l->place,
                                 .name = "weight",
                                 .dim = {w->units, l->in.c, w->kernel_h, w->kernel_w},
                                 .rank = 4};
    uint32_t area = w->kernel_h * w->kernel_w;
    for (size_t i = 0; i < l->weights; i++) {
        size_t unit = i / (l->in.c * area), c = i / area % l->in.c, k = i % area;
        onnx_tensor_add(&weight, (float)x->param[(unit * area + k) * l->in.c + c]);
    }
    onnx_tensor_end(x->graph, &weight);
    layer_export_bias(l, x);
    onnx_node(x->graph, &(struct onnx_node){.op = "Conv",
                                            .layer = l->place,
                                            .in = x->in,
                                            .out = x->out,
                                            .tensors = "weight bias",
                                            .attribute = attributes,
                                            .attributes = 3});
}

const struct layer_type layer_conv = {
    .word = "conv",
    .usage = "conv N KxK [stride S] [pad P|same]",
    .doc = "convolution with bias: N channels from windows of K x K pixels (height x width), moved "
           "by S (1); P (0) zeros on each side, 'same': as many as give ceil(size / S)",
    .parse = conv_parse,
    .shape = conv_shape,
    .ready = conv_ready,
    .init = layer_init_he,
    .pack = conv_pack,
    .forward = conv_forward,
    .backward = conv_backward,
    .trims = true,
    .flops = conv_flops,
    .export_onnx = conv_export,
};
