/* Files as a sink: one file, part files, partitions, rolling, complete partitions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/edge/edge_probe.h"

static void begin(struct probe *p, const char *path) {
    probe_begin(p);
    probe_column(p, "n", &type_bigint);
    probe_column(p, "k", &type_text);
    probe_option(p, "connector", "filesystem");
    probe_option(p, "path", probe_path(p, path));
    probe_option(p, "format", "json");
}

static void partition_by(struct probe *p, uint32_t col) {
    p->partition_col[p->def.partitions++] = col;
}

static struct sink *open_sink(struct probe *p) {
    assert_true(connector_check_sink(&p->def, false, &p->err));
    struct sink *s = connector_filesystem.sink_open(&p->def, false, &p->env, &p->err);
    if (!s) fail_msg("%s", p->err.message);
    return s;
}

static void write_rows(struct probe *p, struct sink *s, uint32_t rows, const char *const *cells) {
    assert_true(s->type->write(s, probe_batch(p, rows, cells), &p->err));
}

static void end_sink(struct probe *p, struct sink *s) {
    assert_true(s->type->finish(s, &p->err));
    s->type->close(s);
}

/* A path that names a file is that file: lines come as they are flushed, behind what was there. */
static void one_file_grows(void **unused) {
    (void)unused;
    static const char *const cells[] = {"1", "a", "2", "b"};
    struct probe p;
    begin(&p, "out.json");
    probe_write_file(&p, "out.json", "{\"n\":0,\"k\":\"\"}\n");
    struct sink *s = open_sink(&p);
    write_rows(&p, s, 1, cells);
    assert_true(s->type->flush(s, &p.err));
    assert_string_equal(probe_file(&p, "out.json"),
                        "{\"n\":0,\"k\":\"\"}\n{\"n\":1,\"k\":\"a\"}\n");
    write_rows(&p, s, 1, cells + 2);
    end_sink(&p, s);
    assert_string_equal(probe_file(&p, "out.json"),
                        "{\"n\":0,\"k\":\"\"}\n{\"n\":1,\"k\":\"a\"}\n{\"n\":2,\"k\":\"b\"}\n");
    probe_end(&p);
}

/* A folder gets part files, seen when they are whole, and never over another one. */
static void a_folder_gets_parts(void **unused) {
    (void)unused;
    static const char *const cells[] = {"1", "a"};
    struct probe p;
    begin(&p, "d/");
    for (uint32_t i = 0; i < 2; i++) {
        struct sink *s = open_sink(&p);
        write_rows(&p, s, 1, cells);
        assert_true(s->type->flush(s, &p.err));
        assert_non_null(strstr(probe_list(&p), ".inprogress"));
        end_sink(&p, s);
        assert_null(strstr(probe_list(&p), ".inprogress"));
    }
    assert_string_equal(probe_list(&p), "d/part-000000.json\nd/part-000001.json\n");
    assert_string_equal(probe_file(&p, "d/part-000001.json"), "{\"n\":1,\"k\":\"a\"}\n");
    probe_end(&p);
}

/* Rows go to the folder of their value, which is not written again; names are escaped. */
static void partitions_are_folders(void **unused) {
    (void)unused;
    static const char *const cells[] = {"1", "10:05", "2", NULL, "3", "10:05", "4", "x/y"};
    struct probe p;
    begin(&p, "d");
    partition_by(&p, 1);
    struct sink *s = open_sink(&p);
    write_rows(&p, s, 4, cells);
    end_sink(&p, s);
    assert_string_equal(probe_list(&p), "d/k=10%3A05/part-000000.json\n"
                                        "d/k=__HIVE_DEFAULT_PARTITION__/part-000000.json\n"
                                        "d/k=x%2Fy/part-000000.json\n");
    assert_string_equal(probe_file(&p, "d/k=10%3A05/part-000000.json"), "{\"n\":1}\n{\"n\":3}\n");
    probe_end(&p);
}

/* What was written by partitions is read back whole, the columns of the folders too. */
static void partitions_are_read_back(void **unused) {
    (void)unused;
    static const char *const cells[] = {"1", "10:05", "2", NULL, "3", "a b", "4", "10:05"};
    static const char *const formats[] = {"json", "csv"};
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        struct probe p;
        begin(&p, "d");
        probe_option(&p, "format", formats[i]);
        partition_by(&p, 1);
        struct sink *s = open_sink(&p);
        write_rows(&p, s, 4, cells);
        end_sink(&p, s);
        assert_string_equal(probe_read_all(&p), "- {\"n\":1,\"k\":\"10:05\"}\n"
                                                "- {\"n\":4,\"k\":\"10:05\"}\n"
                                                "- {\"n\":2,\"k\":null}\n"
                                                "- {\"n\":3,\"k\":\"a b\"}\n");
        probe_end(&p);
    }
}

static void parts_roll_by_size_and_age(void **unused) {
    (void)unused;
    static const char *const cells[] = {"1", "a", "2", "b"};
    struct probe p;
    begin(&p, "d");
    probe_option(&p, "sink.rolling-policy.file-size", "30b");
    probe_option(&p, "sink.rolling-policy.rollover-interval", "10 s");
    probe_option(&p, "sink.rolling-policy.check-interval", "1 s");
    probe_set_clock(100000000);
    struct sink *s = open_sink(&p);
    write_rows(&p, s, 2, cells); /* 32 bytes: past the size */
    assert_string_equal(probe_list(&p), "d/part-000000.json\n");
    write_rows(&p, s, 1, cells);
    probe_set_clock(105000000);
    assert_true(s->type->flush(s, &p.err));
    assert_non_null(strstr(probe_list(&p), "inprogress"));
    probe_set_clock(110000000);
    assert_true(s->type->flush(s, &p.err));
    assert_string_equal(probe_list(&p), "d/part-000000.json\nd/part-000001.json\n");
    end_sink(&p, s);
    probe_end(&p);
}

/* A partition whose time the watermark has passed by the delay is closed and marked. */
static void complete_partitions_are_marked(void **unused) {
    (void)unused;
    static const char *const early[] = {"1", "00:01"}, *const late[] = {"2", "00:05"};
    struct probe p;
    begin(&p, "d");
    partition_by(&p, 1);
    probe_option(&p, "sink.partition-commit.trigger", "partition-time");
    probe_option(&p, "sink.partition-commit.delay", "1 min");
    probe_option(&p, "sink.partition-commit.policy.kind", "success-file");
    probe_option(&p, "partition.time-extractor.timestamp-pattern", "1970-01-01 $k:00");
    struct sink *s = open_sink(&p);
    struct batch b = *probe_batch(&p, 1, early);
    b.first.watermark_us = 119999999;
    assert_true(s->type->write(s, &b, &p.err));
    assert_null(strstr(probe_list(&p), "_SUCCESS"));
    b = *probe_batch(&p, 1, late);
    b.first.watermark_us = 120000000;
    assert_true(s->type->write(s, &b, &p.err));
    assert_true(s->type->flush(s, &p.err));
    assert_string_equal(probe_list(&p), "d/k=00%3A01/_SUCCESS\nd/k=00%3A01/part-000000.json\n"
                                        "d/k=00%3A05/.part-000000.json.inprogress\n");
    end_sink(&p, s);
    assert_non_null(strstr(probe_list(&p), "d/k=00%3A05/_SUCCESS\n"));
    probe_end(&p);
}

/* More partitions than files may be open: still every row is written once. */
static void many_partitions(void **unused) {
    (void)unused;
    enum { KEYS = 250, ROUNDS = 3 };
    const char *cells[KEYS * 2];
    struct probe p;
    begin(&p, "d");
    partition_by(&p, 1);
    for (uint32_t i = 0; i < KEYS; i++) {
        char key[16];
        int n = snprintf(key, sizeof key, "%u", i);
        cells[2 * i] = "7";
        cells[2 * i + 1] = arena_copy(&p.arena, key, (size_t)n);
    }
    struct sink *s = open_sink(&p);
    for (uint32_t i = 0; i < ROUNDS; i++) write_rows(&p, s, KEYS, cells);
    end_sink(&p, s);
    uint32_t files = 0, rows = 0;
    for (const char *at = probe_list(&p); *at; at = strchr(at, '\n') + 1, files++) {
        char *name = arena_copy(&p.arena, at, (size_t)(strchr(at, '\n') - at));
        for (const char *c = probe_file(&p, name); *c; c++) rows += *c == '\n';
    }
    assert_true(files >= KEYS);
    assert_int_equal(rows, KEYS * ROUNDS);
    probe_end(&p);
}

static void changes_are_refused_or_written_as_such(void **unused) {
    (void)unused;
    static const int8_t kinds[] = {CHANGE_AFTER};
    static const char *const cells[] = {"1", "a"};
    struct probe p;
    begin(&p, "out.json");
    assert_false(connector_check_sink(&p.def, true, &p.err));
    assert_string_equal(p.err.sqlstate, "0A000");
    assert_non_null(strstr(p.err.hint, "'changelog' = 'op'"));
    probe_option(&p, "changelog", "op");
    assert_true(connector_check_sink(&p.def, true, &p.err));
    struct sink *s = connector_filesystem.sink_open(&p.def, true, &p.env, &p.err);
    struct batch b = *probe_batch(&p, 1, cells);
    b.change = kinds;
    assert_true(s->type->write(s, &b, &p.err));
    end_sink(&p, s);
    assert_string_equal(probe_file(&p, "out.json"), "{\"op\":\"+U\",\"n\":1,\"k\":\"a\"}\n");
    probe_end(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_file_grows),
        cmocka_unit_test(a_folder_gets_parts),
        cmocka_unit_test(partitions_are_folders),
        cmocka_unit_test(partitions_are_read_back),
        cmocka_unit_test(parts_roll_by_size_and_age),
        cmocka_unit_test(complete_partitions_are_marked),
        cmocka_unit_test(many_partitions),
        cmocka_unit_test(changes_are_refused_or_written_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
