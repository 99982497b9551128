/* motion_test.c: the four small filters give what one Kalman filter of eight numbers gives, written
 * with plain matrices; and what must be true of overlaps and of looking ahead.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/op/motion.h"
#include "tests/unit/base/random.h"

enum { N = 8, SEEN = 4, STEPS = 40 };

/* x = (cx, cy, w, h, and their speeds), P its covariance; row-major. */
struct naive {
    double x[N], p[N][N];
};

static double part(struct random *g) {
    return (double)random_below(g, 1u << 20) / (1u << 20);
}

static struct rect random_rect(struct random *g) {
    return (struct rect){.x = part(g) * 400 - 200,
                         .y = part(g) * 400 - 200,
                         .w = 1 + part(g) * 100,
                         .h = 1 + part(g) * 100};
}

static double size_of(const struct rect *r, int axis) {
    return axis % 2 == 0 ? r->w : r->h;
}

static void naive_seen(const struct rect *r, double z[SEEN]) {
    const double seen[SEEN] = {r->x + r->w / 2, r->y + r->h / 2, r->w, r->h};
    memcpy(z, seen, sizeof seen);
}

static void naive_begin(struct naive *k, const struct rect *r) {
    memset(k, 0, sizeof *k);
    naive_seen(r, k->x);
    for (int i = 0; i < SEEN; i++) {
        k->p[i][i] = pow(size_of(r, i) / 10, 2);
        k->p[i + SEEN][i + SEEN] = pow(size_of(r, i) * 15 / 8, 2);
    }
}

/* x = F x, P = F P F' + Q, with the noise of things of the size of `r`. */
static void naive_ahead(struct naive *k, const struct rect *r, double t) {
    double f[N][N] = {{0}}, fp[N][N] = {{0}}, p[N][N] = {{0}}, x[N] = {0};
    for (int i = 0; i < N; i++) f[i][i] = 1;
    for (int i = 0; i < SEEN; i++) f[i][i + SEEN] = t;
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            x[i] += f[i][j] * k->x[j];
            for (int l = 0; l < N; l++) fp[i][j] += f[i][l] * k->p[l][j];
        }
    }
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            for (int l = 0; l < N; l++) p[i][j] += fp[i][l] * f[j][l];
        }
    }
    for (int i = 0; i < SEEN; i++) {
        double q = pow(size_of(r, i), 2);
        p[i][i] += q * (t * 3 / 40 + t * t * t / 3);
        p[i][i + SEEN] += q * t * t / 2;
        p[i + SEEN][i] += q * t * t / 2;
        p[i + SEEN][i + SEEN] += q * t;
    }
    memcpy(k->x, x, sizeof x);
    memcpy(k->p, p, sizeof p);
}

/* The inverse of s by Gauss and Jordan. */
static void invert(double s[SEEN][SEEN], double out[SEEN][SEEN]) {
    memset(out, 0, sizeof(double[SEEN][SEEN]));
    for (int i = 0; i < SEEN; i++) out[i][i] = 1;
    for (int i = 0; i < SEEN; i++) {
        double pivot = s[i][i];
        for (int j = 0; j < SEEN; j++) {
            s[i][j] /= pivot;
            out[i][j] /= pivot;
        }
        for (int k = 0; k < SEEN; k++) {
            double times = k == i ? 0 : s[k][i];
            for (int j = 0; j < SEEN; j++) {
                s[k][j] -= times * s[i][j];
                out[k][j] -= times * out[i][j];
            }
        }
    }
}

/* K = P H' (H P H' + R)^-1, x += K (z - H x), P = (I - K H) P. */
static void naive_see(struct naive *k, const struct rect *r) {
    double s[SEEN][SEEN], inverse[SEEN][SEEN], gain[N][SEEN] = {{0}}, z[SEEN], p[N][N];
    naive_seen(r, z);
    for (int i = 0; i < SEEN; i++) {
        for (int j = 0; j < SEEN; j++) s[i][j] = k->p[i][j];
        s[i][i] += pow(size_of(r, i) / 20, 2);
        z[i] -= k->x[i];
    }
    invert(s, inverse);
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < SEEN; j++) {
            for (int l = 0; l < SEEN; l++) gain[i][j] += k->p[i][l] * inverse[l][j];
        }
    }
    memcpy(p, k->p, sizeof p);
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < SEEN; j++) k->x[i] += gain[i][j] * z[j];
        for (int j = 0; j < N; j++) {
            for (int l = 0; l < SEEN; l++) k->p[i][j] -= gain[i][l] * p[l][j];
        }
    }
}

static void assert_near(double got, double want, double scale) {
    if (fabs(got - want) <= 1e-9 * (fabs(want) + scale)) return;
    fail_msg("%.17g is not %.17g", got, want);
}

static void assert_as_naive(const struct motion *m, const struct naive *k) {
    for (int i = 0; i < SEEN; i++) {
        assert_near(m->at[i], k->x[i], 100);
        assert_near(m->speed[i], k->x[i + SEEN], 100);
        assert_near(m->at_var[i], k->p[i][i], 100);
        assert_near(m->both_cov[i], k->p[i][i + SEEN], 100);
        assert_near(m->speed_var[i], k->p[i + SEEN][i + SEEN], 100);
    }
}

static void four_small_filters_are_one_large(void **unused) {
    (void)unused;
    struct random g = random_start("motion");
    for (uint32_t round = 0; round < random_rounds(100); round++) {
        struct rect r = random_rect(&g);
        struct motion m;
        struct naive k;
        motion_begin(&m, &r);
        naive_begin(&k, &r);
        assert_as_naive(&m, &k);
        for (int i = 0; i < STEPS; i++) {
            double t = part(&g) * 2;
            motion_ahead(&m, t);
            naive_ahead(&k, &r, t);
            assert_as_naive(&m, &k);
            r = random_rect(&g);
            motion_see(&m, &r);
            naive_see(&k, &r);
            assert_as_naive(&m, &k);
        }
    }
}

/* Frames in which nothing is seen leave nothing behind. */
static void looking_ahead_twice_is_once_by_the_sum(void **unused) {
    (void)unused;
    struct random g = random_start("ahead");
    for (uint32_t round = 0; round < random_rounds(1000); round++) {
        struct rect r = random_rect(&g);
        struct motion once, twice;
        motion_begin(&once, &r);
        motion_ahead(&once, 0.1);
        r = random_rect(&g);
        motion_see(&once, &r);
        twice = once;
        double a = part(&g) * 3, b = part(&g) * 3;
        motion_ahead(&once, a + b);
        motion_ahead(&twice, a);
        motion_ahead(&twice, b);
        for (int i = 0; i < MOTION_AXES; i++) {
            assert_near(twice.at[i], once.at[i], 100);
            assert_near(twice.at_var[i], once.at_var[i], 100);
            assert_near(twice.both_cov[i], once.both_cov[i], 100);
            assert_near(twice.speed_var[i], once.speed_var[i], 100);
        }
    }
}

/* In other units all is the same, times the unit. */
static void units_do_not_matter(void **unused) {
    (void)unused;
    struct random g = random_start("units");
    static const double units[] = {1e-6, 1.0 / 1920, 3, 1e9};
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        struct motion one, other;
        struct rect r = random_rect(&g);
        for (int i = 0; i < STEPS; i++) {
            struct rect far = {r.x * units[u], r.y * units[u], r.w * units[u], r.h * units[u]};
            if (i == 0) motion_begin(&one, &r);
            if (i == 0) motion_begin(&other, &far);
            motion_ahead(&one, 0.04);
            motion_ahead(&other, 0.04);
            motion_see(&one, &r);
            motion_see(&other, &far);
            struct rect a = motion_rect(&one), b = motion_rect(&other);
            assert_near(b.x / units[u], a.x, 100);
            assert_near(b.w / units[u], a.w, 100);
            r = random_rect(&g);
        }
    }
}

static void a_steady_speed_is_learnt(void **unused) {
    (void)unused;
    struct motion m;
    struct rect r = {.x = 0, .y = 100, .w = 20, .h = 40};
    motion_begin(&m, &r);
    for (int i = 1; i <= 100; i++) {
        r.x = i * 2;
        r.y = 100 - i;
        motion_ahead(&m, 0.04);
        motion_see(&m, &r);
    }
    assert_true(fabs(m.speed[MOTION_X] - 50) < 0.5 && fabs(m.speed[MOTION_Y] + 25) < 0.5);
    motion_ahead(&m, 1);
    r = motion_rect(&m);
    assert_true(fabs(r.x - 250) < 1 && fabs(r.y + 25) < 1 && fabs(r.w - 20) < 0.5);
}

/* Extremes that a row may have leave numbers that are numbers. */
static void nothing_overflows(void **unused) {
    (void)unused;
    static const struct rect r[] = {{-RECT_PLACE_MAX, 0, RECT_PLACE_MAX, RECT_SIZE_MIN},
                                    {RECT_PLACE_MAX, RECT_PLACE_MAX, RECT_SIZE_MIN, 1},
                                    {0, 0, RECT_SIZE_MIN, RECT_PLACE_MAX}};
    struct motion m;
    motion_begin(&m, &r[0]);
    for (int i = 0; i < STEPS; i++) {
        motion_ahead(&m, i % 2 ? 1e12 : 1e-6);
        struct rect thought = motion_rect(&m);
        double overlap = rect_overlap(&thought, &r[i % 3]);
        assert_true(overlap >= 0 && overlap <= 1);
        motion_see(&m, &r[i % 3]);
        for (int k = 0; k < MOTION_AXES; k++) {
            assert_true(isfinite(m.at[k]) && isfinite(m.speed[k]));
            assert_true(m.at_var[k] >= 0 && m.speed_var[k] >= 0);
        }
    }
    static const struct rect none[] = {{0, 0, 0, 1},   {0, 0, 1, -1},       {NAN, 0, 1, 1},
                                       {0, 0, 1, NAN}, {0, INFINITY, 1, 1}, {2e12, 0, 1, 1}};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) assert_false(rect_fits(&none[i]));
}

/* Against counting the points of a grid. */
static void overlaps_are_shared_areas(void **unused) {
    (void)unused;
    struct random g = random_start("overlap");
    for (uint32_t round = 0; round < random_rounds(2000); round++) {
        int v[8];
        for (int i = 0; i < 8; i++) v[i] = (int)random_below(&g, 8) + (i % 4 >= 2);
        struct rect a = {v[0], v[1], v[2], v[3]}, b = {v[4], v[5], v[6], v[7]};
        int both = 0, any = 0;
        for (int i = 0; i < 400; i++) {
            int x = i % 20, y = i / 20;
            bool in_a = x >= v[0] && x < v[0] + v[2] && y >= v[1] && y < v[1] + v[3];
            bool in_b = x >= v[4] && x < v[4] + v[6] && y >= v[5] && y < v[5] + v[7];
            both += in_a && in_b;
            any += in_a || in_b;
        }
        assert_near(rect_overlap(&a, &b), (double)both / any, 1);
        assert_near(rect_overlap(&b, &a), (double)both / any, 1);
        assert_near(rect_overlap(&a, &a), 1, 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_small_filters_are_one_large),
        cmocka_unit_test(looking_ahead_twice_is_once_by_the_sum),
        cmocka_unit_test(units_do_not_matter),
        cmocka_unit_test(a_steady_speed_is_learnt),
        cmocka_unit_test(nothing_overflows),
        cmocka_unit_test(overlaps_are_shared_areas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
