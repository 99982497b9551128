/* loops_tmpl.c: see loops.h. Compiled once for each level of x86-64, with LOOPS naming the set;
 * everything else is static. Plain C without branches in the loops, which gcc and clang turn into
 * vector code at -O3; sums run in LANES strands, since floating addition may not be reordered.
 *
 * exp: x = n ln 2 + r with n an integer and |r| <= ln 2 / 2; e^r by its Taylor polynomial of degree
 * 7 (error below 2^-25), times 2^n in two factors so that subnormal results and 2^128 are reached
 * without overflow between. n comes from adding 1.5 * 2^23, which leaves it in the low bits.
 * tanh: near 0 its Taylor polynomial, elsewhere 1 - 2 / (e^2x + 1).
 */
#include <math.h>
#include <string.h>

#include "udf/nn/loops.h"

enum { LANES = 16 };

static inline float float_bits(uint32_t bits) {
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static inline uint32_t bits_of(float f) {
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

static inline float least(float x, float y) {
    return x > y ? y : x; /* NaN stays */
}

static inline float most(float x, float y) {
    return x < y ? y : x;
}

static inline float absolute(float x) {
    return float_bits(bits_of(x) & 0x7FFFFFFF);
}

static inline float root(float x) {
    return sqrtf(x);
}

static inline float round_down(float x) {
    return floorf(x);
}

static inline float exponential(float x) {
    const float magic = 12582912.0F; /* 1.5 * 2^23 */
    x = least(most(x, -104.0F), 89.0F);
    float t = x * 1.44269504F + magic;
    float n = t - magic;
    float r = x - n * 0.693145752F;
    r = r - n * 1.42860677e-6F;
    float p = 1.98412698e-4F;
    p = p * r + 1.38888889e-3F;
    p = p * r + 8.33333333e-3F;
    p = p * r + 4.16666667e-2F;
    p = p * r + 0.166666667F;
    p = p * r + 0.5F;
    p = p * r + 1.0F;
    p = p * r + 1.0F;
    int32_t power = (int32_t)(bits_of(t) - bits_of(magic));
    int32_t half = power >> 1;
    float up = float_bits((uint32_t)(half + 127) << 23);
    float rest = float_bits((uint32_t)(power - half + 127) << 23);
    return p * up * rest;
}

/* e^x - 1 for x <= 0. Near 0 by Taylor, where the difference would lose digits. */
static inline float exponential_less_1(float x) {
    float p = 1.98412698e-4F;
    p = p * x + 1.38888889e-3F;
    p = p * x + 8.33333333e-3F;
    p = p * x + 4.16666667e-2F;
    p = p * x + 0.166666667F;
    p = p * x + 0.5F;
    p = (p * x + 1.0F) * x;
    float far = exponential(x) - 1.0F;
    return x > -0.35F ? p : far;
}

static inline float logistic(float x) {
    return 1.0F / (1.0F + exponential(-x));
}

static inline float hyperbolic(float x) {
    float z = absolute(x), s = x * x;
    float near = -8.86323553e-3F;
    near = near * s + 2.18694885e-2F;
    near = near * s - 5.39682540e-2F;
    near = near * s + 0.133333333F;
    near = near * s - 0.333333333F;
    near = near * s * x + x;
    float far = 1.0F - 2.0F / (exponential(2.0F * z) + 1.0F);
    far = float_bits(bits_of(far) | (bits_of(x) & 0x80000000));
    return z < 0.4F ? near : far;
}

#define DEFINE_UNARY(ID, name, VALUE)                                                              \
    static void unary_##name(size_t n, const float *from, float *to, float p, float q) {           \
        (void)p;                                                                                   \
        (void)q;                                                                                   \
        for (size_t i = 0; i < n; i++) {                                                           \
            float x = from[i];                                                                     \
            to[i] = VALUE;                                                                         \
        }                                                                                          \
    }
LOOP_UNARY_LIST(DEFINE_UNARY)

#define DEFINE_BINARY(ID, name, VALUE)                                                             \
    static inline void binary_run_##name(size_t n, const float *a, size_t a_step, const float *b,  \
                                         size_t b_step, float *to) {                               \
        for (size_t i = 0; i < n; i++) {                                                           \
            float x = a[i * a_step], y = b[i * b_step];                                            \
            to[i] = VALUE;                                                                         \
        }                                                                                          \
    }                                                                                              \
    static void binary_##name(size_t n, const float *a, size_t a_step, const float *b,             \
                              size_t b_step, float *to) {                                          \
        if (a_step == 1 && b_step == 1) {                                                          \
            binary_run_##name(n, a, 1, b, 1, to);                                                  \
        } else if (a_step == 1) {                                                                  \
            const float same = *b;                                                                 \
            binary_run_##name(n, a, 1, &same, 0, to);                                              \
        } else {                                                                                   \
            const float same = *a;                                                                 \
            binary_run_##name(n, &same, 0, b, b_step, to);                                         \
        }                                                                                          \
    }
LOOP_BINARY_LIST(DEFINE_BINARY)

static float sum(size_t n, const float *x) {
    float lane[LANES] = {0}, total = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t k = 0; k < LANES; k++) lane[k] += x[i + k];
    }
    for (; i < n; i++) total += x[i];
    for (size_t k = 0; k < LANES; k++) total += lane[k];
    return total;
}

static float sum_squares(size_t n, const float *x, float less) {
    float lane[LANES] = {0}, total = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t k = 0; k < LANES; k++) lane[k] += (x[i + k] - less) * (x[i + k] - less);
    }
    for (; i < n; i++) total += (x[i] - less) * (x[i] - less);
    for (size_t k = 0; k < LANES; k++) total += lane[k];
    return total;
}

/* A NaN, once met, stays: neither comparison replaces it. */
static inline float larger(float best, float x) {
    return x > best || x != x ? x : best;
}

static float max(size_t n, const float *x) {
    float lane[LANES], best = -INFINITY;
    size_t i = 0;
    for (size_t k = 0; k < LANES; k++) lane[k] = -INFINITY;
    for (; i + LANES <= n; i += LANES) {
        for (size_t k = 0; k < LANES; k++) lane[k] = larger(lane[k], x[i + k]);
    }
    for (; i < n; i++) best = larger(best, x[i]);
    for (size_t k = 0; k < LANES; k++) best = larger(best, lane[k]);
    return best;
}

static float exp_sum(size_t n, const float *x, float less, float *y) {
    for (size_t i = 0; i < n; i++) y[i] = exponential(x[i] - less);
    return sum(n, y);
}

static void add_scaled(size_t n, const float *x, float by, float *y) {
    for (size_t i = 0; i < n; i++) y[i] += x[i] * by;
}

enum { TILE = 16 };

/* In tiles, so that lines of both sides stay in the cache. */
static void transpose(const struct loop_plane *p) {
    for (size_t r = 0; r < p->rows; r += TILE) {
        size_t r_end = r + TILE < p->rows ? r + TILE : p->rows;
        for (size_t c = 0; c < p->cols; c++) {
            for (size_t k = r; k < r_end; k++) {
                p->y[c * p->y_stride + k] = p->x[k * p->x_stride + c];
            }
        }
    }
}

#define SET_NAME_2(set) loops_##set
#define SET_NAME(set) SET_NAME_2(set)

#define X(ID, name, value) [LOOP_##ID] = unary_##name,
#define Y(ID, name, value) [LOOP_##ID] = binary_##name,
const struct loops SET_NAME(LOOPS) = {
    .unary = {LOOP_UNARY_LIST(X)},
    .binary = {LOOP_BINARY_LIST(Y)},
    .sum = sum,
    .sum_squares = sum_squares,
    .max = max,
    .exp_sum = exp_sum,
    .add_scaled = add_scaled,
    .transpose = transpose,
};
