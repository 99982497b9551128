/* cast_json.c: values as JSON text, in the forms of the ndjson output: DOUBLE with the fewest
 * digits that read back the same, NaN and infinities as null, time types as text, BLOB as base64,
 * ROW and MAP as objects, ARRAY and TENSOR as arrays. Depth is bounded by TYPE_NESTING_MAX.
 */
#include <assert.h>

#include "engine/base/decimal.h"
#include "engine/base/number.h"
#include "engine/base/time.h"
#include "engine/cast_private.h"

static void add_string(struct buf *out, struct text t) {
    static const char hex[] = "0123456789abcdef";
    buf_add_char(out, '"');
    uint32_t from = 0;
    for (uint32_t i = 0; i < t.bytes; i++) {
        unsigned char c = (unsigned char)t.at[i];
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        buf_add(out, t.at + from, i - from);
        from = i + 1;
        const char *known = memchr("\bb\ff\nn\rr\tt\"\"\\\\", c, 14);
        if (c == '"' || c == '\\' || (known && c < 0x20)) {
            char escape[2] = {'\\', c == '"' || c == '\\' ? (char)c : known[1]};
            buf_add(out, escape, sizeof escape);
        } else {
            char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
            buf_add(out, escape, sizeof escape);
        }
    }
    buf_add(out, t.at + from, t.bytes - from);
    buf_add_char(out, '"');
}

static void add_base64(struct buf *out, struct text t) {
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    buf_add_char(out, '"');
    for (uint32_t i = 0; i < t.bytes; i += 3) {
        uint32_t left = t.bytes - i;
        uint32_t word = (uint32_t)(unsigned char)t.at[i] << 16;
        if (left > 1) word |= (uint32_t)(unsigned char)t.at[i + 1] << 8;
        if (left > 2) word |= (uint32_t)(unsigned char)t.at[i + 2];
        char group[4] = {digit[word >> 18], digit[word >> 12 & 63],
                         left > 1 ? digit[word >> 6 & 63] : '=', left > 2 ? digit[word & 63] : '='};
        buf_add(out, group, sizeof group);
    }
    buf_add_char(out, '"');
}

static void add_f64(struct buf *out, double v) {
    if (v - v != 0)
        buf_add_str(out, "null");
    else
        buf_add_f64(out, v);
}

static void add_time(struct buf *out, const struct column *c, int64_t v) {
    char text[TIMESTAMP_TEXT_MAX];
    uint32_t bytes = 0;
    if (c->type->id == TYPE_TIMESTAMP) bytes = timestamp_print(text, v, c->type->precision);
    if (c->type->id == TYPE_DATE) bytes = date_print(text, v);
    if (c->type->id == TYPE_TIME) bytes = time_print(text, v);
    if (c->type->id == TYPE_INTERVAL) bytes = interval_print(text, v);
    add_string(out, (struct text){.at = text, .bytes = bytes});
}

static void add_row(struct buf *out, const struct column *c, uint32_t row) {
    buf_add_char(out, '{');
    for (uint32_t i = 0; i < c->type->fields; i++) {
        if (i > 0) buf_add_char(out, ',');
        add_string(out, c->type->field[i].name);
        buf_add_char(out, ':');
        json_add_value(out, &c->child[i], row);
    }
    buf_add_char(out, '}');
}

static void add_array(struct buf *out, const struct column *c, struct span s) {
    buf_add_char(out, '[');
    for (uint32_t i = 0; i < s.count; i++) {
        if (i > 0) buf_add_char(out, ',');
        json_add_value(out, &c->child[0], s.first + i);
    }
    buf_add_char(out, ']');
}

/* Keys that are no text are quoted. */
static void add_key(struct buf *out, const struct column *key, uint32_t row) {
    if (key->type->id == TYPE_TEXT && column_has(key, row)) {
        add_string(out, key->as.text[row]);
        return;
    }
    struct buf b;
    buf_init(&b);
    json_add_value(&b, key, row);
    out->failed |= b.failed;
    bool quoted = b.bytes > 0 && b.at[0] == '"';
    if (quoted)
        buf_add(out, b.at, b.bytes);
    else
        add_string(out, buf_text(&b));
    buf_done(&b);
}

static void add_map(struct buf *out, const struct column *c, struct span s) {
    buf_add_char(out, '{');
    for (uint32_t i = 0; i < s.count; i++) {
        if (i > 0) buf_add_char(out, ',');
        add_key(out, &c->child[0], s.first + i);
        buf_add_char(out, ':');
        json_add_value(out, &c->child[1], s.first + i);
    }
    buf_add_char(out, '}');
}

/* Dimension d of a tensor from `at`; returns where the next begins. */
static const float *add_tensor(struct buf *out, const struct tensor *t, uint32_t dims, uint32_t d,
                               const float *at) {
    if (d == dims) {
        add_f64(out, (double)*at);
        return at + 1;
    }
    buf_add_char(out, '[');
    for (uint32_t i = 0; i < t->dim[d] && !out->failed; i++) {
        if (i > 0) buf_add_char(out, ',');
        at = add_tensor(out, t, dims, d + 1, at);
    }
    buf_add_char(out, ']');
    return at;
}

static void add_decimal(struct buf *out, const struct column *c, uint32_t row) {
    buf_add_decimal(out, (struct decimal){.value = c->as.i128[row], .scale = c->type->scale});
}

void json_add_value(struct buf *out, const struct column *c, uint32_t row) {
    if (!column_has(c, row) || c->type->id == TYPE_NULL) {
        buf_add_str(out, "null");
        return;
    }
    switch (c->type->id) {
    case TYPE_BOOLEAN: buf_add_str(out, c->as.b8[row] ? "true" : "false"); return;
    case TYPE_BIGINT: buf_add_i64(out, c->as.i64[row]); return;
    case TYPE_DOUBLE: add_f64(out, c->as.f64[row]); return;
    case TYPE_DECIMAL: add_decimal(out, c, row); return;
    case TYPE_TEXT: add_string(out, c->as.text[row]); return;
    case TYPE_BLOB:
    case TYPE_IMAGE: add_base64(out, c->as.text[row]); return;
    case TYPE_TIMESTAMP:
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_INTERVAL: add_time(out, c, c->as.i64[row]); return;
    case TYPE_ROW: add_row(out, c, row); return;
    case TYPE_ARRAY: add_array(out, c, c->as.span[row]); return;
    case TYPE_MAP: add_map(out, c, c->as.span[row]); return;
    case TYPE_TENSOR:
        add_tensor(out, &c->as.tensor[row], c->type->dims, 0, c->as.tensor[row].at);
        return;
    case TYPE_NULL:
    case TYPE_COUNT: break;
    }
    assert(false);
}
