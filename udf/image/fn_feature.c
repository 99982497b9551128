/* fn_feature.c: image functions that measure: see feature.h. */
#include "udf/image/feature.h"

#include "engine/base/builder.h"
#include "udf/image/row.h"
#include "udf/table.h"

static bool histogram(struct image_row *r, const struct image *in, float *out, uint32_t count,
                      struct err *e) {
    struct image gray;
    if (count == 0)
        return image_wrong(r, e, "the number of bins must be 1 to %d", HISTOGRAM_BINS_MAX);
    if (!image_convert(in, 1, r->scratch, &gray, e)) return false;
    image_histogram(&gray, count, out);
    return true;
}

/* The bins asked for; 0: that cannot be. */
static uint32_t histogram_bins(const struct image_row *r) {
    int64_t bins = arg_i64(r->c, 1, r->row);
    return bins >= 1 && bins <= HISTOGRAM_BINS_MAX ? (uint32_t)bins : 0;
}

static bool histogram_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    static const struct image_call how = {.vector = histogram, .vector_count = histogram_bins};
    return image_call_run(c, out, &how, e);
}

/* VECTOR(bins) where the number is written in the query, else of any length. */
static const struct type *histogram_type(const struct fn_bind *b, struct err *e) {
    const struct column *bins = b->constant[1];
    uint32_t dim = DIM_ANY;
    if (bins && column_has(bins, 0)) {
        int64_t n = bins->as.i64[0];
        if (n < 1 || n > HISTOGRAM_BINS_MAX) {
            err_set(e, ERR_SQL, "22023", "the number of bins must be 1 to %d", HISTOGRAM_BINS_MAX);
            return NULL;
        }
        dim = (uint32_t)n;
    }
    const struct type *t = type_tensor(b->arena, 1, &dim);
    if (!t) err_memory(e);
    return t;
}

static bool hog(struct image_row *r, const struct image *in, float *out, uint32_t count,
                struct err *e) {
    const struct image_info size = {.width = HOG_WIDTH, .height = HOG_HEIGHT};
    struct image_canvas window;
    assert(count == HOG_VALUES);
    if (!image_resize(in, &size, IMAGE_BILINEAR, r->scratch, &window, e)) return false;
    const struct image image = image_of(&window);
    return image_hog(&image, r->scratch, out, e);
}
DEFINE_IMAGE_TO_VECTOR(hog)

static bool lbp(struct image_row *r, const struct image *in, float *out, uint32_t count,
                struct err *e) {
    struct image gray;
    assert(count == LBP_VALUES);
    if (!image_convert(in, 1, r->scratch, &gray, e)) return false;
    if (in->width < 3 || in->height < 3)
        return image_wrong(r, e, "an image of %u x %u pixels has no patterns", in->width,
                           in->height);
    image_lbp(&gray, out);
    return true;
}
DEFINE_IMAGE_TO_VECTOR(lbp)

static bool hu(struct image_row *r, const struct image *in, float *out, uint32_t count,
               struct err *e) {
    struct image gray;
    assert(count == HU_VALUES);
    if (!image_convert(in, 1, r->scratch, &gray, e)) return false;
    image_hu_moments(&gray, out);
    return true;
}
DEFINE_IMAGE_TO_VECTOR(hu)

static bool phash(struct image_row *r, struct fn_result *out, struct err *e) {
    struct image in;
    uint64_t hash;
    if (!image_arg(r, 0, &in, e) || !image_convert(&in, 1, r->scratch, &in, e)) return false;
    if (!image_phash(&in, r->scratch, &hash, e)) return false;
    out->as.i64[r->row] = (int64_t)hash;
    return true;
}
DEFINE_IMAGE_OTHER(phash)

static bool hamming_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    uint64_t differ = (uint64_t)arg_i64(c, 0, row) ^ (uint64_t)arg_i64(c, 1, row);
    out->as.i64[row] = __builtin_popcountll(differ);
    return true;
}
DEFINE_EACH(hamming)

/* One row's corners appended to the list. */
static bool corners_of(struct image_row *r, struct column_builder *list, struct err *e) {
    struct image_corner *corner;
    static const struct image_range range = {"number of corners", 1, CORNERS_MAX};
    uint32_t most, count;
    struct image in;
    if (!image_count(r, 1, &range, &most, e)) return false;
    if (!image_arg(r, 0, &in, e) || !image_convert(&in, 1, r->scratch, &in, e)) return false;
    if (!image_corners(&in, most, r->scratch, &corner, &count, e)) return false;
    struct column_builder *item = &list->child[0];
    for (uint32_t i = 0; i < count; i++) {
        builder_i64(&item->child[0], corner[i].x);
        builder_i64(&item->child[1], corner[i].y);
        builder_f64(&item->child[2], (double)corner[i].response);
        builder_row(item);
    }
    builder_span(list, count);
    return !list->failed || err_memory(e);
}

/* Builds the lists of all rows: those that are not wanted or fail get none. */
static bool corners_build(struct fn_call *c, struct arena *scratch, struct column_builder *list,
                          struct err *e) {
    for (uint32_t row = 0, next = 0; row < c->rows; row++) {
        struct image_row r = {.c = c, .row = row, .scratch = scratch};
        bool wanted = next < c->live && call_row(c, next) == row;
        next += wanted;
        if (!wanted || !corners_of(&r, list, e)) {
            if (wanted && e->code != ERR_DATA) return false;
            if (wanted) fn_fail(c, row, e->sqlstate, "%s", e->message);
            builder_null(list);
        }
        arena_reset(scratch);
    }
    return true;
}

static bool corners_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    struct column_builder list;
    struct column made;
    struct arena scratch;
    if (!builder_init(&list, c->arena, c->type, c->rows)) return err_memory(e);
    arena_init(&scratch, c->arena->limit_bytes);
    bool ok = corners_build(c, &scratch, &list, e);
    arena_done(&scratch);
    if (!ok) return false;
    if (!builder_column(&list, &made)) return err_memory(e);
    memcpy(out->as.span, made.as.span, c->rows * sizeof *out->as.span);
    out->child = made.child;
    return true;
}

#define DOT "image_decode(CAST('P2 3 3 255 0 0 0 0 90 0 0 0 0' AS BLOB))"

static const struct fn table[] = {
    {.name = "image_histogram",
     .sig = "image_histogram(IMAGE, BIGINT) VECTOR(*)",
     .doc = "the share of the pixels in each of so many equal ranges of brightness (1 to 256)",
     .example = "CAST(image_histogram(" DOT ", 2) AS TEXT) = '[1.0,0.0]'",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .type = histogram_type,
     .call = histogram_call},
    {.name = "image_hog",
     .sig = "image_hog(IMAGE) VECTOR(3780)",
     .doc = "histograms of oriented gradients of the image resized to 64 x 128, after Dalal and "
            "Triggs",
     .example = "image_hog(" DOT ") IS NOT NULL",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .call = hog_call},
    {.name = "image_lbp",
     .sig = "image_lbp(IMAGE) VECTOR(10)",
     .doc = "shares of the local binary patterns of texture that do not turn with the image, after "
            "Ojala",
     .example = "CAST(image_lbp(" DOT ") AS TEXT) = '[1.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0]'",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .call = lbp_call},
    {.name = "image_hu_moments",
     .sig = "image_hu_moments(IMAGE) VECTOR(7)",
     .doc = "Hu's seven moments of brightness, the same for a shape moved, turned or scaled",
     .example = "CAST(image_hu_moments(" DOT ") AS TEXT) = '[0.0,0.0,0.0,0.0,0.0,0.0,0.0]'",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .call = hu_call},
    {.name = "image_phash",
     .sig = "image_phash(IMAGE) BIGINT",
     .doc = "a perceptual hash of 64 bits: images that look alike differ in few of them",
     .example = "image_phash(image_blur(" DOT ", 0.1)) = image_phash(" DOT ")",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .call = phash_call},
    {.name = "hamming_distance",
     .sig = "hamming_distance(BIGINT, BIGINT) BIGINT",
     .doc = "in how many of their 64 bits two numbers differ",
     .example = "hamming_distance(5, 6) = 2",
     .flags = FN_STRICT | FN_ANY_ROW,
     .call = hamming_call},
    {.name = "image_corners",
     .sig = "image_corners(IMAGE, BIGINT) ARRAY<ROW<x BIGINT, y BIGINT, response DOUBLE>>",
     .doc = "the so many strongest corners, strongest first, no two nearer than 10 pixels, after "
            "Shi and Tomasi",
     .example = "image_corners(image_decode(CAST('P1 5 5 11111 11111 11000 11000 11000' AS BLOB)), "
                "1)[1].x = 2",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .call = corners_call},
};

const struct fn_table fn_image_feature = {table, COUNT_OF(table)};
