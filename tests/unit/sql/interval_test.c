/* interval_test.c: an interval literal is its microseconds, exactly, or an error. */
#include "sql/interval.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/attr.h"
#include "tests/unit/base/random.h"

#define SECOND INT64_C(1000000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)

static void forms_of_an_interval(void **unused) {
    (void)unused;
    static const struct {
        const char *text, *from, *to;
        int64_t us;
    } cases[] = {
        {"10", "SECOND", "", 10 * SECOND},
        {"10", "seconds", "", 10 * SECOND},
        {"-1.5", "HOUR", "", -HOUR - HOUR / 2},
        {"+0.000001", "SECOND", "", 1},
        {"0.0000019", "SECOND", "", 1},
        {"2", "WEEKS", "", 14 * DAY},
        {"3", "MILLISECOND", "", 3000},
        {"1:30", "MINUTE", "SECOND", 90 * SECOND},
        {"-1:30.25", "MINUTE", "SECOND", -90 * SECOND - SECOND / 4},
        {"1 02:03:04.5", "DAY", "SECOND", DAY + 2 * HOUR + 184 * SECOND + SECOND / 2},
        {"1 2", "DAY", "HOUR", DAY + 2 * HOUR},
        {"02:30", "HOUR", "MINUTE", 2 * HOUR + HOUR / 2},
        {"10 seconds", "", "", 10 * SECOND},
        {"10s", "", "", 10 * SECOND},
        {"80 ms", "", "", 80000},
        {"1 day 2 hours -3 min", "", "", DAY + 2 * HOUR - 180 * SECOND},
        {"1 day 02:30", "", "", DAY + 2 * HOUR + HOUR / 2},
        {"  1.5  h ", "", "", HOUR + HOUR / 2},
        {"-0:00:01.5", "", "", -SECOND - SECOND / 2},
        {"9223372036854775807", "MICROSECOND", "", INT64_MAX},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct interval_units u = {.from = text_of(cases[i].from), .to = text_of(cases[i].to)};
        int64_t us = 0;
        struct err e;
        if (!interval_read(text_of(cases[i].text), u, &us, &e)) fail_msg("%s", e.message);
        if (us != cases[i].us) fail_msg("%s is %" PRId64, cases[i].text, us);
    }
}

static void what_is_no_interval(void **unused) {
    (void)unused;
    static const struct {
        const char *text, *from, *to, *sqlstate;
    } cases[] = {
        {"", "", "", "22P02"},
        {"10", "", "", "22P02"},
        {"x", "SECOND", "", "22P02"},
        {"1 2", "SECOND", "", "22P02"},
        {"1.", "SECOND", "", "22P02"},
        {"1.5:30", "MINUTE", "SECOND", "22P02"},
        {"1:30", "SECOND", "MINUTE", "42601"},
        {"1", "WEEK", "DAY", "42601"},
        {"1", "MONTH", "", "0A000"},
        {"2 years", "", "", "0A000"},
        {"1", "MINUTE", "YEAR", "0A000"},
        {"10 parsecs", "", "", "22P02"},
        {"9223372036854775808", "MICROSECOND", "", "22003"},
        {"99999999999999999999", "SECOND", "", "22003"},
        {"106751992", "DAY", "", "22003"},
        {"9223372036854775807 us 1 us", "", "", "22003"},
        {"-9223372036854775807 us -1 us", "", "", "22003"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct interval_units u = {.from = text_of(cases[i].from), .to = text_of(cases[i].to)};
        int64_t us = 7;
        struct err e;
        if (interval_read(text_of(cases[i].text), u, &us, &e)) fail_msg("%s", cases[i].text);
        assert_string_equal(e.sqlstate, cases[i].sqlstate);
        assert_int_equal(us, 7);
    }
}

/* d h:m:s.f is the sum of its parts, also with a sign. */
static void fields_add_up(void **unused) {
    (void)unused;
    struct random r = random_start("fields_add_up");
    for (uint32_t i = 0; i < random_rounds(5000); i++) {
        int64_t d = (int64_t)random_below(&r, 1000), h = (int64_t)random_below(&r, 100);
        int64_t m = (int64_t)random_below(&r, 100), s = (int64_t)random_below(&r, 100);
        int64_t f = (int64_t)random_below(&r, 1000000);
        bool negative = random_below(&r, 2);
        char text[100];
        snprintf(text, sizeof text,
                 "%s%" PRId64 " %" PRId64 ":%02" PRId64 ":%" PRId64 ".%06" PRId64,
                 negative ? "-" : "", d, h, m, s, f);
        struct interval_units u = {.from = TEXT_LITERAL("DAY"), .to = TEXT_LITERAL("SECOND")};
        int64_t us;
        struct err e;
        assert_true(interval_read(text_of(text), u, &us, &e));
        int64_t want = d * DAY + h * HOUR + m * 60 * SECOND + s * SECOND + f;
        assert_true(us == (negative ? -want : want));
    }
}

static void units_have_one_name(void **unused) {
    (void)unused;
    assert_true(text_equal(interval_unit_name(TEXT_LITERAL("DAYS")), TEXT_LITERAL("day")));
    assert_true(text_equal(interval_unit_name(TEXT_LITERAL("Second")), TEXT_LITERAL("second")));
    assert_null(interval_unit_name(TEXT_LITERAL("dayss")).at);
    assert_null(interval_unit_name(TEXT_LITERAL("s")).at);
    assert_null(interval_unit_name(TEXT_LITERAL("")).at);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_of_an_interval),
        cmocka_unit_test(what_is_no_interval),
        cmocka_unit_test(fields_add_up),
        cmocka_unit_test(units_have_one_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
