/* Answers to values: of a classifier's scores the best label among the classes that its version
 * knew (the first of equals), of numbers themselves. Before the first class is known there is no
 * label: NULL.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "engine/base/number.h"
#include "udf/learn/learner.h"

static const struct type *top_type(struct arena *a) {
    const struct field field[] = {{.name = {"label", 5}, .type = &type_text},
                                  {.name = {"score", 5}, .type = &type_double}};
    const struct type *row = type_row(a, 2, field);
    return row ? type_array(a, row) : NULL;
}

const struct type *learn_use_type(const struct model *model, const struct model_use *use,
                                  struct arena *a, struct err *e) {
    const struct learn *m = (const struct learn *)model;
    const struct schema *out = &model->output;
    const struct type *t = NULL;
    if (!(model->forms >> use->form & 1)) {
        err_set(e, ERR_SQL, "42883", "a model of type '%s' gives no such answer",
                learn_kind_word(m->options.kind));
        if (!m->loss.classes) err_hint(e, "It gives numbers: predict(MODEL m, ...).");
        return NULL;
    }
    switch (use->form) {
    case MODEL_CLASSIFY: return &type_text;
    case MODEL_CLASSIFY_TOP: t = top_type(a); break;
    case MODEL_EMBED: t = type_tensor(a, 1, &m->features); break;
    case MODEL_PREDICT:
        t = out->cols == 1 ? out->col[0].type : type_row(a, out->cols, out->col);
        break;
    case MODEL_OUTPUTS: t = type_row(a, out->cols, out->col); break;
    case MODEL_DETECT:
    case MODEL_FORM_COUNT:
        assert(false); /* not among the forms */
        break;
    }
    if (!t) err_memory(e);
    return t;
}

/* An answer's parts, wherever it lies. */
struct answer {
    struct answer_head head;
    const char *y, *features;
};

static bool answer_open(struct text bytes, struct answer *a) {
    if (bytes.bytes < sizeof a->head) return false;
    memcpy(&a->head, bytes.at, sizeof a->head);
    size_t numbers = a->head.numbers * sizeof(double), features = a->head.features * sizeof(float);
    a->y = bytes.at + sizeof a->head;
    a->features = a->y + numbers;
    return bytes.bytes == sizeof a->head + numbers + features;
}

static double number(const struct answer *a, uint32_t i) {
    double v;
    assert(i < a->head.numbers);
    memcpy(&v, a->y + i * sizeof v, sizeof v);
    return v;
}

/* The score of class i: one output is that of the second. */
static double score(const struct answer *a, uint32_t i) {
    if (a->head.numbers > 1) return number(a, i);
    return i == 1 ? number(a, 0) : 1 - number(a, 0);
}

/* Does class i come before class j? */
static bool better(const struct answer *a, uint32_t i, uint32_t j) {
    double x = score(a, i), y = score(a, j);
    return x > y || (x == y && i < j);
}

/* The best class that comes behind class `than`; UINT32_MAX: the best of all, none. */
static uint32_t best_behind(const struct answer *a, uint32_t than) {
    uint32_t found = UINT32_MAX;
    for (uint32_t i = 0; i < a->head.classes; i++) {
        if (than != UINT32_MAX && !better(a, than, i)) continue;
        if (found == UINT32_MAX || better(a, i, found)) found = i;
    }
    return found;
}

static uint32_t best(const struct learn *m, const struct answer *a) {
    if (m->options.kind != LEARN_KNN) return best_behind(a, UINT32_MAX);
    return number(a, 0) < 0 ? UINT32_MAX : (uint32_t)number(a, 0);
}

/* A score as a value: what is no number is none. */
static void add_number(struct column_builder *out, double v) {
    if (isnan(v)) {
        builder_null(out);
    } else {
        builder_f64(out, v);
    }
}

static void add_label(const struct learn *m, uint32_t class, struct column_builder *out) {
    int64_t v;
    if (class == UINT32_MAX) {
        builder_null(out);
        return;
    }
    struct text label = m->classes.label[class];
    if (out->type->id == TYPE_TEXT) {
        builder_text_copy(out, label);
    } else if (out->type->id == TYPE_BOOLEAN) {
        builder_b8(out,
                   text_equal(label, TEXT_LITERAL("true")) || text_equal(label, TEXT_LITERAL("1")));
    } else if (i64_parse(label, &v) == PARSE_OK) {
        builder_i64(out, v);
    } else {
        builder_null(out);
    }
}

static bool add_vector(const char *from, uint32_t numbers, bool doubles,
                       struct column_builder *out) {
    float *own = arena_alloc(out->arena, numbers * sizeof *own);
    uint32_t *dim = arena_alloc(out->arena, sizeof *dim);
    if (!own || !dim) return false;
    for (uint32_t i = 0; i < numbers; i++) {
        double wide = 0;
        if (doubles) memcpy(&wide, from + i * sizeof wide, sizeof wide);
        if (!doubles) memcpy(&own[i], from + i * sizeof *own, sizeof *own);
        if (doubles) own[i] = (float)wide;
    }
    *dim = numbers;
    builder_tensor(out, (struct tensor){.at = own, .dim = dim});
    return true;
}

static bool add_output(const struct learn *m, uint32_t i, const struct answer *a,
                       struct column_builder *out) {
    uint32_t class;
    switch (m->out[i].kind) {
    case OUTPUT_LABEL: add_label(m, best(m, a), out); return true;
    case OUTPUT_SCORE:
        class = best(m, a);
        if (learn_is_binary(m) && m->model.output.cols == 1) {
            add_number(out, number(a, 0));
        } else if (class == UINT32_MAX) {
            builder_null(out);
        } else {
            add_number(out, score(a, class));
        }
        return true;
    case OUTPUT_NUMBER: add_number(out, number(a, m->out[i].number)); return true;
    case OUTPUT_VECTOR: return add_vector(a->y, a->head.numbers, true, out);
    case OUTPUT_DISTANCE:
        if (best(m, a) == UINT32_MAX) {
            builder_null(out);
        } else {
            add_number(out, number(a, 1));
        }
        return true;
    }
    return true;
}

static bool add_row(const struct learn *m, const struct answer *a, struct column_builder *out) {
    for (uint32_t i = 0; i < m->model.output.cols; i++) {
        if (!add_output(m, i, a, &out->child[i])) return false;
    }
    builder_row(out);
    return true;
}

static void add_top(const struct learn *m, uint32_t top, const struct answer *a,
                    struct column_builder *out) {
    struct column_builder *row = &out->child[0];
    uint32_t given = 0;
    for (uint32_t class = UINT32_MAX; given < top; given++) {
        class = best_behind(a, class);
        if (class == UINT32_MAX) break;
        add_label(m, class, &row->child[0]);
        add_number(&row->child[1], score(a, class));
        builder_row(row);
    }
    builder_span(out, given);
}

bool learn_value(const struct model *model, const struct model_use *use, struct text answer,
                 struct column_builder *out, struct err *e) {
    const struct learn *m = (const struct learn *)model;
    struct answer a;
    bool room = true;
    if (!answer_open(answer, &a)) {
        return err_set(e, ERR_CORRUPT, "XX001", "an answer of a model was cut");
    }
    switch (use->form) {
    case MODEL_CLASSIFY: add_label(m, best(m, &a), out); break;
    case MODEL_CLASSIFY_TOP: add_top(m, use->top, &a, out); break;
    case MODEL_EMBED: room = add_vector(a.features, a.head.features, false, out); break;
    case MODEL_PREDICT:
        room = model->output.cols == 1 ? add_output(m, 0, &a, out) : add_row(m, &a, out);
        break;
    case MODEL_OUTPUTS: room = add_row(m, &a, out); break;
    case MODEL_DETECT:
    case MODEL_FORM_COUNT:
        assert(false); /* not among the forms */
        break;
    }
    return (room && !out->failed) || err_memory(e);
}
