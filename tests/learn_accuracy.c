/* learn_accuracy.c: what models of provider 'train' reach on real data.
 *
 *     learn_accuracy           a small network to 97 % on MNIST in one epoch; online logistic
 *                              regression to 83.6 % on elec (prequential) and 99.5 % on agaricus'
 *                              test file after one pass
 *     learn_accuracy full      the network of examples/digits.sql to 99.0 % after 5 epochs, with
 *                              each of the seeds 1, 2, 3
 *     learn_accuracy export F  trains it for one epoch and writes F (ONNX) and F.expected: the
 *                              classes that it gives to the test images, a digit each
 *
 * Data lie in $WEIR_TEST_DATA or ../shared/data; without them it says so and passes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/number.h"
#include "tests/unit/udf/learn_probe.h"

enum { PIXELS = 784, IMAGE_HEADER = 16, LABEL_HEADER = 8, IMAGES_AT_ONCE = 2000, FEATURES = 127 };

#define DIGITS                                                                                     \
    "conv 32 3x3, relu, maxpool 2, conv 64 3x3, relu, maxpool 2, flatten, dense 10, softmax"
#define SMALL                                                                                      \
    "conv 8 3x3, relu, maxpool 2, conv 16 3x3, relu, maxpool 2, flatten, dense 10, softmax"
#define CLASSES "|input=1x28x28|classes=0,1,2,3,4,5,6,7,8,9|layers="

static const char pam[] =
    "P7\nWIDTH 28\nHEIGHT 28\nDEPTH 1\nMAXVAL 255\nTUPLTYPE GRAYSCALE\nENDHDR\n";

struct images {
    uint32_t rows;
    struct text *image; /* PAM files */
    int64_t *label;
};

static bool read_images(struct learn_probe *p, const char *name, struct images *out) {
    char path[100];
    size_t header = sizeof pam - 1;
    snprintf(path, sizeof path, "mnist/%s-images-idx3-ubyte.gz", name);
    struct text pixels = probe_data(p, path);
    snprintf(path, sizeof path, "mnist/%s-labels-idx1-ubyte.gz", name);
    struct text labels = probe_data(p, path);
    if (!pixels.at || !labels.at) return false;
    uint32_t rows = labels.bytes - LABEL_HEADER;
    *out = (struct images){.rows = rows};
    out->image = ARENA_ARRAY(&p->arena, out->image, rows);
    out->label = ARENA_ARRAY(&p->arena, out->label, rows);
    for (uint32_t i = 0; i < rows; i++) {
        char *at = arena_alloc(&p->arena, header + PIXELS);
        memcpy(at, pam, header);
        memcpy(at + header, pixels.at + IMAGE_HEADER + (size_t)i * PIXELS, PIXELS);
        out->image[i] = (struct text){at, (uint32_t)header + PIXELS};
        out->label[i] = (unsigned char)labels.at[LABEL_HEADER + i];
    }
    return true;
}

static struct column images_at(const struct images *m, uint32_t from) {
    return (struct column){.type = &type_image, .as.text = m->image + from};
}

/* The part of the test images that is classified rightly; what was given, as digits, in `out`. */
static double test_images(struct learn_probe *p, const struct images *m, char *out) {
    uint32_t right = 0;
    for (uint32_t from = 0; from < m->rows; from += IMAGES_AT_ONCE) {
        struct column arg = images_at(m, from);
        struct column got = probe_values(p, MODEL_CLASSIFY, &arg, IMAGES_AT_ONCE);
        for (uint32_t i = 0; i < IMAGES_AT_ONCE; i++) {
            char digit = got.as.text[i].at[0];
            right += digit - '0' == m->label[from + i];
            if (out) out[from + i] = digit;
        }
    }
    return (double)right / m->rows;
}

static bool verdict(const char *what, double reached, double wanted) {
    bool good = reached >= wanted;
    printf("%s %s: %.4f, wanted %.4f\n", good ? "ok" : "FAILED", what, reached, wanted);
    return good;
}

/* Trains on MNIST and gives the accuracy on its test images; `p` is left open. */
static bool train_digits(struct learn_probe *p, const char *options, double *reached, char *given) {
    struct images train, test;
    probe_create(p, "g", "t", options);
    if (!p->model) {
        printf("FAILED %s\n", p->e.message);
        return false;
    }
    *reached = -1;
    if (!read_images(p, "train", &train) || !read_images(p, "t10k", &test)) return true;
    const struct column col[] = {
        images_at(&train, 0), {.type = &type_bigint, .as.i64 = train.label}, {.type = NULL}};
    const struct probe_rows r = {.col = col, .rows = train.rows};
    if (!probe_train(p, &r)) {
        printf("FAILED %s\n", p->e.message);
        return false;
    }
    *reached = test_images(p, &test, given);
    return true;
}

static bool digits(const char *name, const char *options, double wanted) {
    struct learn_probe p;
    double reached;
    bool good = train_digits(&p, options, &reached, NULL);
    if (good && reached < 0) {
        printf("skipped: no test data (mnist)\n");
    } else if (good) {
        good = verdict(name, reached, wanted);
    }
    probe_done(&p);
    return good;
}

/* Numbers of a text file: those of a line, separated by any of `separators`. */
static const char *next_number(const char *at, const char *end, double *out) {
    while (at < end && strchr(", :", *at)) at++;
    const char *from = at;
    while (at < end && !strchr(", :\n", *at)) at++;
    if (f64_parse((struct text){from, (uint32_t)(at - from)}, out) != PARSE_OK) *out = 0;
    return at;
}

static bool elec(void) {
    enum { INPUTS = 6 };
    struct learn_probe p;
    probe_create(&p, "dddddd", "d", "type=logistic|learning-rate=1");
    struct text file = probe_data(&p, "events/streams/elec.csv.gz");
    double *x[INPUTS + 1];
    uint32_t rows = 0;
    const char *at = file.at, *end = at + file.bytes;
    for (const char *c = at; c < end; c++) rows += *c == '\n';
    for (uint32_t k = 0; k <= INPUTS; k++) x[k] = ARENA_ARRAY(&p.arena, x[k], rows + 1);
    if (at) at = (const char *)memchr(at, '\n', file.bytes) + 1;
    rows = 0;
    for (; at < end; at++, rows++) {
        for (uint32_t k = 0; k <= INPUTS; k++) at = next_number(at, end, &x[k][rows]);
    }
    struct column col[INPUTS + 2] = {{.type = NULL}};
    for (uint32_t k = 0; k <= INPUTS; k++) {
        col[k] = (struct column){.type = &type_double, .as.f64 = x[k]};
    }
    const struct probe_rows r = {.col = col, .rows = rows};
    bool good = true;
    if (rows == 0) {
        printf("skipped: no test data (elec)\n");
    } else {
        good = probe_train(&p, &r) &&
               verdict("elec, prequential", p.accurate / (double)p.learnt, 0.836);
    }
    probe_done(&p);
    return good;
}

struct examples {
    uint32_t rows;
    struct tensor *x;
    double *label;
};

static const uint32_t features_dim = FEATURES;

static struct examples read_libsvm(struct learn_probe *p, const char *path) {
    struct examples out = {.rows = 0};
    struct text file = probe_data(p, path);
    const char *at = file.at, *end = at + file.bytes;
    uint32_t rows = 0;
    for (const char *c = at; c < end; c++) rows += *c == '\n';
    out.x = ARENA_ARRAY(&p->arena, out.x, rows);
    out.label = ARENA_ARRAY(&p->arena, out.label, rows);
    for (; at < end && out.rows < rows; at++, out.rows++) {
        float *x = ARENA_ARRAY(&p->arena, x, FEATURES);
        double index, value;
        at = next_number(at, end, &out.label[out.rows]);
        while (at < end && *at != '\n') {
            at = next_number(at, end, &index);
            at = next_number(at, end, &value);
            if (index >= 1 && index <= FEATURES) x[(uint32_t)index - 1] = (float)value;
        }
        out.x[out.rows] = (struct tensor){x, &features_dim};
    }
    return out;
}

static bool agaricus(void) {
    struct learn_probe p;
    probe_create(&p, "v127", "d", "type=logistic|learning-rate=0.3|shuffle=10000");
    struct examples train = read_libsvm(&p, "events/libsvm/agaricus.txt.train");
    struct examples test = read_libsvm(&p, "events/libsvm/agaricus.txt.test");
    const struct type *vector = type_tensor(&p.arena, 1, &features_dim);
    const struct column col[] = {{.type = vector, .as.tensor = train.x},
                                 {.type = &type_double, .as.f64 = train.label},
                                 {.type = NULL}};
    const struct probe_rows r = {.col = col, .rows = train.rows};
    const struct column arg = {.type = vector, .as.tensor = test.x};
    uint32_t right = 0;
    bool good = true;
    if (train.rows == 0 || test.rows == 0) {
        printf("skipped: no test data (agaricus)\n");
    } else if ((good = probe_train(&p, &r))) {
        struct column got = probe_values(&p, MODEL_PREDICT, &arg, test.rows);
        for (uint32_t i = 0; i < test.rows; i++) {
            right += (got.as.f64[i] >= 0.5) == (test.label[i] > 0);
        }
        good = verdict("agaricus, test file", (double)right / test.rows, 0.995);
    }
    probe_done(&p);
    return good;
}

static bool full(void) {
    bool good = true;
    for (uint32_t seed = 1; seed <= 3; seed++) {
        char name[100], options[400];
        snprintf(name, sizeof name, "MNIST after 5 epochs, seed %u", seed);
        snprintf(options, sizeof options,
                 "type=network|optimizer=adam|learning-rate=0.002|decay=0.0005|average=500|"
                 "batch=128|epochs=5|shuffle=60000|seed=%u" CLASSES DIGITS,
                 seed);
        good = digits(name, options, 0.99) && good;
    }
    return good;
}

static bool write_file(const char *path, struct text t) {
    FILE *f = fopen(path, "wb");
    bool good = f && fwrite(t.at, 1, t.bytes, f) == t.bytes;
    return f && fclose(f) == 0 && good;
}

static bool export(const char *path) {
    struct learn_probe p;
    char expected[500], given[10001] = "";
    double reached;
    struct buf out;
    bool good =
        train_digits(&p, "type=network|optimizer=adam|learning-rate=0.002|batch=128" CLASSES DIGITS,
                     &reached, given);
    buf_init(&out);
    snprintf(expected, sizeof expected, "%s.expected", path);
    good = good && reached > 0 && model_train.export_onnx(p.model, &out, &p.e) &&
           write_file(path, buf_text(&out)) && write_file(expected, text_of(given));
    printf("%s %s: %zu bytes, %.4f\n", good ? "ok" : "FAILED", path, out.bytes, reached);
    buf_done(&out);
    probe_done(&p);
    return good;
}

int main(int argc, char **argv) {
    bool good;
    if (argc == 3 && strcmp(argv[1], "export") == 0) {
        good = export(argv[2]);
    } else if ((argc == 2 && strcmp(argv[1], "full") == 0) || getenv("WEIR_SOAK")) {
        good = full();
    } else {
        good = elec();
        good = agaricus() && good;
        good = digits("MNIST, a small network after one epoch",
                      "type=network|optimizer=adam|learning-rate=0.003|batch=64" CLASSES SMALL,
                      0.97) &&
               good;
    }
    return good ? 0 : 1;
}
