/* batchnorm: each channel minus its mean, divided by its deviation, times a scale plus a shift that
 * are learnt (Ioffe, Szegedy 2015). Mean and variance are those of the whole mini-batch while
 * training, summed in doubles; when predicting they are running means, moved by a tenth of the
 * difference a mini-batch.
 *
 * Parameters: biases are scale[c] and shift[c] (L2 leaves them alone), state is mean[c] and
 * variance[c]. pass.batch is [4][c]: mean, 1 / deviation; on the way back the means of dy and of
 * dy * normalised x. sum() gives sums of x and of x^2; the squares are of x minus the running mean,
 * so that a large mean does not eat their digits.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "udf/learn/layer.h"
#include "udf/learn/layer_types.h"
#include "udf/learn/onnx_write.h"

static const double epsilon = 1e-5, moved = 0.1;

/* Where things lie, in channels. */
enum { SCALE, SHIFT, MEAN, VARIANCE };
enum { BATCH_MEAN, BATCH_FACTOR, BATCH_DY, BATCH_DY_X, BATCH_NUMBERS };

static bool batchnorm_shape(struct layer *l, struct arena *a, struct err *e) {
    (void)a;
    (void)e;
    l->out = l->in;
    l->biases = 2 * (size_t)l->in.c;
    l->state = 2 * (size_t)l->in.c;
    return true;
}

static void batchnorm_init(const struct layer *l, uint64_t noise, real *param) {
    (void)noise;
    for (uint32_t i = 0; i < l->in.c; i++) {
        param[SCALE * l->in.c + i] = 1;
        param[VARIANCE * l->in.c + i] = 1;
    }
}

/* Pixels of all rows. */
static size_t pixels(const struct layer *l, const struct layer_pass *p) {
    return (size_t)p->rows * l->in.h * l->in.w;
}

static void batchnorm_sum(const struct layer *l, const struct layer_pass *p, double *sums) {
    const uint32_t c = l->in.c;
    const real *about = p->param + MEAN * c;
    for (size_t i = 0; i < pixels(l, p); i++) {
        const real *x = p->x + i * c;
        for (uint32_t k = 0; k < c; k++) {
            double v = (double)x[k] - (double)about[k];
            sums[k] += v;
            sums[c + k] += v * v;
        }
    }
}

static void batchnorm_settle(const struct layer *l, const double *sums, uint64_t rows, real *batch,
                             real *param) {
    const uint32_t c = l->in.c;
    double n = (double)rows * l->in.h * l->in.w;
    real *mean = param + MEAN * c, *variance = param + VARIANCE * c;
    for (uint32_t k = 0; k < c; k++) {
        double off = sums[k] / n, v = sums[c + k] / n - off * off;
        if (v < 0) v = 0;
        double m = (double)mean[k] + off, unbiased = n > 1 ? v * n / (n - 1) : v;
        batch[BATCH_MEAN * c + k] = (real)m;
        batch[BATCH_FACTOR * c + k] = (real)(1 / sqrt(v + epsilon));
        mean[k] += (real)(moved * off);
        variance[k] += (real)(moved * (unbiased - (double)variance[k]));
    }
}

static void batchnorm_forward(const struct layer *l, const struct layer_pass *p) {
    const uint32_t c = l->in.c;
    const real *scale = p->param + SCALE * c, *shift = p->param + SHIFT * c;
    const real *mean = p->param + MEAN * c, *variance = p->param + VARIANCE * c;
    for (size_t i = 0; i < pixels(l, p); i++) {
        const real *x = p->x + i * c;
        real *y = p->y + i * c;
        for (uint32_t k = 0; k < c && p->training; k++) {
            y[k] =
                (x[k] - p->batch[BATCH_MEAN * c + k]) * p->batch[BATCH_FACTOR * c + k] * scale[k] +
                shift[k];
        }
        for (uint32_t k = 0; k < c && !p->training; k++) {
            real factor = (real)(1 / sqrt((double)variance[k] + epsilon));
            y[k] = (x[k] - mean[k]) * factor * scale[k] + shift[k];
        }
    }
}

static void batchnorm_sum_back(const struct layer *l, const struct layer_pass *p, double *sums) {
    const uint32_t c = l->in.c;
    for (size_t i = 0; i < pixels(l, p); i++) {
        const real *x = p->x + i * c, *dy = p->dy + i * c;
        for (uint32_t k = 0; k < c; k++) {
            real normal = (x[k] - p->batch[BATCH_MEAN * c + k]) * p->batch[BATCH_FACTOR * c + k];
            sums[k] += (double)dy[k];
            sums[c + k] += (double)dy[k] * (double)normal;
        }
    }
}

static void batchnorm_settle_back(const struct layer *l, const double *sums, uint64_t rows,
                                  real *batch, real *grad) {
    const uint32_t c = l->in.c;
    double n = (double)rows * l->in.h * l->in.w;
    for (uint32_t k = 0; k < c; k++) {
        grad[SHIFT * c + k] += (real)sums[k];
        grad[SCALE * c + k] += (real)sums[c + k];
        batch[BATCH_DY * c + k] = (real)(sums[k] / n);
        batch[BATCH_DY_X * c + k] = (real)(sums[c + k] / n);
    }
}

static void batchnorm_backward(const struct layer *l, const struct layer_pass *p) {
    const uint32_t c = l->in.c;
    const real *scale = p->param + SCALE * c;
    if (!p->dx) return;
    for (size_t i = 0; i < pixels(l, p); i++) {
        const real *x = p->x + i * c, *dy = p->dy + i * c;
        real *dx = p->dx + i * c;
        for (uint32_t k = 0; k < c; k++) {
            real factor = p->batch[BATCH_FACTOR * c + k];
            real normal = (x[k] - p->batch[BATCH_MEAN * c + k]) * factor;
            dx[k] = scale[k] * factor *
                    (dy[k] - p->batch[BATCH_DY * c + k] - normal * p->batch[BATCH_DY_X * c + k]);
        }
    }
}

static void batchnorm_export(const struct layer *l, const struct layer_export *x) {
    static const char *const names[] = {"scale", "shift", "mean", "variance"};
    const struct onnx_attribute attribute = onnx_float("epsilon", (float)epsilon);
    for (uint32_t i = 0; i < 4; i++) {
        struct onnx_tensor t = {.layer = l->place, .name = names[i], .dim = {l->in.c}, .rank = 1};
        for (uint32_t k = 0; k < l->in.c; k++) {
            size_t from = x->unrolled.flat
                              ? k
                              : (size_t)(k % (x->unrolled.h * x->unrolled.w)) * x->unrolled.c +
                                    k / (x->unrolled.h * x->unrolled.w);
            onnx_tensor_add(&t, (float)x->param[i * l->in.c + from]);
        }
        onnx_tensor_end(x->graph, &t);
    }
    onnx_node(x->graph, &(struct onnx_node){.op = "BatchNormalization",
                                            .layer = l->place,
                                            .in = x->in,
                                            .out = x->out,
                                            .tensors = "scale shift mean variance",
                                            .attribute = &attribute,
                                            .attributes = 1});
}

static const struct layer_whole batchnorm_whole = {
    .numbers = BATCH_NUMBERS,
    .sum = batchnorm_sum,
    .sum_back = batchnorm_sum_back,
    .settle = batchnorm_settle,
    .settle_back = batchnorm_settle_back,
};

const struct layer_type layer_batchnorm = {
    .word = "batchnorm",
    .usage = "batchnorm",
    .doc = "each channel minus its mean over the mini-batch, divided by its deviation, times a "
           "scale plus a shift that are learnt; when predicting, with running means",
    .parse = layer_parse_nothing,
    .shape = batchnorm_shape,
    .init = batchnorm_init,
    .forward = batchnorm_forward,
    .backward = batchnorm_backward,
    .whole = &batchnorm_whole,
    .export_onnx = batchnorm_export,
};
