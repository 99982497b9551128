/* maxpool and avgpool: "maxpool 2", "maxpool 3 stride 2", "avgpool 4": one number of each window of
 * each channel; windows that do not fit whole are left out. maxpool keeps which pixel of the window
 * was taken, the first of equals, and gives its gradient to that one alone.
 */
#include <assert.h>
#include <string.h>

#include "udf/learn/layer.h"
#include "udf/learn/layer_types.h"
#include "udf/learn/onnx_write.h"

static bool pool_parse(struct text rest, struct layer_words *out, const struct layer_type *t,
                       struct err *e) {
    struct layer_words w = {0};
    if (!words_sides(words_next(&rest), &w.kernel_h, &w.kernel_w)) return layer_usage(t, e);
    struct text word = words_next(&rest);
    if (word.bytes > 0) {
        bool fits = text_equal_fold(word, TEXT_LITERAL("stride")) &&
                    words_count(words_next(&rest), LAYER_POOL_MAX, &w.stride);
        if (!fits || words_next(&rest).bytes > 0) return layer_usage(t, e);
    }
    if (w.kernel_h != w.kernel_w) return layer_usage(t, e);
    if (w.stride == 0) w.stride = w.kernel_h;
    *out = w;
    return true;
}

static bool maxpool_parse(struct text rest, struct layer_words *out, struct err *e) {
    return pool_parse(rest, out, &layer_maxpool, e);
}

static bool avgpool_parse(struct text rest, struct layer_words *out, struct err *e) {
    return pool_parse(rest, out, &layer_avgpool, e);
}

static bool pool_shape(struct layer *l, struct arena *a, struct err *e) {
    (void)a;
    uint32_t k = l->words.kernel_h;
    if (l->in.flat || l->in.h < k || l->in.w < k) {
        return err_set(e, ERR_SQL, "22023",
                       "wants an image of at least %ux%u pixels, its input is "
                       "%ux%ux%u",
                       k, k, l->in.c, l->in.h, l->in.w);
    }
    l->out = (struct shape){.h = (l->in.h - k) / l->words.stride + 1,
                            .w = (l->in.w - k) / l->words.stride + 1,
                            .c = l->in.c};
    return true;
}

/* at[]: the windows, then the pixels of a window. */
static bool pool_ready(struct layer *l, const struct learn_kernels *k, struct arena *a,
                       struct err *e) {
    (void)k;
    uint32_t places = l->out.h * l->out.w, side = l->words.kernel_h, stride = l->words.stride;
    uint32_t *at = ARENA_ARRAY(a, at, places + side * side);
    if (!at) return err_memory(e);
    for (uint32_t i = 0; i < places; i++) {
        at[i] = (i / l->out.w * l->in.w + i % l->out.w) * stride * l->in.c;
    }
    for (uint32_t i = 0; i < side * side; i++) {
        at[places + i] = (i / side * l->in.w + i % side) * l->in.c;
    }
    l->at = at;
    l->keep_bytes = l->type == &layer_maxpool ? shape_size(l->out) * sizeof(kernel_index) : 0;
    return true;
}

static struct pool pool_of(const struct layer *l, const struct layer_pass *p, uint32_t row) {
    uint32_t places = l->out.h * l->out.w, side = l->words.kernel_h;
    return (struct pool){.x = p->x ? p->x + (size_t)row * shape_size(l->in) : NULL,
                         .at = l->at,
                         .places = places,
                         .pixel = l->at + places,
                         .pixels = side * side,
                         .channels = l->in.c,
                         .which = (kernel_index *)(void *)(p->keep + row * l->keep_bytes)};
}

static void maxpool_forward(const struct layer *l, const struct layer_pass *p) {
    for (uint32_t row = 0; row < p->rows; row++) {
        struct pool pool = pool_of(l, p, row);
        p->kernels->pool_max(&pool, p->y + (size_t)row * shape_size(l->out));
    }
}

static void maxpool_backward(const struct layer *l, const struct layer_pass *p) {
    size_t in = shape_size(l->in);
    memset(p->dx, 0, p->rows * in * sizeof *p->dx);
    for (uint32_t row = 0; row < p->rows; row++) {
        struct pool pool = pool_of(l, p, row);
        p->kernels->pool_max_back(&pool, p->dy + (size_t)row * shape_size(l->out),
                                  p->dx + row * in);
    }
}

static void avgpool_forward(const struct layer *l, const struct layer_pass *p) {
    const uint32_t c = l->in.c;
    for (uint32_t row = 0; row < p->rows; row++) {
        struct pool pool = pool_of(l, p, row);
        real *y = p->y + (size_t)row * shape_size(l->out);
        memset(y, 0, shape_size(l->out) * sizeof *y);
        for (uint32_t i = 0; i < pool.places * pool.pixels; i++) {
            uint32_t place = i / pool.pixels, pixel = i % pool.pixels;
            p->kernels->add(c, pool.x + pool.at[place] + pool.pixel[pixel], y + place * c);
        }
        for (uint32_t i = 0; i < shape_size(l->out); i++) y[i] /= (real)pool.pixels;
    }
}

static void avgpool_backward(const struct layer *l, const struct layer_pass *p) {
    const uint32_t c = l->in.c;
    size_t in = shape_size(l->in), out = shape_size(l->out);
    memset(p->dx, 0, p->rows * in * sizeof *p->dx);
    for (uint32_t row = 0; row < p->rows; row++) {
        struct pool pool = pool_of(l, p, row);
        real *dx = p->dx + row * in;
        const uint32_t none = 0;
        const real share = 1 / (real)pool.pixels;
        for (uint32_t i = 0; i < pool.places * pool.pixels; i++) {
            uint32_t place = i / pool.pixels, pixel = i % pool.pixels;
            struct terms t = {
                .source = p->dy + row * out + place * c, .at = &none, .scale = &share, .count = 1};
            p->kernels->sum(&t, c, dx + pool.at[place] + pool.pixel[pixel]);
        }
    }
}

static void pool_export(const struct layer *l, const struct layer_export *x, const char *op) {
    const int64_t kernel[] = {l->words.kernel_h, l->words.kernel_w};
    const int64_t strides[] = {l->words.stride, l->words.stride};
    const struct onnx_attribute attributes[] = {onnx_ints("kernel_shape", kernel, 2),
                                                onnx_ints("strides", strides, 2)};
    onnx_node(x->graph, &(struct onnx_node){.op = op,
                                            .layer = l->place,
                                            .in = x->in,
                                            .out = x->out,
                                            .attribute = attributes,
                                            .attributes = 2});
}

static void maxpool_export(const struct layer *l, const struct layer_export *x) {
    pool_export(l, x, "MaxPool");
}

static void avgpool_export(const struct layer *l, const struct layer_export *x) {
    pool_export(l, x, "AveragePool");
}

const struct layer_type layer_maxpool = {
    .word = "maxpool",
    .usage = "maxpool K [stride S]",
    .doc = "the largest of K x K pixels of each channel, moved by S (K); what is left over at the "
           "right and below is left out",
    .parse = maxpool_parse,
    .shape = pool_shape,
    .ready = pool_ready,
    .forward = maxpool_forward,
    .backward = maxpool_backward,
    .pools = true,
    .picks = true,
    .export_onnx = maxpool_export,
};

const struct layer_type layer_avgpool = {
    .word = "avgpool",
    .usage = "avgpool K [stride S]",
    .doc = "the mean of K x K pixels of each channel, moved by S (K)",
    .parse = avgpool_parse,
    .shape = pool_shape,
    .ready = pool_ready,
    .forward = avgpool_forward,
    .backward = avgpool_backward,
    .pools = true,
    .export_onnx = avgpool_export,
};
