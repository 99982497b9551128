/* out_finished.c: see out_finished.h.
 *
 * As bytes: 4, how many; of each two texts, the hidden path (empty: an empty file is to be made)
 * and the path that it gets.
 */
#include "engine/edge/out_finished.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATH_BYTES_MAX = 4096 };

bool finished_add(struct finished *f, const char *temporary, const char *final, struct err *e) {
    size_t bytes = strlen(final) + 1;
    struct finished_file *x = calloc(1, sizeof *x + bytes);
    if (!x) return err_memory(e);
    if (temporary) x->temporary = strdup(temporary);
    if (temporary && !x->temporary) {
        free(x);
        return err_memory(e);
    }
    x->final = (char *)(x + 1);
    memcpy(x->final, final, bytes);
    struct finished_file **link = &f->first;
    while (*link) link = &(*link)->next;
    *link = x;
    return true;
}

static void drop(struct finished_file *x) {
    free(x->temporary);
    free(x);
}

void finished_done(struct finished *f) {
    while (f->first) {
        struct finished_file *next = f->first->next;
        drop(f->first);
        f->first = next;
    }
}

void finished_forget(struct finished *f) {
    for (struct finished_file **link = &f->first; *link;) {
        struct finished_file *x = *link;
        if (x->covered) {
            *link = x->next;
            drop(x);
        } else {
            link = &x->next;
        }
    }
}

void finished_save_covered(const struct finished *f, struct buf *out) {
    uint32_t count = 0;
    for (const struct finished_file *x = f->first; x; x = x->next) count += x->covered;
    saved_put_u32(out, count);
    for (const struct finished_file *x = f->first; x; x = x->next) {
        if (!x->covered) continue;
        saved_put_text(out, text_of(x->temporary ? x->temporary : ""));
        saved_put_text(out, text_of(x->final));
    }
}

void finished_save(struct finished *f, struct buf *out) {
    for (struct finished_file *x = f->first; x; x = x->next) x->covered = true;
    finished_save_covered(f, out);
}

/* Cuts the last name of a path off: "." is above a bare name, "/" above "/x". */
static void go_up(char *path) {
    char *slash = strrchr(path, '/');
    if (!slash) {
        memcpy(path, ".", 2);
    } else {
        slash[slash == path] = '\0';
    }
}

static bool copy_path(char to[PATH_BYTES_MAX], struct text from, struct err *e) {
    if (from.bytes >= PATH_BYTES_MAX) {
        return err_set(e, ERR_IO, "58030", "a path is too long: %.100s", from.at);
    }
    if (from.bytes > 0) memcpy(to, from.at, from.bytes);
    to[from.bytes] = '\0';
    return true;
}

bool finished_sync_folders(const struct finished *f, const char *path, struct err *e) {
    char at[PATH_BYTES_MAX];
    if (!copy_path(at, text_of(path), e)) return false;
    size_t top = f->folder ? strlen(f->folder) : 0;
    do {
        go_up(at);
        if (!file_sync_directory(f->fs, at, e)) return false;
    } while (strlen(at) > top && strcmp(at, ".") != 0 && strcmp(at, "/") != 0);
    go_up(at); /* the folder itself has a name, too */
    return file_sync_directory(f->fs, at, e);
}

bool finished_cut(const struct finished *f, const char *path, uint64_t bytes, struct err *e) {
    struct file_info info;
    struct file *file = file_open(f->fs, path, FILE_WRITE, e);
    if (!file) return false;
    bool ok = file_info(file, &info, e);
    if (ok && info.size_bytes < bytes) {
        ok = err_set(e, ERR_IO, "58030", "%s is shorter than what was written to it", path);
    }
    if (ok && info.size_bytes > bytes) ok = file_truncate(file, bytes, e) && file_sync(file, e);
    file_close(file);
    return ok;
}

/* One file gets its name, which is durable when its folder is synced. */
static bool publish_one(const struct finished *f, const char *temporary, const char *final,
                        struct err *e) {
    struct file_info info;
    struct err other;
    bool there = file_stat(f->fs, final, &info, &other);
    if (temporary[0] && file_stat(f->fs, temporary, &info, &other)) {
        return file_rename(f->fs, temporary, final, e);
    }
    if (there) return true;
    if (temporary[0]) {
        return err_set(e, ERR_IO, "58030", "%s is gone before it was published", temporary);
    }
    struct file *mark = file_open(f->fs, final, FILE_WRITE | FILE_CREATE, e);
    bool ok = mark && file_sync(mark, e);
    file_close(mark);
    return ok;
}

bool finished_publish(struct finished *f, struct saved *s, struct err *e) {
    char temporary[PATH_BYTES_MAX], final[PATH_BYTES_MAX], folder[PATH_BYTES_MAX] = "";
    uint32_t count = saved_count(s, 8);
    for (uint32_t i = 0; i < count; i++) {
        struct text from = saved_text(s), to = saved_text(s);
        if (s->damaged) return saved_damaged("a sink", e);
        char before[PATH_BYTES_MAX];
        memcpy(before, folder, sizeof before);
        if (!copy_path(temporary, from, e) || !copy_path(final, to, e)) return false;
        memcpy(folder, final, sizeof folder);
        go_up(folder);
        bool other = before[0] && strcmp(before, folder) != 0;
        if (other && !file_sync_directory(f->fs, before, e)) return false;
        if (!publish_one(f, temporary, final, e)) return false;
    }
    return !folder[0] || file_sync_directory(f->fs, folder, e);
}

/* .part-<owner>-….inprogress */
static bool is_hidden(const struct finished *f, const char *name) {
    static const char head[] = ".part-", tail[] = ".inprogress";
    size_t owner = strlen(f->owner), bytes = strlen(name);
    return bytes > sizeof head + owner + sizeof tail && memcmp(name, head, sizeof head - 1) == 0 &&
           memcmp(name + sizeof head - 1, f->owner, owner) == 0 &&
           name[sizeof head - 1 + owner] == '-' &&
           strcmp(name + bytes - (sizeof tail - 1), tail) == 0;
}

static bool sweep_folder(const struct finished *f, const struct finished_sweep *o,
                         const char *folder, uint32_t level, struct err *e);

static bool sweep_one(const struct finished *f, const struct finished_sweep *o, const char *path,
                      uint32_t level, struct err *e) {
    struct file_info info;
    struct err other;
    const char *name = strrchr(path, '/') + 1;
    if (is_hidden(f, name)) {
        return o->keeps(o->context, path) || file_remove(f->fs, path, e);
    }
    bool folder = level < o->levels && name[0] != '.' && file_stat(f->fs, path, &info, &other) &&
                  info.is_directory;
    return !folder || sweep_folder(f, o, path, level + 1, e);
}

/* As deep as a stream has partitions. */
static bool sweep_folder(const struct finished *f, const struct finished_sweep *o,
                         const char *folder, uint32_t level, struct err *e) {
    struct arena a;
    char **names;
    uint32_t count;
    arena_init(&a, 0);
    bool ok = file_list(f->fs, folder, &a, &names, &count, e);
    for (uint32_t i = 0; ok && i < count; i++) {
        char path[PATH_BYTES_MAX];
        int bytes = snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        if (bytes < (int)sizeof path) ok = sweep_one(f, o, path, level, e);
    }
    arena_done(&a);
    return ok;
}

bool finished_sweep(const struct finished *f, const struct finished_sweep *o, struct err *e) {
    assert(f->owner && f->folder && o->keeps);
    return sweep_folder(f, o, f->folder, 0, e);
}
