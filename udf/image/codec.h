/* codec.h: image formats, a row each; private to udf/image.
 *
 * A format is recognised by its first bytes. Decoding gives 8 bits a channel, upright: what EXIF
 * says of orientation has been done.
 *
 * Errors: as image.h.
 *
 * Used by: udf/image.    Tested by: tests/unit/udf/image_test.c
 */
#ifndef UDF_IMAGE_CODEC_H
#define UDF_IMAGE_CODEC_H

#include "udf/image/image.h"

struct image_format {
    const char *name;
    bool (*is)(struct text bytes);
    bool (*info)(struct text bytes, struct image_info *out, struct err *e);
    /* Channels as the file has, or those wanted where that is cheaper; image_decode() converts. */
    bool (*decode)(struct text bytes, const struct image_read *how, struct arena *a,
                   struct image *out, struct err *e);
};

extern const struct image_format image_jpeg, image_png, image_bmp, image_pnm;

/* 22P03 "<format>: <why>"; false. */
bool image_bad(const char *format, const char *why, struct err *e);

/* Is the size within what is allowed? 54000 where it is too large, 22P03 for a side of 0. */
bool image_size_allowed(const struct image_info *size, const struct image_read *how,
                        struct err *e) MUST_USE;

/* EXIF's orientation, 1 to 8; 1 where `tiff`, a TIFF header with its first directory, says none. */
uint32_t exif_orientation(const uint8_t *tiff, size_t bytes);

/* Orientations from 5 on lie on their side. */
static inline bool exif_swaps_sides(uint32_t orientation) {
    return orientation >= 5;
}

/* The image as its orientation wants it seen: the same for 1, else in `a`. */
bool image_upright(struct image *io, uint32_t orientation, struct arena *a, struct err *e) MUST_USE;

/* [pixels] palette indices of 1, 2, 4 or 8 bits, the first in the high bits, one to a byte. */
void image_unpack(const uint8_t *from, uint32_t bits, uint32_t pixels, uint8_t *to);

static inline uint32_t read_u16_le(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static inline uint32_t read_u32_le(const uint8_t *p) {
    return read_u16_le(p) | read_u16_le(p + 2) << 16;
}

static inline uint32_t read_u16_be(const uint8_t *p) {
    return (uint32_t)p[0] << 8 | (uint32_t)p[1];
}

static inline uint32_t read_u32_be(const uint8_t *p) {
    return read_u16_be(p) << 16 | read_u16_be(p + 2);
}

#endif
