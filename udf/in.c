/* in.c: x IN (a, b, ...).
 *
 * Constants go into a sorted list when the call is opened, so a list of any length costs a binary
 * search a row (whole numbers and times in an array of their own); what is not constant is compared
 * value by value. NULL in x, or in the list where nothing is equal, gives NULL.
 */
#include <assert.h>
#include <stdlib.h>

#include "udf/each.h"
#include "udf/table.h"

enum { SHORT_LIST = 16 };

/* Made at open: which arguments vary, and the constants in order. */
struct in_list {
    const struct column **value; /* [values] sorted, one row each */
    uint32_t values;
    const int64_t *number; /* [values] the same, for types stored so; else NULL */
    bool has_null;
    uint32_t *varying; /* [varyings] arguments */
    uint32_t varyings;
};

/* The order of two values, neither NULL; decimals may differ in scale. */
static int order_of(const struct column *x, uint32_t row_x, const struct column *y,
                    uint32_t row_y) {
    if (x->type->scale == y->type->scale) return column_compare(x, row_x, y, row_y);
    return decimal_compare(column_decimal(x, row_x), column_decimal(y, row_y));
}

static int value_compare(const void *a, const void *b) {
    const struct column *const *x = a, *const *y = b;
    return order_of(*x, 0, *y, 0);
}

static bool numbers_make(const struct fn_bind *b, struct in_list *list, struct err *e) {
    if (type_rep(b->arg_type[0]) != REP_I64) return true;
    int64_t *number = ARENA_ARRAY(b->arena, number, list->values + 1);
    if (!number) return err_memory(e);
    for (uint32_t i = 0; i < list->values; i++) number[i] = list->value[i]->as.i64[0];
    list->number = number;
    return true;
}

static bool in_open(const struct fn_bind *b, void **state_out, struct err *e) {
    struct in_list *list = ARENA_NEW(b->arena, list);
    if (!list) return err_memory(e);
    list->value = ARENA_ARRAY(b->arena, list->value, b->args);
    list->varying = ARENA_ARRAY(b->arena, list->varying, b->args);
    if (!list->value || !list->varying) return err_memory(e);
    for (uint32_t i = 1; i < b->args; i++) {
        const struct column *c = b->constant[i];
        if (!c)
            list->varying[list->varyings++] = i;
        else if (!column_has(c, 0))
            list->has_null = true;
        else
            list->value[list->values++] = c;
    }
    qsort(list->value, list->values, sizeof *list->value, value_compare);
    *state_out = list;
    return numbers_make(b, list, e);
}

static bool is_listed_number(const struct in_list *list, int64_t x) {
    const int64_t *at = list->number;
    uint32_t left = list->values;
    if (left == 0) return false;
    while (left > 1) {
        uint32_t half = left / 2;
        at = at[half] <= x ? at + half : at;
        left -= half;
    }
    return *at == x;
}

/* Most texts of a short list differ in length already. */
static bool is_listed_text(const struct in_list *list, struct text x) {
    for (uint32_t i = 0; i < list->values; i++) {
        if (text_equal(x, list->value[i]->as.text[0])) return true;
    }
    return false;
}

static bool is_listed(const struct in_list *list, const struct column *x, uint32_t row) {
    if (list->number) return is_listed_number(list, x->as.i64[row]);
    if (type_rep(x->type) == REP_TEXT && list->values <= SHORT_LIST) {
        return is_listed_text(list, x->as.text[row]);
    }
    uint32_t low = 0, high = list->values;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = order_of(x, row, list->value[middle], 0);
        if (order == 0) return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

static bool in_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    const struct in_list *list = c->state;
    const struct column *x = &c->arg[0];
    out->as.b8[row] = 0;
    if (!column_has(x, row)) return row_null(out, row);
    if (is_listed(list, x, row)) {
        out->as.b8[row] = 1;
        return true;
    }
    bool null = list->has_null;
    for (uint32_t i = 0; i < list->varyings; i++) {
        const struct column *y = &c->arg[list->varying[i]];
        if (!column_has(y, row))
            null = true;
        else if (order_of(x, row, y, row) == 0)
            out->as.b8[row] = 1;
    }
    return out->as.b8[row] || !null || row_null(out, row);
}
DEFINE_EACH(in)

static const struct fn table[] = {
    {.name = "in",
     .sig = "in(T, T...) BOOLEAN",
     .doc = "equal to one of the list",
     .example = "2 IN (1, 2, 3)",
     .flags = FN_HIDDEN | FN_OPENS_CONSTANTS,
     .open = in_open,
     .call = in_call},
    {.name = "in",
     .sig = "in(DECIMAL, DECIMAL...) BOOLEAN",
     .doc = "equal to one of the list, whatever the scales",
     .example = "NOT 0 IN (1, 0.00000000000000000001)",
     .flags = FN_HIDDEN | FN_OPENS_CONSTANTS,
     .open = in_open,
     .call = in_call},
};

const struct fn_table fn_in = {table, COUNT_OF(table)};
