/* conv_planes.c: the first convolution of a network, on planes of a few channels.
 *
 * In a plane the pixels under one tap of neighbouring windows are neighbours too, `stride` floats
 * apart. So a tile of output pixels of one row reads each row of each plane through one pointer,
 * and the image needs not be brought to NHWC. Tiles at the left and right end read copies with the
 * padding in them. The last tile of a row is moved to the left until it ends with the row, and
 * computes some pixels again.
 *
 * Weights are packed in panels as conv_dense.c does, [c_in][kernel_h][kernel_w][channels of the
 * panel].
 */
#include <assert.h>
#include <string.h>

#include "udf/nn/conv_plan.h"

enum { LINES_MAX = 64, KERNEL_W_MAX = 16, ROWS_MIN = 4 };
enum { STRIP_FLOATS = (DENSE_ROWS - 1) * DENSE_LINE_STRIDE + KERNEL_W_MAX };

static bool planes_fits(const struct conv_plan *p) {
    const struct conv_shape *s = &p->shape;
    const struct patch *w = &s->patch;
    if (s->in_order != CONV_NCHW && s->c_in != 1) return false;
    if (s->groups != 1 || p->post.residual) return false; /* pixels may be computed twice */
    if (w->dilation_w != 1 || w->stride_w > DENSE_LINE_STRIDE || w->kernel_w > KERNEL_W_MAX) {
        return false;
    }
    return (size_t)s->c_in * w->kernel_h <= LINES_MAX && p->out_w >= ROWS_MIN;
}

/* The tile height that computes the fewest pixels twice. */
static uint32_t best_rows(const struct conv_plan *p) {
    uint32_t vectors = conv_panel_vectors(p, 0), best = ROWS_MIN, least = UINT32_MAX;
    for (uint32_t rows = p->kernels->dense->rows[vectors]; rows >= ROWS_MIN; rows -= 2) {
        uint32_t computed = (p->out_w + rows - 1) / rows * rows;
        if (rows > p->out_w || computed >= least) continue;
        least = computed;
        best = rows;
    }
    return best;
}

static bool planes_pack(struct conv_plan *p, struct arena *a, const struct conv_weights *weights) {
    const struct conv_shape *s = &p->shape;
    if (!conv_pack_panels(p, a, weights, true)) return false;
    p->zeros = conv_floats(a, STRIP_FLOATS);
    if (!p->zeros) return false;
    p->tile_rows = best_rows(p);
    p->plane_floats = (size_t)s->h * s->w;
    size_t plane = s->in_order == CONV_NHWC ? p->plane_floats : 0;
    p->scratch_bytes = (CONV_PIECE_FLOATS + LINES_MAX * STRIP_FLOATS + plane) * sizeof(float);
    return true;
}

struct planes_job {
    const struct conv_plan *plan;
    const struct conv_io *io;
    const float *image;    /* [c_in][h][w] */
    size_t pixel;          /* the first of the image, over all images */
    float *piece, *strips; /* [CONV_PIECE_FLOATS], [lines][STRIP_FLOATS] */
    const float
        *line[LINES_MAX]; /* of each channel and tap downwards, at the row's start; or NULL */
    const float *row[LINES_MAX]; /* the same for a tile */
};

static void find_lines(struct planes_job *j, uint32_t y) {
    const struct conv_shape *s = &j->plan->shape;
    const struct patch *w = &s->patch;
    for (uint32_t i = 0; i < s->c_in * w->kernel_h; i++) {
        uint32_t c = i / w->kernel_h, ky = i % w->kernel_h;
        int64_t iy = (int64_t)y * w->stride_h - w->pad_top + (int64_t)ky * w->dilation_h;
        bool inside = iy >= 0 && iy < s->h;
        j->line[i] = inside ? j->image + c * j->plan->plane_floats + (size_t)iy * s->w : NULL;
    }
}

/* `floats` of a line from column x on, which may be outside of it. */
static void copy_strip(const float *line, uint32_t w, int64_t x, uint32_t floats, float *to) {
    for (uint32_t i = 0; i < floats; i++) {
        bool inside = x + i >= 0 && x + i < w;
        to[i] = inside ? line[x + i] : 0;
    }
}

static void find_rows(struct planes_job *j, uint32_t x) {
    const struct conv_plan *p = j->plan;
    const struct patch *w = &p->shape.patch;
    int64_t ix = (int64_t)x * w->stride_w - w->pad_left;
    uint32_t floats = (p->tile_rows - 1) * w->stride_w + w->kernel_w;
    bool inside = ix >= 0 && ix + floats <= p->shape.w;
    for (uint32_t i = 0; i < p->shape.c_in * w->kernel_h; i++) {
        j->row[i] = p->zeros;
        if (!j->line[i]) continue;
        float *strip = j->strips + i * STRIP_FLOATS;
        if (!inside) copy_strip(j->line[i], p->shape.w, ix, floats, strip);
        j->row[i] = inside ? j->line[i] + ix : strip;
    }
}

static void run_tile(const struct planes_job *j, uint32_t y, uint32_t x, uint32_t column) {
    const struct conv_plan *p = j->plan;
    const struct patch *w = &p->shape.patch;
    uint32_t step, vectors = conv_panel_vectors(p, column), left = p->shape.c_out - column;
    size_t pixel = j->pixel + (size_t)y * p->out_w + x;
    struct dense_tile t = {
        .row = j->row,
        .taps = p->shape.c_in * w->kernel_h,
        .depth = w->kernel_w,
        .weights = conv_panel_column(p, column, &step),
        .bias = p->bias + column,
        .sink = {.lo = p->lo, .hi = p->hi, .out = j->piece},
    };
    t.columns = left < step ? left : step;
    t.sink.out_stride = step;
    if (p->plain) conv_aim(p, j->io, &t.sink, pixel, column);
    p->kernels->dense->line[vectors][w->stride_w][p->tile_rows](&t);
    if (p->plain) return;
    struct conv_piece piece = {pixel, p->tile_rows, column, t.columns, j->piece, step};
    conv_finish(p, j->io, &piece);
}

static void run_row(struct planes_job *j, uint32_t y) {
    const struct conv_plan *p = j->plan;
    uint32_t step = DENSE_VECTORS * p->kernels->lanes, last = p->out_w - p->tile_rows;
    find_lines(j, y);
    for (uint32_t x = 0; x < p->out_w; x += p->tile_rows) {
        uint32_t at = x < last ? x : last;
        find_rows(j, at);
        for (uint32_t column = 0; column < p->shape.c_out; column += step) {
            run_tile(j, y, at, column);
        }
    }
}

static void planes_run(const struct conv_plan *p, const struct conv_io *io) {
    const struct conv_shape *s = &p->shape;
    size_t pixels = (size_t)s->h * s->w;
    struct planes_job j = {.plan = p, .io = io, .piece = conv_scratch(io)};
    j.strips = j.piece + CONV_PIECE_FLOATS;
    float *plane = j.strips + LINES_MAX * STRIP_FLOATS;
    bool copied = s->in_order == CONV_NHWC && io->in_stride != 1;
    for (uint32_t image = 0; image < io->n; image++) {
        j.image = io->in + image * pixels * (copied ? io->in_stride : s->c_in);
        j.pixel = (size_t)image * p->out_h * p->out_w;
        if (copied) {
            for (size_t i = 0; i < pixels; i++) plane[i] = j.image[i * io->in_stride];
            j.image = plane;
        }
        for (uint32_t y = 0; y < p->out_h; y++) run_row(&j, y);
    }
}

const struct conv_algorithm conv_planes = {
    .name = "planes",
    .fits = planes_fits,
    .pack = planes_pack,
    .run = planes_run,
};
