/* time_pattern_test.c: times by patterns of Java's formatter, beside the usual form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/base/time.h"
#include "engine/edge/time_pattern.h"

/* The time as it is usually written; "" where it is none. */
static void reads(const char *pattern, const char *t, const char *want) {
    int64_t us = -1, wanted = -1;
    char letter;
    assert_true(time_pattern_check(text_of(pattern), &letter));
    bool ok = time_pattern_read(text_of(pattern), text_of(t), &us);
    if (!*want) {
        if (ok) fail_msg("'%s' takes '%s'", pattern, t);
        return;
    }
    if (!ok) fail_msg("'%s' does not take '%s'", pattern, t);
    assert_int_equal(timestamp_parse(text_of(want), &wanted), PARSE_OK);
    assert_int_equal(us, wanted);
}

static void times_are_read_as_the_pattern_says(void **unused) {
    (void)unused;
    reads("yyyyMMdd HH:mm", "20260102 03:04", "2026-01-02 03:04:00");
    reads("yyyy-MM-dd HH:mm:ss", "2026-01-02 03:04:05", "2026-01-02 03:04:05");
    reads("uuuu/M/d", "2026/1/12", "2026-01-12 00:00:00");
    reads("yyyy-MM-dd'T'HH:mm:ss.SSS", "2026-01-02T03:04:05.678", "2026-01-02 03:04:05.678");
    reads("yy.MM.dd HH 'o''clock'", "26.01.02 03 o'clock", "2026-01-02 03:00:00");
    reads("yyyy-MM-dd HH:mm:ss.SSSSSSSSS", "2026-01-02 03:04:05.123456789",
          "2026-01-02 03:04:05.123456");
    reads("yyyy-MM", "2026-02", "2026-02-01 00:00:00");
    reads("yyyyMMdd", "2026010", "");
    reads("yyyyMMdd", "202601022", "");
    reads("yyyyMMdd", "20261302", "");
    reads("yyyy-MM-dd", "2026-02-30", "");
    reads("yyyy-MM-dd", "2026/02/20", "");
    reads("yyyy-MM-dd", "", "");
}

static void other_letters_are_refused(void **unused) {
    (void)unused;
    char letter = 0;
    assert_false(time_pattern_check(TEXT_LITERAL("yyyy-MM-dd EEE"), &letter));
    assert_int_equal(letter, 'E');
    assert_false(time_pattern_check(TEXT_LITERAL("yyyy 'MM"), &letter));
    assert_int_equal(letter, '\'');
    assert_true(time_pattern_check(TEXT_LITERAL("'EEE'yyyy"), &letter));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read_as_the_pattern_says),
        cmocka_unit_test(other_letters_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
