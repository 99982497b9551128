/* answers.c: see answers.h.
 *
 * The hash folds 64 x 64 -> 128 bit products (hash.h) over 16 bytes a step into two running words
 * that start and are mixed differently, so that a collision has to be one of both.
 */
#include "engine/answers.h"

#include <string.h>

#include "engine/base/hash.h"

static uint64_t word_at(const char *at, size_t bytes) {
    uint64_t w = 0;
    memcpy(&w, at, bytes < sizeof w ? bytes : sizeof w);
    return w;
}

void answer_hash(const void *at, size_t bytes, struct answer_key *out) {
    const char *from = at;
    uint64_t low = HASH_K0 ^ bytes, high = HASH_K2 + bytes;
    for (size_t left = bytes; left > 0;) {
        uint64_t x = word_at(from, left), y = left > 8 ? word_at(from + 8, left - 8) : 0;
        low = hash_mum(low ^ x ^ HASH_K1, y ^ HASH_K2) + x;
        high = hash_mum(high ^ y ^ HASH_K0, (x + high) ^ HASH_K1) + (y << 1 | y >> 63);
        from += left < 16 ? left : 16;
        left -= left < 16 ? left : 16;
    }
    out->low = hash_mix(low, high);
    out->high = hash_mix(high ^ HASH_K2, low + HASH_K1);
}

static void half_init(struct answers *a, uint32_t i) {
    const struct map_options o = {.key_bytes = sizeof(struct answer_key),
                                  .value_bytes = sizeof(struct text)};
    map_init(&a->map[i], &o);
    arena_init(&a->bytes[i], 0);
}

void answers_init(struct answers *a) {
    *a = (struct answers){.young = 0};
    half_init(a, 0);
    half_init(a, 1);
}

void answers_done(struct answers *a) {
    for (uint32_t i = 0; i < 2; i++) {
        map_done(&a->map[i]);
        arena_done(&a->bytes[i]);
    }
}

void answers_limit(struct answers *a, size_t bytes_max) {
    if (a->bytes_max == bytes_max) return;
    answers_done(a);
    a->bytes_max = bytes_max;
    half_init(a, 0);
    half_init(a, 1);
}

void answers_forget(struct answers *a) {
    for (uint32_t i = 0; i < 2; i++) {
        map_reset(&a->map[i]);
        arena_reset(&a->bytes[i]);
    }
}

static struct text key_text(const struct answer_key *key) {
    return (struct text){.at = (const char *)key, .bytes = sizeof *key};
}

/* Adds to the younger half; false: no room. */
static bool young_add(struct answers *a, const struct answer_key *key, struct text answer) {
    struct arena *bytes = &a->bytes[a->young];
    struct map *map = &a->map[a->young];
    struct arena_mark mark = arena_mark(bytes);
    bool is_new;
    /* Table and bytes share their half; a limit of 0 would be none. */
    size_t half = a->bytes_max / 2;
    bytes->limit_bytes = half > map_bytes(map) ? half - map_bytes(map) : 1;
    char *copy = arena_copy(bytes, answer.at ? answer.at : "", answer.bytes);
    if (!copy) return false;
    map->limit_bytes = half > bytes->held_bytes ? half - bytes->held_bytes : 1;
    uint32_t id = map_put(map, key_text(key), &is_new);
    if (id == MAP_NONE) {
        arena_rewind(bytes, mark);
        return false;
    }
    struct text *value = map_value(map, id);
    *value = (struct text){.at = copy, .bytes = answer.bytes};
    return true;
}

/* The older half is forgotten and becomes the younger. */
static void turn(struct answers *a) {
    a->young = 1 - a->young;
    map_done(&a->map[a->young]);
    arena_done(&a->bytes[a->young]);
    half_init(a, a->young);
}

void answers_add(struct answers *a, const struct answer_key *key, struct text answer) {
    if (a->bytes_max == 0 || answer.bytes > a->bytes_max / 8 || young_add(a, key, answer)) return;
    turn(a);
    (void)!young_add(a, key, answer);
}

bool answers_find(struct answers *a, const struct answer_key *key, struct text *out) {
    uint32_t id = map_find(&a->map[a->young], key_text(key));
    if (id != MAP_NONE) {
        memcpy(out, map_value(&a->map[a->young], id), sizeof *out);
        return true;
    }
    id = map_find(&a->map[1 - a->young], key_text(key));
    if (id == MAP_NONE) return false;
    memcpy(out, map_value(&a->map[1 - a->young], id), sizeof *out);
    (void)!young_add(a, key, *out); /* no turn here: *out lies in the older half */
    return true;
}

/* Those of `key` that are in half `half` and have no answer yet. */
static bool half_find(const struct answers *a, uint32_t half, const struct map_keys *keys,
                      uint32_t *id, struct text *out) {
    bool all = true;
    if (map_count(&a->map[half]) == 0) return keys->count == 0;
    map_find_many(&a->map[half], keys, id);
    for (uint32_t i = 0; i < keys->count; i++) {
        bool found = id[i] != MAP_NONE && !out[i].at;
        if (found) memcpy(&out[i], map_value(&a->map[half], id[i]), sizeof out[i]);
        all = all && out[i].at;
    }
    return all;
}

void answers_find_many(struct answers *a, const struct answer_key *key, uint32_t count,
                       uint32_t *id, struct text *out) {
    const struct map_keys keys = {.packed = (const char *)key, .count = count};
    for (uint32_t i = 0; i < count; i++) out[i].at = NULL;
    if (half_find(a, a->young, &keys, id, out)) return;
    uint32_t old = 1 - a->young;
    if (map_count(&a->map[old]) == 0) return;
    (void)half_find(a, old, &keys, id, out);
    for (uint32_t i = 0; i < count; i++) {
        if (id[i] == MAP_NONE) continue;
        (void)!young_add(a, &key[i], out[i]); /* asked for again: it stays */
    }
}
