/* nexmark_lite_function.c: the functions that SQLite lacks, written from the contract. */
#include <assert.h>
#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <sqlite3.h>

#include "tests/nexmark_lite.h"

static bool some_null(int args, sqlite3_value **arg) {
    for (int i = 0; i < args; i++) {
        if (sqlite3_value_type(arg[i]) == SQLITE_NULL) return true;
    }
    return false;
}

static const char *text_arg(sqlite3_value *v) {
    return (const char *)sqlite3_value_text(v);
}

static int64_t floor_to(int64_t x, int64_t size) {
    int64_t over = x % size;
    return x - (over < 0 ? over + size : over);
}

static void fn_floor_to(sqlite3_context *c, int args, sqlite3_value **arg) {
    if (some_null(args, arg)) return;
    sqlite3_result_int64(c, floor_to(sqlite3_value_int64(arg[0]), sqlite3_value_int64(arg[1])));
}

/* show(ms): YYYY-MM-DD HH:MM:SS.mmm */
static void fn_show(sqlite3_context *c, int args, sqlite3_value **arg) {
    if (some_null(args, arg)) return;
    int64_t ms = sqlite3_value_int64(arg[0]), whole = floor_to(ms, 1000);
    time_t seconds = (time_t)(whole / 1000);
    struct tm parts;
    char day[32], text[48];
    gmtime_r(&seconds, &parts);
    strftime(day, sizeof day, "%Y-%m-%d %H:%M:%S", &parts);
    snprintf(text, sizeof text, "%s.%03" PRId64, day, ms - whole);
    sqlite3_result_text(c, text, -1, SQLITE_TRANSIENT);
}

/* regexp_part(text, pattern, group): NULL where nothing matches, or not the group. */
static void fn_regexp_part(sqlite3_context *c, int args, sqlite3_value **arg) {
    enum { GROUPS_MAX = 8 };
    if (some_null(args, arg)) return;
    regmatch_t match[GROUPS_MAX];
    regex_t compiled;
    int group = sqlite3_value_int(arg[2]);
    assert(group >= 0 && group < GROUPS_MAX);
    if (regcomp(&compiled, text_arg(arg[1]), REG_EXTENDED) != 0) {
        sqlite3_result_error(c, "a wrong pattern", -1);
        return;
    }
    const char *text = text_arg(arg[0]);
    bool found = regexec(&compiled, text, GROUPS_MAX, match, 0) == 0;
    regfree(&compiled);
    if (!found || match[group].rm_so < 0) return;
    sqlite3_result_text(c, text + match[group].rm_so, match[group].rm_eo - match[group].rm_so,
                        SQLITE_TRANSIENT);
}

/* field_of(text, separator, index): index from 0; NULL past the last. */
static void fn_field_of(sqlite3_context *c, int args, sqlite3_value **arg) {
    if (some_null(args, arg)) return;
    const char *at = text_arg(arg[0]), *separator = text_arg(arg[1]);
    for (int left = sqlite3_value_int(arg[2]); left > 0; left--) {
        const char *next = strstr(at, separator);
        if (!next) return;
        at = next + strlen(separator);
    }
    const char *end = strstr(at, separator);
    sqlite3_result_text(c, at, end ? (int)(end - at) : -1, SQLITE_TRANSIENT);
}

static void fn_count_of(sqlite3_context *c, int args, sqlite3_value **arg) {
    if (some_null(args, arg)) return;
    int64_t count = 0;
    char wanted = text_arg(arg[1])[0];
    for (const char *at = text_arg(arg[0]); *at; at++) count += *at == wanted;
    sqlite3_result_int64(c, count);
}

void nexmark_lite_add_functions(sqlite3 *db) {
    static const struct {
        const char *name;
        int args;
        void (*run)(sqlite3_context *, int, sqlite3_value **);
    } functions[] = {
        {"floor_to", 2, fn_floor_to},       {"show", 1, fn_show},
        {"regexp_part", 3, fn_regexp_part}, {"field_of", 3, fn_field_of},
        {"count_of", 2, fn_count_of},
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        int added = sqlite3_create_function(db, functions[i].name, functions[i].args,
                                            SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
                                            functions[i].run, NULL, NULL);
        assert(added == SQLITE_OK);
    }
}
