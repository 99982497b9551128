/* file_sim_calls.c: the calls of engine/base/file.h over a simulated disk. See file_sim.h.
 *
 * Every call enters, which numbers it and says what is to happen, does its work, and leaves. What
 * is refused is refused with the errno that Linux gives, which some callers look at.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "storage/file_sim_private.h"

enum { ALIGN_BYTES = 4096, DEVICE = 1 };

#define EPOCH_US INT64_C(1600000000000000)

struct sim_file {
    struct file base;
    struct sim_node *node; /* not to be touched when `era` is over */
    uint64_t era, position;
    uint32_t flags;
    char path[];
};

static struct file_sim *sim_of(struct file_system *fs) {
    return (struct file_sim *)fs;
}

static struct sim_file *handle_of(struct file *f) {
    return (struct sim_file *)f;
}

/* A call that has entered. */
struct visit {
    struct file_sim *s;
    struct file_sim_call call;
    struct sim_verdict verdict;
    struct err *e;
};

static bool enter(struct visit *v) {
    return file_sim_enter(v->s, &v->call, &v->verdict, v->e);
}

static bool leave(const struct visit *v, bool done) {
    file_sim_leave(v->s);
    return done;
}

static bool refuse(const struct visit *v, int code) {
    return file_sim_error(&v->call, code, v->e);
}

static bool is(const struct visit *v, enum file_sim_kind kind) {
    return v->verdict.faulty && v->verdict.kind == kind;
}

static bool coin(const struct visit *v) {
    return sim_random(&v->s->seed) % 2;
}

/* Calls that change nothing fail for these. */
static bool may_look(const struct visit *v) {
    bool fails = is(v, FILE_SIM_STOP) || is(v, FILE_SIM_FAIL);
    return !fails || refuse(v, EIO);
}

/* A change is made: wholly, or not at all, which its caller does not learn when the machine stops
 * in it. *done_out: it is to be made. */
static bool may_change(const struct visit *v, bool takes_room, bool *make_out) {
    *make_out = is(v, FILE_SIM_STOP) && coin(v);
    if (is(v, FILE_SIM_STOP) || is(v, FILE_SIM_FAIL) || is(v, FILE_SIM_SHORT)) {
        return refuse(v, EIO);
    }
    bool full = is(v, FILE_SIM_FULL) || !file_sim_room_for_name(v->s);
    if (takes_room && full) return refuse(v, ENOSPC);
    *make_out = true;
    return true;
}

static struct visit visit_path(struct file_system *fs, const char *verb, const char *path,
                               struct err *e) {
    return (struct visit){.s = sim_of(fs), .call = {.verb = verb, .path = path}, .e = e};
}

static struct visit visit_file(struct file *f, const char *verb, struct err *e) {
    return visit_path(f->fs, verb, handle_of(f)->path, e);
}

/* Enters with a handle that must be alive, and open for what is to be done. */
static bool enter_file(struct visit *v, struct file *f, uint32_t flags) {
    struct sim_file *h = handle_of(f);
    if (!enter(v)) return false;
    if (h->era != v->s->era || (flags && !(h->flags & flags))) return refuse(v, EBADF);
    return true;
}

/* --- opening --- */

static bool open_check(const struct visit *v, const struct sim_place *at, uint32_t flags) {
    if (!at->node) return flags & FILE_CREATE || refuse(v, ENOENT);
    if (flags & FILE_EXCLUSIVE) return refuse(v, EEXIST);
    if (at->node->is_directory && flags & (FILE_WRITE | FILE_CREATE)) return refuse(v, EISDIR);
    return true;
}

/* Makes or cuts the file, as far as that is asked for. */
static bool open_change(const struct visit *v, struct sim_place *at, uint32_t flags) {
    bool make;
    if (at->node && !(flags & FILE_TRUNCATE)) return may_look(v);
    bool done = may_change(v, !at->node, &make);
    if (make && at->node) sim_node_truncate(at->node, 0, sim_tree_number(&v->s->tree));
    if (make && !at->node) at->node = sim_tree_make(&v->s->tree, at, false);
    return done;
}

static bool open_node(struct visit *v, uint32_t flags, struct sim_place *at) {
    int code = sim_tree_find(&v->s->tree, v->call.path, at);
    if (code) return refuse(v, code);
    return open_check(v, at, flags) && open_change(v, at, flags);
}

static struct file *sim_open(struct file_system *fs, const char *path, uint32_t flags,
                             struct err *e) {
    struct visit v = visit_path(fs, "open", path, e);
    struct sim_place at;
    if (!enter(&v) || !open_node(&v, flags, &at)) {
        leave(&v, false);
        return NULL;
    }
    size_t bytes = strlen(path) + 1;
    struct sim_file *h = calloc(1, sizeof *h + bytes);
    assert(h);
    h->base.fs = fs;
    h->node = at.node;
    h->era = v.s->era;
    h->flags = flags;
    memcpy(h->path, path, bytes);
    h->node->handles++;
    v.s->handles++;
    leave(&v, true);
    return &h->base;
}

static void sim_close(struct file *f) {
    if (!f) return;
    struct sim_file *h = handle_of(f);
    struct file_sim *s = sim_of(f->fs);
    pthread_mutex_lock(&s->mutex);
    if (h->era == s->era) {
        h->node->handles--;
        if (h->node->locked_by == h) h->node->locked_by = NULL;
    }
    s->handles--;
    pthread_mutex_unlock(&s->mutex);
    free(h);
}

/* --- reading --- */

static bool is_aligned(const struct sim_file *h, uint64_t offset, const void *at, size_t bytes) {
    if (!(h->flags & FILE_DIRECT)) return true;
    return (offset | (uintptr_t)at | bytes) % ALIGN_BYTES == 0;
}

static bool read_part(struct visit *v, struct sim_file *h, void *to, size_t *got_out) {
    size_t bytes = (size_t)v->call.bytes;
    if (h->node->is_directory) return refuse(v, EISDIR);
    if (!is_aligned(h, v->call.offset, to, bytes)) return refuse(v, EINVAL);
    if (!may_look(v)) return false;
    if (is(v, FILE_SIM_SHORT) && bytes > 1) bytes = 1 + sim_random(&v->s->seed) % (bytes - 1);
    size_t got = sim_node_read(h->node, v->call.offset, to, bytes);
    if (is(v, FILE_SIM_FLIP) && got > 0) {
        uint64_t bit = sim_random(&v->s->seed) % (got * 8);
        ((unsigned char *)to)[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    *got_out = got;
    return true;
}

static bool sim_read_at(struct file *f, uint64_t offset, void *to, size_t bytes, size_t *got_out,
                        struct err *e) {
    struct visit v = visit_file(f, "read", e);
    v.call.offset = offset;
    v.call.bytes = bytes;
    bool done = enter_file(&v, f, FILE_READ) && read_part(&v, handle_of(f), to, got_out);
    return leave(&v, done);
}

static bool sim_read(struct file *f, void *to, size_t bytes, size_t *got_out, struct err *e) {
    struct sim_file *h = handle_of(f);
    if (!sim_read_at(f, h->position, to, bytes, got_out, e)) return false;
    h->position += *got_out;
    return true;
}

/* --- writing --- */

/* How much of a write is done, and how it ends: 0, or the errno. */
static int write_extent(struct visit *v, const struct sim_file *h, size_t *bytes) {
    size_t unit = h->flags & FILE_DIRECT ? SIM_SECTOR_BYTES : 1;
    size_t part = unit * (size_t)(sim_random(&v->s->seed) % (*bytes / unit + 1));
    size_t room = file_sim_room(v->s, h->node, v->call.offset, *bytes);
    if (is(v, FILE_SIM_FAIL)) part = 0;
    if (is(v, FILE_SIM_STOP) && coin(v)) part = *bytes; /* which tears it at every sector */
    int code = room < *bytes || is(v, FILE_SIM_FULL) ? ENOSPC : 0;
    bool fails = is(v, FILE_SIM_STOP) || is(v, FILE_SIM_FAIL) || is(v, FILE_SIM_SHORT);
    if (fails) code = EIO;
    if ((fails || is(v, FILE_SIM_FULL)) && part < room) room = part;
    if (room < *bytes) *bytes = room;
    return code;
}

static bool write_part(struct visit *v, struct sim_file *h, const void *from, bool *all_out) {
    size_t bytes = (size_t)v->call.bytes;
    if (!is_aligned(h, v->call.offset, from, bytes)) return refuse(v, EINVAL);
    int code = write_extent(v, h, &bytes);
    const struct sim_change_of how = {
        .number = sim_tree_number(&v->s->tree),
        .durable = h->flags & FILE_DIRECT && code == 0 && !is(v, FILE_SIM_LIE),
    };
    sim_node_write(h->node, v->call.offset, from, bytes, how);
    *all_out = code == 0;
    return code == 0 || refuse(v, code);
}

/* At `offset`, or at the handle's position where `offset` is NULL; a file opened to append takes
 * all at its end. */
static bool write_any(struct visit *v, struct file *f, const uint64_t *offset, const void *from) {
    struct sim_file *h = handle_of(f);
    bool all = false;
    if (!enter_file(v, f, FILE_WRITE)) return leave(v, false);
    v->call.offset = offset ? *offset : h->position;
    if (h->flags & FILE_APPEND) v->call.offset = h->node->now.size_bytes;
    bool done = write_part(v, h, from, &all);
    if (all && !offset) h->position = v->call.offset + v->call.bytes;
    return leave(v, done);
}

static bool sim_write(struct file *f, const void *from, size_t bytes, struct err *e) {
    struct visit v = visit_file(f, "write", e);
    v.call.offset = handle_of(f)->position;
    v.call.bytes = bytes;
    return write_any(&v, f, NULL, from);
}

static bool sim_write_at(struct file *f, uint64_t offset, const void *from, size_t bytes,
                         struct err *e) {
    struct visit v = visit_file(f, "write", e);
    v.call.offset = offset;
    v.call.bytes = bytes;
    return write_any(&v, f, &offset, from);
}

/* What a sync does to `node`: all, nothing, or, when it fails, something. */
static bool sync_node(struct visit *v, struct sim_node *n) {
    if (is(v, FILE_SIM_LIE)) return true;
    bool fails = is(v, FILE_SIM_FAIL) || is(v, FILE_SIM_SHORT);
    if (fails) {
        const struct sim_luck l = {.mood = SIM_COIN, .seed = &v->s->seed};
        if (n->is_directory) sim_tree_sync_some(&v->s->tree, n, &l);
        sim_node_settle(n, &l);
        return refuse(v, EIO);
    }
    bool stops = is(v, FILE_SIM_STOP);
    if (stops && coin(v)) return refuse(v, EIO);
    if (n->is_directory) sim_tree_sync(&v->s->tree, n);
    sim_node_sync(n);
    return !stops || refuse(v, EIO);
}

static bool sim_sync(struct file *f, struct err *e) {
    struct visit v = visit_file(f, "sync", e);
    return leave(&v, enter_file(&v, f, 0) && sync_node(&v, handle_of(f)->node));
}

static bool truncate_part(struct visit *v, struct sim_node *n, uint64_t size_bytes) {
    bool make, done = may_change(v, false, &make);
    if (make) sim_node_truncate(n, size_bytes, sim_tree_number(&v->s->tree));
    return done;
}

static bool sim_truncate(struct file *f, uint64_t size_bytes, struct err *e) {
    struct visit v = visit_file(f, "truncate", e);
    v.call.bytes = size_bytes;
    bool done = enter_file(&v, f, FILE_WRITE) && truncate_part(&v, handle_of(f)->node, size_bytes);
    return leave(&v, done);
}

/* --- asking --- */

static void info_of(const struct sim_node *n, struct file_info *out) {
    *out = (struct file_info){
        .size_bytes = n->now.size_bytes,
        .inode = n->inode,
        .device = DEVICE,
        .modified_us = EPOCH_US + n->modified_us,
        .is_directory = n->is_directory,
        .is_regular = !n->is_directory,
    };
}

static bool sim_info(struct file *f, struct file_info *out, struct err *e) {
    struct visit v = visit_file(f, "examine", e);
    bool done = enter_file(&v, f, 0) && may_look(&v);
    if (done) info_of(handle_of(f)->node, out);
    return leave(&v, done);
}

static bool lock_node(struct visit *v, struct sim_file *h) {
    if (!may_look(v)) return false;
    if (h->node->locked_by && h->node->locked_by != h) {
        errno = EWOULDBLOCK;
        return err_set(v->e, ERR_IO, "55006", "%s is locked by another process", h->path);
    }
    h->node->locked_by = h;
    return true;
}

static bool sim_lock(struct file *f, struct err *e) {
    struct visit v = visit_file(f, "lock", e);
    return leave(&v, enter_file(&v, f, 0) && lock_node(&v, handle_of(f)));
}

/* The node of the path, which must be there. */
static bool find(struct visit *v, const char *path, struct sim_place *at) {
    int code = sim_tree_find(&v->s->tree, path, at);
    if (code == 0 && !at->node) code = ENOENT;
    return code == 0 || refuse(v, code);
}

static bool sim_stat(struct file_system *fs, const char *path, struct file_info *out,
                     struct err *e) {
    struct visit v = visit_path(fs, "examine", path, e);
    struct sim_place at;
    bool done = enter(&v) && find(&v, path, &at) && may_look(&v);
    if (done) info_of(at.node, out);
    return leave(&v, done);
}

/* --- directories --- */

/* What is at `to` must let itself be replaced. Directories stay in theirs: no use for more. */
static bool rename_check(const struct visit *v, const struct sim_place *from,
                         const struct sim_place *to) {
    if (!from->name[0] || !to->name[0]) return refuse(v, EBUSY);
    if (from->node->is_directory && from->directory != to->directory) return refuse(v, EXDEV);
    if (!to->node || from->node == to->node) return true;
    if (to->node->is_directory && !from->node->is_directory) return refuse(v, EISDIR);
    if (from->node->is_directory && !to->node->is_directory) return refuse(v, ENOTDIR);
    return to->node->now_names.count == 0 || refuse(v, ENOTEMPTY);
}

static bool rename_part(struct visit *v, const char *path) {
    struct sim_place from, to;
    int code = sim_tree_find(&v->s->tree, v->call.path, &from);
    if (code == 0) code = sim_tree_find(&v->s->tree, path, &to);
    if (code == 0 && !from.node) code = ENOENT;
    if (code) return refuse(v, code);
    if (!rename_check(v, &from, &to)) return false;
    bool make, done = may_change(v, false, &make);
    if (make && from.node != to.node) sim_tree_rename(&v->s->tree, &from, &to);
    return done;
}

static bool sim_rename(struct file_system *fs, const char *from, const char *to, struct err *e) {
    struct visit v = visit_path(fs, "rename", from, e);
    return leave(&v, enter(&v) && rename_part(&v, to));
}

static bool remove_part(struct visit *v) {
    struct sim_place at;
    if (!find(v, v->call.path, &at)) return false;
    if (!at.name[0]) return refuse(v, EBUSY);
    if (at.node->now_names.count > 0) return refuse(v, ENOTEMPTY);
    bool make, done = may_change(v, false, &make);
    if (make) sim_tree_remove(&v->s->tree, &at);
    return done;
}

static bool sim_remove(struct file_system *fs, const char *path, struct err *e) {
    struct visit v = visit_path(fs, "remove", path, e);
    return leave(&v, enter(&v) && remove_part(&v));
}

/* One directory of the path; one that is there already is well. */
static bool directory_make(struct visit *v, const char *path) {
    struct sim_place at;
    int code = sim_tree_find(&v->s->tree, path, &at);
    if (code) return refuse(v, code);
    if (at.node) return at.node->is_directory || refuse(v, EEXIST);
    bool make, done = may_change(v, true, &make);
    if (make) sim_tree_make(&v->s->tree, &at, true);
    return done;
}

static bool sim_make_directory(struct file_system *fs, const char *path, struct err *e) {
    struct visit v = visit_path(fs, "make directory", path, e);
    size_t bytes = strlen(path);
    char *part = strdup(path);
    assert(part);
    bool done = enter(&v);
    for (size_t i = 1; done && i <= bytes; i++) {
        if (path[i] != '/' && path[i] != '\0') continue;
        part[i] = '\0';
        done = directory_make(&v, part);
        part[i] = path[i];
    }
    done = done && may_look(&v); /* all were there */
    leave(&v, done);
    free(part);
    return done;
}

/* A directory that is there. */
static bool find_directory(struct visit *v, struct sim_place *at) {
    if (!find(v, v->call.path, at)) return false;
    return at->node->is_directory || refuse(v, ENOTDIR);
}

static bool sim_sync_directory(struct file_system *fs, const char *path, struct err *e) {
    struct visit v = visit_path(fs, "sync", path, e);
    struct sim_place at;
    return leave(&v, enter(&v) && find_directory(&v, &at) && sync_node(&v, at.node));
}

static bool list_names(const struct sim_names *s, struct arena *a, char ***names_out,
                       struct err *e) {
    char **name = ARENA_ARRAY(a, name, (size_t)s->count + 1);
    if (!name) return err_memory(e);
    for (uint32_t i = 0; i < s->count; i++) {
        name[i] = arena_copy(a, s->at[i].name, strlen(s->at[i].name));
        if (!name[i]) return err_memory(e);
    }
    *names_out = name;
    return true;
}

static bool sim_list(struct file_system *fs, const char *path, struct arena *a, char ***names_out,
                     uint32_t *count_out, struct err *e) {
    struct visit v = visit_path(fs, "list", path, e);
    struct sim_place at;
    bool done = enter(&v) && find_directory(&v, &at) && may_look(&v) &&
                list_names(&at.node->now_names, a, names_out, e);
    if (done) *count_out = at.node->now_names.count;
    return leave(&v, done);
}

const struct file_system_type file_sim_type = {
    .open = sim_open,
    .close = sim_close,
    .read = sim_read,
    .read_at = sim_read_at,
    .write = sim_write,
    .write_at = sim_write_at,
    .sync = sim_sync,
    .truncate = sim_truncate,
    .info = sim_info,
    .lock = sim_lock,
    .stat = sim_stat,
    .rename = sim_rename,
    .remove = sim_remove,
    .make_directory = sim_make_directory,
    .sync_directory = sim_sync_directory,
    .list = sim_list,
};
