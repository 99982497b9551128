/* arena_test.c: what was given is apart from all else, until it is taken back. */
#include "engine/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/base/random.h"

enum { PIECES = 300 };

static void pieces_are_aligned_and_apart(void **unused) {
    (void)unused;
    struct random r = random_start("arena");
    struct arena a;
    arena_init(&a, 0);
    for (uint32_t round = 0; round < random_rounds(100); round++) {
        unsigned char *at[PIECES];
        size_t bytes[PIECES];
        struct arena_mark mark = arena_mark(&a);
        uint32_t kept = 0;
        for (uint32_t i = 0; i < PIECES; i++) {
            if (i == PIECES / 3) {
                mark = arena_mark(&a);
                kept = i;
            }
            bytes[i] = random_spread(&r) % 20000;
            at[i] = arena_alloc(&a, bytes[i]);
            assert_non_null(at[i]);
            assert_int_equal((uintptr_t)at[i] % 16, 0);
            memset(at[i], (int)(i & 0xFF), bytes[i]);
        }
        for (uint32_t i = 0; i < PIECES; i++) {
            for (size_t k = 0; k < bytes[i]; k++) assert_int_equal(at[i][k], i & 0xFF);
        }
        arena_rewind(&a, mark);
        memset(arena_alloc(&a, 5000), 0xEE, 5000); /* what is older than the mark stays */
        for (uint32_t i = 0; i < kept; i++) {
            for (size_t k = 0; k < bytes[i]; k++) assert_int_equal(at[i][k], i & 0xFF);
        }
        if (round % 2) arena_reset(&a);
    }
    arena_done(&a);
    assert_int_equal(a.held_bytes, 0);
}

static void a_reset_arena_takes_no_more_memory(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    size_t held = 0;
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < 1000; i++) assert_non_null(arena_alloc(&a, i * 7 % 3000));
        if (round == 0) held = a.held_bytes;
        assert_int_equal(a.held_bytes, held);
        arena_reset(&a);
    }
    arena_done(&a);
}

static void a_limit_is_kept(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 100000);
    while (arena_alloc(&a, 100)) assert_true(a.held_bytes <= 100000);
    assert_true(a.held_bytes > 50000);
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_alloc(&a, SIZE_MAX - 8));
    assert_null(arena_zalloc(&a, SIZE_MAX / 2, 4));
    arena_done(&a);
    assert_non_null(arena_alloc(&a, 10));
    arena_done(&a);
}

static void copies_end_with_nul_and_zeroed_is_zero(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    memset(arena_alloc(&a, 3000), 0xFF, 3000);
    arena_reset(&a);
    const unsigned char *z = arena_zalloc(&a, 100, 7);
    for (size_t i = 0; i < 700; i++) assert_int_equal(z[i], 0);
    assert_string_equal(arena_copy(&a, "hello, you", 5), "hello");
    assert_string_equal(arena_copy(&a, NULL, 0), "");
    arena_done(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_apart),
        cmocka_unit_test(a_reset_arena_takes_no_more_memory),
        cmocka_unit_test(a_limit_is_kept),
        cmocka_unit_test(copies_end_with_nul_and_zeroed_is_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
