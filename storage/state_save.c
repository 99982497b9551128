/* state_save.c: tables of keyed state as bytes, and their arenas written anew.
 *
 * A saved table, little-endian:
 *
 *   offset  bytes  what
 *   0       4      key_bytes; bit 31: the table forgets   \ the shape, compared when loading
 *   4       4      value_bytes                            /
 *   8       4      ids ever given out
 *   12      4      live entries; bit 31: the order of ids is not that of insertion
 *   16      ...    the entries, by id:
 *                  4  id; 4 bytes of key, or 0xFFFFFFFF for NULL; 4 bytes of value; key; value,
 *                  before it 8 (counted as its) of a table that forgets: the stamp
 *
 * Ids are kept, because other tables may have them in their keys; ids that no entry has are free
 * again after loading, lowest last.
 */
#include <assert.h>
#include <string.h>

#include "storage/state_private.h"

enum { ENTRY_HEADER_BYTES = 12 };

#define KEY_IS_NULL UINT32_MAX
#define ENTRY_IS_REMOVED (UINT32_MAX - 1)
#define IDS_REUSED (UINT32_C(1) << 31)
#define FORGETS (UINT32_C(1) << 31)

static void add_u32(struct buf *out, uint32_t v) {
    buf_add(out, &v, sizeof v);
}

bool state_take(struct text *at, void *to, uint32_t bytes) {
    if (at->bytes < bytes) return false;
    if (bytes > 0) memcpy(to, at->at, bytes);
    *at = (struct text){.at = at->at + bytes, .bytes = at->bytes - bytes};
    return true;
}

static bool value_save(const struct state_table *t, uint32_t id, struct buf *out) {
    const void *value = state_value(t, id);
    if (t->codec) return t->codec->save(t->codec->context, value, out);
    buf_add(out, value, t->value_bytes);
    return true;
}

static bool value_load(struct state_table *t, uint32_t id, struct arena *a, struct text saved,
                       struct err *e) {
    if (t->codec) return t->codec->load(t->codec->context, a, state_value(t, id), saved, e);
    if (saved.bytes != t->value_bytes) {
        return err_set(e, ERR_CORRUPT, "XX001", "a value of saved state has a wrong length");
    }
    if (saved.bytes > 0) memcpy(state_value(t, id), saved.at, saved.bytes);
    return true;
}

/* Fills in a length that was left open at `at`. */
static void patch_u32(struct buf *out, size_t at, size_t v) {
    uint32_t n = (uint32_t)v;
    if (!out->failed) memcpy(out->at + at, &n, sizeof n);
}

static uint32_t shape_word(const struct state_table *t) {
    return t->key_bytes | (t->ages.ttl_us > 0 ? FORGETS : 0);
}

static uint32_t stamp_bytes(const struct state_table *t) {
    return t->ages.ttl_us > 0 ? (uint32_t)sizeof(int64_t) : 0;
}

struct state_header state_header_of(const struct state_table *t) {
    return (struct state_header){.key_bytes = shape_word(t),
                                 .value_bytes = t->value_bytes,
                                 .used = t->used,
                                 .count = t->count | (t->reused ? IDS_REUSED : 0)};
}

bool state_entry_save(const struct state_table *t, uint32_t id, struct buf *out) {
    struct text key = {0};
    bool null = state_key_is_null(t, id);
    if (!null) key = state_key(t, id);
    add_u32(out, id);
    add_u32(out, null ? KEY_IS_NULL : key.bytes);
    size_t length_at = out->bytes;
    add_u32(out, 0);
    buf_add(out, key.at, key.bytes);
    size_t value_at = out->bytes;
    buf_add(out, (char *)state_value(t, id) + t->ages.stamp_offset, stamp_bytes(t));
    if (!value_save(t, id, out)) return false;
    patch_u32(out, length_at, out->bytes - value_at);
    return !out->failed;
}

void state_entry_save_removed(uint32_t id, struct buf *out) {
    add_u32(out, id);
    add_u32(out, ENTRY_IS_REMOVED);
    add_u32(out, 0);
}

bool state_table_save(struct state_table *t, struct buf *out, struct err *e) {
    if (t->owner->journal) return state_changes_save(t, out, e);
    struct state_header h = state_header_of(t);
    buf_add(out, &h, sizeof h);
    for (uint32_t id = 0; id < t->used; id++) {
        if (state_is_live(t, id) && !state_entry_save(t, id, out)) return err_memory(e);
    }
    return !out->failed || err_memory(e);
}

bool state_corrupt(struct err *e) {
    return err_set(e, ERR_CORRUPT, "XX001", "saved state of a table is damaged");
}

static bool key_load(struct state_table *t, uint32_t id, struct text key, struct err *e) {
    char *at = (char *)state_value(t, id) + t->key_offset;
    if (t->key_bytes == 0) {
        struct text copy = {.at = arena_copy(&t->arena, key.at, key.bytes), .bytes = key.bytes};
        if (!copy.at) return err_memory(e);
        memcpy(at, &copy, sizeof copy);
    } else {
        if (key.bytes != t->key_bytes) return state_corrupt(e);
        memcpy(at, key.at, key.bytes);
    }
    state_slot_put(t, state_key_tag(t, id), id);
    return true;
}

/* An entry's head, and the bytes behind it. */
static bool entry_take_head(struct text *at, uint32_t head[3], struct text *key,
                            struct text *value) {
    if (!state_take(at, head, ENTRY_HEADER_BYTES)) return false;
    bool bare = head[1] == KEY_IS_NULL || head[1] == ENTRY_IS_REMOVED;
    uint32_t key_bytes = bare ? 0 : head[1];
    if (at->bytes < key_bytes || at->bytes - key_bytes < head[2]) return false;
    *key = (struct text){.at = at->at, .bytes = key_bytes};
    *value = (struct text){.at = at->at + key_bytes, .bytes = head[2]};
    uint32_t bytes = key_bytes + head[2];
    *at = (struct text){.at = at->at + bytes, .bytes = at->bytes - bytes};
    return true;
}

bool state_entry_skip(struct text *at, uint32_t *id_out, bool *removed_out) {
    uint32_t head[3];
    struct text key, value;
    if (!entry_take_head(at, head, &key, &value)) return false;
    *id_out = head[0];
    *removed_out = head[1] == ENTRY_IS_REMOVED;
    return true;
}

bool state_entry_load(struct state_table *t, struct text *at, struct err *e) {
    uint32_t head[3];
    struct text key, value;
    if (!entry_take_head(at, head, &key, &value)) return state_corrupt(e);
    uint32_t id = head[0];
    if (id >= t->used || state_is_live(t, id)) return state_corrupt(e);

    state_entry_open(t, id);
    if (head[1] == KEY_IS_NULL) {
        if (t->null_id != STATE_NONE || t->key_bytes != 8) return state_corrupt(e);
        t->null_id = id;
    } else if (!key_load(t, id, key, e)) {
        return false;
    }
    int64_t stamp = 0;
    if (!state_take(&value, &stamp, stamp_bytes(t)) || stamp < 0) return state_corrupt(e);
    memcpy((char *)state_value(t, id) + t->ages.stamp_offset, &stamp, stamp_bytes(t));
    return value_load(t, id, &t->arena, value, e);
}

void state_free_ids_link(struct state_table *t) {
    for (uint32_t id = 0; id < t->used; id++) {
        if (state_is_live(t, id)) continue;
        memcpy(state_value(t, id), &t->free_id, sizeof t->free_id);
        t->free_id = id;
    }
}

bool state_header_load(struct state_table *t, const struct state_header *h, struct err *e) {
    uint32_t count = h->count & ~IDS_REUSED;
    if (h->key_bytes != shape_word(t) || h->value_bytes != t->value_bytes || count > h->used) {
        return state_corrupt(e);
    }
    if (!state_table_reserve(t, h->used) || !state_slots_reserve(t, count)) return err_memory(e);
    t->used = h->used;
    t->reused = h->count & IDS_REUSED;
    return true;
}

bool state_table_load(struct state_table *t, struct text *at, struct err *e) {
    assert(t->used == 0);
    if (t->owner->journal) return state_changes_load(t, at, e);
    struct state_header h;
    if (!state_take(at, &h, sizeof h)) return state_corrupt(e);
    uint32_t count = h.count & ~IDS_REUSED;
    if (count > at->bytes / ENTRY_HEADER_BYTES) return state_corrupt(e);
    if (!state_header_load(t, &h, e)) return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!state_entry_load(t, at, e)) return false;
    }
    state_free_ids_link(t);
    return true;
}

static bool entry_rewrite(struct state_table *t, uint32_t id, struct arena *a, struct buf *scratch,
                          struct err *e) {
    if (t->key_bytes == 0) {
        struct text key = state_key(t, id);
        key.at = arena_copy(a, key.at, key.bytes);
        if (!key.at) return err_memory(e);
        memcpy((char *)state_value(t, id) + t->key_offset, &key, sizeof key);
    }
    if (!t->codec) return true;
    buf_reset(scratch);
    if (!value_save(t, id, scratch) || scratch->failed) return err_memory(e);
    memset(state_value(t, id), 0, t->value_bytes);
    return value_load(t, id, a, buf_text(scratch), e);
}

bool state_table_rewrite(struct state_table *t, struct err *e) {
    struct arena fresh;
    struct buf scratch;
    arena_init(&fresh, 0);
    buf_init(&scratch);
    bool done = true;
    for (uint32_t id = 0; done && id < t->used; id++) {
        if (state_is_live(t, id)) done = entry_rewrite(t, id, &fresh, &scratch, e);
    }
    buf_done(&scratch);
    if (!done) { /* half of it was moved: of no use any more, and the query stops */
        arena_done(&fresh);
        state_table_reset(t);
        return false;
    }
    arena_done(&t->arena);
    t->arena = fresh;
    size_t twice = fresh.held_bytes * 2;
    if (twice > t->arena_limit_bytes) t->arena_limit_bytes = twice;
    return true;
}
