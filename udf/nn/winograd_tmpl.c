/* winograd_tmpl.c: the transforms of Winograd's algorithm F(4 x 4, 3 x 3), registers of channels.
 *
 * A tile of 4 x 4 outputs of a 3 x 3 convolution is AT (G g GT . BT d B) A, where d are the 6 x 6
 * inputs under it, g is the kernel, and . multiplies element by element: 36 multiplications
 * instead of 144. Over many channels the 36 elements are 36 matrix products; here are BT d B before
 * them and AT m A after them. The points of interpolation are 0, 1, -1, 2, -2 and infinity:
 *
 *     BT = | 4  0 -5  0  1  0 |     AT = | 1  1  1  1  1  0 |
 *          | 0 -4 -4  1  1  0 |          | 0  1 -1  2 -2  0 |
 *          | 0  4 -4 -1  1  0 |          | 0  1  1  4  4  0 |
 *          | 0 -2 -1  2  1  0 |          | 0  1 -1  8 -8  1 |
 *          | 0  2 -1 -2  1  0 |
 *          | 0  4  0 -5  0  1 |
 *
 * source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015.
 */
#include "udf/nn/kernels.h"
#include "udf/nn/vec.h"

enum { IN = WINOGRAD_IN, OUT = WINOGRAD_OUT };

/* BT * d for one column of six. */
NN_INLINE void transform_in(const vec d[IN], vec t[IN]) {
    vec four = vec_of(4), two = vec_of(2), five = vec_of(-5);
    vec even = vec_fma(vec_of(-4), d[2], d[4]), odd = vec_fma(vec_of(-4), d[1], d[3]);
    vec even2 = vec_sub(d[4], d[2]), odd2 = vec_sub(d[3], d[1]);
    t[0] = vec_fma(four, d[0], vec_fma(five, d[2], d[4]));
    t[1] = vec_add(even, odd);
    t[2] = vec_sub(even, odd);
    t[3] = vec_fma(two, odd2, even2);
    t[4] = vec_fma(vec_of(-2), odd2, even2);
    t[5] = vec_fma(four, d[1], vec_fma(five, d[3], d[5]));
}

/* AT * m for one column of six. */
NN_INLINE void transform_out(const vec m[IN], vec t[OUT]) {
    vec sum1 = vec_add(m[1], m[2]), difference1 = vec_sub(m[1], m[2]);
    vec sum2 = vec_add(m[3], m[4]), difference2 = vec_sub(m[3], m[4]);
    t[0] = vec_add(vec_add(m[0], sum1), sum2);
    t[1] = vec_fma(vec_of(2), difference2, difference1);
    t[2] = vec_fma(vec_of(4), sum2, sum1);
    t[3] = vec_fma(vec_of(8), difference2, vec_add(difference1, m[5]));
}

NN_INLINE void input_piece(const struct winograd_input *w, size_t c, size_t n) {
    vec half[IN][IN]; /* BT * d, a column of d at a time */
#pragma GCC unroll 6
    for (uint32_t x = 0; x < IN; x++) {
        vec d[IN], t[IN];
        const float *at = w->in + x * w->pixel_step + c;
#pragma GCC unroll 6
        for (uint32_t y = 0; y < IN; y++) d[y] = vec_load_some(at + y * w->row_step, n);
        transform_in(d, t);
#pragma GCC unroll 6
        for (uint32_t y = 0; y < IN; y++) half[y][x] = t[y];
    }
#pragma GCC unroll 6
    for (uint32_t y = 0; y < IN; y++) {
        vec t[IN];
        transform_in(half[y], t);
        float *to = w->to + y * IN * w->point_step + c;
#pragma GCC unroll 6
        for (uint32_t x = 0; x < IN; x++) vec_store_some(to + x * w->point_step, t[x], n);
    }
}

static void input(const struct winograd_input *w) {
    size_t c = 0;
    for (; c + VEC_LANES <= w->channels; c += VEC_LANES) input_piece(w, c, VEC_LANES);
    if (c < w->channels) input_piece(w, c, w->channels - c);
}

/* Row y of the tile: w->columns pixels. */
NN_INLINE void store_row(const struct winograd_output *w, uint32_t y, const vec t[OUT], size_t c,
                         size_t n) {
    const struct nn_sink *s = &w->sink;
    vec bias = vec_load(w->bias + c), lo = vec_of(s->lo), hi = vec_of(s->hi);
#pragma GCC unroll 4
    for (uint32_t x = 0; x < OUT; x++) {
        if (x >= w->columns) return;
        size_t pixel = y * w->row_pixels + x;
        vec sum = vec_add(t[x], bias);
        if (s->residual) {
            const float *residual = s->residual + pixel * s->residual_stride + c;
            sum = vec_add(sum, vec_load_some(residual, n));
        }
        vec_store_some(s->out + pixel * s->out_stride + c, vec_min(hi, vec_max(lo, sum)), n);
    }
}

NN_INLINE void output_piece(const struct winograd_output *w, size_t c, size_t n) {
    vec half[OUT][IN]; /* AT * m, a column of m at a time */
#pragma GCC unroll 6
    for (uint32_t x = 0; x < IN; x++) {
        vec m[IN], t[OUT];
        const float *at = w->from + x * w->point_step + c;
#pragma GCC unroll 6
        for (uint32_t y = 0; y < IN; y++) m[y] = vec_load(at + y * IN * w->point_step);
        transform_out(m, t);
#pragma GCC unroll 4
        for (uint32_t y = 0; y < OUT; y++) half[y][x] = t[y];
    }
#pragma GCC unroll 4
    for (uint32_t y = 0; y < OUT; y++) {
        if (y >= w->rows) return;
        vec t[OUT];
        transform_out(half[y], t);
        store_row(w, y, t, c, n);
    }
}

static void output(const struct winograd_output *w) {
    size_t c = 0;
    for (; c + VEC_LANES <= w->channels; c += VEC_LANES) output_piece(w, c, VEC_LANES);
    if (c < w->channels) output_piece(w, c, w->channels - c);
}

const struct winograd_kernels NN_NAME(winograd) = {.input = input, .output = output};
