/* candidates_test.c: completions are distinct, go as far as all agree, and fit the screen. */
#include "clients/candidates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void add_all(struct candidates *c, const char *names) {
    while (*names) {
        size_t n = strcspn(names, " ");
        candidates_add(c, (struct text){names, (uint32_t)n});
        names += n + (names[n] == ' ');
    }
    candidates_sort(c);
}

static void expect_common(const char *names, const char *begun, const char *want) {
    struct candidates c;
    struct buf out;
    candidates_init(&c);
    buf_init(&out);
    add_all(&c, names);
    candidates_common(&c, text_of(begun), &out);
    assert_true(text_equal(buf_text(&out), text_of(want)));
    buf_done(&out);
    candidates_done(&c);
}

static void what_all_begin_with_is_completed(void **unused) {
    (void)unused;
    expect_common("", "x", "");
    expect_common("price", "pr", "ice");
    expect_common("price price PRICE", "pr", "ice");
    expect_common("price pricing", "pr", "ic");
    expect_common("substr sum", "su", "");
    expect_common("bid bidder", "bid", "");
    expect_common("gr\xC3\xBCn gr\xC3\xB6n", "gr", ""); /* not half a character */
}

static void the_case_is_that_of_the_word_begun(void **unused) {
    (void)unused;
    expect_common("SELECT", "sel", "ect");
    expect_common("SELECT", "SEL", "ECT");
    expect_common("SELECT", "Sel", "ECT");
    expect_common("upper", "UP", "PER");
    expect_common("myTable", "my", "Table");
    expect_common("myTable", "MY", "Table");
}

static const char *listed(const char *names, uint32_t width, struct buf *out) {
    struct candidates c;
    candidates_init(&c);
    buf_reset(out);
    add_all(&c, names);
    candidates_list(&c, width, out);
    buf_add_char(out, '\0');
    assert_false(out->failed);
    candidates_done(&c);
    return out->at;
}

static void a_list_is_as_wide_as_the_screen(void **unused) {
    (void)unused;
    struct buf out;
    buf_init(&out);
    assert_string_equal(listed("b a c a B", 80, &out), "a  b  c\n");
    assert_string_equal(listed("aa bb cc dd ee", 7, &out), "aa  dd\nbb  ee\ncc\n");
    assert_string_equal(listed("aa bb cc dd ee", 6, &out), "aa\nbb\ncc\ndd\nee\n");
    assert_string_equal(listed("longer b", 3, &out), "b\nlonger\n");
    assert_string_equal(listed("", 3, &out), "");
    buf_done(&out);
}

static void too_many_are_counted(void **unused) {
    (void)unused;
    struct candidates c;
    struct buf out;
    char name[1000][8];
    candidates_init(&c);
    buf_init(&out);
    for (int i = 0; i < 1000; i++) {
        snprintf(name[i], sizeof name[i], "n%03d", i);
        candidates_add(&c, text_of(name[i]));
    }
    candidates_sort(&c);
    assert_false(c.failed);
    candidates_list(&c, 80, &out);
    buf_add_char(&out, '\0');
    const char *said = strstr(out.at, "... and 800 more\n");
    assert_non_null(said);
    assert_true(said[strlen("... and 800 more\n")] == '\0');
    for (const char *at = out.at; at < said;) {
        size_t n = strcspn(at, "\n");
        assert_true(n <= 80);
        at += n + 1;
    }
    candidates_reset(&c);
    for (int i = 0; i < 100; i++) {
        for (int k = 0; k < 1000; k++) candidates_add(&c, text_of(name[k]));
    }
    assert_true(c.failed);
    buf_done(&out);
    candidates_done(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_all_begin_with_is_completed),
        cmocka_unit_test(the_case_is_that_of_the_word_begun),
        cmocka_unit_test(a_list_is_as_wide_as_the_screen),
        cmocka_unit_test(too_many_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
