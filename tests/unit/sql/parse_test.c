/* parse_test.c: every form of the language has its tree: shown by the canonical text that the tree
 * unparses to, where that differs from what was written, and by the tree's own fields.
 */
#include "sql/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/sql/parse_probe.h"

/* { as written, as unparsed }; NULL: the same */
struct pair {
    const char *sql, *canonical;
};

static void expect_pairs(const struct pair *pair, size_t pairs) {
    struct parse_probe p;
    parse_probe_init(&p);
    for (size_t i = 0; i < pairs; i++) {
        const char *want = pair[i].canonical ? pair[i].canonical : pair[i].sql;
        assert_string_equal(parse_probe(&p, pair[i].sql), want);
        assert_string_equal(parse_probe(&p, want), want);
    }
    parse_probe_done(&p);
}

#define EXPECT_PAIRS(list) expect_pairs(list, COUNT_OF(list))

static void values_and_names(void **unused) {
    (void)unused;
    static const struct pair pairs[] = {
        {"SELECT 1, 0x1F, 1.5, .5, 1e3, 'it''s', x'00ff', NULL, ?1, ?3, ?4", NULL},
        {"select ?, ?3, ?", "SELECT ?1, ?3, ?4"},
        {"SELECT true, False, \"true\", t.true", "SELECT TRUE, FALSE, \"true\", t.true"},
        {"SELECT a, t.a, r.a.b, (r).a, f(x).y, x[1].z, (a + b).c", NULL},
        {"SELECT `a b`, \"select\", \"\"\"\", x$errors",
         "SELECT \"a b\", \"select\", \"\"\"\", x$errors"},
        {"SELECT m['k'], x[1][2], f(x)[1], \"array\"[1], \"map\"['k']", NULL},
        {"SELECT map['k']", "SELECT \"map\"['k']"},
        {"SELECT ARRAY[], ARRAY[1, 2], MAP['k', 1], ROW(1, 'a')", NULL},
        {"SELECT (1, 2), Row()", "SELECT ROW(1, 2), ROW()"},
        {"SELECT TIMESTAMP '2026-01-01', DATE 'x', TIME '1:2'", NULL},
        {"SELECT timestamp, date, time, interval, second, minutes, model, stream, session", NULL},
        {"SELECT watermark, changes, final, key, query, view, first, row, like, match, end", NULL},
        {"SELECT current_timestamp, CURRENT_DATE, localtime",
         "SELECT current_timestamp(), CURRENT_DATE(), localtime()"},
    };
    EXPECT_PAIRS(pairs);
}

static void intervals(void **unused) {
    (void)unused;
    static const struct pair pairs[] = {
        {"SELECT x - INTERVAL '4' SECOND", NULL},
        {"SELECT INTERVAL '1:30' MINUTE TO SECOND", "SELECT INTERVAL '90' SECOND"},
        {"SELECT INTERVAL '10 seconds'", "SELECT INTERVAL '10' SECOND"},
        {"SELECT INTERVAL '10 seconds' s", "SELECT INTERVAL '10' SECOND AS s"},
        {"SELECT interval '60' minutes", "SELECT INTERVAL '1' HOUR"},
        {"SELECT INTERVAL '10' DAY(3)", "SELECT INTERVAL '10' DAY"},
        {"SELECT INTERVAL '0' DAY", "SELECT INTERVAL '0' SECOND"},
    };
    EXPECT_PAIRS(pairs);
}

static void types(void **unused) {
    (void)unused;
    static const struct pair pairs[] = {
        {"SELECT CAST(x AS BIGINT), TRY_CAST(x AS DECIMAL(10, 2)), cast, try_cast.x", NULL},
        {"SELECT CAST(x AS ROW<a ARRAY<BIGINT>>), 1 >> 2", NULL},
        {"SELECT CAST(x AS MAP<TEXT, ARRAY<ROW<a MAP<TEXT, BIGINT>>>>)", NULL},
        {"SELECT CAST(x AS ROW<a ARRAY<BIGINT> >), 1>>2",
         "SELECT CAST(x AS ROW<a ARRAY<BIGINT>>), 1 >> 2"},
        {"SELECT CAST(x AS ROW(a BIGINT NOT NULL COMMENT 'c', b TEXT NULL))",
         "42601 1:40 syntax error at or near \"COMMENT\""},
        {"SELECT CAST(x AS ROW(a BIGINT NOT NULL 'c', b TEXT NULL))",
         "SELECT CAST(x AS ROW<a BIGINT NOT NULL, b TEXT>)"},
        {"SELECT CAST(x AS TENSOR(3, *, 5))", NULL},
        {"SELECT CAST(x AS TIMESTAMP(3) WITH LOCAL TIME ZONE)",
         "SELECT CAST(x AS TIMESTAMP_LTZ(3))"},
        {"SELECT CAST(x AS timestamp without time zone)", "SELECT CAST(x AS timestamp)"},
        {"SELECT CAST(x AS double precision)", "SELECT CAST(x AS double)"},
    };
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        struct parse_probe p;
        parse_probe_init(&p);
        const char *want = pairs[i].canonical ? pairs[i].canonical : pairs[i].sql;
        assert_string_equal(parse_probe(&p, pairs[i].sql), want);
        parse_probe_done(&p);
    }
}

static void operators(void **unused) {
    (void)unused;
    static const struct pair pairs[] = {
        {"SELECT a OR b AND NOT c = d < e & f + g * h || -i COLLATE nocase", NULL},
        {"SELECT (a OR b) AND (c AND d), a - (b - c), (a - b) - c, -(a + b), NOT (a OR b)",
         "SELECT (a OR b) AND (c AND d), a - (b - c), a - b - c, -(a + b), NOT (a OR b)"},
        {"SELECT a == b, a != b, a isnull, a notnull, a NOT NULL, a IS NOT NULL",
         "SELECT a = b, a <> b, a IS NULL, a IS NOT NULL, a IS NOT NULL, a IS NOT NULL"},
        {"SELECT a IS NOT DISTINCT FROM b, a IS DISTINCT FROM b", "SELECT a IS b, a IS NOT b"},
        {"SELECT a IS TRUE, a IS NOT FALSE, a IS (NULL), a IS NOT (TRUE)", NULL},
        {"SELECT a LIKE 'x' ESCAPE '\\', a NOT GLOB b, a regexp b, a NOT MATCH b",
         "SELECT a LIKE 'x' ESCAPE '\\', a NOT GLOB b, a REGEXP b, a NOT MATCH b"},
        {"SELECT a BETWEEN 1 AND 2 AND b NOT BETWEEN 3 AND 4 OR c", NULL},
        {"SELECT a IN (1, 2), a NOT IN (), a IN (SELECT 1), NOT a IN (1)", NULL},
        {"SELECT a IN t", "SELECT a IN (SELECT * FROM t)"},
        {"SELECT EXISTS (SELECT 1), (SELECT 2), NOT EXISTS (SELECT 3)", NULL},
        {"SELECT - - a, -+~a, a - -1, a -> 'x' ->> 'y'",
         "SELECT - -a, - + ~a, a - -1, a -> 'x' ->> 'y'"},
        {"SELECT CASE a WHEN 1 THEN 2 ELSE end END, CASE WHEN a THEN end END", NULL},
    };
    EXPECT_PAIRS(pairs);
}

static void calls(void **unused) {
    (void)unused;
    static const struct pair pairs[] = {
        {"SELECT f(), count(*), lower(model), now(), left(a, 1), replace(a, b, c), if(a, b, c)",
         NULL},
        {"SELECT sum(DISTINCT a) FILTER (WHERE b > 1), array_agg(a ORDER BY b DESC NULLS LAST)",
         NULL},
        {"SELECT listagg(a, ',') WITHIN GROUP (ORDER BY b)", "SELECT listagg(a, ',' ORDER BY b)"},
        {"SELECT classify(MODEL m, img), predict(MODEL \"model\", x), model(model)", NULL},
        {"SELECT EXTRACT(YEARS FROM ts), extract(doy FROM ts)",
         "SELECT EXTRACT('year', ts), extract('doy', ts)"},
        {"SELECT CEIL(ts TO DAY), floor(ts to hours), ceil(x)",
         "SELECT CEIL(ts, 'day'), floor(ts, 'hour'), ceil(x)"},
        {"SELECT TIMESTAMPDIFF(SECOND, a, b), TIMESTAMPADD(\"day\", 1, b)",
         "SELECT TIMESTAMPDIFF('second', a, b), \"TIMESTAMPADD\"(day, 1, b)"},
        {"SELECT TRIM(BOTH 'x' FROM y), TRIM(LEADING 'x' FROM y), TRIM(TRAILING FROM y), trim(x)",
         "SELECT trim(y, 'x'), ltrim(y, 'x'), rtrim(y), trim(x)"},
        {"SELECT SUBSTRING(x FROM 1 FOR 2), substring(x FROM 2)",
         "SELECT SUBSTRING(x, 1, 2), substring(x, 2)"},
        {"SELECT POSITION(a IN b), position((a IN (b)), c), position, POSITION(a || b IN c)",
         "SELECT POSITION(a, b), \"position\"(a IN (b), c), position, POSITION(a || b, c)"},
        {"SELECT sum(a) OVER w, sum(a) OVER (PARTITION BY b ORDER BY c ROWS 3 PRECEDING)",
         "SELECT sum(a) OVER (w), sum(a) OVER (PARTITION BY b ORDER BY c ROWS BETWEEN 3 PRECEDING "
         "AND CURRENT ROW)"},
        {"SELECT sum(a) OVER (w RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND UNBOUNDED FOLLOWING)",
         NULL},
    };
    EXPECT_PAIRS(pairs);
}

static void sources(void **unused) {
    (void)unused;
    static const struct pair pairs[] = {
        {"SELECT * FROM TABLE(TUMBLE(DATA => TABLE bid, TIMECOL => DESCRIPTOR(ts), "
         "SIZE => INTERVAL '10' MINUTE))",
         NULL},
        {"SELECT * FROM HOP(TABLE bid, descriptor(ts), INTERVAL '2' SECOND, INTERVAL '10' SECOND)",
         "SELECT * FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '2' SECOND, "
         "INTERVAL '10' SECOND))"},
        {"SELECT * FROM TUMBLE(bid, ts, INTERVAL '10 minutes')",
         "SELECT * FROM TABLE(TUMBLE(bid, ts, INTERVAL '10' MINUTE))"},
        {"SELECT * FROM TABLE(SESSION(TABLE bid PARTITION BY bidder, DESCRIPTOR(ts), 1))", NULL},
        {"SELECT * FROM TABLE(f(TABLE bid PARTITION BY (a, b) ORDER BY c, 1))", NULL},
        {"SELECT * FROM TABLE(f(TABLE bid /*+ OPTIONS('a' = 'b') */ PARTITION BY a, 1))", NULL},
        {"SELECT * FROM f(bid /*+ OPTIONS('a' = 'b') */, 1)",
         "SELECT * FROM TABLE(f(TABLE bid /*+ OPTIONS('a' = 'b') */, 1))"},
        {"SELECT * FROM TABLE(f(TABLE (SELECT 1)))", NULL},
        {"SELECT * FROM TABLE(s) AS x, model AS final",
         "SELECT * FROM TABLE(s) AS x, \"model\" AS final"},
        {"SELECT * FROM a, b JOIN c ON a.x = c.x LEFT OUTER JOIN d USING (x, y) CROSS JOIN e",
         "SELECT * FROM a, b JOIN c ON a.x = c.x LEFT JOIN d USING (x, y) CROSS JOIN e"},
        {"SELECT * FROM a NATURAL FULL JOIN b RIGHT JOIN (c JOIN d ON TRUE) ON FALSE", NULL},
        {"SELECT * FROM t AS d(a, b), (VALUES (1, 2), (3, 4)) v(x, y), (SELECT 1)",
         "SELECT * FROM t AS d(a, b), (VALUES (1, 2), (3, 4)) AS v(x, y), (SELECT 1)"},
        {"SELECT * FROM t CROSS JOIN UNNEST(detect(MODEL m, i)) WITH ORDINALITY AS d(a, n)", NULL},
        {"SELECT * FROM t LEFT JOIN LATERAL TABLE(f(x)) AS q ON TRUE", NULL},
        {"SELECT * FROM bid /*+ OPTIONS('a' = 'b', 'c' = 'd') */ AS b", NULL},
        {"SELECT * FROM a FOR SYSTEM_TIME AS OF b.ts AS s, c AS OF LSN 5",
         "SELECT * FROM a FOR SYSTEM_TIME AS OF b.ts AS s, c FOR SYSTEM_TIME AS OF LSN 5"},
        {"SELECT * FROM t MATCH_RECOGNIZE (PARTITION BY a PATTERN (A B*) DEFINE A AS (1)) AS m",
         "SELECT * FROM t MATCH_RECOGNIZE () AS m"},
        {"SELECT * FROM (SELECT 1) MATCH_RECOGNIZE ((A)) AS m, TABLE(s) MATCH_RECOGNIZE ()",
         "SELECT * FROM (SELECT 1) MATCH_RECOGNIZE () AS m, TABLE(s) MATCH_RECOGNIZE ()"},
        {"SELECT * FROM x$late EMIT CHANGES", NULL},
    };
    EXPECT_PAIRS(pairs);
}

static void queries(void **unused) {
    (void)unused;
    static const struct pair pairs[] = {
        {"SELECT DISTINCT a b, t.*, * FROM t WHERE a > 1 GROUP BY a, b HAVING c "
         "WINDOW w AS (PARTITION BY x), v AS (w) ORDER BY 1 DESC, 2 NULLS LAST LIMIT 10 OFFSET 5",
         "SELECT DISTINCT a AS b, t.*, * FROM t WHERE a > 1 GROUP BY a, b HAVING c "
         "WINDOW w AS (PARTITION BY x), v AS (w) ORDER BY 1 DESC, 2 NULLS LAST LIMIT 10 OFFSET 5"},
        {"SELECT 1 LIMIT 2, 3", "SELECT 1 LIMIT 3 OFFSET 2"},
        {"SELECT a FROM t FETCH NEXT 5 ROWS ONLY", "SELECT a FROM t LIMIT 5"},
        {"SELECT 1 UNION SELECT 2 UNION ALL SELECT 3 INTERSECT VALUES (4) EXCEPT SELECT 5", NULL},
        {"WITH RECURSIVE a(x) AS (SELECT 1), b AS (SELECT 2) SELECT * FROM a, b EMIT FINAL", NULL},
        {"SELECT k, TUMBLE_START(ts, INTERVAL '10' SECOND) FROM b "
         "GROUP BY k, TUMBLE(ts, INTERVAL '10' SECOND)",
         NULL},
        {"SELECT a desc, b asc, c first, d over1, e key FROM t ORDER BY desc desc",
         "SELECT a AS \"desc\", b AS \"asc\", c AS \"first\", d AS over1, e AS \"key\" FROM t "
         "ORDER BY desc DESC"},
    };
    EXPECT_PAIRS(pairs);
}

static void definitions(void **unused) {
    (void)unused;
    static const struct pair pairs[] = {
        {"CREATE STREAM bid (a BIGINT NOT NULL PRIMARY KEY, r ROW<a BIGINT>, c AS a * 2, date "
         "DATE, "
         "WATERMARK FOR ts AS ts - INTERVAL '4' SECOND) WITH ('connector' = 'x', k.l = 5)",
         "CREATE STREAM bid (a BIGINT NOT NULL PRIMARY KEY, r ROW<a BIGINT>, c AS a * 2, "
         "\"date\" DATE, WATERMARK FOR ts AS ts - INTERVAL '4' SECOND) "
         "WITH ('connector' = 'x', 'k.l' = '5')"},
        {"CREATE TABLE IF NOT EXISTS t (a INT COMMENT 'x', CONSTRAINT p PRIMARY KEY (a) NOT "
         "ENFORCED,"
         " WATERMARK FOR r.ts AS r.ts) COMMENT 'y' PARTITIONED BY (a)",
         "CREATE TABLE IF NOT EXISTS t (a INT COMMENT 'x', WATERMARK FOR r.ts AS r.ts, "
         "PRIMARY KEY (a) NOT ENFORCED) COMMENT 'y' PARTITIONED BY (a)"},
        {"CREATE TEMP VIEW v (a, b) AS SELECT 1, 2",
         "CREATE TEMPORARY VIEW v (a, b) AS SELECT 1, 2"},
        {"CREATE OR REPLACE VIEW v AS SELECT 1 EMIT CHANGES", NULL},
        {"CREATE MATERIALIZED VIEW v WITH ('a' = 'b') AS SELECT 1", NULL},
        {"CREATE QUERY IF NOT EXISTS q AS INSERT INTO t SELECT 1", NULL},
        {"CREATE OR REPLACE MODEL m INPUT (img IMAGE) OUTPUT (label TEXT, p DOUBLE) "
         "WITH ('provider' = 'onnx')",
         NULL},
        {"CREATE FUNCTION f(x DOUBLE) RETURNS DOUBLE AS (x - 32) * 5 / 9",
         "CREATE FUNCTION f(x DOUBLE) RETURNS DOUBLE LANGUAGE SQL AS (x - 32) * 5 / 9"},
        {"CREATE FUNCTION f() RETURNS TEXT AS 'hello'",
         "CREATE FUNCTION f() RETURNS TEXT LANGUAGE SQL AS 'hello'"},
        {"CREATE FUNCTION f AS 'com.example.F'",
         "CREATE FUNCTION f LANGUAGE JAVA AS 'com.example.F'"},
        {"CREATE TEMPORARY SYSTEM FUNCTION f AS 'F' LANGUAGE SCALA",
         "CREATE TEMPORARY SYSTEM FUNCTION f LANGUAGE JAVA AS 'F'"},
        {"CREATE FUNCTION f(x TEXT) RETURNS TEXT STRICT COST 10 IMMUTABLE LANGUAGE C ISOLATED "
         "AS 'libf.so', 'f'",
         "CREATE FUNCTION f(x TEXT) RETURNS TEXT LANGUAGE C AS 'libf.so', 'f' IMMUTABLE STRICT "
         "ISOLATED COST 10"},
        {"CREATE FUNCTION f(x TEXT) RETURNS TEXT LANGUAGE CLIENT VOLATILE", NULL},
        {"DROP MATERIALIZED VIEW IF EXISTS v", NULL},
        {"DROP TEMPORARY VIEW v", "DROP VIEW v"},
        {"DROP STREAM \"stream\"", NULL},
    };
    EXPECT_PAIRS(pairs);
}

static void other_statements(void **unused) {
    (void)unused;
    static const struct pair pairs[] = {
        {"INSERT INTO t (a, b) VALUES (1, 2), (3, 4)", NULL},
        {"INSERT INTO t /*+ OPTIONS('a' = 'b') */ WITH x AS (SELECT 1) SELECT * FROM x", NULL},
        {"REPLACE INTO t VALUES (1)", "INSERT OR REPLACE INTO t VALUES (1)"},
        {"INSERT INTO MODEL m SELECT a, b FROM t", NULL},
        {"INSERT INTO model SELECT 1", "INSERT INTO \"model\" SELECT 1"},
        {"UPDATE t SET a = 1, b = b + 1 WHERE c", NULL},
        {"DELETE FROM t WHERE a", NULL},
        {"SHOW STREAMS", NULL},
        {"show functions like 'a%'", "SHOW FUNCTIONS LIKE 'a%'"},
        {"SHOW CREATE MATERIALIZED VIEW v", NULL},
        {"SHOW CREATE v", NULL},
        {"SHOW ALL", NULL},
        {"SHOW 'on-error'", NULL},
        {"DESC v", "DESCRIBE v"},
        {"DESCRIBE MODEL m", NULL},
        {"EXPLAIN ANALYZE SELECT 1", NULL},
        {"EXPLAIN PLAN FOR INSERT INTO t SELECT 1", "EXPLAIN INSERT INTO t SELECT 1"},
        {"SET table.exec.state = -1.5", "SET 'table.exec.state' = '-1.5'"},
        {"SET x TO on", "SET 'x' = 'on'"},
        {"SET", NULL},
        {"RESET ALL", "RESET"},
        {"RESET 'a'", NULL},
        {"DEFINE x = 'y'", NULL},
        {"DEFINE IF NOT EXISTS x = 'y'", NULL},
        {"EXPORT MODEL m TO 'm.onnx'", NULL},
        {"CHECKPOINT", NULL},
        {"LOAD 'libx.so'", NULL},
        {"REPLAY QUERY q FROM LSN 1 TO LSN 2", NULL},
    };
    EXPECT_PAIRS(pairs);
}

static struct text slice(const struct ast_statement *s, uint32_t start, uint32_t end) {
    return (struct text){.at = s->source->text.at + start, .bytes = end - start};
}

/* The default name of a result column: its slice, parentheses included, spaces as written. */
static void an_expression_knows_its_source_text(void **unused) {
    (void)unused;
    static const char *const items[] = {"a  +b",
                                        "(a + b)",
                                        "-a",
                                        "x IS NULL",
                                        "count(*)",
                                        "f( a ,b ) OVER (w)",
                                        "t.a",
                                        "(r).a",
                                        "x[ 1 ]",
                                        "'a''b'",
                                        "CASE a WHEN 1 THEN 2 END",
                                        "a IN ( 1 )",
                                        "EXTRACT(DAY FROM a)",
                                        "INTERVAL '1' SECOND",
                                        "CAST(a AS ARRAY<ARRAY<INT>>)",
                                        "(SELECT 1)",
                                        "(a)+(b)",
                                        "a NOT LIKE b ESCAPE c",
                                        "a BETWEEN (1) AND (2)"};
    for (size_t i = 0; i < COUNT_OF(items); i++) {
        char sql[200];
        snprintf(sql, sizeof sql, "SELECT 1, %s  AS c, 2 FROM t", items[i]);
        struct arena a;
        arena_init(&a, 0);
        struct ast_statement *s;
        struct err e;
        assert_true(sql_parse_one(text_of(sql), &a, &s, &e));
        const struct ast_expr *x = s->as.select->cores.at[0].items.at[1].expr;
        assert_true(text_equal(slice(s, x->start, x->end), text_of(items[i])));
        assert_true(x->at >= x->start && x->at < x->end);
        assert_int_equal(s->start, 0);
        assert_int_equal(s->end, strlen(sql));
        arena_done(&a);
    }
}

static void what_is_explained_is_a_statement_of_its_own(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    struct ast_statement *s;
    struct err e;
    const char *inner = "INSERT INTO t SELECT ? ";
    assert_true(
        sql_parse_one(TEXT_LITERAL("EXPLAIN  PLAN FOR INSERT INTO t SELECT ? ;"), &a, &s, &e));
    s = s->as.explain.statement;
    assert_int_equal(s->kind, AST_INSERT_STATEMENT);
    assert_true(text_equal(slice(s, s->start, s->end), (struct text){inner, 22}));
    assert_int_equal(s->params, 1);
    arena_done(&a);
}

static void a_statement_counts_its_parameters(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    struct ast_statement *s;
    struct err e;
    assert_true(sql_parse_one(TEXT_LITERAL("SELECT ?, ?7, ? FROM t"), &a, &s, &e));
    assert_int_equal(s->params, 8);
    arena_done(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_names),
        cmocka_unit_test(intervals),
        cmocka_unit_test(types),
        cmocka_unit_test(operators),
        cmocka_unit_test(calls),
        cmocka_unit_test(sources),
        cmocka_unit_test(queries),
        cmocka_unit_test(definitions),
        cmocka_unit_test(other_statements),
        cmocka_unit_test(an_expression_knows_its_source_text),
        cmocka_unit_test(what_is_explained_is_a_statement_of_its_own),
        cmocka_unit_test(a_statement_counts_its_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
