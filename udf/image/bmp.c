/* bmp.c: Windows and OS/2 bitmaps to pixels.
 *
 *     0  "BM"      10  u32 where the pixels begin      14  u32 bytes of the second header, H
 *     H = 12 (OS/2 1): 18 u16 width  20 u16 height  24 u16 bits; the palette has 3 bytes a colour
 *     H > 12:          18 i32 width  22 i32 height (< 0: from the top)  28 u16 bits
 *                      30 u32 compression  46 u32 colours used  54 u32 masks of R, G, B, A
 *
 * Little-endian; a header that is shorter than 124 bytes reads as zeros behind its end. Masks stand
 * at 54 in every form: as part of the header, or behind one of 40 bytes. Rows are padded to 4 bytes
 * and go from the bottom up. Colours are B, G, R.
 *
 * RLE4 and RLE8: pairs (count, index); a count of 0 makes the second byte a command: 0 end of the
 * row, 1 end of the image, 2 move by the next two bytes, n: n literal indices, padded to 16 bits.
 * What is skipped has index 0, by definition; what runs past a row's end is dropped.
 */
#include <assert.h>

#include "udf/image/codec.h"

enum {
    FILE_HEAD_BYTES = 14,
    OS2_HEAD_BYTES = 12,
    HEAD_BYTES_MIN = 16,
    WINDOWS_HEAD_BYTES = 40,
    MASKS_AT = 54,
    ALPHA_HEAD_BYTES = 56,
    HEAD_BYTES_MAX = 124,
    PALETTE_MAX = 256,
};

enum compression { BI_RGB, BI_RLE8, BI_RLE4, BI_BITFIELDS, BI_JPEG, BI_PNG, BI_ALPHABITFIELDS };

static const char format[] = "bmp";

/* One colour's bits of a pixel of 16 or 32. */
struct bits {
    uint32_t mask, shift, max;
};

struct bmp {
    const uint8_t *at;
    size_t bytes;
    uint32_t width, height;
    uint32_t head_bytes, bits, compression;
    bool from_top;
    uint32_t pixels_at;
    uint32_t colors; /* of the palette */
    uint32_t channels;
    uint8_t rgb[PALETTE_MAX][3];
    struct bits part[4]; /* R, G, B, A; max 0: none */
};

static bool bmp_bad(const char *why, struct err *e) {
    return image_bad(format, why, e);
}

static bool read_sizes(struct bmp *b, const uint8_t head[HEAD_BYTES_MAX + FILE_HEAD_BYTES],
                       struct err *e) {
    if (b->head_bytes == OS2_HEAD_BYTES) {
        b->width = read_u16_le(head + 18);
        b->height = read_u16_le(head + 20);
        b->bits = read_u16_le(head + 24);
        return true;
    }
    int32_t width = (int32_t)read_u32_le(head + 18), height = (int32_t)read_u32_le(head + 22);
    b->from_top = height < 0;
    if (width <= 0 || height == 0 || height == INT32_MIN) return bmp_bad("its size is wrong", e);
    b->width = (uint32_t)width;
    b->height = (uint32_t)(height < 0 ? -height : height);
    b->bits = read_u16_le(head + 28);
    b->compression = read_u32_le(head + 30);
    b->colors = read_u32_le(head + 46);
    return true;
}

/* OS/2's second version gives other meanings to the same numbers. */
static bool check_form(const struct bmp *b, struct err *e) {
    bool os2 = b->head_bytes < WINDOWS_HEAD_BYTES || b->head_bytes == 64;
    bool indexed = b->bits == 1 || b->bits == 2 || b->bits == 4 || b->bits == 8;
    bool direct = b->bits == 16 || b->bits == 24 || b->bits == 32;
    if (!indexed && !direct) return bmp_bad("it has neither 1, 2, 4, 8, 16, 24 nor 32 bits", e);
    switch (b->compression) {
    case BI_RGB: return true;
    case BI_RLE8:
    case BI_RLE4:
        if (b->bits != (b->compression == BI_RLE8 ? 8 : 4)) break;
        return !b->from_top || bmp_bad("it is compressed and from the top", e);
    case BI_BITFIELDS:
    case BI_ALPHABITFIELDS:
        if (os2 || (b->bits != 16 && b->bits != 32)) break;
        return true;
    default: break;
    }
    return bmp_bad("its compression is not supported (RLE4, RLE8 and bit fields are)", e);
}

static struct bits bits_of(uint32_t mask) {
    struct bits b = {.mask = mask};
    if (mask == 0) return b;
    b.shift = (uint32_t)__builtin_ctz(mask);
    b.max = mask >> b.shift;
    return b;
}

/* Which bits are which colour. */
static void read_masks(struct bmp *b, const uint8_t *head) {
    static const uint32_t of_16[3] = {0x7C00, 0x03E0, 0x001F};
    static const uint32_t of_32[3] = {0xFF0000, 0x00FF00, 0x0000FF};
    bool fields = b->compression != BI_RGB;
    bool alpha =
        b->compression == BI_ALPHABITFIELDS || (fields && b->head_bytes >= ALPHA_HEAD_BYTES);
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t usual = b->bits == 16 ? of_16[i] : of_32[i];
        b->part[i] = bits_of(fields ? read_u32_le(head + MASKS_AT + (size_t)4 * i) : usual);
    }
    if (alpha) b->part[3] = bits_of(read_u32_le(head + MASKS_AT + 12));
    b->channels = b->part[3].max > 0 ? 4 : 3;
}

/* The palette lies between the headers and the pixels. */
static bool read_palette(struct bmp *b, struct err *e) {
    uint32_t entry_bytes = b->head_bytes == OS2_HEAD_BYTES ? 3 : 4;
    uint32_t wanted = 1U << b->bits;
    size_t at = FILE_HEAD_BYTES + b->head_bytes;
    size_t end = b->pixels_at < b->bytes ? b->pixels_at : b->bytes;
    if (b->colors == 0 || b->colors > wanted) b->colors = wanted;
    if (at > end) return bmp_bad("its palette is cut", e);
    if ((end - at) / entry_bytes < b->colors) b->colors = (uint32_t)((end - at) / entry_bytes);
    for (uint32_t i = 0; i < b->colors; i++) {
        const uint8_t *bgr = b->at + at + (size_t)i * entry_bytes;
        b->rgb[i][0] = bgr[2];
        b->rgb[i][1] = bgr[1];
        b->rgb[i][2] = bgr[0];
    }
    return b->colors > 0 || bmp_bad("it has no palette", e);
}

static bool bmp_open(struct bmp *b, struct text bytes, struct err *e) {
    uint8_t head[FILE_HEAD_BYTES + HEAD_BYTES_MAX] = {0};
    *b = (struct bmp){.at = (const uint8_t *)bytes.at, .bytes = bytes.bytes, .channels = 3};
    if (bytes.bytes < FILE_HEAD_BYTES + OS2_HEAD_BYTES) return bmp_bad("it is cut", e);
    b->head_bytes = read_u32_le(b->at + FILE_HEAD_BYTES);
    b->pixels_at = read_u32_le(b->at + 10);
    bool known = b->head_bytes == OS2_HEAD_BYTES ||
                 (b->head_bytes >= HEAD_BYTES_MIN && b->head_bytes <= HEAD_BYTES_MAX);
    if (!known) return bmp_bad("its header is of no known kind", e);
    if (bytes.bytes - FILE_HEAD_BYTES < b->head_bytes) return bmp_bad("it is cut", e);
    memcpy(head, bytes.at, FILE_HEAD_BYTES + b->head_bytes);
    if (b->head_bytes == WINDOWS_HEAD_BYTES) { /* masks may stand behind it */
        size_t whole = bytes.bytes < sizeof head ? bytes.bytes : sizeof head;
        memcpy(head, bytes.at, whole);
    }
    if (!read_sizes(b, head, e) || !check_form(b, e)) return false;
    if (b->bits <= 8) return read_palette(b, e);
    read_masks(b, head);
    return true;
}

static bool row_indexed(const struct bmp *b, const uint8_t *index, uint8_t *to) {
    for (uint32_t x = 0; x < b->width; x++, to += 3) {
        if (index[x] >= b->colors) return false;
        memcpy(to, b->rgb[index[x]], 3);
    }
    return true;
}

static void row_24(const struct bmp *b, const uint8_t *from, uint8_t *to) {
    for (uint32_t x = 0; x < b->width; x++, from += 3, to += 3) {
        to[0] = from[2];
        to[1] = from[1];
        to[2] = from[0];
    }
}

static void row_masked(const struct bmp *b, const uint8_t *from, uint8_t *to) {
    uint32_t step = b->bits / 8;
    for (uint32_t x = 0; x < b->width; x++, from += step, to += b->channels) {
        uint32_t pixel = step == 2 ? read_u16_le(from) : read_u32_le(from);
        for (uint32_t c = 0; c < b->channels; c++) {
            const struct bits *p = &b->part[c];
            uint64_t value = (pixel & p->mask) >> p->shift;
            uint64_t max = p->max ? p->max : 1;
            to[c] = (uint8_t)((value * 255 + max / 2) / max);
        }
    }
}

static uint8_t *row_of(const struct bmp *b, const struct image_canvas *to, uint32_t y) {
    uint32_t from_top = b->from_top ? y : b->height - 1 - y;
    return to->pixel + (size_t)from_top * to->width * to->channels;
}

static bool bmp_plain(const struct bmp *b, struct arena *a, const struct image_canvas *to,
                      struct err *e) {
    size_t row_bytes = ((size_t)b->width * b->bits + 31) / 32 * 4;
    size_t used = ((size_t)b->width * b->bits + 7) / 8; /* the last row's padding may be missing */
    size_t have = b->bytes > b->pixels_at ? b->bytes - b->pixels_at : 0;
    if (have < row_bytes * (b->height - 1) + used) return bmp_bad("it is cut", e);
    uint8_t *index = b->bits <= 8 ? arena_alloc(a, b->width) : NULL;
    if (b->bits <= 8 && !index) return err_memory(e);

    for (uint32_t y = 0; y < b->height; y++) {
        const uint8_t *from = b->at + b->pixels_at + row_bytes * y;
        uint8_t *row = row_of(b, to, y);
        if (b->bits == 24) {
            row_24(b, from, row);
        } else if (b->bits > 8) {
            row_masked(b, from, row);
        } else {
            image_unpack(from, b->bits, b->width, index);
            if (!row_indexed(b, index, row)) return bmp_bad("a pixel is outside the palette", e);
        }
    }
    return true;
}

/* Where runs are written: [height][width] indices, rows in the order of the file. */
struct rle {
    const struct bmp *b;
    size_t at;
    uint32_t x, y;
    uint8_t *index;
};

/* `count` indices: literals at `from`, or one byte again and again (of 4 bits: its halves). */
static void rle_put(struct rle *r, const uint8_t *from, bool literal, uint32_t count) {
    const struct bmp *b = r->b;
    for (uint32_t i = 0; i < count && r->x < b->width; i++) {
        uint32_t byte;
        if (b->bits == 8)
            byte = from[literal ? i : 0];
        else
            byte = from[literal ? i / 2 : 0] >> (i % 2 ? 0 : 4) & 15;
        r->index[(size_t)r->y * b->width + r->x++] = (uint8_t)byte;
    }
}

/* The command behind a 0. *end_out: the image has ended. false: the bytes have. */
static bool rle_command(struct rle *r, uint32_t command, bool *end_out) {
    const struct bmp *b = r->b;
    if (command == 0) {
        r->x = 0;
        r->y++;
    } else if (command == 1) {
        *end_out = true;
    } else if (command == 2) {
        if (b->bytes - r->at < 2) return false;
        uint32_t x = r->x + b->at[r->at], y = r->y + b->at[r->at + 1];
        r->x = x < b->width ? x : b->width;
        r->y = y;
        r->at += 2;
    } else {
        size_t bytes = b->bits == 8 ? command : (command + 1) / 2;
        if (b->bytes - r->at < bytes) return false;
        rle_put(r, b->at + r->at, true, command);
        r->at += bytes + bytes % 2;
        if (r->at > b->bytes) r->at = b->bytes;
    }
    return true;
}

/* false: it ends before its last row is full. */
static bool rle_run(struct rle *r) {
    const struct bmp *b = r->b;
    bool end = false;
    while (!end && r->y < b->height) {
        if (b->bytes - r->at < 2) return r->y == b->height - 1 && r->x == b->width;
        uint32_t count = b->at[r->at], value = b->at[r->at + 1];
        r->at += 2;
        if (count > 0)
            rle_put(r, b->at + r->at - 1, false, count);
        else if (!rle_command(r, value, &end))
            return false;
    }
    return true;
}

static bool bmp_runs(const struct bmp *b, struct arena *a, const struct image_canvas *to,
                     struct err *e) {
    struct rle r = {.b = b, .at = b->pixels_at};
    if (b->pixels_at > b->bytes) return bmp_bad("it is cut", e);
    r.index = arena_zalloc(a, b->height, b->width);
    if (!r.index) return err_memory(e);
    if (!rle_run(&r)) return bmp_bad("it is cut", e);
    for (uint32_t y = 0; y < b->height; y++) {
        if (!row_indexed(b, r.index + (size_t)y * b->width, row_of(b, to, y)))
            return bmp_bad("a pixel is outside the palette", e);
    }
    return true;
}

static bool bmp_is(struct text bytes) {
    return bytes.bytes >= 2 && memcmp(bytes.at, "BM", 2) == 0;
}

static struct image_info info_of(const struct bmp *b) {
    return (struct image_info){
        .width = b->width, .height = b->height, .channels = b->channels, .format = format};
}

static bool bmp_info(struct text bytes, struct image_info *out, struct err *e) {
    struct bmp b;
    if (!bmp_open(&b, bytes, e)) return false;
    *out = info_of(&b);
    return true;
}

static bool bmp_decode(struct text bytes, const struct image_read *how, struct arena *a,
                       struct image *out, struct err *e) {
    struct bmp b;
    struct image_canvas to;
    if (!bmp_open(&b, bytes, e)) return false;
    struct image_info size = info_of(&b);
    if (!image_size_allowed(&size, how, e) || !image_canvas(a, &size, &to, e)) return false;
    bool runs = b.compression == BI_RLE4 || b.compression == BI_RLE8;
    struct arena_mark scratch = arena_mark(a);
    bool ok = (runs ? bmp_runs : bmp_plain)(&b, a, &to, e);
    arena_rewind(a, scratch);
    if (!ok) return false;
    *out = image_of(&to);
    return true;
}

const struct image_format image_bmp = {
    .name = format, .is = bmp_is, .info = bmp_info, .decode = bmp_decode};
