/* time_unit.c: floor and ceil of a moment to a unit, and sums and differences counted in units. A
 * unit is a word, as SQL's forms give it: FLOOR(ts TO HOUR) is floor(ts, 'hour'). Months are of the
 * calendar: a day that the month does not have becomes its last.
 */
#include <assert.h>

#include "udf/each.h"
#include "udf/table.h"
#include "udf/time_part.h"

/* 1970-01-01 was a Thursday: weeks start three days before it. */
#define WEEK_SHIFT_US (3 * DAY_US)

enum { MONTHS_A_YEAR = 12, MONTHS_A_QUARTER = 3 };

/* The unit of the argument: known at open where it is a constant. */
static bool unit_keep(const struct fn_bind *b, uint32_t arg, void **state_out, struct err *e) {
    const struct column *word = b->constant[arg];
    enum time_unit u;
    if (!word || !column_has(word, 0) || !time_unit_find(word->as.text[0], &u)) return true;
    enum time_unit *kept = ARENA_NEW(b->arena, kept);
    if (!kept) return err_memory(e);
    *kept = u;
    *state_out = kept;
    return true;
}

static bool unit_first(const struct fn_bind *b, void **state_out, struct err *e) {
    return unit_keep(b, 0, state_out, e);
}

static bool unit_second(const struct fn_bind *b, void **state_out, struct err *e) {
    return unit_keep(b, 1, state_out, e);
}

/* false: the row has failed. */
static bool row_unit(struct fn_call *c, uint32_t row, uint32_t arg, enum time_unit *out) {
    if (c->state) {
        *out = *(const enum time_unit *)c->state;
        return true;
    }
    struct text word = arg_text(c, arg, row);
    if (time_unit_find(word, out)) return true;
    fn_fail(c, row, "22P02", "there is no unit of time called \"%.*s\"",
            (int)(word.bytes > 60 ? 60 : word.bytes), word.at);
    return false;
}

static int64_t months_of(enum time_unit u) {
    return u == TIME_UNIT_YEAR ? MONTHS_A_YEAR : u == TIME_UNIT_QUARTER ? MONTHS_A_QUARTER : 1;
}

/* Months since year 0. */
static int64_t month_number(struct civil d) {
    return d.year * MONTHS_A_YEAR + d.month - 1;
}

static int64_t month_start_days(int64_t month) {
    int64_t year = time_floor_div(month, MONTHS_A_YEAR);
    return civil_to_days((struct civil){
        .year = year, .month = (int32_t)(month - year * MONTHS_A_YEAR) + 1, .day = 1});
}

/* The start of the unit that holds `us`, or of the `ahead`-th unit behind it. */
static bool unit_start(int64_t us, enum time_unit u, int64_t ahead, int64_t *out) {
    int64_t unit = time_unit_us(u);
    if (unit > 0) {
        int64_t shift = u == TIME_UNIT_WEEK ? WEEK_SHIFT_US : 0, moved, start;
        if (__builtin_add_overflow(us, shift, &moved)) return false;
        if (__builtin_mul_overflow(time_floor_div(moved, unit) + ahead, unit, &start)) return false;
        return !__builtin_sub_overflow(start, shift, out);
    }
    int64_t months = months_of(u);
    int64_t month = month_number(civil_from_days(time_floor_div(us, DAY_US)));
    int64_t start = (time_floor_div(month, months) + ahead) * months;
    return !__builtin_mul_overflow(month_start_days(start), DAY_US, out);
}

static bool floor_us_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    enum time_unit u;
    if (!row_unit(c, row, 1, &u)) return true;
    bool ok = unit_start(arg_i64(c, 0, row), u, 0, &out->as.i64[row]);
    return ok || row_out_of_range(c, row, "the moment");
}
DEFINE_EACH(floor_us)

static bool trunc_us_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    enum time_unit u;
    if (!row_unit(c, row, 0, &u)) return true;
    bool ok = unit_start(arg_i64(c, 1, row), u, 0, &out->as.i64[row]);
    return ok || row_out_of_range(c, row, "the moment");
}
DEFINE_EACH(trunc_us)

static bool ceil_us_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    enum time_unit u;
    int64_t us = arg_i64(c, 0, row), *to = &out->as.i64[row];
    if (!row_unit(c, row, 1, &u)) return true;
    bool ok = unit_start(us, u, 0, to) && (*to == us || unit_start(us, u, 1, to));
    return ok || row_out_of_range(c, row, "the moment");
}
DEFINE_EACH(ceil_us)

/* DATE: its midnight, floored or ceiled, as a DATE. */
static bool date_unit(struct fn_call *c, uint32_t row, struct fn_result *out, bool up) {
    enum time_unit u;
    int64_t us, to;
    if (!row_unit(c, row, 1, &u)) return true;
    bool ok = !__builtin_mul_overflow(arg_i64(c, 0, row), DAY_US, &us) &&
              unit_start(us, u, 0, &to) && (!up || to == us || unit_start(us, u, 1, &to));
    if (!ok) return row_out_of_range(c, row, "the date");
    out->as.i64[row] = time_floor_div(to, DAY_US);
    return true;
}

static bool floor_date_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    return date_unit(c, row, out, false);
}
DEFINE_EACH(floor_date)

static bool ceil_date_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    return date_unit(c, row, out, true);
}
DEFINE_EACH(ceil_date)

/* `us` moved by calendar months; the day becomes the month's last where it has no such day. */
static bool add_months(int64_t us, int64_t months, int64_t *out) {
    const int64_t bound = INT64_C(20000000); /* more than int64 microseconds hold */
    if (months < -bound || months > bound) return false;
    int64_t rest = time_of_day(us);
    struct civil d = civil_from_days(time_floor_div(us, DAY_US));
    int64_t month = month_number(d) + months, start = month_start_days(month);
    struct civil to = civil_from_days(start);
    int32_t last = civil_month_days(to.year, to.month);
    int64_t day = start + (d.day < last ? d.day : last) - 1, midnight;
    return !__builtin_mul_overflow(day, DAY_US, &midnight) &&
           !__builtin_add_overflow(midnight, rest, out);
}

/* `us` moved by n units. */
static bool add_units(int64_t us, int64_t n, enum time_unit u, int64_t *out) {
    int64_t unit = time_unit_us(u), by;
    if (unit > 0)
        return !__builtin_mul_overflow(n, unit, &by) && !__builtin_add_overflow(us, by, out);
    return !__builtin_mul_overflow(n, months_of(u), &by) && add_months(us, by, out);
}

static bool timestampadd_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    enum time_unit u;
    if (!row_unit(c, row, 0, &u)) return true;
    bool ok = add_units(arg_i64(c, 2, row), arg_i64(c, 1, row), u, &out->as.i64[row]);
    return ok || row_out_of_range(c, row, "the moment");
}
DEFINE_EACH(timestampadd)

/* From its midnight; the result is a DATE or a TIMESTAMP, see type_of_date_moved(). */
static bool dateadd_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    enum time_unit u;
    int64_t us, to;
    if (!row_unit(c, row, 0, &u)) return true;
    bool ok = !__builtin_mul_overflow(arg_i64(c, 2, row), DAY_US, &us) &&
              add_units(us, arg_i64(c, 1, row), u, &to);
    if (!ok) return row_out_of_range(c, row, "the date");
    out->as.i64[row] = c->type->id == TYPE_DATE ? time_floor_div(to, DAY_US) : to;
    return true;
}
DEFINE_EACH(dateadd)

/* Whole months from a to b, toward zero. */
static int64_t months_between(int64_t a, int64_t b) {
    int64_t months = month_number(civil_from_days(time_floor_div(b, DAY_US))) -
                     month_number(civil_from_days(time_floor_div(a, DAY_US)));
    int64_t reached;
    if (!add_months(a, months, &reached)) return months;
    if (months > 0 && reached > b) months--;
    if (months < 0 && reached < b) months++;
    return months;
}

static bool timestampdiff_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    enum time_unit u;
    if (!row_unit(c, row, 0, &u)) return true;
    int64_t a = arg_i64(c, 1, row), b = arg_i64(c, 2, row), unit = time_unit_us(u), us;
    if (unit == 0) {
        out->as.i64[row] = months_between(a, b) / months_of(u);
        return true;
    }
    if (__builtin_sub_overflow(b, a, &us)) return row_out_of_range(c, row, "the difference");
    out->as.i64[row] = us / unit;
    return true;
}
DEFINE_EACH(timestampdiff)

static const struct type *type_of_first(const struct fn_bind *b, struct err *e) {
    (void)e;
    return b->arg_type[0];
}

static const struct type *type_of_second(const struct fn_bind *b, struct err *e) {
    (void)e;
    return b->arg_type[1];
}

/* The unit of the first argument; false: it is not known before the rows are. */
static bool constant_unit(const struct fn_bind *b, enum time_unit *out) {
    const struct column *word = b->constant[0];
    return word && column_has(word, 0) && time_unit_find(word->as.text[0], out);
}

/* Digits behind the point that a moment has when it is moved by such units. */
static const struct type *type_of_moment_moved(const struct fn_bind *b, struct err *e) {
    (void)e;
    enum time_unit u;
    int64_t us = constant_unit(b, &u) ? time_unit_us(u) : 0;
    if (us > 0 && us < MILLISECOND_US) return &type_timestamp6;
    bool part = us > 0 && us < SECOND_US && b->arg_type[2]->precision < 3;
    return part ? &type_timestamp3 : b->arg_type[2];
}

/* A date moved by days, or by what is longer, is a date; by parts of a day it is a moment. */
static const struct type *type_of_date_moved(const struct fn_bind *b, struct err *e) {
    (void)e;
    enum time_unit u;
    if (!constant_unit(b, &u)) return &type_timestamp6;
    int64_t us = time_unit_us(u);
    if (us > 0 && us < MILLISECOND_US) return &type_timestamp6;
    return us > 0 && us < DAY_US ? &type_timestamp3 : &type_date;
}

enum { FAILING = FN_STRICT | FN_CAN_FAIL };

static const struct fn table[] = {
    {.name = "floor",
     .sig = "floor(TIMESTAMP, TEXT) TIMESTAMP",
     .doc = "FLOOR(moment TO unit): the start of the unit that holds it; weeks start on Monday",
     .example = "FLOOR(TIMESTAMP '2026-01-01 13:14:15' TO HOUR) = TIMESTAMP '2026-01-01 13:00:00'",
     .flags = FAILING,
     .type = type_of_first,
     .open = unit_second,
     .call = floor_us_call},
    {.name = "floor",
     .sig = "floor(DATE, TEXT) DATE",
     .doc = "FLOOR(date TO unit): the first day of the unit that holds it",
     .example = "FLOOR(DATE '2026-03-04' TO MONTH) = DATE '2026-03-01'",
     .flags = FAILING,
     .open = unit_second,
     .call = floor_date_call},
    {.name = "ceil",
     .sig = "ceil(TIMESTAMP, TEXT) TIMESTAMP",
     .doc = "CEIL(moment TO unit): the first start of a unit that is not before it",
     .example = "CEIL(TIMESTAMP '2026-01-01 13:14:15' TO HOUR) = TIMESTAMP '2026-01-01 14:00:00'",
     .flags = FAILING,
     .type = type_of_first,
     .open = unit_second,
     .call = ceil_us_call},
    {.name = "ceil",
     .sig = "ceil(DATE, TEXT) DATE",
     .doc = "CEIL(date TO unit): the first start of a unit that is not before it",
     .example = "CEIL(DATE '2026-03-04' TO MONTH) = DATE '2026-04-01'",
     .flags = FAILING,
     .open = unit_second,
     .call = ceil_date_call},
    {.name = "ceiling",
     .sig = "ceiling(TIMESTAMP, TEXT) TIMESTAMP",
     .doc = "CEILING(moment TO unit): the first start of a unit that is not before it",
     .example = "CEILING(TIMESTAMP '2026-01-01 13:14:15' TO DAY) = TIMESTAMP '2026-01-02 00:00:00'",
     .flags = FAILING,
     .type = type_of_first,
     .open = unit_second,
     .call = ceil_us_call},
    {.name = "date_trunc",
     .sig = "date_trunc(TEXT, TIMESTAMP) TIMESTAMP",
     .doc = "the start of the unit that holds the moment",
     .example = "date_trunc('month', TIMESTAMP '2026-03-04 05:06:07') = TIMESTAMP '2026-03-01 "
                "00:00:00'",
     .flags = FAILING,
     .type = type_of_second,
     .open = unit_first,
     .call = trunc_us_call},
    {.name = "timestampadd",
     .sig = "timestampadd(TEXT, BIGINT, TIMESTAMP) TIMESTAMP",
     .doc = "TIMESTAMPADD(unit, n, moment): the moment n units later",
     .example = "TIMESTAMPADD(MONTH, 1, TIMESTAMP '2026-01-31 12:00:00') = TIMESTAMP '2026-02-28 "
                "12:00:00'",
     .flags = FAILING,
     .type = type_of_moment_moved,
     .open = unit_first,
     .call = timestampadd_call},
    {.name = "timestampadd",
     .sig = "timestampadd(TEXT, BIGINT, DATE) DATE",
     .doc = "TIMESTAMPADD(unit, n, date): the date n units later; by HOUR and what is shorter a "
            "TIMESTAMP",
     .example = "TIMESTAMPADD(MONTH, 1, DATE '2026-01-31') = DATE '2026-02-28'",
     .flags = FAILING,
     .type = type_of_date_moved,
     .open = unit_first,
     .call = dateadd_call},
    {.name = "timestampdiff",
     .sig = "timestampdiff(TEXT, TIMESTAMP, TIMESTAMP) BIGINT",
     .doc = "TIMESTAMPDIFF(unit, a, b): whole units from a to b",
     .example = "TIMESTAMPDIFF(HOUR, TIMESTAMP '2026-01-01 00:00:00', TIMESTAMP '2026-01-01 "
                "02:59:00') = 2",
     .flags = FAILING,
     .open = unit_first,
     .call = timestampdiff_call},
};

const struct fn_table fn_time_unit = {table, COUNT_OF(table)};
