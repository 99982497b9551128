/* log_fuzz.c: libFuzzer target: any bytes are a log. No crash; what opens can be read to its end;
 * what is salvaged opens, and has no hole.
 *
 * The first byte says what the rest is: the bytes of the segments, or edits of a log that is sound,
 * of which the checksums are then made right again, so that fields are reached behind them.
 */
#include <string.h>

#include "storage/crc.h"
#include "storage/file_sim.h"
#include "storage/log_format.h"
#include "storage/log_verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DIRECTORY "/d"
#define SALVAGED "/s"

enum { SEGMENT_BYTES = 16 << 10, SEGMENTS = 3, BODY_BYTES = 700, RECORDS = 24, EDIT_BYTES = 4 };

struct fuzz {
    struct file_sim *sim;
    struct file_system *fs;
    char bytes[SEGMENTS][SEGMENT_BYTES];
    uint64_t first[SEGMENTS];
    uint32_t segments;
};

static void must(bool true_always) {
    if (!true_always) __builtin_trap();
}

static int64_t clock_us(void) {
    return 1;
}

static struct log *open_log(struct fuzz *f, const char *directory, struct err *e) {
    const struct log_options o = {
        .fs = f->fs,
        .directory = directory,
        .segment_bytes = SEGMENT_BYTES,
        .clock_us = clock_us,
        .salt = 5,
    };
    return log_open(&o, e);
}

static void take_segments(struct fuzz *f) {
    struct err e = {0};
    struct arena a;
    struct log_list list;
    arena_init(&a, 0);
    must(log_list(f->fs, DIRECTORY, &a, &list, &e) && list.count >= SEGMENTS);
    f->segments = SEGMENTS;
    for (uint32_t i = 0; i < SEGMENTS; i++) {
        struct text bytes;
        struct log_path path = log_segment_path(DIRECTORY, list.first[i]);
        must(file_read_all(f->fs, path.at, SEGMENT_BYTES, &a, &bytes, &e));
        memcpy(f->bytes[i], bytes.at, bytes.bytes);
        f->first[i] = list.first[i];
    }
    for (uint32_t i = SEGMENTS; i < list.count; i++) {
        must(file_remove(f->fs, log_segment_path(DIRECTORY, list.first[i]).at, &e));
    }
    arena_done(&a);
}

static void make_sound(struct fuzz *f) {
    struct err e = {0};
    char body[BODY_BYTES] = {7};
    struct log *l = open_log(f, DIRECTORY, &e);
    must(l != NULL);
    for (uint32_t i = 0; i < RECORDS; i++) {
        const struct log_entry entry = {
            .kind = 1, .body = {.at = body, .bytes = i * 29}, .first_lsn = LOG_LSN_NONE};
        uint64_t place;
        must(log_append(l, &entry, 1, &place, &e));
        if (i % 2) must(log_wait(l, place, &e));
    }
    must(log_close(l, &e));
    take_segments(f);
}

static void put32(char *at, uint32_t v) {
    for (int i = 0; i < 4; i++) at[i] = (char)(v >> 8 * i);
}

static uint32_t get32(const char *at) {
    uint32_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

/* Checksums as log_format.c says they are, over whatever stands there. */
static void seal_segment(char *block) {
    put32(block + LOG_BLOCK_BYTES - 4, crc32c(0, block, LOG_BLOCK_BYTES - 4));
}

static void seal_group(char *group, uint64_t left) {
    uint32_t bytes = get32(group + 8);
    uint32_t seed = crc32c(0, group + 16, 16); /* salt and LSN stand side by side */
    if (bytes < LOG_GROUP_HEAD_BYTES || bytes > left) bytes = LOG_BLOCK_BYTES;
    put32(group + 12, crc32c(seed, group + LOG_GROUP_HEAD_BYTES, bytes - LOG_GROUP_HEAD_BYTES));
    put32(group + 4, crc32c(seed, group + 8, LOG_GROUP_HEAD_BYTES - 8));
}

/* Each edit: segment and block, offset in it, byte; the first bit says whether it is sealed. */
static void edit(struct fuzz *f, const uint8_t *data, size_t size) {
    for (; size >= EDIT_BYTES; data += EDIT_BYTES, size -= EDIT_BYTES) {
        uint32_t segment = data[0] % SEGMENTS;
        uint32_t block = (data[0] >> 2) % (SEGMENT_BYTES / LOG_BLOCK_BYTES);
        char *at = f->bytes[segment] + block * LOG_BLOCK_BYTES;
        bool head = (data[1] & 64) != 0; /* most fields stand at the beginning */
        uint32_t offset = (data[1] & 15U) << 8 | data[2];
        at[head ? offset % 136 : offset] = (char)data[3];
        if (!(data[1] & 128)) continue;
        if (block == 0) seal_segment(at);
        if (block > 0) seal_group(at, SEGMENT_BYTES - block * LOG_BLOCK_BYTES);
    }
}

static void put_segments(struct fuzz *f) {
    for (uint32_t i = 0; i < f->segments; i++) {
        struct log_path path = log_segment_path(DIRECTORY, f->first[i]);
        file_sim_put(f->sim, path.at, f->bytes[i], SEGMENT_BYTES);
    }
}

static uint64_t read_all(struct fuzz *f, const char *directory, bool *ended_out) {
    struct err e = {0};
    uint64_t count = 0, before = 0;
    bool got = true, ok = true;
    struct log_reader *r = log_reader_open(f->fs, directory, 0, &e);
    *ended_out = false;
    if (!r) return 0;
    while (ok && got) {
        struct log_record record;
        ok = log_reader_next(r, &record, &got, &e);
        if (!ok || !got) break;
        must(record.place > before && record.lsn <= record.place);
        must(record.body.bytes == 0 || record.body.at != NULL);
        before = record.place;
        count++;
    }
    log_reader_close(r);
    *ended_out = ok;
    return count;
}

static void salvage(struct fuzz *f) {
    struct err e = {0};
    struct log_verdict verdict, again;
    bool ended;
    if (!log_salvage(f->fs, DIRECTORY, SALVAGED, NULL, &verdict, &e)) return;
    must(log_verify(f->fs, SALVAGED, NULL, &again, &e));
    must(again.holes == 0 && again.records <= verdict.records);
    if (again.segments == 0) return;
    must(read_all(f, SALVAGED, &ended) >= again.records && ended);
    struct log *l = open_log(f, SALVAGED, &e);
    must(l != NULL);
    must(log_close(l, &e));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct fuzz f;
    struct err e = {0};
    bool ended;
    if (size < 1) return 0;
    memset(&f, 0, sizeof f);
    f.sim = file_sim_create(&(struct file_sim_options){.seed = 1});
    f.fs = file_sim_system(f.sim);
    make_sound(&f);
    if (data[0] & 1) {
        memcpy(f.bytes, data + 1, size - 1 < sizeof f.bytes ? size - 1 : sizeof f.bytes);
    } else {
        edit(&f, data + 1, size - 1);
    }
    put_segments(&f);
    read_all(&f, DIRECTORY, &ended);
    salvage(&f);
    struct log *l = open_log(&f, DIRECTORY, &e);
    must(l || e.sqlstate[0] != '\0');
    if (l && !log_close(l, &e)) must(e.sqlstate[0] != '\0');
    file_sim_destroy(f.sim);
    return 0;
}
