/* conv.h: conv: convolution of images with constant weights, on one thread.
 *
 * A conv_plan holds the weights packed for the instruction set of the machine, and the algorithm
 * that suits the shape; it is const after conv_create() and shared by threads. conv_run() allocates
 * nothing: each thread brings its scratch of conv_scratch_bytes().
 *
 * Images are NHWC float32: pixel (y, x) of image i starts at at[((i * h + y) * w + x) * stride],
 * where stride >= channels is the distance of two pixels in floats. So an input may be some
 * channels of a wider image, and an output may be written straight to its place in a concatenation.
 * A network's first convolution may take NCHW instead (planes without gaps, stride is ignored).
 *
 * What is computed:  y = post.after(post.before(x * weights + bias) + residual)
 * Sums of products are float32, fused multiply-adds where the machine has them, in an order that
 * depends on the plan alone: an image's result does not depend on the batch it came in nor on its
 * place there, and is the same on every run on machines with the same instruction set. Winograd's
 * algorithm (udf/nn/winograd.h) is less exact than the sum as defined, by about 10 times; the error
 * stays below 1e-5 of the sum of absolute products for random data.
 *
 * Lifetime: the plan is in the arena given; weights and bias are copied, act.slope is too.
 *
 * Uses: patch.h, act.h.    Used by: udf/nn layers, gemm.h.
 * Tested by: tests/unit/udf/conv_test.c    Measured by: bench/conv_bench.c
 */
#ifndef UDF_NN_CONV_H
#define UDF_NN_CONV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/attr.h"
#include "udf/nn/act.h"
#include "udf/nn/patch.h"

/* What happens to a sum before it is stored. */
struct conv_post {
    struct act before; /* of sum + bias */
    bool residual;     /* is there one? */
    struct act after;  /* after the residual was added */
};

enum conv_order { CONV_NHWC, CONV_NCHW };

struct conv_shape {
    uint32_t h, w, c_in; /* of the input */
    uint32_t c_out;
    uint32_t groups; /* > 0, divides c_in and c_out */
    struct patch patch;
    enum conv_order in_order;
};

/* How to compute; zeroed: as is best. */
struct conv_options {
    const struct nn_kernels *kernels; /* NULL: nn_kernels_best() */
    bool no_winograd;                 /* the sum as defined */
    uint32_t images;                  /* of a typical run; 0: 1. Winograd may pay for many only */
};

/* What a plan copies. */
struct conv_weights {
    const float *at;   /* [c_out][c_in / groups][kernel_h][kernel_w] */
    const float *bias; /* [c_out]; NULL: zeros */
};

struct conv_plan;

/* options may be NULL. The output must not be empty. NULL: no memory. */
struct conv_plan *conv_create(struct arena *a, const struct conv_shape *shape,
                              const struct conv_weights *weights, const struct conv_post *post,
                              const struct conv_options *options) MUST_USE;

/* Of the output. */
uint32_t conv_out_h(const struct conv_plan *p);
uint32_t conv_out_w(const struct conv_plan *p);

/* For any number of images; no alignment is asked for. */
size_t conv_scratch_bytes(const struct conv_plan *p);

/* "dense", "winograd 4", "depthwise" …, for EXPLAIN and benchmarks. */
const char *conv_algorithm(const struct conv_plan *p);

struct conv_io {
    uint32_t n; /* images */
    const float *in;
    size_t in_stride;      /* floats from pixel to pixel */
    const float *residual; /* [n][out_h][out_w][c_out]; where the plan has one */
    size_t residual_stride;
    float *out; /* may be `residual` itself with the same stride, else overlaps nothing */
    size_t out_stride;
    void *scratch;
};

void conv_run(const struct conv_plan *p, const struct conv_io *io);

#endif
