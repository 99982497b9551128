/* loops.c: chooses the set of loops that this machine can run. */
#include "udf/nn/loops.h"

#include "engine/base/cpu.h"

const struct loops *loops_best(void) {
    uint32_t cpu = cpu_features();
    if (cpu & CPU_AVX512) return &loops_v4;
    if (cpu & CPU_AVX2) return &loops_v3;
    return &loops_v2;
}
