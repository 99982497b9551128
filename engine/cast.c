/* cast.c: see cast.h.
 *
 * Conversions between numbers that cannot fail are kernels that run over every row; the others
 * convert a value at a time, and so do elements of nested values, by the same functions. What a
 * nested value is converted to is appended to builders: the rows that are not wanted are empty.
 */
#include "engine/cast.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "engine/base/builder.h"
#include "engine/base/decimal.h"
#include "engine/base/time.h"
#include "engine/cast_private.h"
#include "engine/kernel/kernels.h"

enum { BIGINT_DIGITS = 19 };

bool convert_failed(struct conversion *x, const char *sqlstate, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(x->message, sizeof x->message, format, args);
    va_end(args);
    x->sqlstate = sqlstate;
    return false;
}

bool convert_no_memory(struct conversion *x) {
    x->no_memory = true;
    return false;
}

static bool out_of_range(struct conversion *x) {
    return convert_failed(x, "22003", "the number is out of range for %s", type_name(x->to->id));
}

static struct decimal_shape shape_of(const struct type *t) {
    return (struct decimal_shape){.precision = t->precision, .scale = t->scale};
}

static struct decimal decimal_of(const struct column *c, uint32_t row) {
    return (struct decimal){.value = c->as.i128[row], .scale = c->type->scale};
}

/* A conversion that every value survives. */
#define DEFINE_TOTAL(name, ctype, VALUE)                                                           \
    static bool name(struct conversion *x, const struct column *from, uint32_t row, void *out) {   \
        (void)x;                                                                                   \
        *(ctype *)out = VALUE;                                                                     \
        return true;                                                                               \
    }

DEFINE_TOTAL(boolean_to_bigint, int64_t, from->as.b8[row] != 0)
DEFINE_TOTAL(boolean_to_double, double, from->as.b8[row] ? 1.0 : 0.0)
DEFINE_TOTAL(bigint_to_boolean, uint8_t, from->as.i64[row] != 0)
DEFINE_TOTAL(bigint_to_double, double, (double)from->as.i64[row])
DEFINE_TOTAL(double_to_boolean, uint8_t, from->as.f64[row] != 0)
DEFINE_TOTAL(decimal_to_boolean, uint8_t, from->as.i128[row] != 0)
DEFINE_TOTAL(decimal_to_double, double, decimal_to_f64(decimal_of(from, row)))
DEFINE_TOTAL(timestamp_to_date, int64_t, time_floor_div(from->as.i64[row], DAY_US))
DEFINE_TOTAL(timestamp_to_time, int64_t, (from->as.i64[row] % DAY_US + DAY_US) % DAY_US)

static bool double_to_bigint(struct conversion *x, const struct column *from, uint32_t row,
                             void *out) {
    double v = from->as.f64[row];
    if (!(v >= -9223372036854775808.0 && v < 9223372036854775808.0)) return out_of_range(x);
    *(int64_t *)out = (int64_t)v;
    return true;
}

static bool double_to_decimal(struct conversion *x, const struct column *from, uint32_t row,
                              void *out) {
    return decimal_from_f64(from->as.f64[row], shape_of(x->to), out) || out_of_range(x);
}

static bool decimal_to_bigint(struct conversion *x, const struct column *from, uint32_t row,
                              void *out) {
    return decimal_to_i64(decimal_of(from, row), out) || out_of_range(x);
}

static bool to_shape(struct conversion *x, struct decimal d, int128_t *out) {
    if (!decimal_rescale(d, x->to->scale, out)) return out_of_range(x);
    return decimal_fits(*out, x->to->precision) || out_of_range(x);
}

static bool decimal_to_decimal(struct conversion *x, const struct column *from, uint32_t row,
                               void *out) {
    return to_shape(x, decimal_of(from, row), out);
}

static bool bigint_to_decimal(struct conversion *x, const struct column *from, uint32_t row,
                              void *out) {
    return to_shape(x, (struct decimal){.value = from->as.i64[row]}, out);
}

static bool boolean_to_decimal(struct conversion *x, const struct column *from, uint32_t row,
                               void *out) {
    return to_shape(x, (struct decimal){.value = from->as.b8[row]}, out);
}

static bool timestamp_to_timestamp(struct conversion *x, const struct column *from, uint32_t row,
                                   void *out) {
    *(int64_t *)out = timestamp_floor(from->as.i64[row], x->to->precision);
    return true;
}

static bool date_to_timestamp(struct conversion *x, const struct column *from, uint32_t row,
                              void *out) {
    return !__builtin_mul_overflow(from->as.i64[row], DAY_US, (int64_t *)out) || out_of_range(x);
}

convert_value *convert_find(const struct type *from, const struct type *to) {
    static convert_value *const convert[TYPE_COUNT][TYPE_COUNT] = {
        [TYPE_BOOLEAN] = {[TYPE_BIGINT] = boolean_to_bigint,
                          [TYPE_DOUBLE] = boolean_to_double,
                          [TYPE_DECIMAL] = boolean_to_decimal},
        [TYPE_BIGINT] = {[TYPE_BOOLEAN] = bigint_to_boolean,
                         [TYPE_DOUBLE] = bigint_to_double,
                         [TYPE_DECIMAL] = bigint_to_decimal},
        [TYPE_DOUBLE] = {[TYPE_BOOLEAN] = double_to_boolean,
                         [TYPE_BIGINT] = double_to_bigint,
                         [TYPE_DECIMAL] = double_to_decimal},
        [TYPE_DECIMAL] = {[TYPE_BOOLEAN] = decimal_to_boolean,
                          [TYPE_BIGINT] = decimal_to_bigint,
                          [TYPE_DOUBLE] = decimal_to_double,
                          [TYPE_DECIMAL] = decimal_to_decimal},
        [TYPE_TIMESTAMP] = {[TYPE_TIMESTAMP] = timestamp_to_timestamp,
                            [TYPE_DATE] = timestamp_to_date,
                            [TYPE_TIME] = timestamp_to_time},
        [TYPE_DATE] = {[TYPE_TIMESTAMP] = date_to_timestamp},
    };
    if (to->id == TYPE_TENSOR) {
        bool numbers = from->id == TYPE_ARRAY && type_is_number(from->field[0].type);
        if (numbers && to->dims == 1) return array_to_tensor;
        return from->id == TYPE_TENSOR && from->dims == to->dims ? tensor_to_tensor : NULL;
    }
    if (from->id == TYPE_TEXT) return convert_from_text(to->id);
    if (to->id == TYPE_TEXT) return convert_to_text(from->id);
    return convert[from->id][to->id];
}

/* Values of `from` are values of `to` as they stand. */
static bool is_same(const struct type *from, const struct type *to) {
    if (from->id != to->id) {
        return (from->id == TYPE_BLOB && to->id == TYPE_IMAGE) ||
               (from->id == TYPE_IMAGE && to->id == TYPE_BLOB);
    }
    if (from->fields != to->fields || from->dims != to->dims) return false;
    for (uint32_t i = 0; i < from->fields; i++) {
        if (!type_equal(from->field[i].type, to->field[i].type)) return false;
    }
    for (uint32_t i = 0; i < from->dims; i++) {
        if (to->dim[i] != DIM_ANY && from->dim[i] != to->dim[i]) return false;
    }
    if (from->id == TYPE_DECIMAL) {
        return from->scale == to->scale && from->precision <= to->precision;
    }
    return from->precision <= to->precision;
}

/* Converts one value, NULL too, and appends it. false: *x says why. */
static bool append_value(struct conversion *x, const struct column *from, uint32_t row,
                         struct column_builder *to);

static bool append_children(struct conversion *x, const struct column *from, uint32_t row,
                            struct column_builder *to) {
    const struct type *outer = x->to;
    for (uint32_t i = 0; i < outer->fields; i++) {
        x->to = outer->field[i].type;
        if (!append_value(x, &from->child[i], row, &to->child[i])) return false;
    }
    x->to = outer;
    return true;
}

/* A tensor of one dimension as an array of its numbers. */
static bool append_tensor(struct conversion *x, const struct tensor *t, struct column_builder *to) {
    const struct type *outer = x->to;
    x->to = outer->field[0].type;
    for (uint32_t i = 0; i < t->dim[0]; i++) {
        double v = (double)t->at[i];
        struct column one = {.type = &type_double, .as.f64 = &v};
        if (!append_value(x, &one, 0, &to->child[0])) return false;
    }
    x->to = outer;
    builder_span(to, t->dim[0]);
    return true;
}

static bool append_nested(struct conversion *x, const struct column *from, uint32_t row,
                          struct column_builder *to) {
    if (x->to->id == TYPE_ROW) {
        if (!append_children(x, from, row, to)) return false;
        builder_row(to);
        return true;
    }
    if (from->type->id == TYPE_TENSOR) return append_tensor(x, &from->as.tensor[row], to);
    struct span s = from->as.span[row];
    for (uint32_t i = 0; i < s.count; i++) {
        if (!append_children(x, from, s.first + i, to)) return false;
    }
    builder_span(to, s.count);
    return true;
}

static bool append_value(struct conversion *x, const struct column *from, uint32_t row,
                         struct column_builder *to) {
    if (to->failed) return convert_no_memory(x);
    if (!column_has(from, row) || from->type->id == TYPE_NULL) {
        builder_null(to);
    } else if (is_same(from->type, x->to) && x->to->fields == 0) {
        builder_copy(to, from, row);
    } else if (x->to->fields > 0) {
        return append_nested(x, from, row, to);
    } else {
        if (!builder_reserve(to, 1)) return convert_no_memory(x);
        size_t size = rep_bytes(type_rep(x->to));
        convert_value *convert = convert_find(from->type, x->to);
        if (!convert(x, from, row, (char *)to->as.any + to->rows * size)) return false;
        to->rows++;
    }
    return !to->failed || convert_no_memory(x);
}

/* TRY_CAST is the cast with a state. */
static void row_failed(struct fn_call *c, const struct conversion *x, uint32_t row,
                       struct fn_result *out) {
    if (c->state)
        bit_clear(out->valid, row);
    else
        fn_fail(c, row, x->sqlstate, "%s", x->message);
}

static bool call_values(struct fn_call *c, struct fn_result *out, struct err *e) {
    const struct column *from = &c->arg[0];
    convert_value *convert = convert_find(from->type, c->type);
    size_t size = rep_bytes(type_rep(c->type));
    struct conversion x = {.to = c->type, .arena = c->arena};
    assert(convert);
    for (uint32_t i = 0; i < c->live; i++) {
        uint32_t row = c->sel ? c->sel[i] : i;
        if (convert(&x, from, row, (char *)out->as.any + row * size)) continue;
        if (x.no_memory) return err_memory(e);
        row_failed(c, &x, row, out);
    }
    return true;
}

/* Converts the row, or leaves the builder with a NULL. */
static bool nested_row(struct fn_call *c, uint32_t row, struct column_builder *b,
                       struct fn_result *out, struct err *e) {
    struct conversion x = {.to = c->type, .arena = c->arena};
    if (append_value(&x, &c->arg[0], row, b)) return true;
    if (x.no_memory) return err_memory(e);
    builder_truncate(b, row);
    builder_null(b);
    row_failed(c, &x, row, out);
    return true;
}

static bool call_nested(struct fn_call *c, struct fn_result *out, struct err *e) {
    struct column_builder b;
    struct column made;
    if (!builder_init(&b, c->arena, c->type, c->rows)) return err_memory(e);
    uint32_t next = 0;
    for (uint32_t row = 0; row < c->rows; row++) {
        bool wanted = next < c->live && (c->sel ? c->sel[next] : next) == row;
        next += wanted;
        if (!wanted)
            builder_null(&b);
        else if (!nested_row(c, row, &b, out, e))
            return false;
    }
    if (!builder_column(&b, &made)) return err_memory(e);
    memcpy(out->as.any, made.as.any, c->rows * rep_bytes(type_rep(c->type)));
    out->child = made.child;
    return true;
}

static bool try_open(const struct fn_bind *b, void **state_out, struct err *e) {
    (void)e;
    *state_out = b->arena;
    return true;
}

static bool call_bigint_to_double(struct fn_call *c, struct fn_result *out, struct err *e) {
    (void)e;
    kernels_best()->convert.i64_to_f64(c->rows, c->arg[0].as.i64, out->as.f64);
    return true;
}

static bool call_bigint_to_decimal(struct fn_call *c, struct fn_result *out, struct err *e) {
    (void)e;
    const struct kernels *k = kernels_best();
    k->convert.i64_to_i128(c->rows, c->arg[0].as.i64, out->as.i128);
    if (c->type->scale == 0) return true;
    int128_t power = decimal_power(c->type->scale);
    k->arith.sum_i128(c->rows, out->as.i128, power, out->as.i128, 0, out->as.i128);
    return true;
}

static bool call_boolean_to_bigint(struct fn_call *c, struct fn_result *out, struct err *e) {
    (void)e;
    kernels_best()->convert.b8_to_i64(c->rows, c->arg[0].as.b8, out->as.i64);
    return true;
}

static const struct fn cast_values = {.name = "cast",
                                      .sig = "cast(ANY) ANY",
                                      .doc = "the value as another type",
                                      .flags = FN_STRICT | FN_CAN_FAIL | FN_HIDDEN,
                                      .call = call_values};
static const struct fn try_values = {.name = "try_cast",
                                     .sig = "try_cast(ANY) ANY",
                                     .doc = "the value as another type, or NULL",
                                     .flags = FN_STRICT | FN_HIDDEN,
                                     .open = try_open,
                                     .call = call_values};
static const struct fn cast_nested = {.name = "cast",
                                      .sig = "cast(ANY) ANY",
                                      .doc = "the value as another type",
                                      .flags = FN_STRICT | FN_CAN_FAIL | FN_HIDDEN,
                                      .call = call_nested};
static const struct fn try_nested = {.name = "try_cast",
                                     .sig = "try_cast(ANY) ANY",
                                     .doc = "the value as another type, or NULL",
                                     .flags = FN_STRICT | FN_HIDDEN,
                                     .open = try_open,
                                     .call = call_nested};

#define DEFINE_DENSE(from_to)                                                                      \
    static const struct fn cast_##from_to = {.name = "cast",                                       \
                                             .sig = "cast(ANY) ANY",                               \
                                             .doc = "the value as another type",                   \
                                             .flags = FN_STRICT | FN_ANY_ROW | FN_HIDDEN,          \
                                             .call = call_##from_to};

DEFINE_DENSE(bigint_to_double)
DEFINE_DENSE(bigint_to_decimal)
DEFINE_DENSE(boolean_to_bigint)

/* The kernel that converts every row, where there is one. */
static const struct fn *dense_find(const struct type *from, const struct type *to) {
    if (from->id == TYPE_BOOLEAN && to->id == TYPE_BIGINT) return &cast_boolean_to_bigint;
    if (from->id != TYPE_BIGINT) return NULL;
    if (to->id == TYPE_DOUBLE) return &cast_bigint_to_double;
    bool fits = to->id == TYPE_DECIMAL && to->precision - to->scale >= BIGINT_DIGITS;
    return fits ? &cast_bigint_to_decimal : NULL;
}

static bool is_convertible(const struct type *from, const struct type *to) {
    if (from->id == TYPE_NULL || is_same(from, to)) return true;
    if (to->fields == 0) return convert_find(from, to) != NULL;
    if (from->id == TYPE_TENSOR && to->id == TYPE_ARRAY) {
        return from->dims == 1 && type_is_number(to->field[0].type);
    }
    if (from->id != to->id || from->fields != to->fields) return false;
    for (uint32_t i = 0; i < to->fields; i++) {
        if (!is_convertible(from->field[i].type, to->field[i].type)) return false;
    }
    return true;
}

bool cast_find(const struct type *from, const struct type *to, bool try_cast, struct cast *out,
               struct err *e) {
    if (!is_convertible(from, to)) {
        struct buf a, b;
        buf_init(&a);
        buf_init(&b);
        type_print(&a, from);
        type_print(&b, to);
        err_set(e, ERR_SQL, "42804", "%s cannot be cast to %s", a.at ? a.at : "", b.at ? b.at : "");
        buf_done(&a);
        buf_done(&b);
        return false;
    }
    *out = (struct cast){.same = from->id != TYPE_NULL && is_same(from, to)};
    if (out->same) return true;
    out->fn = dense_find(from, to);
    if (out->fn) return true;
    if (to->fields > 0)
        out->fn = try_cast ? &try_nested : &cast_nested;
    else
        out->fn = try_cast ? &try_values : &cast_values;
    return true;
}
