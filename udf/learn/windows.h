/* windows.h: the backward pass of layers that multiply weights with windows of their input.
 *
 * Used by: udf/learn (conv, dense).    Tested by: tests/unit/udf/learn_layer_test.c
 */
#ifndef UDF_LEARN_WINDOWS_H
#define UDF_LEARN_WINDOWS_H

#include "udf/learn/kernel.h"

struct windows_back {
    const struct learn_kernels *kernels;
    struct windows w;
    uint32_t units;
    const real *weight; /* [units][runs * run] */
    const real *dy;     /* [w.count][units] */
    real *grad;         /* of the weights, then of the biases */
    real *dx;           /* as w.x, to be added to; NULL: not wanted */
    char *spare;        /* [windows_spare_bytes()] */
};

size_t windows_spare_bytes(uint32_t places, uint32_t units);
void windows_backward(const struct windows_back *b);

#endif
