/* log_bench.c: durable appends to the log, and what they are measured against.
 *
 *     log_bench DIR appends WRITERS IN_FLIGHT SECONDS   acknowledged records a second
 *     log_bench DIR sqlite SECONDS                      transactions a second: WAL, FULL
 *     log_bench DIR groups SECONDS                      MB/s in groups of 1 MiB
 *     log_bench DIR bare SECONDS                        MB/s of write(2) alone, direct, 1 MiB
 *
 * A record has 100 bytes. The log is on a directory of its own below DIR and is gone at the end.
 */
#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "storage/file_posix.h"
#include "storage/log.h"

enum { BODY_BYTES = 100, WRITERS_MAX = 64, MIB = 1 << 20, SEGMENT_BYTES = 64 << 20, KEPT = 4 };

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void must(bool ok, const struct err *e) {
    if (ok) return;
    fprintf(stderr, "log_bench: %s\n", e->message);
    _exit(1);
}

struct bench {
    char directory[200];
    struct log *log;
    int64_t until_us;
    uint32_t in_flight;
};

struct writer {
    struct bench *bench;
    pthread_t thread;
    uint64_t acknowledged;
};

static void bench_open(struct bench *b) {
    struct err e = {0};
    const struct log_options o = {
        .fs = file_system_posix(),
        .directory = b->directory,
        .segment_bytes = SEGMENT_BYTES,
        .durability = LOG_SYNC,
        .clock_us = now_us,
        .salt = 1,
        .writer_thread = true,
    };
    b->log = log_open(&o, &e);
    must(b->log != NULL, &e);
}

static void remove_all(const char *directory) {
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    assert(system(command) == 0);
}

static void bench_close(struct bench *b) {
    struct err e = {0};
    must(log_close(b->log, &e), &e);
    remove_all(b->directory);
}

/* Keeps `in_flight` records on their way and waits for the oldest; releases what is old. */
static void *writer_run(void *arg) {
    struct writer *w = arg;
    struct bench *b = w->bench;
    char body[BODY_BYTES] = {1};
    const struct log_entry entry = {
        .kind = 1, .body = {.at = body, .bytes = sizeof body}, .first_lsn = LOG_LSN_NONE};
    struct err e = {0};
    while (now_us() < b->until_us) {
        uint64_t lsn = 0;
        for (uint32_t i = 1; i < b->in_flight; i++) {
            must(log_append(b->log, &entry, 1, &lsn, &e), &e);
        }
        must(log_append_wait(b->log, &entry, 1, &lsn, &e), &e);
        w->acknowledged += b->in_flight;
        if (w->acknowledged % (1 << 12) == 0) must(log_set_checkpoint(b->log, lsn, lsn, &e), &e);
    }
    return NULL;
}

static double appends(struct bench *b, uint32_t writers, double seconds) {
    struct writer writer[WRITERS_MAX];
    uint64_t total = 0;
    assert(writers <= WRITERS_MAX);
    bench_open(b);
    int64_t start = now_us();
    b->until_us = start + (int64_t)(seconds * 1e6);
    for (uint32_t i = 0; i < writers; i++) {
        writer[i] = (struct writer){.bench = b};
        assert(pthread_create(&writer[i].thread, NULL, writer_run, &writer[i]) == 0);
    }
    for (uint32_t i = 0; i < writers; i++) {
        pthread_join(writer[i].thread, NULL);
        total += writer[i].acknowledged;
    }
    double took = (double)(now_us() - start) / 1e6;
    bench_close(b);
    return (double)total / took;
}

/* Groups of 1 MiB, one being gathered while the one before is written. */
static double groups(struct bench *b, double seconds) {
    struct err e = {0};
    char *body = malloc(MIB);
    assert(body);
    memset(body, 7, MIB);
    bench_open(b);
    const struct log_entry entry = {
        .kind = 1, .body = {.at = body, .bytes = MIB - 4096}, .first_lsn = LOG_LSN_NONE};
    uint64_t before = LOG_LSN_NONE, lsn, count = 0, warm = 8 * SEGMENT_BYTES / MIB;
    int64_t start = 0;
    do {
        must(log_append(b->log, &entry, 1, &lsn, &e), &e);
        if (before != LOG_LSN_NONE) {
            must(log_wait(b->log, before, &e), &e);
            must(log_set_checkpoint(b->log, before, before, &e), &e);
        }
        before = lsn;
        if (++count == warm) start = now_us();
    } while (count < warm || now_us() < start + (int64_t)(seconds * 1e6));
    double rate = (double)(count - warm) * MIB / (double)(now_us() - start);
    bench_close(b);
    free(body);
    return rate;
}

static double bare(struct bench *b, double seconds) {
    char *body = aligned_alloc(4096, MIB);
    assert(body);
    memset(body, 7, MIB);
    int plain = open(b->directory, O_WRONLY | O_CREAT, 0666);
    assert(plain >= 0);
    for (int i = 0; i < SEGMENT_BYTES / MIB; i++) assert(write(plain, body, MIB) == MIB);
    assert(fsync(plain) == 0 && close(plain) == 0);
    int fd = open(b->directory, O_WRONLY | O_DIRECT | O_DSYNC);
    assert(fd >= 0);
    uint64_t count = 0;
    int64_t start = now_us();
    while (now_us() < start + (int64_t)(seconds * 1e6)) {
        off_t at = (off_t)(count++ % (SEGMENT_BYTES / MIB)) * MIB;
        assert(pwrite(fd, body, MIB, at) == MIB);
    }
    double rate = (double)count * MIB / (double)(now_us() - start);
    close(fd);
    unlink(b->directory);
    free(body);
    return rate;
}

static double sqlite(struct bench *b, double seconds) {
    char path[260], body[BODY_BYTES] = {1};
    sqlite3 *db;
    sqlite3_stmt *insert;
    snprintf(path, sizeof path, "mkdir -p '%s'", b->directory);
    assert(system(path) == 0);
    snprintf(path, sizeof path, "%s/db", b->directory);
    assert(sqlite3_open(path, &db) == SQLITE_OK);
    assert(sqlite3_exec(db,
                        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t(b)",
                        NULL, NULL, NULL) == SQLITE_OK);
    assert(sqlite3_prepare_v2(db, "INSERT INTO t VALUES (?)", -1, &insert, NULL) == SQLITE_OK);
    uint64_t count = 0;
    int64_t start = now_us();
    for (; now_us() < start + (int64_t)(seconds * 1e6); count++) {
        sqlite3_bind_blob(insert, 1, body, sizeof body, SQLITE_STATIC);
        assert(sqlite3_step(insert) == SQLITE_DONE);
        sqlite3_reset(insert);
    }
    double rate = (double)count * 1e6 / (double)(now_us() - start);
    sqlite3_finalize(insert);
    sqlite3_close(db);
    remove_all(b->directory);
    return rate;
}

int main(int argc, char **argv) {
    struct bench b = {.in_flight = 1};
    if (argc < 4) {
        fprintf(stderr, "usage: log_bench DIR appends WRITERS IN_FLIGHT SECONDS | sqlite SECONDS | "
                        "groups SECONDS | bare SECONDS\n");
        return 2;
    }
    snprintf(b.directory, sizeof b.directory, "%s/log_bench.%d", argv[1], (int)getpid());
    double seconds = strtod(argv[argc - 1], NULL), rate = 0;
    if (strcmp(argv[2], "sqlite") == 0) rate = sqlite(&b, seconds);
    if (strcmp(argv[2], "groups") == 0) rate = groups(&b, seconds);
    if (strcmp(argv[2], "bare") == 0) rate = bare(&b, seconds);
    if (strcmp(argv[2], "appends") == 0 && argc == 6) {
        b.in_flight = (uint32_t)strtoul(argv[4], NULL, 10);
        rate = appends(&b, (uint32_t)strtoul(argv[3], NULL, 10), seconds);
    }
    printf("%.0f\n", rate);
    return rate > 0 ? 0 : 1;
}
