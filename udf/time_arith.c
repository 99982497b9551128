/* time_arith.c: times and intervals: sums, differences, products.
 *
 * TIMESTAMP and INTERVAL are microseconds, so their sums are those of integers, checked for
 * overflow. The precision of a TIMESTAMP stays where the interval is a constant that it can hold,
 * else the sum has all six digits. A DATE and a constant of whole days give a DATE, with any other
 * interval a TIMESTAMP. TIME goes round the clock.
 */
#include "udf/each.h"
#include "udf/table.h"
#include "udf/time_part.h"

static bool sum_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    bool over = __builtin_add_overflow(arg_i64(c, 0, row), arg_i64(c, 1, row), &out->as.i64[row]);
    return !over || row_out_of_range(c, row, "the sum");
}
DEFINE_EACH(sum)

static bool difference_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    bool over = __builtin_sub_overflow(arg_i64(c, 0, row), arg_i64(c, 1, row), &out->as.i64[row]);
    return !over || row_out_of_range(c, row, "the difference");
}
DEFINE_EACH(difference)

/* DATE + INTERVAL in the type of the result. */
static bool date_move(struct fn_call *c, uint32_t row, struct fn_result *out, int64_t days,
                      int64_t us) {
    int64_t *to = &out->as.i64[row], start;
    if (c->type->id == TYPE_DATE) {
        bool over = __builtin_add_overflow(days, us / DAY_US, to);
        return !over || row_out_of_range(c, row, "the date");
    }
    bool over = __builtin_mul_overflow(days, DAY_US, &start);
    over = over || __builtin_add_overflow(start, us, to);
    return !over || row_out_of_range(c, row, "the moment");
}

static bool date_sum_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    return date_move(c, row, out, arg_i64(c, 0, row), arg_i64(c, 1, row));
}
DEFINE_EACH(date_sum)

static bool sum_date_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    return date_move(c, row, out, arg_i64(c, 1, row), arg_i64(c, 0, row));
}
DEFINE_EACH(sum_date)

static bool date_less_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    int64_t us = arg_i64(c, 1, row);
    if (us == INT64_MIN) return row_out_of_range(c, row, "the moment");
    return date_move(c, row, out, arg_i64(c, 0, row), -us);
}
DEFINE_EACH(date_less)

static bool date_difference_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    int64_t days;
    bool over = __builtin_sub_overflow(arg_i64(c, 0, row), arg_i64(c, 1, row), &days);
    over = over || __builtin_mul_overflow(days, DAY_US, &out->as.i64[row]);
    return !over || row_out_of_range(c, row, "the difference");
}
DEFINE_EACH(date_difference)

static bool time_sum_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    out->as.i64[row] = time_of_day(arg_i64(c, 0, row) + time_of_day(arg_i64(c, 1, row)));
    return true;
}
DEFINE_EACH(time_sum)

static bool sum_time_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    out->as.i64[row] = time_of_day(time_of_day(arg_i64(c, 0, row)) + arg_i64(c, 1, row));
    return true;
}
DEFINE_EACH(sum_time)

static bool time_less_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    out->as.i64[row] = time_of_day(arg_i64(c, 0, row) - time_of_day(arg_i64(c, 1, row)));
    return true;
}
DEFINE_EACH(time_less)

static bool product_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    bool over = __builtin_mul_overflow(arg_i64(c, 0, row), arg_i64(c, 1, row), &out->as.i64[row]);
    return !over || row_out_of_range(c, row, "the product");
}
DEFINE_EACH(product)

static bool quotient_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    int64_t a = arg_i64(c, 0, row), b = arg_i64(c, 1, row);
    if (b == 0) return row_null(out, row);
    if (b == -1 && a == INT64_MIN) return row_out_of_range(c, row, "the quotient");
    out->as.i64[row] = a / b;
    return true;
}
DEFINE_EACH(quotient)

/* Microseconds as a number, cut toward zero. */
static bool give_us(struct fn_call *c, uint32_t row, struct fn_result *out, double us) {
    bool fits = us > -9223372036854775808.0 && us < 9223372036854775808.0;
    if (!fits) return row_out_of_range(c, row, "the result");
    out->as.i64[row] = (int64_t)us;
    return true;
}

static bool product_f64_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    return give_us(c, row, out, (double)arg_i64(c, 0, row) * arg_f64(c, 1, row));
}
DEFINE_EACH(product_f64)

static bool f64_product_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    return give_us(c, row, out, arg_f64(c, 0, row) * (double)arg_i64(c, 1, row));
}
DEFINE_EACH(f64_product)

static bool quotient_f64_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    double by = arg_f64(c, 1, row);
    if (by == 0) return row_null(out, row);
    return give_us(c, row, out, (double)arg_i64(c, 0, row) / by);
}
DEFINE_EACH(quotient_f64)

static bool negative_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    bool over = __builtin_sub_overflow(0, arg_i64(c, 0, row), &out->as.i64[row]);
    return !over || row_out_of_range(c, row, "the negative");
}
DEFINE_EACH(negative)

/* Is the interval a constant multiple of `unit` microseconds? */
static bool is_multiple(const struct fn_bind *b, uint32_t arg, int64_t unit) {
    const struct column *c = b->constant ? b->constant[arg] : NULL;
    return c && column_has(c, 0) && c->as.i64[0] % unit == 0;
}

static const struct type *timestamp_moved(const struct fn_bind *b, uint32_t timestamp) {
    const struct type *t = b->arg_type[timestamp];
    int64_t unit = 1;
    for (uint32_t i = t->precision; i < TIMESTAMP_DIGITS_MAX; i++) unit *= 10;
    return is_multiple(b, 1 - timestamp, unit) ? t : &type_timestamp6;
}

static const struct type *type_timestamp_first(const struct fn_bind *b, struct err *e) {
    (void)e;
    return timestamp_moved(b, 0);
}

static const struct type *type_timestamp_second(const struct fn_bind *b, struct err *e) {
    (void)e;
    return timestamp_moved(b, 1);
}

static const struct type *type_date_first(const struct fn_bind *b, struct err *e) {
    (void)e;
    return is_multiple(b, 1, DAY_US) ? &type_date : &type_timestamp6;
}

static const struct type *type_date_second(const struct fn_bind *b, struct err *e) {
    (void)e;
    return is_multiple(b, 0, DAY_US) ? &type_date : &type_timestamp6;
}

enum {
    CHECKED = FN_STRICT | FN_CAN_FAIL | FN_HIDDEN,
    ROWS = FN_STRICT | FN_HIDDEN,
};

static const struct fn table[] = {
    {.name = "+",
     .sig = "+(TIMESTAMP, INTERVAL) TIMESTAMP",
     .doc = "the moment so much later",
     .example = "TIMESTAMP '2026-01-01 00:00:00' + INTERVAL '1' DAY = TIMESTAMP '2026-01-02 "
                "00:00:00'",
     .flags = CHECKED,
     .type = type_timestamp_first,
     .call = sum_call},
    {.name = "+",
     .sig = "+(INTERVAL, TIMESTAMP) TIMESTAMP",
     .doc = "the moment so much later",
     .example = "INTERVAL '1' DAY + TIMESTAMP '2026-01-01 00:00:00' = TIMESTAMP '2026-01-02 "
                "00:00:00'",
     .flags = CHECKED,
     .type = type_timestamp_second,
     .call = sum_call},
    {.name = "-",
     .sig = "-(TIMESTAMP, INTERVAL) TIMESTAMP",
     .doc = "the moment so much earlier",
     .example = "TIMESTAMP '2026-01-02 00:00:00' - INTERVAL '1' DAY = TIMESTAMP '2026-01-01 "
                "00:00:00'",
     .flags = CHECKED,
     .type = type_timestamp_first,
     .call = difference_call},
    {.name = "-",
     .sig = "-(TIMESTAMP, TIMESTAMP) INTERVAL",
     .doc = "the time between two moments",
     .example = "TIMESTAMP '2026-01-01 00:00:10' - TIMESTAMP '2026-01-01 00:00:00' = INTERVAL "
                "'10' SECOND",
     .flags = CHECKED,
     .call = difference_call},
    {.name = "+",
     .sig = "+(DATE, INTERVAL) TIMESTAMP",
     .doc = "the date so many days later; with part of a day the moment",
     .example = "DATE '2026-01-31' + INTERVAL '1' DAY = DATE '2026-02-01'",
     .flags = CHECKED,
     .type = type_date_first,
     .call = date_sum_call},
    {.name = "+",
     .sig = "+(INTERVAL, DATE) TIMESTAMP",
     .doc = "the date so many days later; with part of a day the moment",
     .example = "INTERVAL '1' DAY + DATE '2026-01-31' = DATE '2026-02-01'",
     .flags = CHECKED,
     .type = type_date_second,
     .call = sum_date_call},
    {.name = "-",
     .sig = "-(DATE, INTERVAL) TIMESTAMP",
     .doc = "the date so many days earlier; with part of a day the moment",
     .example = "DATE '2026-02-01' - INTERVAL '1' DAY = DATE '2026-01-31'",
     .flags = CHECKED,
     .type = type_date_first,
     .call = date_less_call},
    {.name = "-",
     .sig = "-(DATE, DATE) INTERVAL",
     .doc = "the time between two dates",
     .example = "DATE '2026-02-01' - DATE '2026-01-31' = INTERVAL '1' DAY",
     .flags = CHECKED,
     .call = date_difference_call},
    {.name = "+",
     .sig = "+(TIME, INTERVAL) TIME",
     .doc = "the time of day so much later, round the clock",
     .example = "TIME '23:00:00' + INTERVAL '2' HOUR = TIME '01:00:00'",
     .flags = ROWS,
     .call = time_sum_call},
    {.name = "+",
     .sig = "+(INTERVAL, TIME) TIME",
     .doc = "the time of day so much later, round the clock",
     .example = "INTERVAL '-2' HOUR + TIME '01:00:00' = TIME '23:00:00'",
     .flags = ROWS,
     .call = sum_time_call},
    {.name = "-",
     .sig = "-(TIME, INTERVAL) TIME",
     .doc = "the time of day so much earlier, round the clock",
     .example = "TIME '01:00:00' - INTERVAL '2' HOUR = TIME '23:00:00'",
     .flags = ROWS,
     .call = time_less_call},
    {.name = "-",
     .sig = "-(TIME, TIME) INTERVAL",
     .doc = "the time between two times of one day",
     .example = "TIME '02:00:00' - TIME '01:00:00' = INTERVAL '1' HOUR",
     .flags = CHECKED,
     .call = difference_call},
    {.name = "+",
     .sig = "+(INTERVAL, INTERVAL) INTERVAL",
     .doc = "the sum",
     .example = "INTERVAL '1' MINUTE + INTERVAL '30' SECOND = INTERVAL '90' SECOND",
     .flags = CHECKED,
     .call = sum_call},
    {.name = "-",
     .sig = "-(INTERVAL, INTERVAL) INTERVAL",
     .doc = "the difference",
     .example = "INTERVAL '1' MINUTE - INTERVAL '30' SECOND = INTERVAL '30' SECOND",
     .flags = CHECKED,
     .call = difference_call},
    {.name = "*",
     .sig = "*(INTERVAL, BIGINT) INTERVAL",
     .doc = "so many times",
     .example = "INTERVAL '10' SECOND * 6 = INTERVAL '1' MINUTE",
     .flags = CHECKED,
     .call = product_call},
    {.name = "*",
     .sig = "*(BIGINT, INTERVAL) INTERVAL",
     .doc = "so many times",
     .example = "6 * INTERVAL '10' SECOND = INTERVAL '1' MINUTE",
     .flags = CHECKED,
     .call = product_call},
    {.name = "*",
     .sig = "*(INTERVAL, DOUBLE) INTERVAL",
     .doc = "so many times, cut to microseconds",
     .example = "INTERVAL '10' SECOND * 0.5 = INTERVAL '5' SECOND",
     .flags = CHECKED,
     .call = product_f64_call},
    {.name = "*",
     .sig = "*(DOUBLE, INTERVAL) INTERVAL",
     .doc = "so many times, cut to microseconds",
     .example = "0.5 * INTERVAL '10' SECOND = INTERVAL '5' SECOND",
     .flags = CHECKED,
     .call = f64_product_call},
    {.name = "/",
     .sig = "/(INTERVAL, BIGINT) INTERVAL",
     .doc = "that part of it, cut to microseconds; NULL by zero",
     .example = "INTERVAL '1' MINUTE / 6 = INTERVAL '10' SECOND",
     .flags = CHECKED,
     .call = quotient_call},
    {.name = "/",
     .sig = "/(INTERVAL, DOUBLE) INTERVAL",
     .doc = "that part of it, cut to microseconds; NULL by zero",
     .example = "INTERVAL '5' SECOND / 0.5 = INTERVAL '10' SECOND",
     .flags = CHECKED,
     .call = quotient_f64_call},
    {.name = "neg",
     .sig = "neg(INTERVAL) INTERVAL",
     .doc = "the negative",
     .example = "-(INTERVAL '1' SECOND) = INTERVAL '-1' SECOND",
     .flags = CHECKED,
     .call = negative_call},
};

const struct fn_table fn_time_arith = {table, COUNT_OF(table)};
