/* Models that learn, in use: which version a prediction sees, what its forms give, and that it
 * goes on while training does.
 */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/udf/learn_table.h"

/* Over the stream that trains, row n is predicted by what the rows before it made. */
static void predictions_see_the_rows_before(void **unused) {
    (void)unused;
    enum { SOME = 120 };
    static const char *const options[] = {
        "type=linear|learning-rate=0.05", "type=linear|learning-rate=0.05|batch=7",
        "type=linear|learning-rate=0.05|batch=2|publish-rows=10|shuffle=5"};
    struct table *t = table_make(7);
    const int source = 0;
    for (uint32_t i = 0; i < COUNT_OF(options); i++) {
        struct learn_probe p, slow;
        probe_create(&p, "dddd", "d", options[i]);
        probe_create(&slow, "dddd", "d", options[i]);
        struct probe_rows r = rows_of(t, numbers(t->y));
        struct model_listener l = probe_listener(&p), m = probe_listener(&slow);
        struct model_watch *w = model_train.watch_open(p.model, &source, &p.e);
        struct model_trainer *fast = model_train.train_open(p.model, &source, &l, &p.e);
        struct model_trainer *one = model_train.train_open(slow.model, NULL, &m, &slow.e);
        assert_true(w && fast && one);
        for (uint32_t from = 0; from < SOME; from += SOME / 2) {
            assert_true(probe_give(&p, fast, &r, from, from + SOME / 2));
            for (uint32_t row = from; row < from + SOME / 2; row++) {
                uint64_t version = model_train.version_at(w, row);
                struct column a = probe_value_at(&p, version, t->col, row);
                struct column b = probe_values(&slow, MODEL_PREDICT, t->col, ROWS);
                assert_true(a.as.f64[0] == b.as.f64[row]);
                assert_true(probe_give(&slow, one, &r, row, row + 1));
            }
            model_train.version_forget(w, from + SOME / 2);
        }
        struct column before = probe_value_at(&p, model_train.version_at(w, SOME), t->col, 0);
        bool again;
        assert_true(model_train.train_end(fast, &again, &p.e));
        struct column behind = probe_value_at(&p, model_train.version_at(w, SOME), t->col, 0);
        assert_true(before.as.f64[0] == behind.as.f64[0]); /* the end is behind all rows */
        model_train.train_close(fast);
        behind = probe_value_at(&p, model_train.version_at(w, SOME), t->col, 0);
        assert_true(before.as.f64[0] == behind.as.f64[0]);
        model_train.train_close(one);
        model_train.watch_close(w);
        probe_done(&p);
        probe_done(&slow);
    }
    free(t);
}

/* The same answers for row `row`, each by the version that its own watch gives. */
static void answer_alike(struct learn_probe *p[2], struct model_watch *const w[2],
                         const struct column *arg, uint32_t row) {
    uint64_t version[2];
    struct column got[2];
    for (int i = 0; i < 2; i++) {
        version[i] = model_train.version_at(w[i], row);
        got[i] = probe_value_at(p[i], version[i], arg, row);
    }
    assert_int_equal(version[0], version[1]);
    assert_true(column_has(&got[0], 0) == column_has(&got[1], 0));
    if (!column_has(&got[0], 0)) return;
    assert_true(text_equal(got[0].as.text[0], got[1].as.text[0]));
}

/* Rows that were not predicted yet when all was saved see behind it what the rows before them
 * made, not the newest; and so do those that come. */
static void predictions_go_on_behind_a_checkpoint(void **unused) {
    (void)unused;
    enum { TOLD = 40, SAVED = 90, ALL = 160 };
    static const char *const options[] = {"type=softmax", "type=softmax|batch=3|publish-rows=9",
                                          "type=knn|k=3|capacity=20",
                                          "type=network|layers=dense 8, relu, dense 3, softmax"};
    struct table *t = table_make(11);
    const int source = 0;
    for (uint32_t i = 0; i < COUNT_OF(options); i++) {
        struct learn_probe first, second, *p[2] = {&first, &second};
        struct model_watch *w[2];
        struct model_trainer *trainer[2];
        struct model_listener l[2];
        struct probe_rows r;
        for (int k = 0; k < 2; k++) {
            probe_create(p[k], "v6", "t", options[i]);
            r = vectors_of(p[0], t);
            l[k] = probe_listener(p[k]);
            w[k] = model_train.watch_open(p[k]->model, &source, &p[k]->e);
            trainer[k] = model_train.train_open(p[k]->model, &source, &l[k], &p[k]->e);
            assert_true(w[k] && trainer[k]);
        }
        assert_true(probe_give(p[0], trainer[0], &r, 0, SAVED));
        model_train.version_forget(w[0], TOLD);
        assert_true(model_train.load(p[1]->model, probe_saved(p[0]), &p[1]->e));
        for (uint32_t row = TOLD; row < SAVED; row++) answer_alike(p, w, t->col, row);
        for (int k = 0; k < 2; k++) assert_true(probe_give(p[k], trainer[k], &r, SAVED, ALL));
        for (uint32_t row = TOLD; row < ALL; row++) answer_alike(p, w, t->col, row);
        for (int k = 0; k < 2; k++) {
            model_train.train_close(trainer[k]);
            model_train.watch_close(w[k]);
            probe_done(p[k]);
        }
    }
    free(t);
}

/* What was given to one reader stays as it was while training goes on. */
static void a_version_stays_until_it_is_forgotten(void **unused) {
    (void)unused;
    struct table *t = table_make(8);
    struct learn_probe p;
    probe_create(&p, "dddd", "d", "type=linear|learning-rate=0.05");
    struct probe_rows r = rows_of(t, numbers(t->y));
    struct model_listener l = probe_listener(&p);
    struct model_watch *w = model_train.watch_open(p.model, NULL, &p.e);
    struct model_trainer *trainer = model_train.train_open(p.model, NULL, &l, &p.e);
    double seen[10];
    uint64_t version[10];
    for (uint32_t i = 0; i < 10; i++) {
        version[i] = model_train.version_at(w, i);
        seen[i] = probe_value_at(&p, version[i], t->col, i).as.f64[0];
        assert_true(probe_give(&p, trainer, &r, 10 * i, 10 * i + 10));
        assert_true(version[i] == 10 * i);
    }
    for (uint32_t i = 0; i < 10; i++) {
        model_train.version_forget(w, i);
        assert_true(probe_value_at(&p, version[i], t->col, i).as.f64[0] == seen[i]);
    }
    model_train.train_close(trainer);
    model_train.watch_close(w);
    probe_done(&p);
    free(t);
}

/* One thread trains, another predicts: each answer is that of a version, whole. */
struct reader {
    struct learn_probe *p;
    struct table *t;
    _Atomic bool stop;
    uint32_t answers;
    bool wrong;
};

static void *read_on(void *context) {
    struct reader *r = context;
    struct learn_probe mine = {.model = r->p->model};
    arena_init(&mine.arena, 0);
    while (!r->stop || r->answers < 3) {
        struct column got = probe_values(&mine, MODEL_CLASSIFY_TOP, r->t->col, 20);
        for (uint32_t i = 0; i < 20; i++) {
            double sum = 0;
            for (uint32_t k = 0; k < got.as.span[i].count; k++) {
                sum += got.child[0].child[1].as.f64[got.as.span[i].first + k];
            }
            r->wrong = r->wrong || fabs(sum - 1) > 1e-5;
        }
        r->answers++;
        arena_reset(&mine.arena);
    }
    arena_done(&mine.arena);
    return NULL;
}

static void predicting_goes_on_while_training(void **unused) {
    (void)unused;
    static const char *const options[] = {
        "type=softmax|classes=red,green,blue|learning-rate=0.1|epochs=5",
        "type=network|classes=red,green,blue|layers=dense 16, relu, dense 3, softmax|threads=3|"
        "batch=8|epochs=5"};
    struct table *t = table_make(10);
    for (uint32_t i = 0; i < COUNT_OF(options); i++) {
        struct learn_probe p;
        pthread_t thread;
        probe_create(&p, "v6", NULL, options[i]);
        struct probe_rows rows = vectors_of(&p, t);
        struct reader r = {.p = &p, .t = t};
        rows.cut = 50;
        assert_int_equal(pthread_create(&thread, NULL, read_on, &r), 0);
        assert_true(probe_train(&p, &rows));
        r.stop = true;
        pthread_join(thread, NULL);
        assert_false(r.wrong);
        probe_done(&p);
    }
    free(t);
}

/* Every form that a model says it answers. */
static void forms_agree_with_one_another(void **unused) {
    (void)unused;
    struct table *t = table_make(11);
    struct learn_probe p;
    probe_create(&p, "v6", "tdv3",
                 "type=network|layers=dense 5, relu, dense 3, softmax|learning-rate=0.1");
    struct probe_rows r = vectors_of(&p, t);
    assert_true(probe_train(&p, &r));
    struct column label = probe_values(&p, MODEL_CLASSIFY, t->col, ROWS);
    struct column top = probe_values(&p, MODEL_CLASSIFY_TOP, t->col, ROWS);
    struct column row = probe_values(&p, MODEL_PREDICT, t->col, ROWS);
    struct column embedding = probe_values(&p, MODEL_EMBED, t->col, ROWS);
    for (uint32_t i = 0; i < ROWS; i++) {
        uint32_t first = top.as.span[i].first;
        const struct column *best = &top.child[0].child[0], *score = &top.child[0].child[1];
        const float *all = row.child[2].as.tensor[i].at;
        assert_int_equal(top.as.span[i].count, 3);
        assert_true(text_equal(label.as.text[i], best->as.text[first]));
        assert_true(text_equal(label.as.text[i], row.child[0].as.text[i]));
        assert_true(score->as.f64[first] == row.child[1].as.f64[i]);
        assert_true(score->as.f64[first] >= score->as.f64[first + 1]);
        assert_true(fabs((double)(all[0] + all[1] + all[2]) - 1) < 1e-5);
        assert_int_equal(embedding.as.tensor[i].dim[0], 5);
        for (uint32_t k = 0; k < 5; k++) assert_true(embedding.as.tensor[i].at[k] >= 0);
    }
    probe_done(&p);
    free(t);
}

/* Images are their pixels divided by 255: the same numbers given as a tensor train the same. */
static void images_are_numbers_from_0_to_1(void **unused) {
    (void)unused;
    enum { SOME = 30, SIDE = 4, PIXELS = 3 * SIDE * SIDE };
    static const char pam[] = "P7\nWIDTH 4\nHEIGHT 4\nDEPTH 3\nMAXVAL 255\nENDHDR\n";
    static const uint32_t dim = PIXELS;
    char file[SOME][sizeof pam - 1 + PIXELS];
    float x[SOME][PIXELS];
    struct text image[SOME];
    struct tensor tensor[SOME];
    int64_t label[SOME];
    uint64_t seed = 3;
    for (uint32_t i = 0; i < SOME; i++) {
        memcpy(file[i], pam, sizeof pam - 1);
        for (uint32_t k = 0; k < PIXELS; k++) {
            uint8_t v = (uint8_t)noise_next(&seed);
            file[i][sizeof pam - 1 + k] = (char)v;
            x[i][k % 3 * SIDE * SIDE + k / 3] = (float)v / 255; /* channels first */
        }
        image[i] = (struct text){file[i], sizeof file[i]};
        tensor[i] = (struct tensor){x[i], &dim};
        label[i] = i % 3;
    }
    const char *options = "type=network|input=3x4x4|shuffle=0|batch=7|classes=0,1,2|layers="
                          "conv 5 3x3, relu, flatten, dense 3, softmax";
    struct learn_probe a, b;
    probe_create(&a, "g", "i", options);
    probe_create(&b, "v48", "i", options);
    struct column target = {.type = &type_bigint, .as.i64 = label}, end = {.type = NULL};
    struct column images[] = {{.type = &type_image, .as.text = image}, target, end};
    struct column tensors[] = {
        {.type = type_tensor(&b.arena, 1, &dim), .as.tensor = tensor}, target, end};
    assert_true(probe_train(&a, &(struct probe_rows){.col = images, .rows = SOME}));
    assert_true(probe_train(&b, &(struct probe_rows){.col = tensors, .rows = SOME}));
    assert_true(a.last.loss == b.last.loss && a.bads + b.bads == 0);
    struct column first = probe_values(&a, MODEL_PREDICT, images, SOME);
    struct column second = probe_values(&b, MODEL_PREDICT, tensors, SOME);
    assert_memory_equal(first.as.i64, second.as.i64, sizeof label);
    image[4].bytes = 9; /* cut */
    assert_true(probe_train(&a, &(struct probe_rows){.col = images, .rows = SOME}));
    assert_int_equal(a.bads, 1);
    probe_done(&a);
    probe_done(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(predictions_see_the_rows_before),
        cmocka_unit_test(predictions_go_on_behind_a_checkpoint),
        cmocka_unit_test(a_version_stays_until_it_is_forgotten),
        cmocka_unit_test(predicting_goes_on_while_training),
        cmocka_unit_test(forms_agree_with_one_another),
        cmocka_unit_test(images_are_numbers_from_0_to_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
