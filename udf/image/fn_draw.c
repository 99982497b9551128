/* fn_draw.c: image_draw(): boxes drawn into an image, as detect() gives them.
 *
 * A box is a ROW with the fields x, y, w, h, in pixels, and maybe a label: boxes of one label have
 * one colour. Lines are 1 pixel wide, more where the image's shorter side is 400 or more, and lie
 * inside the box; what is outside the image is not drawn.
 */
#include <math.h>

#include "engine/base/hash.h"
#include "udf/image/row.h"
#include "udf/table.h"

enum { SIDES = 4, PIXELS_A_LINE = 200, COLORS = 8 };

static const char *const sides[SIDES] = {"x", "y", "w", "h"};

static const uint8_t colors[COLORS][3] = {{0, 200, 0},   {230, 60, 40},  {40, 110, 230},
                                          {240, 180, 0}, {190, 60, 200}, {0, 180, 190},
                                          {250, 120, 0}, {120, 120, 120}};

static int32_t field_of(const struct type *row, const char *name) {
    const struct schema fields = {.cols = row->fields, .col = row->field};
    return schema_find(&fields, text_of(name));
}

static double number_at(const struct column *c, uint32_t row) {
    if (c->type->id == TYPE_DOUBLE) return c->as.f64[row];
    if (c->type->id == TYPE_BIGINT) return (double)c->as.i64[row];
    return decimal_to_f64(column_decimal(c, row));
}

struct box {
    int64_t left, top, right, bottom; /* the last two behind the box */
};

/* Sides beyond this are cut: no image is so large. */
static int64_t side_at(double v) {
    return (int64_t)nearbyint(fmin(fmax(v, -1e9), 1e9));
}

/* false: a side is NULL or no number. */
static bool box_at(const struct column *item, uint32_t row, struct box *out) {
    double v[SIDES];
    for (int i = 0; i < SIDES; i++) {
        const struct column *c = &item->child[field_of(item->type, sides[i])];
        if (!column_has(c, row)) return false;
        v[i] = number_at(c, row);
        if (v[i] - v[i] != 0) return false;
    }
    *out = (struct box){side_at(v[0]), side_at(v[1]), side_at(v[0] + v[2]), side_at(v[1] + v[3])};
    return true;
}

static const uint8_t *color_at(const struct column *item, uint32_t row) {
    int32_t label = field_of(item->type, "label");
    if (label < 0) return colors[0];
    const struct column *c = &item->child[label];
    if (c->type->id != TYPE_TEXT || !column_has(c, row)) return colors[0];
    struct text t = c->as.text[row];
    return colors[hash_bytes(t.at, t.bytes) % COLORS];
}

/* The part of a rectangle that is in the image gets a colour. */
static void fill(const struct image_canvas *to, const struct box *b, const uint8_t *color) {
    int64_t left = b->left > 0 ? b->left : 0, top = b->top > 0 ? b->top : 0;
    int64_t right = b->right < to->width ? b->right : to->width;
    int64_t bottom = b->bottom < to->height ? b->bottom : to->height;
    for (int64_t y = top; y < bottom; y++) {
        uint8_t *at = to->pixel + ((size_t)y * to->width + (size_t)left) * 3;
        for (int64_t x = left; x < right; x++, at += 3) memcpy(at, color, 3);
    }
}

static void frame(const struct image_canvas *to, const struct box *b, const uint8_t *color) {
    uint32_t shorter = to->width < to->height ? to->width : to->height;
    int64_t line = shorter < 2 * PIXELS_A_LINE ? 1 : shorter / PIXELS_A_LINE;
    if (b->right <= b->left || b->bottom <= b->top) return;
    int64_t top = b->top + line, bottom = b->bottom - line;
    int64_t left = b->left + line, right = b->right - line;
    if (top >= bottom || left >= right) {
        fill(to, b, color);
        return;
    }
    fill(to, &(struct box){b->left, b->top, b->right, top}, color);
    fill(to, &(struct box){b->left, bottom, b->right, b->bottom}, color);
    fill(to, &(struct box){b->left, top, left, bottom}, color);
    fill(to, &(struct box){right, top, b->right, bottom}, color);
}

static bool draw(struct image_row *r, const struct image *in, struct image_canvas *out,
                 struct err *e) {
    const struct column *item = &r->c->arg[1].child[0];
    struct span s = r->c->arg[1].as.span[r->row];
    if (!image_like(r, in, 3, out, e)) return false;
    image_convert_to(in, out);
    for (uint32_t i = s.first; i < s.first + s.count; i++) {
        struct box b;
        if (column_has(item, i) && box_at(item, i, &b)) frame(out, &b, color_at(item, i));
    }
    return true;
}
DEFINE_IMAGE_TO_IMAGE(draw)

static const struct type *draw_type(const struct fn_bind *b, struct err *e) {
    const struct type *item = b->arg_type[1]->fields ? b->arg_type[1]->field[0].type : NULL;
    bool good = item && item->id == TYPE_ROW;
    for (int i = 0; good && i < SIDES; i++) {
        int32_t field = field_of(item, sides[i]);
        good = field >= 0;
        if (!good) break;
        enum type_id id = item->field[field].type->id;
        good = id == TYPE_DOUBLE || id == TYPE_BIGINT || id == TYPE_DECIMAL;
    }
    if (good) return &type_image;
    err_set(e, ERR_SQL, "42804", "image_draw wants boxes: an ARRAY of ROWs with x, y, w and h");
    err_hint(e, "detect() gives such boxes.");
    return NULL;
}

static const struct fn table[] = {
    {.name = "image_draw",
     .sig = "image_draw(IMAGE, ARRAY) IMAGE",
     .doc = "the image with boxes drawn, ROWs of x, y, w, h and maybe a label, which chooses the "
            "colour; as detect() gives them",
     .example = "image_width(image_draw(image_decode(CAST('P2 2 1 255 10 30' AS BLOB)), "
                "CAST(ARRAY[ROW(0.0, 0.0, 1.0, 1.0)] AS ARRAY<ROW<x DOUBLE, y DOUBLE, w DOUBLE, h "
                "DOUBLE>>))) = 2",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .type = draw_type,
     .call = draw_call},
};

const struct fn_table fn_image_draw = {table, COUNT_OF(table)};
