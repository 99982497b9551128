/* torture_file.c: a file system around the real one, in which the n-th call fails, or reads are
 * short. The linker puts it in place of file_system_posix() (--wrap). */
#include <assert.h>
#include <stdlib.h>

#include "engine/base/file.h"
#include "tests/torture.h"

struct file_system *__real_file_system_posix(void);
struct file_system *__wrap_file_system_posix(void);

struct torture_file {
    struct file file;
    struct file *real;
};

static bool fail(const char *what, struct err *e) {
    return err_set(e, ERR_IO, "58030", "cannot %s: made to fail", what);
}

static struct file *real_of(struct file *f) {
    return ((struct torture_file *)f)->real;
}

static struct file *torture_open(struct file_system *fs, const char *path, uint32_t flags,
                                 struct err *e) {
    if (torture_hit(TORTURE_FILE)) {
        fail("open", e);
        return NULL;
    }
    struct file *real = file_open(__real_file_system_posix(), path, flags, e);
    if (!real) return NULL;
    struct torture_file *f = calloc(1, sizeof *f);
    if (!f) {
        file_close(real);
        err_memory(e);
        return NULL;
    }
    f->file.fs = fs;
    f->real = real;
    return &f->file;
}

static void torture_close(struct file *f) {
    if (!f) return;
    file_close(real_of(f));
    free(f);
}

/* Less than was asked for, never nothing. */
static size_t shortened(size_t bytes) {
    struct torture_fault *f = torture_fault;
    if (!f || f->kind != TORTURE_SHORT || f->at == 0 || bytes < 2) return bytes;
    uint64_t call = atomic_fetch_add(&f->calls, 1);
    return call % 2 ? 1 : (bytes < 20 ? bytes / 2 : 10 + call % 7);
}

static bool torture_read(struct file *f, void *to, size_t bytes, size_t *got_out, struct err *e) {
    if (torture_hit(TORTURE_FILE)) return fail("read", e);
    return file_read(real_of(f), to, shortened(bytes), got_out, e);
}

static bool torture_read_at(struct file *f, uint64_t offset, void *to, size_t bytes,
                            size_t *got_out, struct err *e) {
    if (torture_hit(TORTURE_FILE)) return fail("read", e);
    return file_read_at(real_of(f), offset, to, shortened(bytes), got_out, e);
}

static bool torture_write(struct file *f, const void *from, size_t bytes, struct err *e) {
    if (torture_hit(TORTURE_FILE)) return fail("write", e);
    return file_write(real_of(f), from, bytes, e);
}

static bool torture_write_at(struct file *f, uint64_t offset, const void *from, size_t bytes,
                             struct err *e) {
    if (torture_hit(TORTURE_FILE)) return fail("write", e);
    return file_write_at(real_of(f), offset, from, bytes, e);
}

static bool torture_sync(struct file *f, struct err *e) {
    if (torture_hit(TORTURE_FILE)) return fail("sync", e);
    return file_sync(real_of(f), e);
}

static bool torture_truncate(struct file *f, uint64_t size_bytes, struct err *e) {
    if (torture_hit(TORTURE_FILE)) return fail("truncate", e);
    return file_truncate(real_of(f), size_bytes, e);
}

static bool torture_info(struct file *f, struct file_info *out, struct err *e) {
    if (torture_hit(TORTURE_FILE)) return fail("stat", e);
    return file_info(real_of(f), out, e);
}

static bool torture_lock(struct file *f, struct err *e) {
    if (torture_hit(TORTURE_FILE)) return fail("lock", e);
    return file_lock(real_of(f), e);
}

static bool torture_stat(struct file_system *fs, const char *path, struct file_info *out,
                         struct err *e) {
    (void)fs;
    if (torture_hit(TORTURE_FILE)) return fail("stat", e);
    return file_stat(__real_file_system_posix(), path, out, e);
}

static bool torture_rename(struct file_system *fs, const char *from, const char *to,
                           struct err *e) {
    (void)fs;
    if (torture_hit(TORTURE_FILE)) return fail("rename", e);
    return file_rename(__real_file_system_posix(), from, to, e);
}

static bool torture_remove(struct file_system *fs, const char *path, struct err *e) {
    (void)fs;
    if (torture_hit(TORTURE_FILE)) return fail("remove", e);
    return file_remove(__real_file_system_posix(), path, e);
}

static bool torture_make_directory(struct file_system *fs, const char *path, struct err *e) {
    (void)fs;
    if (torture_hit(TORTURE_FILE)) return fail("make a directory", e);
    return file_make_directory(__real_file_system_posix(), path, e);
}

static bool torture_sync_directory(struct file_system *fs, const char *path, struct err *e) {
    (void)fs;
    if (torture_hit(TORTURE_FILE)) return fail("sync", e);
    return file_sync_directory(__real_file_system_posix(), path, e);
}

static bool torture_list(struct file_system *fs, const char *path, struct arena *a,
                         char ***names_out, uint32_t *count_out, struct err *e) {
    (void)fs;
    if (torture_hit(TORTURE_FILE)) return fail("list", e);
    return file_list(__real_file_system_posix(), path, a, names_out, count_out, e);
}

struct file_system *__wrap_file_system_posix(void) {
    static const struct file_system_type type = {
        .open = torture_open,
        .close = torture_close,
        .read = torture_read,
        .read_at = torture_read_at,
        .write = torture_write,
        .write_at = torture_write_at,
        .sync = torture_sync,
        .truncate = torture_truncate,
        .info = torture_info,
        .lock = torture_lock,
        .stat = torture_stat,
        .rename = torture_rename,
        .remove = torture_remove,
        .make_directory = torture_make_directory,
        .sync_directory = torture_sync_directory,
        .list = torture_list,
    };
    static struct file_system fs = {.type = &type};
    return &fs;
}
