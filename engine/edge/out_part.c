/* out_part.c: see out_part.h. */
#include "engine/edge/out_part.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { GATHER_BYTES = 64 * 1024, PATH_BYTES_MAX = 4096, NAMES_MAX = 1000000 };

void part_escape(struct buf *out, struct text value) {
    static const char special[] = "\"#%'*/:=?\\{}[]^";
    static const char digits[] = "0123456789ABCDEF";
    for (uint32_t i = 0; i < value.bytes; i++) {
        unsigned char c = (unsigned char)value.at[i];
        if (c >= 0x20 && c != 0x7F && !strchr(special, c)) {
            buf_add_char(out, (char)c);
            continue;
        }
        buf_add_char(out, '%');
        buf_add_char(out, digits[c >> 4]);
        buf_add_char(out, digits[c & 15]);
    }
}

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

/* Opens the file in progress of the part file that would be called by `number`; false with e->code
 * ERR_NONE: the name is taken. */
static bool try_name(struct part *p, const struct part_env *env, uint32_t number, struct err *e) {
    char name[64], hidden[80];
    struct file_info info;
    struct err ignored;
    err_clear(e);
    snprintf(name, sizeof name, "part-%06u.%s", number, env->extension);
    snprintf(hidden, sizeof hidden, ".%s.inprogress", name);
    p->final = path_of(p, env, name, e);
    p->temporary = p->final ? path_of(p, env, hidden, e) : NULL;
    if (!p->temporary) return false;
    if (file_stat(env->fs, p->final, &info, &ignored)) return false;
    p->file = file_open(env->fs, p->temporary, FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE, e);
    if (p->file) return true;
    if (file_stat(env->fs, p->temporary, &info, &ignored)) err_clear(e); /* another writer's */
    return false;
}

static void forget_file(struct part *p) {
    free(p->final);
    free(p->temporary);
    p->final = p->temporary = NULL;
    p->file = NULL;
    p->bytes = 0;
}

static bool begin_file(struct part *p, const struct part_env *env, int64_t now_us, struct err *e) {
    char *folder = path_of(p, env, "", e);
    if (!folder) return false;
    bool ok = file_make_directory(env->fs, folder, e);
    free(folder);
    if (!ok) return false;
    for (uint32_t number = 0; number < NAMES_MAX; number++) {
        if (try_name(p, env, number, e)) break;
        forget_file(p);
        if (e->code != ERR_NONE) return false;
    }
    if (!p->file) return err_set(e, ERR_LIMIT, "54000", "too many part files in %s", env->folder);
    p->opened_us = now_us;
    return line_writer_begin(env->writer, &p->buf, e);
}

bool part_add(struct part *p, const struct part_env *env, const struct batch *b, int64_t now_us,
              struct err *e) {
    if (!p->file && !begin_file(p, env, now_us, e)) return false;
    if (!line_writer_add(env->writer, b, &p->buf, e)) return false;
    return p->buf.bytes < GATHER_BYTES || part_flush(p, e);
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

bool part_publish(struct part *p, const struct part_env *env, struct err *e) {
    if (!p->file) return true;
    if (!part_flush(p, e)) return false;
    file_close(p->file);
    bool ok = file_rename(env->fs, p->temporary, p->final, e);
    forget_file(p);
    return ok;
}

bool part_mark(const struct part *p, const struct part_env *env, const char *name, struct err *e) {
    char *path = path_of(p, env, name, e);
    if (!path) return false;
    struct file *f = file_open(env->fs, path, FILE_WRITE | FILE_CREATE | FILE_TRUNCATE, e);
    free(path);
    file_close(f);
    return f != NULL;
}

void part_destroy(struct part *p) {
    file_close(p->file);
    forget_file(p);
    buf_done(&p->buf);
    free(p);
}
