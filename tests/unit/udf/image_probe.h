/* image_probe.h: what the tests of images share: random images, files of the test data.
 *
 * Used by: tests/unit/udf/image*_test.c
 */
#ifndef TESTS_UNIT_UDF_IMAGE_PROBE_H
#define TESTS_UNIT_UDF_IMAGE_PROBE_H

#include "tests/unit/base/random.h"
#include "udf/image/image.h"

/* Noise, or (smooth) slopes with a little of it; in `a`. */
struct image image_random(struct random *r, struct arena *a, const struct image_info *size,
                          bool smooth);

static inline size_t image_bytes(const struct image *i) {
    return (size_t)i->width * i->height * i->channels;
}

/* Same size, channels and pixels. */
bool image_same(const struct image *a, const struct image *b);

/* The largest difference of a sample; 256 where the sizes differ. */
int image_distance(const struct image *a, const struct image *b);

/* Calls each(path, bytes, context) for the files below `folder` of the test data whose names end
 * so; returns how many there were. */
uint32_t image_files(const char *folder, const char *ending,
                     void (*each)(const char *path, struct text bytes, void *context),
                     void *context);

/* A whole file in `a`; false: there is none. */
bool image_file(const char *path, struct arena *a, struct text *out);

#endif
