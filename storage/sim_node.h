/* sim_node.h: a file or directory of the simulated file system: what is seen, and what is kept.
 *
 * A file has its bytes twice: `now` as readers see them, `kept` as the medium has them. Between the
 * two lies the list of writes that nobody has synced. A crash settles it: each sector of 512 bytes
 * keeps any state that it had since the last sync, by luck; so an unsynced write may be there, be
 * lost, be torn at sector borders, or be there without an earlier one. A write that must be durable
 * at its return (O_DSYNC) while others wait stands in the list as one that luck cannot lose.
 *
 * Only tests link this; without memory it asserts.
 *
 * Lifetime: sim_node_create .. sim_node_destroy.
 *
 * Used by: storage/sim_tree.c, storage/file_sim*.c    Tested by: tests/unit/storage/file_sim_test.c
 */
#ifndef STORAGE_SIM_NODE_H
#define STORAGE_SIM_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_SECTOR_BYTES = 512, SIM_PAGE_BYTES = 4096 };

/* Bytes in pages; one that was never written is zeros and takes no room. */
struct sim_bytes {
    char **page; /* [pages] */
    uint64_t pages, held, size_bytes;
};

struct sim_write;

struct sim_name {
    char *name;
    struct sim_node *node;
};

/* Entries of a directory in byte order. */
struct sim_names {
    struct sim_name *at;
    uint32_t count, capacity;
};

struct sim_node {
    struct sim_node *next; /* of all */
    uint64_t inode;
    int64_t modified_us;
    uint32_t handles, links; /* open ones; entries that name it now */
    const void *locked_by;   /* a handle */
    bool is_directory;
    bool reached, stuck; /* while a crash is settled */

    struct sim_bytes now, kept;
    struct sim_write *first, *last; /* not synced */

    struct sim_names now_names, kept_names;
};

/* How a crash, or a sync that failed, decides what is kept. */
enum sim_mood {
    SIM_ALL,     /* everything */
    SIM_NOTHING, /* nothing that was not synced */
    SIM_ORDER,   /* what came before a moment, and that write in part */
    SIM_COIN,    /* each sector for itself */
};

struct sim_luck {
    enum sim_mood mood;
    uint64_t cut;   /* SIM_ORDER: the number of the change that is done in part */
    uint64_t *seed; /* of the coins */
};

/* The next number of splitmix64 (Steele, Lea, Flood 2014). */
uint64_t sim_random(uint64_t *seed);
/* Is the change of that number kept? */
bool sim_lucky(const struct sim_luck *l, uint64_t number);

/* A write is numbered in the order of all changes of the disk. */
struct sim_change_of {
    uint64_t number;
    bool durable; /* at its return */
};

struct sim_node *sim_node_create(uint64_t inode, bool is_directory);
void sim_node_destroy(struct sim_node *n);
/* With the entries of the first, whose nodes are not copied; not open, not locked. */
struct sim_node *sim_node_copy(const struct sim_node *n);

void sim_node_write(struct sim_node *n, uint64_t offset, const void *from, size_t bytes,
                    struct sim_change_of how);
void sim_node_truncate(struct sim_node *n, uint64_t size_bytes, uint64_t number);
/* Returns how many bytes there are. */
size_t sim_node_read(const struct sim_node *n, uint64_t offset, void *to, size_t bytes);
/* Pages that a write there would have to take. */
uint64_t sim_node_needs(const struct sim_node *n, uint64_t offset, size_t bytes);

/* All that is seen is kept. */
void sim_node_sync(struct sim_node *n);
/* Some of what is seen is kept, by luck; of the rest nobody remembers that it should be. Readers
 * go on seeing it. */
void sim_node_settle(struct sim_node *n, const struct sim_luck *l);
/* What is kept is seen, nothing else. */
void sim_node_restart(struct sim_node *n);

/* The number of the first write that is not synced; UINT64_MAX: there is none. */
uint64_t sim_node_oldest(const struct sim_node *n);

/* The entry of a name, or NULL. */
struct sim_node *sim_names_find(const struct sim_names *s, const char *name);
/* node NULL: no such entry any more. */
void sim_names_set(struct sim_names *s, const char *name, struct sim_node *node);
void sim_names_copy(struct sim_names *to, const struct sim_names *from);

#endif
