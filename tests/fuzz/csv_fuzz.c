/* csv_fuzz.c: libFuzzer target: any bytes are CSV. No crash and no read past the pad; and the cuts
 * do not show.
 *
 * The first byte says how the bytes are cut, and whether there is a header.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/edge/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COLS = 5, ROWS = 2048 };

static void must(bool true_always) {
    if (!true_always) __builtin_trap();
}

struct fuzz {
    const struct schema *schema;
    struct options options;
    struct buf rows, bad;
};

static struct text name_of(const char *s) {
    return (struct text){.at = s, .bytes = (uint32_t)strlen(s)};
}

static bool bad_note(void *context, const struct decode_bad *b, struct err *e) {
    struct fuzz *f = context;
    (void)e;
    buf_addf(&f->bad, "%llu %s %s\n", (unsigned long long)b->offset, b->sqlstate, b->message);
    return true;
}

static void rows_note(struct fuzz *f, struct column_builder *col, uint32_t rows) {
    struct column out[COLS];
    struct err e = {0};
    for (uint32_t i = 0; i < COLS; i++) must(builder_column(&col[i], &out[i]));
    const struct batch b = {.schema = f->schema, .col = out, .rows = rows, .live = rows};
    struct encoder *c = codec_csv.encoder_create(f->schema, NULL, false, &e);
    must(c && codec_csv.encode(c, &b, &f->rows, &e));
    codec_csv.encoder_destroy(c);
}

static size_t decode_piece(struct fuzz *f, struct decoder *d, struct text piece,
                           const struct decode_job *like) {
    struct arena a;
    struct err e = {0};
    struct column_builder col[COLS];
    char *block = malloc((size_t)piece.bytes + DECODE_PAD_BYTES);
    must(block != NULL);
    memcpy(block, piece.at, piece.bytes);
    memset(block + piece.bytes, '"', DECODE_PAD_BYTES);
    arena_init(&a, 0);
    for (uint32_t i = 0; i < COLS; i++) must(builder_init(&col[i], &a, f->schema->col[i].type, 1));
    struct decode_job job = *like;
    job.at = block;
    job.bytes = piece.bytes;
    job.col = col;
    job.arena = &a;
    must(codec_csv.decode(d, &job, &e));
    must(job.consumed <= piece.bytes);
    if (job.rows > 0) rows_note(f, col, job.rows);
    arena_done(&a);
    free(block);
    return job.consumed;
}

static void decode_all(struct fuzz *f, struct text bytes, size_t piece) {
    static const bool used[COLS] = {true, true, true, true, true};
    struct err e = {0};
    const struct decoder_options o = {
        .physical = f->schema, .used = used, .options = &f->options, .record_bytes_max = 200};
    struct decoder *d = codec_csv.decoder_create(&o, &e);
    must(d != NULL);
    size_t from = 0, to = piece < bytes.bytes ? piece : bytes.bytes;
    for (;;) {
        const struct decode_job like = {.last = to == bytes.bytes,
                                        .offset = from,
                                        .rows_max = ROWS,
                                        .context = f,
                                        .bad = bad_note};
        struct text part = {.at = bytes.at + from, .bytes = (uint32_t)(to - from)};
        size_t taken = decode_piece(f, d, part, &like);
        from += taken;
        if (like.last && from == bytes.bytes) break;
        must(!like.last || taken > 0);
        if (taken == 0) to = to + piece < bytes.bytes ? to + piece : bytes.bytes;
    }
    codec_csv.decoder_destroy(d);
}

static void fuzz_done(struct fuzz *f) {
    buf_done(&f->rows);
    buf_done(&f->bad);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) return 0;
    struct arena a;
    arena_init(&a, 0);
    const struct field inner[] = {{name_of("x"), &type_bigint, false}};
    const struct field field[COLS] = {{name_of("a"), &type_bigint, false},
                                      {name_of("b"), &type_text, false},
                                      {name_of("d"), &type_double, false},
                                      {name_of("r"), type_row(&a, 1, inner), false},
                                      {name_of("t"), &type_timestamp3, true}};
    const struct schema schema = {.cols = COLS, .col = field};
    const struct option header = {name_of("header"), name_of(data[0] & 64 ? "true" : "false"), 0};
    struct fuzz one = {.schema = &schema, .options = {.option = &header, .count = 1}};
    buf_init(&one.rows);
    buf_init(&one.bad);
    struct fuzz two = one;
    struct text bytes = {.at = (const char *)data + 1, .bytes = (uint32_t)(size - 1)};
    decode_all(&one, bytes, SIZE_MAX / 2);
    decode_all(&two, bytes, 1 + data[0] % 32);
    must(text_equal(buf_text(&one.bad), buf_text(&two.bad)));
    must(text_equal(buf_text(&one.rows), buf_text(&two.rows)));
    fuzz_done(&one);
    fuzz_done(&two);
    arena_done(&a);
    return 0;
}
