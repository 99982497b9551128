/* script_test.c: scripts: one statement at a time, replacement of ${name}, places in the script,
 * statement sets, what a shell asks, and the key by which equal statements are known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/base/random.h"
#include "tests/unit/sql/parse_probe.h"

static void expect_script(const char *sql, const struct defines *d, const char *want) {
    struct parse_probe p;
    parse_probe_init(&p);
    assert_string_equal(parse_probe_script(&p, sql, d), want);
    parse_probe_done(&p);
}

static void a_script_is_its_statements_up_to_the_first_error(void **unused) {
    (void)unused;
    expect_script("", NULL, "");
    expect_script(" ; ;; -- x\n", NULL, "");
    expect_script("\xEF\xBB\xBFSELECT 1 )", NULL, "42601 1:10 syntax error at or near \")\"");
    expect_script("SELECT 1; SELECT ';' ;SELECT \";\"/* ; */ -- ;\n", NULL,
                  "SELECT 1;SELECT ';';SELECT \";\";");
    expect_script("SELECT 1;\n\n  SELECT FROM; SELECT 2", NULL,
                  "SELECT 1;42601 3:10 syntax error at or near \"FROM\"");
}

static void after_an_error_the_next_statement_follows(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    struct sql_script s;
    sql_script_init(&s, TEXT_LITERAL("SELECT 1 2; SELECT 'a;b' c d;\nSELECT 3"), NULL);
    struct ast_statement *st;
    struct err e;
    assert_false(sql_parse_next(&s, &a, &st, &e));
    assert_false(sql_parse_next(&s, &a, &st, &e));
    assert_int_equal(e.column, 28);
    assert_true(sql_parse_next(&s, &a, &st, &e));
    assert_non_null(st);
    assert_false(
        source_error(st->source, st->as.select->cores.at[0].items.at[0].at, &e, "42703", "x"));
    assert_int_equal(e.line, 2);
    assert_int_equal(e.column, 8);
    assert_int_equal(e.offset, 37);
    assert_true(sql_parse_next(&s, &a, &st, &e));
    assert_null(st);
    arena_done(&a);
}

static void define(struct defines *d, const char *name, const char *value) {
    struct err e;
    assert_true(defines_set(d, text_of(name), text_of(value), &e));
}

static void names_are_replaced_everywhere_but_in_comments(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    struct defines d;
    defines_init(&d, &a);
    define(&d, "t", "bid");
    define(&d, "DIR", "/data");
    define(&d, "n", "1");
    define(&d, "n", "10");
    define(&d, "two", "SELECT 1; SELECT 2");
    define(&d, "again", "${n}");
    expect_script("SELECT '${DIR}/x' FROM ${t} a_${t} LIMIT ${n}", &d,
                  "SELECT '/data/x' FROM bid AS a_bid LIMIT 10;");
    expect_script("SELECT 1 -- ${no}\n /* ${no} */, 2", &d, "SELECT 1, 2;");
    expect_script("SELECT * FROM ${t} /*+ OPTIONS('path' = '${DIR}') */", &d,
                  "SELECT * FROM bid /*+ OPTIONS('path' = '/data') */;");
    expect_script("${two}; SELECT 3", &d, "SELECT 1;SELECT 2;SELECT 3;");
    expect_script("SELECT '${again} $x ${} ${a b} $'", &d, "SELECT '${n} $x ${} ${a b} $';");
    expect_script("SELECT 1;\nSELECT '${nO}'", &d,
                  "SELECT 1;42601 2:9 \"nO\" is not defined | DEFINE nO = '...'; or --define "
                  "nO=...");
    expect_script("SELECT '${n}'", NULL, "SELECT '${n}';");
    arena_done(&a);
}

/* Before, at and behind a replaced name: the script's own columns. */
static void places_are_those_of_the_script(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    struct defines d;
    defines_init(&d, &a);
    define(&d, "long", "a_very_long_name, another");
    define(&d, "empty", "");
    define(&d, "wrong", "x y z");
    expect_script("SELECT ${long} FROM t\nWHERE ${long} )", &d,
                  "42601 2:7 syntax error at or near \",\"");
    expect_script("SELECT ${long} ${empty} FROM t )", &d,
                  "42601 1:32 syntax error at or near \")\"");
    expect_script("SELECT 1,\n ${wrong}", &d, "42601 2:2 syntax error at or near \"z\"");
    expect_script("${empty}SELECT ${long} FROM )", &d, "42601 1:29 syntax error at or near \")\"");
    arena_done(&a);
}

static void a_statement_set_is_its_statements(void **unused) {
    (void)unused;
    const char *want = "INSERT INTO a SELECT 1;INSERT INTO b SELECT 2;";
    expect_script(
        "EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; INSERT INTO b SELECT 2; END;", NULL,
        want);
    expect_script("begin statement set; INSERT INTO a SELECT 1; INSERT INTO b SELECT 2; end", NULL,
                  want);
    expect_script("BEGIN STATEMENT SET; INSERT INTO a SELECT 1", NULL,
                  "INSERT INTO a SELECT 1;42601 0:0 the statement set has no END");
    expect_script("BEGIN STATEMENT SET; SELECT 1; END", NULL,
                  "42601 1:22 a statement set holds INSERT statements only");
    expect_script("SELECT 1; END", NULL, "SELECT 1;42601 1:11 syntax error at or near \"END\"");
}

static void a_shell_knows_what_is_open(void **unused) {
    (void)unused;
    static const struct {
        const char *text;
        enum sql_input state;
        uint32_t ready;
    } inputs[] = {
        {"", SQL_INPUT_EMPTY, 0},
        {" -- x\n/* y */", SQL_INPUT_EMPTY, 0},
        {"SELECT 1", SQL_INPUT_OPEN, 0},
        {"SELECT 1;", SQL_INPUT_COMPLETE, 9},
        {"SELECT 1; -- x", SQL_INPUT_COMPLETE, 9},
        {"SELECT 1; SELECT", SQL_INPUT_OPEN, 9},
        {"SELECT 1; SELECT '", SQL_INPUT_QUOTE, 9},
        {"SELECT ';", SQL_INPUT_QUOTE, 0},
        {"SELECT \"a;", SQL_INPUT_QUOTE, 0},
        {"SELECT `a;", SQL_INPUT_QUOTE, 0},
        {"SELECT x'a;", SQL_INPUT_QUOTE, 0},
        {"SELECT 'it''s;'", SQL_INPUT_OPEN, 0},
        {"SELECT 1 /* ;", SQL_INPUT_COMMENT, 0},
        {"; /* ;", SQL_INPUT_COMMENT, 1},
        {"SELECT # ;", SQL_INPUT_COMPLETE, 10},
        {"EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1;", SQL_INPUT_OPEN, 0},
        {"EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; END;", SQL_INPUT_COMPLETE, 56},
        {"BEGIN STATEMENT SET;", SQL_INPUT_OPEN, 0},
        {"SELECT 1; BEGIN STATEMENT SET; INSERT", SQL_INPUT_OPEN, 9},
        {"BEGIN STATEMENT SET; INSERT INTO a SELECT 1; END;", SQL_INPUT_COMPLETE, 49},
        {"BEGIN;", SQL_INPUT_COMPLETE, 6},
    };
    for (size_t i = 0; i < COUNT_OF(inputs); i++) {
        uint32_t ready;
        assert_int_equal(sql_input_state(text_of(inputs[i].text), &ready), inputs[i].state);
        assert_int_equal(ready, inputs[i].ready);
    }
}

static bool same_key(const char *x, const char *y) {
    struct buf a, b;
    buf_init(&a);
    buf_init(&b);
    sql_text_key(text_of(x), &a);
    sql_text_key(text_of(y), &b);
    bool same = text_equal(buf_text(&a), buf_text(&b));
    buf_done(&a);
    buf_done(&b);
    return same;
}

static void the_key_forgets_spaces_and_comments_only(void **unused) {
    (void)unused;
    assert_true(same_key("CREATE VIEW v AS\n SELECT a+1 -- x\n;", "CREATE VIEW v AS SELECT a + 1"));
    assert_true(same_key("SELECT/**/1", " SELECT 1 ;"));
    assert_false(same_key("SELECT 'a b'", "SELECT 'a  b'"));
    assert_false(same_key("SELECT ab", "SELECT a b"));
    assert_false(same_key("SELECT a>>b", "SELECT a> >b") && same_key("SELECT 1", "SELECT 2"));
    assert_false(same_key("SELECT 1", "select 1"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_script_is_its_statements_up_to_the_first_error),
        cmocka_unit_test(after_an_error_the_next_statement_follows),
        cmocka_unit_test(names_are_replaced_everywhere_but_in_comments),
        cmocka_unit_test(places_are_those_of_the_script),
        cmocka_unit_test(a_statement_set_is_its_statements),
        cmocka_unit_test(a_shell_knows_what_is_open),
        cmocka_unit_test(the_key_forgets_spaces_and_comments_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
