/* in_file_source.c: files as a source of bytes, and where it stands, as bytes.
 *
 * Files are read one after another, whole, through engine/base/compress.h. With 'follow' the last
 * one is asked again after its end: by inode, so that a file that was renamed is read to its end
 * before the one that took its name is begun. Of a folder or glob that is followed, files are
 * taken up as they appear: what a look at it finds that the look before did not, in byte order.
 *
 * A pipe is opened whether or not someone writes to it, and is waited for in the loop of the
 * runner, which can be interrupted. It ends when its writers have left, or never with 'follow'.
 *
 * What is saved:
 *
 *   1 byte each: files were looked for; the path names several; a file is open; the path names
 *                another file by now
 *   a text and two times 8 bytes: the name, inode and device of the file that is open
 *   the paths that the last look found, where they are looked at again, and those still to read
 *
 * The file that was open is found again by its inode, under its name or another one in its folder.
 * Where it is gone, is shorter than what was read of it, or has other bytes before the place, there
 * is no right way on, and that is an error.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "engine/base/compress.h"
#include "engine/base/option.h"
#include "engine/edge/in_bytes.h"
#include "engine/edge/in_filesystem.h"
#include "engine/edge/path.h"

struct file_source {
    struct byte_source base;
    const struct edge_env *env;
    struct arena arena;         /* of the reader */
    struct arena file_arena;    /* of the open file */
    struct arena look_arena[2]; /* of the last look, and of the one before */
    uint32_t look;              /* which of them is the last */
    const char *path;           /* as given */
    struct path_list found;     /* by the last look, in byte order */
    struct path_list list;      /* those of them to read */
    uint32_t next;              /* in list */
    bool follow, restart, looked;
    bool was_open;  /* when it was saved: which file that was */
    bool finishing; /* the path names another file by now: read this one to its end */

    struct file *file;     /* NULL: none open */
    char *name;            /* malloc'ed */
    struct file_info info; /* of `file` when opened */
    struct compress_reader *bytes;
};

static void file_end(struct file_source *s) {
    compress_reader_close(s->bytes);
    file_close(s->file);
    arena_reset(&s->file_arena);
    s->bytes = NULL;
    s->file = NULL;
    s->finishing = false;
}

/* Opens the file at `path`, which is called `name`. */
static bool file_begin_as(struct file_source *s, const char *path, const char *name,
                          struct err *e) {
    assert(!s->file);
    char *copy = strdup(name);
    if (!copy) return err_memory(e);
    s->file = file_open(s->env->fs, path, FILE_READ | FILE_PATIENT, e);
    free(s->name); /* which may be one of those given */
    s->name = copy;
    if (!s->file || !file_info(s->file, &s->info, e)) return false;
    s->bytes = compress_reader_open(s->file, copy, &s->file_arena, e);
    return s->bytes != NULL;
}

static bool file_begin(struct file_source *s, const char *path, struct err *e) {
    return file_begin_as(s, path, path, e);
}

/* What cannot be looked at need not be gone. */
static bool is_missing(const struct file_source *s, const char *path) {
    struct file_info info;
    struct err ignored;
    errno = 0;
    if (file_stat(s->env->fs, path, &info, &ignored)) return false;
    return errno == ENOENT || errno == ENOTDIR;
}

/* The files that are there. A folder that is followed may be taken away and come back. */
static bool find_files(const struct file_source *s, struct arena *a, struct path_list *out,
                       struct err *e) {
    bool again = s->follow && s->looked, is_glob = strpbrk(s->path, "*?[");
    *out = (struct path_list){.many = s->list.many};
    if (again && s->list.many && !is_glob && is_missing(s, s->path)) return true;
    return path_list_find(s->env->fs, s->path, s->follow, a, out, e);
}

/* Looks at the folder: `list` becomes what was not found before. */
static bool look(struct file_source *s, struct err *e) {
    struct arena *a = &s->look_arena[1 - s->look];
    struct path_list found, fresh = {.many = s->list.many};
    arena_reset(a);
    if (!find_files(s, a, &found, e)) return false;
    s->looked = true;
    fresh.path = ARENA_ARRAY(a, fresh.path, (size_t)found.count + 1);
    if (!fresh.path) return err_memory(e);
    for (uint32_t i = 0, k = 0; i < found.count; i++) {
        while (k < s->found.count && strcmp(s->found.path[k], found.path[i]) < 0) k++;
        bool known = k < s->found.count && strcmp(s->found.path[k], found.path[i]) == 0;
        if (!known) fresh.path[fresh.count++] = found.path[i];
    }
    fresh.many = found.many;
    s->found = found;
    s->list = fresh;
    s->next = 0;
    s->look = 1 - s->look;
    return true;
}

/* Of a folder that is followed: was the file taken away before its turn came? */
static bool is_gone(const struct file_source *s, const char *path) {
    return s->follow && s->list.many && !s->file && is_missing(s, path);
}

static enum byte_status truncated(struct file_source *s, struct err *e) {
    if (!s->restart) {
        err_set(e, ERR_IO, "58030", "%s became shorter while it was read", s->name);
        err_hint(e, "'on-truncate' = 'restart' reads it again from its start.");
        return BYTES_FAIL;
    }
    file_end(s);
    return file_begin(s, s->name, e) ? BYTES_FILE_END : BYTES_FAIL;
}

/* The end of a followed file: has it been cut, renamed, or is there a next one? */
static enum byte_status at_end(struct file_source *s, struct err *e) {
    struct file_info now, other;
    struct err missing;
    if (!file_info(s->file, &now, e)) return BYTES_FAIL;
    if (now.is_regular && now.size_bytes < compress_reader_offset(s->bytes)) {
        return truncated(s, e);
    }
    if (s->list.many) {
        if (s->next >= s->list.count && !look(s, e)) return BYTES_FAIL;
        if (s->next >= s->list.count) return BYTES_WAIT;
    } else {
        if (!file_stat(s->env->fs, s->name, &other, &missing)) return BYTES_WAIT;
        if (other.inode == now.inode && other.device == now.device) return BYTES_WAIT;
        s->next = 0;
    }
    if (!s->finishing) {
        s->finishing = true; /* what was written before the other came is read first */
        return BYTES_SOME;
    }
    file_end(s);
    return BYTES_FILE_END;
}

static enum byte_status file_source_read(struct byte_source *base, void *to, size_t bytes,
                                         size_t *got_out, struct err *e) {
    struct file_source *s = (struct file_source *)base;
    for (;;) {
        if (!s->file) {
            if (s->next >= s->list.count && s->follow && !look(s, e)) return BYTES_FAIL;
            if (s->next >= s->list.count) return s->follow ? BYTES_WAIT : BYTES_END;
            const char *path = s->list.path[s->next++];
            if (!file_begin(s, path, e)) {
                if (!is_gone(s, path)) return BYTES_FAIL;
                continue;
            }
        }
        if (!s->info.is_regular && !file_ready(s->file)) return BYTES_WAIT;
        if (!compress_reader_read(s->bytes, to, bytes, got_out, e)) return BYTES_FAIL;
        if (*got_out > 0) return BYTES_SOME;
        bool last = s->next >= s->list.count;
        if (!s->follow || (!last && s->list.many)) {
            file_end(s);
            return BYTES_FILE_END;
        }
        enum byte_status status = at_end(s, e);
        if (status != BYTES_SOME) return status;
    }
}

static void file_source_poll(const struct byte_source *base, struct pollfd *out) {
    (void)base;
    *out = (struct pollfd){.fd = -1};
}

static const char *file_source_path(const struct byte_source *base) {
    return ((const struct file_source *)base)->name;
}

static void file_source_close(struct byte_source *base) {
    struct file_source *s = (struct file_source *)base;
    file_end(s);
    free(s->name);
    arena_done(&s->file_arena);
    for (uint32_t i = 0; i < COUNT_OF(s->look_arena); i++) arena_done(&s->look_arena[i]);
    arena_done(&s->arena);
    free(s);
}

/* --- where it stands --- */

static bool file_source_save(const struct byte_source *base, struct buf *out, struct err *e) {
    const struct file_source *s = (const struct file_source *)base;
    static const struct path_list none = {.count = 0};
    bool opened = s->file != NULL;
    saved_put_u8(out, s->looked);
    saved_put_u8(out, s->list.many);
    saved_put_u8(out, opened);
    saved_put_u8(out, s->finishing);
    saved_put_text(out, text_of(opened ? s->name : ""));
    saved_put_u64(out, s->info.inode);
    saved_put_u64(out, s->info.device);
    bool again = s->follow && s->list.many;
    path_list_save(again ? &s->found : &none, 0, out);
    path_list_save(&s->list, s->next, out);
    return !out->failed || err_memory(e);
}

/* Opens a file of that folder that has this inode. *found_out false: there is none. */
static bool find_renamed(struct file_source *s, const char *name, const struct file_info *wanted,
                         bool *found_out, struct err *e) {
    struct file_info info;
    struct err other;
    char **names, *path;
    uint32_t count;
    const char *slash = strrchr(name, '/');
    size_t folder = slash ? (size_t)(slash - name) + 1 : 0;
    char *at = folder > 0 ? arena_copy(&s->arena, name, folder) : arena_copy(&s->arena, ".", 1);
    *found_out = false;
    if (!at) return err_memory(e);
    if (!file_list(s->env->fs, at, &s->arena, &names, &count, &other)) return true;
    for (uint32_t i = 0; i < count; i++) {
        size_t bytes = strlen(names[i]);
        path = arena_alloc(&s->arena, folder + bytes + 1);
        if (!path) return err_memory(e);
        memcpy(path, name, folder);
        memcpy(path + folder, names[i], bytes + 1);
        if (!file_stat(s->env->fs, path, &info, &other) || !info.is_regular) continue;
        if (info.inode != wanted->inode || info.device != wanted->device) continue;
        *found_out = true;
        return file_begin_as(s, path, name, e);
    }
    return true;
}

/* Opens the file that was being read, wherever it is now. */
static bool reopen(struct file_source *s, const char *name, const struct file_info *wanted,
                   struct err *e) {
    struct file_info info;
    struct err other;
    bool there = file_stat(s->env->fs, name, &info, &other), found = false;
    bool same = there && info.inode == wanted->inode && info.device == wanted->device;
    if (there && (!info.is_regular || same)) {
        return file_begin(s, name, e);
    }
    if (s->follow && !find_renamed(s, name, wanted, &found, e)) return false;
    return found || path_changed(name, there ? "has become another file" : "is gone", e);
}

static bool file_source_resume(struct file_source *s, struct saved saved, struct err *e) {
    struct file_info wanted = {0};
    s->looked = saved_bool(&saved);
    s->list.many = saved_bool(&saved);
    s->was_open = saved_bool(&saved);
    bool finishing = saved_bool(&saved);
    char *name = saved_string(&saved, &s->arena);
    wanted.inode = saved_u64(&saved);
    wanted.device = saved_u64(&saved);
    if (!name) return err_memory(e);
    if (!path_list_load(&s->found, &saved, &s->look_arena[0], e)) return false;
    if (!path_list_load(&s->list, &saved, &s->look_arena[0], e)) return false;
    if (!saved_done(&saved, "a source", e)) return false;
    if (!s->was_open) return true;
    if (!reopen(s, name, &wanted, e)) return false;
    s->finishing = finishing;
    return true;
}

/* Exactly the bytes `tail` come next. */
static bool tail_is(struct file_source *s, struct text tail, bool *same_out, struct err *e) {
    char have[BYTES_TAIL];
    size_t bytes = 0, got = 1;
    assert(tail.bytes <= sizeof have);
    while (bytes < tail.bytes && got > 0) {
        if (!compress_reader_read(s->bytes, have + bytes, tail.bytes - bytes, &got, e))
            return false;
        bytes += got;
    }
    *same_out = bytes == tail.bytes && (bytes == 0 || memcmp(have, tail.at, bytes) == 0);
    return true;
}

static bool file_source_seek(struct byte_source *base, const struct byte_place *to, bool *again_out,
                             struct err *e) {
    struct file_source *s = (struct file_source *)base;
    bool same = true;
    *again_out = false;
    if (!s->was_open || !s->info.is_regular) return true;
    assert(s->file);
    if (to->tail.bytes > to->offset) return saved_damaged("a source", e);
    bool there = compress_reader_skip(s->bytes, to->offset - to->tail.bytes, e);
    if (!there && e->code != ERR_IO) return false;
    if (there && !tail_is(s, to->tail, &same, e)) return false;
    if (there && same) return true;
    *again_out = s->follow && s->restart;
    if (*again_out) file_end(s);
    if (*again_out) return file_begin(s, s->name, e);
    return path_changed(s->name, there ? "has other bytes" : "became shorter", e);
}

static bool file_source_is_gone(const struct byte_source *base) {
    const struct file_source *s = (const struct file_source *)base;
    return s->file && !s->info.is_regular;
}

static const struct byte_source_type file_source_type = {
    .read = file_source_read,
    .poll = file_source_poll,
    .path = file_source_path,
    .save = file_source_save,
    .is_gone = file_source_is_gone,
    .seek = file_source_seek,
    .close = file_source_close,
};

static bool file_source_init(struct file_source *s, const struct reader_options *o, struct err *e) {
    struct options merged;
    struct text saved = byte_source_saved(o);
    if (!options_merge(&s->arena, &o->def->options, &o->hint, &merged, e)) return false;
    if (!option_bool(&merged, "follow", &s->follow, e)) return false;
    s->restart = option_is(&merged, "on-truncate", "restart");
    s->path = path_plain(&s->arena, option_text(&merged, "path"));
    if (!s->path) return err_memory(e);
    return saved.at ? file_source_resume(s, saved_of(saved), e) : look(s, e);
}

struct byte_source *file_source_open(const struct reader_options *o, struct err *e) {
    struct file_source *s = calloc(1, sizeof *s);
    if (!s) {
        err_memory(e);
        return NULL;
    }
    s->base.type = &file_source_type;
    s->env = o->env;
    arena_init(&s->arena, 0);
    arena_init(&s->file_arena, 0);
    for (uint32_t i = 0; i < COUNT_OF(s->look_arena); i++) arena_init(&s->look_arena[i], 0);
    if (file_source_init(s, o, e)) return &s->base;
    file_source_close(&s->base);
    return NULL;
}
