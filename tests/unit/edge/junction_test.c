/* junction_test.c: what comes out of a junction is in the order of source rows, then of statements,
 * however far the lanes are apart at any time; and a lane's failure is its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/edge/junction.h"
#include "tests/unit/base/random.h"

enum { LANES = 3, ROWS = 60, PER_LANE = 80, ROUNDS = 400 };

static const struct field one_field[] = {{{"v", 1}, &type_bigint, false}};
static const struct schema one = {1, one_field};

/* What one lane gives: value[i], made by source row at[i] (ascending). */
struct script {
    uint64_t at[PER_LANE];
    int64_t value[PER_LANE];
    uint32_t count, given;
    uint64_t reached;
    bool by_time, ended;
    struct lane *lane;
};

struct sum {
    int64_t value[LANES * PER_LANE];
    uint32_t count;
    uint32_t fails_at; /* UINT32_MAX: never */
};

static bool note(void *context, const struct batch *b, struct err *e) {
    struct sum *s = context;
    for (uint32_t i = 0; i < b->live; i++) {
        if (s->count == s->fails_at) return err_set(e, ERR_IO, "58030", "it is full");
        s->value[s->count++] = b->col[0].as.i64[batch_row(b, i)];
    }
    return true;
}

static void script_draw(struct script *s, struct random *r, int64_t name) {
    *s = (struct script){.by_time = random_below(r, 2) == 0};
    for (uint64_t at = 0; at < ROWS && s->count < PER_LANE; at += random_below(r, 4)) {
        s->at[s->count] = at;
        s->value[s->count] = name * 1000 + s->count;
        s->count++;
    }
}

/* Source rows up to `to` go through the lane's query, in one batch of what they make. */
static void advance(struct script *s, uint64_t to) {
    struct err e;
    uint64_t ordinal[PER_LANE];
    struct column col = {.type = &type_bigint, .as.i64 = s->value + s->given};
    struct batch b = {.schema = &one, .col = &col, .ordinal = ordinal};
    while (s->given + b.rows < s->count && s->at[s->given + b.rows] < to) {
        ordinal[b.rows] = s->at[s->given + b.rows];
        b.rows++;
    }
    b.live = b.rows;
    assert_true(lane_write(s->lane, &b, 0, &e));
    s->given += b.rows;
    s->reached = to;
    lane_reach(s->lane, to);
}

static void want_of(const struct script *s, uint64_t at, struct sum *out) {
    for (uint32_t i = 0; i < s->count; i++) {
        if (s->at[i] == at) out->value[out->count++] = s->value[i];
    }
}

/* The rows of all in the order that is asked for: by source row, time before the row, statement. */
static void want(const struct script *s, struct sum *out) {
    for (uint64_t at = 0; at < ROWS; at++) {
        for (uint32_t l = 0; l < LANES; l++) {
            if (s[l].by_time) want_of(&s[l], at, out);
        }
        for (uint32_t l = 0; l < LANES; l++) {
            if (!s[l].by_time) want_of(&s[l], at, out);
        }
    }
}

static void open_lanes(struct script *s, struct junctions *all, struct sum *got) {
    struct err e;
    for (uint32_t l = 0; l < LANES; l++) {
        const struct lane_options o = {
            .source = all,
            .place = got,
            .statement = l + 1,
            .by_time = s[l].by_time,
            .context = got,
            .write = note,
        };
        s[l].lane = lane_open(all, &o, &e);
        assert_non_null(s[l].lane);
    }
}

static void the_order_is_that_of_rows(void **unused) {
    (void)unused;
    struct random r = random_start("junction");
    for (uint32_t round = 0; round < random_rounds(ROUNDS); round++) {
        struct junctions all = {NULL};
        struct script s[LANES];
        struct sum got = {.fails_at = UINT32_MAX}, wanted = {.count = 0};
        for (uint32_t l = 0; l < LANES; l++) script_draw(&s[l], &r, l);
        open_lanes(s, &all, &got);
        for (uint32_t left = LANES; left > 0;) {
            struct script *one_of = &s[random_below(&r, LANES)];
            if (one_of->ended) continue;
            uint64_t to = one_of->reached + random_below(&r, 20);
            advance(one_of, to < ROWS ? to : ROWS);
            if (one_of->reached < ROWS) continue;
            one_of->ended = true;
            left--;
            lane_end(one_of->lane);
        }
        for (uint32_t l = 0; l < LANES; l++) {
            assert_false(lane_waits(s[l].lane));
            lane_close(s[l].lane);
        }
        want(s, &wanted);
        assert_int_equal(got.count, wanted.count);
        assert_memory_equal(got.value, wanted.value, got.count * sizeof got.value[0]);
        assert_null(all.first);
    }
}

static void a_failure_is_its_lanes(void **unused) {
    (void)unused;
    struct err e;
    struct junctions all = {NULL};
    struct script s[LANES] = {{.count = 0}};
    struct sum got = {.fails_at = 0};
    for (uint32_t l = 0; l < LANES; l++) {
        s[l].count = 2;
        s[l].at[1] = 5;
        s[l].value[0] = s[l].value[1] = l;
    }
    open_lanes(s, &all, &got);
    for (uint32_t l = 0; l < LANES; l++) advance(&s[l], 3);
    for (uint32_t l = 0; l < LANES; l++) assert_false(lane_check(s[l].lane, &e));
    assert_string_equal(e.sqlstate, "58030");
    got.fails_at = UINT32_MAX;
    for (uint32_t l = 0; l < LANES; l++) lane_close(s[l].lane);
    assert_int_equal(got.count, 0);
}

/* A lane that is alone gives at once; another holds it back from then on, until all is settled. */
static void who_is_alone_waits_for_nobody(void **unused) {
    (void)unused;
    struct err e;
    struct junctions all = {NULL};
    struct script s[LANES] = {{.count = 0}};
    struct sum got = {.fails_at = UINT32_MAX};
    open_lanes(s, &all, &got);
    lane_close(s[1].lane);
    lane_close(s[2].lane);
    int64_t value = 1;
    const struct column col = {.type = &type_bigint, .as.i64 = &value};
    const struct batch b = {.schema = &one, .col = &col, .rows = 1, .live = 1};
    assert_true(lane_write(s[0].lane, &b, 4, &e));
    assert_int_equal(got.count, 1);
    const struct lane_options o = {
        .source = &all, .place = &got, .statement = 9, .context = &got, .write = note};
    struct lane *second = lane_open(&all, &o, &e);
    assert_non_null(second);
    assert_true(lane_write(s[0].lane, &b, 5, &e));
    lane_reach(s[0].lane, 6);
    assert_int_equal(got.count, 1);
    assert_true(lane_waits(s[0].lane));
    assert_true(junctions_settle(&all));
    assert_false(junctions_settle(&all));
    assert_int_equal(got.count, 2);
    lane_close(second);
    lane_close(s[0].lane);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_is_that_of_rows),
        cmocka_unit_test(a_failure_is_its_lanes),
        cmocka_unit_test(who_is_alone_waits_for_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
