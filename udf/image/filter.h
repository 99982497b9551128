/* filter.h: what makes of an image another of the same size; the arithmetic, apart from SQL.
 *
 * Results are OpenCV's of the function named. Beyond the border an image goes on as in a mirror
 * that stands on its outermost pixels (OpenCV's BORDER_REFLECT_101), unless said otherwise. `out`
 * is a canvas of the same width and height, with the channels said; scratch memory is left in use.
 *
 * Errors: no memory only.
 *
 * Used by: udf/image/fn_*.c.    Tested by: tests/unit/udf/image_filter_test.c, tests/opencv
 */
#ifndef UDF_IMAGE_FILTER_H
#define UDF_IMAGE_FILTER_H

#include "udf/image/image.h"

#define IMAGE_SIGMA_MAX 100.0
enum { IMAGE_RADIUS_MAX = 255 };

/* Index of a pixel at `i` of a row of `n`, wherever `i` lies. */
int64_t image_reflect(int64_t i, int64_t n);

/* GaussianBlur(in, (0, 0), sigma); 0 < sigma <= IMAGE_SIGMA_MAX; as many channels. */
bool image_blur(const struct image *in, double sigma, struct arena *scratch,
                const struct image_canvas *out, struct err *e) MUST_USE;

/* filter2D(in, -1, [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]); as many channels. */
void image_sharpen(const struct image *in, const struct image_canvas *out);

/* erode or dilate by a square of 2 * radius + 1 pixels; what lies outside does not count. */
bool image_morph(const struct image *in, bool dilate, uint32_t radius, struct arena *scratch,
                 const struct image_canvas *out, struct err *e) MUST_USE;

/* equalizeHist(in): of gray to gray. */
void image_equalize(const struct image *in, const struct image_canvas *out);

/* Otsu's threshold of a gray image, 0..255. */
uint32_t image_otsu(const struct image *in);

/* threshold(in, at, 255, THRESH_BINARY) of gray: 255 where a pixel is above `at`, else 0. */
void image_threshold(const struct image *in, int32_t at, const struct image_canvas *out);

/* Gradients of a gray image by Sobel's 3 x 3 kernels: dx[h][w], dy[h][w]. */
void image_gradient(const struct image *in, int16_t *dx, int16_t *dy);

/* The length of the gradient of a gray image, at most 255. */
bool image_sobel(const struct image *in, struct arena *scratch, const struct image_canvas *out,
                 struct err *e) MUST_USE;

struct image_canny {
    double low, high; /* of |dx| + |dy| */
};

/* Canny(in, low, high): edges 255, else 0. Of several channels the one with the steepest slope
 * counts, pixel by pixel. */
bool image_canny(const struct image *in, const struct image_canny *limits, struct arena *scratch,
                 const struct image_canvas *out, struct err *e) MUST_USE;

#endif
