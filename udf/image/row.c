/* row.c: see row.h. */
#include "udf/image/row.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum { SENTENCE_BYTES = 200 };

bool image_wrong(const struct image_row *r, struct err *e, const char *format, ...) {
    char sentence[SENTENCE_BYTES];
    va_list args;
    (void)r;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    return err_set(e, ERR_DATA, "22023", "%s", sentence);
}

bool image_arg(const struct image_row *r, uint32_t arg, struct image *out, struct err *e) {
    return image_decode(arg_text(r->c, arg, r->row), NULL, r->scratch, out, e);
}

bool image_number(const struct image_row *r, uint32_t arg, const struct image_range *range,
                  double *out, struct err *e) {
    double v = arg_f64(r->c, arg, r->row);
    if (!(v >= range->low && v <= range->high))
        return image_wrong(r, e, "the %s must be %g to %g, not %g", range->what, range->low,
                           range->high, v);
    *out = v;
    return true;
}

bool image_count(const struct image_row *r, uint32_t arg, const struct image_range *range,
                 uint32_t *out, struct err *e) {
    int64_t v = arg_i64(r->c, arg, r->row);
    assert(range->low >= 0 && range->high <= UINT32_MAX);
    if (v < (int64_t)range->low || v > (int64_t)range->high)
        return image_wrong(r, e, "the %s must be %.0f to %.0f, not %lld", range->what, range->low,
                           range->high, (long long)v);
    *out = (uint32_t)v;
    return true;
}

bool image_word(const struct image_row *r, uint32_t arg, const char *what, const char *const *words,
                uint32_t *out, struct err *e) {
    char list[SENTENCE_BYTES / 2] = "";
    struct text given = arg_text(r->c, arg, r->row);
    size_t used = 0;
    for (uint32_t i = 0; words[i]; i++) {
        if (text_equal_fold(given, text_of(words[i]))) {
            *out = i;
            return true;
        }
        int n = snprintf(list + used, sizeof list - used, "%s'%s'", i ? ", " : "", words[i]);
        used += (size_t)n;
        assert(used < sizeof list);
    }
    int shown = given.bytes > 40 ? 40 : (int)given.bytes;
    return image_wrong(r, e, "the %s must be one of %s, not '%.*s'", what, list, shown, given.at);
}

bool image_like(const struct image_row *r, const struct image *like, uint32_t channels,
                struct image_canvas *out, struct err *e) {
    const struct image_info size = {
        .width = like->width, .height = like->height, .channels = channels};
    return image_canvas(r->c->arena, &size, out, e);
}

float *image_floats(const struct image_row *r, size_t count, struct err *e) {
    float *at = arena_zalloc(r->scratch, count, sizeof *at);
    if (!at) err_memory(e);
    return at;
}

static bool to_image(struct image_row *r, struct fn_result *out, const struct image_call *how,
                     struct err *e) {
    struct image in;
    struct image_canvas made;
    if (!image_arg(r, 0, &in, e) || !how->image(r, &in, &made, e)) return false;
    out->as.text[r->row] = image_as_pam(&made);
    return true;
}

static bool to_vector(struct image_row *r, struct fn_result *out, const struct image_call *how,
                      struct err *e) {
    struct image in;
    uint32_t count = how->vector_count ? how->vector_count(r) : r->c->type->dim[0];
    uint32_t *dim = arena_alloc(r->c->arena, sizeof *dim);
    float *at = arena_zalloc(r->c->arena, count, sizeof *at);
    if (!at || !dim) return err_memory(e);
    if (!image_arg(r, 0, &in, e) || !how->vector(r, &in, at, count, e)) return false;
    *dim = count;
    out->as.tensor[r->row] = (struct tensor){.at = at, .dim = dim};
    return true;
}

static bool one_row(struct image_row *r, struct fn_result *out, const struct image_call *how,
                    struct err *e) {
    if (how->image) return to_image(r, out, how, e);
    return how->vector ? to_vector(r, out, how, e) : how->other(r, out, e);
}

bool image_call_run(struct fn_call *c, struct fn_result *out, const struct image_call *how,
                    struct err *e) {
    struct arena scratch;
    bool ok = true;
    arena_init(&scratch, c->arena->limit_bytes);
    for (uint32_t i = 0; ok && i < c->live; i++) {
        struct image_row r = {.c = c, .row = call_row(c, i), .scratch = &scratch};
        ok = one_row(&r, out, how, e);
        if (!ok && e->code == ERR_DATA) {
            fn_fail(c, r.row, e->sqlstate, "%s", e->message);
            ok = true;
        }
        arena_reset(&scratch);
    }
    arena_done(&scratch);
    return ok;
}
