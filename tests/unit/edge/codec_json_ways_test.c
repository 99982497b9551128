/* codec_json_ways_test.c: random JSON lines, good and bad: neither the cuts nor the kernels nor the
 * templates nor what is used show in what they become.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/base/cpu.h"
#include "tests/unit/edge/codec_probe.h"

static void add_value(struct random *r, struct buf *b, uint32_t depth) {
    static const char *const words[] = {
        "null",
        "true",
        "false",
        "0",
        "-1",
        "12345",
        "1.5",
        "1e3",
        "-0.25",
        "99999999999999999999",
        "\"\"",
        "\"x\"",
        "\"2026-01-01 00:00:00.123\"",
        "\"2026-01-01T10:20:30Z\"",
        "\"12:00:00\"",
        "\"2026-01-01\"",
        "\"aGVsbG8=\"",
        "\"a\\nb\"",
        "\"\\u00e9\"",
        "\"é€😀\"",
        "\"\\ud800\"",
        "\"a string of more than sixty-four bytes, so that two loads are wanted\"",
        "01",
        "tru",
        "\"",
        "\"\x01\"",
        "\"\xff\"",
        "1.",
        "-",
        "[1,2",
        "123456789012345678",
        "0.30000000000000004",
        "[[1,2],[3,4]]",
        "{\"x\":1}",
        "\"1 02:03:04\""};
    uint64_t kind = random_below(r, 12);
    if (kind < 9 || depth > 3) {
        bool good = random_below(r, 8) != 0;
        buf_add_str(b, words[random_below(r, good ? 20 : COUNT_OF(words))]);
    } else {
        bool object = kind > 10;
        buf_add_char(b, object ? '{' : '[');
        for (uint64_t n = random_below(r, 4); n > 0; n--) {
            if (object) buf_addf(b, "\"%c\":", "pqsxk"[random_below(r, 5)]);
            add_value(r, b, depth + 1);
            if (n > 1) buf_add_char(b, ',');
        }
        buf_add_char(b, object ? '}' : ']');
    }
}

/* A list of objects, one of them perhaps bad. */
static void add_objects(struct random *r, struct buf *b) {
    uint64_t n = random_spread(r) % 100;
    buf_add_char(b, '[');
    for (uint64_t i = 0; i < n; i++) {
        bool bad = random_below(r, 300) == 0;
        buf_addf(b, "%s{\"y\":{\"k\":\"%d\"},\"x\":%s}", i > 0 ? "," : "", (int)i,
                 bad ? "\"bad\"" : "7");
    }
    buf_add_char(b, ']');
}

/* A value that column `f` takes, most of the time. */
static void add_typed(struct random *r, struct buf *b, char f) {
    if (random_below(r, 12) == 0) {
        add_value(r, b, 0);
        return;
    }
    if (random_below(r, 12) == 0) {
        buf_add_str(b, "null");
        return;
    }
    static const char *const words[] = {"\"text %lld\"", "\"a\\n%lld\\\"\"", "\"é%lld€\"",
                                        "\"%lld\"", "\"\\ud83d\\ude00%lld\""};
    long long v = (long long)(random_spread(r) >> 1);
    switch (f) {
    case 'a': buf_addf(b, "%lld", random_below(r, 2) ? v : -v); return;
    case 'd': buf_addf(b, "%.17g", random_below(r, 2) ? random_f64(r) : (double)v / 100); return;
    case 'n': buf_addf(b, "%lld.%02d", v % 100000000, (int)random_below(r, 100)); return;
    case 'f': buf_add_str(b, random_below(r, 2) ? "true" : "false"); return;
    case 'b': buf_addf(b, words[random_below(r, COUNT_OF(words))], v); return;
    case 't':
        buf_addf(b, "\"2026-%02d-%02d %02d:%02d:%02d.%03d\"", (int)random_below(r, 12) + 1,
                 (int)random_below(r, 28) + 1, (int)random_below(r, 24), (int)random_below(r, 60),
                 (int)random_below(r, 60), (int)random_below(r, 1000));
        return;
    case 'l': buf_addf(b, "[%lld,2,null]", v); return;
    case 'r':
        buf_addf(b, "{\"p\":%lld,\"q\":\"z\",\"s\":{\"x\":1,\"y\":[\"%lld\"]}}", v % 1000, v);
        return;
    case 'g': add_objects(r, b); return;
    default: buf_addf(b, "\"unknown %lld\"", v); return;
    }
}

/* Lines whose layout changes now and then. */
static struct text random_lines(struct random *r, uint32_t lines) {
    static const char keys[] = "abdfntlrgz";
    struct buf b;
    buf_init(&b);
    char order[11] = "abdfntlrgz";
    uint32_t fields = 10;
    const char *colon = ":";
    for (uint32_t i = 0; i < lines; i++) {
        if (random_below(r, 20) == 0) {
            memcpy(order, keys, sizeof order);
            for (uint32_t k = 9; k > 0; k--) {
                uint64_t other = random_below(r, k + 1);
                char keep = order[k];
                order[k] = order[other];
                order[other] = keep;
            }
            fields = (uint32_t)random_below(r, 11);
            colon = random_below(r, 3) ? ":" : " : ";
        }
        if (random_below(r, 30) == 0) buf_add_str(&b, random_below(r, 2) ? "\n" : "garbage");
        buf_add_char(&b, '{');
        for (uint32_t k = 0; k < fields; k++) {
            const char *name = order[k] == 't' ? "ts" : (char[]){order[k], '\0'};
            buf_addf(&b, "%s\"%s\"%s", k > 0 ? "," : "", name, colon);
            add_typed(r, &b, order[k]);
        }
        buf_add_str(&b, random_below(r, 10) ? "}\n" : "}\r\n");
    }
    return buf_text(&b);
}

static const char mixed_columns[] =
    "a BIGINT, b TEXT, d DOUBLE, f BOOLEAN, n DECIMAL(12,2), ts TIMESTAMP3, l ARRAY<BIGINT>, "
    "r ROW<p DOUBLE, q TEXT, s ROW<x BIGINT NOT NULL, y ARRAY<TEXT>>>, "
    "g ARRAY<ROW<x BIGINT NOT NULL, y MAP<TEXT,TEXT>>>";

/* Every way of reading the bytes gives `want`. */
static void check_ways(const struct probe *base, struct random *r, struct text bytes,
                       const char *want) {
    const struct scan_kernels *sets[4];
    uint32_t count = scan_usable(cpu_features(), sets);
    for (uint32_t i = 0; i < count + 3; i++) {
        struct probe p = *base;
        if (i < count) p.scan = sets[i];
        if (i == count) p.general = true;
        if (i == count + 1) p.piece_bytes = 1 + random_below(r, 300);
        if (i == count + 2) p.rows_max = 1 + (uint32_t)random_below(r, 7);
        char *got = probe_decode(&p, bytes);
        if (strcmp(got, want) != 0) {
            size_t at = 0;
            while (got[at] == want[at]) at++;
            fail_msg("way %u differs at %zu:\n%.200s\nexpected\n%.200s", i, at, got + at,
                     want + at);
        }
        free(got);
    }
}

static void neither_cuts_nor_kernels_nor_templates_show(void **unused) {
    (void)unused;
    struct random r = random_start("codec_json ways");
    struct arena a;
    arena_init(&a, 0);
    for (uint32_t round = 0; round < random_rounds(60); round++) {
        bool used[9];
        for (uint32_t i = 0; i < 9; i++) used[i] = random_below(&r, 4) != 0;
        const struct probe p = {
            .codec = &codec_json, .schema = probe_schema(&a, mixed_columns), .used = used};
        struct text bytes = random_lines(&r, 1 + (uint32_t)random_below(&r, 400));
        struct probe plain = p;
        plain.general = true;
        char *want = probe_decode(&plain, bytes);
        check_ways(&p, &r, bytes, want);
        free(want);
        free((void *)(uintptr_t)bytes.at);
        arena_reset(&a);
    }
    arena_done(&a);
}

/* What is stored must not change what is bad. */
static void unused_columns_are_checked(void **unused) {
    (void)unused;
    struct random r = random_start("codec_json used");
    struct arena a;
    arena_init(&a, 0);
    for (uint32_t round = 0; round < random_rounds(20); round++) {
        struct text bytes = random_lines(&r, 200);
        const struct schema *s = probe_schema(&a, mixed_columns);
        char *all = probe_decode(&(struct probe){.codec = &codec_json, .schema = s}, bytes);
        bool used[9] = {false};
        used[random_below(&r, 9)] = true;
        char *one =
            probe_decode(&(struct probe){.codec = &codec_json, .schema = s, .used = used}, bytes);
        assert_string_equal(strstr(all, "--\n"), strstr(one, "--\n"));
        free(all);
        free(one);
        free((void *)(uintptr_t)bytes.at);
        arena_reset(&a);
    }
    arena_done(&a);
}

static bool bad_ignore(void *context, const struct decode_bad *b, struct err *e) {
    (void)context;
    (void)b;
    (void)e;
    return true;
}

/* One decode with so much memory for the batch: all of it, or 53200. */
static bool decode_within(const struct schema *schema, struct text bytes, size_t limit_bytes) {
    static const bool used[9] = {true, true, true, true, true, true, true, true, true};
    struct probe p = {.codec = &codec_json, .schema = schema};
    const struct decoder_options o = {
        .physical = p.schema, .used = used, .record_bytes_max = 1 << 20};
    struct err e = {0};
    struct arena a;
    struct column_builder col[9];
    arena_init(&a, limit_bytes);
    struct decoder *d = codec_json.decoder_create(&o, &e);
    assert_non_null(d);
    bool ok = true;
    for (uint32_t i = 0; i < 9; i++) ok = builder_init(&col[i], &a, schema->col[i].type, 1) && ok;
    struct decode_job job = {.at = bytes.at,
                             .bytes = bytes.bytes,
                             .last = true,
                             .col = col,
                             .rows_max = 2048,
                             .arena = &a,
                             .bad = bad_ignore};
    if (ok) ok = codec_json.decode(d, &job, &e);
    if (!ok && e.code) assert_string_equal(e.sqlstate, "53200");
    codec_json.decoder_destroy(d);
    arena_done(&a);
    return ok;
}

static void memory_that_ends_is_an_error(void **unused) {
    (void)unused;
    struct random r = random_start("codec_json memory");
    struct arena a;
    arena_init(&a, 0);
    const struct schema *s = probe_schema(&a, mixed_columns);
    struct text lines = random_lines(&r, 150);
    char *block = malloc((size_t)lines.bytes + DECODE_PAD_BYTES);
    memcpy(block, lines.at, lines.bytes);
    struct text bytes = {.at = block, .bytes = lines.bytes};
    uint32_t failed = 0, done = 0;
    for (size_t limit = 4096; done < 3; limit += 4096) {
        bool ok = decode_within(s, bytes, limit);
        failed += !ok;
        done += ok;
    }
    assert_true(failed > 5);
    free(block);
    free((void *)(uintptr_t)lines.at);
    arena_done(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neither_cuts_nor_kernels_nor_templates_show),
        cmocka_unit_test(unused_columns_are_checked),
        cmocka_unit_test(memory_that_ends_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
