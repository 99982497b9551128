/* fn_shape.c: image functions that move pixels: resize, crop, pad, flip, turn. */
#include <math.h>

#include "udf/image/row.h"
#include "udf/table.h"

enum { SIDE_MAX = 1 << 20, ANGLE_90 = 6, ANGLE_180 = 3, ANGLE_270 = 8 }; /* EXIF's orientations */

static bool resize(struct image_row *r, const struct image *in, struct image_canvas *out,
                   struct err *e) {
    static const char *const filters[] = {"nearest", "bilinear", "area", NULL};
    uint32_t filter = IMAGE_BILINEAR;
    struct image_info size = {0};
    static const struct image_range width = {"width", 1, SIDE_MAX},
                                    height = {"height", 1, SIDE_MAX};
    if (!image_count(r, 1, &width, &size.width, e)) return false;
    if (!image_count(r, 2, &height, &size.height, e)) return false;
    if (r->c->args > 3 && !image_word(r, 3, "filter", filters, &filter, e)) return false;
    return image_resize(in, &size, (enum image_filter)filter, r->c->arena, out, e);
}
DEFINE_IMAGE_TO_IMAGE(resize)

/* A side of a rectangle in whole pixels, cut to 0..limit. */
static uint32_t edge_at(double at, uint32_t limit) {
    double whole = nearbyint(at);
    if (!(whole > 0)) return 0;
    return whole < limit ? (uint32_t)whole : limit;
}

static bool crop(struct image_row *r, const struct image *in, struct image_canvas *out,
                 struct err *e) {
    double x = arg_f64(r->c, 1, r->row), y = arg_f64(r->c, 2, r->row);
    uint32_t left = edge_at(x, in->width), top = edge_at(y, in->height);
    uint32_t right = edge_at(x + arg_f64(r->c, 3, r->row), in->width);
    uint32_t bottom = edge_at(y + arg_f64(r->c, 4, r->row), in->height);
    if (right <= left || bottom <= top)
        return image_wrong(r, e, "nothing of the %u x %u image is in the rectangle", in->width,
                           in->height);
    const struct image size = {.width = right - left, .height = bottom - top};
    if (!image_like(r, &size, in->channels, out, e)) return false;
    size_t row = (size_t)out->width * in->channels, from_row = (size_t)in->width * in->channels;
    const uint8_t *from = in->pixel + top * from_row + (size_t)left * in->channels;
    for (uint32_t i = 0; i < out->height; i++) {
        memcpy(out->pixel + i * row, from + i * from_row, row);
    }
    return true;
}
DEFINE_IMAGE_TO_IMAGE(crop)

static bool pad(struct image_row *r, const struct image *in, struct image_canvas *out,
                struct err *e) {
    static const struct image_range sides[] = {{"top", 0, SIDE_MAX},
                                               {"bottom", 0, SIDE_MAX},
                                               {"left", 0, SIDE_MAX},
                                               {"right", 0, SIDE_MAX}};
    static const struct image_range level = {"value", 0, 255};
    uint32_t by[4], value = 0;
    for (uint32_t i = 0; i < 4; i++) {
        if (!image_count(r, i + 1, &sides[i], &by[i], e)) return false;
    }
    if (r->c->args > 5 && !image_count(r, 5, &level, &value, e)) return false;
    if (in->width > SIDE_MAX || in->height > SIDE_MAX)
        return image_wrong(r, e, "the image is too large to be padded");
    const struct image size = {.width = in->width + by[2] + by[3],
                               .height = in->height + by[0] + by[1]};
    if (!image_like(r, &size, in->channels, out, e)) return false;
    size_t row = (size_t)out->width * in->channels, from_row = (size_t)in->width * in->channels;
    memset(out->pixel, (int)value, row * out->height);
    uint8_t *to = out->pixel + by[0] * row + (size_t)by[2] * in->channels;
    for (uint32_t i = 0; i < in->height; i++) {
        memcpy(to + i * row, in->pixel + i * from_row, from_row);
    }
    return true;
}
DEFINE_IMAGE_TO_IMAGE(pad)

static bool flip(struct image_row *r, const struct image *in, struct image_canvas *out,
                 struct err *e) {
    static const char *const ways[] = {"horizontal", "vertical", "both", NULL};
    static const uint32_t orientation[] = {2, 4, 3};
    uint32_t way = 0;
    if (r->c->args > 1 && !image_word(r, 1, "direction", ways, &way, e)) return false;
    return image_turn(in, orientation[way], r->c->arena, out, e);
}
DEFINE_IMAGE_TO_IMAGE(flip)

static bool rotate90(struct image_row *r, const struct image *in, struct image_canvas *out,
                     struct err *e) {
    static const uint32_t orientation[] = {1, ANGLE_90, ANGLE_180, ANGLE_270};
    int64_t times = r->c->args > 1 ? arg_i64(r->c, 1, r->row) : 1;
    return image_turn(in, orientation[times & 3], r->c->arena, out, e);
}
DEFINE_IMAGE_TO_IMAGE(rotate90)

#define GRAY "image_decode(CAST('P2 2 1 255 10 30' AS BLOB))"

static const struct fn table[] = {
    {.name = "image_resize",
     .sig = "image_resize(IMAGE, BIGINT, BIGINT, [TEXT]) IMAGE",
     .doc = "the image with another width and height; 'nearest', 'bilinear' (default) or 'area', "
            "which is the best for making it much smaller",
     .example = "image_width(image_resize(" GRAY ", 20, 10)) = 20",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .call = resize_call},
    {.name = "image_crop",
     .sig = "image_crop(IMAGE, DOUBLE, DOUBLE, DOUBLE, DOUBLE) IMAGE",
     .doc = "the rectangle of x, y, width and height, rounded to whole pixels; what lies outside "
            "the image is cut off",
     .example = "image_width(image_crop(" GRAY ", 1, 0, 5, 5)) = 1",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .call = crop_call},
    {.name = "image_pad",
     .sig = "image_pad(IMAGE, BIGINT, BIGINT, BIGINT, BIGINT, [BIGINT]) IMAGE",
     .doc = "the image with pixels added at top, bottom, left and right, of a value (0)",
     .example = "image_height(image_pad(" GRAY ", 1, 2, 0, 0)) = 4",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .call = pad_call},
    {.name = "image_flip",
     .sig = "image_flip(IMAGE, [TEXT]) IMAGE",
     .doc = "the image in a mirror: 'horizontal' (default: left and right change places), "
            "'vertical' or 'both'",
     .example =
         "image_diff(image_flip(" GRAY "), image_decode(CAST('P2 2 1 255 30 10' AS BLOB))) = 0",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .call = flip_call},
    {.name = "image_rotate90",
     .sig = "image_rotate90(IMAGE, [BIGINT]) IMAGE",
     .doc = "the image turned right by 90 degrees, or by so many times 90",
     .example = "image_height(image_rotate90(" GRAY ")) = 2",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .call = rotate90_call},
};

const struct fn_table fn_image_shape = {table, COUNT_OF(table)};
