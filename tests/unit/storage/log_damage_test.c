/* log_damage_test.c: whatever happens to the bytes of a log is told, with segment and offset, or it
 * has cut nothing but the end that nobody was told of; and what is sound can be had back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "storage/log_verify.h"
#include "tests/unit/storage/log_probe.h"

#define SALVAGED "/data/salvaged"

/* A log of a few small segments, closed; where its parts are. */
struct damaged {
    struct probe probe;
    struct probe_files files; /* as it was */
    uint64_t end, closing;    /* LSNs: of the log, of the closing group */
};

static void damaged_init(struct damaged *d, uint64_t seed) {
    struct log_verdict verdict;
    struct err e = {0};
    probe_init(&d->probe, seed, LOG_SYNC);
    d->probe.options.segment_bytes = 16 << 10;
    d->probe.body_bytes_max = 1500;
    probe_open(&d->probe);
    for (int i = 0; i < 7; i++) {
        probe_append(&d->probe, 1 + (uint32_t)i % 3);
        probe_wait(&d->probe);
    }
    probe_close(&d->probe);
    d->files.count = 0;
    probe_files_take(&d->probe, &d->files);
    assert_true(log_verify(d->probe.options.fs, PROBE_DIRECTORY, NULL, &verdict, &e));
    assert_true(verdict.closed && verdict.holes == 0 && verdict.segments == d->files.count);
    assert_int_equal(verdict.records, d->probe.count);
    d->end = verdict.end;
    d->closing = verdict.end - LOG_BLOCK_BYTES;
}

static void damaged_done(struct damaged *d) {
    probe_files_done(&d->files);
    probe_done(&d->probe);
}

static uint64_t file_first(const struct probe_file *f) {
    const char *name = strrchr(f->path, '/') + 1;
    return strtoull(name, NULL, 16);
}

/* The end of the segment's part of the log. */
static uint64_t file_end(const struct damaged *d, uint32_t i) {
    return i + 1 < d->files.count ? file_first(&d->files.file[i + 1]) : d->end;
}

/* The first hole that verify tells; false: none. */
static bool note_hole(void *context, const struct log_hole *h, struct err *e) {
    struct log_hole *first = context;
    (void)e;
    if (!first->unlike) *first = *h;
    return true;
}

static struct log_verdict verdict_of(struct damaged *d, struct log_hole *first_out) {
    struct log_verdict verdict;
    struct err e = {0};
    *first_out = (struct log_hole){.unlike = NULL};
    const struct log_visit visit = {.context = first_out, .hole = note_hole};
    if (!log_verify(d->probe.options.fs, PROBE_DIRECTORY, &visit, &verdict, &e)) {
        fail_msg("verify: %s", e.message);
    }
    return verdict;
}

/* How many records a reader gives, each as it was appended, before it ends or tells damage. */
static uint32_t read_sound(struct damaged *d, struct err *e) {
    struct log_reader *r = log_reader_open(d->probe.options.fs, PROBE_DIRECTORY, 0, e);
    uint32_t count = 0;
    bool got = r != NULL;
    while (got) {
        struct log_record record;
        if (!log_reader_next(r, &record, &got, e)) break;
        if (got) assert_int_equal(record.lsn, d->probe.record[count++].lsn);
    }
    log_reader_close(r);
    return count;
}

/* What was done to the log is damage at [from, to) of segment i: everybody says so. */
static void assert_refused(struct damaged *d, uint32_t i, uint64_t from, uint64_t to) {
    struct err e = {0}, reading = {0};
    struct log_hole hole;
    const struct probe_file *f = &d->files.file[i];
    assert_null(log_open(&d->probe.options, &e));
    assert_int_equal(e.code, ERR_CORRUPT);
    assert_string_equal(e.sqlstate, "XX001");
    assert_non_null(strstr(e.message, strrchr(f->path, '/') + 1));
    assert_true(e.offset >= from && e.offset < to);

    verdict_of(d, &hole);
    assert_non_null(hole.unlike);
    assert_int_equal(hole.segment, file_first(f));
    assert_int_equal(hole.lsn - hole.segment, e.offset);
    read_sound(d, &reading);
    assert_string_equal(reading.sqlstate, "XX001");
    assert_int_equal(reading.offset, e.offset);
}

/* It hit what was never acknowledged, or is no part of the log: every record is there. */
static void assert_unharmed(struct damaged *d) {
    struct err e = {0};
    struct log_hole hole;
    verdict_of(d, &hole);
    assert_null(hole.unlike);
    assert_int_equal(read_sound(d, &e), d->probe.count);
    assert_int_equal(e.code, ERR_NONE);
    d->probe.log = log_open(&d->probe.options, &e);
    if (!d->probe.log) fail_msg("open: %s", e.message);
    probe_check(&d->probe);
    probe_crash(&d->probe, FILE_SIM_KILL);
    probe_files_put(&d->probe, &d->files);
}

/* The bounds of the group, or head, that offset `at` of file i is in; false: none. */
static bool part_of(const struct damaged *d, uint32_t i, uint64_t at, uint64_t *from_out,
                    uint64_t *to_out) {
    const struct probe_file *f = &d->files.file[i];
    uint64_t from = 0, to = LOG_BLOCK_BYTES, first = file_first(f);
    while (from < file_end(d, i) - first) {
        struct log_group_head h;
        if (at < to) {
            *from_out = from;
            *to_out = to;
            return true;
        }
        from = to;
        if (from >= file_end(d, i) - first) return false;
        assert_true(log_group_decode(f->bytes + from, d->probe.options.salt, first + from, &h));
        to = from + h.bytes;
    }
    return false;
}

static void every_flip_is_told(void **unused) {
    (void)unused;
    struct random r = random_start("flips");
    struct damaged d;
    damaged_init(&d, random_u64(&r));
    for (uint32_t i = 0; i < d.files.count; i++) {
        struct probe_file *f = &d.files.file[i];
        for (uint32_t at = 0; at < f->count; at++) {
            uint64_t from, to;
            char flip = (char)(1 << random_below(&r, 8));
            bool part = part_of(&d, i, at, &from, &to);
            bool closing = part && file_first(f) + from == d.closing;
            if (!part && at % 64 != 0) continue; /* behind the last group: nothing looks there */
            f->bytes[at] ^= flip;
            file_sim_put(d.probe.sim, f->path, f->bytes, f->count);
            if (part && !closing) assert_refused(&d, i, from, to);
            f->bytes[at] ^= flip;
            if (!part || closing) {
                assert_unharmed(&d);
            } else {
                file_sim_put(d.probe.sim, f->path, f->bytes, f->count);
            }
        }
    }
    damaged_done(&d);
}

static void every_cut_is_told(void **unused) {
    (void)unused;
    struct random r = random_start("cuts");
    struct damaged d;
    damaged_init(&d, random_u64(&r));
    for (uint32_t i = 0; i < d.files.count; i++) {
        struct probe_file *f = &d.files.file[i];
        for (uint32_t bytes = 0; bytes < f->count; bytes += 1 + (uint32_t)random_below(&r, 40)) {
            file_sim_put(d.probe.sim, f->path, f->bytes, bytes);
            struct err e = {0};
            assert_null(log_open(&d.probe.options, &e));
            assert_string_equal(e.sqlstate, "XX001");
            assert_true(e.offset <= bytes);
        }
        file_sim_put(d.probe.sim, f->path, f->bytes, f->count);
    }
    assert_unharmed(&d);
    damaged_done(&d);
}

static void a_missing_segment_is_told(void **unused) {
    (void)unused;
    struct err e = {0};
    struct damaged d;
    damaged_init(&d, 3);
    assert_true(d.files.count > 2);
    for (uint32_t i = 0; i + 1 < d.files.count; i++) {
        struct probe_file *f = &d.files.file[i];
        assert_true(file_remove(d.probe.options.fs, f->path, &e));
        assert_refused(&d, i + 1, 0, LOG_BLOCK_BYTES);
        file_sim_put(d.probe.sim, f->path, f->bytes, f->count);
    }
    damaged_done(&d);
}

static void a_segment_of_another_log_is_told(void **unused) {
    (void)unused;
    struct damaged d, other;
    damaged_init(&d, 4);
    damaged_init(&other, 5);
    for (uint32_t i = 0; i < d.files.count; i++) {
        struct probe_file *f = &d.files.file[i], *o = NULL;
        for (uint32_t k = 0; k < other.files.count; k++) {
            if (strcmp(other.files.file[k].path, f->path) == 0) o = &other.files.file[k];
        }
        if (!o) continue;
        struct err e = {0};
        file_sim_put(d.probe.sim, f->path, o->bytes, o->count);
        assert_null(log_open(&d.probe.options, &e));
        assert_string_equal(e.sqlstate, "XX001");
        file_sim_put(d.probe.sim, f->path, f->bytes, f->count);
    }
    damaged_done(&other);
    damaged_done(&d);
}

/* Is the record there after a salvage? Everything outside of the hole is. */
static void assert_salvaged(struct damaged *d, uint64_t hole_from, uint64_t hole_to) {
    struct err e = {0};
    struct log_options o = d->probe.options;
    o.directory = SALVAGED;
    struct log *l = log_open(&o, &e);
    if (!l) fail_msg("salvaged: %s", e.message);
    struct log_reader *r = log_reader_open(o.fs, SALVAGED, 0, &e);
    assert_non_null(r);
    for (uint32_t i = 0; i < d->probe.count; i++) {
        struct log_record record;
        bool got;
        uint64_t lsn = d->probe.record[i].lsn;
        if (lsn >= hole_from && lsn < hole_to) continue;
        assert_true(log_reader_next(r, &record, &got, &e) && got);
        assert_int_equal(record.lsn, lsn);
    }
    log_reader_close(r);
    assert_true(log_close(l, &e));
}

static void salvage_remove(struct damaged *d) {
    struct err e = {0};
    struct arena a;
    char **name, path[PROBE_NAME_BYTES];
    uint32_t count;
    arena_init(&a, 0);
    assert_true(file_list(d->probe.options.fs, SALVAGED "/log", &a, &name, &count, &e));
    for (uint32_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, SALVAGED "/log/%s", name[i]);
        assert_true(file_remove(d->probe.options.fs, path, &e));
    }
    arena_done(&a);
}

static void what_is_sound_is_salvaged(void **unused) {
    (void)unused;
    struct random r = random_start("salvage");
    struct damaged d;
    struct err e = {0};
    struct log_verdict verdict;
    damaged_init(&d, random_u64(&r));
    for (uint32_t i = random_rounds(400); i > 0; i--) {
        uint32_t k = (uint32_t)random_below(&r, d.files.count);
        struct probe_file *f = &d.files.file[k];
        uint64_t first = file_first(f), from, to;
        uint32_t at = (uint32_t)random_below(&r, file_end(&d, k) - first);
        assert_true(part_of(&d, k, at, &from, &to));
        f->bytes[at] ^= 4;
        file_sim_put(d.probe.sim, f->path, f->bytes, f->count);
        assert_true(log_salvage(d.probe.options.fs, PROBE_DIRECTORY, SALVAGED, NULL, &verdict, &e));
        assert_int_equal(verdict.holes, first + from != d.closing);
        assert_salvaged(&d, first + from, first + to);
        salvage_remove(&d);
        f->bytes[at] ^= 4;
        file_sim_put(d.probe.sim, f->path, f->bytes, f->count);
    }
    /* A segment that is not there at all. */
    for (uint32_t k = 0; k + 1 < d.files.count; k++) {
        struct probe_file *f = &d.files.file[k];
        assert_true(file_remove(d.probe.options.fs, f->path, &e));
        assert_true(log_salvage(d.probe.options.fs, PROBE_DIRECTORY, SALVAGED, NULL, &verdict, &e));
        assert_true(verdict.holes > 0);
        assert_salvaged(&d, file_first(f), file_end(&d, k));
        salvage_remove(&d);
        file_sim_put(d.probe.sim, f->path, f->bytes, f->count);
    }
    damaged_done(&d);
}

/* A salvaged log is a log: it is not overwritten, and a copy of it is the same. */
static void salvage_spoils_nothing(void **unused) {
    (void)unused;
    struct damaged d;
    struct err e = {0};
    struct log_verdict verdict;
    damaged_init(&d, 6);
    assert_true(log_salvage(d.probe.options.fs, PROBE_DIRECTORY, SALVAGED, NULL, &verdict, &e));
    assert_int_equal(verdict.holes, 0);
    assert_false(log_salvage(d.probe.options.fs, PROBE_DIRECTORY, SALVAGED, NULL, &verdict, &e));
    assert_string_equal(e.sqlstate, "58030");
    assert_false(
        log_salvage(d.probe.options.fs, PROBE_DIRECTORY, PROBE_DIRECTORY, NULL, &verdict, &e));
    assert_salvaged(&d, 0, 0);
    assert_unharmed(&d);
    damaged_done(&d);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flip_is_told),
        cmocka_unit_test(every_cut_is_told),
        cmocka_unit_test(a_missing_segment_is_told),
        cmocka_unit_test(a_segment_of_another_log_is_told),
        cmocka_unit_test(what_is_sound_is_salvaged),
        cmocka_unit_test(salvage_spoils_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
