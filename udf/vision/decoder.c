/* decoder.c: the table of decoders, and what they share. */
#include "udf/vision/decoder.h"

const struct decoder *const decoders[] = {
    &decoder_yolox, &decoder_yolov5,    &decoder_yolov8, &decoder_tiny_yolov2,
    &decoder_ssd,   &decoder_ultraface, &decoder_yunet,  NULL,
};

const struct decoder *decoder_find(struct text name) {
    for (uint32_t i = 0; decoders[i]; i++) {
        if (text_equal_fold(name, text_of(decoders[i]->name))) return decoders[i];
    }
    return NULL;
}

bool decoder_mismatch(const struct detector *d, const char *wants, struct err *e) {
    return err_set(e, ERR_SQL, "42804", "decoder '%s' wants %s", d->decoder->name, wants);
}

uint32_t decoder_grid_cells(const struct detector *d) {
    uint32_t cells = 0;
    for (uint32_t stride = 8; stride <= 32; stride *= 2) {
        cells += (d->width / stride) * (d->height / stride);
    }
    return cells;
}

uint32_t decoder_best(const float *score, uint32_t n) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < n; i++) {
        if (score[i] > score[best]) best = i;
    }
    return best;
}
