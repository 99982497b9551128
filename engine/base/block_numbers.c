/* block_numbers.c: runs of 64-bit numbers in as few bytes as all of them need.
 *
 *   offset  bytes  what
 *   0       1      low half: bytes a number, 0, 1, 2, 4 or 8; high half: 0 from a base, 1 steps
 *   1       8      the base: the least number; of steps, the first number
 *   9       8      of steps only: the least step
 *   ...            a number each (of steps: but the first), above the least, little-endian
 *
 * Times and ordinals rise evenly, so their steps are small or equal, and then take no bytes at all
 * ("frame of reference" and "delta" coding: Lemire, Boytsov, Decoding billions of integers per
 * second through vectorization, 2015).
 */
#include <assert.h>
#include <string.h>

#include "engine/base/block_private.h"

enum { STEPS = 16 };

struct range {
    int64_t least, most;
};

static struct range range_of(const int64_t *v, uint32_t n) {
    struct range r = {.least = v[0], .most = v[0]};
    for (uint32_t i = 1; i < n; i++) {
        r.least = v[i] < r.least ? v[i] : r.least;
        r.most = v[i] > r.most ? v[i] : r.most;
    }
    return r;
}

static inline int64_t step_at(const int64_t *v, uint32_t i) {
    return (int64_t)((uint64_t)v[i] - (uint64_t)v[i - 1]);
}

/* Steps wrap around, and so does adding them up: any numbers have them. */
static struct range range_of_steps(const int64_t *v, uint32_t n) {
    struct range r = {.least = step_at(v, 1), .most = step_at(v, 1)};
    for (uint32_t i = 2; i < n; i++) {
        int64_t step = step_at(v, i);
        r.least = step < r.least ? step : r.least;
        r.most = step > r.most ? step : r.most;
    }
    return r;
}

static uint32_t width_of(struct range r) {
    uint64_t span = (uint64_t)r.most - (uint64_t)r.least;
    if (span == 0) return 0;
    if (span <= UINT8_MAX) return 1;
    if (span <= UINT16_MAX) return 2;
    return span <= UINT32_MAX ? 4 : 8;
}

static inline uint64_t number_at(const int64_t *v, uint32_t i, bool steps) {
    return (uint64_t)(steps ? step_at(v, i) : v[i]);
}

/* A loop a width, so that each is made of vector instructions. */
#define DEFINE_NARROW(bits)                                                                        \
    static void narrow_##bits(char *to, const int64_t *v, struct block_rows of, uint64_t least,    \
                              bool steps) {                                                        \
        for (uint32_t i = of.count; i-- > (steps ? 1u : 0u);) {                                    \
            uint##bits##_t x = (uint##bits##_t)(number_at(v, i, steps) - least);                   \
            memcpy(to + (size_t)(i - steps) * sizeof x, &x, sizeof x);                             \
        }                                                                                          \
    }                                                                                              \
    static void widen_##bits(int64_t *v, const char *from, uint32_t n, uint64_t least) {           \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            uint##bits##_t x;                                                                      \
            memcpy(&x, from + (size_t)i * sizeof x, sizeof x);                                     \
            v[i] = (int64_t)(x + least);                                                           \
        }                                                                                          \
    }
DEFINE_NARROW(8)
DEFINE_NARROW(16)
DEFINE_NARROW(32)
DEFINE_NARROW(64)

static void narrow(char *to, const int64_t *v, uint32_t n, uint64_t least, uint32_t form) {
    struct block_rows of = {.count = n};
    bool steps = form & STEPS;
    switch (form % STEPS) {
    case 1: narrow_8(to, v, of, least, steps); return;
    case 2: narrow_16(to, v, of, least, steps); return;
    case 4: narrow_32(to, v, of, least, steps); return;
    case 8: narrow_64(to, v, of, least, steps); return;
    default: return;
    }
}

static void widen(int64_t *v, const char *from, uint32_t n, uint64_t least, uint32_t width) {
    switch (width) {
    case 1: widen_8(v, from, n, least); return;
    case 2: widen_16(v, from, n, least); return;
    case 4: widen_32(v, from, n, least); return;
    case 8: widen_64(v, from, n, least); return;
    default:
        for (uint32_t i = 0; i < n; i++) v[i] = (int64_t)least;
    }
}

void numbers_save(struct buf *out, const int64_t *v, uint32_t n) {
    if (n == 0) return;
    struct range base = range_of(v, n), least = base;
    uint32_t form = width_of(base);
    if (n > 1) {
        struct range steps = range_of_steps(v, n);
        if (width_of(steps) < form) {
            form = width_of(steps) | STEPS;
            base.least = v[0];
            least = steps;
        }
    }
    buf_add_char(out, (char)form);
    buf_add(out, &base.least, sizeof base.least);
    if (form & STEPS) buf_add(out, &least.least, sizeof least.least);
    size_t bytes = (size_t)(n - !!(form & STEPS)) * (form % STEPS);
    if (!buf_reserve(out, bytes)) return;
    narrow(out->at + out->bytes, v, n, (uint64_t)least.least, form);
    out->bytes += bytes;
}

static bool steps_load(struct text *at, int64_t *v, uint32_t n, uint32_t width) {
    const char *least_at, *from;
    int64_t least;
    if (!block_take(at, sizeof least, &least_at)) return false;
    if (!block_take(at, (size_t)(n - 1) * width, &from)) return false;
    memcpy(&least, least_at, sizeof least);
    widen(v + 1, from, n - 1, (uint64_t)least, width);
    for (uint32_t i = 1; i < n; i++) v[i] = (int64_t)((uint64_t)v[i] + (uint64_t)v[i - 1]);
    return true;
}

bool numbers_load(struct text *at, int64_t *v, uint32_t n) {
    const char *form_at, *base_at, *from;
    if (n == 0) return true;
    if (!block_take(at, 1, &form_at) || !block_take(at, sizeof *v, &base_at)) return false;
    uint32_t form = (uint8_t)*form_at, width = form % STEPS;
    bool known = width == 0 || width == 1 || width == 2 || width == 4 || width == 8;
    if (!known || form >= 2 * STEPS) return false;
    memcpy(&v[0], base_at, sizeof *v);
    if (form & STEPS) return steps_load(at, v, n, width);
    if (!block_take(at, (size_t)n * width, &from)) return false;
    widen(v, from, n, (uint64_t)v[0], width);
    return true;
}
