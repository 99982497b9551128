/* Non-maximum suppression and Einsum. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

#include "tests/unit/udf/net_probe.h"

enum { BOXES = 12, CLASSES = 3 };

static double part(double a1, double a2, double b1, double b2) {
    return fmax(0, fmin(a2, b2) - fmax(a1, b1));
}

static double overlap(const float *a, const float *b) {
    double both = part(a[0], a[2], b[0], b[2]) * part(a[1], a[3], b[1], b[3]);
    double one = (double)((a[2] - a[0]) * (a[3] - a[1])),
           two = (double)((b[2] - b[0]) * (b[3] - b[1]));
    return both / (one + two - both);
}

/* By definition: the best box that nothing taken overlaps, again and again. */
static size_t take(const float *boxes, const float *score, double least, size_t most,
                   size_t *taken) {
    bool gone[BOXES] = {false};
    size_t count = 0;
    while (count < most) {
        size_t best = BOXES;
        for (size_t i = 0; i < BOXES; i++) {
            if (gone[i] || !((double)score[i] > least)) continue;
            if (best == BOXES || score[i] > score[best]) best = i;
        }
        if (best == BOXES) break;
        taken[count++] = best;
        for (size_t i = 0; i < BOXES; i++) {
            gone[i] |= i == best || overlap(boxes + 4 * best, boxes + 4 * i) > (double)0.4F;
        }
    }
    return count;
}

static void boxes_make(struct random *r, float *corner, float *given, bool center, bool flip) {
    for (size_t i = 0; i < BOXES; i++) {
        float *c = corner + 4 * i, *g = given + 4 * i;
        float y = (float)random_below(r, 20), x = (float)random_below(r, 20);
        float h = 4 + (float)random_below(r, 9), w = 4 + (float)random_below(r, 9);
        const float corners[] = {y, x, y + h, x + w}, centers[] = {x + w / 2, y + h / 2, w, h};
        memcpy(c, corners, sizeof corners);
        memcpy(g, center ? centers : corners, sizeof corners);
        if (!flip || center) continue;
        g[0] = c[2];
        g[2] = c[0];
    }
}

static void suppression_takes_the_best(void **unused) {
    (void)unused;
    struct random r = random_start("suppress");
    for (uint32_t i = 0; i < random_rounds(16); i++) {
        struct probe p;
        probe_init(&p, &r, 11);
        struct net_shape sb = probe_shape(3, 2, BOXES, 4), ss = probe_shape(3, 2, CLASSES, BOXES);
        struct net_shape one = probe_shape(0);
        float corner[2 * BOXES * 4];
        struct tensor *b = probe_value(&p, "b", NET_F32, &sb);
        boxes_make(&r, corner, b->at, i & 1, i & 2);
        boxes_make(&r, corner + BOXES * 4, (float *)b->at + BOXES * 4, i & 1, i & 2);
        const float *score = probe_random(&p, "s", &ss, 0, 1)->at;
        *(int64_t *)probe_value(&p, "n", NET_I64, &one)->at = i & 4 ? 3 : 100;
        *(float *)probe_value(&p, "o", NET_F32, &one)->at = 0.4F;
        *(float *)probe_value(&p, "t", NET_F32, &one)->at = 0.3F;
        double rows[2 * CLASSES * BOXES * 3];
        int64_t count = 0;
        for (size_t g = 0; g < 2 * CLASSES; g++) {
            size_t taken[BOXES];
            size_t n = take(corner + g / CLASSES * BOXES * 4, score + g * BOXES, (double)0.3F,
                            i & 4 ? 3 : 100, taken);
            for (size_t k = 0; k < n; k++, count++) {
                rows[3 * count] = (double)(g / CLASSES);
                rows[3 * count + 1] = (double)(g % CLASSES);
                rows[3 * count + 2] = (double)taken[k];
            }
        }
        struct net_shape out = {.rank = 2, .dim = {count, 3}}, total = {.rank = 1, .dim = {2}};
        struct probe_wanted w[2] = {probe_wanted(&p, "y", NET_I64, &out),
                                    probe_wanted(&p, "z", NET_I64, &total)};
        memcpy(w[0].at, rows, (size_t)count * 3 * sizeof *rows);
        w[1].at[0] = (double)count;
        w[1].at[1] = 3;
        onnx_write_node(&p.w, "NonMaxSuppression", "b s n o t", "y");
        onnx_write_int(&p.w, "center_point_box", i & 1);
        onnx_write_node(&p.w, "Shape", "y", "z"); /* a shape that only the run knows */
        probe_check(&p, w, 2);
        probe_done(&p);
    }
}

struct einsum_case {
    const char *equation;
    const char *a, *b, *out; /* the indices of each, one letter each */
};

enum { LETTERS = 4 };
static const char letters[LETTERS] = "ijkb";
static const size_t sizes[LETTERS] = {3, 4, 2, 2};

static size_t letter_of(char c) {
    return (size_t)((const char *)memchr(letters, c, LETTERS) - letters);
}

static struct net_shape letters_shape(const char *list) {
    struct net_shape s = {0};
    for (; *list; list++) s.dim[s.rank++] = (int64_t)sizes[letter_of(*list)];
    return s;
}

static size_t letters_at(const char *list, const size_t *at) {
    size_t i = 0;
    for (; *list; list++) i = i * sizes[letter_of(*list)] + at[letter_of(*list)];
    return i;
}

/* All combinations of indices; those of letters that do not occur count once. */
static void einsum_wanted(const struct einsum_case *c, const struct tensor *a,
                          const struct tensor *b, double *out) {
    for (size_t n = 0; n < 3 * 4 * 2 * 2; n++) {
        const size_t at[LETTERS] = {n / 16, n / 4 % 4, n / 2 % 2, n % 2};
        bool once = true;
        for (size_t k = 0; k < LETTERS; k++) {
            bool occurs = strchr(c->a, letters[k]) || strchr(c->b, letters[k]);
            once &= occurs || at[k] == 0;
        }
        if (!once) continue;
        double second = b ? probe_at(b, letters_at(c->b, at)) : 1;
        out[letters_at(c->out, at)] += probe_at(a, letters_at(c->a, at)) * second;
    }
}

static void einsum_sums_what_is_left_out(void **unused) {
    (void)unused;
    struct random r = random_start("einsum");
    static const struct einsum_case cases[] = {{"ij->ji", "ij", "", "ji"},
                                               {"ij->i", "ij", "", "i"},
                                               {"i,i", "i", "i", ""},
                                               {"bij, bjk -> bik", "bij", "bjk", "bik"},
                                               {"...ii->...i", "jii", "", "ji"},
                                               {"ij,kj->ik", "ij", "kj", "ik"},
                                               {"i,j->ij", "i", "j", "ij"},
                                               {"ij,jk", "ij", "jk", "ik"}};
    for (uint32_t c = 0; c < COUNT_OF(cases); c++) {
        struct probe p;
        probe_init(&p, &r, 12);
        struct net_shape sa = letters_shape(cases[c].a), sb = letters_shape(cases[c].b);
        struct net_shape so = letters_shape(cases[c].out);
        bool two = cases[c].b[0] != '\0';
        const struct tensor *a = probe_random(&p, "x", &sa, -1, 1), *b = NULL;
        if (two) b = probe_random(&p, "y", &sb, -1, 1);
        struct probe_wanted w = probe_wanted(&p, "z", NET_F32, &so);
        einsum_wanted(&cases[c], a, b, w.at);
        onnx_write_node(&p.w, "Einsum", two ? "x y" : "x", "z");
        onnx_write_text(&p.w, "equation", cases[c].equation);
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

/* At inference all stay; in training those that NumPy's numbers of that seed say (0.5488135,
 * 0.71518937, 0.60276338, 0.54488318, 0.4236548 for seed 0). */
static void dropout_drops_in_training_only(void **unused) {
    (void)unused;
    struct random r = random_start("dropout");
    for (uint32_t training = 0; training < 2; training++) {
        struct probe p;
        probe_init(&p, &r, 13);
        struct net_shape s = probe_shape(1, 5), one = probe_shape(0);
        const struct tensor *x = probe_random(&p, "x", &s, 1, 2);
        *(float *)probe_value(&p, "r", NET_F32, &one)->at = 0.6F;
        *(uint8_t *)probe_value(&p, "t", NET_BOOL, &one)->at = (uint8_t)training;
        struct probe_wanted w[2] = {probe_wanted(&p, "y", NET_F32, &s),
                                    probe_wanted(&p, "m", NET_BOOL, &s)};
        static const bool stays[] = {false, true, true, false, false};
        for (size_t k = 0; k < 5; k++) {
            w[1].at[k] = training ? stays[k] : 1;
            w[0].at[k] = probe_at(x, k) * w[1].at[k] * (training ? 2.5 : 1);
        }
        onnx_write_node(&p.w, "Dropout", "x r t", "y m");
        onnx_write_int(&p.w, "seed", 0);
        probe_check(&p, w, 2);
        probe_done(&p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(suppression_takes_the_best),
        cmocka_unit_test(einsum_sums_what_is_left_out),
        cmocka_unit_test(dropout_drops_in_training_only),
    };
    return cmocka_run_group_tests(tests, probe_setup, probe_teardown);
}
