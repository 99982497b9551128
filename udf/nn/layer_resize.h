/* layer_resize.h: the parameters of a Resize node, which passes change.
 *
 * Used by: udf/nn/layer_resize.c, batch.c, pass_layout.c.
 */
#ifndef UDF_NN_LAYER_RESIZE_H
#define UDF_NN_LAYER_RESIZE_H

#include "udf/nn/resample.h"
#include "udf/nn/step.h"

enum { RESIZE_ROI = 1, RESIZE_SCALES = 2, RESIZE_SIZES = 3 }; /* inputs */

enum resize_aspect { ASPECT_STRETCH, ASPECT_NOT_LARGER, ASPECT_NOT_SMALLER, ASPECT_COUNT };

struct resize {
    struct resample how;
    float outside; /* of TF_CROP */
    enum resize_aspect aspect;
    uint32_t axes; /* given; 0: all */
    int64_t axis[2 * NET_RANK_MAX];
};

#endif
