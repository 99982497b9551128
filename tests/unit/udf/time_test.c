/* time_test.c: the laws of times: parts agree with SQLite's strftime(), units with their own sums,
 * and what a pattern prints it reads.
 */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/time.h"
#include "tests/unit/udf/fn_probe.h"

enum { ROWS = 1500 };

/* Moments of the years 0000 to 9999, many at the ends of months and days. */
static int64_t any_us(uint64_t *s) {
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    int64_t days = (int64_t)(*s >> 20) % 3652424 - 719528;
    int64_t rest = *s % 3 == 0 ? (*s % 2 ? 0 : DAY_US - 1) : (int64_t)(*s >> 3) % DAY_US;
    return days * DAY_US + rest;
}

static void fill(struct probe *p, uint32_t columns) {
    uint64_t s = 20261120;
    for (uint32_t c = 0; c < columns; c++) {
        probe_column(p, &type_timestamp6);
        for (uint32_t i = 0; i < ROWS; i++) builder_i64(&p->build[c], any_us(&s));
    }
    probe_seal(p);
}

static const struct expr *unit_call(struct probe *p, const char *sig, const char *unit,
                                    const struct expr *x, const struct expr *y) {
    const struct expr *arg[] = {x_text(p, unit), x, y};
    return x_call_list(p, sig, arg, y ? 3 : 2);
}

static void parts_are_those_of_strftime(void **unused) {
    (void)unused;
    static const char *const parts[][2] = {{"year", "%Y"},   {"month", "%m"}, {"day", "%d"},
                                           {"doy", "%j"},    {"hour", "%H"},  {"minute", "%M"},
                                           {"second", "%S"}, {"epoch", "%s"}};
    struct probe p;
    sqlite3 *db;
    probe_init(&p);
    fill(&p, 1);
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        sqlite3_stmt *s;
        assert_int_equal(
            sqlite3_prepare_v2(db, "SELECT CAST(strftime(?1, ?2) AS INTEGER)", -1, &s, NULL),
            SQLITE_OK);
        sqlite3_bind_text(s, 1, parts[i][1], -1, SQLITE_STATIC);
        const struct column *c = probe_run(&p, unit_call(&p, "extract(TEXT, TIMESTAMP) BIGINT",
                                                         parts[i][0], x_column(&p, 0), NULL));
        for (uint32_t row = 0; row < ROWS; row++) {
            char text[TIMESTAMP_TEXT_MAX];
            uint32_t n = timestamp_print(text, p.col[0].as.i64[row] / SECOND_US * SECOND_US, 0);
            bool before = p.col[0].as.i64[row] < 0 && p.col[0].as.i64[row] % SECOND_US != 0;
            if (before) n = timestamp_print(text, timestamp_floor(p.col[0].as.i64[row], 0), 0);
            sqlite3_bind_text(s, 2, text, (int)n, SQLITE_TRANSIENT);
            assert_int_equal(sqlite3_step(s), SQLITE_ROW);
            assert_int_equal(c->as.i64[row], sqlite3_column_int64(s, 0));
            sqlite3_reset(s);
        }
        sqlite3_finalize(s);
    }
    sqlite3_close(db);
    probe_done(&p);
}

/* floor <= x <= ceil, both are their own floor, and nothing of the unit lies between. */
static void floor_and_ceil_enclose(void **unused) {
    (void)unused;
    static const char *const units[] = {"second", "minute", "hour",    "day",
                                        "week",   "month",  "quarter", "year"};
    struct probe p;
    probe_init(&p);
    fill(&p, 1);
    for (size_t u = 0; u < COUNT_OF(units); u++) {
        const struct expr *x = x_column(&p, 0), *unit = x_text(&p, units[u]);
        const struct expr *floor = x_call(&p, "floor(TIMESTAMP, TEXT) TIMESTAMP", x, unit, NULL);
        const struct expr *ceil = x_call(&p, "ceil(TIMESTAMP, TEXT) TIMESTAMP", x, unit, NULL);
        const struct expr *next = unit_call(&p, "timestampadd(TEXT, BIGINT, TIMESTAMP) TIMESTAMP",
                                            units[u], x_i64(&p, 1), floor);
        const struct expr *again =
            x_call(&p, "floor(TIMESTAMP, TEXT) TIMESTAMP", floor, unit, NULL);
        struct column f = *probe_run(&p, floor);
        int64_t low[ROWS], high[ROWS], behind[ROWS];
        memcpy(low, f.as.i64, sizeof low);
        memcpy(high, probe_run(&p, ceil)->as.i64, sizeof high);
        memcpy(behind, probe_run(&p, next)->as.i64, sizeof behind);
        const struct column *same = probe_run(&p, again);
        for (uint32_t row = 0; row < ROWS; row++) {
            int64_t us = p.col[0].as.i64[row];
            assert_true(low[row] <= us && us <= high[row] && us < behind[row]);
            assert_true(same->as.i64[row] == low[row]);
            assert_true(high[row] == (low[row] == us ? us : behind[row]));
        }
    }
    probe_done(&p);
}

/* a + whole units between a and b does not pass b; one unit more does. */
static void differences_are_whole_units(void **unused) {
    (void)unused;
    static const char *const units[] = {"second", "hour",    "day", "week",
                                        "month",  "quarter", "year"};
    struct probe p;
    probe_init(&p);
    fill(&p, 2);
    for (size_t u = 0; u < COUNT_OF(units); u++) {
        const char *add = "timestampadd(TEXT, BIGINT, TIMESTAMP) TIMESTAMP";
        const struct expr *a = x_column(&p, 0), *b = x_column(&p, 1);
        const struct expr *n =
            unit_call(&p, "timestampdiff(TEXT, TIMESTAMP, TIMESTAMP) BIGINT", units[u], a, b);
        const struct column *c = probe_run(&p, unit_call(&p, add, units[u], n, a));
        for (uint32_t row = 0; row < ROWS; row++) {
            int64_t from = p.col[0].as.i64[row], to = p.col[1].as.i64[row], got = c->as.i64[row];
            assert_true(from <= to ? got <= to && got >= from : got >= to && got <= from);
        }
    }
    probe_done(&p);
}

static void patterns_print_and_read(void **unused) {
    (void)unused;
    static const char *const table[][2] = {
        {"yyyy-MM-dd HH:mm:ss.SSS", "2026-03-04 15:06:07.089"},
        {"yy/M/d h:m:s a", "26/3/4 3:6:7 PM"},
        {"EEE, dd MMM yyyy", "Wed, 04 Mar 2026"},
        {"EEEE d MMMM", "Wednesday 4 March"},
        {"yyyyMMddHH", "2026030415"},
        {"HH 'o''clock'", "15 o'clock"},
        {"D", "63"},
        {"SSSSSS", "089012"},
        {"SSSSSSSSS", "089012000"},
        {"kk KK", "15 03"},
        {"'T'''", "T'"},
        {"", ""},
    };
    struct probe p;
    probe_init(&p);
    int64_t us;
    assert_int_equal(timestamp_parse(TEXT_LITERAL("2026-03-04 15:06:07.089012"), &us), PARSE_OK);
    uint32_t t = probe_column(&p, &type_timestamp6);
    builder_i64(&p.build[t], us);
    probe_seal(&p);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const struct column *c =
            probe_run(&p, x_call(&p, "date_format(TIMESTAMP, TEXT) TEXT", x_column(&p, t),
                                 x_text(&p, table[i][0]), NULL));
        assert_string_equal(probe_show(&p, c, 0), table[i][1]);
    }
    probe_run(&p, x_call(&p, "date_format(TIMESTAMP, TEXT) TEXT", x_column(&p, t),
                         x_text(&p, "yyyy-QQ"), NULL));
    assert_string_equal(probe_failure(&p, 0)->sqlstate, "22P02");
    probe_done(&p);
}

static void what_a_pattern_prints_it_reads(void **unused) {
    (void)unused;
    static const char *const patterns[] = {"yyyy-MM-dd HH:mm:ss.SSS",
                                           "dd.MM.yyyy 'at' hh:mm:ss.SSS a", "yyyyMMddHHmmssSSS",
                                           "MMMM d yyyy, k:m:s.SSS"};
    struct probe p;
    probe_init(&p);
    fill(&p, 1);
    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        const struct expr *pattern = x_text(&p, patterns[i]);
        const struct expr *text =
            x_call(&p, "date_format(TIMESTAMP, TEXT) TEXT", x_column(&p, 0), pattern, NULL);
        const struct column *c = probe_run(
            &p, x_call(&p, "to_timestamp(TEXT, [TEXT]) TIMESTAMP(3)", text, pattern, NULL));
        for (uint32_t row = 0; row < ROWS; row++) {
            assert_true(c->as.i64[row] == timestamp_floor(p.col[0].as.i64[row], 3));
        }
    }
    probe_done(&p);
}

static void the_clock_is_that_of_the_row(void **unused) {
    (void)unused;
    struct probe p;
    probe_init(&p);
    uint32_t a = probe_column(&p, &type_text);
    builder_text(&p.build[a], TEXT_LITERAL("now"));
    builder_text(&p.build[a], TEXT_LITERAL("NOW"));
    probe_seal(&p);
    int64_t at[2] = {1000000 * INT64_C(1500000), DAY_US + 1234567};
    p.batch.proctime_us = at;
    const struct column *c = probe_run(&p, x_call(&p, "now() TIMESTAMP(3)", NULL));
    assert_string_equal(probe_show(&p, c, 1), "1970-01-02 00:00:01.234");
    c = probe_run(&p, x_call(&p, "datetime(ANY...) TEXT", x_column(&p, a), NULL));
    assert_string_equal(probe_show(&p, c, 1), "1970-01-02 00:00:01");
    c = probe_run(&p, x_call(&p, "strftime(TEXT, ANY...) TEXT", x_text(&p, "%s"), NULL));
    assert_string_equal(probe_show(&p, c, 0), "1500000");
    c = probe_run(&p, x_call(&p, "strftime(TEXT, ANY...) TEXT", x_text(&p, "%Y"),
                             x_text(&p, "2026-01-01"), NULL));
    assert_string_equal(probe_show(&p, c, 1), "2026");
    c = probe_run(&p, x_call(&p, "date(ANY...) TEXT", x_text(&p, "no date"), NULL));
    assert_string_equal(probe_show(&p, c, 1), "NULL");
    probe_done(&p);
}

/* Moments close to one another, in and around the spans that a pattern does not tell apart: as
 * each alone. */
static void neighbours_print_as_alone(void **unused) {
    (void)unused;
    static const char *const patterns[] = {
        "yyyy-MM-dd", "HH:mm", "yyyy-MM-dd HH:mm:ss", "ss.SSSSSS", "h a", "'day' D, E", "", "k K"};
    static const int64_t steps[] = {1, SECOND_US - 1, MINUTE_US, HOUR_US, DAY_US / 2 - 7};
    const char *sig = "date_format(TIMESTAMP, TEXT) TEXT";
    struct probe p;
    probe_init(&p);
    probe_column(&p, &type_timestamp6);
    for (int32_t i = 0; i < ROWS; i++) {
        int64_t step = steps[i / 50 % (int32_t)COUNT_OF(steps)];
        builder_i64(&p.build[0], (i % 50 - 25) * step + i / 500 * (5 * DAY_US + 3));
    }
    probe_seal(&p);
    for (size_t k = 0; k < COUNT_OF(patterns); k++) {
        const struct expr *pattern = x_text(&p, patterns[k]);
        const struct column *c = probe_run(&p, x_call(&p, sig, x_column(&p, 0), pattern, NULL));
        const struct text *together = c->as.text;
        for (uint32_t row = 0; row < ROWS; row += 7) {
            const struct expr *at = x_constant(&p, &p.col[0], row);
            struct column alone;
            struct err e;
            assert_true(program_fold(x_call(&p, sig, at, pattern, NULL), &p.arena, &alone, &e));
            assert_true(text_equal(together[row], alone.as.text[0]));
        }
    }
    probe_done(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_those_of_strftime),
        cmocka_unit_test(floor_and_ceil_enclose),
        cmocka_unit_test(differences_are_whole_units),
        cmocka_unit_test(patterns_print_and_read),
        cmocka_unit_test(what_a_pattern_prints_it_reads),
        cmocka_unit_test(the_clock_is_that_of_the_row),
        cmocka_unit_test(neighbours_print_as_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
