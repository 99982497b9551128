/* match_sqlite_test.c: every native function that SQLite has too gives what SQLite gives, for
 * random and extreme arguments, as columns and as constants. The differences that are meant
 * (contract "Where SQLite would hide an error") do not occur among the arguments, or are failures
 * on purpose.
 */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/number.h"
#include "tests/unit/udf/fn_probe.h"

enum { ROWS = 600, ARGS_MAX = 4, TEXT_MAX = 64 };

struct dice {
    uint64_t s;
};

static uint64_t roll(struct dice *d) {
    d->s ^= d->s << 13;
    d->s ^= d->s >> 7;
    d->s ^= d->s << 17;
    return d->s;
}

static uint32_t below(struct dice *d, uint32_t n) {
    return (uint32_t)(roll(d) >> 33) % n;
}

typedef void generate(struct dice *d, struct column_builder *b);

static void any_i64(struct dice *d, struct column_builder *b) {
    static const int64_t extreme[] = {INT64_MIN,     INT64_MAX,        INT64_MIN + 2,
                                      INT64_MAX - 1, INT64_C(1) << 53, -(INT64_C(1) << 53),
                                      INT32_MAX,     INT32_MIN};
    uint32_t kind = below(d, 4);
    if (kind == 0)
        builder_i64(b, extreme[below(d, COUNT_OF(extreme))]);
    else if (kind == 1)
        builder_i64(b, (int64_t)roll(d));
    else
        builder_i64(b, (int64_t)below(d, 21) - 10);
}

static void small_i64(struct dice *d, struct column_builder *b) {
    builder_i64(b, below(d, 8) == 0 ? (below(d, 2) ? 2000000000 : -2000000000)
                                    : (int64_t)below(d, 25) - 12);
}

static void shift_i64(struct dice *d, struct column_builder *b) {
    if (below(d, 8) == 0)
        any_i64(d, b);
    else
        builder_i64(b, (int64_t)below(d, 140) - 70);
}

static void any_f64(struct dice *d, struct column_builder *b) {
    static const double extreme[] = {0.0,
                                     -0.0,
                                     1e308,
                                     -1e308,
                                     5e-324,
                                     4503599627370495.5,
                                     9.2233720368547758e18,
                                     -9.2233720368547758e18,
                                     1e19,
                                     0.5,
                                     1.5,
                                     2.5,
                                     -0.5,
                                     -2.5,
                                     1.0,
                                     -1.0,
                                     1e15,
                                     123456.789};
    uint32_t kind = below(d, 4);
    if (kind == 0)
        builder_f64(b, extreme[below(d, COUNT_OF(extreme))]);
    else if (kind == 1)
        builder_f64(b, (double)(int64_t)roll(d) / 1e9);
    else
        builder_f64(b, ((double)below(d, 20001) - 10000) / 1000.0);
}

static void any_text(struct dice *d, struct column_builder *b) {
    static const char *const piece[] = {"a", "b",     "ab",   "A", "B",  " ",      "  ",
                                        "x", "%",     "_",    "é", "ß",  "日",     "🎉",
                                        "0", "7",     ".",    "-", "'",  "\"",     "*",
                                        "?", "[a-c]", "[^x]", "]", "\\", "banana", "\xEF\xBF\xBE"};
    char text[TEXT_MAX * 8];
    size_t n = 0;
    uint32_t pieces = below(d, 7);
    for (uint32_t i = 0; i < pieces; i++) {
        if (below(d, 40) == 0) {
            text[n++] = '\0';
            continue;
        }
        const char *p = piece[below(d, COUNT_OF(piece))];
        memcpy(text + n, p, strlen(p));
        n += strlen(p);
    }
    builder_text_copy(b, (struct text){text, (uint32_t)n});
}

static void short_text(struct dice *d, struct column_builder *b) {
    static const char *const piece[] = {"", "a", "b", "ab", "an", " ", "x", "é", "日", "na", "%"};
    builder_text_copy(b, text_of(piece[below(d, COUNT_OF(piece))]));
}

static void escape_text(struct dice *d, struct column_builder *b) {
    static const char *const piece[] = {"\\", "a", "%", "_", "é", "x"};
    builder_text_copy(b, text_of(piece[below(d, COUNT_OF(piece))]));
}

static void any_json(struct dice *d, struct column_builder *b) {
    static const char *const doc[] = {"{\"a\":1}",
                                      " { \"a\" : [1, 2.50, {\"b\": null}], \"b\":\"x\\ny\" } ",
                                      "[1,[2,3],\"é\"]",
                                      "{\"a\":{\"b\":{\"c\":\"deep\"}},\"a\":2}",
                                      "null",
                                      "true",
                                      "\"str\"",
                                      "-0",
                                      "1e3",
                                      "1.0",
                                      "12345678901234567890",
                                      "{\"a\":\"\\u0041\\ud83d\\ude00\"}",
                                      "{\"a\":tru}",
                                      "[1,]",
                                      "",
                                      "{\"a\":false,\"b\":[]}",
                                      "[{\"a\":-12},{\"a\":0.1}]",
                                      "{\"a\":\"q\\\"uote\"}",
                                      "01",
                                      "[1 2]",
                                      "{\"a b\":3,\"\":4}",
                                      "{\"a\":1e400}",
                                      "NaN",
                                      "{\"a\":[ 1 , { \"b\" : 2 } ] }"};
    builder_text_copy(b, text_of(doc[below(d, COUNT_OF(doc))]));
}

static void any_path(struct dice *d, struct column_builder *b) {
    static const char *const path[] = {"$",         "$.a",     "$.b",    "$.a.b",    "$.a.b.c",
                                       "$[0]",      "$[1][0]", "$[#-1]", "$.a[2].b", "$[0].a",
                                       "$.\"a b\"", "$.\"\"",  "a",      "$.",       "$[x]",
                                       "$.a[1].b",  "$[1].a"};
    builder_text_copy(b, text_of(path[below(d, COUNT_OF(path))]));
}

static void any_label(struct dice *d, struct column_builder *b) {
    static const char *const label[] = {"a", "b",   "a b", "$.a", "0",
                                        "1", "[1]", "a.b", "",    "$[#-1]"};
    builder_text_copy(b, text_of(label[below(d, COUNT_OF(label))]));
}

struct trial {
    const char *sig;
    const char *sql; /* over ?1, ?2 .. */
    generate *arg[ARGS_MAX];
};

static const struct trial trials[] = {
    {"+(DOUBLE, DOUBLE) DOUBLE", "?1+?2", {any_f64, any_f64}},
    {"-(DOUBLE, DOUBLE) DOUBLE", "?1-?2", {any_f64, any_f64}},
    {"*(DOUBLE, DOUBLE) DOUBLE", "?1*?2", {any_f64, any_f64}},
    {"/(DOUBLE, DOUBLE) DOUBLE", "?1/?2", {any_f64, any_f64}},
    {"%(DOUBLE, DOUBLE) DOUBLE", "?1%?2", {any_f64, any_f64}},
    {"%(BIGINT, BIGINT) BIGINT", "?1%?2", {any_i64, any_i64}},
    {"/(BIGINT, BIGINT) BIGINT", "?1/?2", {any_i64, small_i64}},
    {"mod(DOUBLE, DOUBLE) DOUBLE", "mod(?1,?2)", {any_f64, any_f64}},
    {"neg(DOUBLE) DOUBLE", "-?1", {any_f64}},
    {"&(BIGINT, BIGINT) BIGINT", "?1&?2", {any_i64, any_i64}},
    {"|(BIGINT, BIGINT) BIGINT", "?1|?2", {any_i64, any_i64}},
    {"~(BIGINT) BIGINT", "~?1", {any_i64}},
    {"<<(BIGINT, BIGINT) BIGINT", "?1<<?2", {any_i64, shift_i64}},
    {">>(BIGINT, BIGINT) BIGINT", "?1>>?2", {any_i64, shift_i64}},
    {"=(T, T) BOOLEAN", "?1=?2", {small_i64, small_i64}},
    {"<(T, T) BOOLEAN", "?1<?2", {any_f64, any_f64}},
    {"<=(T, T) BOOLEAN", "?1<=?2", {any_text, any_text}},
    {">(T, T) BOOLEAN", "?1>?2", {any_i64, any_i64}},
    {">=(T, T) BOOLEAN", "?1>=?2", {short_text, short_text}},
    {"<>(T, T) BOOLEAN", "?1<>?2", {short_text, short_text}},
    {"is(T, T) BOOLEAN", "?1 IS ?2", {short_text, short_text}},
    {"is_not(T, T) BOOLEAN", "?1 IS NOT ?2", {small_i64, small_i64}},
    {"is_null(ANY) BOOLEAN", "?1 ISNULL", {any_text}},
    {"is_not_null(ANY) BOOLEAN", "?1 NOTNULL", {any_i64}},
    {"in(T, T...) BOOLEAN", "?1 IN (?2,?3,?4)", {small_i64, small_i64, small_i64, small_i64}},
    {"in(T, T...) BOOLEAN", "?1 IN (?2,?3)", {short_text, short_text, short_text}},
    {"max(T, T, T...) T", "max(?1,?2,?3)", {any_i64, any_i64, any_i64}},
    {"min(T, T, T...) T", "min(?1,?2)", {any_text, any_text}},
    {"like(TEXT, TEXT) BOOLEAN", "?1 LIKE ?2", {any_text, any_text}},
    {"like(TEXT, TEXT, TEXT) BOOLEAN", "?1 LIKE ?2 ESCAPE ?3", {any_text, any_text, escape_text}},
    {"glob(TEXT, TEXT) BOOLEAN", "?1 GLOB ?2", {any_text, any_text}},
    {"||(TEXT, TEXT) TEXT", "?1||?2", {any_text, any_text}},
    {"upper(TEXT) TEXT", "upper(?1)", {any_text}},
    {"lower(TEXT) TEXT", "lower(?1)", {any_text}},
    {"length(TEXT) BIGINT", "length(?1)", {any_text}},
    {"substr(TEXT, BIGINT, [BIGINT]) TEXT", "substr(?1,?2)", {any_text, small_i64}},
    {"substr(TEXT, BIGINT, [BIGINT]) TEXT", "substr(?1,?2,?3)", {any_text, small_i64, small_i64}},
    {"trim(TEXT, [TEXT]) TEXT", "trim(?1)", {any_text}},
    {"trim(TEXT, [TEXT]) TEXT", "trim(?1,?2)", {any_text, any_text}},
    {"ltrim(TEXT, [TEXT]) TEXT", "ltrim(?1,?2)", {any_text, short_text}},
    {"rtrim(TEXT, [TEXT]) TEXT", "rtrim(?1,?2)", {any_text, short_text}},
    {"replace(TEXT, TEXT, TEXT) TEXT", "replace(?1,?2,?3)", {any_text, short_text, short_text}},
    {"instr(TEXT, TEXT) BIGINT", "instr(?1,?2)", {any_text, short_text}},
    {"instr(TEXT, TEXT) BIGINT", "instr(?1,?2)", {any_text, any_text}},
    {"abs(DOUBLE) DOUBLE", "abs(?1)", {any_f64}},
    {"abs(BIGINT) BIGINT", "abs(?1)", {any_i64}},
    {"sign(DOUBLE) BIGINT", "sign(?1)", {any_f64}},
    {"sign(BIGINT) BIGINT", "sign(?1)", {any_i64}},
    {"round(DOUBLE, [BIGINT]) DOUBLE", "round(?1)", {any_f64}},
    {"round(DOUBLE, [BIGINT]) DOUBLE", "round(?1,?2)", {any_f64, small_i64}},
    {"round(BIGINT, [BIGINT]) DOUBLE", "round(?1,?2)", {any_i64, small_i64}},
    {"ceil(DOUBLE) DOUBLE", "ceil(?1)", {any_f64}},
    {"floor(DOUBLE) DOUBLE", "floor(?1)", {any_f64}},
    {"trunc(DOUBLE) DOUBLE", "trunc(?1)", {any_f64}},
    {"ceil(BIGINT) BIGINT", "ceil(?1)", {any_i64}},
    {"sqrt(DOUBLE) DOUBLE", "sqrt(?1)", {any_f64}},
    {"exp(DOUBLE) DOUBLE", "exp(?1)", {any_f64}},
    {"ln(DOUBLE) DOUBLE", "ln(?1)", {any_f64}},
    {"log(DOUBLE) DOUBLE", "log(?1)", {any_f64}},
    {"log10(DOUBLE) DOUBLE", "log10(?1)", {any_f64}},
    {"log2(DOUBLE) DOUBLE", "log2(?1)", {any_f64}},
    {"log(DOUBLE, DOUBLE) DOUBLE", "log(?1,?2)", {any_f64, any_f64}},
    {"pow(DOUBLE, DOUBLE) DOUBLE", "pow(?1,?2)", {any_f64, any_f64}},
    {"sin(DOUBLE) DOUBLE", "sin(?1)", {any_f64}},
    {"acos(DOUBLE) DOUBLE", "acos(?1)", {any_f64}},
    {"atan2(DOUBLE, DOUBLE) DOUBLE", "atan2(?1,?2)", {any_f64, any_f64}},
    {"atanh(DOUBLE) DOUBLE", "atanh(?1)", {any_f64}},
    {"acosh(DOUBLE) DOUBLE", "acosh(?1)", {any_f64}},
    {"degrees(DOUBLE) DOUBLE", "degrees(?1)", {any_f64}},
    {"radians(DOUBLE) DOUBLE", "radians(?1)", {any_f64}},
    {"json_extract(TEXT, TEXT) TEXT", "json_extract(?1,?2)", {any_json, any_path}},
    {"->(TEXT, TEXT) TEXT", "?1 -> ?2", {any_json, any_label}},
    {"->>(TEXT, TEXT) TEXT", "?1 ->> ?2", {any_json, any_label}},
    {"->(TEXT, BIGINT) TEXT", "?1 -> ?2", {any_json, small_i64}},
    {"->>(TEXT, BIGINT) TEXT", "?1 ->> ?2", {any_json, small_i64}},
    {"hex(ANY) TEXT", "hex(?1)", {any_text}},
    {"quote(ANY) TEXT", "quote(?1)", {any_f64}},
    {"unicode(TEXT) BIGINT", "unicode(?1)", {any_text}},
    {"json_valid(TEXT) BOOLEAN", "json_valid(?1)", {any_json}},
};

static uint32_t trial_args(const struct trial *t) {
    uint32_t n = 0;
    while (n < ARGS_MAX && t->arg[n]) n++;
    return n;
}

static const struct type *type_made_by(generate *g) {
    if (g == any_i64 || g == small_i64 || g == shift_i64) return &type_bigint;
    return g == any_f64 ? &type_double : &type_text;
}

static void bind(sqlite3_stmt *s, int at, const struct column *c, uint32_t row) {
    if (!column_has(c, row))
        sqlite3_bind_null(s, at);
    else if (c->type->id == TYPE_BIGINT)
        sqlite3_bind_int64(s, at, c->as.i64[row]);
    else if (c->type->id == TYPE_DOUBLE)
        sqlite3_bind_double(s, at, c->as.f64[row]);
    else
        sqlite3_bind_text(s, at, c->as.text[row].at ? c->as.text[row].at : "",
                          (int)c->as.text[row].bytes, SQLITE_TRANSIENT);
}

static bool same_f64(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0 || (a == 0 && b == 0);
}

/* Is the row of c what SQLite's step gave? */
static bool same(const struct column *c, uint32_t row, bool failed, sqlite3_stmt *s, int rc) {
    bool is_real = rc == SQLITE_ROW && sqlite3_column_type(s, 0) == SQLITE_FLOAT;
    if (failed && c->type->id == TYPE_BIGINT && is_real) return true; /* past 64 bits: 22003 */
    if (rc != SQLITE_ROW && !failed) return !column_has(c, row);      /* NULL beside wrong JSON */
    if (rc != SQLITE_ROW || failed) return failed == (rc != SQLITE_ROW);
    bool null = sqlite3_column_type(s, 0) == SQLITE_NULL;
    if (null || !column_has(c, row)) {
        bool nan =
            column_has(c, row) && c->type->id == TYPE_DOUBLE && c->as.f64[row] != c->as.f64[row];
        return null && (!column_has(c, row) || nan);
    }
    if (c->type->id == TYPE_BOOLEAN) return c->as.b8[row] == sqlite3_column_int(s, 0);
    if (c->type->id == TYPE_BIGINT) return c->as.i64[row] == sqlite3_column_int64(s, 0);
    if (c->type->id == TYPE_DOUBLE) return same_f64(c->as.f64[row], sqlite3_column_double(s, 0));
    const char *text = (const char *)sqlite3_column_text(s, 0);
    struct text want = {text, (uint32_t)sqlite3_column_bytes(s, 0)};
    return text_equal(c->as.text[row], want);
}

static void report(struct probe *p, const struct trial *t, const struct column *c, uint32_t row,
                   sqlite3_stmt *s) {
    fprintf(stderr, "%s, row %u:", t->sql, row);
    for (uint32_t i = 0; i < trial_args(t); i++) {
        fprintf(stderr, " [%s]", probe_show(p, &p->col[i], row));
    }
    const struct row_failure *f = probe_failure(p, row);
    bool row_there = sqlite3_data_count(s) > 0;
    const char *want = row_there ? (const char *)sqlite3_column_text(s, 0) : "an error";
    fprintf(stderr, " SQLite %s, here %s\n", want ? want : "NULL",
            f ? f->message : probe_show(p, c, row));
}

/* Returns how many rows differ, of which the first is shown. */
static uint32_t compare(struct probe *p, const struct trial *t, const struct column *c, sqlite3 *db,
                        bool constant) {
    sqlite3_stmt *s;
    uint32_t wrong = 0;
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT %s", t->sql);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    for (uint32_t row = 0; row < p->batch.rows; row++) {
        /* With constants all arguments but the first are those of row 0. */
        for (uint32_t i = 0; i < trial_args(t); i++) {
            bind(s, (int)i + 1, &p->col[i], constant && i > 0 ? 0 : row);
        }
        int rc = sqlite3_step(s);
        bool differs = !same(c, row, probe_failure(p, row), s, rc);
        if (differs && wrong++ == 0) report(p, t, c, row, s);
        sqlite3_reset(s);
    }
    sqlite3_finalize(s);
    return wrong;
}

static uint32_t run_trial(const struct trial *t, uint64_t seed, sqlite3 *db, bool constant) {
    struct dice d = {seed};
    struct probe p;
    const struct expr *arg[ARGS_MAX];
    probe_init(&p);
    uint32_t args = trial_args(t);
    for (uint32_t i = 0; i < args; i++) {
        uint32_t column = probe_column(&p, type_made_by(t->arg[i]));
        for (uint32_t row = 0; row < ROWS; row++) {
            if (row > 0 && below(&d, 12) == 0)
                builder_null(&p.build[column]);
            else
                t->arg[i](&d, &p.build[column]);
        }
    }
    probe_seal(&p);
    for (uint32_t i = 0; i < args; i++) {
        arg[i] = constant && i > 0 ? x_constant(&p, &p.col[i], 0) : x_column(&p, i);
    }
    const struct column *c = probe_run(&p, x_call_list(&p, t->sig, arg, args));
    uint32_t wrong = compare(&p, t, c, db, constant);
    probe_done(&p);
    return wrong;
}

static void functions_give_what_sqlite_gives(void **unused) {
    (void)unused;
    const char *given = getenv("WEIR_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 20261120;
    print_message("seed %llu\n", (unsigned long long)seed);
    uint32_t wrong = 0;
    sqlite3 *db;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    for (size_t i = 0; i < COUNT_OF(trials); i++) {
        wrong += run_trial(&trials[i], seed + i, db, false);
        for (uint64_t k = 0; k < 12; k++) {
            wrong += run_trial(&trials[i], seed * 31 + i + k * 977, db, true);
        }
    }
    sqlite3_close(db);
    assert_int_equal(wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(functions_give_what_sqlite_gives)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
