/* error_print_test.c: an error about SQL points at its word, whatever stands in the line. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clients/error_print.h"

static void expect(const char *name, const char *sql, const struct err *e, const char *want) {
    struct script script = {.name = text_of(name), .text = text_of(sql)};
    struct buf out;
    buf_init(&out);
    error_print(&out, &script, e);
    assert_string_equal(out.at, want);
    buf_done(&out);
}

static void caret_stands_under_the_word(void **unused) {
    (void)unused;
    struct err e = {.code = ERR_SQL,
                    .sqlstate = "42703",
                    .line = 3,
                    .column = 17,
                    .message = "column \"pricee\" does not exist",
                    .hint = "Perhaps you meant \"price\"."};
    expect("q.sql", "-- a\n\nSELECT auction, pricee FROM bid\n;", &e,
           "q.sql:3: ERROR:  42703: column \"pricee\" does not exist\n"
           "LINE 3: SELECT auction, pricee FROM bid\n"
           "                        ^\n"
           "HINT:  Perhaps you meant \"price\".\n");
}

static void columns_count_characters_not_bytes(void **unused) {
    (void)unused;
    struct err e = {
        .code = ERR_SQL, .sqlstate = "42601", .line = 1, .column = 6, .message = "syntax error"};
    expect("", "\xc3\xa4\xc3\xb6\xc3\xbc = !", &e,
           "ERROR:  42601: syntax error\n"
           "LINE 1: \xc3\xa4\xc3\xb6\xc3\xbc = !\n"
           "             ^\n");
}

/* A character of two columns, and a mark of none; a tab and an escape are one space each. */
static void the_caret_stands_under_what_a_terminal_shows(void **unused) {
    (void)unused;
    struct err e = {
        .code = ERR_SQL, .sqlstate = "42601", .line = 1, .column = 12, .message = "syntax error"};
    expect("", "\t'\xe4\xb8\xad\xe6\x96\x87', e\xcc\x81\x1b[! x", &e,
           "ERROR:  42601: syntax error\n"
           "LINE 1:  '\xe4\xb8\xad\xe6\x96\x87', e\xcc\x81 [! x\n"
           "                    ^\n");
    e.column = 400; /* behind the end: at it */
    expect("", "SELECT", &e, "ERROR:  42601: syntax error\nLINE 1: ...\n           ^\n");
}

static void long_lines_are_cut_around_the_place(void **unused) {
    (void)unused;
    char sql[501];
    memset(sql, 'x', 500);
    sql[299] = '!';
    sql[500] = '\0';
    struct err e = {
        .code = ERR_SQL, .sqlstate = "42601", .line = 1, .column = 300, .message = "syntax error"};
    struct script script = {.text = text_of(sql)};
    struct buf out;
    buf_init(&out);
    error_print(&out, &script, &e);

    const char *line = strchr(out.at, '\n') + 1;
    const char *caret_line = strchr(line, '\n') + 1;
    size_t caret = (size_t)(strchr(caret_line, '^') - caret_line);
    assert_true(caret < 80);
    assert_int_equal(line[caret], '!');
    buf_done(&out);
}

static void without_a_place_only_the_sentence_is_told(void **unused) {
    (void)unused;
    struct err e = {.code = ERR_IO, .sqlstate = "58030", .message = "cannot open x"};
    expect("", "SELECT 1", &e, "ERROR:  58030: cannot open x\n");
}

int main(void) {
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(caret_stands_under_the_word),
        cmocka_unit_test(columns_count_characters_not_bytes),
        cmocka_unit_test(the_caret_stands_under_what_a_terminal_shows),
        cmocka_unit_test(long_lines_are_cut_around_the_place),
        cmocka_unit_test(without_a_place_only_the_sentence_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
