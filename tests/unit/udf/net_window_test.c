/* Convolutions and pools give what their definition says: any stride, dilation, padding, number of
 * groups and of spatial dimensions; fused or not, channels first or last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

#include "tests/unit/udf/net_probe.h"

enum { DIMS = 3 };

/* A window over `dims` spatial dimensions, the rest 1 in front. */
struct win {
    uint32_t dims;
    int64_t in[DIMS], out[DIMS], kernel[DIMS], stride[DIMS], dilation[DIMS], before[DIMS],
        after[DIMS];
};

static int64_t reach(const struct win *w, uint32_t k) {
    return (w->kernel[k] - 1) * w->dilation[k] + 1;
}

static struct win win_random(struct random *r, uint32_t dims, bool square) {
    struct win w = {.dims = dims};
    for (uint32_t k = 0; k < DIMS; k++) {
        w.in[k] = w.out[k] = w.kernel[k] = w.stride[k] = w.dilation[k] = 1;
        if (k < DIMS - dims) continue;
        do {
            w.in[k] = 1 + (int64_t)random_below(r, 12);
            w.kernel[k] = square ? 3 : 1 + (int64_t)random_below(r, 4);
            w.stride[k] = square ? 1 : 1 + (int64_t)random_below(r, 3);
            w.dilation[k] = square ? 1 : 1 + (int64_t)random_below(r, 2);
            w.before[k] = (int64_t)random_below(r, (uint64_t)w.kernel[k]);
            w.after[k] = (int64_t)random_below(r, (uint64_t)w.kernel[k]);
        } while (w.in[k] + w.before[k] + w.after[k] < reach(&w, k));
        w.out[k] = (w.in[k] + w.before[k] + w.after[k] - reach(&w, k)) / w.stride[k] + 1;
    }
    return w;
}

/* [n][channels][spatial] */
static struct net_shape image(const struct win *w, const int64_t *size, int64_t n, int64_t c) {
    struct net_shape s = {.rank = 2 + w->dims, .dim = {n, c}};
    for (uint32_t d = 0; d < w->dims; d++) s.dim[2 + d] = size[DIMS - w->dims + d];
    return s;
}

static void write_window(struct probe *p, const struct win *w, bool kernel) {
    uint32_t from = DIMS - w->dims;
    int64_t pads[2 * DIMS];
    memcpy(pads, w->before + from, w->dims * sizeof *pads);
    memcpy(pads + w->dims, w->after + from, w->dims * sizeof *pads);
    if (kernel) onnx_write_ints(&p->w, "kernel_shape", w->kernel + from, w->dims);
    onnx_write_ints(&p->w, "strides", w->stride + from, w->dims);
    onnx_write_ints(&p->w, "dilations", w->dilation + from, w->dims);
    onnx_write_ints(&p->w, "pads", pads, 2 * w->dims);
}

static size_t pixels(const int64_t *size) {
    return (size_t)(size[0] * size[1] * size[2]);
}

static void split(size_t i, const int64_t *size, int64_t *at) {
    for (uint32_t k = DIMS; k-- > 0;) {
        at[k] = (int64_t)(i % (size_t)size[k]);
        i /= (size_t)size[k];
    }
}

/* The input pixel under tap `tap` of output pixel `out`; -1: in the padding. */
static int64_t under(const struct win *w, size_t out, size_t tap) {
    int64_t o[DIMS], t[DIMS], at = 0;
    split(out, w->out, o);
    split(tap, w->kernel, t);
    for (uint32_t k = 0; k < DIMS; k++) {
        int64_t i = o[k] * w->stride[k] - w->before[k] + t[k] * w->dilation[k];
        if (i < 0 || i >= w->in[k]) return -1;
        at = at * w->in[k] + i;
    }
    return at;
}

struct conv_case {
    struct win w;
    size_t n, group, group_in, group_out;
};

static void conv_wanted(const struct conv_case *c, const struct tensor *x, const struct tensor *k,
                        const struct tensor *b, double *y) {
    size_t out = pixels(c->w.out), in = pixels(c->w.in), taps = pixels(c->w.kernel);
    size_t channels = c->group * c->group_out;
    for (size_t i = 0; i < c->n * channels * out; i++) {
        size_t image_of = i / (channels * out), m = i / out % channels, g = m / c->group_out;
        double sum = b ? probe_at(b, m) : 0;
        for (size_t j = 0; j < c->group_in * taps; j++) {
            int64_t at = under(&c->w, i % out, j % taps);
            size_t plane = (image_of * c->group + g) * c->group_in + j / taps;
            if (at >= 0)
                sum +=
                    probe_at(x, plane * in + (size_t)at) * probe_at(k, m * c->group_in * taps + j);
        }
        y[i] = sum;
    }
}

static void conv_case_random(struct random *r, struct conv_case *c, uint32_t i) {
    *c = (struct conv_case){.w = win_random(r, 1 + i % 3, i % 5 == 1), .n = 1 + random_below(r, 2)};
    c->group = 1 + random_below(r, 3);
    c->group_in = 1 + random_below(r, 5);
    c->group_out = 1 + random_below(r, 5);
    if (i % 7 == 1) { /* depthwise */
        c->group = 1 + random_below(r, 40);
        c->group_in = c->group_out = 1;
    }
    if (i % 5 == 1) { /* Winograd's */
        c->group = 1;
        c->group_in = 16 + random_below(r, 9);
        c->group_out = 16 + random_below(r, 9);
    }
}

static void conv_is_as_defined(void **unused) {
    (void)unused;
    struct random r = random_start("conv");
    for (uint32_t i = 0; i < random_rounds(45); i++) {
        struct conv_case c;
        struct probe p;
        conv_case_random(&r, &c, i);
        probe_init(&p, &r, 11);
        int64_t channels = (int64_t)(c.group * c.group_out);
        struct net_shape sx = image(&c.w, c.w.in, (int64_t)c.n, (int64_t)(c.group * c.group_in));
        struct net_shape sk = image(&c.w, c.w.kernel, channels, (int64_t)c.group_in);
        struct net_shape sb = probe_shape(1, (int)channels),
                         sy = image(&c.w, c.w.out, (int64_t)c.n, channels);
        bool bias = random_below(&r, 2);
        const struct tensor *x = probe_random(&p, "x", &sx, -1, 1), *b = NULL;
        const struct tensor *k = probe_random(&p, "k", &sk, -1, 1);
        if (bias) b = probe_random(&p, "b", &sb, -1, 1);
        struct probe_wanted w = probe_wanted(&p, "y", NET_F32, &sy);
        conv_wanted(&c, x, k, b, w.at);
        onnx_write_node(&p.w, "Conv", bias ? "x k b" : "x k", "y");
        write_window(&p, &c.w, random_below(&r, 2));
        onnx_write_int(&p.w, "group", (int64_t)c.group);
        p.absolute = 2e-4;
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

/* Conv spelled out in reverse: each input pixel adds to the output. */
static void transposed_wanted(const struct conv_case *c, const struct tensor *x,
                              const struct tensor *k, double *y) {
    /* c->w describes the convolution from y back to x: its "out" is x. */
    size_t out = pixels(c->w.in), in = pixels(c->w.out), taps = pixels(c->w.kernel);
    for (size_t i = 0; i < c->n * c->group * c->group_in * in; i++) {
        size_t g = i / in / c->group_in % c->group, image_of = i / in / c->group_in / c->group;
        for (size_t j = 0; j < c->group_out * taps; j++) {
            int64_t at = under(&c->w, i % in, j % taps);
            size_t plane = (image_of * c->group + g) * c->group_out + j / taps;
            size_t weight = i / in % (c->group * c->group_in) * c->group_out * taps + j;
            if (at >= 0) y[plane * out + (size_t)at] += probe_at(x, i) * probe_at(k, weight);
        }
    }
}

static void conv_transpose_is_conv_backwards(void **unused) {
    (void)unused;
    struct random r = random_start("conv_transpose");
    for (uint32_t i = 0; i < random_rounds(20); i++) {
        struct conv_case c = {.w = win_random(&r, 1 + i % 3, false), .n = 1 + random_below(&r, 2)};
        struct probe p;
        c.group = 1 + random_below(&r, 3);
        c.group_in = 1 + random_below(&r, 3);
        c.group_out = 1 + random_below(&r, 3);
        probe_init(&p, &r, 11);
        int64_t more[DIMS];
        for (uint32_t k = 0; k < DIMS; k++) {
            more[k] = c.w.in[k] - ((c.w.out[k] - 1) * c.w.stride[k] + reach(&c.w, k) -
                                   c.w.before[k] - c.w.after[k]);
        }
        struct net_shape sx = image(&c.w, c.w.out, (int64_t)c.n, (int64_t)(c.group * c.group_in));
        struct net_shape sk =
            image(&c.w, c.w.kernel, (int64_t)(c.group * c.group_in), (int64_t)c.group_out);
        struct net_shape sy = image(&c.w, c.w.in, (int64_t)c.n, (int64_t)(c.group * c.group_out));
        const struct tensor *x = probe_random(&p, "x", &sx, -1, 1),
                            *k = probe_random(&p, "k", &sk, -1, 1);
        struct probe_wanted w = probe_wanted(&p, "y", NET_F32, &sy);
        transposed_wanted(&c, x, k, w.at);
        onnx_write_node(&p.w, "ConvTranspose", "x k", "y");
        write_window(&p, &c.w, true);
        onnx_write_ints(&p.w, "output_padding", more + DIMS - c.w.dims, c.w.dims);
        onnx_write_int(&p.w, "group", (int64_t)c.group);
        p.absolute = 1e-4;
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

struct pool_case {
    struct win w;
    bool mean, count_pads;
};

static double pool_wanted(const struct pool_case *c, const struct tensor *x, size_t plane,
                          size_t out) {
    double most = -INFINITY, sum = 0, taps = 0;
    int64_t o[DIMS], t[DIMS];
    split(out, c->w.out, o);
    for (size_t tap = 0; tap < pixels(c->w.kernel); tap++) {
        bool padded = true; /* inside the padded image */
        split(tap, c->w.kernel, t);
        for (uint32_t k = 0; k < DIMS; k++) {
            padded &= o[k] * c->w.stride[k] + t[k] * c->w.dilation[k] <
                      c->w.before[k] + c->w.in[k] + c->w.after[k];
        }
        int64_t at = under(&c->w, out, tap);
        if (at >= 0) {
            double v = probe_at(x, plane * pixels(c->w.in) + (size_t)at);
            most = fmax(most, v);
            sum += v;
        }
        taps += at >= 0 || (c->count_pads && padded);
    }
    return c->mean ? (taps > 0 ? sum / taps : 0) : most;
}

static void pool_is_as_defined(void **unused) {
    (void)unused;
    struct random r = random_start("pool");
    for (uint32_t i = 0; i < random_rounds(45); i++) {
        struct pool_case c = {.w = win_random(&r, 1 + i % 3, false), .mean = i & 1};
        struct probe p;
        c.count_pads = c.mean && random_below(&r, 2);
        bool ceil_mode = random_below(&r, 2);
        for (uint32_t k = DIMS - c.w.dims; ceil_mode && k < DIMS; k++) {
            int64_t room = c.w.in[k] + c.w.before[k] + c.w.after[k] - reach(&c.w, k);
            c.w.out[k] = (room + c.w.stride[k] - 1) / c.w.stride[k] + 1;
            if ((c.w.out[k] - 1) * c.w.stride[k] >= c.w.in[k] + c.w.before[k]) c.w.out[k]--;
        }
        probe_init(&p, &r, 19);
        struct net_shape sx = image(&c.w, c.w.in, 2, 3), sy = image(&c.w, c.w.out, 2, 3);
        const struct tensor *x = probe_random(&p, "x", &sx, -1, 1);
        struct probe_wanted w = probe_wanted(&p, "y", NET_F32, &sy);
        for (size_t k = 0; k < shape_elements(&sy); k++) {
            w.at[k] = pool_wanted(&c, x, k / pixels(c.w.out), k % pixels(c.w.out));
        }
        onnx_write_node(&p.w, c.mean ? "AveragePool" : "MaxPool", "x", "y");
        write_window(&p, &c.w, true);
        onnx_write_int(&p.w, "ceil_mode", ceil_mode);
        if (c.mean) onnx_write_int(&p.w, "count_include_pad", c.count_pads);
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

/* SAME: as many outputs as strides fit; the odd padding behind or in front. */
static void same_padding_is_shared_out(void **unused) {
    (void)unused;
    struct random r = random_start("same");
    for (uint32_t i = 0; i < random_rounds(16); i++) {
        struct pool_case c = {.w = win_random(&r, 1 + i % 3, false)};
        bool upper = i & 1;
        for (uint32_t k = DIMS - c.w.dims; k < DIMS; k++) {
            c.w.out[k] = (c.w.in[k] + c.w.stride[k] - 1) / c.w.stride[k];
            int64_t pads = (c.w.out[k] - 1) * c.w.stride[k] + reach(&c.w, k) - c.w.in[k];
            if (pads < 0) pads = 0;
            c.w.before[k] = upper ? pads / 2 : pads - pads / 2;
            c.w.after[k] = pads - c.w.before[k];
        }
        struct probe p;
        probe_init(&p, &r, 12);
        struct net_shape sx = image(&c.w, c.w.in, 1, 2), sy = image(&c.w, c.w.out, 1, 2);
        const struct tensor *x = probe_random(&p, "x", &sx, -1, 1);
        struct probe_wanted w = probe_wanted(&p, "y", NET_F32, &sy);
        for (size_t k = 0; k < shape_elements(&sy); k++) {
            w.at[k] = pool_wanted(&c, x, k / pixels(c.w.out), k % pixels(c.w.out));
        }
        uint32_t from = DIMS - c.w.dims;
        onnx_write_node(&p.w, "MaxPool", "x", "y");
        onnx_write_ints(&p.w, "kernel_shape", c.w.kernel + from, c.w.dims);
        onnx_write_ints(&p.w, "strides", c.w.stride + from, c.w.dims);
        onnx_write_ints(&p.w, "dilations", c.w.dilation + from, c.w.dims);
        onnx_write_text(&p.w, "auto_pad", upper ? "SAME_UPPER" : "SAME_LOWER");
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

static void global_pool_takes_all(void **unused) {
    (void)unused;
    struct random r = random_start("global");
    for (uint32_t i = 0; i < 8; i++) {
        struct probe p;
        probe_init(&p, &r, 12);
        struct net_shape sx = probe_shape_random(&r, 3 + i % 3, 5), sy = sx;
        for (uint32_t d = 2; d < sy.rank; d++) sy.dim[d] = 1;
        const struct tensor *x = probe_random(&p, "x", &sx, -1, 1);
        struct probe_wanted w = probe_wanted(&p, "y", NET_F32, &sy);
        size_t n = shape_span(&sx, 2, sx.rank);
        for (size_t k = 0; k < shape_elements(&sy); k++) {
            double sum = 0, most = -INFINITY;
            for (size_t j = 0; j < n; j++) {
                sum += probe_at(x, k * n + j);
                most = fmax(most, probe_at(x, k * n + j));
            }
            w.at[k] = i & 1 ? most : sum / (double)n;
        }
        onnx_write_node(&p.w, i & 1 ? "GlobalMaxPool" : "GlobalAveragePool", "x", "y");
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

/* The second output of MaxPool: where in the input, row-major or column-major. */
static void max_pool_says_where(void **unused) {
    (void)unused;
    struct random r = random_start("where");
    for (int64_t order = 0; order < 2; order++) {
        struct probe p;
        probe_init(&p, &r, 12);
        struct net_shape sx = probe_shape(4, 2, 2, 4, 6), sy = probe_shape(4, 2, 2, 2, 3);
        const struct tensor *x = probe_random(&p, "x", &sx, -1, 1);
        struct probe_wanted w[2] = {probe_wanted(&p, "y", NET_F32, &sy),
                                    probe_wanted(&p, "i", NET_I64, &sy)};
        for (size_t k = 0; k < shape_elements(&sy); k++) {
            size_t plane = k / 6, row = k / 3 % 2 * 2, col = k % 3 * 2;
            w[0].at[k] = -INFINITY;
            for (size_t j = 0; j < 4; j++) {
                size_t h = row + j / 2, v = col + j % 2;
                double value = probe_at(x, plane * 24 + h * 6 + v);
                if (value <= w[0].at[k]) continue;
                w[0].at[k] = value;
                w[1].at[k] = (double)(plane * 24 + (order ? v * 4 + h : h * 6 + v));
            }
        }
        static const int64_t two[] = {2, 2};
        onnx_write_node(&p.w, "MaxPool", "x", "y i");
        onnx_write_ints(&p.w, "kernel_shape", two, 2);
        onnx_write_ints(&p.w, "strides", two, 2);
        onnx_write_int(&p.w, "storage_order", order);
        probe_check(&p, w, 2);
        probe_done(&p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conv_is_as_defined),    cmocka_unit_test(conv_transpose_is_conv_backwards),
        cmocka_unit_test(pool_is_as_defined),    cmocka_unit_test(same_padding_is_shared_out),
        cmocka_unit_test(global_pool_takes_all), cmocka_unit_test(max_pool_says_where),
    };
    return cmocka_run_group_tests(tests, probe_setup, probe_teardown);
}
