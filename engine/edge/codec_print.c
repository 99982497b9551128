/* codec_print.c: a value as people read it: the JSON form without the quotes of its string, text
 * as it is, bytes as psql shows them.
 */
#include <assert.h>

#include "engine/edge/codec.h"
#include "engine/edge/codec_json_encode.h"

static void print_bytes(struct buf *out, struct text t) {
    static const char digits[] = "0123456789abcdef";
    buf_add_str(out, "\\x");
    if (!buf_reserve(out, 2 * (size_t)t.bytes)) return;
    for (uint32_t i = 0; i < t.bytes; i++) {
        unsigned char c = (unsigned char)t.at[i];
        out->at[out->bytes++] = digits[c >> 4];
        out->at[out->bytes++] = digits[c & 15];
    }
}

/* "<image 640x480 rgb>": the header of a PNG file has its width and height at 16 and 20,
 * big-endian, and at 25 the kind of its pixels. */
static void print_image(struct buf *out, struct text t) {
    static const char *const kinds[] = {"gray", "?", "rgb", "rgb", "gray+alpha", "?", "rgb+alpha"};
    const unsigned char *p = (const unsigned char *)t.at;
    if (t.bytes < 26 || memcmp(p, "\x89PNG", 4) != 0 || p[25] >= COUNT_OF(kinds)) {
        buf_add_str(out, "<image>");
        return;
    }
    uint32_t size[2];
    for (int i = 0; i < 2; i++) {
        const unsigned char *at = p + 16 + 4 * i;
        size[i] = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    }
    buf_addf(out, "<image %ux%u %s>", size[0], size[1], kinds[p[25]]);
}

/* NaN and the infinities, for which JSON has no word. */
static const char *word_of_double(double v) {
    if (v != v) return "NaN";
    if (v > 1.7976931348623157e308) return "Infinity";
    return v < -1.7976931348623157e308 ? "-Infinity" : NULL;
}

void codec_print_value(struct buf *out, const struct column *c, uint32_t row) {
    if (!column_has(c, row)) return;
    enum type_id id = c->type->id;
    const char *word = id == TYPE_DOUBLE ? word_of_double(c->as.f64[row]) : NULL;
    if (word) {
        buf_add_str(out, word);
        return;
    }
    if (id == TYPE_TEXT) {
        buf_add_text(out, c->as.text[row]);
        return;
    }
    if (id == TYPE_BLOB) {
        print_bytes(out, c->as.text[row]);
        return;
    }
    if (id == TYPE_IMAGE) {
        print_image(out, c->as.text[row]);
        return;
    }
    size_t start = out->bytes;
    json_put_value(out, c, row);
    if (out->failed || out->at[start] != '"') return;

    assert(out->bytes >= start + 2);
    out->bytes -= 2;
    memmove(out->at + start, out->at + start + 1, out->bytes - start);
}
