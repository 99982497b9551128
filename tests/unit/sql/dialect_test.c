/* dialect_test.c: the grammar is SQLite's: SQLite itself is asked.
 *
 * Precedence: a random expression without parentheses is parsed here, printed with all of them,
 * and both texts are evaluated by SQLite: the values are the same only if both group alike; what
 * is a syntax error there is one here. Names: what SQLite takes as a name is taken as a name here,
 * keyword by keyword.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "sql/unparse.h"
#include "tests/unit/base/random.h"
#include "tests/unit/sql/parse_probe.h"

/* ---- random expressions ---- */

static const char *const binary[] = {"OR",
                                     "AND",
                                     "=",
                                     "==",
                                     "<>",
                                     "!=",
                                     "IS",
                                     "IS NOT",
                                     "<",
                                     "<=",
                                     ">",
                                     ">=",
                                     "&",
                                     "|",
                                     "<<",
                                     ">>",
                                     "+",
                                     "-",
                                     "*",
                                     "/",
                                     "%",
                                     "||",
                                     "LIKE",
                                     "NOT LIKE",
                                     "GLOB",
                                     "IS NOT DISTINCT FROM",
                                     "IS DISTINCT FROM"};
static const char *const prefix[] = {"NOT ", "- ", "~", "+"};
static const char *const postfix[] = {
    " ISNULL",         " NOTNULL",        " NOT NULL",   " IS NULL", " IS NOT NULL",
    " COLLATE nocase", " IN (1, 2, 'a')", " NOT IN (0)", " IS TRUE", " IS NOT FALSE"};
static const char *const value[] = {"0", "1", "2", "3", "7", "-5", "'a'", "'1'", "NULL", "2.5"};

static void add_operand(struct random *r, struct buf *out) {
    while (random_below(r, 4) == 0) buf_add_str(out, prefix[random_below(r, COUNT_OF(prefix))]);
    buf_add_str(out, value[random_below(r, COUNT_OF(value))]);
    while (random_below(r, 6) == 0) buf_add_str(out, postfix[random_below(r, COUNT_OF(postfix))]);
}

static void add_expression(struct random *r, struct buf *out) {
    add_operand(r, out);
    for (uint64_t n = random_below(r, 6); n > 0; n--) {
        bool between = random_below(r, 10) == 0;
        bool escape = !between && random_below(r, 20) == 0;
        const char *op = between  ? random_below(r, 2) ? "BETWEEN" : "NOT BETWEEN"
                         : escape ? "LIKE"
                                  : binary[random_below(r, COUNT_OF(binary))];
        buf_addf(out, " %s ", op);
        add_operand(r, out);
        if (between) buf_add_str(out, " AND ");
        if (escape) buf_add_str(out, " ESCAPE 'b'");
        if (between) add_operand(r, out);
    }
}

/* ---- all parentheses ---- */

static void add_grouped(const struct ast_expr *e, struct buf *out);

static void add_unary(const struct ast_unary *u, struct buf *out) {
    static const char *const words[] = {
#define X(ID, sql) sql,
        AST_UNARY_LIST(X)
#undef X
    };
    bool first = u->op <= AST_BIT_NOT;
    if (first) buf_addf(out, "%s ", words[u->op]);
    add_grouped(u->expr, out);
    if (!first) buf_addf(out, " %s", words[u->op]);
}

static void add_two(const struct ast_expr *left, const char *word, const struct ast_expr *right,
                    struct buf *out) {
    add_grouped(left, out);
    buf_addf(out, " %s ", word);
    add_grouped(right, out);
}

static void add_inside(const struct ast_expr *e, struct buf *out) {
    static const char *const binaries[] = {
#define X(ID, sql) sql,
        AST_BINARY_LIST(X)
#undef X
    };
    static const char *const likes[] = {"LIKE", "GLOB"};
    if (e->kind == AST_EXPR_UNARY) {
        add_unary(&e->as.unary, out);
    } else if (e->kind == AST_EXPR_BINARY) {
        add_two(e->as.binary.left, binaries[e->as.binary.op], e->as.binary.right, out);
    } else if (e->kind == AST_EXPR_LIKE) {
        const struct ast_like *l = &e->as.like;
        buf_add_str(out, l->negated ? "NOT (" : "(");
        add_two(l->left, likes[l->op], l->right, out);
        if (l->escape) buf_add_str(out, " ESCAPE ");
        if (l->escape) add_grouped(l->escape, out);
        buf_add_char(out, ')');
    } else if (e->kind == AST_EXPR_BETWEEN) {
        const struct ast_between *b = &e->as.between;
        add_two(b->expr, b->negated ? "NOT BETWEEN" : "BETWEEN", b->low, out);
        buf_add_str(out, " AND ");
        add_grouped(b->high, out);
    } else if (e->kind == AST_EXPR_IN) {
        add_grouped(e->as.in.expr, out);
        buf_add_str(out, e->as.in.negated ? " NOT IN (" : " IN (");
        unparse_exprs(e->as.in.list, out);
        buf_add_char(out, ')');
    } else if (e->kind == AST_EXPR_COLLATE) {
        add_grouped(e->as.collate.expr, out);
        buf_add_str(out, " COLLATE nocase");
    } else {
        unparse_expr(e, out);
    }
}

static void add_grouped(const struct ast_expr *e, struct buf *out) {
    buf_add_char(out, '(');
    add_inside(e, out);
    buf_add_char(out, ')');
}

/* ---- SQLite's answers ---- */

/* typeof and value of an expression, or the error. */
static void ask(sqlite3 *db, const char *expr, struct buf *out) {
    buf_reset(out);
    struct buf sql;
    buf_init(&sql);
    buf_addf(&sql, "SELECT typeof(x) || ' ' || ifnull(x, '') FROM (SELECT %s AS x)", expr);
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(db, sql.at, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
        buf_add_str(out, (const char *)sqlite3_column_text(s, 0));
    else
        buf_addf(out, "error: %s", sqlite3_errmsg(db));
    sqlite3_finalize(s);
    buf_done(&sql);
}

struct trial {
    sqlite3 *db;
    struct arena arena;
    struct buf sql, grouped, canonical, want, got;
};

static void try_one(struct trial *t, struct random *r) {
    buf_reset(&t->sql);
    add_expression(r, &t->sql);
    ask(t->db, t->sql.at, &t->want);
    struct buf statement;
    buf_init(&statement);
    buf_addf(&statement, "SELECT %s", t->sql.at);

    arena_reset(&t->arena);
    struct ast_statement *s;
    struct err e;
    bool ours = sql_parse_one(buf_text(&statement), &t->arena, &s, &e);
    buf_done(&statement);
    bool theirs = strncmp(t->want.at, "error: near", 11) != 0;
    if (ours != theirs) fail_msg("%s: SQLite says %s", t->sql.at, t->want.at);
    if (!ours) return;
    const struct ast_expr *x = s->as.select->cores.at[0].items.at[0].expr;

    buf_reset(&t->grouped);
    add_grouped(x, &t->grouped);
    ask(t->db, t->grouped.at, &t->got);
    if (strcmp(t->got.at, t->want.at) != 0)
        fail_msg("%s is %s, grouped as %s: %s", t->sql.at, t->want.at, t->grouped.at, t->got.at);

    buf_reset(&t->canonical);
    unparse_expr(x, &t->canonical);
    ask(t->db, t->canonical.at, &t->got);
    if (strcmp(t->got.at, t->want.at) != 0)
        fail_msg("%s is %s, unparsed as %s: %s", t->sql.at, t->want.at, t->canonical.at, t->got.at);
}

static void expressions_group_as_in_sqlite(void **unused) {
    (void)unused;
    struct random r = random_start("expressions_group_as_in_sqlite");
    struct trial t = {0};
    assert_int_equal(sqlite3_open(":memory:", &t.db), SQLITE_OK);
    arena_init(&t.arena, 0);
    for (uint32_t i = 0; i < random_rounds(5000); i++) try_one(&t, &r);
    struct buf *bufs[] = {&t.sql, &t.grouped, &t.canonical, &t.want, &t.got};
    for (size_t i = 0; i < COUNT_OF(bufs); i++) buf_done(bufs[i]);
    arena_done(&t.arena);
    sqlite3_close(t.db);
}

/* ---- words ---- */

static bool sqlite_takes(sqlite3 *db, const char *sql) {
    sqlite3_stmt *s = NULL;
    bool ok = sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK;
    sqlite3_finalize(s);
    return ok;
}

static bool we_take(const char *sql) {
    struct arena a;
    arena_init(&a, 0);
    struct ast_statement *s;
    struct err e;
    bool ok = sql_parse_one(text_of(sql), &a, &s, &e);
    arena_done(&a);
    return ok;
}

/* As a column that is declared, the same words are names as in SQLite. */
static void sqlites_keywords_are_names_where_they_are_there(void **unused) {
    (void)unused;
    sqlite3 *db;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    for (int i = 0; i < sqlite3_keyword_count(); i++) {
        const char *word;
        int bytes;
        char sql[100];
        sqlite3_keyword_name(i, &word, &bytes);
        snprintf(sql, sizeof sql, "CREATE TABLE t (%.*s INT)", bytes, word);
        bool theirs = sqlite_takes(db, sql);
        if (we_take(sql) != theirs) fail_msg("%s: SQLite %s it", sql, theirs ? "takes" : "refuses");
        if (!theirs) continue;
        snprintf(sql, sizeof sql, "SELECT 1 AS %.*s", bytes, word);
        if (!we_take(sql)) fail_msg("%s", sql);
        snprintf(sql, sizeof sql, "SELECT t.%.*s FROM t", bytes, word);
        if (!we_take(sql)) fail_msg("%s", sql);
    }
    sqlite3_close(db);
}

/* In an expression too, WITH apart: SQLite's own CAST, RAISE, CURRENT_TIME are special there. */
static void sqlites_keywords_are_columns_where_they_are_there(void **unused) {
    (void)unused;
    sqlite3 *db;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    for (int i = 0; i < sqlite3_keyword_count(); i++) {
        const char *word;
        int bytes;
        char sql[100], from[100];
        sqlite3_keyword_name(i, &word, &bytes);
        if (bytes == 4 && memcmp(word, "WITH", 4) == 0) continue;
        snprintf(from, sizeof from, "CREATE TABLE t (%.*s INT)", bytes, word);
        sqlite3_exec(db, "DROP TABLE IF EXISTS t", NULL, NULL, NULL);
        if (sqlite3_exec(db, from, NULL, NULL, NULL) != SQLITE_OK) continue;
        static const char *const forms[] = {"SELECT %.*s FROM t", "SELECT 1 + %.*s * 2 FROM t",
                                            "SELECT 1 FROM t WHERE %.*s = 1 GROUP BY 1"};
        for (size_t f = 0; f < COUNT_OF(forms); f++) {
            snprintf(sql, sizeof sql, forms[f], bytes, word);
            if (sqlite_takes(db, sql) && !we_take(sql)) fail_msg("%s", sql);
        }
    }
    sqlite3_close(db);
}

static void our_own_words_are_names_everywhere(void **unused) {
    (void)unused;
    static const char *const words[] = {
        "MODEL",     "STREAM",      "INTERVAL", "TIMESTAMP",  "DATE",   "TIME",    "DESCRIPTOR",
        "WATERMARK", "SESSION",     "CHANGES",  "FINAL",      "second", "SECONDS", "minute",
        "minutes",   "hour",        "day",      "days",       "week",   "month",   "quarter",
        "year",      "millisecond", "tumble",   "hop",        "query",  "view",    "function",
        "system",    "show",        "load",     "checkpoint", "lsn",    "input",   "output",
        "language",  "row",         "rows",     "key",        "first",  "last",    "position",
        "array",     "map"};
    static const char *const forms[] = {
        "CREATE STREAM x (%s BIGINT)",
        "CREATE STREAM x (%s AS 1)",
        "CREATE STREAM %s (a BIGINT)",
        "CREATE STREAM x (r ROW<%s BIGINT>)",
        "SELECT %s FROM t",
        "SELECT t.%s, r.x.%s FROM t",
        "SELECT lower(%s), %s + 1, -%s, (%s), CAST(%s AS TEXT) FROM t",
        "SELECT a AS %s FROM t",
        "SELECT a %s FROM t",
        "SELECT * FROM %s",
        "SELECT * FROM t %s",
        "SELECT * FROM t AS %s",
        "SELECT * FROM %s EMIT CHANGES",
        "SELECT %s.a FROM %s WHERE %s.b > 1",
        "SELECT a FROM t GROUP BY %s ORDER BY %s",
        "INSERT INTO %s (%s) SELECT %s FROM t",
        "SELECT sum(a) OVER (PARTITION BY %s ORDER BY %s) FROM t",
        "DROP VIEW %s",
        "DESCRIBE %s",
        "SELECT f(a => %s), f(%s => 1), f(TABLE %s, DESCRIPTOR(%s)) FROM t",
        "CREATE VIEW %s (%s) AS SELECT 1",
        "UPDATE %s SET %s = %s",
        "SELECT %s[1], %s.x[1] FROM t",
        "SELECT CASE %s WHEN %s THEN %s ELSE %s END FROM t",
        "SELECT x IN (%s), x LIKE %s FROM t",
        "SHOW CREATE %s",
        "WITH %s AS (SELECT 1) SELECT * FROM %s",
        "SELECT classify(MODEL m, %s)",
        "CREATE STREAM x (t INT, WATERMARK FOR %s AS %s - INTERVAL '1' SECOND)"};
    for (size_t w = 0; w < COUNT_OF(words); w++) {
        for (size_t f = 0; f < COUNT_OF(forms); f++) {
            struct buf sql;
            buf_init(&sql);
            for (const char *c = forms[f]; *c; c++) {
                bool name = c[0] == '%' && c[1] == 's';
                if (name)
                    buf_add_str(&sql, words[w]);
                else
                    buf_add_char(&sql, *c);
                c += name;
            }
            if (!we_take(sql.at)) fail_msg("%s", sql.at);
            buf_done(&sql);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_group_as_in_sqlite),
        cmocka_unit_test(sqlites_keywords_are_names_where_they_are_there),
        cmocka_unit_test(sqlites_keywords_are_columns_where_they_are_there),
        cmocka_unit_test(our_own_words_are_names_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
