/* conv_dense.c: any convolution, as products of tiles of output pixels with panels of channels.
 *
 * Weights are packed in panels (conv_panel.c), [kernel_h][kernel_w][c_in][channels of the panel];
 * see dense_tmpl.c. Tiles of output
 * pixels run on over the ends of rows and of images.
 *
 * A block of tiles goes through one panel after the other: a panel stays in the first-level cache,
 * or is read from the second once a block; the block's input stays in cache from panel to panel.
 *
 * An image of few channels (or in NCHW order) is first copied to NHWC with its padding, so that the
 * taps of a kernel row are one piece of memory.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "udf/nn/conv_plan.h"

enum {
    STAGE_CHANNELS = 16,          /* at most, for staging to pay */
    BLOCK_BYTES = 32 * 1024,      /* input of a block: as much as the first-level cache */
    BLOCK_BYTES_BIG = 256 * 1024, /* … where the weights do not fit in the second */
    WEIGHTS_BYTES_BIG = 512 * 1024,
    POINTER_BYTES = 32 * 1024,
};

static bool dense_fits(const struct conv_plan *p) {
    (void)p;
    return true;
}

/* The image that is read: as it is, or the padded copy. */
static void choose_stage(struct conv_plan *p) {
    const struct conv_shape *s = &p->shape;
    p->patch = s->patch;
    p->h = s->h;
    p->w = s->w;
    bool pads = s->patch.pad_left + s->patch.pad_right > 0;
    bool mergeable = s->patch.kernel_w > 1 && s->patch.dilation_w == 1 && s->groups == 1;
    p->staged = s->in_order == CONV_NCHW || (mergeable && pads && s->c_in <= STAGE_CHANNELS);
    if (!p->staged) return;
    p->h += s->patch.pad_top + s->patch.pad_bottom;
    p->w += s->patch.pad_left + s->patch.pad_right;
    p->patch.pad_top = p->patch.pad_left = p->patch.pad_bottom = p->patch.pad_right = 0;
}

static size_t stage_floats(const struct conv_plan *p) {
    if (!p->staged) return 0;
    return ((size_t)p->h * p->w * p->shape.c_in + 15) & ~(size_t)15;
}

static void choose_block(struct conv_plan *p) {
    const struct patch *w = &p->patch;
    size_t pixels = (size_t)w->stride_h * w->stride_w, taps = (size_t)w->kernel_h * w->kernel_w;
    if (pixels > taps) pixels = taps;
    size_t tile_bytes = p->tile_rows * pixels * (p->shape.c_in / p->shape.groups) * sizeof(float);
    bool big = p->group_floats * sizeof(float) > WEIGHTS_BYTES_BIG;
    size_t tiles = (big ? BLOCK_BYTES_BIG : BLOCK_BYTES) / tile_bytes;
    size_t most = POINTER_BYTES / (taps * DENSE_ROWS * sizeof(float *));
    if (tiles > most) tiles = most;
    p->block_tiles = tiles > 0 ? (uint32_t)tiles : 1;
}

static bool dense_pack(struct conv_plan *p, struct arena *a, const struct conv_weights *weights) {
    const struct conv_shape *s = &p->shape;
    const struct patch *w = &s->patch;
    if (!conv_pack_panels(p, a, weights, false)) return false;
    p->zeros = conv_floats(a, (size_t)w->kernel_w * s->c_in);
    if (!p->zeros) return false;

    choose_stage(p);
    p->tile_rows = p->kernels->dense->rows[conv_panel_vectors(p, 0)];
    choose_block(p);
    size_t taps = (size_t)w->kernel_h * w->kernel_w;
    p->scratch_bytes = (stage_floats(p) + CONV_PIECE_FLOATS) * sizeof(float) +
                       p->block_tiles * (taps * DENSE_ROWS * sizeof(float *) + sizeof(bool));
    return true;
}

/* What a run works on: some images of one group. */
struct dense_job {
    const struct conv_plan *plan;
    const struct conv_io *io;
    struct dense_image image;
    uint32_t group;
    size_t first;      /* the output pixel, over all images of io, that pixel 0 of `image` is */
    float *piece;      /* [CONV_PIECE_FLOATS] */
    const float **row; /* [block_tiles][taps][DENSE_ROWS] */
    bool *merged;      /* [block_tiles] */
    size_t taps;
};

struct dense_block {
    size_t pixel;
    uint32_t pixels, tiles;
};

static uint32_t rows_of(const struct dense_job *j, const struct dense_block *b, uint32_t tile) {
    uint32_t rows = j->plan->tile_rows, left = b->pixels - tile * rows;
    return left < rows ? left : rows;
}

/* All tiles of a block with the panel of columns from `column` on. */
static void run_panel(const struct dense_job *j, const struct dense_block *b, uint32_t column) {
    const struct conv_plan *p = j->plan;
    const struct conv_shape *s = &p->shape;
    uint32_t c_in = s->c_in / s->groups, c_out = s->c_out / s->groups, step;
    uint32_t channel = j->group * c_out + column, vectors = conv_panel_vectors(p, column);
    struct dense_tile t = {
        .weights = conv_panel_column(p, column, &step) + j->group * p->group_floats,
        .bias = p->bias + (size_t)j->group * conv_panel_columns(p) + column,
        .sink = {.lo = p->lo, .hi = p->hi, .out = j->piece},
    };
    t.columns = c_out - column < step ? c_out - column : step;
    t.sink.out_stride = step;
    dense_kernel *const *run = p->kernels->dense->run[vectors];
    for (uint32_t tile = 0; tile < b->tiles; tile++) {
        bool merged = j->merged[tile];
        uint32_t rows = rows_of(j, b, tile);
        size_t pixel = j->first + b->pixel + (size_t)tile * p->tile_rows;
        t.row = j->row + tile * j->taps * DENSE_ROWS;
        t.taps = merged ? p->patch.kernel_h : (uint32_t)j->taps;
        t.depth = merged ? c_in * p->patch.kernel_w : c_in;
        if (p->plain) conv_aim(p, j->io, &t.sink, pixel, channel);
        run[rows](&t);
        if (p->plain) continue;
        struct conv_piece piece = {pixel, rows, channel, t.columns, j->piece, step};
        conv_finish(p, j->io, &piece);
    }
}

static void run_block(const struct dense_job *j, const struct dense_block *b) {
    const struct conv_plan *p = j->plan;
    bool merge = p->patch.kernel_w > 1 && p->patch.dilation_w == 1 &&
                 j->image.stride == p->shape.c_in / p->shape.groups;
    for (uint32_t tile = 0; tile < b->tiles; tile++) {
        j->merged[tile] = p->kernels->dense->gather(
            &j->image, b->pixel + (size_t)tile * p->tile_rows, rows_of(j, b, tile), merge,
            j->row + tile * j->taps * DENSE_ROWS);
    }
    uint32_t c_out = p->shape.c_out / p->shape.groups, step = DENSE_VECTORS * p->kernels->lanes;
    for (uint32_t column = 0; column < c_out; column += step) run_panel(j, b, column);
}

static void run_groups(struct dense_job *j, size_t images) {
    const struct conv_plan *p = j->plan;
    const float *at = j->image.at;
    size_t pixels = images * j->image.out_pixels, step = (size_t)p->block_tiles * p->tile_rows;
    for (j->group = 0; j->group < p->shape.groups; j->group++) {
        j->image.at = at + (size_t)j->group * (p->shape.c_in / p->shape.groups);
        for (size_t pixel = 0; pixel < pixels; pixel += step) {
            size_t left = pixels - pixel;
            struct dense_block b = {pixel, (uint32_t)(left < step ? left : step), 0};
            b.tiles = (b.pixels + p->tile_rows - 1) / p->tile_rows;
            run_block(j, &b);
        }
    }
}

/* One row of the copy: its pads and the image's row. */
static void stage_row(const struct conv_plan *p, const struct conv_io *io, const float *image,
                      float *to) {
    const struct conv_shape *s = &p->shape;
    size_t c_in = s->c_in, left = s->patch.pad_left * c_in, right = s->patch.pad_right * c_in;
    memset(to, 0, left * sizeof *to);
    to += left;
    if (s->in_order == CONV_NCHW) {
        for (size_t c = 0; c < c_in; c++) {
            const float *plane = image + c * s->h * s->w;
            for (size_t x = 0; x < s->w; x++) to[x * c_in + c] = plane[x];
        }
    } else if (io->in_stride == c_in) {
        memcpy(to, image, s->w * c_in * sizeof *to);
    } else {
        for (size_t x = 0; x < s->w; x++) {
            memcpy(to + x * c_in, image + x * io->in_stride, c_in * sizeof *to);
        }
    }
    memset(to + s->w * c_in, 0, right * sizeof *to);
}

static void stage(const struct conv_plan *p, const struct conv_io *io, uint32_t image, float *to) {
    const struct conv_shape *s = &p->shape;
    bool planes = s->in_order == CONV_NCHW;
    size_t pixel_floats = planes ? s->c_in : io->in_stride;
    const float *at = io->in + (size_t)image * s->h * s->w * pixel_floats;
    size_t row_floats = (size_t)p->w * s->c_in;
    memset(to, 0, s->patch.pad_top * row_floats * sizeof *to);
    to += s->patch.pad_top * row_floats;
    for (size_t y = 0; y < s->h; y++, to += row_floats) {
        stage_row(p, io, at + y * s->w * (planes ? 1 : io->in_stride), to);
    }
    memset(to, 0, s->patch.pad_bottom * row_floats * sizeof *to);
}

static void dense_run(const struct conv_plan *p, const struct conv_io *io) {
    float *staged = conv_scratch(io), *piece = staged + stage_floats(p);
    size_t taps = (size_t)p->patch.kernel_h * p->patch.kernel_w;
    const float **row = (const float **)(piece + CONV_PIECE_FLOATS);
    struct dense_job j = {
        .plan = p,
        .io = io,
        .image = {.at = io->in,
                  .zeros = p->zeros,
                  .h = p->h,
                  .w = p->w,
                  .out_w = p->out_w,
                  .out_pixels = (size_t)p->out_h * p->out_w,
                  .pointwise = taps == 1 && p->out_h == p->h && p->out_w == p->w,
                  .stride = io->in_stride,
                  .patch = &p->patch},
        .piece = piece,
        .row = row,
        .merged = (bool *)(row + p->block_tiles * taps * DENSE_ROWS),
        .taps = taps,
    };
    if (!p->staged) {
        run_groups(&j, io->n);
        return;
    }
    j.image.stride = p->shape.c_in;
    for (uint32_t image = 0; image < io->n; image++) {
        stage(p, io, image, staged);
        j.image.at = staged;
        j.first = image * j.image.out_pixels;
        run_groups(&j, 1);
    }
}

const struct conv_algorithm conv_dense = {
    .name = "dense",
    .fits = dense_fits,
    .pack = dense_pack,
    .run = dense_run,
};
