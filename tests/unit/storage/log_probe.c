/* log_probe.c: see log_probe.h. */
#include "tests/unit/storage/log_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static uint64_t mix(uint64_t seed, uint64_t n) {
    struct random r = {seed ^ n * UINT64_C(0x9E3779B97F4A7C15)};
    return random_u64(&r);
}

/* The clock goes back now and then; log time must not. */
int64_t probe_clock(void) {
    return 1700000000000000;
}

void probe_init(struct probe *p, uint64_t seed, enum log_durability durability) {
    struct file_sim_options sim = {.seed = seed};
    *p = (struct probe){.seed = seed, .body_bytes_max = 3000};
    p->sim = file_sim_create(&sim);
    p->record = calloc(PROBE_RECORDS_MAX, sizeof *p->record);
    assert_non_null(p->record);
    p->options = (struct log_options){
        .fs = file_sim_system(p->sim),
        .directory = PROBE_DIRECTORY,
        .segment_bytes = 64 << 10,
        .durability = durability,
        .clock_us = probe_clock,
        .salt = mix(seed, 99),
    };
}

void probe_done(struct probe *p) {
    if (p->log) probe_crash(p, FILE_SIM_KILL);
    file_sim_destroy(p->sim);
    free(p->record);
}

void probe_open(struct probe *p) {
    struct err e = {0};
    assert_null(p->log);
    p->log = log_open(&p->options, &e);
    if (!p->log) fail_msg("open: %s", e.message);
}

void probe_close(struct probe *p) {
    struct err e = {0};
    bool ok = log_close(p->log, &e);
    p->log = NULL;
    if (!ok) fail_msg("close: %s", e.message);
    p->acknowledged = p->count;
}

void probe_crash(struct probe *p, enum file_sim_loss loss) {
    struct err e = {0};
    if (!file_sim_stopped(p->sim)) {
        uint64_t next = file_sim_calls(p->sim) + 1;
        file_sim_fault(p->sim, (struct file_sim_fault){.kind = FILE_SIM_STOP, .at = next});
    }
    if (p->log && log_close(p->log, &e)) p->acknowledged = p->count; /* it had nothing to do */
    p->log = NULL;
    file_sim_restart(p->sim, loss);
}

static uint32_t body_bytes(const struct probe *p, uint64_t n) {
    return (uint32_t)(mix(p->seed, n) % (p->body_bytes_max + 1));
}

static void body_fill(const struct probe *p, uint64_t n, char *to) {
    uint32_t bytes = body_bytes(p, n);
    for (uint32_t i = 0; i < bytes; i++) to[i] = (char)(mix(p->seed, n) >> 8 * (i % 7));
}

/* Record n as it is appended; the body is the caller's to free. */
static struct log_entry entry_of(const struct probe *p, uint64_t n) {
    char *body = malloc((size_t)body_bytes(p, n) + 1);
    assert_non_null(body);
    body_fill(p, n, body);
    return (struct log_entry){
        .kind = (uint16_t)(mix(p->seed, n) >> 20),
        .object = (uint32_t)n,
        .body = {.at = body, .bytes = body_bytes(p, n)},
        .first_lsn = LOG_LSN_NONE,
    };
}

/* The number of the record that index `i` holds: its own, or that of the one it carries. */
static uint64_t number_of(const struct probe *p, uint32_t i) {
    uint32_t k = i;
    while (p->record[k].place != p->record[i].lsn) {
        assert_true(k > 0);
        k--;
    }
    return k;
}

bool probe_append_try(struct probe *p, uint32_t count, struct err *e) {
    struct log_entry entry[16];
    uint64_t place[16];
    assert_true(count <= 16 && p->count + count <= PROBE_RECORDS_MAX);
    for (uint32_t i = 0; i < count; i++) entry[i] = entry_of(p, p->count + i);
    bool ok = log_append(p->log, entry, count, place, e);
    for (uint32_t i = 0; i < count; i++) free((char *)(uintptr_t)entry[i].body.at);
    if (!ok) return false;

    for (uint32_t i = 0; i < count; i++) {
        assert_true(p->count == 0 || place[i] > p->record[p->count - 1].place);
        p->record[p->count++] =
            (struct probe_record){.lsn = place[i], .place = place[i], .group = p->groups};
    }
    p->groups++;
    return true;
}

void probe_append(struct probe *p, uint32_t count) {
    struct err e = {0};
    if (!probe_append_try(p, count, &e)) fail_msg("append: %s", e.message);
}

void probe_carry(struct probe *p, uint32_t index) {
    struct err e = {0};
    struct log_entry entry = entry_of(p, number_of(p, index));
    uint64_t place;
    entry.first_lsn = p->record[index].lsn;
    entry.time_us = probe_clock();
    assert_true(log_append(p->log, &entry, 1, &place, &e));
    assert_true(place > entry.first_lsn);
    free((char *)(uintptr_t)entry.body.at);
    p->record[p->count++] =
        (struct probe_record){.lsn = entry.first_lsn, .place = place, .group = p->groups++};
}

bool probe_wait_try(struct probe *p, struct err *e) {
    if (p->count == 0) return true;
    if (!log_wait(p->log, log_end(p->log) - 1, e)) return false;
    if (p->options.durability != LOG_NONE) p->acknowledged = p->count;
    return true;
}

void probe_wait(struct probe *p) {
    struct err e = {0};
    if (!probe_wait_try(p, &e)) fail_msg("wait: %s", e.message);
}

static void assert_record(const struct probe *p, uint32_t i, const struct log_record *got) {
    uint64_t n = number_of(p, i);
    struct log_entry want = entry_of(p, n);
    assert_int_equal(got->lsn, p->record[i].lsn);
    assert_int_equal(got->kind, want.kind);
    assert_int_equal(got->object, want.object);
    assert_int_equal(got->body.bytes, want.body.bytes);
    assert_memory_equal(got->body.at, want.body.at, want.body.bytes);
    assert_true(got->time_us == probe_clock());
    assert_int_equal(got->place, p->record[i].place);
    free((char *)(uintptr_t)want.body.at);
}

/* The index in the model of the first record that the log still has. */
static uint32_t first_kept(const struct probe *p, const struct log_record *got) {
    for (uint32_t i = 0; i < p->count; i++) {
        if (p->record[i].place == got->place) return i;
    }
    fail_msg("the log begins with a record that was never appended");
    return 0;
}

/* A group is there, or it is not. */
static void forget_behind(struct probe *p, uint32_t there) {
    assert_true(there >= p->acknowledged);
    assert_true(there == p->count || there == 0 ||
                p->record[there - 1].group != p->record[there].group);
    p->count = there;
    p->acknowledged = there;
}

void probe_check(struct probe *p) {
    struct err e = {0};
    struct log_reader *r = log_reader_open(p->options.fs, PROBE_DIRECTORY, 0, &e);
    if (!r) fail_msg("reader: %s", e.message);
    uint32_t at = 0;
    for (bool first = true, got = true; got; first = false) {
        struct log_record record;
        if (!log_reader_next(r, &record, &got, &e)) fail_msg("reader: %s", e.message);
        if (!got) break;
        if (first) at = first_kept(p, &record);
        assert_true(at < p->count);
        assert_record(p, at++, &record);
    }
    log_reader_close(r);
    if (at < p->count) forget_behind(p, at);
}

void probe_check_reads(struct probe *p) {
    struct err e = {0};
    struct arena a;
    arena_init(&a, 0);
    for (uint32_t i = 0; i < p->count; i++) {
        struct log_record record;
        uint64_t place = p->record[i].place;
        bool ok = log_read(p->log, place, &a, &record, &e);
        if (place < log_oldest(p->log)) {
            assert_false(ok);
            assert_string_equal(e.sqlstate, "55000");
            continue;
        }
        if (!ok) fail_msg("read: %s", e.message);
        assert_record(p, i, &record);
        arena_reset(&a);
    }
    arena_done(&a);
}

void probe_files_take(struct probe *p, struct probe_files *out) {
    static const char folder[] = PROBE_DIRECTORY "/log";
    struct err e = {0};
    struct arena a;
    char **name;
    arena_init(&a, 0);
    assert_true(file_list(p->options.fs, folder, &a, &name, &out->count, &e));
    assert_true(out->count <= PROBE_FILES_MAX);
    for (uint32_t i = 0; i < out->count; i++) {
        struct probe_file *f = &out->file[i];
        struct text text;
        snprintf(f->path, sizeof f->path, "%s/%s", folder, name[i]);
        assert_true(file_read_all(p->options.fs, f->path, 1 << 24, &a, &text, &e));
        f->bytes = malloc((size_t)text.bytes + 1);
        assert_non_null(f->bytes);
        memcpy(f->bytes, text.at, text.bytes);
        f->count = text.bytes;
    }
    arena_done(&a);
}

void probe_files_put(struct probe *p, const struct probe_files *f) {
    struct probe_files there = {.count = 0};
    struct err e = {0};
    probe_files_take(p, &there);
    for (uint32_t i = 0; i < there.count; i++) {
        assert_true(file_remove(p->options.fs, there.file[i].path, &e));
    }
    probe_files_done(&there);
    for (uint32_t i = 0; i < f->count; i++) {
        file_sim_put(p->sim, f->file[i].path, f->file[i].bytes, f->file[i].count);
    }
}

void probe_files_done(struct probe_files *f) {
    for (uint32_t i = 0; i < f->count; i++) free(f->file[i].bytes);
    f->count = 0;
}
