/* buf_test.c: a buffer holds what was added, in order, with a NUL behind it. */
#include "engine/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/base/random.h"

static void additions_stand_one_behind_another(void **unused) {
    (void)unused;
    struct random r = random_start("buf");
    static char want[1 << 20];
    struct buf b;
    buf_init(&b);
    for (uint32_t round = 0; round < random_rounds(20); round++) {
        size_t bytes = 0;
        for (uint32_t i = 0; i < 500; i++) {
            char piece[64];
            size_t n = random_below(&r, sizeof piece);
            memset(piece, (int)('a' + i % 26), n);
            memcpy(want + bytes, piece, n);
            bytes += n;
            if (i % 3 == 0) buf_add(&b, piece, n);
            if (i % 3 == 1) buf_addf(&b, "%.*s", (int)n, piece);
            if (i % 3 == 2) {
                assert_true(buf_reserve(&b, n));
                memcpy(b.at + b.bytes, piece, n);
                b.bytes += n;
            }
        }
        buf_add_char(&b, '.');
        buf_add_text(&b, TEXT_LITERAL("x"));
        buf_add_str(&b, "yz");
        memcpy(want + bytes, ".xyz", 4);
        bytes += 4;
        assert_int_equal(b.bytes, bytes);
        assert_memory_equal(b.at, want, bytes);
        assert_int_equal(b.at[b.bytes], '\0');
        assert_int_equal(buf_text(&b).bytes, bytes);
        buf_reset(&b);
    }
    buf_done(&b);
    assert_null(b.at);
}

static void failure_is_kept_and_what_is_held_is_a_prefix(void **unused) {
    (void)unused;
    struct buf b;
    buf_init(&b);
    buf_add_str(&b, "held");
    assert_false(buf_reserve(&b, SIZE_MAX));
    assert_true(b.failed);
    buf_add_str(&b, " lost");
    assert_string_equal(b.at, "held");
    buf_reset(&b);
    buf_add_str(&b, "again");
    assert_string_equal(b.at, "again");
    assert_false(b.failed);
    buf_done(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(additions_stand_one_behind_another),
        cmocka_unit_test(failure_is_kept_and_what_is_held_is_a_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
