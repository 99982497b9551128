/* conv_plan.h: conv_plan: what the algorithms of a convolution share. Internal to conv*.c.
 *
 * Each algorithm is a row of the table in conv.c, the first that fits is taken:
 *
 *     planes      a few planes (NCHW): the first of a network
 *     depthwise   one input channel a group: no product, a loop over channels
 *     winograd    3 x 3 with stride 1 and enough channels: fewer multiplications
 *     dense       everything
 *
 * Lifetime: the arena of conv_create().
 */
#ifndef UDF_NN_CONV_PLAN_H
#define UDF_NN_CONV_PLAN_H

#include "udf/nn/conv.h"
#include "udf/nn/kernels.h"

struct conv_algorithm {
    const char *name;
    bool (*fits)(const struct conv_plan *p);
    /* Packs the weights and says how much scratch a run needs. false: no memory. */
    bool (*pack)(struct conv_plan *p, struct arena *a, const struct conv_weights *weights);
    void (*run)(const struct conv_plan *p, const struct conv_io *io);
};

extern const struct conv_algorithm conv_dense, conv_depthwise, conv_planes, conv_winograd;

/* Floats of the sums that a tile leaves for conv_finish(), at most. */
enum { CONV_PIECE_FLOATS = DENSE_ROWS * DENSE_VECTORS * NN_LANES_MAX };

struct conv_plan {
    const struct conv_algorithm *algorithm;
    const struct nn_kernels *kernels;
    struct conv_shape shape;
    uint32_t out_h, out_w;
    struct conv_post post;
    bool plain;   /* the sink does all of post: there is nothing to do but lo, hi and residual */
    float lo, hi; /* of the sink; where post is not plain: no limits */
    float *weights, *bias; /* packed as the algorithm wants them */
    float *zeros;
    size_t scratch_bytes;
    struct conv_options options; /* images filled in */

    /* conv_dense: */
    struct patch patch;   /* of the image that is read: no pads where it was staged */
    uint32_t h, w;        /* of that image */
    bool staged;          /* copied to scratch first, NHWC, padded, without gaps */
    uint32_t tile_rows;   /* output pixels of a tile */
    uint32_t block_tiles; /* tiles that pass through all weights together */
    size_t plane_floats;  /* conv_planes: of a whole image's plane, where this is a strip of it */
    uint32_t segment;     /* conv_depthwise: pixels of a run, at most */
    size_t inner;         /* rows of a panel of weights */
    size_t group_floats;  /* packed weights of a group */
};

/* `count` floats on a cache line's border, zeroed; NULL: no memory. */
float *conv_floats(struct arena *a, size_t count) MUST_USE;

/* Points the sink at output pixel `pixel` (over all images) and channel `channel`. Field by field:
 * kernels read the fields soon, and a copied struct would have to reach the cache first. */
void conv_aim(const struct conv_plan *p, const struct conv_io *io, struct nn_sink *s, size_t pixel,
              uint32_t channel);

/* Finishes what a kernel left in `at`, where post is not plain. */
struct conv_piece {
    size_t pixel, rows; /* output pixels in a row of memory */
    uint32_t channel, channels;
    const float *at;
    size_t stride;
};
void conv_finish(const struct conv_plan *p, const struct conv_io *io, const struct conv_piece *x);

/* conv_panel.c: weights and bias of products; inner is [kernel_h][kernel_w][c_in / groups], or as
 * in the file where channels come first. */
bool conv_pack_panels(struct conv_plan *p, struct arena *a, const struct conv_weights *weights,
                      bool channels_first) MUST_USE;
/* Registers of the panel that starts at column `column` of a group. */
uint32_t conv_panel_vectors(const struct conv_plan *p, uint32_t column);
/* Output channels of a group with those that fill the last register. */
uint32_t conv_panel_columns(const struct conv_plan *p);
/* Where a column of the first group is, and the distance of its weights. */
float *conv_panel_column(const struct conv_plan *p, uint32_t column, uint32_t *step_out);

/* The first part of `count` things that are cut in parts of `most` or fewer, all about equal. */
static inline uint32_t conv_even_part(size_t count, uint32_t most) {
    size_t parts = (count + most - 1) / most;
    return (uint32_t)((count + parts - 1) / parts);
}

/* The scratch, on a cache line's border. */
static inline float *conv_scratch(const struct conv_io *io) {
    uintptr_t at = (uintptr_t)io->scratch;
    return (float *)((at + 63) & ~(uintptr_t)63);
}

#endif
