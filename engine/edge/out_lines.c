/* out_lines.c: see out_lines.h. */
#include "engine/edge/out_lines.h"

#include <assert.h>
#include <stdio.h>

#include "engine/base/option.h"
#include "engine/edge/partition.h"

uint32_t sink_column(const struct stream_def *def, const struct batch *b, uint32_t p) {
    assert(p < def->physical->cols);
    if (b->schema->cols == def->physical->cols) return p;
    assert(b->schema->cols == def->schema->cols);
    return def->physical_col[p];
}

bool sink_check_changes(const struct stream_def *def, bool changes, struct err *e) {
    if (!changes || option_is(&def->options, "changelog", "op")) return true;
    err_set(e, ERR_SQL, "0A000", "\"%.*s\" takes no changes: what was written cannot be taken back",
            TEXT_ARG(def->name));
    return err_hint(e, "'changelog' = 'op' writes each change with its kind under the key \"op\".");
}

static bool key_taken(const struct schema *s, struct text name) {
    for (uint32_t i = 0; i < s->cols; i++) {
        if (text_equal(s->col[i].name, name)) return true;
    }
    return false;
}

/* In JSON "op" is the key of the kind: a column of that name is op_1, or the next that is free, as
 * in results on standard output. */
static bool rename_op(struct line_writer *w, struct field *field, struct err *e) {
    uint32_t op = 0;
    while (op < w->schema.cols && !text_equal(field[op].name, TEXT_LITERAL("op"))) op++;
    if (op == w->schema.cols) return true;
    enum { NAME_BYTES = sizeof "op_4294967295" };
    char *name = ARENA_ARRAY(&w->arena, name, NAME_BYTES);
    if (!name) return err_memory(e);
    uint32_t number = 0;
    do {
        snprintf(name, NAME_BYTES, "op_%u", ++number);
    } while (key_taken(&w->schema, text_of(name)));
    field[op].name = text_of(name);
    return true;
}

static bool choose_columns(struct line_writer *w, bool changes, struct err *e) {
    const struct schema *physical = w->def->physical;
    struct field *field = ARENA_ARRAY(&w->arena, field, physical->cols + 1);
    w->from = ARENA_ARRAY(&w->arena, w->from, physical->cols + 1);
    w->col = ARENA_ARRAY(&w->arena, w->col, physical->cols + 1);
    if (!field || !w->from || !w->col) return err_memory(e);
    for (uint32_t p = 0; p < physical->cols; p++) {
        if (partition_has(w->def, p)) continue;
        field[w->schema.cols] = physical->col[p];
        w->from[w->schema.cols++] = p;
    }
    w->schema.col = field;
    return !changes || w->codec != &codec_json || rename_op(w, field, e);
}

bool line_writer_init(struct line_writer *w, const struct stream_def *def, bool changes,
                      struct err *e) {
    /* A header is read only where it is asked for; so it is written only there. */
    static const struct option plain = {{"header", 6}, {"false", 5}, 0};
    struct text format = option_text(&def->options, "format");
    struct options base = {.option = &plain};
    base.count = text_equal_fold(format, TEXT_LITERAL("csv")) ? 1 : 0;
    *w = (struct line_writer){.def = def};
    arena_init(&w->arena, 0);
    if (!options_merge(&w->arena, &base, &def->options, &w->options, e)) return false;
    w->codec = codec_find(format.at ? format : TEXT_LITERAL("json"));
    if (!w->codec || !w->codec->encoder_create) {
        return err_set(e, ERR_SQL, "0A000", "format '%.*s' cannot be written", TEXT_ARG(format));
    }
    if (!choose_columns(w, changes, e)) return false;
    w->encoder = w->codec->encoder_create(&w->schema, &w->options, changes, e);
    return w->encoder != NULL;
}

bool line_writer_begin(struct line_writer *w, struct buf *out, struct err *e) {
    return !w->codec->encode_begin || w->codec->encode_begin(w->encoder, out, e);
}

bool line_writer_add(struct line_writer *w, const struct batch *b, struct buf *out, struct err *e) {
    struct batch narrow = *b;
    for (uint32_t i = 0; i < w->schema.cols; i++) {
        w->col[i] = b->col[sink_column(w->def, b, w->from[i])];
    }
    narrow.schema = &w->schema;
    narrow.col = w->col;
    if (!w->codec->encode(w->encoder, &narrow, out, e)) return false;
    return !out->failed || err_memory(e);
}

void line_writer_done(struct line_writer *w) {
    if (w->encoder) w->codec->encoder_destroy(w->encoder);
    w->encoder = NULL;
    arena_done(&w->arena);
}
