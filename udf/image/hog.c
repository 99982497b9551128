/* hog.c: histograms of oriented gradients (Dalal, Triggs 2005), with the parameters of the paper
 * that are OpenCV's defaults: a window of 64 x 128, cells of 8 x 8, blocks of 2 x 2 cells a cell
 * apart, 9 orientations over 180 degrees, square roots of the samples, the channel with the longest
 * gradient, votes shared between the two nearest orientations and four nearest cells and weighed by
 * a Gaussian over the block (sigma 4), L2-Hys (cut at 0.2).
 *
 * Order of the values: blocks column by column, in a block cells column by column, in a cell the
 * orientations from 0 to 160 degrees.
 */
#include "udf/image/feature.h"

#include <assert.h>
#include <math.h>

enum {
    CELL = 8,
    BLOCK = 16,
    STRIDE = 8,
    BINS = 9,
    BLOCK_CELLS = 4,
    BLOCK_VALUES = BLOCK_CELLS * BINS,
    BLOCKS_X = (HOG_WIDTH - BLOCK) / STRIDE + 1,
    BLOCKS_Y = (HOG_HEIGHT - BLOCK) / STRIDE + 1,
    LEVELS = 256,
};

#define PI_F 3.14159265358979323846F
#define SIGMA 4.0F
#define CUT 0.2F

/* A pixel's vote: for bin and the one behind it. */
struct vote {
    uint8_t bin, next;
    float weight, next_weight;
};

static uint32_t mirrored(int32_t i, int32_t n) {
    return (uint32_t)(i < 0 ? -i : i >= n ? 2 * n - 2 - i : i);
}

struct vote_source {
    const struct image *in;
    uint32_t colors;
    float root[LEVELS];
    struct vote *vote; /* [HOG_HEIGHT][HOG_WIDTH] */
};

static struct vote vote_of(float dx, float dy) {
    float length = sqrtf(dx * dx + dy * dy), angle = atan2f(dy, dx);
    if (angle < 0) angle += 2 * PI_F;
    float place = angle * (BINS / PI_F) - 0.5F, whole = floorf(place), part = place - whole;
    uint32_t bin = (uint32_t)((int32_t)whole + 2 * BINS) % BINS;
    return (struct vote){.bin = (uint8_t)bin,
                         .next = (uint8_t)((bin + 1) % BINS),
                         .weight = length * (1 - part),
                         .next_weight = length * part};
}

static void vote_row(const struct vote_source *s, uint32_t y) {
    const struct image *in = s->in;
    size_t row = (size_t)HOG_WIDTH * in->channels;
    const uint8_t *at = in->pixel + y * row;
    const uint8_t *above = in->pixel + mirrored((int32_t)y - 1, HOG_HEIGHT) * row;
    const uint8_t *below = in->pixel + mirrored((int32_t)y + 1, HOG_HEIGHT) * row;
    for (uint32_t x = 0; x < HOG_WIDTH; x++) {
        size_t left = (size_t)mirrored((int32_t)x - 1, HOG_WIDTH) * in->channels;
        size_t right = (size_t)mirrored((int32_t)x + 1, HOG_WIDTH) * in->channels;
        float best_x = 0, best_y = 0;
        for (uint32_t c = 0; c < s->colors; c++) {
            size_t i = (size_t)x * in->channels + c;
            float dx = s->root[at[right + c]] - s->root[at[left + c]];
            float dy = s->root[below[i]] - s->root[above[i]];
            if (c > 0 && dx * dx + dy * dy <= best_x * best_x + best_y * best_y) continue;
            best_x = dx;
            best_y = dy;
        }
        s->vote[(size_t)y * HOG_WIDTH + x] = vote_of(best_x, best_y);
    }
}

/* Shares of a place in the two cells of a block along one side: cell 0 and cell 1. */
static void cell_shares(uint32_t i, float share[2]) {
    float place = ((float)i + 0.5F) / CELL - 0.5F;
    share[0] = place < 0 ? 1 + place : place < 1 ? 1 - place : 0;
    share[1] = place < 0 ? 0 : place < 1 ? place : 2 - place;
}

/* weight[cell][y][x] of the votes of a block's pixels. */
static void block_weights(float weight[BLOCK_CELLS][BLOCK][BLOCK]) {
    for (uint32_t y = 0; y < BLOCK; y++) {
        for (uint32_t x = 0; x < BLOCK; x++) {
            float dx = (float)x - BLOCK * 0.5F, dy = (float)y - BLOCK * 0.5F, across[2], down[2];
            float near = expf(-(dx * dx + dy * dy) / (2 * SIGMA * SIGMA));
            cell_shares(x, across);
            cell_shares(y, down);
            for (uint32_t c = 0; c < BLOCK_CELLS; c++) {
                weight[c][y][x] = near * across[c / 2] * down[c % 2];
            }
        }
    }
}

static float scale_to_one(const float *v, float least) {
    float sum = 0;
    for (int i = 0; i < BLOCK_VALUES; i++) sum += v[i] * v[i];
    return 1 / (sqrtf(sum) + least);
}

/* L2 norm, cut, L2 norm again. */
static void normalize_block(float *v) {
    float scale = scale_to_one(v, BLOCK_VALUES * 0.1F);
    for (int i = 0; i < BLOCK_VALUES; i++) v[i] = fminf(v[i] * scale, CUT);
    scale = scale_to_one(v, 1e-3F);
    for (int i = 0; i < BLOCK_VALUES; i++) v[i] *= scale;
}

static void block_sum(const struct vote *first, const float (*weight)[BLOCK][BLOCK], float *out) {
    for (uint32_t c = 0; c < BLOCK_CELLS; c++, out += BINS) {
        for (uint32_t i = 0; i < BLOCK * BLOCK; i++) {
            const struct vote *v = &first[(size_t)(i / BLOCK) * HOG_WIDTH + i % BLOCK];
            float w = weight[c][i / BLOCK][i % BLOCK];
            out[v->bin] += w * v->weight;
            out[v->next] += w * v->next_weight;
        }
    }
}

bool image_hog(const struct image *in, struct arena *scratch, float *out, struct err *e) {
    assert(in->width == HOG_WIDTH && in->height == HOG_HEIGHT);
    float weight[BLOCK_CELLS][BLOCK][BLOCK];
    struct vote_source s = {.in = in, .colors = in->channels >= 3 ? 3 : 1};
    s.vote = arena_alloc(scratch, HOG_WIDTH * HOG_HEIGHT * sizeof *s.vote);
    if (!s.vote) return err_memory(e);
    for (uint32_t v = 0; v < LEVELS; v++) s.root[v] = sqrtf((float)v);
    for (uint32_t y = 0; y < HOG_HEIGHT; y++) vote_row(&s, y);
    block_weights(weight);
    memset(out, 0, HOG_VALUES * sizeof *out);
    for (uint32_t x = 0; x < BLOCKS_X; x++) {
        for (uint32_t y = 0; y < BLOCKS_Y; y++, out += BLOCK_VALUES) {
            const struct vote *first = s.vote + (size_t)y * STRIDE * HOG_WIDTH + x * STRIDE;
            block_sum(first, (const float(*)[BLOCK][BLOCK])weight, out);
            normalize_block(out);
        }
    }
    return true;
}
