/* Files as a source: which ones, in which order, compressed, followed, one row a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <zlib.h>
#include <zstd.h>

#include "engine/edge/path.h"
#include "tests/unit/edge/edge_probe.h"

static void json_source(struct probe *p, const char *path) {
    probe_begin(p);
    probe_column(p, "a", &type_bigint);
    probe_option(p, "connector", "filesystem");
    probe_option(p, "path", probe_path(p, path));
    probe_option(p, "format", "json");
}

static void make_folder(struct probe *p, const char *name) {
    assert_int_equal(mkdir(probe_path(p, name), 0777), 0);
}

/* A folder and a glob are read in byte order of the whole paths; hidden names are not. */
static void files_come_in_byte_order(void **unused) {
    (void)unused;
    struct probe p;
    json_source(&p, "d");
    make_folder(&p, "d");
    make_folder(&p, "d/b");
    probe_write_file(&p, "d/c.json", "{\"a\":3}\n");
    probe_write_file(&p, "d/b/x.json", "{\"a\":2}"); /* no line feed at its end */
    probe_write_file(&p, "d/B.json", "{\"a\":1}\n");
    probe_write_file(&p, "d/.hidden.json", "{\"a\":9}\n");
    probe_write_file(&p, "d/_SUCCESS", "");
    probe_write_file(&p, "d/c.txt", "{\"a\":4}\n");
    assert_string_equal(probe_read_all(&p), "- {\"a\":1}\n- {\"a\":2}\n- {\"a\":3}\n- {\"a\":4}\n");
    buf_reset(&p.out);
    probe_option(&p, "path", probe_path(&p, "*/*.json"));
    assert_string_equal(probe_read_all(&p), "- {\"a\":1}\n- {\"a\":3}\n");
    probe_end(&p);
}

static void a_scheme_is_no_part_of_the_path(void **unused) {
    (void)unused;
    struct probe p;
    json_source(&p, "x.json");
    probe_write_file(&p, "x.json", "{\"a\":7}\n");
    char url[512];
    snprintf(url, sizeof url, "file://%s", probe_path(&p, "x.json"));
    probe_option(&p, "path", url);
    assert_string_equal(probe_read_all(&p), "- {\"a\":7}\n");
    probe_end(&p);
}

static void what_is_not_there_is_an_error(void **unused) {
    (void)unused;
    struct probe p;
    json_source(&p, "none.json");
    assert_null(probe_open(&p));
    assert_string_equal(p.err.sqlstate, "58030");
    probe_option(&p, "path", probe_path(&p, "*.nothing"));
    assert_null(probe_open(&p));
    assert_string_equal(p.err.sqlstate, "58030");
    probe_end(&p);
}

static void write_bytes(struct probe *p, const char *name, const void *at, size_t bytes) {
    FILE *f = fopen(probe_path(p, name), "w");
    assert_non_null(f);
    assert_int_equal(fwrite(at, 1, bytes, f), bytes);
    fclose(f);
}

/* Compressed files are told by their content, one after another with plain ones. */
static void compressed_files_are_read_as_they_are(void **unused) {
    (void)unused;
    struct probe p;
    json_source(&p, "d");
    make_folder(&p, "d");
    char packed[256];
    gzFile gz = gzopen(probe_path(&p, "d/1.gz"), "w");
    gzputs(gz, "{\"a\":1}\n{\"a\":2}\n");
    gzclose(gz);
    size_t n = ZSTD_compress(packed, sizeof packed, "{\"a\":3}\n", 8, 1);
    write_bytes(&p, "d/2.zst", packed, n);
    probe_write_file(&p, "d/3.json", "{\"a\":4}\n");
    assert_string_equal(probe_read_all(&p), "- {\"a\":1}\n- {\"a\":2}\n- {\"a\":3}\n- {\"a\":4}\n");
    probe_end(&p);
}

/* A header names the columns of its own file. */
/* Only what is not there is passed over: a file that cannot be looked at is an error. */
static void what_cannot_be_looked_at_is_an_error(void **unused) {
    (void)unused;
    static const char *const names[] = {"d", "d/*"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct probe p;
        probe_begin(&p);
        probe_column(&p, "a", &type_bigint);
        assert_int_equal(mkdir(probe_path(&p, "d"), 0700), 0);
        probe_write_file(&p, "d/1.json", "{\"a\":1}\n");
        assert_int_equal(symlink("gone", probe_path(&p, "d/2.json")), 0);
        probe_option(&p, "connector", "filesystem");
        probe_option(&p, "path", probe_path(&p, names[i]));
        probe_option(&p, "format", "json");
        assert_string_equal(probe_read_all(&p), "- {\"a\":1}\n");
        assert_int_equal(symlink("3.json", probe_path(&p, "d/3.json")), 0); /* of itself */
        struct reader *r = probe_open(&p);
        assert_true(!r || probe_read(&p, r, 9) == READ_FAIL);
        if (r) r->type->close(r);
        assert_string_equal(p.err.sqlstate, "58030");
        assert_non_null(strstr(p.err.message, "d/3.json"));
        probe_end(&p);
    }
}

static void every_csv_file_has_its_header(void **unused) {
    (void)unused;
    struct probe p;
    json_source(&p, "d");
    probe_column(&p, "b", &type_text);
    make_folder(&p, "d");
    probe_write_file(&p, "d/1", "a,b\n1,x\n");
    probe_write_file(&p, "d/2", "b,a\ny,2\n");
    probe_option(&p, "format", "csv");
    probe_option(&p, "header", "true");
    assert_string_equal(probe_read_all(&p), "- {\"a\":1,\"b\":\"x\"}\n- {\"a\":2,\"b\":\"y\"}\n");
    probe_end(&p);
}

/* A followed file: what is added comes, an unfinished line waits; after a rename the old file is
 * read to its end before the new one. */
static void follow_goes_by_inode(void **unused) {
    (void)unused;
    struct probe p;
    json_source(&p, "f.json");
    probe_option(&p, "follow", "true");
    probe_write_file(&p, "f.json", "{\"a\":1}\n{\"a\":");
    struct reader *r = probe_open(&p);
    assert_int_equal(probe_read(&p, r, 0), READ_WAIT);
    assert_string_equal(p.out.at, "- {\"a\":1}\n");
    probe_append_file(&p, "f.json", "2}\n");
    assert_int_equal(probe_read(&p, r, 0), READ_WAIT);
    assert_int_equal(rename(probe_path(&p, "f.json"), probe_path(&p, "f.old")), 0);
    assert_int_equal(probe_read(&p, r, 0), READ_WAIT);
    probe_append_file(&p, "f.old", "{\"a\":3}\n");
    probe_write_file(&p, "f.json", "{\"a\":4}\n");
    assert_int_equal(probe_read(&p, r, 0), READ_WAIT);
    assert_string_equal(p.out.at, "- {\"a\":1}\n- {\"a\":2}\n- {\"a\":3}\n- {\"a\":4}\n");
    r->type->close(r);
    probe_end(&p);
}

static void a_shorter_file_is_an_error_or_a_start(void **unused) {
    (void)unused;
    for (uint32_t restart = 0; restart < 2; restart++) {
        struct probe p;
        json_source(&p, "f.json");
        probe_option(&p, "follow", "true");
        if (restart) probe_option(&p, "on-truncate", "restart");
        probe_write_file(&p, "f.json", "{\"a\":1}\n{\"a\":2}\n");
        struct reader *r = probe_open(&p);
        assert_int_equal(probe_read(&p, r, 0), READ_WAIT);
        assert_int_equal(truncate(probe_path(&p, "f.json"), 0), 0);
        probe_append_file(&p, "f.json", "{\"a\":3}\n");
        enum read_status s = probe_read(&p, r, 0);
        assert_int_equal(s, restart ? READ_WAIT : READ_FAIL);
        if (restart) {
            assert_string_equal(p.out.at, "- {\"a\":1}\n- {\"a\":2}\n- {\"a\":3}\n");
        } else {
            assert_string_equal(p.err.sqlstate, "58030");
        }
        r->type->close(r);
        probe_end(&p);
    }
}

/* Of a followed folder later files are taken up, in order. */
static void a_followed_folder_takes_new_files(void **unused) {
    (void)unused;
    struct probe p;
    json_source(&p, "d");
    make_folder(&p, "d");
    probe_option(&p, "follow", "true");
    struct reader *r = probe_open(&p);
    assert_int_equal(probe_read(&p, r, 0), READ_WAIT);
    probe_write_file(&p, "d/1", "{\"a\":1}\n");
    assert_int_equal(probe_read(&p, r, 0), READ_WAIT);
    probe_append_file(&p, "d/1", "{\"a\":2}\n");
    probe_write_file(&p, "d/3", "{\"a\":4}\n");
    probe_write_file(&p, "d/2", "{\"a\":3}\n");
    assert_int_equal(probe_read(&p, r, 0), READ_WAIT);
    assert_string_equal(p.out.at, "- {\"a\":1}\n- {\"a\":2}\n- {\"a\":3}\n- {\"a\":4}\n");
    r->type->close(r);
    probe_end(&p);
}

/* New files are read in the order in which they appear, whatever their names. */
static void follow_goes_by_appearance(void **unused) {
    (void)unused;
    struct probe p;
    json_source(&p, "d");
    make_folder(&p, "d");
    probe_option(&p, "follow", "true");
    probe_write_file(&p, "d/5", "{\"a\":1}\n");
    probe_write_file(&p, "d/7", "{\"a\":2}\n");
    struct reader *r = probe_open(&p);
    assert_int_equal(probe_read(&p, r, 0), READ_WAIT);
    probe_write_file(&p, "d/1", "{\"a\":3}\n");
    assert_int_equal(probe_read(&p, r, 0), READ_WAIT);
    probe_write_file(&p, "d/6", "{\"a\":4}\n");
    assert_int_equal(probe_read(&p, r, 0), READ_WAIT);
    assert_int_equal(remove(probe_path(&p, "d/1")), 0);
    assert_int_equal(probe_read(&p, r, 0), READ_WAIT);
    probe_write_file(&p, "d/1", "{\"a\":5}\n");
    assert_int_equal(probe_read(&p, r, 0), READ_WAIT);
    assert_string_equal(p.out.at, "- {\"a\":1}\n- {\"a\":2}\n- {\"a\":3}\n- {\"a\":4}\n"
                                  "- {\"a\":5}\n");
    r->type->close(r);
    probe_end(&p);
}

/* A pipe is waited for without being stuck in it, and ends when its writer has left. */
/* Links that lead back into the folder are not followed for ever, nor more than once. */
static void links_that_lead_back_end(void **unused) {
    (void)unused;
    struct probe p;
    json_source(&p, "d");
    make_folder(&p, "d");
    make_folder(&p, "d/e");
    probe_write_file(&p, "d/1.json", "{\"a\":1}\n");
    probe_write_file(&p, "d/e/2.json", "{\"a\":2}\n");
    assert_int_equal(symlink("..", probe_path(&p, "d/e/up")), 0);
    assert_int_equal(symlink(".", probe_path(&p, "d/here")), 0);
    assert_int_equal(symlink("nowhere", probe_path(&p, "d/0.json")), 0);
    assert_string_equal(probe_read_all(&p), "- {\"a\":1}\n- {\"a\":2}\n");
    probe_end(&p);
}

/* What is taken away from a followed folder before its turn is passed over; so may the folder. */
static void a_followed_folder_may_lose_files(void **unused) {
    (void)unused;
    struct probe p;
    json_source(&p, "d");
    probe_option(&p, "follow", "true");
    make_folder(&p, "d");
    probe_write_file(&p, "d/1.json", "{\"a\":1}\n");
    probe_write_file(&p, "d/2.json", "{\"a\":2}\n");
    probe_write_file(&p, "d/3.json", "{\"a\":3}\n");
    struct reader *r = probe_open(&p);
    assert_int_equal(unlink(probe_path(&p, "d/2.json")), 0);
    assert_int_equal(probe_read(&p, r, 2), READ_WAIT);
    assert_int_equal(unlink(probe_path(&p, "d/1.json")), 0);
    assert_int_equal(unlink(probe_path(&p, "d/3.json")), 0);
    assert_int_equal(rmdir(probe_path(&p, "d")), 0);
    assert_int_equal(probe_read(&p, r, 0), READ_WAIT);
    make_folder(&p, "d");
    probe_write_file(&p, "d/1.json", "{\"a\":4}\n");
    assert_int_equal(probe_read(&p, r, 1), READ_WAIT);
    assert_string_equal(p.out.at, "- {\"a\":1}\n- {\"a\":3}\n- {\"a\":4}\n");
    r->type->close(r);
    probe_end(&p);
}

static void a_pipe_is_waited_for(void **unused) {
    (void)unused;
    struct probe p;
    json_source(&p, "pipe");
    assert_int_equal(mkfifo(probe_path(&p, "pipe"), 0666), 0);
    struct reader *r = probe_open(&p);
    assert_non_null(r);
    assert_int_equal(probe_read(&p, r, 0), READ_WAIT);
    FILE *f = fopen(probe_path(&p, "pipe"), "w");
    assert_non_null(f);
    assert_int_equal(probe_read(&p, r, 0), READ_WAIT);
    fputs("{\"a\":1}\n{\"a\":", f);
    fflush(f);
    assert_int_equal(probe_read(&p, r, 0), READ_WAIT);
    assert_string_equal(p.out.at, "- {\"a\":1}\n");
    fputs("2}", f);
    fclose(f);
    assert_int_equal(probe_read(&p, r, 0), READ_END);
    assert_string_equal(p.out.at, "- {\"a\":1}\n- {\"a\":2}\n");
    r->type->close(r);
    probe_end(&p);
}

/* A folder of images is a stream of one row a file, with a time if one is given. */
static void a_file_can_be_a_row(void **unused) {
    (void)unused;
    struct probe p;
    probe_begin(&p);
    make_folder(&p, "d");
    probe_write_file(&p, "d/1.png", "one");
    probe_write_file(&p, "d/2.png", "");
    probe_column(&p, "bytes", &type_blob);
    probe_column(&p, "ordinal", &type_bigint);
    probe_column(&p, "ts", &type_timestamp3);
    probe_watermark(&p, 2);
    probe_option(&p, "connector", "filesystem");
    probe_option(&p, "path", probe_path(&p, "d"));
    probe_option(&p, "format", "raw");
    probe_option(&p, "timestamp.start", "1970-01-01 00:00:01");
    probe_option(&p, "timestamp.step", "80 ms");
    assert_string_equal(
        probe_read_all(&p),
        "- {\"bytes\":\"b25l\",\"ordinal\":0,\"ts\":\"1970-01-01 00:00:01.000\"}\n"
        "1000000 {\"bytes\":\"\",\"ordinal\":1,\"ts\":\"1970-01-01 00:00:01.080\"}\n");
    probe_end(&p);
}

/* A file too large to be a row is a bad one, and only it. */
static void a_large_file_is_a_bad_row(void **unused) {
    (void)unused;
    struct probe p;
    probe_begin(&p);
    make_folder(&p, "d");
    probe_write_file(&p, "d/1", "small");
    probe_write_file(&p, "d/2", "larger than that");
    probe_write_file(&p, "d/3", "tiny");
    probe_column(&p, "bytes", &type_blob);
    probe_option(&p, "connector", "filesystem");
    probe_option(&p, "path", probe_path(&p, "d"));
    probe_option(&p, "format", "raw");
    probe_option(&p, "max-file-size", "10");
    const char *got = probe_read_all(&p);
    assert_non_null(strstr(got, "bad 54000 1 "));
    assert_non_null(strstr(got, "- {\"bytes\":\"c21hbGw=\"}\n- {\"bytes\":\"dGlueQ==\"}\n"));
    probe_end(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_come_in_byte_order),
        cmocka_unit_test(a_scheme_is_no_part_of_the_path),
        cmocka_unit_test(what_is_not_there_is_an_error),
        cmocka_unit_test(compressed_files_are_read_as_they_are),
        cmocka_unit_test(what_cannot_be_looked_at_is_an_error),
        cmocka_unit_test(every_csv_file_has_its_header),
        cmocka_unit_test(follow_goes_by_inode),
        cmocka_unit_test(a_shorter_file_is_an_error_or_a_start),
        cmocka_unit_test(a_followed_folder_takes_new_files),
        cmocka_unit_test(follow_goes_by_appearance),
        cmocka_unit_test(links_that_lead_back_end),
        cmocka_unit_test(a_followed_folder_may_lose_files),
        cmocka_unit_test(a_pipe_is_waited_for),
        cmocka_unit_test(a_file_can_be_a_row),
        cmocka_unit_test(a_large_file_is_a_bad_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
