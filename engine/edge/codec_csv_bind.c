/* codec_csv_bind.c: see codec_csv_bind.h. */
#include "engine/edge/codec_csv_bind.h"

#include <assert.h>
#include <stdio.h>

enum { RANGE_FIELDS_MAX = 1 << 24 };

/* A whole number of 1..RANGE_FIELDS_MAX at the start of *t, which moves behind it; 0: none. */
static uint32_t number_take(struct text *t) {
    uint32_t v = 0;
    while (t->bytes > 0 && (unsigned char)(t->at[0] - '0') < 10 && v <= RANGE_FIELDS_MAX) {
        v = v * 10 + (uint32_t)(t->at[0] - '0');
        t->at++;
        t->bytes--;
    }
    return v <= RANGE_FIELDS_MAX ? v : 0;
}

/* '2-785'. */
static bool range_parse(struct text t, struct csv_column *c) {
    uint32_t first = number_take(&t);
    if (first == 0 || t.bytes == 0 || *t.at != '-') return false;
    t.at++;
    t.bytes--;
    uint32_t last = number_take(&t);
    if (last < first || t.bytes > 0) return false;
    c->first = first - 1;
    c->count = last - first + 1;
    c->is_range = true;
    return true;
}

/* The range's numbers must be those of the tensor; one '*' takes what the others leave. */
static bool range_shape(struct arena *a, struct csv_column *c, const struct codec_ask *ask,
                        const struct option *o, struct err *e) {
    const struct type *t = c->field->type;
    c->dim = arena_alloc(a, t->dims * sizeof *c->dim);
    if (!c->dim) return err_memory(e);
    uint64_t known = 1;
    int32_t any = -1;
    for (uint32_t i = 0; i < t->dims; i++) {
        c->dim[i] = t->dim[i];
        if (t->dim[i] == DIM_ANY && any >= 0) return codec_option_wrong(ask, o, e);
        if (t->dim[i] == DIM_ANY)
            any = (int32_t)i;
        else if (known <= RANGE_FIELDS_MAX)
            known *= t->dim[i];
    }
    if (any >= 0 && known > 0 && c->count % known == 0) {
        c->dim[any] = (uint32_t)(c->count / known);
        return true;
    }
    if (any < 0 && known == c->count) return true;
    err_set(e, ERR_SQL, "22023", "option '%.*s' = '%.*s' has %u fields, the tensor another number",
            TEXT_ARG(o->key), TEXT_ARG(o->value), c->count);
    e->offset = o->at;
    return false;
}

static bool column_range(struct arena *a, struct csv_column *c, const struct codec_ask *ask,
                         struct err *e) {
    char key[160];
    snprintf(key, sizeof key, "tensor.%.*s", TEXT_ARG(c->field->name));
    const struct option *o = codec_option_find(ask, key);
    if (!o) return true;
    if (c->field->type->id != TYPE_TENSOR) {
        err_set(e, ERR_SQL, "22023", "option '%.*s' names a column that is no TENSOR",
                TEXT_ARG(o->key));
        e->offset = o->at;
        return false;
    }
    if (!range_parse(o->value, c)) return codec_option_wrong(ask, o, e);
    return range_shape(a, c, ask, o, e);
}

/* Every 'tensor.<column>' names a column. */
static bool ranges_known(const struct csv_bind *b, const struct codec_ask *ask, struct err *e) {
    static const struct text prefix = {"tensor.", 7}, long_prefix = {"csv.tensor.", 11};
    for (uint32_t i = 0; ask->given && i < ask->given->count; i++) {
        const struct option *o = &ask->given->option[i];
        struct text key = o->key;
        const struct text *p =
            key.bytes > 4 && text_equal_fold((struct text){key.at, 4}, TEXT_LITERAL("csv."))
                ? &long_prefix
                : &prefix;
        if (key.bytes < p->bytes || !text_equal_fold((struct text){key.at, p->bytes}, *p)) continue;
        struct text name = {key.at + p->bytes, key.bytes - p->bytes};
        bool found = false;
        for (uint32_t c = 0; c < b->columns; c++)
            found |= text_equal_fold(b->column[c].field->name, name);
        if (found) continue;
        err_set(e, ERR_SQL, "22023", "option '%.*s' names no column", TEXT_ARG(key));
        e->offset = o->at;
        return false;
    }
    return true;
}

/* Does a range hold field `at`? *behind: the field after it. */
static bool in_range(const struct csv_bind *b, uint32_t at, uint32_t *behind) {
    for (uint32_t i = 0; i < b->columns; i++) {
        const struct csv_column *c = &b->column[i];
        if (!c->is_range || at < c->first || at >= c->first + c->count) continue;
        *behind = c->first + c->count;
        return true;
    }
    return false;
}

void cbind_by_position(struct csv_bind *b) {
    uint32_t at = 0;
    b->fields = 0;
    b->missing = NULL;
    for (uint32_t i = 0; i < b->columns; i++) {
        struct csv_column *c = &b->column[i];
        if (!c->is_range) {
            while (in_range(b, at, &at)) continue;
            c->first = at++;
            c->count = 1;
        }
        if (c->first + c->count > b->fields) b->fields = c->first + c->count;
    }
}

bool cbind_create(struct csv_bind *b, struct arena *a, const struct schema *schema,
                  const struct codec_ask *ask, struct err *e) {
    b->columns = schema->cols;
    b->column = ARENA_ARRAY(a, b->column, schema->cols + 1);
    if (!b->column) return err_memory(e);
    for (uint32_t i = 0; i < schema->cols; i++) {
        struct csv_column *c = &b->column[i];
        const struct type *t = schema->col[i].type;
        c->field = &schema->col[i];
        if (!column_range(a, c, ask, e)) return false;
        if (c->is_range || (t->fields == 0 && t->id != TYPE_TENSOR)) continue;
        c->node = jnode_create_value(a, t);
        if (!c->node) return err_memory(e);
    }
    cbind_by_position(b);
    return ranges_known(b, ask, e);
}

static int32_t header_find(const struct csv_field *field, uint32_t fields, struct text name) {
    int32_t folded = -1;
    for (uint32_t i = 0; i < fields; i++) {
        if (text_equal(field[i].text, name)) return (int32_t)i;
        if (folded < 0 && text_equal_fold(field[i].text, name)) folded = (int32_t)i;
    }
    return folded;
}

void cbind_header(struct csv_bind *b, const struct csv_field *field, uint32_t fields) {
    b->fields = fields;
    b->missing = NULL;
    for (uint32_t i = 0; i < b->columns; i++) {
        struct csv_column *c = &b->column[i];
        if (c->is_range) {
            if (c->first + c->count > fields) b->missing = c->field;
            continue;
        }
        int32_t at = header_find(field, fields, c->field->name);
        c->count = at >= 0;
        c->first = at >= 0 ? (uint32_t)at : 0;
        if (at < 0) b->missing = c->field;
    }
}
