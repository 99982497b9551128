/* bind_image.c: images on their way out.
 *
 * Inside, an IMAGE is whatever file it came as, or pixels. Where a result is shown or written as
 * text, its columns of images become PNG files: image_png() around each, in a projection above the
 * query.
 */
#include "sql/bind_expr.h"

static bool has_image(const struct rel *r) {
    for (uint32_t i = 0; i < r->cols; i++) {
        if (r->col[i].type->id == TYPE_IMAGE) return true;
    }
    return false;
}

const struct rel *bind_images_out(struct binder *b, const struct rel *r, struct err *e) {
    if (!has_image(r)) return r;
    struct expr_scope s = {.b = b, .clause = "SELECT"};
    const struct expr **x = ARENA_ARRAY(b->arena, x, r->cols);
    struct rel_col *col = ARENA_ARRAY(b->arena, col, r->cols);
    if (!x || !col) {
        err_memory(e);
        return NULL;
    }
    memcpy(col, r->col, r->cols * sizeof *col);
    for (uint32_t i = 0; i < r->cols; i++) {
        x[i] = expr_column(b->arena, i, r->col[i].type, e);
        if (x[i] && r->col[i].type->id == TYPE_IMAGE)
            x[i] = bind_named(&s, "image_png", (struct call_args){&x[i], 1}, 0, e);
        if (!x[i]) return NULL;
    }
    return bind_project(b, r, x, col, r->cols, e);
}

bool bind_writes_text(const struct stream_def *def) {
    for (uint32_t i = 0; i < def->options.count; i++) {
        const struct option *o = &def->options.option[i];
        if (!text_equal_fold(o->key, TEXT_LITERAL("format"))) continue;
        return !text_equal_fold(o->value, TEXT_LITERAL("raw"));
    }
    return false;
}
