/* kernel_test.c: every set of kernels that this machine can run gives what plain C gives, for all
 * lengths up to a few vectors and for values at their ends.
 */
#include "engine/kernel/kernels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/cpu.h"

enum { N = 200 };

struct dice {
    uint64_t s;
};

static uint64_t roll(struct dice *d) {
    d->s ^= d->s << 13;
    d->s ^= d->s >> 7;
    d->s ^= d->s << 17;
    return d->s;
}

static int64_t any_i64(struct dice *d) {
    static const int64_t ends[] = {0, 1, -1, INT64_MAX, INT64_MIN, INT64_MAX - 1, 1 << 20};
    uint64_t r = roll(d);
    return r % 3 ? (int64_t)(roll(d) % 1000) - 500 : ends[roll(d) % 7];
}

static double any_f64(struct dice *d) {
    static const double ends[] = {0.0, -0.0, 1.0, NAN, INFINITY, -INFINITY, 1e308};
    return roll(d) % 2 ? (double)(roll(d) % 100) / 7 : ends[roll(d) % 7];
}

static uint32_t sets(const struct kernels *out[3]) {
    uint32_t cpu = cpu_features(), n = 0;
    out[n++] = &kernels_v2;
    if (cpu & CPU_AVX2) out[n++] = &kernels_v3;
    if (cpu & CPU_AVX512) out[n++] = &kernels_v4;
    return n;
}

struct values {
    int64_t i[2][N];
    double f[2][N];
    int128_t d[2][N];
    uint8_t b[2][N];
    uint64_t mask[N / 64 + 1];
};

static void fill(struct values *v, struct dice *d) {
    for (uint32_t side = 0; side < 2; side++) {
        for (uint32_t k = 0; k < N; k++) {
            v->i[side][k] = any_i64(d);
            v->f[side][k] = any_f64(d);
            v->d[side][k] = (int128_t)any_i64(d) * any_i64(d);
            v->b[side][k] = roll(d) & 1;
        }
    }
    for (uint32_t w = 0; w < N / 64 + 1; w++) {
        uint64_t kind = roll(d) % 4;
        v->mask[w] = kind == 0 ? 0 : kind == 1 ? UINT64_MAX : roll(d);
    }
}

static void check_arith(const struct kernels *k, const struct values *v, uint32_t n) {
    int64_t out[N], want;
    kernel_checked_i64 *kernel[] = {k->arith.add_i64, k->arith.sub_i64, k->arith.mul_i64};
    for (uint32_t op = 0; op < 3; op++) {
        bool any = false, over = kernel[op](n, v->i[0], v->i[1], out);
        for (uint32_t r = 0; r < n; r++) {
            int64_t a = v->i[0][r], b = v->i[1][r];
            any |= op == 0   ? __builtin_add_overflow(a, b, &want)
                   : op == 1 ? __builtin_sub_overflow(a, b, &want)
                             : __builtin_mul_overflow(a, b, &want);
            assert_true(out[r] == want);
        }
        assert_int_equal(over, any);
    }
    double f[N];
    k->arith.div_f64(n, v->f[0], v->f[1], f);
    for (uint32_t r = 0; r < n; r++) {
        double q = v->f[0][r] / v->f[1][r];
        assert_true(memcmp(&q, &f[r], sizeof q) == 0 || (q != q && f[r] != f[r]));
    }
    int128_t wide[N];
    k->arith.sum_i128(n, v->d[0], 1000, v->d[1], -7, wide);
    for (uint32_t r = 0; r < n; r++) {
        assert_true(wide[r] ==
                    (int128_t)((uint128_t)v->d[0][r] * 1000 - (uint128_t)v->d[1][r] * 7));
    }
}

/* The order of SQL: NaN above all numbers and equal to itself. */
static int order_f64(double a, double b) {
    if (a != a || b != b) return (a != a) - (b != b);
    return (a > b) - (a < b);
}

static bool holds(uint32_t op, int order) {
    return op == COMPARE_EQ   ? order == 0
           : op == COMPARE_NE ? order != 0
           : op == COMPARE_LT ? order < 0
                              : order <= 0;
}

static void check_compare(const struct kernels *k, const struct values *v, uint32_t n) {
    uint8_t i[N], f[N], d[N], b[N];
    for (uint32_t op = 0; op < COMPARE_COUNT; op++) {
        k->compare.i64[op](n, v->i[0], v->i[1], i);
        k->compare.f64[op](n, v->f[0], v->f[1], f);
        k->compare.i128[op](n, v->d[0], v->d[1], d);
        k->compare.b8[op](n, v->b[0], v->b[1], b);
        for (uint32_t r = 0; r < n; r++) {
            int64_t x = v->i[0][r], y = v->i[1][r];
            int128_t s = v->d[0][r], t = v->d[1][r];
            assert_int_equal(i[r], holds(op, (x > y) - (x < y)));
            assert_int_equal(f[r], holds(op, order_f64(v->f[0][r], v->f[1][r])));
            assert_int_equal(d[r], holds(op, (s > t) - (s < t)));
            assert_int_equal(b[r], holds(op, (int)v->b[0][r] - (int)v->b[1][r]));
        }
    }
}

static void check_masks(const struct kernels *k, const struct values *v, uint32_t n) {
    uint64_t mask[N / 64 + 1];
    uint8_t bytes[N];
    uint16_t sel[N];
    k->mask.from_b8(n, v->b[0], mask);
    for (uint32_t r = 0; r < (n + 63) / 64 * 64; r++) {
        bool want = r < n && v->b[0][r];
        assert_int_equal(mask[r / 64] >> (r % 64) & 1, want);
    }
    k->mask.to_b8(n, v->mask, bytes);
    uint32_t kept = k->mask.to_sel(n, v->mask, sel), at = 0;
    for (uint32_t r = 0; r < n; r++) {
        bool set = v->mask[r / 64] >> (r % 64) & 1;
        assert_int_equal(bytes[r], set);
        if (set) assert_int_equal(sel[at++], r);
    }
    assert_int_equal(kept, at);
}

static void check_blend(const struct kernels *k, const struct values *v, uint32_t n) {
    uint8_t b[N];
    int64_t i[N];
    int128_t d[N];
    memcpy(i, v->i[1], sizeof i); /* in place, as a CASE does it */
    k->mask.blend_8(n, v->b[0], v->b[1], v->b[0], b);
    k->mask.blend_64(n, v->b[0], v->i[0], i, i);
    k->mask.blend_128(n, v->b[0], v->d[0], v->d[1], d);
    for (uint32_t r = 0; r < n; r++) {
        assert_int_equal(b[r], v->b[0][r] ? v->b[1][r] : v->b[0][r]);
        assert_true(i[r] == (v->b[0][r] ? v->i[0][r] : v->i[1][r]));
        assert_true(d[r] == (v->b[0][r] ? v->d[0][r] : v->d[1][r]));
    }
}

typedef void check(const struct kernels *k, const struct values *v, uint32_t n);

static void for_all(check *c) {
    const struct kernels *set[3];
    struct dice d = {20261120};
    struct values v;
    uint32_t count = sets(set);
    for (uint32_t n = 0; n <= N; n++) {
        fill(&v, &d);
        for (uint32_t s = 0; s < count; s++) c(set[s], &v, n);
    }
}

static void arithmetic_is_exact_and_overflow_seen(void **unused) {
    (void)unused;
    for_all(check_arith);
}

static void comparisons_follow_sql(void **unused) {
    (void)unused;
    for_all(check_compare);
}

static void masks_and_rows_say_the_same(void **unused) {
    (void)unused;
    for_all(check_masks);
}

static void blends_take_each_row_from_its_side(void **unused) {
    (void)unused;
    for_all(check_blend);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic_is_exact_and_overflow_seen),
        cmocka_unit_test(comparisons_follow_sql),
        cmocka_unit_test(masks_and_rows_say_the_same),
        cmocka_unit_test(blends_take_each_row_from_its_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
