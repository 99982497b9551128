/* A job is a round: its number rises under the lock, the threads wake, take parts from a counter,
 * and leave; the caller waits for the last to leave, so that nobody reads a job that is over.
 */
#include "udf/learn/crew.h"

#include <assert.h>
#include <sched.h>
#include <unistd.h>

static void take_parts(struct crew *c) {
    for (;;) {
        uint32_t part = atomic_fetch_add(&c->next, 1);
        if (part >= c->parts) return;
        c->job(c->context, part);
    }
}

static void *loop(void *arg) {
    struct crew *c = arg;
    uint64_t seen = 0;
    pthread_mutex_lock(&c->lock);
    for (;;) {
        while (c->round == seen && !c->ends) pthread_cond_wait(&c->wake, &c->lock);
        if (c->ends) break;
        seen = c->round;
        pthread_mutex_unlock(&c->lock);
        take_parts(c);
        pthread_mutex_lock(&c->lock);
        if (--c->running == 0) pthread_cond_signal(&c->done);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

uint32_t crew_threads_here(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) {
        return (uint32_t)CPU_COUNT(&set);
    }
    return 1;
}

bool crew_open(struct crew *c, uint32_t threads, struct err *e) {
    assert(threads > 0 && threads <= CREW_THREADS_MAX);
    *c = (struct crew){.round = 0};
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->wake, NULL);
    pthread_cond_init(&c->done, NULL);
    for (; c->threads + 1 < threads; c->threads++) {
        if (pthread_create(&c->thread[c->threads], NULL, loop, c) == 0) continue;
        err_set(e, ERR_LIMIT, "53000", "cannot start thread %u of a training", c->threads + 2);
        crew_close(c);
        return false;
    }
    return true;
}

void crew_close(struct crew *c) {
    pthread_mutex_lock(&c->lock);
    c->ends = true;
    pthread_cond_broadcast(&c->wake);
    pthread_mutex_unlock(&c->lock);
    for (uint32_t i = 0; i < c->threads; i++) pthread_join(c->thread[i], NULL);
    pthread_cond_destroy(&c->wake);
    pthread_cond_destroy(&c->done);
    pthread_mutex_destroy(&c->lock);
    c->threads = 0;
}

void crew_run(struct crew *c, crew_part *part, void *context, uint32_t parts) {
    if (c->threads == 0 || parts < 2) {
        for (uint32_t i = 0; i < parts; i++) part(context, i);
        return;
    }
    pthread_mutex_lock(&c->lock);
    c->job = part;
    c->context = context;
    c->parts = parts;
    c->running = c->threads;
    atomic_store(&c->next, 0);
    c->round++;
    pthread_cond_broadcast(&c->wake);
    pthread_mutex_unlock(&c->lock);
    take_parts(c);
    pthread_mutex_lock(&c->lock);
    while (c->running > 0) pthread_cond_wait(&c->done, &c->lock);
    pthread_mutex_unlock(&c->lock);
}
