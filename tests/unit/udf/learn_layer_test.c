/* The gradient of every layer and loss is that of finite differences. This program is built with
 * the layers in double precision, where a difference of 1e-6 shows it to five digits; the layers
 * themselves are the same source as in the product.
 *
 * Where a number lies so near to a kink (relu, maxpool) that the differences to its left and right
 * do not agree, it is passed over; there are few.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/cpu.h"
#include "tests/unit/base/random.h"
#include "udf/learn/network.h"
#include "udf/learn/noise.h"

enum { ROWS = 7, PARAMETERS_TRIED = 150 };

struct example {
    const char *layers;
    const struct shape *in;
    enum loss_kind loss;
    bool classes;
};

static const struct shape image1 = {6, 7, 1, false}, image3 = {7, 6, 3, false},
                          image18 = {5, 6, 18, false}, flat = {1, 1, 11, true};

static const struct example examples[] = {
    {"dense 3, softmax", &flat, LOSS_CROSS_ENTROPY, true},
    {"dense 3, softmax", &flat, LOSS_SQUARED, true},
    {"dense 1, sigmoid", &flat, LOSS_CROSS_ENTROPY, true},
    {"dense 1, sigmoid", &flat, LOSS_SQUARED, true},
    {"dense 3", &flat, LOSS_SQUARED, false},
    {"dense 40, tanh, dense 70, sigmoid, dense 2", &flat, LOSS_SQUARED, false},
    {"dense 40, relu, dense 5, softmax", &flat, LOSS_CROSS_ENTROPY, true},
    {"dense 9, dropout 0.4, dense 3, softmax", &flat, LOSS_CROSS_ENTROPY, true},
    {"batchnorm, dense 9, batchnorm, relu, dense 3, softmax", &flat, LOSS_CROSS_ENTROPY, true},
    {"conv 5 3x3, flatten, dense 3, softmax", &image1, LOSS_CROSS_ENTROPY, true},
    {"conv 33 3x2 pad 1, relu, flatten, dense 2", &image1, LOSS_SQUARED, false},
    {"conv 17 2x3 stride 2 pad same, tanh, flatten, dense 2", &image3, LOSS_SQUARED, false},
    {"conv 4 3x3 pad same, relu, conv 6 3x3 stride 2, relu, flatten, dense 3, softmax", &image18,
     LOSS_CROSS_ENTROPY, true},
    {"conv 9 2x2, relu, maxpool 2, conv 5 2x2, relu, flatten, dense 3, softmax", &image3,
     LOSS_CROSS_ENTROPY, true},
    {"conv 4 3x3 pad 2, maxpool 3 stride 2, sigmoid, conv 3 1x1, flatten, dense 2", &image1,
     LOSS_SQUARED, false},
    {"conv 20 1x1, avgpool 2, conv 3 2x2, flatten, dense 2, softmax", &image3, LOSS_CROSS_ENTROPY,
     true},
    {"conv 6 3x3, batchnorm, relu, maxpool 2, conv 5 2x2 pad 1, batchnorm, flatten, dense 3, "
     "softmax",
     &image3, LOSS_CROSS_ENTROPY, true},
    {"flatten, dense 6, relu, dropout 0.2, dense 3, softmax", &image3, LOSS_CROSS_ENTROPY, true},
};

struct probe {
    struct arena arena;
    struct network *net;
    struct crew crew;
    struct network_trainer *trainer;
    struct network_batch batch;
    struct loss loss;
    float *x;
    double *target;
    real *param, *scratch;
    struct err e;
};

/* The sets that this machine can run. */
static const struct learn_kernels *set_at(uint32_t i) {
    const struct learn_kernels *const sets[] = {&learn_kernels_v2, &learn_kernels_v3,
                                                &learn_kernels_v4};
    uint32_t cpu = cpu_features(), can = cpu & CPU_AVX512 ? 3 : cpu & CPU_AVX2 ? 2 : 1;
    return i < can ? sets[i] : NULL;
}

static void probe_open(struct probe *p, const struct example *x, const struct learn_kernels *k,
                       struct random *r, uint32_t threads) {
    const struct network_words words = {.layers = text_of(x->layers), .in = *x->in, .kernels = k};
    *p = (struct probe){.trainer = NULL};
    arena_init(&p->arena, 0);
    p->net = network_create(&words, &p->arena, &p->e);
    assert_non_null(p->net);
    p->loss = (struct loss){.kind = x->loss, .outputs = p->net->out_size, .classes = x->classes};
    assert_true(crew_open(&p->crew, threads, &p->e));
    p->trainer = network_trainer_create(p->net, &p->loss, ROWS, &p->crew, &p->arena, &p->e);
    assert_non_null(p->trainer);
    p->x = calloc((size_t)ROWS * p->net->in_size, sizeof *p->x);
    p->target = calloc((size_t)ROWS * p->net->out_size, sizeof *p->target);
    p->param = calloc(p->net->parameters, sizeof *p->param);
    p->scratch = calloc(p->net->parameters, sizeof *p->scratch);
    for (uint32_t i = 0; i < ROWS * p->net->in_size; i++) {
        p->x[i] = (float)noise_normal(&r->state);
    }
    uint32_t classes = p->net->out_size == 1 ? 2 : p->net->out_size;
    for (uint32_t i = 0; i < ROWS * loss_targets(&p->loss); i++) {
        p->target[i] = x->classes ? (double)random_below(r, classes) : noise_normal(&r->state);
    }
    network_init(p->net, random_u64(r), p->param);
    for (size_t i = 0; i < p->net->parameters; i++) {
        p->param[i] += (real)(0.1 * noise_normal(&r->state)); /* biases too */
    }
    p->batch = (struct network_batch){.rows = {.at = (const char *)p->x,
                                               .row_bytes = p->net->in_size * sizeof(float),
                                               .rows = ROWS},
                                      .target = p->target,
                                      .noise = random_u64(r)};
}

static void probe_close(struct probe *p) {
    crew_close(&p->crew);
    arena_done(&p->arena);
    free(p->x);
    free(p->target);
    free(p->param);
    free(p->scratch);
}

static const real *gradient(struct probe *p, double *loss_out) {
    struct loss_score score = {0};
    memcpy(p->scratch, p->param, p->net->parameters * sizeof *p->param);
    const real *g = network_gradient(p->trainer, &p->batch, p->scratch, &score);
    *loss_out = score.loss / ROWS;
    return g;
}

/* Is parameter i learnt by its gradient? */
static bool is_learnt(const struct network *n, size_t i) {
    for (uint32_t k = 0; k < n->layers; k++) {
        const struct layer *l = &n->layer[k];
        if (i >= l->param_at && i < l->param_at + l->weights + l->biases) return true;
    }
    return false;
}

static double loss_at(struct probe *p, size_t i, real value) {
    double loss;
    real kept = p->param[i];
    p->param[i] = value;
    gradient(p, &loss);
    p->param[i] = kept;
    return loss;
}

/* 1: agrees, 0: does not, -1: a kink lies there. */
static int agrees(struct probe *p, size_t i, double given) {
    const real step = 1e-6;
    real at = p->param[i];
    double middle = loss_at(p, i, at), right = loss_at(p, i, at + step),
           left = loss_at(p, i, at - step);
    double rising = (right - middle) / step, falling = (middle - left) / step;
    if (fabs(rising - falling) > 1e-4 * (1 + fabs(rising))) return -1;
    return fabs((right - left) / (2 * step) - given) <= 2e-7 * (1 + fabs(given) * 10);
}

static void gradients_are_those_of_differences(void **unused) {
    (void)unused;
    struct random r = random_start("gradients");
    for (uint32_t x = 0; x < COUNT_OF(examples); x++) {
        for (uint32_t set = 0; set_at(set); set++) {
            struct probe p;
            double loss;
            uint32_t kinks = 0, tried = 0;
            probe_open(&p, &examples[x], set_at(set), &r, 1);
            real *g = calloc(p.net->parameters, sizeof *g);
            memcpy(g, gradient(&p, &loss), p.net->parameters * sizeof *g);
            for (uint32_t k = 0; k < PARAMETERS_TRIED; k++) {
                size_t i = random_below(&r, p.net->parameters);
                if (!is_learnt(p.net, i)) continue;
                int verdict = agrees(&p, i, (double)g[i]);
                if (verdict == 0) print_error("%s, parameter %zu\n", examples[x].layers, i);
                assert_int_not_equal(verdict, 0);
                kinks += verdict < 0;
                tried++;
            }
            assert_true(tried > 10 && kinks < tried / 5);
            free(g);
            probe_close(&p);
        }
    }
}

/* However many threads share the work. */
static void gradients_do_not_depend_on_threads(void **unused) {
    (void)unused;
    struct random r = random_start("threads");
    for (uint32_t x = 0; x < COUNT_OF(examples); x++) {
        struct random again = r;
        struct probe one, more;
        double loss_one, loss_more;
        probe_open(&one, &examples[x], NULL, &r, 1);
        probe_open(&more, &examples[x], NULL, &again, 2 + x % 3);
        const real *a = gradient(&one, &loss_one), *b = gradient(&more, &loss_more);
        assert_memory_equal(a, b, one.net->parameters * sizeof *a);
        assert_memory_equal(one.scratch, more.scratch, one.net->parameters * sizeof *a);
        assert_true(loss_one == loss_more);
        probe_close(&one);
        probe_close(&more);
    }
}

/* What is predicted after training is what training computed, dropout and batchnorm apart. */
static void predicting_computes_what_training_does(void **unused) {
    (void)unused;
    struct random r = random_start("predict");
    for (uint32_t x = 0; x < COUNT_OF(examples); x++) {
        if (strstr(examples[x].layers, "dropout") || strstr(examples[x].layers, "batchnorm"))
            continue;
        struct probe p;
        struct network_values v;
        struct loss_score score = {0};
        double loss;
        probe_open(&p, &examples[x], NULL, &r, 1);
        gradient(&p, &loss);
        real *packed = calloc(p.net->packed_size + 1, sizeof *packed);
        real *y = calloc((size_t)ROWS * p.net->out_size, sizeof *y), dy[128];
        network_pack(p.net, p.param, packed);
        assert_true(network_values(p.net, 3, false, &p.arena, &v, &p.e));
        network_predict(
            p.net, &(struct network_use){.param = p.param, .packed = packed, .values = &v, .y = y},
            &p.batch.rows);
        for (uint32_t i = 0; i < ROWS; i++) {
            const struct loss_row row = {.y = y + (size_t)i * p.net->out_size,
                                         .target = p.target + i * loss_targets(&p.loss),
                                         .dy = dy};
            loss_add(&p.loss, &row, &score);
        }
        assert_true(fabs(score.loss / ROWS - loss) <= 1e-12 * (1 + fabs(loss)));
        free(packed);
        free(y);
        probe_close(&p);
    }
}

/* Words that are wrong, and what is said about them. */
static const struct {
    const char *layers, *why;
} wrong[] = {
    {"", "layer 1 is empty"},
    {"dense 3,", "layer 2 is empty"},
    {"dens 3", "layer 1, 'dens 3': there is no layer 'dens'"},
    {"flatten, dense", "layer 2, 'dense': is written: dense N"},
    {"flatten, dense 0", "is written: dense N"},
    {"flatten, dense 3 4", "is written: dense N"},
    {"dense 3", "put 'flatten' before it"},
    {"flatten, conv 3 3x3", "layer 2, 'conv 3 3x3': wants an image"},
    {"conv 3", "is written: conv N KxK"},
    {"conv 3 3x", "is written: conv N KxK"},
    {"conv 3 9x9", "the kernel (9) is larger than the image (6)"},
    {"conv 3 3x3 strid 2", "is written: conv N KxK"},
    {"conv 3 3x3 pad", "is written: conv N KxK"},
    {"maxpool 7", "wants an image of at least 7x7 pixels"},
    {"maxpool 2x3", "is written: maxpool K"},
    {"relu 3", "nothing may follow"},
    {"flatten, dropout 1", "is written: dropout P"},
    {"relu, maxpool 2", "nothing that learns"},
    {"softmax", "put 'flatten' before it"},
    {"flatten, dense 16384, dense 16384", "more than 268435456 parameters"},
    {"conv 16384 1x1, conv 16384 1x1 pad 30", "at most 16777216"},
};

static void wrong_words_are_told(void **unused) {
    (void)unused;
    for (uint32_t i = 0; i < COUNT_OF(wrong); i++) {
        struct arena a;
        struct err e = {.code = ERR_NONE};
        arena_init(&a, 0);
        const struct network_words words = {.layers = text_of(wrong[i].layers), .in = image1};
        assert_null(network_create(&words, &a, &e));
        if (!strstr(e.message, wrong[i].why)) print_error("%s\n", e.message);
        assert_non_null(strstr(e.message, wrong[i].why));
        arena_done(&a);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_those_of_differences),
        cmocka_unit_test(gradients_do_not_depend_on_threads),
        cmocka_unit_test(predicting_computes_what_training_does),
        cmocka_unit_test(wrong_words_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
