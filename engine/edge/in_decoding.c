/* in_decoding.c: see in_decoding.h. */
#include "engine/edge/in_decoding.h"

#include <assert.h>

#include "engine/base/text.h"
#include "engine/edge/codec_cell.h"
#include "engine/edge/in_filesystem.h"
#include "engine/edge/option.h"

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
        if (filesystem_is_partition(d->def, p)) continue;
        field[n] = physical->col[p];
        d->place[n] = p;
        d->wanted[n++] = needs[p];
    }
    *d->file = (struct schema){.cols = n, .col = field};
    return true;
}

bool decoding_open(struct decoding *d, const struct decoding_options *o, struct err *e) {
    *d = (struct decoding){
        .codec = o->codec,
        .batch_rows = o->env->batch_rows,
        .def = o->intake.def,
        .null_name = option_text(o->options, "partition.default-name"),
    };
    if (d->null_name.bytes == 0) d->null_name = TEXT_LITERAL(PARTITION_NULL_NAME);
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

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool unescape(struct arena *a, struct text t, struct text *out) {
    char *to = arena_alloc(a, (size_t)t.bytes + 1);
    if (!to) return false;
    uint32_t n = 0;
    for (uint32_t i = 0; i < t.bytes; i++) {
        bool escape = t.at[i] == '%' && i + 2 < t.bytes && hex_digit(t.at[i + 1]) >= 0 &&
                      hex_digit(t.at[i + 2]) >= 0;
        to[n++] = escape ? (char)(hex_digit(t.at[i + 1]) * 16 + hex_digit(t.at[i + 2])) : t.at[i];
        i += escape ? 2 : 0;
    }
    *out = (struct text){.at = to, .bytes = n};
    return true;
}

/* The value of column `name` in the folders of a path; at NULL: there is none. */
static struct text folder_value(const char *path, struct text name) {
    while (path) {
        const char *end = strchr(path, '/');
        if (!end) break;
        const char *equals = memchr(path, '=', (size_t)(end - path));
        struct text key = {path, equals ? (uint32_t)(equals - path) : 0};
        if (equals && text_equal_fold(key, name)) {
            return (struct text){equals + 1, (uint32_t)(end - equals - 1)};
        }
        path = end + 1;
    }
    return (struct text){NULL, 0};
}

/* A partition column: the folder's value in every row. */
static bool fill_constant(const struct decoding *d, uint32_t p, const struct decoding_rows *rows,
                          struct column *out, struct err *e) {
    const struct field *f = &d->def->physical->col[p];
    struct column_builder b;
    struct cell_fault fault = {"22P02", "no value"};
    struct text escaped = rows->path ? folder_value(rows->path, f->name) : (struct text){NULL, 0};
    struct text value = {NULL, 0};
    if (!builder_init(&b, rows->arena, f->type, rows->rows)) return err_memory(e);
    if (escaped.at && !unescape(rows->arena, escaped, &value)) return err_memory(e);
    bool null = !value.at || text_equal(value, d->null_name);
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
        if (!needs[p] || !filesystem_is_partition(d->def, p)) continue;
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
