/* file_sim_private.h: what file_sim.c and file_sim_calls.c share.
 *
 * Used by: storage/file_sim*.c
 */
#ifndef STORAGE_FILE_SIM_PRIVATE_H
#define STORAGE_FILE_SIM_PRIVATE_H

#include <pthread.h>

#include "storage/file_sim.h"
#include "storage/sim_tree.h"

struct file_sim {
    struct file_system fs;
    pthread_mutex_t mutex;
    struct file_sim_options options;
    uint64_t seed;
    struct sim_tree tree;
    uint64_t calls, handles;
    uint64_t era; /* counts restarts */
    struct file_sim_fault fault[FILE_SIM_FAULTS_MAX];
    uint32_t faults;
    bool stopped;
};

/* What is to happen in a call. */
struct sim_verdict {
    bool faulty;
    enum file_sim_kind kind; /* if faulty */
};

extern const struct file_system_type file_sim_type;

/* Numbers the call and judges it; FILE_SIM_STOP has stopped the machine by then. false: it had
 * stopped before, see *e. Locks, either way. */
bool file_sim_enter(struct file_sim *s, const struct file_sim_call *call, struct sim_verdict *out,
                    struct err *e) MUST_USE;
void file_sim_leave(struct file_sim *s);

/* "cannot <verb> <path>: <reason>", in errno too; returns false. */
bool file_sim_error(const struct file_sim_call *call, int code, struct err *e);

/* Bytes of [offset, offset + bytes) that the disk has room for. */
size_t file_sim_room(const struct file_sim *s, const struct sim_node *n, uint64_t offset,
                     size_t bytes);
/* Is there room for one more file? */
bool file_sim_room_for_name(const struct file_sim *s);

#endif
