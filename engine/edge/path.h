/* path.h: path_list: the files that a 'path' option names.
 *
 * A file, a folder (its files, those of its folders too, without names that begin with '.' or
 * '_'), or a glob (`*`, `?`, `[...]` within a name); in byte order of the whole paths. "file://"
 * before it is accepted.
 *
 * Used by: in_filesystem, in_files, out_filesystem.
 * Tested by: tests/unit/edge/reader_files_test.c
 */
#ifndef ENGINE_EDGE_PATH_H
#define ENGINE_EDGE_PATH_H

#include "engine/base/arena.h"
#include "engine/base/err.h"
#include "engine/base/file.h"
#include "engine/base/text.h"
#include "engine/edge/saved.h"

struct path_list {
    char **path; /* [count] */
    uint32_t count;
    bool many; /* a folder or a glob: other files may come */
};

/* The path without "file://", with a NUL; in `a`. NULL: no memory. */
char *path_plain(struct arena *a, struct text path) MUST_USE;

/* 58030 where there is no such file or folder, or a glob matches none and `none_ok` is false. */
bool path_list_find(struct file_system *fs, const char *path, bool none_ok, struct arena *a,
                    struct path_list *out, struct err *e) MUST_USE;

/* Its paths from index `from` on as bytes, and back, in `a`; `many` is not among them. */
void path_list_save(const struct path_list *l, uint32_t from, struct buf *out);
bool path_list_load(struct path_list *l, struct saved *s, struct arena *a, struct err *e) MUST_USE;

/* 55000: the file `how` since it was read. */
bool path_changed(const char *name, const char *how, struct err *e);

#endif
