/* compare.c: the comparisons, NULL tests, NOT, and the largest and smallest of several values.
 *
 * Comparisons are of two values of one type. Numbers run over every row in a kernel; text, nested
 * values and intervals by their order in column_compare(). `>` and `>=` are `<` and `<=` with the
 * arguments exchanged. IS and IS NOT take NULL for a value; they compare the rows that have both.
 *
 * Decimals of any two scales have rows of their own: a common type of 38 digits could not hold a
 * large whole number beside a long fraction, so each keeps its scale and the order stays exact.
 */
#include <assert.h>

#include "engine/base/decimal.h"
#include "engine/kernel/kernels.h"
#include "udf/each.h"
#include "udf/table.h"

/* What a comparison is, as a mask of the orders for which it is true. */
enum { LESS = 1, EQUAL = 2, GREATER = 4 };

static bool order_is(int order, uint32_t wanted) {
    uint32_t which = order < 0 ? LESS : order == 0 ? EQUAL : GREATER;
    return (which & wanted) != 0;
}

static void compare_text(struct fn_call *c, uint32_t wanted, uint8_t *out) {
    const struct text *a = c->arg[0].as.text, *b = c->arg[1].as.text;
    for (uint32_t i = 0; i < c->live; i++) {
        uint32_t row = call_row(c, i);
        out[row] = order_is(text_compare(a[row], b[row]), wanted);
    }
}

static void equal_text(struct fn_call *c, bool wanted, uint8_t *out) {
    const struct text *a = c->arg[0].as.text, *b = c->arg[1].as.text;
    for (uint32_t i = 0; i < c->live; i++) {
        uint32_t row = call_row(c, i);
        out[row] = text_equal(a[row], b[row]) == wanted;
    }
}

static void compare_any(struct fn_call *c, uint32_t wanted, uint8_t *out) {
    for (uint32_t i = 0; i < c->live; i++) {
        uint32_t row = call_row(c, i);
        out[row] = order_is(column_compare(&c->arg[0], row, &c->arg[1], row), wanted);
    }
}

/* Brought to the larger scale, any two values of the types have at most 38 digits. */
static bool scales_meet(const struct type *a, const struct type *b) {
    int whole_a = a->precision - a->scale, whole_b = b->precision - b->scale;
    int whole = whole_a > whole_b ? whole_a : whole_b;
    int scale = a->scale > b->scale ? a->scale : b->scale;
    return whole + scale <= DECIMAL_DIGITS_MAX;
}

/* Every row: a value that nobody wants may wrap. */
static void compare_scaled(struct fn_call *c, uint32_t wanted, uint8_t *out) {
    const struct column *a = &c->arg[0], *b = &c->arg[1];
    uint32_t scale_a = a->type->scale, scale_b = b->type->scale;
    uint128_t by_a = (uint128_t)decimal_power(scale_b > scale_a ? scale_b - scale_a : 0);
    uint128_t by_b = (uint128_t)decimal_power(scale_a > scale_b ? scale_a - scale_b : 0);
    for (uint32_t row = 0; row < c->rows; row++) {
        int128_t x = (int128_t)((uint128_t)a->as.i128[row] * by_a);
        int128_t y = (int128_t)((uint128_t)b->as.i128[row] * by_b);
        out[row] = order_is((x > y) - (x < y), wanted);
    }
}

static void compare_decimals(struct fn_call *c, uint32_t wanted, uint8_t *out) {
    if (scales_meet(c->arg[0].type, c->arg[1].type)) {
        compare_scaled(c, wanted, out);
        return;
    }
    for (uint32_t i = 0; i < c->live; i++) {
        uint32_t row = call_row(c, i);
        out[row] =
            order_is(decimal_compare(arg_decimal(c, 0, row), arg_decimal(c, 1, row)), wanted);
    }
}

/* The kernel over all rows, for types that have one. */
static bool compare_dense(struct fn_call *c, enum compare_op op, bool exchanged, uint8_t *out) {
    const struct compare_kernels *k = &kernels_best()->compare;
    const struct column *a = &c->arg[exchanged], *b = &c->arg[!exchanged];
    if (a->type->fields > 0) return false;
    switch (type_rep(a->type)) {
    case REP_B8: k->b8[op](c->rows, a->as.b8, b->as.b8, out); return true;
    case REP_I64: k->i64[op](c->rows, a->as.i64, b->as.i64, out); return true;
    case REP_F64: k->f64[op](c->rows, a->as.f64, b->as.f64, out); return true;
    case REP_I128: k->i128[op](c->rows, a->as.i128, b->as.i128, out); return true;
    case REP_TEXT:
    case REP_SPAN:
    case REP_TENSOR:
    case REP_COUNT: break;
    }
    return false;
}

struct comparison {
    enum compare_op op;
    bool exchanged;
    uint32_t wanted;
};

static void compare(struct fn_call *c, const struct comparison *x, uint8_t *out) {
    assert(c->args == 2);
    if (c->arg[0].type->scale != c->arg[1].type->scale)
        compare_decimals(c, x->wanted, out);
    else if (compare_dense(c, x->op, x->exchanged, out))
        return;
    else if (type_rep(c->arg[0].type) != REP_TEXT)
        compare_any(c, x->wanted, out);
    else if (x->op == COMPARE_EQ || x->op == COMPARE_NE)
        equal_text(c, x->op == COMPARE_EQ, out);
    else
        compare_text(c, x->wanted, out);
}

#define DEFINE_COMPARISON(name, OP, swap, orders)                                                  \
    static const struct comparison name = {.op = OP, .exchanged = swap, .wanted = orders};         \
    static bool name##_call(struct fn_call *c, struct fn_result *out, struct err *e) {             \
        (void)e;                                                                                   \
        compare(c, &name, out->as.b8);                                                             \
        return true;                                                                               \
    }

DEFINE_COMPARISON(eq, COMPARE_EQ, false, EQUAL)
DEFINE_COMPARISON(ne, COMPARE_NE, false, LESS | GREATER)
DEFINE_COMPARISON(lt, COMPARE_LT, false, LESS)
DEFINE_COMPARISON(le, COMPARE_LE, false, LESS | EQUAL)
DEFINE_COMPARISON(gt, COMPARE_LT, true, GREATER)
DEFINE_COMPARISON(ge, COMPARE_LE, true, GREATER | EQUAL)

/* Refuses values that have no order, for < <= > >=, max and min. */
static const struct type *ordered_type(const struct fn_bind *b, struct err *e) {
    for (uint32_t i = 0; i < b->args; i++) {
        const struct type *t = b->arg_type[i];
        if (type_is_ordered(t)) continue;
        err_set(e, ERR_SQL, "42804", "values of type %s have no order", type_name(t->id));
        return NULL;
    }
    return b->arg_type[0];
}

static const struct type *ordered_boolean(const struct fn_bind *b, struct err *e) {
    return ordered_type(b, e) ? &type_boolean : NULL;
}

/* NULL beside NULL is the same; NULL beside a value is not. What stands in the place of a NULL is
 * not a value: only the rows with two of them are compared. */
static bool is_same(struct fn_call *c, bool same, uint8_t *out) {
    uint16_t both[BATCH_ROWS];
    struct fn_call values = *c;
    values.sel = both;
    values.live = 0;
    assert(c->live <= BATCH_ROWS);
    for (uint32_t i = 0; i < c->live; i++) {
        uint32_t row = call_row(c, i);
        both[values.live] = (uint16_t)row;
        values.live += arg_has(c, 0, row) && arg_has(c, 1, row);
    }
    if (values.live > 0) compare(&values, same ? &eq : &ne, out);
    for (uint32_t i = 0; values.live < c->live && i < c->live; i++) {
        uint32_t row = call_row(c, i);
        bool a = arg_has(c, 0, row), b = arg_has(c, 1, row);
        if (!a || !b) out[row] = (a == b) == same;
    }
    return true;
}

static bool is_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    (void)e;
    return is_same(c, true, out->as.b8);
}

static bool is_not_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    (void)e;
    return is_same(c, false, out->as.b8);
}

static void null_test(struct fn_call *c, bool wanted, uint8_t *out) {
    const struct column *a = &c->arg[0];
    if (!a->valid) {
        memset(out, !wanted, c->rows);
        return;
    }
    kernels_best()->mask.to_b8(c->rows, a->valid, out);
    if (!wanted) return;
    for (uint32_t row = 0; row < c->rows; row++) out[row] ^= 1;
}

static bool is_null_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    (void)e;
    null_test(c, true, out->as.b8);
    return true;
}

static bool is_not_null_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    (void)e;
    null_test(c, false, out->as.b8);
    return true;
}

static bool not_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    (void)e;
    for (uint32_t row = 0; row < c->rows; row++) out->as.b8[row] = !c->arg[0].as.b8[row];
    return true;
}

/* Which argument is the largest (or smallest) of the row. */
static const struct column *extreme(const struct fn_call *c, uint32_t row, bool largest) {
    const struct column *best = &c->arg[0];
    for (uint32_t i = 1; i < c->args; i++) {
        int order = column_compare(&c->arg[i], row, best, row);
        if (largest ? order > 0 : order < 0) best = &c->arg[i];
    }
    return best;
}

static bool extreme_call(struct fn_call *c, struct fn_result *out, bool largest) {
    size_t size = rep_bytes(type_rep(c->type));
    for (uint32_t i = 0; i < c->live; i++) {
        uint32_t row = call_row(c, i);
        const struct column *best = extreme(c, row, largest);
        memcpy((char *)out->as.any + row * size, (const char *)best->as.any + row * size, size);
    }
    return true;
}

static bool greatest_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    (void)e;
    return extreme_call(c, out, true);
}

static bool least_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    (void)e;
    return extreme_call(c, out, false);
}

/* Nested values would need their children put together. */
static const struct type *flat_ordered_type(const struct fn_bind *b, struct err *e) {
    const struct type *t = ordered_type(b, e);
    if (!t || t->fields == 0) return t;
    err_set(e, ERR_SQL, "0A000", "max and min of several values do not take %s", type_name(t->id));
    return NULL;
}

enum {
    DENSE = FN_STRICT | FN_ANY_ROW | FN_HIDDEN,
    NULLS_TOO = FN_ANY_ROW | FN_HIDDEN,
};

/* A comparison of decimals that keep their scales. */
#define DEFINE_DECIMAL_ROW(n, f, d, x, c)                                                          \
    {                                                                                              \
        .name = n, .sig = n "(DECIMAL, DECIMAL) BOOLEAN", .doc = d, .example = x, .flags = f,      \
        .call = c                                                                                  \
    }

static const struct fn table[] = {
    {.name = "=",
     .sig = "=(T, T) BOOLEAN",
     .doc = "equal",
     .example = "1 = 1.0",
     .flags = DENSE,
     .call = eq_call},
    {.name = "<>",
     .sig = "<>(T, T) BOOLEAN",
     .doc = "not equal",
     .example = "'a' <> 'A'",
     .flags = DENSE,
     .call = ne_call},
    {.name = "<",
     .sig = "<(T, T) BOOLEAN",
     .doc = "less; NaN is above all numbers",
     .example = "'ab' < 'abc'",
     .flags = DENSE,
     .type = ordered_boolean,
     .call = lt_call},
    {.name = "<=",
     .sig = "<=(T, T) BOOLEAN",
     .doc = "less or equal",
     .example = "2 <= 2.5",
     .flags = DENSE,
     .type = ordered_boolean,
     .call = le_call},
    {.name = ">",
     .sig = ">(T, T) BOOLEAN",
     .doc = "greater",
     .example = "DATE '2026-02-01' > DATE '2026-01-31'",
     .flags = DENSE,
     .type = ordered_boolean,
     .call = gt_call},
    {.name = ">=",
     .sig = ">=(T, T) BOOLEAN",
     .doc = "greater or equal",
     .example = "INTERVAL '60' SECOND >= INTERVAL '1' MINUTE",
     .flags = DENSE,
     .type = ordered_boolean,
     .call = ge_call},
    {.name = "is",
     .sig = "is(T, T) BOOLEAN",
     .doc = "the same, NULL being a value like others: IS NOT DISTINCT FROM",
     .example = "NULL IS NULL",
     .flags = NULLS_TOO,
     .call = is_call},
    {.name = "is_not",
     .sig = "is_not(T, T) BOOLEAN",
     .doc = "not the same, NULL being a value like others: IS DISTINCT FROM",
     .example = "1 IS NOT NULL",
     .flags = NULLS_TOO,
     .call = is_not_call},
    DEFINE_DECIMAL_ROW("=", DENSE, "equal, whatever the scales", "NOT 0 = 0.00000000000000000001",
                       eq_call),
    DEFINE_DECIMAL_ROW("<>", DENSE, "not equal, whatever the scales", "0 <> 0.00000000000000000001",
                       ne_call),
    DEFINE_DECIMAL_ROW("<", DENSE, "less, whatever the scales", "0 < 0.00000000000000000001",
                       lt_call),
    DEFINE_DECIMAL_ROW("<=", DENSE, "less or equal, whatever the scales",
                       "NOT 0 <= -0.00000000000000000001", le_call),
    DEFINE_DECIMAL_ROW(">", DENSE, "greater, whatever the scales", "0 > -0.00000000000000000001",
                       gt_call),
    DEFINE_DECIMAL_ROW(">=", DENSE, "greater or equal, whatever the scales",
                       "NOT 0 >= 0.00000000000000000001", ge_call),
    DEFINE_DECIMAL_ROW("is", NULLS_TOO, "the same number or both NULL, whatever the scales",
                       "(0 IS 0.00000000000000000001) IS FALSE", is_call),
    DEFINE_DECIMAL_ROW("is_not", NULLS_TOO, "not the same number, whatever the scales",
                       "0 IS NOT 0.00000000000000000001", is_not_call),
    {.name = "is_null",
     .sig = "is_null(ANY) BOOLEAN",
     .doc = "has no value",
     .example = "NULL ISNULL",
     .flags = NULLS_TOO,
     .call = is_null_call},
    {.name = "is_not_null",
     .sig = "is_not_null(ANY) BOOLEAN",
     .doc = "has a value",
     .example = "1 NOTNULL",
     .flags = NULLS_TOO,
     .call = is_not_null_call},
    {.name = "not",
     .sig = "not(BOOLEAN) BOOLEAN",
     .doc = "true of false, false of true",
     .example = "NOT 1 > 2",
     .flags = DENSE,
     .call = not_call},
    {.name = "max",
     .sig = "max(T, T, T...) T",
     .doc = "the largest of the arguments; NULL if any is NULL",
     .example = "max(3, 1, 2) = 3",
     .flags = FN_STRICT,
     .type = flat_ordered_type,
     .call = greatest_call},
    {.name = "min",
     .sig = "min(T, T, T...) T",
     .doc = "the smallest of the arguments; NULL if any is NULL",
     .example = "min(3, 1, 2) = 1",
     .flags = FN_STRICT,
     .type = flat_ordered_type,
     .call = least_call},
    {.name = "greatest",
     .sig = "greatest(T, T, T...) T",
     .doc = "the largest of the arguments; NULL if any is NULL",
     .example = "greatest('a', 'c', 'b') = 'c'",
     .flags = FN_STRICT,
     .type = flat_ordered_type,
     .call = greatest_call},
    {.name = "least",
     .sig = "least(T, T, T...) T",
     .doc = "the smallest of the arguments; NULL if any is NULL",
     .example = "least('a', 'c', 'b') = 'a'",
     .flags = FN_STRICT,
     .type = flat_ordered_type,
     .call = least_call},
};

const struct fn_table fn_compare = {table, COUNT_OF(table)};
