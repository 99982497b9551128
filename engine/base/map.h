/* map.h: a hash map from byte strings or integers to values of a fixed size.
 *
 * An entry has an id (uint32_t), which stays the same, and its value an address, which stays the
 * same, until the entry is removed; ids of removed entries are used again, so without removals ids
 * are 0, 1, 2, ... in the order of insertion: a map is a dictionary too. Iteration is in the order
 * of insertion. A new value is all zero. Values are 16-byte aligned.
 *
 * Keys are either all `key_bytes` long, or of any length (key_bytes 0); they are copied. The _u64
 * functions want key_bytes 8. Every insertion may fail (no memory, limit): MAP_NONE, and the map
 * is as it was.
 *
 * Lifetime: map_init .. map_done; init takes no memory.
 *
 * Uses: hash.h.    Used by: group tables, dictionaries, deduplication, state.
 * Tested by: tests/unit/base/map_test.c
 */
#ifndef ENGINE_BASE_MAP_H
#define ENGINE_BASE_MAP_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/attr.h"
#include "engine/base/text.h"

#define MAP_NONE UINT32_MAX

enum {
    MAP_CHUNKS = 28, /* chunk c holds MAP_CHUNK_MIN << c entries and never moves */
    MAP_CHUNK_MIN = 16,
    MAP_KEY_CLASSES = 28, /* free lists of key memory: 16, 32, .. 2^31 bytes */
};

struct map_options {
    uint32_t key_bytes; /* of every key; 0: keys of any length */
    uint32_t value_bytes;
    size_t limit_bytes; /* 0: none */
};

struct map {
    uint32_t key_bytes, value_bytes;
    uint32_t entry_bytes, value_offset;
    size_t limit_bytes, held_bytes;

    uint64_t *slot; /* [1 << slot_bits]; hash's upper half, id + 1; 0: free */
    uint32_t slot_bits;
    uint32_t count; /* entries in the map */
    uint32_t used;  /* ids ever given out; those not in the map are in the free list */
    uint32_t first, last, first_free;
    char *chunk[MAP_CHUNKS];

    struct arena keys; /* the bytes of keys of any length */
    void *key_free[MAP_KEY_CLASSES];
};

/* Many keys at once; exactly one of text, u64, packed is set. */
struct map_keys {
    const struct text *text; /* key_bytes 0 */
    const uint64_t *u64;     /* key_bytes 8 */
    const char *packed;      /* key i at packed + i * key_bytes */
    const uint16_t *row;     /* key i is at index row[i]; NULL: at i */
    uint32_t count;
};

void map_init(struct map *m, const struct map_options *o);
void map_done(struct map *m);
/* Empty again, memory kept. */
void map_reset(struct map *m);

/* The id of `key`, added if it was not there; MAP_NONE: no memory. */
uint32_t map_put(struct map *m, struct text key, bool *new_out) MUST_USE;
uint32_t map_put_u64(struct map *m, uint64_t key, bool *new_out) MUST_USE;
/* As map_put for all keys in order, memory fetched ahead. Bit i of new_out (may be NULL) is set
 * when key i was added by this call. false: no memory; ids before that key are filled in. */
bool map_put_many(struct map *m, const struct map_keys *keys, uint32_t *id_out,
                  uint64_t *new_out) MUST_USE;

/* MAP_NONE: it is not there. */
uint32_t map_find(const struct map *m, struct text key);
uint32_t map_find_u64(const struct map *m, uint64_t key);
void map_find_many(const struct map *m, const struct map_keys *keys, uint32_t *id_out);

/* false: it was not there. map_remove_id wants an id that is in the map. */
bool map_remove(struct map *m, struct text key);
bool map_remove_u64(struct map *m, uint64_t key);
void map_remove_id(struct map *m, uint32_t id);

/* Room for `count` entries in all. false: no memory. */
bool map_reserve(struct map *m, uint32_t count) MUST_USE;

/* Iteration: for (id = map_first(m); id != MAP_NONE; id = map_next(m, id)). Entries added meanwhile
 * come at the end; take map_next() before removing `id`. */
static inline uint32_t map_first(const struct map *m) {
    return m->first;
}
uint32_t map_next(const struct map *m, uint32_t id);

static inline uint32_t map_count(const struct map *m) {
    return m->count;
}
/* Bytes taken from malloc. */
static inline size_t map_bytes(const struct map *m) {
    return m->held_bytes + m->keys.held_bytes;
}

/* Chunk c starts at id MAP_CHUNK_MIN * (2^c - 1). */
static inline char *map_entry(const struct map *m, uint32_t id) {
    uint64_t n = (uint64_t)id + MAP_CHUNK_MIN;
    uint32_t c = 59 - (uint32_t)__builtin_clzll(n);
    return m->chunk[c] + (n - ((uint64_t)MAP_CHUNK_MIN << c)) * m->entry_bytes;
}

static inline void *map_value(const struct map *m, uint32_t id) {
    assert(id < m->used);
    return map_entry(m, id) + m->value_offset;
}

/* The key's bytes, valid until it is removed; of a u64 map 8 bytes, little-endian. */
struct text map_key(const struct map *m, uint32_t id);
uint64_t map_key_u64(const struct map *m, uint32_t id);

#endif
