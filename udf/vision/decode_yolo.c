/* decode_yolo.c: the decoders of the YOLO family.
 *
 *     yolox       [1][cells][5 + classes]  dx dy dw dh object class..: a cell of stride s at (col,
 *                 row) means the centre ((col + dx) s, (row + dy) s) and the size (e^dw s, e^dh s);
 *                 score = object * class (Ge et al. 2021)
 *     yolov5      [1][boxes][5 + classes]  cx cy w h object class.., in pixels
 *     yolov8      [1][4 + classes][boxes]  cx cy w h class.., in pixels, transposed
 *     tiny-yolov2 [1][5 (5 + classes)][rows][cols]  for each of five anchor boxes tx ty tw th to
 *                 class..: the centre ((col + s(tx)) 32, (row + s(ty)) 32), the size the anchor's
 *                 times e^tw, e^th; score = s(to) * softmax(class) (Redmon and Farhadi 2016)
 */
#include <math.h>

#include "udf/vision/decoder.h"

enum { TINY_STRIDE = 32, TINY_SHAPES = 5 };

/* The anchor boxes of Tiny YOLOv2 on VOC, in cells (its published configuration). */
static const float tiny_shape[TINY_SHAPES][2] = {
    {1.08f, 1.19f}, {3.42f, 4.41f}, {6.63f, 11.38f}, {9.42f, 5.11f}, {16.62f, 10.52f}};

static struct box centred(float cx, float cy, float w, float h) {
    return (struct box){.x = cx - w / 2, .y = cy - h / 2, .w = w, .h = h};
}

/* One output of [1 or free][..][..]. */
static bool one_plane(const struct net_port *out, uint32_t outputs) {
    return outputs >= 1 && out[0].type == NET_F32 && out[0].shape.rank == 3 &&
           out[0].shape.dim[1] > 0 && out[0].shape.dim[2] > 0;
}

static bool rows_bind(struct detector *d, const struct net_port *out, uint32_t outputs,
                      struct err *e) {
    if (!one_plane(out, outputs) || out[0].shape.dim[2] < 6) {
        return decoder_mismatch(d, "an output of boxes x (5 + classes)", e);
    }
    d->anchors = (uint32_t)out[0].shape.dim[1];
    d->classes = (uint32_t)out[0].shape.dim[2] - 5;
    return true;
}

static bool yolox_bind(struct detector *d, const struct net_port *out, uint32_t outputs,
                       struct err *e) {
    if (!rows_bind(d, out, outputs, e)) return false;
    return d->anchors == decoder_grid_cells(d) ||
           decoder_mismatch(d, "a box for each cell of strides 8, 16 and 32", e);
}

static void yolox_decode(const struct detector *d, const float *const *output,
                         struct box_list *boxes) {
    const float *p = output[0];
    for (uint32_t stride = 8; stride <= 32; stride *= 2) {
        uint32_t cols = d->width / stride, cells = cols * (d->height / stride);
        float s = (float)stride;
        for (uint32_t i = 0; i < cells; i++, p += 5 + d->classes) {
            uint32_t best = decoder_best(p + 5, d->classes);
            float score = p[4] * p[5 + best];
            if (!(score >= boxes->score_min)) continue;
            struct box b = centred(((float)(i % cols) + p[0]) * s, ((float)(i / cols) + p[1]) * s,
                                   expf(p[2]) * s, expf(p[3]) * s);
            b.score = score;
            b.label = best;
            box_list_add(boxes, &b);
        }
    }
}

static void yolov5_decode(const struct detector *d, const float *const *output,
                          struct box_list *boxes) {
    const float *p = output[0];
    for (uint32_t i = 0; i < d->anchors; i++, p += 5 + d->classes) {
        if (!(p[4] >= boxes->score_min)) continue;
        uint32_t best = decoder_best(p + 5, d->classes);
        struct box b = centred(p[0], p[1], p[2], p[3]);
        b.score = p[4] * p[5 + best];
        b.label = best;
        box_list_add(boxes, &b);
    }
}

static bool yolov8_bind(struct detector *d, const struct net_port *out, uint32_t outputs,
                        struct err *e) {
    if (!one_plane(out, outputs) || out[0].shape.dim[1] < 5) {
        return decoder_mismatch(d, "an output of (4 + classes) x boxes", e);
    }
    d->anchors = (uint32_t)out[0].shape.dim[2];
    d->classes = (uint32_t)out[0].shape.dim[1] - 4;
    return true;
}

static void yolov8_decode(const struct detector *d, const float *const *output,
                          struct box_list *boxes) {
    const float *p = output[0];
    size_t n = d->anchors;
    for (size_t i = 0; i < n; i++) {
        uint32_t best = 0;
        for (uint32_t c = 1; c < d->classes; c++) {
            if (p[(4 + c) * n + i] > p[(4 + best) * n + i]) best = c;
        }
        struct box b = centred(p[i], p[n + i], p[2 * n + i], p[3 * n + i]);
        b.score = p[(4 + best) * n + i];
        b.label = best;
        box_list_add(boxes, &b);
    }
}

static bool tiny_bind(struct detector *d, const struct net_port *out, uint32_t outputs,
                      struct err *e) {
    const struct net_shape *s = &out[0].shape;
    bool fits = outputs == 1 && out[0].type == NET_F32 && s->rank == 4 &&
                s->dim[1] % TINY_SHAPES == 0 && s->dim[1] >= TINY_SHAPES * 6;
    fits = fits && (s->dim[2] == NET_DIM_FREE || s->dim[2] == d->height / TINY_STRIDE);
    fits = fits && (s->dim[3] == NET_DIM_FREE || s->dim[3] == d->width / TINY_STRIDE);
    if (!fits) return decoder_mismatch(d, "an output of 5 (5 + classes) x rows x columns", e);
    d->classes = (uint32_t)s->dim[1] / TINY_SHAPES - 5;
    d->anchors = TINY_SHAPES * (d->height / TINY_STRIDE) * (d->width / TINY_STRIDE);
    return true;
}

static float sigmoid(float v) {
    return 1 / (1 + expf(-v));
}

/* The best class of a cell by softmax: planes of `cells` numbers each. */
static float tiny_class(const float *p, uint32_t classes, size_t cells, uint32_t *best_out) {
    uint32_t best = 0;
    float sum = 0;
    for (uint32_t c = 1; c < classes; c++) {
        if (p[c * cells] > p[best * cells]) best = c;
    }
    for (uint32_t c = 0; c < classes; c++) sum += expf(p[c * cells] - p[best * cells]);
    *best_out = best;
    return 1 / sum;
}

static void tiny_decode(const struct detector *d, const float *const *output,
                        struct box_list *boxes) {
    uint32_t cols = d->width / TINY_STRIDE, cells = cols * (d->height / TINY_STRIDE);
    for (uint32_t i = 0; i < cells * TINY_SHAPES; i++) {
        uint32_t cell = i % cells, shape = i / cells;
        const float *p = output[0] + (size_t)shape * (5 + d->classes) * cells + cell;
        float object = sigmoid(p[4 * (size_t)cells]);
        if (!(object >= boxes->score_min)) continue;
        float cx = (float)(cell % cols) + sigmoid(p[0]);
        float cy = (float)(cell / cols) + sigmoid(p[cells]);
        float w = tiny_shape[shape][0] * expf(p[2 * (size_t)cells]);
        float h = tiny_shape[shape][1] * expf(p[3 * (size_t)cells]);
        struct box b =
            centred(cx * TINY_STRIDE, cy * TINY_STRIDE, w * TINY_STRIDE, h * TINY_STRIDE);
        b.score = object * tiny_class(p + 5 * (size_t)cells, d->classes, cells, &b.label);
        box_list_add(boxes, &b);
    }
}

#define ONES                                                                                       \
    { 1, 1, 1 }

const struct decoder decoder_yolox = {
    .name = "yolox",
    .doc = "YOLOX: BGR 0..255, letterboxed at the corner",
    .input = {.color = COLOR_BGR,
              .resize = RESIZE_LETTERBOX,
              .filter = IMAGE_BILINEAR,
              .pad = 114,
              .scale = 1,
              .std = ONES},
    .score_min = 0.3f,
    .overlap_max = 0.45f,
    .bind = yolox_bind,
    .decode = yolox_decode,
};

const struct decoder decoder_yolov5 = {
    .name = "yolov5",
    .doc = "YOLOv5 as its export writes it: RGB 0..1, letterboxed in the middle",
    .input = {.color = COLOR_RGB,
              .resize = RESIZE_LETTERBOX_CENTER,
              .filter = IMAGE_BILINEAR,
              .pad = 114,
              .scale = 1.0f / 255,
              .std = ONES},
    .score_min = 0.25f,
    .overlap_max = 0.45f,
    .bind = rows_bind,
    .decode = yolov5_decode,
};

const struct decoder decoder_yolov8 = {
    .name = "yolov8",
    .doc = "YOLOv8 and later as their export writes them: RGB 0..1, letterboxed in the middle",
    .input = {.color = COLOR_RGB,
              .resize = RESIZE_LETTERBOX_CENTER,
              .filter = IMAGE_BILINEAR,
              .pad = 114,
              .scale = 1.0f / 255,
              .std = ONES},
    .score_min = 0.25f,
    .overlap_max = 0.45f,
    .bind = yolov8_bind,
    .decode = yolov8_decode,
};

const struct decoder decoder_tiny_yolov2 = {
    .name = "tiny-yolov2",
    .doc = "Tiny YOLOv2 with the anchor boxes of VOC: RGB 0..255, stretched",
    .input = {.color = COLOR_RGB,
              .resize = RESIZE_STRETCH,
              .filter = IMAGE_BILINEAR,
              .scale = 1,
              .std = ONES},
    .score_min = 0.3f,
    .overlap_max = 0.45f,
    .bind = tiny_bind,
    .decode = tiny_decode,
};
