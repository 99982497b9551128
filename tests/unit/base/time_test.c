/* time_test.c: laws of the calendar and of time as text; the naive reference counts days. */
#include "engine/base/time.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/base/random.h"

static bool naive_leap(int64_t year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int naive_month_days(int64_t year, int month) {
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && naive_leap(year));
}

static void check_day(int64_t days, struct civil want, char *text) {
    struct civil got = civil_from_days(days);
    assert_true(got.year == want.year && got.month == want.month && got.day == want.day);
    assert_true(civil_to_days(want) == days);
    assert_int_equal(civil_month_days(want.year, want.month),
                     naive_month_days(want.year, want.month));
    if (want.year < 0 || want.year > 9999) return;

    char printed[DATE_TEXT_MAX + 1];
    printed[date_print(printed, days)] = '\0';
    assert_string_equal(printed, text);
    int64_t back = 0, us = 0;
    assert_int_equal(date_parse(text_of(text), &back), PARSE_OK);
    assert_true(back == days);
    memcpy(text + 10, "T23:59:58", 10);
    assert_int_equal(timestamp_parse(text_of(text), &us), PARSE_OK);
    assert_true(us == days * DAY_US + 86398 * SECOND_US);
}

static void every_day_of_ten_thousand_years(void **unused) {
    (void)unused;
    char text[40];
    int64_t days = -719528; /* 0000-01-01 */
    for (int year = 0; year <= 9999; year++) {
        for (int month = 1; month <= 12; month++) {
            for (int day = 1; day <= naive_month_days(year, month); day++, days++) {
                text[0] = (char)('0' + year / 1000);
                text[1] = (char)('0' + year / 100 % 10);
                text[2] = (char)('0' + year / 10 % 10);
                text[3] = (char)('0' + year % 10);
                text[4] = text[7] = '-';
                text[5] = (char)('0' + month / 10);
                text[6] = (char)('0' + month % 10);
                text[8] = (char)('0' + day / 10);
                text[9] = (char)('0' + day % 10);
                text[10] = '\0';
                check_day(days, (struct civil){year, month, day}, text);
                assert_int_equal(days_weekday(days), ((days + 719528) + 5) % 7 + 1);
            }
        }
    }
    assert_true(civil_to_days((struct civil){9999, 12, 31}) == days - 1);
}

static void days_before_year_0_count_down(void **unused) {
    (void)unused;
    char text[40] = "";
    int64_t days = -719528;
    for (int64_t year = -1; year > -1300; year--) {
        for (int month = 12; month >= 1; month--) {
            for (int day = naive_month_days(year, month); day >= 1; day--)
                check_day(--days, (struct civil){year, month, day}, text);
        }
    }
}

static void months_and_days_count_on(void **unused) {
    (void)unused;
    assert_true(civil_to_days((struct civil){2020, 14, 1}) ==
                civil_to_days((struct civil){2021, 2, 1}));
    assert_true(civil_to_days((struct civil){2020, 0, 1}) ==
                civil_to_days((struct civil){2019, 12, 1}));
    assert_true(civil_to_days((struct civil){2020, -11, 1}) ==
                civil_to_days((struct civil){2019, 1, 1}));
    assert_true(civil_to_days((struct civil){2021, 2, 31}) ==
                civil_to_days((struct civil){2021, 3, 3}));
}

static void moments_agree_with_the_c_library(void **unused) {
    (void)unused;
    struct random r = random_start("moments");
    for (uint32_t i = 0; i < random_rounds(100000); i++) {
        int64_t us = (int64_t)random_spread(&r) * (random_below(&r, 2) ? 1 : -1);
        int64_t second = us / SECOND_US - (us % SECOND_US < 0);
        struct tm tm;
        time_t t = second;
        assert_non_null(gmtime_r(&t, &tm));
        char want[64], got[TIMESTAMP_TEXT_MAX + 1];
        int64_t year = tm.tm_year + INT64_C(1900);
        int n = year < 0 ? snprintf(want, sizeof want, "-%04" PRId64, -year)
                         : snprintf(want, sizeof want, "%04" PRId64, year);
        snprintf(want + n, sizeof want - (size_t)n, "-%02d-%02d %02d:%02d:%02d.%06d", tm.tm_mon + 1,
                 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(us - second * SECOND_US));
        got[timestamp_print(got, us, 6)] = '\0';
        assert_string_equal(got, want);
        if (year < 0 || year > 9999) continue;
        int64_t back = 0;
        assert_int_equal(timestamp_parse(text_of(got), &back), PARSE_OK);
        assert_true(back == us);
        for (uint32_t digits = 0; digits < 6; digits++) { /* cut is what is printed */
            got[timestamp_print(got, timestamp_floor(us, digits), digits)] = '\0';
            want[strlen(want) - (digits == 0 ? 7 : 0)] = '\0';
            if (digits == 0) assert_string_equal(got, want);
            assert_int_equal(timestamp_parse(text_of(got), &back), PARSE_OK);
            assert_true(back == timestamp_floor(us, digits) && back <= us);
        }
    }
}

static void the_ends_of_int64_print(void **unused) {
    (void)unused;
    char s[64];
    s[timestamp_print(s, INT64_MAX, 6)] = '\0';
    assert_string_equal(s, "294247-01-10 04:00:54.775807");
    s[timestamp_print(s, INT64_MIN, 6)] = '\0';
    assert_string_equal(s, "-290308-12-21 19:59:05.224192");
    s[date_print(s, INT64_MAX)] = '\0';
    s[date_print(s, INT64_MIN)] = '\0';
    s[time_print(s, INT64_MIN)] = '\0';
    s[interval_print(s, INT64_MIN)] = '\0';
    assert_string_equal(s, "-106751991 04:00:54.775808");
    assert_true(timestamp_floor(INT64_MIN, 0) == INT64_MIN);
    assert_true(timestamp_floor(-1, 0) == -SECOND_US && timestamp_floor(-1, 3) == -1000);
    assert_true(timestamp_floor(1999999, 0) == SECOND_US);
}

/* The fast reader and the plain one must agree on every damaged text; the plain one is reached by
 * the same text with a zone that changes nothing. */
static void damaged_text_is_refused_alike(void **unused) {
    (void)unused;
    struct random r = random_start("damaged");
    for (uint32_t i = 0; i < random_rounds(300000); i++) {
        char s[64];
        snprintf(s, sizeof s, "%04d-%02d-%02d%c%02d:%02d:%02d", (int)random_below(&r, 10000),
                 (int)random_below(&r, 14), (int)random_below(&r, 34),
                 random_below(&r, 2) ? ' ' : 'T', (int)random_below(&r, 26),
                 (int)random_below(&r, 62), (int)random_below(&r, 62));
        if (random_below(&r, 2)) s[random_below(&r, 19)] = (char)random_below(&r, 256);
        int64_t fast = 0, plain = 0;
        enum parse_result got = timestamp_parse((struct text){s, 19}, &fast);

        /* Field by field, by hand. */
        struct civil c = {0, 0, 0};
        int h = 0, m = 0, sec = 0, used = 0;
        char mark = 0;
        bool form = true;
        for (int k = 0; k < 19; k++) {
            bool digit = s[k] >= '0' && s[k] <= '9';
            if (k == 4 || k == 7)
                form &= s[k] == '-';
            else if (k == 10)
                form &= s[k] == ' ' || s[k] == 'T';
            else if (k == 13 || k == 16)
                form &= s[k] == ':';
            else
                form &= digit;
        }
        if (form) {
            int year = 0;
            s[19] = '\0';
            assert_int_equal(sscanf(s, "%4d-%2d-%2d%c%2d:%2d:%2d%n", &year, &c.month, &c.day, &mark,
                                    &h, &m, &sec, &used),
                             7);
            c.year = year;
        }
        bool range = form && c.month >= 1 && c.month <= 12 && c.day >= 1 &&
                     c.day <= naive_month_days(c.year, c.month) && h < 24 && m < 60 && sec < 60;
        assert_int_equal(got, !form ? PARSE_SYNTAX : range ? PARSE_OK : PARSE_RANGE);
        if (!range) continue;
        plain = civil_to_days(c) * DAY_US + h * HOUR_US + m * MINUTE_US + sec * SECOND_US;
        assert_true(fast == plain);
    }
}

static void check_timestamp(const char *s, enum parse_result want, const char *print) {
    int64_t us = 0;
    assert_int_equal(timestamp_parse(text_of(s), &us), want);
    if (want != PARSE_OK) return;
    char got[TIMESTAMP_TEXT_MAX + 1];
    got[timestamp_print(got, us, 6)] = '\0';
    assert_string_equal(got, print);
}

static void timestamp_forms(void **unused) {
    (void)unused;
    check_timestamp("2026-01-02", PARSE_OK, "2026-01-02 00:00:00.000000");
    check_timestamp("2026-01-02 03:04", PARSE_OK, "2026-01-02 03:04:00.000000");
    check_timestamp("2026-01-02T03:04:05Z", PARSE_OK, "2026-01-02 03:04:05.000000");
    check_timestamp("2026-01-02 03:04:05.1", PARSE_OK, "2026-01-02 03:04:05.100000");
    check_timestamp("2026-01-02 03:04:05.123456789", PARSE_OK, "2026-01-02 03:04:05.123456");
    check_timestamp("1969-12-31 23:59:59.9999999", PARSE_OK, "1969-12-31 23:59:59.999999");
    check_timestamp("2026-01-02 03:04:05+02:00", PARSE_OK, "2026-01-02 01:04:05.000000");
    check_timestamp("2026-01-02 03:04:05.5-05:30", PARSE_OK, "2026-01-02 08:34:05.500000");
    check_timestamp("2026-01-02T03:04+01:00", PARSE_OK, "2026-01-02 02:04:00.000000");
    check_timestamp("0000-01-01 00:00:00+14:00", PARSE_OK, "-0001-12-31 10:00:00.000000");
    check_timestamp("2024-02-29 00:00:00", PARSE_OK, "2024-02-29 00:00:00.000000");
    check_timestamp("2023-02-29 00:00:00", PARSE_RANGE, NULL);
    check_timestamp("1900-02-29", PARSE_RANGE, NULL);
    check_timestamp("2026-13-01", PARSE_RANGE, NULL);
    check_timestamp("2026-00-01", PARSE_RANGE, NULL);
    check_timestamp("2026-01-01 24:00:00", PARSE_RANGE, NULL);
    check_timestamp("2026-01-01 23:60:00", PARSE_RANGE, NULL);
    check_timestamp("2026-01-01 23:59:60", PARSE_RANGE, NULL);
    check_timestamp("2026-01-01 00:00:00+15:00", PARSE_RANGE, NULL);
    check_timestamp("2026-01-01 00:00:00+01:60", PARSE_RANGE, NULL);
    static const char *const bad[] = {
        "",
        "2026",
        "2026-1-1",
        "26-01-01",
        "2026-01-01 ",
        " 2026-01-01",
        "2026-01-01 1:00:00",
        "2026-01-01 10",
        "2026-01-01 10:00:00.",
        "2026-01-01 10:00:00.Z",
        "2026-01-01 10:00:00z",
        "2026-01-01 10:00:00 Z",
        "2026-01-01 10:00:00+0200",
        "2026-01-01 10:00:00+02",
        "2026-01-01 10:00:00Zx",
        "2026-01-01_10:00:00",
        "2026/01/01 10:00:00",
        "2026-01-01 10:00:00,5",
        "2026-01-01 10:00:0a",
        "+026-01-01",
        "2026-01-01Z",
        "2026-01-01 10:00:00.5x",
        "12026-01-01",
        "2026-13-01 junk",
        "2026-01-01T10:00:0\xC2",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) check_timestamp(bad[i], PARSE_SYNTAX, NULL);
    int64_t us;
    const struct text none = {NULL, 0};
    struct err e;
    assert_int_equal(timestamp_parse(none, &us), PARSE_SYNTAX);
    assert_int_equal(date_parse(none, &us), PARSE_SYNTAX);
    assert_int_equal(time_parse(none, &us), PARSE_SYNTAX);
    assert_false(interval_parse(none, &us, &e));
}

static void check_time(const char *s, enum parse_result want, const char *print) {
    int64_t us = 0;
    assert_int_equal(time_parse(text_of(s), &us), want);
    if (want != PARSE_OK) return;
    char got[TIME_TEXT_MAX + 1];
    got[time_print(got, us)] = '\0';
    assert_string_equal(got, print);
}

static void time_forms(void **unused) {
    (void)unused;
    check_time("00:00", PARSE_OK, "00:00:00");
    check_time("23:59:59.999999", PARSE_OK, "23:59:59.999999");
    check_time("12:34:56.70", PARSE_OK, "12:34:56.7");
    check_time("01:02:03.000", PARSE_OK, "01:02:03");
    check_time("24:00:00", PARSE_RANGE, NULL);
    static const char *const bad[] = {"",          "1:00",      "12",      "12:",
                                      "12:3",      "12:34:",    "12:34:5", "12:34:56.",
                                      "12:34:56Z", "12:34:56 ", "-1:00:00"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) check_time(bad[i], PARSE_SYNTAX, NULL);
    int64_t days;
    assert_int_equal(date_parse(text_of("2026-02-30"), &days), PARSE_RANGE);
    assert_int_equal(date_parse(text_of("2026-02-03 "), &days), PARSE_SYNTAX);
    assert_int_equal(date_parse(text_of("2026-02"), &days), PARSE_SYNTAX);
}

static void check_interval(const char *s, const char *print) {
    struct err e = {0};
    int64_t us = 0;
    if (!interval_parse(text_of(s), &us, &e)) fail_msg("%s: %s", s, e.message);
    char got[INTERVAL_TEXT_MAX + 1];
    got[interval_print(got, us)] = '\0';
    assert_string_equal(got, print);
}

static void check_no_interval(const char *s, const char *sqlstate) {
    struct err e = {0};
    int64_t us = 7;
    assert_false(interval_parse(text_of(s), &us, &e));
    assert_string_equal(e.sqlstate, sqlstate);
    assert_int_equal(us, 7);
}

static void interval_words(void **unused) {
    (void)unused;
    check_interval("10 seconds", "0 00:00:10");
    check_interval("1 day 2 hours", "1 02:00:00");
    check_interval("-90 minutes", "-0 01:30:00");
    check_interval("1 DAY -1 second", "0 23:59:59");
    check_interval("1.5 hours", "0 01:30:00");
    check_interval("0.0000019 seconds", "0 00:00:00.000001");
    check_interval("2 weeks", "14 00:00:00");
    check_interval("500 milliseconds", "0 00:00:00.5");
    check_interval("7 microsecond", "0 00:00:00.000007");
    check_interval("30 s", "0 00:00:30");
    check_interval("250ms", "0 00:00:00.25");
    check_interval("5 min", "0 00:05:00");
    check_interval("1 02:03:04.5", "1 02:03:04.5");
    check_interval("-1 02:03:04.5", "-1 02:03:04.5");
    check_interval("1:30", "0 01:30:00");
    check_interval("100:00:01", "4 04:00:01");
    check_interval("1 day 01:00", "1 01:00:00");
    check_interval("  3  days ", "3 00:00:00");
    check_interval("106751991 04:00:54.775807", "106751991 04:00:54.775807");
    check_interval("-106751991 04:00:54.775808", "-106751991 04:00:54.775808");
    check_no_interval("106751991 04:00:54.775808", "22003");
    check_no_interval("999999999999999999999 days", "22003");
    check_no_interval("1 25:00:00", "22003");
    check_no_interval("1:60", "22003");
    check_no_interval("1 month", "0A000");
    check_no_interval("2 years", "0A000");
    static const char *const bad[] = {
        "",      "  ",           "10",           "10 parsecs", "seconds", "1 day 2",       "1:",
        "1 2 3", "1.5 02:00:00", "1:30:",        "1:2:3:4",    "- 1 day", "1 day,2 hours", "1..5 s",
        "1. s",  "1e3 s",        "1 day2 hours5"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) check_no_interval(bad[i], "22P02");

    struct random r = random_start("intervals");
    for (uint32_t i = 0; i < random_rounds(50000); i++) {
        int64_t us = (int64_t)random_spread(&r), back = 0;
        if (random_below(&r, 2)) us = -us;
        char s[INTERVAL_TEXT_MAX];
        uint32_t bytes = interval_print(s, us);
        struct err e = {0};
        assert_true(interval_parse((struct text){s, bytes}, &back, &e));
        assert_true(back == us);
    }
}

static void check_units(const char *s, enum time_unit from, enum time_unit to, const char *want) {
    struct err e = {0};
    int64_t us = 0;
    bool ok = interval_parse_units(text_of(s), from, to, &us, &e);
    if (!ok) {
        assert_string_equal(e.sqlstate, want);
        return;
    }
    char got[INTERVAL_TEXT_MAX + 1];
    got[interval_print(got, us)] = '\0';
    assert_string_equal(got, want);
}

static void interval_units(void **unused) {
    (void)unused;
    check_units("10", TIME_UNIT_SECOND, TIME_UNIT_SECOND, "0 00:00:10");
    check_units(" -1.25 ", TIME_UNIT_SECOND, TIME_UNIT_SECOND, "-0 00:00:01.25");
    check_units("+3", TIME_UNIT_WEEK, TIME_UNIT_WEEK, "21 00:00:00");
    check_units("90", TIME_UNIT_MINUTE, TIME_UNIT_MINUTE, "0 01:30:00");
    check_units("1:30", TIME_UNIT_MINUTE, TIME_UNIT_SECOND, "0 00:01:30");
    check_units("1 02:03:04.5", TIME_UNIT_DAY, TIME_UNIT_SECOND, "1 02:03:04.5");
    check_units("1 02", TIME_UNIT_DAY, TIME_UNIT_HOUR, "1 02:00:00");
    check_units("-1 02:03", TIME_UNIT_DAY, TIME_UNIT_MINUTE, "-1 02:03:00");
    check_units("30:00:00", TIME_UNIT_HOUR, TIME_UNIT_SECOND, "1 06:00:00");
    check_units("500", TIME_UNIT_MILLISECOND, TIME_UNIT_MILLISECOND, "0 00:00:00.5");
    check_units("1:60", TIME_UNIT_MINUTE, TIME_UNIT_SECOND, "22003");
    check_units("1 24", TIME_UNIT_DAY, TIME_UNIT_HOUR, "22003");
    check_units("1.5 02", TIME_UNIT_DAY, TIME_UNIT_HOUR, "22P02");
    check_units("1 02.5", TIME_UNIT_DAY, TIME_UNIT_HOUR, "22P02");
    check_units("1", TIME_UNIT_MINUTE, TIME_UNIT_SECOND, "22P02");
    check_units("1:2:3", TIME_UNIT_MINUTE, TIME_UNIT_SECOND, "22P02");
    check_units("ten", TIME_UNIT_SECOND, TIME_UNIT_SECOND, "22P02");
    check_units("", TIME_UNIT_SECOND, TIME_UNIT_SECOND, "22P02");
    check_units("1", TIME_UNIT_MONTH, TIME_UNIT_MONTH, "0A000");
    check_units("1-2", TIME_UNIT_YEAR, TIME_UNIT_MONTH, "0A000");
    check_units("1", TIME_UNIT_SECOND, TIME_UNIT_DAY, "0A000");
    check_units("1", TIME_UNIT_WEEK, TIME_UNIT_DAY, "0A000");
    check_units("99999999999999999", TIME_UNIT_WEEK, TIME_UNIT_WEEK, "22003");
}

static void unit_words(void **unused) {
    (void)unused;
    enum time_unit u = TIME_UNIT_COUNT;
    assert_true(time_unit_find(text_of("second"), &u) && u == TIME_UNIT_SECOND);
    assert_true(time_unit_find(text_of("Minutes"), &u) && u == TIME_UNIT_MINUTE);
    assert_true(time_unit_find(text_of("WEEKS"), &u) && u == TIME_UNIT_WEEK);
    assert_true(time_unit_find(text_of("year"), &u) && time_unit_us(u) == 0);
    assert_false(time_unit_find(text_of("secondss"), &u));
    assert_false(time_unit_find(text_of("s"), &u));
    assert_false(time_unit_find(text_of(""), &u));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_of_ten_thousand_years),
        cmocka_unit_test(days_before_year_0_count_down),
        cmocka_unit_test(months_and_days_count_on),
        cmocka_unit_test(moments_agree_with_the_c_library),
        cmocka_unit_test(the_ends_of_int64_print),
        cmocka_unit_test(damaged_text_is_refused_alike),
        cmocka_unit_test(timestamp_forms),
        cmocka_unit_test(time_forms),
        cmocka_unit_test(interval_words),
        cmocka_unit_test(interval_units),
        cmocka_unit_test(unit_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
