/* scan_sse.c: the kernels of scan.h with what x86-64-v2 has: 16 bytes at a time. */
#include <assert.h>
#include <immintrin.h>
#include <string.h>

#include "engine/base/attr.h"
#include "engine/base/number_table.h"
#include "engine/base/time.h"
#include "engine/edge/codec_json_step.h"
#include "engine/edge/scan_digits.h"
#include "engine/edge/scan_sets.h"

#define DEFINE_FOR

enum { VECTOR_BYTES = 16 };
#define VECTOR_MASK UINT32_C(0xFFFF)

typedef __m128i vector;

DEFINE_FOR static inline vector load(const char *at) {
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

DEFINE_FOR static inline vector all(char c) {
    return _mm_set1_epi8(c);
}

DEFINE_FOR static inline vector equal(vector a, vector b) {
    return _mm_cmpeq_epi8(a, b);
}

DEFINE_FOR static inline vector at_most(vector a, vector b) {
    return _mm_cmpeq_epi8(_mm_max_epu8(a, b), b);
}

DEFINE_FOR static inline vector either(vector a, vector b) {
    return _mm_or_si128(a, b);
}

DEFINE_FOR static inline uint64_t bits(vector v) {
    return (uint32_t)_mm_movemask_epi8(v);
}

#include "engine/edge/scan_vector_tmpl.c"

const struct scan_kernels scan_sse = {
    .name = "sse",
    .string_stop = string_stop,
    .lines = lines,
    .csv = csv,
    .json = &json_steps,
};
