/* resize.c: image_resize(): nearest, bilinear and area, with OpenCV's geometry.
 *
 * Pixel x of the result has its centre at (x + 0.5) * scale - 0.5 of the source; nearest takes
 * floor(x * scale). Area averages the exact box of source pixels where both sides shrink; where one
 * grows it is bilinear with OpenCV's own placement, which keeps pixels sharp.
 *
 * Bilinear goes down first: two source rows become one of 16 bits with 8 fractional ones, by
 * multiplications that keep the high half, and only as many rows as the result has are then
 * narrowed. Weights have 16 bits, so a result is within 1/128 of the exact one before rounding.
 *
 * Area goes across first, source row by source row, and adds rows up as floats.
 */
#include <assert.h>
#include <math.h>

#include "udf/image/image.h"

enum { ONE = 1 << 16 };

/* One place of the result: between source indices `at` and `at2`, `weight` / ONE of the second. */
struct tap {
    uint32_t at, at2;
    uint32_t weight;
};

static struct tap tap_at(double place, uint32_t count) {
    double floor_of = floor(place);
    double part = place - floor_of;
    if (floor_of < 0) return (struct tap){0, 0, 0};
    if (floor_of >= count - 1) return (struct tap){count - 1, count - 1, 0};
    uint32_t at = (uint32_t)floor_of;
    uint32_t weight = (uint32_t)(part * ONE + 0.5);
    if (weight == ONE) return (struct tap){at + 1, at + 1, 0};
    return (struct tap){at, at + 1, weight};
}

/* Source pixels a pixel of the result: rounded as OpenCV rounds it, since places are cut by it. */
static double scale_of(uint32_t from, uint32_t to) {
    return 1.0 / ((double)to / from);
}

/* OpenCV's area for sides that grow. */
static double area_place(uint32_t i, double scale, double grows) {
    double at = floor(i * scale);
    float part = (float)((i + 1) - (at + 1) * grows); /* a float: or it is just below 1 */
    return at + (double)(part <= 0 ? 0 : part - floorf(part));
}

static struct tap *taps_new(struct arena *a, uint32_t from, uint32_t to, bool area) {
    struct tap *t = arena_alloc(a, to * sizeof *t);
    double scale = scale_of(from, to), grows = (double)to / from;
    for (uint32_t i = 0; t && i < to; i++) {
        t[i] = tap_at(area ? area_place(i, scale, grows) : (i + 0.5) * scale - 0.5, from);
    }
    return t;
}

/* Two rows as one: 8 fractional bits. */
static void blend_rows(const uint8_t *restrict a, const uint8_t *restrict b, uint32_t weight,
                       size_t samples, uint16_t *restrict to) {
    if (weight == 0) {
        for (size_t i = 0; i < samples; i++) to[i] = (uint16_t)(a[i] << 8);
        return;
    }
    uint16_t wa = (uint16_t)(ONE - weight), wb = (uint16_t)weight;
    for (size_t i = 0; i < samples; i++) {
        uint16_t high_a = (uint16_t)(a[i] << 8), high_b = (uint16_t)(b[i] << 8);
        uint16_t part_a = (uint16_t)((uint32_t)high_a * wa >> 16);
        uint16_t part_b = (uint16_t)((uint32_t)high_b * wb >> 16);
        to[i] = (uint16_t)(part_a + part_b);
    }
}

#define DEFINE_NARROW(channels)                                                                    \
    static void narrow_##channels(const uint16_t *from, const struct tap *tap, uint32_t width,     \
                                  uint8_t *to) {                                                   \
        for (uint32_t x = 0; x < width; x++, to += (channels)) {                                   \
            const uint16_t *a = from + (size_t)tap[x].at * (channels);                             \
            const uint16_t *b = from + (size_t)tap[x].at2 * (channels);                            \
            uint32_t wb = tap[x].weight, wa = ONE - wb;                                            \
            for (uint32_t c = 0; c < (channels); c++) {                                            \
                to[c] = (uint8_t)((a[c] * wa + b[c] * wb + (UINT32_C(1) << 23)) >> 24);            \
            }                                                                                      \
        }                                                                                          \
    }

DEFINE_NARROW(1)
DEFINE_NARROW(2)
DEFINE_NARROW(3)
DEFINE_NARROW(4)

typedef void narrow_fn(const uint16_t *from, const struct tap *tap, uint32_t width, uint8_t *to);
static narrow_fn *const narrows[] = {NULL, narrow_1, narrow_2, narrow_3, narrow_4};

static bool resize_bilinear(const struct image *from, bool area, struct arena *a,
                            const struct image_canvas *to, struct err *e) {
    size_t row = (size_t)from->width * from->channels;
    struct tap *across = taps_new(a, from->width, to->width, area);
    struct tap *down = taps_new(a, from->height, to->height, area);
    uint16_t *blended = arena_alloc(a, row * sizeof *blended);
    if (!across || !down || !blended) return err_memory(e);
    for (uint32_t y = 0; y < to->height; y++) {
        const struct tap *t = &down[y];
        blend_rows(from->pixel + t->at * row, from->pixel + t->at2 * row, t->weight, row, blended);
        narrows[to->channels](blended, across, to->width,
                              to->pixel + (size_t)y * to->width * to->channels);
    }
    return true;
}

static bool resize_nearest(const struct image *from, struct arena *a, const struct image_canvas *to,
                           struct err *e) {
    uint32_t *across = arena_alloc(a, to->width * sizeof *across);
    double scale_x = scale_of(from->width, to->width), scale_y = scale_of(from->height, to->height);
    uint32_t n = from->channels;
    if (!across) return err_memory(e);
    for (uint32_t x = 0; x < to->width; x++) {
        uint32_t at = (uint32_t)(x * scale_x);
        across[x] = (at < from->width ? at : from->width - 1) * n;
    }
    uint8_t *out = to->pixel;
    for (uint32_t y = 0; y < to->height; y++) {
        uint32_t at = (uint32_t)(y * scale_y);
        if (at >= from->height) at = from->height - 1;
        const uint8_t *row = from->pixel + (size_t)at * from->width * n;
        for (uint32_t x = 0; x < to->width; x++, out += n) {
            for (uint32_t c = 0; c < n; c++) out[c] = row[across[x] + c];
        }
    }
    return true;
}

/* The source pixels first .. first + count - 1 make one of the result; those at the ends count in
 * part. The weights add up to 1. */
struct box {
    uint32_t first, count;
    float begin, middle, end; /* weight of the first, of each between, of the last */
};

static struct box box_at(uint32_t i, double scale, uint32_t from) {
    double begin = i * scale, end = begin + scale;
    if (end > from) end = from;
    uint32_t first = (uint32_t)begin, last = (uint32_t)ceil(end) - 1;
    if (end - last < 1e-3 && last > first) last--; /* slivers that rounding makes */
    if (first + 1 - begin < 1e-3 && first < last) first++;
    double low = begin > first ? begin : first, high = end < last + 1 ? end : last + 1;
    double size = high - low;
    struct box b = {.first = first, .count = last - first + 1, .middle = (float)(1 / size)};
    b.begin = (float)((b.count == 1 ? size : first + 1 - low) / size);
    b.end = (float)((high - last) / size);
    return b;
}

static float box_weight(const struct box *b, uint32_t i) {
    if (i == 0) return b->begin;
    return i + 1 == b->count ? b->end : b->middle;
}

/* One row across: sums of each channel over each box. */
#define DEFINE_AREA(channels)                                                                      \
    static void area_##channels(const uint8_t *from, const struct box *box, uint32_t width,        \
                                float *to) {                                                       \
        for (uint32_t x = 0; x < width; x++, to += (channels)) {                                   \
            const struct box *b = &box[x];                                                         \
            const uint8_t *first = from + (size_t)b->first * (channels);                           \
            const uint8_t *last = first + (size_t)(b->count - 1) * (channels);                     \
            uint32_t sum[channels] = {0};                                                          \
            for (const uint8_t *at = first + (channels); at < last; at += (channels)) {            \
                for (uint32_t c = 0; c < (channels); c++) sum[c] += at[c];                         \
            }                                                                                      \
            float end = b->count > 1 ? b->end : 0;                                                 \
            for (uint32_t c = 0; c < (channels); c++) {                                            \
                to[c] = b->begin * first[c] + b->middle * (float)sum[c] + end * last[c];           \
            }                                                                                      \
        }                                                                                          \
    }

DEFINE_AREA(1)
DEFINE_AREA(2)
DEFINE_AREA(3)
DEFINE_AREA(4)

typedef void area_fn(const uint8_t *from, const struct box *box, uint32_t width, float *to);
static area_fn *const areas[] = {NULL, area_1, area_2, area_3, area_4};

static void add_row(float *restrict sum, const float *restrict row, float weight, size_t samples) {
    for (size_t i = 0; i < samples; i++) sum[i] += weight * row[i];
}

static void round_row(const float *restrict sum, size_t samples, uint8_t *restrict to) {
    for (size_t i = 0; i < samples; i++) to[i] = (uint8_t)(int32_t)(sum[i] + 0.5F);
}

static bool resize_area(const struct image *from, struct arena *a, const struct image_canvas *to,
                        struct err *e) {
    size_t samples = (size_t)to->width * to->channels;
    size_t from_row = (size_t)from->width * from->channels;
    struct box *across = arena_alloc(a, to->width * sizeof *across);
    float *row = arena_alloc(a, samples * sizeof *row);
    float *sum = arena_alloc(a, samples * sizeof *sum);
    double scale_x = scale_of(from->width, to->width), scale_y = scale_of(from->height, to->height);
    if (!across || !row || !sum) return err_memory(e);
    for (uint32_t x = 0; x < to->width; x++) across[x] = box_at(x, scale_x, from->width);

    uint32_t done = UINT32_MAX; /* the source row that `row` holds */
    for (uint32_t y = 0; y < to->height; y++) {
        struct box b = box_at(y, scale_y, from->height);
        memset(sum, 0, samples * sizeof *sum);
        for (uint32_t i = 0; i < b.count; i++) {
            uint32_t at = b.first + i;
            if (at != done)
                areas[to->channels](from->pixel + at * from_row, across, to->width, row);
            done = at;
            add_row(sum, row, box_weight(&b, i), samples);
        }
        round_row(sum, samples, to->pixel + y * samples);
    }
    return true;
}

bool image_resize(const struct image *from, const struct image_info *size, enum image_filter filter,
                  struct arena *a, struct image_canvas *out, struct err *e) {
    const struct image_info own = {
        .width = size->width, .height = size->height, .channels = from->channels};
    struct image_canvas to;
    if (!image_canvas(a, &own, &to, e)) return false;
    bool shrinks = from->width >= to.width && from->height >= to.height;
    bool ok;
    struct arena_mark mark = arena_mark(a); /* what follows is scratch */
    if (from->width == to.width && from->height == to.height) {
        memcpy(to.pixel, from->pixel, (size_t)to.width * to.height * to.channels);
        ok = true;
    } else if (filter == IMAGE_NEAREST) {
        ok = resize_nearest(from, a, &to, e);
    } else if (filter == IMAGE_AREA && shrinks) {
        ok = resize_area(from, a, &to, e);
    } else {
        ok = resize_bilinear(from, filter == IMAGE_AREA, a, &to, e);
    }
    arena_rewind(a, mark);
    if (ok) *out = to;
    return ok;
}
