/* unparse_test.c: what is unparsed parses again to what unparses the same, for random statements
 * made from a small grammar: in the table, %x stands for any alternative of x.
 */
#include "sql/unparse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sql/parse.h"
#include "tests/unit/base/random.h"

static const struct {
    char symbol;
    uint32_t alternatives;
    const char *const *text;
} rules[] = {
#define RULE(symbol, ...)                                                                          \
    {                                                                                              \
        symbol, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *),                       \
            (const char *const[]) {                                                                \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
    /* names: the first alternative of each rule ends the recursion */
    RULE('n', "a", "b", "c1", "\"select\"", "`x y`", "model", "interval", "key", "\"a\"\"b\"",
         "first", "date", "second", "\"array\"", "final", "x$errors", "end", "offset", "\"1\"",
         "\"left\"", "\"x'\"", "\xC3\xA9"),
    RULE('N', "t", "bid", "\"table\"", "stream", "\"with\"", "query", "u"),
    RULE('l', "1", "0x1F", "2.5", ".5", "1e10", "'a'", "'it''s'", "''", "x'00ff'", "NULL", "TRUE",
         "false", "?", "?3", "DATE '2026-01-01'", "TIMESTAMP 'x'", "TIME ''", "x''",
         "INTERVAL '10' SECOND", "INTERVAL '1:30' MINUTE TO SECOND", "INTERVAL '-80 ms'"),
    RULE('e', "%l", "%n", "%n.%n", "%n.%n.%n", "(%e)", "%e %o %e", "%e %o %e", "%e %o %e", "%p%e",
         "%e%q", "%e %k %e", "%e BETWEEN %e AND %e", "%e NOT BETWEEN %e AND %e", "%e IN (%e, %e)",
         "%e NOT IN ()", "%e IN (%s)", "%e IN %N", "EXISTS (%s)", "(%s)",
         "CASE %e WHEN %e THEN %e ELSE %e END", "CASE WHEN %e THEN %e WHEN %e THEN %e END",
         "CAST(%e AS %T)", "TRY_CAST(%e AS %T)", "%c", "%c", "(%e, %e)", "ROW(%e)", "ARRAY[]",
         "ARRAY[%e, %e]", "MAP[%e, %e]", "%n[%e]", "%c[%e].%n", "(%e).%n", "(%e)[%e]",
         "CURRENT_TIMESTAMP", "EXTRACT(YEAR FROM %e)", "CEIL(%e TO DAY)", "POSITION(%c IN %e)",
         "TRIM(BOTH 'x' FROM %e)", "TRIM(%e)", "TIMESTAMPDIFF(HOURS, %e, %e)",
         "SUBSTRING(%e FROM %e FOR %e)"),
    RULE('o', "+", "-", "*", "/", "%", "||", "->", "->>", "&", "|", "<<", ">>", "<", "<=", ">",
         ">=", "=", "==", "<>", "IS", "IS NOT", "IS DISTINCT FROM", "AND", "OR"),
    RULE('p', "-", "+", "~", "NOT ", "- ", "NOT -"),
    RULE('q', " ISNULL", " NOT NULL", " IS NULL", " IS NOT TRUE", " COLLATE nocase",
         " LIKE 'x' ESCAPE '!'"),
    RULE('k', "LIKE", "NOT LIKE", "GLOB", "NOT REGEXP", "MATCH"),
    RULE('c', "f()", "count(*)", "%n(%e)", "f(%e, %e)", "sum(DISTINCT %e)", "left(%e, %e)",
         "f(%e) FILTER (WHERE %e)", "agg(%e ORDER BY %e DESC, %e NULLS LAST)", "f(MODEL m, %e)",
         "f(x => %e)", "sum(%e) OVER (%w)", "sum(%e) OVER w", "agg(%e) WITHIN GROUP (ORDER BY %e)",
         "f(TABLE %N, DESCRIPTOR(%n, %n))", "f(TABLE %N PARTITION BY %n ORDER BY %n)",
         "f(TABLE %N /*+ OPTIONS('a' = 'b') */ PARTITION BY %n)", "f(%n /*+ OPTIONS('a' = 'b') */)",
         "position(%e, %e)", "\"row\"(%e)"),
    RULE('w', "", "PARTITION BY %e, %e", "w ORDER BY %e", "PARTITION BY %e ORDER BY %e %f",
         "ROWS 1 PRECEDING"),
    RULE('f', "ROWS UNBOUNDED PRECEDING", "RANGE BETWEEN %e PRECEDING AND CURRENT ROW",
         "GROUPS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING"),
    RULE('T', "BIGINT", "DECIMAL(10, 2)", "ARRAY<%T>", "MAP<%T, %T>", "ROW<%n %T, b %T NOT NULL>",
         "TENSOR(3, *)", "TIMESTAMP(3) WITH LOCAL TIME ZONE", "DATE", "INTERVAL"),
    RULE('s', "SELECT %e", "SELECT %e FROM %r", "SELECT DISTINCT %e AS %n, *, t.* FROM %r WHERE %e",
         "SELECT %e FROM %r GROUP BY %e, %e HAVING %e", "VALUES (%e, %e), (%e, %e)",
         "%s UNION ALL SELECT %e", "%s EXCEPT VALUES (%e)", "WITH %N(%n) AS (%s) SELECT * FROM %N",
         "SELECT %e FROM %r ORDER BY %e DESC, %e NULLS FIRST LIMIT %e OFFSET %e",
         "SELECT %e FROM %r WINDOW w AS (%w), v AS (%w)", "SELECT 1 EMIT CHANGES"),
    RULE('r', "%N", "%N AS %n", "%N %N", "%N, %r", "%r JOIN %N ON %e", "%r LEFT JOIN %N USING (%n)",
         "%r NATURAL JOIN %N", "(%s) AS %n(%n, %n)", "TABLE(%N)", "TABLE(%c)", "LATERAL (%s)",
         "%N FOR SYSTEM_TIME AS OF %l AS x", "%N AS OF LSN 5", "(%r)", "UNNEST(%e) AS d(%n)",
         "UNNEST(%e) WITH ORDINALITY", "%N /*+ OPTIONS('a' = 'b') */", "%r FULL OUTER JOIN %N"),
    RULE('S', "%s", "%s", "EXPLAIN %s", "INSERT INTO %N (%n) %s", "CREATE VIEW %N AS %s",
         "CREATE STREAM %N (%n %T NOT NULL, c AS %e, WATERMARK FOR %n AS %e) WITH ('a' = 'b''c')",
         "CREATE TABLE %N (%n %T PRIMARY KEY NOT ENFORCED) PARTITIONED BY (%n)",
         "DELETE FROM %N WHERE %e", "UPDATE %N SET %n = %e, b = %e WHERE %e",
         "CREATE QUERY %N AS INSERT INTO %N %s",
         "CREATE MODEL %N INPUT (%n %T) OUTPUT (%n %T) WITH ('a' = 'b')",
         "CREATE TABLE %N (%n %T, PRIMARY KEY (%n, b) ENFORCED)",
         "CREATE FUNCTION f(%n %T) RETURNS %T AS %e", "DROP TABLE %N", "SHOW CREATE %N"),
#undef RULE
};

/* With a depth used up, the first alternative. */
static void expand(struct random *r, char symbol, uint32_t depth, struct buf *out) {
    size_t rule = 0;
    while (rules[rule].symbol != symbol) rule++;
    uint32_t n = depth > 0 ? (uint32_t)random_below(r, rules[rule].alternatives) : 0;
    for (const char *c = rules[rule].text[n]; *c; c++) {
        if (c[0] != '%' || c[1] == '\0') {
            buf_add_char(out, *c);
            continue;
        }
        c++;
        expand(r, *c, depth > 0 ? depth - 1 : 0, out);
    }
}

static void a_round(struct random *r, uint32_t *parsed) {
    struct buf sql, once, twice;
    buf_init(&sql);
    buf_init(&once);
    buf_init(&twice);
    struct arena a;
    arena_init(&a, 0);
    expand(r, 'S', 1 + (uint32_t)random_below(r, 6), &sql);

    struct ast_statement *s;
    struct err e;
    if (sql_parse_one(buf_text(&sql), &a, &s, &e)) {
        (*parsed)++;
        unparse_statement(s, &once);
        if (!sql_parse_one(buf_text(&once), &a, &s, &e))
            fail_msg("%s\nunparsed as %s\nis wrong: %s", sql.at, once.at, e.message);
        unparse_statement(s, &twice);
        if (!text_equal(buf_text(&once), buf_text(&twice)))
            fail_msg("%s\nunparsed as %s\nthen as %s", sql.at, once.at, twice.at);
    }
    arena_done(&a);
    buf_done(&sql);
    buf_done(&once);
    buf_done(&twice);
}

static void unparsed_text_is_a_fixed_point(void **unused) {
    (void)unused;
    struct random r = random_start("unparsed_text_is_a_fixed_point");
    uint32_t parsed = 0, rounds = random_rounds(5000);
    for (uint32_t i = 0; i < rounds; i++) a_round(&r, &parsed);
    print_message("# %u of %u parse\n", parsed, rounds);
    assert_true(parsed > rounds / 2);
}

static void names_are_quoted_only_when_they_must(void **unused) {
    (void)unused;
    static const struct {
        const char *name, *want;
    } names[] = {{"abc", "abc"},           {"A1$", "A1$"},
                 {"select", "\"select\""}, {"a b", "\"a b\""},
                 {"1a", "\"1a\""},         {"", "\"\""},
                 {"a\"b", "\"a\"\"b\""},   {"caf\xC3\xA9", "caf\xC3\xA9"},
                 {"minute", "\"minute\""}};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct buf out;
        buf_init(&out);
        unparse_name(text_of(names[i].name), &out);
        assert_string_equal(out.at, names[i].want);
        buf_done(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unparsed_text_is_a_fixed_point),
        cmocka_unit_test(names_are_quoted_only_when_they_must),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
