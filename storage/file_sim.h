/* file_sim.h: a file system in memory that fails as disks do: for tests, from a seed.
 *
 * Everything behind engine/base/file.h. What was written and not synced may be lost by a crash, or
 * be there in part (storage/sim_node.h); so may entries of directories that were not synced
 * (storage/sim_tree.h). Files opened with FILE_DIRECT are durable when a write returns; one that a
 * crash hits is torn at sector borders. A file's sync that fails loses part of what it should have
 * written for good: a later one does not write it, as on Linux, though readers still see it; the
 * entries of a directory, which are in a journal, wait for the next sync.
 *
 * Each call of the interface but close and ready has a number, from 1; faults are given by number.
 * After a fault of kind FILE_SIM_STOP the machine has stopped: every call fails, nothing changes,
 * until the test, having closed what it can, calls file_sim_restart(). All that happens follows
 * from the seed, the faults and the calls. There are no pipes, links, users or permissions.
 *
 * Calls from many threads take turns. Only tests link this; without memory it asserts.
 *
 * Lifetime: file_sim_create .. file_sim_destroy, after all its files were closed.
 *
 * Uses: storage/sim_tree.h.    Used by: tests.    Tested by: tests/unit/storage/file_sim_test.c
 */
#ifndef STORAGE_FILE_SIM_H
#define STORAGE_FILE_SIM_H

#include "engine/base/file.h"

struct file_sim;

enum file_sim_kind {
    FILE_SIM_STOP,  /* done, done in part, or not at all; then the machine has stopped */
    FILE_SIM_FAIL,  /* 58030; of what a file's sync should have written, some is lost for good */
    FILE_SIM_SHORT, /* a write does a part, then 58030; a read gives less than was asked for */
    FILE_SIM_FULL,  /* 53100 from what takes room, a write after a part; nothing else happens */
    FILE_SIM_LIE,   /* a sync does nothing and says it did; so does a direct write's */
    FILE_SIM_FLIP,  /* a read gives one wrong bit */
};

enum { FILE_SIM_FAULTS_MAX = 8 };

struct file_sim_fault {
    enum file_sim_kind kind;
    uint64_t at;  /* the number of the call */
    bool onwards; /* and of all later ones, until the next restart */
};

enum file_sim_loss {
    FILE_SIM_KILL,  /* the process ended: what was written is there */
    FILE_SIM_POWER, /* so did the machine: what was not synced is there by luck */
};

/* What a call is, for who looks on. */
struct file_sim_call {
    uint64_t number;
    const char *verb, *path;
    uint64_t offset, bytes; /* where it has them */
};

struct file_sim_options {
    uint64_t seed;
    uint64_t disk_bytes; /* 0: no limit; a file takes whole blocks of 4 KiB and one more */
    void *context;
    /* Called before each call, with nothing locked: may put files there; NULL: nobody looks. */
    void (*look)(void *context, const struct file_sim_call *call);
};

struct file_sim *file_sim_create(const struct file_sim_options *o) MUST_USE;
void file_sim_destroy(struct file_sim *s); /* accepts NULL */
struct file_system *file_sim_system(struct file_sim *s);

/* Another one with the same content, synced or not, a seed of its own and no faults: one state can
 * so be crashed in many ways. */
struct file_sim *file_sim_copy(struct file_sim *s, uint64_t seed) MUST_USE;

/* At most FILE_SIM_FAULTS_MAX at a time. */
void file_sim_fault(struct file_sim *s, struct file_sim_fault fault);
void file_sim_disk(struct file_sim *s, uint64_t bytes); /* the disk has this size from now on */

uint64_t file_sim_calls(struct file_sim *s);   /* so far, since the last restart */
uint64_t file_sim_handles(struct file_sim *s); /* files that are open */
bool file_sim_stopped(struct file_sim *s);

/* Ends whatever ran, locks and faults included, and starts the machine again: what is kept is what
 * there is. Handles from before are dead, and may be closed. */
void file_sim_restart(struct file_sim *s, enum file_sim_loss loss);

/* As if somebody else did it: not counted, kept at once. Directories are made. */
void file_sim_put(struct file_sim *s, const char *path, const void *bytes, size_t count);
void file_sim_add(struct file_sim *s, const char *path, const void *bytes, size_t count);

#endif
