/* Columns to rows, a column at a time. What is not finite cannot be learnt from. */
#include "udf/learn/input.h"

#include <assert.h>
#include <string.h>

#include "engine/base/decimal.h"

/* Numbers that a value of the type gives; 0: none of a fixed count. */
static uint64_t type_numbers(const struct type *t) {
    if (type_is_number(t)) return 1;
    if (t->id != TYPE_TENSOR) return 0;
    uint64_t n = 1;
    for (uint32_t i = 0; i < t->dims; i++) {
        if (t->dim[i] > 0 && n > LAYER_NUMBERS_MAX / t->dim[i]) return LAYER_NUMBERS_MAX + 1;
        n *= t->dim[i]; /* '*' is 0 */
    }
    return n;
}

static bool wrong_column(const struct field *f, const char *why, struct err *e) {
    struct buf type;
    buf_init(&type);
    type_print(&type, f->type);
    err_set(e, ERR_SQL, "22023", "input '%.*s' of type %.60s %s", (int)(f->name.bytes % 100),
            f->name.at, type.failed ? "?" : type.at, why);
    buf_done(&type);
    return false;
}

static bool open_image(const struct input_words *w, struct learn_input *in, struct err *e) {
    const struct field *f = &w->schema->col[0];
    if (!w->images) return wrong_column(f, "needs a model of type 'network'", e);
    if (w->schema->cols != 1) return wrong_column(f, "must be the only input", e);
    if (!w->shape_given || w->shape.flat || (w->shape.c != 1 && w->shape.c != 3)) {
        return wrong_column(f, "needs 'input' = '1xHxW' (gray) or '3xHxW' (RGB)", e);
    }
    in->kind = INPUT_PIXELS;
    in->shape = w->shape;
    in->numbers = shape_size(w->shape);
    in->row_bytes = in->numbers;
    return true;
}

bool learn_input_open(const struct input_words *w, struct learn_input *out, struct err *e) {
    struct learn_input in = {.schema = w->schema, .kind = w->kind, .pixels_max = w->pixels_max};
    uint64_t numbers = 0;
    assert(w->schema->cols > 0);
    for (uint32_t i = 0; i < w->schema->cols; i++) {
        const struct field *f = &w->schema->col[i];
        if (f->type->id == TYPE_IMAGE) {
            if (!open_image(w, &in, e)) return false;
            *out = in;
            return true;
        }
        uint64_t n = type_numbers(f->type);
        if (n == 0) return wrong_column(f, "is no number, VECTOR(n) or TENSOR of a fixed size", e);
        numbers += n;
        if (numbers > LAYER_NUMBERS_MAX) return wrong_column(f, "makes a row too large", e);
    }
    in.numbers = (uint32_t)numbers;
    in.shape = w->shape_given ? w->shape : (struct shape){1, 1, in.numbers, true};
    if (shape_size(in.shape) != in.numbers) {
        return err_set(e, ERR_SQL, "22023", "the inputs are %u numbers, 'input' says %u",
                       in.numbers, shape_size(in.shape));
    }
    in.row_bytes = in.numbers * (in.kind == INPUT_F64 ? sizeof(double) : sizeof(float));
    *out = in;
    return true;
}

static double number_at(const struct column *c, uint32_t row) {
    enum rep rep = type_rep(c->type);
    if (rep == REP_F64) return c->as.f64[row];
    if (rep == REP_I64) return (double)c->as.i64[row];
    if (rep == REP_B8) return c->as.b8[row];
    assert(rep == REP_I128);
    return decimal_to_f64((struct decimal){c->as.i128[row], c->type->scale});
}

/* Where a number of a row goes. */
static void put(const struct learn_input *in, char *row, uint32_t at, double v) {
    if (in->kind == INPUT_F64) {
        memcpy(row + at * sizeof v, &v, sizeof v);
    } else {
        float narrow = (float)v;
        memcpy(row + at * sizeof narrow, &narrow, sizeof narrow);
    }
}

static void read_numbers(const struct learn_input *in, const struct input_rows *r, uint32_t col,
                         uint32_t at) {
    const struct column *c = &r->arg[col];
    for (uint32_t i = 0; i < r->rows; i++) {
        put(in, r->to + i * in->row_bytes, at, number_at(c, r->row[i]));
    }
}

/* A DOUBLE column into rows of doubles: the way of streams of numbers. */
static void read_doubles(const struct learn_input *in, const struct input_rows *r, uint32_t col,
                         uint32_t at) {
    const double *from = r->arg[col].as.f64;
    double *to = (double *)(void *)r->to + at;
    size_t pitch = in->row_bytes / sizeof *to;
    for (uint32_t i = 0; i < r->rows; i++) to[i * pitch] = from[r->row[i]];
}

static bool tensor_fits(const struct type *t, const struct tensor *v) {
    return memcmp(t->dim, v->dim, t->dims * sizeof *t->dim) == 0;
}

static void read_tensors(const struct learn_input *in, const struct input_rows *r, uint32_t col,
                         uint32_t at) {
    const struct column *c = &r->arg[col];
    const struct type *declared = in->schema->col[col].type;
    uint32_t n = (uint32_t)type_numbers(declared), channels = in->shape.c, area = n / channels;
    bool turn = !in->shape.flat && channels > 1;
    for (uint32_t i = 0; i < r->rows; i++) {
        const struct tensor *t = &c->as.tensor[r->row[i]];
        if (c->type->dims != declared->dims || !tensor_fits(declared, t)) {
            r->reason[i] = "a tensor has another shape than the model's input";
            r->sqlstate[i] = "22023";
            continue;
        }
        char *row = r->to + i * in->row_bytes;
        for (uint32_t k = 0; k < n; k++) {
            uint32_t to = turn ? k % area * channels + k / area : at + k;
            put(in, row, to, (double)t->at[k]);
        }
    }
}

/* 0 for finite numbers, else not a number. */
static double probe(const struct learn_input *in, const char *row) {
    double sum = 0;
    for (uint32_t k = 0; k < in->numbers; k++) {
        double v;
        float narrow;
        if (in->kind == INPUT_F64) {
            memcpy(&v, row + k * sizeof v, sizeof v);
        } else {
            memcpy(&narrow, row + k * sizeof narrow, sizeof narrow);
            v = (double)narrow;
        }
        sum += v * 0;
    }
    return sum;
}

static bool read_images(const struct learn_input *in, const struct input_rows *r, struct arena *a,
                        struct err *e) {
    for (uint32_t i = 0; i < r->rows; i++) {
        struct err why;
        struct text bytes = r->arg[0].as.text[r->row[i]];
        struct arena_mark mark = arena_mark(a);
        bool taken = learn_input_image(in, bytes, r->to + i * in->row_bytes, a, &why);
        arena_rewind(a, mark);
        if (taken) continue;
        if (why.code != ERR_DATA && strcmp(why.sqlstate, "54000") != 0) {
            *e = why;
            return false;
        }
        r->reason[i] = arena_copy(a, why.message, strlen(why.message));
        r->sqlstate[i] = arena_copy(a, why.sqlstate, 5);
        if (!r->reason[i] || !r->sqlstate[i]) return err_memory(e);
    }
    return true;
}

bool learn_input_read(const struct learn_input *in, const struct input_rows *r, struct arena *a,
                      struct err *e) {
    memset(r->reason, 0, r->rows * sizeof *r->reason);
    if (in->kind == INPUT_PIXELS) return read_images(in, r, a, e);
    for (uint32_t col = 0, at = 0; col < in->schema->cols; col++) {
        const struct type *t = in->schema->col[col].type;
        if (t->id == TYPE_TENSOR) {
            read_tensors(in, r, col, at);
        } else if (in->kind == INPUT_F64 && type_rep(r->arg[col].type) == REP_F64) {
            read_doubles(in, r, col, at);
        } else {
            read_numbers(in, r, col, at);
        }
        at += (uint32_t)type_numbers(t);
    }
    for (uint32_t i = 0; i < r->rows; i++) {
        if (r->reason[i] || probe(in, r->to + i * in->row_bytes) == 0) continue;
        r->reason[i] = "an input is not a finite number";
        r->sqlstate[i] = "22003";
    }
    return true;
}
