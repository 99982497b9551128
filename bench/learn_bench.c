/* learn_bench.c: training, by CPU seconds: epochs of the digits network, and online logistic
 * regression of 8 features, through the slots that INSERT INTO MODEL calls.
 *
 *     learn_bench network [ROWS [THREADS]]   "network <wall s> <CPU s>" for an epoch of 60,000 rows
 *     learn_bench logistic [BATCH [ROWS]]    "logistic <M rows a CPU second>"
 *
 * Inputs are random; what is computed does not depend on them, but that about half of what relu is
 * given is below 0, as it is with real ones.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "udf/learn/model.h"
#include "udf/learn/noise.h"

enum { PIXELS = 784, FEATURES = 8, EPOCH = 60000, COLUMNS = FEATURES + 1 };

static double seconds(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct bench {
    struct arena arena;
    struct model *model;
    struct model_trainer *trainer;
    struct err e;
    struct field field[COLUMNS];
    struct column col[COLUMNS];
    uint16_t row[BATCH_ROWS];
    uint64_t ordinal[BATCH_ROWS];
    uint64_t versions;
};

static bool hear(void *context, const struct model_progress *p, struct err *e) {
    struct bench *b = context;
    (void)p;
    (void)e;
    b->versions++;
    return true;
}

static bool hear_bad(void *context, uint32_t i, const char *sqlstate, const char *message,
                     struct err *e) {
    (void)context;
    (void)i;
    return err_set(e, ERR_DATA, sqlstate, "%s", message);
}

static bool start(struct bench *b, uint32_t cols, const struct option *option, uint32_t options) {
    const struct schema input = {.cols = cols, .col = b->field};
    const struct model_definition d = {
        .name = TEXT_LITERAL("m"), .input = &input, .options = {option, options}};
    const struct model_env env = {.image_pixels_max = 1 << 20};
    const struct model_listener l = {.context = b, .progress = hear, .bad = hear_bad};
    for (uint32_t i = 0; i < BATCH_ROWS; i++) b->row[i] = (uint16_t)i;
    b->model = model_train.create(&d, &env, &b->e);
    b->trainer = b->model ? model_train.train_open(b->model, NULL, &l, &b->e) : NULL;
    return b->trainer != NULL;
}

/* `rows` rows, as many at a time as a source gives. */
static bool feed(struct bench *b, uint64_t rows) {
    for (uint64_t done = 0, count; done < rows; done += count) {
        count = rows - done < BATCH_ROWS ? rows - done : BATCH_ROWS;
        for (uint64_t i = 0; i < count; i++) b->ordinal[i] = done + i;
        const struct model_rows r = {
            .arg = b->col, .row = b->row, .ordinal = b->ordinal, .rows = (uint32_t)count};
        if (!model_train.train(b->trainer, &r, &b->e)) return false;
    }
    bool again;
    return model_train.train_end(b->trainer, &again, &b->e);
}

/* Images of BATCH_ROWS different rows: PAM files in memory. */
static void fill_images(struct bench *b) {
    static const char pam[] = "P7\nWIDTH 28\nHEIGHT 28\nDEPTH 1\nMAXVAL 255\nENDHDR\n";
    struct text *image = ARENA_ARRAY(&b->arena, image, BATCH_ROWS);
    int64_t *label = ARENA_ARRAY(&b->arena, label, BATCH_ROWS);
    uint64_t seed = 1;
    for (uint32_t i = 0; i < BATCH_ROWS; i++) {
        char *at = arena_alloc(&b->arena, sizeof pam + PIXELS);
        memcpy(at, pam, sizeof pam - 1);
        for (uint32_t k = 0; k < PIXELS; k++) at[sizeof pam - 1 + k] = (char)noise_next(&seed);
        image[i] = (struct text){at, sizeof pam - 1 + PIXELS};
        label[i] = (int64_t)noise_below(&seed, 10);
    }
    b->field[0] = (struct field){.name = TEXT_LITERAL("img"), .type = &type_image};
    b->col[0] = (struct column){.type = &type_image, .as.text = image};
    b->col[1] = (struct column){.type = &type_bigint, .as.i64 = label};
}

static bool network(struct bench *b, uint64_t rows, const char *threads) {
    const struct option option[] = {
        {TEXT_LITERAL("type"), TEXT_LITERAL("network"), 0},
        {TEXT_LITERAL("input"), TEXT_LITERAL("1x28x28"), 0},
        {TEXT_LITERAL("layers"),
         TEXT_LITERAL("conv 32 3x3, relu, maxpool 2, conv 64 3x3, relu, maxpool 2, flatten, "
                      "dense 10, softmax"),
         0},
        {TEXT_LITERAL("optimizer"), TEXT_LITERAL("adam"), 0},
        {TEXT_LITERAL("batch"), TEXT_LITERAL("128"), 0},
        {TEXT_LITERAL("threads"), text_of(threads), 0}};
    fill_images(b);
    if (!start(b, 1, option, COUNT_OF(option))) return false;
    double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    if (!feed(b, rows)) return false;
    double scale = (double)EPOCH / (double)rows;
    printf("network %.3f %.3f\n", (seconds(CLOCK_MONOTONIC) - wall) * scale,
           (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) * scale);
    return true;
}

static bool logistic(struct bench *b, uint64_t rows, const char *batch) {
    const struct option option[] = {{TEXT_LITERAL("type"), TEXT_LITERAL("logistic"), 0},
                                    {TEXT_LITERAL("learning-rate"), TEXT_LITERAL("0.05"), 0},
                                    {TEXT_LITERAL("batch"), text_of(batch), 0}};
    uint64_t seed = 1;
    int64_t *label = ARENA_ARRAY(&b->arena, label, BATCH_ROWS);
    for (uint32_t c = 0; c < FEATURES; c++) {
        double *x = ARENA_ARRAY(&b->arena, x, BATCH_ROWS);
        for (uint32_t i = 0; i < BATCH_ROWS; i++) {
            x[i] = noise_unit(&seed);
            label[i] += x[i] > 0.5 ? 1 : -1;
        }
        b->field[c] = (struct field){.name = TEXT_LITERAL("x"), .type = &type_double};
        b->col[c] = (struct column){.type = &type_double, .as.f64 = x};
    }
    for (uint32_t i = 0; i < BATCH_ROWS; i++) label[i] = label[i] > 0;
    b->col[FEATURES] = (struct column){.type = &type_bigint, .as.i64 = label};
    if (!start(b, FEATURES, option, COUNT_OF(option))) return false;
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    if (!feed(b, rows)) return false;
    printf("logistic %.3f\n", (double)rows / (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) / 1e6);
    return true;
}

int main(int argc, char **argv) {
    struct bench b = {.model = NULL};
    arena_init(&b.arena, 0);
    bool is_logistic = argc > 1 && strcmp(argv[1], "logistic") == 0;
    uint64_t rows = argc > 2 ? strtoull(argv[is_logistic ? argc - 1 : 2], NULL, 10) : 0;
    bool fine = is_logistic ? logistic(&b, argc > 3 ? rows : 20000000, argc > 2 ? argv[2] : "1")
                            : network(&b, rows > 0 ? rows : 12800, argc > 3 ? argv[3] : "2");
    if (!fine) fprintf(stderr, "%s\n", b.e.message);
    model_train.train_close(b.trainer);
    model_train.destroy(b.model);
    arena_done(&b.arena);
    return fine ? 0 : 1;
}
