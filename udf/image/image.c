/* image.c: see image.h.
 *
 * A canvas has PAM_HEAD_BYTES before its pixels, into which image_as_pam() writes the header so
 * that it ends where the pixels begin.
 */
#include "udf/image/image.h"

#include <assert.h>
#include <stdio.h>

#include "udf/image/codec.h"

enum { PAM_HEAD_BYTES = 128 };

/* In the order in which they are asked. */
static const struct image_format *const formats[] = {&image_jpeg, &image_png, &image_pnm,
                                                     &image_bmp};

bool image_bad(const char *format, const char *why, struct err *e) {
    return err_set(e, ERR_DATA, "22P03", "%s image: %s", format, why);
}

static const struct image_format *format_of(struct text bytes, struct err *e) {
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        if (formats[i]->is(bytes)) return formats[i];
    }
    if (bytes.bytes == 0)
        err_set(e, ERR_DATA, "22P03", "not an image: there are no bytes");
    else
        err_set(e, ERR_DATA, "22P03", "not an image: neither JPEG, PNG, BMP nor PNM");
    return NULL;
}

bool image_size_allowed(const struct image_info *size, const struct image_read *how,
                        struct err *e) {
    uint64_t limit = how->pixels_max > 0 ? how->pixels_max : IMAGE_PIXELS_MAX;
    uint64_t pixels = (uint64_t)size->width * size->height;
    if (pixels == 0) return image_bad(size->format, "it has no pixels", e);
    if (pixels <= limit && pixels <= IMAGE_PIXELS_MAX) return true;
    err_set(e, ERR_DATA, "54000", "%s image of %u x %u pixels is larger than %llu pixels",
            size->format, size->width, size->height,
            (unsigned long long)(limit < IMAGE_PIXELS_MAX ? limit : IMAGE_PIXELS_MAX));
    return err_hint(e, "SET 'max-image-pixels' says how many are allowed.");
}

bool image_info(struct text bytes, struct image_info *out, struct err *e) {
    const struct image_format *f = format_of(bytes, e);
    struct image_info info = {0};
    if (!f || !f->info(bytes, &info, e)) return false;
    info.format = f->name;
    if (info.width == 0 || info.height == 0) return image_bad(f->name, "it has no pixels", e);
    assert(info.channels >= 1 && info.channels <= 4);
    *out = info;
    return true;
}

bool image_decode(struct text bytes, const struct image_read *how, struct arena *a,
                  struct image *out, struct err *e) {
    static const struct image_read as_it_is = {0};
    const struct image_format *f = format_of(bytes, e);
    struct image image;
    if (!how) how = &as_it_is;
    assert(how->channels == 0 || how->channels == 1 || how->channels == 3);
    if (!f || !f->decode(bytes, how, a, &image, e)) return false;
    if (how->channels > 0 && !image_convert(&image, how->channels, a, &image, e)) return false;
    *out = image;
    return true;
}

/* Do the pixels lie in memory that image_canvas() gave? */
static bool is_canvas(const struct image *image, struct text bytes) {
    const uint8_t *first = (const uint8_t *)bytes.at;
    return image->pixel < first || image->pixel >= first + bytes.bytes;
}

bool image_decode_pam(struct text bytes, const struct image_read *how, struct arena *a,
                      struct text *out, struct err *e) {
    struct image image;
    struct image_canvas own;
    if (!image_decode(bytes, how, a, &image, e)) return false;
    if (is_canvas(&image, bytes)) {
        own = (struct image_canvas){image.width, image.height, image.channels,
                                    (uint8_t *)(uintptr_t)image.pixel};
    } else if (memcmp(bytes.at, "P7", 2) == 0) {
        *out = bytes;
        return true;
    } else {
        const struct image_info size = {
            .width = image.width, .height = image.height, .channels = image.channels};
        if (!image_canvas(a, &size, &own, e)) return false;
        memcpy(own.pixel, image.pixel, (size_t)own.width * own.height * own.channels);
    }
    *out = image_as_pam(&own);
    return true;
}

bool image_canvas(struct arena *a, const struct image_info *size, struct image_canvas *out,
                  struct err *e) {
    uint64_t pixels = (uint64_t)size->width * size->height;
    assert(size->channels >= 1 && size->channels <= 4);
    if (pixels == 0 || pixels > IMAGE_PIXELS_MAX)
        return err_set(e, ERR_DATA, "54000", "an image of %u x %u pixels cannot be made",
                       size->width, size->height);
    uint8_t *room = arena_alloc(a, PAM_HEAD_BYTES + (size_t)(pixels * size->channels));
    if (!room) return err_memory(e);
    *out = (struct image_canvas){.width = size->width,
                                 .height = size->height,
                                 .channels = size->channels,
                                 .pixel = room + PAM_HEAD_BYTES};
    return true;
}

struct text image_as_pam(struct image_canvas *c) {
    static const char *const kind[] = {"", "GRAYSCALE", "GRAYSCALE_ALPHA", "RGB", "RGB_ALPHA"};
    char head[PAM_HEAD_BYTES];
    int bytes = snprintf(head, sizeof head,
                         "P7\nWIDTH %u\nHEIGHT %u\nDEPTH %u\nMAXVAL 255\nTUPLTYPE %s\nENDHDR\n",
                         c->width, c->height, c->channels, kind[c->channels]);
    assert(bytes > 0 && bytes < PAM_HEAD_BYTES);
    uint8_t *at = c->pixel - bytes;
    memcpy(at, head, (size_t)bytes);
    size_t pixel_bytes = (size_t)c->width * c->height * c->channels;
    return (struct text){.at = (const char *)at, .bytes = (uint32_t)((size_t)bytes + pixel_bytes)};
}
