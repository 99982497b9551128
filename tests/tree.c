/* tree.c: walks folders with opendir, keeps paths in an arena. Made for tests: what fails here
 * (no memory) is asserted. */
#include "tests/tree.h"

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/buf.h"

enum { PATH_BYTES_MAX = 4096 };

void tree_init(struct tree *t) {
    *t = (struct tree){0};
    arena_init(&t->arena, 0);
}

void tree_done(struct tree *t) {
    arena_done(&t->arena);
    free(t->path);
    *t = (struct tree){0};
}

/* Does `name` end in one of the words of `suffixes`? */
static bool has_suffix(const char *name, const char *suffixes) {
    size_t name_bytes = strlen(name);

    for (const char *s = suffixes; *s; s += strspn(s, " ")) {
        size_t bytes = strcspn(s, " ");
        if (name_bytes > bytes && memcmp(name + name_bytes - bytes, s, bytes) == 0) return true;
        s += bytes;
    }
    return false;
}

static void add_path(struct tree *t, const char *path) {
    if (t->count == t->capacity) {
        t->capacity = t->capacity ? t->capacity * 2 : 256;
        t->path = realloc(t->path, t->capacity * sizeof *t->path);
        assert(t->path);
    }
    t->path[t->count] = arena_copy(&t->arena, path, strlen(path));
    assert(t->path[t->count]);
    t->count++;
}

void tree_add(struct tree *t, const char *root, const char *folder, const char *suffixes) {
    char path[PATH_BYTES_MAX];
    snprintf(path, sizeof path, "%s/%s", root, folder);
    DIR *dir = opendir(path);
    if (!dir) return;

    for (struct dirent *d = readdir(dir); d; d = readdir(dir)) {
        if (d->d_name[0] == '.') continue;

        struct stat info;
        snprintf(path, sizeof path, "%s/%s/%s", root, folder, d->d_name);
        if (stat(path, &info) != 0) continue;

        const char *relative = path + strlen(root) + 1;
        if (S_ISDIR(info.st_mode)) {
            char inner[PATH_BYTES_MAX];
            snprintf(inner, sizeof inner, "%s", relative);
            tree_add(t, root, inner, suffixes);
        } else if (has_suffix(d->d_name, suffixes)) {
            add_path(t, relative);
        }
    }
    closedir(dir);
}

static int compare_paths(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void tree_sort(struct tree *t) {
    if (t->count > 0) qsort(t->path, t->count, sizeof *t->path, compare_paths);
}

struct text tree_read(struct tree *t, const char *root, const char *path) {
    char full[PATH_BYTES_MAX];
    snprintf(full, sizeof full, "%s/%s", root, path);
    FILE *file = fopen(full, "rb");
    if (!file) return (struct text){0};

    struct buf b;
    buf_init(&b);
    char chunk[65536];
    for (size_t got; (got = fread(chunk, 1, sizeof chunk, file)) > 0;) buf_add(&b, chunk, got);
    fclose(file);

    char *copy = arena_copy(&t->arena, b.bytes > 0 ? b.at : "", b.bytes);
    assert(copy && !b.failed);
    struct text all = {.at = copy, .bytes = (uint32_t)b.bytes};
    buf_done(&b);
    return all;
}

const char *tree_basename(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}
