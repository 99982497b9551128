/* fn_filter.c: image functions that look at each pixel and its neighbours: see filter.h. */
#include "udf/image/filter.h"
#include "udf/image/row.h"
#include "udf/table.h"

static bool blur(struct image_row *r, const struct image *in, struct image_canvas *out,
                 struct err *e) {
    static const struct image_range range = {"sigma", 0.1, IMAGE_SIGMA_MAX};
    double sigma;
    return image_number(r, 1, &range, &sigma, e) && image_like(r, in, in->channels, out, e) &&
           image_blur(in, sigma, r->scratch, out, e);
}
DEFINE_IMAGE_TO_IMAGE(blur)

static bool sharpen(struct image_row *r, const struct image *in, struct image_canvas *out,
                    struct err *e) {
    if (!image_like(r, in, in->channels, out, e)) return false;
    image_sharpen(in, out);
    return true;
}
DEFINE_IMAGE_TO_IMAGE(sharpen)

static bool morph(struct image_row *r, const struct image *in, struct image_canvas *out,
                  bool dilate, struct err *e) {
    static const struct image_range range = {"radius", 0, IMAGE_RADIUS_MAX};
    uint32_t radius = 1;
    if (r->c->args > 1 && !image_count(r, 1, &range, &radius, e)) return false;
    return image_like(r, in, in->channels, out, e) &&
           image_morph(in, dilate, radius, r->scratch, out, e);
}

static bool erode(struct image_row *r, const struct image *in, struct image_canvas *out,
                  struct err *e) {
    return morph(r, in, out, false, e);
}
DEFINE_IMAGE_TO_IMAGE(erode)

static bool dilate(struct image_row *r, const struct image *in, struct image_canvas *out,
                   struct err *e) {
    return morph(r, in, out, true, e);
}
DEFINE_IMAGE_TO_IMAGE(dilate)

static bool sobel(struct image_row *r, const struct image *in, struct image_canvas *out,
                  struct err *e) {
    struct image gray;
    return image_convert(in, 1, r->scratch, &gray, e) && image_like(r, in, 1, out, e) &&
           image_sobel(&gray, r->scratch, out, e);
}
DEFINE_IMAGE_TO_IMAGE(sobel)

static bool canny(struct image_row *r, const struct image *in, struct image_canvas *out,
                  struct err *e) {
    struct image_canny limits;
    static const struct image_range low = {"low threshold", 0, INT32_MAX};
    static const struct image_range high = {"high threshold", 0, INT32_MAX};
    return image_number(r, 1, &low, &limits.low, e) && image_number(r, 2, &high, &limits.high, e) &&
           image_like(r, in, 1, out, e) && image_canny(in, &limits, r->scratch, out, e);
}
DEFINE_IMAGE_TO_IMAGE(canny)

#define DOT "image_decode(CAST('P2 3 3 255 0 0 0 0 90 0 0 0 0' AS BLOB))"

static const struct fn table[] = {
    {.name = "image_blur",
     .sig = "image_blur(IMAGE, DOUBLE) IMAGE",
     .doc = "the image blurred by a Gaussian of that sigma, in pixels (0.1 to 100)",
     .example = "image_diff(image_blur(" DOT ", 0.1), " DOT ") = 0",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .call = blur_call},
    {.name = "image_sharpen",
     .sig = "image_sharpen(IMAGE) IMAGE",
     .doc = "the image sharpened: 5 times each pixel less its four neighbours",
     .example = "image_diff(image_sharpen(" DOT "), image_decode(CAST('P2 3 3 255 0 0 0 0 255 0 0 "
                "0 0' AS BLOB))) = 0",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .call = sharpen_call},
    {.name = "image_erode",
     .sig = "image_erode(IMAGE, [BIGINT]) IMAGE",
     .doc = "each pixel the least of the square around it, of so many pixels each way (1)",
     .example = "image_diff(image_erode(" DOT "), image_gray(" DOT ")) > 0",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .call = erode_call},
    {.name = "image_dilate",
     .sig = "image_dilate(IMAGE, [BIGINT]) IMAGE",
     .doc = "each pixel the largest of the square around it, of so many pixels each way (1)",
     .example = "image_diff(image_dilate(" DOT "), " DOT ") > 0.3",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .call = dilate_call},
    {.name = "image_sobel",
     .sig = "image_sobel(IMAGE) IMAGE",
     .doc = "how steep the brightness is at each pixel, by Sobel's 3 x 3 kernels; gray",
     .example = "image_channels(image_sobel(" DOT ")) = 1",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .call = sobel_call},
    {.name = "image_canny",
     .sig = "image_canny(IMAGE, DOUBLE, DOUBLE) IMAGE",
     .doc = "edges after Canny, 255 on 0: those steeper than the high threshold, and what is "
            "steeper than the low one and touches them",
     .example = "image_channels(image_canny(" DOT ", 50, 150)) = 1",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .call = canny_call},
};

const struct fn_table fn_image_filter = {table, COUNT_OF(table)};
