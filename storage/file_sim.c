/* file_sim.c: see file_sim.h. Faults, crashes and what lies on the disk; the calls are in
 * file_sim_calls.c.
 *
 * Loss of power is settled in one of four moods: everything was written, nothing was, all up to a
 * moment was, or every sector by its own coin. Each finds errors of its own kind: the first, what
 * a record that nobody acknowledged does; the second, a sync that was forgotten; the third, a step
 * that must not come before another; the last, bytes trusted without a checksum.
 */
#include "storage/file_sim.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "storage/file_sim_private.h"

enum { REASON_BYTES = 100 };

struct file_sim *file_sim_create(const struct file_sim_options *o) {
    struct file_sim *s = calloc(1, sizeof *s);
    assert(s);
    s->fs.type = &file_sim_type;
    s->options = *o;
    s->seed = o->seed;
    int rc = pthread_mutex_init(&s->mutex, NULL);
    assert(rc == 0);
    sim_tree_init(&s->tree);
    return s;
}

void file_sim_destroy(struct file_sim *s) {
    if (!s) return;
    assert(s->handles == 0);
    sim_tree_done(&s->tree);
    pthread_mutex_destroy(&s->mutex);
    free(s);
}

struct file_system *file_sim_system(struct file_sim *s) {
    return &s->fs;
}

struct file_sim *file_sim_copy(struct file_sim *s, uint64_t seed) {
    pthread_mutex_lock(&s->mutex);
    struct file_sim_options o = s->options;
    o.seed = seed;
    struct file_sim *copy = file_sim_create(&o);
    sim_tree_done(&copy->tree);
    sim_tree_copy(&copy->tree, &s->tree);
    pthread_mutex_unlock(&s->mutex);
    return copy;
}

/* --- faults --- */

void file_sim_fault(struct file_sim *s, struct file_sim_fault fault) {
    assert(fault.at > 0);
    pthread_mutex_lock(&s->mutex);
    assert(s->faults < FILE_SIM_FAULTS_MAX);
    s->fault[s->faults++] = fault;
    pthread_mutex_unlock(&s->mutex);
}

void file_sim_disk(struct file_sim *s, uint64_t bytes) {
    pthread_mutex_lock(&s->mutex);
    s->options.disk_bytes = bytes;
    pthread_mutex_unlock(&s->mutex);
}

uint64_t file_sim_calls(struct file_sim *s) {
    pthread_mutex_lock(&s->mutex);
    uint64_t calls = s->calls;
    pthread_mutex_unlock(&s->mutex);
    return calls;
}

uint64_t file_sim_handles(struct file_sim *s) {
    pthread_mutex_lock(&s->mutex);
    uint64_t handles = s->handles;
    pthread_mutex_unlock(&s->mutex);
    return handles;
}

bool file_sim_stopped(struct file_sim *s) {
    pthread_mutex_lock(&s->mutex);
    bool stopped = s->stopped;
    pthread_mutex_unlock(&s->mutex);
    return stopped;
}

bool file_sim_error(const struct file_sim_call *call, int code, struct err *e) {
    char text[REASON_BYTES];
    const char *reason = strerror_r(code, text, sizeof text); /* GNU: returns the text */
    const char *state = code == ENOSPC ? "53100" : "58030";
    err_set(e, ERR_IO, state, "cannot %s %s: %s", call->verb, call->path, reason);
    errno = code;
    return false;
}

/* The first fault that is given for the call. */
static struct sim_verdict judge(const struct file_sim *s) {
    for (uint32_t i = 0; i < s->faults; i++) {
        const struct file_sim_fault *f = &s->fault[i];
        bool hit = f->onwards ? s->calls >= f->at : s->calls == f->at;
        if (hit) return (struct sim_verdict){.faulty = true, .kind = f->kind};
    }
    return (struct sim_verdict){.faulty = false};
}

bool file_sim_enter(struct file_sim *s, const struct file_sim_call *call, struct sim_verdict *out,
                    struct err *e) {
    struct file_sim_call numbered = *call;
    numbered.number = file_sim_calls(s) + 1; /* of many threads' calls, about */
    if (s->options.look) s->options.look(s->options.context, &numbered);
    pthread_mutex_lock(&s->mutex);
    if (s->stopped) {
        file_sim_error(call, EIO, e);
        return false;
    }
    s->calls++;
    *out = judge(s);
    if (out->faulty && out->kind == FILE_SIM_STOP) s->stopped = true;
    return true;
}

void file_sim_leave(struct file_sim *s) {
    pthread_mutex_unlock(&s->mutex);
}

/* --- room --- */

static uint64_t free_pages(const struct file_sim *s) {
    uint64_t pages = s->options.disk_bytes / SIM_PAGE_BYTES, used = sim_tree_pages(&s->tree);
    return used < pages ? pages - used : 0;
}

size_t file_sim_room(const struct file_sim *s, const struct sim_node *n, uint64_t offset,
                     size_t bytes) {
    if (s->options.disk_bytes == 0) return bytes;
    uint64_t pages = free_pages(s);
    size_t fits = 0;
    while (fits < bytes) {
        size_t left = SIM_PAGE_BYTES - (size_t)((offset + fits) % SIM_PAGE_BYTES);
        size_t step = bytes - fits < left ? bytes - fits : left;
        uint64_t needs = sim_node_needs(n, offset + fits, step);
        if (needs > pages) break;
        pages -= needs;
        fits += step;
    }
    return fits;
}

bool file_sim_room_for_name(const struct file_sim *s) {
    return s->options.disk_bytes == 0 || free_pages(s) > 0;
}

/* --- the end of a process --- */

static struct sim_luck draw_luck(struct file_sim *s) {
    static const enum sim_mood moods[] = {SIM_ALL,   SIM_NOTHING, SIM_NOTHING, SIM_ORDER,
                                          SIM_ORDER, SIM_COIN,    SIM_COIN,    SIM_COIN};
    struct sim_luck l = {.seed = &s->seed};
    l.mood = moods[sim_random(&s->seed) % COUNT_OF(moods)];
    uint64_t oldest = sim_tree_oldest(&s->tree);
    l.cut = oldest + sim_random(&s->seed) % (s->tree.changes - oldest + 2);
    return l;
}

void file_sim_restart(struct file_sim *s, enum file_sim_loss loss) {
    pthread_mutex_lock(&s->mutex);
    if (loss == FILE_SIM_POWER) {
        struct sim_luck l = draw_luck(s);
        sim_tree_settle(&s->tree, &l);
        sim_tree_restart(&s->tree);
    } else {
        for (struct sim_node *n = s->tree.nodes; n; n = n->next) {
            n->handles = 0;
            n->locked_by = NULL;
        }
    }
    s->era++;
    s->calls = 0;
    s->faults = 0;
    s->stopped = false;
    pthread_mutex_unlock(&s->mutex);
}

/* --- somebody else --- */

/* The file, made with its directories if it is not there; all of it is kept. */
static struct sim_node *other_file(struct file_sim *s, const char *path) {
    char part[4096];
    struct sim_place at;
    size_t bytes = strlen(path);
    assert(bytes > 0 && bytes < sizeof part);
    memcpy(part, path, bytes + 1);
    for (size_t i = 1; i <= bytes; i++) {
        if (path[i] != '/' && path[i] != '\0') continue;
        part[i] = '\0';
        int code = sim_tree_find(&s->tree, part, &at);
        assert(code == 0);
        if (!at.node) at.node = sim_tree_make(&s->tree, &at, path[i] == '/');
        sim_tree_sync(&s->tree, at.directory);
        part[i] = path[i];
    }
    assert(!at.node->is_directory);
    return at.node;
}

void file_sim_add(struct file_sim *s, const char *path, const void *bytes, size_t count) {
    pthread_mutex_lock(&s->mutex);
    struct sim_node *n = other_file(s, path);
    struct sim_change_of how = {.number = sim_tree_number(&s->tree)};
    sim_node_write(n, n->now.size_bytes, bytes, count, how);
    sim_node_sync(n);
    pthread_mutex_unlock(&s->mutex);
}

void file_sim_put(struct file_sim *s, const char *path, const void *bytes, size_t count) {
    pthread_mutex_lock(&s->mutex);
    sim_node_truncate(other_file(s, path), 0, sim_tree_number(&s->tree));
    pthread_mutex_unlock(&s->mutex);
    file_sim_add(s, path, bytes, count);
}
