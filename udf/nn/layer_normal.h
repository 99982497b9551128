/* layer_normal.h: the parameters of normalisations, which passes read.
 *
 * Used by: udf/nn/layer_normal.c, pass_fuse.c.
 */
#ifndef UDF_NN_LAYER_NORMAL_H
#define UDF_NN_LAYER_NORMAL_H

#include "udf/nn/step.h"

struct normal {
    float epsilon, momentum;
    int64_t axis; /* LayerNormalization */
    bool training, last;
};

#endif
