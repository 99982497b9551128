/* value_print.c: see value_print.h. Recursion is bounded by TYPE_NESTING_MAX. */
#include "engine/edge/value_print.h"

#include <assert.h>

#include "engine/base/decimal.h"
#include "engine/base/number.h"
#include "engine/base/time.h"

static void print_timestamp(struct buf *out, const struct type *t, int64_t us) {
    char text[TIMESTAMP_TEXT_MAX];
    uint32_t n = timestamp_print(text, us, t->precision);
    for (uint32_t i = 0; i < n; i++) {
        if (text[i] == ' ') text[i] = 'T';
    }
    buf_add(out, text, n);
}

static void print_i64(struct buf *out, const struct type *t, int64_t v) {
    char text[TIMESTAMP_TEXT_MAX];
    if (t->id == TYPE_TIMESTAMP) {
        print_timestamp(out, t, v);
    } else if (t->id == TYPE_DATE) {
        buf_add(out, text, date_print(text, v));
    } else if (t->id == TYPE_TIME) {
        buf_add(out, text, time_print(text, v));
    } else if (t->id == TYPE_INTERVAL) {
        buf_add(out, text, interval_print(text, v));
    } else {
        buf_add_i64(out, v);
    }
}

static void print_text(struct buf *out, const struct type *t, struct text v) {
    static const char digits[] = "0123456789abcdef";
    if (t->id == TYPE_TEXT) {
        buf_add_text(out, v);
        return;
    }
    buf_add_str(out, "x'");
    for (uint32_t i = 0; i < v.bytes; i++) {
        buf_add_char(out, digits[(uint8_t)v.at[i] >> 4]);
        buf_add_char(out, digits[(uint8_t)v.at[i] & 15]);
    }
    buf_add_char(out, '\'');
}

static void print_span(struct buf *out, const struct column *c, struct span s) {
    bool map = c->type->id == TYPE_MAP;
    buf_add_char(out, map ? '{' : '[');
    for (uint32_t i = 0; i < s.count; i++) {
        if (i > 0) buf_add_str(out, ", ");
        value_print(out, &c->child[0], s.first + i);
        if (!map) continue;
        buf_add_char(out, '=');
        value_print(out, &c->child[1], s.first + i);
    }
    buf_add_char(out, map ? '}' : ']');
}

static void print_row(struct buf *out, const struct column *c, uint32_t row) {
    buf_add_str(out, "+I[");
    for (uint32_t f = 0; f < c->type->fields; f++) {
        if (f > 0) buf_add_str(out, ", ");
        value_print(out, &c->child[f], row);
    }
    buf_add_char(out, ']');
}

static void print_tensor(struct buf *out, const struct type *t, struct tensor v) {
    size_t n = 1;
    for (uint32_t i = 0; i < t->dims; i++) n *= v.dim[i];
    buf_add_char(out, '[');
    for (size_t i = 0; i < n; i++) {
        if (i > 0) buf_add_str(out, ", ");
        buf_add_f64(out, (double)v.at[i]);
    }
    buf_add_char(out, ']');
}

void value_print(struct buf *out, const struct column *c, uint32_t row) {
    if (!column_has(c, row) || c->type->id == TYPE_NULL) {
        buf_add_str(out, "null");
        return;
    }
    switch (type_rep(c->type)) {
    case REP_B8:
        if (c->type->id == TYPE_ROW) {
            print_row(out, c, row);
        } else {
            buf_add_str(out, c->as.b8[row] ? "true" : "false");
        }
        return;
    case REP_I64: print_i64(out, c->type, c->as.i64[row]); return;
    case REP_F64: buf_add_f64(out, c->as.f64[row]); return;
    case REP_I128:
        buf_add_decimal(out, (struct decimal){.value = c->as.i128[row], .scale = c->type->scale});
        return;
    case REP_TEXT: print_text(out, c->type, c->as.text[row]); return;
    case REP_SPAN: print_span(out, c, c->as.span[row]); return;
    case REP_TENSOR: print_tensor(out, c->type, c->as.tensor[row]); return;
    case REP_COUNT: break;
    }
    assert(false);
}
