/* Decoders: boxes that were written into a network's outputs are read out of them. */
#include "udf/vision/decoder.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SIDE = 64, CLASSES = 3, CELLS = 8 * 8 + 4 * 4 + 2 * 2 };

static struct net_port port(const char *name, uint32_t rank, int64_t b, int64_t c, int64_t d) {
    return (struct net_port){.name = text_of(name), .type = NET_F32, .shape = {rank, {1, b, c, d}}};
}

static struct detector detector_of(const struct decoder *d, uint32_t outputs) {
    return (struct detector){.decoder = d, .width = SIDE, .height = SIDE, .outputs = outputs};
}

static void one_box(const struct detector *d, const float *const *output, struct box wanted) {
    struct arena a;
    struct box_list l;
    arena_init(&a, 0);
    box_list_init(&l, &a, 0.25f);
    d->decoder->decode(d, output, &l);
    assert_int_equal(l.count, 1);
    assert_true(fabsf(l.box[0].x - wanted.x) < 1e-3f && fabsf(l.box[0].y - wanted.y) < 1e-3f);
    assert_true(fabsf(l.box[0].w - wanted.w) < 1e-3f && fabsf(l.box[0].h - wanted.h) < 1e-3f);
    assert_true(fabsf(l.box[0].score - wanted.score) < 1e-3f);
    assert_int_equal(l.box[0].label, wanted.label);
    arena_done(&a);
}

/* A box centred at (20, 44), 24 wide and 10 high, of class 2. */
static const struct box wanted = {20 - 12, 44 - 5, 24, 10, 0.72f, 2};

static void yolox_boxes_are_offsets_in_cells(void **unused) {
    (void)unused;
    struct err e;
    struct net_port out = port("output", 3, CELLS, 5 + CLASSES, 0);
    struct detector d = detector_of(&decoder_yolox, 1);
    assert_true(decoder_yolox.bind(&d, &out, 1, &e));
    assert_int_equal(d.classes, CLASSES);
    static float p[CELLS * (5 + CLASSES)];
    memset(p, 0, sizeof p);
    float *at = p + (8 * 8 + 2 * 4 + 1) * (5 + CLASSES); /* stride 16, row 2, column 1 */
    const float v[] = {0.25f, 0.75f, logf(24.0f / 16), logf(10.0f / 16), 0.9f, 0.1f, 0.2f, 0.8f};
    memcpy(at, v, sizeof v);
    one_box(&d, (const float *const[]){p}, wanted);
    out.shape.dim[1]--;
    assert_false(decoder_yolox.bind(&d, &out, 1, &e));
    assert_string_equal(e.sqlstate, "42804");
}

static void yolov5_boxes_are_rows_of_pixels(void **unused) {
    (void)unused;
    struct err e;
    struct net_port out = port("output0", 3, 10, 5 + CLASSES, 0);
    struct detector d = detector_of(&decoder_yolov5, 1);
    assert_true(decoder_yolov5.bind(&d, &out, 1, &e));
    float p[10 * (5 + CLASSES)] = {0};
    const float v[] = {20, 44, 24, 10, 0.9f, 0.1f, 0.2f, 0.8f};
    memcpy(p + 7 * (5 + CLASSES), v, sizeof v);
    one_box(&d, (const float *const[]){p}, wanted);
}

static void yolov8_boxes_are_columns_of_pixels(void **unused) {
    (void)unused;
    struct err e;
    enum { BOXES = 10 };
    struct net_port out = port("output0", 3, 4 + CLASSES, BOXES, 0);
    struct detector d = detector_of(&decoder_yolov8, 1);
    assert_true(decoder_yolov8.bind(&d, &out, 1, &e));
    float p[BOXES * (4 + CLASSES)] = {0};
    const float v[] = {20, 44, 24, 10, 0.1f, 0.2f, 0.72f};
    for (uint32_t i = 0; i < COUNT_OF(v); i++) p[i * BOXES + 7] = v[i];
    one_box(&d, (const float *const[]){p}, wanted);
}

static float logit(float v) {
    return logf(v / (1 - v));
}

static void tiny_yolov2_boxes_are_multiples_of_anchors(void **unused) {
    (void)unused;
    struct err e;
    struct net_port out = port("grid", 4, 5 * (5 + CLASSES), 2, 2);
    struct detector d = detector_of(&decoder_tiny_yolov2, 1);
    assert_true(decoder_tiny_yolov2.bind(&d, &out, 1, &e));
    float p[5 * (5 + CLASSES) * 4];
    for (uint32_t i = 0; i < COUNT_OF(p); i++) p[i] = -20;
    /* anchor 1 is 3.42 x 4.41 cells; the cell at column 0, row 1; classes .1 .1 .8 of softmax */
    const float v[] = {logit(20.0f / 32),
                       logit(12.0f / 32),
                       logf(24 / (3.42f * 32)),
                       logf(10 / (4.41f * 32)),
                       logit(0.9f),
                       logf(0.1f),
                       logf(0.1f),
                       logf(0.8f)};
    for (uint32_t i = 0; i < COUNT_OF(v); i++) p[(1 * (5 + CLASSES) + i) * 4 + 2] = v[i];
    one_box(&d, (const float *const[]){p}, wanted);
}

static void ssd_boxes_are_corners_in_shares(void **unused) {
    (void)unused;
    struct err e;
    for (uint32_t boxes_at = 0; boxes_at < 2; boxes_at++) {
        struct net_port out[2];
        out[boxes_at] = port("boxes", 3, 5, 4, 0);
        out[1 - boxes_at] = port("scores", 3, 5, 1 + CLASSES, 0);
        struct detector d = detector_of(&decoder_ssd, 2);
        assert_true(decoder_ssd.bind(&d, out, 2, &e));
        assert_int_equal(d.classes, CLASSES);
        float scores[5 * (1 + CLASSES)] = {0}, boxes[5 * 4] = {0};
        scores[3 * (1 + CLASSES)] = 0.9f; /* class 0 is nothing */
        scores[3 * (1 + CLASSES) + 3] = 0.72f;
        const float v[] = {8.0f / SIDE, 39.0f / SIDE, 32.0f / SIDE, 49.0f / SIDE};
        memcpy(boxes + 3 * 4, v, sizeof v);
        const float *output[2];
        output[boxes_at] = boxes;
        output[1 - boxes_at] = scores;
        one_box(&d, output, wanted);
    }
}

static void yunet_parts_are_found_by_name(void **unused) {
    (void)unused;
    struct err e;
    static const char *const names[] = {"bbox_8", "bbox_16", "bbox_32", "obj_8", "obj_16",
                                        "obj_32", "cls_8",   "cls_16",  "cls_32"};
    static float values[9][8 * 8 * 4];
    struct net_port out[9];
    const float *output[9];
    memset(values, 0, sizeof values);
    for (uint32_t i = 0; i < 9; i++) {
        int64_t cells = 64 >> 2 * (i % 3);
        out[i] = port(names[i], 3, cells, i < 3 ? 4 : 1, 0);
        output[i] = values[i];
    }
    struct detector d = detector_of(&decoder_yunet, 9);
    assert_true(decoder_yunet.bind(&d, out, 9, &e));
    const float v[] = {0.25f, 0.75f, logf(24.0f / 16), logf(10.0f / 16)};
    memcpy(&values[1][(2 * 4 + 1) * 4], v, sizeof v);
    values[4][2 * 4 + 1] = 0.72f * 0.72f;
    values[7][2 * 4 + 1] = 1.5f; /* taken as 1 */
    struct box face = wanted;
    face.label = 0;
    one_box(&d, output, face);
    out[8].name = TEXT_LITERAL("other");
    assert_false(decoder_yunet.bind(&d, out, 9, &e));
}

static void outputs_of_other_shapes_are_refused(void **unused) {
    (void)unused;
    struct net_port out[] = {port("x", 2, 10, 0, 0), port("y", 2, 10, 0, 0)};
    for (uint32_t i = 0; decoders[i]; i++) {
        struct err e = {0};
        struct detector d = detector_of(decoders[i], 2);
        assert_false(decoders[i]->bind(&d, out, 2, &e));
        assert_string_equal(e.sqlstate, "42804");
        assert_non_null(strstr(e.message, decoders[i]->name));
        assert_ptr_equal(decoder_find(text_of(decoders[i]->name)), decoders[i]);
    }
    assert_null(decoder_find(TEXT_LITERAL("yolo")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yolox_boxes_are_offsets_in_cells),
        cmocka_unit_test(yolov5_boxes_are_rows_of_pixels),
        cmocka_unit_test(yolov8_boxes_are_columns_of_pixels),
        cmocka_unit_test(tiny_yolov2_boxes_are_multiples_of_anchors),
        cmocka_unit_test(ssd_boxes_are_corners_in_shares),
        cmocka_unit_test(yunet_parts_are_found_by_name),
        cmocka_unit_test(outputs_of_other_shapes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
