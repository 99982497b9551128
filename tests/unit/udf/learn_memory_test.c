/* Every allocation of a model's life fails in turn: an error comes back, nothing breaks, and what
 * was refused leaves the model usable.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/udf/learn_probe.h"

enum { ROWS = 40, VECTOR = 6, POINTS_MAX = 4000 };

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);

/* The call that fails, from 1; 0: none. One thread: the models train with 'threads' = 1. */
static uint32_t fails_at, calls;

static bool hit(void) {
    return fails_at > 0 && ++calls == fails_at;
}

void *__wrap_malloc(size_t bytes) {
    return hit() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes) {
    return hit() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *old, size_t bytes) {
    return hit() ? NULL : __real_realloc(old, bytes);
}

static const char *const kinds[] = {
    "type=logistic|optimizer=adam|shuffle=8|batch=3", "type=softmax|momentum=0.5",
    "type=knn|k=3|capacity=20",
    ("type=network|threads=1|layers=dense 7, batchnorm, relu, dense 4, softmax|batch=8|shuffle=10|"
     "average=5")};

struct data {
    float x[ROWS][VECTOR];
    struct tensor vector[ROWS];
    struct text label[ROWS];
    struct column col[3];
    uint32_t dim;
    struct type type;
};

static void data_fill(struct data *d) {
    *d = (struct data){.dim = VECTOR};
    d->type = (struct type){.id = TYPE_TENSOR, .dims = 1, .dim = &d->dim};
    for (uint32_t i = 0; i < ROWS; i++) {
        for (uint32_t k = 0; k < VECTOR; k++) d->x[i][k] = (float)((i * 7 + k * 3) % 11) / 11;
        d->vector[i] = (struct tensor){d->x[i], &d->dim};
        d->label[i] = i % 2 ? TEXT_LITERAL("odd") : TEXT_LITERAL("even");
    }
    d->col[0] = (struct column){.type = &d->type, .as.tensor = d->vector};
    d->col[1] = (struct column){.type = &type_text, .as.text = d->label};
}

static bool predict(struct learn_probe *p, const struct data *d, uint64_t version) {
    static const uint16_t row[] = {0, 1, 2};
    struct model_answer answer[3];
    struct model_session *s = model_train.session_open(p->model, &p->e);
    if (!s) return false;
    struct model_run run = {.arg = d->col,
                            .row = row,
                            .rows = 3,
                            .version = version,
                            .answer = answer,
                            .arena = &p->arena};
    bool fine = model_train.run(s, &run, &p->e);
    model_train.session_close(s);
    return fine;
}

static bool save_and_load(struct learn_probe *p, struct learn_probe *other) {
    struct buf saved, exported;
    buf_init(&saved);
    buf_init(&exported);
    bool fine = model_train.save(p->model, &saved, &p->e) &&
                model_train.load(other->model, buf_text(&saved), &p->e);
    if (fine) {
        fine = model_train.export_onnx(p->model, &exported, &p->e) ||
               strcmp(p->e.sqlstate, "0A000") == 0;
    }
    buf_done(&saved);
    buf_done(&exported);
    return fine;
}

static bool train_and_predict(struct learn_probe *p, const struct data *d, struct model_watch *w) {
    const struct probe_rows r = {.col = d->col, .rows = ROWS};
    struct model_listener l = probe_listener(p);
    struct model_trainer *t = model_train.train_open(p->model, &fails_at, &l, &p->e);
    bool again, fine = t && probe_give(p, t, &r, 0, ROWS) &&
                       predict(p, d, model_train.version_at(w, ROWS / 2)) &&
                       model_train.train_end(t, &again, &p->e) &&
                       predict(p, d, model_train.version_at(w, ROWS));
    model_train.train_close(t);
    return fine;
}

/* false: something was refused. */
static bool life(const char *options, const struct data *d, uint32_t point) {
    struct learn_probe p, other;
    probe_define(&p, "v6", NULL, options);
    probe_define(&other, "v6", NULL, options);
    calls = 0;
    fails_at = point;
    probe_make(&p);
    probe_make(&other);
    struct model_watch *w =
        p.model && other.model ? model_train.watch_open(p.model, &fails_at, &p.e) : NULL;
    bool fine = w && train_and_predict(&p, d, w) && save_and_load(&p, &other);
    model_train.watch_close(w);
    fails_at = 0;
    probe_done(&p);
    probe_done(&other);
    return fine;
}

static void every_allocation_may_fail(void **unused) {
    (void)unused;
    struct data d;
    data_fill(&d);
    for (uint32_t k = 0; k < COUNT_OF(kinds); k++) {
        assert_true(life(kinds[k], &d, 0));
        uint32_t point = 1;
        for (; point < POINTS_MAX; point++) {
            bool fine = life(kinds[k], &d, point);
            if (fine && calls < point) break;
        }
        assert_true(point > 20 && point < POINTS_MAX);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
