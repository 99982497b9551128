/* The kernels of learning, compiled once for each level of x86-64 (KERNELS is v2, v3 or v4) with
 * vectors as wide as its registers.
 *
 * forward() computes a block of places by a block of units in registers: 24 sums of vectors on
 * AVX-512, 12 on the others, each step loading a vector of weights once for all places and a number
 * of each window once for all units. Units are therefore packed in blocks of a few vectors, biases
 * in front, zeros behind the last. sum() holds up to 8 vectors of its result in registers while it
 * walks the list of terms.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "udf/learn/kernel.h"

#define PASTE2(a, b) a##b
#define PASTE(a, b) PASTE2(a, b)
#define STRING2(x) #x
#define STRING(x) STRING2(x)

#if defined(__AVX512F__)
enum { VECTOR_BYTES = 64, WIDE = 4 };
#define VECTOR __attribute__((vector_size(64), aligned(sizeof(real)), may_alias))
#elif defined(__AVX2__)
enum { VECTOR_BYTES = 32, WIDE = 2 };
#define VECTOR __attribute__((vector_size(32), aligned(sizeof(real)), may_alias))
#else
enum { VECTOR_BYTES = 16, WIDE = 2 };
#define VECTOR __attribute__((vector_size(16), aligned(sizeof(real)), may_alias))
#endif

typedef real vec VECTOR; /* may lie anywhere that a real may */

enum { LANES = VECTOR_BYTES / sizeof(real), PLACES_MAX = 12, SUM_LANES = 8 * LANES };

/* Vectors of the block of units that begins where `left` units are left: WIDE, half of it, or 1. */
static uint32_t block_vectors(uint32_t left) {
    uint32_t v = WIDE;
    while (v > 1 && (v / 2) * LANES >= left) v /= 2;
    return v;
}

static size_t packed_size(uint32_t units, uint32_t n) {
    size_t size = 0;
    for (uint32_t from = 0, v; from < units; from += v * LANES) {
        v = block_vectors(units - from);
        size += (size_t)v * LANES * ((size_t)n + 1);
    }
    return size;
}

static void pack(const real *weight, const real *bias, uint32_t units, uint32_t n, real *packed) {
    for (uint32_t from = 0, v; from < units; from += v * LANES) {
        v = block_vectors(units - from);
        uint32_t width = v * LANES, here = units - from < width ? units - from : width;
        memset(packed, 0, width * ((size_t)n + 1) * sizeof *packed);
        memcpy(packed, bias + from, here * sizeof *packed);
        packed += width;
        for (uint32_t u = 0; u < here; u++) {
            const real *w = weight + (size_t)(from + u) * n;
            for (uint32_t i = 0; i < n; i++) packed[(size_t)i * width + u] = w[i];
        }
        packed += (size_t)width * n;
    }
}

/* PLACES places, whose windows begin at at[], by V vectors of units. Neither runs nor run is 0: the
 * loops say so, or the sums would have to be in memory between them. */
#define DEFINE_BLOCK(V, PLACES)                                                                    \
    static void block_##V(const struct windows *w, const uint32_t *at, const real *packed,         \
                          real *y, size_t y_pitch) {                                               \
        const vec *weight = (const vec *)packed;                                                   \
        uint32_t runs = w->runs;                                                                   \
        vec sum[PLACES][V];                                                                        \
        for (uint32_t p = 0; p < PLACES; p++) {                                                    \
            for (uint32_t v = 0; v < V; v++) sum[p][v] = weight[v];                                \
        }                                                                                          \
        weight += V;                                                                               \
        const real *x = w->x;                                                                      \
        do {                                                                                       \
            const real *end = x + w->run;                                                          \
            do {                                                                                   \
                for (uint32_t p = 0; p < PLACES; p++) {                                            \
                    for (uint32_t v = 0; v < V; v++) sum[p][v] += weight[v] * x[at[p]];            \
                }                                                                                  \
                weight += V;                                                                       \
            } while (++x < end);                                                                   \
            x += (ptrdiff_t)w->pitch - (ptrdiff_t)w->run;                                          \
        } while (--runs > 0);                                                                      \
        for (uint32_t p = 0; p < PLACES; p++) {                                                    \
            for (uint32_t v = 0; v < V; v++) ((vec *)(y + p * y_pitch))[v] = sum[p][v];            \
        }                                                                                          \
    }

#if defined(__AVX512F__)
DEFINE_BLOCK(4, 6)
DEFINE_BLOCK(2, 12)
#else
DEFINE_BLOCK(2, 6)
#endif
DEFINE_BLOCK(1, 12)

typedef void block_fn(const struct windows *w, const uint32_t *at, const real *packed, real *y,
                      size_t y_pitch);

struct block {
    block_fn *compute;
    uint32_t places;
};

#if defined(__AVX512F__)
static const struct block blocks[WIDE + 1] = {
    [1] = {block_1, 12}, [2] = {block_2, 12}, [4] = {block_4, 6}};
#else
static const struct block blocks[WIDE + 1] = {[1] = {block_1, 12}, [2] = {block_2, 6}};
#endif

/* A block of units for all places; units or places that are no whole block go by a spare. */
static void forward_units(const struct windows *w, const real *packed, const uint32_t span[2],
                          uint32_t units, real *y) {
    real spare[PLACES_MAX * WIDE * LANES];
    const struct block *b = &blocks[span[0]];
    uint32_t width = span[0] * LANES, here = span[1] < width ? span[1] : width;

    for (uint32_t p = 0; p < w->count; p += b->places) {
        uint32_t at[PLACES_MAX], left = w->count - p, places = left < b->places ? left : b->places;
        for (uint32_t i = 0; i < b->places; i++) at[i] = w->at[p + (i < places ? i : places - 1)];
        if (places == b->places && here == width) {
            b->compute(w, at, packed, y + (size_t)p * units, units);
            continue;
        }
        b->compute(w, at, packed, spare, width);
        for (uint32_t i = 0; i < places; i++) {
            memcpy(y + (size_t)(p + i) * units, spare + (size_t)i * width, here * sizeof *y);
        }
    }
}

static void forward(const struct windows *w, const real *packed, uint32_t units, real *y) {
    size_t n = (size_t)w->runs * w->run + 1;
    for (uint32_t from = 0, v; from < units; from += v * LANES) {
        v = block_vectors(units - from);
        const uint32_t span[2] = {v, units - from};
        forward_units(w, packed, span, units, y + from);
        packed += v * LANES * n;
    }
}

/* Sums of a vector's lanes, halved again and again: one order whatever the width. */
static real lanes_sum(const vec *v) {
    real lane[LANES];
    memcpy(lane, v, sizeof lane);
    for (uint32_t half = LANES / 2; half > 0; half /= 2) {
        for (uint32_t i = 0; i < half; i++) lane[i] += lane[i + half];
    }
    return lane[0];
}

/* The products of `DOTS` units, n apart, with one window. */
enum { DOTS = 5 };
static void dots_block(const real *x, const real *weight, uint32_t n, const real *bias, real *y) {
    vec sum[DOTS];
    uint32_t i = 0;
    memset(sum, 0, sizeof sum);
    for (; i + LANES <= n; i += LANES) {
        vec here = *(const vec *)(x + i);
        for (size_t u = 0; u < DOTS; u++) sum[u] += here * *(const vec *)(weight + u * n + i);
    }
    for (size_t u = 0; u < DOTS; u++) {
        real total = lanes_sum(&sum[u]);
        for (uint32_t k = i; k < n; k++) total += x[k] * weight[u * n + k];
        y[u] = bias[u] + total;
    }
}

static void dots(const struct windows *w, const real *weight, const real *bias, uint32_t units,
                 real *y) {
    assert(w->runs == 1);
    for (uint32_t p = 0; p < w->count; p++, y += units) {
        const real *x = w->x + w->at[p];
        uint32_t u = 0;
        for (; u + DOTS <= units; u += DOTS) {
            dots_block(x, weight + (size_t)u * w->run, w->run, bias + u, y + u);
        }
        for (; u < units; u++) {
            vec sum = {0};
            const real *unit = weight + (size_t)u * w->run;
            uint32_t i = 0;
            for (; i + LANES <= w->run; i += LANES) {
                sum += *(const vec *)(x + i) * *(const vec *)(unit + i);
            }
            real total = lanes_sum(&sum);
            for (; i < w->run; i++) total += x[i] * unit[i];
            y[u] = bias[u] + total;
        }
    }
}

/* V vectors of a sum of terms, at least one. */
#define DEFINE_SUM(V)                                                                              \
    static void sum_##V(const struct terms *t, uint32_t from, real *to) {                          \
        vec sum[V], *out = (vec *)(to + from);                                                     \
        const real *source = t->source + from;                                                     \
        const uint32_t *at = t->at, *end = at + t->count;                                          \
        const real *scale = t->scale;                                                              \
        for (uint32_t v = 0; v < V; v++) sum[v] = out[v];                                          \
        do {                                                                                       \
            const vec *x = (const vec *)(source + *at);                                            \
            for (uint32_t v = 0; v < V; v++) sum[v] += x[v] * *scale;                              \
            scale++;                                                                               \
        } while (++at < end);                                                                      \
        for (uint32_t v = 0; v < V; v++) out[v] = sum[v];                                          \
    }

DEFINE_SUM(8)
DEFINE_SUM(6)
DEFINE_SUM(4)
DEFINE_SUM(2)
DEFINE_SUM(1)

static void sum_rest(const struct terms *t, uint32_t from, uint32_t n, real *to) {
    for (uint32_t k = from; k < n; k++) {
        real sum = to[k];
        for (uint32_t i = 0; i < t->count; i++) sum += t->source[t->at[i] + k] * t->scale[i];
        to[k] = sum;
    }
}

static void sum_terms(const struct terms *t, uint32_t n, real *to) {
    static const struct {
        void (*sum)(const struct terms *t, uint32_t from, real *to);
        uint32_t lanes;
    } step[] = {
        {sum_8, 8 * LANES}, {sum_6, 6 * LANES}, {sum_4, 4 * LANES},
        {sum_2, 2 * LANES}, {sum_1, LANES},
    };
    uint32_t from = 0;
    if (t->count == 0) return;
    for (uint32_t s = 0; s < sizeof step / sizeof *step; s++) {
        for (; from + step[s].lanes <= n; from += step[s].lanes) step[s].sum(t, from, to);
    }
    sum_rest(t, from, n, to);
}

/* TAPS numbers of each window by V vectors of units. */
enum { TAPS = 9 };
#define DEFINE_SHORT(V)                                                                            \
    static void short_##V(const struct windows *w, const uint32_t *tap, const real *dy,            \
                          uint32_t units, real *out) {                                             \
        vec sum[TAPS][V];                                                                          \
        memset(sum, 0, sizeof sum);                                                                \
        for (uint32_t i = 0; i < w->count; i++) {                                                  \
            const vec *d = (const vec *)(dy + (size_t)i * units);                                  \
            const real *x = w->x + w->at[i];                                                       \
            vec here[V];                                                                           \
            for (uint32_t v = 0; v < V; v++) here[v] = d[v];                                       \
            for (uint32_t k = 0; k < TAPS; k++) {                                                  \
                for (uint32_t v = 0; v < V; v++) sum[k][v] += here[v] * x[tap[k]];                 \
            }                                                                                      \
        }                                                                                          \
        memcpy(out, sum, sizeof sum);                                                              \
    }

DEFINE_SHORT(2)
DEFINE_SHORT(1)

/* The places of one unit alone, for the units behind the last whole block. */
static void short_unit(const struct windows *w, const real *dy, uint32_t units, real *grad) {
    for (uint32_t i = 0; i < w->count; i++) {
        real d = dy[(size_t)i * units];
        const real *x = w->x + w->at[i];
        if (d == 0) continue;
        for (uint32_t r = 0; r < w->runs; r++) {
            for (uint32_t k = 0; k < w->run; k++) {
                grad[r * w->run + k] += d * x[(size_t)r * w->pitch + k];
            }
        }
    }
}

/* Adds what a block gave, [taps][width], to the gradients of its units, [][n]. */
static void short_add(const real *sums, const uint32_t span[2], uint32_t n, real *grad) {
    for (uint32_t k = 0; k < span[1]; k++) {
        for (uint32_t u = 0; u < span[0]; u++) grad[(size_t)u * n + k] += sums[k * span[0] + u];
    }
}

static void sum_short(const struct windows *w, const real *dy, uint32_t units, real *spare,
                      real *grad) {
    uint32_t n = w->runs * w->run, unit;
    static_assert(TAPS * 2 * LANES <= KERNEL_SHORT_SPARE, "sums of a block");
    for (uint32_t from = 0; from < n; from += TAPS) {
        uint32_t tap[TAPS], taps = n - from < TAPS ? n - from : TAPS;
        for (uint32_t k = 0; k < TAPS; k++) {
            uint32_t i = from + (k < taps ? k : 0);
            tap[k] = i / w->run * w->pitch + i % w->run;
        }
        for (unit = 0; unit + 2 * LANES <= units; unit += 2 * LANES) {
            short_2(w, tap, dy + unit, units, spare);
            short_add(spare, (const uint32_t[]){2 * LANES, taps}, n,
                      grad + (size_t)unit * n + from);
        }
        for (; unit + LANES <= units; unit += LANES) {
            short_1(w, tap, dy + unit, units, spare);
            short_add(spare, (const uint32_t[]){LANES, taps}, n, grad + (size_t)unit * n + from);
        }
    }
    for (unit = units / LANES * LANES; unit < units; unit++) {
        short_unit(w, dy + unit, units, grad + (size_t)unit * n);
    }
}

static uint32_t nonzero(const real *x, uint32_t n, uint32_t *index, real *value) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++) {
        index[count] = i;
        value[count] = x[i];
        count += x[i] != 0;
    }
    return count;
}

static void pool_max(const struct pool *p, real *y) {
    const uint32_t c = p->channels;
    kernel_index *which = p->which;
    for (uint32_t place = 0; place < p->places; place++, y += c, which += c) {
        const real *x = p->x + p->at[place];
        memcpy(y, x, c * sizeof *y);
        memset(which, 0, c * sizeof *which);
        for (uint32_t i = 1; i < p->pixels; i++) {
            const real *from = x + p->pixel[i];
            for (uint32_t k = 0; k < c; k++) {
                which[k] = from[k] > y[k] ? (kernel_index)i : which[k];
                y[k] = from[k] > y[k] ? from[k] : y[k];
            }
        }
    }
}

static void pool_max_back(const struct pool *p, const real *dy, real *dx) {
    const uint32_t c = p->channels;
    const kernel_index *which = p->which;
    for (uint32_t place = 0; place < p->places; place++, dy += c, which += c) {
        for (uint32_t i = 0; i < p->pixels; i++) {
            real *to = dx + p->at[place] + p->pixel[i];
            for (uint32_t k = 0; k < c; k++) to[k] += which[k] == (kernel_index)i ? dy[k] : 0;
        }
    }
}

static void add(size_t n, const real *x, real *to) {
    for (size_t i = 0; i < n; i++) to[i] += x[i];
}

static void relu(size_t n, const real *x, real *y) {
    for (size_t i = 0; i < n; i++) y[i] = x[i] > 0 ? x[i] : 0;
}

static void relu_back(size_t n, const real *y, const real *dy, real *dx) {
    for (size_t i = 0; i < n; i++) dx[i] = y[i] > 0 ? dy[i] : 0;
}

static double squares(size_t n, const real *x) {
    double part[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (size_t k = 0; k < 8; k++) part[k] += (double)x[i + k] * (double)x[i + k];
    }
    for (; i < n; i++) part[0] += (double)x[i] * (double)x[i];
    return ((part[0] + part[1]) + (part[2] + part[3])) +
           ((part[4] + part[5]) + (part[6] + part[7]));
}

enum { LANES64 = VECTOR_BYTES / sizeof(double) };
typedef double vec64 __attribute__((vector_size(VECTOR_BYTES), aligned(8), may_alias));

static double dot64(uint32_t n, const double *a, const double *b) {
    vec64 sum = {0};
    double lane[LANES64];
    uint32_t i = 0;
    for (; i + LANES64 <= n; i += LANES64) {
        sum += *(const vec64 *)(a + i) * *(const vec64 *)(b + i);
    }
    memcpy(lane, &sum, sizeof lane);
    for (uint32_t half = LANES64 / 2; half > 0; half /= 2) {
        for (uint32_t k = 0; k < half; k++) lane[k] += lane[k + half];
    }
    for (; i < n; i++) lane[0] += a[i] * b[i];
    return lane[0];
}

static void add64(uint32_t n, double scale, const double *x, double *to) {
    uint32_t i = 0;
    for (; i + LANES64 <= n; i += LANES64) {
        *(vec64 *)(to + i) += *(const vec64 *)(x + i) * scale;
    }
    for (; i < n; i++) to[i] += x[i] * scale;
}

static void distances(const struct windows *examples, const real *x, real *distance) {
    uint32_t n = examples->run;
    for (uint32_t p = 0; p < examples->count; p++) {
        const real *at = examples->x + (size_t)p * n;
        vec sum = {0};
        uint32_t i = 0;
        for (; i + LANES <= n; i += LANES) {
            vec off = *(const vec *)(at + i) - *(const vec *)(x + i);
            sum += off * off;
        }
        distance[p] = lanes_sum(&sum);
        for (; i < n; i++) distance[p] += (at[i] - x[i]) * (at[i] - x[i]);
    }
}

static void sgd(const struct update *given) {
    const struct update u = *given;
    for (size_t i = 0; i < u.count; i++) {
        real g = u.grad[i] * u.scale + u.decay * u.param[i];
        u.first[i] = u.momentum * u.first[i] + g;
        u.param[i] -= u.rate * u.first[i];
    }
}

/* Kingma, Ba 2015 (algorithm 1). */
static void adam(const struct update *given) {
    const struct update u = *given;
    const real tiny = (real)1e-8;
    for (size_t i = 0; i < u.count; i++) {
        real g = u.grad[i] * u.scale + u.decay * u.param[i];
        real m = u.beta1 * u.first[i] + (1 - u.beta1) * g;
        real v = u.beta2 * u.second[i] + (1 - u.beta2) * g * g;
        u.first[i] = m;
        u.second[i] = v;
        real root = (real)sqrt((double)(v * u.bias2));
        u.param[i] -= u.rate * (m * u.bias1) / (root + tiny);
    }
}

/* Duchi, Hazan, Singer 2011 (its diagonal form). */
static void adagrad(const struct update *given) {
    const struct update u = *given;
    const real tiny = (real)1e-10;
    for (size_t i = 0; i < u.count; i++) {
        real g = u.grad[i] * u.scale + u.decay * u.param[i];
        real v = u.second[i] + g * g;
        u.second[i] = v;
        u.param[i] -= u.rate * g / ((real)sqrt((double)v) + tiny);
    }
}

const struct learn_kernels PASTE(learn_kernels_, KERNELS) = {
    .name = STRING(KERNELS),
    .packed_size = packed_size,
    .pack = pack,
    .forward = forward,
    .dots = dots,
    .sum = sum_terms,
    .sum_short = sum_short,
    .nonzero = nonzero,
    .pool_max = pool_max,
    .pool_max_back = pool_max_back,
    .add = add,
    .relu = relu,
    .relu_back = relu_back,
    .squares = squares,
    .dot64 = dot64,
    .add64 = add64,
    .distances = distances,
    .sgd = sgd,
    .adam = adam,
    .adagrad = adagrad,
};
