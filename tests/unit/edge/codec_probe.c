/* codec_probe.c: see codec_probe.h. */
#include "tests/unit/edge/codec_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/edge/codec_json_decoder.h"
#include "tests/data.h"

enum { COLS_MAX = 64, PAD_FILL = '1' };

/* ---- decoding */

struct probe_run {
    const struct probe *p;
    bool used[COLS_MAX];
    struct schema seen; /* the used columns */
    struct field seen_field[COLS_MAX];
    struct decoder *decoder;
    struct encoder *encoder;
    struct arena arena; /* of a batch */
    struct buf rows, bad;
    uint64_t offset; /* of the piece */
    uint64_t last_offset;
    bool stop;
};

static bool bad_note(void *context, const struct decode_bad *b, struct err *e) {
    struct probe_run *run = context;
    (void)e;
    assert_true(b->offset >= run->last_offset); /* in the order of the input */
    run->last_offset = b->offset;
    assert_int_equal(strlen(b->sqlstate), 5);
    buf_addf(&run->bad, "%llu %s %s|", (unsigned long long)b->offset, b->sqlstate, b->message);
    for (uint32_t i = 0; i < b->raw.bytes; i++)
        buf_add_char(&run->bad, b->raw.at[i] ? b->raw.at[i] : '?');
    buf_add_char(&run->bad, '\n');
    return true;
}

static void run_open(struct probe_run *run, const struct probe *p) {
    *run = (struct probe_run){.p = p};
    struct err e = {0};
    assert_true(p->schema->cols <= COLS_MAX);
    run->seen.col = run->seen_field;
    for (uint32_t i = 0; i < p->schema->cols; i++) {
        run->used[i] = !p->used || p->used[i];
        if (run->used[i]) run->seen_field[run->seen.cols++] = p->schema->col[i];
    }
    arena_init(&run->arena, 0);
    buf_init(&run->rows);
    buf_init(&run->bad);
    const struct decoder_options o = {
        .physical = p->schema,
        .used = run->used,
        .options = p->options,
        .record_bytes_max = p->record_bytes_max ? p->record_bytes_max : 1 << 20,
    };
    run->decoder = p->codec->decoder_create(&o, &e);
    if (!run->decoder) fail_msg("%s %s", e.sqlstate, e.message);
    if (p->codec == &codec_json && p->scan) run->decoder->scan = p->scan;
    if (p->codec == &codec_json && p->general) run->decoder->patience.rest = UINT32_MAX;
    if (run->seen.cols == 0) return;
    run->encoder = codec_json.encoder_create(&run->seen, NULL, false, &e);
    assert_non_null(run->encoder);
}

static void run_close(struct probe_run *run) {
    run->p->codec->decoder_destroy(run->decoder);
    codec_json.encoder_destroy(run->encoder);
    arena_done(&run->arena);
    buf_done(&run->bad);
    buf_done(&run->rows);
}

static void rows_note(struct probe_run *run, struct column_builder *col, uint32_t rows) {
    struct column out[COLS_MAX];
    struct err e = {0};
    uint32_t n = 0;
    for (uint32_t i = 0; i < run->p->schema->cols; i++) {
        if (!run->used[i]) continue;
        assert_int_equal(col[i].rows, rows);
        assert_true(builder_column(&col[i], &out[n]));
        n++;
    }
    const struct batch b = {.schema = &run->seen, .col = out, .rows = rows, .live = rows};
    if (n == 0)
        buf_addf(&run->rows, "%u rows\n", rows);
    else
        assert_true(codec_json.encode(run->encoder, &b, &run->rows, &e));
}

/* One call of decode; returns the bytes taken. */
static size_t run_decode(struct probe_run *run, const char *at, size_t bytes, bool last) {
    const struct probe *p = run->p;
    struct column_builder col[COLS_MAX];
    struct err e = {0};
    uint64_t row_offset[2048];
    arena_reset(&run->arena);
    for (uint32_t i = 0; i < p->schema->cols; i++) {
        const struct type *t = p->schema->col[i].type;
        if (run->used[i]) assert_true(builder_init(&col[i], &run->arena, t, 1));
    }
    struct decode_job job = {
        .at = at,
        .bytes = bytes,
        .last = last,
        .offset = run->offset,
        .col = col,
        .rows_max = p->rows_max ? p->rows_max : 2048,
        .arena = &run->arena,
        .context = run,
        .bad = bad_note,
        .row_offset = row_offset,
    };
    if (!p->codec->decode(run->decoder, &job, &e)) {
        buf_addf(&run->bad, "ERROR %s %s\n", e.sqlstate, e.message);
        run->stop = true;
        return bytes;
    }
    assert_true(job.consumed <= bytes && job.rows <= job.rows_max);
    for (uint32_t r = 0; r < job.rows; r++) {
        assert_true(row_offset[r] >= run->offset && row_offset[r] < run->offset + job.consumed);
        if (r > 0) assert_true(row_offset[r] > row_offset[r - 1]);
    }
    if (job.rows > 0) rows_note(run, col, job.rows);
    run->offset += job.consumed;
    return job.consumed;
}

/* As a source: gives what is left of the bytes before and the next piece. */
static void run_feed(struct probe_run *run, struct text bytes) {
    size_t piece = run->p->piece_bytes ? run->p->piece_bytes : bytes.bytes;
    size_t from = 0, to = 0;
    while (!run->stop) {
        bool last = to == bytes.bytes;
        char *block = malloc(to - from + DECODE_PAD_BYTES);
        memcpy(block, bytes.at + from, to - from);
        memset(block + (to - from), PAD_FILL, DECODE_PAD_BYTES);
        size_t taken = run_decode(run, block, to - from, last);
        free(block);
        from += taken;
        if (last && from == bytes.bytes) break;
        assert_true(!last || taken > 0);
        if (taken > 0) continue; /* perhaps it stopped for the rows */
        to = to + piece < bytes.bytes ? to + piece : bytes.bytes;
    }
}

char *probe_decode(const struct probe *p, struct text bytes) {
    struct probe_run run;
    run_open(&run, p);
    run_feed(&run, bytes);
    buf_add_str(&run.rows, "--\n");
    buf_add_text(&run.rows, buf_text(&run.bad));
    char *out = strdup(run.rows.at);
    assert_int_equal(run.rows.failed || run.bad.failed, false);
    run_close(&run);
    return out;
}

struct text probe_convert(const struct probe *p, struct text bytes, const struct codec *to) {
    struct probe_run run;
    struct err e = {0};
    run_open(&run, p);
    codec_json.encoder_destroy(run.encoder);
    run.encoder = to->encoder_create(&run.seen, p->options, false, &e);
    assert_non_null(run.encoder);
    struct column_builder col[COLS_MAX];
    struct column out[COLS_MAX];
    for (uint32_t i = 0; i < p->schema->cols; i++)
        assert_true(builder_init(&col[i], &run.arena, p->schema->col[i].type, 1));
    char *block = malloc((size_t)bytes.bytes + DECODE_PAD_BYTES);
    memcpy(block, bytes.at, bytes.bytes);
    struct decode_job job = {.at = block,
                             .bytes = bytes.bytes,
                             .last = true,
                             .col = col,
                             .rows_max = 2048,
                             .arena = &run.arena,
                             .context = &run,
                             .bad = bad_note};
    assert_true(p->codec->decode(run.decoder, &job, &e));
    if (run.bad.bytes > 0) fail_msg("%s", run.bad.at);
    for (uint32_t i = 0; i < p->schema->cols; i++) assert_true(builder_column(&col[i], &out[i]));
    const struct batch b = {.schema = p->schema, .col = out, .rows = job.rows, .live = job.rows};
    assert_true(to->encode_begin(run.encoder, &run.rows, &e));
    assert_true(to->encode(run.encoder, &b, &run.rows, &e));
    struct text text = buf_text(&run.rows);
    buf_init(&run.rows);
    to->encoder_destroy(run.encoder);
    run.encoder = NULL;
    free(block);
    run_close(&run);
    return text;
}

struct text probe_encode(const struct codec *codec, const struct batch *b, bool changes) {
    struct err e = {0};
    struct buf out;
    buf_init(&out);
    struct encoder *c = codec->encoder_create(b->schema, NULL, changes, &e);
    assert_non_null(c);
    assert_true(codec->encode_begin(c, &out, &e));
    assert_true(codec->encode(c, b, &out, &e));
    codec->encoder_destroy(c);
    return buf_text(&out);
}

char *probe_data(const char *path, size_t *bytes_out) {
    char name[512];
    snprintf(name, sizeof name, "%s/%s", test_data(), path);
    FILE *f = fopen(name, "rb");
    if (!f) return NULL;
    fseek(f, 0, SEEK_END);
    long size = ftell(f);
    rewind(f);
    char *at = size >= 0 ? calloc(1, (size_t)size + DECODE_PAD_BYTES) : NULL;
    if (at) *bytes_out = fread(at, 1, (size_t)size, f);
    fclose(f);
    return at;
}
