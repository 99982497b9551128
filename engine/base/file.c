/* file.c: see file.h. Every call is checked at this border: arguments on the way in, and on the
 * way out that a failure has an error and a success counts no more than was asked for.
 */
#include "engine/base/file.h"

#include <assert.h>
#include <string.h>

struct file *file_open(struct file_system *fs, const char *path, uint32_t flags, struct err *e) {
    assert(fs && path && (flags & (FILE_READ | FILE_WRITE)));
    assert(!(flags & FILE_EXCLUSIVE) || flags & FILE_CREATE);
    struct file *f = fs->type->open(fs, path, flags, e);
    assert(f ? f->fs == fs : e->code != ERR_NONE);
    return f;
}

void file_close(struct file *f) {
    if (f) f->fs->type->close(f);
}

bool file_read(struct file *f, void *to, size_t bytes, size_t *got_out, struct err *e) {
    assert(f && (to || bytes == 0));
    size_t got = 0;
    if (!f->fs->type->read(f, to, bytes, &got, e)) return false;
    assert(got <= bytes);
    *got_out = got;
    return true;
}

bool file_ready(struct file *f) {
    assert(f);
    return !f->fs->type->ready || f->fs->type->ready(f);
}

bool file_read_at(struct file *f, uint64_t offset, void *to, size_t bytes, size_t *got_out,
                  struct err *e) {
    assert(f && (to || bytes == 0));
    size_t got = 0;
    if (!f->fs->type->read_at(f, offset, to, bytes, &got, e)) return false;
    assert(got <= bytes);
    *got_out = got;
    return true;
}

bool file_write(struct file *f, const void *from, size_t bytes, struct err *e) {
    assert(f && (from || bytes == 0));
    return f->fs->type->write(f, from, bytes, e);
}

bool file_write_at(struct file *f, uint64_t offset, const void *from, size_t bytes, struct err *e) {
    assert(f && (from || bytes == 0));
    return f->fs->type->write_at(f, offset, from, bytes, e);
}

bool file_sync(struct file *f, struct err *e) {
    assert(f);
    return f->fs->type->sync(f, e);
}

bool file_truncate(struct file *f, uint64_t size_bytes, struct err *e) {
    assert(f);
    return f->fs->type->truncate(f, size_bytes, e);
}

bool file_info(struct file *f, struct file_info *out, struct err *e) {
    assert(f && out);
    return f->fs->type->info(f, out, e);
}

bool file_lock(struct file *f, struct err *e) {
    assert(f);
    return f->fs->type->lock(f, e);
}

bool file_stat(struct file_system *fs, const char *path, struct file_info *out, struct err *e) {
    assert(fs && path && out);
    return fs->type->stat(fs, path, out, e);
}

bool file_rename(struct file_system *fs, const char *from, const char *to, struct err *e) {
    assert(fs && from && to);
    return fs->type->rename(fs, from, to, e);
}

bool file_remove(struct file_system *fs, const char *path, struct err *e) {
    assert(fs && path);
    return fs->type->remove(fs, path, e);
}

bool file_make_directory(struct file_system *fs, const char *path, struct err *e) {
    assert(fs && path);
    return fs->type->make_directory(fs, path, e);
}

bool file_sync_directory(struct file_system *fs, const char *path, struct err *e) {
    assert(fs && path);
    return fs->type->sync_directory(fs, path, e);
}

bool file_list(struct file_system *fs, const char *path, struct arena *a, char ***names_out,
               uint32_t *count_out, struct err *e) {
    assert(fs && path && a && names_out && count_out);
    return fs->type->list(fs, path, a, names_out, count_out, e);
}

enum { FIRST_READ_BYTES = 64 * 1024 };

/* Reads to the end, the buffer growing in the arena; *bytes_out may pass the limit by one. */
static char *read_to_end(struct file *f, size_t limit_bytes, struct arena *a, size_t *bytes_out,
                         struct err *e) {
    struct file_info info;
    if (!file_info(f, &info, e)) return NULL;
    size_t capacity = info.size_bytes < limit_bytes ? info.size_bytes + 1 : limit_bytes + 1;
    if (info.size_bytes == 0) capacity = FIRST_READ_BYTES; /* a pipe, or /proc */
    if (capacity > limit_bytes + 1) capacity = limit_bytes + 1;

    char *at = NULL;
    size_t bytes = 0;
    for (;;) {
        char *more = arena_alloc(a, capacity);
        if (!more) {
            err_memory(e);
            return NULL;
        }
        if (bytes > 0) memcpy(more, at, bytes);
        at = more;
        size_t got = 1;
        while (got > 0 && bytes < capacity) {
            if (!file_read(f, at + bytes, capacity - bytes, &got, e)) return NULL;
            bytes += got;
        }
        if (got == 0 || bytes > limit_bytes) break;
        capacity = capacity > limit_bytes / 2 ? limit_bytes + 1 : capacity * 2;
    }
    *bytes_out = bytes;
    return at;
}

bool file_read_all(struct file_system *fs, const char *path, size_t limit_bytes, struct arena *a,
                   struct text *out, struct err *e) {
    assert(limit_bytes < UINT32_MAX);
    struct file *f = file_open(fs, path, FILE_READ, e);
    if (!f) return false;

    size_t bytes = 0;
    char *at = read_to_end(f, limit_bytes, a, &bytes, e);
    file_close(f);
    if (!at) return false;
    if (bytes > limit_bytes) {
        return err_set(e, ERR_LIMIT, "54000", "%s is larger than %zu bytes", path, limit_bytes);
    }
    *out = (struct text){.at = at, .bytes = (uint32_t)bytes};
    return true;
}
