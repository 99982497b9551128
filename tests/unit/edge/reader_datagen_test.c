/* datagen: ranges, sequences, rates of NULL, every type, the same for one seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/edge/edge_probe.h"

static void sequences_end_the_rows(void **unused) {
    (void)unused;
    struct probe p;
    bool bounded = false;
    probe_begin(&p);
    probe_column(&p, "id", &type_bigint);
    probe_column(&p, "t", &type_text);
    probe_option(&p, "connector", "datagen");
    probe_option(&p, "fields.id.kind", "sequence");
    probe_option(&p, "fields.id.start", "5");
    probe_option(&p, "fields.id.end", "7");
    probe_option(&p, "fields.t.kind", "sequence");
    probe_option(&p, "fields.t.start", "-1");
    probe_option(&p, "fields.t.end", "100");
    assert_true(connector_check_source(&p.def, NULL, &bounded, &p.err));
    assert_true(bounded);
    assert_string_equal(probe_read_all(&p), "- {\"id\":5,\"t\":\"-1\"}\n- {\"id\":6,\"t\":\"0\"}\n"
                                            "- {\"id\":7,\"t\":\"1\"}\n");
    probe_end(&p);
}

static void random_values_stay_in_range(void **unused) {
    (void)unused;
    struct probe p;
    const struct batch *b;
    probe_begin(&p);
    probe_column(&p, "n", &type_bigint);
    probe_column(&p, "d", &type_double);
    probe_column(&p, "t", &type_text);
    probe_option(&p, "connector", "datagen");
    probe_option(&p, "number-of-rows", "2000");
    probe_option(&p, "fields.n.min", "-3");
    probe_option(&p, "fields.n.max", "3");
    probe_option(&p, "fields.d.min", "10");
    probe_option(&p, "fields.d.max", "11");
    probe_option(&p, "fields.t.length", "7");
    probe_option(&p, "fields.t.null-rate", "0.25");
    struct reader *r = probe_open(&p);
    assert_non_null(r);
    uint32_t seen = 0, nulls = 0;
    assert_int_equal(r->type->read(r, &b, &p.err), READ_ROWS);
    assert_int_equal(b->rows, 2000);
    for (uint32_t i = 0; i < b->rows; i++) {
        assert_true(b->col[0].as.i64[i] >= -3 && b->col[0].as.i64[i] <= 3);
        seen |= 1u << (b->col[0].as.i64[i] + 3);
        assert_true(b->col[1].as.f64[i] >= 10 && b->col[1].as.f64[i] < 11);
        nulls += !column_has(&b->col[2], i);
        if (column_has(&b->col[2], i)) assert_int_equal(b->col[2].as.text[i].bytes, 7);
    }
    assert_int_equal(seen, 127);
    assert_in_range(nulls, 400, 600);
    assert_int_equal(r->type->read(r, &b, &p.err), READ_END);
    r->type->close(r);
    probe_end(&p);
}

/* Every type can be made, nested ones by their parts; batches do not show. */
static void every_type_in_any_batches(void **unused) {
    (void)unused;
    static const uint32_t sizes[] = {1, 3, 7, BATCH_ROWS};
    char *first = NULL;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct probe p;
        probe_begin(&p);
        const struct field part[] = {{TEXT_LITERAL("x"), &type_bigint, false},
                                     {TEXT_LITERAL("y"), &type_boolean, false}};
        const uint32_t dim[] = {2, 2};
        probe_column(&p, "r", type_row(&p.arena, 2, part));
        probe_column(&p, "a", type_array(&p.arena, &type_double));
        probe_column(&p, "m", type_map(&p.arena, &type_text, &type_bigint));
        probe_column(&p, "c", type_decimal(&p.arena, 10, 2));
        probe_column(&p, "v", type_tensor(&p.arena, 2, dim));
        probe_column(&p, "ts", &type_timestamp3);
        probe_column(&p, "dt", &type_date);
        probe_column(&p, "tm", &type_time);
        probe_column(&p, "iv", &type_interval);
        probe_column(&p, "bl", &type_blob);
        probe_option(&p, "connector", "datagen");
        probe_option(&p, "number-of-rows", "20");
        probe_option(&p, "fields.r.x.max", "9");
        probe_option(&p, "fields.r.x.min", "9");
        probe_option(&p, "fields.m.key.length", "2");
        probe_option(&p, "fields.bl.length", "3");
        p.env.batch_rows = sizes[i];
        const char *got = probe_read_all(&p);
        assert_non_null(strstr(got, "\"r\":{\"x\":9,\"y\":"));
        if (!first) first = strdup(got);
        assert_string_equal(got, first);
        probe_end(&p);
    }
    free(first);
}

static void a_rate_goes_by_the_clock(void **unused) {
    (void)unused;
    struct probe p;
    const struct batch *b;
    probe_begin(&p);
    probe_column(&p, "n", &type_bigint);
    probe_option(&p, "connector", "datagen");
    probe_option(&p, "rows-per-second", "100");
    probe_set_clock(5000000);
    struct reader *r = probe_open(&p);
    assert_int_equal(r->type->read(r, &b, &p.err), READ_ROWS);
    assert_int_equal(b->rows, 1);
    assert_int_equal(r->type->read(r, &b, &p.err), READ_WAIT);
    probe_set_clock(5500000);
    assert_int_equal(r->type->read(r, &b, &p.err), READ_ROWS);
    assert_int_equal(b->rows, 50);
    r->type->close(r);
    probe_end(&p);
}

static void wrong_options_name_themselves(void **unused) {
    (void)unused;
    static const char *const wrong[][2] = {
        {"fields.x.min", "1"},          {"fields.n.min", "many"},  {"fields.n.kind", "sequence"},
        {"rows-per-second", "0"},       {"fields.n.length", "1"},  {"fields.b.min", "1"},
        {"fields.t.max-past", "1 s"},   {"fields.t.length", "-1"}, {"fields.n.start", "1"},
        {"fields.N.min", "1"},          {"fields.n.x.min", "1"},   {"fields.n.null-rate", "1.5"},
        {"fields.n.null-rate", "-0.1"}, {"number-of-rows", "-5"}};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct probe p;
        bool bounded;
        probe_begin(&p);
        probe_column(&p, "n", &type_bigint);
        probe_column(&p, "b", &type_boolean);
        probe_column(&p, "t", &type_text);
        probe_option(&p, "connector", "datagen");
        probe_option(&p, wrong[i][0], wrong[i][1]);
        assert_false(connector_check_source(&p.def, NULL, &bounded, &p.err));
        assert_string_equal(p.err.sqlstate, "22023");
        assert_non_null(strstr(p.err.message, wrong[i][0]));
        probe_end(&p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_end_the_rows),
        cmocka_unit_test(random_values_stay_in_range),
        cmocka_unit_test(every_type_in_any_batches),
        cmocka_unit_test(a_rate_goes_by_the_clock),
        cmocka_unit_test(wrong_options_name_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
