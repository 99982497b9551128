/* feature.h: what is measured of an image; the arithmetic, apart from SQL. docs/vision.md says of
 * each which paper it follows, with which parameters.
 *
 * Images are gray (one channel) unless said otherwise. Scratch memory is left in use.
 *
 * Errors: no memory only.
 *
 * Used by: udf/image/fn_feature.c.    Tested by: tests/unit/udf/image_feature_test.c, tests/opencv
 */
#ifndef UDF_IMAGE_FEATURE_H
#define UDF_IMAGE_FEATURE_H

#include "udf/image/image.h"

enum {
    HOG_WIDTH = 64,
    HOG_HEIGHT = 128,
    HOG_VALUES = 3780, /* 7 x 15 blocks of 2 x 2 cells of 9 bins */
    LBP_VALUES = 10,
    HU_VALUES = 7,
    HISTOGRAM_BINS_MAX = 256,
    CORNERS_MAX = 10000,
};

/* The share of the pixels in each of `bins` ranges of brightness of equal width. */
void image_histogram(const struct image *in, uint32_t bins, float *out);

/* Histogram of oriented gradients, of an image of HOG_WIDTH x HOG_HEIGHT with any channels; as
 * OpenCV's HOGDescriptor().compute. out[HOG_VALUES]. */
bool image_hog(const struct image *in, struct arena *scratch, float *out, struct err *e) MUST_USE;

/* Local binary patterns that do not turn with the image: shares of LBP_VALUES kinds. */
void image_lbp(const struct image *in, float *out);

/* Hu's seven moments of the brightness. */
void image_hu_moments(const struct image *in, float *out);

/* Perceptual hash: 64 bits, of which few differ for images that look alike. */
bool image_phash(const struct image *in, struct arena *scratch, uint64_t *out,
                 struct err *e) MUST_USE;

struct image_corner {
    uint32_t x, y;
    float response;
};

/* The at most `most` strongest corners, strongest first, in scratch; as OpenCV's
 * goodFeaturesToTrack(in, most, 0.01, 10). */
bool image_corners(const struct image *in, uint32_t most, struct arena *scratch,
                   struct image_corner **corner_out, uint32_t *corners_out, struct err *e) MUST_USE;

#endif
