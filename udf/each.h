/* each.h: the loop over the rows of a call, and the words that functions of one row are said in.
 *
 * A function that has no vector form is written for one row:
 *
 *     static bool sign_row(struct fn_call *c, uint32_t row, struct fn_result *out);
 *     DEFINE_EACH(sign)      makes sign_call(), for the table
 *
 * It writes out->as.<member>[row], or calls row_null() or fn_fail(). false: no memory.
 *
 * Used by: udf.
 */
#ifndef UDF_EACH_H
#define UDF_EACH_H

#include <math.h>

#include "engine/base/decimal.h"
#include "engine/base/fn.h"

#define DEFINE_EACH(name)                                                                          \
    static bool name##_call(struct fn_call *c, struct fn_result *out, struct err *e) {             \
        const uint16_t *sel = c->sel;                                                              \
        uint32_t live = c->live;                                                                   \
        for (uint32_t i = 0; i < live; i++) {                                                      \
            if (!name##_row(c, sel ? sel[i] : i, out)) return err_memory(e);                       \
        }                                                                                          \
        return true;                                                                               \
    }

static inline uint32_t call_row(const struct fn_call *c, uint32_t i) {
    return c->sel ? c->sel[i] : i;
}

static inline bool arg_has(const struct fn_call *c, uint32_t arg, uint32_t row) {
    return column_has(&c->arg[arg], row);
}

static inline bool row_null(struct fn_result *out, uint32_t row) {
    bit_clear(out->valid, row);
    return true;
}

/* The row fails; true, for `return row_out_of_range(...)`. */
static inline bool row_out_of_range(struct fn_call *c, uint32_t row, const char *what) {
    fn_fail(c, row, "22003", "%s is out of range for %s", what, type_name(c->type->id));
    return true;
}

static inline struct text arg_text(const struct fn_call *c, uint32_t arg, uint32_t row) {
    return c->arg[arg].as.text[row];
}

static inline int64_t arg_i64(const struct fn_call *c, uint32_t arg, uint32_t row) {
    return c->arg[arg].as.i64[row];
}

static inline double arg_f64(const struct fn_call *c, uint32_t arg, uint32_t row) {
    return c->arg[arg].as.f64[row];
}

static inline struct decimal column_decimal(const struct column *c, uint32_t row) {
    return (struct decimal){.value = c->as.i128[row], .scale = c->type->scale};
}

static inline struct decimal arg_decimal(const struct fn_call *c, uint32_t arg, uint32_t row) {
    return column_decimal(&c->arg[arg], row);
}

/* Gives a copy of bytes as the row's text. */
static inline bool row_text_copy(struct fn_call *c, uint32_t row, struct fn_result *out,
                                 const char *at, size_t bytes) {
    char *to = arena_copy(c->arena, at, bytes);
    if (!to) return false;
    out->as.text[row] = (struct text){.at = to, .bytes = (uint32_t)bytes};
    return true;
}

/* So few rows of the batch are wanted that a loop over them beats a kernel over all. */
static inline bool call_is_sparse(const struct fn_call *c) {
    return c->live < c->rows / 8;
}

#endif
