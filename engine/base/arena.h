/* arena.h: memory named by its lifetime: many allocations, freed at once.
 *
 * A bump allocator over a list of chunks that grow. Memory is 16-byte aligned. Every allocation
 * may fail (limit reached, or malloc failed): it returns NULL and the caller reports
 * err_memory(). arena.c is the one place of engine/base that calls malloc.
 *
 * Lifetimes in use: `process` (tables, config), `query` (plan, operators, programs), `pane`
 * (groups of one window pane), `batch` (one source batch through the pipeline: reset after it).
 *
 * Used by: every layer.    Tested by: tests/unit/arena_test.c
 */
#ifndef ENGINE_BASE_ARENA_H
#define ENGINE_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/attr.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *first;
    struct arena_chunk *current;
    size_t limit_bytes; /* 0: none */
    size_t held_bytes;  /* taken from malloc */
    bool failed;        /* an allocation failed since the last reset */
};

/* A place to return to: what was allocated after it is given back by arena_rewind(). */
struct arena_mark {
    struct arena_chunk *chunk;
    size_t used;
};

/* Allocates nothing yet; limit_bytes 0 means no limit. */
void arena_init(struct arena *a, size_t limit_bytes);

/* `bytes` of memory, 16-aligned, contents undefined; NULL: no memory or over the limit. */
void *arena_alloc(struct arena *a, size_t bytes) MUST_USE;

/* As arena_alloc for `count` things of `size` bytes, zeroed, safe against overflow. */
void *arena_zalloc(struct arena *a, size_t count, size_t size) MUST_USE;

/* A copy of `bytes` bytes, with a NUL behind them. */
char *arena_copy(struct arena *a, const void *from, size_t bytes) MUST_USE;

struct arena_mark arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, struct arena_mark to);

/* Empty again, the chunks kept for reuse. */
void arena_reset(struct arena *a);

/* Everything in `from` lives from now on as long as `into`; `from` is empty. */
void arena_take(struct arena *into, struct arena *from);

/* Gives all memory back; may be used again as after arena_init(). */
void arena_done(struct arena *a);

/* One zeroed object of the type that `p` points to: p = ARENA_NEW(a, p). */
#define ARENA_NEW(a, p) arena_zalloc((a), 1, sizeof *(p))
#define ARENA_ARRAY(a, p, n) arena_zalloc((a), (n), sizeof *(p))

#endif
