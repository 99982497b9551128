/* kernels.c: chooses the set of kernels that this machine can run. */
#include "udf/nn/kernels.h"

static const struct nn_kernels plain = {.name = "v2"};

const struct nn_kernels *nn_kernels_best(void) {
    return &plain;
}
