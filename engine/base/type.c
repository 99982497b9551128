/* type.c: see type.h. Trees are walked by recursion, which TYPE_NESTING_MAX bounds: the parser
 * refuses deeper types.
 */
#include "engine/base/type.h"

#include <assert.h>
#include <string.h>

const struct type type_null = {.id = TYPE_NULL};
const struct type type_boolean = {.id = TYPE_BOOLEAN};
const struct type type_bigint = {.id = TYPE_BIGINT};
const struct type type_double = {.id = TYPE_DOUBLE};
const struct type type_text = {.id = TYPE_TEXT};
const struct type type_blob = {.id = TYPE_BLOB};
const struct type type_timestamp3 = {.id = TYPE_TIMESTAMP, .precision = 3};
const struct type type_timestamp6 = {.id = TYPE_TIMESTAMP, .precision = 6};
const struct type type_date = {.id = TYPE_DATE};
const struct type type_time = {.id = TYPE_TIME, .precision = 6};
const struct type type_interval = {.id = TYPE_INTERVAL};
const struct type type_image = {.id = TYPE_IMAGE};

#define X(ID, rep, sql) [TYPE_##ID] = sql,
static const char *const type_names[TYPE_COUNT] = {TYPE_LIST(X)};
#undef X

#define X(ID, sfx, ctype) [REP_##ID] = sizeof(ctype),
static const uint32_t rep_sizes[REP_COUNT] = {REP_LIST(X)};
#undef X

static struct type *type_new(struct arena *a, enum type_id id) {
    struct type *t = ARENA_NEW(a, t);
    if (t) t->id = id;
    return t;
}

const struct type *type_decimal(struct arena *a, uint32_t precision, uint32_t scale) {
    assert(precision >= 1 && precision <= DECIMAL_DIGITS_MAX && scale <= precision);
    struct type *t = type_new(a, TYPE_DECIMAL);
    if (!t) return NULL;
    t->precision = (uint8_t)precision;
    t->scale = (uint8_t)scale;
    return t;
}

const struct type *type_timestamp(struct arena *a, uint32_t precision) {
    assert(precision <= TIMESTAMP_DIGITS_MAX);
    struct type *t = type_new(a, TYPE_TIMESTAMP);
    if (t) t->precision = (uint8_t)precision;
    return t;
}

/* A type with `fields` nameless fields, to be filled in. */
static struct type *type_nested(struct arena *a, enum type_id id, uint32_t fields,
                                struct field **field_out) {
    struct type *t = type_new(a, id);
    struct field *f = ARENA_ARRAY(a, f, fields);
    if (!t || !f) return NULL;
    t->fields = fields;
    t->field = f;
    *field_out = f;
    return t;
}

const struct type *type_array(struct arena *a, const struct type *element) {
    assert(element);
    struct field *f;
    struct type *t = type_nested(a, TYPE_ARRAY, 1, &f);
    if (t) f[0].type = element;
    return t;
}

const struct type *type_map(struct arena *a, const struct type *key, const struct type *value) {
    assert(key && value);
    struct field *f;
    struct type *t = type_nested(a, TYPE_MAP, 2, &f);
    if (!t) return NULL;
    f[0].type = key;
    f[1].type = value;
    return t;
}

const struct type *type_row(struct arena *a, uint32_t fields, const struct field *field) {
    assert(fields >= 1 && fields <= TYPE_FIELDS_MAX && field);
    struct field *f;
    struct type *t = type_nested(a, TYPE_ROW, fields, &f);
    if (t) memcpy(f, field, fields * sizeof *f);
    return t;
}

const struct type *type_tensor(struct arena *a, uint32_t dims, const uint32_t *dim) {
    assert(dims >= 1 && dim);
    struct type *t = type_new(a, TYPE_TENSOR);
    uint32_t *d = ARENA_ARRAY(a, d, dims);
    if (!t || !d) return NULL;
    memcpy(d, dim, dims * sizeof *d);
    t->dims = dims;
    t->dim = d;
    return t;
}

static bool fields_copy(struct arena *a, uint32_t count, const struct field *from,
                        struct field *to) {
    for (uint32_t i = 0; i < count; i++) {
        to[i] = from[i];
        to[i].type = type_copy(a, from[i].type);
        to[i].name.at = arena_copy(a, from[i].name.at, from[i].name.bytes);
        if (!to[i].type || !to[i].name.at) return false;
    }
    return true;
}

const struct type *type_copy(struct arena *a, const struct type *t) {
    if (t->dims > 0) return type_tensor(a, t->dims, t->dim);

    struct type *copy = ARENA_NEW(a, copy);
    if (!copy) return NULL;
    *copy = *t;
    if (t->fields == 0) return copy;

    struct field *f = ARENA_ARRAY(a, f, t->fields);
    if (!f || !fields_copy(a, t->fields, t->field, f)) return NULL;
    copy->field = f;
    return copy;
}

struct schema *schema_copy(struct arena *a, const struct schema *s) {
    struct schema *copy = ARENA_NEW(a, copy);
    struct field *col = ARENA_ARRAY(a, col, s->cols);
    if (!copy || !col || !fields_copy(a, s->cols, s->col, col)) return NULL;
    *copy = (struct schema){.cols = s->cols, .col = col};
    return copy;
}

bool type_equal(const struct type *a, const struct type *b) {
    if (a == b) return true;
    if (a->id != b->id || a->precision != b->precision || a->scale != b->scale) return false;
    if (a->fields != b->fields || a->dims != b->dims) return false;
    for (uint32_t i = 0; i < a->dims; i++) {
        if (a->dim[i] != b->dim[i]) return false;
    }
    for (uint32_t i = 0; i < a->fields; i++) {
        if (!text_equal_fold(a->field[i].name, b->field[i].name)) return false;
        if (!type_equal(a->field[i].type, b->field[i].type)) return false;
    }
    return true;
}

uint32_t rep_bytes(enum rep r) {
    assert(r < REP_COUNT);
    return rep_sizes[r];
}

bool type_is_number(const struct type *t) {
    return t->id == TYPE_BOOLEAN || t->id == TYPE_BIGINT || t->id == TYPE_DECIMAL ||
           t->id == TYPE_DOUBLE;
}

bool type_is_ordered(const struct type *t) {
    if (t->id == TYPE_MAP || t->id == TYPE_TENSOR || t->id == TYPE_IMAGE) return false;
    for (uint32_t i = 0; i < t->fields; i++) {
        if (!type_is_ordered(t->field[i].type)) return false;
    }
    return true;
}

const char *type_name(enum type_id id) {
    assert(id < TYPE_COUNT);
    return type_names[id];
}

static bool is_word(struct text name) {
    for (uint32_t i = 0; i < name.bytes; i++) {
        char c = name.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        bool digit = c >= '0' && c <= '9';
        if (!letter && !(digit && i > 0)) return false;
    }
    return name.bytes > 0;
}

static void name_print(struct buf *out, struct text name) {
    if (is_word(name)) {
        buf_add_text(out, name);
        return;
    }
    buf_add_char(out, '"');
    for (uint32_t i = 0; i < name.bytes; i++) {
        if (name.at[i] == '"') buf_add_char(out, '"');
        buf_add_char(out, name.at[i]);
    }
    buf_add_char(out, '"');
}

static void fields_print(struct buf *out, const struct type *t) {
    buf_add_char(out, '<');
    for (uint32_t i = 0; i < t->fields; i++) {
        if (i > 0) buf_add_str(out, ", ");
        if (t->id == TYPE_ROW) {
            name_print(out, t->field[i].name);
            buf_add_char(out, ' ');
        }
        type_print(out, t->field[i].type);
        if (t->field[i].not_null) buf_add_str(out, " NOT NULL");
    }
    buf_add_char(out, '>');
}

static void dims_print(struct buf *out, const struct type *t) {
    buf_add_char(out, '(');
    for (uint32_t i = 0; i < t->dims; i++) {
        if (i > 0) buf_add_char(out, ',');
        if (t->dim[i] == DIM_ANY)
            buf_add_char(out, '*');
        else
            buf_addf(out, "%u", t->dim[i]);
    }
    buf_add_char(out, ')');
}

void type_print(struct buf *out, const struct type *t) {
    buf_add_str(out, type_name(t->id));
    if (t->id == TYPE_DECIMAL) buf_addf(out, "(%u,%u)", t->precision, t->scale);
    if (t->id == TYPE_TIMESTAMP) buf_addf(out, "(%u)", t->precision);
    if (t->fields > 0) fields_print(out, t);
    if (t->dims > 0) dims_print(out, t);
}

int32_t schema_find(const struct schema *s, struct text name) {
    for (uint32_t i = 0; i < s->cols; i++) {
        if (text_equal_fold(s->col[i].name, name)) return (int32_t)i;
    }
    return -1;
}
