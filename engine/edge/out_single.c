/* out_single.c: see out_single.h. A record:
 *
 *   two texts: the paths of the file and of the hidden one, which is empty where there is none
 *   three times 8 bytes: a single_range
 *
 * Publishing looks how long the file is: it holds `base` bytes and as much of the range as was
 * added before a crash. Of that each byte must be the same, or zero, as a file system may leave
 * those that were not synced; so all of the range is written once more. When it has been added and
 * synced, and only then, the hidden file begins anew: one that is shorter than the range, or has
 * other bytes, tells that nothing is left to do.
 */
#include "engine/edge/out_single.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK_BYTES = 64 * 1024, PATH_BYTES_MAX = 4096 };

static bool too_long(const char *path, struct err *e) {
    return err_set(e, ERR_IO, "58030", "a path is too long: %.100s", path);
}

/* The folder that holds `path`. */
static bool folder_of(const char *path, char out[PATH_BYTES_MAX], struct err *e) {
    const char *slash = strrchr(path, '/');
    int bytes = !slash          ? snprintf(out, PATH_BYTES_MAX, ".")
                : slash == path ? snprintf(out, PATH_BYTES_MAX, "/")
                                : snprintf(out, PATH_BYTES_MAX, "%.*s", (int)(slash - path), path);
    return bytes < PATH_BYTES_MAX || too_long(path, e);
}

static bool name_hidden(struct single *s, struct text owner, struct err *e) {
    char hidden[PATH_BYTES_MAX];
    const char *slash = strrchr(s->path, '/');
    int folder = slash ? (int)(slash + 1 - s->path) : 0;
    int bytes = snprintf(hidden, sizeof hidden, "%.*s.%s.%.*s.inprogress", folder, s->path,
                         s->path + folder, TEXT_ARG(owner));
    if (bytes >= (int)sizeof hidden) return too_long(s->path, e);
    s->hidden = strdup(hidden);
    return s->hidden || err_memory(e);
}

static bool open_visible(struct single *s, struct file_info *info, struct err *e) {
    uint32_t flags = FILE_WRITE | FILE_CREATE | FILE_APPEND | FILE_PATIENT;
    struct err other;
    s->file = file_open(s->fs, s->path, flags, e);
    if (!s->file && file_stat(s->fs, s->path, info, &other) && info->is_pipe) {
        err_set(e, ERR_IO, "58030", "nobody reads the pipe %s", s->path);
        return err_hint(e, "Start its reader first.");
    }
    return s->file && file_info(s->file, info, e);
}

/* --- adding what is covered --- */

struct copying {
    struct file *from, *to;
    const char *path; /* of `to` */
    struct single_range left;
    char chunk[CHUNK_BYTES];
};

static bool read_chunk(struct copying *c, size_t *bytes_out, struct err *e) {
    uint64_t left = c->left.to - c->left.from;
    size_t want = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES, have = 0, got = 1;
    while (have < want && got > 0) {
        if (!file_read_at(c->from, c->left.from + have, c->chunk + have, want - have, &got, e)) {
            return false;
        }
        have += got;
    }
    *bytes_out = have;
    return have > 0 || err_set(e, ERR_IO, "58030", "what is to be added to %s is gone", c->path);
}

static void move_on(struct copying *c, size_t bytes) {
    c->left.from += bytes;
    c->left.base += bytes;
}

static bool may_be_ours(const char *there, const char *ours, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        if (there[i] != ours[i] && there[i] != '\0') return false;
    }
    return true;
}

/* Over what was added before: `bytes` of it, as far as it may be ours. */
static bool compare(struct copying *c, uint64_t bytes, bool *same_out, struct err *e) {
    char there[4096];
    *same_out = true;
    while (bytes > 0 && *same_out) {
        size_t got = 0, have = 0, want = bytes < sizeof there ? (size_t)bytes : sizeof there;
        if (!file_read_at(c->to, c->left.base, there, want, &got, e)) return false;
        if (!read_chunk(c, &have, e)) return false;
        *same_out = got > 0 && got <= have && may_be_ours(there, c->chunk, got);
        move_on(c, got);
        bytes -= got;
    }
    return true;
}

/* Whole lines at a time, where lines are no longer than a chunk. */
static bool add_rest(struct copying *c, struct err *e) {
    while (c->left.from < c->left.to) {
        size_t bytes = 0;
        if (!read_chunk(c, &bytes, e)) return false;
        const char *end = memrchr(c->chunk, '\n', bytes);
        if (end) bytes = (size_t)(end + 1 - c->chunk);
        if (!file_write_at(c->to, c->left.base, c->chunk, bytes, e)) return false;
        move_on(c, bytes);
    }
    return file_sync(c->to, e);
}

static bool copy(struct copying *c, struct err *e) {
    struct file_info info;
    if (!file_info(c->to, &info, e)) return false;
    if (info.size_bytes < c->left.base) {
        return err_set(e, ERR_IO, "58030", "%s is shorter than what was written to it", c->path);
    }
    const struct single_range range = c->left;
    uint64_t added = info.size_bytes - range.base, all = range.to - range.from;
    bool same;
    if (!compare(c, added < all ? added : all, &same, e)) return false;
    c->left = range;
    if (same) return add_rest(c, e);
    if (added >= all) return true; /* the hidden file has begun anew */
    return err_set(e, ERR_IO, "58030", "%s was written to by somebody else", c->path);
}

/* The hidden file, if it has the range still. false: that cannot be known. */
static bool open_range(struct copying *c, struct file_system *fs, const char *hidden,
                       bool *there_out, struct err *e) {
    struct file_info info;
    *there_out = false;
    errno = 0;
    c->from = file_open(fs, hidden, FILE_READ, e);
    if (!c->from) return errno == ENOENT;
    if (!file_info(c->from, &info, e)) return false;
    *there_out = info.size_bytes >= c->left.to;
    return true;
}

/* Without the hidden range all of it must have been added. */
static bool check_added(const struct copying *c, struct err *e) {
    struct file_info info;
    if (!file_info(c->to, &info, e)) return false;
    bool added = info.size_bytes >= c->left.base &&
                 info.size_bytes - c->left.base >= c->left.to - c->left.from;
    return added || err_set(e, ERR_IO, "58030", "what is to be added to %s is gone", c->path);
}

static bool publish(struct file_system *fs, const char *const path[2], struct single_range range,
                    struct err *e) {
    if (range.from == range.to) return true;
    struct copying *c = calloc(1, sizeof *c);
    if (!c) return err_memory(e);
    c->path = path[0];
    c->left = range;
    c->to = file_open(fs, path[0], FILE_READ | FILE_WRITE | FILE_CREATE, e);
    bool there = false;
    bool ok =
        c->to && open_range(c, fs, path[1], &there, e) && (there ? copy(c, e) : check_added(c, e));
    file_close(c->from);
    file_close(c->to);
    free(c);
    return ok;
}

/* The fields of a record. */
struct record {
    char path[PATH_BYTES_MAX], hidden[PATH_BYTES_MAX];
    struct single_range range;
};

static bool record_read(struct saved *s, struct record *out, struct err *e) {
    struct text path = saved_text(s), hidden = saved_text(s);
    out->range.base = saved_u64(s);
    out->range.from = saved_u64(s);
    out->range.to = saved_u64(s);
    bool fits = path.bytes < PATH_BYTES_MAX && hidden.bytes < PATH_BYTES_MAX &&
                out->range.from <= out->range.to;
    if (s->damaged || !fits) return saved_damaged("a sink", e);
    memcpy(out->path, path.at, path.bytes);
    out->path[path.bytes] = '\0';
    if (hidden.bytes > 0) memcpy(out->hidden, hidden.at, hidden.bytes);
    out->hidden[hidden.bytes] = '\0';
    return true;
}

bool single_publish(struct file_system *fs, struct saved *record, struct err *e) {
    struct record r;
    if (!record_read(record, &r, e)) return false;
    const char *const path[2] = {r.path, r.hidden};
    return !r.hidden[0] || publish(fs, path, r.range, e);
}

/* --- the sink --- */

/* From the record on: what it covers appears, what came later is thrown away. */
static bool resume(struct single *s, struct text record, struct err *e) {
    struct saved in = saved_of(record);
    struct record r;
    if (!record_read(&in, &r, e)) return false;
    if (strcmp(r.path, s->path) != 0 || strcmp(r.hidden, s->hidden) != 0) {
        return saved_damaged("a sink", e);
    }
    const char *const path[2] = {s->path, s->hidden};
    if (!publish(s->fs, path, r.range, e)) return false;
    s->next.base = r.range.base + (r.range.to - r.range.from);
    return true;
}

static bool open_hidden(struct single *s, struct err *e) {
    uint32_t flags = FILE_READ | FILE_WRITE | FILE_CREATE | FILE_TRUNCATE;
    s->file = file_open(s->fs, s->hidden, flags, e);
    return s->file != NULL;
}

bool single_open(struct single *s, const struct single_options *o, bool *fresh_out, struct err *e) {
    struct file_info info;
    *s = (struct single){.fs = o->fs, .path = strdup(o->path)};
    if (!s->path) return err_memory(e);
    if (!open_visible(s, &info, e)) return false;
    *fresh_out = info.size_bytes == 0 && !o->resumed;
    if (!o->owner.at || !info.is_regular) return true;
    file_close(s->file);
    s->file = NULL;
    s->next.base = info.size_bytes;
    if (!name_hidden(s, o->owner, e)) return false;
    if (o->record.bytes > 0 && !resume(s, o->record, e)) return false;
    return open_hidden(s, e);
}

bool single_is_broken_off(const struct single *s, bool *is_out, struct err *e) {
    struct err ignored;
    struct file_info info;
    char last = '\n';
    size_t got = 0;
    *is_out = false;
    if (!file_stat(s->fs, s->path, &info, e)) return false;
    if (!info.is_regular || info.size_bytes == 0) return true;
    struct file *f = file_open(s->fs, s->path, FILE_READ, &ignored);
    if (!f) return true; /* who may not read it does not know */
    bool ok = file_read_at(f, info.size_bytes - 1, &last, 1, &got, e);
    file_close(f);
    *is_out = ok && got == 1 && last != '\n';
    return ok;
}

bool single_write(struct single *s, struct text lines, struct err *e) {
    if (!s->hidden) return file_write(s->file, lines.at, lines.bytes, e);
    if (!file_write_at(s->file, s->next.to, lines.at, lines.bytes, e)) return false;
    s->next.to += lines.bytes;
    return true;
}

/* The names of both files are durable. */
static bool sync_names(struct single *s, struct err *e) {
    char folder[PATH_BYTES_MAX];
    if (s->named) return true;
    s->named = folder_of(s->path, folder, e) && file_sync_directory(s->fs, folder, e);
    return s->named;
}

bool single_save(struct single *s, struct buf *out, struct err *e) {
    if (s->hidden && (!sync_names(s, e) || !file_sync(s->file, e))) return false;
    bool waits = s->last.from < s->last.to; /* the record before was not committed */
    if (!waits) s->last = s->next;
    s->last.to = s->next.to;
    saved_put_text(out, text_of(s->path));
    saved_put_text(out, text_of(s->hidden ? s->hidden : ""));
    saved_put_u64(out, s->last.base);
    saved_put_u64(out, s->last.from);
    saved_put_u64(out, s->last.to);
    s->next.base += s->next.to - s->next.from;
    s->next.from = s->next.to;
    return true;
}

bool single_commit(struct single *s, struct err *e) {
    if (!s->hidden) return true;
    const char *const path[2] = {s->path, s->hidden};
    if (!publish(s->fs, path, s->last, e)) return false;
    s->last.from = s->last.to;
    if (s->next.from < s->next.to || s->next.to == 0) return true;
    s->next.from = s->next.to = s->last.from = s->last.to = 0;
    return file_truncate(s->file, 0, e);
}

void single_close(struct single *s) {
    struct err ignored;
    file_close(s->file);
    bool empty = s->hidden && s->next.to == 0 && s->last.to == 0;
    if (empty) (void)!file_remove(s->fs, s->hidden, &ignored);
    free(s->path);
    free(s->hidden);
    *s = (struct single){.fs = NULL};
}
