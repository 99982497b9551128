/* store_test.c: a store beside what it should hold: items, keyed state and facts, over checkpoints,
 * restarts, and crashes at random calls; and its log stays short.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "storage/file_sim.h"
#include "storage/store.h"
#include "tests/unit/base/random.h"

enum {
    OBJECTS = 3,
    NUMBERS = 5,
    KEYS = 300,
    FACTS = 4000,
    STEPS = 120,
    ROUNDS = 40,
    SEGMENT_BYTES = 64 << 10,
    SECTION_VERSION = 1,
    SECTION_PARTS = 2,
    SECTION_STATE = 3,
};

/* What a checkpoint holds. */
struct version {
    uint64_t number;
    uint32_t bytes[OBJECTS][NUMBERS]; /* of an item; 0: there is none */
    char fill[OBJECTS][NUMBERS];
    int64_t value[KEYS]; /* of the table; 0: no entry */
    uint32_t facts;      /* told before it began */
};

struct world {
    struct random g;
    struct file_sim *sim;
    struct store *store;
    struct store_journal journal;
    struct state *state;
    struct state_table *table;
    struct version now, kept, offered; /* as it is; the newest checkpoint; one on its way */
    uint64_t told[FACTS];              /* a number each, in order */
    uint32_t facts, waited;            /* of them: sure to be there */
    uint32_t seen;                     /* while facts are read */
    int64_t clock;
};

static int64_t clock_us(void) {
    return 1000000;
}

static struct log_options options_of(const struct world *w) {
    return (struct log_options){.fs = file_sim_system(w->sim),
                                .directory = "/data",
                                .segment_bytes = SEGMENT_BYTES,
                                .durability = LOG_SYNC,
                                .clock_us = clock_us,
                                .salt = 5};
}

static bool table_open(struct world *w) {
    struct err e;
    struct state_options o = {.key_bytes = 8, .value_bytes = 8};
    store_journal_init(&w->journal, w->store, 1);
    w->state = state_create(0, &e);
    assert_non_null(w->state);
    state_set_journal(w->state, &w->journal.journal, 0);
    w->table = state_table_create(w->state, &o, &e);
    assert_non_null(w->table);
    return true;
}

static void world_close(struct world *w) {
    struct err e;
    state_destroy(w->state);
    store_journal_done(&w->journal);
    if (!store_close(w->store, &e)) assert_true(file_sim_stopped(w->sim));
    w->store = NULL;
}

/* ---- what is done ---- */

static struct text item_text(const struct version *v, uint32_t object, uint32_t number,
                             struct buf *b) {
    buf_reset(b);
    for (uint32_t i = 0; i < v->bytes[object][number]; i++) {
        buf_add_char(b, v->fill[object][number]);
    }
    return buf_text(b);
}

static bool items_change(struct world *w, struct err *e) {
    struct buf b;
    bool done = true;
    buf_init(&b);
    for (uint32_t i = 0; done && i < 4; i++) {
        uint32_t object = (uint32_t)random_below(&w->g, OBJECTS);
        uint32_t number = (uint32_t)random_below(&w->g, NUMBERS);
        struct store_key k = {.object = object + 1, .section = SECTION_PARTS, .number = number};
        if (random_below(&w->g, 6) == 0) {
            memset(w->now.bytes[object], 0, number * sizeof w->now.bytes[object][0]);
            done = store_drop_before(w->store, &k, e);
            continue;
        }
        w->now.bytes[object][number] = 1 + (uint32_t)random_below(&w->g, 3000);
        w->now.fill[object][number] = (char)('a' + random_below(&w->g, 26));
        done = store_put(w->store, &k, item_text(&w->now, object, number, &b), e);
    }
    buf_done(&b);
    return done;
}

static void table_change(struct world *w) {
    uint64_t n = random_below(&w->g, 30);
    for (uint64_t i = 0; i < n; i++) {
        struct err e;
        int64_t key = (int64_t)random_below(&w->g, KEYS);
        struct text text = {.at = (void *)&key, .bytes = sizeof key};
        uint32_t id = state_find_key(w->table, text);
        if (id != STATE_NONE && random_below(&w->g, 3) == 0) {
            state_remove(w->table, id);
            w->now.value[key] = 0;
            continue;
        }
        assert_true(state_upsert_key(w->table, text, &id, &e));
        w->now.value[key]++;
        memcpy(state_value(w->table, id), &w->now.value[key], sizeof w->now.value[key]);
    }
}

static bool table_save(struct world *w, struct err *e) {
    struct store_key k = {.object = 1, .section = SECTION_STATE};
    struct buf b;
    buf_init(&b);
    bool done = store_begin_state(w->store, 1, e) && state_table_save(w->table, &b, e) &&
                store_put(w->store, &k, buf_text(&b), e);
    buf_done(&b);
    return done;
}

static bool checkpoint(struct world *w, struct err *e) {
    struct store_key k = {.object = 0, .section = SECTION_VERSION};
    w->now.facts = w->facts;
    w->now.number++;
    store_begin(w->store);
    struct text number = {.at = (void *)&w->now.number, .bytes = sizeof w->now.number};
    bool done = store_put(w->store, &k, number, e) && items_change(w, e) && table_save(w, e);
    if (!done) return false;
    w->offered = w->now;
    if (!store_commit(w->store, e)) return false;
    w->kept = w->now;
    return true;
}

static bool tell(struct world *w, struct err *e) {
    uint32_t n = 1 + (uint32_t)random_below(&w->g, 3);
    struct log_entry entry[3];
    uint64_t lsn;
    if (w->facts + n > FACTS) return true;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t *number = &w->told[w->facts + i];
        *number = random_below(&w->g, UINT64_MAX);
        entry[i] = (struct log_entry){.kind = LOG_ROWS,
                                      .object = 2,
                                      .body = {.at = (void *)number, .bytes = sizeof *number},
                                      .first_lsn = LOG_LSN_NONE};
    }
    if (!store_tell(w->store, entry, n, &lsn, e)) return false;
    w->facts += n;
    if (random_below(&w->g, 2) == 0) return true;
    if (!store_wait(w->store, lsn, e)) return false;
    w->waited = w->facts;
    return true;
}

/* ---- what is there ---- */

static void items_check(struct world *w) {
    struct buf b;
    struct arena a;
    arena_init(&a, 0);
    buf_init(&b);
    for (uint32_t object = 0; object < OBJECTS; object++) {
        for (uint32_t number = 0; number < NUMBERS; number++) {
            struct store_key k = {.object = object + 1, .section = SECTION_PARTS, .number = number};
            struct text got, want = item_text(&w->kept, object, number, &b);
            struct err e;
            if (!store_item(w->store, &k, &a, &got, &e)) fail_msg("%s", e.message);
            assert_true((got.at != NULL) == (want.bytes > 0));
            if (got.at) assert_true(text_equal(got, want));
        }
    }
    buf_done(&b);
    arena_done(&a);
}

static void table_check(struct world *w) {
    struct store_key k = {.object = 1, .section = SECTION_STATE};
    struct arena a;
    struct text saved;
    struct err e;
    uint32_t live = 0;
    arena_init(&a, 0);
    assert_true(store_item(w->store, &k, &a, &saved, &e));
    if (saved.at && !state_table_load(w->table, &saved, &e)) fail_msg("%s", e.message);
    for (int64_t key = 0; key < KEYS; key++) {
        struct text text = {.at = (void *)&key, .bytes = sizeof key};
        uint32_t id = state_find_key(w->table, text);
        assert_int_equal(id != STATE_NONE, w->kept.value[key] != 0);
        if (id == STATE_NONE) continue;
        assert_memory_equal(state_value(w->table, id), &w->kept.value[key], sizeof(int64_t));
        live++;
    }
    assert_int_equal(w->table->count, live);
    arena_done(&a);
}

static bool fact_check(void *context, const struct log_record *fact, struct err *e) {
    struct world *w = context;
    (void)e;
    assert_true(w->seen < w->facts);
    assert_int_equal(fact->body.bytes, sizeof w->told[0]);
    assert_memory_equal(fact->body.at, &w->told[w->seen], sizeof w->told[0]);
    w->seen++;
    return true;
}

/* Opens what a run left, and takes the checkpoint that counts for what is. */
static void world_open(struct world *w) {
    struct store_key k = {.object = 0, .section = SECTION_VERSION};
    struct log_options o = options_of(w);
    struct arena a;
    struct text got;
    struct err e;
    w->store = store_open(&o, &e);
    if (!w->store) fail_msg("%s %s", e.sqlstate, e.message);
    arena_init(&a, 0);
    assert_true(store_item(w->store, &k, &a, &got, &e));
    uint64_t number = 0;
    if (got.at) memcpy(&number, got.at, sizeof number);
    if (number == w->offered.number) w->kept = w->offered;
    assert_int_equal(number, w->kept.number);
    arena_done(&a);
    assert_true(table_open(w));
    items_check(w);
    table_check(w);
    w->seen = w->kept.facts;
    if (!store_facts(w->store, w, fact_check, &e)) fail_msg("%s %s", e.sqlstate, e.message);
    assert_true(w->seen >= w->waited);
    w->facts = w->waited = w->seen; /* those behind it were never sure */
    w->now = w->offered = w->kept;
}

static void world_start(struct world *w, struct random *g) {
    *w = (struct world){.g = *g};
    struct file_sim_options o = {.seed = random_below(g, UINT64_MAX)};
    w->sim = file_sim_create(&o);
    assert_non_null(w->sim);
    world_open(w);
}

static void world_end(struct world *w, struct random *g) {
    world_close(w);
    file_sim_destroy(w->sim);
    *g = w->g;
}

static bool step(struct world *w, struct err *e) {
    table_change(w);
    return random_below(&w->g, 3) == 0 ? checkpoint(w, e) : tell(w, e);
}

static void what_was_kept_is_there(void **unused) {
    (void)unused;
    struct random g = random_start("store");
    for (uint32_t round = 0; round < random_rounds(ROUNDS) / 4; round++) {
        struct world *w = calloc(1, sizeof *w);
        assert_non_null(w);
        world_start(w, &g);
        for (uint32_t i = 0; i < STEPS; i++) {
            struct err e;
            if (!step(w, &e)) fail_msg("%s %s", e.sqlstate, e.message);
            if (random_below(&w->g, 10) > 0) continue;
            world_close(w);
            w->waited = w->facts; /* closed in order */
            world_open(w);
        }
        world_end(w, &g);
        free(w);
    }
}

static void crashes_lose_nothing_that_was_sure(void **unused) {
    (void)unused;
    struct random g = random_start("store crash");
    uint32_t crashes = 0;
    for (uint32_t round = 0; round < random_rounds(ROUNDS); round++) {
        struct world *w = calloc(1, sizeof *w);
        assert_non_null(w);
        world_start(w, &g);
        for (uint32_t i = 0; i < STEPS; i++) {
            struct err e;
            if (i % 10 == 0) {
                uint64_t at = file_sim_calls(w->sim) + 1 + random_below(&w->g, 60);
                file_sim_fault(w->sim, (struct file_sim_fault){.kind = FILE_SIM_STOP, .at = at});
            }
            if (step(w, &e)) continue;
            assert_true(file_sim_stopped(w->sim));
            world_close(w);
            file_sim_restart(w->sim, random_below(&w->g, 2) ? FILE_SIM_POWER : FILE_SIM_KILL);
            world_open(w);
            crashes++;
        }
        world_end(w, &g);
        free(w);
    }
    assert_true(crashes > ROUNDS);
}

static void the_log_stays_short(void **unused) {
    (void)unused;
    struct random g = random_start("store length");
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    world_start(w, &g);
    for (uint32_t i = 0; i < 1500; i++) {
        struct err e;
        table_change(w);
        if (!checkpoint(w, &e)) fail_msg("%s %s", e.sqlstate, e.message);
        uint64_t length = log_end(store_log(w->store)) - log_oldest(store_log(w->store));
        assert_true(length < 12 * (uint64_t)SEGMENT_BYTES); /* 5 MB were written in all */
    }
    world_close(w);
    w->waited = w->facts;
    world_open(w);
    world_end(w, &g);
    free(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_kept_is_there),
        cmocka_unit_test(crashes_lose_nothing_that_was_sure),
        cmocka_unit_test(the_log_stays_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
