/* in_decoding.c: see in_decoding.h. */
#include "engine/edge/in_decoding.h"

#include <assert.h>

#include "engine/base/option.h"
#include "engine/base/text.h"
#include "engine/edge/codec_cell.h"
#include "engine/edge/partition.h"

static bool choose_columns(struct decoding *d, struct arena *a, struct err *e) {
    const struct schema *physical = d->def->physical;
    const bool *needs = intake_needs(d->intake);
    struct field *field = ARENA_ARRAY(a, field, physical->cols + 1);
    d->place = ARENA_ARRAY(a, d->place, physical->cols + 1);
    d->wanted = ARENA_ARRAY(a, d->wanted, physical->cols + 1);
    d->builder = ARENA_ARRAY(a, d->builder, physical->cols + 1);
    d->col = ARENA_ARRAY(a, d->col, physical->cols + 1);
    d->file = ARENA_NEW(a, d->file);
    if (!field || !d->file || !d->place || !d->wanted || !d->builder || !d->col)
        return err_memory(e);
    uint32_t n = 0;
    for (uint32_t p = 0; p < physical->cols; p++) {
        if (partition_has(d->def, p)) continue;
        field[n] = physical->col[p];
        d->place[n] = p;
        d->wanted[n++] = needs[p];
    }
    *d->file = (struct schema){.cols = n, .col = field};
    return true;
}

const struct codec *decoding_codec(const struct options *o, struct err *e) {
    struct text format = option_text(o, "format");
    const struct codec *codec = codec_find(format.at ? format : TEXT_LITERAL("json"));
    if (codec && codec->decoder_create) return codec;
    err_set(e, ERR_SQL, "0A000", "format '%.*s' is read by the connector filesystem only",
            TEXT_ARG(format));
    return NULL;
}

/* Whether a format reads such columns its decoder says when it is made. */
bool decoding_check(const struct stream_def *def, const struct options *o, struct err *e) {
    enum { RECORD_BYTES = 1024 }; /* it decodes nothing */
    const struct codec *codec = decoding_codec(o, e);
    if (!codec) return false;
    struct arena a;
    arena_init(&a, 0);
    struct field *field = ARENA_ARRAY(&a, field, def->physical->cols + 1);
    bool *used = ARENA_ARRAY(&a, used, def->physical->cols + 1);
    struct schema file = {.col = field};
    for (uint32_t p = 0; field && p < def->physical->cols; p++) {
        if (!partition_has(def, p)) field[file.cols++] = def->physical->col[p];
    }
    const struct decoder_options options = {
        .physical = &file, .used = used, .options = o, .record_bytes_max = RECORD_BYTES};
    struct decoder *d = NULL;
    if (field && used)
        d = codec->decoder_create(&options, e);
    else
        err_memory(e);
    if (d) codec->decoder_destroy(d);
    arena_done(&a);
    return d != NULL;
}

bool decoding_open(struct decoding *d, const struct decoding_options *o, struct err *e) {
    *d = (struct decoding){
        .codec = o->codec,
        .batch_rows = o->env->batch_rows,
        .def = o->intake.def,
    };
    if (!partition_null_name(o->options, &d->null_name, e)) return false;
    d->intake = intake_create(&o->intake, e);
    if (!d->intake || !choose_columns(d, o->intake.arena, e)) return false;
    const struct decoder_options decoder = {
        .physical = d->file,
        .used = d->wanted,
        .options = o->options,
        .record_bytes_max = o->env->record_bytes_max,
    };
    d->decoder = d->codec->decoder_create(&decoder, e);
    return d->decoder != NULL;
}

bool decoding_begin(struct decoding *d, struct arena *a, struct err *e) {
    for (uint32_t i = 0; i < d->file->cols; i++) {
        const struct type *type = d->file->col[i].type;
        d->builder[i] = (struct column_builder){.type = type, .arena = a};
        if (!d->wanted[i]) continue;
        if (!builder_init(&d->builder[i], a, type, d->batch_rows)) return err_memory(e);
    }
    return true;
}

static bool unescape(struct arena *a, struct text t, struct text *out) {
    struct buf plain;
    buf_init(&plain);
    partition_unescape(&plain, t);
    char *copy = plain.failed ? NULL : arena_copy(a, plain.bytes > 0 ? plain.at : "", plain.bytes);
    *out = (struct text){.at = copy, .bytes = (uint32_t)plain.bytes};
    buf_done(&plain);
    return copy != NULL;
}

/* A partition column: the folder's value in every row. */
static bool fill_constant(const struct decoding *d, uint32_t p, const struct decoding_rows *rows,
                          struct column *out, struct err *e) {
    const struct field *f = &d->def->physical->col[p];
    struct column_builder b;
    struct cell_fault fault = {"22P02", "no value"};
    struct text escaped = rows->path ? partition_find(rows->path, f->name) : (struct text){NULL, 0};
    struct text value = {NULL, 0};
    if (!builder_init(&b, rows->arena, f->type, rows->rows)) return err_memory(e);
    bool null = !escaped.at || text_equal(escaped, d->null_name);
    if (!null && !unescape(rows->arena, escaped, &value)) return err_memory(e);
    for (uint32_t i = 0; i < rows->rows; i++) {
        if (null) {
            builder_null(&b);
        } else if (!cell_append(&b, value, TIME_NUMBER_NONE, &fault)) {
            return err_set(e, ERR_DATA, fault.sqlstate, "%s: the folder of column \"%.*s\" is %s",
                           rows->path, TEXT_ARG(f->name), fault.what);
        }
    }
    return builder_column(&b, out) || err_memory(e);
}

bool decoding_take(struct decoding *d, const struct decoding_rows *rows, const struct batch **out,
                   struct err *e) {
    const bool *needs = intake_needs(d->intake);
    for (uint32_t i = 0; i < d->file->cols; i++) {
        if (!d->wanted[i]) continue;
        if (!builder_column(&d->builder[i], &d->col[d->place[i]])) return err_memory(e);
        assert(d->builder[i].rows == rows->rows);
    }
    for (uint32_t p = 0; p < d->def->physical->cols && d->def->partitions > 0; p++) {
        if (!needs[p] || !partition_has(d->def, p)) continue;
        if (!fill_constant(d, p, rows, &d->col[p], e)) return false;
    }
    const struct intake_rows in = {
        .col = d->col,
        .rows = rows->rows,
        .proctime_us = rows->proctime_us,
        .arena = rows->arena,
    };
    return intake_take(d->intake, &in, out, e);
}

void decoding_close(struct decoding *d) {
    if (d->decoder) d->codec->decoder_destroy(d->decoder);
    intake_close(d->intake);
    *d = (struct decoding){.codec = NULL};
}
