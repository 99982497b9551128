/* arena.c: chunks in a list; the newest of a run are twice as large as those before, up to 1 MiB.
 *
 * arena_rewind() and arena_reset() keep the chunks behind the current one: a batch arena reaches
 * its working size once and then never calls malloc again.
 */
#include "engine/base/arena.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_MIN_BYTES = 4096, CHUNK_MAX_BYTES = 1 << 20, ALIGN = 16 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t size; /* of data */
    size_t used;
    size_t pad; /* data starts 16-aligned */
    char data[];
};

void arena_init(struct arena *a, size_t limit_bytes) {
    *a = (struct arena){.limit_bytes = limit_bytes};
}

/* Appends a chunk behind the current one that holds at least `bytes`. */
static struct arena_chunk *chunk_add(struct arena *a, size_t bytes) {
    size_t size = a->current ? a->current->size * 2 : CHUNK_MIN_BYTES;
    if (size > CHUNK_MAX_BYTES) size = CHUNK_MAX_BYTES;
    if (size < bytes) size = bytes;
    if (a->limit_bytes && a->held_bytes + size > a->limit_bytes) return NULL;

    struct arena_chunk *c = malloc(sizeof *c + size);
    if (!c) return NULL;
    *c = (struct arena_chunk){.size = size};

    if (a->current) {
        c->next = a->current->next;
        a->current->next = c;
    } else {
        c->next = a->first;
        a->first = c;
    }
    a->held_bytes += size;
    return c;
}

static void *arena_fail(struct arena *a) {
    a->failed = true;
    return NULL;
}

void *arena_alloc(struct arena *a, size_t bytes) {
    if (bytes > SIZE_MAX / 4) return arena_fail(a);
    size_t need = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);

    struct arena_chunk *c = a->current;
    if (!c || c->size - c->used < need) {
        struct arena_chunk *next = c ? c->next : a->first;
        if (!next || next->size < need) next = chunk_add(a, need);
        if (!next) return arena_fail(a);
        next->used = 0;
        a->current = c = next;
    }

    void *p = c->data + c->used;
    c->used += need;
    assert(c->used <= c->size);
    return p;
}

void *arena_zalloc(struct arena *a, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
    void *p = arena_alloc(a, bytes);
    return p ? memset(p, 0, bytes) : NULL;
}

char *arena_copy(struct arena *a, const void *from, size_t bytes) {
    char *p = arena_alloc(a, bytes + 1);
    if (!p) return NULL;
    if (bytes > 0) memcpy(p, from, bytes);
    p[bytes] = '\0';
    return p;
}

struct arena_mark arena_mark(const struct arena *a) {
    return (struct arena_mark){.chunk = a->current, .used = a->current ? a->current->used : 0};
}

void arena_rewind(struct arena *a, struct arena_mark to) {
    a->current = to.chunk;
    if (to.chunk) to.chunk->used = to.used;
}

void arena_reset(struct arena *a) {
    a->current = NULL;
    a->failed = false;
}

/* The taken chunks go in front, where nothing is allocated any more. */
void arena_take(struct arena *into, struct arena *from) {
    struct arena_chunk *last = from->first;
    if (!last) return;
    while (last->next) last = last->next;
    last->next = into->first;
    into->first = from->first;
    if (!into->current) into->current = from->current;
    into->held_bytes += from->held_bytes;
    arena_init(from, from->limit_bytes);
}

void arena_done(struct arena *a) {
    for (struct arena_chunk *c = a->first, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    arena_init(a, a->limit_bytes);
}
