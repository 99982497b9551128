/* out_part.c: see out_part.h. */
#include "engine/edge/out_part.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATH_BYTES_MAX = 4096, NAMES_MAX = 1000000 };

/* folder[/key]/name as malloc'ed text; NULL with *e. */
static char *path_of(const struct part *p, const struct part_env *env, const char *name,
                     struct err *e) {
    char path[PATH_BYTES_MAX];
    int n = snprintf(path, sizeof path, "%s/%s%s%s", env->folder, p->key,
                     p->key_bytes > 0 ? "/" : "", name);
    if (n < 0 || n >= (int)sizeof path) {
        err_set(e, ERR_IO, "58030", "a path in %s is too long", env->folder);
        return NULL;
    }
    char *copy = strdup(path);
    if (!copy) err_memory(e);
    return copy;
}

/* Is nothing called so? false with e->code ERR_NONE: something is; else we cannot know. */
static bool is_free(const struct part_env *env, const char *path, struct err *e) {
    struct file_info info;
    errno = 0;
    if (file_stat(env->fs, path, &info, e)) {
        err_clear(e);
        return false;
    }
    if (errno != ENOENT && errno != ENOTDIR) return false;
    err_clear(e);
    return true;
}

/* Opens the file in progress of the part file that would be called by `number`; false with e->code
 * ERR_NONE: the name is taken. Who has the file in progress has the name, unless another writer
 * gave it away just before: so it is looked for again. */
static bool try_name(struct part *p, const struct part_env *env, uint32_t number, struct err *e) {
    char name[64], hidden[80];
    err_clear(e);
    if (env->finished.owner) {
        snprintf(name, sizeof name, "part-%s-%06u.%s", env->finished.owner, number, env->extension);
    } else {
        snprintf(name, sizeof name, "part-%06u.%s", number, env->extension);
    }
    snprintf(hidden, sizeof hidden, ".%s.inprogress", name);
    p->final = path_of(p, env, name, e);
    p->temporary = p->final ? path_of(p, env, hidden, e) : NULL;
    if (!p->temporary) return false;
    if (!is_free(env, p->final, e)) return false;
    p->file = file_open(env->fs, p->temporary, FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE, e);
    if (!p->file) {
        struct err other;
        if (!is_free(env, p->temporary, &other) && other.code == ERR_NONE) {
            err_clear(e); /* it is another writer's */
        }
        return false;
    }
    if (is_free(env, p->final, e)) return true;
    file_close(p->file);
    p->file = NULL;
    struct err removal;
    if (!file_remove(env->fs, p->temporary, &removal) && e->code == ERR_NONE) *e = removal;
    return false;
}

static void forget_file(struct part *p) {
    free(p->final);
    free(p->temporary);
    p->final = p->temporary = NULL;
    p->file = NULL;
    p->bytes = p->durable = 0;
}

static bool part_begin(struct part *p, struct part_env *env, int64_t now_us, struct err *e) {
    char *folder = path_of(p, env, "", e);
    if (!folder) return false;
    bool ok = file_make_directory(env->fs, folder, e);
    free(folder);
    if (!ok) return false;
    for (uint32_t number = env->finished.files; number < NAMES_MAX; number++) {
        if (env->finished.owner) env->finished.files = number + 1;
        if (try_name(p, env, number, e)) break;
        forget_file(p);
        if (e->code != ERR_NONE) return false;
    }
    if (!p->file) return err_set(e, ERR_LIMIT, "54000", "too many part files in %s", env->folder);
    p->opened_us = now_us;
    return line_writer_begin(env->writer, &p->buf, e);
}

bool part_open(struct part *p, struct part_env *env, int64_t now_us, struct err *e) {
    assert(!p->file);
    if (!part_begun(p)) return part_begin(p, env, now_us, e);
    p->file = file_open(env->fs, p->temporary, FILE_WRITE | FILE_APPEND, e);
    return p->file != NULL;
}

void part_park(struct part *p) {
    assert(p->file);
    file_close(p->file);
    p->file = NULL;
    if (p->buf.bytes > 0) return;
    buf_done(&p->buf); /* of many parts few are written to at a time */
    buf_init(&p->buf);
}

/* Encodes rows one by one until the file is as large as it may be; returns how many, 0: see *e. */
static uint32_t add_until_full(struct part *p, const struct part_env *env, const struct batch *b,
                               struct err *e) {
    uint32_t rows = 0;
    while (rows < b->live && (rows == 0 || !part_full(p, env))) {
        uint16_t row = (uint16_t)batch_row(b, rows);
        struct batch one = *b;
        one.sel = &row;
        one.live = 1;
        if (!line_writer_add(env->writer, &one, &p->buf, e)) return 0;
        rows++;
    }
    return rows;
}

bool part_add(struct part *p, const struct part_env *env, const struct batch *b, uint32_t *took_out,
              struct err *e) {
    assert(part_begun(p) && b->live > 0);
    size_t before = p->buf.bytes;
    uint32_t rows = b->live;
    if (!line_writer_add(env->writer, b, &p->buf, e)) return false;
    if (part_full(p, env) && b->live > 1) {
        p->buf.bytes = before;
        rows = add_until_full(p, env, b, e);
        if (rows == 0) return false;
    }
    *took_out = rows;
    return true;
}

bool part_full(const struct part *p, const struct part_env *env) {
    return p->bytes + p->buf.bytes >= env->bytes_max;
}

bool part_flush(struct part *p, struct err *e) {
    if (p->buf.bytes == 0) return true;
    assert(p->file);
    size_t bytes = p->buf.bytes;
    bool ok = file_write(p->file, p->buf.at, bytes, e);
    buf_reset(&p->buf);
    p->bytes += bytes;
    return ok;
}

bool part_publish(struct part *p, struct part_env *env, struct err *e) {
    if (!part_begun(p)) return true;
    assert(p->buf.bytes == 0);
    bool waits = env->finished.owner != NULL;
    if (waits && !part_sync(p, env, e)) return false;
    file_close(p->file);
    p->file = NULL;
    bool ok = waits ? finished_add(&env->finished, p->temporary, p->final, e)
                    : file_rename(env->fs, p->temporary, p->final, e);
    forget_file(p);
    return ok;
}

bool part_mark(const struct part *p, struct part_env *env, const char *name, struct err *e) {
    char *path = path_of(p, env, name, e);
    if (!path) return false;
    if (env->finished.owner) {
        bool added = finished_add(&env->finished, NULL, path, e);
        free(path);
        return added;
    }
    struct file *f = file_open(env->fs, path, FILE_WRITE | FILE_CREATE | FILE_TRUNCATE, e);
    free(path);
    file_close(f);
    return f != NULL;
}

bool part_sync(struct part *p, struct part_env *env, struct err *e) {
    if (!part_begun(p) || (p->durable == p->bytes && p->bytes > 0)) return true;
    bool parked = !p->file;
    if (parked && !part_open(p, env, p->opened_us, e)) return false;
    bool ok = file_sync(p->file, e);
    if (ok && p->durable == 0) ok = finished_sync_folders(&env->finished, p->final, e);
    if (parked) part_park(p);
    if (ok) p->durable = p->bytes;
    return ok;
}

void part_save(const struct part *p, struct buf *out) {
    assert(p->buf.bytes == 0);
    saved_put_i64(out, p->created_us);
    saved_put_i64(out, p->complete_us);
    saved_put_u64(out, p->used);
    saved_put_u8(out, part_begun(p));
    if (!part_begun(p)) return;
    saved_put_text(out, text_of(p->temporary));
    saved_put_text(out, text_of(p->final));
    saved_put_i64(out, p->opened_us);
    saved_put_u64(out, p->bytes);
}

/* A malloc'ed copy; NULL: no memory. */
static char *name_load(struct saved *s) {
    struct text t = saved_text(s);
    return strndup(t.at ? t.at : "", t.bytes);
}

bool part_load(struct part *p, struct part_env *env, struct saved *s, struct err *e) {
    p->created_us = saved_i64(s);
    p->complete_us = saved_i64(s);
    p->used = saved_u64(s);
    if (!saved_bool(s)) return true;
    p->temporary = name_load(s);
    p->final = name_load(s);
    p->opened_us = saved_i64(s);
    p->bytes = p->durable = saved_u64(s);
    if (!p->temporary || !p->final) return err_memory(e);
    if (s->damaged) return saved_damaged("a sink", e);
    return finished_cut(&env->finished, p->temporary, p->bytes, e);
}

void part_destroy(struct part *p) {
    file_close(p->file);
    forget_file(p);
    buf_done(&p->buf);
    free(p);
}
