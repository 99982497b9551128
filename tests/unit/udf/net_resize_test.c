/* Resize: pixels stand where each coordinate rule says, and weigh what each mode says; the numbers
 * of the definition's own examples come out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

#include "tests/unit/udf/net_probe.h"

enum { PLACES = 5, ROUNDS = 4 };
static const char *const places[PLACES] = {"half_pixel", "pytorch_half_pixel", "align_corners",
                                           "asymmetric", "half_pixel_symmetric"};
static const char *const rounds[ROUNDS] = {"round_prefer_floor", "round_prefer_ceil", "floor",
                                           "ceil"};

struct axis {
    int64_t in, out;
    double scale;
};

/* Scales are float32, and what they give is too: 3 / 0.6 is 5. */
static double place(uint32_t which, const struct axis *a, double i) {
    double length = a->scale * (double)a->in;
    double center = (double)a->in / 2 * (1 - (double)a->out / length);
    double half = (double)(float)((i + 0.5) / a->scale) - 0.5;
    const double at[PLACES] = {
        half,
        a->out > 1 ? half : 0,
        length == 1 ? 0 : i * ((double)a->in - 1) / (length - 1),
        i / a->scale,
        center + half,
    };
    return (double)(float)at[which];
}

static size_t inside(double at, int64_t n) {
    return at < 0 ? 0 : at > (double)(n - 1) ? (size_t)(n - 1) : (size_t)at;
}

static double nearest(uint32_t how, double at) {
    const double to[ROUNDS] = {ceil(at - 0.5), floor(at + 0.5), floor(at), ceil(at)};
    return to[how];
}

static double cubic(double x) {
    const double a = -0.75;
    x = fabs(x);
    if (x <= 1) return (a + 2) * x * x * x - (a + 3) * x * x + 1;
    return x < 2 ? a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a : 0;
}

struct resize_case {
    uint32_t place, round, mode; /* mode: nearest, linear, cubic */
    bool exclude;
    struct axis axis[2];
};

static double weight(const struct resize_case *c, double distance) {
    return c->mode == 2 ? cubic(distance) : fmax(0, 1 - fabs(distance));
}

/* A resized pixel of a line of pixels. */
static double line(const struct resize_case *c, const struct axis *a, double at, const double *x) {
    if (c->mode == 0) return x[inside(nearest(c->round, at), a->in)];
    double sum = 0, weights = 0;
    for (double k = floor(at) - 2; k <= floor(at) + 3; k++) {
        bool out = k < 0 || k > (double)a->in - 1;
        double w = out && c->exclude ? 0 : weight(c, at - k);
        sum += w * x[inside(k, a->in)];
        weights += w;
    }
    return c->exclude ? sum / weights : sum;
}

/* One plane: first along the columns, then along the rows. */
static void resized(const struct resize_case *c, const struct tensor *x, size_t plane, double *y) {
    const struct axis *h = &c->axis[0], *v = &c->axis[1];
    double rows[48 * 16], column[16];
    for (int64_t n = 0; n < h->out * v->in; n++) {
        for (int64_t k = 0; k < h->in; k++) {
            int64_t at = ((int64_t)plane * h->in + k) * v->in + n % v->in;
            column[k] = probe_at(x, (size_t)at);
        }
        rows[n] = line(c, h, place(c->place, h, (double)(n / v->in)), column);
    }
    for (int64_t n = 0; n < h->out * v->out; n++) {
        double at = place(c->place, v, (double)(n % v->out));
        y[n] = line(c, v, at, rows + n / v->out * v->in);
    }
}

static void resize_is_as_defined(void **unused) {
    (void)unused;
    static const char *const modes[] = {"nearest", "linear", "cubic"};
    static const float scales[] = {0.5F, 0.6F, 0.7F, 1, 1.3F, 2, 2.5F, 3};
    struct random r = random_start("resize");
    for (uint32_t i = 0; i < random_rounds(90); i++) {
        struct probe p;
        struct resize_case c = {.place = i % PLACES, .round = i / PLACES % ROUNDS};
        bool by_size = random_below(&r, 2);
        float scale[4] = {1, 1, 0, 0};
        int64_t size[4] = {2, 2, 0, 0};
        c.mode = (uint32_t)random_below(&r, 3);
        c.exclude = c.mode == 2 && random_below(&r, 2);
        for (uint32_t d = 0; d < 2; d++) {
            struct axis *a = &c.axis[d];
            a->in = 2 + (int64_t)random_below(&r, 12);
            scale[2 + d] = scales[random_below(&r, COUNT_OF(scales))];
            size[2 + d] = 1 + (int64_t)random_below(&r, 20);
            a->scale = by_size ? (double)size[2 + d] / (double)a->in : (double)scale[2 + d];
            a->out = by_size ? size[2 + d] : (int64_t)floorf(scale[2 + d] * (float)a->in);
        }
        probe_init(&p, &r, 19);
        struct net_shape sx = probe_shape(4, 2, 2, (int)c.axis[0].in, (int)c.axis[1].in);
        struct net_shape sy = probe_shape(4, 2, 2, (int)c.axis[0].out, (int)c.axis[1].out);
        struct net_shape four = probe_shape(1, 4);
        const struct tensor *x = probe_random(&p, "x", &sx, -1, 1);
        if (by_size)
            memcpy(probe_value(&p, "n", NET_I64, &four)->at, size, sizeof size);
        else
            memcpy(probe_value(&p, "n", NET_F32, &four)->at, scale, sizeof scale);
        struct probe_wanted w = probe_wanted(&p, "y", NET_F32, &sy);
        size_t plane = (size_t)(c.axis[0].out * c.axis[1].out);
        for (size_t k = 0; k < 4; k++) resized(&c, x, k, w.at + k * plane);
        onnx_write_node(&p.w, "Resize", by_size ? "x - - n" : "x - n", "y");
        onnx_write_text(&p.w, "mode", modes[c.mode]);
        onnx_write_text(&p.w, "coordinate_transformation_mode", places[c.place]);
        onnx_write_text(&p.w, "nearest_mode", rounds[c.round]);
        onnx_write_int(&p.w, "exclude_outside", c.exclude);
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

/* Written out in the definition's examples. */
static void check_example(struct probe *p, const float *scale, const double *wanted,
                          const struct net_shape *out) {
    struct net_shape four = probe_shape(1, 4);
    memcpy(probe_value(p, "n", NET_F32, &four)->at, scale, 4 * sizeof *scale);
    struct probe_wanted w = probe_wanted(p, "y", NET_F32, out);
    memcpy(w.at, wanted, shape_elements(out) * sizeof *wanted);
    p->absolute = 1e-5;
    probe_check(p, &w, 1);
    probe_done(p);
}

static void numbers(struct probe *p, struct random *r, uint32_t opset, int rows, int cols) {
    struct net_shape s = probe_shape(4, 1, 1, rows, cols);
    probe_init(p, r, opset);
    float *x = probe_value(p, "x", NET_F32, &s)->at;
    for (int i = 0; i < rows * cols; i++) x[i] = (float)(i + 1);
}

static void examples_come_out(void **unused) {
    (void)unused;
    struct random r = random_start("examples");
    struct probe p;
    static const float down[] = {1, 1, 0.6F, 0.6F};
    static const double antialiased[] = {2.875, 4.5, 9.375, 11};
    numbers(&p, &r, 18, 4, 4);
    onnx_write_node(&p.w, "Resize", "x - n", "y");
    onnx_write_text(&p.w, "mode", "linear");
    onnx_write_int(&p.w, "antialias", 1);
    check_example(&p, down, antialiased, &(struct net_shape){4, {1, 1, 2, 2}});

    static const double cornered[] = {1, 3.142857};
    numbers(&p, &r, 18, 2, 4);
    onnx_write_node(&p.w, "Resize", "x - n", "y");
    onnx_write_text(&p.w, "mode", "linear");
    onnx_write_text(&p.w, "coordinate_transformation_mode", "align_corners");
    check_example(&p, down, cornered, &(struct net_shape){4, {1, 1, 1, 2}});

    static const float up[] = {1, 1, 2, 3};
    static const double nearest_up[] = {1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2,
                                        3, 3, 3, 4, 4, 4, 3, 3, 3, 4, 4, 4};
    for (int old = 0; old < 2; old++) {
        numbers(&p, &r, old ? 9 : 10, 2, 2);
        onnx_write_node(&p.w, old ? "Upsample" : "Resize", "x n", "y");
        onnx_write_text(&p.w, "mode", "nearest");
        check_example(&p, up, nearest_up, &(struct net_shape){4, {1, 1, 4, 6}});
    }
}

/* A pixel between two is the same one whether scales or sizes say how much an axis grows, and
 * 10 * 1.3 pixels are 13. */
static void borders_are_met(void **unused) {
    (void)unused;
    static const struct {
        int64_t in, out, pixel, from; /* the pixel is the from-th one, but for a rounding */
        float scale;                  /* 0: by size */
        const char *place, *round;
    } cases[] = {
        {7, 4, 3, 5, 0.6F, "asymmetric", "floor"},
        {24, 28, 17, 14, 0, "half_pixel", "round_prefer_floor"},
        {20, 24, 9, 8, 0, "asymmetric", "round_prefer_ceil"},
        {13, 14, 13, 12, 0, "align_corners", "floor"},
        {10, 13, 12, 9, 1.3F, "asymmetric", "floor"},
        {14, 4, 0, 1, 1 / 3.0F, "half_pixel", "floor"},
    };
    struct random r = random_start("borders");
    for (uint32_t i = 0; i < COUNT_OF(cases); i++) {
        struct probe p;
        struct net_shape in = {1, {cases[i].in}}, one = probe_shape(1, 1);
        probe_init(&p, &r, 13);
        float *x = probe_value(&p, "x", NET_F32, &in)->at;
        x[cases[i].from] = 1;
        bool by_size = cases[i].scale == 0;
        if (by_size)
            *(int64_t *)probe_value(&p, "n", NET_I64, &one)->at = cases[i].out;
        else
            *(float *)probe_value(&p, "n", NET_F32, &one)->at = cases[i].scale;
        onnx_write_node(&p.w, "Resize", by_size ? "x - - n" : "x - n", "a");
        onnx_write_text(&p.w, "coordinate_transformation_mode", cases[i].place);
        onnx_write_text(&p.w, "nearest_mode", cases[i].round);
        probe_ints(&p, "i", &cases[i].pixel, 1);
        onnx_write_node(&p.w, "Gather", "a i", "y");
        struct probe_wanted w = probe_wanted(&p, "y", NET_F32, &one);
        w.at[0] = 1;
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

/* Opset 10 takes the pixel before where an axis grows, the one behind where it shrinks. */
static void old_nearest_goes_outwards(void **unused) {
    (void)unused;
    struct random r = random_start("old");
    static const struct {
        float scale[4];
        int64_t columns;
        double wanted[12];
    } cases[] = {
        {{1, 1, 1, 0.6F}, 2, {1, 3, 5, 7}},
        {{1, 1, 1, 1.5F}, 6, {1, 1, 2, 3, 3, 4, 5, 5, 6, 7, 7, 8}},
    };
    for (uint32_t i = 0; i < COUNT_OF(cases); i++) {
        struct probe p;
        numbers(&p, &r, 10, 2, 4);
        onnx_write_node(&p.w, "Resize", "x n", "y");
        check_example(&p, cases[i].scale, cases[i].wanted,
                      &(struct net_shape){4, {1, 1, 2, cases[i].columns}});
    }
}

/* Only some axes; no side larger (smaller) than asked for, all by one scale. */
static void axes_and_aspect(void **unused) {
    (void)unused;
    struct random r = random_start("aspect");
    static const struct {
        const char *policy;
        int64_t out[2];
    } cases[] = {{"stretch", {7, 8}}, {"not_larger", {4, 8}}, {"not_smaller", {7, 14}}};
    for (uint32_t i = 0; i < COUNT_OF(cases); i++) {
        struct probe p;
        static const int64_t size[] = {8, 7}, axes[] = {3, 2};
        numbers(&p, &r, 18, 2, 4);
        probe_ints(&p, "n", size, 2);
        struct net_shape out = {4, {1, 1, cases[i].out[0], cases[i].out[1]}};
        struct probe_wanted w = probe_wanted(&p, "y", NET_F32, &out);
        double sv = i == 1 ? 2 : i == 2 ? 3.5 : 2, sh = i == 1 ? 2 : 3.5;
        for (size_t k = 0; k < shape_elements(&out); k++) {
            double at_h = ((double)probe_index(&out, k, 2) + 0.5) / sh - 0.5;
            double at_v = ((double)probe_index(&out, k, 3) + 0.5) / sv - 0.5;
            w.at[k] = (double)(inside(nearest(0, at_h), 2) * 4 + inside(nearest(0, at_v), 4) + 1);
        }
        onnx_write_node(&p.w, "Resize", "x - - n", "y");
        onnx_write_ints(&p.w, "axes", axes, 2);
        onnx_write_text(&p.w, "keep_aspect_ratio_policy", cases[i].policy);
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

/* A part of the image; outside of it the value given. */
static void crop_and_resize(void **unused) {
    (void)unused;
    struct random r = random_start("crop");
    struct probe p;
    static const float roi[] = {0, 0, 0, 0.5F, 1, 1, 1, 1.5F};
    static const int64_t size[] = {1, 1, 2, 3};
    numbers(&p, &r, 18, 2, 5);
    struct net_shape eight = probe_shape(1, 8), out = {4, {1, 1, 2, 3}};
    memcpy(probe_value(&p, "roi", NET_F32, &eight)->at, roi, sizeof roi);
    probe_ints(&p, "n", size, 4);
    struct probe_wanted w = probe_wanted(&p, "y", NET_F32, &out);
    static const double wanted[] = {3, 5, -9, 8, 10, -9};
    memcpy(w.at, wanted, sizeof wanted);
    onnx_write_node(&p.w, "Resize", "x roi - n", "y");
    onnx_write_text(&p.w, "mode", "linear");
    onnx_write_text(&p.w, "coordinate_transformation_mode", "tf_crop_and_resize");
    onnx_write_float(&p.w, "extrapolation_value", -9);
    probe_check(&p, &w, 1);
    probe_done(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resize_is_as_defined), cmocka_unit_test(examples_come_out),
        cmocka_unit_test(borders_are_met),      cmocka_unit_test(old_nearest_goes_outwards),
        cmocka_unit_test(axes_and_aspect),      cmocka_unit_test(crop_and_resize),
    };
    return cmocka_run_group_tests(tests, probe_setup, probe_teardown);
}
