/* codec_raw.c: lines as they are: each is the value of the one column, TEXT or BLOB.
 *
 * Lines end with LF or CRLF; an empty line is an empty value. Values are slices of the input.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/edge/codec_lines.h"
#include "engine/edge/codec_options.h"

static const struct option_row raw_options[] = {{0}};

struct decoder {
    struct line_state line;
    size_t record_bytes_max;
    bool is_text;
    bool used;
};

struct encoder {
    const struct schema *schema;
};

/* One column of TEXT or BLOB. */
static bool schema_fits(const struct schema *s, const struct options *given, struct err *e) {
    const struct codec_ask ask = {.format = "raw", .row = raw_options, .given = given};
    if (!codec_option_check(&ask, e)) return false;
    enum type_id id = s->cols == 1 ? s->col[0].type->id : TYPE_NULL;
    if (id == TYPE_TEXT || id == TYPE_BLOB) return true;
    err_set(e, ERR_SQL, "42804", "format raw wants one column of TEXT or BLOB");
    return err_hint(e, "Each line is the value of the column; use csv for several columns.");
}

static struct decoder *raw_create(const struct decoder_options *o, struct err *e) {
    if (!schema_fits(o->physical, o->options, e)) return NULL;
    struct decoder *d = calloc(1, sizeof *d);
    if (!d) {
        err_memory(e);
        return NULL;
    }
    d->record_bytes_max = o->record_bytes_max;
    d->is_text = o->physical->col[0].type->id == TYPE_TEXT;
    d->used = o->used[0];
    return d;
}

static struct line_state *raw_line_state(struct decoder *d) {
    return &d->line;
}

static void raw_restart(struct decoder *d) {
    d->line = (struct line_state){0};
}

/* One line; `record` is without its end. */
static bool raw_line(struct decoder *d, struct decode_job *job, struct text record, struct err *e) {
    if (d->is_text && utf8_valid_prefix(record.at, record.bytes) != record.bytes) {
        const struct line_fault f = {"22021", "invalid UTF-8"};
        return line_bad(job, record, &f, e);
    }
    if (d->used) builder_text(&job->col[0], record);
    if (job->row_offset) job->row_offset[job->rows] = job->offset + (uint64_t)(record.at - job->at);
    job->rows++;
    return true;
}

static bool raw_decode(struct decoder *d, struct decode_job *job, struct err *e) {
    assert(job->rows_max > 0 && job->bad);
    struct line_walk w = {.state = &d->line, .job = job, .record_bytes_max = d->record_bytes_max};
    job->rows = 0;
    job->consumed = 0;
    if (d->is_text && !line_begin(&d->line, job, &w.at)) return true;
    line_skip_rest(&d->line, job, &w.at);
    while (job->rows < job->rows_max) {
        struct text line;
        if (!line_next(&w, &line, e)) return false;
        if (!line.at) break;
        if (!raw_line(d, job, line, e)) return false;
    }
    job->consumed = w.at;
    return !(d->used && job->col[0].failed) || err_memory(e);
}

static void raw_destroy(struct decoder *d) {
    free(d);
}

static struct encoder *raw_encoder_create(const struct schema *schema,
                                          const struct options *options, bool changes,
                                          struct err *e) {
    if (changes) {
        err_set(e, ERR_SQL, "0A000", "format raw cannot write changes");
        err_hint(e, "Use format json or csv.");
        return NULL;
    }
    if (!schema_fits(schema, options, e)) return NULL;
    struct encoder *c = calloc(1, sizeof *c);
    if (!c) {
        err_memory(e);
        return NULL;
    }
    c->schema = schema;
    return c;
}

static bool raw_encode_begin(struct encoder *c, struct buf *out, struct err *e) {
    (void)c;
    (void)out;
    (void)e;
    return true;
}

/* A NULL is an empty line. */
static bool raw_encode(struct encoder *c, const struct batch *b, struct buf *out, struct err *e) {
    assert(c->schema->cols == 1);
    for (uint32_t i = 0; i < b->live; i++) {
        uint32_t row = batch_row(b, i);
        if (column_has(&b->col[0], row)) buf_add_text(out, b->col[0].as.text[row]);
        buf_add_char(out, '\n');
    }
    return !out->failed || err_memory(e);
}

static void raw_encoder_destroy(struct encoder *c) {
    free(c);
}

const struct codec codec_raw = {
    .name = "raw",
    .doc = "one line is one value of the stream's single column; of the filesystem connector, "
           "where there is a column of BLOB or IMAGE, one file is one row of the columns path "
           "TEXT, bytes BLOB or IMAGE (of any name), modified TIMESTAMP, ordinal BIGINT",
    .option = raw_options,
    .decoder_create = raw_create,
    .decode = raw_decode,
    .decoder_restart = raw_restart,
    .decoder_line = raw_line_state,
    .decoder_destroy = raw_destroy,
    .encoder_create = raw_encoder_create,
    .encode_begin = raw_encode_begin,
    .encode = raw_encode,
    .encoder_destroy = raw_encoder_destroy,
};
