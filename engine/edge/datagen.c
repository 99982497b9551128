/* datagen.c: see datagen.h.
 *
 * Nested types are made part by part, recursion bounded by TYPE_NESTING_MAX; their parts' options
 * are found under the path of names: fields.buyer.name.length, and element, key and value for
 * lists and maps.
 */
#include "engine/edge/datagen.h"

#include <assert.h>
#include <stdio.h>

#include "engine/base/decimal.h"
#include "engine/base/number.h"
#include "engine/base/option.h"
#include "engine/base/time.h"

enum { TEXT_LENGTH = 100, LIST_LENGTH = 3, LENGTH_MAX = 1 << 20, KEY_BYTES = 256 };

/* The full key of one option of the column; false: too long to be given. */
static bool full_key(char out[KEY_BYTES], struct text path, const char *name) {
    int n = snprintf(out, KEY_BYTES, "fields.%.*s.%s", TEXT_ARG(path), name);
    return n > 0 && n < KEY_BYTES;
}

static const struct option *given(const struct options *o, struct text path, const char *name) {
    char key[KEY_BYTES];
    return full_key(key, path, name) ? option_find(o, key) : NULL;
}

/* Which columns an option is for. */
struct use {
    const char *name;
    bool random, sequence; /* for columns made so */
    uint32_t types;        /* bits of enum type_id */
    const char *what;      /* the types, in words */
};

enum {
    NUMBERS = 1 << TYPE_BIGINT | 1 << TYPE_DOUBLE | 1 << TYPE_DECIMAL,
    RANGES = NUMBERS | 1 << TYPE_INTERVAL,
    LENGTHS = 1 << TYPE_TEXT | 1 << TYPE_BLOB | 1 << TYPE_ARRAY | 1 << TYPE_MAP,
    COUNTED = NUMBERS | 1 << TYPE_TEXT,
};

static const struct use uses[] = {
    {"kind", true, true, UINT32_MAX, ""},
    {"null-rate", true, true, UINT32_MAX, ""},
    {"min", true, false, RANGES, "BIGINT, DOUBLE, DECIMAL and INTERVAL"},
    {"max", true, false, RANGES, "BIGINT, DOUBLE, DECIMAL and INTERVAL"},
    {"length", true, false, LENGTHS, "TEXT, BLOB, ARRAY and MAP"},
    {"var-len", true, false, LENGTHS, "TEXT, BLOB, ARRAY and MAP"},
    {"max-past", true, false, 1 << TYPE_TIMESTAMP, "TIMESTAMP"},
    {"start", false, true, COUNTED, "BIGINT, DOUBLE, DECIMAL and TEXT"},
    {"end", false, true, COUNTED, "BIGINT, DOUBLE, DECIMAL and TEXT"},
};

/* Refuses options that would change nothing. */
static bool check_uses(const struct datagen *g, struct text path, const struct options *o,
                       struct err *e) {
    for (size_t i = 0; i < COUNT_OF(uses); i++) {
        const struct use *u = &uses[i];
        const struct option *f = given(o, path, u->name);
        if (!f) continue;
        if (!(u->types >> g->type->id & 1)) {
            option_error(f, e, "it is not for a column of type %s", type_name(g->type->id));
            return err_hint(e, "It is for %s.", u->what);
        }
        if (g->sequence ? u->sequence : u->random) continue;
        option_error(f, e, "it is not for %s values", g->sequence ? "counted" : "random");
        return err_hint(e, "It is for 'kind' = '%s'.", g->sequence ? "random" : "sequence");
    }
    return true;
}

/* A number in the units in which the type stores it. */
static bool read_number(const struct datagen *g, const struct option *o, int64_t *out,
                        struct err *e) {
    if (!o) return true;
    int128_t wide;
    if (g->type->id == TYPE_DECIMAL) {
        struct decimal_shape shape = {g->type->precision, g->type->scale};
        if (decimal_parse(o->value, shape, &wide) == PARSE_OK && wide == (int64_t)wide) {
            *out = (int64_t)wide;
            return true;
        }
    } else if (i64_parse(o->value, out) == PARSE_OK) {
        return true;
    }
    return option_error(o, e, "'%.*s' is no number of the column's type", TEXT_ARG(o->value));
}

static bool read_range(struct datagen *g, struct text path, const struct options *o,
                       struct err *e) {
    const struct option *min = given(o, path, "min"), *max = given(o, path, "max");
    if (g->type->id == TYPE_DOUBLE) {
        if (min && f64_parse(min->value, &g->least) != PARSE_OK) {
            return option_error(min, e, "'%.*s' is not a number", TEXT_ARG(min->value));
        }
        if (max && f64_parse(max->value, &g->most) != PARSE_OK) {
            return option_error(max, e, "'%.*s' is not a number", TEXT_ARG(max->value));
        }
    } else if (!read_number(g, min, &g->min, e) || !read_number(g, max, &g->max, e)) {
        return false;
    }
    if (g->min <= g->max && g->least <= g->most) return true;
    return option_error(max ? max : min, e, "the largest value is below the smallest");
}

static bool read_sequence(struct datagen *g, struct text path, const struct options *o,
                          struct err *e) {
    const struct option *kind = given(o, path, "kind");
    g->sequence = kind && text_equal_fold(kind->value, TEXT_LITERAL("sequence"));
    if (!g->sequence) return true;
    bool number = type_is_number(g->type) && g->type->id != TYPE_BOOLEAN;
    if (!number && g->type->id != TYPE_TEXT) {
        return option_error(kind, e, "there is no sequence of %s", type_name(g->type->id));
    }
    const struct option *start = given(o, path, "start"), *end = given(o, path, "end");
    if (!start || !end) return option_error(kind, e, "a sequence needs 'start' and 'end'");
    if (i64_parse(start->value, &g->start) != PARSE_OK) {
        return option_error(start, e, "'%.*s' is not an integer", TEXT_ARG(start->value));
    }
    if (i64_parse(end->value, &g->end) != PARSE_OK || g->end < g->start) {
        return option_error(end, e, "'%.*s' is no integer from 'start' on", TEXT_ARG(end->value));
    }
    return true;
}

static bool read_length(struct datagen *g, struct text path, const struct options *o,
                        struct err *e) {
    char key[KEY_BYTES];
    int64_t length = g->type->fields > 0 ? LIST_LENGTH : TEXT_LENGTH;
    if (full_key(key, path, "length") && !option_i64(o, key, &length, e)) return false;
    if (length < 0 || length > LENGTH_MAX) {
        return option_error(given(o, path, "length"), e, "a length is 0 to %d", LENGTH_MAX);
    }
    g->length = (uint32_t)length;
    return !full_key(key, path, "var-len") || option_bool(o, key, &g->var_length, e);
}

static void set_defaults(struct datagen *g) {
    g->min = INT64_MIN;
    g->max = INT64_MAX;
    g->most = 1.0;
    if (g->type->id == TYPE_INTERVAL) g->min = 0;
    if (g->type->id == TYPE_INTERVAL) g->max = DAY_US;
    if (g->type->id != TYPE_DECIMAL) return;
    uint32_t digits = g->type->precision < 18 ? g->type->precision : 18;
    g->max = (int64_t)decimal_power(digits) - 1;
    g->min = -g->max;
}

static bool read_null_rate(struct datagen *g, struct text path, const struct options *o,
                           struct err *e) {
    char key[KEY_BYTES];
    if (!full_key(key, path, "null-rate")) return true;
    if (!option_f64(o, key, &g->null_rate, e)) return false;
    if (g->null_rate >= 0 && g->null_rate <= 1) return true;
    const struct option *f = option_find(o, key);
    option_error(f, e, "%.*s is no share", TEXT_ARG(f->value));
    return err_hint(e, "It is 0 (never) to 1 (always).");
}

/* The name of part `i` in the path of options. */
static struct text part_name(const struct type *t, uint32_t i) {
    if (t->id == TYPE_ROW) return t->field[i].name;
    if (t->id == TYPE_ARRAY) return TEXT_LITERAL("element");
    return i == 0 ? TEXT_LITERAL("key") : TEXT_LITERAL("value");
}

static bool read_parts(struct datagen *g, struct text path, const struct options *o,
                       struct arena *a, struct err *e) {
    g->child = ARENA_ARRAY(a, g->child, g->type->fields + 1);
    if (!g->child) return err_memory(e);
    for (uint32_t i = 0; i < g->type->fields; i++) {
        struct text name = part_name(g->type, i);
        char *at = arena_alloc(a, (size_t)path.bytes + 1 + name.bytes);
        if (!at) return err_memory(e);
        memcpy(at, path.at, path.bytes);
        at[path.bytes] = '.';
        if (name.bytes > 0) memcpy(at + path.bytes + 1, name.at, name.bytes);
        struct text part = {.at = at, .bytes = path.bytes + 1 + name.bytes};
        if (!datagen_read(&g->child[i], g->type->field[i].type, part, o, a, e)) return false;
    }
    return true;
}

bool datagen_read(struct datagen *g, const struct type *type, struct text path,
                  const struct options *o, struct arena *a, struct err *e) {
    char key[KEY_BYTES];
    *g = (struct datagen){.type = type};
    if (type->id == TYPE_IMAGE) {
        return err_set(e, ERR_SQL, "0A000", "connector 'datagen' makes no IMAGE for \"%.*s\"",
                       TEXT_ARG(path));
    }
    set_defaults(g);
    if (!read_sequence(g, path, o, e) || !check_uses(g, path, o, e)) return false;
    if (!read_range(g, path, o, e) || !read_length(g, path, o, e)) return false;
    if (!read_null_rate(g, path, o, e)) return false;
    if (full_key(key, path, "max-past") && !option_duration(o, key, &g->past_us, e)) return false;
    return type->fields == 0 || read_parts(g, path, o, a, e);
}

/* The part of `t` that `rest` begins with, which is then behind it; NULL: none. */
static const struct type *part_begun(const struct type *t, struct text *rest) {
    for (uint32_t i = 0; i < t->fields; i++) {
        struct text name = part_name(t, i);
        if (rest->bytes <= name.bytes || rest->at[name.bytes] != '.') continue;
        if (memcmp(rest->at, name.at, name.bytes) != 0) continue;
        *rest = (struct text){rest->at + name.bytes + 1, rest->bytes - name.bytes - 1};
        return t->field[i].type;
    }
    return NULL;
}

bool datagen_names(const struct type *type, struct text rest) {
    while (type) {
        for (size_t i = 0; i < COUNT_OF(uses); i++) {
            if (text_equal(rest, text_of(uses[i].name))) return true;
        }
        type = part_begun(type, &rest);
    }
    return false;
}

static int64_t between(struct seeded *s, int64_t min, int64_t max) {
    uint64_t range = (uint64_t)max - (uint64_t)min;
    uint64_t offset = range == UINT64_MAX ? seeded_next(s) : seeded_below(s, range + 1);
    return (int64_t)((uint64_t)min + offset);
}

static uint32_t some_length(const struct datagen *g, struct seeded *s) {
    if (!g->var_length || g->length < 2) return g->length;
    return 1 + (uint32_t)seeded_below(s, g->length);
}

/* Hexadecimal digits as text, any bytes as a BLOB. */
static void make_bytes(const struct datagen *g, struct seeded *s, struct column_builder *b) {
    static const char digits[] = "0123456789abcdef";
    uint32_t length = some_length(g, s);
    char *at = arena_alloc(b->arena, length + 16);
    if (!at) {
        b->failed = true;
        return;
    }
    uint64_t bits = 0;
    for (uint32_t i = 0; i < length; i++) {
        if (i % 8 == 0) bits = seeded_next(s);
        at[i] = g->type->id == TYPE_TEXT ? digits[bits & 15] : (char)bits;
        bits >>= 8;
    }
    builder_text(b, (struct text){.at = at, .bytes = length});
}

static int64_t make_i64(const struct datagen *g, const struct datagen_row *row) {
    int64_t now = row->now_us;
    switch (g->type->id) {
    case TYPE_TIMESTAMP:
        if (g->past_us > 0) now -= between(row->random, 0, g->past_us);
        return timestamp_floor(now, g->type->precision);
    case TYPE_DATE: return time_floor_div(now, DAY_US);
    case TYPE_TIME: return now - time_floor_div(now, DAY_US) * DAY_US;
    case TYPE_BIGINT:
    case TYPE_INTERVAL: return between(row->random, g->min, g->max);
    case TYPE_NULL:
    case TYPE_BOOLEAN:
    case TYPE_DOUBLE:
    case TYPE_DECIMAL:
    case TYPE_TEXT:
    case TYPE_BLOB:
    case TYPE_ROW:
    case TYPE_ARRAY:
    case TYPE_MAP:
    case TYPE_TENSOR:
    case TYPE_IMAGE:
    case TYPE_COUNT: break;
    }
    assert(false);
    return 0;
}

static void make_tensor(const struct datagen *g, struct seeded *s, struct column_builder *b) {
    const struct type *t = g->type;
    uint32_t *dim = arena_alloc(b->arena, (t->dims + 1) * sizeof *dim);
    size_t count = 1;
    for (uint32_t i = 0; dim && i < t->dims; i++) {
        dim[i] = t->dim[i] == DIM_ANY ? LIST_LENGTH : t->dim[i];
        count *= dim[i];
    }
    float *at = dim ? arena_alloc(b->arena, (count + 1) * sizeof *at) : NULL;
    if (!at) {
        b->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++) at[i] = (float)seeded_unit(s);
    builder_tensor(b, (struct tensor){.at = at, .dim = dim});
}

static void make_list(const struct datagen *g, const struct datagen_row *row,
                      struct column_builder *b) {
    uint32_t length = some_length(g, row->random);
    for (uint32_t i = 0; i < length && !b->failed; i++) {
        for (uint32_t f = 0; f < g->type->fields; f++) {
            datagen_value(&g->child[f], row, &b->child[f]);
        }
    }
    builder_span(b, length);
}

static void make_counted(const struct datagen *g, uint64_t number, struct column_builder *b) {
    int64_t v = (int64_t)((uint64_t)g->start + number);
    if (g->type->id == TYPE_BIGINT) {
        builder_i64(b, v);
    } else if (g->type->id == TYPE_DOUBLE) {
        builder_f64(b, (double)v);
    } else if (g->type->id == TYPE_DECIMAL) {
        builder_i128(b, v * decimal_power(g->type->scale));
    } else {
        char digits[I64_TEXT_MAX];
        uint32_t n = i64_print(digits, v);
        builder_text_copy(b, (struct text){.at = digits, .bytes = n});
    }
}

void datagen_value(const struct datagen *g, const struct datagen_row *row,
                   struct column_builder *b) {
    struct seeded *s = row->random;
    if (g->null_rate > 0 && seeded_unit(s) < g->null_rate) {
        builder_null(b);
        return;
    }
    if (g->sequence) {
        make_counted(g, row->number, b);
        return;
    }
    switch (type_rep(g->type)) {
    case REP_B8:
        for (uint32_t f = 0; f < g->type->fields; f++) {
            datagen_value(&g->child[f], row, &b->child[f]);
        }
        builder_b8(b, g->type->fields > 0 || seeded_next(s) >> 63);
        return;
    case REP_I64: builder_i64(b, make_i64(g, row)); return;
    case REP_F64: builder_f64(b, g->least + (g->most - g->least) * seeded_unit(s)); return;
    case REP_I128: builder_i128(b, between(s, g->min, g->max)); return;
    case REP_TEXT: make_bytes(g, s, b); return;
    case REP_SPAN: make_list(g, row, b); return;
    case REP_TENSOR: make_tensor(g, s, b); return;
    case REP_COUNT: break;
    }
    assert(false);
}

uint64_t datagen_rows(const struct datagen *g) {
    return g->sequence ? (uint64_t)g->end - (uint64_t)g->start + 1 : UINT64_MAX;
}
