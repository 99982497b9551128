/* bind_literal.c: literals become one-row constants of their own type.
 *
 * A whole number is BIGINT, or DOUBLE past 64 bits as in SQLite; with a point it is DECIMAL of its
 * own digits; with an exponent DOUBLE. A text beside a time is read as that time: '2026-01-01'.
 */
#include <assert.h>

#include "engine/base/decimal.h"
#include "engine/base/number.h"
#include "engine/base/time.h"
#include "sql/bind_expr.h"

static struct expr *bad_literal(struct expr_scope *s, uint32_t at, const char *what,
                                enum parse_result why, struct err *e) {
    if (why == PARSE_RANGE)
        bind_error(s->b, at, e, "22003: %s is out of range", what);
    else
        bind_error(s->b, at, e, "22P02: this text is not %s", what);
    return NULL;
}

static bool hex_value(struct text digits, uint64_t *out) {
    uint64_t v = 0;
    for (uint32_t i = 2; i < digits.bytes; i++) {
        char c = digits.at[i];
        uint32_t d = c <= '9' ? (uint32_t)(c - '0') : (uint32_t)((c | 0x20) - 'a' + 10);
        if (v >> 60) return false;
        v = v << 4 | d;
    }
    *out = v;
    return true;
}

static struct expr *integer_literal(struct expr_scope *s, const struct ast_expr *x, bool negative,
                                    struct err *e) {
    struct arena *a = s->b->arena;
    struct text digits = x->as.literal.text;
    if (digits.bytes > 2 && (digits.at[1] | 0x20) == 'x') {
        uint64_t bits;
        if (!hex_value(digits, &bits))
            return bad_literal(s, x->start, "this hexadecimal number", PARSE_RANGE, e);
        return expr_i64(a, &type_bigint, (int64_t)(negative ? 0 - bits : bits), e);
    }
    char sign = '-';
    struct buf signed_digits;
    buf_init(&signed_digits);
    if (negative) buf_add_char(&signed_digits, sign);
    buf_add_text(&signed_digits, digits);
    int64_t v;
    double f;
    struct expr *made = NULL;
    if (signed_digits.failed)
        err_memory(e);
    else if (i64_parse(buf_text(&signed_digits), &v) == PARSE_OK)
        made = expr_i64(a, &type_bigint, v, e);
    else if (f64_parse(buf_text(&signed_digits), &f) == PARSE_OK)
        made = expr_f64(a, f, e);
    else
        bad_literal(s, x->start, "this number", PARSE_RANGE, e);
    buf_done(&signed_digits);
    return made;
}

static struct expr *decimal_literal(struct expr_scope *s, const struct ast_expr *x, bool negative,
                                    struct err *e) {
    struct decimal_shape shape;
    int128_t v;
    if (decimal_parse_literal(x->as.literal.text, &shape, &v) != PARSE_OK) {
        bind_error(s->b, x->start, e, "22003: a DECIMAL has at most %d digits", DECIMAL_DIGITS_MAX);
        err_hint(e, "Write it with an exponent (e0) to make it a DOUBLE.");
        return NULL;
    }
    const struct type *t = type_decimal(s->b->arena, shape.precision, shape.scale);
    if (!t) {
        err_memory(e);
        return NULL;
    }
    return expr_decimal(s->b->arena, t, negative ? -v : v, e);
}

static struct expr *double_literal(struct expr_scope *s, const struct ast_expr *x, bool negative,
                                   struct err *e) {
    double v;
    enum parse_result r = f64_parse(x->as.literal.text, &v);
    if (r == PARSE_SYNTAX) return bad_literal(s, x->start, "a number", r, e);
    if (r == PARSE_RANGE) return bad_literal(s, x->start, "this number", r, e);
    return expr_f64(s->b->arena, negative ? -v : v, e);
}

/* A text as a value of time type `t`; *e says more where t is INTERVAL. */
static enum parse_result time_read(struct text text, const struct type *t, int64_t *v,
                                   struct err *e) {
    if (t->id == TYPE_TIMESTAMP) return timestamp_parse(text, v);
    if (t->id == TYPE_DATE) return date_parse(text, v);
    if (t->id == TYPE_TIME) return time_parse(text, v);
    if (interval_parse(text, v, e)) return PARSE_OK;
    return strcmp(e->sqlstate, "22P02") == 0 ? PARSE_SYNTAX : PARSE_RANGE;
}

static struct expr *time_literal(struct expr_scope *s, struct text text, const struct type *t,
                                 uint32_t at, struct err *e) {
    int64_t v = 0;
    enum parse_result r = time_read(text, t, &v, e);
    if (r != PARSE_OK && t->id == TYPE_INTERVAL) {
        bind_place(s->b, at, e);
        return NULL;
    }
    if (t->id == TYPE_TIMESTAMP) v = timestamp_floor(v, t->precision);
    if (r == PARSE_OK) return expr_i64(s->b->arena, t, v, e);
    bind_error(s->b, at, e, "%s: \"%.*s\" is no %s", r == PARSE_RANGE ? "22003" : "22P02",
               TEXT_ARG(text), type_name(t->id));
    err_hint(e, t->id == TYPE_TIMESTAMP ? "Write it as 'YYYY-MM-DD HH:MM:SS[.f]'."
                : t->id == TYPE_DATE    ? "Write it as 'YYYY-MM-DD'."
                                        : "Write it as 'HH:MM:SS[.f]'.");
    return NULL;
}

/* TIMESTAMP '2026-01-01 00:00:00.123' has the precision that it is written with, 3 or 6. */
static const struct type *timestamp_type_of(struct text text) {
    uint32_t point = 0;
    while (point < text.bytes && text.at[point] != '.') point++;
    uint32_t digits = 0;
    for (uint32_t i = point + 1; i < text.bytes; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') break;
        digits++;
    }
    return digits > 3 ? &type_timestamp6 : &type_timestamp3;
}

static struct expr *literal_value(struct expr_scope *s, const struct ast_expr *x, bool negative,
                                  struct err *e) {
    struct arena *a = s->b->arena;
    const struct ast_literal *l = &x->as.literal;
    switch (l->kind) {
    case AST_NULL: return expr_null(a, &type_null, e);
    case AST_BOOLEAN: return expr_boolean(a, l->integer != 0, e);
    case AST_INTEGER: return integer_literal(s, x, negative, e);
    case AST_DECIMAL: return decimal_literal(s, x, negative, e);
    case AST_DOUBLE: return double_literal(s, x, negative, e);
    case AST_TEXT: return expr_text(a, &type_text, l->text, e);
    case AST_BLOB: return expr_text(a, &type_blob, l->text, e);
    case AST_DATE: return time_literal(s, l->text, &type_date, x->start, e);
    case AST_TIME: return time_literal(s, l->text, &type_time, x->start, e);
    case AST_TIMESTAMP: return time_literal(s, l->text, timestamp_type_of(l->text), x->start, e);
    case AST_INTERVAL: return expr_i64(a, &type_interval, l->integer, e);
    }
    assert(false && "a literal of unknown kind");
    return NULL;
}

const struct expr *bind_literal(struct expr_scope *s, const struct ast_expr *x, bool negative,
                                struct err *e) {
    assert(x->kind == AST_EXPR_LITERAL);
    struct expr *made = literal_value(s, x, negative, e);
    if (made) made->at = bind_at(s->b, x->start);
    return made;
}

static bool is_text_literal(const struct expr *x) {
    return x->kind == EXPR_CONSTANT && x->type->id == TYPE_TEXT;
}

const struct type *literal_type(const struct expr *x, const struct type *beside) {
    if (!is_text_literal(x) || !type_is_time(beside)) return NULL;
    if (beside->id != TYPE_TIMESTAMP || expr_is_null(x)) return beside;
    const struct type *own = timestamp_type_of(x->constant->as.text[0]);
    return own->precision > beside->precision ? own : beside;
}

bool literal_reads(const struct expr *x, const struct type *as) {
    if (!is_text_literal(x) || !type_is_time(as)) return false;
    int64_t unused;
    struct err why;
    return expr_is_null(x) || time_read(x->constant->as.text[0], as, &unused, &why) != PARSE_SYNTAX;
}

const struct expr *bind_text_literal(struct expr_scope *s, const struct expr *x,
                                     const struct type *to, struct err *e) {
    assert(is_text_literal(x) && type_is_time(to));
    if (expr_is_null(x)) return expr_null(s->b->arena, to, e);
    struct expr *made = time_literal(s, x->constant->as.text[0], to, x->at, e);
    if (made) made->at = x->at;
    return made;
}

uint32_t literal_digits(const struct expr *x) {
    if (!x || x->kind != EXPR_CONSTANT || x->type->id != TYPE_BIGINT) return 0;
    if (!column_has(x->constant, 0)) return 0;
    uint32_t digits = 1;
    for (int64_t v = x->constant->as.i64[0] / 10; v != 0; v /= 10) digits++;
    return digits;
}

static bool keeps_scale(const struct type *common, const struct type *x) {
    return !common || common->id != TYPE_DECIMAL || x->id != TYPE_DECIMAL ||
           common->scale >= x->scale;
}

struct digits_type digits_common(struct arena *a, struct digits_type x, struct digits_type y) {
    struct digits_type common = {.type = type_common(a, x.type, y.type)};
    if (x.digits > 0 && y.digits > 0) {
        common.digits = x.digits > y.digits ? x.digits : y.digits;
        return common;
    }
    const struct type *beside = x.digits > 0 ? y.type : x.type;
    uint32_t digits = x.digits > 0 ? x.digits : y.digits;
    if (digits == 0 || keeps_scale(common.type, beside)) return common;
    const struct type *own = type_decimal(a, digits, 0);
    common.type = own ? type_common(a, own, beside) : NULL;
    return common;
}
