/* layer_conv.h: the parameters of a Conv node, which passes change.
 *
 * Used by: udf/nn/layer_conv.c, pass_*.c.
 */
#ifndef UDF_NN_LAYER_CONV_H
#define UDF_NN_LAYER_CONV_H

#include "udf/nn/window.h"

struct conv {
    struct window window;
    int64_t group;
};

#endif
