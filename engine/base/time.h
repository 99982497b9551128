/* time.h: TIMESTAMP, DATE, TIME and INTERVAL from and to text, and the civil calendar.
 *
 * TIMESTAMP is int64 microseconds since 1970-01-01 00:00:00 UTC, DATE days since then, TIME
 * microseconds since midnight, INTERVAL microseconds. The calendar is the proleptic Gregorian one;
 * text has years 0000 to 9999, arithmetic and printing take every int64. No clock is read here.
 *
 * Used by: codecs, functions, printers, sql.    Tested by: tests/unit/base/time_test.c
 */
#ifndef ENGINE_BASE_TIME_H
#define ENGINE_BASE_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/attr.h"
#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/parse.h"
#include "engine/base/text.h"

#define MILLISECOND_US INT64_C(1000)
#define SECOND_US INT64_C(1000000)
#define MINUTE_US INT64_C(60000000)
#define HOUR_US INT64_C(3600000000)
#define DAY_US INT64_C(86400000000)
#define WEEK_US INT64_C(604800000000)

enum {
    TIMESTAMP_TEXT_MAX = 40, /* "-292277-01-09 04:00:54.775807" and room */
    DATE_TEXT_MAX = 32,
    TIME_TEXT_MAX = 16,
    INTERVAL_TEXT_MAX = 32,
    DURATION_TEXT_MAX = 32,
};

/* Units as words of SQL:  name  microseconds (0: not a fixed number of them) */
#define TIME_UNIT_LIST(X)                                                                          \
    X(MICROSECOND, 1)                                                                              \
    X(MILLISECOND, MILLISECOND_US)                                                                 \
    X(SECOND, SECOND_US)                                                                           \
    X(MINUTE, MINUTE_US)                                                                           \
    X(HOUR, HOUR_US)                                                                               \
    X(DAY, DAY_US)                                                                                 \
    X(WEEK, WEEK_US)                                                                               \
    X(MONTH, 0)                                                                                    \
    X(QUARTER, 0)                                                                                  \
    X(YEAR, 0)

#define X(NAME, us) TIME_UNIT_##NAME,
enum time_unit { TIME_UNIT_LIST(X) TIME_UNIT_COUNT };
#undef X

struct civil {
    int64_t year;
    int32_t month; /* 1..12 */
    int32_t day;   /* 1..31 */
};

/* A moment taken apart. */
struct time_parts {
    struct civil date;
    int32_t hour, minute, second, microsecond;
};

/* Days since 1970-01-01 and back; |year| < 10^12. A month outside 1..12 or a day outside the month
 * counts on, as in SQLite's '+1 month'. */
int64_t civil_to_days(struct civil c);
struct civil civil_from_days(int64_t days);
int32_t civil_month_days(int64_t year, int32_t month);
/* 1 Monday .. 7 Sunday. */
int32_t days_weekday(int64_t days);

/* n / unit rounded to minus infinity. */
static inline int64_t time_floor_div(int64_t n, int64_t unit) {
    int64_t q = n / unit;
    return q - (n % unit < 0);
}

struct time_parts timestamp_split(int64_t us);
/* Cut (floor) to `digits` 0..6 of the second, also before 1970. */
int64_t timestamp_floor(int64_t us, uint32_t digits);

/* 'YYYY-MM-DD[( |T)HH:MM[:SS[.f...]][Z|(+|-)hh:mm]]', all of `s`; digits past six are cut.
 * PARSE_RANGE: a field out of range, 2023-02-29. Fast for 'YYYY-MM-DD HH:MM:SS[.fff[fff]][Z]'. */
enum parse_result timestamp_parse(struct text s, int64_t *us_out);
enum parse_result date_parse(struct text s, int64_t *days_out); /* 'YYYY-MM-DD' */
enum parse_result time_parse(struct text s, int64_t *us_out);   /* 'HH:MM[:SS[.f...]]' */

/* Each writes into `out` without a NUL and returns how many bytes. */
uint32_t timestamp_print(char out[TIMESTAMP_TEXT_MAX], int64_t us, uint32_t digits);
uint32_t date_print(char out[DATE_TEXT_MAX], int64_t days);
uint32_t time_print(char out[TIME_TEXT_MAX], int64_t us);         /* HH:MM:SS[.f], as short */
uint32_t interval_print(char out[INTERVAL_TEXT_MAX], int64_t us); /* [-]D HH:MM:SS[.f] */

/* "10 s": in the largest of us, ms, s, min, h, d that divides it; option_duration() reads it. */
uint32_t duration_print(char out[DURATION_TEXT_MAX], int64_t us);

/* The unit called `word` (letters folded, plural s allowed); false: there is none. */
bool time_unit_find(struct text word, enum time_unit *out);
/* 0: MONTH, QUARTER and YEAR have no fixed length. */
int64_t time_unit_us(enum time_unit u);

/* INTERVAL 's' FROM [TO to]: '10' SECOND, '1:30' MINUTE TO SECOND, '1 02:03:04.5' DAY TO SECOND.
 * One unit: from == to. Errors: 22P02, 22003, and 0A000 for units without a fixed length. */
bool interval_parse_units(struct text s, enum time_unit from, enum time_unit to, int64_t *us_out,
                          struct err *e) MUST_USE;
/* What interval_print() gives, and '10 seconds', '1 day 2 hours', '-90 minutes'. */
bool interval_parse(struct text s, int64_t *us_out, struct err *e) MUST_USE;

#endif
