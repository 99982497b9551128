/* cpu.h: which instruction sets this machine has beyond the baseline (x86-64-v2).
 *
 * Asked once when a query or codec opens; the answer is a mask that its owner keeps to choose
 * among kernels. There is no global.
 *
 * Used by: kernels, codecs, udf/nn.    Tested by: tests/unit/base/cpu_test.c
 */
#ifndef ENGINE_BASE_CPU_H
#define ENGINE_BASE_CPU_H

#include <stdint.h>

enum cpu_flags {
    CPU_AVX2 = 1,        /* with BMI1, BMI2, FMA, LZCNT: what x86-64-v3 says */
    CPU_AVX512 = 2,      /* F, BW, CD, DQ, VL: x86-64-v4 */
    CPU_AVX512_VBMI = 4, /* byte permutations, VBMI and VBMI2 */
    CPU_AVX512_VNNI = 8, /* 8-bit dot products */
    CPU_PCLMUL = 16,     /* carry-less multiplication */
};

/* The flags of the machine (and its operating system), ored. */
uint32_t cpu_features(void);

#endif
