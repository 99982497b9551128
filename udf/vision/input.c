/* input.c: see input.h. */
#include "udf/vision/input.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "engine/base/number.h"

static bool numbers_wrong(const struct option *x, uint32_t count, struct err *e) {
    if (count == 1) return option_error(x, e, "one number is wanted");
    return option_error(x, e, "one number is wanted, or %u", count);
}

/* "a,b,c" into out[count], or one number for all. */
static bool numbers_read(const struct options *o, const char *key, float *out, uint32_t count,
                         struct err *e) {
    const struct option *x = option_find(o, key);
    if (!x) return true;
    struct text rest = x->value;
    uint32_t n = 0;
    for (;;) {
        const char *comma = rest.bytes ? memchr(rest.at, ',', rest.bytes) : NULL;
        struct text word = {rest.at, comma ? (uint32_t)(comma - rest.at) : rest.bytes};
        while (word.bytes > 0 && *word.at == ' ') word = (struct text){word.at + 1, word.bytes - 1};
        double v;
        if (n == count || f64_parse(word, &v) != PARSE_OK || !isfinite(v)) {
            return numbers_wrong(x, count, e);
        }
        out[n++] = (float)v;
        if (!comma) break;
        rest = (struct text){comma + 1, rest.bytes - (uint32_t)(comma + 1 - rest.at)};
    }
    for (uint32_t i = n; n == 1 && i < count; i++) out[i] = out[0];
    return n == 1 || n == count || numbers_wrong(x, count, e);
}

/* A number, or 1/number. */
static bool scale_read(const struct options *o, float *out, struct err *e) {
    const struct option *x = option_find(o, "scale");
    if (!x) return true;
    struct text word = x->value;
    double v;
    bool inverse = word.bytes > 2 && memcmp(word.at, "1/", 2) == 0;
    if (inverse) word = (struct text){word.at + 2, word.bytes - 2};
    if (f64_parse(word, &v) != PARSE_OK || !isfinite(v) || v == 0) {
        return option_error(x, e, "a number other than 0, or 1/number, is wanted");
    }
    *out = (float)(inverse ? 1 / v : v);
    return true;
}

static bool size_read(const struct options *o, struct vision_input *v, struct err *e) {
    const struct option *x = option_find(o, "input-size");
    if (!x) return true;
    const char *by = x->value.bytes ? memchr(x->value.at, 'x', x->value.bytes) : NULL;
    int64_t side[2] = {0, 0};
    if (by) {
        struct text first = {x->value.at, (uint32_t)(by - x->value.at)};
        struct text second = {by + 1, x->value.bytes - first.bytes - 1};
        if (i64_parse(first, &side[0]) != PARSE_OK || i64_parse(second, &side[1]) != PARSE_OK) {
            side[0] = 0;
        }
    }
    for (uint32_t i = 0; i < 2; i++) {
        if (side[i] >= 1 && side[i] <= VISION_SIDE_MAX) continue;
        return option_error(x, e, "WIDTHxHEIGHT is wanted, each from 1 to %d", VISION_SIDE_MAX);
    }
    if ((v->width > 0 && v->width != side[0]) || (v->height > 0 && v->height != side[1])) {
        return option_error(x, e, "the network wants images of %ux%u", v->width, v->height);
    }
    v->width = (uint32_t)side[0];
    v->height = (uint32_t)side[1];
    return true;
}

/* The index of the option's word in words[], which ends with NULL; where it is given. */
static bool word_read(const struct options *o, const char *key, const char *const *words,
                      uint32_t *out, struct err *e) {
    const struct option *x = option_find(o, key);
    for (uint32_t i = 0; x && words[i]; i++) {
        if (!text_equal_fold(x->value, text_of(words[i]))) continue;
        *out = i;
        return true;
    }
    return !x || option_error(x, e, "it has no value '%.*s'", TEXT_ARG(x->value));
}

static bool is_channels(int64_t dim) {
    return dim == 1 || dim == 3;
}

/* Sizes out of a rank-4 shape; 0 where they are free. */
static bool shape_read(const struct net_port *port, const struct options *o, struct vision_input *v,
                       struct err *e) {
    static const char *const layouts[] = {"nchw", "nhwc", NULL};
    const struct net_shape *s = &port->shape;
    if (s->rank != 4 || port->type != NET_F32) {
        return err_set(e, ERR_SQL, "42804", "input \"%.*s\" of the network is no image",
                       TEXT_ARG(port->name));
    }
    uint32_t layout = !is_channels(s->dim[1]) && is_channels(s->dim[3]);
    if (!word_read(o, "layout", layouts, &layout, e)) return false;
    int64_t c = layout == 1 ? s->dim[3] : s->dim[1];
    int64_t h = layout == 1 ? s->dim[1] : s->dim[2], w = layout == 1 ? s->dim[2] : s->dim[3];
    if ((c != NET_DIM_FREE && !is_channels(c)) || h > VISION_SIDE_MAX || w > VISION_SIDE_MAX) {
        return err_set(e, ERR_SQL, "42804",
                       "input \"%.*s\" of the network is no image of 1 or 3 channels",
                       TEXT_ARG(port->name));
    }
    v->nhwc = layout == 1;
    v->channels = c == NET_DIM_FREE ? 0 : (uint32_t)c;
    v->height = h == NET_DIM_FREE ? 0 : (uint32_t)h;
    v->width = w == NET_DIM_FREE ? 0 : (uint32_t)w;
    return true;
}

static bool color_read(const struct options *o, struct vision_input *v, struct err *e) {
    static const char *const colors[] = {"rgb", "bgr", "gray", NULL};
    uint32_t color = v->channels == 1 ? COLOR_GRAY : v->color;
    if (!word_read(o, "color", colors, &color, e)) return false;
    uint32_t wanted = color == COLOR_GRAY ? 1 : 3;
    if (v->channels > 0 && v->channels != wanted) {
        return option_error(option_find(o, "color"), e, "the network has %u channel%s", v->channels,
                            v->channels == 1 ? "" : "s");
    }
    v->color = (enum vision_color)color;
    v->channels = wanted;
    return true;
}

/* Options that say how, where the way of resizing has no use for them. */
static bool resize_suits(const struct vision_input *v, const struct options *o, struct err *e) {
    static const char *const keys[] = {"pad", "letterbox", "short-side"};
    bool crops = v->resize == RESIZE_CROP, stretches = v->resize == RESIZE_STRETCH;
    for (uint32_t i = 0; i < COUNT_OF(keys); i++) {
        const struct option *x = option_find(o, keys[i]);
        bool for_crop = i == 2;
        if (!x || (for_crop ? crops : !crops && !stretches)) continue;
        return option_error(x, e, "it has an effect with 'resize' = '%s' only",
                            for_crop ? "crop" : "letterbox");
    }
    const struct option *pad = option_find(o, "pad");
    return (v->pad >= 0 && v->pad <= 255) || option_error(pad, e, "a pixel is from 0 to 255");
}

static bool resize_read(const struct options *o, struct vision_input *v, struct err *e) {
    static const char *const ways[] = {"stretch", "letterbox", "crop", NULL};
    static const char *const places[] = {"corner", "center", NULL};
    static const char *const filters[] = {"nearest", "bilinear", "area", NULL};
    uint32_t way = v->resize == RESIZE_STRETCH ? 0 : v->resize == RESIZE_CROP ? 2 : 1;
    uint32_t place = v->resize == RESIZE_LETTERBOX_CENTER, filter = v->filter;
    double pad = (double)v->pad;
    int64_t short_side = v->width < v->height ? v->width : v->height;
    if (!word_read(o, "resize", ways, &way, e) || !word_read(o, "letterbox", places, &place, e) ||
        !word_read(o, "filter", filters, &filter, e) || !option_f64(o, "pad", &pad, e) ||
        !option_i64(o, "short-side", &short_side, e)) {
        return false;
    }
    v->resize = way == 0   ? RESIZE_STRETCH
                : way == 2 ? RESIZE_CROP
                : place    ? RESIZE_LETTERBOX_CENTER
                           : RESIZE_LETTERBOX;
    v->filter = (enum image_filter)filter;
    v->pad = (float)pad;
    int64_t least = v->width > v->height ? v->width : v->height;
    const struct option *given = option_find(o, "short-side");
    if (given && (short_side < least || short_side > VISION_SIDE_MAX)) {
        return option_error(given, e, "it is from the network's own %lld to %d", (long long)least,
                            VISION_SIDE_MAX);
    }
    v->short_side = (uint32_t)(short_side < least ? least : short_side);
    return resize_suits(v, o, e);
}

bool vision_input_none(const struct options *o, struct err *e) {
    static const char *const keys[] = {"input-size", "color",  "mean",      "std",
                                       "scale",      "layout", "resize",    "letterbox",
                                       "pad",        "filter", "short-side"};
    for (uint32_t i = 0; i < COUNT_OF(keys); i++) {
        const struct option *x = option_find(o, keys[i]);
        if (x) return option_error(x, e, "it is for an input of type IMAGE");
    }
    return true;
}

bool vision_input_read(struct vision_input *v, const struct net_port *port,
                       const struct vision_input *defaults, const struct options *o,
                       struct err *e) {
    struct vision_input x = *defaults;
    if (!shape_read(port, o, &x, e) || !size_read(o, &x, e) || !color_read(o, &x, e)) return false;
    if (x.width == 0 || x.height == 0) {
        err_set(e, ERR_SQL, "22023", "the network takes images of any size");
        return err_hint(e, "Say which: 'input-size' = '224x224'.");
    }
    if (!resize_read(o, &x, e) || !scale_read(o, &x.scale, e) ||
        !numbers_read(o, "mean", x.mean, x.channels, e) ||
        !numbers_read(o, "std", x.std, x.channels, e)) {
        return false;
    }
    for (uint32_t c = 0; c < x.channels; c++) {
        if (x.std[c] == 0) return option_error(option_find(o, "std"), e, "it cannot be 0");
    }
    *v = x;
    return true;
}

/* How the original comes into the picture. */
struct fit {
    uint32_t width, height; /* of the image when it was resized */
    uint32_t left, top;     /* of the picture in it (crop), or of it in the picture */
    uint32_t columns, rows; /* that are copied */
};

static uint32_t scaled(uint32_t side, double factor, uint32_t least) {
    double v = floor((double)side * factor + 0.5);
    return v < least ? least : (uint32_t)v;
}

static struct fit fit_of(const struct vision_input *v, const struct image_info *image) {
    double across = (double)v->width / image->width, down = (double)v->height / image->height;
    struct fit f = {.width = v->width, .height = v->height, .columns = v->width, .rows = v->height};
    if (v->resize == RESIZE_CROP) {
        uint32_t shorter = image->width < image->height ? image->width : image->height;
        double factor = (double)v->short_side / shorter;
        f.width = scaled(image->width, factor, v->width);
        f.height = scaled(image->height, factor, v->height);
        f.left = (f.width - v->width) / 2;
        f.top = (f.height - v->height) / 2;
    } else if (v->resize != RESIZE_STRETCH) {
        double factor = across < down ? across : down;
        f.width = scaled(image->width, factor, 1);
        f.height = scaled(image->height, factor, 1);
        if (f.width > v->width) f.width = v->width;
        if (f.height > v->height) f.height = v->height;
        f.columns = f.width;
        f.rows = f.height;
        if (v->resize == RESIZE_LETTERBOX_CENTER) {
            f.left = (v->width - f.width) / 2;
            f.top = (v->height - f.height) / 2;
        }
    }
    return f;
}

/* Which channel of the pixel is number c. */
static uint32_t channel_of(const struct vision_input *v, uint32_t c) {
    return v->color == COLOR_BGR ? 2 - c : c;
}

/* The numbers that each of the 256 values of a channel becomes. */
static void table_make(const struct vision_input *v, uint32_t c, float table[256]) {
    for (uint32_t i = 0; i < 256; i++) {
        table[i] = ((float)i * v->scale - v->mean[c]) / v->std[c];
    }
}

static void pad_fill(const struct vision_input *v, float *out) {
    size_t pixels = (size_t)v->width * v->height;
    for (uint32_t c = 0; c < v->channels; c++) {
        float value = (v->pad * v->scale - v->mean[c]) / v->std[c];
        size_t step = v->nhwc ? v->channels : 1;
        float *at = v->nhwc ? out + c : out + c * pixels;
        for (size_t i = 0; i < pixels; i++) at[i * step] = value;
    }
}

static void pixels_fill(const struct vision_input *v, const struct image *image,
                        const struct fit *f, float *out) {
    bool crop = v->resize == RESIZE_CROP;
    size_t plane = (size_t)v->width * v->height;
    for (uint32_t c = 0; c < v->channels; c++) {
        float table[256];
        table_make(v, c, table);
        uint32_t from_channel = channel_of(v, c);
        for (uint32_t y = 0; y < f->rows; y++) {
            size_t from = ((size_t)(crop ? y + f->top : y) * image->width + (crop ? f->left : 0));
            size_t to = (size_t)(crop ? y : y + f->top) * v->width + (crop ? 0 : f->left);
            const uint8_t *p = image->pixel + from * image->channels + from_channel;
            float *o = v->nhwc ? out + to * v->channels + c : out + c * plane + to;
            uint32_t step = v->nhwc ? v->channels : 1;
            for (uint32_t x = 0; x < f->columns; x++) {
                o[(size_t)x * step] = table[p[(size_t)x * image->channels]];
            }
        }
    }
}

bool vision_input_fill(const struct vision_input *v, struct text image, struct arena *a, float *out,
                       struct vision_place *place, struct err *e) {
    struct image_info info;
    if (!image_info(image, &info, e)) return false;
    struct fit f = fit_of(v, &info);
    const struct image_read how = {.pixels_max = v->pixels_max,
                                   .channels = v->channels,
                                   .width_min = f.width,
                                   .height_min = f.height};
    struct image decoded;
    if (!image_decode(image, &how, a, &decoded, e)) return false;
    assert(decoded.channels == v->channels);
    if (decoded.width != f.width || decoded.height != f.height) {
        const struct image_info size = {f.width, f.height, v->channels, NULL};
        struct image_canvas resized;
        if (!image_resize(&decoded, &size, v->filter, a, &resized, e)) return false;
        decoded = image_of(&resized);
    }
    bool crop = v->resize == RESIZE_CROP;
    if (!crop && (f.columns < v->width || f.rows < v->height)) pad_fill(v, out);
    pixels_fill(v, &decoded, &f, out);
    *place = (struct vision_place){
        .factor_x = (float)f.width / (float)info.width,
        .factor_y = (float)f.height / (float)info.height,
        .offset_x = crop ? -(float)f.left : (float)f.left,
        .offset_y = crop ? -(float)f.top : (float)f.top,
        .width = info.width,
        .height = info.height,
    };
    return true;
}
