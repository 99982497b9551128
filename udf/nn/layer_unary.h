/* layer_unary.h: the parameters of activations, which passes read and make.
 *
 * Used by: udf/nn/layer_unary.c, pass_*.c.
 */
#ifndef UDF_NN_LAYER_UNARY_H
#define UDF_NN_LAYER_UNARY_H

#include "udf/nn/step.h"

/* The layer's variant says which: enum loop_unary. */
struct unary {
    float p, q;
    bool gelu_tanh;
};

/* x * sigmoid(x). Not an operator of ONNX: passes make it. */
extern const struct layer layer_silu;

#endif
