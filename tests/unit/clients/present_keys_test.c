/* present_keys_test.c: the keys of a JSON object are distinct, and names that are stay. */
#include "clients/present_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* "a b a" to "a b a_1" */
static void expect(const char *names, bool changes, const char *want) {
    struct arena a;
    arena_init(&a, 0);
    struct field col[8];
    struct schema s = {.cols = 0, .col = col};
    for (const char *at = names; *at;) {
        size_t n = strcspn(at, " ");
        col[s.cols++] = (struct field){.name = {at, (uint32_t)n}, .type = &type_bigint};
        at += n + (at[n] == ' ');
    }
    struct err e;
    const struct schema *made = present_keys(&s, changes, &a, &e);
    assert_non_null(made);
    assert_int_equal(made->cols, s.cols);
    struct buf got;
    buf_init(&got);
    for (uint32_t i = 0; i < made->cols; i++) {
        if (i > 0) buf_add_char(&got, ' ');
        buf_add_text(&got, made->col[i].name);
        assert_ptr_equal(made->col[i].type, s.col[i].type);
    }
    assert_true(text_equal(buf_text(&got), text_of(want)));
    buf_done(&got);
    arena_done(&a);
}

static void repeated_names_are_numbered(void **unused) {
    (void)unused;
    expect("i", false, "i");
    expect("a b c", true, "a b c");
    expect("i i", false, "i i_1");
    expect("i i i", false, "i i_1 i_2");
    expect("a b a b a", false, "a b a_1 b_1 a_2");
    expect("i I", false, "i I");
}

static void a_name_that_is_taken_is_passed_over(void **unused) {
    (void)unused;
    expect("i i i_1", false, "i i_2 i_1");
    expect("i_1 i i", false, "i_1 i i_2");
    expect("i i i_1 i_1", false, "i i_2 i_1 i_1_1");
    expect("a_1 a_1 a a a_1_1", false, "a_1 a_1_2 a a_2 a_1_1");
}

static void op_belongs_to_the_changelog(void **unused) {
    (void)unused;
    expect("op a", false, "op a");
    expect("op a", true, "op_1 a");
    expect("op op op_1", true, "op_2 op_3 op_1");
    expect("Op a", true, "Op a");
}

static void many_of_one_name(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    struct field *col = ARENA_ARRAY(&a, col, TYPE_FIELDS_MAX);
    assert_non_null(col);
    for (uint32_t i = 0; i < TYPE_FIELDS_MAX; i++)
        col[i] = (struct field){.name = TEXT_LITERAL("x"), .type = &type_bigint};
    struct schema s = {.cols = TYPE_FIELDS_MAX, .col = col};
    struct err e;
    const struct schema *made = present_keys(&s, true, &a, &e);
    assert_non_null(made);
    assert_true(text_equal(made->col[TYPE_FIELDS_MAX - 1].name, TEXT_LITERAL("x_1599")));
    arena_done(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repeated_names_are_numbered),
        cmocka_unit_test(a_name_that_is_taken_is_passed_over),
        cmocka_unit_test(op_belongs_to_the_changelog),
        cmocka_unit_test(many_of_one_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
