/* window.h: window: kernels that slide over one to three spatial dimensions: Conv, pools.
 *
 * Dimensions are always three inside (depth, height, width); those that an operator lacks are 1
 * wide with a kernel of 1, and stand in front.
 *
 * Used by: udf/nn/layer_conv.c, layer_conv_transpose.c, layer_pool.c.
 * Tested by: tests/unit/udf/net_layer_test.c
 */
#ifndef UDF_NN_WINDOW_H
#define UDF_NN_WINDOW_H

#include "udf/nn/step.h"

enum { WINDOW_DIMS = 3 };

enum window_pads { PADS_GIVEN, PADS_SAME_UPPER, PADS_SAME_LOWER, PADS_VALID };

/* The attributes of a node. */
struct window {
    enum window_pads auto_pad;
    uint32_t kernel_dims, stride_dims, dilation_dims, pad_dims; /* 0: not given */
    int64_t kernel[2 * NET_RANK_MAX];
    int64_t stride[2 * NET_RANK_MAX];
    int64_t dilation[2 * NET_RANK_MAX];
    int64_t pad[2 * NET_RANK_MAX]; /* all befores, then all afters */
    bool ceil;                     /* of pools: a last window that reaches out counts */
    bool last;                     /* channels come last; set by pass_layout.c */
};

/* The same for the shapes of a run. */
struct window_plan {
    int64_t n, c;            /* images, channels of the input */
    int64_t in[WINDOW_DIMS]; /* pixels */
    int64_t out[WINDOW_DIMS];
    int64_t kernel[WINDOW_DIMS], stride[WINDOW_DIMS], dilation[WINDOW_DIMS];
    int64_t before[WINDOW_DIMS], after[WINDOW_DIMS]; /* padding */
};

/* kernel_shape, strides, dilations, pads, auto_pad. */
bool window_read(struct layer_read *r, struct window *w, struct err *e) MUST_USE;

/* Takes over input 0's shape and the attributes; `kernel` is used where the node gives none (NULL:
 * it must). `out` and the paddings of auto_pad are left to window_slide() or the caller. */
bool window_begin(const struct step *s, const struct window *w, const int64_t *kernel,
                  struct window_plan *out, struct err *e) MUST_USE;

/* Output sizes and automatic padding of convolutions and pools. */
bool window_slide(const struct step *s, const struct window *w, struct window_plan *p,
                  struct err *e) MUST_USE;

/* The shape of an output of `channels` in the form of input 0. */
struct net_shape window_shape(const struct step *s, const struct window *w,
                              const struct window_plan *p, int64_t channels);

static inline size_t window_pixels(const int64_t size[WINDOW_DIMS]) {
    return (size_t)size[0] * (size_t)size[1] * (size_t)size[2];
}

#endif
