/* pool.h: pool: maximum or mean of the pixels of a patch, channel by channel, NHWC.
 *
 * Strides of pixels as in conv.h. A tap in the padding counts as absent for the maximum; for the
 * mean it counts as 0 where count_pads says so. out_h and out_w are given by the caller, who knows
 * about ceil_mode: windows that reach over the padding's end are cut there, and what is cut never
 * counts. A window with no pixel at all gives -INFINITY as maximum and 0 as mean. What a maximum
 * makes of a NaN is not said.
 *
 * Used by: udf/nn layers.    Tested by: tests/unit/udf/pool_test.c
 */
#ifndef UDF_NN_POOL_H
#define UDF_NN_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "udf/nn/patch.h"

struct nn_kernels;

enum pool_kind { POOL_MAX, POOL_MEAN };

struct pool_shape {
    enum pool_kind kind;
    uint32_t h, w, c;
    uint32_t out_h, out_w;
    struct patch patch;
    bool count_pads; /* POOL_MEAN: divide by all taps inside image and padding */
};

struct pool_io {
    uint32_t n; /* images */
    const float *in;
    size_t in_stride;
    float *out;
    size_t out_stride;
};

/* kernels NULL: nn_kernels_best(). */
void pool_run(const struct pool_shape *s, const struct nn_kernels *kernels,
              const struct pool_io *io);

/* One output pixel an image: all h * w pixels; patch, out_h and out_w are not read. */
void pool_global(const struct pool_shape *s, const struct nn_kernels *kernels,
                 const struct pool_io *io);

#endif
