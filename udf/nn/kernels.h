/* kernels.h: nn_kernels: the inner loops of networks, one set per instruction set.
 *
 * Each <kernel>_tmpl.c is compiled for each level of x86-64; nn_kernels_best() gives the set for
 * this machine. Sets differ in the last bits: v3 and v4 have fused multiply-adds, v2 has not.
 * Primitive loops: shapes were checked by their callers. All memory may be unaligned.
 *
 * Used by: act, conv, gemm, pool.    Tested by: tests/unit/udf/conv_test.c
 */
#ifndef UDF_NN_KERNELS_H
#define UDF_NN_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "udf/nn/patch.h"

enum {
    NN_LANES_MAX = 16,
    DENSE_ROWS = 12,      /* of a tile, at most */
    DENSE_VECTORS = 2,    /* side by side in a tile, at most */
    DENSE_LINE_STRIDE = 2 /* of dense_kernels.line, at most */
};

/* Where results go: min(hi, max(lo, sum + residual)), row i at out + i * out_stride. */
struct nn_sink {
    float lo, hi;
    const float *residual; /* NULL: none */
    size_t residual_stride;
    float *out;
    size_t out_stride;
};

/* A tile of a product: rows of floats that lie anywhere, in `taps` pieces of `depth`, by a panel of
 * packed weights. */
struct dense_tile {
    const float *const *row; /* [taps][DENSE_ROWS] */
    uint32_t taps, depth;
    uint32_t columns;     /* stored: all lanes of the vectors but the last, of that one some */
    const float *weights; /* [taps * depth][vectors * lanes] */
    const float *bias;    /* [vectors * lanes] */
    struct nn_sink sink;
};

typedef void dense_kernel(const struct dense_tile *t);

/* An image and the pixels of it that output pixels need. */
struct dense_image {
    const float *at, *zeros; /* zeros[depth of a tap], for taps in the padding */
    uint32_t h, w, out_w;
    size_t out_pixels; /* of an image */
    size_t stride;     /* from pixel to pixel */
    const struct patch *patch;
    bool pointwise; /* output pixel i is made of input pixel i */
};

struct dense_kernels {
    uint32_t rows[DENSE_VECTORS + 1]; /* the best tile height for 1 and 2 vectors */
    dense_kernel *run[DENSE_VECTORS + 1][DENSE_ROWS + 1]; /* [vectors][rows] */
    /* [vectors][stride][rows], rows 4, 6, 8, 10 and 12: tiles whose rows are `stride` floats apart,
     * so that tile->row is [taps]. */
    dense_kernel *line[DENSE_VECTORS + 1][DENSE_LINE_STRIDE + 1][DENSE_ROWS + 1];
    /* The rows of the tile of `rows` output pixels from `pixel` on (counted over all images), to
     * row[taps][DENSE_ROWS]. True: the taps of each kernel row follow each other in memory, so
     * there is one piece per kernel row, kernel_w times as deep. `merge` allows that. */
    bool (*gather)(const struct dense_image *image, size_t pixel, uint32_t rows, bool merge,
                   const float **row);
};

extern const struct dense_kernels dense_v2, dense_v3, dense_v4;

/* Output pixels of one row of a depthwise convolution that see the same taps. Steps are floats. */
struct depthwise_run {
    const float *in;         /* the first tap of the first pixel */
    size_t row_step;         /* from tap to tap downwards */
    size_t column_step;      /* to the right */
    size_t pixel_step;       /* from window to window */
    uint32_t taps_h, taps_w; /* inside of the image; 0: none, the sum is the bias */
    size_t pixels, channels;
    const float *weights; /* [taps_h][taps_w][channels rounded up to a register] */
    size_t weight_row, weight_step;
    const float *bias; /* [channels rounded up] */
    struct nn_sink sink;
};

struct depthwise_kernels {
    void (*run)(const struct depthwise_run *d);
};

extern const struct depthwise_kernels depthwise_v2, depthwise_v3, depthwise_v4;

/* Output pixels of one row of a pool that see the same taps. Steps are floats. */
struct pool_run {
    const float *in; /* the first tap of the first pixel */
    size_t row_step, column_step, pixel_step;
    uint32_t taps_h, taps_w; /* inside of the image; 0: none */
    size_t pixels, channels;
    float scale; /* of the sum */
    float *out;
    size_t out_stride;
};

struct pool_kernels {
    void (*max)(const struct pool_run *r);
    void (*sum)(const struct pool_run *r);
};

extern const struct pool_kernels pool_v2, pool_v3, pool_v4;

enum { WINOGRAD_IN = 6, WINOGRAD_OUT = 4 }; /* pixels of a tile's side */

/* A tile's 6 x 6 pixels to its row of 36 matrices, `point_step` floats apart. */
struct winograd_input {
    const float *in;
    size_t row_step, pixel_step, channels;
    float *to;
    size_t point_step;
};

/* And back: to rows x columns <= 4 x 4 pixels, rows row_pixels apart. */
struct winograd_output {
    const float *from; /* channels are rounded up to a register */
    size_t point_step, channels;
    const float *bias; /* [channels rounded up] */
    uint32_t rows, columns;
    size_t row_pixels;
    struct nn_sink sink;
};

struct winograd_kernels {
    void (*input)(const struct winograd_input *w);
    void (*output)(const struct winograd_output *w);
};

extern const struct winograd_kernels winograd_v2, winograd_v3, winograd_v4;

struct act;

/* out = after(before(x) + residual), a matrix of rows x channels. */
struct post_job {
    const struct act *before, *after;
    size_t rows, channels;
    uint32_t channel; /* the first one's number, for slopes */
    const float *at;
    size_t stride;
    struct nn_sink sink; /* lo and hi are not used */
};

struct post_kernels {
    void (*run)(const struct post_job *job);
};

extern const struct post_kernels post_v2, post_v3, post_v4;

struct nn_kernels {
    const char *name; /* "v2", "v3", "v4" */
    uint32_t lanes;
    const struct dense_kernels *dense;
    const struct post_kernels *post;
    const struct depthwise_kernels *depthwise;
    const struct winograd_kernels *winograd;
    const struct pool_kernels *pool;
};

extern const struct nn_kernels nn_kernels_v2, nn_kernels_v3, nn_kernels_v4;

/* The set for the machine that runs this. */
const struct nn_kernels *nn_kernels_best(void);

#endif
