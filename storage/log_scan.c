/* log_scan.c: see log_scan.h. A window of the file is kept, so that small groups cost no call each;
 * it grows to the largest group, of which the file itself is the bound.
 */
#include "storage/log_scan.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { WINDOW_BYTES = 1 << 20 };

bool log_damage(struct err *e, const char *directory, uint64_t first, uint64_t lsn,
                const char *unlike) {
    err_set(e, ERR_CORRUPT, "XX001",
            "the log is damaged: segment %016" PRIx64 ".seg, offset %" PRIu64 ": %s", first,
            lsn - first, unlike);
    e->offset = lsn - first;
    return err_hint(e, "weir log %s --verify says how much is sound, --salvage OUT copies that",
                    directory);
}

/* All of `bytes` bytes at `offset`, fewer only at the end of the file. */
static bool read_whole(struct file *f, uint64_t offset, char *to, size_t bytes, size_t *got_out,
                       struct err *e) {
    size_t got = 0;
    while (got < bytes) {
        size_t more;
        if (!file_read_at(f, offset + got, to + got, bytes - got, &more, e)) return false;
        if (more == 0) break;
        got += more;
    }
    *got_out = got;
    return true;
}

static bool judge_block(const char *block, uint64_t first, struct log_segment_head *out,
                        struct log_head_flaw *flaw, struct err *e) {
    uint32_t version = 0;
    switch (log_segment_decode(block, out, &version)) {
    case LOG_HEAD_SOUND:
        if (out->first != first) flaw->unlike = "it is the head of another segment";
        return true;
    case LOG_HEAD_DAMAGED: flaw->unlike = "the segment's head is not what was written"; return true;
    case LOG_HEAD_OTHER_VERSION: break;
    }
    return err_set(e, ERR_IO, "0A000",
                   "log segment %016" PRIx64 ".seg has format version %" PRIu32
                   "; this program reads version %d",
                   first, version, LOG_VERSION);
}

bool log_segment_judge_head(struct file_system *fs, const char *directory, uint64_t first,
                            struct log_segment_head *out, struct log_head_flaw *flaw_out,
                            struct err *e) {
    struct log_path path = log_segment_path(directory, first);
    struct file *f = file_open(fs, path.at, FILE_READ, e);
    if (!f) return false;

    char block[LOG_BLOCK_BYTES];
    struct file_info info;
    size_t got = 0;
    bool ok = read_whole(f, 0, block, sizeof block, &got, e) && file_info(f, &info, e);
    file_close(f);
    if (!ok) return false;

    struct log_head_flaw flaw = {.bytes = info.size_bytes};
    if (got < sizeof block) {
        flaw.unlike = "the segment is shorter than its head";
    } else if (!judge_block(block, first, out, &flaw, e)) {
        return false;
    } else if (!flaw.unlike && info.size_bytes != out->bytes) {
        flaw.unlike = "the segment does not have the length that its head says";
        flaw.offset = info.size_bytes < out->bytes ? info.size_bytes : out->bytes;
    }
    *flaw_out = flaw;
    return true;
}

bool log_segment_read_head(struct file_system *fs, const char *directory, uint64_t first,
                           struct log_segment_head *out, struct err *e) {
    struct log_head_flaw flaw;
    if (!log_segment_judge_head(fs, directory, first, out, &flaw, e)) return false;
    if (!flaw.unlike) return true;
    return log_damage(e, directory, first, first + flaw.offset, flaw.unlike);
}

bool log_scan_open(struct log_scan *s, struct file_system *fs, const char *directory,
                   uint64_t first, struct err *e) {
    struct log_path path = log_segment_path(directory, first);
    struct file_info info;
    *s = (struct log_scan){.first = first};
    s->file = file_open(fs, path.at, FILE_READ, e);
    if (!s->file || !file_info(s->file, &info, e)) return false;
    s->bytes = info.size_bytes - info.size_bytes % LOG_BLOCK_BYTES;
    return true;
}

void log_scan_close(struct log_scan *s) {
    file_close(s->file);
    free(s->window);
    *s = (struct log_scan){.file = NULL};
}

static bool window_reserve(struct log_scan *s, size_t bytes, struct err *e) {
    if (bytes <= s->window_capacity) return true;
    char *window = malloc(bytes);
    if (!window) return err_memory(e);
    free(s->window);
    s->window = window;
    s->window_capacity = bytes;
    s->window_bytes = 0;
    return true;
}

/* Reads anew from `offset`: at least `bytes`, which are there, and what follows them. */
static bool window_load(struct log_scan *s, uint64_t offset, size_t bytes, struct err *e) {
    uint64_t left = s->bytes - offset;
    size_t wanted = bytes > WINDOW_BYTES ? bytes : WINDOW_BYTES;
    if (wanted > left) wanted = (size_t)left;
    assert(bytes <= left);
    if (!window_reserve(s, wanted, e)) return false;

    s->window_bytes = 0;
    size_t got;
    if (!read_whole(s->file, offset, s->window, wanted, &got, e)) return false;
    s->window_at = offset;
    s->window_bytes = got;
    return true;
}

static bool in_window(const struct log_scan *s, uint64_t offset, size_t bytes) {
    return offset >= s->window_at && offset - s->window_at <= s->window_bytes &&
           bytes <= s->window_bytes - (offset - s->window_at);
}

/* *at_out NULL: the file has become shorter. */
static bool window_bytes(struct log_scan *s, uint64_t offset, size_t bytes, const char **at_out,
                         struct err *e) {
    if (!in_window(s, offset, bytes) && !window_load(s, offset, bytes, e)) return false;
    *at_out = in_window(s, offset, bytes) ? s->window + (offset - s->window_at) : NULL;
    return true;
}

/* One look at `lsn`; `whole`: at all of the group. */
static bool look(struct log_scan *s, uint64_t lsn, bool whole, struct log_found *out,
                 struct err *e) {
    uint64_t offset = lsn - s->first;
    const char *at;
    *out = (struct log_found){.unlike = "no group begins here"};
    if (offset >= s->bytes) return true;
    if (!window_bytes(s, offset, LOG_BLOCK_BYTES, &at, e)) return false;
    if (!at || !log_group_decode(at, s->salt, lsn, &out->head)) return true;

    out->unlike = "the group does not end within the segment";
    if (out->head.bytes > s->bytes - offset) return true;
    out->sound = true;
    if (!whole) return true;

    out->sound = false;
    out->unlike = "the group is not what was written";
    if (!window_bytes(s, offset, out->head.bytes, &at, e)) return false;
    out->sound = at && log_group_check(&out->head, at);
    out->group = out->sound ? at : NULL;
    return true;
}

bool log_scan_group(struct log_scan *s, uint64_t lsn, struct log_found *out, struct err *e) {
    assert(lsn >= s->first && lsn % LOG_BLOCK_BYTES == 0);
    bool fresh = !in_window(s, lsn - s->first, LOG_BLOCK_BYTES);
    if (!look(s, lsn, true, out, e)) return false;
    if (out->sound || fresh) return true;
    s->window_bytes = 0;
    return look(s, lsn, true, out, e);
}

bool log_scan_head(struct log_scan *s, uint64_t lsn, struct log_found *out, struct err *e) {
    assert(lsn >= s->first && lsn % LOG_BLOCK_BYTES == 0);
    return look(s, lsn, false, out, e);
}

bool log_scan_next(struct log_scan *s, uint64_t lsn, struct log_found *out, struct err *e) {
    for (uint64_t at = lsn; at - s->first < s->bytes; at += LOG_BLOCK_BYTES) {
        if (!log_scan_head(s, at, out, e)) return false;
        if (out->sound) return true;
    }
    *out = (struct log_found){.unlike = "no group begins behind here"};
    return true;
}

static bool proves(const struct log_scan *s, const char *at, uint64_t lsn, uint64_t end) {
    struct log_group_head h;
    if (!at || log_group_lsn(at) < lsn) return false;
    if (!log_group_decode(at, s->salt, log_group_lsn(at), &h)) return false;
    return h.lsn > lsn || h.durable > end;
}

bool log_scan_proof(struct log_scan *s, uint64_t end, bool *proof_out, struct err *e) {
    bool proof = false;
    for (uint64_t lsn = end; !proof && lsn - s->first < s->bytes; lsn += LOG_BLOCK_BYTES) {
        const char *at;
        if (!window_bytes(s, lsn - s->first, LOG_BLOCK_BYTES, &at, e)) return false;
        proof = proves(s, at, lsn, end);
    }
    *proof_out = proof;
    return true;
}

bool log_scan_record(const struct log_found *g, uint32_t *at, struct log_record_head *head_out,
                     struct text *body_out) {
    assert(g->sound && g->group);
    uint32_t offset = *at ? *at : LOG_GROUP_HEAD_BYTES;
    if (offset >= g->head.used_bytes) return false;

    struct log_record_head h = {.place = g->head.lsn + offset};
    const char *record = g->group + offset;
    if (!log_record_decode(record, g->head.used_bytes - offset, g->head.salt, &h)) return false;
    *at = offset + (uint32_t)log_record_bytes(h.body_bytes);
    *head_out = h;
    *body_out = (struct text){.at = record + LOG_RECORD_HEAD_BYTES, .bytes = h.body_bytes};
    return true;
}

bool log_scan_records_sound(const struct log_found *g) {
    uint32_t at = 0, count = 0;
    struct log_record_head head;
    struct text body;
    while (log_scan_record(g, &at, &head, &body)) count++;
    return count == g->head.count && (at == g->head.used_bytes || (at == 0 && count == 0));
}
