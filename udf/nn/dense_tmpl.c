/* dense_tmpl.c: a tile of a matrix product whose rows are given by pointers.
 *
 * Sums stay in registers: `rows` x `vectors` of them, each the sum of the products of one row of
 * the left matrix with VEC_LANES columns of the right one. For each step of the inner dimension the
 * tile reads `vectors` registers of weights, which are packed in that order, and one float of each
 * row, which is spread over a register. 12 x 2 sums with AVX-512 keep both multipliers busy with
 * 14 loads per 24 multiply-adds; with 16 registers it is 6 x 2.
 *
 * A convolution is that product without an unrolled copy of the image: the row of an output pixel
 * is, for each tap of the kernel, a pointer to the pixel under it, or to zeros in the padding.
 * Where the taps of a kernel row touch in memory they are one longer piece.
 *
 * source: Dukhan, "The Indirect Convolution Algorithm", 2019; Goto and van de Geijn, "Anatomy of
 * High-Performance Matrix Multiplication", 2008.
 */
#include "udf/nn/kernels.h"
#include "udf/nn/vec.h"

/* Weights are asked for so far ahead, which may be in the next panel: some 100 ns. */
enum { AHEAD_FLOATS = 2048 };

/* n lanes of each row from vector v on: sum + residual, within lo and hi. */
NN_INLINE void store_column(const struct dense_tile *t, vec sum[DENSE_ROWS][DENSE_VECTORS],
                            const uint32_t rows, const uint32_t v, uint32_t n) {
    const struct nn_sink *s = &t->sink;
    if (s->residual) {
        const float *residual = s->residual + v * VEC_LANES;
#pragma GCC unroll 12
        for (uint32_t i = 0; i < rows; i++) {
            sum[i][v] = vec_add(sum[i][v], vec_load_some(residual + i * s->residual_stride, n));
        }
    }
    vec lo = vec_of(s->lo), hi = vec_of(s->hi);
    float *out = s->out + v * VEC_LANES;
#pragma GCC unroll 12
    for (uint32_t i = 0; i < rows; i++, out += s->out_stride) {
        vec_store_some(out, vec_min(hi, vec_max(lo, sum[i][v])), n);
    }
}

NN_INLINE void store_tile(const struct dense_tile *t, vec sum[DENSE_ROWS][DENSE_VECTORS],
                          const uint32_t rows, const uint32_t vectors) {
    uint32_t left = t->columns - (vectors - 1) * VEC_LANES; /* of the last vector */
#pragma GCC unroll 2
    for (uint32_t v = 0; v + 1 < vectors; v++) store_column(t, sum, rows, v, VEC_LANES);
    if (left == VEC_LANES) {
        store_column(t, sum, rows, vectors - 1, VEC_LANES);
    } else {
        store_column(t, sum, rows, vectors - 1, left);
    }
}

NN_INLINE void tile(const struct dense_tile *t, const uint32_t rows, const uint32_t vectors) {
    vec sum[DENSE_ROWS][DENSE_VECTORS];
#pragma GCC unroll 12
    for (uint32_t i = 0; i < rows; i++) {
#pragma GCC unroll 2
        for (uint32_t v = 0; v < vectors; v++) sum[i][v] = vec_load(t->bias + v * VEC_LANES);
    }

    const float *weights = t->weights;
    for (uint32_t tap = 0; tap < t->taps; tap++) {
        const float *row[DENSE_ROWS];
#pragma GCC unroll 12
        for (uint32_t i = 0; i < rows; i++) row[i] = t->row[tap * DENSE_ROWS + i] + t->depth;
        for (ptrdiff_t k = -(ptrdiff_t)t->depth; k < 0; k++) {
            vec w[DENSE_VECTORS];
#pragma GCC unroll 2
            for (uint32_t v = 0; v < vectors; v++) w[v] = vec_load(weights + v * VEC_LANES);
            _mm_prefetch((const char *)(weights + AHEAD_FLOATS), _MM_HINT_T1);
            weights += vectors * VEC_LANES;
#pragma GCC unroll 12
            for (uint32_t i = 0; i < rows; i++) {
                vec x = vec_of(row[i][k]);
#pragma GCC unroll 2
                for (uint32_t v = 0; v < vectors; v++) sum[i][v] = vec_fma(x, w[v], sum[i][v]);
            }
        }
    }

    store_tile(t, sum, rows, vectors);
}

/* The same where the rows are `stride` floats apart in one line of memory for each tap. */
NN_INLINE void line(const struct dense_tile *t, const uint32_t rows, const uint32_t vectors,
                    const uint32_t stride) {
    vec sum[DENSE_ROWS][DENSE_VECTORS];
#pragma GCC unroll 12
    for (uint32_t i = 0; i < rows; i++) {
#pragma GCC unroll 2
        for (uint32_t v = 0; v < vectors; v++) sum[i][v] = vec_load(t->bias + v * VEC_LANES);
    }

    const float *weights = t->weights;
    for (uint32_t tap = 0; tap < t->taps; tap++) {
        const float *at = t->row[tap];
        for (size_t k = 0; k < t->depth; k++, at++) {
            vec w[DENSE_VECTORS];
#pragma GCC unroll 2
            for (uint32_t v = 0; v < vectors; v++) w[v] = vec_load(weights + v * VEC_LANES);
            weights += vectors * VEC_LANES;
#pragma GCC unroll 12
            for (uint32_t i = 0; i < rows; i++) {
                vec x = vec_of(at[i * stride]);
#pragma GCC unroll 2
                for (uint32_t v = 0; v < vectors; v++) sum[i][v] = vec_fma(x, w[v], sum[i][v]);
            }
        }
    }
    store_tile(t, sum, rows, vectors);
}

#define ROWS_LIST(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)

#define DEFINE_TILES(rows)                                                                         \
    static void tile_##rows##_1(const struct dense_tile *t) {                                      \
        tile(t, rows, 1);                                                                          \
    }                                                                                              \
    static void tile_##rows##_2(const struct dense_tile *t) {                                      \
        tile(t, rows, 2);                                                                          \
    }
ROWS_LIST(DEFINE_TILES)

#define LINE_ROWS_LIST(X) X(4) X(6) X(8) X(10) X(12)

#define DEFINE_LINES(rows)                                                                         \
    static void line_##rows##_1_1(const struct dense_tile *t) {                                    \
        line(t, rows, 1, 1);                                                                       \
    }                                                                                              \
    static void line_##rows##_1_2(const struct dense_tile *t) {                                    \
        line(t, rows, 1, 2);                                                                       \
    }                                                                                              \
    static void line_##rows##_2_1(const struct dense_tile *t) {                                    \
        line(t, rows, 2, 1);                                                                       \
    }                                                                                              \
    static void line_##rows##_2_2(const struct dense_tile *t) {                                    \
        line(t, rows, 2, 2);                                                                       \
    }
LINE_ROWS_LIST(DEFINE_LINES)

/* Where each row's window starts, which may be outside of the image. */
struct origin {
    int32_t y[DENSE_ROWS], x[DENSE_ROWS];
    int64_t at[DENSE_ROWS]; /* from image->at, in floats */
};

static void find_origins(const struct dense_image *m, size_t pixel, uint32_t rows,
                         struct origin *o) {
    const struct patch *p = m->patch;
    size_t image = pixel / m->out_pixels, in_image = pixel % m->out_pixels;
    uint32_t y = (uint32_t)(in_image / m->out_w), x = (uint32_t)(in_image % m->out_w);
    for (uint32_t i = 0; i < rows; i++) {
        o->y[i] = (int32_t)(y * p->stride_h) - (int32_t)p->pad_top;
        o->x[i] = (int32_t)(x * p->stride_w) - (int32_t)p->pad_left;
        int64_t row = (int64_t)image * m->h + o->y[i];
        o->at[i] = (row * m->w + o->x[i]) * (int64_t)m->stride;
        if (++x < m->out_w) continue;
        x = 0;
        if (++y * (size_t)m->out_w < m->out_pixels) continue;
        y = 0;
        image++;
    }
}

/* Is every column of every window inside of the image? */
static bool columns_inside(const struct dense_image *m, const struct origin *o, uint32_t rows) {
    int64_t reach = (int64_t)(m->patch->kernel_w - 1) * m->patch->dilation_w;
    bool inside = true;
    for (uint32_t i = 0; i < rows; i++) inside &= o->x[i] >= 0 && o->x[i] + reach < m->w;
    return inside;
}

static bool gather(const struct dense_image *m, size_t pixel, uint32_t rows, bool merge,
                   const float **row) {
    const struct patch *p = m->patch;
    if (m->pointwise) {
        const float *at = m->at + pixel * m->stride;
        for (uint32_t i = 0; i < rows; i++) row[i] = at + i * m->stride;
        return false;
    }
    struct origin o;
    find_origins(m, pixel, rows, &o);
    bool merged = merge && columns_inside(m, &o, rows);
    uint32_t columns = merged ? 1 : p->kernel_w;
    for (uint32_t tap = 0; tap < p->kernel_h * columns; tap++, row += DENSE_ROWS) {
        uint32_t dy = tap / columns * p->dilation_h, dx = tap % columns * p->dilation_w;
        int64_t step = ((int64_t)dy * m->w + dx) * (int64_t)m->stride;
        for (uint32_t i = 0; i < rows; i++) {
            bool inside = (uint32_t)o.y[i] + dy < m->h && (uint32_t)o.x[i] + dx < m->w;
            row[i] = inside ? m->at + (o.at[i] + step) : m->zeros;
        }
    }
    return merged;
}

#define TILE_1(rows) [rows] = tile_##rows##_1,
#define TILE_2(rows) [rows] = tile_##rows##_2,
#define LINE_1_1(rows) [rows] = line_##rows##_1_1,
#define LINE_1_2(rows) [rows] = line_##rows##_1_2,
#define LINE_2_1(rows) [rows] = line_##rows##_2_1,
#define LINE_2_2(rows) [rows] = line_##rows##_2_2,

const struct dense_kernels NN_NAME(dense) = {
    .rows = {0, 12, VEC_REGISTERS == 32 ? 12 : 6},
    .run = {{0}, {ROWS_LIST(TILE_1)}, {ROWS_LIST(TILE_2)}},
    .line = {{{0}},
             {{0}, {LINE_ROWS_LIST(LINE_1_1)}, {LINE_ROWS_LIST(LINE_1_2)}},
             {{0}, {LINE_ROWS_LIST(LINE_2_1)}, {LINE_ROWS_LIST(LINE_2_2)}}},
    .gather = gather,
};
