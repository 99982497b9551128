/* codec_csv.c: CSV (RFC 4180) into columns: the decoder's life, headers, records, bad rows.
 *
 * A record is cut into fields (codec_csv_split.c), the fields are converted column by column as
 * CAST does from text (codec_cell.c), nested columns from JSON text. Columns that nobody reads are
 * converted into scratch builders: a record is judged by all that is declared.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/cpu.h"
#include "engine/edge/codec_cell.h"
#include "engine/edge/codec_csv_bind.h"
#include "engine/edge/codec_csv_encode.h"
#include "engine/edge/codec_json_read.h"
#include "engine/edge/codec_lines.h"

const struct option_row csv_option_rows[] = {
    {"header", "true | false", "the first line of each file names the columns"},
    {"delimiter", "one character, or \\t", "what stands between fields; a comma"},
    {"field-delimiter", "one character, or \\t", "delimiter, by Flink's name"},
    {"quote", "one character", "what a field is wrapped in; a double quote"},
    {"quote-character", "one character", "quote, by Flink's name"},
    {"disable-quote-character", "true | false",
     "Fields are never wrapped: a quote is a character like others."},
    {"allow-comments", "true | false", "Lines that begin with # are skipped."},
    {"ignore-parse-errors", "true | false",
     "A field that does not convert is NULL, and does not make the record a bad row; so are fields "
     "that are missing, and those too many are left."},
    {"null-literal", "text", "an unquoted field of this text is NULL, as an empty one is"},
    {"timestamp-unit", "'s' | 'ms' | 'us'",
     "numbers for TIMESTAMP, DATE and TIME are allowed, and count this unit"},
    {"tensor.#", "fields first-last, from 1", "the fields that are the numbers of a TENSOR column"},
    {0},
};

bool csv_options_read(const struct options *given, struct csv_form *form, struct err *e) {
    const struct codec_ask ask = {.format = "csv", .row = csv_option_rows, .given = given};
    form->delimiter = ',';
    form->quote = '"';
    if (!codec_option_check(&ask, e) || !codec_option_bool(&ask, "header", &form->header, e) ||
        !codec_option_char(&ask, "field-delimiter", &form->delimiter, e) ||
        !codec_option_char(&ask, "delimiter", &form->delimiter, e) ||
        !codec_option_char(&ask, "quote-character", &form->quote, e) ||
        !codec_option_char(&ask, "quote", &form->quote, e) ||
        !codec_option_bool(&ask, "allow-comments", &form->comments, e) ||
        !codec_option_bool(&ask, "ignore-parse-errors", &form->lenient, e) ||
        !codec_option_bool(&ask, "disable-quote-character", &form->bare, e))
        return false;
    if (form->bare) {
        if (codec_option_find(&ask, "quote") || codec_option_find(&ask, "quote-character")) {
            err_set(e, ERR_SQL, "22023",
                    "options 'quote' and 'disable-quote-character' exclude each other");
            e->offset = codec_option_find(&ask, "disable-quote-character")->at;
            return false;
        }
        form->quote = '\xFF'; /* stands in no UTF-8 */
    }
    if (form->delimiter == form->quote)
        return err_set(e, ERR_SQL, "22023", "options 'delimiter' and 'quote' are the same");
    const struct option *null_literal = codec_option_find(&ask, "null-literal");
    if (null_literal) form->null_literal = null_literal->value;
    return true;
}

static bool csv_check(const struct options *given, struct err *e) {
    struct csv_form ignored = {.header = false};
    return csv_options_read(given, &ignored, e);
}

struct decoder {
    struct arena arena;
    const struct schema *physical;
    const bool *used; /* [physical->cols] */
    size_t record_bytes_max;
    struct csv_form form;
    enum time_number time_number;

    struct line_state line;
    bool header_read;
    struct csv_bind bind;
    struct csv_split split;
    struct arena scratch_arena;     /* of one decode call */
    struct column_builder *scratch; /* [cols] */
    struct cell_fault fault;
    uint32_t fault_field;
    struct jread json; /* of the nested value read last */
};

/* ---- life */

static void csv_destroy(struct decoder *d) {
    if (!d) return;
    arena_done(&d->scratch_arena);
    arena_done(&d->arena);
    free(d->split.field);
    free(d);
}

static bool fields_reserve(struct decoder *d, uint32_t fields, struct err *e) {
    if (fields <= d->split.fields_max) return true;
    struct csv_field *grown = realloc(d->split.field, fields * sizeof *grown);
    if (!grown) return err_memory(e);
    d->split.field = grown;
    d->split.fields_max = fields;
    return true;
}

static struct decoder *csv_create(const struct decoder_options *o, struct err *e) {
    const struct codec_ask ask = {.format = "csv", .row = csv_option_rows, .given = o->options};
    struct decoder *d = calloc(1, sizeof *d);
    if (!d) {
        err_memory(e);
        return NULL;
    }
    arena_init(&d->arena, 0);
    arena_init(&d->scratch_arena, 0);
    d->physical = o->physical;
    d->used = o->used;
    d->record_bytes_max = o->record_bytes_max;
    d->split.scan = scan_best(cpu_features());
    if (!csv_options_read(o->options, &d->form, e)) goto fail;
    if (!codec_option_time_number(&ask, &d->time_number, e)) goto fail;
    d->split.masks.delimiter = d->form.delimiter;
    d->split.masks.quote = d->form.quote;
    if (!cbind_create(&d->bind, &d->arena, d->physical, &ask, e)) goto fail;
    if (!fields_reserve(d, d->bind.fields + 1, e)) goto fail;
    d->scratch = ARENA_ARRAY(&d->arena, d->scratch, d->physical->cols + 1);
    if (d->scratch) return d;
    err_memory(e);

fail:
    csv_destroy(d);
    return NULL;
}

static struct line_state *csv_line_state(struct decoder *d) {
    return &d->line;
}

static void csv_restart(struct decoder *d) {
    d->line = (struct line_state){0};
    d->header_read = false;
    if (d->form.header) cbind_by_position(&d->bind);
}

/* ---- fields */

/* The field's text; doubled quotes become one, in the arena with what vector loads may touch. */
static bool field_text(struct decoder *d, struct arena *a, const struct csv_field *f,
                       struct text *out) {
    *out = f->text;
    if (!f->doubled) return true;
    char *to = arena_alloc(a, (size_t)f->text.bytes + DECODE_PAD_BYTES);
    if (!to) {
        d->fault = (struct cell_fault){"53200", "out of memory"};
        return false;
    }
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < f->text.bytes; i++) {
        to[bytes++] = f->text.at[i];
        if (f->text.at[i] == d->split.masks.quote) i++;
    }
    memset(to + bytes, 0, (size_t)f->text.bytes - bytes + DECODE_PAD_BYTES);
    *out = (struct text){.at = to, .bytes = bytes};
    return true;
}

static bool is_null(const struct decoder *d, const struct csv_field *f) {
    if (f->quoted) return false;
    return f->text.bytes == 0 ||
           (d->form.null_literal.at && text_equal(f->text, d->form.null_literal));
}

static bool fault(struct decoder *d, const char *sqlstate, const char *what) {
    d->fault = (struct cell_fault){sqlstate, what};
    return false;
}

/* A field that holds JSON text. */
static bool json_field(struct decoder *d, const struct csv_column *c, struct text t,
                       struct column_builder *b) {
    d->json = (struct jread){.begin = t.at,
                             .at = t.at,
                             .end = t.at + t.bytes,
                             .arena = b->arena,
                             .scan = d->split.scan,
                             .time_number = d->time_number};
    struct jread *r = &d->json;
    jread_space(r);
    if (jread_value(r, c->node, b) && jread_finish(r)) return true;
    return fault(d, r->no_memory ? "53200" : r->sqlstate, r->what);
}

/* A number without sign or point, which is what most are. */
static bool short_number(struct text t, int64_t *out) {
    if (t.bytes == 0 || t.bytes > 18) return false;
    int64_t v = 0;
    for (uint32_t i = 0; i < t.bytes; i++) {
        uint32_t digit = (uint32_t)(unsigned char)t.at[i] - '0';
        if (digit > 9) return false;
        v = v * 10 + digit;
    }
    *out = v;
    return true;
}

/* The fields of a range as one tensor. */
static bool range_field(struct decoder *d, const struct csv_column *c, struct column_builder *b) {
    float *at = arena_alloc(b->arena, c->count * sizeof *at);
    if (!at) return fault(d, "53200", "out of memory");
    for (uint32_t i = 0; i < c->count; i++) {
        struct text t = d->split.field[c->first + i].text;
        int64_t whole;
        double v = 0;
        if (short_number(t, &whole))
            v = (double)whole;
        else if (!cell_number(t, &v, &d->fault)) {
            d->fault_field = c->first + i;
            return false;
        }
        at[i] = (float)v;
    }
    builder_tensor(b, (struct tensor){.at = at, .dim = c->dim});
    return true;
}

static bool column_append(struct decoder *d, const struct csv_column *c, struct column_builder *b) {
    d->fault_field = c->first;
    if (c->is_range) return range_field(d, c, b);
    const struct csv_field *f = &d->split.field[c->first];
    struct text t;
    int64_t v;
    if (is_null(d, f)) {
        if (c->field->not_null) return fault(d, "23502", "is null, and must not be");
        builder_null(b);
        return true;
    }
    if (b->type->id == TYPE_BIGINT && short_number(f->text, &v)) {
        builder_i64(b, v);
        return true;
    }
    if (!field_text(d, b->arena, f, &t)) return false;
    if (c->node) return json_field(d, c, t, b);
    return cell_append(b, t, d->time_number, &d->fault);
}

/* ---- records */

static bool record_bad(struct decode_job *job, const struct csv_place *place, const char *sqlstate,
                       const char *message, struct err *e) {
    struct text raw = {.at = place->begin, .bytes = (uint32_t)(place->end - place->begin)};
    return line_bad(job, raw, &(struct line_fault){sqlstate, message}, e);
}

static bool column_bad(struct decoder *d, struct decode_job *job, const struct csv_place *place,
                       const struct csv_column *c, struct err *e) {
    char message[240];
    if (strcmp(d->fault.sqlstate, "53200") == 0) return err_memory(e);
    snprintf(message, sizeof message, "column %.*s: %s in field %u",
             c->field->name.bytes > 64 ? 64 : (int)c->field->name.bytes, c->field->name.at,
             d->fault.what, d->fault_field + 1);
    return record_bad(job, place, d->fault.sqlstate, message, e);
}

/* Fields that the record lacks are as empty ones. */
static void fields_pad(struct decoder *d, const char *at) {
    assert(d->bind.fields <= d->split.fields_max);
    for (uint32_t i = d->split.fields; i < d->bind.fields; i++)
        d->split.field[i] = (struct csv_field){.text = {.at = at}};
}

/* Makes NULL what does not convert, where that is allowed. */
static bool column_excused(const struct decoder *d, const struct csv_column *c,
                           struct column_builder *b, uint32_t rows) {
    if (!d->form.lenient || c->field->not_null || strcmp(d->fault.sqlstate, "53200") == 0)
        return false;
    builder_truncate(b, rows);
    builder_null(b);
    return true;
}

/* Appends the record's columns; *bad_out: the one that does not convert, or NULL. */
static void record_append(struct decoder *d, struct decode_job *job,
                          const struct csv_column **bad_out) {
    uint32_t rows = job->rows;
    *bad_out = NULL;
    for (uint32_t i = 0; i < d->bind.columns && !*bad_out; i++) {
        struct column_builder *b = d->used[i] ? &job->col[i] : &d->scratch[i];
        if (!d->used[i]) builder_truncate(b, 0);
        const struct csv_column *c = &d->bind.column[i];
        if (column_append(d, c, b)) continue;
        if (!column_excused(d, c, b, d->used[i] ? rows : 0)) *bad_out = c;
    }
    for (uint32_t i = 0; *bad_out && i < d->bind.columns; i++) {
        if (d->used[i]) builder_truncate(&job->col[i], rows);
    }
}

/* What is wrong with the record as a whole. */
static bool record_check(struct decoder *d, const struct csv_place *place, struct line_fault *f,
                         char message[240]) {
    size_t bytes = (size_t)(place->end - place->begin);
    *f = (struct line_fault){"22P02", message};
    message[0] = '\0';
    if (d->split.high && utf8_valid_prefix(place->begin, bytes) != bytes) {
        *f = (struct line_fault){"22021", "invalid UTF-8"};
    } else if (d->bind.missing) {
        snprintf(message, 240, "the header has no column %.*s", TEXT_ARG(d->bind.missing->name));
    } else if (d->split.fields != d->bind.fields && !d->form.lenient) {
        snprintf(message, 240, "%u fields, and %u are expected", d->split.fields, d->bind.fields);
    } else {
        return true;
    }
    return false;
}

static bool take_header(struct decoder *d, const struct csv_place *place, struct err *e) {
    for (uint32_t i = 0; i < d->split.fields && i < d->split.fields_max; i++) {
        struct csv_field *f = &d->split.field[i];
        if (!field_text(d, &d->scratch_arena, f, &f->text)) return err_memory(e);
    }
    (void)place;
    cbind_header(&d->bind, d->split.field, d->split.fields);
    d->header_read = true;
    return true;
}

static bool take_record(struct decoder *d, struct decode_job *job, const struct csv_place *place,
                        struct err *e) {
    struct line_fault f;
    char message[240];
    const struct csv_column *bad;
    bool blank = place->begin == place->end;
    if (blank && d->bind.fields != 1) return true;
    if (!record_check(d, place, &f, message))
        return record_bad(job, place, f.sqlstate, f.message, e);
    if (d->split.fields < d->bind.fields) fields_pad(d, place->end);
    record_append(d, job, &bad);
    if (bad) return column_bad(d, job, place, bad, e);
    if (job->row_offset)
        job->row_offset[job->rows] = job->offset + (uint64_t)(place->begin - job->at);
    job->rows++;
    return true;
}

/* The record at `at` is longer than the limit: it ends at the first line feed behind that. */
static bool skip_long(struct decoder *d, struct decode_job *job, size_t *at, struct err *e) {
    struct text head = {.at = job->at + *at, .bytes = (uint32_t)d->record_bytes_max};
    *at += d->record_bytes_max;
    if (!line_too_long(&d->line, job, head, true, e)) return false;
    d->line.skipping = true;
    line_skip_rest(&d->line, job, at);
    return true;
}

/* A header with more fields than were kept is split again with room for all. */
static bool split_again(struct decoder *d, const char *at, struct csv_place *place,
                        enum csv_status *status, struct err *e) {
    if (!d->form.header || d->header_read || d->split.fields <= d->split.fields_max) return true;
    if (!fields_reserve(d, d->split.fields + 1, e)) return false;
    *status = csplit_record(&d->split, at, place);
    return true;
}

/* Steps over the comment at *at if its end is there. */
static bool skip_comment(struct decoder *d, struct decode_job *job, size_t *at, struct err *e) {
    const char *from = job->at + *at, *feed = memchr(from, '\n', job->bytes - *at);
    if (!feed && job->bytes - *at > d->record_bytes_max) return skip_long(d, job, at, e);
    if (feed) *at = (size_t)(feed + 1 - job->at);
    if (!feed && job->last) *at = job->bytes;
    return true;
}

/* Takes the record at *at if its end is there. */
static bool take_next(struct decoder *d, struct decode_job *job, size_t *at, struct err *e) {
    struct csv_place place;
    const char *from = job->at + *at;
    if (d->form.comments && *from == '#') return skip_comment(d, job, at, e);
    enum csv_status status = csplit_record(&d->split, from, &place);
    const char *end = status == CSV_UNFINISHED ? job->at + job->bytes : place.end;
    if ((size_t)(end - from) > d->record_bytes_max) return skip_long(d, job, at, e);
    if (status == CSV_UNFINISHED) return true;
    if (!split_again(d, from, &place, &status, e)) return false;

    *at = (size_t)(place.next - job->at);
    if (status == CSV_WRONG) return record_bad(job, &place, "22P02", place.what, e);
    if (d->form.header && !d->header_read) return take_header(d, &place, e);
    return take_record(d, job, &place, e);
}

static bool scratch_begin(struct decoder *d, struct err *e) {
    arena_reset(&d->scratch_arena);
    for (uint32_t i = 0; i < d->bind.columns; i++) {
        if (d->used[i]) continue;
        const struct type *t = d->physical->col[i].type;
        if (!builder_init(&d->scratch[i], &d->scratch_arena, t, 1)) return err_memory(e);
    }
    return true;
}

static bool columns_failed(const struct decoder *d, const struct decode_job *job) {
    bool failed = false;
    for (uint32_t i = 0; i < d->bind.columns; i++) failed |= d->used[i] && job->col[i].failed;
    return failed;
}

static bool csv_decode(struct decoder *d, struct decode_job *job, struct err *e) {
    assert(job->rows_max > 0 && job->bad);
    size_t at = 0;
    job->rows = 0;
    job->consumed = 0;
    if (!line_begin(&d->line, job, &at)) return true;
    line_skip_rest(&d->line, job, &at);
    if (!scratch_begin(d, e)) return false;
    csplit_begin(&d->split, job->at + at, job->at + job->bytes, job->last);
    while (at < job->bytes && job->rows < job->rows_max) {
        size_t before = at;
        if (!take_next(d, job, &at, e)) return false;
        if (at == before) break;
    }
    job->consumed = at;
    return !columns_failed(d, job) || err_memory(e);
}

/* Line feeds between quotes do not end a record. */
static size_t csv_record_bytes(const struct decoder *d, const char *at, size_t limit) {
    bool inside = false;
    size_t n = 0;
    for (; n < limit && (inside || at[n] != '\n'); n++) {
        if (at[n] == d->form.quote) inside = !inside;
    }
    return n > 0 && at[n - 1] == '\r' ? n - 1 : n;
}

const struct codec codec_csv = {
    .name = "csv",
    .doc = "comma-separated values, RFC 4180",
    .option = csv_option_rows,
    .check = csv_check,
    .decoder_create = csv_create,
    .decode = csv_decode,
    .decoder_restart = csv_restart,
    .decoder_line = csv_line_state,
    .record_bytes = csv_record_bytes,
    .decoder_destroy = csv_destroy,
    .encoder_create = csv_encoder_create,
    .encode_begin = csv_encode_begin,
    .encode = csv_encode,
    .encoder_destroy = csv_encoder_destroy,
};
