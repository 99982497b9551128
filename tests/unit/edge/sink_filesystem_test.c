/* Files as a sink: one file, part files, partitions, rolling, complete partitions. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/edge/partition.h"
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
    struct sink *s = connector_filesystem.sink_open(
        &(struct sink_options){.def = &p->def, .env = &p->env, .changes = false}, &p->err);
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

/* Files of the machine, among which another writer publishes a part file at the worst moment: when
 * its name was free for us, before we have it. */
struct rival {
    struct file_system base;
    struct file_system *real;
    const char *path; /* of the other's part file; NULL: it is there */
};

static struct file_system *real_of(struct file_system *fs) {
    return ((struct rival *)fs)->real;
}

static struct file *rival_open(struct file_system *fs, const char *path, uint32_t flags,
                               struct err *e) {
    struct rival *r = (struct rival *)fs;
    if (r->path && strstr(path, ".inprogress")) {
        struct file *other = file_open(r->real, r->path, FILE_WRITE | FILE_CREATE, e);
        assert_non_null(other);
        file_close(other);
        r->path = NULL;
    }
    struct file *f = file_open(r->real, path, flags, e);
    if (f) f->fs = fs;
    return f;
}

static void rival_close(struct file *f) {
    f->fs = real_of(f->fs);
    file_close(f);
}

static bool rival_write(struct file *f, const void *from, size_t bytes, struct err *e) {
    struct file_system *fs = f->fs;
    f->fs = real_of(fs);
    bool ok = file_write(f, from, bytes, e);
    f->fs = fs;
    return ok;
}

static bool rival_stat(struct file_system *fs, const char *path, struct file_info *out,
                       struct err *e) {
    return file_stat(real_of(fs), path, out, e);
}

static bool rival_rename(struct file_system *fs, const char *from, const char *to, struct err *e) {
    return file_rename(real_of(fs), from, to, e);
}

static bool rival_remove(struct file_system *fs, const char *path, struct err *e) {
    return file_remove(real_of(fs), path, e);
}

static bool rival_make_directory(struct file_system *fs, const char *path, struct err *e) {
    return file_make_directory(real_of(fs), path, e);
}

/* Two writers at once into one folder: no part file is written over. */
static void another_writer_is_not_overwritten(void **unused) {
    (void)unused;
    static const char *const cells[] = {"1", "a"};
    static const struct file_system_type type = {
        .open = rival_open,
        .close = rival_close,
        .write = rival_write,
        .stat = rival_stat,
        .rename = rival_rename,
        .remove = rival_remove,
        .make_directory = rival_make_directory,
    };
    struct probe p;
    begin(&p, "d/");
    struct rival rival = {{&type}, p.env.fs, probe_path(&p, "d/part-000000.json")};
    p.env.fs = &rival.base;
    struct sink *s = open_sink(&p);
    write_rows(&p, s, 1, cells);
    end_sink(&p, s);
    p.env.fs = rival.real;
    assert_null(rival.path);
    assert_string_equal(probe_list(&p), "d/part-000000.json\nd/part-000001.json\n");
    assert_string_equal(probe_file(&p, "d/part-000000.json"), "");
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

/* Whatever a partition column may hold, the name of its folder gives back. */
static void every_partition_value_is_read_back(void **unused) {
    (void)unused;
    static const char all[] = "\x01\x7f %25 %zz .. a/b=c:d*e?f[g]{h}^\"'#\\ \xc3\xa9";
    const struct {
        const struct type *type;
        const char *value[5];
    } cases[] = {
        {&type_text, {"", all, PARTITION_NULL_NAME, "null", NULL}},
        {&type_blob, {"", "AP8=", "+/+/", "AAAA", NULL}},
        {&type_boolean, {"true", "false", NULL, "true", NULL}},
        {&type_bigint, {"-9223372036854775808", "9223372036854775807", "0", NULL, NULL}},
        {&type_double, {"1e300", "NaN", "-Infinity", "0.1", NULL}},
        {&type_timestamp3, {"2026-01-02 03:04:05.678", "1969-12-31 23:59:59", NULL, NULL, NULL}},
        {&type_date, {"2026-01-02", "1600-02-29", NULL, NULL, NULL}},
        {&type_time, {"23:59:59.999999", "00:00:00", NULL, NULL, NULL}},
        {&type_interval, {"1 02:03:04.000005", "0 00:00:00", NULL, NULL, NULL}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (uint32_t v = 0; v < COUNT_OF(cases[i].value); v++) {
            const char *cells[] = {"7", cases[i].value[v]};
            struct probe p;
            probe_begin(&p);
            probe_column(&p, "n", &type_bigint);
            probe_column(&p, "k=/ K", cases[i].type);
            probe_option(&p, "connector", "filesystem");
            probe_option(&p, "path", probe_path(&p, "n=1/k=2"));
            probe_option(&p, "format", "json");
            partition_by(&p, 1);
            assert_true(connector_check(&p.def, &p.err));
            struct sink *s = open_sink(&p);
            const struct batch *b = probe_batch(&p, 1, cells);
            assert_true(s->type->write(s, b, &p.err));
            end_sink(&p, s);
            struct reader *r = probe_open(&p);
            const struct batch *got = NULL;
            assert_non_null(r);
            assert_int_equal(r->type->read(r, &got, &p.err), READ_ROWS);
            assert_int_equal(got->live, 1);
            assert_true(column_same(&b->col[1], 0, &got->col[1], batch_row(got, 0)));
            r->type->close(r);
            probe_end(&p);
        }
    }
}

/* What cannot be folders is said when the stream is made, and the column is named. */
static void wrong_partitions_are_refused(void **unused) {
    (void)unused;
    for (uint32_t i = 0; i < 5; i++) {
        static const char *const state[] = {"0A000", "0A000", "42804", "42701", "0A000"};
        struct probe p;
        begin(&p, "d");
        probe_column(&p, "a", type_array(&p.arena, &type_bigint));
        probe_computed(&p, "c", 0);
        if (i == 0) p.physical.cols = 1;
        partition_by(&p, i == 0 ? 0 : i == 1 ? 3 : i == 2 ? 2 : 1);
        if (i == 3) partition_by(&p, 1);
        if (i == 4) probe_option(&p, "connector", "stdout");
        if (i == 4) p.option[1] = p.option[--p.def.options.count];
        assert_false(connector_check(&p.def, &p.err));
        assert_string_equal(p.err.sqlstate, state[i]);
        assert_non_null(strstr(p.err.message, "PARTITIONED BY"));
        probe_end(&p);
    }
}

/* Names and contents of all files, with rows given `at_once`. */
static char *parts_of(uint32_t at_once, const char *bytes_max) {
    enum { ROWS = 600, KEYS = 150 };
    const char *cells[ROWS * 2];
    struct probe p;
    begin(&p, "d");
    partition_by(&p, 1);
    probe_option(&p, "sink.rolling-policy.file-size", bytes_max);
    for (uint32_t i = 0; i < ROWS; i++) {
        char number[16], key[16];
        int n = snprintf(number, sizeof number, "%u", i);
        int k = snprintf(key, sizeof key, "%u", i * i % 7 == 0 ? i % KEYS : i / 9 % 5);
        cells[2 * i] = arena_copy(&p.arena, number, (size_t)n);
        cells[2 * i + 1] = arena_copy(&p.arena, key, (size_t)k);
    }
    struct sink *s = open_sink(&p);
    for (uint32_t i = 0; i < ROWS; i += at_once) {
        write_rows(&p, s, ROWS - i < at_once ? ROWS - i : at_once, cells + (size_t)2 * i);
        assert_true(s->type->flush(s, &p.err));
    }
    end_sink(&p, s);
    struct buf all;
    buf_init(&all);
    for (const char *at = probe_list(&p); *at; at = strchr(at, '\n') + 1) {
        char *name = arena_copy(&p.arena, at, (size_t)(strchr(at, '\n') - at));
        buf_addf(&all, "%s: %s", name, probe_file(&p, name));
    }
    probe_end(&p);
    return all.at;
}

/* Where the input is cut into batches shows in no file, also when more are wanted than may be
 * open. */
static void parts_do_not_depend_on_batches(void **unused) {
    (void)unused;
    static const char *const sizes[] = {"1b", "25b", "1 mb"};
    static const uint32_t at_once[] = {7, 100, 600};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        char *want = parts_of(1, sizes[i]);
        for (size_t k = 0; k < COUNT_OF(at_once); k++) {
            char *got = parts_of(at_once[k], sizes[i]);
            assert_string_equal(got, want);
            free(got);
        }
        free(want);
    }
}

static void no_name_promises_compression(void **unused) {
    (void)unused;
    struct probe p;
    begin(&p, "out.json.gz");
    assert_false(connector_check_sink(&p.def, false, &p.err));
    assert_string_equal(p.err.sqlstate, "0A000");
    assert_non_null(strstr(p.err.hint, ".gz"));
    probe_end(&p);
}

/* A pipe that nobody reads holds up nothing; one that is read takes everything. */
static void a_pipe_has_a_reader(void **unused) {
    (void)unused;
    static const char *const cells[] = {"1", "a", "2", "b"};
    struct probe p;
    begin(&p, "pipe.json");
    const char *path = probe_path(&p, "pipe.json");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_null(connector_filesystem.sink_open(
        &(struct sink_options){.def = &p.def, .env = &p.env, .changes = false}, &p.err));
    assert_string_equal(p.err.sqlstate, "58030");
    assert_non_null(strstr(p.err.message, "nobody reads the pipe"));
    int fd = open(path, O_RDONLY | O_NONBLOCK);
    assert_true(fd >= 0);
    struct sink *s = open_sink(&p);
    write_rows(&p, s, 2, cells);
    end_sink(&p, s);
    char got[100] = "";
    assert_int_equal(read(fd, got, sizeof got - 1), 32);
    assert_string_equal(got, "{\"n\":1,\"k\":\"a\"}\n{\"n\":2,\"k\":\"b\"}\n");
    close(fd);
    probe_end(&p);
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
    write_rows(&p, s, 2, cells); /* 32 bytes: the size is met by the second row */
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
static void marks_complete(const char *pattern, const char *formatter) {
    static const char *const early[] = {"1", "00:01"}, *const late[] = {"2", "00:05"};
    struct probe p;
    begin(&p, "d");
    partition_by(&p, 1);
    probe_option(&p, "sink.partition-commit.trigger", "partition-time");
    probe_option(&p, "sink.partition-commit.delay", "1 min");
    probe_option(&p, "sink.partition-commit.policy.kind", "success-file");
    if (pattern) probe_option(&p, "partition.time-extractor.timestamp-pattern", pattern);
    if (formatter) probe_option(&p, "partition.time-extractor.timestamp-formatter", formatter);
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

static void complete_partitions_are_marked(void **unused) {
    (void)unused;
    marks_complete("1970-01-01 $k:00", NULL);
    marks_complete("1/1/1970, $k", "d/M/yyyy, HH:mm");
    marks_complete(NULL, "HH:mm"); /* the first column is the time, as in Flink */
}

/* More partitions than files may be open, or than the system gives: every row is written once, and
 * each partition is one file. */
static void many_partitions(void **unused) {
    (void)unused;
    enum { KEYS = 250, ROUNDS = 3, FILES = 40 };
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
    struct rlimit before, few;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){.rlim_cur = FILES, .rlim_max = before.rlim_max};
    struct sink *s = open_sink(&p);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        if (i == 1) assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        write_rows(&p, s, KEYS, cells);
        assert_true(s->type->flush(s, &p.err));
    }
    end_sink(&p, s);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    uint32_t files = 0, rows = 0;
    for (const char *at = probe_list(&p); *at; at = strchr(at, '\n') + 1, files++) {
        char *name = arena_copy(&p.arena, at, (size_t)(strchr(at, '\n') - at));
        for (const char *c = probe_file(&p, name); *c; c++) rows += *c == '\n';
    }
    assert_int_equal(files, KEYS);
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
    struct sink *s = connector_filesystem.sink_open(
        &(struct sink_options){.def = &p.def, .env = &p.env, .changes = true}, &p.err);
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
        cmocka_unit_test(another_writer_is_not_overwritten),
        cmocka_unit_test(partitions_are_folders),
        cmocka_unit_test(partitions_are_read_back),
        cmocka_unit_test(every_partition_value_is_read_back),
        cmocka_unit_test(wrong_partitions_are_refused),
        cmocka_unit_test(parts_do_not_depend_on_batches),
        cmocka_unit_test(no_name_promises_compression),
        cmocka_unit_test(a_pipe_has_a_reader),
        cmocka_unit_test(parts_roll_by_size_and_age),
        cmocka_unit_test(complete_partitions_are_marked),
        cmocka_unit_test(many_partitions),
        cmocka_unit_test(changes_are_refused_or_written_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
