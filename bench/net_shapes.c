/* net_shapes.c: see net_shapes.h. */
#include "bench/net_shapes.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/udf/onnx_write.h"

/* A network as it is written: values are named "v<number>". */
struct writing {
    struct onnx_writer w;
    uint32_t values, constants;
    uint32_t random;
};

static float draw(struct writing *s) {
    s->random = s->random * 1664525 + 1013904223;
    return (float)(s->random >> 8) / 8388608 - 1;
}

/* A constant of numbers around `middle`, as far as `reach`; its name in `name`. */
static void constant(struct writing *s, const struct net_shape *shape, float middle, float reach,
                     char name[16]) {
    size_t n = shape_elements(shape);
    float *at = malloc(n * sizeof *at);
    assert(at);
    for (size_t i = 0; i < n; i++) at[i] = middle + reach * draw(s);
    const struct tensor t = {.type = NET_F32, .shape = *shape, .at = at};
    snprintf(name, 16, "c%u", s->constants++);
    onnx_write_constant(&s->w, name, &t);
    free(at);
}

/* A node of one or two values; the number of what it gives. */
static uint32_t node(struct writing *s, const char *op, uint32_t a, uint32_t b, const char *rest) {
    char in[128], out[16];
    int n = b == UINT32_MAX ? snprintf(in, sizeof in, "v%u%s", a, rest)
                            : snprintf(in, sizeof in, "v%u v%u%s", a, b, rest);
    assert(n > 0 && (size_t)n < sizeof in);
    snprintf(out, sizeof out, "v%u", ++s->values);
    onnx_write_node(&s->w, op, in, out);
    return s->values;
}

struct shape_of_conv {
    int64_t in, out, kernel, stride, group;
};

/* Convolution and BatchNormalization. */
static uint32_t conv(struct writing *s, uint32_t x, const struct shape_of_conv *c) {
    char k[16], n[4][16], rest[80];
    int64_t pad = c->kernel / 2, pads[4] = {pad, pad, pad, pad},
            strides[2] = {c->stride, c->stride};
    struct net_shape weights = {4, {c->out, c->in / c->group, c->kernel, c->kernel}};
    struct net_shape channels = {1, {c->out}};
    float fan = (float)(c->in / c->group * c->kernel * c->kernel);
    constant(s, &weights, 0, sqrtf(3 / fan), k);
    for (int i = 0; i < 4; i++) {
        constant(s, &channels, i == 0 || i == 3 ? 1 : 0, i == 0 || i == 3 ? 0.1F : 0.05F, n[i]);
    }
    snprintf(rest, sizeof rest, " %s", k);
    x = node(s, "Conv", x, UINT32_MAX, rest);
    onnx_write_ints(&s->w, "pads", pads, 4);
    onnx_write_ints(&s->w, "strides", strides, 2);
    onnx_write_int(&s->w, "group", c->group);
    snprintf(rest, sizeof rest, " %s %s %s %s", n[0], n[1], n[2], n[3]);
    return node(s, "BatchNormalization", x, UINT32_MAX, rest);
}

static uint32_t relu(struct writing *s, uint32_t x) {
    return node(s, "Relu", x, UINT32_MAX, "");
}

static uint32_t relu6(struct writing *s, uint32_t x) {
    return node(s, "Clip", x, UINT32_MAX, " zero six");
}

static void classes(struct writing *s, uint32_t x, int64_t channels) {
    char k[16], b[16], rest[40];
    x = node(s, "GlobalAveragePool", x, UINT32_MAX, "");
    x = node(s, "Flatten", x, UINT32_MAX, "");
    constant(s, &(struct net_shape){2, {1000, channels}}, 0, 0.05F, k);
    constant(s, &(struct net_shape){1, {1000}}, 0, 0.05F, b);
    snprintf(rest, sizeof rest, " %s %s", k, b);
    x = node(s, "Gemm", x, UINT32_MAX, rest);
    onnx_write_int(&s->w, "transB", 1);
    char name[16];
    snprintf(name, sizeof name, "v%u", x);
    onnx_write_output(&s->w, name);
}

static uint32_t resnet_block(struct writing *s, uint32_t x, int64_t in, int64_t out,
                             int64_t stride) {
    uint32_t y = relu(s, conv(s, x, &(struct shape_of_conv){in, out, 3, stride, 1}));
    y = conv(s, y, &(struct shape_of_conv){out, out, 3, 1, 1});
    if (stride != 1) x = conv(s, x, &(struct shape_of_conv){in, out, 1, stride, 1});
    return relu(s, node(s, "Add", y, x, ""));
}

static void resnet18(struct writing *s) {
    static const int64_t three[] = {3, 3}, two[] = {2, 2}, ones[] = {1, 1, 1, 1};
    uint32_t x = relu(s, conv(s, 0, &(struct shape_of_conv){3, 64, 7, 2, 1}));
    x = node(s, "MaxPool", x, UINT32_MAX, "");
    onnx_write_ints(&s->w, "kernel_shape", three, 2);
    onnx_write_ints(&s->w, "strides", two, 2);
    onnx_write_ints(&s->w, "pads", ones, 4);
    for (int64_t stage = 0, in = 64; stage < 4; stage++) {
        int64_t out = 64 << stage;
        x = resnet_block(s, x, in, out, stage == 0 ? 1 : 2);
        x = resnet_block(s, x, out, out, 1);
        in = out;
    }
    classes(s, x, 512);
}

static uint32_t mobile_block(struct writing *s, uint32_t x, const struct shape_of_conv *c,
                             int64_t times) {
    int64_t wide = c->in * times;
    uint32_t y = x;
    if (times > 1) y = relu6(s, conv(s, y, &(struct shape_of_conv){c->in, wide, 1, 1, 1}));
    y = relu6(s, conv(s, y, &(struct shape_of_conv){wide, wide, 3, c->stride, wide}));
    y = conv(s, y, &(struct shape_of_conv){wide, c->out, 1, 1, 1});
    bool same = c->stride == 1 && c->in == c->out;
    return same ? node(s, "Add", y, x, "") : y;
}

static void mobilenet_v2(struct writing *s) {
    static const int64_t stages[][4] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                                        {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
    const struct net_shape scalar = {0, {0}};
    static float limits[] = {0, 6};
    onnx_write_constant(&s->w, "zero", &(struct tensor){NET_F32, scalar, &limits[0]});
    onnx_write_constant(&s->w, "six", &(struct tensor){NET_F32, scalar, &limits[1]});
    uint32_t x = relu6(s, conv(s, 0, &(struct shape_of_conv){3, 32, 3, 2, 1}));
    int64_t in = 32;
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        for (int64_t k = 0; k < stages[i][2]; k++) {
            const struct shape_of_conv c = {in, stages[i][1], 3, k == 0 ? stages[i][3] : 1, 1};
            x = mobile_block(s, x, &c, stages[i][0]);
            in = c.out;
        }
    }
    x = relu6(s, conv(s, x, &(struct shape_of_conv){in, 1280, 1, 1, 1}));
    classes(s, x, 1280);
}

static bool file_write(const char *folder, const char *name, void (*make)(struct writing *)) {
    struct writing s = {.random = 7};
    char path[1000];
    int n = snprintf(path, sizeof path, "%s/%s.onnx", folder, name);
    if (n < 0 || (size_t)n >= sizeof path) return false;
    onnx_writer_init(&s.w, 13);
    onnx_write_input(&s.w, "v0", NET_F32, &(struct net_shape){4, {NET_DIM_FREE, 3, 224, 224}});
    make(&s);
    struct text t = onnx_write_file(&s.w);
    FILE *f = fopen(path, "wb");
    bool good = f && fwrite(t.at, 1, t.bytes, f) == t.bytes;
    if (f) good &= fclose(f) == 0;
    onnx_writer_done(&s.w);
    return good;
}

bool net_shapes_write(const char *folder) {
    return file_write(folder, "resnet18", resnet18) &&
           file_write(folder, "mobilenet_v2", mobilenet_v2);
}
