/* state_save.c: tables of keyed state as bytes, and their arenas written anew.
 *
 * A saved table, little-endian:
 *
 *   offset  bytes  what
 *   0       4      key_bytes     \ the shape, compared when loading
 *   4       4      value_bytes   /
 *   8       4      ids ever given out
 *   12      4      live entries; bit 31: the order of ids is not that of insertion
 *   16      ...    the entries, by id:
 *                  4  id; 4 bytes of key, or 0xFFFFFFFF for NULL; 4 bytes of value; key; value
 *
 * Ids are kept, because other tables may have them in their keys; ids that no entry has are free
 * again after loading, lowest last.
 */
#include "storage/state.h"

#include <string.h>

#include "storage/state_private.h"

enum { HEADER_BYTES = 16, ENTRY_HEADER_BYTES = 12 };

#define KEY_IS_NULL UINT32_MAX
#define IDS_REUSED (UINT32_C(1) << 31)

static void add_u32(struct buf *out, uint32_t v) {
    buf_add(out, &v, sizeof v);
}

static bool take(struct text *at, void *to, uint32_t bytes) {
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

bool state_table_save(const struct state_table *t, struct buf *out, struct err *e) {
    add_u32(out, t->key_bytes);
    add_u32(out, t->value_bytes);
    add_u32(out, t->used);
    add_u32(out, t->count | (t->reused ? IDS_REUSED : 0));
    for (uint32_t id = 0; id < t->used; id++) {
        if (!state_is_live(t, id)) continue;
        struct text key = {0};
        bool null = state_key_is_null(t, id);
        if (!null) key = state_key(t, id);
        add_u32(out, id);
        add_u32(out, null ? KEY_IS_NULL : key.bytes);
        size_t length_at = out->bytes;
        add_u32(out, 0);
        buf_add(out, key.at, key.bytes);
        size_t value_at = out->bytes;
        if (!value_save(t, id, out)) return err_memory(e);
        patch_u32(out, length_at, out->bytes - value_at);
    }
    return !out->failed || err_memory(e);
}

static bool corrupt(struct err *e) {
    return err_set(e, ERR_CORRUPT, "XX001", "saved state of a table is damaged");
}

static bool key_load(struct state_table *t, uint32_t id, struct text key, struct err *e) {
    char *at = (char *)state_value(t, id) + t->key_offset;
    if (t->key_bytes == 0) {
        struct text copy = {.at = arena_copy(&t->arena, key.at, key.bytes), .bytes = key.bytes};
        if (!copy.at) return err_memory(e);
        memcpy(at, &copy, sizeof copy);
    } else {
        if (key.bytes != t->key_bytes) return corrupt(e);
        memcpy(at, key.at, key.bytes);
    }
    state_slot_put(t, state_key_tag(t, id), id);
    return true;
}

static bool entry_load(struct state_table *t, struct text *at, struct err *e) {
    uint32_t head[3];
    if (!take(at, head, ENTRY_HEADER_BYTES)) return corrupt(e);
    uint32_t id = head[0], key_bytes = head[1] == KEY_IS_NULL ? 0 : head[1];
    if (id >= t->used || state_is_live(t, id)) return corrupt(e);
    if (at->bytes < key_bytes || at->bytes - key_bytes < head[2]) return corrupt(e);

    state_entry_open(t, id);
    if (head[1] == KEY_IS_NULL) {
        if (t->null_id != STATE_NONE || t->key_bytes != 8) return corrupt(e);
        t->null_id = id;
    } else if (!key_load(t, id, (struct text){.at = at->at, .bytes = key_bytes}, e)) {
        return false;
    }
    struct text value = {.at = at->at + key_bytes, .bytes = head[2]};
    if (!value_load(t, id, &t->arena, value, e)) return false;
    *at = (struct text){.at = value.at + value.bytes, .bytes = at->bytes - key_bytes - head[2]};
    return true;
}

static void free_ids_link(struct state_table *t) {
    for (uint32_t id = 0; id < t->used; id++) {
        if (state_is_live(t, id)) continue;
        memcpy(state_value(t, id), &t->free_id, sizeof t->free_id);
        t->free_id = id;
    }
}

bool state_table_load(struct state_table *t, struct text *at, struct err *e) {
    assert(t->used == 0);
    uint32_t head[4];
    if (!take(at, head, HEADER_BYTES)) return corrupt(e);
    uint32_t count = head[3] & ~IDS_REUSED;
    if (head[0] != t->key_bytes || head[1] != t->value_bytes || count > head[2]) return corrupt(e);
    if (count > at->bytes / ENTRY_HEADER_BYTES) return corrupt(e);

    if (!state_table_reserve(t, head[2]) || !state_slots_reserve(t, count)) return err_memory(e);
    t->used = head[2];
    t->reused = head[3] & IDS_REUSED;
    for (uint32_t i = 0; i < count; i++) {
        if (!entry_load(t, at, e)) return false;
    }
    free_ids_link(t);
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
