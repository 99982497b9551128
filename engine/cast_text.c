/* cast_text.c: conversions between TEXT and the other types that are no nested ones.
 *
 * Reading ignores white space around a value, as SQLite and PostgreSQL do, and nothing else: the
 * text must be the value to its end. A BIGINT is read from any number and cut toward zero.
 */
#include <assert.h>
#include <stdio.h>

#include "engine/base/decimal.h"
#include "engine/base/number.h"
#include "engine/base/time.h"
#include "engine/cast_private.h"

enum { SHOWN_BYTES = 60, PRINTED_MAX = 64 };

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct text trimmed(struct text t) {
    while (t.bytes > 0 && is_space(t.at[0])) t = (struct text){t.at + 1, t.bytes - 1};
    while (t.bytes > 0 && is_space(t.at[t.bytes - 1])) t.bytes--;
    return t;
}

/* Says what is wrong with a text that should have been a value of x->to. */
static bool unreadable(struct conversion *x, enum parse_result r, struct text t) {
    assert(r != PARSE_OK);
    if (t.bytes > SHOWN_BYTES) t.bytes = (uint32_t)utf8_valid_prefix(t.at, SHOWN_BYTES);
    if (r == PARSE_RANGE) {
        return convert_failed(x, "22003", "\"%.*s\" is out of range for %s", TEXT_ARG(t),
                              type_name(x->to->id));
    }
    return convert_failed(x, "22P02", "\"%.*s\" is not a %s", TEXT_ARG(t), type_name(x->to->id));
}

static bool text_to_bigint(struct conversion *x, const struct column *from, uint32_t row,
                           void *out) {
    struct text t = trimmed(from->as.text[row]);
    enum parse_result r = i64_parse(t, out);
    if (r == PARSE_OK) return true;

    struct decimal_shape shape;
    int128_t value;
    if (r == PARSE_SYNTAX) r = decimal_parse_literal(t, &shape, &value);
    if (r != PARSE_OK) return unreadable(x, r, t);
    struct decimal d = {.value = value, .scale = shape.scale};
    return decimal_to_i64(d, out) || unreadable(x, PARSE_RANGE, t);
}

/* 'NaN' and the infinities, as they are printed. */
static bool parse_not_finite(struct text t, double *out) {
    bool minus = t.bytes > 0 && t.at[0] == '-';
    if (minus) t = (struct text){t.at + 1, t.bytes - 1};
    if (!minus && text_equal_fold(t, TEXT_LITERAL("nan"))) {
        *out = __builtin_nan("");
        return true;
    }
    if (!text_equal_fold(t, TEXT_LITERAL("inf")) && !text_equal_fold(t, TEXT_LITERAL("infinity"))) {
        return false;
    }
    *out = minus ? -__builtin_inf() : __builtin_inf();
    return true;
}

static bool text_to_double(struct conversion *x, const struct column *from, uint32_t row,
                           void *out) {
    struct text t = trimmed(from->as.text[row]);
    enum parse_result r = f64_parse(t, out);
    return r == PARSE_OK || parse_not_finite(t, out) || unreadable(x, r, t);
}

static bool text_to_decimal(struct conversion *x, const struct column *from, uint32_t row,
                            void *out) {
    struct text t = trimmed(from->as.text[row]);
    struct decimal_shape shape = {.precision = x->to->precision, .scale = x->to->scale};
    enum parse_result r = decimal_parse(t, shape, out);
    return r == PARSE_OK || unreadable(x, r, t);
}

static bool text_to_boolean(struct conversion *x, const struct column *from, uint32_t row,
                            void *out) {
    static const struct {
        struct text word;
        uint8_t value;
    } words[] = {
        {{"true", 4}, 1}, {{"false", 5}, 0}, {{"1", 1}, 1},   {{"0", 1}, 0},
        {{"t", 1}, 1},    {{"f", 1}, 0},     {{"yes", 3}, 1}, {{"no", 2}, 0},
        {{"y", 1}, 1},    {{"n", 1}, 0},     {{"on", 2}, 1},  {{"off", 3}, 0},
    };
    struct text t = trimmed(from->as.text[row]);
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (!text_equal_fold(t, words[i].word)) continue;
        *(uint8_t *)out = words[i].value;
        return true;
    }
    return unreadable(x, PARSE_SYNTAX, t);
}

static bool text_to_timestamp(struct conversion *x, const struct column *from, uint32_t row,
                              void *out) {
    struct text t = trimmed(from->as.text[row]);
    int64_t us;
    enum parse_result r = timestamp_parse(t, &us);
    if (r != PARSE_OK) return unreadable(x, r, t);
    *(int64_t *)out = timestamp_floor(us, x->to->precision);
    return true;
}

/* A moment counts as its date. */
static bool text_to_date(struct conversion *x, const struct column *from, uint32_t row, void *out) {
    struct text t = trimmed(from->as.text[row]);
    int64_t us;
    enum parse_result r = date_parse(t, out);
    if (r == PARSE_SYNTAX && timestamp_parse(t, &us) == PARSE_OK) {
        *(int64_t *)out = time_floor_div(us, DAY_US);
        return true;
    }
    return r == PARSE_OK || unreadable(x, r, t);
}

static bool text_to_time(struct conversion *x, const struct column *from, uint32_t row, void *out) {
    struct text t = trimmed(from->as.text[row]);
    enum parse_result r = time_parse(t, out);
    return r == PARSE_OK || unreadable(x, r, t);
}

static bool text_to_interval(struct conversion *x, const struct column *from, uint32_t row,
                             void *out) {
    struct err e;
    err_clear(&e);
    if (interval_parse(trimmed(from->as.text[row]), out, &e)) return true;
    return convert_failed(x, strcmp(e.sqlstate, "22003") == 0 ? "22003" : "22P02", "%s", e.message);
}

static bool text_to_blob(struct conversion *x, const struct column *from, uint32_t row, void *out) {
    (void)x;
    *(struct text *)out = from->as.text[row];
    return true;
}

static bool blob_to_text(struct conversion *x, const struct column *from, uint32_t row, void *out) {
    struct text t = from->as.text[row];
    size_t good = utf8_valid_prefix(t.at, t.bytes);
    if (good < t.bytes)
        return convert_failed(x, "22021", "byte %zu of the BLOB is not UTF-8", good);
    *(struct text *)out = t;
    return true;
}

/* Keeps what was printed. */
static bool give(struct conversion *x, const char *printed, uint32_t bytes, void *out) {
    const char *at = arena_copy(x->arena, printed, bytes);
    if (!at) return convert_no_memory(x);
    *(struct text *)out = (struct text){.at = at, .bytes = bytes};
    return true;
}

static bool boolean_to_text(struct conversion *x, const struct column *from, uint32_t row,
                            void *out) {
    (void)x;
    *(struct text *)out = from->as.b8[row] ? TEXT_LITERAL("true") : TEXT_LITERAL("false");
    return true;
}

static bool bigint_to_text(struct conversion *x, const struct column *from, uint32_t row,
                           void *out) {
    char printed[I64_TEXT_MAX];
    return give(x, printed, i64_print(printed, from->as.i64[row]), out);
}

static bool double_to_text(struct conversion *x, const struct column *from, uint32_t row,
                           void *out) {
    char printed[F64_SQLITE_MAX];
    return give(x, printed, f64_print_sqlite(printed, from->as.f64[row]), out);
}

static bool decimal_to_text(struct conversion *x, const struct column *from, uint32_t row,
                            void *out) {
    char printed[DECIMAL_TEXT_MAX];
    struct decimal d = {.value = from->as.i128[row], .scale = from->type->scale};
    return give(x, printed, decimal_print(printed, d), out);
}

static bool timestamp_to_text(struct conversion *x, const struct column *from, uint32_t row,
                              void *out) {
    char printed[TIMESTAMP_TEXT_MAX];
    uint32_t bytes = timestamp_print(printed, from->as.i64[row], from->type->precision);
    return give(x, printed, bytes, out);
}

static bool date_to_text(struct conversion *x, const struct column *from, uint32_t row, void *out) {
    char printed[DATE_TEXT_MAX];
    return give(x, printed, date_print(printed, from->as.i64[row]), out);
}

static bool time_to_text(struct conversion *x, const struct column *from, uint32_t row, void *out) {
    char printed[TIME_TEXT_MAX];
    return give(x, printed, time_print(printed, from->as.i64[row]), out);
}

static bool interval_to_text(struct conversion *x, const struct column *from, uint32_t row,
                             void *out) {
    char printed[INTERVAL_TEXT_MAX];
    return give(x, printed, interval_print(printed, from->as.i64[row]), out);
}

/* Nested values and tensors. */
static bool nested_to_text(struct conversion *x, const struct column *from, uint32_t row,
                           void *out) {
    struct buf b;
    buf_init(&b);
    json_add_value(&b, from, row);
    bool ok = b.failed ? convert_no_memory(x) : give(x, b.at, (uint32_t)b.bytes, out);
    buf_done(&b);
    return ok;
}

convert_value *convert_from_text(enum type_id to) {
    static convert_value *const from_text[TYPE_COUNT] = {
        [TYPE_BOOLEAN] = text_to_boolean,   [TYPE_BIGINT] = text_to_bigint,
        [TYPE_DOUBLE] = text_to_double,     [TYPE_DECIMAL] = text_to_decimal,
        [TYPE_BLOB] = text_to_blob,         [TYPE_TIMESTAMP] = text_to_timestamp,
        [TYPE_DATE] = text_to_date,         [TYPE_TIME] = text_to_time,
        [TYPE_INTERVAL] = text_to_interval,
    };
    return from_text[to];
}

convert_value *convert_to_text(enum type_id from) {
    static convert_value *const to_text[TYPE_COUNT] = {
        [TYPE_BOOLEAN] = boolean_to_text,   [TYPE_BIGINT] = bigint_to_text,
        [TYPE_DOUBLE] = double_to_text,     [TYPE_DECIMAL] = decimal_to_text,
        [TYPE_BLOB] = blob_to_text,         [TYPE_TIMESTAMP] = timestamp_to_text,
        [TYPE_DATE] = date_to_text,         [TYPE_TIME] = time_to_text,
        [TYPE_INTERVAL] = interval_to_text, [TYPE_ROW] = nested_to_text,
        [TYPE_ARRAY] = nested_to_text,      [TYPE_MAP] = nested_to_text,
        [TYPE_TENSOR] = nested_to_text,
    };
    return to_text[from];
}
