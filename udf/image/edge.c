/* edge.c: gradients and edges; see filter.h.
 *
 * Canny 1986, as OpenCV computes it: Sobel's gradient (the outermost pixels repeated outside), its
 * length as |dx| + |dy|, 0 outside. A pixel stays that is longer than its neighbours along the
 * gradient, in one of four directions told apart by tan 22.5 and tan 67.5 degrees in 15-bit fixed
 * point; one above `high` is an edge, and so is one above `low` that touches an edge. Edges spread
 * by a stack, which no pixel enters twice.
 */
#include "udf/image/filter.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum { TAN_BITS = 15, TAN_22 = 13573 }; /* tan 22.5 degrees * 2^15 */

enum mark { MARK_NONE, MARK_WEAK, MARK_EDGE };

/* Three rows of which the middle one is differentiated, and how x goes on outside. */
struct sobel {
    const uint8_t *above, *row, *below;
    uint32_t width, step; /* bytes from pixel to pixel */
};

static void sobel_at(const struct sobel *s, const size_t x[3], int16_t *dx, int16_t *dy) {
    int32_t left = s->above[x[0]] + 2 * s->row[x[0]] + s->below[x[0]];
    int32_t right = s->above[x[2]] + 2 * s->row[x[2]] + s->below[x[2]];
    int32_t top = s->above[x[0]] + 2 * s->above[x[1]] + s->above[x[2]];
    int32_t bottom = s->below[x[0]] + 2 * s->below[x[1]] + s->below[x[2]];
    *dx = (int16_t)(right - left);
    *dy = (int16_t)(bottom - top);
}

static uint32_t outside(int64_t i, uint32_t n, bool reflect) {
    if (reflect) return (uint32_t)image_reflect(i, n);
    return i < 0 ? 0 : i >= n ? n - 1 : (uint32_t)i;
}

/* One channel of an image. reflect: mirrored outside, else repeated. */
static void gradient(const struct image *in, uint32_t channel, bool reflect, int16_t *dx,
                     int16_t *dy) {
    size_t row = (size_t)in->width * in->channels;
    struct sobel s = {.width = in->width, .step = in->channels};
    for (uint32_t y = 0; y < in->height; y++) {
        const uint8_t *from = in->pixel + channel;
        s.above = from + outside((int64_t)y - 1, in->height, reflect) * row;
        s.row = from + y * row;
        s.below = from + outside((int64_t)y + 1, in->height, reflect) * row;
        for (uint32_t x = 0; x < in->width; x++) {
            const size_t at[3] = {(size_t)outside((int64_t)x - 1, in->width, reflect) * s.step,
                                  (size_t)x * s.step,
                                  (size_t)outside((int64_t)x + 1, in->width, reflect) * s.step};
            sobel_at(&s, at, dx++, dy++);
        }
    }
}

void image_gradient(const struct image *in, int16_t *dx, int16_t *dy) {
    assert(in->channels == 1);
    gradient(in, 0, true, dx, dy);
}

bool image_sobel(const struct image *in, struct arena *scratch, const struct image_canvas *out,
                 struct err *e) {
    size_t pixels = (size_t)in->width * in->height;
    int16_t *dx = arena_alloc(scratch, pixels * sizeof *dx);
    int16_t *dy = arena_alloc(scratch, pixels * sizeof *dy);
    if (!dx || !dy) return err_memory(e);
    image_gradient(in, dx, dy);
    for (size_t i = 0; i < pixels; i++) {
        float length = sqrtf((float)(dx[i] * dx[i] + dy[i] * dy[i]));
        out->pixel[i] = length < 255 ? (uint8_t)lrintf(length) : 0xFF;
    }
    return true;
}

/* Arrays of Canny; those of a pixel have a border of one, so that all have neighbours. */
struct canny {
    uint32_t width, height;
    size_t row; /* width + 2 */
    int16_t *dx, *dy;
    int32_t *length; /* bordered */
    uint8_t *mark;   /* bordered: enum mark */
    size_t *stack;
    size_t depth;
};

static bool canny_reserve(struct canny *k, const struct image *in, struct arena *a, struct err *e) {
    size_t pixels = (size_t)in->width * in->height;
    k->width = in->width;
    k->height = in->height;
    k->row = (size_t)in->width + 2;
    k->dx = arena_alloc(a, pixels * sizeof *k->dx);
    k->dy = arena_alloc(a, pixels * sizeof *k->dy);
    k->length = arena_zalloc(a, k->row * (in->height + 2), sizeof *k->length);
    k->mark = arena_zalloc(a, k->row * (in->height + 2), sizeof *k->mark);
    k->stack = arena_alloc(a, pixels * sizeof *k->stack);
    return (k->dx && k->dy && k->length && k->mark && k->stack) || err_memory(e);
}

static void measure(struct canny *k) {
    const int16_t *dx = k->dx, *dy = k->dy;
    for (uint32_t y = 0; y < k->height; y++) {
        int32_t *to = k->length + (y + 1) * k->row + 1;
        for (uint32_t x = 0; x < k->width; x++) to[x] = abs(*dx++) + abs(*dy++);
    }
}

/* Keeps, pixel by pixel, the channel whose gradient is longer. */
static void take_steeper(struct canny *k, const int16_t *dx, const int16_t *dy) {
    size_t pixels = (size_t)k->width * k->height;
    for (size_t i = 0; i < pixels; i++) {
        if (abs(dx[i]) + abs(dy[i]) <= abs(k->dx[i]) + abs(k->dy[i])) continue;
        k->dx[i] = dx[i];
        k->dy[i] = dy[i];
    }
}

static bool gradients(struct canny *k, const struct image *in, struct arena *a, struct err *e) {
    uint32_t last = in->channels >= 3 ? 2 : 0; /* alpha is no colour; of equals the last counts */
    size_t pixels = (size_t)k->width * k->height;
    gradient(in, last, false, k->dx, k->dy);
    if (last == 0) return true;
    int16_t *dx = arena_alloc(a, pixels * sizeof *dx), *dy = arena_alloc(a, pixels * sizeof *dy);
    if (!dx || !dy) return err_memory(e);
    for (uint32_t c = last; c-- > 0;) {
        gradient(in, c, false, dx, dy);
        take_steeper(k, dx, dy);
    }
    return true;
}

/* Is the pixel longer than its neighbours along its gradient? `m` points into length. */
static bool is_ridge(const int32_t *m, size_t row, int32_t dx, int32_t dy) {
    int32_t x = abs(dx);
    int64_t y = (int64_t)abs(dy) << TAN_BITS, flat = (int64_t)x * TAN_22;
    int64_t steep = flat + ((int64_t)x << (TAN_BITS + 1));
    if (y < flat) return *m > m[-1] && *m >= m[1];
    if (y > steep) return *m > *(m - row) && *m >= m[row];
    ptrdiff_t side = (dx ^ dy) < 0 ? -1 : 1;
    return *m > *(m - row - side) && *m > *(m + row + side);
}

static void find_ridges(struct canny *k, int32_t low, int32_t high) {
    for (uint32_t y = 0; y < k->height; y++) {
        for (uint32_t x = 0; x < k->width; x++) {
            size_t at = (y + 1) * k->row + x + 1, i = (size_t)y * k->width + x;
            if (k->length[at] <= low) continue;
            if (!is_ridge(k->length + at, k->row, k->dx[i], k->dy[i])) continue;
            bool edge = k->length[at] > high;
            k->mark[at] = edge ? MARK_EDGE : MARK_WEAK;
            if (edge) k->stack[k->depth++] = at;
        }
    }
}

static void spread(struct canny *k) {
    const ptrdiff_t row = (ptrdiff_t)k->row;
    const ptrdiff_t around[] = {-row - 1, -row, -row + 1, -1, 1, row - 1, row, row + 1};
    while (k->depth > 0) {
        size_t at = k->stack[--k->depth];
        for (int i = 0; i < 8; i++) {
            size_t next = (size_t)((ptrdiff_t)at + around[i]);
            if (k->mark[next] != MARK_WEAK) continue;
            k->mark[next] = MARK_EDGE;
            k->stack[k->depth++] = next;
        }
    }
}

bool image_canny(const struct image *in, const struct image_canny *limits, struct arena *scratch,
                 const struct image_canvas *out, struct err *e) {
    struct canny k = {.depth = 0};
    double low = fmin(limits->low, limits->high), high = fmax(limits->low, limits->high);
    assert(low >= 0 && high <= INT32_MAX && out->channels == 1);
    if (!canny_reserve(&k, in, scratch, e) || !gradients(&k, in, scratch, e)) return false;
    measure(&k);
    find_ridges(&k, (int32_t)low, (int32_t)high);
    spread(&k);
    for (uint32_t y = 0; y < k.height; y++) {
        const uint8_t *mark = k.mark + (y + 1) * k.row + 1;
        uint8_t *to = out->pixel + (size_t)y * k.width;
        for (uint32_t x = 0; x < k.width; x++) to[x] = mark[x] == MARK_EDGE ? 0xFF : 0;
    }
    return true;
}
