/* Models of the provider 'onnx' on real networks and images: what they say of pictures whose
 * content is known. Skipped without the test data. */
#include "udf/vision/vision.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "storage/file_posix.h"
#include "tests/data.h"

enum { ROWS_MAX = 256 };

/* A model on its way through one test. */
struct probe {
    struct arena arena;
    struct file_system *fs;
    struct model *model;
    struct model_session *session;
    struct err err;
};

static const char *data_path(struct probe *p, const char *path) {
    struct buf b;
    buf_init(&b);
    buf_addf(&b, "%s/%s", test_data(), path);
    char *copy = arena_copy(&p->arena, b.at, b.bytes);
    buf_done(&b);
    assert_non_null(copy);
    return copy;
}

static struct text data_file(struct probe *p, const char *path) {
    struct text out;
    assert_true(file_read_all(p->fs, data_path(p, path), 1 << 30, &p->arena, &out, &p->err));
    return out;
}

/* words: 'key', 'value', ..., NULL. Values that end in .onnx or .txt are paths of the data. */
static bool create(struct probe *p, const struct schema *input, const char *const *words) {
    struct option option[8];
    struct model_definition d = {.name = TEXT_LITERAL("m"), .input = input};
    d.options.option = option;
    arena_init(&p->arena, 0);
    p->fs = file_system_posix();
    p->model = NULL;
    p->session = NULL;
    for (; words[2 * d.options.count]; d.options.count++) {
        const char *key = words[2 * d.options.count], *value = words[2 * d.options.count + 1];
        bool path = strstr(value, ".onnx") || strstr(value, ".txt");
        option[d.options.count] =
            (struct option){text_of(key), text_of(path ? data_path(p, value) : value), 0};
    }
    const struct model_env env = {.fs = p->fs, .image_pixels_max = 1 << 28};
    p->model = model_onnx.create(&d, &env, &p->err);
    if (p->model) p->session = model_onnx.session_open(p->model, &p->err);
    return p->session != NULL;
}

static void done(struct probe *p) {
    model_onnx.session_close(p->session);
    model_onnx.destroy(p->model);
    arena_done(&p->arena);
}

/* Runs over images; the answers live in the probe's arena. */
static void run_images(struct probe *p, const struct text *image, uint32_t rows,
                       struct model_answer *answer) {
    uint16_t row[ROWS_MAX];
    assert_true(rows <= ROWS_MAX);
    for (uint32_t i = 0; i < rows; i++) row[i] = (uint16_t)i;
    const struct column arg = {.type = &type_image, .as.text = image};
    struct model_run r = {.arg = &arg,
                          .row = row,
                          .rows = rows,
                          .score_floor = 0.1,
                          .answer = answer,
                          .arena = &p->arena};
    if (!model_onnx.run(p->session, &r, &p->err)) fail_msg("%s", p->err.message);
}

static struct column value_of(struct probe *p, struct model_use use, struct model_answer answer) {
    struct column_builder b;
    struct column out;
    assert_null(answer.sqlstate);
    const struct type *t = model_onnx.use_type(p->model, &use, &p->arena, &p->err);
    assert_non_null(t);
    assert_true(builder_init(&b, &p->arena, t, 1));
    assert_true(model_onnx.value(p->model, &use, answer.bytes, &b, &p->err));
    assert_true(builder_column(&b, &out));
    return out;
}

static struct text label_of(struct probe *p, struct model_answer answer) {
    return value_of(p, (struct model_use){.form = MODEL_CLASSIFY}, answer).as.text[0];
}

/* 200 of MNIST's test images: the batch a row is in does not matter to its label. */
static void digits_are_read(void **unused) {
    (void)unused;
    struct probe p;
    static const char *const words[] = {"path", "models/mnist-8.onnx", "task", "classification",
                                        NULL};
    assert_true(create(&p, NULL, words));
    char **name;
    uint32_t names, right = 0, images = 0;
    struct text image[ROWS_MAX];
    char digit[ROWS_MAX];
    assert_true(
        p.fs->type->list(p.fs, data_path(&p, "mnist/pngs"), &p.arena, &name, &names, &p.err));
    for (uint32_t i = 0; i < names && images < 200; i++) {
        char path[128];
        const char *label = strstr(name[i], "_label");
        if (!label) continue;
        snprintf(path, sizeof path, "mnist/pngs/%s", name[i]);
        digit[images] = label[6];
        image[images++] = data_file(&p, path);
    }
    assert_int_equal(images, 200);
    struct model_answer all[ROWS_MAX], one;
    run_images(&p, image, images, all);
    for (uint32_t i = 0; i < images; i++) {
        struct text label = label_of(&p, all[i]);
        run_images(&p, &image[i], 1, &one);
        assert_true(text_equal(label, label_of(&p, one)));
        right += label.bytes == 1 && label.at[0] == digit[i];
    }
    assert_true(right >= 195);
    done(&p);
}

static void a_bad_image_is_a_bad_row_and_the_others_go_on(void **unused) {
    (void)unused;
    struct probe p;
    static const char *const words[] = {"path", "models/cifar10_cnn.onnx", "task", "classification",
                                        NULL};
    assert_true(create(&p, NULL, words));
    const struct text dog = data_file(&p, "images/darknet/dog.jpg");
    const struct text cut = {dog.at, dog.bytes / 2};
    const struct text image[] = {dog, TEXT_LITERAL("no image"), cut, dog};
    struct model_answer answer[4];
    run_images(&p, image, 4, answer);
    assert_null(answer[0].sqlstate);
    assert_string_equal(answer[1].sqlstate, "22P03");
    assert_string_equal(answer[2].sqlstate, "22P03");
    assert_true(text_equal(label_of(&p, answer[0]), label_of(&p, answer[3])));
    done(&p);
}

/* squeezenet1.0 wants BGR, a short side of 256, the middle 224, less the means. */
static void an_espresso_is_an_espresso(void **unused) {
    (void)unused;
    struct probe p;
    static const char *const words[] = {"path",       "models/squeezenet1.0_fp32.onnx",
                                        "labels",     "models/imagenet_labels.txt",
                                        "color",      "bgr",
                                        "resize",     "crop",
                                        "short-side", "256",
                                        "mean",       "104,117,123",
                                        NULL,         NULL};
    assert_true(create(&p, NULL, words));
    const struct text image = data_file(&p, "images/skimage/coffee.png");
    struct model_answer answer;
    run_images(&p, &image, 1, &answer);
    struct text label = label_of(&p, answer);
    assert_non_null(memmem(label.at, label.bytes, "espresso", 8));
    struct column top =
        value_of(&p, (struct model_use){.form = MODEL_CLASSIFY_TOP, .top = 3}, answer);
    assert_int_equal(top.as.span[0].count, 3);
    const struct column *score = &top.child[0].child[1];
    assert_true(score->as.f64[0] >= score->as.f64[1] && score->as.f64[1] >= score->as.f64[2]);
    assert_true(score->as.f64[0] > 0.5 && score->as.f64[0] <= 1);
    done(&p);
}

static struct text found_label(const struct column *boxes, uint32_t i) {
    return boxes->child[0].child[0].as.text[i];
}

static void objects_are_found(void **unused) {
    (void)unused;
    struct probe p;
    static const char *const words[] = {
        "path", "models/yolox_nano.onnx", "labels", "models/coco_labels.txt", "decoder", "yolox",
        NULL};
    if (!create(&p, NULL, words)) fail_msg("%s", p.err.message);
    const struct text image = data_file(&p, "images/darknet/dog.jpg");
    struct model_answer answer;
    run_images(&p, &image, 1, &answer);
    struct column boxes = value_of(&p, (struct model_use){.form = MODEL_DETECT}, answer);
    bool dog = false, bicycle = false, truck = false;
    for (uint32_t i = 0; i < boxes.as.span[0].count; i++) {
        struct text l = found_label(&boxes, i);
        const struct column *row = &boxes.child[0];
        struct box b = {(float)row->child[2].as.f64[i],
                        (float)row->child[3].as.f64[i],
                        (float)row->child[4].as.f64[i],
                        (float)row->child[5].as.f64[i],
                        0,
                        0};
        /* where they are in the picture of 768 x 576, by eye */
        struct box dog_at = {130, 220, 180, 320, 0, 0}, bicycle_at = {120, 130, 450, 290, 0, 0};
        struct box truck_at = {465, 75, 225, 95, 0, 0};
        dog = dog || (text_equal(l, TEXT_LITERAL("dog")) && box_overlap(&b, &dog_at) > 0.5f);
        bicycle = bicycle ||
                  (text_equal(l, TEXT_LITERAL("bicycle")) && box_overlap(&b, &bicycle_at) > 0.5f);
        bool car = text_equal(l, TEXT_LITERAL("truck")) || text_equal(l, TEXT_LITERAL("car"));
        truck = truck || (car && box_overlap(&b, &truck_at) > 0.5f);
    }
    assert_true(dog && bicycle && truck);
    struct column none = value_of(
        &p, (struct model_use){.form = MODEL_DETECT, .limits_given = true, .score_min = 1}, answer);
    assert_int_equal(none.as.span[0].count, 0);
    done(&p);
}

static void a_face_is_found_by_either_detector(void **unused) {
    (void)unused;
    static const char *const words[][5] = {
        {"path", "models/ultraface-RFB-320.onnx", "decoder", "ultraface", NULL},
        {"path", "models/face_detection_yunet_2023mar.onnx", "decoder", "yunet", NULL}};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        struct probe p;
        if (!create(&p, NULL, words[i])) fail_msg("%s", p.err.message);
        const struct text image = data_file(&p, "images/skimage/astronaut.png");
        struct model_answer answer;
        run_images(&p, &image, 1, &answer);
        struct column boxes = value_of(&p, (struct model_use){.form = MODEL_DETECT}, answer);
        assert_int_equal(boxes.as.span[0].count, 1);
        const struct column *row = &boxes.child[0];
        struct box face = {(float)row->child[2].as.f64[0],
                           (float)row->child[3].as.f64[0],
                           (float)row->child[4].as.f64[0],
                           (float)row->child[5].as.f64[0],
                           0,
                           0};
        assert_true(text_equal(found_label(&boxes, 0), TEXT_LITERAL("face")));
        assert_true(box_overlap(&face, &(struct box){179, 63, 91, 111, 0, 0}) > 0.5f);
        done(&p);
    }
}

static double cosine(struct tensor a, struct tensor b, uint32_t n) {
    double product = 0, aa = 0, bb = 0;
    for (uint32_t i = 0; i < n; i++) {
        product += (double)a.at[i] * (double)b.at[i];
        aa += (double)a.at[i] * (double)a.at[i];
        bb += (double)b.at[i] * (double)b.at[i];
    }
    return product / sqrt(aa * bb);
}

/* Of ten people three pictures each: the nearest other picture is of the same person. */
static void faces_of_one_person_are_near(void **unused) {
    (void)unused;
    enum { PEOPLE = 10, EACH = 3, N = 128 };
    struct probe p;
    static const char *const words[] = {
        "path", "models/mobilefacenet.onnx", "task", "embedding", "mean", "127.5", "std", "128",
        NULL};
    if (!create(&p, NULL, words)) fail_msg("%s", p.err.message);
    struct text image[PEOPLE * EACH];
    struct model_answer answer[PEOPLE * EACH];
    struct tensor v[PEOPLE * EACH];
    for (uint32_t i = 0; i < COUNT_OF(image); i++) {
        char path[64];
        snprintf(path, sizeof path, "faces/s%02u/%02u.pgm", i / EACH + 1, i % EACH + 1);
        image[i] = data_file(&p, path);
    }
    run_images(&p, image, COUNT_OF(image), answer);
    for (uint32_t i = 0; i < COUNT_OF(image); i++) {
        v[i] = value_of(&p, (struct model_use){.form = MODEL_EMBED}, answer[i]).as.tensor[0];
        assert_int_equal(v[i].dim[0], N);
    }
    uint32_t right = 0;
    for (uint32_t i = 0; i < COUNT_OF(image); i++) {
        uint32_t best = i == 0 ? 1 : 0;
        for (uint32_t j = 0; j < COUNT_OF(image); j++) {
            if (j != i && cosine(v[i], v[j], N) > cosine(v[i], v[best], N)) best = j;
        }
        right += best / EACH == i / EACH;
    }
    assert_true(right >= COUNT_OF(image) - 2);
    done(&p);
}

/* Numbers in, numbers out: a network of images given as vectors answers as it does for images. */
static void vectors_may_be_given_for_images(void **unused) {
    (void)unused;
    struct probe p;
    static const char *const words[] = {"path", "models/opt-mnist.onnx", NULL};
    const struct field f = {.name = TEXT_LITERAL("x"), .type = &type_image};
    const struct schema images = {.cols = 1, .col = &f};
    assert_true(create(&p, &images, words));
    const struct text image = data_file(&p, "mnist/pngs/t10k_00000_label7.png");
    struct model_answer by_image, by_vector;
    run_images(&p, &image, 1, &by_image);
    struct image pixels;
    assert_true(image_decode(image, NULL, &p.arena, &pixels, &p.err));
    float number[784];
    for (uint32_t i = 0; i < 784; i++) number[i] = pixels.pixel[i];
    struct column scores = value_of(&p, (struct model_use){.form = MODEL_PREDICT}, by_image);
    struct probe q;
    const uint32_t dim = 784;
    arena_init(&q.arena, 0);
    const struct type *vector = type_tensor(&p.arena, 1, &dim);
    const struct field g = {.name = TEXT_LITERAL("x"), .type = vector};
    const struct schema vectors = {.cols = 1, .col = &g};
    if (!create(&q, &vectors, words)) fail_msg("%s", q.err.message);
    const struct tensor value = {.at = number, .dim = &dim};
    const struct column arg = {.type = vector, .as.tensor = &value};
    const uint16_t row = 0;
    struct model_run r = {
        .arg = &arg, .row = &row, .rows = 1, .answer = &by_vector, .arena = &q.arena};
    assert_true(model_onnx.run(q.session, &r, &q.err));
    struct column again = value_of(&q, (struct model_use){.form = MODEL_PREDICT}, by_vector);
    for (uint32_t i = 0; i < 10; i++) {
        float a = scores.as.tensor[0].at[i], b = again.as.tensor[0].at[i];
        assert_true(fabsf(a - b) <= 1e-4f * fabsf(a) + 1e-4f);
    }
    done(&q);
    done(&p);
}

static void what_does_not_fit_is_refused(void **unused) {
    (void)unused;
    static const struct {
        const char *sqlstate;
        const char *words[9];
    } wrong[] = {
        {"22023", {"task", "classification", NULL}},
        {"22023", {"path", "models/imagenet_labels.txt", NULL}},
        {"58030", {"path", "models/none.onnx", NULL}},
        {"22023", {"path", "models/mnist-8.onnx", "labels", "models/coco_labels.txt", NULL}},
        {"22023", {"path", "models/mnist-8.onnx", "task", "detection", NULL}},
        {"22023", {"path", "models/mnist-8.onnx", "decoder", "yolo", NULL}},
        {"42804", {"path", "models/mnist-8.onnx", "decoder", "yolox", NULL}},
        {"22023", {"path", "models/mnist-8.onnx", "min-score", "0.5", NULL}},
        {"22023", {"path", "models/mnist-8.onnx", "input-size", "32x32", NULL}},
        {"22023", {"path", "models/mnist-8.onnx", "color", "rgb", NULL}},
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct probe p;
        assert_false(create(&p, NULL, wrong[i].words));
        assert_string_equal(p.err.sqlstate, wrong[i].sqlstate);
        assert_true(strlen(p.err.message) > 10);
        done(&p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_are_read),
        cmocka_unit_test(a_bad_image_is_a_bad_row_and_the_others_go_on),
        cmocka_unit_test(an_espresso_is_an_espresso),
        cmocka_unit_test(objects_are_found),
        cmocka_unit_test(a_face_is_found_by_either_detector),
        cmocka_unit_test(faces_of_one_person_are_near),
        cmocka_unit_test(vectors_may_be_given_for_images),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    if (!test_data_there()) {
        printf("skipped: no test data\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
