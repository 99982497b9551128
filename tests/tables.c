/* tables.c: stored tables beside SQLite's: random scripts, statement by statement.
 *
 *     tables [--scripts N] [--seed S]
 *
 * Each script makes one table on both sides, with or without a key, and changes it with INSERT,
 * INSERT OR REPLACE, UPDATE and DELETE over random expressions. A statement must fail on both sides
 * for the same reason or on none, and change as many rows; after each the rows must be the same, in
 * the order of SQLite's rowid. Materialized views over the table, made before its first row, must
 * say what SQLite's queries say then. Batches and workers are drawn, too.
 *
 * SQLite may visit rows in the order of an index, which shows in which row breaks a key first: NOT
 * INDEXED keeps it to the order of rows.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/lite.h"
#include "tests/oracle/side.h"
#include "tests/unit/base/random.h"

enum { STATEMENTS_MAX = 14, SCRIPTS = 5000, LOOKS = 4 };

struct run {
    struct random random;
    struct side *side;
    struct lite *lite;
    struct arena arena;
    struct buf ours, theirs; /* the statement, in either spelling */
    struct buf log;          /* what was run in this script */
    uint64_t statements, failures;
    bool good;
};

static uint32_t below(struct run *r, uint32_t n) {
    return (uint32_t)random_below(&r->random, n);
}

static const char *pick(struct run *r, const char *const *of, uint32_t count) {
    return of[below(r, count)];
}

static const char *const numbers[] = {"0", "1", "2", "3", "4", "5", "-1", "NULL"};
static const char *const texts[] = {"'a'", "'b'", "'c'", "'A'", "''", "'ab'", "NULL", "'a'"};
static const char *const reals[] = {"0.5e0", "-1.5e0", "2.0e0", "0.0e0", "-0.0e0", "NULL"};

static const char *const number_forms[] = {
    "n",     "k",
    "n + 1", "k * 2",
    "-n",    "CASE WHEN n > 2 THEN k ELSE n END",
    "n / 2", "COALESCE(n, 0)",
    "n % 3", "length(s)",
    "k - 1", "NULLIF(n, 2)",
};
static const char *const text_forms[] = {
    "s", "s || 'x'", "upper(s)", "substr(s, 1, 1)", "COALESCE(s, 'z')", "NULLIF(s, 'b')",
};
static const char *const real_forms[] = {"x", "x * 2", "x + n", "-x", "COALESCE(x, 0.25e0)"};
static const char *const predicates[] = {
    "k = 2",         "k + 0 > 1",   "n IS NULL",     "s = 'a'",           "s LIKE 'a%'",
    "x < 1",         "n IN (1, 3)", "n >= k",        "s > 'a'",           "NOT (n = 1)",
    "x IS NOT NULL", "k % 2 = 0",   "length(s) = 1", "n BETWEEN 1 AND 4",
};

#define PICK(r, list) pick(r, list, (uint32_t)(sizeof(list) / sizeof *(list)))

static void both(struct run *r, const char *sql) {
    buf_add_str(&r->ours, sql);
    buf_add_str(&r->theirs, sql);
}

static void add_where(struct run *r) {
    uint32_t terms = below(r, 3);
    for (uint32_t i = 0; i < terms; i++) {
        both(r, i == 0 ? " WHERE " : below(r, 2) ? " AND " : " OR ");
        both(r, PICK(r, predicates));
    }
}

/* One of the columns k, s, n, x: a literal, or an expression over the row. */
static void add_value(struct run *r, uint32_t col, bool literal) {
    switch (col) {
    case 0:
    case 2: both(r, literal ? PICK(r, numbers) : PICK(r, number_forms)); break;
    case 1: both(r, literal ? PICK(r, texts) : PICK(r, text_forms)); break;
    default: both(r, literal ? PICK(r, reals) : PICK(r, real_forms)); break;
    }
}

static void add_row(struct run *r, bool literal) {
    for (uint32_t c = 0; c < 4; c++) {
        if (c > 0) both(r, ", ");
        add_value(r, c, literal);
    }
}

static void draw_insert(struct run *r) {
    both(r, below(r, 3) ? "INSERT INTO t " : "INSERT OR REPLACE INTO t ");
    if (below(r, 4) == 0) {
        both(r, "SELECT ");
        add_row(r, below(r, 6) == 0);
        both(r, " FROM t");
        buf_add_str(&r->theirs, " NOT INDEXED");
        add_where(r);
        return;
    }
    uint32_t rows = 1 + below(r, 4);
    both(r, "VALUES ");
    for (uint32_t i = 0; i < rows; i++) {
        both(r, i > 0 ? ", (" : "(");
        add_row(r, true);
        both(r, ")");
    }
}

static void draw_update(struct run *r) {
    static const char *const names[] = {"k", "s", "n", "x"};
    buf_add_str(&r->ours, "UPDATE t SET ");
    buf_add_str(&r->theirs, "UPDATE t NOT INDEXED SET ");
    uint32_t first = below(r, 4), sets = 1 + below(r, 2);
    for (uint32_t i = 0; i < sets; i++) {
        uint32_t col = (first + i) % 4;
        if (i > 0) both(r, ", ");
        both(r, names[col]);
        both(r, " = ");
        add_value(r, col, below(r, 4) == 0);
    }
    add_where(r);
}

static void draw_delete(struct run *r) {
    buf_add_str(&r->ours, "DELETE FROM t");
    buf_add_str(&r->theirs, "DELETE FROM t NOT INDEXED");
    both(r, below(r, 10) == 0 ? "" : " WHERE ");
    if (r->ours.at[r->ours.bytes - 1] == ' ') both(r, PICK(r, predicates));
}

static void draw_statement(struct run *r) {
    uint32_t dice = below(r, 10);
    buf_reset(&r->ours);
    buf_reset(&r->theirs);
    if (dice < 5)
        draw_insert(r);
    else if (dice < 8)
        draw_update(r);
    else
        draw_delete(r);
}

static void draw_table(struct run *r) {
    static const char *const keys[] = {"", ", PRIMARY KEY (k)", ", PRIMARY KEY (s)",
                                       ", PRIMARY KEY (s, k)", ", PRIMARY KEY (x)"};
    uint32_t key = below(r, 5);
    bool not_null = below(r, 3) == 0;
    buf_reset(&r->ours);
    buf_reset(&r->theirs);
    both(r, "CREATE TABLE t (k BIGINT");
    both(r, key == 1 || key == 3 ? " NOT NULL, s TEXT" : ", s TEXT");
    both(r, key == 2 || key == 3 ? " NOT NULL, n BIGINT" : ", n BIGINT");
    both(r, not_null ? " NOT NULL, x DOUBLE" : ", x DOUBLE");
    both(r, key == 4 ? " NOT NULL" : "");
    both(r, keys[key]);
    both(r, ")");
}

/* ---- what is asked ---- */

/* A question of ours and of SQLite's; the first is about the order of rows, too. */
static const struct {
    const char *ours, *theirs;
} looks[LOOKS] = {
    {"SELECT * FROM t", "SELECT * FROM t ORDER BY rowid"},
    {"SELECT * FROM same", "SELECT * FROM t"},
    {"SELECT * FROM sums",
     "SELECT s, COUNT(*), COUNT(n), SUM(n), MIN(n), MAX(x), COUNT(DISTINCT k) FROM t GROUP BY s"},
    {"SELECT * FROM few", "SELECT k, upper(s) FROM t WHERE n > 1"},
};

static bool complain(struct run *r, const char *what) {
    printf("FAILED: %s\n%.*s", what, (int)r->log.bytes, r->log.at);
    r->good = false;
    return false;
}

static bool look(struct run *r, uint32_t i) {
    static const enum close exact[COLS_MAX];
    struct rows ours = {.arena = &r->arena}, theirs = {.arena = &r->arena};
    char why[400], what[600];
    side_query(r->side, looks[i].ours, &ours, NULL);
    lite_query(r->lite, looks[i].theirs, &theirs);
    if (ours.failed || theirs.failed) {
        snprintf(what, sizeof what, "%s: %s", looks[i].ours,
                 ours.failed ? ours.message : theirs.message);
        return complain(r, what);
    }
    const struct compare how = {.close = exact, .ordered = i == 0};
    if (!rows_compare(&theirs, &ours, &how, why)) return true;
    snprintf(what, sizeof what, "%s: %s", looks[i].ours, why);
    return complain(r, what);
}

/* Why a statement failed, so that both sides can be compared; "" where it did not. */
static const char *reason(const struct rows *answer) {
    if (!answer->failed) return "";
    bool null = strstr(answer->message, "NOT NULL") || strcmp(answer->sqlstate, "23502") == 0;
    bool key = strstr(answer->message, "UNIQUE") || strcmp(answer->sqlstate, "23505") == 0;
    return null ? "not null" : key ? "key" : answer->message;
}

static bool run_statement(struct run *r) {
    struct rows ours = {.arena = &r->arena}, theirs = {.arena = &r->arena};
    char what[600];
    r->statements++;
    buf_addf(&r->log, "  %.*s;\n", (int)r->ours.bytes, r->ours.at);
    buf_add_char(&r->ours, '\0');
    buf_add_char(&r->theirs, '\0');
    side_query(r->side, r->ours.at, &ours, NULL);
    lite_query(r->lite, r->theirs.at, &theirs);
    const char *mine = reason(&ours), *reference = reason(&theirs);
    if (strcmp(mine, reference) == 0) {
        r->failures += ours.failed;
        return true;
    }
    snprintf(what, sizeof what, "weir says '%s', SQLite '%s'", mine, reference);
    return complain(r, what);
}

static bool prepare(struct run *r) {
    static const char *const batches[] = {"1", "2", "3", "7", "2048"};
    static const char *const threads[] = {"1", "2", "3"};
    buf_reset(&r->log);
    draw_table(r);
    buf_addf(&r->log, "  %.*s;\n", (int)r->ours.bytes, r->ours.at);
    buf_add_char(&r->ours, '\0');
    buf_add_char(&r->theirs, '\0');
    r->side = side_create();
    return side_set(r->side, "batch-rows", PICK(r, batches)) &&
           side_set(r->side, "threads", PICK(r, threads)) && side_run(r->side, r->ours.at) &&
           lite_run(r->lite, "DROP TABLE IF EXISTS t") && lite_run(r->lite, r->theirs.at) &&
           side_run(r->side,
                    "CREATE MATERIALIZED VIEW same AS SELECT * FROM t;"
                    "CREATE MATERIALIZED VIEW few AS SELECT k, upper(s) AS u FROM t WHERE n > 1;"
                    "CREATE MATERIALIZED VIEW sums AS SELECT s, COUNT(*) AS c, COUNT(n) AS d, "
                    "SUM(n) AS e, MIN(n) AS f, MAX(x) AS g, COUNT(DISTINCT k) AS h FROM t "
                    "GROUP BY s;");
}

static bool run_script(struct run *r) {
    bool good = prepare(r);
    uint32_t statements = 1 + below(r, STATEMENTS_MAX);
    for (uint32_t i = 0; good && i < statements; i++) {
        draw_statement(r);
        good = run_statement(r) && look(r, 0);
        if (good && below(r, 4) == 0) good = look(r, 1 + below(r, LOOKS - 1));
    }
    for (uint32_t i = 0; good && i < LOOKS; i++) good = look(r, i);
    side_destroy(r->side);
    arena_reset(&r->arena);
    return good;
}

int main(int argc, char **argv) {
    struct run r = {.good = true};
    uint32_t scripts = random_rounds(SCRIPTS);
    r.random = random_start("tables");
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--scripts") == 0) scripts = (uint32_t)strtoul(argv[i + 1], NULL, 0);
        if (strcmp(argv[i], "--seed") == 0) r.random.state = strtoull(argv[i + 1], NULL, 0);
    }
    arena_init(&r.arena, 0);
    buf_init(&r.ours);
    buf_init(&r.theirs);
    buf_init(&r.log);
    r.lite = lite_create();
    uint32_t passed = 0;
    for (uint64_t seed; passed < scripts && r.good; passed += r.good) {
        seed = r.random.state;
        if (!run_script(&r)) printf("  (--seed %llu)\n", (unsigned long long)seed);
    }
    printf("%llu statements, %llu of them refused by both\n", (unsigned long long)r.statements,
           (unsigned long long)r.failures);
    printf("%u passed, %u failed\n", passed, !r.good);
    lite_destroy(r.lite);
    buf_done(&r.ours);
    buf_done(&r.theirs);
    buf_done(&r.log);
    arena_done(&r.arena);
    return r.good ? 0 : 1;
}
