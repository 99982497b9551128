/* log_test.c: what the log promises, on a simulated disk, beside a model in memory. */
#include "storage/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "storage/log_dir.h"
#include "storage/log_format.h"
#include "tests/unit/storage/log_probe.h"

/* One step of a life, by luck. */
static void live(struct probe *p, struct random *r) {
    struct err e = {0};
    uint64_t luck = random_below(r, 100);
    if (luck < 60) {
        probe_append(p, 1 + (uint32_t)random_below(r, luck < 5 ? 16 : 3));
    } else if (luck < 65 && p->acknowledged > 0) {
        probe_carry(p, (uint32_t)random_below(r, p->acknowledged));
    } else if (luck < 90) {
        probe_wait(p);
    } else if (p->acknowledged > 0) {
        /* A checkpoint is a record that was waited for; what it needs lies before it. */
        uint64_t place = p->record[p->acknowledged - 1].place, back = random_below(r, 200000);
        if (place < log_oldest(p->log) || p->options.durability == LOG_NONE) return;
        if (log_checkpoint(p->log) != LOG_LSN_NONE && place < log_checkpoint(p->log)) return;
        assert_true(log_set_checkpoint(p->log, place, place > back ? place - back : 0, &e));
    }
}

/* How a life ends. Promised are: by 'sync' all that was acknowledged, after loss of power too; by
 * 'os' that after the end of the process; by 'none' nothing; after close, everything. */
static bool life_ends(struct probe *p, struct random *r) {
    uint64_t luck = random_below(r, 3);
    enum file_sim_loss loss = luck == 1 ? FILE_SIM_KILL : FILE_SIM_POWER;
    if (luck == 0) {
        probe_close(p);
        return true;
    }
    if (p->options.durability != LOG_SYNC && loss == FILE_SIM_POWER) p->acknowledged = 0;
    probe_crash(p, loss);
    return false;
}

static void lives_agree(struct random *r, enum log_durability durability) {
    struct probe p;
    uint64_t checkpoint = LOG_LSN_NONE;
    bool closed = true;
    probe_init(&p, random_u64(r), durability);
    for (uint32_t life = 0; life < 12; life++) {
        probe_open(&p);
        /* After a crash it may be an older one. */
        if (closed) assert_true(log_checkpoint(p.log) == checkpoint);
        probe_check(&p);
        probe_check_reads(&p);
        for (uint64_t step = random_below(r, 150); step > 0; step--) live(&p, r);
        checkpoint = log_checkpoint(p.log);
        closed = life_ends(&p, r);
    }
    probe_done(&p);
}

static void the_log_holds_what_was_acknowledged(void **unused) {
    (void)unused;
    struct random r = random_start("lives");
    for (uint32_t i = random_rounds(15); i > 0; i--) {
        lives_agree(&r, LOG_SYNC);
        lives_agree(&r, LOG_OS);
        lives_agree(&r, LOG_NONE);
    }
}

static void segments_go_that_nothing_needs(void **unused) {
    (void)unused;
    struct probe p;
    struct err e = {0};
    probe_init(&p, 5, LOG_SYNC);
    probe_open(&p);
    for (uint32_t i = 0; i < 2000; i++) {
        probe_append(&p, 1);
        probe_wait(&p);
        uint64_t place = p.record[p.count - 1].lsn;
        assert_true(log_set_checkpoint(p.log, place, place, &e));
    }
    struct probe_files f = {.count = 0};
    probe_files_take(&p, &f);
    assert_true(f.count <= 1 + LOG_SPARES_MAX + 1);
    assert_true(log_oldest(p.log) > p.record[p.count - 100].lsn);
    probe_files_done(&f);
    probe_check_reads(&p);
    probe_close(&p);
    probe_open(&p);
    probe_check(&p);
    probe_done(&p);
}

/* A group that is longer than a segment gets one of its own, and the log goes on behind it. */
static void long_groups_have_room(void **unused) {
    (void)unused;
    struct probe p;
    probe_init(&p, 6, LOG_SYNC);
    p.body_bytes_max = 300000;
    for (int life = 0; life < 3; life++) {
        probe_open(&p);
        for (int i = 0; i < 10; i++) probe_append(&p, 3);
        probe_check_reads(&p);
        probe_close(&p);
    }
    probe_open(&p);
    probe_check(&p);
    probe_done(&p);
}

static void one_process_holds_a_directory(void **unused) {
    (void)unused;
    struct probe p;
    struct err e = {0};
    probe_init(&p, 7, LOG_SYNC);
    probe_open(&p);
    assert_null(log_open(&p.options, &e));
    assert_string_equal(e.sqlstate, "55006");
    assert_non_null(strstr(e.message, PROBE_DIRECTORY));
    probe_close(&p);
    probe_open(&p);
    probe_done(&p);
}

static void other_versions_are_refused(void **unused) {
    (void)unused;
    struct probe p;
    struct err e = {0};
    probe_init(&p, 8, LOG_SYNC);
    probe_open(&p);
    probe_append(&p, 1);
    probe_close(&p);
    struct probe_files f = {.count = 0};
    probe_files_take(&p, &f);
    struct log_segment_head head = {.bytes = f.file[0].count, .salt = p.options.salt};
    log_segment_encode_version(&head, LOG_VERSION + 1, f.file[0].bytes);
    probe_files_put(&p, &f);
    assert_null(log_open(&p.options, &e));
    assert_string_equal(e.sqlstate, "0A000");
    assert_non_null(strstr(e.message, "version 2"));
    probe_files_done(&f);
    probe_done(&p);
}

/* Where a reader begins shows only in what it leaves out. */
static void readers_begin_anywhere(void **unused) {
    (void)unused;
    struct probe p;
    struct err e = {0};
    probe_init(&p, 9, LOG_SYNC);
    probe_open(&p);
    for (int i = 0; i < 100; i++) {
        probe_append(&p, 3);
        if (i % 2) probe_wait(&p);
    }
    probe_wait(&p);
    for (uint32_t i = 0; i < p.count; i += 7) {
        bool got;
        struct log_record record;
        struct log_reader *r =
            log_reader_open(p.options.fs, PROBE_DIRECTORY, p.record[i].lsn - i % 2, &e);
        assert_non_null(r);
        assert_true(log_reader_next(r, &record, &got, &e) && got);
        assert_int_equal(record.lsn, p.record[i].lsn);
        log_reader_close(r);
    }
    probe_done(&p);
}

static int64_t clock_back(void) {
    return 5;
}

static void log_time_never_goes_back(void **unused) {
    (void)unused;
    struct probe p;
    probe_init(&p, 10, LOG_SYNC);
    probe_open(&p);
    probe_append(&p, 2);
    probe_close(&p);
    p.options.clock_us = clock_back;
    probe_open(&p);
    probe_append(&p, 2);
    probe_wait(&p);
    probe_check(&p); /* all have the time of the first */
    probe_done(&p);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_log_holds_what_was_acknowledged),
        cmocka_unit_test(segments_go_that_nothing_needs),
        cmocka_unit_test(long_groups_have_room),
        cmocka_unit_test(one_process_holds_a_directory),
        cmocka_unit_test(other_versions_are_refused),
        cmocka_unit_test(readers_begin_anywhere),
        cmocka_unit_test(log_time_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
