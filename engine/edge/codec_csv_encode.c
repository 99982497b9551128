/* codec_csv_encode.c: see codec_csv_encode.h.
 *
 * A field is quoted when it holds a delimiter, a quote, a line end, or would read as NULL. Values
 * are those of the JSON encoder without the quotes around strings; nested ones are JSON text; NaN
 * and the infinities, which JSON has no word for, are words.
 */
#include "engine/edge/codec_csv_encode.h"

#include <assert.h>
#include <immintrin.h>
#include <stdlib.h>

#include "engine/base/number.h"
#include "engine/edge/codec_json_encode.h"

struct encoder {
    const struct schema *schema;
    bool changes;
    struct csv_form form;
    struct buf scratch; /* one value as JSON */
};

/* Which of 16 bytes make quotes necessary. */
static uint32_t special_mask(const struct encoder *c, __m128i v) {
    __m128i ends = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\n')),
                                _mm_cmpeq_epi8(v, _mm_set1_epi8('\r')));
    __m128i own = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(c->form.delimiter)),
                               _mm_cmpeq_epi8(v, _mm_set1_epi8(c->form.quote)));
    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(ends, own));
}

/* Must `t` be quoted? */
static bool wants_quotes(const struct encoder *c, struct text t) {
    if (c->form.bare) return false;
    if (t.bytes == 0 || text_equal(t, c->form.null_literal)) return true;
    if (c->form.comments && t.at[0] == '#') return true;
    uint32_t i = 0;
    for (; i + 16 <= t.bytes; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(t.at + i));
        if (special_mask(c, v)) return true;
    }
    char tail[16] = {0}; /* NUL is neither delimiter nor quote */
    memcpy(tail, t.at + i, t.bytes - i);
    return special_mask(c, _mm_loadu_si128((const __m128i *)(const void *)tail)) != 0;
}

static void put_field(struct encoder *c, struct buf *out, struct text t) {
    if (!wants_quotes(c, t)) {
        buf_add_text(out, t);
        return;
    }
    if (!buf_reserve(out, 2 * (size_t)t.bytes + 2)) return;
    char *to = out->at + out->bytes;
    *to++ = c->form.quote;
    for (uint32_t i = 0; i < t.bytes; i++) {
        *to++ = t.at[i];
        if (t.at[i] == c->form.quote) *to++ = c->form.quote;
    }
    *to++ = c->form.quote;
    out->bytes = (size_t)(to - out->at);
}

/* Types whose JSON form is a string that needs no escapes: the quotes are left out. */
static struct text without_quotes(struct text t) {
    if (t.bytes < 2 || t.at[0] != '"') return t;
    return (struct text){.at = t.at + 1, .bytes = t.bytes - 2};
}

static void put_value(struct encoder *c, struct buf *out, const struct column *col, uint32_t row) {
    if (!column_has(col, row)) {
        buf_add_text(out, c->form.null_literal);
        return;
    }
    if (col->type->id == TYPE_TEXT) {
        put_field(c, out, col->as.text[row]);
        return;
    }
    if (col->type->id == TYPE_DOUBLE) {
        char digits[F64_TEXT_MAX];
        uint32_t bytes = f64_print(digits, col->as.f64[row]);
        put_field(c, out, (struct text){.at = digits, .bytes = bytes});
        return;
    }
    buf_reset(&c->scratch);
    json_put_value(&c->scratch, col, row);
    out->failed |= c->scratch.failed;
    if (out->failed) return;
    struct text t = buf_text(&c->scratch);
    bool nested = col->type->fields > 0 || col->type->id == TYPE_TENSOR;
    put_field(c, out, nested ? t : without_quotes(t));
}

struct encoder *csv_encoder_create(const struct schema *schema, const struct options *options,
                                   bool changes, struct err *e) {
    assert(schema && schema->cols > 0);
    struct encoder *c = calloc(1, sizeof *c);
    if (!c) {
        err_memory(e);
        return NULL;
    }
    c->schema = schema;
    c->changes = changes;
    buf_init(&c->scratch);
    c->form.header = true;
    if (csv_options_read(options, &c->form, e)) return c;
    csv_encoder_destroy(c);
    return NULL;
}

bool csv_encode_begin(struct encoder *c, struct buf *out, struct err *e) {
    if (!c->form.header) return true;
    if (c->changes) buf_add(out, "op", 2);
    for (uint32_t i = 0; i < c->schema->cols; i++) {
        if (i > 0 || c->changes) buf_add_char(out, c->form.delimiter);
        put_field(c, out, c->schema->col[i].name);
    }
    buf_add_char(out, '\n');
    return !out->failed || err_memory(e);
}

bool csv_encode(struct encoder *c, const struct batch *b, struct buf *out, struct err *e) {
    for (uint32_t i = 0; i < b->live; i++) {
        uint32_t row = batch_row(b, i);
        if (c->changes) buf_add(out, change_word(batch_change(b, row)), 2);
        for (uint32_t col = 0; col < c->schema->cols; col++) {
            if (col > 0 || c->changes) buf_add_char(out, c->form.delimiter);
            put_value(c, out, &b->col[col], row);
        }
        buf_add_char(out, '\n');
    }
    return !out->failed || err_memory(e);
}

void csv_encoder_destroy(struct encoder *c) {
    if (!c) return;
    buf_done(&c->scratch);
    free(c);
}
