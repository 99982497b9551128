/* state.c: tables of keyed state: open addressing over entries in one array.
 *
 * A slot holds the upper half of its key's hash and an id; the place of a slot is that half masked,
 * so the slots grow and shrink without touching an entry. Entries stand in the order of ids, value
 * first, key behind it: a probe that hits touches the slot and the line of the value, which is
 * wanted anyway. Batches go through in blocks: hashes first, then (when the table is larger than
 * the caches) slots and entries are fetched ahead, then keys are compared. Deletion shifts the run
 * behind the hole back (Knuth 6.4 R), so there are no tombstones. NULL has no slot: its id is kept
 * in the table.
 */
#include "storage/state.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/hash.h"
#include "storage/state_private.h"

enum {
    PAIR_BYTES = 16, /* keys of two words */
    BLOCK = 64,      /* keys whose hashes are in flight at once */
    SLOTS_MIN = 16,
    ENTRIES_MIN = 8,
    SLOTS_CACHED = 1 << 14, /* tables of more slots are fetched ahead */
    IDS_MAX = 1 << 30,
    ARENA_REWRITE_BYTES = 1 << 20,
};

struct state *state_create(size_t limit_bytes, struct err *e) {
    struct state *s = calloc(1, sizeof *s);
    if (!s) {
        err_memory(e);
        return NULL;
    }
    s->limit_bytes = limit_bytes;
    return s;
}

void state_destroy(struct state *s) {
    if (!s) return;
    while (s->first) state_table_destroy(s->first);
    free(s);
}

void state_set_journal(struct state *s, const struct state_journal *j, uint32_t space) {
    assert(!s->first);
    s->journal = j;
    s->space = space;
}

static void table_count(struct state_table *t) {
    size_t bits = t->capacity / 8 * (t->dirty ? 2 : 1);
    size_t bytes = sizeof *t + (size_t)t->capacity * t->entry_bytes + bits +
                   (size_t)t->slots * sizeof *t->slot + t->arena.held_bytes;
    t->owner->held_bytes += bytes - t->counted_bytes;
    t->counted_bytes = bytes;
}

size_t state_bytes(const struct state *s) {
    return s->held_bytes;
}

void state_count(struct state *s, int64_t bytes) {
    assert(bytes >= 0 || s->held_bytes >= (size_t)-bytes);
    s->held_bytes += (size_t)bytes;
}

bool state_check(struct state *s, struct err *e) {
    if (s->limit_bytes == 0) return true;
    for (struct state_table *t = s->first; t; t = t->next) table_count(t);
    if (s->held_bytes <= s->limit_bytes) return true;
    err_set(e, ERR_LIMIT, "54000", "the query's state has grown past %zu bytes", s->limit_bytes);
    return err_hint(e, "Raise 'state-limit-bytes', or use a window or 'state-ttl' to bound it.");
}

struct state_table *state_table_create(struct state *s, const struct state_options *o,
                                       struct err *e) {
    assert(o->key_bytes % 8 == 0);
    assert(o->ttl_us == 0 || (o->ttl_us > 0 && o->value_bytes >= sizeof(uint32_t)));
    struct state_table *t = calloc(1, sizeof *t);
    if (!t) {
        err_memory(e);
        return NULL;
    }
    uint32_t key_bytes = o->key_bytes ? o->key_bytes : (uint32_t)sizeof(struct text);
    *t = (struct state_table){
        .owner = s,
        .key_bytes = o->key_bytes,
        .key_offset = (o->value_bytes + 7) / 8 * 8,
        .value_bytes = o->value_bytes,
        .codec = o->codec,
        .ages = {.ttl_us = o->ttl_us, .watch = o->watch},
        .free_id = STATE_NONE,
        .null_id = STATE_NONE,
        .arena_limit_bytes = ARENA_REWRITE_BYTES,
    };
    uint32_t align = o->value_bytes <= 8 ? 8 : 16;
    t->ages.stamp_offset = t->key_offset + key_bytes;
    uint32_t end = t->ages.stamp_offset + (t->ages.ttl_us > 0 ? (uint32_t)sizeof(int64_t) : 0);
    t->entry_bytes = (end + align - 1) / align * align;
    arena_init(&t->arena, 0);

    t->next = s->first;
    t->link = &s->first;
    if (t->next) t->next->link = &t->next;
    s->first = t;
    table_count(t);
    return t;
}

void state_table_destroy(struct state_table *t) {
    if (!t) return;
    t->owner->held_bytes -= t->counted_bytes;
    *t->link = t->next;
    if (t->next) t->next->link = t->link;
    arena_done(&t->arena);
    free(t->entry);
    free(t->live);
    free(t->dirty);
    free(t->slot);
    free(t);
}

void state_table_reset(struct state_table *t) {
    if (t->slot) memset(t->slot, 0, t->slots * sizeof *t->slot);
    t->used = t->count = 0;
    t->ages.next_id = 0;
    t->ages.rests_until_us = 0;
    t->free_id = t->null_id = STATE_NONE;
    t->reused = false;
    t->saved.whole = true;
    arena_reset(&t->arena);
    table_count(t);
}

/* Slots for twice as many keys, in place: what stands at i goes to i, or to as far into the new
 * half. From the start of a run on: nothing can then go past what still has to move. */
static bool slots_grow(struct state_table *t) {
    uint32_t had = t->slots, slots = had ? had * 2 : SLOTS_MIN;
    uint64_t *slot = realloc(t->slot, slots * sizeof *slot);
    if (!slot) return false;
    memset(slot + had, 0, (slots - had) * sizeof *slot);
    t->slot = slot;
    t->slots = slots;
    uint32_t from = 0;
    while (slot[from] != 0) from++;
    for (uint32_t i = 0; i < had; i++) {
        uint32_t old = (from + i) & (had - 1);
        uint64_t moved = slot[old];
        if (moved == 0) continue;
        slot[old] = 0;
        uint32_t at = (uint32_t)(moved >> 32) & (slots - 1);
        while (slot[at] != 0) at = (at + 1) & (slots - 1);
        slot[at] = moved;
    }
    return true;
}

bool state_table_reserve(struct state_table *t, uint32_t capacity) {
    if (capacity <= t->capacity) return true;
    if (capacity > IDS_MAX) return false;
    if (capacity < ENTRIES_MIN) capacity = ENTRIES_MIN;
    if (capacity < t->capacity * 2 && t->capacity <= IDS_MAX / 2) capacity = t->capacity * 2;

    uint32_t words = (capacity + 63) / 64, had = (t->capacity + 63) / 64;
    uint64_t *live = realloc(t->live, words * sizeof *live);
    if (!live) return false;
    memset(live + had, 0, (words - had) * sizeof *live);
    t->live = live;
    if (t->dirty) {
        uint64_t *dirty = realloc(t->dirty, words * sizeof *dirty);
        if (!dirty) return false;
        memset(dirty + had, 0, (words - had) * sizeof *dirty);
        t->dirty = dirty;
    }
    char *entry = realloc(t->entry, (size_t)capacity * t->entry_bytes);
    if (!entry) return false;
    t->entry = entry;
    t->capacity = capacity;
    table_count(t);
    return true;
}

/* Makes `id` a live entry with a zero value and key. */
void state_entry_open(struct state_table *t, uint32_t id) {
    memset(t->entry + (size_t)id * t->entry_bytes, 0, t->entry_bytes);
    t->live[id / 64] |= UINT64_C(1) << (id % 64);
    t->count++;
}

/* A free id, its entry live and zero; STATE_NONE: no memory. */
static uint32_t entry_take(struct state_table *t) {
    uint32_t id = t->free_id;
    if (id != STATE_NONE) {
        memcpy(&t->free_id, t->entry + (size_t)id * t->entry_bytes, sizeof t->free_id);
        t->reused = true;
    } else {
        if (!state_table_reserve(t, t->used + 1)) return STATE_NONE;
        id = t->used++;
    }
    state_entry_open(t, id);
    return id;
}

void state_entry_free(struct state_table *t, uint32_t id) {
    state_touch(t, id);
    t->live[id / 64] &= ~(UINT64_C(1) << (id % 64));
    memcpy(t->entry + (size_t)id * t->entry_bytes, &t->free_id, sizeof t->free_id);
    t->free_id = id;
    t->count--;
}

/* One key in the form that its table compares. No union: gcc 12 loses the bytes of one member that
 * are padding in another. */
struct key {
    int64_t i64;
    uint64_t first, second; /* a packed key of 16 bytes */
    const char *packed;
    struct text text;
};

enum key_kind { KEY_I64, KEY_PAIR, KEY_PACKED, KEY_TEXT };

static inline struct key key_of_pair(const char *at) {
    struct key k = {.packed = at};
    memcpy(&k.first, at, sizeof k.first);
    memcpy(&k.second, at + sizeof k.first, sizeof k.second);
    return k;
}

static enum key_kind table_kind(const struct state_table *t) {
    if (t->key_bytes == 0) return KEY_TEXT;
    if (t->key_bytes == PAIR_BYTES) return KEY_PAIR;
    return t->key_bytes == 8 ? KEY_I64 : KEY_PACKED;
}

static inline uint32_t key_tag(const struct state_table *t, enum key_kind kind, struct key k) {
    if (kind == KEY_I64) return (uint32_t)(hash_u64((uint64_t)k.i64) >> 32);
    if (kind == KEY_PAIR) return (uint32_t)(hash_mix(hash_u64(k.first), k.second) >> 32);
    if (kind == KEY_PACKED) return (uint32_t)(hash_bytes(k.packed, t->key_bytes) >> 32);
    return (uint32_t)(hash_bytes(k.text.at, k.text.bytes) >> 32);
}

/* What a look-up reads of a table: kept in registers while nothing is added. */
struct probe {
    const uint64_t *slot;
    const char *key; /* of entry 0 */
    size_t stride;
    uint32_t mask;
    uint32_t key_bytes;
};

static inline struct probe probe_of(const struct state_table *t) {
    return (struct probe){.slot = t->slot,
                          .key = t->entry ? t->entry + t->key_offset : NULL,
                          .stride = t->entry_bytes,
                          .mask = t->slots - 1,
                          .key_bytes = t->key_bytes};
}

static inline __attribute__((always_inline)) bool
key_equal(const struct probe *p, enum key_kind kind, struct key k, uint32_t id) {
    const char *at = p->key + id * p->stride;
    if (kind == KEY_I64) {
        int64_t have;
        memcpy(&have, at, sizeof have);
        return have == k.i64;
    }
    if (kind == KEY_PAIR) {
        uint64_t first, second;
        memcpy(&first, at, sizeof first);
        memcpy(&second, at + sizeof first, sizeof second);
        return first == k.first && second == k.second;
    }
    if (kind == KEY_PACKED) return memcmp(at, k.packed, p->key_bytes) == 0;
    struct text have;
    memcpy(&have, at, sizeof have);
    return text_equal(have, k.text);
}

static bool key_store(struct state_table *t, enum key_kind kind, struct key k, uint32_t id) {
    char *at = t->entry + (size_t)id * t->entry_bytes + t->key_offset;
    if (kind == KEY_I64) {
        memcpy(at, &k.i64, sizeof k.i64);
    } else if (kind == KEY_PAIR) {
        memcpy(at, &k.first, sizeof k.first);
        memcpy(at + sizeof k.first, &k.second, sizeof k.second);
    } else if (kind == KEY_PACKED) {
        memcpy(at, k.packed, t->key_bytes);
    } else {
        struct text copy = {.at = arena_copy(&t->arena, k.text.at, k.text.bytes),
                            .bytes = k.text.bytes};
        if (!copy.at) return false;
        memcpy(at, &copy, sizeof copy);
    }
    return true;
}

static inline __attribute__((always_inline)) uint32_t
probe_find(const struct probe *p, enum key_kind kind, struct key k, uint32_t tag) {
    for (uint32_t at = tag & p->mask;; at = (at + 1) & p->mask) {
        uint64_t s = p->slot[at];
        if (s == 0) return STATE_NONE;
        uint32_t id = (uint32_t)s - 1;
        if ((uint32_t)(s >> 32) == tag && key_equal(p, kind, k, id)) return id;
    }
}

static inline uint32_t key_find(const struct state_table *t, enum key_kind kind, struct key k,
                                uint32_t tag) {
    if (t->slots == 0) return STATE_NONE;
    struct probe p = probe_of(t);
    return probe_find(&p, kind, k, tag);
}

void state_slot_put(struct state_table *t, uint32_t tag, uint32_t id) {
    uint32_t mask = t->slots - 1, at = tag & mask;
    while (t->slot[at] != 0) at = (at + 1) & mask;
    t->slot[at] = (uint64_t)tag << 32 | (id + 1);
}

bool state_slots_reserve(struct state_table *t, uint32_t count) {
    while (t->slots / 2 < count) {
        if (!slots_grow(t)) return false;
    }
    return true;
}

/* The key is not in the table: adds it. */
static uint32_t key_add(struct state_table *t, enum key_kind kind, struct key k, uint32_t tag) {
    if (!state_slots_reserve(t, t->count + 1)) return STATE_NONE;
    uint32_t id = entry_take(t);
    if (id == STATE_NONE) return STATE_NONE;
    if (!key_store(t, kind, k, id)) {
        state_entry_free(t, id);
        return STATE_NONE;
    }
    state_slot_put(t, tag, id);
    return id;
}

static uint32_t null_id(struct state_table *t) {
    if (t->null_id == STATE_NONE) t->null_id = entry_take(t);
    return t->null_id;
}

static inline __attribute__((always_inline)) struct key
key_at(const struct state_table *t, enum key_kind kind, const struct state_keys *k, uint32_t i) {
    if (kind == KEY_I64) return (struct key){.i64 = k->i64[k->row ? k->row[i] : i]};
    if (kind == KEY_PAIR) return key_of_pair(k->packed + (size_t)i * PAIR_BYTES);
    if (kind == KEY_PACKED) return (struct key){.packed = k->packed + (size_t)i * t->key_bytes};
    return (struct key){.text = k->text[i]};
}

static inline bool key_is_null(const struct state_keys *k, uint32_t i) {
    if (!k->valid) return false;
    uint32_t row = k->row ? k->row[i] : i;
    return !(k->valid[row / 64] >> (row % 64) & 1);
}

/* Hashes of keys [from, from + n); slots and entries are asked for where caches will not do. */
static inline __attribute__((always_inline)) void block_hash(const struct state_table *t,
                                                             enum key_kind kind,
                                                             const struct state_keys *k,
                                                             uint32_t from, uint32_t *tag) {
    uint32_t n = k->count - from < BLOCK ? k->count - from : BLOCK;
    for (uint32_t i = 0; i < n; i++) tag[i] = key_tag(t, kind, key_at(t, kind, k, from + i));
    if (t->slots <= SLOTS_CACHED) return;
    for (uint32_t i = 0; i < n; i++) __builtin_prefetch(&t->slot[tag[i] & (t->slots - 1)]);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t id = (uint32_t)t->slot[tag[i] & (t->slots - 1)];
        if (id) __builtin_prefetch(t->entry + (size_t)(id - 1) * t->entry_bytes);
    }
}

static inline __attribute__((always_inline)) bool
upsert(struct state_table *t, enum key_kind kind, const struct state_keys *k, uint32_t *id_out) {
    if (k->count == 0) return true;
    if (!state_slots_reserve(t, t->count + 1)) return false;
    struct probe p = probe_of(t);
    const struct state_keys keys = *k;
    uint32_t tag[BLOCK];
    for (uint32_t i = 0; i < keys.count; i++) {
        if (i % BLOCK == 0) block_hash(t, kind, &keys, i, tag);
        bool null = unlikely(key_is_null(&keys, i));
        struct key key = key_at(t, kind, &keys, i);
        uint32_t id = null ? t->null_id : probe_find(&p, kind, key, tag[i % BLOCK]);
        if (unlikely(id == STATE_NONE)) {
            id = null ? null_id(t) : key_add(t, kind, key, tag[i % BLOCK]);
            p = probe_of(t);
            if (id == STATE_NONE) return false;
        }
        id_out[i] = id;
    }
    return true;
}

static void mark_dirty(struct state_table *t, const uint32_t *id, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) t->dirty[id[i] / 64] |= UINT64_C(1) << (id[i] % 64);
}

bool state_upsert_keys(struct state_table *t, const struct state_keys *k, uint32_t *id_out,
                       struct err *e) {
    if (t->arena.held_bytes > t->arena_limit_bytes && !state_table_rewrite(t, e)) return false;
    bool done = false;
    switch (table_kind(t)) {
    case KEY_I64:
        assert(k->i64 || k->count == 0);
        done = upsert(t, KEY_I64, k, id_out);
        break;
    case KEY_PAIR:
        assert(k->packed || k->count == 0);
        done = upsert(t, KEY_PAIR, k, id_out);
        break;
    case KEY_PACKED:
        assert(k->packed || k->count == 0);
        done = upsert(t, KEY_PACKED, k, id_out);
        break;
    case KEY_TEXT:
        assert(k->text || k->count == 0);
        done = upsert(t, KEY_TEXT, k, id_out);
        break;
    }
    table_count(t);
    if (t->dirty && done) mark_dirty(t, id_out, k->count);
    return done || err_memory(e);
}

void state_find(const struct state_table *t, const struct state_keys *k, uint32_t *id_out) {
    enum key_kind kind = table_kind(t);
    for (uint32_t i = 0; i < k->count; i++) {
        if (key_is_null(k, i)) {
            id_out[i] = t->null_id;
        } else {
            struct key key = key_at(t, kind, k, i);
            id_out[i] = key_find(t, kind, key, key_tag(t, kind, key));
        }
    }
}

static struct key key_of_text(const struct state_table *t, struct text key) {
    struct key k = {.packed = key.at};
    if (t->key_bytes == 0) return (struct key){.text = key};
    assert(key.bytes == t->key_bytes);
    if (t->key_bytes == PAIR_BYTES) return key_of_pair(key.at);
    if (t->key_bytes == 8) memcpy(&k.i64, key.at, sizeof k.i64);
    return k;
}

bool state_upsert_key(struct state_table *t, struct text key, uint32_t *id_out, struct err *e) {
    assert(t->ages.ttl_us == 0);
    if (t->arena.held_bytes > t->arena_limit_bytes && !state_table_rewrite(t, e)) return false;
    enum key_kind kind = table_kind(t);
    struct key k = key_of_text(t, key);
    uint32_t tag = key_tag(t, kind, k);
    uint32_t id = key_find(t, kind, k, tag);
    if (id == STATE_NONE) id = key_add(t, kind, k, tag);
    if (id == STATE_NONE) return err_memory(e);
    state_touch(t, id);
    *id_out = id;
    return true;
}

uint32_t state_find_key(const struct state_table *t, struct text key) {
    enum key_kind kind = table_kind(t);
    struct key k = key_of_text(t, key);
    return key_find(t, kind, k, key_tag(t, kind, k));
}

bool state_upsert_from(struct state_table *t, const struct state_table *from, uint32_t id,
                       uint32_t *id_out, struct err *e) {
    assert(t->key_bytes == from->key_bytes);
    if (!state_key_is_null(from, id)) return state_upsert_key(t, state_key(from, id), id_out, e);
    if (null_id(t) == STATE_NONE) return err_memory(e);
    state_touch(t, t->null_id);
    *id_out = t->null_id;
    return true;
}

uint32_t state_find_from(const struct state_table *t, const struct state_table *from, uint32_t id) {
    assert(t->key_bytes == from->key_bytes);
    if (state_key_is_null(from, id)) return t->null_id;
    return state_find_key(t, state_key(from, id));
}

struct text state_key(const struct state_table *t, uint32_t id) {
    assert(state_is_live(t, id));
    const char *at = t->entry + (size_t)id * t->entry_bytes + t->key_offset;
    if (t->key_bytes) return (struct text){.at = at, .bytes = t->key_bytes};
    struct text key;
    memcpy(&key, at, sizeof key);
    return key;
}

uint32_t state_key_tag(const struct state_table *t, uint32_t id) {
    return key_tag(t, table_kind(t), key_of_text(t, state_key(t, id)));
}
