/* tree.h: the source tree, for tests that read it: its files in a fixed order, and their bytes.
 *
 * Lifetime: paths and texts live until tree_done().
 *
 * Used by: tests/tidy.c, tests/layers.c, tests/readme.c, tests/run_cases.c
 */
#ifndef TESTS_TREE_H
#define TESTS_TREE_H

#include <stddef.h>

#include "engine/base/arena.h"
#include "engine/base/text.h"

struct tree {
    struct arena arena;
    char **path; /* [count] relative to the root given, in byte order */
    size_t count;
    size_t capacity;
};

void tree_init(struct tree *t);
void tree_done(struct tree *t);

/* Adds the files under root/folder whose names end in one of `suffixes` (".c .h"); a folder that
 * is not there adds nothing. Hidden names are left out. */
void tree_add(struct tree *t, const char *root, const char *folder, const char *suffixes);

void tree_sort(struct tree *t);

/* All bytes of a file, a NUL behind them; at NULL: it cannot be read. */
struct text tree_read(struct tree *t, const char *root, const char *path);

/* The part behind the last '/'. */
const char *tree_basename(const char *path);

#endif
