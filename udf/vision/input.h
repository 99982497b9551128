/* input.h: vision_input: from an image to the numbers that a network wants.
 *
 * The image is brought to the network's size, its channels to the order asked for, and each number
 * becomes (pixel * scale - mean) / std. Three ways to a size:
 *
 *     stretch    both sides by their own factor
 *     letterbox  one factor, so that the image fits; what is left over is `pad`, on the right and
 *                below, or on all sides (centred)
 *     crop       one factor, so that the shorter side is `short_side`; the middle is cut out
 *
 * Used by: udf/vision.    Tested by: tests/unit/udf/vision_input_test.c
 */
#ifndef UDF_VISION_INPUT_H
#define UDF_VISION_INPUT_H

#include "engine/base/arena.h"
#include "engine/base/err.h"
#include "engine/base/option.h"
#include "udf/image/image.h"
#include "udf/nn/net.h"

enum vision_resize { RESIZE_STRETCH, RESIZE_LETTERBOX, RESIZE_LETTERBOX_CENTER, RESIZE_CROP };
enum vision_color { COLOR_RGB, COLOR_BGR, COLOR_GRAY };

enum { VISION_CHANNELS = 3, VISION_SIDE_MAX = 16384 };

struct vision_input {
    uint32_t width, height, channels; /* of the network; channels 1 or 3 */
    bool nhwc;                        /* else nchw */
    enum vision_resize resize;
    enum vision_color color;
    enum image_filter filter;
    uint32_t short_side; /* RESIZE_CROP */
    float pad;           /* RESIZE_LETTERBOX*: a pixel's value */
    float scale, mean[VISION_CHANNELS], std[VISION_CHANNELS];
    uint64_t pixels_max;
};

/* Where the image lies in the network's picture: original = (picture - offset) / factor. */
struct vision_place {
    float factor_x, factor_y;
    float offset_x, offset_y;
    uint32_t width, height; /* of the original */
};

/* What the port's shape says, with `defaults` for all else, and the options on top. false: 22023
 * where an option is wrong, or a size is missing, or the shape is none of an image. */
bool vision_input_read(struct vision_input *v, const struct net_port *port,
                       const struct vision_input *defaults, const struct options *o,
                       struct err *e) MUST_USE;

/* Where no input is an image: false where an option of images is given (22023). */
bool vision_input_none(const struct options *o, struct err *e) MUST_USE;

/* The numbers of one image into out[channels * height * width]. ERR_DATA: the image is none. What
 * is needed on the way is taken from `a`. */
bool vision_input_fill(const struct vision_input *v, struct text image, struct arena *a, float *out,
                       struct vision_place *place, struct err *e) MUST_USE;

#endif
