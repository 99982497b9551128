/* feature.c: histogram, local binary patterns, moments, perceptual hash; see feature.h.
 *
 * LBP (Ojala, Pietikäinen, Mäenpää 2002), P = 8, R = 1, riu2: eight places on the circle of radius
 * 1, bilinear between pixels, each a bit: not darker than the centre. A pattern with at most two
 * changes around the circle counts by its number of ones (0..8), any other as 9. The outermost
 * pixels have no circle.
 *
 * Moments (Hu 1962): of the brightness as mass; central ones divided by m00 ^ (1 + (p + q) / 2).
 *
 * Hash (Zauner 2010): area-resized to 32 x 32, DCT-II, the 8 x 8 coefficients behind the first row
 * and column, a bit each, row by row from the highest: above their median.
 */
#include "udf/image/feature.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum { LEVELS = 256, HASH_SIDE = 32, HASH_KEPT = 8, HASH_BITS = 64 };

#define FINE 1e6 /* coefficients of a flat image are 0, not noise */
#define PI 3.14159265358979323846

void image_histogram(const struct image *in, uint32_t bins, float *out) {
    uint32_t count[LEVELS] = {0};
    size_t pixels = (size_t)in->width * in->height;
    assert(in->channels == 1 && bins >= 1 && bins <= HISTOGRAM_BINS_MAX);
    for (size_t i = 0; i < pixels; i++) count[in->pixel[i]]++;
    double share[HISTOGRAM_BINS_MAX] = {0};
    for (uint32_t v = 0; v < LEVELS; v++) share[v * bins / LEVELS] += count[v];
    for (uint32_t i = 0; i < bins; i++) out[i] = (float)(share[i] / (double)pixels);
}

/* Brightness at an offset of at most 1 from a pixel. */
static double between(const uint8_t *p, ptrdiff_t row, double dx, double dy) {
    ptrdiff_t x = dx < 0 ? -1 : 0, y = dy < 0 ? -1 : 0;
    const uint8_t *q = p + y * row + x;
    double fx = dx - (double)x, fy = dy - (double)y;
    ptrdiff_t right = fx > 0 ? 1 : 0, down = fy > 0 ? row : 0;
    double top = q[0] + (q[right] - q[0]) * fx;
    double bottom = q[down] + (q[down + right] - q[down]) * fx;
    return top + (bottom - top) * fy;
}

/* Which of the ten kinds the pattern around a pixel is. */
static uint32_t pattern_at(const uint8_t *p, ptrdiff_t row) {
    static const double d = 0.70710678118654752440;
    const double circle[8] = {p[1],  between(p, row, d, -d), p[-row], between(p, row, -d, -d),
                              p[-1], between(p, row, -d, d), p[row],  between(p, row, d, d)};
    uint32_t ones = 0, changes = 0;
    bool before = circle[7] >= p[0];
    for (int i = 0; i < 8; i++) {
        bool bit = circle[i] >= p[0];
        ones += bit;
        changes += bit != before;
        before = bit;
    }
    return changes <= 2 ? ones : LBP_VALUES - 1;
}

void image_lbp(const struct image *in, float *out) {
    uint64_t count[LBP_VALUES] = {0}, sum = 0;
    assert(in->channels == 1);
    for (uint32_t y = 1; y + 1 < in->height; y++) {
        const uint8_t *row = in->pixel + (size_t)y * in->width;
        for (uint32_t x = 1; x + 1 < in->width; x++) count[pattern_at(row + x, in->width)]++;
    }
    for (int i = 0; i < LBP_VALUES; i++) sum += count[i];
    for (int i = 0; i < LBP_VALUES; i++) {
        out[i] = sum ? (float)((double)count[i] / (double)sum) : 0;
    }
}

/* Sums of v * x^p * y^q about the centre, for p + q of 2 and 3. */
struct central {
    double m20, m11, m02, m30, m21, m12, m03;
};

static void add_row(const uint8_t *row, uint32_t width, double cx, double y, struct central *m) {
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (uint32_t i = 0; i < width; i++) {
        double x = i - cx, v = row[i];
        s0 += v;
        s1 += v * x;
        s2 += v * x * x;
        s3 += v * x * x * x;
    }
    m->m20 += s2;
    m->m11 += s1 * y;
    m->m02 += s0 * y * y;
    m->m30 += s3;
    m->m21 += s2 * y;
    m->m12 += s1 * y * y;
    m->m03 += s0 * y * y * y;
}

/* Mass and centre. */
static double center(const struct image *in, double *cx, double *cy) {
    double mass = 0, sum_x = 0, sum_y = 0;
    for (uint32_t y = 0; y < in->height; y++) {
        const uint8_t *row = in->pixel + (size_t)y * in->width;
        uint64_t s0 = 0, s1 = 0;
        for (uint32_t x = 0; x < in->width; x++) {
            s0 += row[x];
            s1 += (uint64_t)row[x] * x;
        }
        mass += (double)s0;
        sum_x += (double)s1;
        sum_y += (double)s0 * y;
    }
    *cx = mass > 0 ? sum_x / mass : 0;
    *cy = mass > 0 ? sum_y / mass : 0;
    return mass;
}

static void seven(const struct central *n, float *out) {
    double t0 = n->m30 + n->m12, t1 = n->m21 + n->m03, q0 = t0 * t0, q1 = t1 * t1;
    double s = n->m20 + n->m02, d = n->m20 - n->m02, n4 = 4 * n->m11;
    double p0 = n->m30 - 3 * n->m12, p1 = 3 * n->m21 - n->m03;
    double u0 = t0 * (q0 - 3 * q1), u1 = t1 * (3 * q0 - q1);
    out[0] = (float)s;
    out[1] = (float)(d * d + n4 * n->m11);
    out[2] = (float)(p0 * p0 + p1 * p1);
    out[3] = (float)(q0 + q1);
    out[4] = (float)(p0 * u0 + p1 * u1);
    out[5] = (float)(d * (q0 - q1) + n4 * t0 * t1);
    out[6] = (float)(p1 * u0 - p0 * u1);
}

void image_hu_moments(const struct image *in, float *out) {
    struct central m = {0};
    double cx, cy, mass = center(in, &cx, &cy);
    assert(in->channels == 1);
    for (uint32_t y = 0; y < in->height; y++) {
        add_row(in->pixel + (size_t)y * in->width, in->width, cx, y - cy, &m);
    }
    double two = mass > 0 ? 1 / (mass * mass) : 0, three = mass > 0 ? two / sqrt(mass) : 0;
    const struct central n = {.m20 = m.m20 * two,
                              .m11 = m.m11 * two,
                              .m02 = m.m02 * two,
                              .m30 = m.m30 * three,
                              .m21 = m.m21 * three,
                              .m12 = m.m12 * three,
                              .m03 = m.m03 * three};
    seven(&n, out);
}

/* Coefficients 1..HASH_KEPT of the DCT-II of `count` values `step` apart. */
static void dct_part(const double *from, size_t step, double to[HASH_KEPT]) {
    for (int k = 0; k < HASH_KEPT; k++) {
        double sum = 0;
        for (int i = 0; i < HASH_SIDE; i++) {
            sum += from[(size_t)i * step] * cos(PI / HASH_SIDE * (i + 0.5) * (k + 1));
        }
        to[k] = sum;
    }
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

bool image_phash(const struct image *in, struct arena *scratch, uint64_t *out, struct err *e) {
    const struct image_info size = {.width = HASH_SIDE, .height = HASH_SIDE};
    double level[HASH_SIDE * HASH_SIDE], across[HASH_SIDE][HASH_KEPT];
    double kept[HASH_KEPT][HASH_KEPT], column[HASH_KEPT], sorted[HASH_BITS];
    struct image_canvas small;
    assert(in->channels == 1);
    if (!image_resize(in, &size, IMAGE_AREA, scratch, &small, e)) return false;
    for (int i = 0; i < HASH_SIDE * HASH_SIDE; i++) level[i] = small.pixel[i];
    for (int y = 0; y < HASH_SIDE; y++) {
        dct_part(level + (size_t)y * HASH_SIDE, 1, across[y]);
    }
    for (int x = 0; x < HASH_KEPT; x++) {
        dct_part(&across[0][x], HASH_KEPT, column);
        for (int y = 0; y < HASH_KEPT; y++) kept[y][x] = nearbyint(column[y] * FINE) / FINE;
    }
    memcpy(sorted, kept, sizeof sorted);
    qsort(sorted, HASH_BITS, sizeof *sorted, ascending);
    double median = (sorted[HASH_BITS / 2 - 1] + sorted[HASH_BITS / 2]) / 2;
    uint64_t hash = 0;
    for (int i = 0; i < HASH_BITS; i++) {
        hash = hash << 1 | (kept[i / HASH_KEPT][i % HASH_KEPT] > median);
    }
    *out = hash;
    return true;
}
