/* codec_json_encode.c: one JSON object a row: the keys are rendered once, values by a table.
 *
 * Text is copied 16 bytes at a time while it is looked through for what must be escaped.
 */
#include "engine/edge/codec_json_encode.h"

#include <assert.h>
#include <immintrin.h>
#include <stdlib.h>

#include "engine/base/decimal.h"
#include "engine/base/number.h"
#include "engine/base/time.h"
#include "engine/edge/codec_options.h"

enum { ESCAPE_MAX = 6, COPY_BYTES = 16 };

typedef void value_writer(struct buf *out, const struct column *c, uint32_t row);

/* 'timestamp-format.standard': what stands between date and time. */
enum json_time { JSON_TIME_SQL, JSON_TIME_ISO };

struct encoder {
    const struct schema *schema;
    bool changes;
    struct text *key; /* [cols] what stands before the value: {"a": or ,"b": */
    struct buf keys;
    enum json_time time;
};

const char *change_word(int8_t kind) {
    static const char *const words[] = {"+I", "-U", "+U", "-D"};
    assert(kind >= 0 && (size_t)kind < COUNT_OF(words));
    return words[kind];
}

/* ---- text */

/* Which of 16 bytes must be escaped. */
static uint32_t escape_mask(__m128i v) {
    const __m128i control = _mm_set1_epi8(0x1F);
    __m128i stop =
        _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
    stop = _mm_or_si128(stop, _mm_cmpeq_epi8(_mm_max_epu8(v, control), control));
    return (uint32_t)_mm_movemask_epi8(stop);
}

static uint32_t escape_write(char *to, char c) {
    static const char hex[] = "0123456789abcdef";
    static const char shorts[] = "btn\0fr"; /* of 8, 9, 10, 12, 13 */
    unsigned char u = (unsigned char)c;
    to[0] = '\\';
    if (c == '"' || c == '\\') {
        to[1] = c;
        return 2;
    }
    if (u >= 8 && u <= 13 && u != 11) {
        to[1] = shorts[u - 8];
        return 2;
    }
    memcpy(to + 1, "u00", 3);
    to[4] = hex[u >> 4];
    to[5] = hex[u & 15];
    return ESCAPE_MAX;
}

/* Copies up to 16 bytes, to the first that must be escaped; returns how many. Room for 16. */
static uint32_t copy_plain(char *to, const char *from, size_t left) {
    uint32_t n = left < COPY_BYTES ? (uint32_t)left : COPY_BYTES;
    __m128i v;
    if (likely(left >= COPY_BYTES)) {
        v = _mm_loadu_si128((const __m128i *)(const void *)from);
    } else {
        char tail[COPY_BYTES] = {0};
        memcpy(tail, from, n);
        v = _mm_loadu_si128((const __m128i *)(const void *)tail);
    }
    _mm_storeu_si128((__m128i *)(void *)to, v);
    uint32_t stop = escape_mask(v) | UINT32_C(1) << n;
    return (uint32_t)__builtin_ctz(stop);
}

void json_put_text(struct buf *out, struct text t) {
    const char *from = t.at, *end = t.at + t.bytes;
    if (!buf_reserve(out, (size_t)t.bytes + 2 + COPY_BYTES)) return;
    out->at[out->bytes++] = '"';
    while (from < end) {
        uint32_t n = copy_plain(out->at + out->bytes, from, (size_t)(end - from));
        out->bytes += n;
        from += n;
        if (likely(n == COPY_BYTES || from == end)) continue;
        out->bytes += escape_write(out->at + out->bytes, *from++);
        if (!buf_reserve(out, (size_t)(end - from) + ESCAPE_MAX + 2 + COPY_BYTES)) return;
    }
    out->at[out->bytes++] = '"';
}

void json_put_base64(struct buf *out, struct text t) {
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (!buf_reserve(out, ((size_t)t.bytes + 2) / 3 * 4)) return;
    char *to = out->at + out->bytes;
    uint32_t i = 0;
    for (; i + 3 <= t.bytes; i += 3, to += 4) {
        const unsigned char *at = (const unsigned char *)t.at + i;
        uint32_t bits = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
        for (int c = 0; c < 4; c++) to[c] = alphabet[bits >> (18 - 6 * c) & 63];
    }
    if (i < t.bytes) {
        uint32_t left = t.bytes - i;
        uint32_t bits = (uint32_t)(unsigned char)t.at[i] << 16;
        if (left == 2) bits |= (uint32_t)(unsigned char)t.at[i + 1] << 8;
        to[0] = alphabet[bits >> 18 & 63];
        to[1] = alphabet[bits >> 12 & 63];
        to[2] = left == 2 ? alphabet[bits >> 6 & 63] : '=';
        to[3] = '=';
        to += 4;
    }
    out->bytes = (size_t)(to - out->at);
}

/* Columns of images come as PNG; inside lists and rows they are what they are. */
static const char *image_kind(struct text t) {
    static const struct {
        const char *begin, *kind;
    } kinds[] = {{"\xFF\xD8\xFF", "jpeg"}, {"BM", "bmp"}};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        size_t bytes = strlen(kinds[i].begin);
        if (t.bytes >= bytes && memcmp(t.at, kinds[i].begin, bytes) == 0) return kinds[i].kind;
    }
    bool portable = t.bytes >= 2 && t.at[0] == 'P' && t.at[1] >= '1' && t.at[1] <= '7';
    return portable ? "x-portable-anymap" : "png";
}

void json_put_data_uri(struct buf *out, struct text t) {
    buf_add_str(out, "data:image/");
    buf_add_str(out, image_kind(t));
    buf_add_str(out, ";base64,");
    json_put_base64(out, t);
}

/* ---- one writer a type; the value is not NULL */

static void put_null(struct buf *out, const struct column *c, uint32_t row) {
    (void)c;
    (void)row;
    buf_add(out, "null", 4);
}

static void put_boolean(struct buf *out, const struct column *c, uint32_t row) {
    buf_add_str(out, c->as.b8[row] ? "true" : "false");
}

static void put_bigint(struct buf *out, const struct column *c, uint32_t row) {
    if (!buf_reserve(out, I64_TEXT_MAX)) return;
    out->bytes += i64_print(out->at + out->bytes, c->as.i64[row]);
}

static void put_f64(struct buf *out, double v) {
    if (v - v != 0) {
        buf_add(out, "null", 4);
        return;
    }
    if (!buf_reserve(out, F64_TEXT_MAX)) return;
    out->bytes += f64_print(out->at + out->bytes, v);
}

static void put_double(struct buf *out, const struct column *c, uint32_t row) {
    put_f64(out, c->as.f64[row]);
}

static void put_decimal(struct buf *out, const struct column *c, uint32_t row) {
    if (!buf_reserve(out, DECIMAL_TEXT_MAX)) return;
    struct decimal d = {.value = c->as.i128[row], .scale = c->type->scale};
    out->bytes += decimal_print(out->at + out->bytes, d);
}

static void put_text(struct buf *out, const struct column *c, uint32_t row) {
    json_put_text(out, c->as.text[row]);
}

static void put_blob(struct buf *out, const struct column *c, uint32_t row) {
    buf_add_char(out, '"');
    if (c->type->id == TYPE_IMAGE)
        json_put_data_uri(out, c->as.text[row]);
    else
        json_put_base64(out, c->as.text[row]);
    buf_add_char(out, '"');
}

static void put_timestamp(struct buf *out, const struct column *c, uint32_t row) {
    if (!buf_reserve(out, TIMESTAMP_TEXT_MAX + 2)) return;
    out->at[out->bytes++] = '"';
    out->bytes += timestamp_print(out->at + out->bytes, c->as.i64[row], c->type->precision);
    out->at[out->bytes++] = '"';
}

static void put_date(struct buf *out, const struct column *c, uint32_t row) {
    if (!buf_reserve(out, DATE_TEXT_MAX + 2)) return;
    out->at[out->bytes++] = '"';
    out->bytes += date_print(out->at + out->bytes, c->as.i64[row]);
    out->at[out->bytes++] = '"';
}

static void put_time(struct buf *out, const struct column *c, uint32_t row) {
    if (!buf_reserve(out, TIME_TEXT_MAX + 2)) return;
    out->at[out->bytes++] = '"';
    out->bytes += time_print(out->at + out->bytes, c->as.i64[row]);
    out->at[out->bytes++] = '"';
}

static void put_interval(struct buf *out, const struct column *c, uint32_t row) {
    if (!buf_reserve(out, INTERVAL_TEXT_MAX + 2)) return;
    out->at[out->bytes++] = '"';
    out->bytes += interval_print(out->at + out->bytes, c->as.i64[row]);
    out->at[out->bytes++] = '"';
}

/* ---- nested values; recursion is bounded by TYPE_NESTING_MAX */

static void put_any(struct buf *out, const struct column *c, uint32_t row, enum json_time time);

static void put_row(struct buf *out, const struct column *c, uint32_t row, enum json_time time) {
    buf_add_char(out, '{');
    for (uint32_t i = 0; i < c->type->fields; i++) {
        if (i > 0) buf_add_char(out, ',');
        json_put_text(out, c->type->field[i].name);
        buf_add_char(out, ':');
        put_any(out, &c->child[i], row, time);
    }
    buf_add_char(out, '}');
}

static void put_array(struct buf *out, const struct column *c, uint32_t row, enum json_time time) {
    struct span s = c->as.span[row];
    buf_add_char(out, '[');
    for (uint32_t i = 0; i < s.count; i++) {
        if (i > 0) buf_add_char(out, ',');
        put_any(out, &c->child[0], s.first + i, time);
    }
    buf_add_char(out, ']');
}

/* A key is a string whatever its type. */
static void put_key(struct buf *out, const struct column *key, uint32_t row, enum json_time time) {
    size_t start = out->bytes;
    if (key->type->fields > 0 || key->type->id == TYPE_TENSOR) {
        struct buf text;
        buf_init(&text);
        put_any(&text, key, row, time);
        json_put_text(out, buf_text(&text));
        out->failed |= text.failed;
        buf_done(&text);
        return;
    }
    buf_add_char(out, '"');
    put_any(out, key, row, time);
    if (out->failed) return;
    if (out->at[start + 1] == '"') {
        memmove(out->at + start, out->at + start + 1, out->bytes - start - 1);
        out->bytes--;
    } else {
        buf_add_char(out, '"');
    }
}

static void put_map(struct buf *out, const struct column *c, uint32_t row, enum json_time time) {
    struct span s = c->as.span[row];
    buf_add_char(out, '{');
    for (uint32_t i = 0; i < s.count; i++) {
        if (i > 0) buf_add_char(out, ',');
        put_key(out, &c->child[0], s.first + i, time);
        buf_add_char(out, ':');
        put_any(out, &c->child[1], s.first + i, time);
    }
    buf_add_char(out, '}');
}

/* The decimal with the fewest digits that a reader of float32 takes for `v`. */
static double shortest_for_float(float v) {
    double wide = (double)v;
    struct f64_decimal d = f64_shortest(wide);
    uint64_t scale = 1;
    int32_t digits = 0;
    for (uint64_t rest = d.digits; rest > 0; rest /= 10) digits++;
    for (int32_t i = digits; i > 6; i--) scale *= 10;
    for (int32_t keep = 6; scale > 1 && keep <= 9; keep++, scale /= 10) {
        int32_t exponent = d.exponent + (digits > keep ? digits - keep : 0);
        double short_one = f64_from_digits((d.digits + scale / 2) / scale, exponent);
        if (wide < 0) short_one = -short_one;
        if ((float)short_one == v) return short_one;
    }
    return wide;
}

static void put_float(struct buf *out, float v) {
    if (v - v != 0)
        buf_add(out, "null", 4);
    else
        put_f64(out, shortest_for_float(v));
}

/* The lists of dimension `d` and below; returns the number that comes next. */
static const float *put_level(struct buf *out, const struct tensor *t, uint32_t dims, uint32_t d,
                              const float *at) {
    buf_add_char(out, '[');
    for (uint32_t i = 0; i < t->dim[d]; i++) {
        if (i > 0) buf_add_char(out, ',');
        if (d + 1 < dims)
            at = put_level(out, t, dims, d + 1, at);
        else
            put_float(out, *at++);
    }
    buf_add_char(out, ']');
    return at;
}

static void put_tensor(struct buf *out, const struct column *c, uint32_t row) {
    const struct tensor *t = &c->as.tensor[row];
    assert(c->type->dims > 0);
    put_level(out, t, c->type->dims, 0, t->at);
}

static value_writer *const writers[TYPE_COUNT] = {
    [TYPE_NULL] = put_null,     [TYPE_BOOLEAN] = put_boolean,     [TYPE_BIGINT] = put_bigint,
    [TYPE_DOUBLE] = put_double, [TYPE_DECIMAL] = put_decimal,     [TYPE_TEXT] = put_text,
    [TYPE_BLOB] = put_blob,     [TYPE_TIMESTAMP] = put_timestamp, [TYPE_DATE] = put_date,
    [TYPE_TIME] = put_time,     [TYPE_INTERVAL] = put_interval,   [TYPE_TENSOR] = put_tensor,
    [TYPE_IMAGE] = put_blob,
};

typedef void nested_writer(struct buf *out, const struct column *c, uint32_t row,
                           enum json_time time);

static nested_writer *const nested_writers[TYPE_COUNT] = {
    [TYPE_ROW] = put_row,
    [TYPE_ARRAY] = put_array,
    [TYPE_MAP] = put_map,
};

static void put_any(struct buf *out, const struct column *c, uint32_t row, enum json_time time) {
    enum type_id id = c->type->id;
    size_t start = out->bytes;
    if (!column_has(c, row)) {
        buf_add(out, "null", 4);
        return;
    }
    if (nested_writers[id]) {
        nested_writers[id](out, c, row, time);
        return;
    }
    writers[id](out, c, row);
    if (id != TYPE_TIMESTAMP || time != JSON_TIME_ISO || out->failed) return;
    char *blank = memchr(out->at + start, ' ', out->bytes - start);
    if (blank) *blank = 'T';
}

void json_put_value(struct buf *out, const struct column *c, uint32_t row) {
    put_any(out, c, row, JSON_TIME_SQL);
}

/* ---- rows */

/* The text before each value, rendered once. */
static bool keys_render(struct encoder *c) {
    uint32_t *at = calloc((size_t)c->schema->cols + 1, sizeof *at);
    if (!at) return false;
    for (uint32_t i = 0; i < c->schema->cols; i++) {
        at[i] = (uint32_t)c->keys.bytes;
        buf_add_char(&c->keys, i == 0 && !c->changes ? '{' : ',');
        json_put_text(&c->keys, c->schema->col[i].name);
        buf_add_char(&c->keys, ':');
    }
    at[c->schema->cols] = (uint32_t)c->keys.bytes;
    for (uint32_t i = 0; i < c->schema->cols; i++) {
        c->key[i] = (struct text){.at = c->keys.at + at[i], .bytes = at[i + 1] - at[i]};
    }
    free(at);
    return !c->keys.failed;
}

struct encoder *json_encoder_create(const struct schema *schema, const struct options *options,
                                    bool changes, struct err *e) {
    const struct codec_ask ask = {.format = "json", .row = json_option_rows, .given = options};
    assert(schema && schema->cols > 0);
    static const char *const standards[] = {"SQL", "ISO-8601", NULL};
    uint32_t time = JSON_TIME_SQL;
    if (!codec_option_check(&ask, e)) return NULL;
    if (!codec_option_word(&ask, "timestamp-format.standard", standards, &time, e)) return NULL;
    struct encoder *c = calloc(1, sizeof *c);
    if (!c) goto fail;
    c->schema = schema;
    c->changes = changes;
    c->time = (enum json_time)time;
    buf_init(&c->keys);
    c->key = calloc(schema->cols, sizeof *c->key);
    if (!c->key || !keys_render(c)) goto fail;
    return c;

fail:
    json_encoder_destroy(c);
    err_memory(e);
    return NULL;
}

bool json_encode_begin(struct encoder *c, struct buf *out, struct err *e) {
    (void)c;
    (void)out;
    (void)e;
    return true;
}

static void put_op(struct buf *out, int8_t kind) {
    buf_add_str(out, "{\"op\":\"");
    buf_add(out, change_word(kind), 2);
    buf_add_char(out, '"');
}

bool json_encode(struct encoder *c, const struct batch *b, struct buf *out, struct err *e) {
    for (uint32_t i = 0; i < b->live; i++) {
        uint32_t row = batch_row(b, i);
        if (c->changes) put_op(out, batch_change(b, row));
        for (uint32_t col = 0; col < c->schema->cols; col++) {
            buf_add_text(out, c->key[col]);
            put_any(out, &b->col[col], row, c->time);
        }
        buf_add(out, "}\n", 2);
    }
    return !out->failed || err_memory(e);
}

void json_encoder_destroy(struct encoder *c) {
    if (!c) return;
    buf_done(&c->keys);
    free(c->key);
    free(c);
}
