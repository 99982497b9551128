/* Operators that put elements elsewhere give each element from where it belongs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/udf/net_probe.h"

/* A value whose elements are 0, 1, 2, ... of any type. */
static struct tensor *numbered(struct probe *p, struct random *r, const char *name,
                               const struct net_shape *s) {
    static const enum net_type types[] = {NET_F32, NET_I64, NET_U8};
    enum net_type type = types[random_below(r, 3)];
    struct tensor *t = probe_value(p, name, type, s);
    for (size_t i = 0; i < shape_elements(s); i++) {
        if (type == NET_F32) ((float *)t->at)[i] = (float)i;
        if (type == NET_I64) ((int64_t *)t->at)[i] = (int64_t)i;
        if (type == NET_U8) ((uint8_t *)t->at)[i] = (uint8_t)i;
    }
    return t;
}

/* The element of `in` at these indices. */
static double pick(const struct tensor *in, const size_t *index) {
    size_t at = 0;
    for (uint32_t d = 0; d < in->shape.rank; d++) at = at * (size_t)in->shape.dim[d] + index[d];
    return probe_at(in, at);
}

static void transpose_permutes(void **unused) {
    (void)unused;
    struct random r = random_start("transpose");
    for (uint32_t i = 0; i < random_rounds(30); i++) {
        struct probe p;
        probe_init(&p, &r, 13);
        struct net_shape s = probe_shape_random(&r, 1 + (uint32_t)random_below(&r, 5), 20), out = s;
        if (s.rank > 3) s = out = probe_shape_random(&r, s.rank, 6);
        int64_t perm[NET_RANK_MAX];
        for (uint32_t d = 0; d < s.rank; d++) perm[d] = d;
        for (uint32_t d = s.rank; d-- > 1;) {
            uint32_t k = (uint32_t)random_below(&r, d + 1);
            int64_t t = perm[d];
            perm[d] = perm[k];
            perm[k] = t;
        }
        for (uint32_t d = 0; d < s.rank; d++) out.dim[d] = s.dim[perm[d]];
        const struct tensor *x = numbered(&p, &r, "x", &s);
        struct probe_wanted w = probe_wanted(&p, "y", x->type, &out);
        for (size_t k = 0; k < shape_elements(&out); k++) {
            size_t index[NET_RANK_MAX];
            for (uint32_t d = 0; d < s.rank; d++) index[perm[d]] = probe_index(&out, k, d);
            w.at[k] = pick(x, index);
        }
        onnx_write_node(&p.w, "Transpose", "x", "y");
        onnx_write_ints(&p.w, "perm", perm, s.rank);
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

static void concat_undoes_split(void **unused) {
    (void)unused;
    struct random r = random_start("concat");
    for (uint32_t i = 0; i < random_rounds(20); i++) {
        struct probe p;
        uint32_t opset = i & 1 ? 13 : 11;
        probe_init(&p, &r, opset);
        struct net_shape s = probe_shape_random(&r, 1 + (uint32_t)random_below(&r, 4), 5);
        uint32_t axis = (uint32_t)random_below(&r, s.rank);
        int64_t signed_axis = random_below(&r, 2) ? axis : (int64_t)axis - s.rank;
        s.dim[axis] = 7;
        int64_t parts[3] = {(int64_t)random_below(&r, 5), (int64_t)random_below(&r, 3)};
        parts[2] = 7 - parts[0] - parts[1];
        const struct tensor *x = numbered(&p, &r, "x", &s);
        if (opset == 13) probe_ints(&p, "parts", parts, 3);
        onnx_write_node(&p.w, "Split", opset == 13 ? "x parts" : "x", "a b c");
        if (opset == 11) onnx_write_ints(&p.w, "split", parts, 3);
        onnx_write_int(&p.w, "axis", signed_axis);
        onnx_write_node(&p.w, "Concat", "a b c", "y");
        onnx_write_int(&p.w, "axis", signed_axis);
        struct net_shape sb = s;
        sb.dim[axis] = parts[1];
        struct probe_wanted w[2] = {probe_wanted(&p, "y", x->type, &s),
                                    probe_wanted(&p, "b", x->type, &sb)};
        for (size_t k = 0; k < shape_elements(&s); k++) w[0].at[k] = probe_at(x, k);
        for (size_t k = 0; k < shape_elements(&sb); k++) {
            size_t index[NET_RANK_MAX];
            for (uint32_t d = 0; d < s.rank; d++) index[d] = probe_index(&sb, k, d);
            index[axis] += (size_t)parts[0];
            w[1].at[k] = pick(x, index);
        }
        probe_check(&p, w, 2);
        probe_done(&p);
    }
}

/* Starts, ends and steps of any sign and size: Python's slices, but backwards from in front of the
 * axis means from its first element. */
static void slice_is_as_defined(void **unused) {
    (void)unused;
    struct random r = random_start("slice");
    for (uint32_t i = 0; i < random_rounds(60); i++) {
        struct probe p;
        probe_init(&p, &r, 13);
        struct net_shape s = probe_shape_random(&r, 1 + (uint32_t)random_below(&r, 3), 7), out = s;
        int64_t start[4], end[4], step[4], axis[4], first[4];
        for (uint32_t d = 0; d < s.rank; d++) {
            int64_t n = s.dim[d];
            start[d] = (int64_t)random_below(&r, 20) - 10;
            end[d] = random_below(&r, 5) == 0 ? INT64_MAX : (int64_t)random_below(&r, 20) - 10;
            step[d] = random_below(&r, 2) ? 1 + (int64_t)random_below(&r, 3)
                                          : -1 - (int64_t)random_below(&r, 3);
            axis[d] = random_below(&r, 2) ? d : (int64_t)d - s.rank;
            int64_t low = step[d] > 0 ? 0 : -1, high = step[d] > 0 ? n : n - 1;
            int64_t from = start[d] < 0 ? start[d] + n : start[d];
            int64_t to = end[d] < 0 ? end[d] + n : end[d];
            from = from < 0 ? 0 : from > high ? high : from;
            to = to < low ? low : to > high ? high : to;
            out.dim[d] = 0;
            for (int64_t k = from; step[d] > 0 ? k < to : k > to; k += step[d]) out.dim[d]++;
            first[d] = from;
        }
        const struct tensor *x = numbered(&p, &r, "x", &s);
        probe_ints(&p, "s", start, s.rank);
        probe_ints(&p, "e", end, s.rank);
        probe_ints(&p, "a", axis, s.rank);
        probe_ints(&p, "t", step, s.rank);
        onnx_write_node(&p.w, "Slice", "x s e a t", "y");
        struct probe_wanted w = probe_wanted(&p, "y", x->type, &out);
        for (size_t k = 0; k < shape_elements(&out); k++) {
            size_t index[4];
            for (uint32_t d = 0; d < s.rank; d++) {
                index[d] = (size_t)(first[d] + (int64_t)probe_index(&out, k, d) * step[d]);
            }
            w.at[k] = pick(x, index);
        }
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

static int64_t padded_from(const char *mode, int64_t i, int64_t n) {
    if (i >= 0 && i < n) return i;
    switch (mode[0]) {
    case 'e': return i < 0 ? 0 : n - 1;
    case 'r': return i < 0 ? -i : 2 * (n - 1) - i;
    case 'w': return i < 0 ? i + n : i - n;
    default: return -1;
    }
}

static void pad_has_four_modes(void **unused) {
    (void)unused;
    static const char *const modes[] = {"constant", "edge", "reflect", "wrap"};
    struct random r = random_start("pad");
    for (uint32_t i = 0; i < random_rounds(32); i++) {
        struct probe p;
        const char *mode = modes[i % 4];
        probe_init(&p, &r, 19);
        struct net_shape s = probe_shape_random(&r, 1 + (uint32_t)random_below(&r, 4), 5), out = s;
        int64_t pads[8];
        for (uint32_t d = 0; d < s.rank; d++) {
            uint64_t most = (uint64_t)(i % 4 == 2 ? s.dim[d] : s.dim[d] + 1);
            pads[d] = (int64_t)random_below(&r, most);
            pads[s.rank + d] = (int64_t)random_below(&r, most);
            if (random_below(&r, 4) == 0 && i % 4 == 0) pads[d] = -(int64_t)random_below(&r, 2);
            out.dim[d] += pads[d] + pads[s.rank + d];
        }
        const struct tensor *x = numbered(&p, &r, "x", &s);
        probe_ints(&p, "p", pads, 2 * s.rank);
        onnx_write_node(&p.w, "Pad", "x p", "y");
        onnx_write_text(&p.w, "mode", mode);
        struct probe_wanted w = probe_wanted(&p, "y", x->type, &out);
        for (size_t k = 0; k < shape_elements(&out); k++) {
            size_t index[4];
            bool inside = true;
            for (uint32_t d = 0; d < s.rank; d++) {
                int64_t at = (int64_t)probe_index(&out, k, d) - pads[d];
                int64_t from = padded_from(mode, at, s.dim[d]);
                inside &= from >= 0;
                index[d] = (size_t)from;
            }
            w.at[k] = inside ? pick(x, index) : 0;
        }
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

static void expand_and_tile_repeat(void **unused) {
    (void)unused;
    struct random r = random_start("tile");
    for (uint32_t i = 0; i < random_rounds(20); i++) {
        struct probe p;
        probe_init(&p, &r, 13);
        bool tile = i & 1;
        struct net_shape s = probe_shape_random(&r, 1 + (uint32_t)random_below(&r, 3), 4), out = s;
        int64_t times[4];
        for (uint32_t d = 0; d < s.rank; d++) {
            times[d] = 1 + (int64_t)random_below(&r, 3);
            if (!tile && random_below(&r, 2)) s.dim[d] = 1;
            out.dim[d] = tile ? s.dim[d] * times[d] : s.dim[d] == 1 ? times[d] : s.dim[d];
        }
        const struct tensor *x = numbered(&p, &r, "x", &s);
        probe_ints(&p, "t", tile ? times : out.dim, s.rank);
        onnx_write_node(&p.w, tile ? "Tile" : "Expand", "x t", "y");
        struct probe_wanted w = probe_wanted(&p, "y", x->type, &out);
        for (size_t k = 0; k < shape_elements(&out); k++) {
            size_t index[4];
            for (uint32_t d = 0; d < s.rank; d++) {
                index[d] = probe_index(&out, k, d) % (size_t)s.dim[d];
            }
            w.at[k] = pick(x, index);
        }
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

static void depth_and_space_change_places(void **unused) {
    (void)unused;
    struct random r = random_start("depth");
    for (uint32_t i = 0; i < random_rounds(15); i++) {
        struct probe p;
        probe_init(&p, &r, 13);
        int b = 1 + (int)random_below(&r, 3), c = 1 + (int)random_below(&r, 3);
        int h = 1 + (int)random_below(&r, 4), v = 1 + (int)random_below(&r, 4);
        uint32_t which = i % 3;
        struct net_shape deep = probe_shape(4, 2, c * b * b, h, v);
        struct net_shape wide = probe_shape(4, 2, c, h * b, v * b);
        struct net_shape sx = which == 2 ? wide : deep, sy = which == 2 ? deep : wide;
        const struct tensor *x = numbered(&p, &r, "x", &sx);
        struct probe_wanted w = probe_wanted(&p, "y", x->type, &sy);
        for (size_t k = 0; k < shape_elements(&wide); k++) {
            size_t n = probe_index(&wide, k, 0), ch = probe_index(&wide, k, 1);
            size_t row = probe_index(&wide, k, 2), col = probe_index(&wide, k, 3), bs = (size_t)b;
            size_t block = row % bs * bs + col % bs;
            size_t depth = which == 1 ? ch * bs * bs + block : block * (size_t)c + ch;
            size_t at =
                ((n * (size_t)(c * b * b) + depth) * (size_t)h + row / bs) * (size_t)v + col / bs;
            if (which == 2)
                w.at[at] = probe_at(x, k);
            else
                w.at[k] = probe_at(x, at);
        }
        onnx_write_node(&p.w, which == 2 ? "SpaceToDepth" : "DepthToSpace", "x", "y");
        onnx_write_int(&p.w, "blocksize", b);
        if (which == 1) onnx_write_text(&p.w, "mode", "CRD");
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

static void gather_takes_by_number(void **unused) {
    (void)unused;
    struct random r = random_start("gather");
    for (uint32_t i = 0; i < random_rounds(20); i++) {
        struct probe p;
        probe_init(&p, &r, 13);
        struct net_shape s = probe_shape_random(&r, 1 + (uint32_t)random_below(&r, 3), 5);
        struct net_shape si = probe_shape_random(&r, (uint32_t)random_below(&r, 3), 4);
        uint32_t axis = (uint32_t)random_below(&r, s.rank);
        const struct tensor *x = numbered(&p, &r, "x", &s);
        struct tensor *t = probe_value(&p, "i", NET_I64, &si);
        int64_t *number = t->at;
        for (size_t k = 0; k < shape_elements(&si); k++) {
            number[k] = (int64_t)random_below(&r, 2 * (uint64_t)s.dim[axis]) - s.dim[axis];
        }
        struct net_shape out = shape_of(axis, s.dim);
        for (uint32_t d = 0; d < si.rank; d++) out.dim[out.rank++] = si.dim[d];
        for (uint32_t d = axis + 1; d < s.rank; d++) out.dim[out.rank++] = s.dim[d];
        struct probe_wanted w = probe_wanted(&p, "y", x->type, &out);
        for (size_t k = 0; k < shape_elements(&out); k++) {
            size_t index[NET_RANK_MAX], which = 0;
            for (uint32_t d = 0; d < axis; d++) index[d] = probe_index(&out, k, d);
            for (uint32_t d = 0; d < si.rank; d++) {
                which = which * (size_t)si.dim[d] + probe_index(&out, k, axis + d);
            }
            for (uint32_t d = axis + 1; d < s.rank; d++) {
                index[d] = probe_index(&out, k, d + si.rank - 1);
            }
            index[axis] = (size_t)(number[which] < 0 ? number[which] + s.dim[axis] : number[which]);
            w.at[k] = pick(x, index);
        }
        onnx_write_node(&p.w, "Gather", "x i", "y");
        onnx_write_int(&p.w, "axis", random_below(&r, 2) ? axis : (int64_t)axis - s.rank);
        probe_check(&p, &w, 1);
        probe_done(&p);
    }
}

/* Shapes by constants, by inputs and by arithmetic on shapes; views keep the elements. */
static void views_keep_the_elements(void **unused) {
    (void)unused;
    struct random r = random_start("view");
    struct probe p;
    struct net_shape s = probe_shape(4, 2, 1, 3, 4), flat = probe_shape(2, 2, 12);
    struct net_shape same = probe_shape(3, 2, 6, 2), thin = probe_shape(3, 2, 3, 4);
    struct net_shape five = probe_shape(5, 2, 1, 3, 1, 4), four = probe_shape(1, 4);
    static const int64_t to[] = {0, -1, 2}, one[] = {1}, three[] = {-2};
    probe_init(&p, &r, 13);
    const struct tensor *x = numbered(&p, &r, "x", &s);
    struct tensor *t = probe_value(&p, "to", NET_I64, &(struct net_shape){.rank = 1, .dim = {3}});
    memcpy(t->at, to, sizeof to);
    probe_ints(&p, "one", one, 1);
    probe_ints(&p, "three", three, 1);
    onnx_write_node(&p.w, "Flatten", "x", "f");
    onnx_write_node(&p.w, "Reshape", "x to", "r");
    onnx_write_node(&p.w, "Squeeze", "x one", "q");
    onnx_write_node(&p.w, "Unsqueeze", "x three", "u");
    onnx_write_node(&p.w, "Shape", "x", "s");
    onnx_write_node(&p.w, "Identity", "x", "d");
    struct probe_wanted w[] = {
        probe_wanted(&p, "f", x->type, &flat), probe_wanted(&p, "r", x->type, &same),
        probe_wanted(&p, "q", x->type, &thin), probe_wanted(&p, "u", x->type, &five),
        probe_wanted(&p, "d", x->type, &s),    probe_wanted(&p, "s", NET_I64, &four)};
    for (size_t k = 0; k < 24; k++) {
        for (size_t i = 0; i < 5; i++) w[i].at[k] = probe_at(x, k);
    }
    for (size_t k = 0; k < 4; k++) w[5].at[k] = (double)s.dim[k];
    probe_check(&p, w, 6);
    probe_done(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transpose_permutes),     cmocka_unit_test(concat_undoes_split),
        cmocka_unit_test(slice_is_as_defined),    cmocka_unit_test(pad_has_four_modes),
        cmocka_unit_test(expand_and_tile_repeat), cmocka_unit_test(depth_and_space_change_places),
        cmocka_unit_test(gather_takes_by_number), cmocka_unit_test(views_keep_the_elements),
    };
    return cmocka_run_group_tests(tests, probe_setup, probe_teardown);
}
