/* batch_test.c: the order of values is an order, and on scalars the one that SQL says. */
#include "engine/base/batch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/base/column_random.h"

enum { ROWS = 24 };

static int sign(int v) {
    return (v > 0) - (v < 0);
}

/* Rows i and j compare one way, as their texts do, and with every third row. */
static void pair_is_ordered(const struct column *c, const struct buf *text, uint32_t i,
                            uint32_t j) {
    int ij = sign(column_compare(c, i, c, j));
    assert_int_equal(ij, -sign(column_compare(c, j, c, i)));
    assert_int_equal(ij == 0, strcmp(text[i].at, text[j].at) == 0);
    assert_int_equal(ij == 0, column_same(c, i, c, j));
    for (uint32_t k = 0; k < ROWS && ij <= 0; k++) {
        if (column_compare(c, j, c, k) <= 0) assert_true(column_compare(c, i, c, k) <= 0);
    }
}

/* Antisymmetric, transitive, and equal exactly for what prints alike. */
static void every_type_has_a_total_order(void **unused) {
    (void)unused;
    struct random r = random_start("order");
    struct buf text[ROWS];
    for (uint32_t i = 0; i < ROWS; i++) buf_init(&text[i]);
    for (uint32_t round = 0; round < random_rounds(150); round++) {
        struct arena a;
        arena_init(&a, 0);
        struct column_builder b;
        struct column c;
        assert_true(builder_init(&b, &a, random_type(&a, &r, 2), 0));
        for (uint32_t i = 0; i < ROWS; i++) {
            buf_reset(&text[i]);
            random_append(&b, &r, &text[i]);
        }
        assert_true(builder_column(&b, &c));
        for (uint32_t i = 0; i < ROWS * ROWS; i++) pair_is_ordered(&c, text, i / ROWS, i % ROWS);
        arena_done(&a);
    }
    for (uint32_t i = 0; i < ROWS; i++) buf_done(&text[i]);
}

static void null_first_then_numbers_then_nan(void **unused) {
    (void)unused;
    const double v[] = {0, -INFINITY, -1.5, 0.0, 2, INFINITY, NAN, -0.0, -NAN};
    const uint64_t valid[] = {~UINT64_C(1)};
    const struct column c = {.type = &type_double, .valid = valid, .as.f64 = v};
    for (uint32_t i = 0; i < 7; i++) {
        for (uint32_t j = 0; j < 7; j++)
            assert_int_equal(sign(column_compare(&c, i, &c, j)), (i > j) - (i < j));
    }
    assert_true(column_same(&c, 3, &c, 7) && column_same(&c, 6, &c, 8));
    assert_true(column_same(&c, 0, &c, 0));
}

static void text_orders_by_bytes_prefix_first(void **unused) {
    (void)unused;
    const struct text v[] = {{NULL, 0},  TEXT_LITERAL("A"),  TEXT_LITERAL("a"),
                             {"a\0", 2}, TEXT_LITERAL("ab"), TEXT_LITERAL("\xC3\xA9")};
    const struct column c = {.type = &type_text, .as.text = v};
    for (uint32_t i = 0; i < 6; i++) {
        for (uint32_t j = 0; j < 6; j++)
            assert_int_equal(sign(column_compare(&c, i, &c, j)), (i > j) - (i < j));
    }
}

static void bits_are_what_was_set(void **unused) {
    (void)unused;
    uint64_t bits[3] = {0};
    for (uint32_t i = 0; i < 192; i += 3) bit_set(bits, i);
    bit_clear(bits, 63);
    for (uint32_t i = 0; i < 192; i++) assert_int_equal(bit_get(bits, i), i % 3 == 0 && i != 63);
    assert_int_equal(bit_words(0), 0);
    assert_int_equal(bit_words(64), 1);
    assert_int_equal(bit_words(65), 2);
}

static void rows_carry_their_own_time_or_the_first_ones(void **unused) {
    (void)unused;
    const uint16_t sel[] = {1, 3};
    struct batch b = {.rows = 4, .live = 2, .sel = sel, .first = {100, 7, 9}};
    assert_int_equal(batch_row(&b, 1), 3);
    assert_int_equal(batch_ordinal(&b, 3), 103);
    assert_int_equal(batch_watermark(&b, 3), 7);
    assert_int_equal(batch_proctime(&b, 3), 9);
    assert_int_equal(batch_change(&b, 3), CHANGE_INSERT);
    const uint64_t ordinal[] = {5, 5, 6, 8};
    const int64_t us[] = {1, 2, 3, 4};
    const int8_t change[] = {CHANGE_BEFORE, CHANGE_AFTER, CHANGE_INSERT, CHANGE_DELETE};
    b.ordinal = ordinal;
    b.watermark_us = b.proctime_us = us;
    b.change = change;
    assert_int_equal(batch_ordinal(&b, 3), 8);
    assert_int_equal(batch_watermark(&b, 1), 2);
    assert_int_equal(batch_proctime(&b, 2), 3);
    assert_true(change_is_retraction(batch_change(&b, 0)));
    assert_true(change_is_retraction(batch_change(&b, 3)));
    assert_false(change_is_retraction(batch_change(&b, 1)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_has_a_total_order),
        cmocka_unit_test(null_first_then_numbers_then_nan),
        cmocka_unit_test(text_orders_by_bytes_prefix_first),
        cmocka_unit_test(bits_are_what_was_set),
        cmocka_unit_test(rows_carry_their_own_time_or_the_first_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
