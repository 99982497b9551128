/* A reader that goes on where another one stood gives the rows that one would have given next;
 * where the source has changed so that there is no such place, it says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <zlib.h>

#include "tests/unit/base/random.h"
#include "tests/unit/edge/edge_probe.h"

static void source(struct probe *p, const char *path, const char *format) {
    probe_begin(p);
    probe_column(p, "a", &type_bigint);
    probe_column(p, "b", &type_text);
    probe_option(p, "connector", "filesystem");
    probe_option(p, "path", probe_path(p, path));
    probe_option(p, "format", format);
}

/* Saves where `r` stands, closes it, and opens another one there. */
static struct reader *replace(struct probe *p, struct reader *r) {
    struct buf place;
    buf_init(&place);
    assert_true(r->type->save(r, &place, &p->err));
    r->type->close(r);
    struct reader *next = probe_open_saved(p, buf_text(&place));
    buf_done(&place);
    return next;
}

/* Reads all, with a new reader after each batch. */
static const char *read_in_pieces(struct probe *p) {
    struct reader *r = probe_open(p);
    assert_non_null(r);
    for (enum read_status s = READ_ROWS; s == READ_ROWS;) {
        s = probe_read_batch(p, r);
        assert_int_not_equal(s, READ_FAIL);
        if (s == READ_ROWS) r = replace(p, r);
        assert_non_null(r);
        if (s != READ_ROWS) r->type->close(r);
    }
    return p->out.at;
}

static void assert_pieces_are_whole(struct probe *p) {
    for (uint32_t rows = 1; rows <= 3; rows++) {
        p->env.batch_rows = rows;
        buf_reset(&p->out);
        char *whole = strdup(probe_read_all(p));
        buf_reset(&p->out);
        assert_string_equal(read_in_pieces(p), whole);
        free(whole);
    }
}

static void every_format_goes_on(void **unused) {
    (void)unused;
    struct probe p;
    source(&p, "x.json", "json");
    probe_write_file(&p, "x.json",
                     "\xEF\xBB\xBF{\"a\":1,\"b\":\"x\"}\n\n{\"a\":no}\n{\"a\":2}\r\n{\"a\":3}");
    assert_pieces_are_whole(&p);
    probe_end(&p);
    source(&p, "x.csv", "csv");
    probe_option(&p, "header", "true");
    probe_write_file(&p, "x.csv", "b,a\nx,1\n\"two\nlines\",2\ny,z\nw,4\n");
    assert_pieces_are_whole(&p);
    probe_end(&p);
    source(&p, "d/*.csv", "csv");
    probe_option(&p, "header", "true");
    assert_int_equal(mkdir(probe_path(&p, "d"), 0777), 0);
    probe_write_file(&p, "d/1.csv", "a,b\n1,x\n2,y\n");
    probe_write_file(&p, "d/2.csv", "b,a\n");
    probe_write_file(&p, "d/3.csv", "b,a\nz,3\nw,4");
    assert_pieces_are_whole(&p);
    probe_end(&p);
}

static void compressed_files_go_on(void **unused) {
    (void)unused;
    struct probe p;
    source(&p, "x.gz", "json");
    gzFile f = gzopen(probe_path(&p, "x.gz"), "wb");
    for (int i = 0; i < 300; i++) gzprintf(f, "{\"a\":%d,\"b\":\"%d\"}\n", i, i * 7);
    gzclose(f);
    assert_pieces_are_whole(&p);
    probe_end(&p);
}

/* A record past the limit is bad once, wherever the reading was cut. */
static void long_records_go_on(void **unused) {
    (void)unused;
    struct probe p;
    source(&p, "x.json", "json");
    p.env.record_bytes_max = 40;
    FILE *f = fopen(probe_path(&p, "x.json"), "w");
    fprintf(f, "{\"a\":1}\n{\"a\":2,\"b\":\"");
    for (int i = 0; i < 600000; i++) fputc('x', f);
    fprintf(f, "\"}\n{\"a\":3}\n{\"a\":4}\n");
    fclose(f);
    assert_pieces_are_whole(&p);
    probe_end(&p);
}

/* Reads `rows` rows of a file that is followed, and saves the place. */
static void follow_begin(struct probe *p, const char *text, struct buf *place) {
    source(p, "x.log", "json");
    probe_option(p, "follow", "true");
    probe_write_file(p, "x.log", text);
    struct reader *r = probe_open(p);
    assert_int_equal(probe_read(p, r, 0), READ_WAIT);
    buf_init(place);
    assert_true(r->type->save(r, place, &p->err));
    r->type->close(r);
    buf_reset(&p->out);
}

static void a_renamed_file_is_read_to_its_end(void **unused) {
    (void)unused;
    struct probe p;
    struct buf place;
    follow_begin(&p, "{\"a\":1}\n{\"a\":", &place);
    probe_append_file(&p, "x.log", "2}\n");
    assert_int_equal(rename(probe_path(&p, "x.log"), probe_path(&p, "x.log.1")), 0);
    probe_write_file(&p, "x.log", "{\"a\":3}\n");
    struct reader *r = probe_open_saved(&p, buf_text(&place));
    assert_non_null(r);
    assert_int_equal(probe_read(&p, r, 0), READ_WAIT);
    assert_string_equal(p.out.at, "- {\"a\":2,\"b\":null}\n- {\"a\":3,\"b\":null}\n");
    r->type->close(r);
    buf_done(&place);
    probe_end(&p);
}

static void a_file_that_changed_is_an_error(void **unused) {
    (void)unused;
    struct probe p;
    struct buf place;
    follow_begin(&p, "{\"a\":1}\n{\"a\":2}\n", &place);
    assert_int_equal(truncate(probe_path(&p, "x.log"), 8), 0); /* shorter */
    assert_null(probe_open_saved(&p, buf_text(&place)));
    assert_string_equal(p.err.sqlstate, "55000");
    probe_append_file(&p, "x.log", "{\"a\":5}\n{\"a\":6}\n"); /* the same file, other bytes */
    assert_null(probe_open_saved(&p, buf_text(&place)));
    assert_string_equal(p.err.sqlstate, "55000");
    unlink(probe_path(&p, "x.log"));
    assert_null(probe_open_saved(&p, buf_text(&place)));
    assert_string_equal(p.err.sqlstate, "55000");
    probe_write_file(&p, "other", "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n"); /* another file */
    probe_write_file(&p, "more", "x");
    assert_int_equal(rename(probe_path(&p, "other"), probe_path(&p, "x.log")), 0);
    struct reader *r = probe_open_saved(&p, buf_text(&place));
    if (r) r->type->close(r); /* it may have got the inode of the first, and has its bytes */
    buf_done(&place);
    probe_end(&p);
}

static void a_shorter_file_may_begin_again(void **unused) {
    (void)unused;
    struct probe p;
    struct buf place;
    follow_begin(&p, "{\"a\":1}\n{\"a\":2}\n", &place);
    probe_option(&p, "on-truncate", "restart");
    probe_write_file(&p, "x.log", "{\"a\":7}\n");
    struct reader *r = probe_open_saved(&p, buf_text(&place));
    assert_non_null(r);
    assert_int_equal(probe_read(&p, r, 0), READ_WAIT);
    assert_string_equal(p.out.at, "- {\"a\":7,\"b\":null}\n");
    r->type->close(r);
    buf_done(&place);
    probe_end(&p);
}

/* Whatever bytes say where a reader stands: a reader, or an error. */
static void damaged_places_are_told(void **unused) {
    (void)unused;
    struct random x = random_start("damaged_places_are_told");
    struct probe p;
    struct buf place;
    follow_begin(&p, "{\"a\":1}\n{\"a\":2}\n", &place);
    for (size_t i = 0; i < place.bytes; i++) {
        char was = place.at[i];
        place.at[i] ^= (char)(1 + random_below(&x, 255));
        struct reader *r = probe_open_saved(&p, buf_text(&place));
        if (r) r->type->close(r);
        place.at[i] = was;
        r = probe_open_saved(&p, (struct text){place.at, (uint32_t)i});
        assert_null(r);
    }
    buf_done(&place);
    probe_end(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_goes_on),
        cmocka_unit_test(compressed_files_go_on),
        cmocka_unit_test(long_records_go_on),
        cmocka_unit_test(a_renamed_file_is_read_to_its_end),
        cmocka_unit_test(a_file_that_changed_is_an_error),
        cmocka_unit_test(a_shorter_file_may_begin_again),
        cmocka_unit_test(damaged_places_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
