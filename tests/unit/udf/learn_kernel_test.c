/* Each set of kernels computes what the definition says, for sizes around the widths of its vectors
 * and windows of all shapes.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/attr.h"
#include "engine/base/cpu.h"
#include "tests/unit/base/random.h"
#include "udf/learn/kernel.h"
#include "udf/learn/noise.h"

enum { NUMBERS = 6000, PLACES_MAX = 40, UNITS_MAX = 150 };

/* Windows over random numbers, and units to multiply them with. */
struct probe {
    const struct learn_kernels *k;
    float x[NUMBERS], weight[NUMBERS * 4], bias[UNITS_MAX], dy[PLACES_MAX * UNITS_MAX];
    uint32_t at[PLACES_MAX], units, n;
    struct windows w;
};

static const struct learn_kernels *set_at(uint32_t i) {
    const struct learn_kernels *const sets[] = {&learn_kernels_v2, &learn_kernels_v3,
                                                &learn_kernels_v4};
    uint32_t cpu = cpu_features(), can = cpu & CPU_AVX512 ? 3 : cpu & CPU_AVX2 ? 2 : 1;
    return i < can ? sets[i] : NULL;
}

static void fill(struct random *r, uint32_t n, float *out) {
    for (uint32_t i = 0; i < n; i++) out[i] = (float)noise_normal(&r->state);
}

static void draw(struct probe *p, struct random *r, const struct learn_kernels *k, uint32_t run) {
    p->k = k;
    p->units = 1 + (uint32_t)random_below(r, UNITS_MAX);
    p->w = (struct windows){.x = p->x,
                            .at = p->at,
                            .count = 1 + (uint32_t)random_below(r, PLACES_MAX),
                            .runs = 1 + (uint32_t)random_below(r, 3),
                            .run = 1 + (uint32_t)random_below(r, run)};
    p->w.pitch = p->w.run + (uint32_t)random_below(r, 9);
    p->n = p->w.runs * p->w.run;
    while (p->units * p->n > COUNT_OF(p->weight)) p->units /= 2;
    for (uint32_t i = 0; i < p->w.count; i++) {
        p->at[i] = (uint32_t)random_below(r, NUMBERS - p->w.runs * p->w.pitch);
    }
    fill(r, NUMBERS, p->x);
    fill(r, p->units * p->n, p->weight);
    fill(r, p->units, p->bias);
    fill(r, p->w.count * p->units, p->dy);
    for (uint32_t i = 0; i < p->w.count * p->units; i += 3) p->dy[i] = 0;
}

/* Number i of the window of a place. */
static double window(const struct probe *p, uint32_t place, uint32_t i) {
    return (double)p->x[p->at[place] + i / p->w.run * p->w.pitch + i % p->w.run];
}

static void near(double got, double wanted, double size) {
    assert_true(fabs(got - wanted) <= 1e-6 * (1 + size));
}

static void check_products(const struct probe *p, const float *y) {
    for (uint32_t place = 0; place < p->w.count; place++) {
        for (uint32_t u = 0; u < p->units; u++) {
            double sum = (double)p->bias[u], size = fabs(sum);
            for (uint32_t i = 0; i < p->n; i++) {
                double part = window(p, place, i) * (double)p->weight[u * p->n + i];
                sum += part;
                size += fabs(part);
            }
            near((double)y[place * p->units + u], sum, size);
        }
    }
}

static void products_are_those_of_the_definition(void **unused) {
    (void)unused;
    struct random r = random_start("products");
    struct probe *p = calloc(1, sizeof *p);
    for (uint32_t round = 0; round < random_rounds(200); round++) {
        for (uint32_t set = 0; set_at(set); set++) {
            draw(p, &r, set_at(set), 120);
            float *packed = calloc(p->k->packed_size(p->units, p->n), sizeof *packed);
            float *y = calloc((size_t)p->w.count * p->units, sizeof *y); /* ASan guards its end */
            p->k->pack(p->weight, p->bias, p->units, p->n, packed);
            p->k->forward(&p->w, packed, p->units, y);
            check_products(p, y);
            if (p->w.runs == 1) {
                p->k->dots(&p->w, p->weight, p->bias, p->units, y);
                check_products(p, y);
            }
            free(packed);
            free(y);
        }
    }
    free(p);
}

/* The sum over places of dy * window, for each unit. */
static void check_sums(const struct probe *p, const float *grad) {
    for (uint32_t u = 0; u < p->units; u++) {
        for (uint32_t i = 0; i < p->n; i++) {
            double sum = 1, size = 1;
            for (uint32_t place = 0; place < p->w.count; place++) {
                double part = window(p, place, i) * (double)p->dy[place * p->units + u];
                sum += part;
                size += fabs(part);
            }
            near((double)grad[u * p->n + i], sum, size);
        }
    }
}

static void sum_by_units(const struct probe *p, float *grad) {
    float scale[PLACES_MAX];
    for (uint32_t u = 0; u < p->units; u++) {
        struct terms t = {.source = p->x, .at = p->at, .scale = scale, .count = p->w.count};
        for (uint32_t i = 0; i < p->w.count; i++) scale[i] = p->dy[i * p->units + u];
        for (uint32_t run = 0; run < p->w.runs; run++, t.source += p->w.pitch) {
            p->k->sum(&t, p->w.run, grad + u * p->n + run * p->w.run);
        }
    }
}

/* Both ways to the gradient of weights. */
static void sums_are_those_of_the_definition(void **unused) {
    (void)unused;
    struct random r = random_start("sums");
    struct probe *p = calloc(1, sizeof *p);
    for (uint32_t round = 0; round < random_rounds(100); round++) {
        for (uint32_t set = 0; set_at(set); set++) {
            float spare[KERNEL_SHORT_SPARE];
            draw(p, &r, set_at(set), round % 2 ? 150 : 15);
            float *grad = calloc((size_t)p->units * p->n, sizeof *grad);
            for (uint32_t i = 0; i < p->units * p->n; i++) grad[i] = 1;
            if (round % 2 == 1) sum_by_units(p, grad);
            if (round % 2 == 0) p->k->sum_short(&p->w, p->dy, p->units, spare, grad);
            check_sums(p, grad);
            free(grad);
        }
    }
    free(p);
}

/* The first of the largest is taken, and gets the whole gradient back. */
static void pooling_takes_the_largest(void **unused) {
    (void)unused;
    struct random r = random_start("pool");
    enum { SIDE = 6, CHANNELS = 37, OUT = 3 };
    float x[SIDE * SIDE * CHANNELS], y[OUT * OUT * CHANNELS], dx[COUNT_OF(x)], dy[COUNT_OF(y)];
    kernel_index which[COUNT_OF(y)];
    uint32_t at[OUT * OUT];
    const uint32_t pixel[] = {0, CHANNELS, SIDE * CHANNELS, (SIDE + 1) * CHANNELS};
    for (uint32_t i = 0; i < OUT * OUT; i++) at[i] = (i / OUT * SIDE + i % OUT) * 2 * CHANNELS;
    for (uint32_t set = 0; set_at(set); set++) {
        for (uint32_t i = 0; i < COUNT_OF(x); i++) x[i] = (float)random_below(&r, 4);
        fill(&r, COUNT_OF(dy), dy);
        memset(dx, 0, sizeof dx);
        const struct pool p = {x, at, pixel, OUT * OUT, 4, CHANNELS, which};
        set_at(set)->pool_max(&p, y);
        set_at(set)->pool_max_back(&p, dy, dx);
        for (uint32_t i = 0; i < COUNT_OF(y); i++) {
            uint32_t from = at[i / CHANNELS] + i % CHANNELS, best = 0;
            for (uint32_t k = 1; k < 4; k++) {
                if (x[from + pixel[k]] > x[from + pixel[best]]) best = k;
            }
            assert_true(y[i] == x[from + pixel[best]]);
            for (uint32_t k = 0; k < 4; k++) {
                assert_true(dx[from + pixel[k]] == (k == best ? dy[i] : 0));
            }
        }
    }
}

static void small_loops_are_those_of_the_definition(void **unused) {
    (void)unused;
    struct random r = random_start("loops");
    for (uint32_t n = 0; n < 70; n++) {
        for (uint32_t set = 0; set_at(set); set++) {
            const struct learn_kernels *k = set_at(set);
            float x[70], y[70], distance[1];
            double a[70], b[70], sum = 0, apart = 0, squares = 0;
            const uint32_t zero = 0;
            fill(&r, n, x);
            fill(&r, n, y);
            for (uint32_t i = 0; i < n; i++) {
                a[i] = (double)x[i];
                b[i] = (double)y[i];
                sum += a[i] * b[i];
                apart += (a[i] - b[i]) * (a[i] - b[i]);
                squares += a[i] * a[i];
            }
            const struct windows w = {.x = x, .at = &zero, .count = 1, .runs = 1, .run = n};
            near(k->dot64(n, a, b), sum, (double)n);
            k->distances(&w, y, distance);
            near((double)distance[0], apart, apart);
            near(k->squares(n, x), squares, squares);
            k->add64(n, 2, a, b);
            for (uint32_t i = 0; i < n; i++) assert_true(b[i] == (double)y[i] + 2 * a[i]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_those_of_the_definition),
        cmocka_unit_test(sums_are_those_of_the_definition),
        cmocka_unit_test(pooling_takes_the_largest),
        cmocka_unit_test(small_loops_are_those_of_the_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
