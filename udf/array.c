/* array.c: making and taking apart ROW, ARRAY and MAP values.
 *
 * Taking an element does not copy what the element points at: a ROW's fields are gathered field by
 * field, spans share the elements of the array that they came from. ROW(..) is its arguments'
 * columns side by side. ARRAY and MAP are built value by value.
 */
#include <assert.h>
#include <stdio.h>

#include "engine/base/builder.h"
#include "udf/each.h"
#include "udf/table.h"

enum { FIELD_NAME_BYTES = 16 };

#define NO_ELEMENT UINT32_MAX

/* Values from[index[row]] as a column of `rows`; NULL where there is none. */
static bool gather(struct arena *a, const struct column *from, const uint32_t *index, uint32_t rows,
                   struct column *out) {
    size_t size = rep_bytes(type_rep(from->type));
    char *values = arena_zalloc(a, rows, size);
    uint64_t *valid = ARENA_ARRAY(a, valid, bit_words(rows));
    if (!values || !valid) return false;
    for (uint32_t row = 0; row < rows; row++) {
        if (index[row] == NO_ELEMENT || !column_has(from, index[row])) continue;
        memcpy(values + row * size, (const char *)from->as.any + index[row] * size, size);
        bit_set(valid, row);
    }
    *out =
        (struct column){.type = from->type, .valid = valid, .as.any = values, .child = from->child};
    if (from->type->id != TYPE_ROW) return true;

    struct column *child = ARENA_ARRAY(a, child, from->type->fields);
    if (!child) return false;
    for (uint32_t i = 0; i < from->type->fields; i++) {
        if (!gather(a, &from->child[i], index, rows, &child[i])) return false;
    }
    out->child = child;
    return true;
}

/* Gives the elements at index[row] of the wanted rows as the result. */
static bool give_elements(struct fn_call *c, struct fn_result *out, const struct column *from,
                          const uint32_t *index, struct err *e) {
    struct column got;
    if (!gather(c->arena, from, index, c->rows, &got)) return err_memory(e);
    memcpy(out->as.any, got.as.any, c->rows * rep_bytes(type_rep(from->type)));
    for (uint32_t w = 0; w < bit_words(c->rows); w++) out->valid[w] &= got.valid[w];
    out->child = got.child;
    return true;
}

static uint32_t *index_new(struct fn_call *c) {
    uint32_t *index = arena_alloc(c->arena, c->rows * sizeof *index);
    if (index) memset(index, 0xFF, c->rows * sizeof *index);
    return index;
}

/* x[n], from 1; NULL outside. */
static bool subscript_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    uint32_t *index = index_new(c);
    if (!index) return err_memory(e);
    for (uint32_t i = 0; i < c->live; i++) {
        uint32_t row = call_row(c, i);
        struct span s = c->arg[0].as.span[row];
        int64_t n = arg_i64(c, 1, row);
        if (n >= 1 && n <= s.count) index[row] = s.first + (uint32_t)n - 1;
    }
    return give_elements(c, out, &c->arg[0].child[0], index, e);
}

/* m[key]: the keys are different. */
static bool map_value_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    uint32_t *index = index_new(c);
    if (!index) return err_memory(e);
    const struct column *key = &c->arg[0].child[0];
    for (uint32_t i = 0; i < c->live; i++) {
        uint32_t row = call_row(c, i);
        struct span s = c->arg[0].as.span[row];
        for (uint32_t k = s.count; k-- > 0 && index[row] == NO_ELEMENT;) {
            if (column_same(key, s.first + k, &c->arg[1], row)) index[row] = s.first + k;
        }
    }
    return give_elements(c, out, &c->arg[0].child[1], index, e);
}

/* The only element; NULL of none. */
static bool element_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    uint32_t *index = index_new(c);
    if (!index) return err_memory(e);
    for (uint32_t i = 0; i < c->live; i++) {
        uint32_t row = call_row(c, i);
        struct span s = c->arg[0].as.span[row];
        if (s.count == 1) index[row] = s.first;
        if (s.count > 1) fn_fail(c, row, "22000", "element() of an array of %u", s.count);
    }
    return give_elements(c, out, &c->arg[0].child[0], index, e);
}

static bool cardinality_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    out->as.i64[row] = c->arg[0].as.span[row].count;
    return true;
}
DEFINE_EACH(cardinality)

/* Position of the value in the array, from 1; 0: it is not there. */
static int64_t position_in(const struct fn_call *c, uint32_t row) {
    struct span s = c->arg[0].as.span[row];
    for (uint32_t i = 0; i < s.count; i++) {
        if (column_same(&c->arg[0].child[0], s.first + i, &c->arg[1], row)) return i + 1;
    }
    return 0;
}

static bool array_contains_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    if (!arg_has(c, 0, row)) return row_null(out, row);
    out->as.b8[row] = position_in(c, row) > 0;
    return true;
}
DEFINE_EACH(array_contains)

static bool array_position_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    out->as.i64[row] = position_in(c, row);
    return true;
}
DEFINE_EACH(array_position)

/* One side of a map as an array that shares the map's elements. */
static bool map_side(struct fn_call *c, struct fn_result *out, uint32_t side) {
    memcpy(out->as.span, c->arg[0].as.span, c->rows * sizeof *out->as.span);
    out->child = &c->arg[0].child[side];
    return true;
}

static bool map_keys_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    (void)e;
    return map_side(c, out, 0);
}

static bool map_values_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    (void)e;
    return map_side(c, out, 1);
}

static bool row_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    struct column *child = ARENA_ARRAY(c->arena, child, c->args);
    if (!child) return err_memory(e);
    memcpy(child, c->arg, c->args * sizeof *child);
    memset(out->as.b8, 1, c->rows);
    out->child = child;
    return true;
}

/* Is the key given again behind argument `arg`? */
static bool key_comes_again(const struct fn_call *c, uint32_t row, uint32_t arg) {
    for (uint32_t i = arg + 2; i < c->args; i += 2) {
        if (column_same(&c->arg[arg], row, &c->arg[i], row)) return true;
    }
    return false;
}

/* Appends the arguments of the row as elements, to each child of the type in turn: values of an
 * ARRAY, pairs of a MAP, in which of equal keys the last counts, as in JSON. */
static void append_elements(struct fn_call *c, uint32_t row, struct column_builder *b) {
    uint32_t sides = c->type->fields, elements = 0;
    for (uint32_t i = 0; i < c->args; i += sides) {
        if (sides == 2 && key_comes_again(c, row, i)) continue;
        for (uint32_t k = 0; k < sides; k++) builder_copy(&b->child[k], &c->arg[i + k], row);
        elements++;
    }
    builder_span(b, elements);
}

static bool elements_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    struct column_builder b;
    struct column made;
    if (!builder_init(&b, c->arena, c->type, c->rows)) return err_memory(e);
    for (uint32_t row = 0, next = 0; row < c->rows; row++) {
        if (next == c->live || call_row(c, next) != row) {
            builder_null(&b);
            continue;
        }
        next++;
        append_elements(c, row, &b);
    }
    if (!builder_column(&b, &made)) return err_memory(e);
    memcpy(out->as.span, made.as.span, c->rows * sizeof *out->as.span);
    out->child = made.child;
    return true;
}

static const struct type *type_made(const struct type *t, struct err *e) {
    if (!t) err_memory(e);
    return t;
}

static const struct type *type_element(const struct fn_bind *b, struct err *e) {
    (void)e;
    return b->arg_type[0]->field[0].type;
}

static const struct type *type_map_value(const struct fn_bind *b, struct err *e) {
    (void)e;
    return b->arg_type[0]->field[1].type;
}

static const struct type *type_keys(const struct fn_bind *b, struct err *e) {
    return type_made(type_array(b->arena, b->arg_type[0]->field[0].type), e);
}

static const struct type *type_values(const struct fn_bind *b, struct err *e) {
    return type_made(type_array(b->arena, b->arg_type[0]->field[1].type), e);
}

static const struct type *type_of_array(const struct fn_bind *b, struct err *e) {
    return type_made(type_array(b->arena, b->arg_type[0]), e);
}

/* Keys and values must each be of one type. */
static const struct type *type_of_map(const struct fn_bind *b, struct err *e) {
    bool paired = b->args > 0 && b->args % 2 == 0;
    for (uint32_t i = 2; paired && i < b->args; i++) {
        if (type_equal(b->arg_type[i], b->arg_type[i % 2])) continue;
        err_set(e, ERR_SQL, "42804", "the %s of a MAP must be of one type, not %s and %s",
                i % 2 ? "values" : "keys", type_name(b->arg_type[i % 2]->id),
                type_name(b->arg_type[i]->id));
        return NULL;
    }
    if (paired) return type_made(type_map(b->arena, b->arg_type[0], b->arg_type[1]), e);
    err_set(e, ERR_SQL, "42804", "MAP[...] wants pairs of a key and a value");
    return NULL;
}

/* Fields are called f0, f1, .. as in Flink. */
static const struct type *type_of_row(const struct fn_bind *b, struct err *e) {
    struct field *field = ARENA_ARRAY(b->arena, field, b->args);
    if (!field || b->args > TYPE_FIELDS_MAX) {
        err_set(e, ERR_SQL, "54000", "a ROW has at most %d fields", TYPE_FIELDS_MAX);
        return NULL;
    }
    for (uint32_t i = 0; i < b->args; i++) {
        char name[FIELD_NAME_BYTES];
        int n = snprintf(name, sizeof name, "f%u", i);
        field[i].name = (struct text){arena_copy(b->arena, name, (size_t)n), (uint32_t)n};
        field[i].type = b->arg_type[i];
        if (!field[i].name.at) return type_made(NULL, e);
    }
    return type_made(type_row(b->arena, b->args, field), e);
}

static const struct fn table[] = {
    {.name = "[]",
     .sig = "[](ARRAY<T>, BIGINT) T",
     .doc = "element n of an array, from 1; NULL outside it",
     .example = "ARRAY[7, 8][2] = 8",
     .flags = FN_STRICT | FN_HIDDEN,
     .type = type_element,
     .call = subscript_call},
    {.name = "[]",
     .sig = "[](MAP<K, V>, K) V",
     .doc = "the value of a key; NULL where there is none",
     .example = "MAP['a', 1, 'b', 2]['b'] = 2",
     .flags = FN_STRICT | FN_HIDDEN,
     .type = type_map_value,
     .call = map_value_call},
    {.name = "array",
     .sig = "array(T, T...) ARRAY<T>",
     .doc = "ARRAY[a, b, ..]: an array of values of one type",
     .example = "ARRAY[1, 2] = ARRAY[1, 2]",
     .flags = FN_HIDDEN,
     .type = type_of_array,
     .call = elements_call},
    {.name = "map",
     .sig = "map(ANY...) ANY",
     .doc = "MAP[key, value, ..]; of equal keys the last",
     .example = "cardinality(MAP['a', 1]) = 1",
     .flags = FN_HIDDEN,
     .type = type_of_map,
     .call = elements_call},
    {.name = "row",
     .sig = "row(ANY, ANY...) ANY",
     .doc = "ROW(a, b, ..): values side by side",
     .example = "ROW(1, 'a') = ROW(1, 'a')",
     .flags = FN_HIDDEN,
     .type = type_of_row,
     .call = row_call},
    {.name = "cardinality",
     .sig = "cardinality(ARRAY) BIGINT",
     .doc = "how many elements",
     .example = "cardinality(ARRAY[1, 2, 3]) = 3",
     .flags = FN_STRICT,
     .call = cardinality_call},
    {.name = "cardinality",
     .sig = "cardinality(MAP) BIGINT",
     .doc = "how many pairs",
     .example = "cardinality(MAP['a', 1]) = 1",
     .flags = FN_STRICT,
     .call = cardinality_call},
    {.name = "element",
     .sig = "element(ARRAY<T>) T",
     .doc = "the only element of an array; NULL of none, an error of more",
     .example = "element(ARRAY[7]) = 7",
     .flags = FN_STRICT | FN_CAN_FAIL,
     .type = type_element,
     .call = element_call},
    {.name = "array_contains",
     .sig = "array_contains(ARRAY<T>, T) BOOLEAN",
     .doc = "is the value, which may be NULL, an element",
     .example = "array_contains(ARRAY[1, 2], 2)",
     .flags = 0,
     .call = array_contains_call},
    {.name = "array_position",
     .sig = "array_position(ARRAY<T>, T) BIGINT",
     .doc = "where the value stands in the array, from 1; 0: nowhere",
     .example = "array_position(ARRAY[7, 8], 8) = 2",
     .flags = FN_STRICT,
     .call = array_position_call},
    {.name = "map_keys",
     .sig = "map_keys(MAP<K, V>) ARRAY<K>",
     .doc = "the keys",
     .example = "map_keys(MAP['a', 1]) = ARRAY['a']",
     .flags = FN_STRICT,
     .type = type_keys,
     .call = map_keys_call},
    {.name = "map_values",
     .sig = "map_values(MAP<K, V>) ARRAY<V>",
     .doc = "the values",
     .example = "map_values(MAP['a', 1]) = ARRAY[1]",
     .flags = FN_STRICT,
     .type = type_values,
     .call = map_values_call},
};

const struct fn_table fn_array = {table, COUNT_OF(table)};
