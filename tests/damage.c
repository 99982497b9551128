/* damage.c: every byte of a good script, JSON line and CSV line damaged in turn.
 *
 * Each byte is replaced by several others, left out, or doubled, and what comes of it is run in a
 * session over files in memory. Nothing may crash (run it under the sanitizers); a wrong script
 * gives an error with an SQLSTATE and a sentence; of a damaged file, the lines before the damage
 * come out as they are.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/side.h"

static const char good_script[] =
    "CREATE STREAM s (a BIGINT, n DECIMAL(6,2), t TEXT, at TIMESTAMP(3), r ROW<x BIGINT, y "
    "ARRAY<TEXT>>, d DOUBLE, up AS upper(t), WATERMARK FOR at AS at - INTERVAL '2' SECOND)\n"
    "  WITH ('connector' = 'filesystem', 'path' = 's.ndjson', 'format' = 'json');\n"
    "WITH q AS (SELECT * FROM s WHERE a BETWEEN 1 AND 9 AND t LIKE 'a%' OR r.x IN (1, NULL, "
    "0x1F))\n"
    "SELECT up, window_start, SUM(a) FILTER (WHERE n > 1.50) AS f, COUNT(DISTINCT r.y[1]) AS \"c "
    "d\",\n"
    "  CASE WHEN MAX(d) >= 1e3 THEN 'big' ELSE MIN(t) || '-' END AS k\n"
    "FROM TABLE(HOP(TABLE s, DESCRIPTOR(at), INTERVAL '1' SECOND, INTERVAL '1:30' MINUTE TO "
    "SECOND))\n"
    "GROUP BY up, window_start, window_end HAVING COUNT(*) > 0; -- end\n"
    "SELECT DISTINCT CAST(a AS TEXT) /* c */ FROM s ORDER BY 1 DESC LIMIT 3 OFFSET 1;\n"
    "EXPLAIN SELECT a % 2, -a FROM s UNION ALL SELECT 1, 2;\n";

static const char good_json[] = "{\"a\":1,\"n\":2.50,\"t\":\"abc\",\"at\":\"2024-01-01 "
                                "00:00:01.5\",\"r\":{\"x\":1,\"y\":[\"p\"]},"
                                "\"d\":1e3}\n"
                                "{\"a\":-2,\"n\":-0.5,\"t\":\"\\u00e9\\n\",\"at\":\"2024-01-01T00:"
                                "00:02Z\",\"r\":null,\"d\":0.125}\n"
                                "{\"t\":\"\xC3\xA9\",\"zz\":[1,{\"k\":[true,false,null]}],\"a\":3,"
                                "\"at\":\"2024-01-01 00:00:09\"}\n";

static const char good_csv[] = "1,2.50,abc,2024-01-01 00:00:01.5\n"
                               "-2,,\"a,\"\"b\"\"\",2024-01-01T00:00:02Z\n"
                               "3,1,\"two\nlines\",2024-01-01 00:00:09\r\n";

static const char json_script[] =
    "CREATE STREAM s (a BIGINT, n DECIMAL(6,2), t TEXT, at TIMESTAMP(3), r ROW<x BIGINT, y "
    "ARRAY<TEXT>>, d DOUBLE) WITH ('connector' = 'filesystem', 'path' = 's.ndjson', "
    "'format' = 'json'); SELECT * FROM s;";
static const char csv_script[] =
    "CREATE STREAM s (a BIGINT, n DECIMAL(6,2), t TEXT, at TIMESTAMP(3)) WITH ('connector' = "
    "'filesystem', 'path' = 's.csv', 'format' = 'csv'); SELECT * FROM s;";

enum damage {
    SET_NUL,
    SET_HIGH,
    SET_QUOTE,
    SET_BRACE,
    SET_DIGIT,
    FLIP,
    DROP,
    DOUBLE,
    CUT,
    DAMAGES
};

/* `good` with its byte `at` damaged, with a NUL behind it. */
static void damage_text(struct buf *out, struct text good, uint32_t at, enum damage how) {
    static const char set[] = {'\0', '\xFF', '\'', '{', '7'};
    buf_reset(out);
    buf_add(out, good.at, at);
    if (how <= SET_DIGIT) buf_add_char(out, set[how]);
    if (how == FLIP) buf_add_char(out, (char)(good.at[at] ^ 0x20));
    if (how == DOUBLE) buf_add_char(out, good.at[at]);
    if (how == DOUBLE) buf_add_char(out, good.at[at]);
    if (how != CUT) buf_add(out, good.at + at + 1, good.bytes - at - 1);
    assert(!out->failed);
}

/* Lines that end before byte `at`, blank ones and those inside quotes not told apart. */
static uint32_t lines_before(struct text t, uint32_t at) {
    uint32_t lines = 0;
    for (uint32_t i = 0; i < at && i < t.bytes; i++) lines += t.at[i] == '\n';
    return lines;
}

static bool run(const char *path, struct text file, const char *script, struct rows *out) {
    struct side *side = side_create();
    side_file(side, path, file);
    side_query(side, script, out, NULL);
    side_destroy(side);
    return !out->failed;
}

/* An error says what it is about. */
static bool error_speaks(const struct rows *r) {
    return strlen(r->sqlstate) == 5 && strlen(r->message) > 3;
}

static uint32_t damage_script(void) {
    struct text good = text_of(good_script);
    uint32_t failed = 0;
    struct buf script;
    struct arena a;
    buf_init(&script);
    arena_init(&a, 0);

    for (uint32_t at = 0; at < good.bytes; at++) {
        for (enum damage how = 0; how < DAMAGES; how++) {
            struct rows out = {.arena = &a};
            damage_text(&script, good, at, how);
            bool ran = run("s.ndjson", text_of(good_json), script.at, &out);
            if (!ran && !error_speaks(&out)) {
                printf("script byte %u damage %u: error \"%s\" \"%s\"\n", at, how, out.sqlstate,
                       out.message);
                failed++;
            }
            arena_reset(&a);
        }
    }
    buf_done(&script);
    arena_done(&a);
    return failed;
}

struct damaged_file {
    const char *path, *script;
    struct text good;
    uint32_t rows; /* that the good file gives */
};

static uint32_t damage_file(const struct damaged_file *f) {
    struct arena a;
    struct buf file;
    uint32_t failed = 0;
    arena_init(&a, 0);
    buf_init(&file);

    for (uint32_t at = 0; at < f->good.bytes; at++) {
        for (enum damage how = 0; how < DAMAGES; how++) {
            struct rows out = {.arena = &a};
            damage_text(&file, f->good, at, how);
            bool ran = run(f->path, buf_text(&file), f->script, &out);
            uint32_t before = lines_before(f->good, at);
            if (before > f->rows - 1) before = f->rows - 1;
            if (!ran || out.count < before) {
                printf("%s byte %u damage %u: %u rows, %s %s\n", f->path, at, how, out.count,
                       out.sqlstate, out.message);
                failed++;
            }
            arena_reset(&a);
        }
    }
    buf_done(&file);
    arena_done(&a);
    return failed;
}

/* The good ones are good: without that the rest says nothing. */
static uint32_t check_good(const struct damaged_file *f) {
    struct arena a;
    arena_init(&a, 0);
    struct rows out = {.arena = &a};
    bool ran = run(f->path, f->good, f->script, &out);
    bool good = ran && out.count == f->rows;
    if (!good) printf("%s: %u rows, %s %s\n", f->path, out.count, out.sqlstate, out.message);
    arena_done(&a);
    return !good;
}

int main(void) {
    const struct damaged_file json = {
        .path = "s.ndjson", .script = json_script, .good = text_of(good_json), .rows = 3};
    const struct damaged_file csv = {
        .path = "s.csv", .script = csv_script, .good = text_of(good_csv), .rows = 3};
    const struct damaged_file script = {
        .path = "s.ndjson", .script = good_script, .good = text_of(good_json), .rows = 3};

    struct arena a;
    arena_init(&a, 0);
    struct rows out = {.arena = &a};
    uint32_t failed = check_good(&json) + check_good(&csv);
    if (!run(script.path, script.good, script.script, &out)) {
        printf("the good script: %s %s\n", out.sqlstate, out.message);
        failed++;
    }
    arena_done(&a);
    failed += damage_file(&json) + damage_file(&csv) + damage_script();

    size_t runs = (strlen(good_script) + strlen(good_json) + strlen(good_csv)) * DAMAGES;
    printf("%zu passed, %u failed, 0 skipped\n", runs - failed, failed);
    return failed > 0;
}
