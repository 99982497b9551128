/* codec_json_test.c: what JSON records become, and that nothing but their bytes matters: not how
 * they are cut, which kernels the machine has, or whether a template fits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/base/cpu.h"
#include "tests/unit/edge/codec_probe.h"

static const char all_types[] =
    "a BIGINT, b TEXT, d DOUBLE, f BOOLEAN, n DECIMAL(10,2), ts TIMESTAMP3, tu TIMESTAMP, day "
    "DATE, "
    "tm TIME, iv INTERVAL, bl BLOB, r ROW<p DOUBLE, q TEXT, s ROW<x BIGINT NOT NULL>>, "
    "l ARRAY<BIGINT>, m MAP<TEXT,BIGINT>, t TENSOR(2,*)";

/* One record of one column, and what it becomes: its value as ndjson, or the start of the error. */
struct example {
    const char *column;
    const char *value;
    const char *expected;
};

static void check_example(const struct example *x, const struct options *options) {
    char line[512], want[512];
    struct arena a;
    arena_init(&a, 0);
    snprintf(line, sizeof line, "{\"v\":%s}\n", x->value);
    char columns[128];
    snprintf(columns, sizeof columns, "v %s", x->column);
    const struct probe p = {
        .codec = &codec_json, .schema = probe_schema(&a, columns), .options = options};
    char *got = probe_decode(&p, text_of(line));
    bool bad = strncmp(x->expected, "22", 2) == 0 || strncmp(x->expected, "23502", 5) == 0 ||
               strncmp(x->expected, "54", 2) == 0;
    if (bad)
        snprintf(want, sizeof want, "--\n0 %s", x->expected);
    else
        snprintf(want, sizeof want, "{\"v\":%s}\n--\n", x->expected);
    if (strncmp(got, want, bad ? strlen(want) : sizeof want) != 0)
        fail_msg("%s %s:\n%s\nexpected\n%s", x->column, x->value, got, want);
    free(got);
    arena_done(&a);
}

static const struct example value_examples[] = {
    {"BIGINT", "12", "12"},
    {"BIGINT", "-0", "0"},
    {"BIGINT", "1.0", "1"},
    {"BIGINT", "1e3", "1000"},
    {"BIGINT", "1.50e1", "15"},
    {"BIGINT", "100e-2", "1"},
    {"BIGINT", "0e999999999", "0"},
    {"BIGINT", "0.0e-5", "0"},
    {"BIGINT", "9223372036854775807", "9223372036854775807"},
    {"BIGINT", "-9223372036854775808", "-9223372036854775808"},
    {"BIGINT", "9223372036854775808", "22003 column v: out of range for BIGINT at byte 6"},
    {"BIGINT", "922337203685477580.7e1", "9223372036854775807"},
    {"BIGINT", "1e19", "22003"},
    {"BIGINT", "1e999999999999", "22003"},
    {"BIGINT", "1.5", "22P02 column v: not a whole number at byte 6"},
    {"BIGINT", "1e-400", "22P02"},
    {"BIGINT", "\"12\"", "22P02 column v: not a number at byte 6"},
    {"BIGINT", "01", "22P02"},
    {"BIGINT", "+1", "22P02"},
    {"BIGINT", "1.", "22P02"},
    {"BIGINT", ".5", "22P02"},
    {"BIGINT", "true", "22P02"},
    {"BIGINT", "null", "null"},
    {"BIGINT", "nul", "22P02"},
    {"BIGINT", "nulll", "22P02"},
    {"BIGINT NOT NULL", "null", "23502 column v: is null, and must not be"},
    {"DOUBLE", "1", "1.0"},
    {"DOUBLE", "-0.0", "-0.0"},
    {"DOUBLE", "0.1", "0.1"},
    {"DOUBLE", "123456789012345678901234567890", "1.2345678901234568e+29"},
    {"DOUBLE", "0.30000000000000004", "0.30000000000000004"},
    {"DOUBLE", "1e999", "22003 column v: out of range for DOUBLE at byte 6"},
    {"DOUBLE", "1e-999", "0.0"},
    {"DOUBLE", "NaN", "22P02"},
    {"DECIMAL(10,2)", "12.345", "12.35"},
    {"DECIMAL(10,2)", "-12.345", "-12.35"},
    {"DECIMAL(10,2)", "1e2", "100.00"},
    {"DECIMAL(10,2)", "99999999.99", "99999999.99"},
    {"DECIMAL(10,2)", "99999999.995", "22003"},
    {"DECIMAL(38,0)", "99999999999999999999999999999999999999",
     "99999999999999999999999999999999999999"},
    {"BOOLEAN", "true", "true"},
    {"BOOLEAN", "false", "false"},
    {"BOOLEAN", "tru", "22P02"},
    {"BOOLEAN", "1", "22P02"},
    {"BOOLEAN", "\"true\"", "22P02"},
    {"TEXT", "\"a\\u00e9\\ud83d\\ude00\\n\\/\"", "\"aé😀\\n/\""},
    {"TEXT", "\"\\u0000\"", "\"\\u0000\""},
    {"TEXT", "\"\\ud800\"", "22021 column v: half a surrogate pair at byte 7"},
    {"TEXT", "\"\\udc00\"", "22021"},
    {"TEXT", "\"\\ud800\\u0041\"", "22021"},
    {"TEXT", "\"\xC0\x80\"", "22021 invalid UTF-8 at byte 7"},
    {"TEXT", "\"\x01\"", "22P02 column v: control character in a string at byte 7"},
    {"TEXT", "\"\\x\"", "22P02"},
    {"TEXT", "12", "\"12\""},
    {"TEXT", "[1, {\"a\": 2}]", "\"[1, {\\\"a\\\": 2}]\""},
    {"TEXT", "true", "\"true\""},
    {"TEXT", "[1,]", "22P02"},
    {"TIMESTAMP3", "\"2026-01-01 00:00:00.1239\"", "\"2026-01-01 00:00:00.123\""},
    {"TIMESTAMP3", "\"2026-01-01T00:00:00Z\"", "\"2026-01-01 00:00:00.000\""},
    {"TIMESTAMP", "\"2026-01-01T02:00:00+02:00\"", "\"2026-01-01 00:00:00.000000\""},
    {"TIMESTAMP3", "\"1969-12-31 23:59:59.9999\"", "\"1969-12-31 23:59:59.999\""},
    {"TIMESTAMP3", "\"2026-02-29 00:00:00\"", "22003"},
    {"TIMESTAMP3", "\"2026-02-2\"", "22P02"},
    {"TIMESTAMP3", "1767225600000", "22P02"},
    {"DATE", "\"2026-02-28\"", "\"2026-02-28\""},
    {"TIME", "\"12:34:56.5\"", "\"12:34:56.5\""},
    {"INTERVAL", "\"1 02:03:04.5\"", "\"1 02:03:04.5\""},
    {"INTERVAL", "5", "22P02"},
    {"BLOB", "\"aGVsbG8=\"", "\"aGVsbG8=\""},
    {"BLOB", "\"\"", "\"\""},
    {"BLOB", "\"aGVsbG8\"", "22P02"},
    {"BLOB", "\"aGVsbG9=\"", "22P02"},
    {"BLOB", "\"a=Vs\"", "22P02"},
    {"IMAGE", "\"aGVsbG8=\"", "\"data:image/png;base64,aGVsbG8=\""},
    {"IMAGE", "\"data:image/png;base64,aGVsbG8=\"", "\"data:image/png;base64,aGVsbG8=\""},
    {"ROW<a BIGINT, b TEXT>", "{\"b\":\"x\",\"zz\":[{}]}", "{\"a\":null,\"b\":\"x\"}"},
    {"ROW<a BIGINT NOT NULL>", "{}", "23502 column v.a: is missing, and must not be"},
    {"ROW<a BIGINT NOT NULL>", "{\"a\":null,\"a\":2}", "{\"a\":2}"},
    {"ROW<a BIGINT>", "{\"a\":\"x\"}", "22P02 column v.a: not a number at byte 11"},
    {"ROW<a BIGINT>", "[1]", "22P02"},
    {"ARRAY<BIGINT>", "[1, null ,2]", "[1,null,2]"},
    {"ARRAY<BIGINT>", "[]", "[]"},
    {"ARRAY<BIGINT>", "[1 2]", "22P02"},
    {"ARRAY<ARRAY<TEXT>>", "[[],[\"a\"],null]", "[[],[\"a\"],null]"},
    {"MAP<TEXT,BIGINT>", "{\"a\":1,\"b\":null,\"a\":3}", "{\"b\":null,\"a\":3}"},
    {"MAP<BIGINT,TEXT>", "{\"7\":\"x\"}", "{\"7\":\"x\"}"},
    {"MAP<BIGINT,TEXT>", "{\"x\":\"x\"}", "22P02"},
    {"TENSOR(2,2)", "[[1,2],[3,4.5]]", "[[1.0,2.0],[3.0,4.5]]"},
    {"TENSOR(*,2)", "[[1,2],[0.1,1e-3]]", "[[1.0,2.0],[0.1,0.001]]"},
    {"TENSOR(2,*)", "[[1,2],[3]]", "22P02"},
    {"TENSOR(2)", "[1,2,3]", "22P02"},
    {"TENSOR(2)", "[1,null]", "22P02"},
    {"TENSOR(2)", "[1,[2]]", "22P02"},
};

static void values_become_what_the_contract_says(void **unused) {
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(value_examples); i++) check_example(&value_examples[i], NULL);
}

static void numbers_are_times_where_a_unit_is_given(void **unused) {
    (void)unused;
    const struct option unit[] = {{TEXT_LITERAL("json.timestamp-unit"), TEXT_LITERAL("ms"), 0}};
    const struct options options = {.option = unit, .count = 1};
    static const struct example examples[] = {
        {"TIMESTAMP3", "1767225600123", "\"2026-01-01 00:00:00.123\""},
        {"TIMESTAMP3", "1767225600.123e3", "\"2026-01-01 00:00:00.123\""},
        {"TIMESTAMP", "-0.0005", "\"1969-12-31 23:59:59.999999\""},
        {"TIMESTAMP3", "1e30", "22003"},
        {"TIMESTAMP3", "\"2026-01-01 00:00:00\"", "\"2026-01-01 00:00:00.000\""},
        {"DATE", "-1", "\"1969-12-31\""},
        {"TIME", "1000", "\"00:00:01\""},
        {"TIME", "86400000", "22003"},
    };
    for (size_t i = 0; i < COUNT_OF(examples); i++) check_example(&examples[i], &options);
}

/* Nesting: 64 levels, the record's own counted. */
static void nesting_ends_at_64(void **unused) {
    (void)unused;
    char value[300];
    for (int levels = 63; levels <= 64; levels++) {
        memset(value, '[', (size_t)levels);
        memset(value + levels, ']', (size_t)levels);
        value[2 * levels] = '\0';
        for (int known = 0; known < 2; known++) {
            char line[400];
            struct arena a;
            arena_init(&a, 0);
            const struct probe p = {.codec = &codec_json,
                                    .schema = probe_schema(&a, known ? "v TEXT" : "w TEXT")};
            snprintf(line, sizeof line, "{\"v\":%s}", value);
            char *got = probe_decode(&p, text_of(line));
            assert_int_equal(strstr(got, "54000") != NULL, levels == 64);
            free(got);
            arena_done(&a);
        }
    }
}

static void lines_are_records(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    const struct probe p = {.codec = &codec_json, .schema = probe_schema(&a, "a BIGINT, b TEXT")};
    static const char bytes[] = "\xEF\xBB\xBF{\"a\":1}\r\n\n  \r\n {\"b\":\"x\",\"a\":2} \n"
                                "{\"a\":1}{\"a\":2}\n[1]\n{\"a\":3\n}\n{\"A\":4}\n\t{\"a\":5}";
    char *got = probe_decode(&p, text_of(bytes));
    assert_string_equal(got,
                        "{\"a\":1,\"b\":null}\n{\"a\":2,\"b\":\"x\"}\n{\"a\":null,\"b\":null}\n"
                        "{\"a\":5,\"b\":null}\n--\n"
                        "35 22P02 text behind the value at byte 8|{\"a\":1}{\"a\":2}\n"
                        "50 22P02 not an object at byte 1|[1]\n"
                        "54 22P02 expected ',' or '}' at byte 7|{\"a\":3\n"
                        "61 22P02 not an object at byte 1|}\n");
    free(got);
    arena_done(&a);
}

static void long_records_are_bad_and_skipped(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    char bytes[400];
    snprintf(bytes, sizeof bytes, "{\"a\":\"%0100d\"}\n{\"a\":\"x\"}\n{\"a\":\"%0200d\"}", 1, 2);
    static const size_t pieces[] = {0, 1, 7, 50, 64};
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        const struct probe p = {.codec = &codec_json,
                                .schema = probe_schema(&a, "a TEXT"),
                                .record_bytes_max = 60,
                                .piece_bytes = pieces[i]};
        char *got = probe_decode(&p, text_of(bytes));
        assert_non_null(
            strstr(got, "{\"a\":\"x\"}\n--\n0 54000 the record is longer than the limit"));
        assert_non_null(strstr(got, "\n119 54000"));
        free(got);
    }
    arena_done(&a);
}

static const char good_line[] =
    "{\"a\":1,\"b\":\"x\\u00e9y\",\"d\":-1.5e2,\"f\":true,\"n\":1.25,\"ts\":\"2026-01-01 "
    "00:00:00.123\",\"day\":\"2026-01-01\",\"bl\":\"aGk=\",\"r\":{\"p\":1,\"s\":{\"x\":2}},"
    "\"l\":[1,2],\"m\":{\"k\":1},\"t\":[[1],[2]],\"other\":[{\"u\":null}]}\n";

static void every_cut_gives_the_same(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    char bytes[3 * sizeof good_line];
    snprintf(bytes, sizeof bytes, "%s%s{\"a\":tru}\n", good_line, good_line);
    struct probe p = {.codec = &codec_json, .schema = probe_schema(&a, all_types)};
    char *want = probe_decode(&p, text_of(bytes));
    for (p.piece_bytes = 1; p.piece_bytes < strlen(bytes); p.piece_bytes++) {
        char *got = probe_decode(&p, text_of(bytes));
        assert_string_equal(got, want);
        free(got);
    }
    free(want);
    arena_done(&a);
}

/* No damage is worse than a bad record, and every kernel sees the same. */
static void every_byte_damaged(void **unused) {
    (void)unused;
    static const char replacements[] = "\0\"\\{}[],: 0-.eE\n\r\x1f\x7f\x80\xc3\xff"
                                       "azu";
    struct random r = random_start("codec_json damage");
    struct arena a;
    arena_init(&a, 0);
    const struct probe p = {.codec = &codec_json, .schema = probe_schema(&a, all_types)};
    char bytes[3 * sizeof good_line];
    snprintf(bytes, sizeof bytes, "%s%s%s", good_line, good_line, good_line);
    const struct scan_kernels *sets[4];
    uint32_t count = scan_usable(cpu_features(), sets);
    size_t line = sizeof good_line - 1;
    for (size_t i = 0; i < line; i++) {
        char keep = bytes[line + i];
        for (size_t k = 0; k < sizeof replacements - 1; k++) {
            bytes[line + i] = replacements[k];
            struct text t = {.at = bytes, .bytes = (uint32_t)(3 * line)};
            struct probe other = p;
            other.scan = sets[random_below(&r, count)];
            other.general = random_below(&r, 2) != 0;
            char *one = probe_decode(&p, t);
            char *two = probe_decode(&other, t);
            assert_string_equal(one, two);
            free(one);
            free(two);
        }
        bytes[line + i] = keep;
    }
    arena_done(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_become_what_the_contract_says),
        cmocka_unit_test(numbers_are_times_where_a_unit_is_given),
        cmocka_unit_test(nesting_ends_at_64),
        cmocka_unit_test(lines_are_records),
        cmocka_unit_test(long_records_are_bad_and_skipped),
        cmocka_unit_test(every_cut_gives_the_same),
        cmocka_unit_test(every_byte_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
