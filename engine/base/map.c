/* map.c: open addressing over small slots, entries apart.
 *
 * A slot is the upper half of the hash and an entry's id + 1. It is looked for from the place that
 * the hash's top bits say, slot by slot; since a slot holds those bits itself, growing and closing
 * the gap of a removal (backward shift: there are no tombstones) touch no entry. At most 5/8 of
 * the slots are in use.
 *
 * Entries stand in chunks that double and never move:
 *
 *     0   uint32_t  previous entry in the order of insertion, MAP_NONE: the first
 *     4   uint32_t  next entry, MAP_NONE: the last; of a removed one the next free
 *     8   key_bytes bytes, or a struct text
 *     at value_offset, 16-aligned: the value
 *
 * Bytes of keys of any length come from an arena in powers of two, with a free list a size.
 *
 * Many keys at once go in groups: all slots of a group are fetched, then all entries, then all
 * keys are compared, so that the waits for memory overlap (Menon, Mowry, Pavlo: "Relaxed Operator
 * Fusion", 2017). The three kinds of keys share one body, compiled for each.
 */
#include "engine/base/map.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/batch.h"
#include "engine/base/hash.h"

enum {
    SLOT_BITS_MIN = 5,
    SLOT_BITS_MAX = 32,
    GROUP = 32,
    FETCH_MIN = 4096, /* smaller maps are in the caches anyway */
    KEY_OFFSET = 8,
    KEY_CLASS_BITS = 4, /* the least class is 16 bytes */
    ALIGN = 16,
};

enum key_kind { KEY_U64, KEY_FIXED, KEY_TEXT };

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* A key on its way: of a KEY_U64 the number, else the bytes. */
struct key {
    struct text text;
    uint64_t u64;
};

struct links {
    uint32_t previous, next;
};

static enum key_kind kind_of(const struct map *m) {
    return m->key_bytes == 8 ? KEY_U64 : m->key_bytes > 0 ? KEY_FIXED : KEY_TEXT;
}

static struct links *links_of(const struct map *m, uint32_t id) {
    return (struct links *)(void *)map_entry(m, id);
}

static uint32_t align_up(uint32_t bytes) {
    return (bytes + ALIGN - 1) & ~(uint32_t)(ALIGN - 1);
}

void map_init(struct map *m, const struct map_options *o) {
    assert(o->key_bytes < 1 << 16 && o->value_bytes < 1 << 30);
    uint32_t key_bytes = o->key_bytes > 0 ? o->key_bytes : (uint32_t)sizeof(struct text);
    uint32_t value_offset = align_up(KEY_OFFSET + key_bytes);
    *m = (struct map){
        .key_bytes = o->key_bytes,
        .value_bytes = o->value_bytes,
        .value_offset = value_offset,
        .entry_bytes = value_offset + align_up(o->value_bytes),
        .limit_bytes = o->limit_bytes,
        .first = MAP_NONE,
        .last = MAP_NONE,
        .first_free = MAP_NONE,
    };
    arena_init(&m->keys, 0);
}

void map_done(struct map *m) {
    free(m->slot);
    for (uint32_t c = 0; c < MAP_CHUNKS; c++) free(m->chunk[c]);
    arena_done(&m->keys);
    map_init(m, &(struct map_options){m->key_bytes, m->value_bytes, m->limit_bytes});
}

void map_reset(struct map *m) {
    if (m->slot) memset(m->slot, 0, sizeof *m->slot << m->slot_bits);
    m->count = m->used = 0;
    m->first = m->last = m->first_free = MAP_NONE;
    arena_reset(&m->keys);
    memset(m->key_free, 0, sizeof m->key_free);
}

/* Whether `bytes` more may be taken. */
static bool within_limit(const struct map *m, size_t bytes) {
    return m->limit_bytes == 0 || bytes <= m->limit_bytes - map_bytes(m);
}

static uint32_t slot_home(const struct map *m, uint64_t slot) {
    return (uint32_t)((slot >> 32) >> (32 - m->slot_bits));
}

static uint64_t slot_mask(const struct map *m) {
    return (UINT64_C(1) << m->slot_bits) - 1;
}

static uint64_t slots_usable(uint32_t bits) {
    return (UINT64_C(1) << bits) / 8 * 5;
}

static void slot_insert(struct map *m, uint64_t slot) {
    uint64_t i = slot_home(m, slot);
    while (m->slot[i]) i = (i + 1) & slot_mask(m);
    m->slot[i] = slot;
}

/* Slots for `count` entries. */
static bool slots_reserve(struct map *m, uint64_t count) {
    uint32_t bits = m->slot_bits ? m->slot_bits : SLOT_BITS_MIN;
    while (bits <= SLOT_BITS_MAX && slots_usable(bits) < count) bits++;
    if (m->slot && bits == m->slot_bits) return true;
    if (bits > SLOT_BITS_MAX) return false;

    size_t bytes = sizeof *m->slot << bits;
    if (!within_limit(m, bytes)) return false;
    uint64_t *slot = calloc(1, bytes);
    if (!slot) return false;

    struct map old = *m;
    m->slot = slot;
    m->slot_bits = bits;
    m->held_bytes += bytes;
    if (!old.slot) return true;
    for (uint64_t i = 0; i <= slot_mask(&old); i++) {
        if (old.slot[i]) slot_insert(m, old.slot[i]);
    }
    free(old.slot);
    m->held_bytes -= sizeof *old.slot << old.slot_bits;
    return true;
}

static uint32_t chunk_of(uint32_t id) {
    return 59 - (uint32_t)__builtin_clzll((uint64_t)id + MAP_CHUNK_MIN);
}

static bool chunk_reserve(struct map *m, uint32_t c) {
    if (c >= MAP_CHUNKS) return false;
    if (m->chunk[c]) return true;
    size_t bytes = ((size_t)MAP_CHUNK_MIN << c) * m->entry_bytes;
    if (!within_limit(m, bytes)) return false;
    m->chunk[c] = malloc(bytes);
    if (!m->chunk[c]) return false;
    m->held_bytes += bytes;
    return true;
}

bool map_reserve(struct map *m, uint32_t count) {
    if (count == 0) return true;
    if (!slots_reserve(m, count)) return false;
    for (uint32_t c = 0; c <= chunk_of(count - 1); c++) {
        if (!chunk_reserve(m, c)) return false;
    }
    return true;
}

static uint32_t key_class(uint32_t bytes) {
    uint32_t n = bytes > 1 ? bytes - 1 : 1;
    uint32_t bits = 32 - (uint32_t)__builtin_clz(n); /* 2^bits >= bytes */
    return bits > KEY_CLASS_BITS ? bits - KEY_CLASS_BITS : 0;
}

/* Memory for `bytes` bytes of a key; NULL: none. */
static char *key_alloc(struct map *m, uint32_t bytes) {
    uint32_t class = key_class(bytes);
    if (class >= MAP_KEY_CLASSES) return NULL;
    char *at = m->key_free[class];
    if (at) {
        memcpy(&m->key_free[class], at, sizeof m->key_free[class]);
        return at;
    }
    if (m->limit_bytes > 0) {
        if (m->held_bytes >= m->limit_bytes) return NULL;
        m->keys.limit_bytes = m->limit_bytes - m->held_bytes;
    }
    return arena_alloc(&m->keys, (size_t)1 << (class + KEY_CLASS_BITS));
}

static void key_release(struct map *m, char *at, uint32_t bytes) {
    uint32_t class = key_class(bytes);
    memcpy(at, &m->key_free[class], sizeof m->key_free[class]);
    m->key_free[class] = at;
}

static struct text entry_text(const char *entry) {
    struct text t;
    memcpy(&t, entry + KEY_OFFSET, sizeof t);
    return t;
}

static ALWAYS_INLINE bool key_same(const struct map *m, enum key_kind kind, const char *entry,
                                   const struct key *k) {
    if (kind == KEY_U64) {
        uint64_t held;
        memcpy(&held, entry + KEY_OFFSET, sizeof held);
        return held == k->u64;
    }
    if (kind == KEY_FIXED) return memcmp(entry + KEY_OFFSET, k->text.at, m->key_bytes) == 0;
    return text_equal(entry_text(entry), k->text);
}

static ALWAYS_INLINE uint64_t key_hash(enum key_kind kind, const struct key *k) {
    return kind == KEY_U64 ? hash_u64(k->u64) : hash_bytes(k->text.at, k->text.bytes);
}

static ALWAYS_INLINE uint32_t probe(const struct map *m, enum key_kind kind, uint64_t hash,
                                    const struct key *k) {
    if (m->count == 0) return MAP_NONE;
    uint64_t mask = slot_mask(m);
    for (uint64_t i = hash >> (64 - m->slot_bits);; i = (i + 1) & mask) {
        uint64_t slot = m->slot[i];
        if (slot == 0) return MAP_NONE;
        if (slot >> 32 != hash >> 32) continue;
        uint32_t id = (uint32_t)slot - 1;
        if (key_same(m, kind, map_entry(m, id), k)) return id;
    }
}

/* An id that nobody has, its memory there; MAP_NONE: no memory. */
static uint32_t id_take(struct map *m) {
    uint32_t id = m->first_free;
    if (id != MAP_NONE) {
        m->first_free = links_of(m, id)->next;
        return id;
    }
    if (!chunk_reserve(m, chunk_of(m->used))) return MAP_NONE;
    return m->used++;
}

static void links_append(struct map *m, uint32_t id) {
    *links_of(m, id) = (struct links){.previous = m->last, .next = MAP_NONE};
    if (m->last == MAP_NONE)
        m->first = id;
    else
        links_of(m, m->last)->next = id;
    m->last = id;
}

/* Adds a key that is not in the map. */
static uint32_t entry_add(struct map *m, enum key_kind kind, uint64_t hash, const struct key *k) {
    if (!slots_reserve(m, (uint64_t)m->count + 1)) return MAP_NONE;
    struct text copy = k->text;
    if (kind == KEY_TEXT) {
        char *at = key_alloc(m, copy.bytes);
        if (!at) return MAP_NONE;
        if (copy.bytes > 0) memcpy(at, copy.at, copy.bytes);
        copy.at = at;
    }
    uint32_t id = id_take(m);
    if (id == MAP_NONE) {
        if (kind == KEY_TEXT) key_release(m, (char *)copy.at, copy.bytes);
        return MAP_NONE;
    }

    char *entry = map_entry(m, id);
    if (kind == KEY_U64) memcpy(entry + KEY_OFFSET, &k->u64, sizeof k->u64);
    if (kind == KEY_FIXED) memcpy(entry + KEY_OFFSET, copy.at, m->key_bytes);
    if (kind == KEY_TEXT) memcpy(entry + KEY_OFFSET, &copy, sizeof copy);
    memset(entry + m->value_offset, 0, m->value_bytes);
    links_append(m, id);
    slot_insert(m, hash >> 32 << 32 | ((uint64_t)id + 1));
    m->count++;
    return id;
}

static ALWAYS_INLINE uint32_t put(struct map *m, enum key_kind kind, const struct key *k,
                                  bool *new_out) {
    uint64_t hash = key_hash(kind, k);
    uint32_t id = probe(m, kind, hash, k);
    bool is_new = id == MAP_NONE;
    if (is_new) id = entry_add(m, kind, hash, k);
    if (new_out && id != MAP_NONE) *new_out = is_new;
    return id;
}

static struct key key_of(const struct map *m, struct text t) {
    assert(m->key_bytes == 0 || t.bytes == m->key_bytes);
    struct key k = {.text = t};
    if (m->key_bytes == 8) memcpy(&k.u64, t.at, sizeof k.u64);
    return k;
}

uint32_t map_put(struct map *m, struct text key, bool *new_out) {
    struct key k = key_of(m, key);
    switch (kind_of(m)) {
    case KEY_U64: return put(m, KEY_U64, &k, new_out);
    case KEY_FIXED: return put(m, KEY_FIXED, &k, new_out);
    case KEY_TEXT: return put(m, KEY_TEXT, &k, new_out);
    }
    return MAP_NONE;
}

uint32_t map_put_u64(struct map *m, uint64_t key, bool *new_out) {
    assert(m->key_bytes == 8);
    return put(m, KEY_U64, &(struct key){.u64 = key}, new_out);
}

uint32_t map_find(const struct map *m, struct text key) {
    struct key k = key_of(m, key);
    enum key_kind kind = kind_of(m);
    return probe(m, kind, key_hash(kind, &k), &k);
}

uint32_t map_find_u64(const struct map *m, uint64_t key) {
    assert(m->key_bytes == 8);
    return probe(m, KEY_U64, hash_u64(key), &(struct key){.u64 = key});
}

static ALWAYS_INLINE struct key key_at(const struct map *m, enum key_kind kind,
                                       const struct map_keys *keys, uint32_t i) {
    uint32_t at = keys->row ? keys->row[i] : i;
    if (kind == KEY_U64 && keys->u64) return (struct key){.u64 = keys->u64[at]};
    if (kind == KEY_TEXT) return (struct key){.text = keys->text[at]};
    struct key k = {.text = {keys->packed + (size_t)at * m->key_bytes, m->key_bytes}};
    if (kind == KEY_U64) memcpy(&k.u64, k.text.at, sizeof k.u64);
    return k;
}

/* Fetches the slots that the hashes name, then the entries, then the keys' bytes. */
static ALWAYS_INLINE void group_fetch(const struct map *m, enum key_kind kind, const uint64_t *hash,
                                      uint32_t n) {
    if (m->count < FETCH_MIN) return;
    uint32_t shift = 64 - m->slot_bits;
    for (uint32_t i = 0; i < n; i++) __builtin_prefetch(&m->slot[hash[i] >> shift]);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t slot = m->slot[hash[i] >> shift];
        if (slot) __builtin_prefetch(map_entry(m, (uint32_t)slot - 1));
    }
    for (uint32_t i = 0; kind == KEY_TEXT && i < n; i++) {
        uint64_t slot = m->slot[hash[i] >> shift];
        if (slot) __builtin_prefetch(entry_text(map_entry(m, (uint32_t)slot - 1)).at);
    }
}

static ALWAYS_INLINE bool put_many(struct map *m, enum key_kind kind, const struct map_keys *keys,
                                   uint32_t *id_out, uint64_t *new_out) {
    for (uint32_t start = 0; start < keys->count; start += GROUP) {
        uint32_t n = keys->count - start < GROUP ? keys->count - start : GROUP;
        struct key key[GROUP];
        uint64_t hash[GROUP];
        for (uint32_t i = 0; i < n; i++) {
            key[i] = key_at(m, kind, keys, start + i);
            hash[i] = key_hash(kind, &key[i]);
        }
        group_fetch(m, kind, hash, n);
        for (uint32_t i = 0; i < n; i++) {
            uint32_t id = probe(m, kind, hash[i], &key[i]);
            if (id == MAP_NONE) {
                id = entry_add(m, kind, hash[i], &key[i]);
                if (id == MAP_NONE) return false;
                if (new_out) bit_set(new_out, start + i);
            }
            id_out[start + i] = id;
        }
    }
    return true;
}

static void keys_check(const struct map *m, const struct map_keys *keys) {
    assert(!keys->text + !keys->u64 + !keys->packed == 2 || keys->count == 0);
    assert(!keys->text || m->key_bytes == 0);
    assert(!keys->u64 || m->key_bytes == 8);
    assert(!keys->packed || m->key_bytes > 0);
    (void)m;
    (void)keys;
}

bool map_put_many(struct map *m, const struct map_keys *keys, uint32_t *id_out, uint64_t *new_out) {
    keys_check(m, keys);
    if (new_out) memset(new_out, 0, bit_words(keys->count) * sizeof *new_out);
    switch (kind_of(m)) {
    case KEY_U64: return put_many(m, KEY_U64, keys, id_out, new_out);
    case KEY_FIXED: return put_many(m, KEY_FIXED, keys, id_out, new_out);
    case KEY_TEXT: return put_many(m, KEY_TEXT, keys, id_out, new_out);
    }
    return false;
}

static ALWAYS_INLINE void find_many(const struct map *m, enum key_kind kind,
                                    const struct map_keys *keys, uint32_t *id_out) {
    for (uint32_t start = 0; start < keys->count; start += GROUP) {
        uint32_t n = keys->count - start < GROUP ? keys->count - start : GROUP;
        struct key key[GROUP];
        uint64_t hash[GROUP];
        for (uint32_t i = 0; i < n; i++) {
            key[i] = key_at(m, kind, keys, start + i);
            hash[i] = key_hash(kind, &key[i]);
        }
        group_fetch(m, kind, hash, n);
        for (uint32_t i = 0; i < n; i++) id_out[start + i] = probe(m, kind, hash[i], &key[i]);
    }
}

void map_find_many(const struct map *m, const struct map_keys *keys, uint32_t *id_out) {
    keys_check(m, keys);
    switch (kind_of(m)) {
    case KEY_U64: find_many(m, KEY_U64, keys, id_out); return;
    case KEY_FIXED: find_many(m, KEY_FIXED, keys, id_out); return;
    case KEY_TEXT: find_many(m, KEY_TEXT, keys, id_out); return;
    }
}

/* Empties slot i and moves later ones of its run up, so that none is cut off from its home. */
static void slot_remove(struct map *m, uint64_t i) {
    uint64_t mask = slot_mask(m);
    for (uint64_t j = (i + 1) & mask; m->slot[j]; j = (j + 1) & mask) {
        uint64_t home = slot_home(m, m->slot[j]);
        if (((j - home) & mask) < ((j - i) & mask)) continue; /* its home lies behind the gap */
        m->slot[i] = m->slot[j];
        i = j;
    }
    m->slot[i] = 0;
}

static void links_remove(struct map *m, uint32_t id) {
    struct links l = *links_of(m, id);
    if (l.previous == MAP_NONE)
        m->first = l.next;
    else
        links_of(m, l.previous)->next = l.next;
    if (l.next == MAP_NONE)
        m->last = l.previous;
    else
        links_of(m, l.next)->previous = l.previous;
}

void map_remove_id(struct map *m, uint32_t id) {
    assert(id < m->used && m->count > 0);
    struct key k = key_of(m, map_key(m, id));
    uint64_t i = key_hash(kind_of(m), &k) >> (64 - m->slot_bits);
    while ((uint32_t)m->slot[i] != id + 1) {
        assert(m->slot[i]);
        i = (i + 1) & slot_mask(m);
    }
    slot_remove(m, i);
    links_remove(m, id);
    if (m->key_bytes == 0) key_release(m, (char *)k.text.at, k.text.bytes);
    links_of(m, id)->next = m->first_free;
    m->first_free = id;
    m->count--;
}

bool map_remove(struct map *m, struct text key) {
    uint32_t id = map_find(m, key);
    if (id != MAP_NONE) map_remove_id(m, id);
    return id != MAP_NONE;
}

bool map_remove_u64(struct map *m, uint64_t key) {
    uint32_t id = map_find_u64(m, key);
    if (id != MAP_NONE) map_remove_id(m, id);
    return id != MAP_NONE;
}

uint32_t map_next(const struct map *m, uint32_t id) {
    assert(id < m->used);
    return links_of(m, id)->next;
}

struct text map_key(const struct map *m, uint32_t id) {
    assert(id < m->used);
    const char *entry = map_entry(m, id);
    if (m->key_bytes == 0) return entry_text(entry);
    return (struct text){.at = entry + KEY_OFFSET, .bytes = m->key_bytes};
}

uint64_t map_key_u64(const struct map *m, uint32_t id) {
    assert(m->key_bytes == 8);
    uint64_t key;
    memcpy(&key, map_key(m, id).at, sizeof key);
    return key;
}
