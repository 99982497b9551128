/* codec_probe_make.c: schemas from text, and random batches: see codec_probe.h. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/base/decimal.h"
#include "engine/base/time.h"
#include "tests/unit/edge/codec_probe.h"

enum { FIELDS_MAX = 64, LIST_MAX = 4 };

/* ---- schemas: a reader of types by recursive descent */

struct type_text {
    const char *at;
    struct arena *arena;
};

static void skip_space(struct type_text *t) {
    while (isspace((unsigned char)*t->at)) t->at++;
}

static bool take(struct type_text *t, const char *word) {
    skip_space(t);
    size_t n = strlen(word);
    if (strncmp(t->at, word, n) != 0) return false;
    if (isalpha((unsigned char)word[0]) && isalnum((unsigned char)t->at[n])) return false;
    t->at += n;
    return true;
}

static void want(struct type_text *t, const char *word) {
    if (!take(t, word)) fail_msg("expected %s at %s", word, t->at);
}

static uint32_t number(struct type_text *t) {
    skip_space(t);
    if (*t->at == '*') {
        t->at++;
        return DIM_ANY;
    }
    char *end;
    uint32_t v = (uint32_t)strtoul(t->at, &end, 10);
    t->at = end;
    return v;
}

static const struct type *read_type(struct type_text *t);

static uint32_t read_fields(struct type_text *t, struct field *f) {
    uint32_t n = 0;
    do {
        skip_space(t);
        const char *start = t->at;
        while (*t->at && !isspace((unsigned char)*t->at)) t->at++;
        char *name = arena_copy(t->arena, start, (size_t)(t->at - start));
        f[n].name = text_of(name);
        f[n].type = read_type(t);
        f[n].not_null = take(t, "NOT");
        if (f[n].not_null) want(t, "NULL");
        n++;
    } while (take(t, ","));
    return n;
}

static const struct type *read_parameters(struct type_text *t, bool decimal) {
    uint32_t v[8] = {0}, n = 0;
    want(t, "(");
    do v[n++] = number(t);
    while (take(t, ","));
    want(t, ")");
    return decimal ? type_decimal(t->arena, v[0], v[1]) : type_tensor(t->arena, n, v);
}

static const struct type *read_type(struct type_text *t) {
    static const struct {
        const char *word;
        const struct type *type;
    } simple[] = {
        {"BIGINT", &type_bigint},        {"TEXT", &type_text},   {"DOUBLE", &type_double},
        {"BOOLEAN", &type_boolean},      {"BLOB", &type_blob},   {"TIMESTAMP3", &type_timestamp3},
        {"TIMESTAMP", &type_timestamp6}, {"DATE", &type_date},   {"TIME", &type_time},
        {"INTERVAL", &type_interval},    {"IMAGE", &type_image},
    };
    for (uint32_t i = 0; i < COUNT_OF(simple); i++) {
        if (take(t, simple[i].word)) return simple[i].type;
    }
    if (take(t, "DECIMAL")) return read_parameters(t, true);
    if (take(t, "TENSOR")) return read_parameters(t, false);
    const struct type *type = NULL;
    if (take(t, "ARRAY")) {
        want(t, "<");
        type = type_array(t->arena, read_type(t));
    } else if (take(t, "MAP")) {
        want(t, "<");
        const struct type *key = read_type(t);
        want(t, ",");
        type = type_map(t->arena, key, read_type(t));
    } else {
        struct field f[FIELDS_MAX];
        want(t, "ROW");
        want(t, "<");
        uint32_t n = read_fields(t, f);
        type = type_row(t->arena, n, f);
    }
    want(t, ">");
    return type;
}

const struct schema *probe_schema(struct arena *a, const char *columns) {
    struct type_text t = {.at = columns, .arena = a};
    struct field *f = ARENA_ARRAY(a, f, FIELDS_MAX);
    struct schema *s = ARENA_NEW(a, s);
    s->cols = read_fields(&t, f);
    s->col = f;
    assert_int_equal(*t.at, '\0');
    return s;
}

/* ---- values */

static struct text random_text(struct random *r, struct arena *a) {
    static const char *const pieces[] = {
        "a",           "Z",    " ", "\"", "\\",   "\n",  "\r",
        "\t",          "\x01", ",", "/",  "é",    "€",   "😀",
        "null",        "x y",  "0", "{}", "\x7f", "[1]", "abcdefghijklmnop",
        "\xED\x9F\xBF"};
    uint32_t n = (uint32_t)(random_spread(r) % 40);
    struct buf b;
    buf_init(&b);
    for (uint32_t i = 0; i < n; i++) {
        if (random_below(r, 40) == 0)
            buf_add_char(&b, '\0');
        else
            buf_add_str(&b, pieces[random_below(r, COUNT_OF(pieces))]);
    }
    struct text t = {.at = arena_copy(a, b.at ? b.at : "", b.bytes), .bytes = (uint32_t)b.bytes};
    buf_done(&b);
    return t;
}

static struct text random_bytes(struct random *r, struct arena *a) {
    uint32_t n = (uint32_t)(random_spread(r) % 200);
    char *at = arena_alloc(a, n + 1);
    for (uint32_t i = 0; i < n; i++) at[i] = (char)random_u64(r);
    return (struct text){.at = at, .bytes = n};
}

static int64_t random_i64(struct random *r) {
    uint64_t v = random_spread(r);
    return (int64_t)(random_below(r, 2) ? v : 0 - v);
}

static int64_t random_between(struct random *r, int64_t from, int64_t to) {
    return from + (int64_t)random_below(r, (uint64_t)(to - from) + 1);
}

static int128_t random_decimal(struct random *r, uint32_t precision) {
    int128_t v =
        (int128_t)(((uint128_t)random_u64(r) << 64 | random_u64(r)) >> (1 + random_below(r, 126)));
    v %= decimal_power(precision);
    return random_below(r, 2) ? v : -v;
}

static void random_value(struct random *r, struct column_builder *b, bool not_null);

static void random_tensor(struct random *r, struct column_builder *b) {
    const struct type *t = b->type;
    uint32_t *dim = arena_alloc(b->arena, t->dims * sizeof *dim);
    size_t count = 1;
    for (uint32_t i = 0; i < t->dims; i++) {
        dim[i] = t->dim[i] != DIM_ANY ? t->dim[i] : (uint32_t)random_below(r, 4) + 1;
        count *= dim[i];
    }
    float *at = arena_alloc(b->arena, count * sizeof *at);
    for (size_t i = 0; i < count; i++) {
        do {
            uint32_t bits = (uint32_t)random_u64(r);
            memcpy(&at[i], &bits, sizeof bits);
            if (random_below(r, 2)) at[i] = (float)random_i64(r);
        } while (at[i] - at[i] != 0);
    }
    builder_tensor(b, (struct tensor){.at = at, .dim = dim});
}

/* Map keys differ, as those of an object do. */
static void random_list(struct random *r, struct column_builder *b) {
    uint32_t count = (uint32_t)random_below(r, LIST_MAX);
    for (uint32_t i = 0; i < count; i++) {
        if (b->type->id == TYPE_MAP) {
            char key[32];
            int n = snprintf(key, sizeof key, "%u\"k%u", i, (unsigned)random_below(r, 100));
            if (b->child[0].type->id == TYPE_TEXT)
                builder_text_copy(&b->child[0], (struct text){.at = key, .bytes = (uint32_t)n});
            else
                builder_i64(&b->child[0], i);
        } else {
            random_value(r, &b->child[0], false);
        }
        if (b->type->id == TYPE_MAP) random_value(r, &b->child[1], false);
    }
    builder_span(b, count);
}

static void random_scalar(struct random *r, struct column_builder *b) {
    const int64_t year_9999_us = INT64_C(253402300799999999),
                  year_0_us = INT64_C(-62167219200000000);
    int64_t us = random_between(r, year_0_us, year_9999_us);
    switch (b->type->id) {
    case TYPE_BOOLEAN: builder_b8(b, random_below(r, 2) != 0); return;
    case TYPE_BIGINT: builder_i64(b, random_i64(r)); return;
    case TYPE_DOUBLE:
        builder_f64(b, random_below(r, 2) ? random_f64(r) : (double)random_i64(r) / 1000);
        return;
    case TYPE_DECIMAL: builder_i128(b, random_decimal(r, b->type->precision)); return;
    case TYPE_TEXT: builder_text(b, random_text(r, b->arena)); return;
    case TYPE_BLOB:
    case TYPE_IMAGE: builder_text(b, random_bytes(r, b->arena)); return;
    case TYPE_TIMESTAMP: builder_i64(b, timestamp_floor(us, b->type->precision)); return;
    case TYPE_DATE: builder_i64(b, time_floor_div(us, DAY_US)); return;
    case TYPE_TIME: builder_i64(b, random_between(r, 0, DAY_US - 1)); return;
    case TYPE_INTERVAL: builder_i64(b, random_i64(r) / 1000); return;
    case TYPE_NULL:
    case TYPE_ROW:
    case TYPE_ARRAY:
    case TYPE_MAP:
    case TYPE_TENSOR:
    case TYPE_COUNT: break;
    }
    fail_msg("no scalar: %s", type_name(b->type->id));
}

static void random_value(struct random *r, struct column_builder *b, bool not_null) {
    if (!not_null && random_below(r, 6) == 0) {
        builder_null(b);
    } else if (b->type->id == TYPE_ROW) {
        for (uint32_t i = 0; i < b->type->fields; i++)
            random_value(r, &b->child[i], b->type->field[i].not_null);
        builder_row(b);
    } else if (b->type->id == TYPE_ARRAY || b->type->id == TYPE_MAP) {
        random_list(r, b);
    } else if (b->type->id == TYPE_TENSOR) {
        random_tensor(r, b);
    } else {
        random_scalar(r, b);
    }
}

void probe_random_batch(struct random *r, struct arena *a, const struct schema *schema,
                        uint32_t rows, struct batch *out) {
    struct column *col = ARENA_ARRAY(a, col, schema->cols);
    for (uint32_t c = 0; c < schema->cols; c++) {
        struct column_builder b;
        assert_true(builder_init(&b, a, schema->col[c].type, rows));
        for (uint32_t i = 0; i < rows; i++) random_value(r, &b, schema->col[c].not_null);
        assert_true(builder_column(&b, &col[c]));
    }
    *out = (struct batch){.schema = schema, .col = col, .rows = rows, .live = rows};
}
