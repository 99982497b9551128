/* Layers without parameters that keep the number of values: relu, tanh, sigmoid, softmax, flatten,
 * dropout; and what the layers' files share.
 *
 * Dropout sets each number to 0 with probability P while training and divides the others by 1 - P,
 * so that nothing changes when predicting. Which ones is a function of the row's noise and drawn
 * again on the way back.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "engine/base/number.h"
#include "udf/learn/layer.h"
#include "udf/learn/layer_types.h"
#include "udf/learn/noise.h"
#include "udf/learn/onnx_write.h"

bool layer_usage(const struct layer_type *t, struct err *e) {
    return err_set(e, ERR_SQL, "22023", "is written: %s", t->usage);
}

bool layer_parse_nothing(struct text rest, struct layer_words *out, struct err *e) {
    *out = (struct layer_words){0};
    if (words_next(&rest).bytes == 0) return true;
    return err_set(e, ERR_SQL, "22023", "nothing may follow this word");
}

bool layer_shape_same(struct layer *l, struct arena *a, struct err *e) {
    (void)a;
    (void)e;
    l->out = l->in;
    return true;
}

void layer_init_he(const struct layer *l, uint64_t noise, real *param) {
    double deviation = sqrt(2.0 / ((double)l->weights / l->words.units));
    for (size_t i = 0; i < l->weights; i++) param[i] = (real)(deviation * noise_normal(&noise));
}

void layer_export_bias(const struct layer *l, const struct layer_export *x) {
    struct onnx_tensor bias = {
        .layer = l->place, .name = "bias", .dim = {(int64_t)l->biases}, .rank = 1};
    for (size_t i = 0; i < l->biases; i++) {
        onnx_tensor_add(&bias, (float)x->param[l->weights + i]);
    }
    onnx_tensor_end(x->graph, &bias);
}

void layer_export_node(const struct layer *l, const struct layer_export *x, const char *op) {
    onnx_node(x->graph,
              &(struct onnx_node){.op = op, .layer = l->place, .in = x->in, .out = x->out});
}

static size_t numbers(const struct layer *l, const struct layer_pass *p) {
    return (size_t)p->rows * shape_size(l->in);
}

static void relu_forward(const struct layer *l, const struct layer_pass *p) {
    p->kernels->relu(numbers(l, p), p->x, p->y);
}

static void relu_backward(const struct layer *l, const struct layer_pass *p) {
    p->kernels->relu_back(numbers(l, p), p->y, p->dy, p->dx);
}

static void relu_export(const struct layer *l, const struct layer_export *x) {
    layer_export_node(l, x, "Relu");
}

const struct layer_type layer_relu = {
    .word = "relu",
    .usage = "relu",
    .doc = "max(x, 0)",
    .parse = layer_parse_nothing,
    .shape = layer_shape_same,
    .forward = relu_forward,
    .backward = relu_backward,
    .rises = true,
    .export_onnx = relu_export,
};

static void tanh_forward(const struct layer *l, const struct layer_pass *p) {
    for (size_t i = 0; i < numbers(l, p); i++) p->y[i] = (real)tanh((double)p->x[i]);
}

static void tanh_backward(const struct layer *l, const struct layer_pass *p) {
    for (size_t i = 0; i < numbers(l, p); i++) p->dx[i] = p->dy[i] * (1 - p->y[i] * p->y[i]);
}

static void tanh_export(const struct layer *l, const struct layer_export *x) {
    layer_export_node(l, x, "Tanh");
}

const struct layer_type layer_tanh = {
    .word = "tanh",
    .usage = "tanh",
    .doc = "hyperbolic tangent",
    .parse = layer_parse_nothing,
    .shape = layer_shape_same,
    .forward = tanh_forward,
    .backward = tanh_backward,
    .export_onnx = tanh_export,
};

static void sigmoid_forward(const struct layer *l, const struct layer_pass *p) {
    for (size_t i = 0; i < numbers(l, p); i++) p->y[i] = (real)(1 / (1 + exp(-(double)p->x[i])));
}

static void sigmoid_backward(const struct layer *l, const struct layer_pass *p) {
    for (size_t i = 0; i < numbers(l, p); i++) p->dx[i] = p->dy[i] * p->y[i] * (1 - p->y[i]);
}

static void sigmoid_export(const struct layer *l, const struct layer_export *x) {
    layer_export_node(l, x, "Sigmoid");
}

const struct layer_type layer_sigmoid = {
    .word = "sigmoid",
    .usage = "sigmoid",
    .doc = "1 / (1 + exp(-x))",
    .parse = layer_parse_nothing,
    .shape = layer_shape_same,
    .forward = sigmoid_forward,
    .backward = sigmoid_backward,
    .export_onnx = sigmoid_export,
};

static bool softmax_shape(struct layer *l, struct arena *a, struct err *e) {
    (void)a;
    l->out = l->in;
    if (l->in.flat) return true;
    return err_set(e, ERR_SQL, "22023",
                   "wants a list of numbers, its input is an image of "
                   "%ux%ux%u; put 'flatten' before it",
                   l->in.c, l->in.h, l->in.w);
}

static void softmax_forward(const struct layer *l, const struct layer_pass *p) {
    uint32_t n = l->in.c;
    for (uint32_t row = 0; row < p->rows; row++) {
        const real *x = p->x + (size_t)row * n;
        real *y = p->y + (size_t)row * n, top = x[0];
        double sum = 0;
        for (uint32_t i = 1; i < n; i++) top = x[i] > top ? x[i] : top;
        for (uint32_t i = 0; i < n; i++) {
            double v = exp((double)(x[i] - top));
            y[i] = (real)v;
            sum += v;
        }
        for (uint32_t i = 0; i < n; i++) y[i] = (real)((double)y[i] / sum);
    }
}

static void softmax_backward(const struct layer *l, const struct layer_pass *p) {
    uint32_t n = l->in.c;
    for (uint32_t row = 0; row < p->rows; row++) {
        const real *y = p->y + (size_t)row * n, *dy = p->dy + (size_t)row * n;
        real *dx = p->dx + (size_t)row * n, sum = 0;
        for (uint32_t i = 0; i < n; i++) sum += y[i] * dy[i];
        for (uint32_t i = 0; i < n; i++) dx[i] = y[i] * (dy[i] - sum);
    }
}

static void softmax_export(const struct layer *l, const struct layer_export *x) {
    const struct onnx_attribute axis = onnx_int("axis", 1);
    onnx_node(x->graph, &(struct onnx_node){.op = "Softmax",
                                            .layer = l->place,
                                            .in = x->in,
                                            .out = x->out,
                                            .attribute = &axis,
                                            .attributes = 1});
}

const struct layer_type layer_softmax = {
    .word = "softmax",
    .usage = "softmax",
    .doc = "exp(x), divided by their sum: probabilities",
    .parse = layer_parse_nothing,
    .shape = softmax_shape,
    .forward = softmax_forward,
    .backward = softmax_backward,
    .export_onnx = softmax_export,
};

static bool flatten_shape(struct layer *l, struct arena *a, struct err *e) {
    (void)a;
    (void)e;
    l->out = (struct shape){.h = 1, .w = 1, .c = shape_size(l->in), .flat = true};
    return true;
}

static void flatten_export(const struct layer *l, const struct layer_export *x) {
    layer_export_node(l, x, "Flatten");
}

const struct layer_type layer_flatten = {
    .word = "flatten",
    .usage = "flatten",
    .doc = "an image as a list of numbers",
    .parse = layer_parse_nothing,
    .shape = flatten_shape,
    .export_onnx = flatten_export,
};

static bool dropout_parse(struct text rest, struct layer_words *out, struct err *e) {
    struct layer_words w = {0};
    bool fits = f64_parse(words_next(&rest), &w.rate) == PARSE_OK && w.rate >= 0 && w.rate < 1;
    if (!fits || words_next(&rest).bytes > 0) return layer_usage(&layer_dropout, e);
    *out = w;
    return true;
}

static void drop(const struct layer *l, const struct layer_pass *p, const real *from, real *to) {
    size_t n = shape_size(l->in);
    const double rate = l->words.rate;
    const real scale = (real)(1 / (1 - rate));
    const uint64_t limit = (uint64_t)(rate * 0x1p32);
    for (uint32_t row = 0; row < p->rows; row++, from += n, to += n) {
        uint64_t key = noise_key(noise_row(p->noise, row), l->place);
        for (size_t i = 0; i < n; i++) {
            to[i] = noise_next(&key) >> 32 < limit ? 0 : from[i] * scale;
        }
    }
}

static void dropout_forward(const struct layer *l, const struct layer_pass *p) {
    if (p->training) {
        drop(l, p, p->x, p->y);
    } else {
        memcpy(p->y, p->x, numbers(l, p) * sizeof *p->y);
    }
}

static void dropout_backward(const struct layer *l, const struct layer_pass *p) {
    drop(l, p, p->dy, p->dx);
}

/* Nothing to do when predicting. */
static void dropout_export(const struct layer *l, const struct layer_export *x) {
    layer_export_node(l, x, "Identity");
}

const struct layer_type layer_dropout = {
    .word = "dropout",
    .usage = "dropout P, where 0 <= P < 1",
    .doc = "while training, sets each number to 0 with probability P and divides the others by "
           "1 - P",
    .parse = dropout_parse,
    .shape = layer_shape_same,
    .forward = dropout_forward,
    .backward = dropout_backward,
    .export_onnx = dropout_export,
};
