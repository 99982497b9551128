/* err_test.c: an error says what it was given, cut only between characters. */
#include "engine/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/text.h"

static void an_error_is_code_state_and_sentence(void **unused) {
    (void)unused;
    struct err e = {.hint = "old"};
    assert_false(err_set(&e, ERR_DATA, "22P02", "not a number: %.*s", 2, "abc"));
    assert_int_equal(e.code, ERR_DATA);
    assert_string_equal(e.sqlstate, "22P02");
    assert_string_equal(e.message, "not a number: ab");
    assert_string_equal(e.hint, "");
    assert_false(err_hint(&e, "Try %d.", 7));
    assert_string_equal(e.hint, "Try 7.");
    assert_false(err_memory(&e));
    assert_int_equal(e.code, ERR_LIMIT);
    assert_string_equal(e.hint, "");
    err_clear(&e);
    assert_int_equal(e.code, ERR_NONE);
}

/* Each character whole or not there, whatever the length before it. */
static void a_long_sentence_is_cut_between_characters(void **unused) {
    (void)unused;
    static const char *const letters[] = {"x", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    for (size_t l = 0; l < COUNT_OF(letters); l++) {
        size_t n = strlen(letters[l]);
        for (size_t shift = 0; shift < 5; shift++) {
            char text[500] = "";
            memset(text, 'a', shift);
            for (size_t i = 0; i < 120 * 4 / n - 2; i++)
                memcpy(text + shift + i * n, letters[l], n + 1);
            struct err e;
            err_set(&e, ERR_SQL, "42601", "%s", text);
            err_hint(&e, "%s", text);
            size_t bytes = strlen(e.message), hint = strlen(e.hint);
            assert_memory_equal(e.message, text, bytes);
            assert_int_equal(utf8_valid_prefix(e.message, bytes), bytes);
            assert_int_equal(utf8_valid_prefix(e.hint, hint), hint);
            if (strlen(text) >= sizeof e.message) assert_true(bytes + 4 >= sizeof e.message);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_is_code_state_and_sentence),
        cmocka_unit_test(a_long_sentence_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
