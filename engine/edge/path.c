/* path.c: see path.h.
 *
 * A glob is expanded name by name from the left: where a name has no wildcard it is taken as it
 * is, else the folder so far is listed. A folder that a link leads back to is not walked again.
 */
#include "engine/edge/path.h"

#include <assert.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>

enum { DEPTH_MAX = 32, PATHS_MAX = 10 * 1000 * 1000 };

struct walk {
    struct file_system *fs;
    struct arena *arena;
    char **path;
    uint32_t count, capacity;
};

static bool add(struct walk *w, char *path, struct err *e) {
    if (w->count == w->capacity) {
        uint32_t capacity = w->capacity ? w->capacity * 2 : 64;
        if (capacity > PATHS_MAX) return err_set(e, ERR_LIMIT, "54000", "too many files");
        char **grown = realloc(w->path, capacity * sizeof *grown);
        if (!grown) return err_memory(e);
        w->path = grown;
        w->capacity = capacity;
    }
    w->path[w->count++] = path;
    return true;
}

/* folder/name, or name alone where folder is empty. */
static char *join(struct arena *a, const char *folder, struct text name) {
    size_t head = strlen(folder);
    bool slash = head > 0 && folder[head - 1] != '/';
    char *to = arena_alloc(a, head + slash + name.bytes + 1);
    if (!to) return NULL;
    memcpy(to, folder, head);
    if (slash) to[head] = '/';
    memcpy(to + head + slash, name.at, name.bytes);
    to[head + slash + name.bytes] = '\0';
    return to;
}

/* Looks at `path`; *there_out false: it is not there (any more). */
static bool look(struct walk *w, const char *path, struct file_info *out, bool *there_out,
                 struct err *e) {
    errno = 0;
    *there_out = file_stat(w->fs, path, out, e);
    return *there_out || errno == ENOENT || errno == ENOTDIR;
}

/* A folder that is being walked, and those that it is in. */
struct level {
    const struct level *up;
    uint32_t depth;
    uint64_t inode, device;
};

static bool is_inside(const struct level *l, const struct file_info *folder) {
    for (; l; l = l->up) {
        if (l->inode == folder->inode && l->device == folder->device) return true;
    }
    return false;
}

/* `info` is that of the folder. */
static bool add_folder(struct walk *w, const char *folder, const struct file_info *info,
                       const struct level *up, struct err *e) {
    char **name;
    uint32_t count;
    const struct level here = {
        .up = up, .depth = up ? up->depth + 1 : 0, .inode = info->inode, .device = info->device};
    if (here.depth > DEPTH_MAX || is_inside(up, info)) return true;
    errno = 0;
    if (!file_list(w->fs, folder, w->arena, &name, &count, e)) return up && errno == ENOENT;
    for (uint32_t i = 0; i < count; i++) {
        struct file_info found;
        if (name[i][0] == '.' || name[i][0] == '_') continue;
        char *path = join(w->arena, folder, text_of(name[i]));
        if (!path) return err_memory(e);
        bool there; /* a file may vanish between listing and looking */
        if (!look(w, path, &found, &there, e)) return false;
        if (!there) continue;
        if (found.is_directory && !add_folder(w, path, &found, &here, e)) return false;
        if (!found.is_directory && !add(w, path, e)) return false;
    }
    return true;
}

static bool has_wildcard(struct text t) {
    for (uint32_t i = 0; i < t.bytes; i++) {
        if (t.at[i] == '*' || t.at[i] == '?' || t.at[i] == '[') return true;
    }
    return false;
}

/* What a complete match of the glob stands for. */
static bool add_match(struct walk *w, const char *match, struct err *e) {
    struct file_info info;
    bool there;
    char *path = arena_copy(w->arena, match, strlen(match));
    if (!path) return err_memory(e);
    if (!look(w, path, &info, &there, e)) return false;
    if (!there) return true;
    return info.is_directory ? add_folder(w, path, &info, NULL, e) : add(w, path, e);
}

static bool expand(struct walk *w, const char *folder, const char *rest, uint32_t depth,
                   struct err *e);

static bool expand_listed(struct walk *w, const char *folder, struct text pattern, const char *rest,
                          struct err *e) {
    char **name;
    uint32_t count;
    const char *listed = folder[0] ? folder : ".";
    errno = 0;
    if (!file_list(w->fs, listed, w->arena, &name, &count, e)) {
        return errno == ENOENT || errno == ENOTDIR; /* what is not there matches nothing */
    }
    char *wanted = arena_copy(w->arena, pattern.at, pattern.bytes);
    if (!wanted) return err_memory(e);
    for (uint32_t i = 0; i < count; i++) {
        if (fnmatch(wanted, name[i], FNM_PERIOD) != 0) continue;
        char *path = join(w->arena, folder, text_of(name[i]));
        if (!path) return err_memory(e);
        if (!expand(w, path, rest, 0, e)) return false;
    }
    return true;
}

/* Goes on from `folder` with the names of `rest`. Each call takes at least one byte of it. */
static bool expand(struct walk *w, const char *folder, const char *rest, uint32_t depth,
                   struct err *e) {
    while (*rest == '/') rest++;
    if (!*rest) return add_match(w, folder, e);
    if (depth > PATH_MAX) return true;
    const char *end = strchr(rest, '/');
    struct text name = {.at = rest, .bytes = (uint32_t)(end ? end - rest : (long)strlen(rest))};
    const char *next = rest + name.bytes;
    if (has_wildcard(name)) return expand_listed(w, folder, name, next, e);
    char *path = join(w->arena, folder, name);
    return path ? expand(w, path, next, depth + 1, e) : err_memory(e);
}

static int by_bytes(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool find(struct walk *w, const char *path, struct path_list *out, struct err *e) {
    struct file_info info;
    out->many = has_wildcard(text_of(path));
    if (out->many) return expand(w, path[0] == '/' ? "/" : "", path, 0, e);
    if (!file_stat(w->fs, path, &info, e)) return false;
    out->many = info.is_directory;
    char *copy = arena_copy(w->arena, path, strlen(path));
    if (!copy) return err_memory(e);
    return info.is_directory ? add_folder(w, copy, &info, NULL, e) : add(w, copy, e);
}

char *path_plain(struct arena *a, struct text path) {
    struct text scheme = TEXT_LITERAL("file://");
    if (path.bytes >= scheme.bytes && memcmp(path.at, scheme.at, scheme.bytes) == 0) {
        path.at += scheme.bytes;
        path.bytes -= scheme.bytes;
    }
    return arena_copy(a, path.at, path.bytes);
}

bool path_list_find(struct file_system *fs, const char *path, bool none_ok, struct arena *a,
                    struct path_list *out, struct err *e) {
    struct walk w = {.fs = fs, .arena = a};
    struct path_list found = {0};
    bool ok = find(&w, path, &found, e);
    if (ok && w.count == 0 && has_wildcard(text_of(path)) && !none_ok) {
        ok = err_set(e, ERR_IO, "58030", "no file matches %s", path);
    }
    if (ok && w.count > 0) {
        qsort(w.path, w.count, sizeof *w.path, by_bytes);
        found.path = ARENA_ARRAY(a, found.path, w.count);
        ok = found.path || err_memory(e);
    }
    if (ok && w.count > 0) memcpy(found.path, w.path, w.count * sizeof *w.path);
    found.count = w.count;
    free(w.path);
    if (ok) *out = found;
    return ok;
}
