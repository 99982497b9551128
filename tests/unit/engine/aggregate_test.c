/* aggregate_test.c: the laws of aggregate.h for every row of every table, on random values; and
 * results that are easy to get wrong.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/agg_failures.h"
#include "engine/base/builder.h"
#include "engine/base/decimal.h"
#include "engine/base/signature.h"
#include "tests/unit/base/random.h"
#include "udf/aggregate.h"

enum { ROWS = 60, ROUNDS = 20 };

/* One aggregate on arguments of some types. */
struct probe {
    struct arena arena;
    struct random random;
    const struct aggregate *agg;
    const struct type *arg_type[2];
    struct agg_bind bind;
    struct column arg[2];
    uint64_t ordinal[ROWS];
};

static void value_draw(struct random *g, struct column_builder *b) {
    static const char *const words[] = {"", "a", "ab", "b", "ba", "longer than sixteen bytes"};
    if (random_below(g, 6) == 0) {
        builder_null(b);
        return;
    }
    int64_t v = (int64_t)random_below(g, 40) - 20;
    switch (type_rep(b->type)) {
    case REP_B8:
        if (b->type->id != TYPE_ROW) {
            builder_b8(b, v > 0);
            return;
        }
        for (uint32_t i = 0; i < b->type->fields; i++) value_draw(g, &b->child[i]);
        builder_row(b);
        return;
    case REP_I64: builder_i64(b, v); return;
    case REP_F64: builder_f64(b, (double)v / 4); return;
    case REP_I128: builder_i128(b, v * 1000); return;
    case REP_TEXT: builder_text(b, text_of(words[random_below(g, COUNT_OF(words))])); return;
    case REP_SPAN: {
        uint32_t n = (uint32_t)random_below(g, 3);
        for (uint32_t i = 0; i < n; i++) value_draw(g, &b->child[0]);
        builder_span(b, n);
        return;
    }
    case REP_TENSOR:
    case REP_COUNT: break;
    }
    fail_msg("no such type in this test");
}

static void args_draw(struct probe *p) {
    for (uint32_t a = 0; a < p->bind.args; a++) {
        struct column_builder b;
        assert_true(builder_init(&b, &p->arena, p->arg_type[a], ROWS));
        for (uint32_t i = 0; i < ROWS; i++) value_draw(&p->random, &b);
        assert_true(builder_column(&b, &p->arg[a]));
    }
    for (uint32_t i = 0; i < ROWS; i++) p->ordinal[i] = i + i / 3;
}

static struct agg_call call_of(struct probe *p) {
    return (struct agg_call){.bind = &p->bind, .arena = &p->arena};
}

static void *state_new(struct probe *p) {
    void *s = arena_zalloc(&p->arena, 1, p->agg->state_bytes);
    assert_non_null(s);
    return s;
}

static void change(struct probe *p, void *state, uint32_t from, uint32_t to, bool remove) {
    void *states[ROWS];
    uint16_t row[ROWS];
    struct err e;
    for (uint32_t i = from; i < to; i++) {
        states[i - from] = state;
        row[i - from] = (uint16_t)i;
    }
    struct agg_call c = call_of(p);
    struct agg_rows in = {.arg = p->bind.args ? p->arg : NULL,
                          .row = row,
                          .state = states,
                          .ordinal = p->ordinal,
                          .count = to - from};
    assert_true(remove ? p->agg->remove(&c, &in, &e) : p->agg->add(&c, &in, &e));
}

static struct column finish(struct probe *p, void *state, uint32_t *failed_out) {
    struct column_builder b;
    struct column out;
    struct agg_failures fail;
    struct err e;
    fn_errors_init(&fail.rows, &p->arena);
    assert_true(builder_init(&b, &p->arena, p->bind.type, 1));
    struct agg_call c = call_of(p);
    assert_true(p->agg->finish(&c, &state, 1, &b, &fail, &e));
    assert_true(builder_column(&b, &out));
    assert_int_equal(b.rows, 1);
    *failed_out = fail.rows.count;
    return out;
}

static void same(struct probe *p, void *a, void *b) {
    uint32_t failed_a, failed_b;
    struct column x = finish(p, a, &failed_a), y = finish(p, b, &failed_b);
    assert_int_equal(failed_a, failed_b);
    if (p->agg->flags & AGG_FLOATING && column_has(&x, 0) && column_has(&y, 0) &&
        p->bind.type->id == TYPE_DOUBLE) {
        double u = x.as.f64[0], v = y.as.f64[0];
        assert_true(fabs(u - v) <= 1e-12 * (fabs(u) + fabs(v)) + 1e-12);
    } else if (!column_same(&x, 0, &y, 0)) {
        fail_msg("%s of %s differs", p->agg->sig, type_name(p->arg_type[0]->id));
    }
}

static void merge(struct probe *p, void *into, const void *from) {
    struct agg_call c = call_of(p);
    struct err e;
    assert_true(p->agg->merge(&c, into, from, &e));
}

static void *added(struct probe *p, uint32_t from, uint32_t to) {
    void *s = state_new(p);
    change(p, s, from, to, false);
    return s;
}

static void law_merge_is_adding_on(struct probe *p, uint32_t cut) {
    void *a = added(p, 0, cut), *b = added(p, cut, ROWS), *whole = added(p, 0, ROWS);
    void *b_again = added(p, cut, ROWS), *none = state_new(p);
    merge(p, a, b);
    same(p, a, whole);
    same(p, b, b_again); /* what was merged stays as it was */
    merge(p, none, b);
    same(p, none, b);
    merge(p, none, state_new(p));
    same(p, none, b);
    if (p->agg->flags & AGG_ORDERED) { /* ordinals, not calls, say the order */
        merge(p, b, added(p, 0, cut));
        same(p, b, whole);
    }
}

static void law_what_was_added_can_be_undone(struct probe *p, uint32_t cut) {
    if (p->agg->remove) {
        void *s = added(p, 0, ROWS);
        change(p, s, cut, ROWS, true);
        same(p, s, added(p, 0, cut));
    }
    if (p->agg->unmerge) {
        void *a = added(p, 0, cut), *b = added(p, cut, ROWS), *whole = added(p, 0, cut);
        struct agg_call c = call_of(p);
        struct err e;
        merge(p, whole, b);
        assert_true(p->agg->unmerge(&c, whole, a, &e));
        same(p, whole, b);
    }
}

static void law_a_saved_state_is_the_same(struct probe *p, uint32_t cut) {
    void *s = added(p, 0, cut), *t = state_new(p);
    if (p->agg->save) {
        struct buf b;
        struct err e;
        struct agg_call c = call_of(p);
        buf_init(&b);
        assert_true(p->agg->save(&c, s, &b));
        assert_true(p->agg->load(&c, t, buf_text(&b), &e));
        for (uint32_t n = 0; n < b.bytes; n++) { /* any part of it: refused, or some state */
            struct text part = {.at = b.at, .bytes = n};
            (void)!p->agg->load(&c, state_new(p), part, &e);
        }
        buf_done(&b);
    } else {
        memcpy(t, s, p->agg->state_bytes);
    }
    same(p, s, t);
    change(p, s, cut, ROWS, false);
    change(p, t, cut, ROWS, false);
    same(p, s, t);
}

/* A copy of the bytes is what the state was, whatever becomes of the state. */
static void law_a_copy_stays(struct probe *p, uint32_t cut) {
    if (p->agg->flags & AGG_IN_PLACE) return;
    void *s = added(p, 0, cut), *copy = state_new(p);
    memcpy(copy, s, p->agg->state_bytes);
    change(p, s, cut, ROWS, false);
    same(p, copy, added(p, 0, cut));
}

/* What is left after each row is what adds of one row each leave. */
static void law_a_trace_is_adding_row_by_row(struct probe *p) {
    if (!p->agg->trace) return;
    assert_false(p->agg->flags & AGG_IN_PLACE);
    void *one[2] = {state_new(p), state_new(p)}, *two[2] = {state_new(p), state_new(p)};
    void *state[ROWS];
    uint8_t take[ROWS];
    uint16_t row[ROWS];
    struct err e;
    char *after = arena_alloc(&p->arena, (size_t)ROWS * p->agg->state_bytes);
    assert_non_null(after);
    bool all = random_below(&p->random, 4) == 0;
    for (uint32_t i = 0; i < ROWS; i++) {
        row[i] = (uint16_t)i;
        take[i] = all || random_below(&p->random, 3) > 0;
        state[i] = one[i % 3 == 0];
    }
    struct agg_call c = call_of(p);
    struct agg_rows in = {.arg = p->bind.args ? p->arg : NULL,
                          .row = row,
                          .state = state,
                          .ordinal = p->ordinal,
                          .count = ROWS};
    assert_true(p->agg->trace(&c, &in, all ? NULL : take, after, &e));
    for (uint32_t i = 0; i < ROWS; i++) {
        if (take[i]) change(p, two[i % 3 == 0], i, i + 1, false);
        same(p, after + (size_t)i * p->agg->state_bytes, two[i % 3 == 0]);
    }
    same(p, one[0], two[0]);
    same(p, one[1], two[1]);
}

static void laws_try(struct probe *p) {
    for (uint32_t round = 0; round < ROUNDS; round++) {
        args_draw(p);
        uint32_t cut = (uint32_t)random_below(&p->random, ROWS + 1);
        law_merge_is_adding_on(p, cut);
        law_what_was_added_can_be_undone(p, cut);
        law_a_saved_state_is_the_same(p, cut);
        law_a_copy_stays(p, cut);
        law_a_trace_is_adding_row_by_row(p);
    }
}

/* The types that an argument of a signature may have, in this test. */
static uint32_t types_for(struct probe *p, const struct sig_type *s, const struct type **out) {
    struct field fields[] = {{.name = TEXT_LITERAL("a"), .type = &type_bigint},
                             {.name = TEXT_LITERAL("b"), .type = &type_text}};
    const struct type *any[] = {&type_bigint,
                                &type_double,
                                &type_text,
                                &type_boolean,
                                &type_timestamp3,
                                type_decimal(&p->arena, 10, 2),
                                type_row(&p->arena, 2, fields),
                                type_array(&p->arena, &type_bigint)};
    const struct type *exact[] = {
        &type_bigint,   &type_double, &type_text, &type_blob,       &type_boolean,
        &type_interval, &type_date,   &type_time, &type_timestamp6, type_decimal(&p->arena, 12, 3)};
    if (s->kind != SIG_TYPE) {
        memcpy(out, any, sizeof any);
        return COUNT_OF(any);
    }
    for (size_t i = 0; i < COUNT_OF(exact); i++) {
        if (exact[i]->id == s->id) out[0] = exact[i];
    }
    return 1;
}

/* The type that a part of a signature's result is, its variables being that of argument 0. */
static const struct type *part_of(struct probe *p, const struct sig_type *t) {
    struct field f[4];
    if (t->kind != SIG_TYPE) return p->arg_type[0];
    if (t->fields == 0) return sig_type_exact(&p->arena, t);
    assert_true(t->fields <= COUNT_OF(f));
    for (uint32_t i = 0; i < t->fields; i++) {
        f[i] = (struct field){.name = t->field[i].name, .type = part_of(p, t->field[i].type)};
    }
    return t->id == TYPE_ARRAY ? type_array(&p->arena, f[0].type)
                               : type_row(&p->arena, t->fields, f);
}

static const struct type *result_of(struct probe *p, const struct signature *s) {
    struct err e = {0};
    p->bind.type = part_of(p, s->result);
    return p->agg->type ? p->agg->type(&p->bind, &e) : p->bind.type;
}

static void row_try(const struct aggregate *agg) {
    struct probe p = {.agg = agg, .random = {7}};
    struct signature s;
    const struct type *type[16] = {NULL};
    arena_init(&p.arena, 0);
    assert_true(signature_parse(agg->sig, &p.arena, &s));
    assert_true(text_equal(s.name, text_of(agg->name)));
    for (const char *c = agg->name; *c; c++)
        assert_true(*c == '_' || (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9'));
    assert_true(agg->doc && agg->doc[strlen(agg->doc) - 1] == '.');
    assert_true(agg->add && agg->merge && agg->finish && agg->state_bytes % 8 == 0);
    assert_true(!agg->save == !agg->load && !agg->unmerge == !agg->remove);

    uint32_t types = s.args > 0 ? types_for(&p, s.arg[0], type) : 1;
    for (uint32_t i = 0; i < types; i++) {
        p.arg_type[0] = type[i];
        p.arg_type[1] = type[i];
        if (s.args > 1 && s.arg[1]->kind == SIG_TYPE) types_for(&p, s.arg[1], &p.arg_type[1]);
        p.bind = (struct agg_bind){.arg_type = p.arg_type, .args = s.args_min};
        p.bind.type = result_of(&p, &s);
        assert_non_null(p.bind.type);
        laws_try(&p);
    }
    arena_done(&p.arena);
}

static void every_aggregate_keeps_the_laws(void **unused) {
    (void)unused;
    struct agg_table tables[UDF_AGGREGATE_TABLES];
    udf_aggregates(tables);
    for (uint32_t t = 0; t < UDF_AGGREGATE_TABLES; t++) {
        for (uint32_t i = 0; i < tables[t].count; i++) row_try(&tables[t].agg[i]);
    }
}

static const struct aggregate *find(const char *sig) {
    struct agg_table tables[UDF_AGGREGATE_TABLES];
    udf_aggregates(tables);
    for (uint32_t t = 0; t < UDF_AGGREGATE_TABLES; t++) {
        for (uint32_t i = 0; i < tables[t].count; i++) {
            if (strcmp(tables[t].agg[i].sig, sig) == 0) return &tables[t].agg[i];
        }
    }
    fail_msg("no aggregate %s", sig);
    return NULL;
}

/* A probe over given values of one column. */
static void probe_open(struct probe *p, const char *sig, const struct type *type) {
    struct err e;
    *p = (struct probe){.agg = find(sig)};
    arena_init(&p->arena, 0);
    p->arg_type[0] = type;
    p->bind = (struct agg_bind){.arg_type = p->arg_type, .args = 1};
    struct signature s;
    assert_true(signature_parse(sig, &p->arena, &s));
    p->bind.type = p->agg->type ? p->agg->type(&p->bind, &e) : sig_type_exact(&p->arena, s.result);
}

/* Sums of 38-digit decimals leave 128 bits and come back; averages of them fit. */
static void decimal_sums_are_exact_past_128_bits(void **unused) {
    (void)unused;
    struct probe p;
    struct arena a;
    uint32_t failed;
    arena_init(&a, 0);
    int128_t max = decimal_power(38) - 1;
    int128_t v[] = {max, max, max, -max, -max, 5, max, max};
    probe_open(&p, "sum(DECIMAL) DECIMAL", type_decimal(&a, 38, 0));
    p.arg[0] = (struct column){.type = p.arg_type[0], .as.i128 = v};
    struct column r = finish(&p, added(&p, 0, 5), &failed);
    assert_true(failed == 0 && r.as.i128[0] == max);
    r = finish(&p, added(&p, 0, 3), &failed);
    assert_int_equal(failed, 1);
    arena_done(&p.arena);

    probe_open(&p, "avg(DECIMAL) DECIMAL", type_decimal(&a, 38, 6));
    p.arg[0] = (struct column){.type = p.arg_type[0], .as.i128 = v};
    r = finish(&p, added(&p, 0, 3), &failed);
    assert_true(failed == 0 && r.as.i128[0] == max);
    r = finish(&p, added(&p, 3, 5), &failed);
    assert_true(failed == 0 && r.as.i128[0] == -max);
    arena_done(&p.arena);

    int128_t thirds[] = {1, 0, 0, 2, 0, 0, -2, 0, 0};
    probe_open(&p, "avg(DECIMAL) DECIMAL", type_decimal(&a, 5, 0));
    p.arg[0] = (struct column){.type = p.arg_type[0], .as.i128 = thirds};
    r = finish(&p, added(&p, 0, 3), &failed);
    assert_true(r.as.i128[0] == 333333);
    r = finish(&p, added(&p, 3, 6), &failed);
    assert_true(r.as.i128[0] == 666667); /* half away from zero */
    r = finish(&p, added(&p, 6, 9), &failed);
    assert_true(r.as.i128[0] == -666667);
    arena_done(&p.arena);
    arena_done(&a);
}

static void integer_sums_are_judged_at_the_end(void **unused) {
    (void)unused;
    struct probe p;
    uint32_t failed;
    int64_t v[] = {INT64_MAX, INT64_MAX, INT64_MIN, INT64_MIN, -1, 1};
    probe_open(&p, "sum(BIGINT) BIGINT", &type_bigint);
    p.arg[0] = (struct column){.type = &type_bigint, .as.i64 = v};
    assert_int_equal(finish(&p, added(&p, 0, 4), &failed).as.i64[0], -2);
    assert_int_equal(failed, 0);
    finish(&p, added(&p, 0, 2), &failed);
    assert_int_equal(failed, 1);
    arena_done(&p.arena);
}

/* Values far from zero lose nothing: the variance of x + c is that of x. */
static void variances_do_not_cancel(void **unused) {
    (void)unused;
    struct probe p;
    uint32_t failed;
    double v[] = {1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16};
    static const struct {
        const char *sig;
        double want;
    } cases[] = {{"var_pop(DOUBLE) DOUBLE", 22.5},
                 {"var_samp(DOUBLE) DOUBLE", 30.0},
                 {"variance(DOUBLE) DOUBLE", 30.0},
                 {"stddev_pop(DOUBLE) DOUBLE", 4.743416490252569},
                 {"stddev_samp(DOUBLE) DOUBLE", 5.477225575051661},
                 {"stddev(DOUBLE) DOUBLE", 5.477225575051661}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        probe_open(&p, cases[i].sig, &type_double);
        p.arg[0] = (struct column){.type = &type_double, .as.f64 = v};
        struct column r = finish(&p, added(&p, 0, 4), &failed);
        assert_true(fabs(r.as.f64[0] - cases[i].want) < 1e-9);
        bool sample = strstr(cases[i].sig, "pop") == NULL;
        r = finish(&p, added(&p, 0, 1), &failed);
        assert_int_equal(column_has(&r, 0), !sample);
        arena_done(&p.arena);
    }
}

static void approximate_counts_are_near(void **unused) {
    (void)unused;
    for (int64_t n = 1; n <= 1000000; n *= 10) {
        struct probe p;
        uint32_t failed;
        probe_open(&p, "approx_count_distinct(ANY) BIGINT", &type_bigint);
        void *s = state_new(&p);
        for (int64_t i = 0; i < 2 * n; i++) {
            int64_t v = i % n;
            struct err e;
            struct agg_call c = call_of(&p);
            struct column arg = {.type = &type_bigint, .as.i64 = &v};
            struct agg_rows in = {.arg = &arg, .state = &s, .count = 1};
            assert_true(p.agg->add(&c, &in, &e));
        }
        int64_t got = finish(&p, s, &failed).as.i64[0];
        if (n <= 500) assert_int_equal(got, n);
        assert_true(llabs(got - n) * 40 <= n); /* three standard errors */
        arena_done(&p.arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_aggregate_keeps_the_laws),
        cmocka_unit_test(decimal_sums_are_exact_past_128_bits),
        cmocka_unit_test(integer_sums_are_judged_at_the_end),
        cmocka_unit_test(variances_do_not_cancel),
        cmocka_unit_test(approximate_counts_are_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
