/* kernels.c: chooses the set of kernels that this machine can run. */
#include "engine/kernel/kernels.h"

#include "engine/base/cpu.h"

const struct kernels *kernels_best(void) {
    uint32_t cpu = cpu_features();
    if (cpu & CPU_AVX512) return &kernels_v4;
    if (cpu & CPU_AVX2) return &kernels_v3;
    return &kernels_v2;
}
