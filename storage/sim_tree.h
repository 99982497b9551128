/* sim_tree.h: the simulated disk: directories, their entries, and the changes nobody has synced.
 *
 * Every directory has its entries twice, as seen and as kept. A change (an entry that is made,
 * renamed or removed) is seen at once and kept when its directory is synced; a crash settles the
 * others by luck. A rename is done whole or not at all, also between directories; of the changes to
 * one file or directory those that are kept come before those that are lost. What no kept entry
 * leads to is gone after a crash.
 *
 * Uses: storage/sim_node.h.    Used by: storage/file_sim*.c
 * Tested by: tests/unit/storage/file_sim_test.c
 */
#ifndef STORAGE_SIM_TREE_H
#define STORAGE_SIM_TREE_H

#include "storage/sim_node.h"

enum { SIM_NAME_BYTES_MAX = 255 };

struct sim_change;

struct sim_tree {
    struct sim_node *root, *nodes; /* all of them, the root too */
    uint64_t inodes, changes;      /* given out so far */
    struct sim_change *first, *last;
};

/* Where a path leads: the entry `name` of `directory`, which may not be there (node NULL). The
 * path "/" has no name. */
struct sim_place {
    struct sim_node *directory, *node;
    char name[SIM_NAME_BYTES_MAX + 1];
};

void sim_tree_init(struct sim_tree *t);
void sim_tree_done(struct sim_tree *t);
/* The same, also what is not synced; nothing is open in it. */
void sim_tree_copy(struct sim_tree *to, const struct sim_tree *from);

/* Paths are taken from the root, with or without a slash before them. Returns 0, or the errno:
 * ENOENT, ENOTDIR, ENAMETOOLONG for what leads to the last name. */
int sim_tree_find(const struct sim_tree *t, const char *path, struct sim_place *out);

uint64_t sim_tree_number(struct sim_tree *t); /* of the next change */
struct sim_node *sim_tree_make(struct sim_tree *t, const struct sim_place *at, bool is_directory);
void sim_tree_remove(struct sim_tree *t, const struct sim_place *at);
/* Whatever was at `to` is gone. */
void sim_tree_rename(struct sim_tree *t, const struct sim_place *from, const struct sim_place *to);

/* The changes of a directory are kept; or some of them, by luck, and the others wait on. */
void sim_tree_sync(struct sim_tree *t, struct sim_node *directory);
void sim_tree_sync_some(struct sim_tree *t, struct sim_node *directory, const struct sim_luck *l);
/* All files and changes are settled. */
void sim_tree_settle(struct sim_tree *t, const struct sim_luck *l);
/* After settling: what is kept is seen, and nothing is open. */
void sim_tree_restart(struct sim_tree *t);

/* The number of the first change that has not been synced; past all of them: there is none. */
uint64_t sim_tree_oldest(const struct sim_tree *t);
/* Pages that are taken: of what can be reached, or is open; a name takes one too. */
uint64_t sim_tree_pages(const struct sim_tree *t);

#endif
