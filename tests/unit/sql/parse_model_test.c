/* parse_model_test.c: what SQL says about models has its tree, and every part of it knows where it
 * stands: statements, arguments `MODEL m` and `DESCRIPTOR(..)`, UNNEST in FROM.
 */
#include "sql/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/sql/parse_probe.h"

static void every_form_is_read_and_written_alike(void **unused) {
    (void)unused;
    static const struct {
        const char *sql, *canonical; /* NULL: the same */
    } forms[] = {
        {"CREATE MODEL cars WITH ('provider' = 'onnx', 'path' = 'yolox_nano.onnx')", NULL},
        {"CREATE OR REPLACE MODEL m INPUT (img IMAGE NOT NULL COMMENT 'a', h DOUBLE) "
         "OUTPUT (label TEXT) COMMENT 'what it sees' WITH ('provider' = 'train')",
         NULL},
        {"CREATE MODEL IF NOT EXISTS m OUTPUT (p DOUBLE) INPUT (v VECTOR(8))",
         "CREATE MODEL IF NOT EXISTS m INPUT (v VECTOR(8)) OUTPUT (p DOUBLE)"},
        {"INSERT INTO MODEL cnn SELECT image_decode(png), label FROM train", NULL},
        {"INSERT INTO MODEL cnn VALUES (1, 2)", NULL},
        {"CREATE QUERY q AS INSERT INTO MODEL cnn SELECT a, b FROM train", NULL},
        {"EXPORT MODEL cnn TO 'cnn.onnx'", NULL},
        {"SHOW MODELS", NULL},
        {"SHOW MODELS LIKE 'c%'", NULL},
        {"SHOW CREATE MODEL cnn", NULL},
        {"DESCRIBE MODEL cnn", NULL},
        {"DROP MODEL cnn", NULL},
        {"DROP MODEL IF EXISTS cnn", NULL},
        {"SELECT classify_top(MODEL m, img, 3), model_version(MODEL \"m\"), f(x => MODEL n)",
         "SELECT classify_top(MODEL m, img, 3), model_version(MODEL m), f(x => MODEL n)"},
        {"SELECT * FROM ML_PREDICT(TABLE t, MODEL m, DESCRIPTOR(c, d))",
         "SELECT * FROM TABLE(ML_PREDICT(TABLE t, MODEL m, DESCRIPTOR(c, d)))"},
        {"SELECT * FROM TABLE(ML_PREDICT(INPUT => TABLE t, MODEL => MODEL m, "
         "ARGS => DESCRIPTOR(c), CONFIG => MAP['async', 'true']))",
         "SELECT * FROM TABLE(ML_PREDICT(\"INPUT\" => TABLE t, \"MODEL\" => MODEL m, "
         "ARGS => DESCRIPTOR(c), CONFIG => MAP['async', 'true']))"},
        {"SELECT * FROM TABLE(ML_EVALUATE(TABLE (SELECT a FROM t), MODEL m, DESCRIPTOR(l), "
         "DESCRIPTOR(c), 'classification'))",
         NULL},
        {"SELECT * FROM TABLE(TRACK(TABLE d PARTITION BY camera, DESCRIPTOR(ts), 0.3, 5))", NULL},
        {"SELECT * FROM t CROSS JOIN UNNEST(detect(MODEL m, img)) WITH ORDINALITY AS d(l, s, n)",
         NULL},
        {"SELECT * FROM t LEFT OUTER JOIN UNNEST(a) AS d(l, s) ON TRUE",
         "SELECT * FROM t LEFT JOIN UNNEST(a) AS d(l, s) ON TRUE"},
        {"SELECT * FROM t, UNNEST(a) d", "SELECT * FROM t, UNNEST(a) AS d"},
        {"SELECT * FROM m$training EMIT CHANGES", NULL},
    };
    struct parse_probe p;
    parse_probe_init(&p);
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        const char *want = forms[i].canonical ? forms[i].canonical : forms[i].sql;
        assert_string_equal(parse_probe(&p, forms[i].sql), want);
        assert_string_equal(parse_probe(&p, want), want);
    }
    parse_probe_done(&p);
}

/* A clause that says something anew would make the first one be ignored. */
static void no_clause_stands_twice(void **unused) {
    (void)unused;
    static const struct {
        const char *sql, *error;
    } rows[] = {
        {"CREATE MODEL m WITH ('a' = 'b') WITH ('a' = 'c')",
         "42601 1:33 syntax error at or near \"WITH\""},
        {"CREATE MODEL m COMMENT 'a' COMMENT 'b'", "42601 1:36 syntax error at or near \"'b'\""},
        {"CREATE MODEL m INPUT (a INT) INPUT (b INT)",
         "42601 1:30 syntax error at or near \"INPUT\""},
        {"CREATE STREAM t (a INT) WITH ('a' = 'b') WITH ('a' = 'c')",
         "42601 1:42 syntax error at or near \"WITH\""},
        {"CREATE STREAM t (a INT) COMMENT 'a' COMMENT 'b'",
         "42601 1:45 syntax error at or near \"'b'\""},
        {"CREATE STREAM t (a INT) PARTITIONED BY (a) PARTITIONED BY (b)",
         "42601 1:44 syntax error at or near \"PARTITIONED\""},
    };
    struct parse_probe p;
    parse_probe_init(&p);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_string_equal(parse_probe(&p, rows[i].sql), rows[i].error);
    parse_probe_done(&p);
}

static const struct ast_statement *parsed(struct arena *a, const char *sql) {
    struct ast_statement *s;
    struct err e;
    assert_true(sql_parse_one(text_of(sql), a, &s, &e));
    return s;
}

static void expect_slice(const struct ast_statement *s, uint32_t start, uint32_t end,
                         const char *want) {
    assert_true(start <= end && end <= s->source->text.bytes);
    struct text got = {.at = s->source->text.at + start, .bytes = end - start};
    assert_true(text_equal(got, text_of(want)));
}

static void an_argument_knows_its_slice(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    const struct ast_statement *s =
        parsed(&a, "SELECT * FROM TABLE(ML_PREDICT(INPUT => TABLE t /*+ OPTIONS('a'='b') */, "
                   "MODEL \"m x\" , DESCRIPTOR(c, d), TABLE (SELECT 1) PARTITION BY (k, l), "
                   "TABLE u PARTITION BY k ORDER BY z DESC, x + 1))");
    const struct ast_source *from = &s->as.select->cores.at[0].from.at[0];
    assert_int_equal(from->kind, AST_SOURCE_CALL);
    expect_slice(s, from->start, from->start + 10, "ML_PREDICT");
    static const struct {
        enum ast_arg_kind kind;
        const char *slice;
    } want[] = {
        {AST_ARG_TABLE, "TABLE t /*+ OPTIONS('a'='b') */"},
        {AST_ARG_MODEL, "MODEL \"m x\""},
        {AST_ARG_DESCRIPTOR, "DESCRIPTOR(c, d)"},
        {AST_ARG_TABLE, "TABLE (SELECT 1) PARTITION BY (k, l)"},
        {AST_ARG_TABLE, "TABLE u PARTITION BY k ORDER BY z DESC"},
        {AST_ARG_EXPR, "x + 1"},
    };
    const struct ast_args *args = &from->call->args;
    assert_int_equal(args->count, COUNT_OF(want));
    for (uint32_t i = 0; i < args->count; i++) {
        assert_int_equal(args->at[i].kind, want[i].kind);
        expect_slice(s, args->at[i].start, args->at[i].end, want[i].slice);
    }
    const struct ast_name *m = &args->at[1].object, *d = &args->at[2].columns.at[1];
    expect_slice(s, m->at, m->at + 5, "\"m x\"");
    assert_true(text_equal(m->text, TEXT_LITERAL("m x")));
    expect_slice(s, d->at, d->at + 1, "d");
    assert_int_equal(args->at[3].partition_by.count, 2);
    arena_done(&a);
}

static void a_model_knows_where_its_parts_stand(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    const struct ast_statement *s = parsed(
        &a, "CREATE MODEL m INPUT (a DOUBLE) OUTPUT (p DOUBLE) COMMENT 'c' WITH ('k' = 'v')");
    const struct ast_create_model *m = &s->as.create_model;
    expect_slice(s, m->create.name.at, m->create.name.at + 1, "m");
    expect_slice(s, m->inputs_at, m->inputs_at + 5, "INPUT");
    expect_slice(s, m->outputs_at, m->outputs_at + 6, "OUTPUT");
    expect_slice(s, m->inputs.at[0].name.at, m->inputs.at[0].name.at + 8, "a DOUBLE");
    expect_slice(s, m->options.at[0].key_at, m->options.at[0].key_at + 3, "'k'");
    expect_slice(s, m->options.at[0].value_at, m->options.at[0].value_at + 3, "'v'");
    assert_true(text_equal(m->comment, TEXT_LITERAL("c")));
    assert_int_equal(parsed(&a, "CREATE MODEL m WITH ('k' = 'v')")->as.create_model.inputs_at, 0);
    arena_done(&a);
}

static void unnest_is_a_source_of_its_own(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    const struct ast_statement *s =
        parsed(&a, "SELECT * FROM t LEFT JOIN UNNEST(f(x)) WITH ORDINALITY AS d(l, n) ON TRUE");
    const struct ast_source *u = &s->as.select->cores.at[0].from.at[1];
    assert_int_equal(u->kind, AST_SOURCE_UNNEST);
    assert_int_equal(u->join, AST_JOIN_LEFT);
    assert_true(u->ordinality && u->on);
    assert_int_equal(u->args.count, 1);
    assert_int_equal(u->columns.count, 2);
    expect_slice(s, u->join_at, u->join_at + 4, "LEFT");
    expect_slice(s, u->start, u->end, "UNNEST(f(x)) WITH ORDINALITY AS d(l, n)");
    expect_slice(s, u->args.at[0]->start, u->args.at[0]->end, "f(x)");
    expect_slice(s, u->alias.at, u->columns.at[1].at + 1, "d(l, n");
    expect_slice(s, u->on->start, u->on->end, "TRUE");
    arena_done(&a);
}

static void models_are_names_elsewhere(void **unused) {
    (void)unused;
    static const char *const sql[] = {
        "SELECT model, input, output FROM model",
        "SELECT predict(model, x), predict(MODEL model, x), lower(model) FROM t",
        "SELECT export FROM t AS track",
        "SELECT track, unnest, ordinality FROM ml_predict",
        "CREATE STREAM model (model TEXT, input BIGINT, output BIGINT)",
        "DROP MODEL model",
        "INSERT INTO MODEL model SELECT 1",
        "EXPORT MODEL model TO 'x'",
    };
    struct arena a;
    arena_init(&a, 0);
    for (size_t i = 0; i < COUNT_OF(sql); i++) assert_non_null(parsed(&a, sql[i]));
    const struct ast_statement *s = parsed(&a, sql[1]);
    const struct ast_items *items = &s->as.select->cores.at[0].items;
    assert_int_equal(items->at[0].expr->as.call->args.at[0].kind, AST_ARG_EXPR);
    assert_int_equal(items->at[1].expr->as.call->args.at[0].kind, AST_ARG_MODEL);
    arena_done(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_is_read_and_written_alike),
        cmocka_unit_test(no_clause_stands_twice),
        cmocka_unit_test(an_argument_knows_its_slice),
        cmocka_unit_test(a_model_knows_where_its_parts_stand),
        cmocka_unit_test(unnest_is_a_source_of_its_own),
        cmocka_unit_test(models_are_names_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
