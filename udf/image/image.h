/* image.h: images: pixels in memory, and how encoded bytes become pixels and back.
 *
 * A value of type IMAGE is always an encoded file: JPEG, PNG, BMP, PNM, told by content. What a
 * function computes is one too: a PAM file (netpbm's P7), whose pixels can be used where they lie,
 * so that decoding it costs nothing. A file stays encoded until somebody asks for a pixel.
 *
 * Pixels are 8 bits a channel, rows from the top, interleaved: gray (1), gray and alpha (2), RGB
 * (3), RGBA (4). 16-bit files are reduced by their high byte, palettes and CMYK become RGB.
 *
 * Errors: ERR_DATA 22P03 for bytes that are no image, are cut, or of which the decoder had to
 * invent data; 54000 for more pixels than allowed. Nothing is allocated before the size is judged.
 *
 * Used by: udf/image (functions), udf/vision.    Tested by: tests/unit/udf/image_test.c
 */
#ifndef UDF_IMAGE_IMAGE_H
#define UDF_IMAGE_IMAGE_H

#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/attr.h"
#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/text.h"

enum { IMAGE_PIXELS_MAX = 1 << 28 }; /* the default of 'max-image-pixels': 268 million */

struct image {
    uint32_t width, height; /* > 0 */
    uint32_t channels;      /* 1 to 4 */
    const uint8_t *pixel;   /* [height][width][channels], no gaps */
};

/* The same, to be written; in an arena. */
struct image_canvas {
    uint32_t width, height;
    uint32_t channels;
    uint8_t *pixel;
};

static inline struct image image_of(const struct image_canvas *c) {
    return (struct image){c->width, c->height, c->channels, c->pixel};
}

struct image_info {
    uint32_t width, height;
    uint32_t channels;  /* as decoding gives it */
    const char *format; /* "jpeg", "png", "bmp", "pnm" */
};

struct image_read {
    uint64_t pixels_max; /* 0: IMAGE_PIXELS_MAX */
    uint32_t channels;   /* 0: as the file has; 1 or 3: converted (alpha is dropped) */
    /* The pixels are wanted at least this large: a JPEG may be decoded at 1/2, 1/4 or 1/8. 0: full
     * size. */
    uint32_t width_min, height_min;
};

/* From the header alone. */
bool image_info(struct text bytes, struct image_info *out, struct err *e) MUST_USE;

/* Decodes into `a`; the pixels of a PAM file are those of `bytes`. `how` NULL: as the file is. */
bool image_decode(struct text bytes, const struct image_read *how, struct arena *a,
                  struct image *out, struct err *e) MUST_USE;

/* The pixels as a PAM file: `bytes` themselves where they are one with a maxval of 255. */
bool image_decode_pam(struct text bytes, const struct image_read *how, struct arena *a,
                      struct text *out, struct err *e) MUST_USE;

/* Room for an image in `a`; false without memory or for a size of 0 or above IMAGE_PIXELS_MAX. */
bool image_canvas(struct arena *a, const struct image_info *size, struct image_canvas *out,
                  struct err *e) MUST_USE;

/* As a PAM file in `a`: what computed IMAGE values are. A canvas made by image_canvas() has room
 * for the header before its pixels, so that nothing is copied. */
struct text image_as_pam(struct image_canvas *c);

/* With 1 (gray) or 3 (RGB) channels, alpha dropped; the same pixels where nothing changes. */
bool image_convert(const struct image *from, uint32_t channels, struct arena *a, struct image *out,
                   struct err *e) MUST_USE;

/* The same into a canvas of the same size. */
void image_convert_to(const struct image *from, struct image_canvas *to);

/* As EXIF's orientation (1 to 8) wants it seen: 2 mirrors, 3 turns by 180 degrees, 4 mirrors top
 * and bottom, 6 turns right, 8 left, 5 and 7 mirror at a diagonal. */
bool image_turn(const struct image *from, uint32_t orientation, struct arena *a,
                struct image_canvas *out, struct err *e) MUST_USE;

enum { IMAGE_QUALITY = 95 }; /* of JPEGs where none is given, as OpenCV's */

/* Encoded into `a`. quality: 1..100; a JPEG drops alpha. */
bool image_encode_jpeg(const struct image *from, uint32_t quality, struct arena *a,
                       struct text *out, struct err *e) MUST_USE;
bool image_encode_png(const struct image *from, struct arena *a, struct text *out,
                      struct err *e) MUST_USE;

enum image_filter { IMAGE_NEAREST, IMAGE_BILINEAR, IMAGE_AREA };

/* Resized as OpenCV's resize (INTER_NEAREST, INTER_LINEAR, INTER_AREA) does; in `a`. */
bool image_resize(const struct image *from, const struct image_info *size, enum image_filter filter,
                  struct arena *a, struct image_canvas *out, struct err *e) MUST_USE;

#endif
