/* codec_json.c: JSON, one object a line: the decoder's life, and its records.
 *
 * The input is swept in chunks that stay in the first cache. A sweep finds the line feeds and, for
 * each line, whether it holds odd bytes (scan.h): one that does not has no escapes, so its strings
 * end at the next quote. UTF-8 is checked for the whole chunk, record by record only where it is
 * not. The records of a chunk are then decoded together
 * (codec_json_chunk.c). A record that is longer than a chunk is taken alone.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/cpu.h"
#include "engine/edge/codec_json_decoder.h"
#include "engine/edge/codec_json_encode.h"

const struct option_row json_option_rows[] = {
    {"timestamp-unit", "'s' | 'ms' | 'us'",
     "numbers for TIMESTAMP, DATE and TIME are allowed, and count this unit"},
    {"ignore-parse-errors", "true | false",
     "A member whose value does not convert is NULL, and does not make the record a bad row; what "
     "is no JSON object, or lacks a NOT NULL column, is one."},
    {"fail-on-missing-field", "true | false", "A record that lacks a declared key is a bad row."},
    {"timestamp-format.standard", "'SQL' | 'ISO-8601'",
     "TIMESTAMP is written with a blank or a T between date and time; both are read."},
    {0},
};

/* ---- life */

static void json_destroy(struct decoder *d) {
    if (!d) return;
    arena_done(&d->scratch_arena);
    arena_done(&d->arena);
    free(d);
}

/* How records are read: from the options. */
struct json_form {
    enum time_number time_number;
    bool lenient, all_fields;
};

static bool json_form_read(const struct options *given, struct json_form *f, struct err *e) {
    const struct codec_ask ask = {.format = "json", .row = json_option_rows, .given = given};
    *f = (struct json_form){.time_number = TIME_NUMBER_NONE};
    if (!codec_option_check(&ask, e) || !codec_option_time_number(&ask, &f->time_number, e) ||
        !codec_option_bool(&ask, "ignore-parse-errors", &f->lenient, e) ||
        !codec_option_bool(&ask, "fail-on-missing-field", &f->all_fields, e)) {
        return false;
    }
    if (!f->lenient || !f->all_fields) return true;
    err_set(e, ERR_SQL, "22023",
            "'fail-on-missing-field' and 'ignore-parse-errors' cannot both be true");
    e->offset = codec_option_find(&ask, "fail-on-missing-field")->at;
    return false;
}

static bool json_check(const struct options *given, struct err *e) {
    struct json_form ignored;
    return json_form_read(given, &ignored, e);
}

static bool json_init(struct decoder *d, const struct decoder_options *o, struct err *e) {
    struct json_form form;
    if (!json_form_read(o->options, &form, e)) return false;
    d->time_number = form.time_number;
    d->lenient = form.lenient;
    d->all_fields = form.all_fields;

    d->root = jnode_create(&d->arena, d->physical, &d->ids);
    d->scratch = ARENA_ARRAY(&d->arena, d->scratch, d->physical->cols + 1);
    d->col = ARENA_ARRAY(&d->arena, d->col, d->physical->cols + 1);
    if (!d->root || !d->scratch || !d->col) return err_memory(e);
    return jchunk_init(d, e);
}

static struct decoder *json_create(const struct decoder_options *o, struct err *e) {
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
    d->scan = scan_best(cpu_features());
    if (json_init(d, o, e)) return d;
    json_destroy(d);
    return NULL;
}

static struct line_state *json_line_state(struct decoder *d) {
    return &d->line;
}

static void json_restart(struct decoder *d) {
    d->line = (struct line_state){0};
}

/* ---- records */

/* Adds the record at[begin, end) to the chunk. */
static void rows_add(struct jrows *rows, uint32_t begin, uint32_t end, bool odd) {
    if (begin == end) return;
    uint32_t r = rows->rows++;
    rows->begin[r] = begin;
    rows->end[r] = end;
    rows->odd[r] = odd ? JROW_ODD : JROW_CLEAN;
    rows->state[r] = JROW_OPEN;
}

/* A record that no sweep saw whole: of at least a chunk, or without a line feed. *at moves behind
 * it, or stays when its end is not there yet. */
static bool take_alone(struct decoder *d, struct decode_job *job, size_t *at, struct err *e) {
    const char *from = job->at + *at;
    size_t left = job->bytes - *at;
    const char *feed = memchr(from, '\n', left);
    size_t bytes = feed ? (size_t)(feed - from) : left;
    size_t next = *at + bytes + (feed != NULL);
    if (feed && bytes > 0 && from[bytes - 1] == '\r') bytes--;

    if (bytes > d->record_bytes_max) {
        struct text head = {.at = from, .bytes = (uint32_t)d->record_bytes_max};
        *at = next;
        return line_too_long(&d->line, job, head, feed == NULL, e);
    }
    if (!feed && !job->last) return true;
    d->rows.base = from;
    d->rows.rows = 0;
    d->rows.simple = false;
    d->rows.valid = false;
    rows_add(&d->rows, 0, (uint32_t)bytes, true);
    *at = next;
    return jchunk_decode(d, job, e);
}

/* The lines that a sweep found as records. Returns the bytes that they take. */
static uint32_t rows_collect(struct decoder *d, const char *base) {
    const struct scan_lines *lines = &d->lines;
    struct jrows *rows = &d->rows;
    rows->base = base;
    rows->rows = 0;
    uint32_t begin = 0, odd_before = 0;
    for (uint32_t i = 0; i < lines->lines; i++) {
        uint32_t feed = lines->end[i];
        uint32_t odd = scan_rank(lines, feed);
        uint32_t end = feed;
        uint32_t odd_here = odd - odd_before;
        if (odd_here > 0 && base[feed - 1] == '\r') {
            end--;
            odd_here--;
        }
        rows_add(rows, begin, end, odd_here > 0);
        odd_before = odd;
        begin = feed + 1;
    }
    rows->valid = !lines->high || utf8_valid_prefix(base, begin) == begin;
    return begin;
}

/* Decodes the chunk at *at, which moves behind what was taken. */
static bool take_chunk(struct decoder *d, struct decode_job *job, size_t *at, struct err *e) {
    size_t left = job->bytes - *at;
    uint32_t bytes = left < SCAN_CHUNK_BYTES ? (uint32_t)left : SCAN_CHUNK_BYTES;
    uint32_t rows_left = job->rows_max - job->rows;
    uint32_t lines_max = rows_left < SCAN_LINES_MAX ? rows_left : SCAN_LINES_MAX;
    d->rows.simple = true;

    d->scan->lines(job->at + *at, bytes, lines_max, &d->lines);
    if (d->lines.lines == 0) return take_alone(d, job, at, e);
    *at += rows_collect(d, job->at + *at);
    return jchunk_decode(d, job, e);
}

static bool json_decode(struct decoder *d, struct decode_job *job, struct err *e) {
    assert(job->rows_max > 0 && job->bad);
    size_t at = 0;
    job->rows = 0;
    job->consumed = 0;
    if (!line_begin(&d->line, job, &at)) return true;
    line_skip_rest(&d->line, job, &at);
    while (at < job->bytes && job->rows < job->rows_max) {
        size_t before = at;
        if (!take_chunk(d, job, &at, e)) return false;
        if (at == before) break;
    }
    assert(!job->last || at == job->bytes || job->rows == job->rows_max);
    job->consumed = at;
    return true;
}

const struct codec codec_json = {
    .name = "json",
    .doc = "one JSON object a line",
    .option = json_option_rows,
    .check = json_check,
    .decoder_create = json_create,
    .decode = json_decode,
    .decoder_restart = json_restart,
    .decoder_line = json_line_state,
    .decoder_destroy = json_destroy,
    .encoder_create = json_encoder_create,
    .encode_begin = json_encode_begin,
    .encode = json_encode,
    .encoder_destroy = json_encoder_destroy,
};
