/* time_part.c: parts of times: year() .. second(), extract().
 *
 * Weeks are those of ISO 8601: they start on Monday, and week 1 holds the year's first Thursday.
 * dayofweek() counts from Sunday, 1, as in Flink.
 */
#include "udf/time_part.h"

#include <assert.h>

#include "udf/each.h"
#include "udf/table.h"
#include "udf/utf8.h"

#define X(NAME, word) {word, sizeof(word) - 1},
static const struct text part_words[PART_COUNT] = {PART_LIST(X)};
#undef X

bool part_find(struct text word, enum part *out) {
    for (uint32_t i = 0; i < PART_COUNT; i++) {
        if (!text_equal_fold(word, part_words[i])) continue;
        *out = (enum part)i;
        return true;
    }
    return false;
}

static int64_t day_of_year(struct civil d, int64_t days) {
    return days - civil_to_days((struct civil){.year = d.year, .month = 1, .day = 1}) + 1;
}

/* The Thursday of the week says which year the week belongs to. */
static int64_t iso_week(int64_t days, int64_t *year_out) {
    int64_t thursday = days - days_weekday(days) + 4;
    struct civil d = civil_from_days(thursday);
    *year_out = d.year;
    return (day_of_year(d, thursday) - 1) / 7 + 1;
}

static int64_t date_part(int64_t days, enum part p) {
    struct civil d = civil_from_days(days);
    int64_t iso_year, week = iso_week(days, &iso_year);
    switch (p) {
    case PART_YEAR: return d.year;
    case PART_ISOYEAR: return iso_year;
    case PART_QUARTER: return (d.month - 1) / 3 + 1;
    case PART_MONTH: return d.month;
    case PART_WEEK: return week;
    case PART_DAY: return d.day;
    case PART_DOY: return day_of_year(d, days);
    case PART_DOW: return days_weekday(days) % 7 + 1;
    case PART_ISODOW: return days_weekday(days);
    case PART_DECADE: return time_floor_div(d.year, 10);
    case PART_CENTURY: return time_floor_div(d.year + 99, 100);
    case PART_MILLENNIUM: return time_floor_div(d.year + 999, 1000);
    case PART_EPOCH:
    case PART_HOUR:
    case PART_MINUTE:
    case PART_SECOND:
    case PART_MILLISECOND:
    case PART_MICROSECOND:
    case PART_COUNT: break;
    }
    assert(false);
    return 0;
}

int64_t part_of_timestamp(int64_t us, enum part p) {
    int64_t rest = time_of_day(us);
    switch (p) {
    case PART_HOUR: return rest / HOUR_US;
    case PART_MINUTE: return rest / MINUTE_US % 60;
    case PART_SECOND: return rest / SECOND_US % 60;
    case PART_MILLISECOND: return rest / MILLISECOND_US % 1000;
    case PART_MICROSECOND: return rest % SECOND_US;
    case PART_EPOCH: return time_floor_div(us, SECOND_US);
    case PART_YEAR:
    case PART_ISOYEAR:
    case PART_QUARTER:
    case PART_MONTH:
    case PART_WEEK:
    case PART_DAY:
    case PART_DOY:
    case PART_DOW:
    case PART_ISODOW:
    case PART_DECADE:
    case PART_CENTURY:
    case PART_MILLENNIUM:
    case PART_COUNT: break;
    }
    return date_part(time_floor_div(us, DAY_US), p);
}

#define DEFINE_PART(name, p)                                                                       \
    static bool name##_row(struct fn_call *c, uint32_t row, struct fn_result *out) {               \
        out->as.i64[row] = part_of_timestamp(arg_i64(c, 0, row), p);                               \
        return true;                                                                               \
    }                                                                                              \
    DEFINE_EACH(name)

DEFINE_PART(year, PART_YEAR)
DEFINE_PART(quarter, PART_QUARTER)
DEFINE_PART(month, PART_MONTH)
DEFINE_PART(week, PART_WEEK)
DEFINE_PART(day, PART_DAY)
DEFINE_PART(doy, PART_DOY)
DEFINE_PART(dow, PART_DOW)
DEFINE_PART(hour, PART_HOUR)
DEFINE_PART(minute, PART_MINUTE)
DEFINE_PART(second, PART_SECOND)

/* The unit of extract(): known at open where it is a constant. */
static bool extract_open(const struct fn_bind *b, void **state_out, struct err *e) {
    const struct column *unit = b->constant[0];
    if (!unit || !column_has(unit, 0)) return true;
    enum part p;
    if (!part_find(unit->as.text[0], &p)) return true;
    enum part *kept = ARENA_NEW(b->arena, kept);
    if (!kept) return err_memory(e);
    *kept = p;
    *state_out = kept;
    return true;
}

/* false: the row has failed. */
static bool row_part(struct fn_call *c, uint32_t row, enum part *out) {
    if (c->state) {
        *out = *(const enum part *)c->state;
        return true;
    }
    struct text word = arg_text(c, 0, row);
    if (part_find(word, out)) return true;
    fn_fail(c, row, "22P02", "there is no part of a time called \"%.*s\"",
            (int)(word.bytes > 60 ? 60 : word.bytes), word.at);
    return false;
}

static bool extract_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    enum part p;
    if (!row_part(c, row, &p)) return true;
    out->as.i64[row] = part_of_timestamp(arg_i64(c, 1, row), p);
    return true;
}
DEFINE_EACH(extract)

static bool has_no_part(struct fn_call *c, uint32_t row, enum part p) {
    fn_fail(c, row, "22P02", "%s has no %s", type_name(c->arg[1].type->id), part_words[p].at);
    return true;
}

static bool extract_time_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    enum part p;
    if (!row_part(c, row, &p)) return true;
    if (p > PART_EPOCH) return has_no_part(c, row, p);
    out->as.i64[row] = part_of_timestamp(arg_i64(c, 1, row), p);
    return true;
}
DEFINE_EACH(extract_time)

/* Days, then the rest; all with the sign of the interval. */
static bool extract_interval_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    enum part p;
    if (!row_part(c, row, &p)) return true;
    int64_t us = arg_i64(c, 1, row);
    if (p == PART_DAY) {
        out->as.i64[row] = us / DAY_US;
        return true;
    }
    if (p > PART_EPOCH) return has_no_part(c, row, p);
    if (p == PART_EPOCH) {
        out->as.i64[row] = us / SECOND_US;
        return true;
    }
    int64_t rest = us % DAY_US, size = rest < 0 ? -rest : rest;
    int64_t v = part_of_timestamp(size, p);
    out->as.i64[row] = rest < 0 ? -v : v;
    return true;
}
DEFINE_EACH(extract_interval)

/* One row for each type that a part is taken of. */
#define DEFINE_PART_ROWS(n, call_, d, x)                                                           \
    {                                                                                              \
        .name = n, .sig = n "(TIMESTAMP) BIGINT", .doc = d, .example = x, .flags = FN_STRICT,      \
        .call = call_                                                                              \
    }

static const struct fn table[] = {
    DEFINE_PART_ROWS("year", year_call, "the year", "year(DATE '2026-03-04') = 2026"),
    DEFINE_PART_ROWS("quarter", quarter_call, "the quarter, 1 to 4",
                     "quarter(DATE '2026-05-04') = 2"),
    DEFINE_PART_ROWS("month", month_call, "the month, 1 to 12", "month(DATE '2026-03-04') = 3"),
    DEFINE_PART_ROWS("week", week_call, "the ISO week, 1 to 53", "week(DATE '2026-01-05') = 2"),
    DEFINE_PART_ROWS("dayofyear", doy_call, "the day of the year, 1 to 366",
                     "dayofyear(DATE '2026-02-01') = 32"),
    DEFINE_PART_ROWS("dayofmonth", day_call, "the day of the month, 1 to 31",
                     "dayofmonth(DATE '2026-02-01') = 1"),
    DEFINE_PART_ROWS("day", day_call, "the day of the month, 1 to 31",
                     "day(DATE '2026-02-07') = 7"),
    DEFINE_PART_ROWS("dayofweek", dow_call, "the day of the week, 1 (Sunday) to 7",
                     "dayofweek(DATE '2026-01-04') = 1"),
    DEFINE_PART_ROWS("hour", hour_call, "the hour, 0 to 23",
                     "hour(TIMESTAMP '2026-01-01 13:14:15') = 13"),
    DEFINE_PART_ROWS("minute", minute_call, "the minute, 0 to 59",
                     "minute(TIMESTAMP '2026-01-01 13:14:15') = 14"),
    DEFINE_PART_ROWS("second", second_call, "the second, 0 to 59",
                     "second(TIMESTAMP '2026-01-01 13:14:15') = 15"),
    {.name = "hour",
     .sig = "hour(TIME) BIGINT",
     .doc = "the hour, 0 to 23",
     .example = "hour(TIME '13:14:15') = 13",
     .flags = FN_STRICT,
     .call = hour_call},
    {.name = "minute",
     .sig = "minute(TIME) BIGINT",
     .doc = "the minute, 0 to 59",
     .example = "minute(TIME '13:14:15') = 14",
     .flags = FN_STRICT,
     .call = minute_call},
    {.name = "second",
     .sig = "second(TIME) BIGINT",
     .doc = "the second, 0 to 59",
     .example = "second(TIME '13:14:15') = 15",
     .flags = FN_STRICT,
     .call = second_call},
    {.name = "extract",
     .sig = "extract(TEXT, TIMESTAMP) BIGINT",
     .doc = "EXTRACT(part FROM moment): year, quarter, month, week, day, doy, dow, hour, minute, "
            "second, millisecond, microsecond, epoch ..",
     .example = "EXTRACT(HOUR FROM TIMESTAMP '2026-01-01 13:14:15') = 13",
     .flags = FN_STRICT | FN_CAN_FAIL,
     .open = extract_open,
     .call = extract_call},
    {.name = "extract",
     .sig = "extract(TEXT, TIME) BIGINT",
     .doc = "EXTRACT(part FROM time of day)",
     .example = "EXTRACT(MINUTE FROM TIME '13:14:15') = 14",
     .flags = FN_STRICT | FN_CAN_FAIL,
     .open = extract_open,
     .call = extract_time_call},
    {.name = "extract",
     .sig = "extract(TEXT, INTERVAL) BIGINT",
     .doc = "EXTRACT(part FROM interval)",
     .example = "EXTRACT(HOUR FROM INTERVAL '90' MINUTE) = 1",
     .flags = FN_STRICT | FN_CAN_FAIL,
     .open = extract_open,
     .call = extract_interval_call},
};

const struct fn_table fn_time_part = {table, COUNT_OF(table)};
