/* log_recover.c: what a start does: finds the end of the log, and judges what stands before it.
 *
 * The last segment is walked from its head, group by group; the last sound group names the newest
 * checkpoint and the LSN from which on segments are needed. A group that is not sound is the end of
 * the log if nobody can have been told of it: nothing behind it says that all before was durable,
 * and it is not followed by a segment. Such a group is cut off, that is, the next one is written
 * over it. Everything else that is not as it was written is damage, and the start is refused.
 *
 * Segments that end before what is needed are let go unread. All others must follow each other
 * without a gap. Verified is all that lies behind the checkpoint, and as much before it as
 * VERIFY_BYTES allow, so small logs are verified as a whole.
 *
 * Before anything is acknowledged again the directory and the last segment are synced: what we have
 * read may have been in memory only.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/log_private.h"
#include "storage/log_scan.h"

enum { VERIFY_BYTES = 256 << 20 };

struct recovery {
    struct log *log;
    struct arena arena;
    struct log_list list;
    struct log_segment_head head; /* of the last segment */
    struct log_scan scan;         /* likewise */
    uint64_t end;                 /* of the last sound group */
};

/* The directory that `path` is in; what stands behind it is cut off. */
static const char *parent_of(struct log_path *path) {
    char *slash = strrchr(path->at, '/');
    if (!slash) return ".";
    if (slash == path->at) return "/";
    *slash = '\0';
    return path->at;
}

/* Bytes of the longest beginning of `path` that is there. */
static size_t path_there(struct file_system *fs, struct log_path path) {
    for (;;) {
        struct err ignored;
        struct file_info info;
        if (file_stat(fs, path.at, &info, &ignored)) return strlen(path.at);
        if (parent_of(&path) != path.at) return 0;
    }
}

static bool entry_sync(struct file_system *fs, struct log_path path, struct err *e) {
    return file_sync_directory(fs, parent_of(&path), e);
}

/* Makes what is missing of DIR/log, one directory after the other, each durable before the next is
 * made: so of those that are there, only the last may not be durable yet, and is made so. */
bool log_folder_make(struct log *l, struct err *e) {
    struct log_path folder = log_folder_path(l->directory), path = folder;
    size_t bytes = strlen(folder.at), at = path_there(l->o.fs, folder);
    path.at[at] = '\0';
    if (at > 0 && strcmp(path.at, "/") != 0 && !entry_sync(l->o.fs, path, e)) return false;
    while (at < bytes) {
        at++;
        while (at < bytes && folder.at[at] != '/') at++;
        memcpy(path.at, folder.at, at);
        path.at[at] = '\0';
        if (!file_make_directory(l->o.fs, path.at, e)) return false;
        if (!entry_sync(l->o.fs, path, e)) return false;
    }
    return true;
}

static bool folder_sync(struct log *l, struct err *e) {
    struct log_path folder = log_folder_path(l->directory);
    return file_sync_directory(l->o.fs, folder.at, e);
}

/* The log begins: an empty segment at LSN 0. */
static bool first_segment(struct log *l, struct err *e) {
    l->tail.time_us = l->o.clock_us();
    l->salt = l->o.salt;
    struct log_made m = {
        .head = {.first = 0,
                 .bytes = log_segment_next_bytes(l, 0),
                 .salt = l->salt,
                 .before = LOG_LSN_NONE,
                 .last_group = LOG_LSN_NONE,
                 .checkpoint = LOG_LSN_NONE,
                 .time_us = l->tail.time_us},
        .spare = LOG_SPARES_MAX,
    };
    if (!log_segment_reserve(l, e) || !log_segment_make(l, &m, e)) return false;
    log_segment_add(l, 0, m.head.bytes);
    l->segments.file = m.file;
    l->segments.direct = m.direct;
    l->tail.written = LOG_BLOCK_BYTES;
    return true;
}

/* The log goes on behind a sound group. */
static void take_group(struct recovery *r, const struct log_group_head *g) {
    struct log_tail *t = &r->log->tail;
    t->before = g->lsn;
    t->checkpoint = g->checkpoint;
    t->needed = g->needed;
    t->time_us = g->time_us;
    t->closed = (g->flags & LOG_GROUP_CLOSING) != 0;
    r->end = g->lsn + g->bytes;
}

static void take_head(struct recovery *r, const struct log_segment_head *h) {
    struct log_tail *t = &r->log->tail;
    t->before = h->last_group;
    t->checkpoint = h->checkpoint;
    t->needed = h->needed;
    t->time_us = h->time_us;
    r->end = h->first + LOG_BLOCK_BYTES;
}

/* A group that is not sound, at the end of what is: torn, or damaged? */
static bool judge_end(struct recovery *r, const struct log_found *end, struct err *e) {
    bool proof = end->sound; /* a sound one that does not follow was never torn */
    const char *unlike = end->unlike;
    if (!proof && !log_scan_proof(&r->scan, r->end, &proof, e)) return false;
    return !proof || log_damage(e, r->log->directory, r->head.first, r->end, unlike);
}

/* An end is believed when it was read twice: what a bad cable did once must not cut a group. */
static bool look_twice(struct log_scan *s, uint64_t lsn, struct log_found *out, struct err *e) {
    if (!log_scan_group(s, lsn, out, e)) return false;
    if (out->sound) return true;
    s->window_bytes = 0;
    return log_scan_group(s, lsn, out, e);
}

/* Walks the last segment. */
static bool find_end(struct recovery *r, struct err *e) {
    struct log *l = r->log;
    uint64_t first = r->list.first[r->list.count - 1];
    if (!log_segment_read_head(l->o.fs, l->directory, first, &r->head, e)) return false;
    if (!log_scan_open(&r->scan, l->o.fs, l->directory, first, e)) return false;
    r->scan.salt = l->salt = r->head.salt;
    take_head(r, &r->head);

    for (;;) {
        struct log_found g;
        if (!look_twice(&r->scan, r->end, &g, e)) return false;
        if (g.sound && g.head.before != l->tail.before) {
            g.unlike = "the group does not follow the one before it";
            return judge_end(r, &g, e);
        }
        if (!g.sound) return judge_end(r, &g, e);
        take_group(r, &g.head);
    }
}

/* All groups of a segment, which must lead to the next one's head. */
static bool verify_segment(struct recovery *r, const struct log_segment_head *h,
                           const struct log_segment_head *next, struct err *e) {
    struct log *l = r->log;
    struct log_scan s;
    uint64_t at = h->first + LOG_BLOCK_BYTES, before = h->last_group;
    const char *unlike = NULL;
    bool ok = log_scan_open(&s, l->o.fs, l->directory, h->first, e);
    s.salt = l->salt;
    while (ok && !unlike && at < next->first) {
        struct log_found g;
        ok = log_scan_group(&s, at, &g, e);
        if (!ok) break;
        unlike = g.unlike;
        if (g.sound)
            unlike = g.head.before == before ? NULL : "the group does not follow the one before it";
        if (unlike) break;
        before = at;
        at += g.head.bytes;
    }
    log_scan_close(&s);
    if (!ok) return false;
    if (!unlike && (at != next->first || before != next->last_group)) {
        unlike = "the next segment does not begin where this one ends";
    }
    return !unlike || log_damage(e, l->directory, h->first, at, unlike);
}

static bool judge_follows(struct recovery *r, const struct log_segment_head *h,
                          const struct log_segment_head *next, struct err *e) {
    const char *directory = r->log->directory;
    if (h->salt != r->log->salt) {
        return log_damage(e, directory, h->first, h->first, "the segment is of another log");
    }
    if (next->before == h->first) return true;
    return log_damage(e, directory, next->first, next->first, "the segment before it is missing");
}

/* Judges the segments before the last one, the newest first, back to what is needed. *kept_out: the
 * index of the oldest that stays. */
static bool verify_older(struct recovery *r, uint32_t *kept_out, struct err *e) {
    struct log *l = r->log;
    struct log_segment_head next = r->head, head;
    uint64_t must = l->tail.checkpoint == LOG_LSN_NONE ? 0 : l->tail.checkpoint;
    uint64_t verified = r->end - r->head.first;
    uint32_t i = r->list.count - 1;
    for (; i > 0 && next.first > l->tail.needed; i--) {
        if (!log_segment_read_head(l->o.fs, l->directory, r->list.first[i - 1], &head, e) ||
            !judge_follows(r, &head, &next, e)) {
            return false;
        }
        if (next.first > must || verified < VERIFY_BYTES) {
            if (!verify_segment(r, &head, &next, e)) return false;
            verified += next.first - head.first;
        }
        next = head;
    }
    *kept_out = i;
    if (next.first <= l->tail.needed) return true;
    return log_damage(e, l->directory, next.first, next.first, "the segment before it is missing");
}

/* Those before `kept` are in the list too, for log_segments_release(). */
static bool list_segments(struct recovery *r, uint32_t kept, struct err *e) {
    struct log *l = r->log;
    for (uint32_t i = 0; i < r->list.count; i++) {
        struct log_segment_head h = {.bytes = 0};
        uint64_t first = r->list.first[i];
        if (!log_segment_reserve(l, e)) return false;
        if (i >= kept && !log_segment_read_head(l->o.fs, l->directory, first, &h, e)) return false;
        log_segment_add(l, first, h.bytes);
    }
    return true;
}

/* Groups that came to nothing, since one before them did: their heads must not be found when the
 * log has grown up to them again. Only a durability less than 'sync' leaves such. */
static bool erase_behind(struct recovery *r, struct err *e) {
    struct log *l = r->log;
    void *zeros = aligned_alloc(LOG_BLOCK_BYTES, LOG_BLOCK_BYTES);
    if (!zeros) return err_memory(e);
    memset(zeros, 0, LOG_BLOCK_BYTES);

    bool ok = true;
    for (uint64_t at = r->end; ok && at - r->head.first < r->scan.bytes; at += LOG_BLOCK_BYTES) {
        struct log_found g;
        ok = log_scan_next(&r->scan, at, &g, e);
        if (!ok || !g.sound) break;
        at = g.head.lsn;
        ok = file_write_at(l->segments.file, at - r->head.first, zeros, LOG_BLOCK_BYTES, e);
    }
    free(zeros);
    return ok;
}

static bool open_last(struct recovery *r, struct err *e) {
    struct log *l = r->log;
    struct log_path path = log_segment_path(l->directory, r->head.first);
    l->segments.file = log_file_open(l, path.at, &l->segments.direct, e);
    return l->segments.file && erase_behind(r, e) && file_sync(l->segments.file, e) &&
           folder_sync(l, e);
}

/* Files that another life left: those that can be used as spares are. */
static void find_spares(struct recovery *r) {
    struct log *l = r->log;
    struct err ignored;
    struct log_path path = log_filling_path(l->directory);
    if (r->list.filling && !file_remove(l->o.fs, path.at, &ignored)) err_clear(&ignored);

    for (uint32_t i = 0; i < LOG_SPARES_MAX; i++) {
        struct file_info info;
        path = log_spare_path(l->directory, i);
        if (!r->list.spare[i] || !file_stat(l->o.fs, path.at, &info, &ignored)) continue;
        bool fits = info.size_bytes % LOG_BLOCK_BYTES == 0 && info.size_bytes > LOG_BLOCK_BYTES &&
                    info.size_bytes <= l->o.segment_bytes;
        if (fits) l->segments.spare_bytes[i] = info.size_bytes;
        if (!fits && !file_remove(l->o.fs, path.at, &ignored)) err_clear(&ignored);
    }
}

static bool recover(struct recovery *r, struct err *e) {
    struct log *l = r->log;
    uint32_t kept;
    if (!log_list(l->o.fs, l->directory, &r->arena, &r->list, e)) return false;
    if (r->list.count == 0) {
        find_spares(r);
        return first_segment(l, e);
    }
    if (!find_end(r, e) || !verify_older(r, &kept, e) || !list_segments(r, kept, e)) return false;
    if (!open_last(r, e)) return false;
    l->tail.written = r->end;
    find_spares(r);
    log_segments_release(l, l->tail.needed);
    return true;
}

bool log_recover(struct log *l, struct err *e) {
    struct recovery r = {.log = l};
    arena_init(&r.arena, 0);
    pthread_mutex_lock(&l->mutex);
    l->writing = true;
    bool ok = recover(&r, e);
    l->writing = false;
    log_scan_close(&r.scan);
    arena_done(&r.arena);

    l->tail.synced = l->tail.written;
    l->acknowledged = l->end = l->tail.written;
    log_buffer_begin(log_open_buffer(l), l->tail.written);
    pthread_mutex_unlock(&l->mutex);
    return ok;
}
