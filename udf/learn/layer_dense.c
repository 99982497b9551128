/* dense: "dense 10": every unit's product with the whole row. Weights are [units][inputs]; a row is
 * one window of one run (kernel.h). A few units are multiplied where they lie, many are packed. */
#include <string.h>

#include "udf/learn/layer.h"
#include "udf/learn/layer_types.h"
#include "udf/learn/onnx_write.h"
#include "udf/learn/windows.h"

enum { FEW_UNITS = 32 };

static bool dense_parse(struct text rest, struct layer_words *out, struct err *e) {
    struct layer_words w = {0};
    bool fits = words_count(words_next(&rest), LAYER_SIDE_MAX, &w.units);
    if (!fits || words_next(&rest).bytes > 0) return layer_usage(&layer_dense, e);
    *out = w;
    return true;
}

static bool dense_shape(struct layer *l, struct arena *a, struct err *e) {
    (void)a;
    if (!l->in.flat) {
        return err_set(e, ERR_SQL, "22023",
                       "wants a list of numbers, its input is an image of "
                       "%ux%ux%u; put 'flatten' before it",
                       l->in.c, l->in.h, l->in.w);
    }
    l->out = (struct shape){.h = 1, .w = 1, .c = l->words.units, .flat = true};
    l->weights = (size_t)l->words.units * l->in.c;
    l->biases = l->words.units;
    return true;
}

static bool dense_ready(struct layer *l, const struct learn_kernels *k, struct arena *a,
                        struct err *e) {
    uint32_t *at = ARENA_ARRAY(a, at, LAYER_SPARE_ROWS);
    if (!at) return err_memory(e);
    for (uint32_t i = 0; i < LAYER_SPARE_ROWS; i++) at[i] = i * l->in.c;
    l->at = at;
    l->packed = l->words.units > FEW_UNITS ? k->packed_size(l->words.units, l->in.c) : 0;
    l->spare_bytes = windows_spare_bytes(LAYER_SPARE_ROWS, l->words.units);
    return true;
}

static void dense_pack(const struct layer *l, const struct learn_kernels *k, const real *param,
                       real *packed) {
    if (l->packed > 0) k->pack(param, param + l->weights, l->words.units, l->in.c, packed);
}

static struct windows windows_of(const struct layer *l, const struct layer_pass *p) {
    return (struct windows){
        .x = p->x, .at = l->at, .count = p->rows, .runs = 1, .run = l->in.c, .pitch = l->in.c};
}

static void dense_forward(const struct layer *l, const struct layer_pass *p) {
    struct windows w = windows_of(l, p);
    if (l->packed > 0) {
        p->kernels->forward(&w, p->packed, l->words.units, p->y);
    } else {
        p->kernels->dots(&w, p->param, p->param + l->weights, l->words.units, p->y);
    }
}

static void dense_backward(const struct layer *l, const struct layer_pass *p) {
    struct windows_back b = {.kernels = p->kernels,
                             .w = windows_of(l, p),
                             .units = l->words.units,
                             .weight = p->param,
                             .dy = p->dy,
                             .grad = p->grad,
                             .dx = p->dx,
                             .spare = p->spare};
    if (p->dx) memset(p->dx, 0, (size_t)p->rows * l->in.c * sizeof *p->dx);
    windows_backward(&b);
}

static uint64_t dense_flops(const struct layer *l) {
    return 2 * (uint64_t)l->weights;
}

/* ONNX flattens channels first, we last: behind an image the inputs are in another order. */
static void dense_export(const struct layer *l, const struct layer_export *x) {
    struct shape s = x->unrolled;
    struct onnx_tensor weight = {
        .layer = l->place, .name = "weight", .dim = {l->words.units, l->in.c}, .rank = 2};
    const struct onnx_attribute transposed = onnx_int("transB", 1);
    size_t area = (size_t)s.h * s.w;
    for (size_t i = 0; i < l->weights; i++) {
        size_t unit = i / l->in.c, input = i % l->in.c, c = input / area, pixel = input % area;
        onnx_tensor_add(&weight, (float)x->param[unit * l->in.c + pixel * s.c + c]);
    }
    onnx_tensor_end(x->graph, &weight);
    layer_export_bias(l, x);
    onnx_node(x->graph, &(struct onnx_node){.op = "Gemm",
                                            .layer = l->place,
                                            .in = x->in,
                                            .out = x->out,
                                            .tensors = "weight bias",
                                            .attribute = &transposed,
                                            .attributes = 1});
}

const struct layer_type layer_dense = {
    .word = "dense",
    .usage = "dense N",
    .doc = "N sums of all inputs, each with weights and a bias of its own",
    .parse = dense_parse,
    .shape = dense_shape,
    .ready = dense_ready,
    .init = layer_init_he,
    .pack = dense_pack,
    .forward = dense_forward,
    .backward = dense_backward,
    .flops = dense_flops,
    .export_onnx = dense_export,
};
