/* lite_function.c: scalar functions given to SQLite: written from the contract, not from weir.
 *
 * They are not declared deterministic: SQLite would compute constant ones before the first row,
 * also those that no row reaches, and an error would come too early. */
#include <inttypes.h>
#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "engine/base/attr.h"
#include "engine/base/type.h"
#include "tests/oracle/lite.h"

#define SECOND_US INT64_C(1000000)
#define DAY_US (86400 * SECOND_US)

static bool is_null(sqlite3_value *v) {
    return sqlite3_value_type(v) == SQLITE_NULL;
}

static int64_t floor_div(int64_t a, int64_t b) {
    int64_t q = a / b;
    return q - (a % b != 0 && (a < 0) != (b < 0));
}

/* w_int(x): integer arithmetic that SQLite carried on as REAL has left 64 bits. */
static void w_int(sqlite3_context *c, int args, sqlite3_value **arg) {
    (void)args;
    if (sqlite3_value_type(arg[0]) == SQLITE_FLOAT) {
        sqlite3_result_error(c, "22003", -1);
    } else {
        sqlite3_result_value(c, arg[0]);
    }
}

static void w_floor(sqlite3_context *c, int args, sqlite3_value **arg) {
    (void)args;
    if (is_null(arg[0])) return;
    sqlite3_result_int64(c, floor_div(sqlite3_value_int64(arg[0]), sqlite3_value_int64(arg[1])));
}

/* w_divide(a, b, shift): a * 10^shift / b, half away from zero; NULL for b = 0. */
static void w_divide(sqlite3_context *c, int args, sqlite3_value **arg) {
    (void)args;
    if (is_null(arg[0]) || is_null(arg[1]) || sqlite3_value_int64(arg[1]) == 0) return;
    int128_t a = (int128_t)sqlite3_value_int64(arg[0]), b = (int128_t)sqlite3_value_int64(arg[1]);
    for (int i = sqlite3_value_int(arg[2]); i > 0; i--) a *= 10;
    bool negative = (a < 0) != (b < 0);
    if (a < 0) a = -a;
    if (b < 0) b = -b;
    int128_t q = a / b + ((a % b) * 2 >= b);
    sqlite3_result_int64(c, (int64_t)(negative ? -q : q));
}

/* The whole of a text as an integer; false: it is none. */
static bool read_whole(sqlite3_value *v, int64_t *out) {
    const char *at = (const char *)sqlite3_value_text(v);
    const char *digits = at + (*at == '-' || *at == '+');
    if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0') return false;
    *out = strtoll(at, NULL, 10);
    return true;
}

static void w_whole(sqlite3_context *c, int args, sqlite3_value **arg) {
    (void)args;
    int64_t v;
    if (is_null(arg[0])) return;
    if (read_whole(arg[0], &v)) {
        sqlite3_result_int64(c, v);
    } else {
        sqlite3_result_error(c, "22P02", -1);
    }
}

static void w_try_whole(sqlite3_context *c, int args, sqlite3_value **arg) {
    (void)args;
    int64_t v;
    if (!is_null(arg[0]) && read_whole(arg[0], &v)) sqlite3_result_int64(c, v);
}

static void result_text(sqlite3_context *c, const char *text) {
    sqlite3_result_text(c, text, -1, SQLITE_TRANSIENT);
}

static void w_decimal_text(sqlite3_context *c, int args, sqlite3_value **arg) {
    (void)args;
    if (is_null(arg[0])) return;
    int64_t v = sqlite3_value_int64(arg[0]), unit = 1;
    int scale = sqlite3_value_int(arg[1]);
    for (int i = 0; i < scale; i++) unit *= 10;
    char text[80];
    snprintf(text, sizeof text, "%s%" PRId64 ".%0*" PRId64, v < 0 ? "-" : "",
             (int64_t)llabs(v / unit), scale < 18 ? scale : 18, (int64_t)llabs(v % unit));
    if (scale == 0) snprintf(text, sizeof text, "%" PRId64, v);
    result_text(c, text);
}

/* w_real(v, scale): v / 10^scale as the nearest double. */
static void w_real(sqlite3_context *c, int args, sqlite3_value **arg) {
    (void)args;
    if (is_null(arg[0])) return;
    char text[48];
    snprintf(text, sizeof text, "%" PRId64 "e-%d", (int64_t)sqlite3_value_int64(arg[0]),
             sqlite3_value_int(arg[1]));
    sqlite3_result_double(c, strtod(text, NULL));
}

/* Asks SQLite's calendar for the date of a day. */
static void day_text(sqlite3_context *c, int64_t days, char out[16]) {
    sqlite3_stmt *s = NULL;
    sqlite3_prepare_v2(sqlite3_context_db_handle(c), "SELECT date(?1 * 86400, 'unixepoch')", -1, &s,
                       NULL);
    sqlite3_bind_int64(s, 1, days);
    sqlite3_step(s);
    const char *text = (const char *)sqlite3_column_text(s, 0);
    snprintf(out, 16, "%s", text ? text : "");
    sqlite3_finalize(s);
}

static void w_date_text(sqlite3_context *c, int args, sqlite3_value **arg) {
    (void)args;
    if (is_null(arg[0])) return;
    char day[16];
    day_text(c, sqlite3_value_int64(arg[0]), day);
    result_text(c, day);
}

static void w_time_text(sqlite3_context *c, int args, sqlite3_value **arg) {
    (void)args;
    if (is_null(arg[0])) return;
    int64_t us = sqlite3_value_int64(arg[0]), days = floor_div(us, DAY_US);
    int64_t ms = (us - days * DAY_US) / 1000;
    char day[16], text[80];
    day_text(c, days, day);
    snprintf(text, sizeof text, "%s %02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%03" PRId64, day,
             ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
    result_text(c, text);
}

/* w_split(text, separator, n): the n-th part, from 0; NULL outside, and of an empty text, as Flink
 * has it. */
static void w_split(sqlite3_context *c, int args, sqlite3_value **arg) {
    (void)args;
    if (is_null(arg[0]) || is_null(arg[2])) return;
    const char *at = (const char *)sqlite3_value_text(arg[0]);
    const char *separator = (const char *)sqlite3_value_text(arg[1]);
    int64_t wanted = sqlite3_value_int64(arg[2]);
    if (*at == '\0') return;

    for (int64_t i = 0; wanted >= 0; i++) {
        const char *end = strstr(at, separator);
        size_t bytes = end ? (size_t)(end - at) : strlen(at);
        if (i == wanted) sqlite3_result_text(c, at, (int)bytes, SQLITE_TRANSIENT);
        if (i == wanted || !end) return;
        at = end + strlen(separator);
    }
}

/* w_extract(text): the first run of a-z that the pattern of the operator's row would take. */
static void w_extract(sqlite3_context *c, int args, sqlite3_value **arg) {
    (void)args;
    if (is_null(arg[0])) return;
    const char *at = (const char *)sqlite3_value_text(arg[0]);
    at += strcspn(at, "abcdefghijklmnopqrstuvwxyz");
    size_t bytes = strspn(at, "abcdefghijklmnopqrstuvwxyz");
    if (bytes > 0) sqlite3_result_text(c, at, (int)bytes, SQLITE_TRANSIENT);
}

/* X REGEXP Y is regexp(Y, X). */
static void w_regexp(sqlite3_context *c, int args, sqlite3_value **arg) {
    (void)args;
    if (is_null(arg[0]) || is_null(arg[1])) return;
    regex_t pattern;
    if (regcomp(&pattern, (const char *)sqlite3_value_text(arg[0]), REG_EXTENDED | REG_NOSUB)) {
        sqlite3_result_error(c, "2201B", -1);
        return;
    }
    const char *text = (const char *)sqlite3_value_text(arg[1]);
    sqlite3_result_int(c, regexec(&pattern, text, 0, NULL, 0) == 0);
    regfree(&pattern);
}

void lite_add_functions(sqlite3 *db) {
    static const struct {
        const char *name;
        int args;
        void (*call)(sqlite3_context *, int, sqlite3_value **);
    } functions[] = {
        {"w_int", 1, w_int},
        {"w_floor", 2, w_floor},
        {"w_divide", 3, w_divide},
        {"w_whole", 1, w_whole},
        {"w_try_whole", 1, w_try_whole},
        {"w_decimal_text", 2, w_decimal_text},
        {"w_real", 2, w_real},
        {"w_date_text", 1, w_date_text},
        {"w_time_text", 1, w_time_text},
        {"w_split", 3, w_split},
        {"w_extract", 1, w_extract},
        {"regexp", 2, w_regexp},
    };
    for (size_t i = 0; i < COUNT_OF(functions); i++) {
        sqlite3_create_function(db, functions[i].name, functions[i].args, SQLITE_UTF8, NULL,
                                functions[i].call, NULL, NULL);
    }
}
