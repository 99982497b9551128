/* What every source of bytes promises: rows, their watermarks, bad records, in order, wherever the
 * bytes are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/edge/edge_probe.h"

static void json_file(struct probe *p, const char *text) {
    probe_begin(p);
    probe_column(p, "a", &type_bigint);
    probe_column(p, "b", &type_text);
    probe_write_file(p, "in.json", text);
    probe_option(p, "connector", "filesystem");
    probe_option(p, "path", probe_path(p, "in.json"));
    probe_option(p, "format", "json");
}

static void rows_come_as_they_stand(void **unused) {
    (void)unused;
    struct probe p;
    json_file(&p, "{\"a\":1,\"b\":\"x\"}\n\n{\"b\":\"y\"}\r\n{\"a\":3}");
    assert_string_equal(probe_read_all(&p), "- {\"a\":1,\"b\":\"x\"}\n"
                                            "- {\"a\":null,\"b\":\"y\"}\n"
                                            "- {\"a\":3,\"b\":null}\n");
    probe_end(&p);
}

/* The size of batches shows nowhere. */
static void batch_borders_do_not_show(void **unused) {
    (void)unused;
    static const uint32_t sizes[] = {1, 2, 3, 7, BATCH_ROWS};
    static const char text[] = "{\"a\":5,\"b\":\"1\"}\n{\"a\":3,\"b\":\"x\"}\nrubbish\n{\"a\":9,"
                               "\"b\":\"2\"}\n{\"b\":\"3\"}\n{\"a\":4,\"b\":\"4\"}\n";
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct probe p;
        json_file(&p, text);
        probe_computed(&p, "n", 1);
        probe_watermark(&p, 0);
        p.env.batch_rows = sizes[i];
        const char *got = probe_read_all(&p);
        /* bad rows are told before the good ones of their batch: compare each kind by itself */
        char good[512] = "", bad[512] = "";
        for (const char *at = got; *at;) {
            const char *end = strchr(at, '\n') + 1;
            char *to = strncmp(at, "bad", 3) == 0 ? bad : good;
            strncat(to, at, (size_t)(end - at));
            at = end;
        }
        assert_string_equal(good, "- {\"a\":5,\"b\":\"1\",\"n\":1}\n"
                                  "5 {\"a\":9,\"b\":\"2\",\"n\":2}\n"
                                  "9 {\"a\":4,\"b\":\"4\",\"n\":4}\n");
        assert_string_equal(bad, "bad 22P02 16 {\"a\":3,\"b\":\"x\"}\n"
                                 "bad 22P02 32 rubbish\n"
                                 "bad 22004 56 {\"b\":\"3\"}\n");
        probe_end(&p);
    }
}

/* A bad row neither carries nor raises the watermark; one that goes back does not lower it. */
static void watermark_is_the_largest_before(void **unused) {
    (void)unused;
    struct probe p;
    json_file(&p, "{\"a\":5,\"b\":\"0\"}\n{\"a\":90,\"b\":\"bad\"}\n{\"a\":3,\"b\":\"0\"}\n"
                  "{\"a\":7,\"b\":\"0\"}\n{\"a\":1,\"b\":\"0\"}\n");
    probe_computed(&p, "n", 1);
    probe_watermark(&p, 0);
    assert_string_equal(probe_read_all(&p), "bad 22P02 16 {\"a\":90,\"b\":\"bad\"}\n"
                                            "- {\"a\":5,\"b\":\"0\",\"n\":0}\n"
                                            "5 {\"a\":3,\"b\":\"0\",\"n\":0}\n"
                                            "5 {\"a\":7,\"b\":\"0\",\"n\":0}\n"
                                            "7 {\"a\":1,\"b\":\"0\",\"n\":0}\n");
    probe_end(&p);
}

/* What a query does not read makes a row bad all the same. */
static void bad_is_bad_whatever_is_used(void **unused) {
    (void)unused;
    struct probe p;
    json_file(&p, "{\"a\":1,\"b\":\"x\"}\n{\"a\":\"no\",\"b\":\"7\"}\n{\"a\":2,\"b\":\"8\"}\n");
    probe_computed(&p, "n", 1);
    p.used[0] = p.used[2] = false;
    struct reader *r = probe_open(&p);
    const struct batch *b;
    assert_int_equal(r->type->read(r, &b, &p.err), READ_ROWS);
    assert_int_equal(b->live, 1);
    struct text only = b->col[1].as.text[batch_row(b, 0)];
    assert_true(text_equal(only, TEXT_LITERAL("8")));
    assert_int_equal(r->type->read(r, &b, &p.err), READ_END);
    assert_non_null(strstr(p.out.at, "bad 22P02 0 "));
    assert_non_null(strstr(p.out.at, "bad 22P02 16 "));
    r->type->close(r);
    probe_end(&p);
}

static bool refuse_second(void *context, const struct decode_bad *b, struct err *e) {
    uint32_t *seen = context;
    return ++*seen < 2 || err_set(e, ERR_DATA, b->sqlstate, "at %u", (unsigned)b->offset);
}

/* A bad record that stops the reading stops it there, after the rows before it, in any batches. */
static void a_stop_is_where_the_record_is(void **unused) {
    (void)unused;
    static const uint32_t sizes[] = {1, 2, 3, BATCH_ROWS};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct probe p;
        uint32_t seen = 0;
        const struct batch *b;
        json_file(&p, "{\"a\":1}\nbad\n{\"a\":2}\n{\"a\":4,\"b\":\"no\"}\n{\"a\":8}\nbad\n");
        probe_computed(&p, "n", 1);
        p.env.batch_rows = sizes[i];
        const struct reader_options o = {
            .def = &p.def, .used = p.used, .env = &p.env, .context = &seen, .bad = refuse_second};
        struct reader *r = connector_filesystem.reader_open(&o, &p.err);
        int64_t sum = 0;
        while (r->type->read(r, &b, &p.err) == READ_ROWS) {
            for (uint32_t k = 0; k < b->live; k++) sum += b->col[0].as.i64[batch_row(b, k)];
        }
        assert_int_equal(sum, 3);
        assert_string_equal(p.err.message, "at 20");
        assert_int_equal(r->type->read(r, &b, &p.err), READ_FAIL);
        r->type->close(r);
        probe_end(&p);
    }
}

/* A row that a query reads in part can be made whole, in JSON and in CSV with a header. */
static void rows_can_be_made_whole(void **unused) {
    (void)unused;
    static const char *const formats[] = {"json", "csv"};
    static const char *const texts[] = {"{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":\"y\"}\n",
                                        "b,a\nx,1\ny,2\n"};
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        struct probe p;
        json_file(&p, texts[i]);
        probe_option(&p, "format", formats[i]);
        if (i == 1) probe_option(&p, "header", "true");
        p.used[1] = false;
        struct reader *r = probe_open(&p);
        const struct batch *b, *whole;
        assert_int_equal(r->type->read(r, &b, &p.err), READ_ROWS);
        assert_int_equal(b->rows, 2);
        for (uint32_t row = 2; row-- > 0;) {
            assert_true(r->type->whole_row(r, row, &whole, &p.err));
            assert_int_equal(whole->live, 1);
            assert_int_equal(whole->col[0].as.i64[0], row + 1);
            assert_int_equal(whole->col[1].as.text[0].at[0], "xy"[row]);
        }
        r->type->close(r);
        probe_end(&p);
    }
}

/* More columns can be asked for in the middle; the last batch is given again with them. */
static void columns_can_be_added(void **unused) {
    (void)unused;
    struct probe p;
    json_file(&p, "{\"a\":1,\"b\":\"x\"}\nbad\n{\"a\":2,\"b\":\"y\"}\n{\"a\":3,\"b\":\"z\"}\n");
    probe_watermark(&p, 0);
    p.env.batch_rows = 2;
    p.used[1] = false;
    struct reader *r = probe_open(&p);
    const struct batch *b;
    assert_int_equal(r->type->read(r, &b, &p.err), READ_ROWS);
    p.used[1] = true;
    assert_true(r->type->widen(r, p.used, true, &p.err));
    assert_int_equal(probe_read(&p, r, 0), READ_END);
    const char *rows = strstr(p.out.at, "- {\"a\":1");
    assert_non_null(rows);
    assert_string_equal(rows, "- {\"a\":1,\"b\":\"x\"}\n1 {\"a\":2,\"b\":\"y\"}\n"
                              "2 {\"a\":3,\"b\":\"z\"}\n");
    assert_ptr_equal(strstr(p.out.at, "bad"), p.out.at); /* told once */
    r->type->close(r);
    probe_end(&p);
}

/* Records longer than the buffer are read; those past the limit are bad, and only those. */
static void long_records(void **unused) {
    (void)unused;
    struct probe p;
    size_t bytes = 700 * 1000;
    char *text = malloc(3 * bytes);
    assert_non_null(text);
    char *at = text;
    for (uint32_t i = 0; i < 3; i++) {
        size_t fill = i == 1 ? bytes : bytes / 2;
        at += snprintf(at, 64, "{\"a\":%u,\"b\":\"", i);
        memset(at, 'x', fill);
        at += fill;
        at += snprintf(at, 64, "\"}\n");
    }
    json_file(&p, text);
    p.env.record_bytes_max = 600 * 1000;
    p.used[1] = false;
    struct reader *r = probe_open(&p);
    const struct batch *b;
    int64_t sum = 0;
    uint32_t rows = 0;
    while (r->type->read(r, &b, &p.err) == READ_ROWS) {
        for (uint32_t i = 0; i < b->live; i++) sum += b->col[0].as.i64[batch_row(b, i)];
        rows += b->live;
    }
    assert_int_equal(rows, 2);
    assert_int_equal(sum, 2);
    assert_ptr_equal(strstr(p.out.at, "bad 54000"), p.out.at);
    r->type->close(r);
    free(text);
    probe_end(&p);
}

/* Bytes that trickle in one by one make the same rows. */
static void stdin_may_trickle(void **unused) {
    (void)unused;
    static const char text[] = "{\"a\":1,\"b\":\"x\"}\n{\"a\":2}\nnonsense\n{\"a\":3,\"b\":\"\"}";
    struct probe p;
    int ends[2];
    probe_begin(&p);
    probe_column(&p, "a", &type_bigint);
    probe_column(&p, "b", &type_text);
    probe_option(&p, "connector", "stdin");
    assert_int_equal(pipe(ends), 0);
    p.env.stdin_fd = ends[0];
    struct reader *r = probe_open(&p);
    assert_non_null(r);
    for (size_t i = 0; text[i]; i++) {
        assert_int_equal(write(ends[1], text + i, 1), 1);
        assert_int_equal(probe_read(&p, r, 0), READ_WAIT);
    }
    close(ends[1]);
    assert_int_equal(probe_read(&p, r, 0), READ_END);
    assert_non_null(strstr(p.out.at, "24 nonsense\n"));
    assert_non_null(strstr(p.out.at, "- {\"a\":1,\"b\":\"x\"}\n- {\"a\":2,\"b\":null}\n"));
    assert_non_null(strstr(p.out.at, "- {\"a\":3,\"b\":\"\"}\n"));
    r->type->close(r);
    close(ends[0]);
    probe_end(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_as_they_stand),
        cmocka_unit_test(batch_borders_do_not_show),
        cmocka_unit_test(watermark_is_the_largest_before),
        cmocka_unit_test(bad_is_bad_whatever_is_used),
        cmocka_unit_test(a_stop_is_where_the_record_is),
        cmocka_unit_test(rows_can_be_made_whole),
        cmocka_unit_test(columns_can_be_added),
        cmocka_unit_test(long_records),
        cmocka_unit_test(stdin_may_trickle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
