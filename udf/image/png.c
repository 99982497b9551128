/* png.c: PNG files to pixels and back, through libspng.
 *
 * libspng undoes compression, filters and interlacing and gives samples as the file stores them;
 * what they mean is done here: 16 bits keep their high byte, 1, 2 and 4 bits are spread to 0..255,
 * palettes become RGB, a transparent colour (tRNS) an alpha channel.
 *
 * Checksums of what makes pixels must hold, also that of the last data chunk, of which the decoder
 * may need no more than a part; a chunk that is only about the image is dropped if it is damaged.
 *
 * Interlaced samples of less than a byte are not put together by libspng where samples are wanted
 * as stored: their passes (Adam7) are taken row by row, a byte a sample.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include <spng.h>

#include "udf/image/codec.h"

enum {
    CHUNK_BYTES_MAX = 64 << 20, /* unpacked text, profiles */
    PALETTE_MAX = 256,
};

static const char format[] = "png";

struct png {
    spng_ctx *library;
    struct spng_ihdr head;
    bool has_trns;
    struct spng_trns trns;
    struct spng_plte palette;
    uint32_t channels;
    uint32_t orientation;
    bool unpacked; /* samples of less than a byte have been given one */
};

/* zlib's want of memory comes out of libspng as other errors: errno remembers it. */
static bool memory_failed(int code) {
    return code == SPNG_EMEM || errno == ENOMEM;
}

static bool spng_failed(int code, struct err *e) {
    if (memory_failed(code)) return err_memory(e);
    return image_bad(format, code < 0 ? "it is cut" : spng_strerror(code), e);
}

static void *noted(void *got) {
    if (!got) errno = ENOMEM;
    return got;
}

static void *library_malloc(size_t bytes) {
    return noted(malloc(bytes));
}

static void *library_realloc(void *at, size_t bytes) {
    return noted(realloc(at, bytes));
}

static void *library_calloc(size_t count, size_t bytes) {
    return noted(calloc(count, bytes));
}

static spng_ctx *library_new(int flags) {
    struct spng_alloc alloc = {.malloc_fn = library_malloc,
                               .realloc_fn = library_realloc,
                               .calloc_fn = library_calloc,
                               .free_fn = free};
    errno = 0;
    return spng_ctx_new2(&alloc, flags);
}

static uint32_t channels_of(const struct png *p) {
    switch (p->head.color_type) {
    case SPNG_COLOR_TYPE_GRAYSCALE: return p->has_trns ? 2 : 1;
    case SPNG_COLOR_TYPE_GRAYSCALE_ALPHA: return 2;
    case SPNG_COLOR_TYPE_TRUECOLOR_ALPHA: return 4;
    default: return p->has_trns ? 4 : 3;
    }
}

/* The chunks before the pixels. `how` says which sizes are allowed; NULL: all. */
static bool png_head(struct png *p, struct text bytes, const struct image_read *how,
                     struct err *e) {
    int code = spng_set_png_buffer(p->library, bytes.at, bytes.bytes);
    if (!code) code = spng_set_crc_action(p->library, SPNG_CRC_ERROR, SPNG_CRC_DISCARD);
    if (!code) code = spng_set_chunk_limits(p->library, CHUNK_BYTES_MAX, CHUNK_BYTES_MAX);
    if (!code) code = spng_get_ihdr(p->library, &p->head);
    if (code) return spng_failed(code, e);
    const struct image_info size = {
        .width = p->head.width, .height = p->head.height, .format = format};
    if (how && !image_size_allowed(&size, how, e)) return false;

    code = spng_get_trns(p->library, &p->trns);
    p->has_trns = code == 0;
    if (code && code != SPNG_ECHUNKAVAIL) return spng_failed(code, e);
    if (p->head.color_type == SPNG_COLOR_TYPE_INDEXED) {
        code = spng_get_plte(p->library, &p->palette);
        if (code) return spng_failed(code, e);
    }
    struct spng_exif exif;
    p->orientation = 1;
    code = spng_get_exif(p->library, &exif);
    if (code == 0)
        p->orientation = exif_orientation((const uint8_t *)exif.data, exif.length);
    else if (memory_failed(code))
        return err_memory(e);
    p->channels = channels_of(p);
    return true;
}

static bool png_open(struct png *p, struct text bytes, const struct image_read *how,
                     struct err *e) {
    *p = (struct png){.library = library_new(0)};
    if (!p->library) return err_memory(e);
    if (png_head(p, bytes, how, e)) return true;
    spng_ctx_free(p->library);
    return false;
}

/* The samples of a row, 8 bits each. */
static void row_samples(const struct png *p, const uint8_t *raw, uint32_t samples, uint8_t *to) {
    if (p->head.bit_depth == 16) {
        for (uint32_t i = 0; i < samples; i++) to[i] = raw[2 * i];
    } else {
        image_unpack(raw, p->unpacked ? 8 : p->head.bit_depth, samples, to);
    }
}

static bool row_palette(const struct png *p, const uint8_t *index, uint8_t *to) {
    const struct spng_plte_entry *entry = p->palette.entries;
    for (uint32_t x = 0; x < p->head.width; x++, to += p->channels) {
        uint32_t i = index[x];
        if (i >= p->palette.n_entries) return false;
        to[0] = entry[i].red;
        to[1] = entry[i].green;
        to[2] = entry[i].blue;
        if (p->has_trns)
            to[3] = i < p->trns.n_type3_entries ? p->trns.type3_alpha[i] : (uint8_t)0xFF;
    }
    return true;
}

/* A sample of the file's own depth, as tRNS is compared with it. */
static uint32_t raw_sample(const struct png *p, const uint8_t *raw, const uint8_t *samples,
                           uint32_t i) {
    return p->head.bit_depth == 16 ? read_u16_be(raw + (size_t)2 * i) : samples[i];
}

/* Adds alpha: 0 where the pixel has the transparent colour. */
static void row_transparent(const struct png *p, const uint8_t *raw, const uint8_t *samples,
                            uint8_t *to) {
    uint32_t colors = p->channels - 1;
    const uint32_t wanted[3] = {colors == 1 ? p->trns.gray : p->trns.red, p->trns.green,
                                p->trns.blue};
    for (uint32_t x = 0; x < p->head.width; x++, to += p->channels) {
        bool same = true;
        for (uint32_t c = 0; c < colors; c++) {
            same &= raw_sample(p, raw, samples, x * colors + c) == wanted[c];
            to[c] = samples[x * colors + c];
        }
        to[colors] = same ? 0 : 0xFF;
    }
}

/* 1, 2 and 4 bits of gray to 0..255. */
static void row_spread(const struct png *p, uint8_t *to) {
    uint32_t by = p->head.bit_depth < 8 ? 255U / ((1U << p->head.bit_depth) - 1) : 1;
    for (uint32_t i = 0; by > 1 && i < p->head.width * p->channels; i += p->channels) {
        to[i] = (uint8_t)(to[i] * by);
    }
}

static bool png_expand(const struct png *p, const uint8_t *raw, size_t raw_row_bytes,
                       const struct image_canvas *to, uint8_t *samples) {
    bool palette = p->head.color_type == SPNG_COLOR_TYPE_INDEXED;
    uint32_t stored = p->channels - (p->has_trns && !palette);
    for (uint32_t y = 0; y < to->height; y++, raw += raw_row_bytes) {
        uint8_t *row = to->pixel + (size_t)y * to->width * to->channels;
        if (palette) {
            row_samples(p, raw, to->width, samples);
            if (!row_palette(p, samples, row)) return false;
            continue;
        }
        row_samples(p, raw, to->width * stored, p->has_trns ? samples : row);
        if (p->has_trns) row_transparent(p, raw, samples, row);
        if (stored == 1) row_spread(p, row);
    }
    return true;
}

/* Behind the pixels: is what was read whole? A missing end is not missed. */
static bool png_tail(struct png *p, struct err *e) {
    int code = spng_decode_chunks(p->library);
    bool harmless = code != SPNG_ECHUNK_CRC && !memory_failed(code);
    return harmless || spng_failed(code, e);
}

/* The interlaced image, a byte a sample, into raw[height][width]; of one channel. */
static int read_passes(struct png *p, struct arena *a, uint8_t *raw) {
    static const uint8_t start[] = {0, 4, 0, 2, 0, 1, 0}, step[] = {8, 8, 4, 4, 2, 2, 1};
    uint32_t width = p->head.width;
    uint8_t *row = arena_alloc(a, (size_t)width * 2); /* a pass row as stored, then unpacked */
    struct spng_row_info info;
    if (!row) return SPNG_EMEM;
    int code = spng_decode_image(p->library, NULL, 0, SPNG_FMT_RAW, SPNG_DECODE_PROGRESSIVE);
    while (!code && !(code = spng_get_row_info(p->library, &info))) {
        code = spng_decode_scanline(p->library, row, width);
        if (code && code != SPNG_EOI) return code;
        uint32_t first = start[info.pass], by = step[info.pass];
        uint32_t pixels = width > first ? (width - first + by - 1) / by : 0;
        image_unpack(row, p->head.bit_depth, pixels, row + width);
        uint8_t *to = raw + (size_t)info.row_num * width + first;
        for (uint32_t i = 0; i < pixels; i++) to[(size_t)i * by] = row[width + i];
    }
    return code == SPNG_EOI ? 0 : code;
}

static bool png_pixels(struct png *p, struct arena *a, struct image_canvas *to, struct err *e) {
    bool plain =
        p->head.bit_depth == 8 && !p->has_trns && p->head.color_type != SPNG_COLOR_TYPE_INDEXED;
    size_t bytes = (size_t)to->width * to->height;
    p->unpacked = p->head.interlace_method && p->head.bit_depth < 8;
    int code = p->unpacked ? 0 : spng_decoded_image_size(p->library, SPNG_FMT_RAW, &bytes);
    if (code) return spng_failed(code, e);
    uint8_t *raw = plain ? to->pixel : arena_alloc(a, bytes);
    uint8_t *samples = plain ? NULL : arena_alloc(a, (size_t)to->width * 4);
    if (!raw || (!plain && !samples)) return err_memory(e);
    code = p->unpacked ? read_passes(p, a, raw)
                       : spng_decode_image(p->library, raw, bytes, SPNG_FMT_RAW, 0);
    if (code) return spng_failed(code, e);
    if (!png_tail(p, e)) return false;
    if (plain || png_expand(p, raw, bytes / to->height, to, samples)) return true;
    return image_bad(format, "a pixel is outside the palette", e);
}

static bool png_is(struct text bytes) {
    return bytes.bytes >= 8 && memcmp(bytes.at, "\x89PNG\r\n\x1A\n", 8) == 0;
}

static bool png_info(struct text bytes, struct image_info *out, struct err *e) {
    struct png p;
    if (!png_open(&p, bytes, NULL, e)) return false;
    spng_ctx_free(p.library);
    bool swaps = exif_swaps_sides(p.orientation);
    *out = (struct image_info){.width = swaps ? p.head.height : p.head.width,
                               .height = swaps ? p.head.width : p.head.height,
                               .channels = p.channels};
    return true;
}

static bool png_decode(struct text bytes, const struct image_read *how, struct arena *a,
                       struct image *out, struct err *e) {
    struct png p;
    struct image_canvas to;
    if (!png_open(&p, bytes, how, e)) return false;
    const struct image_info size = {
        .width = p.head.width, .height = p.head.height, .channels = p.channels};
    bool ok = image_canvas(a, &size, &to, e);
    struct arena_mark scratch = arena_mark(a);
    ok = ok && png_pixels(&p, a, &to, e);
    arena_rewind(a, scratch);
    spng_ctx_free(p.library);
    if (!ok) return false;
    *out = image_of(&to);
    return image_upright(out, p.orientation, a, e);
}

const struct image_format image_png = {
    .name = format, .is = png_is, .info = png_info, .decode = png_decode};

bool image_encode_png(const struct image *from, struct arena *a, struct text *out, struct err *e) {
    static const uint8_t types[] = {0, SPNG_COLOR_TYPE_GRAYSCALE, SPNG_COLOR_TYPE_GRAYSCALE_ALPHA,
                                    SPNG_COLOR_TYPE_TRUECOLOR, SPNG_COLOR_TYPE_TRUECOLOR_ALPHA};
    struct spng_ihdr head = {.width = from->width,
                             .height = from->height,
                             .bit_depth = 8,
                             .color_type = types[from->channels]};
    spng_ctx *library = library_new(SPNG_CTX_ENCODER);
    if (!library) return err_memory(e);
    size_t bytes = (size_t)from->width * from->height * from->channels, got = 0;
    int code = spng_set_option(library, SPNG_ENCODE_TO_BUFFER, 1);
    if (!code) code = spng_set_ihdr(library, &head);
    if (!code)
        code = spng_encode_image(library, from->pixel, bytes, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
    void *made = code ? NULL : spng_get_png_buffer(library, &got, &code);
    char *kept = made && got <= UINT32_MAX ? arena_copy(a, made, got) : NULL;
    free(made);
    spng_ctx_free(library);
    if (kept) {
        *out = (struct text){.at = kept, .bytes = (uint32_t)got};
        return true;
    }
    if (!code || memory_failed(code)) return err_memory(e);
    return err_set(e, ERR_DATA, "22P03", "cannot make a PNG: %s", spng_strerror(code));
}
