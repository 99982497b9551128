/* vision_value.c: what one use of a model makes of an answer. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "udf/vision/vision.h"

enum { TOP_MAX = 100000 };

struct vision_boxes vision_boxes(struct text answer) {
    struct vision_boxes b = {.at = answer.at + sizeof b.count};
    assert(answer.bytes >= sizeof b.count);
    memcpy(&b.count, answer.at, sizeof b.count);
    assert(answer.bytes == sizeof b.count + (size_t)b.count * sizeof(struct box));
    return b;
}

static float score_at(struct text answer, uint32_t i) {
    float v;
    memcpy(&v, answer.at + (size_t)i * sizeof v, sizeof v);
    return v;
}

/* The class with the highest score, the first of equals; NaN is lower than all. */
static uint32_t best_of(struct text answer, uint32_t classes) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < classes; i++) {
        float v = score_at(answer, i), most = score_at(answer, best);
        if (v > most || (isnan(most) && !isnan(v))) best = i;
    }
    return best;
}

static void add_label(const struct vision *v, uint32_t class, struct column_builder *out) {
    char here[12];
    builder_text_copy(out, vision_label(v, class, here));
}

static void add_floats(struct text answer, struct column_builder *out) {
    uint32_t n = answer.bytes / (uint32_t)sizeof(float);
    char *at = arena_copy(out->arena, answer.at, answer.bytes);
    uint32_t *dim = arena_alloc(out->arena, sizeof *dim);
    if (!at || !dim) {
        out->failed = true;
        return;
    }
    *dim = n;
    builder_tensor(out, (struct tensor){.at = (const float *)(const void *)at, .dim = dim});
}

struct scored {
    float score;
    uint32_t class;
};

static int scored_order(const void *a, const void *b) {
    const struct scored *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return x->class < y->class ? -1 : x->class > y->class;
}

static void add_top(const struct vision *v, const struct model_use *use, struct text answer,
                    struct column_builder *out) {
    struct scored *s = arena_alloc(out->arena, v->classes * sizeof *s);
    struct column_builder *row = &out->child[0];
    uint32_t most = use->top < v->classes ? use->top : v->classes;
    if (!s) {
        out->failed = true;
        return;
    }
    for (uint32_t i = 0; i < v->classes; i++) {
        float score = score_at(answer, i);
        s[i] = (struct scored){isnan(score) ? -INFINITY : score, i};
    }
    qsort(s, v->classes, sizeof *s, scored_order);
    for (uint32_t i = 0; i < most; i++) {
        add_label(v, s[i].class, &row->child[0]);
        builder_f64(&row->child[1], (double)s[i].score);
        builder_row(row);
    }
    builder_span(out, most);
}

static void add_box(const struct vision *v, const struct box *b, struct column_builder *row) {
    const float number[] = {b->score, b->x, b->y, b->w, b->h};
    add_label(v, b->label, &row->child[0]);
    for (uint32_t k = 0; k < COUNT_OF(number); k++) {
        builder_f64(&row->child[1 + k], (double)number[k]);
    }
    builder_row(row);
}

static void add_boxes(const struct vision *v, const struct model_use *use, struct text answer,
                      struct column_builder *out) {
    struct vision_boxes all = vision_boxes(answer);
    struct box *box = arena_alloc(out->arena, ((size_t)all.count + 1) * sizeof *box);
    double least = use->limits_given ? use->score_min : v->score_min;
    bool own_overlap = !use->limits_given || use->overlap_max < 0;
    double overlap = own_overlap ? v->overlap_max : use->overlap_max;
    if (!box) {
        out->failed = true;
        return;
    }
    uint32_t count = 0;
    memcpy(box, all.at, (size_t)all.count * sizeof *box);
    while (count < all.count && (double)box[count].score >= least) count++;
    count = box_suppress(box, count, (float)overlap);
    for (uint32_t i = 0; i < count; i++) add_box(v, &box[i], &out->child[0]);
    builder_span(out, count);
}

/* One output of an answer; dimensions and numbers are not aligned. */
struct output_view {
    uint32_t numbers, rank;
    const char *dim, *number;
};

/* Takes the next output off the front of *answer. */
static struct output_view output_next(struct text *answer) {
    struct output_view o;
    memcpy(&o.numbers, answer->at, sizeof o.numbers);
    memcpy(&o.rank, answer->at + sizeof o.numbers, sizeof o.rank);
    o.dim = answer->at + sizeof o.numbers + sizeof o.rank;
    o.number = o.dim + (size_t)o.rank * sizeof(uint32_t);
    const char *end = o.number + (size_t)o.numbers * sizeof(double);
    assert(end <= answer->at + answer->bytes);
    *answer = (struct text){end, answer->bytes - (uint32_t)(end - answer->at)};
    return o;
}

static double output_number(const struct output_view *o, uint32_t i) {
    double v = 0;
    if (i < o->numbers) memcpy(&v, o->number + (size_t)i * sizeof v, sizeof v);
    return v;
}

/* The dimensions are the network's, or as declared: a VECTOR of all numbers, for one. */
static void add_tensor(const struct output_view *o, struct column_builder *out) {
    const struct type *t = out->type;
    uint32_t *dim = arena_alloc(out->arena, t->dims * sizeof *dim);
    float *v = arena_alloc(out->arena, ((size_t)o->numbers + 1) * sizeof *v);
    if (!dim || !v) {
        out->failed = true;
        return;
    }
    if (t->dims == o->rank) memcpy(dim, o->dim, o->rank * sizeof *dim);
    for (uint32_t d = 0; t->dims != o->rank && d < t->dims; d++) {
        dim[d] = t->dim[d] == DIM_ANY ? o->numbers : t->dim[d];
    }
    for (uint32_t i = 0; i < o->numbers; i++) v[i] = (float)output_number(o, i);
    builder_tensor(out, (struct tensor){.at = v, .dim = dim});
}

static void add_number(const struct output_view *o, uint32_t i, struct column_builder *out) {
    double v = output_number(o, i);
    if (out->type->id == TYPE_TENSOR) {
        add_tensor(o, out);
    } else if (out->type->id == TYPE_DOUBLE) {
        builder_f64(out, v);
    } else if (v >= -0x1p63 && v < 0x1p63) {
        builder_i64(out, (int64_t)v);
    } else {
        builder_null(out);
    }
}

/* All output columns into builders side by side; of `count` the first. */
static void add_outputs(const struct vision *v, struct text answer, struct column_builder *out,
                        uint32_t count) {
    bool split = count > net_outputs(v->net);
    struct output_view o = {.numbers = 0};
    for (uint32_t i = 0; i < count; i++) {
        if (i == 0 || !split) o = output_next(&answer);
        add_number(&o, split ? i : 0, &out[i]);
    }
}

/* Columns of a classifier by their types: label, score, number of the class, all scores. */
static void add_class(const struct vision *v, struct text answer, struct column_builder *out) {
    uint32_t best = best_of(answer, v->classes);
    enum type_id id = out->type->id;
    assert(id == TYPE_TEXT || id == TYPE_DOUBLE || id == TYPE_BIGINT || id == TYPE_BOOLEAN ||
           id == TYPE_TENSOR);
    if (id == TYPE_TEXT) add_label(v, best, out);
    if (id == TYPE_DOUBLE) builder_f64(out, (double)score_at(answer, best));
    if (id == TYPE_BIGINT) builder_i64(out, best);
    if (id == TYPE_BOOLEAN) builder_b8(out, best != 0);
    if (id == TYPE_TENSOR) add_floats(answer, out);
}

static void add_columns(const struct vision *v, const struct model_use *use, struct text answer,
                        struct column_builder *out, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (v->task == VISION_CLASSIFICATION) add_class(v, answer, &out[i]);
        if (v->task == VISION_EMBEDDING) add_floats(answer, &out[i]);
        if (v->task == VISION_DETECTION) add_boxes(v, use, answer, &out[i]);
    }
    if (v->task == VISION_REGRESSION) add_outputs(v, answer, out, count);
}

bool vision_value(const struct model *m, const struct model_use *use, struct text answer,
                  struct column_builder *out, struct err *e) {
    const struct vision *v = (const struct vision *)m;
    bool row = use->form == MODEL_OUTPUTS || (use->form == MODEL_PREDICT && m->output.cols > 1);
    if (use->form == MODEL_CLASSIFY) {
        add_label(v, best_of(answer, v->classes), out);
    } else if (use->form == MODEL_CLASSIFY_TOP) {
        add_top(v, use, answer, out);
    } else if (row) {
        add_columns(v, use, answer, out->child, m->output.cols);
        for (uint32_t i = 0; i < m->output.cols; i++) {
            if (out->child[i].failed) out->failed = true;
        }
        builder_row(out);
    } else {
        add_columns(v, use, answer, out, 1);
    }
    return !out->failed || err_memory(e);
}
