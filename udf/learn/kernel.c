/* kernel.c: chooses the set of kernels that this machine can run. */
#include "udf/learn/kernel.h"

#include "engine/base/cpu.h"

const struct learn_kernels *learn_kernels_best(void) {
    uint32_t cpu = cpu_features();
    if (cpu & CPU_AVX512) return &learn_kernels_v4;
    if (cpu & CPU_AVX2) return &learn_kernels_v3;
    return &learn_kernels_v2;
}
