/* learn_probe.c: see learn_probe.h */
#include "tests/unit/udf/learn_probe.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/compress.h"
#include "storage/file_posix.h"
#include "tests/data.h"

static const struct type *type_of(struct learn_probe *p, const char **at) {
    uint32_t n;
    switch (*(*at)++) {
    case 'd': return &type_double;
    case 'i': return &type_bigint;
    case 'b': return &type_boolean;
    case 't': return &type_text;
    case 'g': return &type_image;
    default: break;
    }
    char *end;
    n = (uint32_t)strtoul(*at, &end, 10);
    *at = end;
    return type_tensor(&p->arena, 1, &n);
}

static struct schema schema_of(struct learn_probe *p, struct field *field, const char *types) {
    struct schema s = {.col = field};
    while (types && *types) {
        field[s.cols++] = (struct field){.name = TEXT_LITERAL("c"), .type = type_of(p, &types)};
        assert(s.cols <= PROBE_COLUMNS);
    }
    return s;
}

static struct options options_of(struct learn_probe *p, const char *words) {
    struct options o = {.option = p->option};
    while (*words) {
        size_t key = strcspn(words, "="), value = strcspn(words + key + 1, "|");
        assert(o.count < PROBE_OPTIONS);
        p->option[o.count++] = (struct option){
            .key = {arena_copy(&p->arena, words, key), (uint32_t)key},
            .value = {arena_copy(&p->arena, words + key + 1, value), (uint32_t)value}};
        words += key + 1 + value;
        words += *words == '|';
    }
    return o;
}

void probe_define(struct learn_probe *p, const char *input, const char *output,
                  const char *options) {
    *p = (struct learn_probe){.model = NULL};
    arena_init(&p->arena, 0);
    p->input = schema_of(p, p->field, input);
    p->output = schema_of(p, p->field + PROBE_COLUMNS, output);
    p->definition = (struct model_definition){.name = TEXT_LITERAL("m"),
                                              .input = input ? &p->input : NULL,
                                              .output = output ? &p->output : NULL,
                                              .options = options_of(p, options)};
}

void probe_make(struct learn_probe *p) {
    const struct model_env env = {.fs = file_system_posix(), .image_pixels_max = 1 << 20};
    p->model = model_train.create(&p->definition, &env, &p->e);
}

void probe_create(struct learn_probe *p, const char *input, const char *output,
                  const char *options) {
    probe_define(p, input, output, options);
    probe_make(p);
}

void probe_done(struct learn_probe *p) {
    model_train.destroy(p->model);
    arena_done(&p->arena);
}

static bool hear(void *context, const struct model_progress *m, struct err *e) {
    struct learn_probe *p = context;
    (void)e;
    uint64_t rows = m->rows - p->learnt;
    p->progresses++;
    p->last = *m;
    p->loss += m->loss * (double)rows;
    p->accurate += m->accuracy * (double)rows;
    p->learnt = m->rows;
    return true;
}

static bool hear_bad(void *context, uint32_t i, const char *sqlstate, const char *message,
                     struct err *e) {
    struct learn_probe *p = context;
    (void)e;
    p->bads++;
    snprintf(p->bad_reason, sizeof p->bad_reason, "%u %s %s", i, sqlstate, message);
    return true;
}

struct model_listener probe_listener(struct learn_probe *p) {
    return (struct model_listener){.context = p, .progress = hear, .bad = hear_bad};
}

bool probe_give(struct learn_probe *p, struct model_trainer *t, const struct probe_rows *r,
                uint32_t from, uint32_t to) {
    static const uint32_t most = BATCH_ROWS;
    uint16_t row[BATCH_ROWS];
    uint64_t ordinal[BATCH_ROWS];
    struct column col[PROBE_COLUMNS];
    uint32_t cols = p->model->input.cols + PROBE_COLUMNS / 2;
    for (uint32_t count; from < to; from += count) {
        uint32_t cut = r->cut > 0 ? r->cut : most;
        count = to - from < cut ? to - from : cut;
        for (uint32_t i = 0; i < count; i++) {
            row[i] = (uint16_t)i;
            ordinal[i] = r->first_ordinal + from + i;
        }
        for (uint32_t c = 0; c < cols && r->col[c].type; c++) {
            col[c] = r->col[c];
            size_t bytes = rep_bytes(type_rep(r->col[c].type));
            col[c].as.any = (const char *)r->col[c].as.any + from * bytes;
        }
        const struct model_rows rows = {.arg = col, .row = row, .ordinal = ordinal, .rows = count};
        if (!model_train.train(t, &rows, &p->e)) return false;
    }
    return true;
}

bool probe_train(struct learn_probe *p, const struct probe_rows *r) {
    struct model_listener l = probe_listener(p);
    struct model_trainer *t = model_train.train_open(p->model, r->source, &l, &p->e);
    bool again = true, fine = t != NULL;
    while (fine && again) {
        fine = probe_give(p, t, r, 0, r->rows) && model_train.train_end(t, &again, &p->e);
    }
    model_train.train_close(t);
    return fine;
}

/* Rows to predict. */
struct ask {
    const struct column *arg;
    const uint16_t *row;
    uint32_t rows;
    uint64_t version;
};

static struct column values(struct learn_probe *p, enum model_form form, const struct ask *ask) {
    const uint32_t rows = ask->rows;
    struct model_answer *answer = ARENA_ARRAY(&p->arena, answer, rows);
    const struct model_use use = {.form = form, .top = 3};
    struct model_session *s = model_train.session_open(p->model, &p->e);
    struct model_run run = {.arg = ask->arg,
                            .row = ask->row,
                            .rows = rows,
                            .version = ask->version,
                            .answer = answer,
                            .arena = &p->arena};
    const struct type *type = model_train.use_type(p->model, &use, &p->arena, &p->e);
    struct column_builder out;
    struct column c = {.type = NULL};
    assert(s && type);
    bool fine = builder_init(&out, &p->arena, type, rows);
    fine = fine && model_train.run(s, &run, &p->e);
    for (uint32_t i = 0; fine && i < rows; i++) {
        if (answer[i].sqlstate) {
            builder_null(&out);
        } else {
            fine = model_train.value(p->model, &use, answer[i].bytes, &out, &p->e);
        }
    }
    fine = fine && builder_column(&out, &c);
    assert(fine);
    model_train.session_close(s);
    return c;
}

struct column probe_values(struct learn_probe *p, enum model_form form, const struct column *arg,
                           uint32_t rows) {
    uint16_t *row = ARENA_ARRAY(&p->arena, row, rows);
    struct model_watch *w = model_train.watch_open(p->model, NULL, &p->e);
    assert(w && row);
    for (uint32_t i = 0; i < rows; i++) row[i] = (uint16_t)i;
    const struct ask ask = {arg, row, rows, model_train.version_at(w, 0)};
    struct column c = values(p, form, &ask);
    model_train.watch_close(w);
    return c;
}

struct column probe_value_at(struct learn_probe *p, uint64_t version, const struct column *arg,
                             uint32_t row) {
    uint16_t one = (uint16_t)row;
    return values(p, MODEL_PREDICT, &(struct ask){arg, &one, 1, version});
}

struct text probe_saved(struct learn_probe *p) {
    struct buf b;
    buf_init(&b);
    bool fine = model_train.save(p->model, &b, &p->e);
    assert(fine);
    struct text t = {arena_copy(&p->arena, b.at, b.bytes), (uint32_t)b.bytes};
    buf_done(&b);
    return t;
}

struct text probe_data(struct learn_probe *p, const char *path) {
    char full[500];
    struct err e;
    snprintf(full, sizeof full, "%s/%s", test_data(), path);
    struct file *f = file_open(file_system_posix(), full, FILE_READ, &e);
    struct text none = {.at = NULL};
    if (!f) return none;
    struct compress_reader *r = compress_reader_open(f, path, &p->arena, &e);
    struct buf all;
    size_t got = 1;
    buf_init(&all);
    while (r && got > 0 && buf_reserve(&all, 1 << 20) &&
           compress_reader_read(r, all.at + all.bytes, 1 << 20, &got, &e)) {
        all.bytes += got;
    }
    compress_reader_close(r);
    file_close(f);
    struct text t = {arena_copy(&p->arena, all.at, all.bytes), (uint32_t)all.bytes};
    buf_done(&all);
    return t;
}
