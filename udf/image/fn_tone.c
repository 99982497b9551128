/* fn_tone.c: image functions about brightness, pixel by pixel: gray, threshold, equalize, numbers
 * for networks, the difference of two images.
 */
#include <math.h>
#include <stdlib.h>

#include "udf/image/filter.h"
#include "udf/image/row.h"
#include "udf/table.h"

enum { LEVELS = 256, CHANNELS_MAX = 3 };

static bool gray(struct image_row *r, const struct image *in, struct image_canvas *out,
                 struct err *e) {
    if (!image_like(r, in, 1, out, e)) return false;
    image_convert_to(in, out);
    return true;
}
DEFINE_IMAGE_TO_IMAGE(gray)

static bool threshold(struct image_row *r, const struct image *in, struct image_canvas *out,
                      struct err *e) {
    struct image level;
    static const struct image_range range = {"threshold", -1e9, 1e9};
    double at;
    if (!image_convert(in, 1, r->scratch, &level, e) || !image_like(r, in, 1, out, e)) return false;
    if (r->c->args < 2)
        at = image_otsu(&level);
    else if (!image_number(r, 1, &range, &at, e))
        return false;
    image_threshold(&level, (int32_t)floor(at), out);
    return true;
}
DEFINE_IMAGE_TO_IMAGE(threshold)

static bool equalize(struct image_row *r, const struct image *in, struct image_canvas *out,
                     struct err *e) {
    struct image level;
    if (!image_convert(in, 1, r->scratch, &level, e) || !image_like(r, in, 1, out, e)) return false;
    image_equalize(&level, out);
    return true;
}
DEFINE_IMAGE_TO_IMAGE(equalize)

static bool diff(struct image_row *r, struct fn_result *out, struct err *e) {
    struct image a, b;
    if (!image_arg(r, 0, &a, e) || !image_arg(r, 1, &b, e)) return false;
    if (a.width != b.width || a.height != b.height)
        return image_wrong(r, e, "the images have %u x %u and %u x %u pixels", a.width, a.height,
                           b.width, b.height);
    uint32_t channels = a.channels >= 3 && b.channels >= 3 ? 3 : 1;
    if (!image_convert(&a, channels, r->scratch, &a, e)) return false;
    if (!image_convert(&b, channels, r->scratch, &b, e)) return false;
    size_t samples = (size_t)a.width * a.height * channels;
    uint64_t sum = 0;
    for (size_t i = 0; i < samples; i++) sum += (uint64_t)abs(a.pixel[i] - b.pixel[i]);
    out->as.f64[r->row] = (double)sum / ((double)samples * 255);
    return true;
}
DEFINE_IMAGE_OTHER(diff)

/* Value `i` of an argument that is a number for all channels, or an ARRAY of one each. */
static bool channel_value(const struct image_row *r, uint32_t arg, uint32_t i, uint32_t channels,
                          double *out, struct err *e) {
    const struct column *c = &r->c->arg[arg];
    if (c->type->id == TYPE_DOUBLE) {
        *out = c->as.f64[r->row];
        return true;
    }
    struct span s = c->as.span[r->row];
    if (s.count != channels)
        return image_wrong(r, e, "%u values are given for %u channels", s.count, channels);
    if (!column_has(&c->child[0], s.first + i))
        return image_wrong(r, e, "the value of a channel is NULL");
    *out = c->child[0].as.f64[s.first + i];
    return true;
}

/* level[c][v] is what v becomes in channel c. */
static bool channel_levels(const struct image_row *r, uint32_t channels,
                           float level[CHANNELS_MAX][LEVELS], struct err *e) {
    for (uint32_t c = 0; c < channels; c++) {
        double mean, std;
        if (!channel_value(r, 1, c, channels, &mean, e)) return false;
        if (!channel_value(r, 2, c, channels, &std, e)) return false;
        if (!(std != 0)) return image_wrong(r, e, "the standard deviation must not be 0");
        for (uint32_t v = 0; v < LEVELS; v++) level[c][v] = (float)((v - mean) / std);
    }
    return true;
}

static bool normalize(struct image_row *r, struct fn_result *out, struct err *e) {
    float level[CHANNELS_MAX][LEVELS];
    struct image in;
    if (!image_arg(r, 0, &in, e)) return false;
    uint32_t channels = in.channels >= 3 ? 3 : 1;
    if (!image_convert(&in, channels, r->scratch, &in, e)) return false;
    if (!channel_levels(r, channels, level, e)) return false;

    size_t pixels = (size_t)in.width * in.height;
    float *to = arena_alloc(r->c->arena, pixels * channels * sizeof *to);
    uint32_t *dim = arena_alloc(r->c->arena, 3 * sizeof *dim);
    if (!to || !dim) return err_memory(e);
    dim[0] = channels;
    dim[1] = in.height;
    dim[2] = in.width;
    out->as.tensor[r->row] = (struct tensor){.at = to, .dim = dim};
    for (uint32_t c = 0; c < channels; c++) {
        for (size_t i = 0; i < pixels; i++) *to++ = level[c][in.pixel[i * channels + c]];
    }
    return true;
}
DEFINE_IMAGE_OTHER(normalize)

#define DARK "image_decode(CAST('P2 2 1 255 10 30' AS BLOB))"

static const struct fn table[] = {
    {.name = "image_gray",
     .sig = "image_gray(IMAGE) IMAGE",
     .doc = "the brightness, 0.299 R + 0.587 G + 0.114 B, as an image of one channel",
     .example = "image_channels(image_gray(image_decode(CAST('P3 1 1 9 1 2 3' AS BLOB)))) = 1",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .call = gray_call},
    {.name = "image_normalize",
     .sig = "image_normalize(IMAGE, DOUBLE, DOUBLE) TENSOR(*, *, *)",
     .doc = "(pixel - mean) / std for pixels of 0 to 255, as channels x height x width",
     .example = "image_normalize(" DARK ", 10, 20) IS NOT NULL",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .call = normalize_call},
    {.name = "image_normalize",
     .sig = "image_normalize(IMAGE, ARRAY<DOUBLE>, ARRAY<DOUBLE>) TENSOR(*, *, *)",
     .doc = "likewise with a mean and a standard deviation for each channel",
     .example = "image_normalize(" DARK ", ARRAY[10.0], ARRAY[20.0]) IS NOT NULL",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .call = normalize_call},
    {.name = "image_threshold",
     .sig = "image_threshold(IMAGE, [DOUBLE]) IMAGE",
     .doc = "255 where the brightness is above the threshold, else 0; without one by Otsu's",
     .example =
         "image_diff(image_threshold(" DARK "), image_decode(CAST('P1 2 1 1 0' AS BLOB))) = 0",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .call = threshold_call},
    {.name = "image_equalize",
     .sig = "image_equalize(IMAGE) IMAGE",
     .doc = "the brightness spread so that its histogram is as even as can be; gray",
     .example =
         "image_diff(image_equalize(" DARK "), image_decode(CAST('P1 2 1 1 0' AS BLOB))) = 0",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .call = equalize_call},
    {.name = "image_diff",
     .sig = "image_diff(IMAGE, IMAGE) DOUBLE",
     .doc = "the mean absolute difference of two images of one size, 0 to 1; of their brightness "
            "unless both have colours",
     .example = "image_diff(" DARK ", image_decode(CAST('P2 2 1 255 10 132' AS BLOB))) = 0.2",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .call = diff_call},
};

const struct fn_table fn_image_tone = {table, COUNT_OF(table)};
