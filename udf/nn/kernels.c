/* kernels.c: chooses the set of kernels that this machine can run. */
#include "udf/nn/kernels.h"

#include "engine/base/cpu.h"

const struct nn_kernels nn_kernels_v2 = {"v2",         4,       &dense_v2, &post_v2, &depthwise_v2,
                                         &winograd_v2, &pool_v2};
const struct nn_kernels nn_kernels_v3 = {"v3",         8,       &dense_v3, &post_v3, &depthwise_v3,
                                         &winograd_v3, &pool_v3};
const struct nn_kernels nn_kernels_v4 = {"v4",          16,           &dense_v4, &post_v4,
                                         &depthwise_v4, &winograd_v4, &pool_v4};

const struct nn_kernels *nn_kernels_best(void) {
    uint32_t cpu = cpu_features();
    if (cpu & CPU_AVX512) return &nn_kernels_v4;
    if (cpu & CPU_AVX2) return &nn_kernels_v3;
    return &nn_kernels_v2;
}
