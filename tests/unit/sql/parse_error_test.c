/* parse_error_test.c: an error says what, where, and what was perhaps meant; nothing crashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sql/unparse.h"
#include "tests/unit/base/random.h"
#include "tests/unit/sql/parse_probe.h"

static void each_error_has_its_code_place_and_hint(void **unused) {
    (void)unused;
    static const struct {
        const char *sql, *error;
    } wrong[] = {
        {"SELCT a FROM b",
         "42601 1:1 syntax error at or near \"SELCT\" | Perhaps you meant \"SELECT\"."},
        {"SELECT a FORM b",
         "42601 1:15 syntax error at or near \"b\" | Perhaps you meant \"FROM\"."},
        {"SELECT a FROM b WHER c = 1",
         "42601 1:22 syntax error at or near \"c\" | Perhaps you meant \"WHERE\"."},
        {"SELECT a\n  FROM t\n GROUP YB a", "42601 3:8 syntax error at or near \"YB\""},
        {"SELECT a, order FROM b", "42601 1:11 syntax error at or near \"order\" | \"order\" is a "
                                   "reserved word; as a name it "
                                   "is written in double quotes."},
        {"SELECT \xC3\xA9\xC3\xA9 FROM 1", "42601 1:16 syntax error at or near \"1\""},
        {"SELECT (1 + 2", "42601 1:14 syntax error at the end of the statement"},
        {"SELECT 'abc", "42601 1:8 the quoted text that begins here has no end"},
        {"SELECT 1 /* abc", "42601 1:10 the comment that begins here has no end"},
        {"SELECT 12abc", "42601 1:8 not a number: 12abc"},
        {"SELECT x'abc'", "42601 1:8 a blob is written in pairs of hexadecimal digits"},
        {"SELECT 1 # 2", "42601 1:10 syntax error at or near \"#\""},
        {"SELECT \x01", "42601 1:8 a byte that no SQL begins with: 0x01"},
        {"SELECT 'a\xFF'", "22021 1:10 the text is not UTF-8 here"},
        {"SELECT * FROM t EMIT CHANGE",
         "42601 1:22 syntax error at or near \"CHANGE\" | There are EMIT CHANGES and EMIT FINAL."},
        {"SELECT \"\" FROM t", "42601 1:8 a name of no characters"},
        {"SELECT EXTRACT(foo FROM x)", "42601 1:16 \"foo\" is no unit of time"},
        {"SELECT f(x TO DAY)", "42601 1:8 f takes no TO between its arguments"},
        {"SELECT INTERVAL '10'",
         "22P02 1:17 not an interval: '10' | A unit is missing: INTERVAL '10' SECOND."},
        {"SELECT INTERVAL '1' MONTH",
         "0A000 1:17 an interval of a month has no fixed length; use days"},
        {"SELECT x[1, 2]", "42601 1:14 one index is asked for"},
        {"SELECT ?0", "42601 1:8 parameters are numbered from 1 to 32766"},
        {"SELECT r.x.* FROM t", "0A000 1:12 only t.* of a table is supported"},
        {"SELECT * FROM a LEFT INNER JOIN b ON 1", "42601 1:17 these words make no kind of join"},
        {"SELECT * FROM a NATURAL JOIN b ON 1",
         "42601 1:17 a NATURAL join takes neither ON nor USING"},
        {"VALUES (1, 2), (3)", "42601 1:16 the rows of VALUES are not equally long: 1 values here, "
                               "2 in the first"},
        {"SELECT * FROM a.b", "42601 1:16 syntax error at or near \".\" | Names of streams, tables "
                              "and functions have one "
                              "part."},
        {"SELECT a 'b'", "42601 1:10 syntax error at or near \"'b'\""},
        {"SELECT a emit FROM t", "42601 1:15 syntax error at or near \"FROM\""},
        {"CREATE TABLE t (a INT METADATA FROM 'x')",
         "0A000 1:23 METADATA columns are not supported"},
        {"CREATE TABLE t (a INT DEFAULT 5)", "0A000 1:23 DEFAULT is not supported for columns"},
        {"CREATE TABLE t (a INT PRIMARY KEY, PRIMARY KEY (a))",
         "42601 1:14 a table has one PRIMARY KEY"},
        {"CREATE STREAM t (WATERMARK FOR a AS a, WATERMARK FOR b AS b)",
         "42601 1:40 a stream has one WATERMARK"},
        {"CREATE OR REPLACE STREAM t", "42601 1:1 CREATE OR REPLACE STREAM does not exist"},
        {"CREATE OR REPLACE VIEW IF NOT EXISTS v AS SELECT 1",
         "42601 1:1 OR REPLACE and IF NOT EXISTS do not go together"},
        {"CREATE FUNCTION f(x INT) RETURNS INT LANGUAGE RUST AS 'x'",
         "0A000 1:47 functions in RUST are not supported | There are LANGUAGE SQL, C and CLIENT."},
        {"CREATE FUNCTION f(x INT) LANGUAGE C AS 'x'",
         "42601 1:17 a function in C has AS 'library', 'symbol'"},
        {"SELECT 1; SELECT 2", "42601 1:11 one statement is asked for, and here a second begins"},
        {"  -- nothing\n", "42601 0:0 there is no statement"},
    };
    struct parse_probe p;
    parse_probe_init(&p);
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_string_equal(parse_probe(&p, wrong[i].sql), wrong[i].error);
    }
    parse_probe_done(&p);
}

/* before, repeated n times, then `inner`, then after, n times. */
static void add_nested(struct buf *out, const char *const part[4], uint32_t n) {
    buf_reset(out);
    buf_add_str(out, part[0]);
    for (uint32_t i = 0; i < n; i++) buf_add_str(out, part[1]);
    buf_add_str(out, part[2]);
    for (uint32_t i = 0; i < n; i++) buf_add_str(out, part[3]);
}

static void nesting_has_a_limit_and_no_crash(void **unused) {
    (void)unused;
    static const char *const forms[][4] = {
        {"SELECT ", "(", "1", ")"},
        {"SELECT ", "- ", "1", ""},
        {"SELECT ", "NOT ", "1", ""},
        {"SELECT 1", " + 1", "", ""},
        {"SELECT 1", " OR 1", "", ""},
        {"SELECT ", "CASE WHEN ", "1", " THEN 1 END"},
        {"SELECT ", "f(", "1", ")"},
        {"SELECT ", "a IN (", "1", ")"},
        {"SELECT ", "(SELECT ", "1", ")"},
        {"SELECT * FROM ", "(SELECT * FROM ", "a", ")"},
        {"SELECT * FROM ", "(", "a", ")"},
        {"SELECT ", "a[", "1", "]"},
        {"SELECT a", "[1]", "", ""},
        {"SELECT CAST(x AS ", "ARRAY<", "INT", ">"},
        {"SELECT ", "a OR b AND NOT c = d < e & f + g * h || - (", "1", ")"},
        {"SELECT ", "(", "", ""},
        {"SELECT ", "EXISTS (WITH a AS (SELECT 1) SELECT ", "1", ")"},
        {"SELECT 1", " UNION SELECT 1", "", ""},
        {"SELECT * FROM t", ", t", "", ""},
    };
    static const uint32_t depths[] = {100, 990, 1001, 20000};
    struct parse_probe p;
    parse_probe_init(&p);
    struct buf sql;
    buf_init(&sql);
    for (size_t f = 0; f < COUNT_OF(forms); f++) {
        for (size_t d = 0; d < COUNT_OF(depths); d++) {
            add_nested(&sql, forms[f], depths[d]);
            bool cast = strstr(forms[f][0], "CAST") != NULL;
            if (cast) buf_add_char(&sql, ')');
            const char *got = parse_probe(&p, sql.at);
            bool limit = strncmp(got, "54000 ", 6) == 0;
            if (depths[d] > 1000 && !limit) fail_msg("%s * %u: %.80s", forms[f][1], depths[d], got);
            if (depths[d] > 100 || f == 14) continue; /* f == 14 is nine deep a time */
            if (limit && f < 17) fail_msg("%s * %u: %.80s", forms[f][1], depths[d], got);
        }
    }
    buf_done(&sql);
    parse_probe_done(&p);
}

static const char good[] =
    "CREATE STREAM bid (a BIGINT NOT NULL, r ROW<a ARRAY<TEXT>>, c AS a * 2, WATERMARK FOR ts AS "
    "ts - INTERVAL '4' SECOND) WITH ('k' = 'v'); -- x\n"
    "WITH w AS (VALUES (1, x'00')) SELECT DISTINCT a.b c, count(*) FILTER (WHERE NOT a IN (1)) "
    "OVER (ORDER BY b DESC NULLS LAST ROWS 3 PRECEDING), CASE a WHEN 1.5 THEN 'it''s' ELSE -2e3 "
    "END, CAST(x AS MAP<TEXT, ARRAY<INT>>) FROM TABLE(HOP(TABLE t PARTITION BY k, DESCRIPTOR(ts), "
    "INTERVAL '1:30' MINUTE TO SECOND)) AS d(a, b) LEFT JOIN u /*+ OPTIONS('k'='v') */ ON a >> 2 "
    "<> \"x\" UNION ALL SELECT EXTRACT(DAY FROM ts), TRIM(BOTH 'x' FROM y) FROM t WHERE a LIKE 'x' "
    "ESCAPE '!' AND b BETWEEN 1 AND 2 GROUP BY 1 HAVING EXISTS (SELECT ?) LIMIT 1 EMIT CHANGES;"
    "CREATE FUNCTION f(x INT) RETURNS INT STRICT AS x + 1; SET 'a' = 'b'; /* y */ "
    "INSERT INTO MODEL m SELECT 1";

/* Each statement parses or has an error with a place inside the text. */
static void parse_all(struct text text) {
    struct arena a;
    arena_init(&a, 0);
    struct sql_script s;
    sql_script_init(&s, text, NULL);
    struct err e;
    for (uint32_t n = 0; n < 1000; n++) {
        struct ast_statement *st;
        if (sql_parse_next(&s, &a, &st, &e)) {
            if (st) continue;
            arena_done(&a);
            return;
        }
        assert_int_equal(e.code, ERR_SQL);
        if (e.line > 0) assert_true(e.offset <= text.bytes);
    }
    fail_msg("the script does not end");
}

/* Each byte in turn, replaced by some of those that mean most, left out, and made the last. */
static void every_byte_may_be_damaged(void **unused) {
    (void)unused;
    struct random r = random_start("every_byte_may_be_damaged");
    static const char bytes[] = "\0\x01 '\"`();,.<>[]$?*/-0aexE\x80\xC3\xFF";
    char sql[sizeof good];
    for (size_t at = 0; at < sizeof good - 1; at++) {
        for (uint32_t round = 0; round < random_rounds(3); round++) {
            memcpy(sql, good, sizeof good);
            sql[at] = bytes[random_below(&r, sizeof bytes)];
            parse_all((struct text){.at = sql, .bytes = sizeof good - 1});
        }
        memmove(sql + at, good + at + 1, sizeof good - at - 1);
        parse_all((struct text){.at = sql, .bytes = sizeof good - 2});
        parse_all((struct text){.at = good, .bytes = (uint32_t)at});
    }
}

/* Out of memory at any point is 53200, and the statement is the same once there is enough. */
static void memory_may_end_anywhere(void **unused) {
    (void)unused;
    const char *sql = "SELECT a, f(b, 1 + 2) FROM t JOIN u ON x = y WHERE 'it''s' IN (1, 2, 3, 4)";
    bool enough = false;
    for (size_t limit = 64; !enough; limit += 64) {
        struct arena a;
        arena_init(&a, limit);
        struct ast_statement *s;
        struct err e;
        enough = sql_parse_one(text_of(sql), &a, &s, &e);
        if (!enough) assert_string_equal(e.sqlstate, "53200");
        arena_done(&a);
        assert_true(limit < 1 << 20);
    }
}

static void refused_statements_say_what_is_supported(void **unused) {
    (void)unused;
    static const char *const words[] = {"BEGIN",
                                        "COMMIT",
                                        "ROLLBACK",
                                        "GRANT SELECT ON a TO b",
                                        "REVOKE",
                                        "PRAGMA x = 'y;'",
                                        "ALTER TABLE t ADD c INT",
                                        "CREATE UNIQUE INDEX i ON t (a)",
                                        "USE CATALOG c",
                                        "create or replace temp trigger x",
                                        "DROP INDEX i",
                                        "CREATE USER u"};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        struct arena a;
        arena_init(&a, 0);
        struct ast_statement *s;
        struct err e;
        assert_true(sql_parse_one(text_of(words[i]), &a, &s, &e));
        assert_int_equal(s->kind, AST_REFUSED_STATEMENT);
        assert_non_null(strstr(s->as.refused, "not supported"));
        assert_int_equal(s->end, strlen(words[i]));
        arena_done(&a);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_error_has_its_code_place_and_hint),
        cmocka_unit_test(nesting_has_a_limit_and_no_crash),
        cmocka_unit_test(every_byte_may_be_damaged),
        cmocka_unit_test(memory_may_end_anywhere),
        cmocka_unit_test(refused_statements_say_what_is_supported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
