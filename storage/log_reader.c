/* log_reader.c: all records of a log in the order of places, without its lock.
 *
 * A running engine may write meanwhile. It writes one group after the other and never the same
 * block twice, so whatever is sound stays so; a group that is not may be on its way, and is looked
 * at again before it is called damaged. A segment that the engine lets go of while it is read may
 * become another one under the reader: its head is written first, so a head that is still ours says
 * that what was read before was too.
 *
 * The end is where the heads of groups end when the reader is opened: it does not run after an
 * engine that writes.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "storage/log.h"
#include "storage/log_scan.h"

enum { OPEN_TRIES = 8 };

struct log_reader {
    struct file_system *fs;
    char *directory;
    struct arena arena;
    struct log_list list;
    uint32_t segment; /* index of the one that is read */
    struct log_scan scan;
    uint64_t salt, from, at, before, limit;
    struct log_found group; /* what stands at `at`, while `inside` */
    uint32_t inside;        /* offset in the group of the next record; 0: no group */
    uint32_t records;       /* of the group that were given */
};

static bool is_last(const struct log_reader *r) {
    return r->segment + 1 == r->list.count;
}

static bool gone(uint64_t first, struct err *e) {
    return err_set(e, ERR_DATA, "55000",
                   "the log's segment %016" PRIx64 ".seg was let go while it was read", first);
}

/* Is the segment that is open still what it was? */
static bool still_there(struct log_reader *r, bool *there_out, struct err *e) {
    char block[LOG_BLOCK_BYTES];
    size_t got = 0, more = 1;
    while (got < sizeof block && more > 0) {
        if (!file_read_at(r->scan.file, got, block + got, sizeof block - got, &more, e)) {
            return false;
        }
        got += more;
    }
    struct log_segment_head h;
    uint32_t version;
    *there_out = got == sizeof block && log_segment_decode(block, &h, &version) == LOG_HEAD_SOUND &&
                 h.first == r->scan.first;
    return true;
}

/* The engine may have let go of the segment between our list and our look. */
static bool is_listed(struct log_reader *r, uint64_t first) {
    struct arena a;
    struct log_list now;
    struct err ignored;
    bool found = false;
    arena_init(&a, 0);
    if (log_list(r->fs, r->directory, &a, &now, &ignored)) {
        for (uint32_t i = 0; i < now.count; i++) found = found || now.first[i] == first;
    }
    arena_done(&a);
    return found;
}

/* Looks twice before it says that the segment went. */
static bool damaged(struct log_reader *r, const char *unlike, struct err *e) {
    bool there = false;
    for (int i = 0; !there && i < 2; i++) {
        if (!still_there(r, &there, e)) return false;
    }
    if (!there && !is_listed(r, r->scan.first)) return gone(r->list.first[r->segment], e);
    return log_damage(e, r->directory, r->scan.first, there ? r->at : r->scan.first, unlike);
}

/* Opens segment r->segment, which must follow what was read before, if anything was. */
static bool segment_open(struct log_reader *r, bool follows, struct err *e) {
    uint64_t first = r->list.first[r->segment];
    struct log_segment_head h;
    log_scan_close(&r->scan);
    if (!log_scan_open(&r->scan, r->fs, r->directory, first, e) ||
        !log_segment_read_head(r->fs, r->directory, first, &h, e)) {
        return is_listed(r, first) ? false : gone(r->list.first[r->segment], e);
    }
    if (follows && h.salt != r->salt) {
        return log_damage(e, r->directory, first, first, "the segment is of another log");
    }
    if (follows && (h.before != r->list.first[r->segment - 1] || h.last_group != r->before)) {
        return log_damage(e, r->directory, first, first, "the segment before it is missing");
    }
    r->salt = r->scan.salt = h.salt;
    r->before = h.last_group;
    r->at = first + LOG_BLOCK_BYTES;
    return true;
}

/* Where the groups of the last segment end now, by their heads. */
static bool walk_heads(struct log_reader *r, uint64_t first, uint64_t *needed_out, struct err *e) {
    struct log_segment_head h;
    struct log_scan s;
    if (!log_segment_read_head(r->fs, r->directory, first, &h, e)) return false;
    uint64_t before = h.last_group;
    bool ok = log_scan_open(&s, r->fs, r->directory, first, e);
    s.salt = h.salt;
    r->limit = first + LOG_BLOCK_BYTES;
    *needed_out = h.needed;
    while (ok) {
        struct log_found g;
        ok = log_scan_head(&s, r->limit, &g, e);
        if (ok && !g.sound) {
            s.window_bytes = 0; /* an end is believed when it was read twice */
            ok = log_scan_head(&s, r->limit, &g, e);
        }
        if (!ok || !g.sound || g.head.before != before) break;
        before = r->limit;
        *needed_out = g.head.needed;
        r->limit += g.head.bytes;
    }
    log_scan_close(&s);
    return ok;
}

/* And is all there that the newest group says is needed? */
static bool find_limit(struct log_reader *r, struct err *e) {
    uint64_t oldest = r->list.first[0], last = r->list.first[r->list.count - 1], needed;
    if (!walk_heads(r, last, &needed, e)) return is_listed(r, last) ? false : gone(last, e);
    if (oldest <= needed) return true;
    if (!is_listed(r, last)) return gone(last, e); /* what was read may be another one's */
    return log_damage(e, r->directory, oldest, oldest, "the segment before it is missing");
}

/* Lists the segments and opens the one that holds r->from. */
static bool reader_start(struct log_reader *r, struct err *e) {
    arena_reset(&r->arena);
    if (!log_list(r->fs, r->directory, &r->arena, &r->list, e)) return false;
    if (r->list.count == 0) return true;
    if (r->from > 0 && r->from < r->list.first[0]) {
        return err_set(e, ERR_DATA, "55000",
                       "LSN %" PRIu64 " is no longer kept; the log begins at %" PRIu64, r->from,
                       r->list.first[0]);
    }
    r->segment = 0;
    while (!is_last(r) && r->list.first[r->segment + 1] <= r->from) r->segment++;
    return segment_open(r, false, e) && find_limit(r, e);
}

struct log_reader *log_reader_open(struct file_system *fs, const char *directory, uint64_t from,
                                   struct err *e) {
    assert(fs && directory);
    if (!log_directory_check(directory, e)) return NULL;
    struct log_reader *r = calloc(1, sizeof *r);
    char *copy = strdup(directory);
    if (!r || !copy) {
        err_memory(e);
        free(r);
        free(copy);
        return NULL;
    }
    r->fs = fs;
    r->directory = copy;
    r->from = from;
    arena_init(&r->arena, 0);

    /* From the oldest on: if that one goes while we open it, there is an older no more. */
    bool ok = false;
    for (int i = 0; !ok && i < OPEN_TRIES; i++) {
        ok = reader_start(r, e);
        if (!ok && strcmp(e->sqlstate, "55000") != 0) break;
    }
    if (ok) return r;
    log_reader_close(r);
    return NULL;
}

void log_reader_close(struct log_reader *r) {
    if (!r) return;
    log_scan_close(&r->scan);
    arena_done(&r->arena);
    free(r->directory);
    free(r);
}

/* A segment ends before the next one begins: is the one between them missing? */
static bool judge_between(struct log_reader *r, const char *unlike, struct err *e) {
    uint64_t next = r->list.first[r->segment + 1];
    struct log_segment_head h;
    struct err ignored;
    if (log_segment_read_head(r->fs, r->directory, next, &h, &ignored) &&
        h.before != r->scan.first) {
        return log_damage(e, r->directory, next, next, "the segment before it is missing");
    }
    return damaged(r, unlike, e);
}

/* No sound group stands at r->at: is it the end? */
static bool judge_end(struct log_reader *r, const char *unlike, bool *end_out, struct err *e) {
    struct log_found again;
    bool there, proof;
    *end_out = true;
    if (!is_last(r)) return judge_between(r, unlike, e);
    if (!log_scan_proof(&r->scan, r->at, &proof, e)) return false;
    if (!proof) {
        if (!still_there(r, &there, e)) return false;
        return there || gone(r->list.first[r->segment], e);
    }
    r->scan.window_bytes = 0; /* it may have been written meanwhile */
    if (!log_scan_group(&r->scan, r->at, &again, e)) return false;
    *end_out = r->at >= r->limit;
    return again.sound || damaged(r, unlike, e);
}

/* The group at r->at. *end_out: there is none any more. */
static bool next_group(struct log_reader *r, bool *end_out, struct err *e) {
    *end_out = r->list.count == 0;
    while (!*end_out) {
        if (!is_last(r) && r->at == r->list.first[r->segment + 1]) {
            r->segment++;
            if (!segment_open(r, true, e)) return false;
            continue;
        }
        struct log_found g;
        if (!log_scan_group(&r->scan, r->at, &g, e)) return false;
        if (g.sound && g.head.before != r->before) {
            return damaged(r, "the group does not follow the one before it", e);
        }
        if (!g.sound || (is_last(r) && r->at >= r->limit)) {
            if (g.sound) *end_out = true;
            if (!g.sound && !judge_end(r, g.unlike, end_out, e)) return false;
            continue;
        }
        r->group = g;
        r->before = r->at;
        r->inside = 0;
        r->records = 0;
        return true;
    }
    return true;
}

/* The next record of the group at hand; false: it has no more. */
static bool group_record(struct log_reader *r, struct log_record *out) {
    struct log_record_head h;
    struct text body;
    while (r->group.sound && log_scan_record(&r->group, &r->inside, &h, &body)) {
        r->records++;
        if (h.place < r->from) continue;
        *out = (struct log_record){
            .lsn = h.first_lsn,
            .place = h.place,
            .time_us = h.time_us,
            .kind = h.kind,
            .object = h.object,
            .body = body,
        };
        return true;
    }
    return false;
}

bool log_reader_next(struct log_reader *r, struct log_record *out, bool *got_out, struct err *e) {
    assert(r && out && got_out);
    for (;;) {
        if (group_record(r, out)) {
            *got_out = true;
            return true;
        }
        bool end = false;
        if (r->group.sound) {
            if (r->records != r->group.head.count) {
                return damaged(r, "a record of the group is not what was written", e);
            }
            r->group.sound = false;
            r->at += r->group.head.bytes;
        }
        if (!next_group(r, &end, e)) return false;
        if (end) {
            *got_out = false;
            return true;
        }
    }
}
