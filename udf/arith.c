/* arith.c: arithmetic of BIGINT and DOUBLE, and the operators on bits.
 *
 * Sums and products of BIGINT run over every row of the arrays in a kernel that also says whether
 * any overflowed; only then are the wanted rows looked at one by one. Division is SQLite's: cut
 * toward zero, by zero NULL; % of DOUBLE is that of the numbers as integers.
 */
#include "engine/kernel/kernels.h"
#include "udf/each.h"
#include "udf/table.h"

static bool kernels_open(const struct fn_bind *b, void **state_out, struct err *e) {
    (void)b;
    (void)e;
    const struct kernels *best = kernels_best();
    memcpy(state_out, &best, sizeof best);
    return true;
}

/* name##_each: the wanted rows, each checked. name##_call: all rows at once, then only where
 * something overflowed. */
#define DEFINE_CHECKED(name, builtin, what)                                                        \
    static bool name##_each_row(struct fn_call *c, uint32_t row, struct fn_result *out) {          \
        int64_t *to = &out->as.i64[row];                                                           \
        bool over = builtin(arg_i64(c, 0, row), arg_i64(c, 1, row), to);                           \
        return !over || row_out_of_range(c, row, what);                                            \
    }                                                                                              \
    DEFINE_EACH(name##_each)                                                                       \
    static bool name##_call(struct fn_call *c, struct fn_result *out, struct err *e) {             \
        const struct kernels *k = c->state;                                                        \
        if (call_is_sparse(c)) return name##_each_call(c, out, e);                                 \
        bool over = k->arith.name(c->rows, c->arg[0].as.i64, c->arg[1].as.i64, out->as.i64);       \
        return !over || name##_each_call(c, out, e);                                               \
    }

DEFINE_CHECKED(add_i64, __builtin_add_overflow, "the sum")
DEFINE_CHECKED(sub_i64, __builtin_sub_overflow, "the difference")
DEFINE_CHECKED(mul_i64, __builtin_mul_overflow, "the product")

#define DEFINE_F64(name)                                                                           \
    static bool name##_call(struct fn_call *c, struct fn_result *out, struct err *e) {             \
        const struct kernels *k = c->state;                                                        \
        (void)e;                                                                                   \
        k->arith.name(c->rows, c->arg[0].as.f64, c->arg[1].as.f64, out->as.f64);                   \
        return true;                                                                               \
    }

DEFINE_F64(add_f64)
DEFINE_F64(sub_f64)
DEFINE_F64(mul_f64)

static bool div_f64_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    const struct kernels *k = c->state;
    const double *by = c->arg[1].as.f64;
    (void)e;
    k->arith.div_f64(c->rows, c->arg[0].as.f64, by, out->as.f64);
    for (uint32_t row = 0; row < c->rows; row++) {
        if (by[row] == 0) bit_clear(out->valid, row);
    }
    return true;
}

static bool div_i64_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    int64_t a = arg_i64(c, 0, row), b = arg_i64(c, 1, row);
    if (b == 0) return row_null(out, row);
    if (b == -1) {
        bool over = __builtin_sub_overflow(0, a, &out->as.i64[row]);
        return !over || row_out_of_range(c, row, "the quotient");
    }
    out->as.i64[row] = a / b;
    return true;
}
DEFINE_EACH(div_i64)

static bool mod_i64_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    int64_t a = arg_i64(c, 0, row), b = arg_i64(c, 1, row);
    if (b == 0) return row_null(out, row);
    out->as.i64[row] = b == -1 ? 0 : a % b;
    return true;
}
DEFINE_EACH(mod_i64)

/* As SQLite takes a REAL for an INTEGER: cut, and held within 64 bits. */
static int64_t f64_to_i64(double v) {
    if (v <= -9223372036854775808.0) return INT64_MIN;
    if (v >= 9223372036854775807.0) return INT64_MAX;
    return v == v ? (int64_t)v : 0;
}

static bool mod_f64_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    int64_t a = f64_to_i64(arg_f64(c, 0, row)), b = f64_to_i64(arg_f64(c, 1, row));
    if (b == 0) return row_null(out, row);
    out->as.f64[row] = b == -1 ? 0 : (double)(a % b);
    return true;
}
DEFINE_EACH(mod_f64)

/* mod(x, y): the remainder as a number with a fraction. */
static bool fmod_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    double b = arg_f64(c, 1, row);
    if (b == 0) return row_null(out, row);
    out->as.f64[row] = fmod(arg_f64(c, 0, row), b);
    return true;
}
DEFINE_EACH(fmod)

static bool neg_i64_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    bool over = __builtin_sub_overflow(0, arg_i64(c, 0, row), &out->as.i64[row]);
    return !over || row_out_of_range(c, row, "the negative");
}
DEFINE_EACH(neg_i64)

static bool neg_f64_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    (void)e;
    for (uint32_t row = 0; row < c->rows; row++) out->as.f64[row] = -c->arg[0].as.f64[row];
    return true;
}

#define DEFINE_BITS(name, expression)                                                              \
    static bool name##_call(struct fn_call *c, struct fn_result *out, struct err *e) {             \
        const int64_t *a = c->arg[0].as.i64, *b = c->arg[c->args - 1].as.i64;                      \
        (void)e;                                                                                   \
        (void)b;                                                                                   \
        for (uint32_t row = 0; row < c->rows; row++) out->as.i64[row] = (expression);              \
        return true;                                                                               \
    }

/* A negative count shifts the other way; 64 and more leave the sign. */
static int64_t shift_left(int64_t v, int64_t by);

static int64_t shift_right(int64_t v, int64_t by) {
    if (by < 0) return shift_left(v, by == INT64_MIN ? INT64_MAX : -by);
    if (by >= 64) return v < 0 ? -1 : 0;
    return v >> by;
}

static int64_t shift_left(int64_t v, int64_t by) {
    if (by < 0) return shift_right(v, by == INT64_MIN ? INT64_MAX : -by);
    return by >= 64 ? 0 : (int64_t)((uint64_t)v << by);
}

DEFINE_BITS(bit_and, a[row] & b[row])
DEFINE_BITS(bit_or, a[row] | b[row])
DEFINE_BITS(bit_not, ~a[row])
DEFINE_BITS(left_shift, shift_left(a[row], b[row]))
DEFINE_BITS(right_shift, shift_right(a[row], b[row]))

enum {
    CHECKED = FN_STRICT | FN_CAN_FAIL | FN_HIDDEN,
    DENSE = FN_STRICT | FN_ANY_ROW | FN_HIDDEN,
    ROWS = FN_STRICT | FN_HIDDEN,
};

static const struct fn table[] = {
    {.name = "+",
     .sig = "+(BIGINT, BIGINT) BIGINT",
     .doc = "the sum; an error past 64 bits",
     .example = "1 + 2 = 3",
     .flags = CHECKED,
     .open = kernels_open,
     .call = add_i64_call},
    {.name = "+",
     .sig = "+(DOUBLE, DOUBLE) DOUBLE",
     .doc = "the sum",
     .example = "1e0 + 2e0 = 3e0",
     .flags = DENSE,
     .open = kernels_open,
     .call = add_f64_call},
    {.name = "-",
     .sig = "-(BIGINT, BIGINT) BIGINT",
     .doc = "the difference; an error past 64 bits",
     .example = "1 - 2 = -1",
     .flags = CHECKED,
     .open = kernels_open,
     .call = sub_i64_call},
    {.name = "-",
     .sig = "-(DOUBLE, DOUBLE) DOUBLE",
     .doc = "the difference",
     .example = "1e0 - 2e0 = -1e0",
     .flags = DENSE,
     .open = kernels_open,
     .call = sub_f64_call},
    {.name = "*",
     .sig = "*(BIGINT, BIGINT) BIGINT",
     .doc = "the product; an error past 64 bits",
     .example = "3 * 4 = 12",
     .flags = CHECKED,
     .open = kernels_open,
     .call = mul_i64_call},
    {.name = "*",
     .sig = "*(DOUBLE, DOUBLE) DOUBLE",
     .doc = "the product",
     .example = "3e0 * 4e0 = 12e0",
     .flags = DENSE,
     .open = kernels_open,
     .call = mul_f64_call},
    {.name = "/",
     .sig = "/(BIGINT, BIGINT) BIGINT",
     .doc = "the quotient, cut toward zero; NULL by zero",
     .example = "-7 / 2 = -3",
     .flags = CHECKED,
     .call = div_i64_call},
    {.name = "/",
     .sig = "/(DOUBLE, DOUBLE) DOUBLE",
     .doc = "the quotient; NULL by zero",
     .example = "7e0 / 2 = 3.5e0",
     .flags = DENSE,
     .open = kernels_open,
     .call = div_f64_call},
    {.name = "%",
     .sig = "%(BIGINT, BIGINT) BIGINT",
     .doc = "the remainder, with the sign of the first; NULL by zero",
     .example = "-7 % 3 = -1",
     .flags = ROWS,
     .call = mod_i64_call},
    {.name = "%",
     .sig = "%(DOUBLE, DOUBLE) DOUBLE",
     .doc = "the remainder of the numbers cut to integers; NULL by zero",
     .example = "7.9e0 % 3.9e0 = 1e0",
     .flags = ROWS,
     .call = mod_f64_call},
    {.name = "mod",
     .sig = "mod(BIGINT, BIGINT) BIGINT",
     .doc = "the remainder, with the sign of the first; NULL by zero",
     .example = "mod(7, 3) = 1",
     .flags = FN_STRICT,
     .call = mod_i64_call},
    {.name = "mod",
     .sig = "mod(DOUBLE, DOUBLE) DOUBLE",
     .doc = "the remainder, with its fraction and the sign of the first; NULL by zero",
     .example = "mod(7.5e0, 2e0) = 1.5e0",
     .flags = FN_STRICT,
     .call = fmod_call},
    {.name = "neg",
     .sig = "neg(BIGINT) BIGINT",
     .doc = "the negative; an error for the smallest BIGINT",
     .example = "-(3) = 0 - 3",
     .flags = CHECKED,
     .call = neg_i64_call},
    {.name = "neg",
     .sig = "neg(DOUBLE) DOUBLE",
     .doc = "the negative",
     .example = "-(3e0) = 0 - 3e0",
     .flags = DENSE,
     .call = neg_f64_call},
    {.name = "&",
     .sig = "&(BIGINT, BIGINT) BIGINT",
     .doc = "the bits that both have",
     .example = "12 & 10 = 8",
     .flags = DENSE,
     .call = bit_and_call},
    {.name = "|",
     .sig = "|(BIGINT, BIGINT) BIGINT",
     .doc = "the bits that either has",
     .example = "12 | 10 = 14",
     .flags = DENSE,
     .call = bit_or_call},
    {.name = "~",
     .sig = "~(BIGINT) BIGINT",
     .doc = "the bits that it does not have",
     .example = "~5 = -6",
     .flags = DENSE,
     .call = bit_not_call},
    {.name = "<<",
     .sig = "<<(BIGINT, BIGINT) BIGINT",
     .doc = "shifted left by so many bits; to the right when negative",
     .example = "1 << 4 = 16",
     .flags = DENSE,
     .call = left_shift_call},
    {.name = ">>",
     .sig = ">>(BIGINT, BIGINT) BIGINT",
     .doc = "shifted right by so many bits, the sign kept; to the left when negative",
     .example = "-16 >> 2 = -4",
     .flags = DENSE,
     .call = right_shift_call},
};

const struct fn_table fn_arith = {table, COUNT_OF(table)};
