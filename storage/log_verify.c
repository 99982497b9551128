/* log_verify.c: see log_verify.h. Segment by segment, group by group; where a group is not sound,
 * the next sound head is looked for block by block, since groups begin at blocks and a head names
 * its own LSN under its checksum. What lies between is a hole.
 *
 * The end of the last segment is judged as a start judges it (log_recover.c): what is not sound
 * there and has nothing behind it that proves it was durable is no hole but the end.
 *
 * A segment that a running engine lets go of meanwhile is left out: before a hole is told, it is
 * made sure that the file still has its name and its head.
 */
#include "storage/log_verify.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct verify {
    struct file_system *fs;
    const char *directory;
    const struct log_visit *visit;
    struct log_list list;
    uint32_t segment; /* index of the one at hand */
    struct log_scan scan;
    bool salt_known, before_known;
    bool ends;             /* no segment follows directly on the one at hand */
    uint64_t salt, before; /* of the log; LSN of the last sound group */
    uint64_t at;           /* what was judged so far */
    uint64_t gone;         /* before this LSN something was let go meanwhile */
    struct log_verdict verdict;
};

bool log_hole_err(const char *directory, const struct log_hole *h, struct err *e) {
    return log_damage(e, directory, h->segment, h->lsn, h->unlike);
}

/* Was the segment at hand let go, as a running engine does? */
static bool let_go(struct verify *v) {
    struct err ignored;
    struct file_info open, named;
    struct log_path path = log_segment_path(v->directory, v->list.first[v->segment]);
    if (file_stat(v->fs, path.at, &named, &ignored)) {
        if (!v->scan.file || !file_info(v->scan.file, &open, &ignored)) return false;
        if (open.inode == named.inode && open.device == named.device) return false;
    }
    bool last = v->segment + 1 == v->list.count;
    v->gone = last ? UINT64_MAX : v->list.first[v->segment + 1];
    v->before_known = false; /* what follows cannot be judged by it */
    return true;
}

static bool tell_hole(struct verify *v, uint64_t end, const char *unlike, struct err *e) {
    struct log_hole h = {
        .segment = v->list.first[v->segment], .lsn = v->at, .bytes = end - v->at, .unlike = unlike};
    v->verdict.holes++;
    v->verdict.hole_bytes += h.bytes;
    v->before_known = false;
    v->at = end;
    return !v->visit->hole || v->visit->hole(v->visit->context, &h, e);
}

/* Between the segment at hand and the one before there must have been another. */
static bool tell_missing(struct verify *v, struct err *e) {
    bool known = v->before_known;
    bool ok = tell_hole(v, v->at, "the segment before it is missing", e);
    v->before_known = known;
    return ok;
}

static bool tell_group(struct verify *v, const struct log_found *g, struct err *e) {
    struct log_verdict *d = &v->verdict;
    d->groups++;
    d->records += g->head.count;
    if (g->head.flags & LOG_GROUP_VOID) {
        d->void_bytes += g->head.bytes;
    } else {
        d->sound_bytes += g->head.bytes;
    }
    d->closed = (g->head.flags & LOG_GROUP_CLOSING) != 0;
    d->checkpoint = g->head.checkpoint;
    d->needed = g->head.needed;
    d->time_us = g->head.time_us;
    v->before = v->at;
    v->before_known = true;
    v->at += g->head.bytes;
    return !v->visit->group || v->visit->group(v->visit->context, g, e);
}

/* The group at v->at is what it must be. */
static bool group_fits(const struct verify *v, struct log_found *g, uint64_t end) {
    if (!g->sound) return false;
    g->unlike = NULL;
    if (v->before_known && g->head.before != v->before) {
        g->unlike = "the group does not follow the one before it";
    } else if (g->head.bytes > end - v->at) {
        g->unlike = "the group does not end where the next segment begins";
    } else if (!log_scan_records_sound(g)) {
        g->unlike = "a record of the group is not what was written";
    }
    return !g->unlike;
}

/* From v->at on there is no sound group up to *upto_out; *is_end_out: nor need there be. */
static bool judge_gap(struct verify *v, uint64_t end, uint64_t *upto_out, bool *is_end_out,
                      struct err *e) {
    struct log_found behind;
    bool proof = true;
    if (v->ends && !log_scan_proof(&v->scan, v->at, &proof, e)) return false;
    if (!log_scan_next(&v->scan, v->at + LOG_BLOCK_BYTES, &behind, e)) return false;
    *upto_out = behind.sound && behind.head.lsn < end ? behind.head.lsn : end;
    *is_end_out = !proof;
    return true;
}

/* One group, or hole, of the segment at hand. *done_out: there is no more. */
static bool step(struct verify *v, uint64_t end, bool *done_out, struct err *e) {
    struct log_found g, again;
    uint64_t upto;
    bool is_end;
    if (!log_scan_group(&v->scan, v->at, &g, e)) return false;
    if (group_fits(v, &g, end)) return tell_group(v, &g, e);

    const char *unlike = g.unlike;
    if (!judge_gap(v, end, &upto, &is_end, e)) return false;
    v->scan.window_bytes = 0; /* an engine may have written it meanwhile */
    if (!log_scan_group(&v->scan, v->at, &again, e)) return false;
    if (!is_end && group_fits(v, &again, end)) return tell_group(v, &again, e);
    *done_out = is_end || let_go(v);
    return *done_out || tell_hole(v, upto, unlike, e);
}

/* The salt that the newest sound head says, as a start takes it. */
static bool salt_of_heads(struct verify *v, struct err *e) {
    for (uint32_t i = v->list.count; i > 0 && !v->salt_known; i--) {
        struct log_segment_head h;
        struct log_head_flaw flaw;
        v->segment = i - 1;
        if (!log_segment_judge_head(v->fs, v->directory, v->list.first[i - 1], &h, &flaw, e)) {
            if (!let_go(v)) return false;
            continue;
        }
        if (flaw.unlike && flaw.offset == 0) continue;
        v->salt = h.salt;
        v->salt_known = true;
    }
    return true;
}

/* Of a log without a sound head: what the first group says that agrees to it. */
static bool salt_of_groups(struct verify *v, struct err *e) {
    bool ok = true;
    for (uint32_t i = 0; ok && i < v->list.count && !v->salt_known; i++) {
        struct log_found g;
        struct log_scan s;
        uint64_t first = v->list.first[i];
        ok = log_scan_open(&s, v->fs, v->directory, first, e) &&
             log_scan_head(&s, first + LOG_BLOCK_BYTES, &g, e);
        if (ok && s.window_bytes >= LOG_GROUP_HEAD_BYTES) s.salt = log_group_salt(s.window);
        ok = ok && log_scan_head(&s, first + LOG_BLOCK_BYTES, &g, e);
        v->salt = s.salt;
        v->salt_known = ok && g.sound;
        log_scan_close(&s);
        v->segment = i;
        ok = ok || let_go(v);
    }
    return ok;
}

/* The head of the segment at hand; if it cannot be used, one made up for it, and a hole. */
static bool take_head(struct verify *v, struct log_segment_head *h, struct log_head_flaw *flaw,
                      struct err *e) {
    const char *unlike = flaw->unlike && flaw->offset == 0 ? flaw->unlike : NULL;
    if (!unlike && h->salt != v->salt) unlike = "the segment is of another log";
    uint32_t i = v->segment;
    bool follows = unlike || !v->before_known ||
                   (h->last_group == v->before && h->before == v->list.first[i - 1]);
    assert(i > 0 || !v->before_known);
    v->before_known = !unlike;
    if (!unlike) {
        v->before = h->last_group;
        v->verdict.sound_bytes += LOG_BLOCK_BYTES;
    } else {
        *h = (struct log_segment_head){.first = v->list.first[v->segment],
                                       .before = LOG_LSN_NONE,
                                       .last_group = LOG_LSN_NONE,
                                       .checkpoint = LOG_LSN_NONE};
    }
    v->scan.salt = h->salt = v->salt;
    h->bytes = v->scan.bytes;
    if (v->visit->segment && !v->visit->segment(v->visit->context, h, e)) return false;
    v->at = h->first;
    if (!follows && !tell_missing(v, e)) return false;
    if (unlike && !tell_hole(v, v->at + LOG_BLOCK_BYTES, unlike, e)) return false;
    v->at = h->first + LOG_BLOCK_BYTES;
    return true;
}

/* Does the next segment follow on this one, as far as its head can tell? */
static bool is_followed(struct verify *v) {
    struct log_segment_head next;
    struct log_head_flaw flaw;
    struct err ignored;
    if (v->segment + 1 == v->list.count) return false;
    uint64_t first = v->list.first[v->segment + 1];
    if (!log_segment_judge_head(v->fs, v->directory, first, &next, &flaw, &ignored)) return true;
    return flaw.unlike || next.before == v->list.first[v->segment];
}

/* The last segment has been cut: how much of it was used, nobody can tell. */
static bool judge_cut(struct verify *v, const struct log_head_flaw *flaw,
                      const struct log_segment_head *h, struct err *e) {
    if (!flaw->unlike || flaw->offset == 0) return true;
    uint64_t cut = h->first + flaw->offset, at = v->at;
    v->at = cut > at ? cut - cut % LOG_BLOCK_BYTES : at;
    bool ok = tell_hole(v, v->at, flaw->unlike, e);
    v->at = at;
    return ok;
}

static bool verify_segment(struct verify *v, struct err *e) {
    uint64_t first = v->list.first[v->segment];
    bool last = v->segment + 1 == v->list.count, done = false;
    struct log_segment_head head;
    struct log_head_flaw flaw;
    log_scan_close(&v->scan);
    if (!log_scan_open(&v->scan, v->fs, v->directory, first, e) ||
        !log_segment_judge_head(v->fs, v->directory, first, &head, &flaw, e)) {
        return let_go(v);
    }
    if (flaw.unlike && let_go(v)) return true;
    if (!take_head(v, &head, &flaw, e)) return false;
    v->ends = !is_followed(v);

    uint64_t end = last ? first + v->scan.bytes : v->list.first[v->segment + 1];
    if (v->verdict.segments++ == 0) v->verdict.first = first;
    while (!done && v->at < end) {
        if (!step(v, end, &done, e)) return false;
    }
    if (last && !judge_cut(v, &flaw, &head, e)) return false;
    v->verdict.end = v->at;
    return true;
}

/* From where on the log is needed, as its newest sound group says; 0: all. */
static bool find_needed(struct verify *v, uint64_t *needed_out, struct err *e) {
    uint64_t first = v->list.first[v->list.count - 1], at = first + LOG_BLOCK_BYTES;
    struct log_segment_head head = {.needed = 0};
    struct log_head_flaw flaw;
    *needed_out = 0;
    v->segment = v->list.count - 1;
    if (!log_segment_judge_head(v->fs, v->directory, first, &head, &flaw, e)) return let_go(v);
    *needed_out = flaw.unlike ? 0 : head.needed;
    if (flaw.unlike) return true;

    struct log_scan s;
    bool ok = log_scan_open(&s, v->fs, v->directory, first, e);
    s.salt = head.salt;
    for (struct log_found g = {.sound = true}; ok && g.sound;) {
        ok = log_scan_next(&s, at, &g, e);
        if (!ok || !g.sound) break;
        *needed_out = g.head.needed;
        at = g.head.lsn + g.head.bytes;
    }
    log_scan_close(&s);
    if (!let_go(v)) return ok;
    *needed_out = UINT64_MAX; /* what was read may be another one's */
    return true;
}

static bool verify(struct verify *v, struct err *e) {
    uint64_t needed = 0;
    if (!salt_of_heads(v, e) || !salt_of_groups(v, e)) return false;
    if (v->list.count > 0 && !find_needed(v, &needed, e)) return false;
    for (v->segment = 0; v->segment < v->list.count; v->segment++) {
        bool last = v->segment + 1 == v->list.count;
        if (!last && v->list.first[v->segment + 1] <= needed) continue;
        if (v->verdict.segments == 0 && v->gone == 0 && v->list.first[v->segment] > needed) {
            v->at = v->list.first[v->segment];
            if (!tell_missing(v, e)) return false;
        }
        if (!verify_segment(v, e)) return false;
    }
    if (v->gone <= v->verdict.needed) return true;
    return err_set(e, ERR_DATA, "55000",
                   "segments of the log were let go while it was read: try again");
}

bool log_verify(struct file_system *fs, const char *directory, const struct log_visit *visit,
                struct log_verdict *out, struct err *e) {
    static const struct log_visit none = {.context = NULL};
    struct arena a;
    struct verify v = {.fs = fs,
                       .directory = directory,
                       .visit = visit ? visit : &none,
                       .verdict = {.checkpoint = LOG_LSN_NONE}};
    if (!log_directory_check(directory, e)) return false;
    arena_init(&a, 0);
    bool ok = log_list(fs, directory, &a, &v.list, e) && verify(&v, e);
    log_scan_close(&v.scan);
    arena_done(&a);
    if (ok) *out = v.verdict;
    return ok;
}
