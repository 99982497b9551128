/* arith_decimal.c: arithmetic of DECIMAL.
 *
 * The result's type follows Flink's rules (engine/base/decimal.h). Where it holds every digit that
 * the operation can give, which precision and scale of the arguments tell, the operation cannot
 * overflow nor round and runs over every row in a kernel; else each row is computed in 256 bits,
 * rounded half away from zero and checked.
 */
#include <assert.h>

#include "engine/base/decimal.h"
#include "engine/kernel/kernels.h"
#include "udf/each.h"
#include "udf/table.h"

static struct decimal_shape shape_of(const struct type *t) {
    return (struct decimal_shape){.precision = t->precision, .scale = t->scale};
}

static const struct type *type_of(const struct fn_bind *b, enum decimal_op op, struct err *e) {
    assert(b->args == 2);
    struct decimal_shape s = decimal_result(op, shape_of(b->arg_type[0]), shape_of(b->arg_type[1]));
    const struct type *t = type_decimal(b->arena, s.precision, s.scale);
    if (!t) err_memory(e);
    return t;
}

static const struct type *type_add(const struct fn_bind *b, struct err *e) {
    return type_of(b, DECIMAL_ADD, e);
}

static const struct type *type_mul(const struct fn_bind *b, struct err *e) {
    return type_of(b, DECIMAL_MUL, e);
}

static const struct type *type_div(const struct fn_bind *b, struct err *e) {
    return type_of(b, DECIMAL_DIV, e);
}

static const struct type *type_mod(const struct fn_bind *b, struct err *e) {
    return type_of(b, DECIMAL_MOD, e);
}

/* Takes the result of the row if it was computed and fits. */
static bool row_decimal(struct fn_call *c, uint32_t row, bool computed, int128_t v,
                        struct fn_result *out) {
    if (!computed || !decimal_fits(v, c->type->precision)) {
        return row_out_of_range(c, row, "the result");
    }
    out->as.i128[row] = v;
    return true;
}

#define DEFINE_OPERATION(name)                                                                     \
    static bool name##_row(struct fn_call *c, uint32_t row, struct fn_result *out) {               \
        int128_t v = 0;                                                                            \
        bool ok =                                                                                  \
            decimal_##name(arg_decimal(c, 0, row), arg_decimal(c, 1, row), c->type->scale, &v);    \
        return row_decimal(c, row, ok, v, out);                                                    \
    }                                                                                              \
    DEFINE_EACH(name)

#define DEFINE_DIVISION(name)                                                                      \
    static bool name##_row(struct fn_call *c, uint32_t row, struct fn_result *out) {               \
        int128_t v = 0;                                                                            \
        if (c->arg[1].as.i128[row] == 0) return row_null(out, row);                                \
        bool ok =                                                                                  \
            decimal_##name(arg_decimal(c, 0, row), arg_decimal(c, 1, row), c->type->scale, &v);    \
        return row_decimal(c, row, ok, v, out);                                                    \
    }                                                                                              \
    DEFINE_EACH(name)

DEFINE_OPERATION(add)
DEFINE_OPERATION(sub)
DEFINE_OPERATION(mul)
DEFINE_DIVISION(div)
DEFINE_DIVISION(mod)

/* The sum of two such numbers has no more digits than the result's type. */
static bool sum_is_exact(const struct fn_call *c) {
    const struct type *a = c->arg[0].type, *b = c->arg[1].type, *r = c->type;
    int whole_a = a->precision - a->scale, whole_b = b->precision - b->scale;
    int whole = whole_a > whole_b ? whole_a : whole_b;
    return r->scale >= a->scale && r->scale >= b->scale && r->precision - r->scale > whole;
}

static bool product_is_exact(const struct fn_call *c) {
    const struct type *a = c->arg[0].type, *b = c->arg[1].type, *r = c->type;
    return r->scale == a->scale + b->scale && r->precision >= a->precision + b->precision;
}

static bool sum_dense(struct fn_call *c, struct fn_result *out, int sign) {
    const struct column *a = &c->arg[0], *b = &c->arg[1];
    int128_t by_a = decimal_power((uint32_t)(c->type->scale - a->type->scale));
    int128_t by_b = decimal_power((uint32_t)(c->type->scale - b->type->scale)) * sign;
    kernels_best()->arith.sum_i128(c->rows, a->as.i128, by_a, b->as.i128, by_b, out->as.i128);
    return true;
}

static bool add_all_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    if (!sum_is_exact(c) || call_is_sparse(c)) return add_call(c, out, e);
    return sum_dense(c, out, 1);
}

static bool sub_all_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    if (!sum_is_exact(c) || call_is_sparse(c)) return sub_call(c, out, e);
    return sum_dense(c, out, -1);
}

static bool mul_all_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    if (!product_is_exact(c) || call_is_sparse(c)) return mul_call(c, out, e);
    kernels_best()->arith.mul_i128(c->rows, c->arg[0].as.i128, c->arg[1].as.i128, out->as.i128);
    return true;
}

static bool neg_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    (void)e;
    for (uint32_t row = 0; row < c->rows; row++) {
        out->as.i128[row] = (int128_t)(0 - (uint128_t)c->arg[0].as.i128[row]);
    }
    return true;
}

enum { CHECKED = FN_STRICT | FN_CAN_FAIL | FN_HIDDEN };

static const struct fn table[] = {
    {.name = "+",
     .sig = "+(DECIMAL, DECIMAL) DECIMAL",
     .doc = "the sum, exact; an error past 38 digits",
     .example = "0.1 + 0.2 = 0.3",
     .flags = CHECKED,
     .type = type_add,
     .call = add_all_call},
    {.name = "-",
     .sig = "-(DECIMAL, DECIMAL) DECIMAL",
     .doc = "the difference, exact; an error past 38 digits",
     .example = "0.3 - 0.1 = 0.2",
     .flags = CHECKED,
     .type = type_add,
     .call = sub_all_call},
    {.name = "*",
     .sig = "*(DECIMAL, DECIMAL) DECIMAL",
     .doc = "the product, exact as far as 38 digits hold it",
     .example = "1.5 * 1.5 = 2.25",
     .flags = CHECKED,
     .type = type_mul,
     .call = mul_all_call},
    {.name = "/",
     .sig = "/(DECIMAL, DECIMAL) DECIMAL",
     .doc = "the quotient, rounded half away from zero; NULL by zero",
     .example = "1.0 / 8 = 0.125",
     .flags = CHECKED,
     .type = type_div,
     .call = div_call},
    {.name = "%",
     .sig = "%(DECIMAL, DECIMAL) DECIMAL",
     .doc = "the remainder, with the sign of the first; NULL by zero",
     .example = "7.5 % 2.0 = 1.5",
     .flags = CHECKED,
     .type = type_mod,
     .call = mod_call},
    {.name = "mod",
     .sig = "mod(DECIMAL, DECIMAL) DECIMAL",
     .doc = "the remainder, with the sign of the first; NULL by zero",
     .example = "mod(-7.5, 2.0) = -1.5",
     .flags = FN_STRICT | FN_CAN_FAIL,
     .type = type_mod,
     .call = mod_call},
    {.name = "neg",
     .sig = "neg(DECIMAL) DECIMAL",
     .doc = "the negative",
     .example = "-(1.5) = 0 - 1.5",
     .flags = FN_STRICT | FN_ANY_ROW | FN_HIDDEN,
     .call = neg_call},
};

const struct fn_table fn_arith_decimal = {table, COUNT_OF(table)};
