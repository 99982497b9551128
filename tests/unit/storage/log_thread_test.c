/* log_thread_test.c: the log under many threads: writers, readers, copies, a disk that fails. Run
 * under ThreadSanitizer too. */
#include <assert.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "storage/log_verify.h"
#include "tests/unit/storage/log_probe.h"

enum { WRITERS = 4, APPENDS_MAX = 400, BODY_BYTES_MAX = 3000 };

#define COPY "/data/copy"

/* What a writer was told: record `sequence` of it stands at lsn[sequence]. */
struct writer {
    struct crowd *crowd;
    pthread_t thread;
    uint32_t number, appends;
    uint64_t lsn[APPENDS_MAX];
    _Atomic uint32_t acknowledged; /* the first so many */
    struct err failed;
};

struct crowd {
    struct probe probe;
    struct writer writer[WRITERS];
    uint32_t appends; /* of each */
    bool checkpoints; /* the first writer lets old segments go */
    atomic_bool ends;
};

/* As cmocka's, which only the main thread may use. */
static void must(bool ok, const struct err *e) {
    if (!ok) fprintf(stderr, "%s: %s\n", e->sqlstate, e->message);
    assert(ok);
}

static void must_be(const struct err *e, const char *sqlstate) {
    must(strcmp(e->sqlstate, sqlstate) == 0, e);
}

static uint32_t body_bytes(uint32_t writer, uint32_t sequence) {
    return (writer * 7919 + sequence * 104729) % BODY_BYTES_MAX;
}

static void *write_all(void *arg) {
    struct writer *w = arg;
    struct crowd *c = w->crowd;
    char body[BODY_BYTES_MAX];
    memset(body, (int)w->number, sizeof body);
    for (uint32_t i = 0; i < c->appends; i++) {
        const struct log_entry entry = {
            .kind = (uint16_t)w->number,
            .object = i,
            .body = {.at = body, .bytes = body_bytes(w->number, i)},
            .first_lsn = LOG_LSN_NONE,
        };
        if (i % 5 == 0) {
            if (!log_append_wait(c->probe.log, &entry, 1, &w->lsn[i], &w->failed)) break;
        } else if (!log_append(c->probe.log, &entry, 1, &w->lsn[i], &w->failed)) {
            break;
        }
        w->appends = i + 1;
        if (i % 3 == w->number % 3) continue;
        if (!log_wait(c->probe.log, w->lsn[i], &w->failed)) break;
        w->acknowledged = i + 1;
        bool checkpoint = c->checkpoints && w->number == 0 && i % 16 == 15;
        if (checkpoint && !log_set_checkpoint(c->probe.log, w->lsn[i], w->lsn[i - 8], &w->failed)) {
            break;
        }
    }
    return NULL;
}

static void crowd_init(struct crowd *c, uint64_t seed, uint32_t appends) {
    probe_init(&c->probe, seed, LOG_SYNC);
    c->probe.options.writer_thread = true;
    c->appends = appends;
    c->checkpoints = false;
    c->ends = false;
    for (uint32_t i = 0; i < WRITERS; i++) {
        struct writer *w = &c->writer[i];
        w->crowd = c;
        w->number = i;
        w->appends = 0;
        w->acknowledged = 0;
        w->failed = (struct err){.code = ERR_NONE};
    }
    probe_open(&c->probe);
}

static void crowd_start(struct crowd *c) {
    for (uint32_t i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_create(&c->writer[i].thread, NULL, write_all, &c->writer[i]), 0);
    }
}

static void crowd_join(struct crowd *c) {
    for (uint32_t i = 0; i < WRITERS; i++) pthread_join(c->writer[i].thread, NULL);
}

/* The log in `directory` holds, of each writer, its records in order, at least acknowledged[i] of
 * them, but those that lie before the log's first record. */
static void assert_log_holds(struct crowd *c, const char *directory, const uint32_t *acknowledged) {
    struct err e = {0};
    uint32_t next[WRITERS];
    bool any[WRITERS] = {false}, got = true;
    struct log_reader *r = log_reader_open(c->probe.options.fs, directory, 0, &e);
    must(r != NULL, &e);
    for (uint32_t i = 0; i < WRITERS; i++) next[i] = 0;
    uint64_t first = LOG_LSN_NONE;
    while (got) {
        struct log_record record;
        must(log_reader_next(r, &record, &got, &e), &e);
        if (!got) break;
        assert(record.kind < WRITERS);
        if (first == LOG_LSN_NONE) first = record.lsn;
        const struct writer *w = &c->writer[record.kind];
        if (!any[record.kind]) next[record.kind] = record.object;
        any[record.kind] = true;
        assert(record.object == next[record.kind]);
        assert(record.object >= c->appends || record.lsn == w->lsn[record.object]);
        assert(record.body.bytes == body_bytes(record.kind, record.object));
        next[record.kind]++;
    }
    log_reader_close(r);
    for (uint32_t i = 0; i < WRITERS; i++) {
        uint32_t count = acknowledged[i];
        assert(next[i] >= count || c->writer[i].lsn[count - 1] < first);
    }
}

static void take_acknowledged(const struct crowd *c, uint32_t *out) {
    for (uint32_t i = 0; i < WRITERS; i++) out[i] = c->writer[i].acknowledged;
}

static void each_writer_finds_its_records(void **unused) {
    (void)unused;
    struct random r = random_start("writers");
    static struct crowd c;
    for (uint32_t round = random_rounds(3); round > 0; round--) {
        uint32_t all[WRITERS];
        crowd_init(&c, random_u64(&r), APPENDS_MAX);
        crowd_start(&c);
        crowd_join(&c);
        for (uint32_t i = 0; i < WRITERS; i++) all[i] = APPENDS_MAX;
        probe_close(&c.probe);
        assert_log_holds(&c, PROBE_DIRECTORY, all);
        probe_done(&c.probe);
    }
}

/* A call of the disk fails: all writers are told the same, and what was acknowledged is there. */
static void a_failure_is_told_to_all(void **unused) {
    (void)unused;
    struct random r = random_start("failure");
    static struct crowd c;
    for (uint32_t round = random_rounds(20); round > 0; round--) {
        uint32_t acknowledged[WRITERS];
        crowd_init(&c, random_u64(&r), 60);
        uint64_t at = file_sim_calls(c.probe.sim) + 1 + random_below(&r, 40);
        file_sim_fault(c.probe.sim,
                       (struct file_sim_fault){.kind = FILE_SIM_FAIL, .at = at, .onwards = true});
        crowd_start(&c);
        crowd_join(&c);
        take_acknowledged(&c, acknowledged);
        for (uint32_t i = 0; i < WRITERS; i++) {
            assert_int_equal(c.writer[i].failed.code, ERR_IO);
            assert_string_equal(c.writer[i].failed.message, c.writer[0].failed.message);
        }
        probe_crash(&c.probe, FILE_SIM_POWER);
        probe_open(&c.probe);
        assert_log_holds(&c, PROBE_DIRECTORY, acknowledged);
        probe_done(&c.probe);
    }
}

/* A copy of a running log as cp makes one: file by file, in order of names. It counts if the names
 * are all still there afterwards. */
static bool copy_files(struct probe *p) {
    struct err e = {0};
    struct arena a;
    char **name, from[PROBE_NAME_BYTES], to[PROBE_NAME_BYTES];
    uint32_t count;
    bool ok = true;
    arena_init(&a, 0);
    must(file_list(p->options.fs, PROBE_DIRECTORY "/log", &a, &name, &count, &e), &e);
    for (uint32_t i = 0; ok && i < count; i++) {
        struct text bytes;
        snprintf(from, sizeof from, PROBE_DIRECTORY "/log/%s", name[i]);
        snprintf(to, sizeof to, COPY "/log/%s", name[i]);
        ok = file_read_all(p->options.fs, from, 1 << 24, &a, &bytes, &e);
        if (ok) file_sim_put(p->sim, to, bytes.at, bytes.bytes);
    }
    for (uint32_t i = 0; ok && i < count; i++) {
        struct file_info info;
        snprintf(from, sizeof from, PROBE_DIRECTORY "/log/%s", name[i]);
        ok = file_stat(p->options.fs, from, &info, &e);
    }
    arena_done(&a);
    return ok;
}

static void copy_remove(struct probe *p) {
    struct err e = {0};
    struct arena a;
    char **name, path[PROBE_NAME_BYTES];
    uint32_t count = 0;
    arena_init(&a, 0);
    if (!file_list(p->options.fs, COPY "/log", &a, &name, &count, &e)) count = 0;
    for (uint32_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, COPY "/log/%s", name[i]);
        must(file_remove(p->options.fs, path, &e), &e);
    }
    arena_done(&a);
}

/* The copy is a log with all that was acknowledged when it was begun, or it is refused. */
static bool copy_opens(struct crowd *c, const uint32_t *acknowledged) {
    struct err e = {0};
    struct log_options o = c->probe.options;
    o.directory = COPY;
    struct log *l = log_open(&o, &e);
    if (!l) {
        must_be(&e, "XX001");
        return false;
    }
    must(log_close(l, &e), &e);
    assert_log_holds(c, COPY, acknowledged);
    return true;
}

static void *copy_often(void *arg) {
    struct crowd *c = arg;
    uint32_t acknowledged[WRITERS];
    struct log_verdict verdict;
    struct err e = {0};
    for (uint32_t i = 0; !c->ends; i++) {
        take_acknowledged(c, acknowledged);
        bool salvaged =
            i % 2 && log_salvage(c->probe.options.fs, PROBE_DIRECTORY, COPY, NULL, &verdict, &e);
        if (salvaged) {
            assert(verdict.holes == 0);
            bool opens = copy_opens(c, acknowledged);
            assert(opens);
        } else if (i % 2) {
            must_be(&e, "55000"); /* segments went meanwhile */
        } else {
            if (copy_files(&c->probe)) copy_opens(c, acknowledged);
        }
        copy_remove(&c->probe);
    }
    return NULL;
}

static void copies_of_a_running_log_are_whole_or_refused(void **unused) {
    (void)unused;
    struct random r = random_start("copies");
    static struct crowd c;
    for (uint32_t round = random_rounds(4); round > 0; round--) {
        pthread_t copier;
        crowd_init(&c, random_u64(&r), APPENDS_MAX);
        c.checkpoints = true;
        assert_int_equal(pthread_create(&copier, NULL, copy_often, &c), 0);
        crowd_start(&c);
        crowd_join(&c);
        c.ends = true;
        pthread_join(copier, NULL);
        probe_close(&c.probe);
        probe_done(&c.probe);
    }
}

/* Readers beside writers see whole groups, in order, and no damage. */
static void *read_often(void *arg) {
    struct crowd *c = arg;
    struct err e = {0};
    while (!c->ends) {
        uint64_t before = 0;
        bool got = true;
        struct log_reader *r = log_reader_open(c->probe.options.fs, PROBE_DIRECTORY, 0, &e);
        if (!r) {
            must_be(&e, "55000");
            continue;
        }
        while (got) {
            struct log_record record;
            if (!log_reader_next(r, &record, &got, &e)) {
                must_be(&e, "55000");
                break;
            }
            if (!got) break;
            assert(record.place > before);
            assert(record.body.bytes == body_bytes(record.kind, record.object));
            before = record.place;
        }
        log_reader_close(r);
    }
    return NULL;
}

static void *read_places(void *arg) {
    struct crowd *c = arg;
    struct err e = {0};
    struct arena a;
    arena_init(&a, 0);
    for (uint32_t i = 0; !c->ends; i++) {
        const struct writer *w = &c->writer[i % WRITERS];
        uint32_t there = w->acknowledged;
        struct log_record record;
        if (there == 0) continue;
        uint32_t which = i % there;
        if (log_read(c->probe.log, w->lsn[which], &a, &record, &e)) {
            assert(record.object == which);
            assert(record.kind == w->number);
        } else {
            must_be(&e, "55000");
        }
        arena_reset(&a);
    }
    arena_done(&a);
    return NULL;
}

static void readers_beside_writers_see_no_damage(void **unused) {
    (void)unused;
    struct random r = random_start("readers");
    static struct crowd c;
    for (uint32_t round = random_rounds(4); round > 0; round--) {
        pthread_t reader, places;
        crowd_init(&c, random_u64(&r), APPENDS_MAX);
        c.checkpoints = true;
        assert_int_equal(pthread_create(&reader, NULL, read_often, &c), 0);
        assert_int_equal(pthread_create(&places, NULL, read_places, &c), 0);
        crowd_start(&c);
        crowd_join(&c);
        c.ends = true;
        pthread_join(reader, NULL);
        pthread_join(places, NULL);
        probe_close(&c.probe);
        probe_done(&c.probe);
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_writer_finds_its_records),
        cmocka_unit_test(a_failure_is_told_to_all),
        cmocka_unit_test(copies_of_a_running_log_are_whole_or_refused),
        cmocka_unit_test(readers_beside_writers_see_no_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
