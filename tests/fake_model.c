/* fake_model.c: see fake_model.h. An answer is n, 8 bytes; of a learner the mean, 8 bytes. */

#include "tests/fake_model.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fake_private.h"

static const struct option_row options[] = {
    {"labels", "names", "The classes, with commas between."},
    {"batch", "integer", "Rows a run."},
    {"size", "integer", "Of a vector."},
    {"learns", "true | false", "Whether INSERT INTO MODEL teaches it."},
    {"publish", "integer", "Rows a version."},
    {"epochs", "integer", "Times that the rows are read."},
    {NULL, NULL, NULL},
};

static struct text option_of(const struct model_definition *d, const char *key) {
    for (uint32_t i = 0; i < d->options.count; i++) {
        if (text_equal_fold(d->options.option[i].key, text_of(key)))
            return d->options.option[i].value;
    }
    return (struct text){0};
}

static int64_t number_of(const struct model_definition *d, const char *key, int64_t otherwise) {
    struct text t = option_of(d, key);
    int64_t n = 0;
    for (uint32_t i = 0; i < t.bytes; i++) n = n * 10 + (t.at[i] - '0');
    return t.bytes > 0 ? n : otherwise;
}

static void take_labels(struct fake *f, struct text names) {
    if (names.bytes == 0) names = TEXT_LITERAL("zero,one,two");
    while (f->labels < LABELS_MAX) {
        const char *comma = memchr(names.at, ',', names.bytes);
        uint32_t bytes = comma ? (uint32_t)(comma - names.at) : names.bytes;
        f->label[f->labels++] = (struct text){names.at, bytes};
        if (!comma) return;
        names.at += bytes + 1;
        names.bytes -= bytes + 1;
    }
}

static bool fill(struct fake *f, const struct model_definition *d) {
    static const struct field number = {.name = {"x", 1}, .type = &type_bigint};
    static const struct field answers[] = {{.name = {"label", 5}, .type = &type_text},
                                           {.name = {"score", 5}, .type = &type_double}};
    static const struct field mean = {.name = {"mean", 4}, .type = &type_double};
    bool learns = text_equal_fold(option_of(d, "learns"), TEXT_LITERAL("true"));
    struct schema in = {.cols = 1, .col = &number}, out = {.cols = 2, .col = answers};
    if (learns) out = (struct schema){.cols = 1, .col = &mean};
    struct schema *input = schema_copy(&f->arena, d->input ? d->input : &in);
    struct schema *output = schema_copy(&f->arena, d->output ? d->output : &out);
    struct text names = option_of(d, "labels");
    char *copy = arena_copy(&f->arena, names.at ? names.at : "", names.bytes);
    if (!input || !output || !copy) return false;
    f->model.type = &fake_model;
    f->model.input = *input;
    f->model.output = *output;
    f->model.learns = learns;
    f->model.forms = (UINT32_C(1) << MODEL_FORM_COUNT) - 1;
    if (learns) f->model.forms = UINT32_C(1) << MODEL_PREDICT | UINT32_C(1) << MODEL_OUTPUTS;
    f->model.batch_rows = (uint32_t)number_of(d, "batch", 8);
    f->size = (uint32_t)number_of(d, "size", 3);
    f->publish = number_of(d, "publish", 1);
    f->epochs = number_of(d, "epochs", 1);
    take_labels(f, (struct text){copy, names.bytes});
    return fake_version_add(f, &(struct version){.mean = 0});
}

static void fake_destroy(struct model *m) {
    struct fake *f = (struct fake *)m;
    if (!f) return;
    assert(!f->trained && !f->watch);
    arena_done(&f->arena);
    free(f->version);
    free(f);
}

static struct model *fake_create(const struct model_definition *d, const struct model_env *env,
                                 struct err *e) {
    (void)env;
    struct fake *f = calloc(1, sizeof *f);
    if (f && fill(f, d)) return &f->model;
    if (f) fake_destroy(&f->model);
    err_memory(e);
    return NULL;
}

void fake_model_counts(const struct model *m, struct fake_counts *out) {
    *out = ((const struct fake *)m)->counts;
}

static bool fake_describe(const struct model *m, struct arena *a, struct model_fact **fact_out,
                          uint32_t *facts_out, struct err *e) {
    const struct fake *f = (const struct fake *)m;
    struct model_fact *fact = ARENA_ARRAY(a, fact, 1);
    struct buf rows;
    buf_init(&rows);
    buf_addf(&rows, "%llu", (unsigned long long)f->counts.rows);
    char *copy = rows.failed ? NULL : arena_copy(a, rows.at, rows.bytes);
    buf_done(&rows);
    if (!fact || !copy) return err_memory(e);
    fact[0] = (struct model_fact){"computed", copy};
    *fact_out = fact;
    *facts_out = 1;
    return true;
}

static const struct type *row_type(struct arena *a, const char *const *name,
                                   const struct type *const *type, uint32_t fields) {
    struct field f[8];
    for (uint32_t i = 0; i < fields; i++) {
        f[i] = (struct field){.name = text_of(name[i]), .type = type[i]};
    }
    const struct type *row = type_row(a, fields, f);
    return row ? type_array(a, row) : NULL;
}

static const struct type *fake_use_type(const struct model *m, const struct model_use *use,
                                        struct arena *a, struct err *e) {
    static const char *const boxes[] = {"label", "score", "x", "y", "w", "h"};
    static const struct type *const types[] = {&type_text,   &type_double, &type_double,
                                               &type_double, &type_double, &type_double};
    const struct fake *f = (const struct fake *)m;
    const struct type *t = &type_text;
    switch (use->form) {
    case MODEL_CLASSIFY: break;
    case MODEL_CLASSIFY_TOP: t = row_type(a, boxes, types, 2); break;
    case MODEL_DETECT: t = row_type(a, boxes, types, 6); break;
    case MODEL_EMBED: t = type_tensor(a, 1, &f->size); break;
    case MODEL_PREDICT:
        t = m->output.cols == 1 ? m->output.col[0].type
                                : type_row(a, m->output.cols, m->output.col);
        break;
    case MODEL_OUTPUTS: t = type_row(a, m->output.cols, m->output.col); break;
    case MODEL_FORM_COUNT: assert(false);
    }
    if (!t) err_memory(e);
    return t;
}

static struct model_session *fake_session(struct model *m, struct err *e) {
    struct model_session *s = calloc(1, sizeof *s);
    if (!s) {
        err_memory(e);
        return NULL;
    }
    s->fake = (struct fake *)m;
    return s;
}

static void fake_session_close(struct model_session *s) {
    free(s);
}

/* The number of a value; false: it is bad. */
static bool value_number(const struct column *c, uint32_t row, int64_t *sum) {
    switch (type_rep(c->type)) {
    case REP_B8: *sum += c->as.b8[row]; return true;
    case REP_I64: *sum += c->as.i64[row]; return true;
    case REP_F64: *sum += (int64_t)c->as.f64[row]; return true;
    case REP_I128: *sum += (int64_t)c->as.i128[row]; return true;
    case REP_TENSOR: *sum += (int64_t)c->as.tensor[row].at[0]; return true;
    case REP_SPAN: *sum += c->as.span[row].count; return true;
    case REP_TEXT:
    case REP_COUNT: break;
    }
    struct text t = c->as.text[row];
    int64_t bytes = 0;
    for (uint32_t i = 0; i < t.bytes; i++) bytes += (unsigned char)t.at[i];
    *sum += bytes % 1000;
    return t.bytes < 3 || memcmp(t.at, "bad", 3) != 0;
}

static bool fake_run(struct model_session *s, struct model_run *r, struct err *e) {
    struct fake *f = s->fake;
    assert(r->rows > 0 && r->rows <= BATCH_ROWS);
    f->counts.runs++;
    f->counts.rows += r->rows;
    if (r->rows > f->counts.rows_max) f->counts.rows_max = r->rows;
    for (uint32_t i = 0; i < r->rows; i++) {
        int64_t n = 0;
        bool good = true;
        for (uint32_t c = 0; c < f->model.input.cols; c++) {
            assert(column_has(&r->arg[c], r->row[i]));
            good = value_number(&r->arg[c], r->row[i], &n) && good;
        }
        double mean = f->model.learns ? fake_version_of(f, r->version)->mean : 0;
        char *at = arena_copy(r->arena, f->model.learns ? (void *)&mean : (void *)&n, sizeof n);
        if (!at) return err_memory(e);
        r->answer[i] = (struct model_answer){.bytes = {at, sizeof n}};
        if (good) continue;
        r->answer[i].sqlstate = "22P02";
        r->answer[i].message = "the input is bad";
    }
    return true;
}

static void add_output(const struct fake *f, const struct type *t, int64_t n,
                       struct column_builder *out) {
    if (t->id == TYPE_BIGINT) {
        builder_i64(out, n);
    } else if (t->id == TYPE_DOUBLE) {
        builder_f64(out, (double)n);
    } else {
        builder_text_copy(out, f->label[(uint64_t)n % f->labels]);
    }
}

static void add_top(const struct fake *f, int64_t n, uint32_t top, struct column_builder *out) {
    struct column_builder *row = &out->child[0];
    uint32_t count = top < f->labels ? top : f->labels;
    for (uint32_t i = 0; i < count; i++) {
        builder_text_copy(&row->child[0], f->label[((uint64_t)n + i) % f->labels]);
        builder_f64(&row->child[1], 1.0 / (i + 1));
        builder_row(row);
    }
    builder_span(out, count);
}

static void add_boxes(const struct fake *f, int64_t n, const struct model_use *use,
                      struct column_builder *out) {
    static const double scores[] = {0.9, 0.7, 0.5};
    struct column_builder *row = &out->child[0];
    uint32_t count = 0;
    double limit = use->limits_given ? use->score_min : 0.6;
    for (uint32_t i = 0; i < (uint64_t)n % 4; i++) {
        if (scores[i] < limit) continue;
        builder_text_copy(&row->child[0], f->label[i % f->labels]);
        builder_f64(&row->child[1], scores[i]);
        builder_f64(&row->child[2], (double)n);
        builder_f64(&row->child[3], i);
        builder_f64(&row->child[4], 10);
        builder_f64(&row->child[5], 20);
        builder_row(row);
        count++;
    }
    builder_span(out, count);
}

static bool add_vector(const struct fake *f, int64_t n, struct column_builder *out) {
    float *at = ARENA_ARRAY(out->arena, at, f->size);
    uint32_t *dim = ARENA_ARRAY(out->arena, dim, 1);
    if (!at || !dim) return false;
    for (uint32_t i = 0; i < f->size; i++) at[i] = (float)(n + i);
    *dim = f->size;
    builder_tensor(out, (struct tensor){.at = at, .dim = dim});
    return true;
}

static void add_outputs(const struct fake *f, int64_t n, struct column_builder *out) {
    for (uint32_t i = 0; i < f->model.output.cols; i++) {
        add_output(f, f->model.output.col[i].type, n, &out->child[i]);
    }
    builder_row(out);
}

static bool learner_value(const struct fake *f, const struct model_use *use, struct text answer,
                          struct column_builder *out) {
    double mean;
    bool row = use->form == MODEL_OUTPUTS || f->model.output.cols > 1;
    memcpy(&mean, answer.at, sizeof mean);
    builder_f64(row ? &out->child[0] : out, mean);
    if (row) builder_row(out);
    return true;
}

static bool fake_value(const struct model *m, const struct model_use *use, struct text answer,
                       struct column_builder *out, struct err *e) {
    const struct fake *f = (const struct fake *)m;
    int64_t n;
    assert(answer.bytes == sizeof n);
    if (m->learns) return learner_value(f, use, answer, out);
    memcpy(&n, answer.at, sizeof n);
    switch (use->form) {
    case MODEL_CLASSIFY: builder_text_copy(out, f->label[(uint64_t)n % f->labels]); break;
    case MODEL_CLASSIFY_TOP: add_top(f, n, use->top, out); break;
    case MODEL_DETECT: add_boxes(f, n, use, out); break;
    case MODEL_EMBED: return add_vector(f, n, out) || err_memory(e);
    case MODEL_PREDICT:
        if (m->output.cols == 1) {
            add_output(f, m->output.col[0].type, n, out);
            break;
        }
        add_outputs(f, n, out);
        break;
    case MODEL_OUTPUTS: add_outputs(f, n, out); break;
    case MODEL_FORM_COUNT: assert(false);
    }
    return true;
}

static bool fake_export(const struct model *m, struct buf *out, struct err *e) {
    const struct fake *f = (const struct fake *)m;
    buf_addf(out, "fake %u inputs, %llu rows learnt\n", m->input.cols,
             (unsigned long long)f->learnt);
    return !out->failed || err_memory(e);
}

static bool fake_save(struct model *m, struct buf *out, struct err *e) {
    const struct fake *f = (const struct fake *)m;
    buf_add(out, &f->sum, sizeof f->sum);
    buf_add(out, &f->learnt, sizeof f->learnt);
    return !out->failed || err_memory(e);
}

static bool fake_load(struct model *m, struct text saved, struct err *e) {
    struct fake *f = (struct fake *)m;
    if (saved.bytes != 16) return err_set(e, ERR_CORRUPT, "XX001", "a saved model is damaged");
    memcpy(&f->sum, saved.at, sizeof f->sum);
    memcpy(&f->learnt, saved.at + 8, sizeof f->learnt);
    return true;
}

const struct model_type fake_model = {
    .provider = "fake",
    .doc = "Answers by arithmetic, for tests.",
    .option = options,
    .create = fake_create,
    .destroy = fake_destroy,
    .describe = fake_describe,
    .use_type = fake_use_type,
    .session_open = fake_session,
    .session_close = fake_session_close,
    .run = fake_run,
    .value = fake_value,
    .watch_open = fake_watch_open,
    .watch_close = fake_watch_close,
    .version_at = fake_version_at,
    .version_forget = fake_version_forget,
    .train_open = fake_train_open,
    .train = fake_train,
    .train_end = fake_train_end,
    .train_close = fake_train_close,
    .export_onnx = fake_export,
    .save = fake_save,
    .load = fake_load,
};
