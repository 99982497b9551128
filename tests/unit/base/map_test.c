/* map_test.c: a map is what a naive list of pairs is, in the same order, whatever is done to it. */
#include "engine/base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/batch.h"
#include "tests/unit/base/random.h"

enum { KEYS = 600, KEY_MAX = 40, BATCH = 100 };

/* The model: entries in order of insertion, looked for one by one. */
struct model {
    struct {
        uint32_t key; /* index of the key */
        uint64_t value;
        uint32_t id;
    } entry[KEYS];
    uint32_t count;
};

static uint32_t model_find(const struct model *m, uint32_t key) {
    for (uint32_t i = 0; i < m->count; i++) {
        if (m->entry[i].key == key) return i;
    }
    return MAP_NONE;
}

static void model_remove(struct model *m, uint32_t at) {
    m->count--;
    memmove(&m->entry[at], &m->entry[at + 1], (m->count - at) * sizeof m->entry[0]);
}

/* Key number i: of key_bytes bytes, or of any length, the first of them empty. */
static struct text key_text(uint32_t i, uint32_t key_bytes, char *at) {
    uint32_t bytes = key_bytes ? key_bytes : i % (KEY_MAX - 4);
    if (key_bytes == 0 && i > 0 && bytes < 4) bytes = KEY_MAX - 1 - i % 7;
    memset(at, 'k', KEY_MAX);
    if (bytes > 0) memcpy(at, &i, sizeof i);
    return (struct text){at, bytes};
}

static void check_same(const struct map *m, const struct model *model, uint32_t key_bytes) {
    char at[KEY_MAX];
    assert_int_equal(map_count(m), model->count);
    uint32_t i = 0;
    for (uint32_t id = map_first(m); id != MAP_NONE; id = map_next(m, id), i++) {
        assert_true(i < model->count);
        assert_int_equal(id, model->entry[i].id);
        assert_true(text_equal(map_key(m, id), key_text(model->entry[i].key, key_bytes, at)));
        assert_memory_equal(map_value(m, id), &model->entry[i].value, 8);
        assert_int_equal((uintptr_t)map_value(m, id) % 16, 0);
    }
    assert_int_equal(i, model->count);
}

static void put_one(struct map *m, struct model *model, uint32_t key, uint32_t key_bytes,
                    uint64_t value) {
    char at[KEY_MAX];
    bool is_new = false;
    uint32_t id = map_put(m, key_text(key, key_bytes, at), &is_new);
    assert_int_not_equal(id, MAP_NONE);
    uint32_t found = model_find(model, key);
    assert_int_equal(is_new, found == MAP_NONE);
    if (is_new) {
        uint64_t zero[3] = {0};
        assert_memory_equal(map_value(m, id), zero, sizeof zero);
        found = model->count++;
        model->entry[found].key = key;
        model->entry[found].id = id;
    }
    assert_int_equal(model->entry[found].id, id);
    model->entry[found].value = value;
    memset(map_value(m, id), 0xEE, 24);
    memcpy(map_value(m, id), &value, sizeof value);
}

static void remove_one(struct map *m, struct model *model, uint32_t key, uint32_t key_bytes) {
    char at[KEY_MAX];
    uint32_t found = model_find(model, key);
    assert_int_equal(map_remove(m, key_text(key, key_bytes, at)), found != MAP_NONE);
    if (found != MAP_NONE) model_remove(model, found);
    assert_int_equal(map_find(m, key_text(key, key_bytes, at)), MAP_NONE);
}

/* Grows to some size, shrinks, grows: by turns more additions and more removals. */
static void run_against_model(uint32_t key_bytes) {
    struct random r = random_start("map");
    struct map m;
    struct model model = {.count = 0};
    map_init(&m, &(struct map_options){.key_bytes = key_bytes, .value_bytes = 24});
    for (uint32_t i = 0; i < random_rounds(12000); i++) {
        uint32_t key = (uint32_t)random_below(&r, KEYS);
        bool shrink = i / 2000 % 2;
        if (random_below(&r, 4) < (shrink ? 1U : 3U))
            put_one(&m, &model, key, key_bytes, random_u64(&r));
        else
            remove_one(&m, &model, key, key_bytes);
        if (i % 500 == 0) check_same(&m, &model, key_bytes);
        if (i == 7000) {
            map_reset(&m);
            model.count = 0;
        }
    }
    check_same(&m, &model, key_bytes);
    map_done(&m);
    assert_int_equal(map_bytes(&m), 0);
}

static void text_keys_against_a_list(void **unused) {
    (void)unused;
    run_against_model(0);
}

static void u64_keys_against_a_list(void **unused) {
    (void)unused;
    run_against_model(8);
}

static void packed_keys_against_a_list(void **unused) {
    (void)unused;
    run_against_model(4);
    run_against_model(20);
}

static void many_at_once_is_one_by_one(void **unused) {
    (void)unused;
    struct random r = random_start("map many");
    struct map one, many;
    map_init(&one, &(struct map_options){.key_bytes = 8, .value_bytes = 4});
    map_init(&many, &(struct map_options){.key_bytes = 8, .value_bytes = 4});
    for (uint32_t round = 0; round < random_rounds(300); round++) {
        uint64_t key[BATCH], new_bits[2];
        uint16_t row[BATCH];
        uint32_t id[BATCH], found[BATCH];
        uint32_t n = (uint32_t)random_below(&r, BATCH + 1);
        for (uint32_t i = 0; i < BATCH; i++) key[i] = random_below(&r, 20000) << 40;
        for (uint32_t i = 0; i < n; i++) row[i] = (uint16_t)random_below(&r, BATCH);

        struct map_keys keys = {.u64 = key, .row = round % 2 ? row : NULL, .count = n};
        if (round % 3 == 0) {
            keys.packed = (const char *)key;
            keys.u64 = NULL;
        }
        assert_true(map_put_many(&many, &keys, id, new_bits));
        for (uint32_t i = 0; i < n; i++) {
            bool is_new;
            uint64_t k = key[keys.row ? row[i] : i];
            assert_int_equal(map_put_u64(&one, k, &is_new), id[i]);
            assert_int_equal(is_new, bit_get(new_bits, i));
            assert_true(map_key_u64(&many, id[i]) == k);
        }
        map_find_many(&one, &keys, found);
        assert_memory_equal(found, id, n * sizeof *id);
    }
    assert_true(map_remove_u64(&one, map_key_u64(&one, 5)));
    assert_false(map_remove_u64(&one, map_key_u64(&many, 5)));
    map_done(&one);
    map_done(&many);
}

static void text_many_at_once_is_one_by_one(void **unused) {
    (void)unused;
    struct random r = random_start("map text many");
    struct map one, many;
    map_init(&one, &(struct map_options){.value_bytes = 4});
    map_init(&many, &(struct map_options){.value_bytes = 4});
    for (uint32_t round = 0; round < random_rounds(200); round++) {
        char bytes[BATCH][KEY_MAX];
        struct text key[BATCH];
        uint32_t id[BATCH], found[BATCH];
        for (uint32_t i = 0; i < BATCH; i++)
            key[i] = key_text((uint32_t)random_below(&r, 5000), 0, bytes[i]);
        struct map_keys keys = {.text = key, .count = BATCH};
        assert_true(map_put_many(&many, &keys, id, NULL));
        for (uint32_t i = 0; i < BATCH; i++) assert_int_equal(map_put(&one, key[i], NULL), id[i]);
        map_find_many(&one, &keys, found);
        assert_memory_equal(found, id, sizeof id);
    }
    map_done(&one);
    map_done(&many);
}

static void a_dictionary_numbers_its_words(void **unused) {
    (void)unused;
    struct map m;
    map_init(&m, &(struct map_options){.value_bytes = 0});
    for (uint32_t i = 0; i < 100000; i++) {
        char word[16];
        snprintf(word, sizeof word, "word %u", i);
        assert_int_equal(map_put(&m, text_of(word), NULL), i);
    }
    assert_int_equal(map_find(&m, TEXT_LITERAL("word 77777")), 77777);
    assert_int_equal(map_find(&m, TEXT_LITERAL("word 100000")), MAP_NONE);
    map_done(&m);
}

static void values_stay_where_they_are(void **unused) {
    (void)unused;
    enum { MANY = 5000 };
    static void *at[MANY];
    struct map m;
    map_init(&m, &(struct map_options){.key_bytes = 8, .value_bytes = 40});
    for (uint64_t i = 0; i < MANY; i++) {
        uint32_t id = map_put_u64(&m, i * i, NULL);
        assert_int_equal(id, i);
        at[i] = map_value(&m, id);
    }
    for (uint32_t i = 0; i < MANY; i += 3) map_remove_id(&m, i);
    for (uint32_t i = 0; i < MANY; i++) {
        if (i % 3 == 0) continue;
        assert_int_equal(map_find_u64(&m, (uint64_t)i * i), i);
        assert_ptr_equal(map_value(&m, i), at[i]);
    }
    map_done(&m);
}

/* Whatever the limit, the map is either as it was or has the key, and stays below it. */
static void a_limit_is_kept_and_breaks_nothing(void **unused) {
    (void)unused;
    char long_key[3000];
    memset(long_key, 'x', sizeof long_key);
    for (size_t limit = 1; limit < 60000; limit = limit * 5 / 4 + 64) {
        struct map m;
        map_init(&m, &(struct map_options){.value_bytes = 16, .limit_bytes = limit});
        uint32_t kept = 0;
        for (uint32_t i = 0; i < 500; i++) {
            memcpy(long_key, &i, sizeof i);
            struct text key = {long_key, i % 10 == 0 ? 3000 : 30};
            uint32_t id = map_put(&m, key, NULL);
            assert_int_equal(map_find(&m, key), id);
            kept += id != MAP_NONE;
            assert_int_equal(map_count(&m), kept);
            assert_true(map_bytes(&m) <= limit);
        }
        uint32_t walked = 0;
        for (uint32_t id = map_first(&m); id != MAP_NONE; id = map_next(&m, id)) walked++;
        assert_int_equal(walked, kept);
        while (map_first(&m) != MAP_NONE) map_remove_id(&m, map_first(&m));
        assert_int_equal(map_count(&m), 0);
        map_done(&m);
    }
}

static void memory_of_removed_keys_is_used_again(void **unused) {
    (void)unused;
    struct map m;
    map_init(&m, &(struct map_options){.value_bytes = 16});
    size_t held = 0;
    for (uint32_t i = 0; i < 100000; i++) {
        char key[64];
        snprintf(key, sizeof key, "a key that is not short, number %u", i);
        assert_int_not_equal(map_put(&m, text_of(key), NULL), MAP_NONE);
        if (i >= 100) map_remove_id(&m, map_first(&m));
        if (i == 1000) held = map_bytes(&m);
    }
    assert_int_equal(map_bytes(&m), held);
    assert_int_equal(map_count(&m), 100);
    map_done(&m);
}

static void reserved_room_needs_no_more_memory(void **unused) {
    (void)unused;
    struct map m;
    map_init(&m, &(struct map_options){.key_bytes = 8, .value_bytes = 8});
    assert_true(map_reserve(&m, 10000));
    size_t held = map_bytes(&m);
    for (uint64_t i = 0; i < 10000; i++) assert_int_equal(map_put_u64(&m, i, NULL), i);
    assert_int_equal(map_bytes(&m), held);
    map_done(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_keys_against_a_list),
        cmocka_unit_test(u64_keys_against_a_list),
        cmocka_unit_test(packed_keys_against_a_list),
        cmocka_unit_test(many_at_once_is_one_by_one),
        cmocka_unit_test(text_many_at_once_is_one_by_one),
        cmocka_unit_test(a_dictionary_numbers_its_words),
        cmocka_unit_test(values_stay_where_they_are),
        cmocka_unit_test(a_limit_is_kept_and_breaks_nothing),
        cmocka_unit_test(memory_of_removed_keys_is_used_again),
        cmocka_unit_test(reserved_room_needs_no_more_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
