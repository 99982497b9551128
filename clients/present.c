/* present.c: see present.h. */
#include "clients/present.h"

#include <assert.h>

#include "clients/present_keys.h"
#include "engine/edge/codec.h"

static const char *const format_names[PRESENT_COUNT] = {
    [PRESENT_TABLE] = "table",
    [PRESENT_CSV] = "csv",
    [PRESENT_NDJSON] = "ndjson",
};

bool present_format_find(const char *name, enum present_format *out) {
    for (int i = 0; i < PRESENT_COUNT; i++) {
        if (strcmp(name, format_names[i]) != 0) continue;
        *out = (enum present_format)i;
        return true;
    }
    return false;
}

void presenter_init(struct presenter *p, struct out *out, enum present_format format) {
    *p = (struct presenter){.format = format, .out = out};
    arena_init(&p->arena, 0);
    grid_init(&p->table, out);
}

static void encoder_end(struct presenter *p) {
    if (p->encoder) p->codec->encoder_destroy(p->encoder);
    p->encoder = NULL;
    arena_reset(&p->arena);
}

bool presenter_begin(struct presenter *p, const struct schema *schema, bool changes, bool live,
                     struct err *e) {
    assert(schema);
    if (p->format == PRESENT_TABLE) {
        p->style.live = live;
        return grid_begin(&p->table, &p->style, schema, changes, e);
    }

    static const struct options none = {.count = 0};
    encoder_end(p);
    p->codec = p->format == PRESENT_CSV ? &codec_csv : &codec_json;
    if (p->format == PRESENT_NDJSON) schema = present_keys(schema, changes, &p->arena, e);
    if (!schema) return false;
    p->encoder = p->codec->encoder_create(schema, &none, changes, e);
    if (!p->encoder) return false;
    return p->codec->encode_begin(p->encoder, &p->out->buf, e);
}

bool presenter_rows(struct presenter *p, const struct batch *b, struct err *e) {
    if (p->format == PRESENT_TABLE) {
        if (!grid_rows(&p->table, b, e)) return false;
    } else {
        assert(p->encoder);
        if (!p->codec->encode(p->encoder, b, &p->out->buf, e)) return false;
    }
    out_flush(p->out); /* a batch a write: what is final is seen, and it costs little */
    return out_check(p->out, e);
}

bool presenter_end(struct presenter *p, uint64_t rows, struct err *e) {
    (void)rows;
    if (p->format == PRESENT_TABLE) {
        if (!grid_end(&p->table, e)) return false;
    }
    encoder_end(p);
    out_flush(p->out);
    return out_check(p->out, e);
}

void presenter_done(struct presenter *p) {
    encoder_end(p);
    arena_done(&p->arena);
    grid_done(&p->table);
}
