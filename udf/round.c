/* round.c: abs, sign, round, ceil, floor and trunc of numbers.
 *
 * round() of BIGINT and DOUBLE is SQLite's: a DOUBLE, rounded as its own printf() rounds, which is
 * why libsqlite3's is used; where more than EXACT_DIGITS digits would be read back, SQLite itself
 * is asked, since its reading is not exact then. DECIMAL is rounded half away from zero and stays
 * DECIMAL: round(2.345, 2) is 2.35.
 */
#include <sqlite3.h>

#include "engine/base/decimal.h"
#include "engine/base/number.h"
#include "udf/each.h"
#include "udf/sqlite_call.h"
#include "udf/table.h"

enum { DIGITS_MAX = 30, ROUND_BYTES = 512, EXACT_DIGITS = 15 };

static bool abs_i64_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    int64_t v = arg_i64(c, 0, row);
    if (v == INT64_MIN) return row_out_of_range(c, row, "the absolute value");
    out->as.i64[row] = v < 0 ? -v : v;
    return true;
}
DEFINE_EACH(abs_i64)

static bool abs_f64_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    out->as.f64[row] = fabs(arg_f64(c, 0, row));
    return true;
}
DEFINE_EACH(abs_f64)

static bool abs_decimal_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    int128_t v = c->arg[0].as.i128[row];
    out->as.i128[row] = v < 0 ? -v : v;
    return true;
}
DEFINE_EACH(abs_decimal)

static bool sign_i64_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    int64_t v = arg_i64(c, 0, row);
    out->as.i64[row] = (v > 0) - (v < 0);
    return true;
}
DEFINE_EACH(sign_i64)

static bool sign_f64_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    double v = arg_f64(c, 0, row);
    if (v != v) return row_null(out, row);
    out->as.i64[row] = (v > 0) - (v < 0);
    return true;
}
DEFINE_EACH(sign_f64)

static bool sign_decimal_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    int128_t v = c->arg[0].as.i128[row];
    out->as.i64[row] = (v > 0) - (v < 0);
    return true;
}
DEFINE_EACH(sign_decimal)

/* Digits behind the point, 0..30. */
static int32_t digits_of(const struct fn_call *c, uint32_t row) {
    int64_t n = c->args > 1 ? arg_i64(c, 1, row) : 0;
    return n < 0 ? 0 : n > DIGITS_MAX ? DIGITS_MAX : (int32_t)n;
}

/* Digits before the point. */
static int32_t whole_digits(double v) {
    int32_t n = 0;
    for (double limit = 1; fabs(v) >= limit && n <= EXACT_DIGITS; limit *= 10) n++;
    return n;
}

/* From 2^52 on there is no fraction. */
static double round_f64(double v, int32_t digits) {
    const double whole = 4503599627370496.0;
    if (!(v >= -whole && v <= whole)) return v;
    if (digits == 0) return (double)(int64_t)(v + (v < 0 ? -0.5 : 0.5));
    char text[ROUND_BYTES];
    sqlite3_snprintf(sizeof text, text, "%!.*f", digits, v);
    double rounded = v;
    return f64_parse(text_of(text), &rounded) == PARSE_OK ? rounded : v;
}

static bool round_open(const struct fn_bind *b, void **state_out, struct err *e) {
    static const struct sqlite_function f = {.name = "round", .now_arg = SQLITE_NO_NOW};
    return b->args < 2 || sqlite_call_open(&f, b, state_out, e);
}

static bool row_round(struct fn_call *c, uint32_t row, struct fn_result *out, double v) {
    int32_t digits = digits_of(c, row);
    bool ask = digits > 0 && v == v && digits + whole_digits(v) > EXACT_DIGITS;
    if (ask) return sqlite_call_row(c, c->state, row, out);
    out->as.f64[row] = round_f64(v, digits);
    return true;
}

static bool round_f64_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    return row_round(c, row, out, arg_f64(c, 0, row));
}
DEFINE_EACH(round_f64)

static bool round_i64_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    return row_round(c, row, out, (double)arg_i64(c, 0, row));
}
DEFINE_EACH(round_i64)

static bool same_i64_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    out->as.i64[row] = arg_i64(c, 0, row);
    return true;
}
DEFINE_EACH(same_i64)

#define DEFINE_WHOLE(name)                                                                         \
    static bool name##_f64_row(struct fn_call *c, uint32_t row, struct fn_result *out) {           \
        out->as.f64[row] = name(arg_f64(c, 0, row));                                               \
        return true;                                                                               \
    }                                                                                              \
    DEFINE_EACH(name##_f64)

DEFINE_WHOLE(ceil)
DEFINE_WHOLE(floor)
DEFINE_WHOLE(trunc)

/* Of a DECIMAL: its whole part, moved by one where a rest of that sign is lost. */
static bool whole_decimal(struct fn_call *c, uint32_t row, struct fn_result *out, int toward) {
    int128_t v = c->arg[0].as.i128[row], power = decimal_power(c->arg[0].type->scale);
    int128_t whole = v / power, rest = v % power;
    if (toward > 0 && rest > 0) whole++;
    if (toward < 0 && rest < 0) whole--;
    out->as.i128[row] = whole;
    return true;
}

static bool ceil_decimal_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    return whole_decimal(c, row, out, 1);
}
DEFINE_EACH(ceil_decimal)

static bool floor_decimal_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    return whole_decimal(c, row, out, -1);
}
DEFINE_EACH(floor_decimal)

static bool trunc_decimal_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    return whole_decimal(c, row, out, 0);
}
DEFINE_EACH(trunc_decimal)

/* One digit more before the point: 9.9 becomes 10. */
static const struct type *decimal_with_scale(const struct fn_bind *b, uint32_t scale,
                                             struct err *e) {
    const struct type *from = b->arg_type[0];
    if (scale > from->scale) scale = from->scale;
    uint32_t precision = (uint32_t)(from->precision - from->scale) + scale + 1;
    if (precision > DECIMAL_DIGITS_MAX) precision = DECIMAL_DIGITS_MAX;
    const struct type *t = type_decimal(b->arena, precision, scale);
    if (!t) err_memory(e);
    return t;
}

static const struct type *type_whole(const struct fn_bind *b, struct err *e) {
    return decimal_with_scale(b, 0, e);
}

/* The digits wanted decide the scale where they are a constant. */
static const struct type *type_round(const struct fn_bind *b, struct err *e) {
    if (b->args == 1) return decimal_with_scale(b, 0, e);
    const struct column *digits = b->constant ? b->constant[1] : NULL;
    if (!digits || !column_has(digits, 0)) return decimal_with_scale(b, b->arg_type[0]->scale, e);
    int64_t n = digits->as.i64[0];
    if (n >= b->arg_type[0]->scale) return b->arg_type[0];
    return decimal_with_scale(b,
                              n < 0                    ? 0
                              : n > DECIMAL_DIGITS_MAX ? DECIMAL_DIGITS_MAX
                                                       : (uint32_t)n,
                              e);
}

static bool round_decimal_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    struct decimal d = {.value = c->arg[0].as.i128[row], .scale = c->arg[0].type->scale};
    uint32_t digits = (uint32_t)digits_of(c, row);
    int128_t v = d.value;
    bool ok = digits >= d.scale || decimal_rescale(d, digits, &v);
    if (digits < d.scale) d = (struct decimal){.value = v, .scale = digits};
    if (!ok || !decimal_rescale(d, c->type->scale, &v) || !decimal_fits(v, c->type->precision)) {
        return row_out_of_range(c, row, "the result");
    }
    out->as.i128[row] = v;
    return true;
}
DEFINE_EACH(round_decimal)

static const struct fn table[] = {
    {.name = "abs",
     .sig = "abs(BIGINT) BIGINT",
     .doc = "the absolute value; an error for the smallest BIGINT",
     .example = "abs(-3) = 3",
     .flags = FN_STRICT | FN_CAN_FAIL,
     .call = abs_i64_call},
    {.name = "abs",
     .sig = "abs(DECIMAL) DECIMAL",
     .doc = "the absolute value",
     .example = "abs(-3.5) = 3.5",
     .flags = FN_STRICT,
     .call = abs_decimal_call},
    {.name = "abs",
     .sig = "abs(DOUBLE) DOUBLE",
     .doc = "the absolute value",
     .example = "abs(-3.5e0) = 3.5e0",
     .flags = FN_STRICT,
     .call = abs_f64_call},
    {.name = "sign",
     .sig = "sign(BIGINT) BIGINT",
     .doc = "-1, 0 or 1",
     .example = "sign(-7) = -1",
     .flags = FN_STRICT,
     .call = sign_i64_call},
    {.name = "sign",
     .sig = "sign(DECIMAL) BIGINT",
     .doc = "-1, 0 or 1",
     .example = "sign(-7.5) = -1",
     .flags = FN_STRICT,
     .call = sign_decimal_call},
    {.name = "sign",
     .sig = "sign(DOUBLE) BIGINT",
     .doc = "-1, 0 or 1; NULL for NaN",
     .example = "sign(-7.5e0) = -1",
     .flags = FN_STRICT,
     .call = sign_f64_call},
    {.name = "round",
     .sig = "round(BIGINT, [BIGINT]) DOUBLE",
     .doc = "the number as a DOUBLE",
     .example = "round(7) = 7.0",
     .flags = FN_STRICT | FN_CAN_FAIL,
     .open = round_open,
     .close = sqlite_call_close,
     .call = round_i64_call},
    {.name = "round",
     .sig = "round(DECIMAL, [BIGINT]) DECIMAL",
     .doc = "rounded to so many digits behind the point (0), half away from zero",
     .example = "round(2.345, 2) = 2.35",
     .flags = FN_STRICT | FN_CAN_FAIL,
     .type = type_round,
     .call = round_decimal_call},
    {.name = "round",
     .sig = "round(DOUBLE, [BIGINT]) DOUBLE",
     .doc = "rounded to so many digits behind the point (0), half away from zero",
     .example = "round(2.5e0) = 3",
     .flags = FN_STRICT | FN_CAN_FAIL,
     .open = round_open,
     .close = sqlite_call_close,
     .call = round_f64_call},
    {.name = "ceil",
     .sig = "ceil(BIGINT) BIGINT",
     .doc = "the number itself",
     .example = "ceil(7) = 7",
     .flags = FN_STRICT,
     .call = same_i64_call},
    {.name = "ceil",
     .sig = "ceil(DECIMAL) DECIMAL",
     .doc = "the smallest whole number that is not less",
     .example = "ceil(2.1) = 3",
     .flags = FN_STRICT,
     .type = type_whole,
     .call = ceil_decimal_call},
    {.name = "ceil",
     .sig = "ceil(DOUBLE) DOUBLE",
     .doc = "the smallest whole number that is not less",
     .example = "ceil(2.1e0) = 3",
     .flags = FN_STRICT,
     .call = ceil_f64_call},
    {.name = "ceiling",
     .sig = "ceiling(BIGINT) BIGINT",
     .doc = "the number itself",
     .example = "ceiling(7) = 7",
     .flags = FN_STRICT,
     .call = same_i64_call},
    {.name = "ceiling",
     .sig = "ceiling(DECIMAL) DECIMAL",
     .doc = "the smallest whole number that is not less",
     .example = "ceiling(2.1) = 3",
     .flags = FN_STRICT,
     .type = type_whole,
     .call = ceil_decimal_call},
    {.name = "ceiling",
     .sig = "ceiling(DOUBLE) DOUBLE",
     .doc = "the smallest whole number that is not less",
     .example = "ceiling(2.1e0) = 3",
     .flags = FN_STRICT,
     .call = ceil_f64_call},
    {.name = "floor",
     .sig = "floor(BIGINT) BIGINT",
     .doc = "the number itself",
     .example = "floor(7) = 7",
     .flags = FN_STRICT,
     .call = same_i64_call},
    {.name = "floor",
     .sig = "floor(DECIMAL) DECIMAL",
     .doc = "the largest whole number that is not greater",
     .example = "floor(-2.1) = -3",
     .flags = FN_STRICT,
     .type = type_whole,
     .call = floor_decimal_call},
    {.name = "floor",
     .sig = "floor(DOUBLE) DOUBLE",
     .doc = "the largest whole number that is not greater",
     .example = "floor(-2.1e0) = -3",
     .flags = FN_STRICT,
     .call = floor_f64_call},
    {.name = "trunc",
     .sig = "trunc(BIGINT) BIGINT",
     .doc = "the number itself",
     .example = "trunc(7) = 7",
     .flags = FN_STRICT,
     .call = same_i64_call},
    {.name = "trunc",
     .sig = "trunc(DECIMAL) DECIMAL",
     .doc = "without its fraction",
     .example = "trunc(-2.9) = -2",
     .flags = FN_STRICT,
     .type = type_whole,
     .call = trunc_decimal_call},
    {.name = "trunc",
     .sig = "trunc(DOUBLE) DOUBLE",
     .doc = "without its fraction",
     .example = "trunc(-2.9e0) = -2",
     .flags = FN_STRICT,
     .call = trunc_f64_call},
};

const struct fn_table fn_round = {table, COUNT_OF(table)};
