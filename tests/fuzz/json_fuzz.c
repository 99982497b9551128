/* json_fuzz.c: libFuzzer target: any bytes are JSON lines. No crash and no read past the pad; and
 * neither the cuts, the kernels nor the templates show.
 *
 * The first byte says how the bytes are cut and which columns are used.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/cpu.h"
#include "engine/edge/codec_json_decoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COLS = 10, ROWS = 2048 };

static void must(bool true_always) {
    if (!true_always) __builtin_trap();
}

struct fuzz {
    struct arena arena;
    struct field field[COLS];
    struct schema schema;
    bool used[COLS];
    struct buf out;
};

static struct text name_of(const char *s) {
    return (struct text){.at = s, .bytes = (uint32_t)strlen(s)};
}

static void schema_make(struct fuzz *f, uint8_t mode) {
    static const uint32_t dims[] = {2, DIM_ANY};
    struct arena *a = &f->arena;
    const struct field inner[] = {{name_of("p"), &type_double, false},
                                  {name_of("x"), &type_bigint, true}};
    const struct type *types[COLS] = {&type_bigint,
                                      &type_text,
                                      &type_double,
                                      &type_timestamp3,
                                      type_decimal(a, 12, 2),
                                      &type_boolean,
                                      type_row(a, 2, inner),
                                      type_array(a, type_row(a, 2, inner)),
                                      type_map(a, &type_text, &type_date),
                                      type_tensor(a, 2, dims)};
    static const char *const names[COLS] = {"a", "b", "d", "ts", "n", "f", "r", "l", "m", "t"};
    for (uint32_t i = 0; i < COLS; i++) {
        must(types[i]);
        f->field[i] = (struct field){.name = name_of(names[i]), .type = types[i]};
        f->used[i] = i < 7 ? (mode & 8) == 0 || i % 2 : (mode & 16) != 0;
    }
    f->schema = (struct schema){.cols = COLS, .col = f->field};
}

static bool bad_note(void *context, const struct decode_bad *b, struct err *e) {
    struct fuzz *f = context;
    (void)e;
    buf_addf(&f->out, "%llu %s %s\n", (unsigned long long)b->offset, b->sqlstate, b->message);
    return true;
}

static void rows_note(struct fuzz *f, struct column_builder *col, uint32_t rows) {
    struct column out[COLS];
    struct field field[COLS];
    struct schema seen = {.col = field};
    struct err e = {0};
    for (uint32_t i = 0; i < COLS; i++) {
        if (!f->used[i]) continue;
        field[seen.cols] = f->field[i];
        must(builder_column(&col[i], &out[seen.cols++]));
    }
    const struct batch b = {.schema = &seen, .col = out, .rows = rows, .live = rows};
    struct encoder *c = codec_json.encoder_create(&seen, NULL, false, &e);
    must(c && codec_json.encode(c, &b, &f->out, &e));
    codec_json.encoder_destroy(c);
}

static size_t decode_piece(struct fuzz *f, struct decoder *d, const char *at, size_t bytes,
                           const struct decode_job *like) {
    struct arena a;
    struct err e = {0};
    struct column_builder col[COLS];
    char *block = malloc(bytes + DECODE_PAD_BYTES);
    must(block != NULL);
    memcpy(block, at, bytes);
    memset(block + bytes, '1', DECODE_PAD_BYTES);
    arena_init(&a, 0);
    for (uint32_t i = 0; i < COLS; i++)
        if (f->used[i]) must(builder_init(&col[i], &a, f->field[i].type, 1));
    struct decode_job job = *like;
    job.at = block;
    job.bytes = bytes;
    job.col = col;
    job.arena = &a;
    must(codec_json.decode(d, &job, &e));
    must(job.consumed <= bytes);
    if (job.rows > 0) rows_note(f, col, job.rows);
    arena_done(&a);
    free(block);
    return job.consumed;
}

/* All of the bytes, in pieces of `piece`; what came of them is in f->out. */
static void decode_all(struct fuzz *f, struct text bytes, size_t piece,
                       const struct scan_kernels *scan) {
    struct err e = {0};
    const struct decoder_options o = {
        .physical = &f->schema, .used = f->used, .record_bytes_max = 4000};
    struct decoder *d = codec_json.decoder_create(&o, &e);
    must(d != NULL);
    if (scan)
        d->scan = scan;
    else
        d->patience.rest = UINT32_MAX;
    size_t from = 0, to = piece < bytes.bytes ? piece : bytes.bytes;
    for (;;) {
        const struct decode_job like = {.last = to == bytes.bytes,
                                        .offset = from,
                                        .rows_max = ROWS,
                                        .context = f,
                                        .bad = bad_note};
        size_t taken = decode_piece(f, d, bytes.at + from, to - from, &like);
        from += taken;
        if (like.last && from == bytes.bytes) break;
        must(!like.last || taken > 0);
        if (taken == 0) to = to + piece < bytes.bytes ? to + piece : bytes.bytes;
    }
    codec_json.decoder_destroy(d);
}

/* Rows and bad records come in another order when cut otherwise: their lines are sorted. */
static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void lines_sort(struct buf *out) {
    uint32_t n = 0;
    for (size_t i = 0; i < out->bytes; i++) n += out->at[i] == '\n';
    char **line = calloc(n + 1, sizeof *line);
    must(line != NULL);
    char *at = out->at;
    for (uint32_t i = 0; i < n; i++) {
        line[i] = at;
        at = strchr(at, '\n');
        *at++ = '\0';
    }
    qsort(line, n, sizeof *line, by_text);
    struct buf sorted;
    buf_init(&sorted);
    for (uint32_t i = 0; i < n; i++) buf_addf(&sorted, "%s\n", line[i]);
    free(line);
    buf_done(out);
    *out = sorted;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) return 0;
    struct fuzz one = {0}, two = {0};
    struct text bytes = {.at = (const char *)data + 1, .bytes = (uint32_t)(size - 1)};
    const struct scan_kernels *sets[4];
    uint32_t count = scan_usable(cpu_features(), sets);
    arena_init(&one.arena, 0);
    schema_make(&one, data[0]);
    buf_init(&one.out);
    two = one;
    two.schema.col = two.field;
    decode_all(&one, bytes, SIZE_MAX / 2, NULL);
    size_t piece = data[0] & 32 ? (size_t)1 + data[0] % 8 : SIZE_MAX / 2;
    decode_all(&two, bytes, piece, sets[data[0] % count]);
    lines_sort(&one.out);
    lines_sort(&two.out);
    must(text_equal(buf_text(&one.out), buf_text(&two.out)));
    buf_done(&one.out);
    buf_done(&two.out);
    arena_done(&one.arena);
    return 0;
}
