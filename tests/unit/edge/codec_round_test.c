/* codec_round_test.c: what an encoder wrote, the decoder of the format reads as the same rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/edge/codec_probe.h"

static const char all_types[] =
    "a BIGINT, b TEXT, d DOUBLE, f BOOLEAN, n DECIMAL(38,10), n2 DECIMAL(5,5), ts TIMESTAMP3, "
    "tu TIMESTAMP, day DATE, tm TIME, iv INTERVAL, bl BLOB, im IMAGE, k BIGINT NOT NULL, "
    "r ROW<p DOUBLE, q TEXT, s ROW<x BIGINT NOT NULL, y ARRAY<TEXT>>>, l ARRAY<BIGINT>, "
    "m MAP<TEXT,DECIMAL(10,2)>, mi MAP<BIGINT,ARRAY<BOOLEAN>>, t TENSOR(2,*), t3 TENSOR(1,2,3), "
    "ar ARRAY<ROW<u TEXT, v TIMESTAMP>>";

static const char flat_types[] =
    "a BIGINT, b TEXT, d DOUBLE, f BOOLEAN, n DECIMAL(12,3), ts TIMESTAMP3, tu TIMESTAMP, "
    "r ROW<p DOUBLE, q TEXT, s ROW<x BIGINT, z TIMESTAMP3>>, k BIGINT";

static void check_round(struct random *r, const char *columns, const struct codec *codec,
                        const struct options *options, uint32_t rows) {
    struct arena a;
    arena_init(&a, 0);
    struct batch b;
    const struct schema *s = probe_schema(&a, columns);
    probe_random_batch(r, &a, s, rows, &b);
    struct text first = probe_encode(codec, &b, false);
    const struct probe p = {.codec = codec, .schema = s, .options = options};
    struct text second = probe_convert(&p, first, codec);
    if (!text_equal(first, second)) {
        uint32_t at = 0;
        while (at < second.bytes && first.at[at] == second.at[at]) at++;
        fail_msg("%s differs at %u:\n%.200s\nand\n%.200s", codec->name, at, first.at + at,
                 second.at + at);
    }
    free((void *)(uintptr_t)first.at);
    free((void *)(uintptr_t)second.at);
    arena_done(&a);
}

static void json_comes_back(void **unused) {
    (void)unused;
    struct random r = random_start("codec_round json");
    for (uint32_t round = 0; round < random_rounds(60); round++) {
        check_round(&r, all_types, &codec_json, NULL, 1 + (uint32_t)random_below(&r, 100));
        check_round(&r, flat_types, &codec_json, NULL, 1 + (uint32_t)random_below(&r, 500));
    }
}

static void csv_comes_back(void **unused) {
    (void)unused;
    struct random r = random_start("codec_round csv");
    const struct option header[] = {{TEXT_LITERAL("header"), TEXT_LITERAL("true"), 0}};
    const struct options options = {.option = header, .count = 1};
    for (uint32_t round = 0; round < random_rounds(60); round++) {
        check_round(&r, all_types, &codec_csv, &options, 1 + (uint32_t)random_below(&r, 100));
        check_round(&r, "one TEXT", &codec_csv, &options, 1 + (uint32_t)random_below(&r, 100));
    }
}

/* ndjson as the manual shows it. */
static void rows_look_as_documented(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    const struct schema *s = probe_schema(&a, "a BIGINT, d DOUBLE, n DECIMAL(10,2), ts TIMESTAMP3, "
                                              "iv INTERVAL, b TEXT");
    struct column_builder b[6];
    struct column col[6];
    for (uint32_t i = 0; i < 6; i++) assert_true(builder_init(&b[i], &a, s->col[i].type, 2));
    builder_i64(&b[0], -5);
    builder_f64(&b[1], 1);
    builder_i128(&b[2], 150);
    builder_i64(&b[3], 1500);
    builder_i64(&b[4], -90061500000);
    builder_text(&b[5], TEXT_LITERAL("a\"\\\n\x1f/é"));
    for (uint32_t i = 0; i < 6; i++) {
        if (i == 1)
            builder_f64(&b[1], 0.0 / (double)(b[1].rows - 1));
        else
            builder_null(&b[i]);
        assert_true(builder_column(&b[i], &col[i]));
    }
    static const int8_t change[] = {CHANGE_BEFORE, CHANGE_AFTER};
    const struct batch batch = {.schema = s, .col = col, .rows = 2, .live = 2, .change = change};
    struct text got = probe_encode(&codec_json, &batch, true);
    assert_true(
        text_equal(got, TEXT_LITERAL("{\"op\":\"-U\",\"a\":-5,\"d\":1.0,\"n\":1.50,"
                                     "\"ts\":\"1970-01-01 00:00:00.001\",\"iv\":\"-1 01:01:01.5\","
                                     "\"b\":\"a\\\"\\\\\\n\\u001f/é\"}\n"
                                     "{\"op\":\"+U\",\"a\":null,\"d\":null,\"n\":null,\"ts\":null,"
                                     "\"iv\":null,\"b\":null}\n")));
    free((void *)(uintptr_t)got.at);
    got = probe_encode(&codec_csv, &batch, false);
    assert_true(text_equal(got, TEXT_LITERAL("a,d,n,ts,iv,b\n-5,1.0,1.50,1970-01-01 00:00:00.001,"
                                             "-1 01:01:01.5,\"a\"\"\\\n\x1f/é\"\n,NaN,,,,\n")));
    free((void *)(uintptr_t)got.at);
    arena_done(&a);
}

/* Only the rows of the selection are written, in its order. */
static void selections_are_followed(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    const struct schema *s = probe_schema(&a, "a BIGINT");
    static const int64_t v[] = {10, 11, 12, 13};
    static const uint16_t sel[] = {1, 3};
    const struct column col = {.type = &type_bigint, .as.i64 = v};
    const struct batch batch = {.schema = s, .col = &col, .sel = sel, .rows = 4, .live = 2};
    struct text got = probe_encode(&codec_json, &batch, false);
    assert_true(text_equal(got, TEXT_LITERAL("{\"a\":11}\n{\"a\":13}\n")));
    free((void *)(uintptr_t)got.at);
    arena_done(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_comes_back),
        cmocka_unit_test(csv_comes_back),
        cmocka_unit_test(rows_look_as_documented),
        cmocka_unit_test(selections_are_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
