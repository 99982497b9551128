/* vec.h: vec: as many floats as a register of the instruction set has, for the kernels that are
 * compiled once for each level of x86-64.
 *
 * A `part` is the first n < VEC_LANES floats of memory: nothing behind them is read or written, and
 * the other lanes are 0. vec_max(a, b) and vec_min(a, b) give b where either is NaN.
 *
 * Used by: udf/nn/<kernel>_tmpl.c.
 */
#ifndef UDF_NN_VEC_H
#define UDF_NN_VEC_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define NN_INLINE static inline __attribute__((always_inline))

/* NN_NAME(dense) is dense_v4 where the set is v4. */
#define NN_PASTE(name, set) name##_##set
#define NN_EXPAND(name, set) NN_PASTE(name, set)
#define NN_NAME(name) NN_EXPAND(name, NN_SET)

#if defined(__AVX512F__)

enum { VEC_LANES = 16, VEC_REGISTERS = 32 };
typedef __m512 vec;
#define VEC_OP(name) _mm512_##name

NN_INLINE __mmask16 vec_part_mask(size_t n) {
    return (__mmask16)((1u << n) - 1);
}
NN_INLINE vec vec_load_part(const float *p, size_t n) {
    return _mm512_maskz_loadu_ps(vec_part_mask(n), p);
}
NN_INLINE void vec_store_part(float *p, vec v, size_t n) {
    _mm512_mask_storeu_ps(p, vec_part_mask(n), v);
}
NN_INLINE vec vec_fma(vec a, vec b, vec c) {
    return _mm512_fmadd_ps(a, b, c);
}
/* c - a * b */
NN_INLINE vec vec_fnma(vec a, vec b, vec c) {
    return _mm512_fnmadd_ps(a, b, c);
}
NN_INLINE vec vec_round(vec a) {
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/* a < 0 ? b : c; c for NaN */
NN_INLINE vec vec_where_negative(vec a, vec b, vec c) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, _mm512_setzero_ps(), _CMP_LT_OQ), c, b);
}
/* a * 2^n of whole n <= 127; 0 below -126, or what is denormal */
NN_INLINE vec vec_scale(vec a, vec n) {
    return _mm512_scalef_ps(a, n);
}
/* 1 / a to 14 bits; 0 for what would be denormal */
NN_INLINE vec vec_reciprocal_rough(vec a) {
    return _mm512_rcp14_ps(a);
}

#elif defined(__AVX2__) && defined(__FMA__)

enum { VEC_LANES = 8, VEC_REGISTERS = 16 };
typedef __m256 vec;
#define VEC_OP(name) _mm256_##name

NN_INLINE __m256i vec_part_mask(size_t n) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane);
}
NN_INLINE vec vec_load_part(const float *p, size_t n) {
    return _mm256_maskload_ps(p, vec_part_mask(n));
}
NN_INLINE void vec_store_part(float *p, vec v, size_t n) {
    _mm256_maskstore_ps(p, vec_part_mask(n), v);
}
NN_INLINE vec vec_fma(vec a, vec b, vec c) {
    return _mm256_fmadd_ps(a, b, c);
}
NN_INLINE vec vec_fnma(vec a, vec b, vec c) {
    return _mm256_fnmadd_ps(a, b, c);
}
NN_INLINE vec vec_round(vec a) {
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
NN_INLINE vec vec_where_negative(vec a, vec b, vec c) {
    return _mm256_blendv_ps(c, b, _mm256_cmp_ps(a, _mm256_setzero_ps(), _CMP_LT_OQ));
}
NN_INLINE vec vec_scale(vec a, vec n) {
    vec least = _mm256_max_ps(n, _mm256_set1_ps(-127));
    __m256i bits = _mm256_add_epi32(_mm256_cvtps_epi32(least), _mm256_set1_epi32(127));
    return _mm256_mul_ps(a, _mm256_castsi256_ps(_mm256_slli_epi32(bits, 23)));
}
NN_INLINE vec vec_reciprocal_rough(vec a) {
    vec r = _mm256_rcp_ps(a); /* 12 bits */
    return _mm256_mul_ps(r, _mm256_fnmadd_ps(a, r, _mm256_set1_ps(2)));
}

#else

enum { VEC_LANES = 4, VEC_REGISTERS = 16 };
typedef __m128 vec;
#define VEC_OP(name) _mm_##name

NN_INLINE vec vec_load_part(const float *p, size_t n) {
    float lane[VEC_LANES] = {0};
    memcpy(lane, p, n * sizeof *p);
    return _mm_loadu_ps(lane);
}
NN_INLINE void vec_store_part(float *p, vec v, size_t n) {
    float lane[VEC_LANES];
    _mm_storeu_ps(lane, v);
    memcpy(p, lane, n * sizeof *p);
}
NN_INLINE vec vec_fma(vec a, vec b, vec c) {
    return _mm_add_ps(_mm_mul_ps(a, b), c);
}
NN_INLINE vec vec_fnma(vec a, vec b, vec c) {
    return _mm_sub_ps(c, _mm_mul_ps(a, b));
}
/* The baseline has no rounding instruction in plain SSE2; |a| < 2^22 here. */
NN_INLINE vec vec_round(vec a) {
    return _mm_cvtepi32_ps(_mm_cvtps_epi32(a));
}
NN_INLINE vec vec_where_negative(vec a, vec b, vec c) {
    vec negative = _mm_cmplt_ps(a, _mm_setzero_ps());
    return _mm_or_ps(_mm_and_ps(negative, b), _mm_andnot_ps(negative, c));
}
NN_INLINE vec vec_scale(vec a, vec n) {
    vec least = _mm_max_ps(n, _mm_set1_ps(-127));
    __m128i bits = _mm_add_epi32(_mm_cvtps_epi32(least), _mm_set1_epi32(127));
    return _mm_mul_ps(a, _mm_castsi128_ps(_mm_slli_epi32(bits, 23)));
}
NN_INLINE vec vec_reciprocal_rough(vec a) {
    return _mm_div_ps(_mm_set1_ps(1), a);
}

#endif

NN_INLINE vec vec_of(float x) {
    return VEC_OP(set1_ps)(x);
}
NN_INLINE vec vec_zero(void) {
    return VEC_OP(setzero_ps)();
}
NN_INLINE vec vec_load(const float *p) {
    return VEC_OP(loadu_ps)(p);
}
NN_INLINE void vec_store(float *p, vec v) {
    VEC_OP(storeu_ps)(p, v);
}
NN_INLINE vec vec_add(vec a, vec b) {
    return VEC_OP(add_ps)(a, b);
}
NN_INLINE vec vec_sub(vec a, vec b) {
    return VEC_OP(sub_ps)(a, b);
}
NN_INLINE vec vec_mul(vec a, vec b) {
    return VEC_OP(mul_ps)(a, b);
}
/* 1 / a for 1 <= a, about as exact as a division and much faster: a step of Newton's. */
NN_INLINE vec vec_reciprocal(vec a) {
    vec r = vec_reciprocal_rough(a);
    return vec_mul(r, vec_fnma(a, r, VEC_OP(set1_ps)(2)));
}
NN_INLINE vec vec_max(vec a, vec b) {
    return VEC_OP(max_ps)(a, b);
}
NN_INLINE vec vec_min(vec a, vec b) {
    return VEC_OP(min_ps)(a, b);
}

/* Keeps a loaded value in its register: compilers think that loading it again is for free. */
NN_INLINE vec vec_keep(vec a) {
    __asm__("" : "+v"(a));
    return a;
}

/* All n <= VEC_LANES lanes, or a part. */
NN_INLINE vec vec_load_some(const float *p, size_t n) {
    return n == VEC_LANES ? vec_load(p) : vec_load_part(p, n);
}
NN_INLINE void vec_store_some(float *p, vec v, size_t n) {
    if (n == VEC_LANES) {
        vec_store(p, v);
    } else {
        vec_store_part(p, v, n);
    }
}

#endif
