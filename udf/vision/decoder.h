/* decoder.h: decoders: from the numbers that a detection network gives to boxes.
 *
 * A decoder is a row of the table: what its networks want of an image where the options do not say
 * it, how their outputs are told apart, and how one image's outputs become boxes, in pixels of the
 * network's picture. To add one: a row in decoders[] and a file decode_<name>.c.
 *
 * Used by: udf/vision.    Tested by: tests/unit/udf/vision_decode_test.c
 */
#ifndef UDF_VISION_DECODER_H
#define UDF_VISION_DECODER_H

#include "udf/vision/box.h"
#include "udf/vision/input.h"

enum { DECODER_OUTPUTS_MAX = 16, DECODER_STRIDES = 3 };

/* A decoder made ready for one network. */
struct detector {
    const struct decoder *decoder;
    uint32_t width, height; /* of the network's picture */
    uint32_t classes;
    uint32_t anchors;                   /* places, in all strides together */
    uint32_t outputs;                   /* of the network */
    uint32_t role[DECODER_OUTPUTS_MAX]; /* role[k]: which output is the decoder's k-th */
};

struct decoder {
    const char *name;
    const char *doc;
    struct vision_input input; /* its way with images */
    float score_min, overlap_max;
    const char *label; /* of its one class where there is no file of labels; or NULL */

    /* Do the outputs fit? Fills classes, anchors and role. false: 42804, what was expected. */
    bool (*bind)(struct detector *d, const struct net_port *out, uint32_t outputs, struct err *e);
    /* Of one image: output[k] is the network's k-th for it. */
    void (*decode)(const struct detector *d, const float *const *output, struct box_list *boxes);
};

extern const struct decoder *const decoders[]; /* NULL-terminated */
extern const struct decoder decoder_yolox, decoder_yolov5, decoder_yolov8, decoder_tiny_yolov2,
    decoder_ssd, decoder_ultraface, decoder_yunet;

/* NULL: there is none. */
const struct decoder *decoder_find(struct text name);

/* For decoders. 42804 "decoder 'yolox' wants one output of anchors x (5 + classes)". */
bool decoder_mismatch(const struct detector *d, const char *wants, struct err *e);

/* Cells of the grids of strides 8, 16 and 32 over the picture. */
uint32_t decoder_grid_cells(const struct detector *d);

/* The class of the highest of n scores. */
uint32_t decoder_best(const float *score, uint32_t n);

#endif
