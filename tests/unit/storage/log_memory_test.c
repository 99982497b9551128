/* log_memory_test.c: every allocation of a log's life fails once, on a real directory: it is told,
 * nothing is lost that was acknowledged, and the log goes on where it can. The linker puts these in
 * place of the library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "storage/file_posix.h"
#include "storage/log_verify.h"

enum { RECORDS = 24, BODY_BYTES = 5000 };

struct memory {
    uint64_t calls, fail_at; /* 0: none fails */
};

static struct memory *memory(void) {
    static struct memory m;
    return &m;
}

static bool refuses(void) {
    struct memory *m = memory();
    m->calls++;
    return m->calls == m->fail_at;
}

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__real_realloc(void *at, size_t bytes);
void *__wrap_realloc(void *at, size_t bytes);
void *__real_aligned_alloc(size_t align, size_t bytes);
void *__wrap_aligned_alloc(size_t align, size_t bytes);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t bytes) {
    return refuses() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes) {
    return refuses() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *at, size_t bytes) {
    return refuses() ? NULL : __real_realloc(at, bytes);
}

void *__wrap_aligned_alloc(size_t align, size_t bytes) {
    return refuses() ? NULL : __real_aligned_alloc(align, bytes);
}

char *__wrap_strdup(const char *text) {
    return refuses() ? NULL : __real_strdup(text);
}

struct life {
    char directory[64], salvaged[80];
    uint64_t lsn[RECORDS];
    uint32_t acknowledged;
};

static int64_t clock_us(void) {
    return 1;
}

static struct log *life_open(const struct life *f, struct err *e) {
    const struct log_options o = {
        .fs = file_system_posix(),
        .directory = f->directory,
        .segment_bytes = 32 << 10,
        .clock_us = clock_us,
        .salt = 3,
    };
    return log_open(&o, e);
}

/* Appends what is missing of the records, and waits for each. */
static bool life_append(struct life *f, struct log *l, struct err *e) {
    char body[BODY_BYTES];
    memset(body, 'b', sizeof body);
    while (f->acknowledged < RECORDS) {
        uint32_t i = f->acknowledged;
        const struct log_entry entry = {.kind = 1,
                                        .object = i,
                                        .body = {.at = body, .bytes = sizeof body},
                                        .first_lsn = LOG_LSN_NONE};
        if (!log_append(l, &entry, 1, &f->lsn[i], e) || !log_wait(l, f->lsn[i], e)) return false;
        f->acknowledged++;
        uint64_t needed = i >= 10 ? f->lsn[i - 10] : 0;
        if (!log_set_checkpoint(l, f->lsn[i], needed, e)) return false;
    }
    return true;
}

/* Reads the last records by place, all by a reader, and looks at the log as a whole. */
static bool life_read(struct life *f, struct log *l, struct err *e) {
    struct arena a;
    struct log_record record;
    struct log_verdict verdict;
    bool got = true;
    arena_init(&a, 0);
    bool ok = f->acknowledged == 0 || log_read(l, f->lsn[f->acknowledged - 1], &a, &record, e);
    arena_done(&a);
    struct log_reader *r = ok ? log_reader_open(file_system_posix(), f->directory, 0, e) : NULL;
    ok = r != NULL;
    while (ok && got) ok = log_reader_next(r, &record, &got, e);
    log_reader_close(r);
    return ok && log_verify(file_system_posix(), f->directory, NULL, &verdict, e) &&
           log_salvage(file_system_posix(), f->directory, f->salvaged, NULL, &verdict, e);
}

static bool life_run(struct life *f, struct err *e) {
    struct err closing = {0};
    struct log *l = life_open(f, e);
    bool ok = l && life_append(f, l, e) && life_read(f, l, e);
    if (l && !log_close(l, &closing) && ok) {
        *e = closing;
        ok = false;
    }
    return ok;
}

static void remove_all(const struct life *f) {
    char command[200];
    snprintf(command, sizeof command, "rm -rf '%s'", f->directory);
    assert_int_equal(system(command), 0);
}

static void life_init(struct life *f) {
    *f = (struct life){.acknowledged = 0};
    /* In memory if there is such a place: nothing is gained here by waiting for a disk. */
    bool memory = access("/dev/shm", W_OK) == 0;
    snprintf(f->directory, sizeof f->directory, "%s/weir-log-memory-XXXXXX",
             memory ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(f->directory));
    snprintf(f->salvaged, sizeof f->salvaged, "%s/salvaged", f->directory);
}

/* All that was acknowledged is there, and the rest of the work can be done. */
static void assert_goes_on(struct life *f) {
    struct err e = {0};
    char command[200];
    uint32_t before = f->acknowledged;
    struct log *l = life_open(f, &e);
    if (!l) fail_msg("%s", e.message);
    for (uint32_t i = 0; i < before; i++) {
        struct arena a;
        struct log_record record;
        arena_init(&a, 0);
        bool ok = log_read(l, f->lsn[i], &a, &record, &e);
        if (ok) assert_int_equal(record.object, i);
        if (!ok) assert_true(f->lsn[i] < log_oldest(l));
        arena_done(&a);
    }
    assert_true(log_close(l, &e));
    snprintf(command, sizeof command, "rm -rf '%s'", f->salvaged);
    assert_int_equal(system(command), 0);
    assert_true(life_run(f, &e));
    assert_int_equal(f->acknowledged, RECORDS);
}

static void every_allocation_may_fail(void **unused) {
    (void)unused;
    bool more = true;
    uint64_t failures = 0;
    for (uint64_t at = 1; more; at++) {
        struct life f;
        struct err e = {0};
        life_init(&f);
        *memory() = (struct memory){.fail_at = at};
        bool ok = life_run(&f, &e);
        more = memory()->calls >= at;
        memory()->fail_at = 0;
        if (!ok) {
            assert_true(more);
            assert_string_equal(e.sqlstate, "53200");
            failures++;
        }
        assert_goes_on(&f);
        remove_all(&f);
    }
    assert_true(failures > 30);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
