/* nexmark_lite.c: loads events, asks SQLite, and walks its rows and weir's lines side by side. */
#include "tests/nexmark_lite.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

struct nexmark_lite {
    sqlite3 *db;
};

/* A time in text as milliseconds: SQLite reads the seconds, whatever their sign. */
static const char load_script[] =
    "CREATE TABLE line(n INTEGER PRIMARY KEY, j TEXT);"
    "CREATE VIEW event AS SELECT n, json_extract(j, '$.event_type') AS type, j,"
    "  json_extract(j, '$.at') AS at, json_extract(j, '$.clock') AS clock FROM line;"
    "CREATE TABLE bid(n INTEGER PRIMARY KEY, auction INTEGER, bidder INTEGER, price INTEGER,"
    "  channel TEXT, url TEXT, extra TEXT, at TEXT, ms INTEGER, clock_ms INTEGER, day TEXT,"
    "  minute TEXT, hour INTEGER, class INTEGER);"
    "CREATE TABLE auction(n INTEGER PRIMARY KEY, id INTEGER, seller INTEGER);"
    "CREATE TABLE person(n INTEGER PRIMARY KEY, id INTEGER);";

static const char split_script[] =
    "INSERT INTO bid SELECT n, json_extract(j, '$.bid.auction'), json_extract(j, '$.bid.bidder'),"
    "  json_extract(j, '$.bid.price'), json_extract(j, '$.bid.channel'),"
    "  json_extract(j, '$.bid.url'), json_extract(j, '$.bid.extra'), at,"
    "  CAST(strftime('%s', at) AS INTEGER) * 1000 + CAST(substr(at, 21, 3) AS INTEGER),"
    "  CAST(strftime('%s', clock) AS INTEGER) * 1000 + CAST(substr(clock, 21, 3) AS INTEGER),"
    "  strftime('%Y-%m-%d', at), strftime('%H:%M', at), CAST(strftime('%H', at) AS INTEGER),"
    "  (json_extract(j, '$.bid.price') >= 10000) + (json_extract(j, '$.bid.price') >= 1000000)"
    "  FROM event WHERE type = 2;"
    "INSERT INTO auction SELECT n, json_extract(j, '$.auction.id'),"
    "  json_extract(j, '$.auction.seller') FROM event WHERE type = 1;"
    "INSERT INTO person SELECT n, json_extract(j, '$.person.id') FROM event WHERE type = 0;";

static bool run(struct nexmark_lite *l, const char *script) {
    char *message = NULL;
    bool good = sqlite3_exec(l->db, script, NULL, NULL, &message) == SQLITE_OK;
    if (!good) printf("    SQLite: %s in: %.300s\n", message, script);
    sqlite3_free(message);
    return good;
}

static sqlite3_stmt *prepare(struct nexmark_lite *l, const char *sql) {
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(l->db, sql, -1, &s, NULL) != SQLITE_OK) {
        printf("    SQLite: %s in: %.300s\n", sqlite3_errmsg(l->db), sql);
    }
    return s;
}

/* The next line, without its end; false: there is none. */
static bool take_line(struct text *rest, struct text *out) {
    if (rest->bytes == 0) return false;
    const char *end = memchr(rest->at, '\n', rest->bytes);
    uint32_t bytes = end ? (uint32_t)(end - rest->at) : rest->bytes;
    *out = (struct text){rest->at, bytes};
    bytes += end != NULL;
    *rest = (struct text){rest->at + bytes, rest->bytes - bytes};
    return true;
}

static uint32_t add_lines(struct nexmark_lite *l, struct text lines) {
    sqlite3_stmt *s = prepare(l, "INSERT INTO line(j) VALUES (?)");
    assert(s);
    struct text line;
    uint32_t count = 0;
    for (; take_line(&lines, &line); count++) {
        sqlite3_bind_text(s, 1, line.at, (int)line.bytes, SQLITE_STATIC);
        int status = sqlite3_step(s);
        assert(status == SQLITE_DONE);
        sqlite3_reset(s);
    }
    sqlite3_finalize(s);
    return count;
}

/* What must be so of any events: kinds apart, times in order, the row's time is the event's. */
static bool are_events(struct nexmark_lite *l) {
    return nexmark_lite_counts(l, "SELECT count(*) FROM event WHERE type NOT IN (0, 1, 2)", 0) &&
           nexmark_lite_counts(l,
                               "SELECT count(*) FROM event WHERE coalesce("
                               "json_extract(j, '$.person.dateTime'),"
                               "json_extract(j, '$.auction.dateTime'),"
                               "json_extract(j, '$.bid.dateTime')) IS NOT at",
                               0) &&
           nexmark_lite_counts(l,
                               "SELECT count(*) FROM event WHERE"
                               " (type = 0) <> (json_type(j, '$.person') = 'object') OR"
                               " (type = 1) <> (json_type(j, '$.auction') = 'object') OR"
                               " (type = 2) <> (json_type(j, '$.bid') = 'object')",
                               0) &&
           nexmark_lite_counts(
               l,
               "SELECT count(*) FROM bid JOIN (SELECT n, lag(ms) OVER (ORDER BY n) AS"
               " before FROM bid) AS b USING (n) WHERE ms < before",
               0);
}

struct nexmark_lite *nexmark_lite_open(struct text events, uint32_t count) {
    struct nexmark_lite *l = calloc(1, sizeof *l);
    assert(l);
    int opened = sqlite3_open(":memory:", &l->db);
    assert(opened == SQLITE_OK);
    nexmark_lite_add_functions(l->db);
    bool good = run(l, load_script) && run(l, "BEGIN");
    uint32_t lines = good ? add_lines(l, events) : 0;
    if (good && lines != count) printf("    %u events were written, not %u\n", lines, count);
    good = good && lines == count && run(l, split_script) && run(l, "COMMIT") && are_events(l);
    if (good) return l;
    nexmark_lite_close(l);
    return NULL;
}

void nexmark_lite_close(struct nexmark_lite *l) {
    if (!l) return;
    sqlite3_close(l->db);
    free(l);
}

bool nexmark_lite_counts(struct nexmark_lite *l, const char *sql, int64_t wanted) {
    sqlite3_stmt *s = prepare(l, sql);
    if (!s) return false;
    bool row = sqlite3_step(s) == SQLITE_ROW;
    int64_t got = row ? sqlite3_column_int64(s, 0) : -1;
    if (!row) printf("    SQLite: %s\n", sqlite3_errmsg(l->db));
    sqlite3_finalize(s);
    if (row && got != wanted) {
        printf("    %" PRId64 ", not %" PRId64 ": %.300s\n", got, wanted, sql);
    }
    return row && got == wanted;
}

void nexmark_lite_lines(struct nexmark_lite *l, const char *sql, struct buf *out) {
    sqlite3_stmt *s = prepare(l, sql);
    int status = s ? sqlite3_step(s) : SQLITE_ERROR;
    for (; status == SQLITE_ROW; status = sqlite3_step(s)) {
        buf_add(out, sqlite3_column_text(s, 0), (size_t)sqlite3_column_bytes(s, 0));
        buf_add_char(out, '\n');
    }
    if (s && status != SQLITE_DONE) printf("    SQLite: %s\n", sqlite3_errmsg(l->db));
    sqlite3_finalize(s);
}

/* --- a row and a line --- */

/* Takes `what` from the front of the line. */
static bool take(struct text *line, const char *what, size_t bytes) {
    if (line->bytes < bytes || memcmp(line->at, what, bytes) != 0) return false;
    *line = (struct text){line->at + bytes, line->bytes - (uint32_t)bytes};
    return true;
}

static bool take_text(struct text *line, const char *what) {
    return take(line, what, strlen(what));
}

/* What stands before the next ',' or '}': a value that is no text. */
static struct text take_bare(struct text *line) {
    uint32_t bytes = 0;
    while (bytes < line->bytes && line->at[bytes] != ',' && line->at[bytes] != '}') bytes++;
    struct text bare = {line->at, bytes};
    *line = (struct text){line->at + bytes, line->bytes - bytes};
    return bare;
}

/* A floating number: as near as two roundings, and spelt as one. */
static bool take_real(struct text *line, double wanted) {
    struct text bare = take_bare(line);
    char copy[64], *end = NULL;
    if (bare.bytes == 0 || bare.bytes >= sizeof copy) return false;
    memcpy(copy, bare.at, bare.bytes);
    copy[bare.bytes] = '\0';
    if (!strpbrk(copy, ".e")) return false;
    double got = strtod(copy, &end);
    return *end == '\0' && fabs(got - wanted) <= 1e-12 * fabs(wanted);
}

/* Column c's value. No text of an event needs an escape. */
static bool take_value(struct text *line, sqlite3_stmt *s, int c, bool number) {
    const char *text = (const char *)sqlite3_column_text(s, c);
    size_t bytes = (size_t)sqlite3_column_bytes(s, c);
    switch (sqlite3_column_type(s, c)) {
    case SQLITE_NULL: return take_text(line, "null");
    case SQLITE_FLOAT: return take_real(line, sqlite3_column_double(s, c));
    case SQLITE_INTEGER: return text_equal(take_bare(line), text_of(text));
    default: break;
    }
    if (number) return text_equal(take_bare(line), text_of(text));
    return take_text(line, "\"") && take(line, text, bytes) && take_text(line, "\"");
}

static bool line_is_row(struct text line, sqlite3_stmt *s) {
    const char *before = "{";
    for (int c = 0; c < sqlite3_column_count(s); c++) {
        const char *name = sqlite3_column_name(s, c);
        size_t bytes = strlen(name);
        if (name[0] == '_') continue;
        bool number = name[bytes - 1] == '#';
        if (!take_text(&line, before) || !take_text(&line, "\"") ||
            !take(&line, name, bytes - number) || !take_text(&line, "\":") ||
            !take_value(&line, s, c, number)) {
            return false;
        }
        before = ",";
    }
    return take_text(&line, "}") && line.bytes == 0;
}

static void add_row(struct buf *out, sqlite3_stmt *s) {
    for (int c = 0; c < sqlite3_column_count(s); c++) {
        const char *text = (const char *)sqlite3_column_text(s, c);
        buf_addf(out, "%s%s=%s", c > 0 ? " " : "", sqlite3_column_name(s, c), text ? text : "NULL");
    }
}

/* Rows and lines until two differ or both end. */
static bool walk(struct nexmark_lite *l, sqlite3_stmt *s, struct text lines, struct buf *why) {
    struct text line;
    for (uint32_t n = 1;; n++) {
        int status = sqlite3_step(s);
        if (status != SQLITE_ROW && status != SQLITE_DONE) {
            buf_addf(why, "SQLite: %s", sqlite3_errmsg(l->db));
            return false;
        }
        bool more = take_line(&lines, &line);
        if (status == SQLITE_DONE && !more) return true;
        if (status == SQLITE_ROW && more && line_is_row(line, s)) continue;

        buf_addf(why, "row %u\n      SQLite ", n);
        if (status == SQLITE_ROW) add_row(why, s);
        if (status == SQLITE_DONE) buf_add_str(why, "has no more");
        buf_add_str(why, "\n      weir   ");
        if (more) buf_add_text(why, line);
        if (!more) buf_add_str(why, "has no more");
        return false;
    }
}

bool nexmark_lite_agrees(struct nexmark_lite *l, const char *sql, struct text lines,
                         struct buf *why) {
    sqlite3_stmt *s = prepare(l, sql);
    if (!s) {
        buf_add_str(why, "SQLite does not take the question");
        return false;
    }
    bool same = walk(l, s, lines, why);
    sqlite3_finalize(s);
    return same;
}
