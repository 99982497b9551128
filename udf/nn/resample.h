/* resample.h: resample: for each pixel of a resized axis, which pixels it is made of.
 *
 * Used by: udf/nn/layer_resize.c.    Tested by: tests/unit/udf/net_layer_test.c
 */
#ifndef UDF_NN_RESAMPLE_H
#define UDF_NN_RESAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/attr.h"

/* Where the middle of a resized pixel lies:  id  ONNX's name */
#define RESAMPLE_PLACE_LIST(X)                                                                     \
    X(HALF_PIXEL, "half_pixel")                                                                    \
    X(HALF_PIXEL_SYMMETRIC, "half_pixel_symmetric")                                                \
    X(PYTORCH_HALF_PIXEL, "pytorch_half_pixel")                                                    \
    X(ALIGN_CORNERS, "align_corners")                                                              \
    X(ASYMMETRIC, "asymmetric")                                                                    \
    X(TF_HALF_PIXEL, "tf_half_pixel_for_nn")                                                       \
    X(TF_CROP, "tf_crop_and_resize")

#define RESAMPLE_MODE_LIST(X)                                                                      \
    X(NEAREST, "nearest")                                                                          \
    X(LINEAR, "linear")                                                                            \
    X(CUBIC, "cubic")

#define RESAMPLE_ROUND_LIST(X)                                                                     \
    X(HALF_DOWN, "round_prefer_floor")                                                             \
    X(HALF_UP, "round_prefer_ceil")                                                                \
    X(DOWN, "floor")                                                                               \
    X(UP, "ceil")                                                                                  \
    X(OUTWARD, "") /* opset 10: down where the axis grows, up where it shrinks */

#define X(ID, name) PLACE_##ID,
enum resample_place { RESAMPLE_PLACE_LIST(X) PLACE_COUNT };
#undef X
#define X(ID, name) MODE_##ID,
enum resample_mode { RESAMPLE_MODE_LIST(X) MODE_COUNT };
#undef X
#define X(ID, name) ROUND_##ID,
enum resample_round { RESAMPLE_ROUND_LIST(X) ROUND_COUNT };
#undef X

struct resample {
    enum resample_place place;
    enum resample_mode mode;
    enum resample_round round; /* nearest */
    float cubic_a;
    bool antialias, exclude_outside;
};

struct resample_axis {
    size_t in, out;
    double scale;              /* wanted / in */
    double wanted;             /* out, before it was made a whole number */
    double crop_from, crop_to; /* of TF_CROP: 0..1 */

    uint32_t taps;        /* of each resized pixel */
    const int32_t *index; /* [out][taps], inside the axis; -1 first: outside of the crop */
    const float *weight;  /* [out][taps] */
};

enum { RESAMPLE_TAPS_MAX = 1 << 22 };

/* How many numbers an axis takes; resample_plan() wants at most RESAMPLE_TAPS_MAX. */
double resample_taps(const struct resample *r, const struct resample_axis *x);

/* Fills in taps, index and weight, in `a`. false: no memory. */
bool resample_plan(const struct resample *r, struct resample_axis *x, struct arena *a) MUST_USE;

#endif
