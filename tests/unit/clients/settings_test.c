/* settings_test.c: a setting takes what its row allows and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clients/settings.h"

static bool set(struct settings *s, const char *name, const char *value, struct err *e) {
    return settings_set(s, text_of(name), text_of(value), e);
}

static void every_initial_value_is_allowed(void **unused) {
    (void)unused;
    struct settings s;
    struct err e;
    settings_init(&s);
    for (uint32_t i = 0; i < setting_count; i++) {
        struct buf value;
        buf_init(&value);
        setting_print(&value, &s, &setting_table[i]);
        assert_true(settings_set(&s, text_of(setting_table[i].name), buf_text(&value), &e));
        buf_done(&value);
    }
}

static void values_out_of_range_change_nothing(void **unused) {
    (void)unused;
    static const char *const bad[] = {"0", "2049", "-1", "", "seven", "7 ", "99999999999999999999"};
    struct settings s;
    settings_init(&s);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err e;
        assert_false(set(&s, "batch-rows", bad[i], &e));
        assert_string_equal(e.sqlstate, "22023");
        assert_non_null(strstr(e.hint, "1 to 2048"));
        assert_int_equal(s.batch_rows, 2048);
    }
}

static void bytes_take_units(void **unused) {
    (void)unused;
    struct settings s;
    struct err e;
    settings_init(&s);
    assert_true(set(&s, "max-line-bytes", "3 mb", &e));
    assert_int_equal(s.max_line_bytes, 3 << 20);
    assert_true(set(&s, "MAX-LINE-BYTES", "64K", &e));
    assert_int_equal(s.max_line_bytes, 64 << 10);
    assert_false(set(&s, "state-limit-bytes", "9999999999999 gb", &e));
}

static void a_misspelt_name_is_hinted_at(void **unused) {
    (void)unused;
    struct settings s;
    struct err e;
    settings_init(&s);
    assert_false(set(&s, "batch_rows", "7", &e));
    assert_string_equal(e.sqlstate, "42704");
    assert_non_null(strstr(e.hint, "batch-rows"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_initial_value_is_allowed),
        cmocka_unit_test(values_out_of_range_change_nothing),
        cmocka_unit_test(bytes_take_units),
        cmocka_unit_test(a_misspelt_name_is_hinted_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
