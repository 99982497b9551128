/* type_test.c: types print as SQL, are equal when they say the same, and copies stand alone. */
#include "engine/base/type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void assert_prints(const struct type *t, const char *want) {
    assert_non_null(t);
    struct buf b;
    buf_init(&b);
    type_print(&b, t);
    assert_string_equal(b.at, want);
    buf_done(&b);
}

/* ROW<a BIGINT, "odd ""name" ARRAY<DECIMAL(10,2)>, m MAP<TEXT, TENSOR(3,*)>> */
static const struct type *nested(struct arena *a, const char *first) {
    static const uint32_t dim[] = {3, DIM_ANY};
    const struct field field[] = {
        {text_of(first), &type_bigint, false},
        {text_of("odd \"name"), type_array(a, type_decimal(a, 10, 2)), false},
        {text_of("m"), type_map(a, &type_text, type_tensor(a, 2, dim)), true},
    };
    return type_row(a, COUNT_OF(field), field);
}

static void types_print_as_sql(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    assert_prints(&type_bigint, "BIGINT");
    assert_prints(&type_timestamp3, "TIMESTAMP(3)");
    assert_prints(type_timestamp(&a, 0), "TIMESTAMP(0)");
    assert_prints(&type_time, "TIME");
    assert_prints(type_decimal(&a, 38, 38), "DECIMAL(38,38)");
    assert_prints(nested(&a, "a"), "ROW<a BIGINT, \"odd \"\"name\" ARRAY<DECIMAL(10,2)>, "
                                   "m MAP<TEXT, TENSOR(3,*)> NOT NULL>");
    arena_done(&a);
}

static void a_type_is_equal_to_its_copy_alone(void **unused) {
    (void)unused;
    struct arena a, other;
    arena_init(&a, 0);
    arena_init(&other, 0);
    char name[] = "first";
    const struct type *t = nested(&a, name), *copy = type_copy(&other, t);
    assert_true(type_equal(t, copy));
    assert_true(type_equal(t, nested(&other, "FIRST"))); /* names of one case are one name */
    assert_false(type_equal(t, nested(&other, "second")));
    assert_false(type_equal(type_decimal(&a, 10, 2), type_decimal(&a, 10, 3)));
    assert_false(type_equal(&type_timestamp3, &type_timestamp6));
    assert_false(type_equal(&type_text, &type_blob));
    memset(name, '?', sizeof name - 1);
    arena_done(&a);
    assert_prints(copy, "ROW<first BIGINT, \"odd \"\"name\" ARRAY<DECIMAL(10,2)>, "
                        "m MAP<TEXT, TENSOR(3,*)> NOT NULL>");
    arena_done(&other);
}

static void order_is_lost_by_holding_what_has_none(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    assert_true(type_is_ordered(type_array(&a, &type_text)));
    assert_false(type_is_ordered(nested(&a, "a")));
    assert_false(type_is_ordered(type_array(&a, type_array(&a, &type_image))));
    assert_true(type_is_number(&type_boolean) && type_is_number(&type_double));
    assert_false(type_is_number(&type_text) || type_is_number(&type_timestamp3));
    arena_done(&a);
}

static void columns_are_found_in_any_case(void **unused) {
    (void)unused;
    const struct field col[] = {{TEXT_LITERAL("price"), &type_bigint, false},
                                {TEXT_LITERAL("Url"), &type_text, true}};
    const struct schema s = {2, col};
    assert_int_equal(schema_find(&s, text_of("PRICE")), 0);
    assert_int_equal(schema_find(&s, text_of("url")), 1);
    assert_int_equal(schema_find(&s, text_of("ur")), -1);
    struct arena a;
    arena_init(&a, 0);
    struct schema *copy = schema_copy(&a, &s);
    assert_int_equal(copy->cols, 2);
    assert_true(text_equal(copy->col[1].name, text_of("Url")) && copy->col[1].not_null);
    arena_done(&a);
}

static void no_memory_is_null(void **unused) {
    (void)unused;
    struct arena a, tight;
    arena_init(&a, 0);
    arena_init(&tight, 1); /* not one chunk */
    const uint32_t dim[] = {1};
    assert_null(type_decimal(&tight, 3, 1));
    assert_null(type_array(&tight, &type_text));
    assert_null(type_map(&tight, &type_text, &type_text));
    assert_null(type_tensor(&tight, 1, dim));
    assert_null(type_copy(&tight, nested(&a, "a")));
    arena_done(&a);
    arena_done(&tight);
}

static void every_type_has_a_name_and_a_size(void **unused) {
    (void)unused;
    for (enum type_id id = 0; id < TYPE_COUNT; id++) {
        struct type t = {.id = id};
        assert_true(strlen(type_name(id)) > 0);
        assert_true(rep_bytes(type_rep(&t)) > 0);
    }
    assert_int_equal(rep_bytes(type_rep(&type_bigint)), 8);
    assert_int_equal(rep_bytes(type_rep(&type_text)), sizeof(struct text));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_print_as_sql),
        cmocka_unit_test(a_type_is_equal_to_its_copy_alone),
        cmocka_unit_test(order_is_lost_by_holding_what_has_none),
        cmocka_unit_test(columns_are_found_in_any_case),
        cmocka_unit_test(no_memory_is_null),
        cmocka_unit_test(every_type_has_a_name_and_a_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
