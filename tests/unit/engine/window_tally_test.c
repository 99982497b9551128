/* window_tally_test.c: each window counts once, however often and by whomever it is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/window_tally.h"
#include "tests/unit/base/random.h"

enum { NUMBERS = 60, NAMES_MAX = 150, ROUNDS = 300 };

static void each_window_counts_once(void **unused) {
    (void)unused;
    struct random r = random_start("window_tally");
    struct err e;
    struct arena a;
    arena_init(&a, 0);
    for (uint32_t round = 0; round < random_rounds(ROUNDS); round++) {
        struct window_tally t = {.arena = &a, .brought = round % 2 == 1, .apart = round % 5};
        bool named[NUMBERS][NUMBERS] = {{false}};
        uint32_t names = (uint32_t)random_below(&r, NAMES_MAX + 1);
        for (uint32_t i = 0; i < names; i++) {
            uint32_t x = (uint32_t)random_below(&r, NUMBERS), y = (uint32_t)random_below(&r, 5);
            y = x + y < NUMBERS ? x + y : x;
            struct window_run run = {.first = (int64_t)x - 30, .last = (int64_t)y - 30};
            assert_true(window_tally_add(&t, run, &e));
            if (t.brought) named[x][y] = true;
            for (uint32_t k = x; !t.brought && k <= y; k++) named[k][0] = true;
        }
        uint64_t want = t.apart;
        for (uint32_t x = 0; x < NUMBERS; x++) {
            for (uint32_t y = 0; y < NUMBERS; y++) want += named[x][y];
        }
        assert_int_equal(window_tally_count(&t), want);
        arena_reset(&a);
    }
    arena_done(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_window_counts_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
