/* What passes make of a network computes the same; several rows at once are the rows one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

#include "tests/unit/udf/net_probe.h"
#include "udf/nn/graph.h"
#include "udf/nn/layer.h"
#include "udf/nn/net_private.h"

enum { IMAGES_MAX = 40 };

/* A random network of image operators: each node takes images that are there. */
struct drawing {
    struct random *random;
    struct arena arena;
    struct onnx_writer w;
    struct net_shape image[IMAGES_MAX]; /* of value "v<i>" */
    uint32_t images;
    uint32_t constants;
    bool per_image; /* only what keeps rows apart */
};

static uint64_t below(struct drawing *d, uint64_t n) {
    return random_below(d->random, n);
}

static char *name_of(struct drawing *d, char kind, uint32_t i) {
    char *name = arena_alloc(&d->arena, 16);
    assert_non_null(name);
    snprintf(name, 16, "%c%u", kind, i);
    return name;
}

static char *constant(struct drawing *d, const struct net_shape *s, double least, double most) {
    struct tensor t = {.type = NET_F32, .shape = *s};
    float *at = arena_zalloc(&d->arena, shape_elements(s) + 1, sizeof *at);
    assert_non_null(at);
    for (size_t i = 0; i < shape_elements(s); i++) {
        at[i] = (float)(least + (most - least) * (double)below(d, 1000) / 1000);
    }
    t.at = at;
    char *name = name_of(d, 'c', d->constants++);
    onnx_write_constant(&d->w, name, &t);
    return name;
}

static char *constant_ints(struct drawing *d, const int64_t *at, uint32_t count) {
    struct tensor t = {.type = NET_I64, .shape = {.rank = 1, .dim = {count}}};
    t.at = arena_copy(&d->arena, at, count * sizeof *at);
    assert_non_null(t.at);
    char *name = name_of(d, 'c', d->constants++);
    onnx_write_constant(&d->w, name, &t);
    return name;
}

static uint32_t any_image(struct drawing *d) {
    uint32_t from = d->images > 4 && below(d, 4) ? d->images - 4 : 0;
    return from + (uint32_t)below(d, d->images - from);
}

static void node(struct drawing *d, const char *op, const char *const *in, uint32_t ins,
                 const struct net_shape *out) {
    char list[128] = "";
    size_t at = 0;
    for (uint32_t i = 0; i < ins; i++) {
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i > 0 ? " " : "", in[i]);
    }
    assert_true(at < sizeof list && d->images < IMAGES_MAX);
    onnx_write_node(&d->w, op, list, name_of(d, 'v', d->images));
    d->image[d->images++] = *out;
}

static void draw_conv(struct drawing *d) {
    uint32_t x = any_image(d);
    struct net_shape s = d->image[x], out = s;
    int64_t k = 1 + 2 * (int64_t)below(d, 2), pads[4] = {k / 2, k / 2, k / 2, k / 2};
    bool depthwise = below(d, 3) == 0;
    int64_t group = depthwise ? s.dim[1] : 1;
    out.dim[1] = depthwise ? s.dim[1] : 1 + (int64_t)below(d, 20);
    struct net_shape sw = {4, {out.dim[1], s.dim[1] / group, k, k}}, sb = {1, {out.dim[1]}};
    const char *in[] = {name_of(d, 'v', x), constant(d, &sw, -0.5, 0.5), constant(d, &sb, -1, 1)};
    node(d, "Conv", in, below(d, 2) ? 3 : 2, &out);
    onnx_write_ints(&d->w, "pads", pads, 4);
    onnx_write_int(&d->w, "group", group);
}

static void draw_normal(struct drawing *d) {
    uint32_t x = d->images - 1;
    struct net_shape s = d->image[x], c = {1, {s.dim[1]}};
    const char *in[] = {name_of(d, 'v', x), constant(d, &c, 0.5, 1.5), constant(d, &c, -1, 1),
                        constant(d, &c, -1, 1), constant(d, &c, 0.5, 2)};
    node(d, "BatchNormalization", in, 5, &s);
}

static void draw_act(struct drawing *d) {
    static const char *const acts[] = {"Relu",      "LeakyRelu", "Sigmoid", "HardSigmoid",
                                       "HardSwish", "Tanh",      "Elu"};
    uint32_t x = below(d, 3) ? d->images - 1 : any_image(d);
    const char *in[] = {name_of(d, 'v', x)};
    node(d, acts[below(d, COUNT_OF(acts))], in, 1, &d->image[x]);
}

static void draw_swish(struct drawing *d) {
    uint32_t x = d->images - 1;
    const char *in[] = {name_of(d, 'v', x), name_of(d, 'v', d->images)};
    node(d, below(d, 2) ? "Sigmoid" : "HardSigmoid", in, 1, &d->image[x]);
    node(d, "Mul", in, 2, &d->image[x]);
}

static void draw_arithmetic(struct drawing *d) {
    static const char *const ops[] = {"Add", "Sub", "Mul", "Div"};
    uint32_t x = below(d, 2) ? d->images - 1 : any_image(d);
    struct net_shape s = d->image[x], forms[] = {{0, {0}},
                                                 {3, {s.dim[1], 1, 1}},
                                                 {4, {1, s.dim[1], 1, 1}},
                                                 {2, {s.dim[2], s.dim[3]}},
                                                 {4, {1, 1, s.dim[2], 1}}};
    const char *in[] = {name_of(d, 'v', x), constant(d, &forms[below(d, COUNT_OF(forms))], 0.5, 2)};
    const char *swapped[] = {in[1], in[0]};
    uint64_t op = below(d, COUNT_OF(ops));
    node(d, ops[op], op < 3 && below(d, 3) == 0 ? swapped : in, 2, &s);
}

/* Two images of one shape are added or joined; without another, the image with itself. */
static void draw_two(struct drawing *d) {
    uint32_t x = d->images - 1, y = x;
    for (uint32_t i = 0; i < d->images; i++) {
        if (shape_equal(&d->image[i], &d->image[x]) && below(d, 2)) y = i;
    }
    struct net_shape out = d->image[x];
    const char *in[] = {name_of(d, 'v', x), name_of(d, 'v', y)};
    if (below(d, 3)) {
        node(d, below(d, 2) ? "Add" : "Mul", in, 2, &out);
        return;
    }
    out.dim[1] *= 2;
    if (out.dim[1] > 64) return;
    node(d, "Concat", in, 2, &out);
    onnx_write_int(&d->w, "axis", below(d, 2) ? 1 : -3);
}

static void draw_pool(struct drawing *d) {
    static const int64_t two[] = {2, 2};
    uint32_t x = any_image(d);
    struct net_shape out = d->image[x];
    const char *in[] = {name_of(d, 'v', x)};
    if (out.dim[2] < 2 || out.dim[3] < 2) return;
    out.dim[2] = (out.dim[2] - 2) / 2 + 1;
    out.dim[3] = (out.dim[3] - 2) / 2 + 1;
    node(d, below(d, 2) ? "MaxPool" : "AveragePool", in, 1, &out);
    onnx_write_ints(&d->w, "kernel_shape", two, 2);
    onnx_write_ints(&d->w, "strides", two, 2);
}

static void draw_resize(struct drawing *d) {
    uint32_t x = any_image(d);
    struct net_shape out = d->image[x];
    if (out.dim[2] > 8 || out.dim[3] > 8) return;
    out.dim[2] *= 2;
    out.dim[3] *= 2;
    const char *in[] = {name_of(d, 'v', x), "-", "-", constant_ints(d, out.dim, 4)};
    node(d, "Resize", in, 4, &out);
    onnx_write_text(&d->w, "mode", below(d, 2) ? "nearest" : "linear");
}

static void draw_reduce(struct drawing *d) {
    uint32_t x = any_image(d);
    static const int64_t axes[] = {2, 3};
    struct net_shape out = d->image[x];
    const char *in[] = {name_of(d, 'v', x)};
    out.dim[2] = out.dim[3] = 1;
    node(d, "ReduceMean", in, 1, &out);
    onnx_write_ints(&d->w, "axes", axes, 2);
}

static void draw_softmax(struct drawing *d) {
    uint32_t x = any_image(d);
    const char *in[] = {name_of(d, 'v', x)};
    node(d, "Softmax", in, 1, &d->image[x]);
    onnx_write_int(&d->w, "axis", 1 + (int64_t)below(d, 3));
}

static void draw_pad_and_slice(struct drawing *d) {
    uint32_t x = any_image(d);
    struct net_shape out = d->image[x];
    int64_t pads[8] = {0, 1, 0, 2, 0, 0, 1, 0}, one[] = {1}, axis[] = {below(d, 2) ? 1 : -1};
    out.dim[1] += 1;
    out.dim[2] += 1;
    out.dim[3] += 2;
    const char *in[] = {name_of(d, 'v', x), constant_ints(d, pads, 8)};
    node(d, "Pad", in, 2, &out);
    int64_t end[] = {INT64_MAX};
    const char *cut[] = {name_of(d, 'v', d->images - 1), constant_ints(d, one, 1),
                         constant_ints(d, end, 1), constant_ints(d, axis, 1)};
    out.dim[axis[0] < 0 ? 3 : 1] -= 1;
    node(d, "Slice", cut, 4, &out);
}

/* To channels last and back, as exporters from other frameworks do. */
static void draw_transposes(struct drawing *d) {
    static const int64_t there[] = {0, 2, 3, 1}, back[] = {0, 3, 1, 2};
    uint32_t x = any_image(d);
    struct net_shape s = d->image[x], turned = {4, {s.dim[0], s.dim[2], s.dim[3], s.dim[1]}};
    const char *in[] = {name_of(d, 'v', x)}, *again[] = {name_of(d, 'v', d->images)};
    node(d, "Transpose", in, 1, &turned);
    onnx_write_ints(&d->w, "perm", there, 4);
    if (below(d, 3) == 0) return; /* it stays so: what follows takes width for channels */
    node(d, "Transpose", again, 1, &s);
    onnx_write_ints(&d->w, "perm", back, 4);
}

typedef void draw(struct drawing *d);
static draw *const draws[] = {draw_conv,   draw_conv,    draw_conv,          draw_normal,
                              draw_act,    draw_act,     draw_swish,         draw_arithmetic,
                              draw_two,    draw_two,     draw_pool,          draw_resize,
                              draw_reduce, draw_softmax, draw_pad_and_slice, draw_transposes};

static void drawing_make(struct drawing *d, struct random *r) {
    *d = (struct drawing){.random = r, .images = 1};
    arena_init(&d->arena, 0);
    onnx_writer_init(&d->w, 14);
    d->image[0] = (struct net_shape){
        4, {1, 1 + (int64_t)below(d, 8), 3 + (int64_t)below(d, 9), 3 + (int64_t)below(d, 9)}};
    onnx_write_input(&d->w, "v0", NET_F32, &d->image[0]);
    uint64_t nodes = 3 + below(d, 12);
    while (nodes-- > 0 && d->images + 3 < IMAGES_MAX) draws[below(d, COUNT_OF(draws))](d);
    if (d->images == 1) draw_conv(d);
    onnx_write_output(&d->w, name_of(d, 'v', d->images - 1));
    if (below(d, 3) == 0) onnx_write_output(&d->w, name_of(d, 'v', any_image(d)));
}

static void drawing_done(struct drawing *d) {
    onnx_writer_done(&d->w);
    arena_done(&d->arena);
}

struct running {
    struct net *net;
    struct net_run *run;
    struct net_tensor out[2];
};

static void running_start(struct running *r, struct text file, bool plain) {
    struct err e = {0};
    r->net = net_load_with(file, &(struct net_options){.plain = plain}, &e);
    if (!r->net) print_message("%s %s\n", e.sqlstate, e.message);
    assert_non_null(r->net);
    r->run = net_run_create(r->net, &e);
    assert_non_null(r->run);
}

static void running_go(struct running *r, const struct net_tensor *in) {
    struct err e = {0};
    bool good = net_run(r->run, in, r->out, &e);
    if (!good) print_message("%s %s\n", e.sqlstate, e.message);
    assert_true(good);
}

static void running_end(struct running *r) {
    net_run_destroy(r->run);
    net_destroy(r->net);
}

/* Rows [from, from + n's rows) of `all` are `one`, within what sums in another order allow. */
static void same_rows(const struct net_tensor *all, const struct net_tensor *one, size_t row,
                      double scale) {
    size_t n = shape_elements(&one->shape);
    const float *x = (const float *)all->at + row * n, *y = one->at;
    for (size_t i = 0; i < n; i++) {
        if (x[i] == y[i] || (isnan(x[i]) && isnan(y[i]))) continue;
        if (fabs((double)(x[i] - y[i])) <= 1e-3 * scale + 1e-3 * fabs((double)y[i])) continue;
        print_message("element %zu of row %zu: %g, not %g\n", i, row, (double)x[i], (double)y[i]);
        fail();
    }
}

/* How large the output is: what a difference is measured by. */
static double size_of(const struct net_tensor *t) {
    double sum = 0;
    const float *x = t->at;
    size_t n = shape_elements(&t->shape);
    for (size_t i = 0; i < n; i++) {
        if (isfinite(x[i])) sum += fabs((double)x[i]);
    }
    return n > 0 ? sum / (double)n : 0;
}

static float *random_input(struct drawing *d, int64_t rows) {
    size_t n = shape_elements(&d->image[0]) * (size_t)rows;
    float *x = arena_zalloc(&d->arena, n, sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++) x[i] = (float)below(d, 2000) / 1000 - 1;
    return x;
}

static void passes_change_no_result(void **unused) {
    (void)unused;
    struct random r = random_start("passes");
    for (uint32_t i = 0; i < random_rounds(150); i++) {
        struct drawing d;
        struct running plain, fused;
        uint64_t seed = r.state;
        drawing_make(&d, &r);
        struct text file = onnx_write_file(&d.w);
        running_start(&plain, file, true);
        running_start(&fused, file, false);
        struct net_tensor in = {.type = NET_F32, .shape = d.image[0], .at = random_input(&d, 1)};
        running_go(&plain, &in);
        running_go(&fused, &in);
        for (uint32_t k = 0; k < net_outputs(plain.net); k++) {
            if (!shape_equal(&plain.out[k].shape, &fused.out[k].shape)) {
                print_message("round %u state %llu\n", i, (unsigned long long)seed);
            }
            assert_true(shape_equal(&plain.out[k].shape, &fused.out[k].shape));
            same_rows(&fused.out[k], &plain.out[k], 0, size_of(&plain.out[k]));
        }
        running_end(&plain);
        running_end(&fused);
        drawing_done(&d);
    }
}

static void batches_are_rows_one_by_one(void **unused) {
    (void)unused;
    struct random r = random_start("batches");
    uint32_t batching = 0;
    for (uint32_t i = 0; i < random_rounds(80); i++) {
        struct drawing d;
        struct running one, all;
        drawing_make(&d, &r);
        struct text file = onnx_write_file(&d.w);
        running_start(&one, file, i & 1);
        running_start(&all, file, i & 2);
        int64_t rows = 1 + (int64_t)below(&d, 6);
        float *x = random_input(&d, rows);
        struct net_tensor in = {.type = NET_F32, .shape = d.image[0], .at = x};
        in.shape.dim[0] = rows;
        assert_true(net_batches(one.net) == net_batches(all.net));
        batching += net_batches(one.net);
        if (net_batches(one.net)) running_go(&all, &in);
        in.shape.dim[0] = 1;
        for (int64_t row = 0; row < rows && net_batches(one.net); row++) {
            in.at = x + (size_t)row * shape_elements(&d.image[0]);
            running_go(&one, &in);
            for (uint32_t k = 0; k < net_outputs(one.net); k++) {
                assert_int_equal(all.out[k].shape.dim[0], rows);
                same_rows(&all.out[k], &one.out[k], (size_t)row, size_of(&one.out[k]));
            }
        }
        running_end(&one);
        running_end(&all);
        drawing_done(&d);
    }
    assert_true(batching * 10 >
                random_rounds(80) * 9); /* all of these operators carry rows along */
}

/* A chain becomes one node: nothing is left to do between. */
static void chains_become_one_node(void **unused) {
    (void)unused;
    struct random r = random_start("chains");
    struct drawing d = {.random = &r, .images = 1};
    arena_init(&d.arena, 0);
    onnx_writer_init(&d.w, 14);
    d.image[0] = (struct net_shape){4, {1, 8, 6, 6}};
    onnx_write_input(&d.w, "v0", NET_F32, &d.image[0]);
    draw_conv(&d);
    draw_normal(&d);
    draw_swish(&d);
    onnx_write_output(&d.w, name_of(&d, 'v', d.images - 1));
    struct running n;
    running_start(&n, onnx_write_file(&d.w), false);
    struct net_facts f;
    net_facts(n.net, &f);
    assert_int_equal(f.layers, 3); /* to channels last, the convolution, and back */
    running_end(&n);
    drawing_done(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_change_no_result),
        cmocka_unit_test(batches_are_rows_one_by_one),
        cmocka_unit_test(chains_become_one_node),
    };
    return cmocka_run_group_tests(tests, probe_setup, probe_teardown);
}
