/* codec_cell.c: see codec_cell.h.
 *
 * The rules are those of CAST: white space around a value is ignored, a BIGINT is read from any
 * number and cut toward zero, a moment counts as its date.
 */
#include "engine/edge/codec_cell.h"

#include <assert.h>
#include <string.h>

#include "engine/base/decimal.h"
#include "engine/base/number.h"
#include "engine/base/time.h"

typedef bool cell_reader(struct column_builder *b, struct text t, enum time_number unit,
                         struct cell_fault *f);

static bool fault(struct cell_fault *f, const char *sqlstate, const char *what) {
    *f = (struct cell_fault){.sqlstate = sqlstate, .what = what};
    return false;
}

static bool parsed(enum parse_result result, struct cell_fault *f, const char *syntax,
                   const char *range) {
    switch (result) {
    case PARSE_OK: return true;
    case PARSE_SYNTAX: return fault(f, "22P02", syntax);
    case PARSE_RANGE: return fault(f, "22003", range);
    }
    return false;
}

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct text trimmed(struct text t) {
    for (; t.bytes > 0 && is_space(t.at[0]); t.at++) t.bytes--;
    while (t.bytes > 0 && is_space(t.at[t.bytes - 1])) t.bytes--;
    return t;
}

/* The six bits of each character of base64; 64: none. */
static void base64_values(uint8_t value[256]) {
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    memset(value, 64, 256);
    for (uint8_t i = 0; i < 64; i++) value[(unsigned char)alphabet[i]] = i;
}

/* The last group, of 2..4 characters without '='; returns its bytes, or 0: it is wrong. */
static uint32_t base64_tail(const uint8_t *value, const char *at, uint32_t n, char *to) {
    uint32_t bits = 0, bad = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t v = value[(unsigned char)at[i]];
        bad |= v & 64;
        bits |= v << (18 - 6 * i);
    }
    uint32_t bytes = n - 1;
    uint32_t left_over = bytes == 3 ? 0 : bits & (0xFFFFFFu >> (8 * bytes));
    if (bad || left_over || n < 2) return 0;
    for (uint32_t i = 0; i < bytes; i++) to[i] = (char)(bits >> (16 - 8 * i) & 0xFF);
    return bytes;
}

bool cell_base64(struct arena *a, struct text from, struct text *out, struct cell_fault *f) {
    uint8_t value[256];
    base64_values(value);
    uint32_t n = from.bytes;
    if (n % 4 != 0) return fault(f, "22P02", "not base64: its length is no multiple of 4");
    char *to = arena_alloc(a, from.bytes / 4 * 3 + 1);
    if (!to) return fault(f, "53200", "out of memory");
    while (n > 0 && from.bytes - n < 2 && from.at[n - 1] == '=') n--;

    uint32_t bytes = 0, i = 0, bad = 0;
    for (; i + 4 < n; i += 4, bytes += 3) {
        const unsigned char *at = (const unsigned char *)from.at + i;
        uint32_t v0 = value[at[0]], v1 = value[at[1]], v2 = value[at[2]], v3 = value[at[3]];
        uint32_t bits = v0 << 18 | v1 << 12 | v2 << 6 | v3;
        bad |= v0 | v1 | v2 | v3;
        to[bytes] = (char)(bits >> 16 & 0xFF);
        to[bytes + 1] = (char)(bits >> 8 & 0xFF);
        to[bytes + 2] = (char)(bits & 0xFF);
    }
    uint32_t tail = n > i ? base64_tail(value, from.at + i, n - i, to + bytes) : 0;
    if (bad & 64 || (n > i && tail == 0)) return fault(f, "22P02", "not base64");
    *out = (struct text){.at = to, .bytes = bytes + tail};
    return true;
}

struct text cell_without_data_uri(struct text t) {
    static const char start[] = "data:", mark[] = ";base64,";
    if (t.bytes < sizeof start - 1 || memcmp(t.at, start, sizeof start - 1) != 0) return t;
    const char *found = memmem(t.at, t.bytes, mark, sizeof mark - 1);
    if (!found) return t;
    uint32_t before = (uint32_t)(found - t.at) + (uint32_t)(sizeof mark - 1);
    return (struct text){.at = t.at + before, .bytes = t.bytes - before};
}

static bool cell_boolean(struct column_builder *b, struct text t, enum time_number unit,
                         struct cell_fault *f) {
    static const struct {
        const char *word;
        uint8_t value;
    } words[] = {{"true", 1}, {"false", 0}, {"t", 1},  {"f", 0},   {"1", 1}, {"0", 0},
                 {"yes", 1},  {"no", 0},    {"on", 1}, {"off", 0}, {"y", 1}, {"n", 0}};
    (void)unit;
    for (uint32_t i = 0; i < COUNT_OF(words); i++) {
        if (!text_equal_fold(t, text_of(words[i].word))) continue;
        builder_b8(b, words[i].value);
        return true;
    }
    return fault(f, "22P02", "not true or false");
}

static bool cell_bigint(struct column_builder *b, struct text t, enum time_number unit,
                        struct cell_fault *f) {
    (void)unit;
    int64_t v = 0;
    enum parse_result result = i64_parse(t, &v);
    if (result == PARSE_SYNTAX) {
        struct decimal_shape shape = {0};
        int128_t value = 0;
        result = decimal_parse_literal(t, &shape, &value);
        struct decimal d = {.value = value, .scale = shape.scale};
        if (result == PARSE_OK && !decimal_to_i64(d, &v)) result = PARSE_RANGE;
    }
    if (!parsed(result, f, "not a number", "out of range for BIGINT")) return false;
    builder_i64(b, v);
    return true;
}

/* 'NaN' and the infinities, as they are printed. */
static bool not_finite(struct text t, double *out) {
    bool minus = t.bytes > 0 && t.at[0] == '-';
    if (minus) t = (struct text){.at = t.at + 1, .bytes = t.bytes - 1};
    if (!minus && text_equal_fold(t, TEXT_LITERAL("nan"))) {
        *out = __builtin_nan("");
        return true;
    }
    if (!text_equal_fold(t, TEXT_LITERAL("inf")) && !text_equal_fold(t, TEXT_LITERAL("infinity")))
        return false;
    *out = minus ? -__builtin_inf() : __builtin_inf();
    return true;
}

bool cell_number(struct text t, double *out, struct cell_fault *f) {
    t = trimmed(t);
    enum parse_result result = f64_parse(t, out);
    if (result == PARSE_SYNTAX && not_finite(t, out)) return true;
    return parsed(result, f, "not a number", "out of range for DOUBLE");
}

static bool cell_double(struct column_builder *b, struct text t, enum time_number unit,
                        struct cell_fault *f) {
    (void)unit;
    double v = 0;
    if (!cell_number(t, &v, f)) return false;
    builder_f64(b, v);
    return true;
}

static bool cell_decimal(struct column_builder *b, struct text t, enum time_number unit,
                         struct cell_fault *f) {
    (void)unit;
    struct decimal_shape shape = {.precision = b->type->precision, .scale = b->type->scale};
    int128_t v = 0;
    if (!parsed(decimal_parse(t, shape, &v), f, "not a number", "has more digits than the DECIMAL"))
        return false;
    builder_i128(b, v);
    return true;
}

static bool cell_text(struct column_builder *b, struct text t, enum time_number unit,
                      struct cell_fault *f) {
    (void)unit;
    (void)f;
    builder_text(b, t);
    return true;
}

static bool cell_blob(struct column_builder *b, struct text t, enum time_number unit,
                      struct cell_fault *f) {
    (void)unit;
    struct text bytes;
    if (b->type->id == TYPE_IMAGE) t = cell_without_data_uri(t);
    if (!cell_base64(b->arena, t, &bytes, f)) return false;
    builder_text(b, bytes);
    return true;
}

/* A number of 'timestamp-unit' as microseconds, what is finer cut (floor); false: no number. */
static bool unit_number(struct text t, enum time_number unit, int64_t *us_out,
                        enum parse_result *result) {
    if (unit == TIME_NUMBER_NONE || t.bytes == 0) return false;
    for (uint32_t i = 0; i < t.bytes; i++) {
        bool part = (unsigned char)(t.at[i] - '0') < 10 || t.at[i] == '.';
        if (!part && !(i == 0 && (t.at[i] == '-' || t.at[i] == '+'))) return false;
    }
    struct decimal_shape shape = {.precision = DECIMAL_DIGITS_MAX, .scale = 12};
    int128_t v = 0;
    *result = decimal_parse(t, shape, &v);
    if (*result != PARSE_OK) return true;

    uint32_t digits = unit == TIME_NUMBER_S ? 6 : unit == TIME_NUMBER_MS ? 3 : 0;
    int128_t divisor = decimal_power(12 - digits);
    int128_t us = v / divisor - (v % divisor < 0);
    if (us > INT64_MAX || us < INT64_MIN)
        *result = PARSE_RANGE;
    else
        *us_out = (int64_t)us;
    return true;
}

static bool cell_timestamp(struct column_builder *b, struct text t, enum time_number unit,
                           struct cell_fault *f) {
    int64_t us = 0;
    enum parse_result result = PARSE_OK;
    if (!unit_number(t, unit, &us, &result)) result = timestamp_parse(t, &us);
    if (!parsed(result, f, "not a timestamp", "no such timestamp")) return false;
    builder_i64(b, timestamp_floor(us, b->type->precision));
    return true;
}

static bool cell_date(struct column_builder *b, struct text t, enum time_number unit,
                      struct cell_fault *f) {
    int64_t v = 0;
    enum parse_result result = PARSE_OK;
    if (unit_number(t, unit, &v, &result))
        v = time_floor_div(v, DAY_US);
    else
        result = date_parse(t, &v);
    if (result == PARSE_SYNTAX && timestamp_parse(t, &v) == PARSE_OK) {
        v = time_floor_div(v, DAY_US);
        result = PARSE_OK;
    }
    if (!parsed(result, f, "not a date", "no such date")) return false;
    builder_i64(b, v);
    return true;
}

static bool cell_time(struct column_builder *b, struct text t, enum time_number unit,
                      struct cell_fault *f) {
    int64_t v = 0;
    enum parse_result result = PARSE_OK;
    if (!unit_number(t, unit, &v, &result)) result = time_parse(t, &v);
    if (result == PARSE_OK && (v < 0 || v >= DAY_US)) result = PARSE_RANGE;
    if (!parsed(result, f, "not a time", "no such time of day")) return false;
    builder_i64(b, v);
    return true;
}

static bool cell_interval(struct column_builder *b, struct text t, enum time_number unit,
                          struct cell_fault *f) {
    (void)unit;
    struct err e = {0};
    int64_t v = 0;
    if (!interval_parse(t, &v, &e)) {
        bool range = strcmp(e.sqlstate, "22003") == 0;
        return fault(f, range ? "22003" : "22P02", "not an interval");
    }
    builder_i64(b, v);
    return true;
}

static bool cell_null(struct column_builder *b, struct text t, enum time_number unit,
                      struct cell_fault *f) {
    (void)unit;
    if (t.bytes > 0) return fault(f, "22P02", "not empty, but of type NULL");
    builder_null(b);
    return true;
}

static cell_reader *const readers[TYPE_COUNT] = {
    [TYPE_NULL] = cell_null,     [TYPE_BOOLEAN] = cell_boolean,     [TYPE_BIGINT] = cell_bigint,
    [TYPE_DOUBLE] = cell_double, [TYPE_DECIMAL] = cell_decimal,     [TYPE_TEXT] = cell_text,
    [TYPE_BLOB] = cell_blob,     [TYPE_TIMESTAMP] = cell_timestamp, [TYPE_DATE] = cell_date,
    [TYPE_TIME] = cell_time,     [TYPE_INTERVAL] = cell_interval,   [TYPE_IMAGE] = cell_blob,
};

bool cell_append(struct column_builder *b, struct text t, enum time_number unit,
                 struct cell_fault *f) {
    cell_reader *reader = readers[b->type->id];
    assert(reader);
    return reader(b, b->type->id == TYPE_TEXT ? t : trimmed(t), unit, f);
}
