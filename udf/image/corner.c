/* corner.c: corners after Shi and Tomasi 1994: where the smaller eigenvalue of the gradients' 3 x 3
 * covariance is largest among its neighbours, at least 0.01 of the largest, and at least 10 pixels
 * from every stronger corner. Pixels of the border are none. Of equals the later one comes first.
 */
#include "udf/image/feature.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "udf/image/filter.h"

#define QUALITY 0.01F
enum { DISTANCE = 10 };

/* The three products of gradients at each pixel, summed over a row of three or a square. */
struct products {
    float xx, xy, yy;
};

/* Sobel's gradients of brightness 0..1 times 1/12, so that responses are OpenCV's. */
static struct products *products_make(const struct image *in, struct arena *a) {
    size_t pixels = (size_t)in->width * in->height;
    int16_t *dx = arena_alloc(a, pixels * sizeof *dx), *dy = arena_alloc(a, pixels * sizeof *dy);
    struct products *p = arena_alloc(a, pixels * sizeof *p);
    if (!dx || !dy || !p) return NULL;
    image_gradient(in, dx, dy);
    for (size_t i = 0; i < pixels; i++) {
        float x = (float)dx[i] * (1 / (12.0F * 255)), y = (float)dy[i] * (1 / (12.0F * 255));
        p[i] = (struct products){x * x, x * y, y * y};
    }
    return p;
}

static void add(struct products *sum, const struct products *p) {
    sum->xx += p->xx;
    sum->xy += p->xy;
    sum->yy += p->yy;
}

/* The smaller eigenvalue at each pixel. */
static void responses(const struct image *in, const struct products *p, float *out) {
    for (int64_t y = 0; y < in->height; y++) {
        for (int64_t x = 0; x < in->width; x++) {
            struct products s = {0, 0, 0};
            for (int64_t i = 0; i < 9; i++) {
                int64_t row = image_reflect(y + i / 3 - 1, in->height);
                add(&s, &p[row * in->width + image_reflect(x + i % 3 - 1, in->width)]);
            }
            float a = s.xx * 0.5F, c = s.yy * 0.5F;
            *out++ = a + c - sqrtf((a - c) * (a - c) + s.xy * s.xy);
        }
    }
}

static bool is_peak(const float *at, size_t width) {
    for (int i = 0; i < 9; i++) {
        if (*(at + ((ptrdiff_t)(i / 3) - 1) * (ptrdiff_t)width + i % 3 - 1) > *at) return false;
    }
    return true;
}

static int stronger_first(const void *a, const void *b) {
    const struct image_corner *p = a, *q = b;
    if (p->response != q->response) return p->response > q->response ? -1 : 1;
    if (p->y != q->y) return p->y > q->y ? -1 : 1;
    return (p->x < q->x) - (p->x > q->x);
}

static uint32_t find_peaks(const struct image *in, const float *response, float least,
                           struct image_corner *to) {
    uint32_t count = 0;
    for (uint32_t y = 1; y + 1 < in->height; y++) {
        for (uint32_t x = 1; x + 1 < in->width; x++) {
            const float *at = response + (size_t)y * in->width + x;
            if (*at <= least || !is_peak(at, in->width)) continue;
            if (to) to[count] = (struct image_corner){x, y, *at};
            count++;
        }
    }
    return count;
}

/* Squares of DISTANCE pixels, each with the list of the corners in it. */
struct grid {
    uint32_t columns, rows;
    uint32_t *head, *next; /* corner + 1; 0: no more */
};

static bool is_free(const struct grid *g, const struct image_corner *corner,
                    const struct image_corner *of) {
    uint32_t column = of->x / DISTANCE, row = of->y / DISTANCE;
    for (uint32_t i = 0; i < 9; i++) {
        uint32_t r = row + i / 3 - 1, c = column + i % 3 - 1; /* wraps below 0 */
        if (r >= g->rows || c >= g->columns) continue;
        for (uint32_t k = g->head[(size_t)r * g->columns + c]; k; k = g->next[k - 1]) {
            int64_t dx = (int64_t)corner[k - 1].x - of->x, dy = (int64_t)corner[k - 1].y - of->y;
            if (dx * dx + dy * dy < DISTANCE * DISTANCE) return false;
        }
    }
    return true;
}

/* Keeps, from the strongest on, those that are far from all kept; returns how many. */
static bool thin_out(const struct image *in, struct image_corner *corner, uint32_t *count,
                     uint32_t most, struct arena *a, struct err *e) {
    struct grid g = {.columns = in->width / DISTANCE + 1, .rows = in->height / DISTANCE + 1};
    uint32_t kept = 0;
    g.head = arena_zalloc(a, (size_t)g.columns * g.rows, sizeof *g.head);
    g.next = arena_alloc(a, most * sizeof *g.next);
    if (!g.head || !g.next) return err_memory(e);
    for (uint32_t i = 0; i < *count && kept < most; i++) {
        if (!is_free(&g, corner, &corner[i])) continue;
        size_t square = (size_t)(corner[i].y / DISTANCE) * g.columns + corner[i].x / DISTANCE;
        corner[kept] = corner[i];
        g.next[kept] = g.head[square];
        g.head[square] = ++kept;
    }
    *count = kept;
    return true;
}

bool image_corners(const struct image *in, uint32_t most, struct arena *scratch,
                   struct image_corner **corner_out, uint32_t *corners_out, struct err *e) {
    size_t pixels = (size_t)in->width * in->height;
    assert(in->channels == 1 && most >= 1 && most <= CORNERS_MAX);
    struct products *p = products_make(in, scratch);
    float *response = arena_alloc(scratch, pixels * sizeof *response);
    if (!p || !response) return err_memory(e);
    responses(in, p, response);
    float strongest = 0;
    for (size_t i = 0; i < pixels; i++) strongest = fmaxf(strongest, response[i]);

    uint32_t count = find_peaks(in, response, strongest * QUALITY, NULL);
    struct image_corner *corner = arena_alloc(scratch, (count + 1) * sizeof *corner);
    if (!corner) return err_memory(e);
    find_peaks(in, response, strongest * QUALITY, corner);
    qsort(corner, count, sizeof *corner, stronger_first);
    if (!thin_out(in, corner, &count, most, scratch, e)) return false;
    *corner_out = corner;
    *corners_out = count;
    return true;
}
