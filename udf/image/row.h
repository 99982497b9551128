/* row.h: image functions on rows: arguments as pixels, results as IMAGE or TENSOR values.
 *
 * A function from image to image is written for one image:
 *
 *     static bool flip(struct image_row *r, const struct image *in, struct image_canvas *out,
 *                      struct err *e);
 *     DEFINE_IMAGE_TO_IMAGE(flip)      makes flip_call(), for the table (FN_PIXELS)
 *
 * one that measures writes the `count` floats of its VECTOR (DEFINE_IMAGE_TO_VECTOR). What fails
 * with ERR_DATA makes the row a bad row; anything else stops the query.
 *
 * Used by: udf/image/fn_*.c.    Tested by: tests/unit/udf/image_fn_test.c
 */
#ifndef UDF_IMAGE_ROW_H
#define UDF_IMAGE_ROW_H

#include "udf/each.h"
#include "udf/image/image.h"

/* One row of a call. */
struct image_row {
    struct fn_call *c;
    uint32_t row;
    struct arena *scratch; /* emptied behind the row; results live in c->arena */
};

/* Argument `arg` of the row as pixels; it is a PAM file, so nothing is decoded. */
bool image_arg(const struct image_row *r, uint32_t arg, struct image *out, struct err *e) MUST_USE;

/* What a number may be, and what it is called. */
struct image_range {
    const char *what;
    double low, high;
};

/* A DOUBLE within its range, else 22023. */
bool image_number(const struct image_row *r, uint32_t arg, const struct image_range *range,
                  double *out, struct err *e);
/* The same of a BIGINT; the range's ends are whole, and fit. */
bool image_count(const struct image_row *r, uint32_t arg, const struct image_range *range,
                 uint32_t *out, struct err *e);

/* Index of the text argument in a list that ends with NULL; 22023 lists what is allowed. */
bool image_word(const struct image_row *r, uint32_t arg, const char *what, const char *const *words,
                uint32_t *out, struct err *e);

/* "22023 <name>: <sentence>"; false. */
bool image_wrong(const struct image_row *r, struct err *e, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* A canvas for a result, in the batch's arena, of the size of `like` with `channels`. */
bool image_like(const struct image_row *r, const struct image *like, uint32_t channels,
                struct image_canvas *out, struct err *e) MUST_USE;

/* Zeroed floats in scratch. */
float *image_floats(const struct image_row *r, size_t count, struct err *e);

/* How the rows of a call are computed. */
struct image_call {
    bool (*image)(struct image_row *r, const struct image *in, struct image_canvas *out,
                  struct err *e);
    bool (*vector)(struct image_row *r, const struct image *in, float *out, uint32_t count,
                   struct err *e);
    bool (*other)(struct image_row *r, struct fn_result *out, struct err *e);
    uint32_t (*vector_count)(const struct image_row *r); /* NULL: as the type says */
};

bool image_call_run(struct fn_call *c, struct fn_result *out, const struct image_call *how,
                    struct err *e) MUST_USE;

#define DEFINE_IMAGE_CALL(name, kind)                                                              \
    static bool name##_call(struct fn_call *c, struct fn_result *out, struct err *e) {             \
        static const struct image_call how = {.kind = name};                                       \
        return image_call_run(c, out, &how, e);                                                    \
    }
#define DEFINE_IMAGE_TO_IMAGE(name) DEFINE_IMAGE_CALL(name, image)
#define DEFINE_IMAGE_TO_VECTOR(name) DEFINE_IMAGE_CALL(name, vector)
#define DEFINE_IMAGE_OTHER(name) DEFINE_IMAGE_CALL(name, other)

#endif
