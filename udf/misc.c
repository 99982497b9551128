/* misc.c: functions about values as such: their type, planner hints, bytes in hexadecimal. */
#include "udf/each.h"
#include "udf/table.h"

/* SQLite's words for the types that it has; a BOOLEAN is an integer there. */
static const char *const type_words[TYPE_COUNT] = {
    [TYPE_NULL] = "null",         [TYPE_BOOLEAN] = "integer",
    [TYPE_BIGINT] = "integer",    [TYPE_DOUBLE] = "real",
    [TYPE_DECIMAL] = "decimal",   [TYPE_TEXT] = "text",
    [TYPE_BLOB] = "blob",         [TYPE_TIMESTAMP] = "timestamp",
    [TYPE_DATE] = "date",         [TYPE_TIME] = "time",
    [TYPE_INTERVAL] = "interval", [TYPE_ROW] = "row",
    [TYPE_ARRAY] = "array",       [TYPE_MAP] = "map",
    [TYPE_TENSOR] = "tensor",     [TYPE_IMAGE] = "image",
};

static bool typeof_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    enum type_id id = arg_has(c, 0, row) ? c->arg[0].type->id : TYPE_NULL;
    out->as.text[row] = text_of(type_words[id]);
    return true;
}
DEFINE_EACH(typeof)

/* The value itself. */
static bool same_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    (void)e;
    memcpy(out->as.any, c->arg[0].as.any, c->rows * rep_bytes(type_rep(c->type)));
    out->child = c->arg[0].child;
    return true;
}

static int32_t hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    char l = (char)(c | 0x20);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

/* NULL where the text is no even number of hexadecimal digits. */
static bool unhex_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    struct text t = arg_text(c, 0, row);
    if (t.bytes % 2) return row_null(out, row);
    char *to = arena_alloc(c->arena, t.bytes / 2);
    if (!to) return false;
    for (uint32_t i = 0; i < t.bytes; i += 2) {
        int32_t high = hex_digit(t.at[i]), low = hex_digit(t.at[i + 1]);
        if (high < 0 || low < 0) return row_null(out, row);
        to[i / 2] = (char)(high << 4 | low);
    }
    out->as.text[row] = (struct text){to, t.bytes / 2};
    return true;
}
DEFINE_EACH(unhex)

static bool hex_blob_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    static const char digit[] = "0123456789ABCDEF";
    struct text t = arg_text(c, 0, row);
    char *to = arena_alloc(c->arena, (size_t)t.bytes * 2);
    if (!to) return false;
    for (uint32_t i = 0; i < t.bytes; i++) {
        unsigned char byte = (unsigned char)t.at[i];
        to[2 * i] = digit[byte >> 4];
        to[2 * i + 1] = digit[byte & 15];
    }
    out->as.text[row] = (struct text){to, t.bytes * 2};
    return true;
}
DEFINE_EACH(hex_blob)

static const struct type *type_of_first(const struct fn_bind *b, struct err *e) {
    (void)e;
    return b->arg_type[0];
}

static const struct fn table[] = {
    {.name = "typeof",
     .sig = "typeof(ANY) TEXT",
     .doc = "null, integer, real, text or blob, as in SQLite; decimal, timestamp .. for the others",
     .example = "typeof(1.5) = 'decimal'",
     .call = typeof_call},
    {.name = "likely",
     .sig = "likely(T) T",
     .doc = "the value itself",
     .example = "likely(1) = 1",
     .flags = FN_STRICT,
     .type = type_of_first,
     .call = same_call},
    {.name = "unlikely",
     .sig = "unlikely(T) T",
     .doc = "the value itself",
     .example = "unlikely(1) = 1",
     .flags = FN_STRICT,
     .type = type_of_first,
     .call = same_call},
    {.name = "likelihood",
     .sig = "likelihood(T, DOUBLE) T",
     .doc = "the first value itself",
     .example = "likelihood(1, 0.5) = 1",
     .flags = FN_STRICT,
     .type = type_of_first,
     .call = same_call},
    {.name = "hex",
     .sig = "hex(BLOB) TEXT",
     .doc = "the bytes in hexadecimal",
     .example = "hex(x'0aff') = '0AFF'",
     .flags = FN_STRICT,
     .call = hex_blob_call},
    {.name = "unhex",
     .sig = "unhex(TEXT) BLOB",
     .doc = "the bytes that hexadecimal digits stand for; NULL for other text",
     .example = "unhex('0aff') = x'0aff'",
     .flags = FN_STRICT,
     .call = unhex_call},
};

const struct fn_table fn_misc = {table, COUNT_OF(table)};
