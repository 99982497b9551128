/* Options: what they allow, and what is said where they are wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/option.h"
#include "engine/base/time.h"
#include "tests/unit/edge/edge_probe.h"

static struct options one(struct option *o, const char *key, const char *value) {
    *o = (struct option){.key = text_of(key), .value = text_of(value), .at = 17};
    return (struct options){.option = o, .count = 1};
}

static void durations_and_sizes_have_units(void **unused) {
    (void)unused;
    static const struct {
        const char *text;
        int64_t us;
    } durations[] = {
        {"10 s", 10 * SECOND_US}, {"500 ms", 500000}, {"1min", MINUTE_US},    {"2", 2000},
        {" 3 h ", 3 * HOUR_US},   {"1.5 s", 1500000}, {"7 days", 7 * DAY_US}, {"9us", 9}};
    static const struct {
        const char *text;
        uint64_t bytes;
    } sizes[] = {{"64 mb", 64 << 20}, {"200b", 200}, {"1k", 1024}, {"17", 17}, {"0.5 kb", 512}};
    struct option o;
    struct err e;
    for (size_t i = 0; i < COUNT_OF(durations); i++) {
        int64_t us = 0;
        struct options all = one(&o, "d", durations[i].text);
        assert_true(option_duration(&all, "d", &us, &e));
        assert_int_equal(us, durations[i].us);
    }
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        uint64_t bytes = 0;
        struct options all = one(&o, "b", sizes[i].text);
        assert_true(option_bytes(&all, "b", &bytes, &e));
        assert_int_equal(bytes, sizes[i].bytes);
    }
}

static void a_wrong_value_names_its_option(void **unused) {
    (void)unused;
    static const char *const wrong[] = {"", "s", "10 parsecs", "-1 s", "99999999999999 d", "1 2"};
    struct option o;
    struct err e;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        int64_t us = 5;
        struct options all = one(&o, "wait", wrong[i]);
        assert_false(option_duration(&all, "wait", &us, &e));
        assert_int_equal(us, 5);
        assert_string_equal(e.sqlstate, "22023");
        assert_non_null(strstr(e.message, "'wait'"));
        assert_int_equal(e.offset, 17);
    }
}

/* The words of a table are what is checked. */
static void tables_are_enforced(void **unused) {
    (void)unused;
    static const struct {
        const char *allowed, *value;
        bool good;
    } cases[] = {
        {"true | false", "TRUE", true},
        {"true | false", "yes", false},
        {"integer", "-4", true},
        {"integer", "4.0", false},
        {"number", "4.5", true},
        {"number", "x", false},
        {"bytes", "1 gb", true},
        {"bytes", "1 gbit", false},
        {"duration", "1 s", true},
        {"duration", "one", false},
        {"timestamp", "2026-01-01", true},
        {"timestamp", "soon", false},
        {"'fail' | 'restart'", "FAIL", true},
        {"'fail' | 'restart'", "no", false},
        {"a path", "anything", true},
        {"'a' | 'b' or a number", "7", true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err e;
        const struct option_row row = {"k", cases[i].allowed, "doc"};
        const struct option o = {.key = TEXT_LITERAL("k"), .value = text_of(cases[i].value)};
        assert_int_equal(option_check(&row, &o, &e), cases[i].good);
    }
}

static void unknown_options_get_a_hint(void **unused) {
    (void)unused;
    struct probe p;
    probe_begin(&p);
    probe_column(&p, "a", &type_bigint);
    probe_option(&p, "connector", "filesystem");
    probe_option(&p, "path", "x");
    probe_option(&p, "format", "json");
    assert_true(connector_check(&p.def, &p.err));
    probe_option(&p, "folow", "true");
    assert_false(connector_check(&p.def, &p.err));
    assert_string_equal(p.err.sqlstate, "22023");
    assert_non_null(strstr(p.err.message, "folow"));
    assert_non_null(strstr(p.err.hint, "'follow'"));
    probe_end(&p);
}

static void unknown_connectors_get_a_hint(void **unused) {
    (void)unused;
    struct probe p;
    probe_begin(&p);
    probe_option(&p, "connector", "filesystm");
    assert_false(connector_check(&p.def, &p.err));
    assert_string_equal(p.err.sqlstate, "42704");
    assert_non_null(strstr(p.err.hint, "filesystem"));
    probe_end(&p);
}

/* Flink's old names mean the same. */
static void legacy_names_are_taken(void **unused) {
    (void)unused;
    struct probe p;
    probe_begin(&p);
    probe_column(&p, "a", &type_bigint);
    probe_write_file(&p, "x.csv", "5\n");
    probe_option(&p, "connector.type", "filesystem");
    probe_option(&p, "connector.path", probe_path(&p, "x.csv"));
    probe_option(&p, "format.type", "csv");
    assert_string_equal(probe_read_all(&p), "- {\"a\":5}\n");
    probe_end(&p);
}

/* Every row of every table says what it is for, and no key stands twice. */
static void tables_are_whole(void **unused) {
    (void)unused;
    for (uint32_t i = 0; connectors[i]; i++) {
        const struct connector *c = connectors[i];
        assert_true(c->name && c->doc && c->option);
        assert_true(c->reader_open || c->sink_open);
        assert_int_equal(!c->reader_open, !c->source_check);
        assert_int_equal(!c->sink_open, !c->sink_check);
        for (const struct option_row *row = c->option; row->key; row++) {
            assert_true(row->value && row->doc && row->doc[0]);
            for (const struct option_row *other = c->option; other != row; other++) {
                assert_string_not_equal(row->key, other->key);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_and_sizes_have_units),
        cmocka_unit_test(a_wrong_value_names_its_option),
        cmocka_unit_test(tables_are_enforced),
        cmocka_unit_test(unknown_options_get_a_hint),
        cmocka_unit_test(unknown_connectors_get_a_hint),
        cmocka_unit_test(legacy_names_are_taken),
        cmocka_unit_test(tables_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
