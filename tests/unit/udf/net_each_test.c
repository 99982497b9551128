/* Operators that go element by element give what their definition says, with any broadcasting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

#include "tests/unit/udf/net_probe.h"

/* Of one input:  operator  opset  least and most of inputs  value of x */
#define UNARY_LIST(X)                                                                              \
    X("Relu", 14, -3, 3, x > 0 ? x : 0)                                                            \
    X("LeakyRelu", 16, -3, 3, x >= 0 ? x : (double)0.01F * x)                                      \
    X("Elu", 6 + 1, -6, 3, x >= 0 ? x : expm1(x))                                                  \
    X("Selu", 7, -6, 3, 1.0507009873 * (x >= 0 ? x : 1.6732632423 * expm1(x)))                     \
    X("Sigmoid", 13, -90, 90, 1 / (1 + exp(-x)))                                                   \
    X("HardSigmoid", 7, -6, 6, fmin(fmax(0.2 * x + 0.5, 0), 1))                                    \
    X("HardSwish", 14, -6, 6, x *fmin(fmax(x / 6 + 0.5, 0), 1))                                    \
    X("Tanh", 13, -20, 20, tanh(x))                                                                \
    X("Exp", 13, -100, 80, exp(x))                                                                 \
    X("Sqrt", 13, 0, 100, sqrt(x))                                                                 \
    X("Log", 13, 1e-6, 100, log(x))                                                                \
    X("Abs", 13, -3, 3, fabs(x))                                                                   \
    X("Neg", 13, -3, 3, -x)                                                                        \
    X("Floor", 13, -30, 30, floor(x))                                                              \
    X("Ceil", 13, -30, 30, ceil(x))                                                                \
    X("Reciprocal", 13, 0.1, 30, 1 / x)                                                            \
    X("Softplus", 7, -30, 60, log1p(exp(x)))                                                       \
    X("Mish", 18, -20, 20, x *tanh(log1p(exp(x))))                                                 \
    X("Erf", 13, -5, 5, erf(x))                                                                    \
    X("Round", 11, -30, 30, rint(x))                                                               \
    X("Gelu", 20, -5, 5, 0.5 * x * (1 + erf(x / sqrt(2))))

struct unary {
    const char *op;
    uint32_t opset;
    double least, most;
};

enum { UNARIES = 21 };

#define X(op, opset, least, most, value) value,
static double unary_value(uint32_t which, double x) {
    const double values[UNARIES] = {UNARY_LIST(X)};
    return values[which];
}
#undef X

static void unary_is_as_defined(void **unused) {
    (void)unused;
#define X(op, opset, least, most, value) {op, opset, least, most},
    static const struct unary unary[UNARIES] = {UNARY_LIST(X)};
#undef X
    struct random r = random_start("unary");
    for (uint32_t i = 0; i < UNARIES * random_rounds(2); i++) {
        const struct unary *u = &unary[i % UNARIES];
        struct probe p;
        probe_init(&p, &r, u->opset);
        struct net_shape s = probe_shape_random(&r, (uint32_t)random_below(&r, 5), 9);
        const struct tensor *x = probe_random(&p, "x", &s, u->least, u->most);
        struct probe_wanted w = probe_wanted(&p, "y", NET_F32, &s);
        for (size_t k = 0; k < shape_elements(&s); k++) {
            w.at[k] = unary_value(i % UNARIES, probe_at(x, k));
        }
        onnx_write_node(&p.w, u->op, "x", "y");
        p.relative = 3e-6;
        p.absolute = 1e-6;
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

/* Element i of `out` is made of this element of `in`. */
static size_t source(const struct net_shape *out, const struct net_shape *in, size_t i) {
    size_t at = 0;
    for (uint32_t d = 0; d < in->rank; d++) {
        size_t index = probe_index(out, i, out->rank - in->rank + d);
        at = at * (size_t)in->dim[d] + (in->dim[d] == 1 ? 0 : index);
    }
    return at;
}

/* A shape that broadcasts with `s`: some dimensions 1, some in front left out. */
static struct net_shape shrunk(struct random *r, const struct net_shape *s) {
    uint32_t from = (uint32_t)random_below(r, s->rank + 1);
    struct net_shape out = shape_of(s->rank - from, s->dim + from);
    for (uint32_t d = 0; d < out.rank; d++) {
        if (random_below(r, 3) == 0) out.dim[d] = 1;
    }
    return out;
}

enum { BINARIES = 9 };
static const char *const binaries[BINARIES] = {"Add",   "Sub",   "Mul",  "Div",    "Pow",
                                               "PRelu", "Equal", "Less", "Greater"};

static double binary_value(uint32_t which, double x, double y) {
    const double values[BINARIES] = {x + y,  x - y,    x * y, x / y, pow(x, y), x < 0 ? x * y : x,
                                     x == y, x<y, x> y};
    return values[which];
}

static void fill_integers(struct random *r, const struct tensor *t, int64_t least, uint64_t count) {
    for (size_t i = 0; i < shape_elements(&t->shape); i++) {
        int64_t v = least + (int64_t)random_below(r, count);
        if (t->type == NET_I64) ((int64_t *)t->at)[i] = v;
        if (t->type == NET_I32) ((int32_t *)t->at)[i] = (int32_t)v;
        if (t->type == NET_I8) ((int8_t *)t->at)[i] = (int8_t)v;
        if (t->type == NET_U8) ((uint8_t *)t->at)[i] = (uint8_t)v;
        if (t->type == NET_F32) ((float *)t->at)[i] = (float)v;
        if (t->type == NET_BOOL) ((uint8_t *)t->at)[i] = v > least;
    }
}

static void binary_broadcasts(void **unused) {
    (void)unused;
    struct random r = random_start("binary");
    for (uint32_t i = 0; i < BINARIES * random_rounds(12); i++) {
        uint32_t which = i % BINARIES;
        static const enum net_type types[] = {NET_F32, NET_F32, NET_I64, NET_I32, NET_I8};
        enum net_type type = types[random_below(&r, COUNT_OF(types))];
        bool whole = type != NET_F32 || which >= 6;
        if (which == 5) type = NET_F32;
        struct probe p;
        probe_init(&p, &r, 16);
        struct net_shape full = probe_shape_random(&r, 1 + (uint32_t)random_below(&r, 4), 6);
        struct net_shape sx = which == 5 || random_below(&r, 2) ? full : shrunk(&r, &full);
        struct net_shape sy = shrunk(&r, &full), out = sx;
        assert_true(shape_broadcast(&out, &sy));
        struct tensor *x = probe_value(&p, "x", type, &sx), *y = probe_value(&p, "y", type, &sy);
        fill_integers(&r, x, which == 4 ? 1 : -4, 9);
        fill_integers(&r, y, which == 4 ? 0 : 1, 3);
        for (size_t k = 0; !whole && k < shape_elements(&sx); k++) ((float *)x->at)[k] += 0.3F;
        struct probe_wanted w = probe_wanted(&p, "z", which >= 6 ? NET_BOOL : type, &out);
        for (size_t k = 0; k < shape_elements(&out); k++) {
            double a = probe_at(x, source(&out, &sx, k)), b = probe_at(y, source(&out, &sy, k));
            w.at[k] = binary_value(which, a, b);
            if (type != NET_F32 && which == 3) w.at[k] = trunc(w.at[k]);
        }
        onnx_write_node(&p.w, binaries[which], "x y", "z");
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

static void variadic_goes_through_all(void **unused) {
    (void)unused;
    static const char *const ops[] = {"Max", "Min", "Sum", "Mean"};
    struct random r = random_start("variadic");
    for (uint32_t i = 0; i < 4 * random_rounds(6); i++) {
        struct probe p;
        probe_init(&p, &r, 13);
        struct net_shape full = probe_shape_random(&r, 3, 5), out = {0};
        uint32_t ins = 1 + (uint32_t)random_below(&r, 3);
        static const char *const names[] = {"a", "a b", "a b c"};
        const struct tensor *in[3];
        for (uint32_t k = 0; k < ins; k++) {
            const char name[2] = {(char)('a' + k), '\0'};
            struct net_shape s = shrunk(&r, &full);
            in[k] = probe_random(&p, name, &s, -2, 2);
            assert_true(shape_broadcast(&out, &s));
        }
        struct probe_wanted w = probe_wanted(&p, "z", NET_F32, &out);
        for (size_t k = 0; k < shape_elements(&out); k++) {
            double most = -INFINITY, least = INFINITY, sum = 0;
            for (uint32_t n = 0; n < ins; n++) {
                double v = probe_at(in[n], source(&out, &in[n]->shape, k));
                most = fmax(most, v);
                least = fmin(least, v);
                sum += v;
            }
            const double values[] = {most, least, sum, sum / ins};
            w.at[k] = values[i % 4];
        }
        onnx_write_node(&p.w, ops[i % 4], names[ins - 1], "z");
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

static void where_chooses(void **unused) {
    (void)unused;
    static const enum net_type types[] = {NET_F32, NET_I64, NET_U8};
    struct random r = random_start("where");
    for (uint32_t i = 0; i < random_rounds(12); i++) {
        struct probe p;
        probe_init(&p, &r, 16);
        enum net_type type = types[i % 3];
        struct net_shape full = probe_shape_random(&r, 3, 5), out = {0};
        struct net_shape s[3] = {shrunk(&r, &full), shrunk(&r, &full), shrunk(&r, &full)};
        struct tensor *c = probe_value(&p, "c", NET_BOOL, &s[0]);
        struct tensor *x = probe_value(&p, "x", type, &s[1]),
                      *y = probe_value(&p, "y", type, &s[2]);
        fill_integers(&r, c, 0, 2);
        fill_integers(&r, x, 0, 100);
        fill_integers(&r, y, 100, 100);
        for (int k = 0; k < 3; k++) assert_true(shape_broadcast(&out, &s[k]));
        struct probe_wanted w = probe_wanted(&p, "z", type, &out);
        for (size_t k = 0; k < shape_elements(&out); k++) {
            bool yes = probe_at(c, source(&out, &s[0], k)) != 0;
            w.at[k] =
                yes ? probe_at(x, source(&out, &s[1], k)) : probe_at(y, source(&out, &s[2], k));
        }
        onnx_write_node(&p.w, "Where", "c x y", "z");
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

/* Limits that are absent, as inputs (opset 11) and as attributes (opset 7). */
static void clip_has_any_limits(void **unused) {
    (void)unused;
    struct random r = random_start("clip");
    for (uint32_t i = 0; i < 8; i++) {
        struct probe p;
        bool least = i & 1, most = i & 2, old = i & 4;
        probe_init(&p, &r, old ? 7 : 13);
        struct net_shape s = probe_shape(2, 3, 37), scalar = probe_shape(0);
        const struct tensor *x = probe_random(&p, "x", &s, -3, 3);
        if (!old && least) *(float *)probe_value(&p, "lo", NET_F32, &scalar)->at = -1;
        if (!old && most) *(float *)probe_value(&p, "hi", NET_F32, &scalar)->at = 2;
        struct probe_wanted w = probe_wanted(&p, "y", NET_F32, &s);
        for (size_t k = 0; k < shape_elements(&s); k++) {
            double v = probe_at(x, k);
            if (least) v = fmax(v, -1);
            if (most) v = fmin(v, 2);
            w.at[k] = v;
        }
        const char *with[] = {"x", "x lo", "x - hi", "x lo hi"};
        onnx_write_node(&p.w, "Clip", old ? "x" : with[i & 3], "y");
        if (old && least) onnx_write_float(&p.w, "min", -1);
        if (old && most) onnx_write_float(&p.w, "max", 2);
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

static void cast_keeps_to_the_range(void **unused) {
    (void)unused;
    static const struct {
        int64_t onnx;
        enum net_type type;
        double least, most;
    } to[] = {{1, NET_F32, -INFINITY, INFINITY},
              {7, NET_I64, -0x1p63, 0x1p63},
              {6, NET_I32, INT32_MIN, INT32_MAX},
              {2, NET_U8, 0, 255},
              {3, NET_I8, -128, 127},
              {9, NET_BOOL, 0, 0},
              {11, NET_F32, -INFINITY, INFINITY}};
    struct random r = random_start("cast");
    for (uint32_t i = 0; i < COUNT_OF(to); i++) {
        struct probe p;
        probe_init(&p, &r, 13);
        static const float values[] = {0,    -0.0F, 1.9F, -1.9F, 127,  128,
                                       -128, -129,  255,  256,   3e9F, 0.4F};
        struct net_shape s = probe_shape(1, (int)COUNT_OF(values));
        struct tensor *x = probe_value(&p, "x", NET_F32, &s);
        memcpy(x->at, values, sizeof values);
        struct probe_wanted w = probe_wanted(&p, "y", to[i].type, &s);
        for (size_t k = 0; k < COUNT_OF(values); k++) {
            double v = (double)values[k];
            if (to[i].type != NET_F32) v = fmin(fmax(trunc(v), to[i].least), to[i].most);
            w.at[k] = to[i].type == NET_BOOL ? values[k] != 0 : v;
        }
        onnx_write_node(&p.w, "Cast", "x", "y");
        onnx_write_int(&p.w, "to", to[i].onnx);
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

static void wrong_ones_are_refused(void **unused) {
    (void)unused;
    struct random r = random_start("wrong");
    struct net_shape a = probe_shape(2, 2, 3), b = probe_shape(2, 2, 4);
    struct probe p;
    probe_init(&p, &r, 13);
    probe_random(&p, "x", &a, 0, 1);
    probe_random(&p, "y", &b, 0, 1);
    onnx_write_node(&p.w, "Add", "x y", "z");
    probe_fails(&p, "z", "node \"z\" (Add): shapes [2,3] and [2,4] do not broadcast");
    probe_done(&p);

    probe_init(&p, &r, 13);
    probe_value(&p, "x", NET_I64, &a);
    probe_value(&p, "y", NET_I64, &a);
    onnx_write_node(&p.w, "Div", "x y", "z");
    probe_fails(&p, "z", "division by zero");
    probe_done(&p);

    probe_init(&p, &r, 13);
    probe_value(&p, "x", NET_I64, &a);
    onnx_write_node(&p.w, "Sigmoid", "x", "z");
    probe_fails(&p, "z", "elements of type int64");
    probe_done(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unary_is_as_defined),       cmocka_unit_test(binary_broadcasts),
        cmocka_unit_test(variadic_goes_through_all), cmocka_unit_test(where_chooses),
        cmocka_unit_test(clip_has_any_limits),       cmocka_unit_test(cast_keeps_to_the_range),
        cmocka_unit_test(wrong_ones_are_refused),
    };
    return cmocka_run_group_tests(tests, probe_setup, probe_teardown);
}
