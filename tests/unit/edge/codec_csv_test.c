/* codec_csv_test.c: CSV records after RFC 4180: examples, and a reader of one byte a step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/base/cpu.h"
#include "engine/edge/codec_csv_split.h"
#include "tests/unit/edge/codec_probe.h"

struct csv_case {
    const char *columns;
    const char *bytes;
    const char *expected; /* as probe_decode() says */
    const char *options;  /* "header=true&delimiter=|" or NULL */
};

/* Cuts "key=value&key=value" into options, in `a`. */
static struct options options_read(struct arena *a, const char *text) {
    struct options o = {0};
    struct option *list = ARENA_ARRAY(a, list, 8);
    for (const char *at = text; at && *at;) {
        size_t key = strcspn(at, "="), value = strcspn(at + key + 1, "&");
        list[o.count].key = (struct text){.at = at, .bytes = (uint32_t)key};
        list[o.count++].value = (struct text){.at = at + key + 1, .bytes = (uint32_t)value};
        at += key + 1 + value + (at[key + 1 + value] == '&');
    }
    o.option = list;
    return o;
}

static void check_case(const struct csv_case *c, size_t piece) {
    struct arena a;
    arena_init(&a, 0);
    struct options o = options_read(&a, c->options);
    const struct probe p = {.codec = &codec_csv,
                            .schema = probe_schema(&a, c->columns),
                            .options = &o,
                            .piece_bytes = piece};
    char *got = probe_decode(&p, text_of(c->bytes));
    if (strcmp(got, c->expected) != 0)
        fail_msg("%s\nin pieces of %zu\n%s\nexpected\n%s", c->bytes, piece, got, c->expected);
    free(got);
    arena_done(&a);
}

static void records_become_what_the_contract_says(void **unused) {
    (void)unused;
    static const struct csv_case cases[] = {
        {"a BIGINT, b TEXT", "1,x\r\n2,\n,\"\"\n3,\"a \"\"q\"\", b\n\"\n",
         "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":null}\n{\"a\":null,\"b\":\"\"}\n"
         "{\"a\":3,\"b\":\"a \\\"q\\\", b\\n\"}\n--\n",
         NULL},
        {"a BIGINT, b TEXT", "1,x,y\n1\n\n2,z",
         "{\"a\":2,\"b\":\"z\"}\n--\n0 22P02 3 fields, and 2 are expected|1,x,y\n"
         "6 22P02 1 fields, and 2 are expected|1\n",
         NULL},
        {"a BIGINT, b TEXT", "1,a\"b\n2,\"a\"b\n3,c\n4,\"d",
         "{\"a\":3,\"b\":\"c\"}\n--\n0 22P02 quote inside an unquoted field|1,a\"b\n"
         "6 22P02 text behind a quoted field|2,\"a\"b\n17 22P02 unfinished quoted field|4,\"d\n",
         NULL},
        {"b TEXT, a BIGINT", "\xEF\xBB\xBF\"A\",extra,b\n1,2,x\n3,4,\n5,6\n",
         "{\"b\":\"x\",\"a\":1}\n{\"b\":null,\"a\":3}\n--\n"
         "26 22P02 2 fields, and 3 are expected|5,6\n",
         "header=true"},
        {"a BIGINT, c TEXT", "a,b\n1,2\n", "--\n4 22P02 the header has no column c|1,2\n",
         "csv.header=true"},
        {"a BIGINT, b TEXT NOT NULL", "1;'it''s; so'\n2;NIL\n3;'NIL'\n",
         "{\"a\":1,\"b\":\"it's; so\"}\n{\"a\":3,\"b\":\"NIL\"}\n--\n"
         "14 23502 column b: is null, and must not be in field 2|2;NIL\n",
         "delimiter=;&quote='&null-literal=NIL"},
        {"l BIGINT, p TENSOR(2,2), n TEXT", "7,1,2,3,4.5,x\n8,1,2,3,,y\n",
         "{\"l\":7,\"p\":[[1.0,2.0],[3.0,4.5]],\"n\":\"x\"}\n--\n"
         "14 22P02 column p: not a number in field 5|8,1,2,3,,y\n",
         "tensor.p=2-5"},
        {"p TENSOR(*,2), l BIGINT", "1,2,3,4,9\n", "{\"p\":[[1.0,2.0],[3.0,4.0]],\"l\":9}\n--\n",
         "csv.tensor.p=1-4"},
        {"r ROW<x BIGINT>, l ARRAY<TEXT>, t TENSOR(2)",
         "\"{\"\"x\"\":1}\",\"[\"\"a\"\",null]\",\"[1,2]\"\n\"{\",[],[]\n",
         "{\"r\":{\"x\":1},\"l\":[\"a\",null],\"t\":[1.0,2.0]}\n--\n"
         "35 22P02 column r: expected a key in field 1|\"{\",[],[]\n",
         NULL},
        {"ts TIMESTAMP3, d DATE, f BOOLEAN, n DECIMAL(5,1), x DOUBLE",
         "2026-01-01T00:00:00Z,2026-01-02,true,1.25,-1e3\n1767225600000,0,f,.5,1\nx,,,,\n"
         ",2026-02-30,,,\n,,,99999,\n",
         "{\"ts\":\"2026-01-01 00:00:00.000\",\"d\":\"2026-01-02\",\"f\":true,\"n\":1.3,"
         "\"x\":-1000.0}\n{\"ts\":\"2026-01-01 00:00:00.000\",\"d\":\"1970-01-01\",\"f\":false,"
         "\"n\":0.5,\"x\":1.0}\n--\n"
         "70 22P02 column ts: not a timestamp in field 1|x,,,,\n"
         "76 22003 column d: no such date in field 2|,2026-02-30,,,\n"
         "91 22003 column n: has more digits than the DECIMAL in field 4|,,,99999,\n",
         "timestamp-unit=ms"},
        {"a BIGINT, x DOUBLE, d DATE",
         " 12 ,\t-Infinity ,2026-01-02 10:00:00\n-7.9,NaN,\n12x,,\n"
         "1e30,,\n",
         "{\"a\":12,\"x\":null,\"d\":\"2026-01-02\"}\n{\"a\":-7,\"x\":null,\"d\":null}\n--\n"
         "47 22P02 column a: not a number in field 1|12x,,\n"
         "53 22003 column a: out of range for BIGINT in field 1|1e30,,\n",
         NULL},
        {"a BIGINT, b TEXT", "1;'x'\n", "{\"a\":1,\"b\":\"x\"}\n--\n",
         "field-delimiter=;&csv.quote-character='"},
        {"b TEXT", "\n\"\"\nx\n", "{\"b\":null}\n{\"b\":\"\"}\n{\"b\":\"x\"}\n--\n", NULL},
        {"b TEXT", "a\xFF\nb\n", "{\"b\":\"b\"}\n--\n0 22021 invalid UTF-8|a\xFF\n", NULL},
        {"a TEXT, b TEXT", "x\ty\n", "{\"a\":\"x\",\"b\":\"y\"}\n--\n", "delimiter=\\t"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (size_t piece = 0; piece < 20; piece++) check_case(&cases[i], piece);
    }
}

static void wrong_options_are_named(void **unused) {
    (void)unused;
    static const struct {
        const char *options, *sentence;
    } cases[] = {
        {"csv.delimeter=;", "format csv has no option 'csv.delimeter'"},
        {"header=yes", "option 'header' cannot be 'yes'"},
        {"delimiter=ab", "option 'delimiter' cannot be 'ab'"},
        {"quote=,", "options 'delimiter' and 'quote' are the same"},
        {"timestamp-unit=h", "option 'timestamp-unit' cannot be 'h'"},
        {"tensor.t=5-2", "option 'tensor.t' cannot be '5-2'"},
        {"tensor.t=1-3", "option 'tensor.t' = '1-3' has 3 fields, the tensor another number"},
        {"tensor.a=1-3", "option 'tensor.a' names a column that is no TENSOR"},
        {"tensor.zz=1-3", "option 'tensor.zz' names no column"},
    };
    struct arena a;
    arena_init(&a, 0);
    static const bool used[] = {true, true};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err e = {0};
        struct options o = options_read(&a, cases[i].options);
        const struct decoder_options d = {.physical = probe_schema(&a, "a BIGINT, t TENSOR(2,2)"),
                                          .used = used,
                                          .options = &o,
                                          .record_bytes_max = 1000};
        assert_null(codec_csv.decoder_create(&d, &e));
        assert_string_equal(e.message, cases[i].sentence);
        assert_string_equal(e.sqlstate, "22023");
    }
    arena_done(&a);
}

/* ---- the splitter against one that looks at a byte a step */

enum plain_state { FIELD_START, PLAIN, QUOTED, QUOTE_SEEN, WRONG };

/* Prints records as "[field|field]" with quoted fields in <>, wrong ones as "!". */
static void split_plainly(const char *at, size_t n, struct buf *out) {
    enum plain_state state = FIELD_START;
    struct buf record, field;
    buf_init(&record);
    buf_init(&field);
    bool quoted = false, open = false;
    for (size_t i = 0; i <= n; i++) {
        bool end = i == n;
        char c = end ? '\n' : at[i];
        if (end && !open) break;
        bool cr =
            c == '\r' && (i + 1 >= n || at[i + 1] == '\n') && (i + 1 < n || state == QUOTE_SEEN);
        open = true;
        if (state == QUOTED && end) state = WRONG;
        if (state == QUOTED) {
            if (c == '"')
                state = QUOTE_SEEN;
            else
                buf_add_char(&field, c);
            continue;
        }
        if (state == QUOTE_SEEN && c == '"' && !end) {
            buf_add_char(&field, c);
            state = QUOTED;
            continue;
        }
        if (state != WRONG && cr) continue;
        if (state != WRONG && (c == ',' || c == '\n')) {
            buf_addf(&record, quoted ? "<%.*s>" : "%.*s", (int)field.bytes,
                     field.at ? field.at : "");
            buf_add_char(&record, c == ',' ? '|' : ']');
            buf_reset(&field);
            quoted = false;
            state = FIELD_START;
        } else if (state == FIELD_START && c == '"') {
            quoted = true;
            state = QUOTED;
            continue;
        } else if (state == FIELD_START || (state == PLAIN && c != '"')) {
            buf_add_char(&field, c);
            state = PLAIN;
        } else if (c != '\n') {
            state = WRONG;
        }
        if (c != '\n') continue;
        buf_addf(out, state == WRONG ? "!\n" : "[%s\n", record.at ? record.at : "");
        buf_reset(&record);
        buf_reset(&field);
        quoted = open = false;
        state = FIELD_START;
    }
    buf_done(&record);
    buf_done(&field);
}

static void split_here(const struct scan_kernels *scan, const char *at, size_t n, struct buf *out) {
    struct csv_field field[64];
    struct csv_split s = {.scan = scan, .field = field, .fields_max = 64};
    s.masks.delimiter = ',';
    s.masks.quote = '"';
    csplit_begin(&s, at, at + n, true);
    const char *end = at + n;
    while (at < end) {
        struct csv_place place;
        enum csv_status status = csplit_record(&s, at, &place);
        assert_true(status != CSV_UNFINISHED && place.next > at && place.next <= end);
        if (status == CSV_WRONG) buf_add_str(out, "!\n");
        for (uint32_t i = 0; status == CSV_RECORD && i < s.fields; i++) {
            buf_add_char(out, i == 0 ? '[' : '|');
            if (field[i].quoted) buf_add_char(out, '<');
            for (uint32_t k = 0; k < field[i].text.bytes; k++) {
                buf_add_char(out, field[i].text.at[k]);
                if (field[i].doubled && field[i].text.at[k] == '"') k++;
            }
            if (field[i].quoted) buf_add_char(out, '>');
        }
        if (status == CSV_RECORD) buf_add_str(out, "]\n");
        at = place.next;
    }
}

static void every_kernel_splits_as_the_plain_reader(void **unused) {
    (void)unused;
    static const char *const pieces[] = {
        ",", ",", "\n", "\r\n", "\"", "\"", "\"\"", "a", "bc", "some longer text without anything",
        " ", "1", "\r", "é"};
    struct random r = random_start("codec_csv split");
    const struct scan_kernels *sets[4];
    uint32_t count = scan_usable(cpu_features(), sets);
    for (uint32_t round = 0; round < random_rounds(20000); round++) {
        struct buf bytes, want;
        buf_init(&bytes);
        buf_init(&want);
        for (uint64_t i = random_below(&r, round % 100 == 0 ? 3000 : 60) + 1; i > 0; i--)
            buf_add_str(&bytes, pieces[random_below(&r, COUNT_OF(pieces))]);
        size_t n = bytes.bytes;
        char *block = malloc(n + DECODE_PAD_BYTES);
        memcpy(block, bytes.at, n);
        memset(block + n, '"', DECODE_PAD_BYTES);
        split_plainly(block, n, &want);
        for (uint32_t k = 0; k < count; k++) {
            struct buf got;
            buf_init(&got);
            split_here(sets[k], block, n, &got);
            if (strcmp(got.at, want.at) != 0)
                fail_msg("%s:\n%.*s\n--\n%s--\n%s", sets[k]->name, (int)n, block, got.at, want.at);
            buf_done(&got);
        }
        free(block);
        buf_done(&bytes);
        buf_done(&want);
    }
}

/* ---- cuts and damage */

static const char good_lines[] =
    "1,\"a, \"\"b\"\"\n\",2.5,\"{\"\"x\"\":1}\",2026-01-01 00:00:00\r\n"
    "2,é,,,\r\n,\"\",1e3,\"{}\",2026-01-01T00:00:00Z\n";
static const char good_columns[] = "a BIGINT, b TEXT, d DOUBLE, r ROW<x BIGINT>, t TIMESTAMP3";

static void every_byte_damaged_and_every_cut(void **unused) {
    (void)unused;
    static const char replacements[] = "\0\",\n\r;a1\xC3\xFF{";
    struct arena a;
    arena_init(&a, 0);
    struct random r = random_start("codec_csv damage");
    const struct probe p = {.codec = &codec_csv, .schema = probe_schema(&a, good_columns)};
    char bytes[sizeof good_lines];
    memcpy(bytes, good_lines, sizeof bytes);
    struct text t = {.at = bytes, .bytes = sizeof bytes - 1};
    for (size_t i = 0; i < t.bytes; i++) {
        for (size_t k = 0; k < sizeof replacements; k++) {
            bytes[i] = k + 1 < sizeof replacements ? replacements[k] : good_lines[i];
            struct probe cut = p;
            cut.piece_bytes = i + 1;
            if (k % 3) cut.rows_max = 1 + (uint32_t)random_below(&r, 2);
            char *one = probe_decode(&p, t);
            char *two = probe_decode(&cut, t);
            assert_string_equal(one, two);
            free(one);
            free(two);
        }
        bytes[i] = good_lines[i];
    }
    arena_done(&a);
}

/* A record past the limit ends at the first line feed behind it, however the bytes come. */
static void long_records_are_skipped_alike(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    static const char bytes[] =
        "1,x\n2,\"0123456789012345678901234567890123456789\nabc,\nd\"\n3,y\n"
        "\"4,z\n5,w\n6666666666666666666666666666666666666666666666\n7,v\n";
    struct probe p = {.codec = &codec_csv,
                      .schema = probe_schema(&a, "a BIGINT, b TEXT"),
                      .record_bytes_max = 30};
    char *want = probe_decode(&p, text_of(bytes));
    assert_non_null(strstr(want, "4 54000"));
    for (p.piece_bytes = 1; p.piece_bytes < sizeof bytes; p.piece_bytes++) {
        char *got = probe_decode(&p, text_of(bytes));
        assert_string_equal(got, want);
        free(got);
    }
    free(want);
    arena_done(&a);
}

static void real_files_are_read(void **unused) {
    (void)unused;
    size_t bytes = 0;
    char *file = probe_data("events/nab/ambient_temperature_system_failure.csv", &bytes);
    if (!file)
        file =
            probe_data("events/nab/realKnownCause/ambient_temperature_system_failure.csv", &bytes);
    if (!file) {
        printf("skipped: no test data\n");
        skip();
    }
    struct arena a;
    arena_init(&a, 0);
    struct options o = options_read(&a, "header=true");
    const struct probe p = {.codec = &codec_csv,
                            .schema = probe_schema(&a, "value DOUBLE, timestamp TIMESTAMP3"),
                            .options = &o,
                            .piece_bytes = 4096};
    char *got = probe_decode(&p, (struct text){.at = file, .bytes = (uint32_t)bytes});
    assert_string_equal(strstr(got, "--\n"), "--\n");
    uint32_t rows = 0;
    for (const char *at = got; *at; at++) rows += *at == '\n';
    assert_int_equal(rows, 7267 + 1);
    free(got);
    free(file);
    arena_done(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_become_what_the_contract_says),
        cmocka_unit_test(wrong_options_are_named),
        cmocka_unit_test(every_kernel_splits_as_the_plain_reader),
        cmocka_unit_test(every_byte_damaged_and_every_cut),
        cmocka_unit_test(long_records_are_skipped_alike),
        cmocka_unit_test(real_files_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
