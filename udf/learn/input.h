/* input.h: learn_input: the columns that go into a model as numbers in a row.
 *
 * A number (DOUBLE, BIGINT, BOOLEAN, DECIMAL) is one, a TENSOR as many as it holds. They stand in
 * the order of the columns; a TENSOR whose shape is a network's 'input' (channels x height x width)
 * is turned so that channels are innermost.
 *
 * An IMAGE (networks only, alone) is decoded to the channels of 'input' (1: gray, 3: RGB), resized
 * to its width and height (bilinear) where it has another size, and is width * height * channels
 * bytes; the network takes byte / 255. An exported file takes 0 .. 255 and divides by itself.
 *
 * Used by: udf/learn.    Tested by: tests/unit/udf/learn_model_test.c
 */
#ifndef UDF_LEARN_INPUT_H
#define UDF_LEARN_INPUT_H

#include "engine/base/arena.h"
#include "engine/base/attr.h"
#include "engine/base/batch.h"
#include "engine/base/err.h"
#include "udf/learn/layer.h"

enum input_kind { INPUT_F64, INPUT_F32, INPUT_PIXELS };

struct learn_input {
    enum input_kind kind;
    const struct schema *schema;
    struct shape shape; /* of a row */
    uint32_t numbers;
    size_t row_bytes;
    uint64_t pixels_max;
};

/* What is asked for. */
struct input_words {
    const struct schema *schema;
    enum input_kind kind; /* of numbers */
    bool images;          /* may an IMAGE be given? */
    bool shape_given;
    struct shape shape;
    uint64_t pixels_max;
};

/* 22023 where the columns do not fit; `out` borrows the schema. */
bool learn_input_open(const struct input_words *w, struct learn_input *out, struct err *e) MUST_USE;

struct input_rows {
    const struct column *arg;
    const uint16_t *row;
    uint32_t rows;
    char *to;              /* [rows][row_bytes] */
    const char **reason;   /* [rows] NULL, or why it cannot be taken; in the arena or for ever */
    const char **sqlstate; /* [rows] of that */
};

/* false: 53200 only. */
bool learn_input_read(const struct learn_input *in, const struct input_rows *r, struct arena *a,
                      struct err *e) MUST_USE;

/* input_image.c: one image as pixels; false: not an image (*e), or 53200. */
bool learn_input_image(const struct learn_input *in, struct text bytes, char *to, struct arena *a,
                       struct err *e) MUST_USE;

#endif
