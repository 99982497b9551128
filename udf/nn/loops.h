/* loops.h: loops: the inner loops of layers over float32, compiled for each level of x86-64.
 *
 * No set gives the same bits as another; each is within a few units in the last place of the true
 * value (exp, tanh and what is made of them: 1e-6 relative).
 *
 * Used by: udf/nn/layer_*.c.    Tested by: tests/unit/udf/net_loops_test.c
 */
#ifndef UDF_NN_LOOPS_H
#define UDF_NN_LOOPS_H

#include <stddef.h>
#include <stdint.h>

/* y[i] = f(x[i]); two parameters:  id  name  f of x, p and q */
#define LOOP_UNARY_LIST(X)                                                                         \
    X(RELU, relu, x > 0 ? x : 0)                                                                   \
    X(LEAKY_RELU, leaky_relu, x >= 0 ? x : p * x)                                                  \
    X(CLIP, clip, least(most(x, p), q))                                                            \
    X(SCALE, scale, x *p + q)                                                                      \
    X(ABS, abs, absolute(x))                                                                       \
    X(NEG, neg, -x)                                                                                \
    X(SQRT, sqrt, root(x))                                                                         \
    X(RECIPROCAL, reciprocal, 1 / x)                                                               \
    X(FLOOR, floor, round_down(x))                                                                 \
    X(CEIL, ceil, -round_down(-x))                                                                 \
    X(EXP, exp, exponential(x))                                                                    \
    X(SIGMOID, sigmoid, logistic(x))                                                               \
    X(SILU, silu, x *logistic(x))                                                                  \
    X(TANH, tanh, hyperbolic(x))                                                                   \
    X(ELU, elu, x >= 0 ? x : p * exponential_less_1(x))                                            \
    X(SELU, selu, q *(x >= 0 ? x : p * exponential_less_1(x)))                                     \
    X(HARD_SIGMOID, hard_sigmoid, least(most(p *x + q, 0), 1))                                     \
    X(HARD_SWISH, hard_swish, x *least(most(p *x + q, 0), 1))

/* y[i] = f(a[i], b[i]):  id  name  f of x and y */
#define LOOP_BINARY_LIST(X)                                                                        \
    X(ADD, add, x + y)                                                                             \
    X(SUB, sub, x - y)                                                                             \
    X(MUL, mul, x *y)                                                                              \
    X(DIV, div, x / y)                                                                             \
    X(MIN, min, x < y || x != x ? x : y)                                                           \
    X(MAX, max, x > y || x != x ? x : y)                                                           \
    X(PRELU, prelu, x < 0 ? x * y : x)

#define X(ID, name, value) LOOP_##ID,
enum loop_unary { LOOP_UNARY_LIST(X) LOOP_UNARY_COUNT };
enum loop_binary { LOOP_BINARY_LIST(X) LOOP_BINARY_COUNT };
#undef X

/* y[c][r] = x[r][c]; strides are elements between rows. */
struct loop_plane {
    size_t rows, cols; /* of x */
    const float *x;
    size_t x_stride;
    float *y;
    size_t y_stride;
};

/* y may be x (a, b) itself, and else must not overlap it. */
struct loops {
    void (*unary[LOOP_UNARY_COUNT])(size_t n, const float *x, float *y, float p, float q);

    /* A step is 1, or 0: the same element for all. */
    void (*binary[LOOP_BINARY_COUNT])(size_t n, const float *a, size_t a_step, const float *b,
                                      size_t b_step, float *y);

    float (*sum)(size_t n, const float *x);
    float (*sum_squares)(size_t n, const float *x, float less); /* of x - less */
    float (*max)(size_t n, const float *x);                     /* -infinity for none; NaN if any */
    float (*exp_sum)(size_t n, const float *x, float less,
                     float *y); /* y = exp(x - less): its sum */
    void (*add_scaled)(size_t n, const float *x, float by, float *y); /* y += x * by */
    void (*transpose)(const struct loop_plane *p);
};

extern const struct loops loops_v2, loops_v3, loops_v4;

/* The best set that this machine can run. */
const struct loops *loops_best(void);

#endif
