/* builder_test.c: a column holds what was appended, whatever its type, and after copying,
 * truncating and running out of memory too.
 */
#include "engine/base/builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/base/column_random.h"

enum { ROWS = 200 };

static void assert_holds(const struct column *c, uint32_t rows, struct buf *want) {
    struct buf got;
    buf_init(&got);
    for (uint32_t i = 0; i < rows; i++) {
        buf_reset(&got);
        column_text(c, i, &got);
        assert_string_equal(got.at, want[i].at);
    }
    buf_done(&got);
}

static void what_is_appended_is_held(void **unused) {
    (void)unused;
    struct random r = random_start("builder");
    struct buf want[ROWS];
    for (uint32_t i = 0; i < ROWS; i++) buf_init(&want[i]);
    for (uint32_t round = 0; round < random_rounds(300); round++) {
        struct arena a;
        arena_init(&a, 0);
        const struct type *t = random_type(&a, &r, 3);
        struct column_builder b, copy;
        assert_true(builder_init(&b, &a, t, (uint32_t)random_below(&r, 100)));
        assert_true(builder_init(&copy, &a, t, 0));

        uint32_t rows = (uint32_t)random_below(&r, ROWS);
        for (uint32_t i = 0; i < rows; i++) {
            buf_reset(&want[i]);
            random_append(&b, &r, &want[i]);
            if (random_below(&r, 20) == 0) { /* take some back, as after bad rows */
                i -= (uint32_t)random_below(&r, i + 1);
                builder_truncate(&b, i + 1);
            }
        }
        struct column c, d;
        assert_int_equal(b.rows, rows);
        assert_true(builder_column(&b, &c));
        assert_holds(&c, rows, want);
        for (uint32_t i = 0; i < rows; i++) builder_copy(&copy, &c, i);
        assert_true(builder_column(&copy, &d));
        assert_holds(&d, rows, want);
        arena_done(&a);
    }
    for (uint32_t i = 0; i < ROWS; i++) buf_done(&want[i]);
}

/* A row that broke off after some fields leaves no trace. */
static void a_half_appended_row_is_taken_back(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    const struct field field[] = {{text_of("a"), &type_bigint, false},
                                  {text_of("l"), type_array(&a, &type_bigint), false}};
    struct column_builder b;
    assert_true(builder_init(&b, &a, type_row(&a, 2, field), 0));
    for (int64_t i = 0; i < 500; i++) {
        builder_i64(&b.child[0], -1);
        builder_i64(&b.child[1].child[0], -1);
        builder_i64(&b.child[1].child[0], -1);
        if (i % 2) builder_null(&b.child[1]);
        builder_truncate(&b, (uint32_t)i);

        builder_i64(&b.child[0], i);
        builder_i64(&b.child[1].child[0], i);
        builder_span(&b.child[1], 1);
        builder_row(&b);
    }
    struct column c;
    assert_true(builder_column(&b, &c));
    assert_null(c.valid);
    for (uint32_t i = 0; i < 500; i++) {
        assert_int_equal(c.child[0].as.i64[i], i);
        struct span s = c.child[1].as.span[i];
        assert_int_equal(s.count, 1);
        assert_int_equal(c.child[1].child[0].as.i64[s.first], i);
        assert_true(column_has(&c.child[1], i));
    }
    arena_done(&a);
}

static void values_may_be_written_in_place(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    struct column_builder b;
    assert_true(builder_init(&b, &a, &type_bigint, 0));
    builder_null(&b);
    assert_true(builder_reserve(&b, 1000));
    for (int64_t i = 1; i <= 1000; i++) b.as.i64[b.rows++] = i;
    struct column c;
    assert_true(builder_column(&b, &c));
    assert_false(column_has(&c, 0));
    for (uint32_t i = 1; i <= 1000; i++) assert_true(column_has(&c, i) && c.as.i64[i] == i);
    arena_done(&a);
}

/* With memory for less and less, the end is "failed", never a column with a hole. */
static void out_of_memory_is_told_at_the_end(void **unused) {
    (void)unused;
    struct random r = random_start("builder memory");
    struct buf want;
    buf_init(&want);
    uint32_t failed = 0;
    for (uint32_t round = 0; round < random_rounds(300); round++) {
        struct arena types, a;
        arena_init(&types, 0);
        arena_init(&a, 1 + random_below(&r, 300000));
        const struct type *t = random_type(&types, &r, 2);
        struct column_builder b;
        struct column c;
        bool ok = builder_init(&b, &a, t, 10);
        struct column_builder source;
        struct column from;
        assert_true(builder_init(&source, &types, t, 10));
        for (uint32_t i = 0; i < ROWS; i++) random_append(&source, &r, &want);
        assert_true(builder_column(&source, &from));
        for (uint32_t i = 0; ok && i < ROWS * 5; i++) {
            builder_copy(&b, &from, i % ROWS);
            if (i % 97 == 0) builder_truncate(&b, b.rows / 2);
        }
        if (!ok || !builder_column(&b, &c)) {
            assert_true(b.failed);
            failed++;
        }
        arena_done(&types);
        arena_done(&a);
        buf_reset(&want);
    }
    assert_true(failed > 0);
    buf_done(&want);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_appended_is_held),
        cmocka_unit_test(a_half_appended_row_is_taken_back),
        cmocka_unit_test(values_may_be_written_in_place),
        cmocka_unit_test(out_of_memory_is_told_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
