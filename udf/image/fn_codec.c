/* fn_codec.c: image functions about files: made of bytes, written as bytes, read, measured by their
 * headers; and the two that the binder puts in: image_pixels(), which decodes, and image_png(),
 * which makes of any image one that the world can show.
 */
#include "engine/base/file.h"
#include "udf/image/row.h"
#include "udf/table.h"

enum { FILE_BYTES_MAX = 1 << 28 };

/* The header is read, the pixels are not. */
static bool from_blob(struct image_row *r, struct fn_result *out, struct err *e) {
    struct image_info info;
    struct text bytes = arg_text(r->c, 0, r->row);
    if (!image_info(bytes, &info, e)) return false;
    out->as.text[r->row] = bytes;
    return true;
}
DEFINE_IMAGE_OTHER(from_blob)

static bool env_open(const struct fn_bind *b, void **state_out, struct err *e) {
    struct fn_env *env = ARENA_NEW(b->arena, env);
    if (!env) return err_memory(e);
    *env = b->env;
    *state_out = env;
    return true;
}

static bool pixels(struct image_row *r, struct fn_result *out, struct err *e) {
    const struct fn_env *env = r->c->state;
    const struct image_read how = {.pixels_max = env->image_pixels_max};
    return image_decode_pam(arg_text(r->c, 0, r->row), &how, r->c->arena, &out->as.text[r->row], e);
}
DEFINE_IMAGE_OTHER(pixels)

static bool png(struct image_row *r, struct fn_result *out, struct err *e) {
    const struct fn_env *env = r->c->state;
    const struct image_read how = {.pixels_max = env->image_pixels_max};
    struct text bytes = arg_text(r->c, 0, r->row);
    struct image_info info;
    struct image image;
    if (!image_info(bytes, &info, e)) return false;
    if (strcmp(info.format, "png") == 0) {
        out->as.text[r->row] = bytes;
        return true;
    }
    return image_decode(bytes, &how, r->scratch, &image, e) &&
           image_encode_png(&image, r->c->arena, &out->as.text[r->row], e);
}
DEFINE_IMAGE_OTHER(png)

static bool encode(struct image_row *r, struct fn_result *out, struct err *e) {
    static const char *const formats[] = {"jpeg", "png", NULL};
    uint32_t format, quality = IMAGE_QUALITY;
    struct image image;
    struct text *to = &out->as.text[r->row];
    if (!image_word(r, 1, "format", formats, &format, e)) return false;
    if (r->c->args > 2 && !image_count(r, 2, &(struct image_range){"quality", 1, 100}, &quality, e))
        return false;
    if (!image_arg(r, 0, &image, e)) return false;
    if (format == 1) return image_encode_png(&image, r->c->arena, to, e);
    return image_encode_jpeg(&image, quality, r->c->arena, to, e);
}
DEFINE_IMAGE_OTHER(encode)

static bool read_path(struct image_row *r, struct fn_result *out, struct err *e) {
    const struct fn_env *env = r->c->state;
    struct text path = arg_text(r->c, 0, r->row), bytes;
    struct image_info info;
    char *name = arena_copy(r->scratch, path.at, path.bytes);
    if (!name) return err_memory(e);
    if (!env->fs) return err_set(e, ERR_DATA, "0A000", "files cannot be read here");
    if (memchr(name, '\0', path.bytes)) return image_wrong(r, e, "a path holds no U+0000");
    if (!file_read_all(env->fs, name, FILE_BYTES_MAX, r->c->arena, &bytes, e)) {
        bool memory = strcmp(e->sqlstate, "53200") == 0;
        if (!memory) e->code = ERR_DATA; /* the row's own misfortune */
        return false;
    }
    if (!image_info(bytes, &info, e)) return false;
    out->as.text[r->row] = bytes;
    return true;
}
DEFINE_IMAGE_OTHER(read_path)

static bool width(struct image_row *r, struct fn_result *out, struct err *e) {
    struct image_info info;
    if (!image_info(arg_text(r->c, 0, r->row), &info, e)) return false;
    out->as.i64[r->row] = info.width;
    return true;
}
DEFINE_IMAGE_OTHER(width)

static bool height(struct image_row *r, struct fn_result *out, struct err *e) {
    struct image_info info;
    if (!image_info(arg_text(r->c, 0, r->row), &info, e)) return false;
    out->as.i64[r->row] = info.height;
    return true;
}
DEFINE_IMAGE_OTHER(height)

static bool channels(struct image_row *r, struct fn_result *out, struct err *e) {
    struct image_info info;
    if (!image_info(arg_text(r->c, 0, r->row), &info, e)) return false;
    out->as.i64[r->row] = info.channels;
    return true;
}
DEFINE_IMAGE_OTHER(channels)

static const struct fn table[] = {
    {.name = "image_decode",
     .sig = "image_decode(BLOB) IMAGE",
     .doc = "the image that a JPEG, PNG, BMP or PNM file shows; told by content, not by name",
     .example = "image_width(image_decode(CAST('P2 3 1 9 1 2 3' AS BLOB))) = 3",
     .flags = FN_STRICT | FN_CAN_FAIL,
     .call = from_blob_call},
    {.name = "image_encode",
     .sig = "image_encode(IMAGE, TEXT, [BIGINT]) BLOB",
     .doc = "the image as a file, 'png' or 'jpeg' with a quality of 1 to 100 (95)",
     .example =
         "hex(substr(image_encode(image_decode(CAST('P2 1 1 9 1' AS BLOB)), 'png'), 2, 3)) = "
         "'504E47'",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_PIXELS,
     .call = encode_call},
    {.name = "image_read",
     .sig = "image_read(TEXT) IMAGE",
     .doc = "the image in the file of that path, read for each row",
     .example = "image_read(NULL) IS NULL",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_STABLE | FN_LARGE,
     .open = env_open,
     .call = read_path_call},
    {.name = "image_width",
     .sig = "image_width(IMAGE) BIGINT",
     .doc = "pixels in a row; the header says it, nothing is decoded",
     .example = "image_width(image_decode(CAST('P2 3 1 9 1 2 3' AS BLOB))) = 3",
     .flags = FN_STRICT | FN_CAN_FAIL,
     .call = width_call},
    {.name = "image_height",
     .sig = "image_height(IMAGE) BIGINT",
     .doc = "rows of pixels",
     .example = "image_height(image_decode(CAST('P2 3 1 9 1 2 3' AS BLOB))) = 1",
     .flags = FN_STRICT | FN_CAN_FAIL,
     .call = height_call},
    {.name = "image_channels",
     .sig = "image_channels(IMAGE) BIGINT",
     .doc = "1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha",
     .example = "image_channels(image_decode(CAST('P3 1 1 9 1 2 3' AS BLOB))) = 3",
     .flags = FN_STRICT | FN_CAN_FAIL,
     .call = channels_call},
    {.name = "image_pixels",
     .sig = "image_pixels(IMAGE) IMAGE",
     .doc = "the image decoded; calls of functions that look at pixels get it put around their "
            "arguments",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_HIDDEN | FN_PIXELS,
     .open = env_open,
     .call = pixels_call},
    {.name = "image_png",
     .sig = "image_png(IMAGE) IMAGE",
     .doc = "the image as a PNG file, as it is printed",
     .flags = FN_STRICT | FN_CAN_FAIL | FN_HIDDEN,
     .open = env_open,
     .call = png_call},
};

const struct fn_table fn_image_codec = {table, COUNT_OF(table)};
