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

static void durations_take_flinks_units_and_read_back(void **unused) {
    (void)unused;
    static const struct {
        const char *value;
        int64_t us;
        const char *said;
    } good[] = {{"0", 0, "0 s"},
                {"0 ms", 0, "0 s"},
                {"250", 250000, "250 ms"}, /* a bare number is milliseconds */
                {"500 ms", 500000, "500 ms"},
                {"90 s", INT64_C(90000000), "90 s"},
                {"60s", INT64_C(60000000), "1 min"},
                {"30 MIN", INT64_C(1800000000), "30 min"},
                {"1 h", INT64_C(3600000000), "1 h"},
                {"1.5 h", INT64_C(5400000000), "90 min"},
                {"36 hours", INT64_C(129600000000), "36 h"},
                {"1 d", INT64_C(86400000000), "1 d"},
                {"36500 days", INT64_C(3153600000000000), "36500 d"}};
    static const char *const bad[] = {"",           "-1 s",    "1 fortnight",           "h",
                                      "1 h 30 min", "36501 d", "99999999999999999999 d"};
    struct settings s;
    struct err e;
    settings_init(&s);
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct buf said;
        buf_init(&said);
        assert_true(set(&s, i % 2 ? "state-ttl" : "Table.Exec.State.TTL", good[i].value, &e));
        assert_int_equal(s.state_ttl_us, good[i].us);
        setting_print(&said, &s, setting_find(text_of("state-ttl"), &e));
        assert_true(text_equal(buf_text(&said), text_of(good[i].said)));
        assert_true(settings_set(&s, text_of("state-ttl"), buf_text(&said), &e));
        assert_int_equal(s.state_ttl_us, good[i].us);
        buf_done(&said);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(set(&s, "state-ttl", bad[i], &e));
        assert_string_equal(e.sqlstate, "22023");
        assert_non_null(strstr(e.hint, "'0 s' to '36500 d'"));
        assert_true(s.state_ttl_us > 0);
    }
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
        cmocka_unit_test(durations_take_flinks_units_and_read_back),
        cmocka_unit_test(a_misspelt_name_is_hinted_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
