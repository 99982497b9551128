/* codec_json_oracle_test.c: JSON records against jansson, and against JSONTestSuite.
 *
 * jansson differs on purpose in two things: integers past 64 bits and doubles past their range are
 * errors to it, and values of columns to us.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <jansson.h>

#include "engine/base/number.h"
#include "tests/data.h"
#include "tests/unit/edge/codec_probe.h"

static const char columns[] = "a BIGINT, b TEXT, d DOUBLE, f BOOLEAN, l ARRAY<DOUBLE>";

/* ---- what a record must become, by jansson */

static void expect_double(struct buf *b, const json_t *v) {
    if (!v || json_is_null(v))
        buf_add_str(b, "null");
    else
        buf_add_f64(b, json_number_value(v));
}

static bool fits(const json_t *o) {
    const json_t *a = json_object_get(o, "a"), *d = json_object_get(o, "d");
    const json_t *f = json_object_get(o, "f"), *l = json_object_get(o, "l");
    bool whole = !json_is_real(a) || (json_real_value(a) == (double)(int64_t)json_real_value(a));
    if (a && !json_is_null(a) && !(json_is_number(a) && whole)) return false;
    if (d && !json_is_null(d) && !json_is_number(d)) return false;
    if (f && !json_is_null(f) && !json_is_boolean(f)) return false;
    if (l && !json_is_null(l) && !json_is_array(l)) return false;
    for (size_t i = 0; i < json_array_size(l); i++) {
        const json_t *v = json_array_get(l, i);
        if (!json_is_null(v) && !json_is_number(v)) return false;
    }
    return true;
}

/* The record as ndjson; false: a bad one. TEXT of anything but strings is not looked at. */
static bool expect(const char *line, struct buf *b) {
    json_error_t error;
    json_t *o = json_loads(line, JSON_ALLOW_NUL, &error);
    if (!o || !json_is_object(o) || !fits(o)) {
        json_decref(o);
        return false;
    }
    const json_t *a = json_object_get(o, "a"), *t = json_object_get(o, "b");
    const json_t *f = json_object_get(o, "f"), *l = json_object_get(o, "l");
    buf_add_str(b, "{\"a\":");
    if (a && !json_is_null(a))
        buf_add_i64(b, json_is_real(a) ? (int64_t)json_real_value(a) : json_integer_value(a));
    else
        buf_add_str(b, "null");
    buf_add_str(b, ",\"b\":");
    char *text = json_dumps(t ? t : json_null(), JSON_ENCODE_ANY);
    buf_add_str(b, text);
    free(text);
    buf_add_str(b, ",\"d\":");
    expect_double(b, json_object_get(o, "d"));
    buf_addf(b, ",\"f\":%s,\"l\":",
             !f || json_is_null(f) ? "null"
             : json_is_true(f)     ? "true"
                                   : "false");
    if (l && !json_is_null(l)) {
        buf_add_char(b, '[');
        for (size_t i = 0; i < json_array_size(l); i++) {
            if (i > 0) buf_add_char(b, ',');
            expect_double(b, json_array_get(l, i));
        }
        buf_add_char(b, ']');
    } else {
        buf_add_str(b, "null");
    }
    buf_add_str(b, "}\n");
    json_decref(o);
    return true;
}

/* ---- documents: values that both must agree on, in any layout, sometimes damaged */

static void add_string(struct random *r, struct buf *b) {
    static const char *const pieces[] = {"a",
                                         "bc",
                                         " ",
                                         "\\n",
                                         "\\\"",
                                         "\\\\",
                                         "\\u0041",
                                         "\\/",
                                         "\\u00e9",
                                         "é",
                                         "€",
                                         "😀",
                                         "\\ud83d\\ude00",
                                         "{",
                                         "]",
                                         ",",
                                         "abcdefghijklmnopqrstuvwxyz"};
    buf_add_char(b, '"');
    for (uint64_t n = random_below(r, 6); n > 0; n--)
        buf_add_str(b, pieces[random_below(r, COUNT_OF(pieces))]);
    buf_add_char(b, '"');
}

static void add_number(struct random *r, struct buf *b) {
    long long v = (long long)(random_spread(r) >> 1);
    switch (random_below(r, 5)) {
    case 0: buf_addf(b, "%lld", v); return;
    case 1: buf_addf(b, "-%lld", v); return;
    case 2: buf_addf(b, "%lld.%lld", v % 100000, v % 997); return;
    case 3: buf_addf(b, "%.17g", random_f64(r)); return;
    default: buf_addf(b, "%llde%d", v % 1000, (int)random_below(r, 12)); return;
    }
}

static void add_space(struct random *r, struct buf *b) {
    if (random_below(r, 10) == 0) buf_add_str(b, random_below(r, 2) ? " " : "\t ");
}

static void add_any(struct random *r, struct buf *b, uint32_t depth) {
    static const char *const words[] = {"null", "true", "false"};
    uint64_t kind = random_below(r, depth > 3 ? 3 : 5);
    if (kind == 0) buf_add_str(b, words[random_below(r, 3)]);
    if (kind == 1) add_number(r, b);
    if (kind == 2) add_string(r, b);
    if (kind < 3) return;
    buf_add_char(b, kind == 3 ? '[' : '{');
    for (uint64_t n = random_below(r, 4); n > 0; n--) {
        if (kind == 4) {
            add_string(r, b);
            buf_add_char(b, ':');
        }
        add_space(r, b);
        add_any(r, b, depth + 1);
        if (n > 1) buf_add_char(b, ',');
    }
    buf_add_char(b, kind == 3 ? ']' : '}');
}

static void add_member(struct random *r, struct buf *b, uint64_t field) {
    static const char *const words[] = {"null", "true", "false"};
    static const char *const keys[] = {"a", "b", "d", "f", "l", "zz", "\\u0061", "A"};
    buf_addf(b, "\"%s\"", keys[field]);
    add_space(r, b);
    buf_add_char(b, ':');
    add_space(r, b);
    bool other = random_below(r, 15) == 0;
    if (other && field != 1) {
        add_any(r, b, 0);
    } else if (field == 0 || field == 2 || field == 6) {
        add_number(r, b);
    } else if (field == 1) {
        add_string(r, b);
    } else if (field == 3) {
        buf_add_str(b, words[random_below(r, 3)]);
    } else if (field == 4) {
        buf_add_char(b, '[');
        for (uint64_t n = random_below(r, 4); n > 0; n--) {
            add_number(r, b);
            if (n > 1) buf_add_char(b, ',');
        }
        buf_add_char(b, ']');
    } else {
        add_any(r, b, 0);
    }
}

static void add_record(struct random *r, struct buf *b) {
    buf_add_char(b, '{');
    for (uint64_t n = random_below(r, 8); n > 0; n--) {
        add_space(r, b);
        add_member(r, b, random_below(r, 8));
        if (n > 1) buf_add_char(b, ',');
    }
    buf_add_char(b, '}');
    if (random_below(r, 4) == 0 && b->bytes > 0)
        b->at[random_below(r, b->bytes)] = "\"\\{}[],:0-.eE x"[random_below(r, 15)];
}

/* A number that jansson refuses for its size alone, or that loses digits or its sign there. */
static bool beyond_jansson(const char *line) {
    uint32_t digits = 0;
    if (strstr(line, "-0")) return true;
    for (; *line; line++) {
        bool digit = *line >= '0' && *line <= '9';
        digits = digit ? digits + 1 : 0;
        if (digits > 15 || ((*line == 'e' || *line == 'E') && line[1] >= '0' && line[1] <= '9'))
            return true;
        if ((*line == 'e' || *line == 'E') && line[1] == '+') return true;
    }
    return false;
}

static void jansson_agrees(void **unused) {
    (void)unused;
    struct random r = random_start("codec_json jansson");
    struct arena a;
    arena_init(&a, 0);
    const struct probe p = {.codec = &codec_json, .schema = probe_schema(&a, columns)};
    uint32_t good = 0, bad = 0;
    for (uint32_t round = 0; round < random_rounds(30000); round++) {
        struct buf line, want;
        buf_init(&line);
        buf_init(&want);
        add_record(&r, &line);
        if (!beyond_jansson(line.at)) {
            bool ok = expect(line.at, &want);
            char *got = probe_decode(&p, buf_text(&line));
            buf_add_str(&want, "--\n");
            bool same = ok ? strcmp(got, want.at) == 0 : strncmp(got, "--\n0 2", 6) == 0;
            if (!same) fail_msg("%s\n%s\njansson:\n%s", line.at, got, want.at);
            free(got);
            good += ok;
            bad += !ok;
        }
        buf_done(&line);
        buf_done(&want);
    }
    assert_true(good > 1000 && bad > 1000);
    arena_done(&a);
}

/* ---- JSONTestSuite */

/* {"v":<file>}, line breaks as spaces. */
static struct text wrapped(const char *file, size_t bytes) {
    struct buf b;
    buf_init(&b);
    buf_add_str(&b, "{\"v\":");
    for (size_t i = 0; i < bytes; i++)
        buf_add_char(&b, file[i] == '\n' || file[i] == '\r' ? ' ' : file[i]);
    buf_add_char(&b, '}');
    return buf_text(&b);
}

static bool accepted(const char *column, struct text line, bool general) {
    struct arena a;
    arena_init(&a, 0);
    const struct probe p = {
        .codec = &codec_json, .schema = probe_schema(&a, column), .general = general};
    char *got = probe_decode(&p, line);
    bool ok = strstr(got, "--\n")[3] == '\0';
    free(got);
    arena_done(&a);
    return ok;
}

/* Of the files that must be refused, one is good JSON once its line break is a space. */
static bool is_meant(const char *name) {
    return strcmp(name, "n_string_unescaped_newline.json") != 0;
}

static bool check_suite_file(const char *name) {
    char path[400];
    size_t bytes = 0;
    snprintf(path, sizeof path, "events/json-test-suite/test_parsing/%s", name);
    char *file = probe_data(path, &bytes);
    assert_non_null(file);
    struct text line = wrapped(file, bytes);
    for (int way = 0; way < 4; way++) {
        bool ok = accepted(way & 1 ? "v TEXT" : "other TEXT", line, way & 2);
        if (name[0] == 'y' && !ok) fail_msg("refused: %s", name);
        if (name[0] == 'n' && ok && is_meant(name)) fail_msg("accepted: %s", name);
    }
    free((void *)(uintptr_t)line.at);
    free(file);
    return true;
}

static void json_test_suite(void **unused) {
    (void)unused;
    char path[400];
    snprintf(path, sizeof path, "%s/events/json-test-suite/test_parsing", test_data());
    DIR *d = opendir(path);
    if (!d) {
        printf("skipped: no test data\n");
        skip();
    }
    uint32_t files = 0;
    for (struct dirent *f = readdir(d); f; f = readdir(d)) {
        if (strstr(f->d_name, ".json")) files += check_suite_file(f->d_name);
    }
    closedir(d);
    assert_true(files > 300);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jansson_agrees),
        cmocka_unit_test(json_test_suite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
