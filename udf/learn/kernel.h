/* kernel: the loops that learning spends its time in, one set per instruction set.
 *
 * A layer with weights sees its input as windows: a window is `runs` stretches of `run` numbers,
 * `pitch` numbers apart, that starts at an offset. A convolution over NHWC images has one window a
 * place of its output (runs: the kernel's height, run: its width times the channels); a dense layer
 * has one window a row (one run: all of it). Weights are [units][runs * run].
 *
 * forward() gives every unit's product with every window. Backwards everything is a sum of scaled
 * stretches, sum(): what a unit's weights get is the sum of the windows, scaled by the unit's
 * gradients; what a window gets is the sum of the units' weights, scaled by the same. Gradients
 * that are 0 are left out of the lists, and behind a max-pooling of 2x2 that is at least three of
 * four.
 *
 * Results depend on the set (the width of vectors), not on threads.
 *
 * Used by: udf/learn.    Tested by: tests/unit/udf/learn_kernel_test.c
 */
#ifndef UDF_LEARN_KERNEL_H
#define UDF_LEARN_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "udf/learn/real.h"

enum { KERNEL_SHORT_SPARE = 512 };

struct windows {
    const real *x;
    const uint32_t *at; /* [count] where each begins in x */
    uint32_t count;
    uint32_t runs, run, pitch;
};

/* Scaled stretches: source[at[i] ..] * scale[i]. */
struct terms {
    const real *source;
    const uint32_t *at;
    const real *scale;
    uint32_t count;
};

/* An index as wide as a real, so that both go through vectors side by side. */
#ifdef LEARN_DOUBLE
typedef int64_t kernel_index;
#else
typedef int32_t kernel_index;
#endif

/* Pooling of one image: `places` windows of `pixels` pixels of `channels` numbers. */
struct pool {
    const real *x;
    const uint32_t *at;    /* [places] where a window begins */
    const uint32_t *pixel; /* [pixels] from there */
    uint32_t places, pixels, channels;
    kernel_index *which; /* [places][channels] the pixel that was largest */
};

/* What an optimizer does to `count` parameters with their gradients. */
struct update {
    real *param;
    const real *grad;
    real *first, *second; /* moments; NULL where the optimizer has none */
    size_t count;
    real rate, decay;  /* decay: of L2, added to the gradient as decay * param */
    real momentum;     /* sgd */
    real scale;        /* of the gradient: clipping */
    real beta1, beta2; /* adam */
    real bias1, bias2; /* adam: 1 / (1 - beta^steps) */
};

struct learn_kernels {
    const char *name; /* "v2", "v3", "v4" */

    /* Numbers that packed weights of `units` units with windows of `n` take. */
    size_t (*packed_size)(uint32_t units, uint32_t n);
    /* weight[units][n], bias[units] as forward() wants them. */
    void (*pack)(const real *weight, const real *bias, uint32_t units, uint32_t n, real *packed);
    /* y[count][units] = bias + weight * window */
    void (*forward)(const struct windows *w, const real *packed, uint32_t units, real *y);

    /* The same for units few and not packed: weight[units][runs * run], bias[units]; one run. */
    void (*dots)(const struct windows *w, const real *weight, const real *bias, uint32_t units,
                 real *y);

    /* to[n] += the sum of the terms, in order */
    void (*sum)(const struct terms *t, uint32_t n, real *to);
    /* The same as sum() for windows shorter than a vector: grad[units][runs * run] += the sum over
     * windows of dy[window][unit] * window. `spare` holds KERNEL_SHORT_SPARE numbers. */
    void (*sum_short)(const struct windows *w, const real *dy, uint32_t units, real *spare,
                      real *grad);
    /* Where x is not 0: its index and value; returns how many. */
    uint32_t (*nonzero)(const real *x, uint32_t n, uint32_t *index, real *value);

    void (*pool_max)(const struct pool *p, real *y);                       /* and which */
    void (*pool_max_back)(const struct pool *p, const real *dy, real *dx); /* adds to dx */
    void (*add)(size_t n, const real *x, real *to);
    void (*relu)(size_t n, const real *x, real *y);
    void (*relu_back)(size_t n, const real *y, const real *dy, real *dx);
    double (*squares)(size_t n, const real *x); /* the sum of their squares, in doubles */

    /* In doubles: a sum of products; to += scale * x. */
    double (*dot64)(uint32_t n, const double *a, const double *b);
    void (*add64)(uint32_t n, double scale, const double *x, double *to);
    /* distance[count]: of x[n] to each of examples [count][n], the sum of squared differences. */
    void (*distances)(const struct windows *examples, const real *x, real *distance);

    void (*sgd)(const struct update *u);
    void (*adam)(const struct update *u);
    void (*adagrad)(const struct update *u);
};

extern const struct learn_kernels learn_kernels_v2, learn_kernels_v3, learn_kernels_v4;

/* The set for the machine that runs this. */
const struct learn_kernels *learn_kernels_best(void);

#endif
