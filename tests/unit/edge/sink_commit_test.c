/* What a sink that waits for checkpoints shows is, at every moment, whole rows of what was covered,
 * each once; after a crash anywhere it goes on so. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/base/random.h"
#include "tests/unit/edge/edge_probe.h"

struct run {
    struct probe p;
    struct sink *sink;
    struct buf record;
    bool resumed;
    uint32_t written; /* rows 1 .. written went in */
    uint32_t covered; /* by the record */
    uint32_t shown;   /* and were committed */
};

static void run_begin(struct run *r, const char *path) {
    *r = (struct run){.sink = NULL};
    probe_begin(&r->p);
    probe_column(&r->p, "a", &type_bigint);
    probe_option(&r->p, "connector", "filesystem");
    probe_option(&r->p, "path", probe_path(&r->p, path));
    probe_option(&r->p, "format", "csv");
    r->p.env.durable = true;
    buf_init(&r->record);
}

static void open_sink(struct run *r) {
    const struct sink_options o = {
        .def = &r->p.def,
        .env = &r->p.env,
        .owner = TEXT_LITERAL("0a1b2c"),
        .resumed = r->resumed,
        .record = r->resumed ? buf_text(&r->record) : (struct text){NULL, 0},
    };
    r->sink = connector_filesystem.sink_open(&o, &r->p.err);
    if (!r->sink) fail_msg("%s", r->p.err.message);
}

static void write_row(struct run *r) {
    char number[12];
    const char *text[1] = {number};
    snprintf(number, sizeof number, "%u", ++r->written);
    assert_true(r->sink->type->write(r->sink, probe_batch(&r->p, 1, text), &r->p.err));
    assert_true(r->sink->type->flush(r->sink, &r->p.err));
}

static void prepare(struct run *r) {
    buf_reset(&r->record);
    assert_true(r->sink->type->prepare(r->sink, &r->record, &r->p.err));
    r->resumed = true;
    r->covered = r->written;
}

static void commit(struct run *r) {
    assert_true(r->sink->type->commit(r->sink, &r->p.err));
    r->shown = r->covered;
}

/* The process ends, and another one goes on. */
static void crash(struct run *r) {
    r->sink->type->close(r->sink);
    open_sink(r);
    r->written = r->shown = r->covered;
}

static void run_end(struct run *r) {
    r->sink->type->close(r->sink);
    buf_done(&r->record);
    probe_end(&r->p);
}

/* The numbers 1 .. n, each on a line. */
static uint32_t count_lines(const char *text) {
    uint32_t n = 0;
    for (char *end; *text; text = end + 1) {
        assert_int_equal(strtoul(text, &end, 10), ++n);
        assert_int_equal(*end, '\n');
    }
    return n;
}

/* One file: it holds exactly what was committed, behind what it held before. */
static void one_file_shows_what_is_covered(void **unused) {
    (void)unused;
    struct random x = random_start("one_file_shows_what_is_covered");
    for (uint32_t round = 0; round < random_rounds(8); round++) {
        struct run r;
        run_begin(&r, "o.csv");
        open_sink(&r);
        for (uint32_t step = 0; step < 40; step++) {
            switch (random_below(&x, 6)) {
            case 0: prepare(&r); break;
            case 1:
                if (r.resumed) commit(&r);
                break;
            case 2: crash(&r); break;
            default: write_row(&r); break;
            }
            assert_int_equal(count_lines(probe_file(&r.p, "o.csv")), r.shown);
        }
        prepare(&r);
        commit(&r);
        run_end(&r);
    }
}

/* All visible part files one after another, by name; *hidden_out: how many others there are. */
static char *visible(struct run *r, uint32_t *hidden_out) {
    struct dirent **entry;
    struct buf all;
    buf_init(&all);
    buf_add_str(&all, "");
    *hidden_out = 0;
    int count = scandir(probe_path(&r->p, "o"), &entry, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char path[300];
        bool part = entry[i]->d_name[0] != '.';
        bool self = strcmp(entry[i]->d_name, ".") == 0 || strcmp(entry[i]->d_name, "..") == 0;
        snprintf(path, sizeof path, "o/%s", entry[i]->d_name);
        if (part) buf_add_str(&all, probe_file(&r->p, path));
        *hidden_out += !part && !self;
        free(entry[i]);
    }
    free(entry);
    return all.at;
}

/* Part files: what is seen are whole files of rows 1 .. n, n at most what was committed, and at the
 * end all of it; nothing is left of what a crash cut off. */
static void part_files_show_what_is_covered(void **unused) {
    (void)unused;
    struct random x = random_start("part_files_show_what_is_covered");
    for (uint32_t round = 0; round < random_rounds(8); round++) {
        struct run r;
        uint32_t hidden;
        run_begin(&r, "o/");
        probe_option(&r.p, "sink.rolling-policy.file-size", "9b");
        open_sink(&r);
        for (uint32_t step = 0; step < 40; step++) {
            switch (random_below(&x, 6)) {
            case 0: prepare(&r); break;
            case 1:
                if (r.resumed) commit(&r);
                break;
            case 2: crash(&r); break;
            default: write_row(&r); break;
            }
            char *seen = visible(&r, &hidden);
            assert_true(count_lines(seen) <= r.shown);
            free(seen);
        }
        assert_true(r.sink->type->finish(r.sink, &r.p.err));
        prepare(&r);
        commit(&r);
        char *seen = visible(&r, &hidden);
        assert_int_equal(count_lines(seen), r.written);
        assert_int_equal(hidden, 0);
        free(seen);
        run_end(&r);
    }
}

/* A file that somebody else cut is not written to. */
static void a_file_that_became_shorter_is_an_error(void **unused) {
    (void)unused;
    struct run r;
    run_begin(&r, "o.csv");
    open_sink(&r);
    write_row(&r);
    prepare(&r);
    commit(&r);
    write_row(&r);
    prepare(&r);
    probe_write_file(&r.p, "o.csv", "");
    assert_false(r.sink->type->commit(r.sink, &r.p.err));
    assert_string_equal(r.p.err.sqlstate, "58030");
    run_end(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_file_shows_what_is_covered),
        cmocka_unit_test(part_files_show_what_is_covered),
        cmocka_unit_test(a_file_that_became_shorter_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
