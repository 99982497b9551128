/* Operators that make one number of many: reductions, softmax, normalisations, products, orders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

#include "tests/unit/udf/net_probe.h"

enum { KINDS = 6 };
static const char *const kinds[KINDS] = {"ReduceSum", "ReduceMean", "ReduceMax",
                                         "ReduceMin", "ReduceProd", "ReduceL2"};

static double fold_start(uint32_t kind) {
    const double start[KINDS] = {0, 0, -INFINITY, INFINITY, 1, 0};
    return start[kind];
}

static double fold(uint32_t kind, double sum, double x) {
    const double folded[KINDS] = {sum + x,      sum + x, fmax(sum, x),
                                  fmin(sum, x), sum * x, sum + x * x};
    return folded[kind];
}

static void reduce_folds_the_axes(void **unused) {
    (void)unused;
    struct random r = random_start("reduce");
    for (uint32_t i = 0; i < KINDS * random_rounds(12); i++) {
        struct probe p;
        uint32_t kind = i % KINDS, opset = random_below(&r, 2) ? 18 : 11;
        probe_init(&p, &r, opset);
        struct net_shape s = probe_shape_random(&r, 1 + (uint32_t)random_below(&r, 4), 6);
        uint32_t mask = (uint32_t)random_below(&r, 1U << s.rank);
        bool keep = random_below(&r, 2);
        int64_t axes[4];
        uint32_t count = 0;
        for (uint32_t d = 0; d < s.rank; d++) {
            if (mask >> d & 1) axes[count++] = random_below(&r, 2) ? d : (int64_t)d - s.rank;
        }
        uint32_t reduced = mask ? mask : (1U << s.rank) - 1;
        struct net_shape kept = s, out = {0};
        for (uint32_t d = 0; d < s.rank; d++) {
            if (reduced >> d & 1) kept.dim[d] = 1;
            if (keep || !(reduced >> d & 1)) out.dim[out.rank++] = kept.dim[d];
        }
        const struct tensor *x = probe_random(&p, "x", &s, 0.5, 2);
        if (opset == 18 && count > 0) probe_ints(&p, "a", axes, count);
        struct probe_wanted w = probe_wanted(&p, "y", NET_F32, &out);
        for (size_t k = 0; k < shape_elements(&out); k++) w.at[k] = fold_start(kind);
        for (size_t k = 0; k < shape_elements(&s); k++) {
            size_t to = 0;
            for (uint32_t d = 0; d < s.rank; d++) {
                to = to * (size_t)kept.dim[d] + (kept.dim[d] == 1 ? 0 : probe_index(&s, k, d));
            }
            w.at[to] = fold(kind, w.at[to], probe_at(x, k));
        }
        double n = (double)shape_elements(&s) / (double)shape_elements(&out);
        for (size_t k = 0; k < shape_elements(&out); k++) {
            if (kind == 1) w.at[k] /= n;
            if (kind == 5) w.at[k] = sqrt(w.at[k]);
        }
        onnx_write_node(&p.w, kinds[kind], opset == 18 && count > 0 ? "x a" : "x", "y");
        if (opset == 11 && count > 0) onnx_write_ints(&p.w, "axes", axes, count);
        onnx_write_int(&p.w, "keepdims", keep);
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

/* Nothing to fold: the beginning of the fold. */
static void reduce_of_nothing(void **unused) {
    (void)unused;
    struct random r = random_start("nothing");
    static const double wanted[KINDS] = {0, NAN, -INFINITY, INFINITY, 1, 0};
    for (uint32_t kind = 0; kind < KINDS; kind++) {
        struct probe p;
        probe_init(&p, &r, 18);
        struct net_shape s = probe_shape(3, 2, 0, 3), out = probe_shape(3, 2, 1, 3);
        static const int64_t axis[] = {1};
        probe_value(&p, "x", NET_F32, &s);
        probe_ints(&p, "a", axis, 1);
        struct probe_wanted w = probe_wanted(&p, "y", NET_F32, &out);
        for (size_t k = 0; k < 6; k++) w.at[k] = wanted[kind];
        onnx_write_node(&p.w, kinds[kind], "x a", "y");
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

static void softmax_is_as_defined(void **unused) {
    (void)unused;
    struct random r = random_start("softmax");
    for (uint32_t i = 0; i < random_rounds(40); i++) {
        struct probe p;
        bool logarithm = i & 1, old = i & 2;
        probe_init(&p, &r, old ? 11 : 13);
        struct net_shape s = probe_shape_random(&r, 1 + (uint32_t)random_below(&r, 4), 7);
        uint32_t axis = (uint32_t)random_below(&r, s.rank), end = old ? s.rank : axis + 1;
        const struct tensor *x = probe_random(&p, "x", &s, -50, 50);
        struct probe_wanted w = probe_wanted(&p, "y", NET_F32, &s);
        size_t n = shape_span(&s, axis, end), after = shape_span(&s, end, s.rank);
        for (size_t k = 0; k < shape_elements(&s); k++) {
            size_t first = k / (n * after) * n * after + k % after;
            double most = -INFINITY, sum = 0;
            for (size_t j = 0; j < n; j++) most = fmax(most, probe_at(x, first + j * after));
            for (size_t j = 0; j < n; j++) sum += exp(probe_at(x, first + j * after) - most);
            double v = probe_at(x, k) - most;
            w.at[k] = logarithm ? v - log(sum) : exp(v) / sum;
        }
        onnx_write_node(&p.w, logarithm ? "LogSoftmax" : "Softmax", "x", "y");
        onnx_write_int(&p.w, "axis", random_below(&r, 2) ? axis : (int64_t)axis - s.rank);
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

static void batch_normalization_scales_channels(void **unused) {
    (void)unused;
    struct random r = random_start("batchnorm");
    for (uint32_t i = 0; i < random_rounds(10); i++) {
        struct probe p;
        probe_init(&p, &r, 15);
        struct net_shape s = probe_shape_random(&r, 2 + i % 3, 6),
                         c = probe_shape(1, (int)s.dim[1]);
        const struct tensor *x = probe_random(&p, "x", &s, -2, 2);
        const struct tensor *scale = probe_random(&p, "g", &c, -2, 2);
        const struct tensor *shift = probe_random(&p, "b", &c, -2, 2);
        const struct tensor *mean = probe_random(&p, "m", &c, -2, 2);
        const struct tensor *variance = probe_random(&p, "v", &c, 0.1, 2);
        struct probe_wanted w = probe_wanted(&p, "y", NET_F32, &s);
        for (size_t k = 0; k < shape_elements(&s); k++) {
            size_t ch = probe_index(&s, k, 1);
            w.at[k] = (probe_at(x, k) - probe_at(mean, ch)) /
                          sqrt(probe_at(variance, ch) + (double)0.01F) * probe_at(scale, ch) +
                      probe_at(shift, ch);
        }
        onnx_write_node(&p.w, "BatchNormalization", "x g b m v", "y");
        onnx_write_float(&p.w, "epsilon", 0.01F);
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

/* In training: statistics of the batch, and running averages of them. */
static void batch_normalization_trains(void **unused) {
    (void)unused;
    struct random r = random_start("training");
    struct probe p;
    probe_init(&p, &r, 15);
    struct net_shape s = probe_shape(4, 3, 2, 4, 5), c = probe_shape(1, 2);
    const struct tensor *x = probe_random(&p, "x", &s, -2, 2);
    const struct tensor *scale = probe_random(&p, "g", &c, -2, 2);
    const struct tensor *shift = probe_random(&p, "b", &c, -2, 2);
    const struct tensor *mean = probe_random(&p, "m", &c, -2, 2);
    const struct tensor *variance = probe_random(&p, "v", &c, 0.1, 2);
    struct probe_wanted w[3] = {probe_wanted(&p, "y", NET_F32, &s),
                                probe_wanted(&p, "om", NET_F32, &c),
                                probe_wanted(&p, "ov", NET_F32, &c)};
    for (size_t ch = 0; ch < 2; ch++) {
        double sum = 0, squares = 0;
        for (size_t k = 0; k < 120; k++)
            sum += probe_index(&s, k, 1) == ch ? probe_at(x, k) / 60 : 0;
        for (size_t k = 0; k < 120; k++) {
            double d = probe_at(x, k) - sum;
            squares += probe_index(&s, k, 1) == ch ? d * d / 60 : 0;
        }
        w[1].at[ch] = probe_at(mean, ch) * 0.75 + sum * 0.25;
        w[2].at[ch] = probe_at(variance, ch) * 0.75 + squares * 0.25;
        for (size_t k = 0; k < 120; k++) {
            if (probe_index(&s, k, 1) != ch) continue;
            w[0].at[k] = (probe_at(x, k) - sum) / sqrt(squares + 1e-5) * probe_at(scale, ch) +
                         probe_at(shift, ch);
        }
    }
    onnx_write_node(&p.w, "BatchNormalization", "x g b m v", "y om ov");
    onnx_write_int(&p.w, "training_mode", 1);
    onnx_write_float(&p.w, "momentum", 0.75F);
    p.absolute = 1e-4;
    probe_check(&p, w, 3);
    probe_done(&p);
}

struct moments {
    double mean, variance;
};

static struct moments moments(const struct tensor *x, size_t from, size_t n) {
    struct moments m = {0};
    for (size_t i = 0; i < n; i++) m.mean += probe_at(x, from + i) / (double)n;
    for (size_t i = 0; i < n; i++) {
        double d = probe_at(x, from + i) - m.mean;
        m.variance += d * d / (double)n;
    }
    return m;
}

static void instance_normalization_takes_each_plane(void **unused) {
    (void)unused;
    struct random r = random_start("instance");
    for (uint32_t i = 0; i < random_rounds(6); i++) {
        struct probe p;
        probe_init(&p, &r, 13);
        struct net_shape s = probe_shape_random(&r, 3 + i % 2, 5);
        s.dim[2] += 2;
        struct net_shape c = probe_shape(1, (int)s.dim[1]);
        const struct tensor *x = probe_random(&p, "x", &s, -2, 2);
        const struct tensor *scale = probe_random(&p, "g", &c, -2, 2);
        const struct tensor *shift = probe_random(&p, "b", &c, -2, 2);
        struct probe_wanted w = probe_wanted(&p, "y", NET_F32, &s);
        size_t n = shape_span(&s, 2, s.rank);
        for (size_t k = 0; k < shape_elements(&s); k++) {
            struct moments m = moments(x, k / n * n, n);
            size_t ch = probe_index(&s, k, 1);
            w.at[k] =
                (probe_at(x, k) - m.mean) / sqrt(m.variance + (double)1e-5F) * probe_at(scale, ch) +
                probe_at(shift, ch);
        }
        onnx_write_node(&p.w, "InstanceNormalization", "x g b", "y");
        p.absolute = 1e-4;
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

static void layer_normalization_takes_the_last_axes(void **unused) {
    (void)unused;
    struct random r = random_start("layernorm");
    for (uint32_t i = 0; i < random_rounds(10); i++) {
        struct probe p;
        probe_init(&p, &r, 17);
        struct net_shape s = probe_shape_random(&r, 1 + i % 4, 5), statistics = s;
        s.dim[s.rank - 1] = statistics.dim[s.rank - 1] = 9;
        uint32_t axis = (uint32_t)random_below(&r, s.rank);
        struct net_shape tail = shape_of(s.rank - axis, s.dim + axis);
        for (uint32_t d = axis; d < s.rank; d++) statistics.dim[d] = 1;
        const struct tensor *x = probe_random(&p, "x", &s, -2, 2);
        const struct tensor *scale = probe_random(&p, "g", &tail, -2, 2);
        const struct tensor *shift = probe_random(&p, "b", &tail, -2, 2);
        struct probe_wanted w[3] = {probe_wanted(&p, "y", NET_F32, &s),
                                    probe_wanted(&p, "m", NET_F32, &statistics),
                                    probe_wanted(&p, "v", NET_F32, &statistics)};
        size_t n = shape_elements(&tail);
        for (size_t k = 0; k < shape_elements(&s); k++) {
            struct moments m = moments(x, k / n * n, n);
            double by = 1 / sqrt(m.variance + (double)1e-5F);
            w[0].at[k] =
                (probe_at(x, k) - m.mean) * by * probe_at(scale, k % n) + probe_at(shift, k % n);
            w[1].at[k / n] = m.mean;
            w[2].at[k / n] = by;
        }
        onnx_write_node(&p.w, "LayerNormalization", "x g b", "y m v");
        onnx_write_int(&p.w, "axis", (int64_t)axis - (i & 1 ? s.rank : 0));
        p.absolute = 1e-4;
        probe_check(&p, w, 3);
        probe_done(&p);
    }
}

static void lrn_divides_by_neighbours(void **unused) {
    (void)unused;
    struct random r = random_start("lrn");
    for (int size = 1; size < 6; size++) {
        struct probe p;
        probe_init(&p, &r, 13);
        struct net_shape s = probe_shape(4, 2, 6, 3, 2);
        const struct tensor *x = probe_random(&p, "x", &s, -2, 2);
        struct probe_wanted w = probe_wanted(&p, "y", NET_F32, &s);
        for (size_t k = 0; k < shape_elements(&s); k++) {
            double sum = 0;
            int c = (int)probe_index(&s, k, 1);
            for (int j = c - (size - 1) / 2; j <= c + size / 2; j++) {
                if (j < 0 || j >= 6) continue;
                double v = probe_at(x, (size_t)((int)k + (j - c) * 6));
                sum += v * v;
            }
            w.at[k] = probe_at(x, k) / pow(2 + 0.5 / size * sum, (double)0.6F);
        }
        onnx_write_node(&p.w, "LRN", "x", "y");
        onnx_write_int(&p.w, "size", size);
        onnx_write_float(&p.w, "alpha", 0.5F);
        onnx_write_float(&p.w, "beta", 0.6F);
        onnx_write_float(&p.w, "bias", 2);
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

static void matmul_is_numpys(void **unused) {
    (void)unused;
    struct random r = random_start("matmul");
    for (uint32_t i = 0; i < random_rounds(30); i++) {
        struct probe p;
        probe_init(&p, &r, 13);
        int m = 1 + (int)random_below(&r, 9), k = 1 + (int)random_below(&r, 9),
            n = 1 + (int)random_below(&r, 20);
        int b = 1 + (int)random_below(&r, 3);
        struct net_shape sa[] = {probe_shape(2, m, k), probe_shape(3, b, m, k), probe_shape(1, k),
                                 probe_shape(4, 2, b, m, k)};
        struct net_shape sb[] = {probe_shape(2, k, n), probe_shape(3, 1, k, n), probe_shape(1, k),
                                 probe_shape(3, b, k, n)};
        uint32_t left = (uint32_t)random_below(&r, 4), right = (uint32_t)random_below(&r, 4);
        const struct tensor *x = probe_random(&p, "x", &sa[left], -1, 1);
        const struct tensor *y = probe_random(&p, "y", &sb[right], -1, 1);
        bool row = left == 2, column = right == 2;
        size_t rows = row ? 1 : (size_t)m, cols = column ? 1 : (size_t)n;
        struct net_shape batch =
            row ? (struct net_shape){0} : shape_of(sa[left].rank - 2, sa[left].dim);
        struct net_shape other =
            column ? (struct net_shape){0} : shape_of(sb[right].rank - 2, sb[right].dim);
        struct net_shape a_batch = batch;
        assert_true(shape_broadcast(&batch, &other));
        struct net_shape out = batch;
        if (!row) out.dim[out.rank++] = m;
        if (!column) out.dim[out.rank++] = n;
        struct probe_wanted w = probe_wanted(&p, "z", NET_F32, &out);
        size_t a_all = shape_elements(&a_batch), b_all = shape_elements(&other);
        for (size_t j = 0; j < shape_elements(&out); j++) {
            size_t at = j / (rows * cols), u = j / cols % rows, v = j % cols;
            size_t a_at = at % a_all * rows * (size_t)k, b_at = at % b_all * (size_t)k * cols;
            for (size_t t = 0; t < (size_t)k; t++) {
                w.at[j] += probe_at(x, a_at + u * (size_t)k + t) * probe_at(y, b_at + t * cols + v);
            }
        }
        onnx_write_node(&p.w, "MatMul", "x y", "z");
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

static void gemm_takes_all_its_attributes(void **unused) {
    (void)unused;
    struct random r = random_start("gemm");
    for (uint32_t i = 0; i < random_rounds(24); i++) {
        struct probe p;
        probe_init(&p, &r, 13);
        bool ta = i & 1, tb = i & 2;
        int m = 1 + (int)random_below(&r, 5), k = 1 + (int)random_below(&r, 6),
            n = 1 + (int)random_below(&r, 40);
        struct net_shape sa = ta ? probe_shape(2, k, m) : probe_shape(2, m, k);
        struct net_shape sb = tb ? probe_shape(2, n, k) : probe_shape(2, k, n);
        struct net_shape sc[] = {probe_shape(1, n), probe_shape(2, m, n), probe_shape(2, m, 1),
                                 probe_shape(0), probe_shape(2, 1, n)};
        uint32_t which = (uint32_t)random_below(&r, 6);
        const struct tensor *x = probe_random(&p, "x", &sa, -1, 1), *c = NULL;
        const struct tensor *y = probe_random(&p, "y", &sb, -1, 1);
        if (which < 5) c = probe_random(&p, "c", &sc[which], -1, 1);
        struct net_shape out = probe_shape(2, m, n);
        struct probe_wanted w = probe_wanted(&p, "z", NET_F32, &out);
        for (size_t j = 0; j < (size_t)(m * n); j++) {
            size_t u = j / (size_t)n, v = j % (size_t)n;
            for (size_t t = 0; t < (size_t)k; t++) {
                w.at[j] += 0.5 * probe_at(x, ta ? t * (size_t)m + u : u * (size_t)k + t) *
                           probe_at(y, tb ? v * (size_t)k + t : t * (size_t)n + v);
            }
            const size_t at[] = {v, j, u, 0, v};
            if (c) w.at[j] += 2 * probe_at(c, at[which]);
        }
        onnx_write_node(&p.w, "Gemm", c ? "x y c" : "x y", "z");
        onnx_write_float(&p.w, "alpha", 0.5F);
        onnx_write_float(&p.w, "beta", 2);
        onnx_write_int(&p.w, "transA", ta);
        onnx_write_int(&p.w, "transB", tb);
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

/* Among equal values the first index wins, or the last where that is asked for. */
static void argmax_breaks_ties(void **unused) {
    (void)unused;
    struct random r = random_start("argmax");
    for (uint32_t i = 0; i < random_rounds(24); i++) {
        struct probe p;
        probe_init(&p, &r, 13);
        struct net_shape s = probe_shape_random(&r, 1 + (uint32_t)random_below(&r, 3), 6),
                         out = {0};
        uint32_t axis = (uint32_t)random_below(&r, s.rank);
        bool keep = random_below(&r, 2), last = random_below(&r, 2), least = i & 1;
        struct tensor *x = probe_random(&p, "x", &s, 0, 3);
        for (size_t k = 0; k < shape_elements(&s); k++)
            ((float *)x->at)[k] = floorf(((float *)x->at)[k]);
        for (uint32_t d = 0; d < s.rank; d++) {
            if (d != axis)
                out.dim[out.rank++] = s.dim[d];
            else if (keep)
                out.dim[out.rank++] = 1;
        }
        struct probe_wanted w = probe_wanted(&p, "y", NET_I64, &out);
        size_t n = (size_t)s.dim[axis], after = shape_span(&s, axis + 1, s.rank);
        for (size_t k = 0; k < shape_elements(&out); k++) {
            size_t first = k / after * n * after + k % after, best = 0;
            for (size_t j = 1; j < n; j++) {
                double v = probe_at(x, first + j * after), b = probe_at(x, first + best * after);
                if ((least ? v < b : v > b) || (v == b && last)) best = j;
            }
            w.at[k] = (double)best;
        }
        onnx_write_node(&p.w, least ? "ArgMin" : "ArgMax", "x", "y");
        onnx_write_int(&p.w, "axis", axis);
        onnx_write_int(&p.w, "keepdims", keep);
        onnx_write_int(&p.w, "select_last_index", last);
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

struct top {
    const struct tensor *x;
    size_t n, k, after; /* along the axis; wanted; elements from one to the next */
    bool least;
};

/* Element i goes to the place of its rank in its line, if that is among the first k. */
static void top_place(const struct top *t, size_t i, struct probe_wanted w[2]) {
    size_t line = i / (t->n * t->after) * t->after + i % t->after, index = i / t->after % t->n;
    size_t first = i - index * t->after, rank = 0;
    double v = probe_at(t->x, i);
    for (size_t o = 0; o < t->n; o++) {
        double u = probe_at(t->x, first + o * t->after);
        rank += (t->least ? u < v : u > v) || (u == v && o < index);
    }
    if (rank >= t->k) return;
    size_t to = (line / t->after * t->k + rank) * t->after + line % t->after;
    w[0].at[to] = v;
    w[1].at[to] = (double)index;
}

static void top_k_is_sorted(void **unused) {
    (void)unused;
    struct random r = random_start("topk");
    for (uint32_t i = 0; i < random_rounds(24); i++) {
        struct probe p;
        probe_init(&p, &r, 11);
        struct net_shape s = probe_shape_random(&r, 1 + (uint32_t)random_below(&r, 3), 9), out = s;
        uint32_t axis = (uint32_t)random_below(&r, s.rank);
        bool least = i & 1;
        int64_t k = (int64_t)random_below(&r, (uint64_t)s.dim[axis] + 1);
        out.dim[axis] = k;
        struct tensor *x = probe_random(&p, "x", &s, 0, 4);
        for (size_t j = 0; j < shape_elements(&s); j++)
            ((float *)x->at)[j] = floorf(((float *)x->at)[j]);
        *(int64_t *)probe_value(&p, "k", NET_I64, &(struct net_shape){.rank = 1, .dim = {1}})->at =
            k;
        struct probe_wanted w[2] = {probe_wanted(&p, "y", NET_F32, &out),
                                    probe_wanted(&p, "i", NET_I64, &out)};
        struct top top = {.x = x, .n = (size_t)s.dim[axis], .k = (size_t)k, .least = least};
        top.after = shape_span(&s, axis + 1, s.rank);
        for (size_t j = 0; j < shape_elements(&s); j++) top_place(&top, j, w);
        onnx_write_node(&p.w, "TopK", "x k", "y i");
        onnx_write_int(&p.w, "axis", axis);
        onnx_write_int(&p.w, "largest", !least);
        probe_check(&p, w, 2);
        probe_done(&p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reduce_folds_the_axes),
        cmocka_unit_test(reduce_of_nothing),
        cmocka_unit_test(softmax_is_as_defined),
        cmocka_unit_test(batch_normalization_scales_channels),
        cmocka_unit_test(batch_normalization_trains),
        cmocka_unit_test(instance_normalization_takes_each_plane),
        cmocka_unit_test(layer_normalization_takes_the_last_axes),
        cmocka_unit_test(lrn_divides_by_neighbours),
        cmocka_unit_test(matmul_is_numpys),
        cmocka_unit_test(gemm_takes_all_its_attributes),
        cmocka_unit_test(argmax_breaks_ties),
        cmocka_unit_test(top_k_is_sorted),
    };
    return cmocka_run_group_tests(tests, probe_setup, probe_teardown);
}
