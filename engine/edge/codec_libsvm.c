/* codec_libsvm.c: 'label index:value ...' lines: sparse rows of a labelled data set.
 *
 * The form of LIBSVM's data files (Chang and Lin): a label, then pairs whose indices begin at 1 and
 * rise; what is not named is 0. 'qid:n' behind the label is passed over, '#' begins a comment, and
 * lines without a label are skipped. Two columns, in either order: a VECTOR, and one for the label
 * of any type that a CSV field can be.
 *
 * A dense row can be much larger than its line, so a call ends when its vectors fill VECTOR_BYTES.
 */
#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/number.h"
#include "engine/base/option.h"
#include "engine/edge/codec_cell.h"
#include "engine/edge/codec_lines.h"
#include "engine/edge/codec_options.h"

enum { VECTOR_BYTES = 16 << 20, DIMENSIONS_MAX = 1 << 24 };

static const struct option_row libsvm_options[] = {
    {"dimensions", "integer",
     "Numbers in the vector, that is the largest index; needed where the column is VECTOR(*)."},
    {0},
};

struct decoder {
    struct line_state line;
    size_t record_bytes_max;
    uint32_t label, vector; /* columns */
    bool label_used, vector_used;
    uint32_t dimensions;
    size_t held_bytes; /* of the vectors of this call */
};

static bool is_label(const struct type *t) {
    return t->fields == 0 && t->dims == 0 && t->id != TYPE_IMAGE && t->id != TYPE_NULL;
}

static bool is_vector(const struct type *t) {
    return t->id == TYPE_TENSOR && t->dims == 1;
}

static bool columns_find(struct decoder *d, const struct schema *s, struct err *e) {
    d->vector = s->cols == 2 && is_vector(s->col[0].type) ? 0 : 1;
    d->label = 1 - d->vector;
    if (s->cols == 2 && is_vector(s->col[d->vector].type) && is_label(s->col[d->label].type)) {
        return true;
    }
    err_set(e, ERR_SQL, "42804", "format libsvm wants two columns, a label and a vector");
    return err_hint(e, "For example (label DOUBLE, x VECTOR(126)).");
}

static bool dimensions_read(struct decoder *d, const struct decoder_options *o, struct err *e) {
    const struct codec_ask ask = {.format = "libsvm", .row = libsvm_options, .given = o->options};
    if (!codec_option_check(&ask, e)) return false;
    const struct option *given = codec_option_find(&ask, "dimensions");
    uint32_t declared = o->physical->col[d->vector].type->dim[0];
    int64_t n = declared;
    if (given && i64_parse(given->value, &n) != PARSE_OK) return codec_option_wrong(&ask, given, e);
    if (n == DIM_ANY) {
        return err_set(e, ERR_SQL, "22023", "format libsvm needs 'dimensions' for a VECTOR(*)");
    }
    if (n < 1 || n > DIMENSIONS_MAX) {
        return err_set(e, ERR_SQL, "22023", "a vector has from 1 to %d numbers", DIMENSIONS_MAX);
    }
    if (declared != DIM_ANY && n != declared) {
        return err_set(e, ERR_SQL, "22023", "'dimensions' = '%lld' where the column is VECTOR(%u)",
                       (long long)n, declared);
    }
    d->dimensions = (uint32_t)n;
    return true;
}

static struct decoder *libsvm_create(const struct decoder_options *o, struct err *e) {
    struct decoder *d = calloc(1, sizeof *d);
    if (!d) {
        err_memory(e);
        return NULL;
    }
    d->record_bytes_max = o->record_bytes_max;
    if (!columns_find(d, o->physical, e) || !dimensions_read(d, o, e)) {
        free(d);
        return NULL;
    }
    d->label_used = o->used[d->label];
    d->vector_used = o->used[d->vector];
    return d;
}

static struct line_state *libsvm_line_state(struct decoder *d) {
    return &d->line;
}

static void libsvm_restart(struct decoder *d) {
    d->line = (struct line_state){0};
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of the line, which becomes shorter by it; bytes 0: there is none. */
static struct text word_next(struct text *line) {
    while (line->bytes > 0 && is_blank(*line->at))
        *line = (struct text){line->at + 1, line->bytes - 1};
    uint32_t bytes = 0;
    while (bytes < line->bytes && !is_blank(line->at[bytes])) bytes++;
    struct text word = {line->at, bytes};
    *line = (struct text){line->at + bytes, line->bytes - bytes};
    return word;
}

/* 'index:value' behind index *last; stores it where the vector is wanted. */
static bool pair_read(const struct decoder *d, struct text word, int64_t *last, float *vector,
                      struct line_fault *f) {
    const char *colon = memchr(word.at, ':', word.bytes);
    *f = (struct line_fault){"22P02", "not of the form index:value"};
    if (!colon) return false;
    struct text index = {word.at, (uint32_t)(colon - word.at)};
    struct text value = {colon + 1, word.bytes - index.bytes - 1};
    if (text_equal(index, TEXT_LITERAL("qid")) && *last == 0) return true;
    int64_t i;
    double v;
    struct cell_fault fault;
    enum parse_result parsed = i64_parse(index, &i);
    if (parsed == PARSE_SYNTAX) return false;
    *f = (struct line_fault){"22003", "an index outside the vector"};
    if (parsed == PARSE_RANGE || i < 1 || i > d->dimensions) return false;
    *f = (struct line_fault){"22P02", "indices do not rise"};
    if (i <= *last) return false;
    if (!cell_number(value, &v, &fault)) {
        *f = (struct line_fault){fault.sqlstate, fault.what};
        return false;
    }
    *f = (struct line_fault){"22003", "a value too large for a vector"};
    if (isfinite(v) && fabs(v) > (double)FLT_MAX) return false;
    if (vector) vector[i - 1] = (float)v;
    *last = i;
    return true;
}

static bool pairs_read(const struct decoder *d, struct text line, float *vector,
                       struct line_fault *f) {
    int64_t last = 0;
    for (struct text word = word_next(&line); word.bytes > 0; word = word_next(&line)) {
        if (!pair_read(d, word, &last, vector, f)) return false;
    }
    return true;
}

/* The columns of a good line; false with *f: the label is none. */
static bool label_read(struct decoder *d, struct decode_job *job, struct text word,
                       struct line_fault *f) {
    struct cell_fault fault = {"22P02", "no value"};
    struct column_builder *b = &job->col[d->label];
    if (!d->label_used || cell_append(b, word, TIME_NUMBER_NONE, &fault)) return true;
    *f = (struct line_fault){fault.sqlstate, fault.what};
    return false;
}

/* One line without its end. */
static bool line_read(struct decoder *d, struct decode_job *job, struct text record,
                      struct err *e) {
    struct text line = record;
    const char *comment = record.bytes ? memchr(record.at, '#', record.bytes) : NULL;
    if (comment) line.bytes = (uint32_t)(comment - record.at);
    struct text label = word_next(&line);
    if (label.bytes == 0) return true;

    struct line_fault f = {0};
    float *vector = NULL;
    if (utf8_valid_prefix(record.at, record.bytes) != record.bytes) {
        return line_bad(job, record, &(struct line_fault){"22021", "invalid UTF-8"}, e);
    }
    if (d->vector_used) {
        vector = ARENA_ARRAY(job->arena, vector, d->dimensions);
        if (!vector) return err_memory(e);
        d->held_bytes += d->dimensions * sizeof *vector;
    }
    if (!pairs_read(d, line, vector, &f) || !label_read(d, job, label, &f)) {
        return line_bad(job, record, &f, e);
    }
    if (vector) builder_tensor(&job->col[d->vector], (struct tensor){vector, &d->dimensions});
    if (job->row_offset) job->row_offset[job->rows] = job->offset + (uint64_t)(record.at - job->at);
    job->rows++;
    return true;
}

static bool libsvm_decode(struct decoder *d, struct decode_job *job, struct err *e) {
    assert(job->rows_max > 0 && job->bad);
    struct line_walk w = {.state = &d->line, .job = job, .record_bytes_max = d->record_bytes_max};
    job->rows = 0;
    job->consumed = 0;
    d->held_bytes = 0;
    if (!line_begin(&d->line, job, &w.at)) return true;
    line_skip_rest(&d->line, job, &w.at);
    while (job->rows < job->rows_max && d->held_bytes < VECTOR_BYTES) {
        struct text line;
        if (!line_next(&w, &line, e)) return false;
        if (!line.at) break;
        if (!line_read(d, job, line, e)) return false;
    }
    job->consumed = w.at;
    bool failed = (d->label_used && job->col[d->label].failed) ||
                  (d->vector_used && job->col[d->vector].failed);
    return !failed || err_memory(e);
}

static void libsvm_destroy(struct decoder *d) {
    free(d);
}

const struct codec codec_libsvm = {
    .name = "libsvm",
    .doc = "lines 'label index:value ...', indices from 1: sparse labelled vectors",
    .option = libsvm_options,
    .decoder_create = libsvm_create,
    .decode = libsvm_decode,
    .decoder_restart = libsvm_restart,
    .decoder_line = libsvm_line_state,
    .decoder_destroy = libsvm_destroy,
};
