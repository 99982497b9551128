/* lite.c: opens the database, runs statements, reads rows as values. */
#include "tests/oracle/lite.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

struct lite {
    sqlite3 *db;
};

struct lite *lite_create(void) {
    struct lite *l = calloc(1, sizeof *l);
    assert(l);
    int opened = sqlite3_open(":memory:", &l->db);
    assert(opened == SQLITE_OK);
    lite_add_functions(l->db);
    lite_add_aggregates(l->db);
    bool good = lite_run(l, "CREATE TABLE numbers(n INTEGER PRIMARY KEY);"
                            "WITH RECURSIVE x(n) AS (VALUES(0) UNION ALL SELECT n + 1 FROM x "
                            "WHERE n < 255) INSERT INTO numbers SELECT n FROM x;");
    assert(good);
    return l;
}

void lite_destroy(struct lite *l) {
    if (!l) return;
    sqlite3_close(l->db);
    free(l);
}

bool lite_run(struct lite *l, const char *script) {
    char *message = NULL;
    bool good = sqlite3_exec(l->db, script, NULL, NULL, &message) == SQLITE_OK;
    if (!good) printf("SQLite: %s in: %.2000s\n", message, script);
    sqlite3_free(message);
    return good;
}

static struct text copy_bytes(struct arena *a, const void *at, int bytes) {
    char *copy = arena_copy(a, bytes > 0 ? at : "", (size_t)bytes);
    assert(copy);
    return (struct text){.at = copy, .bytes = (uint32_t)bytes};
}

static struct value read_value(struct arena *a, sqlite3_stmt *s, int c) {
    struct value v = {0};
    switch (sqlite3_column_type(s, c)) {
    case SQLITE_INTEGER:
        v.kind = VALUE_INT;
        v.integer = sqlite3_column_int64(s, c);
        break;
    case SQLITE_FLOAT:
        v.kind = VALUE_REAL;
        v.real = sqlite3_column_double(s, c);
        break;
    case SQLITE_TEXT:
        v.kind = VALUE_TEXT;
        v.text = copy_bytes(a, sqlite3_column_text(s, c), sqlite3_column_bytes(s, c));
        break;
    case SQLITE_BLOB:
        v.kind = VALUE_BLOB;
        v.text = copy_bytes(a, sqlite3_column_blob(s, c), sqlite3_column_bytes(s, c));
        break;
    default: break;
    }
    return v;
}

/* Our functions raise an error whose message is its SQLSTATE. */
static void read_failure(sqlite3 *db, struct rows *out) {
    const char *message = sqlite3_errmsg(db);
    out->failed = true;
    snprintf(out->message, sizeof out->message, "%s", message);
    if (strlen(message) == 5 && isdigit((unsigned char)message[0])) {
        memcpy(out->sqlstate, message, 6);
    }
}

static int step_all(sqlite3_stmt *s, struct rows *out) {
    int status;
    while ((status = sqlite3_step(s)) == SQLITE_ROW) {
        struct value *row = rows_add(out);
        for (uint32_t c = 0; c < out->cols; c++) row[c] = read_value(out->arena, s, (int)c);
    }
    return status;
}

void lite_query(struct lite *l, const char *sql, struct rows *out) {
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(l->db, sql, -1, &s, NULL) != SQLITE_OK) {
        read_failure(l->db, out);
        return;
    }
    out->cols = (uint32_t)sqlite3_column_count(s);
    if (step_all(s, out) != SQLITE_DONE) read_failure(l->db, out);
    sqlite3_finalize(s);
}

void lite_query_rows(struct lite *l, const char *sql, uint32_t rows, struct rows *out,
                     uint32_t *failed_out) {
    sqlite3_stmt *s = NULL;
    *failed_out = 0;
    if (sqlite3_prepare_v2(l->db, sql, -1, &s, NULL) != SQLITE_OK) {
        read_failure(l->db, out);
        return;
    }
    out->cols = (uint32_t)sqlite3_column_count(s);
    for (uint32_t r = 0; r < rows; r++) {
        uint32_t before = out->count;
        sqlite3_bind_int64(s, 1, r);
        if (step_all(s, out) != SQLITE_DONE) {
            out->count = before;
            (*failed_out)++;
        }
        sqlite3_reset(s);
    }
    sqlite3_finalize(s);
}
