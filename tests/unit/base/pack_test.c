/* pack_test.c: packed values read back as they were; equal values, as keys, are equal bytes; any
 * bytes are refused or are a value.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/pack.h"
#include "tests/unit/base/column_random.h"

enum { ROUNDS = 200, ROWS = 20 };

static struct text pack(const struct column *c, uint32_t row, enum pack_as as, struct arena *a) {
    size_t bytes = pack_bytes(c, row);
    char *at = arena_alloc(a, bytes);
    assert_non_null(at);
    assert_ptr_equal(pack_value(at, c, row, as), at + bytes);
    return (struct text){.at = at, .bytes = (uint32_t)bytes};
}

static void read_back(const struct column *c, struct arena *a) {
    struct column_builder b;
    struct column got;
    assert_true(builder_init(&b, a, c->type, 0));
    for (uint32_t i = 0; i < ROWS; i++) {
        struct text at = pack(c, i, PACK_EXACT, a);
        assert_true(unpack_value(&at, &b));
        assert_int_equal(at.bytes, 0);
    }
    assert_true(builder_column(&b, &got));
    for (uint32_t i = 0; i < ROWS; i++) assert_true(column_same(c, i, &got, i));
}

static void keys_tell_values_apart(const struct column *c, struct arena *a) {
    struct text key[ROWS];
    for (uint32_t i = 0; i < ROWS; i++) key[i] = pack(c, i, PACK_KEY, a);
    for (uint32_t i = 0; i < ROWS * ROWS; i++) {
        uint32_t x = i / ROWS, y = i % ROWS;
        assert_int_equal(text_equal(key[x], key[y]), column_same(c, x, c, y));
    }
}

static void damage(const struct column *c, struct arena *a, struct random *r) {
    for (uint32_t i = 0; i < ROWS; i++) {
        struct text at = pack(c, i, PACK_EXACT, a);
        struct column_builder b;
        assert_true(builder_init(&b, a, c->type, 0));
        ((char *)(uintptr_t)at.at)[random_below(r, at.bytes)] ^= (char)(1 << random_below(r, 8));
        at.bytes -= (uint32_t)random_below(r, 2);
        (void)!unpack_value(&at, &b);
    }
}

static void values_read_back_and_keys_are_values(void **unused) {
    (void)unused;
    struct random r = random_start("pack");
    for (uint32_t round = 0; round < random_rounds(ROUNDS); round++) {
        struct arena a;
        struct column_builder b;
        struct column c;
        struct buf ignored;
        arena_init(&a, 0);
        buf_init(&ignored);
        assert_true(builder_init(&b, &a, random_type(&a, &r, 3), 0));
        for (uint32_t i = 0; i < ROWS; i++) random_append(&b, &r, &ignored);
        assert_true(builder_column(&b, &c));
        read_back(&c, &a);
        keys_tell_values_apart(&c, &a);
        damage(&c, &a, &r);
        buf_done(&ignored);
        arena_done(&a);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(values_read_back_and_keys_are_values)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
