/* codec_raw_test.c: lines as they are; and which codecs there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/edge/codec_options.h"
#include "tests/unit/edge/codec_probe.h"

static void lines_are_values(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    static const char bytes[] = "\xEF\xBB\xBFone\r\n\n  two \nbad\xFF\n{\"a\"}";
    for (size_t piece = 0; piece < 12; piece++) {
        const struct probe p = {
            .codec = &codec_raw, .schema = probe_schema(&a, "line TEXT"), .piece_bytes = piece};
        char *got = probe_decode(&p, text_of(bytes));
        assert_string_equal(got,
                            "{\"line\":\"one\"}\n{\"line\":\"\"}\n{\"line\":\"  two \"}\n"
                            "{\"line\":\"{\\\"a\\\"}\"}\n--\n16 22021 invalid UTF-8|bad\xFF\n");
        free(got);
    }
    const struct probe blob = {.codec = &codec_raw, .schema = probe_schema(&a, "line BLOB")};
    char *got = probe_decode(&blob, (struct text){.at = "\xFF\x00\n", .bytes = 3});
    assert_string_equal(got, "{\"line\":\"/wA=\"}\n--\n");
    free(got);
    arena_done(&a);
}

static void long_lines_are_skipped(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    static const char bytes[] = "short\n0123456789012345678901234567890123456789\nnext\n";
    for (size_t piece = 0; piece < 55; piece++) {
        const struct probe p = {.codec = &codec_raw,
                                .schema = probe_schema(&a, "line TEXT"),
                                .record_bytes_max = 10,
                                .piece_bytes = piece};
        char *got = probe_decode(&p, text_of(bytes));
        assert_string_equal(got, "{\"line\":\"short\"}\n{\"line\":\"next\"}\n--\n"
                                 "6 54000 the record is longer than the limit|0123456789\n");
        free(got);
    }
    arena_done(&a);
}

static void other_schemas_are_refused(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    static const bool used[] = {true, true};
    static const char *const columns[] = {"a BIGINT", "a TEXT, b TEXT", "a ARRAY<TEXT>"};
    for (size_t i = 0; i < COUNT_OF(columns); i++) {
        struct err e = {0};
        const struct decoder_options o = {
            .physical = probe_schema(&a, columns[i]), .used = used, .record_bytes_max = 1000};
        assert_null(codec_raw.decoder_create(&o, &e));
        assert_string_equal(e.sqlstate, "42804");
    }
    arena_done(&a);
}

static void every_codec_is_found_and_documented(void **unused) {
    (void)unused;
    static const char *const names[] = {"json", "csv", "raw", "JSON"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct codec *c = codec_find(text_of(names[i]));
        assert_non_null(c);
        assert_true(strlen(c->doc) > 5);
        for (const struct option_row *row = c->option; row->key; row++) {
            assert_true(strlen(row->value) > 0 && strlen(row->doc) > 5);
            assert_true(codec_option_known(c->name, c->option, text_of(row->key)));
        }
        assert_false(codec_option_known(c->name, c->option, TEXT_LITERAL("no-such-option")));
    }
    assert_null(codec_find(TEXT_LITERAL("avro")));
    assert_true(codec_option_known("csv", codec_csv.option, TEXT_LITERAL("CSV.Header")));
    assert_true(codec_option_known("csv", codec_csv.option, TEXT_LITERAL("csv.tensor.pixels")));
    assert_false(codec_option_known("csv", codec_csv.option, TEXT_LITERAL("json.header")));
}

static void unknown_options_are_named(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    static const bool used[] = {true};
    const struct option list[] = {{TEXT_LITERAL("path"), TEXT_LITERAL("x"), 3},
                                  {TEXT_LITERAL("json.timestamp_unit"), TEXT_LITERAL("s"), 77}};
    const struct options options = {.option = list, .count = 2};
    const struct decoder_options o = {.physical = probe_schema(&a, "a TEXT"),
                                      .used = used,
                                      .options = &options,
                                      .record_bytes_max = 1000};
    struct err e = {0};
    assert_null(codec_json.decoder_create(&o, &e));
    assert_string_equal(e.message, "format json has no option 'json.timestamp_unit'");
    assert_int_equal(e.offset, 77);
    assert_non_null(strstr(e.hint, "timestamp-unit"));
    arena_done(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_values),
        cmocka_unit_test(long_lines_are_skipped),
        cmocka_unit_test(other_schemas_are_refused),
        cmocka_unit_test(every_codec_is_found_and_documented),
        cmocka_unit_test(unknown_options_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
