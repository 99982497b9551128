/* pnm.c: the netpbm formats to pixels: PBM, PGM and PPM, plain (P1 to P3) and raw (P4 to P6), and
 * PAM (P7).
 *
 * The header is words between white space, "#" begins a comment; in PAM it is lines of a name and a
 * value up to ENDHDR. One byte of white space stands before raw samples, which have two bytes, the
 * high one first, where the largest value (maxval) exceeds 255.
 *
 * A sample v becomes v * 255 / maxval, rounded; for 65535 it is the high byte. Raw samples with a
 * maxval of 255 are used where they lie.
 */
#include <assert.h>

#include "udf/image/codec.h"

enum { MAXVAL_MAX = 65535, WORD_BYTES_MAX = 10, NUMBER_DIGITS_MAX = 9 };

static const char format[] = "pnm";

struct pnm {
    const uint8_t *at;
    size_t bytes, pos;
    uint32_t kind; /* 1 to 7: the digit */
    struct image_info size;
    uint32_t maxval;
};

static bool pnm_bad(const char *why, struct err *e) {
    return image_bad(format, why, e);
}

static bool is_space(uint8_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip_line(struct pnm *p) {
    while (p->pos < p->bytes && p->at[p->pos] != '\n') p->pos++;
}

static void skip_space(struct pnm *p) {
    while (p->pos < p->bytes) {
        uint8_t c = p->at[p->pos];
        if (c == '#')
            skip_line(p);
        else if (is_space(c))
            p->pos++;
        else
            return;
    }
}

/* A decimal number behind white space and comments. */
static bool read_number(struct pnm *p, uint32_t *out) {
    uint32_t value = 0, digits = 0;
    skip_space(p);
    for (; p->pos < p->bytes && digits <= NUMBER_DIGITS_MAX; p->pos++, digits++) {
        uint32_t digit = (uint32_t)p->at[p->pos] - '0';
        if (digit > 9) break;
        value = value * 10 + digit;
    }
    *out = value;
    return digits > 0 && digits <= NUMBER_DIGITS_MAX;
}

static struct text read_word(struct pnm *p) {
    skip_space(p);
    size_t from = p->pos;
    while (p->pos < p->bytes && !is_space(p->at[p->pos])) p->pos++;
    return (struct text){.at = (const char *)p->at + from, .bytes = (uint32_t)(p->pos - from)};
}

static bool read_pam_head(struct pnm *p, struct err *e) {
    const struct {
        struct text name;
        uint32_t *to;
    } fields[] = {{TEXT_LITERAL("WIDTH"), &p->size.width},
                  {TEXT_LITERAL("HEIGHT"), &p->size.height},
                  {TEXT_LITERAL("DEPTH"), &p->size.channels},
                  {TEXT_LITERAL("MAXVAL"), &p->maxval}};
    for (;;) {
        struct text name = read_word(p);
        if (name.bytes == 0) return pnm_bad("its header has no end", e);
        if (text_equal(name, TEXT_LITERAL("ENDHDR"))) return true;
        uint32_t *to = NULL;
        for (size_t i = 0; i < COUNT_OF(fields); i++) {
            if (text_equal(name, fields[i].name)) to = fields[i].to;
        }
        if (to && !read_number(p, to)) return pnm_bad("a number of its header is none", e);
        skip_line(p);
    }
}

static bool read_pnm_head(struct pnm *p, struct err *e) {
    bool bitmap = p->kind == 1 || p->kind == 4;
    p->size.channels = p->kind == 3 || p->kind == 6 ? 3 : 1;
    p->maxval = 1;
    bool good = read_number(p, &p->size.width) && read_number(p, &p->size.height) &&
                (bitmap || read_number(p, &p->maxval));
    return good || pnm_bad("a number of its header is none", e);
}

static bool pnm_open(struct pnm *p, struct text bytes, struct err *e) {
    *p = (struct pnm){.at = (const uint8_t *)bytes.at, .bytes = bytes.bytes, .pos = 2};
    p->kind = (uint32_t)p->at[1] - '0';
    p->size.format = format;
    if (!(p->kind == 7 ? read_pam_head : read_pnm_head)(p, e)) return false;
    if (p->size.channels < 1 || p->size.channels > 4)
        return pnm_bad("it has neither 1, 2, 3 nor 4 channels", e);
    if (p->maxval < 1 || p->maxval > MAXVAL_MAX) return pnm_bad("its maxval is not 1..65535", e);
    if (p->size.width == 0 || p->size.height == 0) return pnm_bad("it has no pixels", e);
    if (p->kind >= 4 && p->pos < p->bytes) p->pos++;
    return true;
}

static uint8_t sample_of(uint32_t v, uint32_t maxval) {
    if (maxval == MAXVAL_MAX) return (uint8_t)(v >> 8);
    return (uint8_t)((v * 255 + maxval / 2) / maxval);
}

/* 1 is black, and digits need nothing between them. */
static bool read_plain_bits(struct pnm *p, const struct image_canvas *to, struct err *e) {
    size_t samples = (size_t)to->width * to->height;
    for (size_t i = 0; i < samples; i++) {
        skip_space(p);
        if (p->pos == p->bytes) return pnm_bad("it is cut", e);
        uint8_t c = p->at[p->pos++];
        if (c != '0' && c != '1') return pnm_bad("a pixel is neither 0 nor 1", e);
        to->pixel[i] = c == '0' ? 0xFF : 0;
    }
    return true;
}

static bool read_plain(struct pnm *p, const struct image_canvas *to, struct err *e) {
    size_t samples = (size_t)to->width * to->height * to->channels;
    if (p->kind == 1) return read_plain_bits(p, to, e);
    for (size_t i = 0; i < samples; i++) {
        uint32_t v;
        if (!read_number(p, &v)) return pnm_bad(p->pos == p->bytes ? "it is cut" : "no number", e);
        if (v > p->maxval) return pnm_bad("a sample is larger than its maxval", e);
        to->pixel[i] = sample_of(v, p->maxval);
    }
    return true;
}

static void read_bits(const struct pnm *p, const struct image_canvas *to) {
    size_t row_bytes = ((size_t)to->width + 7) / 8;
    for (uint32_t y = 0; y < to->height; y++) {
        uint8_t *row = to->pixel + (size_t)y * to->width;
        image_unpack(p->at + p->pos + row_bytes * y, 1, to->width, row);
        for (uint32_t x = 0; x < to->width; x++) row[x] = row[x] ? 0 : 0xFF;
    }
}

static bool read_bytes(const struct pnm *p, const struct image_canvas *to, struct err *e) {
    size_t samples = (size_t)to->width * to->height * to->channels;
    const uint8_t *from = p->at + p->pos;
    bool two = p->maxval > 255;
    for (size_t i = 0; i < samples; i++) {
        uint32_t v = two ? read_u16_be(from + 2 * i) : from[i];
        if (v > p->maxval) return pnm_bad("a sample is larger than its maxval", e);
        to->pixel[i] = sample_of(v, p->maxval);
    }
    return true;
}

static size_t raw_bytes(const struct pnm *p) {
    const struct image_info *s = &p->size;
    if (p->kind == 4) return ((size_t)s->width + 7) / 8 * s->height;
    return (size_t)s->width * s->height * s->channels * (p->maxval > 255 ? 2 : 1);
}

static bool pnm_is(struct text bytes) {
    if (bytes.bytes < 3 || bytes.at[0] != 'P') return false;
    bool digit = bytes.at[1] >= '1' && bytes.at[1] <= '7';
    return digit && (is_space((uint8_t)bytes.at[2]) || bytes.at[2] == '#');
}

static bool pnm_info(struct text bytes, struct image_info *out, struct err *e) {
    struct pnm p;
    if (!pnm_open(&p, bytes, e)) return false;
    *out = p.size;
    return true;
}

static bool pnm_decode(struct text bytes, const struct image_read *how, struct arena *a,
                       struct image *out, struct err *e) {
    struct pnm p;
    struct image_canvas to;
    if (!pnm_open(&p, bytes, e) || !image_size_allowed(&p.size, how, e)) return false;
    bool raw = p.kind >= 4;
    if (raw && p.bytes - p.pos < raw_bytes(&p)) return pnm_bad("it is cut", e);
    if (p.kind >= 5 && p.maxval == 255) {
        *out = (struct image){p.size.width, p.size.height, p.size.channels, p.at + p.pos};
        return true;
    }
    size_t samples = (size_t)p.size.width * p.size.height * p.size.channels;
    if (!raw && p.bytes - p.pos < samples)
        return pnm_bad("it is cut", e); /* a byte each, at least */
    if (!image_canvas(a, &p.size, &to, e)) return false;
    if (p.kind == 4)
        read_bits(&p, &to);
    else if (!(raw ? read_bytes(&p, &to, e) : read_plain(&p, &to, e)))
        return false;
    *out = image_of(&to);
    return true;
}

const struct image_format image_pnm = {
    .name = format, .is = pnm_is, .info = pnm_info, .decode = pnm_decode};
