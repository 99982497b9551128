/* cpu.c: see cpu.h. The compiler's support library asks CPUID and XGETBV once per process. */
#include "engine/base/cpu.h"

#include <stdbool.h>

static bool has_v3(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
}

static bool has_v4(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}

uint32_t cpu_features(void) {
    __builtin_cpu_init();
    uint32_t flags = 0;
    if (__builtin_cpu_supports("pclmul")) flags |= CPU_PCLMUL;
    if (!has_v3()) return flags;
    flags |= CPU_AVX2;
    if (!has_v4()) return flags;
    flags |= CPU_AVX512;
    if (__builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2"))
        flags |= CPU_AVX512_VBMI;
    if (__builtin_cpu_supports("avx512vnni")) flags |= CPU_AVX512_VNNI;
    return flags;
}
