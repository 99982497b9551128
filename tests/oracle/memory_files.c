/* memory_files.c: a file system of a few files that can only be read. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/file.h"
#include "tests/oracle/side.h"

enum { FILES_MAX = 8, PATH_BYTES_MAX = 64 };

struct memory_file {
    char path[PATH_BYTES_MAX];
    char *at;
    size_t bytes;
};

struct memory_files {
    struct file_system fs;
    struct memory_file file[FILES_MAX];
    uint32_t count;
};

struct open_file {
    struct file file;
    const struct memory_file *of;
    size_t position;
};

static struct memory_file *find(struct memory_files *m, const char *path) {
    if (strncmp(path, "./", 2) == 0) path += 2;
    for (uint32_t i = 0; i < m->count; i++) {
        if (strcmp(m->file[i].path, path) == 0) return &m->file[i];
    }
    return NULL;
}

static struct file *memory_open(struct file_system *fs, const char *path, uint32_t flags,
                                struct err *e) {
    struct memory_file *of = find((struct memory_files *)fs, path);
    if (!of || flags & FILE_WRITE) {
        err_set(e, ERR_IO, "58030", "cannot open %s: not there", path);
        return NULL;
    }
    struct open_file *f = calloc(1, sizeof *f);
    assert(f);
    f->file.fs = fs;
    f->of = of;
    return &f->file;
}

static void memory_close(struct file *file) {
    free(file);
}

static bool memory_read_at(struct file *file, uint64_t offset, void *to, size_t bytes,
                           size_t *got_out, struct err *e) {
    const struct memory_file *of = ((struct open_file *)file)->of;
    (void)e;
    size_t left = offset < of->bytes ? of->bytes - (size_t)offset : 0;
    *got_out = bytes < left ? bytes : left;
    if (*got_out > 0) memcpy(to, of->at + offset, *got_out);
    return true;
}

static bool memory_read(struct file *file, void *to, size_t bytes, size_t *got_out, struct err *e) {
    struct open_file *f = (struct open_file *)file;
    if (!memory_read_at(file, f->position, to, bytes, got_out, e)) return false;
    f->position += *got_out;
    return true;
}

static void fill_info(const struct memory_files *m, const struct memory_file *of,
                      struct file_info *out) {
    *out = (struct file_info){.size_bytes = of->bytes,
                              .inode = (uint64_t)(of - m->file) + 1,
                              .device = 1,
                              .is_regular = true};
}

static bool memory_info(struct file *file, struct file_info *out, struct err *e) {
    (void)e;
    fill_info((const struct memory_files *)file->fs, ((struct open_file *)file)->of, out);
    return true;
}

static bool memory_stat(struct file_system *fs, const char *path, struct file_info *out,
                        struct err *e) {
    struct memory_files *m = (struct memory_files *)fs;
    const struct memory_file *of = find(m, path);
    if (!of) return err_set(e, ERR_IO, "58030", "cannot open %s: not there", path);
    fill_info(m, of, out);
    return true;
}

static const struct file_system_type memory_type = {
    .open = memory_open,
    .close = memory_close,
    .read = memory_read,
    .read_at = memory_read_at,
    .info = memory_info,
    .stat = memory_stat,
};

struct memory_files *memory_files_create(void) {
    struct memory_files *m = calloc(1, sizeof *m);
    assert(m);
    m->fs.type = &memory_type;
    return m;
}

void memory_files_destroy(struct memory_files *m) {
    if (!m) return;
    for (uint32_t i = 0; i < m->count; i++) free(m->file[i].at);
    free(m);
}

struct file_system *memory_files_system(struct memory_files *m) {
    return &m->fs;
}

void memory_files_put(struct memory_files *m, const char *path, struct text bytes) {
    struct memory_file *f = find(m, path);
    if (!f) {
        assert(m->count < FILES_MAX);
        f = &m->file[m->count++];
        snprintf(f->path, sizeof f->path, "%s", path);
    }
    free(f->at);
    f->at = malloc(bytes.bytes + 1u);
    assert(f->at);
    if (bytes.bytes > 0) memcpy(f->at, bytes.at, bytes.bytes);
    f->bytes = bytes.bytes;
}
