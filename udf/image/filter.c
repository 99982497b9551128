/* filter.c: blurring, sharpening, erosion and dilation, brightness; see filter.h.
 *
 * Blur computes as OpenCV does for bytes: the Gaussian's weights as multiples of 1/256, each
 * rounded with the error of those before it so that they add up to 1, across without rounding (16
 * bits), then down, rounded once.
 *
 * Erosion by a square is erosion across, then down.
 */
#include "udf/image/filter.h"

#include <assert.h>
#include <float.h>
#include <math.h>

enum { LEVELS = 256, WEIGHT_ONE = 256 };

int64_t image_reflect(int64_t i, int64_t n) {
    if (n == 1) return 0;
    while (i < 0 || i >= n) i = i < 0 ? -i : 2 * n - 2 - i;
    return i;
}

static bool no_memory(const void *at, struct err *e) {
    return !at && !err_memory(e);
}

struct kernel {
    uint32_t radius;
    uint16_t *weight; /* [2 * radius + 1], adding up to WEIGHT_ONE */
};

static bool kernel_make(double sigma, struct arena *a, struct kernel *k, struct err *e) {
    uint32_t size = (uint32_t)nearbyint(sigma * 6 + 1) | 1, radius = size / 2;
    double *exact = arena_alloc(a, size * sizeof *exact);
    k->weight = arena_zalloc(a, size, sizeof *k->weight);
    k->radius = radius;
    if (!exact || !k->weight) return err_memory(e);
    double sum = 0, error = 0;
    for (uint32_t i = 0; i < size; i++) {
        double x = (double)i - radius;
        exact[i] = exp(-x * x / (2 * sigma * sigma));
        sum += exact[i];
    }
    int32_t rest = WEIGHT_ONE;
    for (uint32_t i = 0; i < radius; i++) {
        double wanted = exact[i] / sum * WEIGHT_ONE + error;
        double whole = nearbyint(wanted);
        error = wanted - whole;
        k->weight[i] = k->weight[size - 1 - i] = (uint16_t)whole;
        rest -= 2 * (int32_t)whole;
    }
    assert(rest >= 0);
    k->weight[radius] = (uint16_t)rest;
    return true;
}

/* A row with `radius` mirrored pixels at both ends. */
static void row_widen(const uint8_t *row, const struct image *in, uint32_t radius, uint8_t *to) {
    uint32_t n = in->channels;
    for (int64_t x = -(int64_t)radius; x < (int64_t)in->width + radius; x++) {
        const uint8_t *from = row + (size_t)image_reflect(x, in->width) * n;
        for (uint32_t c = 0; c < n; c++) *to++ = from[c];
    }
}

static void add_across(uint16_t *restrict sum, const uint8_t *restrict row, uint16_t weight,
                       size_t samples) {
    for (size_t i = 0; i < samples; i++) sum[i] = (uint16_t)(sum[i] + row[i] * weight);
}

static void add_down(uint32_t *restrict sum, const uint16_t *restrict row, uint32_t weight,
                     size_t samples) {
    for (size_t i = 0; i < samples; i++) sum[i] += row[i] * weight;
}

static void round_down(const uint32_t *restrict sum, size_t samples, uint8_t *restrict to) {
    for (size_t i = 0; i < samples; i++) to[i] = (uint8_t)((sum[i] + (1U << 15)) >> 16);
}

/* across[h][w * channels]: every row blurred, 8 fractional bits. */
static void blur_across(const struct image *in, const struct kernel *k, uint8_t *wide,
                        uint16_t *across) {
    size_t samples = (size_t)in->width * in->channels;
    for (uint32_t y = 0; y < in->height; y++) {
        uint16_t *sum = across + y * samples;
        row_widen(in->pixel + y * samples, in, k->radius, wide);
        memset(sum, 0, samples * sizeof *sum);
        for (uint32_t i = 0; i <= 2 * k->radius; i++) {
            if (k->weight[i] == 0) continue;
            add_across(sum, wide + (size_t)i * in->channels, k->weight[i], samples);
        }
    }
}

bool image_blur(const struct image *in, double sigma, struct arena *scratch,
                const struct image_canvas *out, struct err *e) {
    assert(sigma > 0 && sigma <= IMAGE_SIGMA_MAX && out->channels == in->channels);
    struct kernel k;
    size_t samples = (size_t)in->width * in->channels;
    if (!kernel_make(sigma, scratch, &k, e)) return false;
    uint8_t *wide = arena_alloc(scratch, samples + (size_t)2 * k.radius * in->channels);
    uint16_t *across = arena_alloc(scratch, samples * in->height * sizeof *across);
    uint32_t *sum = arena_alloc(scratch, samples * sizeof *sum);
    if (!wide || !across || !sum) return err_memory(e);

    blur_across(in, &k, wide, across);
    for (uint32_t y = 0; y < in->height; y++) {
        memset(sum, 0, samples * sizeof *sum);
        for (uint32_t i = 0; i <= 2 * k.radius; i++) {
            if (k.weight[i] == 0) continue;
            int64_t from = image_reflect((int64_t)y + i - k.radius, in->height);
            add_down(sum, across + (size_t)from * samples, k.weight[i], samples);
        }
        round_down(sum, samples, out->pixel + y * samples);
    }
    return true;
}

static uint8_t clamp_u8(int32_t v) {
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

void image_sharpen(const struct image *in, const struct image_canvas *out) {
    size_t samples = (size_t)in->width * in->channels;
    uint32_t n = in->channels;
    for (uint32_t y = 0; y < in->height; y++) {
        const uint8_t *row = in->pixel + y * samples;
        const uint8_t *above =
            in->pixel + (size_t)image_reflect((int64_t)y - 1, in->height) * samples;
        const uint8_t *below =
            in->pixel + (size_t)image_reflect((int64_t)y + 1, in->height) * samples;
        uint8_t *to = out->pixel + y * samples;
        for (uint32_t x = 0; x < in->width; x++) {
            size_t left = (size_t)image_reflect((int64_t)x - 1, in->width) * n;
            size_t right = (size_t)image_reflect((int64_t)x + 1, in->width) * n;
            for (uint32_t c = 0; c < n; c++, to++) {
                size_t i = (size_t)x * n + c;
                *to = clamp_u8(5 * row[i] - above[i] - below[i] - row[left + c] - row[right + c]);
            }
        }
    }
}

static void keep_least(uint8_t *restrict to, const uint8_t *restrict from, size_t samples) {
    for (size_t i = 0; i < samples; i++) to[i] = from[i] < to[i] ? from[i] : to[i];
}

static void keep_most(uint8_t *restrict to, const uint8_t *restrict from, size_t samples) {
    for (size_t i = 0; i < samples; i++) to[i] = from[i] > to[i] ? from[i] : to[i];
}

/* A row against itself, shifted by up to `radius` pixels both ways. */
static void morph_row(const uint8_t *row, const struct image *in, bool dilate, uint32_t radius,
                      uint8_t *to) {
    size_t samples = (size_t)in->width * in->channels;
    memcpy(to, row, samples);
    for (uint32_t by = 1; by <= radius && by < in->width; by++) {
        size_t shift = (size_t)by * in->channels;
        (dilate ? keep_most : keep_least)(to, row + shift, samples - shift);
        (dilate ? keep_most : keep_least)(to + shift, row, samples - shift);
    }
}

bool image_morph(const struct image *in, bool dilate, uint32_t radius, struct arena *scratch,
                 const struct image_canvas *out, struct err *e) {
    assert(radius <= IMAGE_RADIUS_MAX && out->channels == in->channels);
    size_t samples = (size_t)in->width * in->channels;
    uint8_t *across = arena_alloc(scratch, samples * in->height);
    if (no_memory(across, e)) return false;
    for (uint32_t y = 0; y < in->height; y++) {
        morph_row(in->pixel + y * samples, in, dilate, radius, across + y * samples);
    }
    for (uint32_t y = 0; y < in->height; y++) {
        uint32_t first = y > radius ? y - radius : 0, last = y + radius;
        if (last > in->height - 1) last = in->height - 1;
        uint8_t *to = out->pixel + y * samples;
        memcpy(to, across + first * samples, samples);
        for (uint32_t i = first + 1; i <= last; i++) {
            (dilate ? keep_most : keep_least)(to, across + i * samples, samples);
        }
    }
    return true;
}

static void count_levels(const struct image *in, uint32_t count[LEVELS]) {
    size_t pixels = (size_t)in->width * in->height;
    assert(in->channels == 1);
    memset(count, 0, LEVELS * sizeof *count);
    for (size_t i = 0; i < pixels; i++) count[in->pixel[i]]++;
}

void image_equalize(const struct image *in, const struct image_canvas *out) {
    uint32_t count[LEVELS], first = 0;
    uint8_t level[LEVELS] = {0};
    size_t pixels = (size_t)in->width * in->height;
    count_levels(in, count);
    while (count[first] == 0) first++;
    if (count[first] == pixels) {
        memset(out->pixel, (int)first, pixels);
        return;
    }
    float scale = 255.0F / (float)(pixels - count[first]);
    uint64_t sum = 0;
    for (uint32_t i = first + 1; i < LEVELS; i++) {
        sum += count[i];
        level[i] = (uint8_t)lrintf((float)sum * scale);
    }
    for (size_t i = 0; i < pixels; i++) out->pixel[i] = level[in->pixel[i]];
}

/* Otsu 1979: the threshold between whose two classes the variance is greatest. */
uint32_t image_otsu(const struct image *in) {
    uint32_t count[LEVELS], best = 0;
    count_levels(in, count);
    double share = 1.0 / ((double)in->width * in->height), mean = 0;
    for (uint32_t i = 0; i < LEVELS; i++) mean += (double)i * count[i] * share;

    double low_mean = 0, low = 0, most = 0;
    for (uint32_t i = 0; i < LEVELS; i++) {
        double p = count[i] * share;
        low_mean *= low;
        low += p;
        double high = 1.0 - low;
        if (fmin(low, high) < FLT_EPSILON || fmax(low, high) > 1.0 - FLT_EPSILON) continue;
        low_mean = (low_mean + i * p) / low;
        double high_mean = (mean - low * low_mean) / high;
        double between = low * high * (low_mean - high_mean) * (low_mean - high_mean);
        if (between <= most) continue;
        most = between;
        best = i;
    }
    return best;
}

void image_threshold(const struct image *in, int32_t at, const struct image_canvas *out) {
    size_t pixels = (size_t)in->width * in->height;
    assert(in->channels == 1 && out->channels == 1);
    for (size_t i = 0; i < pixels; i++) out->pixel[i] = in->pixel[i] > at ? 0xFF : 0;
}
