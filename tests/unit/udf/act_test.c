/* Activations are the functions that their names say, to a few units in the last place, over the
 * whole range of floats; what lies between rows is not touched.
 */
#include "udf/nn/act.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/cpu.h"
#include "tests/unit/base/random.h"

enum { ROWS = 3, CHANNELS = 37, STRIDE = 41 };

static double want_of(const struct act *a, double x, double slope) {
    double line = (double)a->a * x + (double)a->b, unit = line < 0 ? 0 : line > 1 ? 1 : line;
    switch (a->kind) {
    case ACT_NONE: return x;
    case ACT_CLIP: return fmin((double)a->b, fmax((double)a->a, x));
    case ACT_LEAKY: return x < 0 ? (double)a->a * x : x;
    case ACT_PRELU: return x < 0 ? slope * x : x;
    case ACT_SIGMOID: return 1 / (1 + exp(-x));
    case ACT_SILU: return x / (1 + exp(-(double)a->a * x));
    case ACT_HARD_SIGMOID: return unit;
    case ACT_HARD_SWISH: return x * unit;
    case ACT_TANH: return tanh(x);
    case ACT_ELU: return x < 0 ? (double)a->a * expm1(x) : x;
    case ACT_KINDS: break;
    }
    return (double)NAN;
}

/* Small and large of both signs, and zero. */
static float draw_value(struct random *r) {
    double size =
        ldexp(1 + (double)random_below(r, 1 << 20) / (1 << 20), (int)random_below(r, 30) - 20);
    if (random_below(r, 50) == 0) size = 0;
    return (float)(random_below(r, 2) ? size : -size);
}

static void check(struct random *r, const struct nn_kernels *k, struct act a) {
    float x[ROWS * STRIDE], was[ROWS * STRIDE], slope[CHANNELS];
    for (uint32_t i = 0; i < CHANNELS; i++) slope[i] = draw_value(r);
    for (uint32_t i = 0; i < ROWS * STRIDE; i++) was[i] = x[i] = draw_value(r);
    a.slope = slope;
    act_apply(k, &a, &(struct act_rows){ROWS, CHANNELS, x, STRIDE});
    for (uint32_t i = 0; i < ROWS * STRIDE; i++) {
        uint32_t c = i % STRIDE;
        if (c >= CHANNELS) {
            assert_true(x[i] == was[i]);
            continue;
        }
        double tiny = 1e-37 * (1 + fabs((double)was[i])); /* exponentials end before floats do */
        double want = want_of(&a, (double)was[i], (double)slope[c]);
        if (fabs((double)x[i] - want) <= 5e-7 * fabs(want) + tiny) continue;
        fail_msg("%s, activation %d of %.9g: %.9g, not %.9g", k->name, a.kind, (double)was[i],
                 (double)x[i], want);
    }
}

static void activations_are_as_defined(void **unused) {
    (void)unused;
    struct random r = random_start("act");
    uint32_t cpu = cpu_features();
    for (uint32_t round = 0; round < random_rounds(200); round++) {
        for (int kind = 0; kind < ACT_KINDS; kind++) {
            struct act a = {.kind = (enum act_kind)kind, .a = 0.25f, .b = 0.5f};
            if (kind == ACT_SILU && round % 2) a.a = 1;
            check(&r, &nn_kernels_v2, a);
            if (cpu & CPU_AVX2) check(&r, &nn_kernels_v3, a);
            if (cpu & CPU_AVX512) check(&r, &nn_kernels_v4, a);
        }
    }
}

static void not_a_number_stays(void **unused) {
    (void)unused;
    for (int kind = 0; kind < ACT_KINDS; kind++) {
        float x[20], slope[20];
        for (int i = 0; i < 20; i++) x[i] = slope[i] = NAN;
        struct act a = {.kind = (enum act_kind)kind, .a = 0, .b = 1, .slope = slope};
        act_apply(NULL, &a, &(struct act_rows){1, 20, x, 20});
        for (int i = 0; i < 20; i++) assert_true(isnan(x[i]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations_are_as_defined),
        cmocka_unit_test(not_a_number_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
