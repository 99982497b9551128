/* patch.h: patch: the pixels of the input that one pixel of the output is made of.
 *
 * A window of kernel_h x kernel_w taps, dilation apart, slides in steps of stride over an image
 * that is extended on its four sides by pad. Tap (ky, kx) of output pixel (oy, ox) is input pixel
 * (oy * stride_h - pad_top + ky * dilation_h, ox * stride_w - pad_left + kx * dilation_w), and lies
 * in the padding where that is outside of the image. One-dimensional signals have height 1.
 *
 * Used by: conv, pool.    Tested by: tests/unit/udf/conv_test.c, pool_test.c
 */
#ifndef UDF_NN_PATCH_H
#define UDF_NN_PATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/attr.h"

struct patch {
    uint32_t kernel_h, kernel_w;     /* > 0 */
    uint32_t stride_h, stride_w;     /* > 0 */
    uint32_t dilation_h, dilation_w; /* > 0 */
    uint32_t pad_top, pad_left, pad_bottom, pad_right;
};

/* How many windows fit in `size` pixels with padding `before` and `after`: ONNX's rule without
 * ceil_mode. 0: none fits. */
static inline uint32_t patch_count(uint32_t size, uint64_t pads, uint32_t kernel, uint32_t dilation,
                                   uint32_t stride) {
    uint64_t reach = (uint64_t)(kernel - 1) * dilation + 1, room = size + pads;
    return room < reach ? 0 : (uint32_t)((room - reach) / stride + 1);
}

static inline uint32_t patch_out_h(const struct patch *p, uint32_t h) {
    return patch_count(h, (uint64_t)p->pad_top + p->pad_bottom, p->kernel_h, p->dilation_h,
                       p->stride_h);
}

static inline uint32_t patch_out_w(const struct patch *p, uint32_t w) {
    return patch_count(w, (uint64_t)p->pad_left + p->pad_right, p->kernel_w, p->dilation_w,
                       p->stride_w);
}

/* Some of a row of things: [first, first + count). */
struct patch_part {
    uint32_t first, count;
};

/* The taps of one axis that are inside of an image of `size` pixels, for a window at `start`. */
static inline struct patch_part patch_inside(int64_t start, uint32_t size, uint32_t kernel,
                                             uint32_t dilation) {
    int64_t first = start < 0 ? (-start + dilation - 1) / dilation : 0;
    int64_t end = start >= size ? 0 : (size - start + dilation - 1) / dilation;
    if (end > kernel) end = kernel;
    if (first >= end) return (struct patch_part){0, 0};
    return (struct patch_part){(uint32_t)first, (uint32_t)(end - first)};
}

/* Those of out_w windows of a row whose taps are all inside of the image; none: first is out_w. */
static inline struct patch_part patch_middle(const struct patch *p, uint32_t w, uint32_t out_w) {
    int64_t room = (int64_t)w + p->pad_left - (int64_t)(p->kernel_w - 1) * p->dilation_w;
    int64_t first = ((int64_t)p->pad_left + p->stride_w - 1) / p->stride_w;
    int64_t end = room <= 0 ? 0 : (room - 1) / p->stride_w + 1;
    if (end > out_w) end = out_w;
    if (first >= end) return (struct patch_part){out_w, 0};
    return (struct patch_part){(uint32_t)first, (uint32_t)(end - first)};
}

#endif
