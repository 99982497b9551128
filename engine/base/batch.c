/* batch.c: the order of values.
 *
 * One three-way comparison a representation, and nested values walk their children in step;
 * recursion is bounded by TYPE_NESTING_MAX. MAP, TENSOR and IMAGE have no order in SQL, yet they
 * are given one here (spans element by element, tensors by shape and then value) so that GROUP BY
 * and DISTINCT work on every type.
 */
#include "engine/base/batch.h"

#define ORDER(x, y) (((x) > (y)) - ((x) < (y)))

/* NaN above all numbers and equal to itself; -0.0 equals 0.0. */
static int f64_compare(double x, double y) {
    bool x_nan = x != x, y_nan = y != y;
    if (x_nan || y_nan) return x_nan - y_nan;
    return ORDER(x, y);
}

static int tensor_compare(const struct type *t, const struct tensor *a, const struct tensor *b) {
    size_t count = 1;
    for (uint32_t i = 0; i < t->dims; i++) {
        if (a->dim[i] != b->dim[i]) return ORDER(a->dim[i], b->dim[i]);
        count *= a->dim[i];
    }
    for (size_t i = 0; i < count; i++) {
        int order = f64_compare((double)a->at[i], (double)b->at[i]);
        if (order != 0) return order;
    }
    return 0;
}

/* Element by element, for a MAP first the key and then the value; a prefix first. */
static int span_compare(const struct column *a, struct span sa, const struct column *b,
                        struct span sb) {
    uint32_t common = sa.count < sb.count ? sa.count : sb.count;
    for (uint32_t i = 0; i < common; i++) {
        for (uint32_t f = 0; f < a->type->fields; f++) {
            int order = column_compare(&a->child[f], sa.first + i, &b->child[f], sb.first + i);
            if (order != 0) return order;
        }
    }
    return ORDER(sa.count, sb.count);
}

static int row_compare(const struct column *a, uint32_t row_a, const struct column *b,
                       uint32_t row_b) {
    for (uint32_t f = 0; f < a->type->fields; f++) {
        int order = column_compare(&a->child[f], row_a, &b->child[f], row_b);
        if (order != 0) return order;
    }
    return 0;
}

int column_compare(const struct column *a, uint32_t row_a, const struct column *b, uint32_t row_b) {
    assert(a->type->id == b->type->id && a->type->fields == b->type->fields);
    assert(a->type->scale == b->type->scale && a->type->dims == b->type->dims);
    bool has_a = column_has(a, row_a), has_b = column_has(b, row_b);
    if (!has_a || !has_b) return has_a - has_b;

    switch (type_rep(a->type)) {
    case REP_B8:
        if (a->type->id == TYPE_NULL) return 0;
        if (a->type->id == TYPE_ROW) return row_compare(a, row_a, b, row_b);
        return ORDER(a->as.b8[row_a], b->as.b8[row_b]);
    case REP_I64: return ORDER(a->as.i64[row_a], b->as.i64[row_b]);
    case REP_F64: return f64_compare(a->as.f64[row_a], b->as.f64[row_b]);
    case REP_I128: return ORDER(a->as.i128[row_a], b->as.i128[row_b]);
    case REP_TEXT: return text_compare(a->as.text[row_a], b->as.text[row_b]);
    case REP_SPAN: return span_compare(a, a->as.span[row_a], b, b->as.span[row_b]);
    case REP_TENSOR: return tensor_compare(a->type, &a->as.tensor[row_a], &b->as.tensor[row_b]);
    case REP_COUNT: break;
    }
    assert(false);
    return 0;
}

bool column_same(const struct column *a, uint32_t row_a, const struct column *b, uint32_t row_b) {
    if (type_rep(a->type) != REP_TEXT) return column_compare(a, row_a, b, row_b) == 0;
    bool has_a = column_has(a, row_a), has_b = column_has(b, row_b);
    if (!has_a || !has_b) return has_a == has_b;
    return text_equal(a->as.text[row_a], b->as.text[row_b]);
}
