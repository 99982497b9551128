/* The list is short where rows are few a version, and searched by halving where they are many.
 * Memory of versions that nobody wants any more is used again.
 */
#include "udf/learn/version.h"

#include <assert.h>
#include <string.h>

static struct version **list_of(const struct versions *v) {
    return (struct version **)(void *)v->list.at;
}

static uint32_t count_of(const struct versions *v) {
    return (uint32_t)(v->list.bytes / sizeof(struct version *));
}

bool versions_open(struct versions *v, size_t params_bytes, struct err *e) {
    *v = (struct versions){.params_bytes = params_bytes};
    pthread_mutex_init(&v->lock, NULL);
    arena_init(&v->arena, 0);
    buf_init(&v->list);
    buf_init(&v->free);
    (void)e;
    return true;
}

void versions_close(struct versions *v) {
    assert(!v->watch);
    buf_done(&v->list);
    buf_done(&v->free);
    arena_done(&v->arena);
    pthread_mutex_destroy(&v->lock);
}

static struct version *fresh(struct versions *v, struct err *e) {
    if (v->kept_bytes + v->params_bytes > VERSIONS_BYTES_MAX && count_of(v) > 1) {
        err_set(e, ERR_LIMIT, "54000",
                "the versions of a model that are still asked for take more "
                "than 1 GiB");
        err_hint(e, "A larger 'publish-rows' makes fewer versions.");
        return NULL;
    }
    struct version *made = ARENA_NEW(&v->arena, made);
    void *params = arena_alloc(&v->arena, v->params_bytes);
    if (!made || !params ||
        !buf_reserve(&v->free, (v->kept_bytes / (v->params_bytes + 1) + 64) * sizeof made)) {
        err_memory(e);
        return NULL;
    }
    made->params = params;
    v->kept_bytes += v->params_bytes;
    return made;
}

struct version *versions_new(struct versions *v, struct err *e) {
    struct version *made = NULL;
    pthread_mutex_lock(&v->lock);
    if (v->free.bytes > 0) {
        v->free.bytes -= sizeof made;
        memcpy(&made, v->free.at + v->free.bytes, sizeof made);
    } else {
        made = fresh(v, e);
    }
    pthread_mutex_unlock(&v->lock);
    return made;
}

/* Under the lock. Room was made when the version was. */
static void release(struct versions *v, struct version *old) {
    buf_add(&v->free, &old, sizeof old);
}

void versions_drop(struct versions *v, struct version *made) {
    pthread_mutex_lock(&v->lock);
    release(v, made);
    pthread_mutex_unlock(&v->lock);
}

/* Under the lock: gives up what no watch can ask for. */
static void prune(struct versions *v) {
    uint32_t count = count_of(v), gone = 0;
    uint64_t lowest = UINT64_MAX;
    for (const struct watch *w = v->watch; w; w = w->next) {
        if (w->lowest < lowest) lowest = w->lowest;
    }
    while (gone + 1 < count && list_of(v)[gone]->number < lowest) release(v, list_of(v)[gone++]);
    if (gone == 0) return;
    v->list.bytes -= gone * sizeof(struct version *);
    memmove(v->list.at, v->list.at + gone * sizeof(struct version *), v->list.bytes);
}

bool versions_publish(struct versions *v, struct version *const *made, uint32_t count,
                      struct err *e) {
    pthread_mutex_lock(&v->lock);
    bool room = buf_reserve(&v->list, count * sizeof *made);
    if (room) {
        buf_add(&v->list, made, count * sizeof *made);
        prune(v);
    } else {
        v->list.failed = false;
        for (uint32_t i = 0; i < count; i++) release(v, made[i]);
    }
    pthread_mutex_unlock(&v->lock);
    return room || err_memory(e);
}

bool versions_restore(struct versions *v, struct version *const *made, uint32_t count,
                      uint64_t trained, struct err *e) {
    assert(count > 0);
    pthread_mutex_lock(&v->lock);
    bool room = buf_reserve(&v->list, count * sizeof *made);
    for (uint32_t i = 0; room && i < count_of(v); i++) release(v, list_of(v)[i]);
    if (room) {
        buf_reset(&v->list);
        buf_add(&v->list, made, count * sizeof *made);
        v->trained = (const void *)(uintptr_t)trained;
    }
    v->list.failed = false;
    pthread_mutex_unlock(&v->lock);
    return room || err_memory(e);
}

uint32_t versions_count(struct versions *v) {
    pthread_mutex_lock(&v->lock);
    uint32_t count = count_of(v);
    pthread_mutex_unlock(&v->lock);
    return count;
}

const struct version *versions_nth(struct versions *v, uint32_t i) {
    pthread_mutex_lock(&v->lock);
    assert(i < count_of(v));
    const struct version *nth = list_of(v)[i];
    pthread_mutex_unlock(&v->lock);
    return nth;
}

uint64_t versions_trained(const struct versions *v) {
    return (uint64_t)(uintptr_t)v->trained;
}

bool versions_wanted(struct versions *v) {
    bool wanted = false;
    pthread_mutex_lock(&v->lock);
    for (const struct watch *w = v->watch; w; w = w->next) {
        wanted = wanted || (w->source && w->source == v->trained);
    }
    pthread_mutex_unlock(&v->lock);
    return wanted;
}

void versions_train(struct versions *v, const void *source) {
    pthread_mutex_lock(&v->lock);
    v->trained = source;
    for (uint32_t i = 0; i < count_of(v); i++) list_of(v)[i]->after = 0;
    pthread_mutex_unlock(&v->lock);
}

/* Under the lock: the newest version that a row with this ordinal may see, by halving. */
static struct version *behind(const struct versions *v, uint64_t ordinal) {
    uint32_t low = 0, high = count_of(v);
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (list_of(v)[middle]->after <= ordinal) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return list_of(v)[low];
}

const struct version *versions_newest(struct versions *v) {
    pthread_mutex_lock(&v->lock);
    assert(count_of(v) > 0);
    const struct version *newest = list_of(v)[count_of(v) - 1];
    pthread_mutex_unlock(&v->lock);
    return newest;
}

const struct version *versions_oldest(struct versions *v) {
    pthread_mutex_lock(&v->lock);
    const struct version *oldest = list_of(v)[0];
    pthread_mutex_unlock(&v->lock);
    return oldest;
}

const struct version *versions_find(struct versions *v, uint64_t number) {
    pthread_mutex_lock(&v->lock);
    uint32_t low = 0, high = count_of(v);
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (list_of(v)[middle]->number <= number) {
            low = middle;
        } else {
            high = middle;
        }
    }
    const struct version *found = list_of(v)[low];
    pthread_mutex_unlock(&v->lock);
    return found;
}

void versions_watch(struct versions *v, struct watch *w, const void *source) {
    pthread_mutex_lock(&v->lock);
    *w = (struct watch){.source = source, .next = v->watch};
    w->lowest = list_of(v)[count_of(v) - 1]->number;
    buf_init(&w->pins);
    v->watch = w;
    pthread_mutex_unlock(&v->lock);
}

void versions_unwatch(struct versions *v, struct watch *w) {
    pthread_mutex_lock(&v->lock);
    struct watch **at = &v->watch;
    while (*at != w) at = &(*at)->next;
    *at = w->next;
    buf_done(&w->pins);
    prune(v);
    pthread_mutex_unlock(&v->lock);
}

struct pin {
    uint64_t ordinal, number;
};

/* Gives the newest, and remembers from which row on; where that cannot be remembered, the one
 * given before. */
static uint64_t pinned(struct versions *v, struct watch *w, uint64_t ordinal) {
    struct pin last = {0}, now = {ordinal, list_of(v)[count_of(v) - 1]->number};
    if (w->pins.bytes > 0) memcpy(&last, w->pins.at + w->pins.bytes - sizeof last, sizeof last);
    if (w->pins.bytes > 0 && last.number == now.number) return now.number;
    if (!buf_reserve(&w->pins, sizeof now)) {
        w->pins.failed = false;
        return w->pins.bytes > 0 ? last.number : w->lowest;
    }
    if (w->pins.bytes == 0) w->lowest = now.number;
    buf_add(&w->pins, &now, sizeof now);
    return now.number;
}

uint64_t versions_at(struct versions *v, struct watch *w, uint64_t ordinal) {
    pthread_mutex_lock(&v->lock);
    bool same = w->source && w->source == v->trained;
    uint64_t number = same ? behind(v, ordinal)->number : pinned(v, w, ordinal);
    pthread_mutex_unlock(&v->lock);
    return number;
}

/* Drops the pins that end before the ordinal. */
static void unpin(struct watch *w, uint64_t ordinal) {
    uint32_t pins = (uint32_t)(w->pins.bytes / sizeof(struct pin)), gone = 0;
    struct pin p;
    for (; gone + 1 < pins; gone++) {
        memcpy(&p, w->pins.at + (gone + 1) * sizeof p, sizeof p);
        if (p.ordinal > ordinal) break;
        w->lowest = p.number;
    }
    if (gone == 0) return;
    w->pins.bytes -= gone * sizeof p;
    memmove(w->pins.at, w->pins.at + gone * sizeof p, w->pins.bytes);
}

void versions_forget(struct versions *v, struct watch *w, uint64_t ordinal) {
    pthread_mutex_lock(&v->lock);
    bool same = w->source && w->source == v->trained;
    if (same) w->lowest = behind(v, ordinal)->number;
    unpin(w, ordinal);
    prune(v);
    pthread_mutex_unlock(&v->lock);
}
