/* What a model gives: its OUTPUT columns, declared or by default, and the forms it answers. */
#include <assert.h>

#include "engine/base/number.h"
#include "udf/learn/learner.h"

static uint32_t vector_size(const struct type *t) {
    return t->id == TYPE_TENSOR && t->dims == 1 ? t->dim[0] : 0;
}

uint32_t learn_output_numbers(const struct model_definition *d) {
    if (!d->output) return 0;
    if (d->output->cols == 1 && vector_size(d->output->col[0].type) > 0) {
        return vector_size(d->output->col[0].type);
    }
    return d->output->cols;
}

static bool wrong(const struct field *f, const char *why, struct err *e) {
    struct buf type;
    buf_init(&type);
    type_print(&type, f->type);
    err_set(e, ERR_SQL, "22023", "output '%.*s' of type %.60s %s",
            (int)(f->name.bytes < 60 ? f->name.bytes : 60), f->name.at, type.failed ? "?" : type.at,
            why);
    buf_done(&type);
    return false;
}

static bool class_column(struct learn *m, uint32_t i, bool seen[], struct err *e) {
    const struct field *f = &m->model.output.col[i];
    enum type_id id = f->type->id;
    bool knn = m->options.kind == LEARN_KNN,
         label = id == TYPE_TEXT || id == TYPE_BIGINT || id == TYPE_BOOLEAN;
    enum output_kind kind = label                      ? OUTPUT_LABEL
                            : id == TYPE_DOUBLE && knn ? OUTPUT_DISTANCE
                            : id == TYPE_DOUBLE        ? OUTPUT_SCORE
                                                       : OUTPUT_VECTOR;
    if (kind == OUTPUT_VECTOR && (knn || vector_size(f->type) != m->loss.outputs)) {
        return wrong(f,
                     knn ? "is neither a label nor a distance"
                         : "is no label (TEXT, BIGINT, BOOLEAN), no score (DOUBLE) and no "
                           "VECTOR of a score for each class",
                     e);
    }
    if (seen[kind]) return wrong(f, "repeats what another output gives", e);
    seen[kind] = true;
    m->out[i].kind = kind;
    return true;
}

static bool number_column(struct learn *m, uint32_t i, struct err *e) {
    const struct schema *s = &m->model.output;
    const struct field *f = &s->col[i];
    if (f->type->id == TYPE_DOUBLE && s->cols == m->loss.outputs) {
        m->out[i] = (struct learn_output){OUTPUT_NUMBER, i};
        return true;
    }
    if (s->cols == 1 && vector_size(f->type) == m->loss.outputs) {
        m->out[i].kind = OUTPUT_VECTOR;
        return true;
    }
    struct err why;
    wrong(f, "does not fit", &why);
    return err_set(e, ERR_SQL, "22023",
                   "%.120s: the model gives %u numbers, as many DOUBLEs or a "
                   "VECTOR(%u)",
                   why.message, m->loss.outputs, m->loss.outputs);
}

/* Where none is declared. */
static bool default_output(struct learn *m, struct err *e) {
    static const struct field numbers = {.name = {"y", 1}, .type = &type_double};
    static const struct field binary = {.name = {"p", 1}, .type = &type_double};
    static const struct field classes[] = {{.name = {"label", 5}, .type = &type_text},
                                           {.name = {"score", 5}, .type = &type_double}};
    static const struct field nearest[] = {{.name = {"label", 5}, .type = &type_text},
                                           {.name = {"distance", 8}, .type = &type_double}};
    struct schema *s = &m->model.output;
    if (m->options.kind == LEARN_KNN) {
        *s = (struct schema){2, nearest};
    } else if (m->loss.classes) {
        *s = learn_is_binary(m) ? (struct schema){1, &binary} : (struct schema){2, classes};
    } else if (m->loss.outputs == 1) {
        *s = (struct schema){1, &numbers};
    } else {
        struct field *f = ARENA_NEW(&m->arena, f);
        const struct type *t = type_tensor(&m->arena, 1, &m->loss.outputs);
        if (!f || !t) return err_memory(e);
        *f = (struct field){.name = TEXT_LITERAL("y"), .type = t};
        *s = (struct schema){1, f};
    }
    return true;
}

/* A label column of numbers or booleans can only hold such classes. */
static bool labels_fit(const struct learn *m, struct err *e) {
    for (uint32_t i = 0; i < m->model.output.cols; i++) {
        const struct field *f = &m->model.output.col[i];
        for (uint32_t k = 0; k < m->classes.count && m->out[i].kind == OUTPUT_LABEL; k++) {
            struct text label = m->classes.label[k];
            int64_t v;
            bool word =
                text_equal(label, TEXT_LITERAL("true")) || text_equal(label, TEXT_LITERAL("false"));
            bool fits = f->type->id == TYPE_TEXT ||
                        (f->type->id == TYPE_BOOLEAN ? word : i64_parse(label, &v) == PARSE_OK);
            if (!fits) return wrong(f, "cannot hold all names in 'classes'", e);
        }
    }
    return true;
}

bool learn_output_open(struct learn *m, const struct model_definition *d, struct err *e) {
    bool seen[OUTPUT_DISTANCE + 1] = {false};
    if (d->output) {
        struct schema *own = schema_copy(&m->arena, d->output);
        if (!own) return err_memory(e);
        m->model.output = *own;
    } else if (!default_output(m, e)) {
        return false;
    }
    m->out = ARENA_ARRAY(&m->arena, m->out, m->model.output.cols);
    if (!m->out) return err_memory(e);
    for (uint32_t i = 0; i < m->model.output.cols; i++) {
        bool fits = m->loss.classes ? class_column(m, i, seen, e) : number_column(m, i, e);
        if (!fits) return false;
    }
    m->model.targets = m->loss.classes ? 1 : m->model.output.cols;
    m->model.forms = 1u << MODEL_PREDICT | 1u << MODEL_OUTPUTS;
    if (m->loss.classes) m->model.forms |= 1u << MODEL_CLASSIFY;
    if (m->loss.classes && m->options.kind != LEARN_KNN) {
        m->model.forms |= 1u << MODEL_CLASSIFY_TOP;
    }
    if (m->features > 0) m->model.forms |= 1u << MODEL_EMBED;
    return labels_fit(m, e);
}
