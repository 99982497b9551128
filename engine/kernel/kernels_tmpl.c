/* kernels_tmpl.c: see kernels.h. Compiled once for each level of x86-64, with KERNELS naming the
 * set; everything else is static, so the copies do not meet. The loops are plain C of a form that
 * gcc and clang turn into vector code at -O3; contraction of a * b + c is off, so that every set
 * gives the same bits.
 *
 * Overflow of a sum is seen in its sign: both operands differ from it. The signs are ORed over the
 * run and judged once at the end.
 */
#include <emmintrin.h>
#include <string.h>

#include "engine/kernel/kernels.h"

static bool add_i64(uint32_t n, const int64_t *a, const int64_t *b, int64_t *out) {
    uint64_t bad = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t x = (uint64_t)a[i], y = (uint64_t)b[i], r = x + y;
        bad |= (x ^ r) & (y ^ r);
        out[i] = (int64_t)r;
    }
    return bad >> 63;
}

static bool sub_i64(uint32_t n, const int64_t *a, const int64_t *b, int64_t *out) {
    uint64_t bad = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t x = (uint64_t)a[i], y = (uint64_t)b[i], r = x - y;
        bad |= (x ^ y) & (x ^ r);
        out[i] = (int64_t)r;
    }
    return bad >> 63;
}

static bool mul_i64(uint32_t n, const int64_t *a, const int64_t *b, int64_t *out) {
    bool bad = false;
    for (uint32_t i = 0; i < n; i++) bad |= __builtin_mul_overflow(a[i], b[i], &out[i]);
    return bad;
}

#define DEFINE_F64(name, OP)                                                                       \
    static void name##_f64(uint32_t n, const double *a, const double *b, double *out) {            \
        for (uint32_t i = 0; i < n; i++) out[i] = a[i] OP b[i];                                    \
    }

DEFINE_F64(add, +)
DEFINE_F64(sub, -)
DEFINE_F64(mul, *)
DEFINE_F64(div, /)

static void mul_i128(uint32_t n, const int128_t *a, const int128_t *b, int128_t *out) {
    for (uint32_t i = 0; i < n; i++) out[i] = (int128_t)((uint128_t)a[i] * (uint128_t)b[i]);
}

static void sum_i128(uint32_t n, const int128_t *a, int128_t by_a, const int128_t *b, int128_t by_b,
                     int128_t *out) {
    uint128_t x = (uint128_t)by_a, y = (uint128_t)by_b;
    for (uint32_t i = 0; i < n; i++) {
        out[i] = (int128_t)((uint128_t)a[i] * x + (uint128_t)b[i] * y);
    }
}

#define DEFINE_COMPARE(name, sfx, ctype, TEST)                                                     \
    static void name##_##sfx(uint32_t n, const ctype *a, const ctype *b, uint8_t *restrict out) {  \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            ctype x = a[i], y = b[i];                                                              \
            out[i] = TEST;                                                                         \
        }                                                                                          \
    }

#define DEFINE_ORDERED(sfx, ctype)                                                                 \
    DEFINE_COMPARE(eq, sfx, ctype, x == y)                                                         \
    DEFINE_COMPARE(ne, sfx, ctype, x != y)                                                         \
    DEFINE_COMPARE(lt, sfx, ctype, x < y)                                                          \
    DEFINE_COMPARE(le, sfx, ctype, x <= y)

DEFINE_ORDERED(b8, uint8_t)
DEFINE_ORDERED(i64, int64_t)
DEFINE_ORDERED(i128, int128_t)
DEFINE_COMPARE(eq, f64, double, (x == y) | ((x != x) & (y != y)))
DEFINE_COMPARE(ne, f64, double, (x != y) & ((x == x) | (y == y)))
DEFINE_COMPARE(lt, f64, double, (x < y) | ((x == x) & (y != y)))
DEFINE_COMPARE(le, f64, double, (x <= y) | (y != y))

static void i64_to_f64(uint32_t n, const int64_t *a, double *restrict out) {
    for (uint32_t i = 0; i < n; i++) out[i] = (double)a[i];
}

static void i64_to_i128(uint32_t n, const int64_t *a, int128_t *restrict out) {
    for (uint32_t i = 0; i < n; i++) out[i] = a[i];
}

static void b8_to_i64(uint32_t n, const uint8_t *a, int64_t *restrict out) {
    for (uint32_t i = 0; i < n; i++) out[i] = a[i] != 0;
}

static uint64_t mask_16(const uint8_t *a) {
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)a);
    int zero = _mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_setzero_si128()));
    return (uint64_t)(~(uint32_t)zero & 0xFFFF);
}

static void mask_from_b8(uint32_t n, const uint8_t *a, uint64_t *mask) {
    memset(mask, 0, (n + 63) / 64 * sizeof *mask);
    uint32_t i = 0;
    for (; i + 16 <= n; i += 16) mask[i / 64] |= mask_16(a + i) << (i % 64);
    for (; i < n; i++) mask[i / 64] |= (uint64_t)(a[i] != 0) << (i % 64);
}

/* Eight bits become eight bytes: the byte is copied to all eight places, each keeps its own bit. */
static uint64_t spread_8(uint64_t bits) {
    uint64_t each = (bits * UINT64_C(0x0101010101010101)) & UINT64_C(0x8040201008040201);
    return ((each + UINT64_C(0x00406070787C7E7F)) >> 7) & UINT64_C(0x0101010101010101);
}

static void mask_to_b8(uint32_t n, const uint64_t *mask, uint8_t *out) {
    uint32_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t bytes = spread_8(mask[i / 64] >> (i % 64) & 0xFF);
        memcpy(out + i, &bytes, sizeof bytes);
    }
    for (; i < n; i++) out[i] = mask[i / 64] >> (i % 64) & 1;
}

static uint32_t mask_word_to_sel(uint64_t word, uint32_t first, uint16_t *sel) {
    uint32_t kept = 0;
    for (; word != 0; word &= word - 1) {
        sel[kept++] = (uint16_t)(first + (uint32_t)__builtin_ctzll(word));
    }
    return kept;
}

static uint32_t mask_to_sel(uint32_t n, const uint64_t *mask, uint16_t *sel) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i += 64) {
        uint64_t word = mask[i / 64];
        if (n - i < 64) word &= (UINT64_C(1) << (n - i)) - 1;
        if (word == UINT64_MAX) {
            for (uint32_t j = 0; j < 64; j++) sel[kept + j] = (uint16_t)(i + j);
            kept += 64;
        } else {
            kept += mask_word_to_sel(word, i, sel + kept);
        }
    }
    return kept;
}

/* All ones where cond is 1: both compilers make vector code of this at every level. */
#define DEFINE_BLEND(bits, ctype, utype)                                                           \
    static void blend_##bits(uint32_t n, const uint8_t *cond, const ctype *a, const ctype *b,      \
                             ctype *out) {                                                         \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            utype keep = (utype)((utype)0 - (utype)cond[i]);                                       \
            out[i] = (ctype)(((utype)a[i] & keep) | ((utype)b[i] & (utype)~keep));                 \
        }                                                                                          \
    }

DEFINE_BLEND(8, uint8_t, uint8_t)
DEFINE_BLEND(64, int64_t, uint64_t)
DEFINE_BLEND(128, int128_t, uint128_t)

#define KERNELS_NAME(set) KERNELS_PASTE(set)
#define KERNELS_PASTE(set) kernels_##set
#define KERNELS_TEXT(set) KERNELS_QUOTE(set)
#define KERNELS_QUOTE(set) #set

const struct kernels KERNELS_NAME(KERNELS) = {
    .name = KERNELS_TEXT(KERNELS),
    .arith = {add_i64, sub_i64, mul_i64, add_f64, sub_f64, mul_f64, div_f64, mul_i128, sum_i128},
    .compare =
        {
            .b8 = {eq_b8, ne_b8, lt_b8, le_b8},
            .i64 = {eq_i64, ne_i64, lt_i64, le_i64},
            .f64 = {eq_f64, ne_f64, lt_f64, le_f64},
            .i128 = {eq_i128, ne_i128, lt_i128, le_i128},
        },
    .convert = {i64_to_f64, i64_to_i128, b8_to_i64},
    .mask = {mask_from_b8, mask_to_b8, mask_to_sel, blend_8, blend_64, blend_128},
};
