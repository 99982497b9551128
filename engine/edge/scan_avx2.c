/* scan_avx2.c: the kernels of scan.h with AVX2: 32 bytes at a time. */
#include <assert.h>
#include <immintrin.h>
#include <string.h>

#include "engine/base/attr.h"
#include "engine/base/cpu.h"
#include "engine/base/number_table.h"
#include "engine/base/time.h"
#include "engine/edge/codec_json_step.h"
#include "engine/edge/scan_digits.h"
#include "engine/edge/scan_sets.h"

#define DEFINE_FOR __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))

enum { VECTOR_BYTES = 32 };
#define VECTOR_MASK UINT32_MAX

typedef __m256i vector;

DEFINE_FOR static inline vector load(const char *at) {
    return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

DEFINE_FOR static inline vector all(char c) {
    return _mm256_set1_epi8(c);
}

DEFINE_FOR static inline vector equal(vector a, vector b) {
    return _mm256_cmpeq_epi8(a, b);
}

DEFINE_FOR static inline vector at_most(vector a, vector b) {
    return _mm256_cmpeq_epi8(_mm256_max_epu8(a, b), b);
}

DEFINE_FOR static inline vector either(vector a, vector b) {
    return _mm256_or_si256(a, b);
}

DEFINE_FOR static inline uint64_t bits(vector v) {
    return (uint32_t)_mm256_movemask_epi8(v);
}

#include "engine/edge/scan_vector_tmpl.c"

const struct scan_kernels scan_avx2 = {
    .name = "avx2",
    .cpu = CPU_AVX2,
    .string_stop = string_stop,
    .lines = lines,
    .csv = csv,
    .json = &json_steps,
};
