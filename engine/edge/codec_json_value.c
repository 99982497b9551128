/* codec_json_value.c: jread's values: one function a type, chosen by a table.
 *
 * What a type takes is in docs/reference/sql.md "Reading JSON and CSV": nothing is guessed from
 * strings, and null is NULL everywhere.
 */
#include <assert.h>
#include <string.h>

#include "engine/base/decimal.h"
#include "engine/base/number.h"
#include "engine/base/time.h"
#include "engine/edge/codec_cell.h"
#include "engine/edge/codec_json_nested.h"
#include "engine/edge/codec_json_read.h"
#include "engine/edge/scan_digits.h"

typedef bool value_reader(struct jread *r, const struct jnode *node, struct column_builder *b);

static bool parsed(struct jread *r, enum parse_result result, const char *syntax, const char *range,
                   const char *at) {
    switch (result) {
    case PARSE_OK: return true;
    case PARSE_SYNTAX: return jread_fail(r, "22P02", syntax, at);
    case PARSE_RANGE: return jread_fail(r, "22003", range, at);
    }
    return false;
}

static bool at_number(const struct jread *r) {
    return *r->at == '-' || (unsigned char)(*r->at - '0') < 10;
}

static bool read_null(struct jread *r, const struct jnode *node, struct column_builder *b) {
    (void)node;
    if (!jread_word(r, "null", 4)) return false;
    builder_null(b);
    return true;
}

static bool read_boolean(struct jread *r, const struct jnode *node, struct column_builder *b) {
    (void)node;
    if (*r->at != 't' && *r->at != 'f') return jread_fail(r, "22P02", "not true or false", r->at);
    bool v = *r->at == 't';
    if (!(v ? jread_word(r, "true", 4) : jread_word(r, "false", 5))) return false;
    builder_b8(b, v);
    return true;
}

/* What most numbers are: up to 15 digits, then a comma or a bracket. */
static bool short_number(struct jread *r, int64_t *out) {
    uint32_t n = (uint32_t)__builtin_ctz(~digits_mask(r->at));
    if (n == 0 || n >= 16 || r->end - r->at <= (ptrdiff_t)n) return false;
    char behind = r->at[n];
    if ((behind != ',' && behind != '}') || (*r->at == '0' && n > 1)) return false;
    *out = (int64_t)digits_value(r->at, n);
    r->at += n;
    return true;
}

static bool read_bigint(struct jread *r, const struct jnode *node, struct column_builder *b) {
    (void)node;
    const char *start = r->at;
    int64_t short_one;
    if (likely(short_number(r, &short_one))) {
        builder_i64(b, short_one);
        return true;
    }
    struct jnumber n;
    if (!at_number(r)) return jread_fail(r, "22P02", "not a number", start);
    if (!jread_number(r, &n)) return false;
    int64_t v = 0;
    bool exact;
    if (!parsed(r, jnumber_floor(&n, 0, &v, &exact), "", "out of range for BIGINT", start))
        return false;
    if (!exact) return jread_fail(r, "22P02", "not a whole number", start);
    builder_i64(b, v);
    return true;
}

bool jread_double(struct jread *r, double *out) {
    const char *start = r->at;
    struct jnumber n;
    if (r->at >= r->end || !at_number(r)) return jread_fail(r, "22P02", "not a number", start);
    if (!jread_number(r, &n)) return false;
    double v = 0;
    enum parse_result result = PARSE_OK;
    if (n.cut) {
        result = f64_parse(n.text, &v);
    } else {
        v = f64_from_digits(n.digits, n.exponent);
        if (n.negative) v = -v;
        if (v - v != 0) result = PARSE_RANGE; /* infinite */
    }
    if (!parsed(r, result, "not a number", "out of range for DOUBLE", start)) return false;
    *out = v;
    return true;
}

static bool read_double(struct jread *r, const struct jnode *node, struct column_builder *b) {
    (void)node;
    double v = 0;
    if (!jread_double(r, &v)) return false;
    builder_f64(b, v);
    return true;
}

static bool read_decimal(struct jread *r, const struct jnode *node, struct column_builder *b) {
    const char *start = r->at;
    struct jnumber n;
    if (!at_number(r)) return jread_fail(r, "22P02", "not a number", start);
    if (!jread_number(r, &n)) return false;
    struct decimal_shape shape = {.precision = node->type->precision, .scale = node->type->scale};
    int128_t v = 0;
    if (!parsed(r, decimal_parse(n.text, shape, &v), "not a number",
                "has more digits than the DECIMAL", start))
        return false;
    builder_i128(b, v);
    return true;
}

/* Strings are their text, anything else is its JSON text. */
static bool read_text(struct jread *r, const struct jnode *node, struct column_builder *b) {
    (void)node;
    const char *start = r->at;
    struct text t;
    if (*r->at == '"') {
        if (!jread_string(r, &t)) return false;
    } else {
        if (!jread_skip(r)) return false;
        t = (struct text){.at = start, .bytes = (uint32_t)(r->at - start)};
    }
    builder_text(b, t);
    return true;
}

static bool read_blob(struct jread *r, const struct jnode *node, struct column_builder *b) {
    const char *start = r->at;
    struct text from, bytes;
    if (*r->at != '"') return jread_fail(r, "22P02", "not a string of base64", r->at);
    if (!jread_string(r, &from)) return false;
    if (node->type->id == TYPE_IMAGE) from = cell_without_data_uri(from);
    struct cell_fault fault;
    if (!cell_base64(r->arena, from, &bytes, &fault))
        return jread_fail(r, fault.sqlstate, fault.what, start);
    builder_text(b, bytes);
    return true;
}

/* The unit's digits behind the second's point counted from microseconds: s 6, ms 3, us 0. */
static int32_t unit_digits(enum time_number u) {
    return u == TIME_NUMBER_S ? 6 : u == TIME_NUMBER_MS ? 3 : 0;
}

/* At a number that stands for a time: microseconds. */
static bool time_number_read(struct jread *r, int64_t *us_out) {
    const char *start = r->at;
    struct jnumber n;
    bool exact;
    if (r->time_number == TIME_NUMBER_NONE)
        return jread_fail(r, "22P02", "a number is no time without 'timestamp-unit'", start);
    return jread_number(r, &n) &&
           parsed(r, jnumber_floor(&n, unit_digits(r->time_number), us_out, &exact), "",
                  "out of range for TIMESTAMP", start);
}

static bool time_text(struct jread *r, struct text *out, const char *what) {
    return *r->at == '"' ? jread_string(r, out) : jread_fail(r, "22P02", what, r->at);
}

static bool read_timestamp(struct jread *r, const struct jnode *node, struct column_builder *b) {
    const char *start = r->at;
    struct text t;
    int64_t us = 0;
    if (at_number(r)) {
        if (!time_number_read(r, &us)) return false;
    } else if (!time_text(r, &t, "not a timestamp") ||
               !parsed(r, timestamp_parse(t, &us), "not a timestamp", "no such timestamp", start)) {
        return false;
    }
    builder_i64(b, timestamp_floor(us, node->type->precision));
    return true;
}

static bool read_date(struct jread *r, const struct jnode *node, struct column_builder *b) {
    (void)node;
    const char *start = r->at;
    struct text t;
    int64_t v = 0;
    if (at_number(r)) {
        if (!time_number_read(r, &v)) return false;
        v = time_floor_div(v, DAY_US);
    } else if (!time_text(r, &t, "not a date") ||
               !parsed(r, date_parse(t, &v), "not a date", "no such date", start)) {
        return false;
    }
    builder_i64(b, v);
    return true;
}

static bool read_time(struct jread *r, const struct jnode *node, struct column_builder *b) {
    (void)node;
    const char *start = r->at;
    struct text t;
    int64_t v = 0;
    if (at_number(r)) {
        if (!time_number_read(r, &v)) return false;
        if (v < 0 || v >= DAY_US) return jread_fail(r, "22003", "no such time of day", start);
    } else if (!time_text(r, &t, "not a time") ||
               !parsed(r, time_parse(t, &v), "not a time", "no such time of day", start)) {
        return false;
    }
    builder_i64(b, v);
    return true;
}

static bool read_interval(struct jread *r, const struct jnode *node, struct column_builder *b) {
    (void)node;
    const char *start = r->at;
    struct text t;
    struct err e = {0};
    int64_t v = 0;
    if (!time_text(r, &t, "not an interval")) return false;
    if (!interval_parse(t, &v, &e)) {
        bool range = strcmp(e.sqlstate, "22003") == 0;
        return jread_fail(r, range ? "22003" : "22P02", "not an interval", start);
    }
    builder_i64(b, v);
    return true;
}

static value_reader *const readers[TYPE_COUNT] = {
    [TYPE_NULL] = read_null,         [TYPE_BOOLEAN] = read_boolean,
    [TYPE_BIGINT] = read_bigint,     [TYPE_DOUBLE] = read_double,
    [TYPE_DECIMAL] = read_decimal,   [TYPE_TEXT] = read_text,
    [TYPE_BLOB] = read_blob,         [TYPE_TIMESTAMP] = read_timestamp,
    [TYPE_DATE] = read_date,         [TYPE_TIME] = read_time,
    [TYPE_INTERVAL] = read_interval, [TYPE_ROW] = jread_row,
    [TYPE_ARRAY] = jread_array,      [TYPE_MAP] = jread_map,
    [TYPE_TENSOR] = jread_tensor,    [TYPE_IMAGE] = read_blob,
};

bool jread_value(struct jread *r, const struct jnode *node, struct column_builder *b) {
    assert(node->type && b->type->id == node->type->id);
    if (r->at >= r->end) return jread_fail(r, "22P02", "expected a value", r->at);
    if (*r->at == 'n') return read_null(r, node, b);
    return readers[node->type->id](r, node, b);
}
