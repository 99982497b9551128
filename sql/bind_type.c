/* bind_type.c: see bind_type.h.
 *
 * Numbers stand in a line, BOOLEAN < BIGINT < DECIMAL < DOUBLE, and widen to the right. Beside
 * them only NULL (to everything), DATE (to TIMESTAMP), TIMESTAMPs and DECIMALs of other parameters
 * and tensors with more open dimensions widen; rows, lists and maps do it part by part. Recursion
 * goes down types, which TYPE_NESTING_MAX bounds.
 */
#include "sql/bind_type.h"

#include <assert.h>

#include "engine/base/nearest.h"
#include "engine/cast.h"

enum { DECIMAL_BIGINT_DIGITS = 19, DECIMAL_SCALE_KEPT = 6, TIMESTAMP_DIGITS_READ = 9 };
enum { DECIMAL_DIGITS_DEFAULT = 10 };

/* Types by name. What has parameters is finished by type_finish(). */
static const struct {
    const char *name;
    enum type_id id;
} type_spellings[] = {{"BOOLEAN", TYPE_BOOLEAN},
                      {"BOOL", TYPE_BOOLEAN},
                      {"BIGINT", TYPE_BIGINT},
                      {"INT", TYPE_BIGINT},
                      {"INTEGER", TYPE_BIGINT},
                      {"SMALLINT", TYPE_BIGINT},
                      {"TINYINT", TYPE_BIGINT},
                      {"DOUBLE", TYPE_DOUBLE},
                      {"REAL", TYPE_DOUBLE},
                      {"FLOAT", TYPE_DOUBLE},
                      {"DECIMAL", TYPE_DECIMAL},
                      {"NUMERIC", TYPE_DECIMAL},
                      {"DEC", TYPE_DECIMAL},
                      {"TEXT", TYPE_TEXT},
                      {"VARCHAR", TYPE_TEXT},
                      {"STRING", TYPE_TEXT},
                      {"CHAR", TYPE_TEXT},
                      {"CHARACTER", TYPE_TEXT},
                      {"BLOB", TYPE_BLOB},
                      {"BYTES", TYPE_BLOB},
                      {"VARBINARY", TYPE_BLOB},
                      {"BINARY", TYPE_BLOB},
                      {"TIMESTAMP", TYPE_TIMESTAMP},
                      {"TIMESTAMP_LTZ", TYPE_TIMESTAMP},
                      {"DATETIME", TYPE_TIMESTAMP},
                      {"DATE", TYPE_DATE},
                      {"TIME", TYPE_TIME},
                      {"INTERVAL", TYPE_INTERVAL},
                      {"ROW", TYPE_ROW},
                      {"STRUCT", TYPE_ROW},
                      {"ARRAY", TYPE_ARRAY},
                      {"MAP", TYPE_MAP},
                      {"TENSOR", TYPE_TENSOR},
                      {"VECTOR", TYPE_TENSOR},
                      {"IMAGE", TYPE_IMAGE},
                      {"DOUBLE PRECISION", TYPE_DOUBLE}};

static bool type_unknown(struct binder *b, const struct ast_type *t, struct err *e) {
    struct nearest near = nearest_to(t->name.text);
    for (size_t i = 0; i < COUNT_OF(type_spellings); i++)
        nearest_offer(&near, text_of(type_spellings[i].name));
    bind_error(b, t->name.at, e, "42804: there is no type \"%.*s\"", TEXT_ARG(t->name.text));
    nearest_hint(&near, '"', e);
    return false;
}

static bool params_at_most(struct binder *b, const struct ast_type *t, uint32_t most,
                           struct err *e) {
    if (t->params <= most) return true;
    return bind_error(b, t->name.at, e, "42804: %.*s takes at most %u parameters, not %u",
                      TEXT_ARG(t->name.text), most, t->params);
}

static const struct type *made(const struct type *t, struct err *e) {
    if (!t) err_memory(e);
    return t;
}

static const struct type *decimal_type(struct binder *b, const struct ast_type *t, struct err *e) {
    if (!params_at_most(b, t, 2, e)) return NULL;
    uint32_t p = t->params > 0 ? t->param[0] : DECIMAL_DIGITS_DEFAULT;
    uint32_t s = t->params > 1 ? t->param[1] : 0;
    if (p < 1 || p > DECIMAL_DIGITS_MAX || s > p) {
        bind_error(b, t->name.at, e, "42804: DECIMAL(p,s) wants 1 <= p <= %d and s <= p",
                   DECIMAL_DIGITS_MAX);
        return NULL;
    }
    return made(type_decimal(b->arena, p, s), e);
}

static const struct type *timestamp_type(struct binder *b, const struct ast_type *t,
                                         struct err *e) {
    if (!params_at_most(b, t, 1, e)) return NULL;
    uint32_t p = t->params > 0 ? t->param[0] : TIMESTAMP_DIGITS_MAX;
    if (p > TIMESTAMP_DIGITS_READ) {
        bind_error(b, t->name.at, e, "42804: TIMESTAMP(p) wants p from 0 to %d",
                   TIMESTAMP_DIGITS_READ);
        return NULL;
    }
    if (p > TIMESTAMP_DIGITS_MAX) p = TIMESTAMP_DIGITS_MAX;
    return made(type_timestamp(b->arena, p), e);
}

static const struct type *tensor_type(struct binder *b, const struct ast_type *t, struct err *e) {
    if (t->params == 0) {
        bind_error(b, t->name.at, e, "42804: %.*s wants its dimensions: TENSOR(3, 224, 224)",
                   TEXT_ARG(t->name.text));
        return NULL;
    }
    uint32_t *dim = ARENA_ARRAY(b->arena, dim, t->params);
    if (!dim) return made(NULL, e);
    for (uint32_t i = 0; i < t->params; i++) {
        dim[i] = t->param[i] == AST_PARAM_ANY ? DIM_ANY : t->param[i];
        if (dim[i] != DIM_ANY || t->param[i] == AST_PARAM_ANY) continue;
        bind_error(b, t->name.at, e, "42804: a dimension is at least 1, or *");
        return NULL;
    }
    return made(type_tensor(b->arena, t->params, dim), e);
}

/* A ROW's fields must have names of their own. */
static bool fields_differ(struct binder *b, const struct ast_type *t, struct err *e) {
    for (uint32_t i = 0; i < t->fields; i++) {
        for (uint32_t k = 0; k < i; k++) {
            if (!text_equal_fold(t->field[i].name.text, t->field[k].name.text)) continue;
            return bind_error(b, t->field[i].name.at, e,
                              "42701: field \"%.*s\" occurs twice in a ROW",
                              TEXT_ARG(t->field[i].name.text));
        }
    }
    return true;
}

static const struct type *nested_type(struct binder *b, const struct ast_type *t, enum type_id id,
                                      struct err *e) {
    uint32_t want = id == TYPE_MAP ? 2 : 1;
    bool good = id == TYPE_ROW ? t->fields > 0 : t->fields == want;
    if (!good || t->fields > TYPE_FIELDS_MAX) {
        bind_error(b, t->name.at, e, "42804: write %s",
                   id == TYPE_ROW     ? "ROW<name TYPE, ...>, with at most 1600 fields"
                   : id == TYPE_ARRAY ? "ARRAY<TYPE>"
                                      : "MAP<KEY, VALUE>");
        return NULL;
    }
    if (t->height > TYPE_NESTING_MAX) {
        bind_error(b, t->name.at, e, "54000: a type nests at most %d deep", TYPE_NESTING_MAX);
        return NULL;
    }
    struct field *f = ARENA_ARRAY(b->arena, f, t->fields);
    if (!f) return made(NULL, e);
    for (uint32_t i = 0; i < t->fields; i++) {
        f[i].name = t->field[i].name.text;
        f[i].not_null = t->field[i].type->not_null;
        if (!bind_type(b, t->field[i].type, &f[i].type, e)) return NULL;
    }
    if (id == TYPE_ARRAY) return made(type_array(b->arena, f[0].type), e);
    if (id == TYPE_MAP) return made(type_map(b->arena, f[0].type, f[1].type), e);
    if (!fields_differ(b, t, e)) return NULL;
    return made(type_row(b->arena, t->fields, f), e);
}

static const struct type *type_finish(struct binder *b, const struct ast_type *t, enum type_id id,
                                      struct err *e) {
    if (id == TYPE_DECIMAL) return decimal_type(b, t, e);
    if (id == TYPE_TIMESTAMP) return timestamp_type(b, t, e);
    if (id == TYPE_TENSOR) return tensor_type(b, t, e);
    if (id == TYPE_ROW || id == TYPE_ARRAY || id == TYPE_MAP) return nested_type(b, t, id, e);
    static const struct type *const plain[TYPE_COUNT] = {
        [TYPE_BOOLEAN] = &type_boolean,  [TYPE_BIGINT] = &type_bigint,
        [TYPE_DOUBLE] = &type_double,    [TYPE_TEXT] = &type_text,
        [TYPE_BLOB] = &type_blob,        [TYPE_DATE] = &type_date,
        [TYPE_TIME] = &type_time,        [TYPE_IMAGE] = &type_image,
        [TYPE_INTERVAL] = &type_interval};
    assert(plain[id]);
    return plain[id];
}

bool bind_type(struct binder *b, const struct ast_type *t, const struct type **out, struct err *e) {
    for (size_t i = 0; i < COUNT_OF(type_spellings); i++) {
        if (!text_equal_fold(t->name.text, text_of(type_spellings[i].name))) continue;
        const struct type *made_type = type_finish(b, t, type_spellings[i].id, e);
        if (made_type) *out = made_type;
        return made_type != NULL;
    }
    return type_unknown(b, t, e);
}

bool type_is_time(const struct type *t) {
    return t->id == TYPE_TIMESTAMP || t->id == TYPE_DATE || t->id == TYPE_TIME ||
           t->id == TYPE_INTERVAL;
}

const struct type *type_as_decimal(struct arena *a, const struct type *t) {
    if (t->id == TYPE_BOOLEAN) return type_decimal(a, 1, 0);
    if (t->id == TYPE_BIGINT) return type_decimal(a, DECIMAL_BIGINT_DIGITS, 0);
    return t->id == TYPE_DECIMAL ? t : NULL;
}

static uint32_t larger(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

/* Holds both exactly; past 38 digits the scale gives way, not below 6. */
static const struct type *decimal_common(struct arena *a, const struct type *x,
                                         const struct type *y) {
    x = type_as_decimal(a, x);
    y = type_as_decimal(a, y);
    if (!x || !y) return NULL;
    uint32_t scale = larger(x->scale, y->scale);
    uint32_t whole =
        larger((uint32_t)(x->precision - x->scale), (uint32_t)(y->precision - y->scale));
    if (whole + scale > DECIMAL_DIGITS_MAX) {
        uint32_t room = whole < DECIMAL_DIGITS_MAX ? DECIMAL_DIGITS_MAX - whole : 0;
        uint32_t kept = scale < DECIMAL_SCALE_KEPT ? scale : DECIMAL_SCALE_KEPT;
        scale = larger(room, kept);
        return type_decimal(a, DECIMAL_DIGITS_MAX, scale);
    }
    return type_decimal(a, larger(whole + scale, 1), scale);
}

static const struct type *fields_common(struct arena *a, const struct type *x,
                                        const struct type *y) {
    if (x->fields != y->fields) return NULL;
    struct field *f = ARENA_ARRAY(a, f, x->fields);
    if (!f) return NULL;
    for (uint32_t i = 0; i < x->fields; i++) {
        f[i] = x->field[i];
        f[i].not_null = x->field[i].not_null && y->field[i].not_null;
        f[i].type = type_common(a, x->field[i].type, y->field[i].type);
        if (!f[i].type) return NULL;
    }
    if (x->id == TYPE_ARRAY) return type_array(a, f[0].type);
    if (x->id == TYPE_MAP) return type_map(a, f[0].type, f[1].type);
    return type_row(a, x->fields, f);
}

static const struct type *tensor_common(struct arena *a, const struct type *x,
                                        const struct type *y) {
    if (x->dims != y->dims) return NULL;
    uint32_t *dim = ARENA_ARRAY(a, dim, x->dims);
    if (!dim) return NULL;
    for (uint32_t i = 0; i < x->dims; i++) dim[i] = x->dim[i] == y->dim[i] ? x->dim[i] : DIM_ANY;
    return type_tensor(a, x->dims, dim);
}

const struct type *type_common(struct arena *a, const struct type *x, const struct type *y) {
    if (x->id == TYPE_NULL) return y;
    if (y->id == TYPE_NULL || type_equal(x, y)) return x;
    if (type_is_number(x) && type_is_number(y)) {
        if (x->id == TYPE_DOUBLE || y->id == TYPE_DOUBLE) return &type_double;
        if (x->id == TYPE_DECIMAL || y->id == TYPE_DECIMAL) return decimal_common(a, x, y);
        return &type_bigint;
    }
    if (x->id == TYPE_DATE && y->id == TYPE_TIMESTAMP) return y;
    if (x->id == TYPE_TIMESTAMP && y->id == TYPE_DATE) return x;
    if (x->id != y->id) return NULL;
    if (x->id == TYPE_TIMESTAMP) return x->precision > y->precision ? x : y;
    if (x->id == TYPE_TIME) return x;
    if (x->dims > 0) return tensor_common(a, x, y);
    return x->fields > 0 ? fields_common(a, x, y) : NULL;
}

static int number_rank(const struct type *t) {
    static const int rank[TYPE_COUNT] = {
        [TYPE_BOOLEAN] = 1, [TYPE_BIGINT] = 2, [TYPE_DECIMAL] = 3, [TYPE_DOUBLE] = 4};
    return rank[t->id];
}

static bool tensor_widens(const struct type *from, const struct type *to) {
    if (from->dims != to->dims) return false;
    for (uint32_t i = 0; i < to->dims; i++) {
        if (to->dim[i] != DIM_ANY && to->dim[i] != from->dim[i]) return false;
    }
    return true;
}

static int fields_widening(const struct type *from, const struct type *to) {
    if (from->fields != to->fields) return TYPE_NEVER;
    for (uint32_t i = 0; i < to->fields; i++) {
        if (type_widening(from->field[i].type, to->field[i].type) < 0) return TYPE_NEVER;
    }
    return 1;
}

int type_widening(const struct type *from, const struct type *to) {
    if (from->id == TYPE_NULL || type_equal(from, to)) return 0;
    if (type_is_number(from) && type_is_number(to)) {
        int steps = number_rank(to) - number_rank(from);
        if (steps != 0) return steps > 0 ? steps : TYPE_NEVER;
        return 1; /* another DECIMAL */
    }
    if (from->id == TYPE_DATE && to->id == TYPE_TIMESTAMP) return 1;
    if (from->id != to->id) return TYPE_NEVER;
    if (from->id == TYPE_TIMESTAMP || from->id == TYPE_TIME) return 0;
    if (from->dims > 0) return tensor_widens(from, to) ? 0 : TYPE_NEVER;
    return from->fields > 0 ? fields_widening(from, to) : TYPE_NEVER;
}

bool type_assigns(const struct type *from, const struct type *to) {
    if (from->id == TYPE_NULL) return true;
    bool numbers = type_is_number(from) && type_is_number(to);
    if (numbers && from->id != TYPE_BOOLEAN && to->id != TYPE_BOOLEAN) return true;
    if (from->id != to->id || from->fields != to->fields) return false;
    for (uint32_t i = 0; i < to->fields; i++) {
        if (!type_assigns(from->field[i].type, to->field[i].type)) return false;
    }
    return to->dims == 0 || tensor_widens(from, to);
}

bool type_casts(const struct type *from, const struct type *to) {
    struct cast unused;
    struct err e;
    return from->id == TYPE_NULL || cast_find(from, to, false, &unused, &e);
}

struct type_words type_words(const struct type *t) {
    struct type_words w = {{0}};
    struct buf text;
    buf_init(&text);
    type_print(&text, t);
    size_t n = text.bytes < sizeof w.at - 1 ? text.bytes : sizeof w.at - 1;
    if (n > 0) memcpy(w.at, text.at, n);
    if (text.failed) memcpy(w.at, "?", 2);
    buf_done(&text);
    return w;
}
