/* sim_tree.c: see sim_tree.h.
 *
 * Changes stand in one list in their order. A sync of a directory keeps those that touch it; where
 * one of them is a rename from or to another directory, what was done to that one before is kept
 * too, as a journal would. Nodes are never freed before a crash: an entry that is gone may come
 * back with it.
 */
#include "storage/sim_tree.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* directory/name becomes node, or nothing; a rename also takes from/from_name away. */
struct sim_change {
    struct sim_change *next;
    uint64_t number;
    struct sim_node *directory, *node;
    struct sim_node *subject; /* what the change is about: the node, or the one that was removed */
    char *name;
    struct sim_node *from; /* NULL: no rename */
    char *from_name;
    bool kept; /* while a sync or a crash is worked out */
};

static struct sim_node *node_add(struct sim_tree *t, bool is_directory) {
    struct sim_node *n = sim_node_create(++t->inodes, is_directory);
    n->next = t->nodes;
    t->nodes = n;
    return n;
}

void sim_tree_init(struct sim_tree *t) {
    *t = (struct sim_tree){0};
    t->root = node_add(t, true);
    t->root->links = 1;
}

static void change_free(struct sim_change *c) {
    free(c->name);
    free(c->from_name);
    free(c);
}

/* Takes the changes that are marked as kept, or all, out of the list. */
static void drop_changes(struct sim_tree *t, bool all) {
    struct sim_change **link = &t->first;
    t->last = NULL;
    while (*link) {
        struct sim_change *c = *link;
        if (!all && !c->kept) {
            t->last = c;
            link = &c->next;
            continue;
        }
        *link = c->next;
        change_free(c);
    }
}

void sim_tree_done(struct sim_tree *t) {
    drop_changes(t, true);
    while (t->nodes) {
        struct sim_node *n = t->nodes;
        t->nodes = n->next;
        sim_node_destroy(n);
    }
}

static char *copy_name(const char *name) {
    char *copy = name ? strdup(name) : NULL;
    assert(!copy == !name);
    return copy;
}

/* --- copies --- */

static void names_move(struct sim_names *s, struct sim_node *const *of) {
    for (uint32_t i = 0; i < s->count; i++) s->at[i].node = of[s->at[i].node->inode];
}

static struct sim_node *moved(const struct sim_node *n, struct sim_node *const *of) {
    return n ? of[n->inode] : NULL;
}

static void change_copy(struct sim_tree *to, const struct sim_change *c,
                        struct sim_node *const *of) {
    struct sim_change *copy = calloc(1, sizeof *copy);
    assert(copy);
    *copy = *c;
    copy->next = NULL;
    copy->directory = moved(c->directory, of);
    copy->node = moved(c->node, of);
    copy->subject = moved(c->subject, of);
    copy->from = moved(c->from, of);
    copy->name = copy_name(c->name);
    copy->from_name = copy_name(c->from_name);
    if (to->last) to->last->next = copy;
    if (!to->first) to->first = copy;
    to->last = copy;
}

void sim_tree_copy(struct sim_tree *to, const struct sim_tree *from) {
    *to = (struct sim_tree){.inodes = from->inodes, .changes = from->changes};
    struct sim_node **of = calloc((size_t)from->inodes + 1, sizeof *of); /* by inode */
    assert(of);
    struct sim_node **link = &to->nodes;
    for (const struct sim_node *n = from->nodes; n; n = n->next) {
        *link = of[n->inode] = sim_node_copy(n);
        link = &(*link)->next;
    }
    to->root = of[from->root->inode];
    for (struct sim_node *n = to->nodes; n; n = n->next) {
        names_move(&n->now_names, of);
        names_move(&n->kept_names, of);
    }
    for (const struct sim_change *c = from->first; c; c = c->next) change_copy(to, c, of);
    free(of);
}

/* --- paths --- */

/* Takes the next name of *path; false: there is none. */
static bool next_name(const char **path, char *name, bool *too_long) {
    while (**path == '/') (*path)++;
    size_t bytes = strcspn(*path, "/");
    if (bytes == 0) return false;
    *too_long = bytes > SIM_NAME_BYTES_MAX;
    size_t taken = *too_long ? SIM_NAME_BYTES_MAX : bytes;
    memcpy(name, *path, taken);
    name[taken] = '\0';
    *path += bytes;
    return true;
}

int sim_tree_find(const struct sim_tree *t, const char *path, struct sim_place *out) {
    *out = (struct sim_place){.directory = t->root, .node = t->root};
    char name[SIM_NAME_BYTES_MAX + 1];
    bool too_long = false;
    while (next_name(&path, name, &too_long)) {
        if (too_long) return ENAMETOOLONG;
        if (strcmp(name, ".") == 0) continue;
        if (!out->node) return ENOENT;
        if (!out->node->is_directory) return ENOTDIR;
        out->directory = out->node;
        out->node = sim_names_find(&out->directory->now_names, name);
        memcpy(out->name, name, sizeof name);
    }
    return 0;
}

/* --- changes --- */

uint64_t sim_tree_number(struct sim_tree *t) {
    return ++t->changes;
}

static struct sim_change *change_add(struct sim_tree *t, const struct sim_place *at) {
    struct sim_change *c = calloc(1, sizeof *c);
    assert(c && at->name[0]);
    c->number = sim_tree_number(t);
    c->directory = at->directory;
    c->name = copy_name(at->name);
    if (t->last) t->last->next = c;
    if (!t->first) t->first = c;
    t->last = c;
    return c;
}

static void see(struct sim_node *directory, const char *name, struct sim_node *node) {
    struct sim_node *before = sim_names_find(&directory->now_names, name);
    if (node) node->links++;
    if (before) before->links--;
    sim_names_set(&directory->now_names, name, node);
}

struct sim_node *sim_tree_make(struct sim_tree *t, const struct sim_place *at, bool is_directory) {
    assert(!at->node);
    struct sim_change *c = change_add(t, at);
    c->node = c->subject = node_add(t, is_directory);
    c->node->modified_us = (int64_t)c->number;
    see(at->directory, at->name, c->node);
    return c->node;
}

void sim_tree_remove(struct sim_tree *t, const struct sim_place *at) {
    assert(at->node);
    struct sim_change *c = change_add(t, at);
    c->subject = at->node;
    see(at->directory, at->name, NULL);
}

void sim_tree_rename(struct sim_tree *t, const struct sim_place *from, const struct sim_place *to) {
    assert(from->node && from->node != to->node);
    struct sim_change *c = change_add(t, to);
    c->node = c->subject = from->node;
    c->from = from->directory;
    c->from_name = copy_name(from->name);
    see(to->directory, to->name, from->node);
    see(from->directory, from->name, NULL);
}

/* --- what is kept --- */

static void keep(const struct sim_change *c) {
    if (c->from) sim_names_set(&c->from->kept_names, c->from_name, NULL);
    sim_names_set(&c->directory->kept_names, c->name, c->node);
}

/* Marks the changes of the directory, from the last to the first, and of those that renames tie to
 * it. */
static void mark_changes(struct sim_tree *t, struct sim_node *directory) {
    for (struct sim_node *n = t->nodes; n; n = n->next) n->reached = n == directory;
    for (uint64_t below = UINT64_MAX;;) {
        struct sim_change *latest = NULL;
        for (struct sim_change *c = t->first; c && c->number < below; c = c->next) {
            if (c->directory->reached || (c->from && c->from->reached)) latest = c;
        }
        if (!latest) return;
        latest->kept = true;
        latest->directory->reached = true;
        if (latest->from) latest->from->reached = true;
        below = latest->number;
    }
}

void sim_tree_sync(struct sim_tree *t, struct sim_node *directory) {
    mark_changes(t, directory);
    for (const struct sim_change *c = t->first; c; c = c->next) {
        if (c->kept) keep(c);
    }
    drop_changes(t, false);
}

/* Of the marked changes those that are lucky are kept, the others are no longer marked. */
static void settle_changes(struct sim_tree *t, const struct sim_luck *l) {
    for (struct sim_node *n = t->nodes; n; n = n->next) n->stuck = false;
    for (struct sim_change *c = t->first; c; c = c->next) {
        if (!c->kept) continue;
        if (!c->subject->stuck && !sim_lucky(l, c->number)) c->subject->stuck = true;
        c->kept = !c->subject->stuck;
        if (c->kept) keep(c);
    }
}

void sim_tree_sync_some(struct sim_tree *t, struct sim_node *directory, const struct sim_luck *l) {
    mark_changes(t, directory);
    settle_changes(t, l);
    drop_changes(t, false);
}

void sim_tree_settle(struct sim_tree *t, const struct sim_luck *l) {
    for (struct sim_node *n = t->nodes; n; n = n->next) sim_node_settle(n, l);
    for (struct sim_change *c = t->first; c; c = c->next) c->kept = true;
    settle_changes(t, l);
    drop_changes(t, true);
}

/* Marks what kept entries lead to. Each round reaches the next level, so that deep trees need no
 * stack. */
static void mark_reached(struct sim_tree *t) {
    for (struct sim_node *n = t->nodes; n; n = n->next) n->reached = n == t->root;
    for (bool any = true; any;) {
        any = false;
        for (struct sim_node *n = t->nodes; n; n = n->next) {
            for (uint32_t i = 0; n->reached && i < n->kept_names.count; i++) {
                any = any || !n->kept_names.at[i].node->reached;
                n->kept_names.at[i].node->reached = true;
            }
        }
    }
}

static void free_lost(struct sim_tree *t) {
    for (struct sim_node **link = &t->nodes; *link;) {
        struct sim_node *n = *link;
        if (n->reached) {
            link = &n->next;
            continue;
        }
        *link = n->next;
        sim_node_destroy(n);
    }
}

void sim_tree_restart(struct sim_tree *t) {
    assert(!t->first);
    mark_reached(t);
    free_lost(t);
    for (struct sim_node *n = t->nodes; n; n = n->next) {
        n->handles = n->links = 0;
        n->locked_by = NULL;
        sim_node_restart(n);
        sim_names_copy(&n->now_names, &n->kept_names);
    }
    t->root->links = 1;
    for (struct sim_node *n = t->nodes; n; n = n->next) {
        for (uint32_t i = 0; i < n->now_names.count; i++) n->now_names.at[i].node->links++;
    }
}

uint64_t sim_tree_oldest(const struct sim_tree *t) {
    uint64_t oldest = t->first ? t->first->number : t->changes + 1;
    for (const struct sim_node *n = t->nodes; n; n = n->next) {
        uint64_t number = sim_node_oldest(n);
        if (number < oldest) oldest = number;
    }
    return oldest;
}

uint64_t sim_tree_pages(const struct sim_tree *t) {
    uint64_t pages = 0;
    for (const struct sim_node *n = t->nodes; n; n = n->next) {
        if (n->links > 0 || n->handles > 0) pages += n->now.held + 1;
    }
    return pages;
}
