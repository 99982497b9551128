/* conv_winograd.c: 3 x 3 convolutions with stride 1, in a quarter of the multiplications.
 *
 * Output is cut in tiles of 4 x 4 pixels, over all images of a batch. For a block of tiles: the
 * 6 x 6 inputs of each tile are transformed to 36 matrices [tiles][c_in]; each is multiplied with
 * the transformed weights of its point, [c_in][c_out], packed in panels; the 36 products are
 * transformed back to pixels. See winograd_tmpl.c. A block is as many tiles as keep the matrices in
 * the second-level cache; but where these are few, many tiles, so that weights are read seldom. The
 * distance of two matrices is no power of two, so that their elements do not fall in one set of the
 * cache.
 *
 * A tile that reaches over the image's border is copied with its padding first.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "udf/nn/conv_plan.h"

enum {
    IN = WINOGRAD_IN,
    OUT = WINOGRAD_OUT,
    POINTS = IN * IN,
    CHANNELS_MIN = 8,
    BLOCK_BYTES = 1024 * 1024,
    BLOCK_TILES_MIN = 24,
    BLOCK_TILES_MAX = 128,
    SKEW = 16, /* floats between two matrices */
};

/* Multiply-adds that a tile costs beside its products, a channel: as measured. */
enum { TRANSFORM_COST = 200 };

static uint64_t tiles_of(const struct conv_plan *p) {
    return (uint64_t)((p->out_h + OUT - 1) / OUT) * ((p->out_w + OUT - 1) / OUT);
}

static bool winograd_fits(const struct conv_plan *p) {
    const struct conv_shape *s = &p->shape;
    const struct patch *w = &s->patch;
    if (p->options.no_winograd || s->in_order == CONV_NCHW || s->groups != 1) return false;
    if (w->kernel_h != 3 || w->kernel_w != 3 || w->stride_h != 1 || w->stride_w != 1) return false;
    if (w->dilation_h != 1 || w->dilation_w != 1) return false;
    if (s->c_in < CHANNELS_MIN || s->c_out < CHANNELS_MIN) return false;

    /* Products are as slow as their weights come from memory, which is about so many
     * multiplications for each: */
    const uint64_t least = 1080;
    uint64_t tiles = tiles_of(p) * p->options.images,
             pixels = (uint64_t)p->options.images * p->out_h * p->out_w;
    uint64_t products = (uint64_t)s->c_in * s->c_out, each = tiles * POINTS, direct = pixels * 9;
    if (each < least) each = least;
    if (direct < least / 4) direct = least / 4;
    return each * products + tiles * TRANSFORM_COST * (s->c_in + s->c_out) < direct * products;
}

/* The kernel's 3 x 3 weights at the 36 points: G g GT. */
static void transform_weights(const float g[9], double u[POINTS]) {
    static const double G[IN][3] = {{1.0 / 4, 0, 0},
                                    {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                                    {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                    {1.0 / 24, 1.0 / 12, 1.0 / 6},
                                    {1.0 / 24, -1.0 / 12, 1.0 / 6},
                                    {0, 0, 1}};
    double half[IN][3];
    for (int y = 0; y < IN; y++) {
        for (int x = 0; x < 3; x++) {
            half[y][x] =
                G[y][0] * (double)g[x] + G[y][1] * (double)g[3 + x] + G[y][2] * (double)g[6 + x];
        }
    }
    for (int i = 0; i < POINTS; i++) {
        const double *row = half[i / IN], *column = G[i % IN];
        u[i] = row[0] * column[0] + row[1] * column[1] + row[2] * column[2];
    }
}

static void pack_weights(struct conv_plan *p, const float *weights) {
    for (uint32_t column = 0; column < p->shape.c_out; column++) {
        uint32_t step;
        float *to = conv_panel_column(p, column, &step);
        for (uint32_t c = 0; c < p->shape.c_in; c++, to += step, weights += 9) {
            double u[POINTS];
            transform_weights(weights, u);
            for (size_t i = 0; i < POINTS; i++) to[i * p->group_floats] = (float)u[i];
        }
    }
}

static size_t in_matrix(const struct conv_plan *p) {
    return (size_t)p->block_tiles * p->shape.c_in + SKEW;
}

static size_t out_matrix(const struct conv_plan *p) {
    return (size_t)p->block_tiles * conv_panel_columns(p) + SKEW;
}

static bool winograd_pack(struct conv_plan *p, struct arena *a,
                          const struct conv_weights *weights) {
    uint32_t columns = conv_panel_columns(p), c_in = p->shape.c_in;
    p->inner = c_in;
    p->group_floats = (size_t)columns * c_in;
    p->weights = conv_floats(a, POINTS * p->group_floats);
    p->bias = conv_floats(a, columns);
    p->zeros = conv_floats(a, columns);
    if (!p->weights || !p->bias || !p->zeros) return false;
    pack_weights(p, weights->at);
    if (weights->bias) memcpy(p->bias, weights->bias, p->shape.c_out * sizeof *p->bias);

    size_t tile_bytes = (size_t)POINTS * (columns + c_in) * sizeof(float);
    size_t most = BLOCK_BYTES / tile_bytes, all = (size_t)tiles_of(p) * p->options.images;
    if (most < BLOCK_TILES_MIN || most > BLOCK_TILES_MAX) most = BLOCK_TILES_MAX;
    if (most > all) most = all;
    p->block_tiles = (uint32_t)most;
    p->tile_rows = p->kernels->dense->rows[conv_panel_vectors(p, 0)];
    size_t floats = POINTS * (in_matrix(p) + out_matrix(p)) + (size_t)POINTS * c_in +
                    (size_t)OUT * OUT * p->shape.c_out;
    p->scratch_bytes = floats * sizeof(float);
    return true;
}

struct winograd_job {
    const struct conv_plan *plan;
    const struct conv_io *io;
    uint32_t tiles_w;
    size_t tiles;  /* of an image */
    float *in;     /* [POINTS][block_tiles][c_in], SKEW apart */
    float *out;    /* [POINTS][block_tiles][columns], SKEW apart */
    float *border; /* [POINTS][c_in] */
    float *piece;  /* [OUT][OUT][c_out] */
};

/* A tile's place: its image, and its first output pixel there. */
struct place {
    size_t image;
    uint32_t y, x;
};

static struct place place_of(const struct winograd_job *j, size_t tile) {
    size_t in_image = tile % j->tiles;
    return (struct place){tile / j->tiles, (uint32_t)(in_image / j->tiles_w) * OUT,
                          (uint32_t)(in_image % j->tiles_w) * OUT};
}

static void copy_border(const struct winograd_job *j, const float *image, int64_t y, int64_t x) {
    const struct conv_shape *s = &j->plan->shape;
    for (uint32_t i = 0; i < POINTS; i++) {
        int64_t iy = y + i / IN, ix = x + i % IN;
        float *to = j->border + (size_t)i * s->c_in;
        if (iy < 0 || ix < 0 || iy >= s->h || ix >= s->w) {
            memset(to, 0, s->c_in * sizeof *to);
        } else {
            size_t pixel = (size_t)iy * s->w + (size_t)ix;
            memcpy(to, image + pixel * j->io->in_stride, s->c_in * sizeof *to);
        }
    }
}

/* Tile `tile` becomes row `row` of the 36 matrices. */
static void tile_in(const struct winograd_job *j, size_t tile, uint32_t row) {
    const struct conv_plan *p = j->plan;
    const struct conv_shape *s = &p->shape;
    struct place at = place_of(j, tile);
    const float *image = j->io->in + at.image * s->h * s->w * j->io->in_stride;
    int64_t y = (int64_t)at.y - s->patch.pad_top, x = (int64_t)at.x - s->patch.pad_left;
    struct winograd_input w = {
        .pixel_step = j->io->in_stride,
        .row_step = s->w * j->io->in_stride,
        .channels = s->c_in,
        .to = j->in + (size_t)row * s->c_in,
        .point_step = in_matrix(p),
    };
    if (y >= 0 && x >= 0 && y + IN <= s->h && x + IN <= s->w) {
        w.in = image + ((size_t)y * s->w + (size_t)x) * j->io->in_stride;
    } else {
        copy_border(j, image, y, x);
        w.in = j->border;
        w.pixel_step = s->c_in;
        w.row_step = (size_t)IN * s->c_in;
    }
    p->kernels->winograd->input(&w);
}

static void tile_out(const struct winograd_job *j, size_t tile, uint32_t row) {
    const struct conv_plan *p = j->plan;
    struct place at = place_of(j, tile);
    uint32_t columns = p->out_w - at.x, rows = p->out_h - at.y, c_out = p->shape.c_out;
    size_t pixel = (at.image * p->out_h + at.y) * p->out_w + at.x;
    struct winograd_output w = {
        .from = j->out + (size_t)row * conv_panel_columns(p),
        .point_step = out_matrix(p),
        .channels = c_out,
        .bias = p->bias,
        .rows = rows < OUT ? rows : OUT,
        .columns = columns < OUT ? columns : OUT,
        .row_pixels = p->out_w,
    };
    if (p->plain) {
        conv_aim(p, j->io, &w.sink, pixel, 0);
        p->kernels->winograd->output(&w);
        return;
    }
    w.sink = (struct nn_sink){.lo = p->lo, .hi = p->hi, .out = j->piece, .out_stride = c_out};
    w.row_pixels = OUT;
    p->kernels->winograd->output(&w);
    for (uint32_t y = 0; y < w.rows; y++) {
        struct conv_piece piece = {pixel + (size_t)y * p->out_w,       w.columns, 0, c_out,
                                   j->piece + (size_t)y * OUT * c_out, c_out};
        conv_finish(p, j->io, &piece);
    }
}

/* The product of one point for `tiles` tiles. */
static void multiply(const struct winograd_job *j, size_t point, uint32_t tiles) {
    const struct conv_plan *p = j->plan;
    uint32_t c_in = p->shape.c_in, columns = conv_panel_columns(p), step;
    const float *in = j->in + point * in_matrix(p);
    float *out = j->out + point * out_matrix(p);
    const float *row[DENSE_ROWS];
    struct dense_tile t = {.row = row, .taps = 1, .depth = c_in, .bias = p->zeros};
    t.sink = (struct nn_sink){.lo = -INFINITY, .hi = INFINITY, .out_stride = columns};
    for (uint32_t column = 0; column < columns; column += step) {
        t.weights = conv_panel_column(p, column, &step) + point * p->group_floats;
        t.columns = step;
        dense_kernel *const *run = p->kernels->dense->run[step / p->kernels->lanes];
        for (uint32_t tile = 0, rows; tile < tiles; tile += rows) {
            rows = conv_even_part(tiles - tile, p->tile_rows);
            for (uint32_t i = 0; i < rows; i++) row[i] = in + (size_t)(tile + i) * c_in;
            t.sink.out = out + (size_t)tile * columns + column;
            run[rows](&t);
        }
    }
}

static void winograd_run(const struct conv_plan *p, const struct conv_io *io) {
    struct winograd_job j = {.plan = p, .io = io, .tiles = (size_t)tiles_of(p)};
    j.tiles_w = (p->out_w + OUT - 1) / OUT;
    j.in = conv_scratch(io);
    j.out = j.in + POINTS * in_matrix(p);
    j.border = j.out + POINTS * out_matrix(p);
    j.piece = j.border + (size_t)POINTS * p->shape.c_in;

    size_t all = io->n * j.tiles;
    for (size_t first = 0, count; first < all; first += count) {
        count = conv_even_part(all - first, p->block_tiles);
        for (size_t i = 0; i < count; i++) tile_in(&j, first + i, (uint32_t)i);
        for (size_t point = 0; point < POINTS; point++) multiply(&j, point, (uint32_t)count);
        for (size_t i = 0; i < count; i++) tile_out(&j, first + i, (uint32_t)i);
    }
}

const struct conv_algorithm conv_winograd = {
    .name = "winograd",
    .fits = winograd_fits,
    .pack = winograd_pack,
    .run = winograd_run,
};
