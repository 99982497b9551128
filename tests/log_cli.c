/* log_cli.c: what `weir log` prints of a log that is made here, sound and damaged.
 *
 *     log_cli WEIR
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "storage/file_posix.h"
#include "storage/log.h"
#include "storage/log_kind.h"

static char directory[] = "/tmp/weir-log-cli-XXXXXX";

struct check {
    const char *weir;
    uint32_t passed, failed;
};

static int64_t clock_us(void) {
    return INT64_C(1436918400123456);
}

static bool say(const struct err *e) {
    printf("log_cli: %s: %s\n", e->sqlstate, e->message);
    return false;
}

static bool make_log(void) {
    struct err e = {0};
    uint64_t place[3];
    const struct log_options o = {
        .fs = file_system_posix(),
        .directory = directory,
        .segment_bytes = 16 << 10,
        .clock_us = clock_us,
        .salt = 9,
    };
    const struct log_entry entry[] = {
        {.kind = LOG_DDL,
         .object = 3,
         .body = TEXT_LITERAL("CREATE STREAM s (a BIGINT)"),
         .first_lsn = LOG_LSN_NONE},
        {.kind = LOG_ROWS,
         .object = 4,
         .body = TEXT_LITERAL("\x01\xff"
                              "z\xc3\xbc\n"),
         .first_lsn = LOG_LSN_NONE},
    };
    struct log *l = log_open(&o, &e);
    if (!l) return say(&e);
    if (!log_append(l, entry, 2, place, &e) || !log_wait(l, place[1], &e)) return say(&e);
    struct log_entry carried = entry[0];
    carried.first_lsn = place[0];
    carried.time_us = clock_us() - 1000;
    if (!log_append(l, &carried, 1, place, &e)) return say(&e);
    return log_close(l, &e) || say(&e);
}

static char *ended_text(struct buf *b) {
    buf_add(b, "", 1);
    return b->failed ? NULL : b->at;
}

/* Everything that `weir log WORDS` prints, stdout before stderr, and its status; the directory's
 * name is replaced by D. */
static char *run(const struct check *c, const char *words, struct buf *out) {
    struct buf command;
    char piece[4096];
    buf_init(&command);
    buf_addf(&command,
             "cd '%s' && { '%s' log %s 2>err; echo \"status $?\"; cat err; } | sed 's|%s|D|g'",
             directory, c->weir, words, directory);
    if (!ended_text(&command)) return NULL;
    FILE *pipe = popen(command.at, "r");
    buf_done(&command);
    if (!pipe) return NULL;
    buf_reset(out);
    for (size_t n; (n = fread(piece, 1, sizeof piece, pipe)) > 0;) buf_add(out, piece, n);
    return pclose(pipe) == -1 ? NULL : ended_text(out);
}

static void expect(struct check *c, const char *words, const char *want) {
    struct buf out;
    buf_init(&out);
    const char *got = run(c, words, &out);
    if (got && strcmp(got, want) == 0) {
        c->passed++;
    } else {
        c->failed++;
        printf("weir log %s\n--- wanted\n%s--- got\n%s", words, want, got ? got : "nothing\n");
    }
    buf_done(&out);
}

/* Turns one byte of the first segment. */
static bool damage(uint32_t offset) {
    char path[100], byte = 0;
    snprintf(path, sizeof path, "%s/log/0000000000000000.seg", directory);
    int fd = open(path, O_RDWR);
    bool ok = fd >= 0 && pread(fd, &byte, 1, offset) == 1;
    byte ^= 1;
    ok = ok && pwrite(fd, &byte, 1, offset) == 1;
    close(fd);
    return ok;
}

static void expect_sound(struct check *c) {
    expect(c, ". --verify",
           "LSN 0 to 16384: 1 segments, 3 groups, 3 records\n"
           "16384 bytes are sound, 0 are damaged; closed in order\nstatus 0\n");
    expect(c, ". --limit 1",
           "        4192  2015-07-15 00:00:00.123456  ddl             3        26  "
           "CREATE STREAM s (a BIGINT)\nstatus 0\n");
    expect(c, ". --from 4200",
           "        4256  2015-07-15 00:00:00.123456  rows            4         6  ..z\xc3\xbc.\n"
           "        4192  2015-07-15 00:00:00.122456  ddl             3        26  "
           "CREATE STREAM s (a BIGINT)  (carried to 8288)\nstatus 0\n");
    expect(c, ". --from 4200 --format ndjson --limit 1",
           "{\"lsn\":4256,\"place\":4256,\"time\":\"2015-07-15 00:00:00.123456\",\"kind\":\"rows\","
           "\"object\":4,\"bytes\":6,\"text\":\"..z\xc3\xbc.\"}\nstatus 0\n");
    expect(c, ". --salvage copy --format ndjson",
           "{\"segments\":1,\"first\":0,\"end\":16384,\"groups\":3,\"records\":3,"
           "\"sound_bytes\":16384,\"damaged_bytes\":0,\"void_bytes\":0,\"closed\":true}\n"
           "status 0\n");
    expect(c, ". --salvage copy", "status 3\nERROR:  58030: copy holds a log already\n");
}

#define SENTENCE                                                                                   \
    "ERROR:  XX001: the log is damaged: segment 0000000000000000.seg, offset 4096: the group is "  \
    "not what was written\n"                                                                       \
    "HINT:  weir log . --verify says how much is sound, --salvage OUT copies that\n"

static void expect_damaged(struct check *c) {
    static const char judged[] =
        "LSN 0 to 16384: 1 segments, 2 groups, 1 records\n"
        "12288 bytes are sound, 4096 are damaged; closed in order\nstatus 3\n"
        "damage: segment 0000000000000000.seg, offset 4096, 4096 bytes: the group is not what was "
        "written\n" SENTENCE;
    expect(c, ".", "status 3\n" SENTENCE);
    expect(c, ". --verify", judged);
    expect(c, ". --salvage saved", judged);
    expect(c, "saved --verify",
           "LSN 0 to 20480: 1 segments, 4 groups, 1 records\n"
           "16384 bytes are sound, 0 are damaged, 4096 were left out by a salvage; closed in "
           "order\nstatus 0\n");
}

int main(int argc, char **argv) {
    char command[100], *weir = argc > 1 ? realpath(argv[1], NULL) : NULL;
    struct check c = {.weir = weir};
    if (!weir || !mkdtemp(directory) || !make_log()) return 1;
    expect_sound(&c);
    if (!damage(4300)) return 1;
    expect_damaged(&c);
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    if (system(command) != 0) return 1;
    free(weir);
    printf("%u passed, %u failed, 0 skipped\n", c.passed, c.failed);
    return c.failed > 0;
}
