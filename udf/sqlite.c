/* sqlite.c: the functions of SQLite that have no native form here, each with the static types that
 * its row declares. JSON that a JSON function gives goes into another as JSON.
 */
#include "udf/each.h"
#include "udf/sqlite_call.h"
#include "udf/table.h"

#define DEFINE_SQLITE(id, sqlite_name, now)                                                        \
    static bool id##_open(const struct fn_bind *b, void **state_out, struct err *e) {              \
        static const struct sqlite_function f = {.name = sqlite_name, .now_arg = now};             \
        return sqlite_call_open(&f, b, state_out, e);                                              \
    }

DEFINE_SQLITE(char, "char", SQLITE_NO_NOW)
DEFINE_SQLITE(unicode, "unicode", SQLITE_NO_NOW)
DEFINE_SQLITE(quote, "quote", SQLITE_NO_NOW)
DEFINE_SQLITE(printf, "printf", SQLITE_NO_NOW)
DEFINE_SQLITE(soundex, "soundex", SQLITE_NO_NOW)
DEFINE_SQLITE(hex, "hex", SQLITE_NO_NOW)
DEFINE_SQLITE(zeroblob, "zeroblob", SQLITE_NO_NOW)
DEFINE_SQLITE(date, "date", 0)
DEFINE_SQLITE(time, "time", 0)
DEFINE_SQLITE(datetime, "datetime", 0)
DEFINE_SQLITE(julianday, "julianday", 0)
DEFINE_SQLITE(unixepoch, "unixepoch", 0)
DEFINE_SQLITE(strftime, "strftime", 1)
DEFINE_SQLITE(json, "json", SQLITE_NO_NOW)
DEFINE_SQLITE(json_array, "json_array", SQLITE_NO_NOW)
DEFINE_SQLITE(json_array_length, "json_array_length", SQLITE_NO_NOW)
DEFINE_SQLITE(json_extract, "json_extract", SQLITE_NO_NOW)
DEFINE_SQLITE(json_insert, "json_insert", SQLITE_NO_NOW)
DEFINE_SQLITE(json_object, "json_object", SQLITE_NO_NOW)
DEFINE_SQLITE(json_patch, "json_patch", SQLITE_NO_NOW)
DEFINE_SQLITE(json_quote, "json_quote", SQLITE_NO_NOW)
DEFINE_SQLITE(json_remove, "json_remove", SQLITE_NO_NOW)
DEFINE_SQLITE(json_replace, "json_replace", SQLITE_NO_NOW)
DEFINE_SQLITE(json_set, "json_set", SQLITE_NO_NOW)
DEFINE_SQLITE(json_type, "json_type", SQLITE_NO_NOW)
DEFINE_SQLITE(json_valid, "json_valid", SQLITE_NO_NOW)

static const struct type *type_json(const struct fn_bind *b, struct err *e) {
    (void)b;
    (void)e;
    return &type_json_text;
}

/* A row whose result is plain, one whose result is JSON, and one that may ask for the time. */
#define DEFINE_PLAIN_ROW(id, s, d, x)                                                              \
    {                                                                                              \
        .name = #id, .sig = s, .doc = d, .example = x, .flags = FN_CAN_FAIL, .open = id##_open,    \
        .close = sqlite_call_close, .call = sqlite_call                                            \
    }
#define DEFINE_JSON_ROW(id, s, d, x)                                                               \
    {                                                                                              \
        .name = #id, .sig = s, .doc = d, .example = x, .flags = FN_CAN_FAIL, .type = type_json,    \
        .open = id##_open, .close = sqlite_call_close, .call = sqlite_call                         \
    }
#define DEFINE_TIME_ROW(id, s, d, x)                                                               \
    {                                                                                              \
        .name = #id, .sig = s, .doc = d, .example = x, .flags = FN_CAN_FAIL | FN_STABLE,           \
        .open = id##_open, .close = sqlite_call_close, .call = sqlite_call                         \
    }

static const struct fn table[] = {
    DEFINE_PLAIN_ROW(char, "char(BIGINT...) TEXT", "the characters with these code points",
                     "char(72, 105) = 'Hi'"),
    DEFINE_PLAIN_ROW(unicode, "unicode(TEXT) BIGINT", "the code point of the first character",
                     "unicode('A') = 65"),
    DEFINE_PLAIN_ROW(quote, "quote(ANY) TEXT", "the value as an SQL literal",
                     "quote('it''s') = '''it''''s'''"),
    {.name = "printf",
     .sig = "printf(TEXT, ANY...) TEXT",
     .doc = "a text with values put in, as in C",
     .example = "printf('%05.1f', 3.14159) = '003.1'",
     .flags = FN_CAN_FAIL,
     .open = printf_open,
     .close = sqlite_call_close,
     .call = sqlite_format_call},
    {.name = "format",
     .sig = "format(TEXT, ANY...) TEXT",
     .doc = "a text with values put in, as in C",
     .example = "format('%d%%', 7) = '7%'",
     .flags = FN_CAN_FAIL,
     .open = printf_open,
     .close = sqlite_call_close,
     .call = sqlite_format_call},
    DEFINE_PLAIN_ROW(soundex, "soundex(TEXT) TEXT", "how an English word sounds, as four letters",
                     "soundex('Robert') = 'R163'"),
    DEFINE_PLAIN_ROW(hex, "hex(ANY) TEXT", "the bytes of the value (of its text) in hexadecimal",
                     "hex('abc') = '616263'"),
    DEFINE_PLAIN_ROW(zeroblob, "zeroblob(BIGINT) BLOB", "so many bytes of zero",
                     "length(zeroblob(8)) = 8"),
    DEFINE_TIME_ROW(date, "date(ANY...) TEXT", "a date as text: of a moment, with modifiers",
                    "date('2026-01-31', '+1 day') = '2026-02-01'"),
    DEFINE_TIME_ROW(time, "time(ANY...) TEXT", "a time of day as text: of a moment, with modifiers",
                    "time('2026-01-31 13:14:15') = '13:14:15'"),
    DEFINE_TIME_ROW(datetime, "datetime(ANY...) TEXT", "a moment as text, with modifiers",
                    "datetime('2026-01-31', 'start of month') = '2026-01-01 00:00:00'"),
    DEFINE_TIME_ROW(julianday, "julianday(ANY...) DOUBLE",
                    "days since noon in Greenwich on November 24, 4714 B.C.",
                    "julianday('2000-01-01 12:00') = 2451545"),
    DEFINE_TIME_ROW(unixepoch, "unixepoch(ANY...) BIGINT", "seconds since 1970",
                    "unixepoch('1970-01-02') = 86400"),
    DEFINE_TIME_ROW(strftime, "strftime(TEXT, ANY...) TEXT", "a moment as text by a format",
                    "strftime('%Y/%m', '2026-01-31') = '2026/01'"),
    DEFINE_JSON_ROW(json, "json(TEXT) TEXT", "the JSON without white space; an error if it is none",
                    "json(' [1, 2] ') = '[1,2]'"),
    DEFINE_JSON_ROW(json_array, "json_array(ANY...) TEXT", "an array of the arguments",
                    "json_array(1, 'a', json('[2]')) = '[1,\"a\",[2]]'"),
    DEFINE_PLAIN_ROW(json_array_length, "json_array_length(TEXT, [TEXT]) BIGINT",
                     "how many elements the array, or that at a path, has",
                     "json_array_length('[1,2,3]') = 3"),
    DEFINE_PLAIN_ROW(json_extract, "json_extract(TEXT, TEXT, TEXT, TEXT...) TEXT",
                     "the values at several paths, as an array",
                     "json_extract('{\"a\":1,\"b\":2}', '$.a', '$.b') = '[1,2]'"),
    DEFINE_JSON_ROW(json_insert, "json_insert(TEXT, ANY...) TEXT",
                    "with values at paths where nothing stood",
                    "json_insert('{\"a\":1}', '$.b', 2) = '{\"a\":1,\"b\":2}'"),
    DEFINE_JSON_ROW(json_object, "json_object(ANY...) TEXT", "an object of labels and values",
                    "json_object('a', 1, 'b', 'x') = '{\"a\":1,\"b\":\"x\"}'"),
    DEFINE_JSON_ROW(json_patch, "json_patch(TEXT, TEXT) TEXT", "merged as RFC 7396 says",
                    "json_patch('{\"a\":1}', '{\"a\":null,\"b\":2}') = '{\"b\":2}'"),
    DEFINE_JSON_ROW(json_quote, "json_quote(ANY) TEXT", "the value as JSON",
                    "json_quote('a') = '\"a\"'"),
    DEFINE_JSON_ROW(json_remove, "json_remove(TEXT, TEXT...) TEXT", "without the values at paths",
                    "json_remove('[1,2,3]', '$[1]') = '[1,3]'"),
    DEFINE_JSON_ROW(json_replace, "json_replace(TEXT, ANY...) TEXT",
                    "with other values at paths where something stood",
                    "json_replace('{\"a\":1}', '$.a', 2) = '{\"a\":2}'"),
    DEFINE_JSON_ROW(json_set, "json_set(TEXT, ANY...) TEXT", "with values at paths",
                    "json_set('{\"a\":1}', '$.b', 2) = '{\"a\":1,\"b\":2}'"),
    DEFINE_PLAIN_ROW(json_type, "json_type(TEXT, [TEXT]) TEXT",
                     "what the JSON, or the value at a path, is", "json_type('[1]') = 'array'"),
    DEFINE_PLAIN_ROW(json_valid, "json_valid(TEXT) BOOLEAN", "is it well-formed JSON",
                     "json_valid('{}')"),
};

const struct fn_table fn_sqlite = {table, COUNT_OF(table)};
