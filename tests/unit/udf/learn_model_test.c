/* Models that learn: what they learn, and that it is a function of the rows alone: not of where
 * they were cut, of threads, or of being saved and loaded in between.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/base/random.h"
#include "tests/unit/udf/learn_table.h"

static double right(const struct column *got, const struct table *t) {
    uint32_t good = 0;
    for (uint32_t i = 0; i < ROWS; i++) {
        good += column_has(got, i) && text_equal(got->as.text[i], t->class[i]);
    }
    return (double)good / ROWS;
}

static void linear_models_find_the_line(void **unused) {
    (void)unused;
    static const char *const options[] = {
        "type=linear|learning-rate=0.05|epochs=20",
        "type=linear|learning-rate=0.1|batch=10|epochs=60|momentum=0.5|shuffle=100",
        "type=linear|learning-rate=0.05|batch=5|epochs=100|optimizer=adam|decay=0.001",
        "type=linear|learning-rate=0.5|batch=5|epochs=100|optimizer=adagrad|clip=100",
    };
    struct table *t = table_make(1);
    for (uint32_t i = 0; i < COUNT_OF(options); i++) {
        struct learn_probe p;
        probe_create(&p, "dddd", "d", options[i]);
        assert_non_null(p.model);
        struct probe_rows r = rows_of(t, numbers(t->y));
        assert_true(probe_train(&p, &r));
        assert_true(isnan(p.last.accuracy));
        struct column got = probe_values(&p, MODEL_PREDICT, t->col, ROWS);
        for (uint32_t k = 0; k < ROWS; k++) assert_true(fabs(got.as.f64[k] - t->y[k]) < 1e-6);
        probe_done(&p);
    }
    free(t);
}

/* L2 pulls weights towards 0: the slope comes out smaller. */
static void l2_makes_weights_smaller(void **unused) {
    (void)unused;
    static const char *const options[] = {"type=linear|batch=10|epochs=50|learning-rate=0.1",
                                          "type=linear|batch=10|epochs=50|learning-rate=0.1|l2=1"};
    struct table *t = table_make(1);
    double slope[2];
    for (uint32_t i = 0; i < 2; i++) {
        struct learn_probe p;
        probe_create(&p, "dddd", "d", options[i]);
        struct probe_rows r = rows_of(t, numbers(t->y));
        assert_true(probe_train(&p, &r));
        double at[2] = {0, 1}, zero[2] = {0, 0};
        struct column arg[NUMBERS] = {numbers(at), numbers(zero), numbers(zero), numbers(zero)};
        struct column got = probe_values(&p, MODEL_PREDICT, arg, 2);
        slope[i] = got.as.f64[1] - got.as.f64[0];
        probe_done(&p);
    }
    assert_true(fabs(slope[0] - 2) < 1e-3 && slope[1] < 1.5 && slope[1] > 0.2);
    free(t);
}

/* Targets of every type; p speaks of 1, true, or the second of 'classes'. */
static void logistic_models_take_every_kind_of_target(void **unused) {
    (void)unused;
    struct table *t = table_make(2);
    uint8_t truth[ROWS];
    double minus[ROWS];
    struct text word[ROWS];
    for (uint32_t i = 0; i < ROWS; i++) {
        truth[i] = t->sign[i] != 0;
        minus[i] = t->sign[i] ? 1 : -1;
        word[i] = truth[i] ? TEXT_LITERAL("UP") : TEXT_LITERAL("DOWN");
    }
    const struct column targets[] = {{.type = &type_bigint, .as.i64 = t->sign},
                                     {.type = &type_boolean, .as.b8 = truth},
                                     {.type = &type_double, .as.f64 = minus},
                                     {.type = &type_text, .as.text = word}};
    static const char *const labels[][2] = {
        {"0", "1"}, {"false", "true"}, {"0", "1"}, {"DOWN", "UP"}};
    for (uint32_t i = 0; i < COUNT_OF(targets); i++) {
        struct learn_probe p;
        probe_create(&p, "dddd", "d",
                     i == 3 ? "type=logistic|learning-rate=0.5|epochs=20|classes=DOWN, UP"
                            : "type=logistic|learning-rate=0.5|epochs=20");
        struct probe_rows r = rows_of(t, targets[i]);
        assert_true(probe_train(&p, &r));
        struct column got = probe_values(&p, MODEL_PREDICT, t->col, ROWS);
        struct column label = probe_values(&p, MODEL_CLASSIFY, t->col, ROWS);
        uint32_t good = 0;
        for (uint32_t k = 0; k < ROWS; k++) {
            bool up = got.as.f64[k] >= 0.5;
            good += up == truth[k];
            assert_true(text_equal(label.as.text[k], text_of(labels[i][up])));
        }
        assert_true(good > ROWS * 98 / 100);
        assert_true(p.accurate > 0.9 * 20 * ROWS && p.bads == 0);
        probe_done(&p);
    }
    free(t);
}

static const char *const classifiers[] = {
    "type=softmax|learning-rate=0.1|epochs=3",
    "type=softmax|learning-rate=0.1|epochs=3|classes=blue,red,green|loss=squared",
    "type=network|layers=dense 16, relu, dense 3, softmax|epochs=5|learning-rate=0.1|shuffle=50",
    ("type=network|layers=dense 16, batchnorm, tanh, dropout 0.1, dense 3, softmax|epochs=5|"
     "optimizer=adam|learning-rate=0.01|average=20|batch=17"),
    "type=knn|k=5",
    "type=knn|metric=l2|capacity=100",
};

static void classifiers_find_the_classes(void **unused) {
    (void)unused;
    struct table *t = table_make(3);
    for (uint32_t i = 0; i < COUNT_OF(classifiers); i++) {
        struct learn_probe p;
        probe_create(&p, "v6", NULL, classifiers[i]);
        struct probe_rows r = vectors_of(&p, t);
        struct column before = probe_values(&p, MODEL_CLASSIFY, t->col, ROWS);
        if (!strstr(classifiers[i], "classes")) assert_false(column_has(&before, 0));
        assert_true(probe_train(&p, &r));
        struct column got = probe_values(&p, MODEL_CLASSIFY, t->col, ROWS);
        assert_true(right(&got, t) > 0.97);
        probe_done(&p);
    }
    free(t);
}

/* The state after all rows, cut in one way. */
static struct text state_after(struct learn_probe *p, struct table *t, const char *options,
                               uint32_t cut) {
    probe_create(p, "v6", NULL, options);
    struct probe_rows r = vectors_of(p, t);
    r.cut = cut;
    assert_true(probe_train(p, &r));
    return probe_saved(p);
}

static void batch_borders_and_threads_do_not_show(void **unused) {
    (void)unused;
    static const uint32_t cuts[] = {1, 7, 64, 599};
    struct table *t = table_make(4);
    for (uint32_t i = 0; i < COUNT_OF(classifiers); i++) {
        struct learn_probe whole;
        struct text expected = state_after(&whole, t, classifiers[i], 0);
        for (uint32_t k = 0; k < COUNT_OF(cuts); k++) {
            struct learn_probe p;
            char options[300];
            bool network = strstr(classifiers[i], "network") != NULL;
            snprintf(options, sizeof options, "%s%s%u", classifiers[i],
                     network ? "|threads=" : "|publish-rows=", 1 + k % 3);
            struct text got = state_after(&p, t, options, cuts[k]);
            if (network) assert_true(text_equal(got, expected));
            probe_done(&p);
            if (network) continue;
            got = state_after(&p, t, classifiers[i], cuts[k]);
            assert_true(text_equal(got, expected));
            probe_done(&p);
        }
        probe_done(&whole);
    }
    free(t);
}

/* Saved in the middle and loaded into a new model: the end is the same, and so is what a copy
 * saves. */
static void training_goes_on_behind_a_checkpoint(void **unused) {
    (void)unused;
    struct table *t = table_make(5);
    for (uint32_t i = 0; i < COUNT_OF(classifiers); i++) {
        for (uint32_t at = 0; at <= ROWS; at += 199) {
            struct learn_probe whole, first, second;
            struct text expected = state_after(&whole, t, classifiers[i], 0);
            probe_create(&first, "v6", NULL, classifiers[i]);
            probe_create(&second, "v6", NULL, classifiers[i]);
            struct probe_rows r = vectors_of(&second, t);
            struct model_listener l = probe_listener(&first), m = probe_listener(&second);
            struct model_trainer *one = model_train.train_open(first.model, NULL, &l, &first.e);
            assert_true(probe_give(&first, one, &r, 0, at));
            struct text saved = probe_saved(&first);
            assert_true(model_train.load(second.model, saved, &second.e));
            assert_true(text_equal(probe_saved(&second), saved));
            struct model_trainer *two = model_train.train_open(second.model, NULL, &m, &second.e);
            bool again = true;
            assert_true(probe_give(&second, two, &r, at, ROWS));
            assert_true(model_train.train_end(two, &again, &second.e));
            while (again) {
                assert_true(probe_give(&second, two, &r, 0, ROWS));
                assert_true(model_train.train_end(two, &again, &second.e));
            }
            assert_true(text_equal(probe_saved(&second), expected));
            model_train.train_close(one);
            model_train.train_close(two);
            probe_done(&whole);
            probe_done(&first);
            probe_done(&second);
        }
    }
    free(t);
}

/* Damaged states are refused or are states; nothing breaks. */
static void damaged_states_are_refused(void **unused) {
    (void)unused;
    struct random r = random_start("damage");
    struct table *t = table_make(6);
    for (uint32_t i = 0; i < COUNT_OF(classifiers); i++) {
        struct learn_probe whole;
        struct text good = state_after(&whole, t, classifiers[i], 0);
        for (uint32_t k = 0; k < random_rounds(200); k++) {
            struct learn_probe p;
            probe_create(&p, "v6", NULL, classifiers[i]);
            char *bad = arena_copy(&p.arena, good.at, good.bytes);
            uint32_t bytes = k % 2 ? good.bytes : (uint32_t)random_below(&r, good.bytes);
            if (k % 2)
                bad[random_below(&r, k % 4 == 1 ? 200 : bytes)] ^= (char)(1 + random_u64(&r) % 255);
            bool loaded = model_train.load(p.model, (struct text){bad, bytes}, &p.e);
            assert_true(loaded || p.e.code == ERR_CORRUPT || p.e.code == ERR_LIMIT);
            if (!(k % 2)) assert_false(loaded);
            probe_done(&p);
        }
        probe_done(&whole);
    }
    free(t);
}

static void bad_rows_are_told_and_left_out(void **unused) {
    (void)unused;
    double x[] = {1, 2, NAN, 4, 5, 6};
    struct text label[] = {text_of("a"), text_of("b"), text_of("a"),
                           text_of("c"), text_of("d"), text_of("a")};
    const struct column col[] = {
        numbers(x), {.type = &type_text, .as.text = label}, {.type = NULL}};
    struct learn_probe p;
    probe_create(&p, "d", "t", "type=network|layers=dense 3, softmax|shuffle=0|batch=2");
    struct probe_rows r = {.col = col, .rows = COUNT_OF(x)};
    assert_true(probe_train(&p, &r));
    assert_int_equal(p.bads, 2);
    assert_int_equal(p.learnt, 4);
    assert_string_equal(p.bad_reason, "4 22023 a target is a class more than the model has outputs "
                                      "for");
    struct column got = probe_values(&p, MODEL_CLASSIFY, col, COUNT_OF(x));
    assert_false(column_has(&got, 2));
    assert_true(column_has(&got, 0));
    probe_done(&p);
}

/* Definitions that are wrong, and what is said. */
static const struct {
    const char *input, *output, *options, *why;
} wrong[] = {
    {"d", "d", "", "needs 'type'"},
    {"d", "d", "type=tree", "'type' = 'tree' is not possible"},
    {"d", "d", "type=linear|speed=3", "has no option 'speed'"},
    {"d", "d", "type=linear|layers=dense 1", "'layers' has no effect on a model of type 'linear'"},
    {"d", "d", "type=linear|k=3", "'k' has no effect"},
    {"d", "d", "type=linear|loss=cross-entropy", "cross-entropy is a loss of classes"},
    {"d", "d", "type=linear|learning-rate=-1", "'learning-rate' = '-1' is not possible"},
    {"d", "d", "type=linear|learning-rate=0", "'learning-rate' must be above 0"},
    {"d", "d", "type=linear|batch=0", "'batch' = '0' is not possible"},
    {"d", "d", "type=linear|momentum=1", "'momentum' must be below 1"},
    {"d", "d", "type=linear|optimizer=adam|momentum=0.5", "'momentum' is for the optimizer sgd"},
    {"d", "d", "type=linear|shuffle-memory=3 light years", "'shuffle-memory'"},
    {NULL, "d", "type=linear", "needs INPUT"},
    {"t", "d", "type=linear", "is no number"},
    {"g", "d", "type=linear", "needs a model of type 'network'"},
    {"d", "t", "type=linear", "does not fit"},
    {"d", "dd", "type=logistic", "repeats what another output gives"},
    {"d", "v3", "type=logistic", "is no label"},
    {"d", "t", "type=logistic|classes=a,b,c", "more names than the model has outputs (2)"},
    {"d", "t", "type=logistic|classes=a", "'classes' has 1 names, the model has outputs for 2"},
    {"d", "t", "type=softmax|classes=a,a", "'a' twice"},
    {"d", "t", "type=softmax|classes=a,,b", "name 2 is empty"},
    {"d", "i", "type=softmax|classes=1,x", "cannot hold all names"},
    {"d", "t", "type=network", "needs 'layers'"},
    {"d", "t", "type=network|layers=dense 3", "output 'c' of type TEXT"},
    {"d", "t", "type=network|layers=dense 3|loss=cross-entropy", "the last layer must be softmax"},
    {"d", "d", "type=network|layers=dense 1|classes=a,b", "'classes' has no effect"},
    {"d", "t", "type=network|layers=dense 3, softmax|input=1x2x2", "'input' says 4"},
    {"g", "t", "type=network|layers=flatten, dense 3, softmax", "needs 'input'"},
    {"g", "t", "type=network|layers=flatten, dense 3, softmax|input=2x8x8", "needs 'input'"},
    {"gd", "t", "type=network|layers=flatten, dense 3, softmax|input=1x8x8", "must be the only"},
    {"v4", "t", "type=network|layers=conv 3 1x1|input=1x2x2", "gives an image"},
    {"v4", "t", "type=network|layers=conv 3 3x3|input=1x2x2", "layer 1, 'conv 3 3x3'"},
    {"v4", "t", "type=knn|metric=l1", "'metric' = 'l1' is not possible"},
    {"v4", "v4", "type=knn", "is neither a label nor a distance"},
};

static void wrong_definitions_are_told(void **unused) {
    (void)unused;
    for (uint32_t i = 0; i < COUNT_OF(wrong); i++) {
        struct learn_probe p;
        probe_create(&p, wrong[i].input, wrong[i].output, wrong[i].options);
        assert_null(p.model);
        if (!strstr(p.e.message, wrong[i].why)) print_error("%s\n", p.e.message);
        assert_non_null(strstr(p.e.message, wrong[i].why));
        probe_done(&p);
    }
}

/* A step far too long: an error, not numbers that are none. */
static void divergence_is_an_error(void **unused) {
    (void)unused;
    struct table *t = table_make(9);
    struct learn_probe p;
    probe_create(&p, "dddd", "d", "type=linear|learning-rate=1000");
    struct probe_rows r = rows_of(t, numbers(t->y));
    assert_false(probe_train(&p, &r));
    assert_string_equal(p.e.sqlstate, "22003");
    assert_non_null(strstr(p.e.message, "diverged"));
    probe_done(&p);
    free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_models_find_the_line),
        cmocka_unit_test(l2_makes_weights_smaller),
        cmocka_unit_test(logistic_models_take_every_kind_of_target),
        cmocka_unit_test(classifiers_find_the_classes),
        cmocka_unit_test(batch_borders_and_threads_do_not_show),
        cmocka_unit_test(training_goes_on_behind_a_checkpoint),
        cmocka_unit_test(damaged_states_are_refused),
        cmocka_unit_test(bad_rows_are_told_and_left_out),
        cmocka_unit_test(wrong_definitions_are_told),
        cmocka_unit_test(divergence_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
