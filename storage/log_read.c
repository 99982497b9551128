/* log_read.c: one record of an open log, by its place.
 *
 * A record has a checksum of its own, so its group need not be read. Whoever reads holds no lock
 * meanwhile: the segment may go, and become another one, under the reader, who therefore looks
 * again whether it was still there before he calls a record damaged.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/log_private.h"
#include "storage/log_scan.h"

enum { GUESS_BYTES = 4096 }; /* read at once: most records are shorter */

static bool gone(struct log *l, uint64_t place, struct err *e) {
    return err_set(e, ERR_DATA, "55000",
                   "LSN %" PRIu64 " is no longer kept; the log begins at %" PRIu64, place,
                   (uint64_t)l->oldest);
}

/* The segment that holds `place`; false: none does any more. */
static bool segment_of(struct log *l, uint64_t place, struct log_segment *out) {
    pthread_mutex_lock(&l->mutex);
    const struct log_segments *s = &l->segments;
    uint32_t low = 0, high = s->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (s->at[middle].first <= place) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low > 0) *out = s->at[low - 1];
    pthread_mutex_unlock(&l->mutex);
    return low > 0;
}

static bool read_whole(struct file *f, uint64_t offset, char *to, size_t bytes, size_t *got_out,
                       struct err *e) {
    size_t got = 0, more = 1;
    while (got < bytes && more > 0) {
        if (!file_read_at(f, offset + got, to + got, bytes - got, &more, e)) return false;
        got += more;
    }
    *got_out = got;
    return true;
}

/* *at_out [*bytes_out]: the record's head and its body, or as much as there is in the file. */
static bool read_record(struct file *f, uint64_t offset, struct arena *a, const char **at_out,
                        size_t *bytes_out, struct err *e) {
    char guess[GUESS_BYTES];
    struct file_info info;
    size_t got, rest = 0;
    if (!file_info(f, &info, e) || !read_whole(f, offset, guess, sizeof guess, &got, e)) {
        return false;
    }
    size_t bytes = got;
    if (got >= LOG_RECORD_HEAD_BYTES) {
        uint64_t claimed = (uint64_t)LOG_RECORD_HEAD_BYTES + log_record_body_bytes(guess);
        if (claimed <= info.size_bytes - offset) bytes = (size_t)claimed;
    }
    char *at = arena_alloc(a, bytes ? bytes : 1);
    if (!at) return err_memory(e);
    memcpy(at, guess, bytes < got ? bytes : got);
    if (bytes > got && !read_whole(f, offset + got, at + got, bytes - got, &rest, e)) return false;
    *at_out = at;
    *bytes_out = bytes > got ? got + rest : bytes;
    return true;
}

bool log_read(struct log *l, uint64_t place, struct arena *a, struct log_record *out,
              struct err *e) {
    assert(l && a && out);
    if (!log_write_out(l, place, e)) return false;
    struct log_segment s;
    if (!segment_of(l, place, &s)) return gone(l, place, e);
    struct log_path path = log_segment_path(l->directory, s.first);
    struct file *f = file_open(l->o.fs, path.at, FILE_READ, e);
    if (!f) return place < l->oldest ? gone(l, place, e) : false;

    const char *at = NULL;
    size_t bytes = 0;
    bool ok = read_record(f, place - s.first, a, &at, &bytes, e);
    file_close(f);
    if (!ok) return false;

    struct log_record_head h = {.place = place};
    bool sound = place % 8 == 0 && log_record_decode(at, bytes, l->salt, &h);
    if (place < l->oldest) return gone(l, place, e);
    if (!sound) return log_damage(e, l->directory, s.first, place, "no record is here");
    *out = (struct log_record){
        .lsn = h.first_lsn,
        .place = place,
        .time_us = h.time_us,
        .kind = h.kind,
        .object = h.object,
        .body = {.at = at + LOG_RECORD_HEAD_BYTES, .bytes = h.body_bytes},
    };
    return true;
}
