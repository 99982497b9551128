/* durable_records_test.c: what is written of statements, changes and arrivals is read as it was,
 * and a record that is cut or follows no rule is damaged, never something else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "clients/durable_records.h"

static void statements_are_read_as_they_were(void **unused) {
    (void)unused;
    const struct ddl_record was = {.name = TEXT_LITERAL("q"),
                                   .settings = TEXT_LITERAL("threads=3\n"),
                                   .text = TEXT_LITERAL("CREATE QUERY q AS SELECT 1")};
    struct buf body;
    struct err e;
    buf_init(&body);
    ddl_save(&body, &was);
    for (uint32_t bytes = 0; bytes <= body.bytes; bytes++) {
        struct ddl_record is;
        bool whole = ddl_load((struct text){body.at, bytes}, &is, &e);
        bool texts = bytes > body.bytes - was.text.bytes; /* a shorter text is a text */
        assert_true(whole == texts);
        if (!whole) assert_string_equal(e.sqlstate, "XX001");
        if (!whole) continue;
        assert_true(text_equal(is.name, was.name) && text_equal(is.settings, was.settings));
        assert_true(memcmp(is.text.at, was.text.at, is.text.bytes) == 0);
    }
    buf_done(&body);
}

static void changes_are_read_as_they_were(void **unused) {
    (void)unused;
    const struct table_change was[] = {
        {.number = 7, .after = TEXT_LITERAL("new")},
        {.number = 7, .before = TEXT_LITERAL("new"), .after = TEXT_LITERAL("")},
        {.number = UINT64_MAX - 1, .before = TEXT_LITERAL("x")},
    };
    struct buf body;
    struct err e;
    buf_init(&body);
    for (size_t i = 0; i < COUNT_OF(was); i++) change_save(&body, &was[i]);
    struct text at = buf_text(&body);
    for (size_t i = 0; i < COUNT_OF(was); i++) {
        struct table_change is;
        assert_true(change_load(&at, &is, &e));
        assert_true(is.number == was[i].number);
        assert_true(!is.before.at == !was[i].before.at && !is.after.at == !was[i].after.at);
        assert_true(text_equal(is.before, was[i].before) && text_equal(is.after, was[i].after));
    }
    assert_int_equal(at.bytes, 0);
    at = (struct text){body.at, (uint32_t)body.bytes - 1};
    struct table_change last;
    assert_true(change_load(&at, &last, &e) && change_load(&at, &last, &e));
    assert_false(change_load(&at, &last, &e));
    assert_string_equal(e.sqlstate, "XX001");
    buf_done(&body);
}

static void arrivals_are_read_as_they_were(void **unused) {
    (void)unused;
    for (int kind = ARRIVAL_BYTES; kind <= ARRIVAL_BEGIN + 1; kind++) {
        for (int bytes = 0; bytes < 2; bytes++) {
            struct arrival_record was = {.at = 1234567890123, .came_us = -5}, is;
            struct buf body;
            struct err e;
            was.kind = (enum arrival_kind)kind;
            if (bytes) was.bytes = TEXT_LITERAL("{\"a\":1}\n");
            buf_init(&body);
            arrival_save(&body, &was);
            bool right = kind <= ARRIVAL_BEGIN && (kind <= ARRIVAL_RECORDS) == (bytes > 0);
            assert_true(arrival_load(buf_text(&body), &is, &e) == right);
            if (!right) assert_string_equal(e.sqlstate, "XX001");
            if (right) assert_true(is.kind == was.kind && is.at == was.at);
            if (right) assert_true(is.came_us == -5 && text_equal(is.bytes, was.bytes));
            for (uint32_t cut = 0; cut < 17; cut++) {
                assert_false(arrival_load((struct text){body.at, cut}, &is, &e));
            }
            buf_done(&body);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_are_read_as_they_were),
        cmocka_unit_test(changes_are_read_as_they_were),
        cmocka_unit_test(arrivals_are_read_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
