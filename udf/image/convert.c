/* convert.c: pixels with other channels, and turned by multiples of a right angle.
 *
 * Gray is ITU-R BT.601 luma, 0.299 R + 0.587 G + 0.114 B, in 15-bit fixed point as OpenCV computes
 * it.
 */
#include <assert.h>

#include "udf/image/codec.h"

enum { LUMA_BITS = 15, LUMA_R = 9798, LUMA_G = 19235, LUMA_B = 3735 };

static void rgb_to_gray(const uint8_t *from, uint32_t step, size_t pixels, uint8_t *to) {
    for (size_t i = 0; i < pixels; i++) {
        const uint8_t *p = from + i * step;
        int32_t y = p[0] * LUMA_R + p[1] * LUMA_G + p[2] * LUMA_B;
        to[i] = (uint8_t)((y + (1 << (LUMA_BITS - 1))) >> LUMA_BITS);
    }
}

static void gray_to_gray(const uint8_t *from, uint32_t step, size_t pixels, uint8_t *to) {
    for (size_t i = 0; i < pixels; i++) to[i] = from[i * step];
}

static void gray_to_rgb(const uint8_t *from, uint32_t step, size_t pixels, uint8_t *to) {
    for (size_t i = 0; i < pixels; i++) {
        uint8_t v = from[i * step];
        to[3 * i] = to[3 * i + 1] = to[3 * i + 2] = v;
    }
}

static void rgb_to_rgb(const uint8_t *from, uint32_t step, size_t pixels, uint8_t *to) {
    for (size_t i = 0; i < pixels; i++) {
        to[3 * i] = from[step * i];
        to[3 * i + 1] = from[step * i + 1];
        to[3 * i + 2] = from[step * i + 2];
    }
}

void image_convert_to(const struct image *from, struct image_canvas *to) {
    assert(to->channels == 1 || to->channels == 3);
    assert(to->width == from->width && to->height == from->height);
    size_t pixels = (size_t)from->width * from->height;
    bool gray = from->channels <= 2;
    if (to->channels == from->channels)
        memcpy(to->pixel, from->pixel, pixels * to->channels);
    else if (to->channels == 1)
        (gray ? gray_to_gray : rgb_to_gray)(from->pixel, from->channels, pixels, to->pixel);
    else
        (gray ? gray_to_rgb : rgb_to_rgb)(from->pixel, from->channels, pixels, to->pixel);
}

bool image_convert(const struct image *from, uint32_t channels, struct arena *a, struct image *out,
                   struct err *e) {
    if (from->channels == channels) {
        *out = *from;
        return true;
    }
    const struct image_info size = {
        .width = from->width, .height = from->height, .channels = channels};
    struct image_canvas to;
    if (!image_canvas(a, &size, &to, e)) return false;
    image_convert_to(from, &to);
    *out = image_of(&to);
    return true;
}

/* Pixel (x, y) of the upright image is at start + x * across + y * down of the one that lies. */
struct walk {
    ptrdiff_t start, across, down;
};

/* By EXIF's orientation: which corner comes first, and whether rows are columns. */
static struct walk walk_of(const struct image *from, uint32_t orientation) {
    ptrdiff_t x = from->channels, y = (ptrdiff_t)from->width * from->channels;
    ptrdiff_t right = x * ((ptrdiff_t)from->width - 1), bottom = y * ((ptrdiff_t)from->height - 1);
    switch (orientation) {
    case 2: return (struct walk){right, -x, y};
    case 3: return (struct walk){right + bottom, -x, -y};
    case 4: return (struct walk){bottom, x, -y};
    case 5: return (struct walk){0, y, x};
    case 6: return (struct walk){bottom, -y, x};
    case 7: return (struct walk){right + bottom, -y, -x};
    case 8: return (struct walk){right, y, -x};
    default: return (struct walk){0, x, y};
    }
}

static void walk_row(const uint8_t *from, ptrdiff_t across, const struct image_canvas *to,
                     uint8_t *row) {
    for (uint32_t x = 0; x < to->width; x++, from += across) {
        for (uint32_t c = 0; c < to->channels; c++) *row++ = from[c];
    }
}

bool image_turn(const struct image *from, uint32_t orientation, struct arena *a,
                struct image_canvas *out, struct err *e) {
    bool swaps = exif_swaps_sides(orientation);
    const struct image_info size = {.width = swaps ? from->height : from->width,
                                    .height = swaps ? from->width : from->height,
                                    .channels = from->channels};
    struct image_canvas to;
    assert(orientation >= 1 && orientation <= 8);
    if (!image_canvas(a, &size, &to, e)) return false;
    struct walk w = walk_of(from, orientation);
    size_t row_bytes = (size_t)to.width * to.channels;
    for (uint32_t y = 0; y < to.height; y++) {
        walk_row(from->pixel + w.start + (ptrdiff_t)y * w.down, w.across, &to,
                 to.pixel + y * row_bytes);
    }
    *out = to;
    return true;
}

bool image_upright(struct image *io, uint32_t orientation, struct arena *a, struct err *e) {
    struct image_canvas to;
    if (orientation == 1) return true;
    if (!image_turn(io, orientation, a, &to, e)) return false;
    *io = image_of(&to);
    return true;
}

void image_unpack(const uint8_t *from, uint32_t bits, uint32_t pixels, uint8_t *to) {
    assert(bits == 1 || bits == 2 || bits == 4 || bits == 8);
    uint32_t per_byte = 8 / bits, mask = (1U << bits) - 1;
    for (uint32_t i = 0; i < pixels; i++) {
        uint32_t shift = 8 - bits * (i % per_byte + 1);
        to[i] = (uint8_t)((uint32_t)from[i / per_byte] >> shift & mask);
    }
}
