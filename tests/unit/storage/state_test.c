/* state_test.c: tables of keyed state against a naive list of pairs: found or added, removed, saved
 * and loaded, their arenas written anew; and their bytes damaged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "storage/state.h"
#include "tests/unit/base/random.h"
#include "tests/unit/storage/pieces.h"

enum { KEYS = 400, STEPS = 1500, BATCH = 40, ROUNDS = 6 };

/* What a value is: a number, and text beyond it that grows. */
struct value {
    int64_t number;
    struct text text;
};

static bool value_save(void *context, const void *value, struct buf *out) {
    (void)context;
    const struct value *v = value;
    buf_add(out, &v->number, sizeof v->number);
    buf_add_text(out, v->text);
    return !out->failed;
}

static bool value_load(void *context, struct arena *a, void *value, struct text saved,
                       struct err *e) {
    (void)context;
    struct value *v = value;
    if (saved.bytes < sizeof v->number) return err_set(e, ERR_CORRUPT, "XX001", "short");
    memcpy(&v->number, saved.at, sizeof v->number);
    v->text.bytes = saved.bytes - (uint32_t)sizeof v->number;
    v->text.at = arena_copy(a, saved.at + sizeof v->number, v->text.bytes);
    return v->text.at || err_memory(e);
}

static const struct state_codec codec = {.save = value_save, .load = value_load};

/* Key number n of a table with keys of that size, as bytes; n 0 of an int64 table is NULL. */
static struct text key_make(uint32_t n, uint32_t key_bytes, char at[64]) {
    memset(at, 0, 64);
    memcpy(at, &n, sizeof n);
    uint32_t bytes = key_bytes ? key_bytes : 4 + n % 50;
    if (bytes > 8) at[bytes - 1] = (char)(n % 7);
    return (struct text){.at = at, .bytes = bytes};
}

struct model {
    int64_t number[KEYS];
    bool there[KEYS];
    uint32_t id[KEYS];
    uint32_t count;
};

struct world {
    struct state *s;
    struct state_table *t;
    struct random g;
    struct model m;
    struct state_options o;
    struct pieces *pieces; /* it is saved as changes; NULL: whole */
};

static void value_touch(struct world *w, uint32_t key, uint32_t id) {
    struct value *v = state_value(w->t, id);
    if (!w->m.there[key]) {
        assert_int_equal(v->number, 0);
        assert_int_equal(v->text.bytes, 0);
        w->m.there[key] = true;
        w->m.number[key] = 0;
        w->m.id[key] = id;
        w->m.count++;
    }
    assert_int_equal(w->m.id[key], id);
    assert_int_equal(v->number, w->m.number[key]);
    w->m.number[key] += key + 1;
    v->number = w->m.number[key];
    uint32_t bytes = (uint32_t)random_below(&w->g, 3000); /* the old text is garbage now */
    char *at = arena_alloc(&w->t->arena, bytes + 1);
    assert_non_null(at);
    memset(at, (int)(key % 100), bytes);
    v->text = (struct text){.at = at, .bytes = bytes};
}

/* A batch of keys in the form that the table wants. */
static void batch_upsert(struct world *w) {
    uint32_t key[BATCH], id[BATCH], n = 1 + (uint32_t)random_below(&w->g, BATCH);
    char bytes[BATCH][64], packed[BATCH * 64];
    struct text text[BATCH];
    int64_t i64[BATCH];
    uint64_t valid = ~UINT64_C(0);
    struct state_keys k = {.count = n};
    for (uint32_t i = 0; i < n; i++) {
        key[i] = (uint32_t)random_below(&w->g, KEYS);
        text[i] = key_make(key[i], w->o.key_bytes, bytes[i]);
        memcpy(packed + i * w->o.key_bytes, text[i].at, w->o.key_bytes);
        memcpy(&i64[i], bytes[i], sizeof i64[i]);
        if (key[i] == 0) valid &= ~(UINT64_C(1) << i);
    }
    if (w->o.key_bytes == 8) {
        k.i64 = i64;
        k.valid = &valid;
    } else if (w->o.key_bytes > 0) {
        k.packed = packed;
    } else {
        k.text = text;
    }
    struct err e;
    uint32_t before[BATCH];
    state_find(w->t, &k, before);
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(before[i], w->m.there[key[i]] ? w->m.id[key[i]] : STATE_NONE);
    }
    assert_true(state_upsert(w->t, &k, id, &e));
    for (uint32_t i = 0; i < n; i++) {
        value_touch(w, key[i], id[i]);
        state_touch(w->t, id[i]);
    }
}

static void remove_some(struct world *w) {
    for (uint32_t i = 0; i < 10; i++) {
        uint32_t key = (uint32_t)random_below(&w->g, KEYS);
        if (!w->m.there[key]) continue;
        state_remove(w->t, w->m.id[key]);
        w->m.there[key] = false;
        w->m.count--;
    }
}

/* What the model says is there, byte for byte. */
static void table_check(const struct world *w) {
    assert_int_equal(w->t->count, w->m.count);
    for (uint32_t key = 0; key < KEYS; key++) {
        char at[64];
        if (!w->m.there[key]) continue;
        uint32_t id = w->m.id[key];
        assert_true(state_is_live(w->t, id));
        const struct value *v = state_value(w->t, id);
        assert_int_equal(v->number, w->m.number[key]);
        for (uint32_t i = 0; i < v->text.bytes; i++) {
            assert_int_equal(v->text.at[i], (char)(key % 100));
        }
        assert_true(state_key_is_null(w->t, id) == (w->o.key_bytes == 8 && key == 0));
        if (state_key_is_null(w->t, id)) continue;
        assert_true(text_equal(state_key(w->t, id), key_make(key, w->o.key_bytes, at)));
        assert_int_equal(state_find_key(w->t, state_key(w->t, id)), id);
    }
}

static void table_open(struct world *w) {
    struct err e;
    w->s = state_create(0, &e);
    if (w->pieces) state_set_journal(w->s, &w->pieces->journal, 3);
    w->t = state_table_create(w->s, &w->o, &e);
    assert_non_null(w->t);
}

/* Every prefix, and every byte changed: refused, or a table. */
static void damage_try(struct world *w, struct text saved) {
    char *copy = malloc(saved.bytes);
    assert_non_null(copy);
    for (uint32_t i = 0; i < 400; i++) {
        memcpy(copy, saved.at, saved.bytes);
        copy[random_below(&w->g, saved.bytes)] ^= (char)(1 << random_below(&w->g, 8));
        struct text at = {.at = copy, .bytes = saved.bytes};
        if (i % 2) at.bytes = (uint32_t)random_below(&w->g, saved.bytes);
        struct world other = {.o = w->o};
        struct err e;
        table_open(&other);
        bool done = state_table_load(other.t, &at, &e);
        assert_true(done || e.code == ERR_CORRUPT || e.code == ERR_LIMIT);
        state_destroy(other.s);
    }
    free(copy);
}

static void save_and_load(struct world *w) {
    struct buf saved;
    struct err e;
    buf_init(&saved);
    assert_true(state_table_save(w->t, &saved, &e));
    state_destroy(w->s);
    table_open(w);
    struct text at = buf_text(&saved);
    assert_true(state_table_load(w->t, &at, &e));
    assert_int_equal(at.bytes, 0);
    table_check(w);
    buf_done(&saved);
}

/* Bytes of old saves that have to be kept. */
static size_t pieces_bytes(const struct pieces *p) {
    size_t bytes = 0;
    for (uint32_t i = 0; i < p->count; i++) bytes += p->piece[i].bytes.bytes;
    return bytes;
}

/* A save that may be the last one: nothing is loaded now. */
static void save_changes(struct world *w) {
    struct buf saved;
    struct err e;
    buf_init(&saved);
    assert_true(state_table_save(w->t, &saved, &e));
    buf_done(&saved);
}

static void changes_make_the_table(void **unused) {
    (void)unused;
    struct random g = random_start("changes");
    static const uint32_t key_bytes[] = {8, 16, 24, 0};
    for (uint32_t round = 0; round < random_rounds(ROUNDS) * COUNT_OF(key_bytes); round++) {
        struct pieces pieces;
        pieces_init(&pieces, round % 3);
        struct world w = {.g = g, .pieces = &pieces};
        w.o = (struct state_options){.key_bytes = key_bytes[round % COUNT_OF(key_bytes)],
                                     .value_bytes = sizeof(struct value),
                                     .codec = &codec};
        table_open(&w);
        for (uint32_t step = 0; step < STEPS; step++) {
            batch_upsert(&w);
            if (random_below(&w.g, 4) == 0) remove_some(&w);
            if (random_below(&w.g, 10) == 0) save_changes(&w);
            if (random_below(&w.g, 100) == 0) save_and_load(&w);
            if (random_below(&w.g, 300) == 0) state_save_anew(w.s);
            if (random_below(&w.g, 300) == 0) {
                state_table_reset(w.t);
                w.m = (struct model){.count = 0};
            }
        }
        save_and_load(&w);
        /* about two rounds, and what changes while they go on: not all that was ever written */
        size_t live = KEYS * (sizeof(int64_t) + 3000);
        if (round % 3 > 0) assert_true(pieces_bytes(&pieces) < 6 * live);
        g = w.g;
        state_destroy(w.s);
        pieces_done(&pieces);
    }
}

static void tables_are_what_a_list_says(void **unused) {
    (void)unused;
    struct random g = random_start("state");
    static const uint32_t key_bytes[] = {8, 16, 24, 0};
    for (uint32_t round = 0; round < random_rounds(ROUNDS) * COUNT_OF(key_bytes); round++) {
        struct world w = {.g = g};
        w.o = (struct state_options){.key_bytes = key_bytes[round % COUNT_OF(key_bytes)],
                                     .value_bytes = sizeof(struct value),
                                     .codec = &codec};
        table_open(&w);
        for (uint32_t step = 0; step < STEPS; step++) {
            batch_upsert(&w);
            if (random_below(&w.g, 4) == 0) remove_some(&w);
            if (random_below(&w.g, 200) == 0) save_and_load(&w);
        }
        table_check(&w);
        assert_true(state_bytes(w.s) < 16 << 20); /* garbage does not gather */
        state_table_reset(w.t);
        assert_int_equal(w.t->count, 0);
        w.m = (struct model){.count = 0};
        batch_upsert(&w);
        table_check(&w);
        g = w.g;
        state_destroy(w.s);
    }
}

/* Keys with the time at which each was met last; NEVER: it is not there. */
enum { NEVER = -1, TTL_US = 500, FEW = 120 };

struct ageing {
    struct state *s;
    struct state_table *t;
    struct random g;
    struct state_options o;
    struct state_watch watch;
    int64_t met[FEW], number[FEW], now_us;
    uint32_t forgotten;
};

static void forget_count(void *context, uint32_t id) {
    struct ageing *w = context;
    assert_true(state_is_live(w->t, id));
    w->forgotten++;
}

static void ageing_open(struct ageing *w) {
    struct err e;
    w->watch = (struct state_watch){.context = w, .forget = forget_count};
    w->o.ttl_us = TTL_US;
    w->o.value_bytes = sizeof(int64_t);
    w->o.watch = &w->watch;
    w->s = state_create(0, &e);
    w->t = state_table_create(w->s, &w->o, &e);
    assert_non_null(w->t);
}

/* A key is met: its number goes on, or begins anew where it was forgotten. */
static void ageing_meet(struct ageing *w, uint32_t key, uint32_t id, int64_t at_us) {
    int64_t *number = state_value(w->t, id);
    bool gone = w->met[key] == NEVER || at_us - w->met[key] > TTL_US;
    if (gone) w->number[key] = 0;
    assert_int_equal(*number, w->number[key]);
    *number = ++w->number[key];
    w->met[key] = at_us;
}

static void ageing_step(struct ageing *w) {
    uint32_t key[BATCH], id[BATCH], n = 1 + (uint32_t)random_below(&w->g, BATCH);
    char bytes[BATCH][64], packed[BATCH * 64];
    struct text text[BATCH];
    int64_t i64[BATCH], at_us[BATCH];
    uint64_t valid = ~UINT64_C(0);
    struct state_keys k = {.count = n, .at_us = at_us, .since_us = w->now_us};
    uint32_t from = (uint32_t)random_below(&w->g, FEW); /* some keys rest for long */
    for (uint32_t i = 0; i < n; i++) {
        key[i] = (from + (uint32_t)random_below(&w->g, 20)) % FEW;
        text[i] = key_make(key[i], w->o.key_bytes, bytes[i]);
        memcpy(packed + i * w->o.key_bytes, text[i].at, w->o.key_bytes);
        memcpy(&i64[i], bytes[i], sizeof i64[i]);
        if (key[i] == 0) valid &= ~(UINT64_C(1) << i);
        w->now_us += (int64_t)random_below(&w->g, TTL_US / BATCH);
        at_us[i] = w->now_us;
    }
    if (w->o.key_bytes == 8) {
        k.i64 = i64;
        k.valid = &valid;
    } else if (w->o.key_bytes > 0) {
        k.packed = packed;
    } else {
        k.text = text;
    }
    struct err e;
    assert_true(state_upsert(w->t, &k, id, &e));
    for (uint32_t i = 0; i < n; i++) ageing_meet(w, key[i], id[i], at_us[i]);
    if (random_below(&w->g, 20) == 0) w->now_us += 3 * TTL_US;
}

static void ageing_remove(struct ageing *w) {
    char at[64];
    uint32_t key = 1 + (uint32_t)random_below(&w->g, FEW - 1);
    uint32_t id = state_find_key(w->t, key_make(key, w->o.key_bytes, at));
    if (id == STATE_NONE) {
        assert_true(w->met[key] == NEVER || w->now_us - w->met[key] > TTL_US);
        return;
    }
    assert_true(state_is_forgotten(w->t, id, w->now_us) == (w->now_us - w->met[key] > TTL_US));
    state_remove(w->t, id);
    w->met[key] = NEVER;
}

static void ageing_save_and_load(struct ageing *w) {
    struct buf saved;
    struct err e;
    buf_init(&saved);
    assert_true(state_table_save(w->t, &saved, &e));
    state_destroy(w->s);
    struct state_options without = w->o;
    without.ttl_us = 0;
    w->s = state_create(0, &e);
    w->t = state_table_create(w->s, &without, &e);
    struct text at = buf_text(&saved);
    assert_false(state_table_load(w->t, &at, &e)); /* a table that forgets nothing has no stamps */
    assert_string_equal(e.sqlstate, "XX001");
    state_destroy(w->s);
    ageing_open(w);
    at = buf_text(&saved);
    assert_true(state_table_load(w->t, &at, &e));
    assert_int_equal(at.bytes, 0);
    buf_done(&saved);
}

static void tables_forget_what_was_not_met_for_long(void **unused) {
    (void)unused;
    struct random g = random_start("ages");
    static const uint32_t key_bytes[] = {8, 16, 24, 0};
    for (uint32_t round = 0; round < random_rounds(ROUNDS) * COUNT_OF(key_bytes); round++) {
        struct ageing w = {.g = g, .o.key_bytes = key_bytes[round % COUNT_OF(key_bytes)]};
        for (uint32_t key = 0; key < FEW; key++) w.met[key] = NEVER;
        ageing_open(&w);
        for (uint32_t step = 0; step < STEPS; step++) {
            ageing_step(&w);
            if (random_below(&w.g, 4) == 0) ageing_remove(&w);
            if (random_below(&w.g, 200) == 0) ageing_save_and_load(&w);
        }
        assert_true(w.forgotten > STEPS);
        g = w.g;
        state_destroy(w.s);
    }
}

/* Keys that never come again: a thousand are remembered at a time, and the table holds few more. */
static void a_sweep_bounds_what_a_table_holds(void **unused) {
    (void)unused;
    struct err e;
    struct state *s = state_create(0, &e);
    struct state_options o = {.key_bytes = 8, .value_bytes = 8, .ttl_us = 999};
    struct state_table *t = state_table_create(s, &o, &e);
    for (int64_t from = 0; from < 100000; from += BATCH) {
        int64_t key[BATCH];
        uint32_t id[BATCH];
        for (int64_t i = 0; i < BATCH; i++) key[i] = from + i;
        struct state_keys k = {.count = BATCH, .i64 = key, .at_us = key, .since_us = from};
        assert_true(state_upsert(t, &k, id, &e));
        assert_true(t->count >= 1000 || from < 1000);
    }
    assert_true(t->used <= (1000 + BATCH) * 4 / 3 + BATCH);
    state_destroy(s);
}

static void damaged_bytes_are_refused(void **unused) {
    (void)unused;
    struct world w = {.g = random_start("damage")};
    w.o = (struct state_options){.value_bytes = sizeof(struct value), .codec = &codec};
    table_open(&w);
    for (uint32_t i = 0; i < 3; i++) batch_upsert(&w);
    remove_some(&w);
    struct buf saved;
    struct err e;
    buf_init(&saved);
    assert_true(state_table_save(w.t, &saved, &e));
    damage_try(&w, buf_text(&saved));
    buf_done(&saved);
    state_destroy(w.s);
}

static void a_limit_is_told_between_batches(void **unused) {
    (void)unused;
    struct err e;
    struct state *s = state_create(10000, &e);
    struct state_options o = {.key_bytes = 8, .value_bytes = 32};
    struct state_table *t = state_table_create(s, &o, &e);
    int64_t key = 0;
    uint32_t id;
    for (; key < 10; key++) {
        struct text text = {.at = (void *)&key, .bytes = sizeof key};
        assert_true(state_upsert_key(t, text, &id, &e));
    }
    assert_true(state_check(s, &e));
    for (; key < 1000; key++) {
        struct text text = {.at = (void *)&key, .bytes = sizeof key};
        assert_true(state_upsert_key(t, text, &id, &e));
    }
    assert_false(state_check(s, &e));
    assert_string_equal(e.sqlstate, "54000");
    state_table_destroy(t);
    assert_true(state_check(s, &e));
    assert_int_equal(state_bytes(s), 0);
    state_destroy(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_what_a_list_says),
        cmocka_unit_test(changes_make_the_table),
        cmocka_unit_test(tables_forget_what_was_not_met_for_long),
        cmocka_unit_test(a_sweep_bounds_what_a_table_holds),
        cmocka_unit_test(damaged_bytes_are_refused),
        cmocka_unit_test(a_limit_is_told_between_batches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
