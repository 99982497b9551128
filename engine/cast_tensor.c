/* cast_tensor.c: ARRAY of numbers to TENSOR of one dimension, and TENSOR to one whose dimensions
 * are fixed where its own were open. Numbers are rounded to float32; a NULL element has no place
 * in a tensor.
 */
#include <assert.h>

#include "engine/base/decimal.h"
#include "engine/cast_private.h"

/* Element `row` as a float; false: it is NULL. */
static bool element(const struct column *c, uint32_t row, float *out) {
    if (!column_has(c, row)) return false;
    switch (c->type->id) {
    case TYPE_BOOLEAN: *out = c->as.b8[row] ? 1.0F : 0.0F; return true;
    case TYPE_BIGINT: *out = (float)c->as.i64[row]; return true;
    case TYPE_DOUBLE: *out = (float)c->as.f64[row]; return true;
    case TYPE_DECIMAL:
        *out = (float)decimal_to_f64((struct decimal){c->as.i128[row], c->type->scale});
        return true;
    case TYPE_NULL:
    case TYPE_TEXT:
    case TYPE_BLOB:
    case TYPE_TIMESTAMP:
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_INTERVAL:
    case TYPE_ROW:
    case TYPE_ARRAY:
    case TYPE_MAP:
    case TYPE_TENSOR:
    case TYPE_IMAGE:
    case TYPE_COUNT: break;
    }
    assert(false);
    return false;
}

static bool wrong_size(struct conversion *x, uint32_t have, uint32_t want) {
    return convert_failed(x, "22000", "a dimension of %u is wanted, the value has %u", want, have);
}

bool array_to_tensor(struct conversion *x, const struct column *from, uint32_t row, void *out) {
    struct span s = from->as.span[row];
    uint32_t want = x->to->dim[0];
    if (want != DIM_ANY && want != s.count) return wrong_size(x, s.count, want);
    float *at = ARENA_ARRAY(x->arena, at, s.count);
    uint32_t *dim = ARENA_NEW(x->arena, dim);
    if (!at || !dim) return convert_no_memory(x);
    *dim = s.count;
    for (uint32_t i = 0; i < s.count; i++) {
        if (element(&from->child[0], s.first + i, &at[i])) continue;
        return convert_failed(x, "22004", "element %u is NULL, which a TENSOR cannot hold", i + 1);
    }
    *(struct tensor *)out = (struct tensor){.at = at, .dim = dim};
    return true;
}

bool tensor_to_tensor(struct conversion *x, const struct column *from, uint32_t row, void *out) {
    struct tensor t = from->as.tensor[row];
    for (uint32_t i = 0; i < x->to->dims; i++) {
        uint32_t want = x->to->dim[i];
        if (want != DIM_ANY && want != t.dim[i]) return wrong_size(x, t.dim[i], want);
    }
    *(struct tensor *)out = t;
    return true;
}
