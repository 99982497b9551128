/* An IMAGE as the pixels that a network takes. A JPEG much larger than the input is decoded at a
 * fraction of its size that is at least the input's. */
#include <string.h>

#include "udf/image/image.h"
#include "udf/learn/input.h"

bool learn_input_image(const struct learn_input *in, struct text bytes, char *to, struct arena *a,
                       struct err *e) {
    const struct image_read how = {.pixels_max = in->pixels_max,
                                   .channels = in->shape.c,
                                   .width_min = in->shape.w,
                                   .height_min = in->shape.h};
    struct image image;
    if (!image_decode(bytes, &how, a, &image, e)) return false;
    if (image.width == in->shape.w && image.height == in->shape.h) {
        memcpy(to, image.pixel, in->row_bytes);
        return true;
    }
    const struct image_info size = {
        .width = in->shape.w, .height = in->shape.h, .channels = in->shape.c};
    struct image_canvas canvas;
    if (!image_resize(&image, &size, IMAGE_BILINEAR, a, &canvas, e)) return false;
    memcpy(to, canvas.pixel, in->row_bytes);
    return true;
}
