/* decode_face.c: decoders of networks that give classes and boxes as outputs of their own.
 *
 *     ssd, ultraface  scores [1][boxes][1 + classes], class 0 being "nothing", and boxes
 *                     [1][boxes][4]: left, top, right, bottom in 0..1 of the picture (Liu et al.
 *                     2016)
 *     yunet           for strides s of 8, 16 and 32 cls, obj [1][cells][1] and bbox [1][cells][4]:
 *                     score = sqrt(cls obj); the cell at (col, row) means the centre ((col + dx) s,
 *                     (row + dy) s) and the size (e^dw s, e^dh s) (Wu, Peng and Yu 2023)
 */
#include <math.h>
#include <stdio.h>

#include "udf/vision/decoder.h"

enum { SSD_SCORES, SSD_BOXES };
enum { YUNET_CLASS, YUNET_OBJECT, YUNET_BOX, YUNET_PARTS };

static bool is_rows(const struct net_port *p, int64_t numbers) {
    return p->type == NET_F32 && p->shape.rank == 3 && p->shape.dim[1] > 0 &&
           (numbers == 0 || p->shape.dim[2] == numbers);
}

/* Scores and boxes are told apart by their names where both could be either, else by shape. */
static bool ssd_bind(struct detector *d, const struct net_port *out, uint32_t outputs,
                     struct err *e) {
    if (outputs != 2 || !is_rows(&out[0], 0) || !is_rows(&out[1], 0) ||
        out[0].shape.dim[1] != out[1].shape.dim[1]) {
        return decoder_mismatch(d, "two outputs, scores and boxes", e);
    }
    bool first = text_equal(out[0].name, TEXT_LITERAL("boxes")) || out[1].shape.dim[2] != 4;
    d->role[SSD_BOXES] = first ? 0 : 1;
    d->role[SSD_SCORES] = 1 - d->role[SSD_BOXES];
    int64_t scores = out[d->role[SSD_SCORES]].shape.dim[2];
    if (out[d->role[SSD_BOXES]].shape.dim[2] != 4 || scores < 2) {
        return decoder_mismatch(d, "scores of two classes or more, and boxes of four numbers", e);
    }
    d->anchors = (uint32_t)out[0].shape.dim[1];
    d->classes = (uint32_t)scores - 1;
    return true;
}

static void ssd_decode(const struct detector *d, const float *const *output,
                       struct box_list *boxes) {
    const float *score = output[d->role[SSD_SCORES]], *p = output[d->role[SSD_BOXES]];
    float w = (float)d->width, h = (float)d->height;
    for (uint32_t i = 0; i < d->anchors; i++, p += 4, score += d->classes + 1) {
        struct box b = {p[0] * w, p[1] * h, (p[2] - p[0]) * w, (p[3] - p[1]) * h, 0, 0};
        for (uint32_t c = 0; c < d->classes; c++) {
            b.score = score[c + 1];
            b.label = c;
            box_list_add(boxes, &b);
        }
    }
}

/* The output called so, into role[at]; false: there is none, or not of these numbers a cell. */
static bool yunet_find(struct detector *d, uint32_t at, const struct net_port *out,
                       const struct net_port *like) {
    for (uint32_t i = 0; i < d->outputs; i++) {
        if (!text_equal(out[i].name, like->name)) continue;
        d->role[at] = i;
        return is_rows(&out[i], like->shape.dim[2]) && out[i].shape.dim[1] == like->shape.dim[1];
    }
    return false;
}

static bool yunet_bind(struct detector *d, const struct net_port *out, uint32_t outputs,
                       struct err *e) {
    static const char *const names[YUNET_PARTS] = {"cls", "obj", "bbox"};
    static const int64_t numbers[YUNET_PARTS] = {1, 1, 4};
    (void)outputs;
    for (uint32_t i = 0; i < DECODER_STRIDES * YUNET_PARTS; i++) {
        uint32_t stride = 8u << i / YUNET_PARTS, part = i % YUNET_PARTS;
        char name[16];
        snprintf(name, sizeof name, "%s_%u", names[part], stride);
        int64_t cells = (int64_t)(d->width / stride) * (d->height / stride);
        const struct net_port like = {.name = text_of(name),
                                      .shape = {3, {1, cells, numbers[part]}}};
        if (!yunet_find(d, i, out, &like)) {
            return decoder_mismatch(d, "outputs cls, obj and bbox of strides 8, 16 and 32", e);
        }
    }
    d->classes = 1;
    d->anchors = decoder_grid_cells(d);
    return true;
}

static float share(float v) {
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

static void yunet_decode(const struct detector *d, const float *const *output,
                         struct box_list *boxes) {
    for (uint32_t k = 0; k < DECODER_STRIDES; k++) {
        const uint32_t *role = &d->role[k * YUNET_PARTS];
        uint32_t stride = 8u << k, cols = d->width / stride, cells = cols * (d->height / stride);
        const float *p = output[role[YUNET_BOX]];
        float s = (float)stride;
        for (uint32_t i = 0; i < cells; i++, p += 4) {
            float score =
                sqrtf(share(output[role[YUNET_CLASS]][i]) * share(output[role[YUNET_OBJECT]][i]));
            if (!(score >= boxes->score_min)) continue;
            float w = expf(p[2]) * s, h = expf(p[3]) * s;
            float cx = ((float)(i % cols) + p[0]) * s, cy = ((float)(i / cols) + p[1]) * s;
            box_list_add(boxes, &(struct box){cx - w / 2, cy - h / 2, w, h, score, 0});
        }
    }
}

const struct decoder decoder_ssd = {
    .name = "ssd",
    .doc = "scores and boxes in 0..1, class 0 being nothing: RGB, (pixel - 127) / 128, stretched",
    .input = {.color = COLOR_RGB,
              .resize = RESIZE_STRETCH,
              .filter = IMAGE_BILINEAR,
              .scale = 1,
              .mean = {127, 127, 127},
              .std = {128, 128, 128}},
    .score_min = 0.5f,
    .overlap_max = 0.45f,
    .bind = ssd_bind,
    .decode = ssd_decode,
};

const struct decoder decoder_ultraface = {
    .name = "ultraface",
    .doc = "Ultra-Light-Fast face detectors: as ssd, with one class",
    .input = {.color = COLOR_RGB,
              .resize = RESIZE_STRETCH,
              .filter = IMAGE_BILINEAR,
              .scale = 1,
              .mean = {127, 127, 127},
              .std = {128, 128, 128}},
    .score_min = 0.7f,
    .overlap_max = 0.3f,
    .label = "face",
    .bind = ssd_bind,
    .decode = ssd_decode,
};

const struct decoder decoder_yunet = {
    .name = "yunet",
    .doc = "YuNet face detectors: BGR 0..255, letterboxed at the corner",
    .input = {.color = COLOR_BGR,
              .resize = RESIZE_LETTERBOX,
              .filter = IMAGE_BILINEAR,
              .pad = 0,
              .scale = 1,
              .std = {1, 1, 1}},
    .score_min = 0.6f,
    .overlap_max = 0.3f,
    .label = "face",
    .bind = yunet_bind,
    .decode = yunet_decode,
};
