/* layer_conv.h: Conv nodes as passes change them: what follows a convolution becomes part of it,
 * and where weights are constant it is done by the kernels of conv.h, channels last.
 *
 * Used by: udf/nn/layer_conv*.c, pass_*.c.
 */
#ifndef UDF_NN_LAYER_CONV_H
#define UDF_NN_LAYER_CONV_H

#include "udf/nn/conv.h"
#include "udf/nn/window.h"

enum { CONV_X, CONV_WEIGHTS, CONV_BIAS, CONV_RESIDUAL, CONV_INPUTS };

/* Runs of so many images or more take the plan that was made for many. */
enum { CONV_MANY_FROM = 4, CONV_MANY_IMAGES = 8 };

struct conv_params {
    struct window window;
    int64_t group;

    /* Of layer_conv_fast: */
    struct conv_post post;
    enum conv_order order;              /* of the input; the output is NHWC */
    const struct conv_plan *one, *many; /* packed at load, for images of h x w; NULL: not yet */
    uint32_t h, w;
};

/* Conv with four dimensions, constant weights, channels last. It may have a fourth input, the
 * residual. Not an operator of ONNX: passes make it. */
extern const struct layer layer_conv_fast;

/* Packs the weights of a planned step's node for its input's size. `many`: runs of several images
 * are to be expected. */
bool conv_fast_pack(const struct step *s, struct conv_params *c, struct arena *a, bool many,
                    struct err *e) MUST_USE;

#endif
