/* durable_records.c: see durable_records.h. */
#include "clients/durable_records.h"

#include <string.h>

#include "engine/base/block.h"

#define NO_ROW UINT32_MAX

static bool damaged(const char *what, struct err *e) {
    return err_set(e, ERR_CORRUPT, "XX001", "a record of %s is damaged", what);
}

static bool take(struct text *at, void *to, uint32_t bytes) {
    if (at->bytes < bytes) return false;
    memcpy(to, at->at, bytes);
    *at = (struct text){.at = at->at + bytes, .bytes = at->bytes - bytes};
    return true;
}

static bool take_text(struct text *at, uint32_t bytes, struct text *out) {
    if (at->bytes < bytes) return false;
    *out = (struct text){.at = at->at, .bytes = bytes};
    *at = (struct text){.at = at->at + bytes, .bytes = at->bytes - bytes};
    return true;
}

void ddl_save(struct buf *out, const struct ddl_record *r) {
    buf_add(out, &r->name.bytes, sizeof r->name.bytes);
    buf_add(out, &r->settings.bytes, sizeof r->settings.bytes);
    buf_add_text(out, r->name);
    buf_add_text(out, r->settings);
    buf_add_text(out, r->text);
}

bool ddl_load(struct text body, struct ddl_record *out, struct err *e) {
    uint32_t name, settings;
    bool done = take(&body, &name, sizeof name) && take(&body, &settings, sizeof settings) &&
                take_text(&body, name, &out->name) && take_text(&body, settings, &out->settings);
    if (!done || body.bytes == 0) return damaged("a statement", e);
    out->text = body;
    return true;
}

void settings_save(struct buf *out, const struct settings *s) {
    struct settings first;
    struct buf was, is;
    settings_init(&first);
    buf_init(&was);
    buf_init(&is);
    for (uint32_t i = 0; i < setting_count; i++) {
        const struct setting *row = &setting_table[i];
        buf_reset(&was);
        buf_reset(&is);
        setting_print(&was, &first, row);
        setting_print(&is, s, row);
        if (text_equal(buf_text(&was), buf_text(&is))) continue;
        buf_addf(out, "%s=%.*s\n", row->name, TEXT_ARG(buf_text(&is)));
    }
    out->failed = out->failed || was.failed || is.failed;
    buf_done(&was);
    buf_done(&is);
}

bool settings_load(struct settings *s, struct text lines, struct err *e) {
    settings_init(s);
    while (lines.bytes > 0) {
        const char *end = memchr(lines.at, '\n', lines.bytes);
        const char *equal = end ? memchr(lines.at, '=', (size_t)(end - lines.at)) : NULL;
        if (!equal) return damaged("settings", e);
        struct text name = {.at = lines.at, .bytes = (uint32_t)(equal - lines.at)};
        struct text value = {.at = equal + 1, .bytes = (uint32_t)(end - equal - 1)};
        if (!settings_set(s, name, value, e)) return false;
        uint32_t used = (uint32_t)(end + 1 - lines.at);
        lines = (struct text){.at = end + 1, .bytes = lines.bytes - used};
    }
    return true;
}

void change_save(struct buf *out, const struct table_change *c) {
    uint32_t bytes[] = {c->before.at ? c->before.bytes : NO_ROW,
                        c->after.at ? c->after.bytes : NO_ROW};
    buf_add(out, &c->number, sizeof c->number);
    buf_add(out, bytes, sizeof bytes);
    if (c->before.at) buf_add_text(out, c->before);
    if (c->after.at) buf_add_text(out, c->after);
}

bool change_load(struct text *at, struct table_change *out, struct err *e) {
    uint32_t bytes[2];
    *out = (struct table_change){.number = 0};
    bool done = take(at, &out->number, sizeof out->number) && take(at, bytes, sizeof bytes);
    if (done && bytes[0] != NO_ROW) done = take_text(at, bytes[0], &out->before);
    if (done && bytes[1] != NO_ROW) done = take_text(at, bytes[1], &out->after);
    return done || damaged("changes of a table", e);
}

bool append_save(struct buf *out, const struct batch *b, const struct mark *after, struct err *e) {
    buf_add(out, &after->watermark_us, sizeof after->watermark_us);
    buf_add(out, &after->proctime_us, sizeof after->proctime_us);
    return block_save(b, out, e) && (!out->failed || err_memory(e));
}

bool append_load(struct text body, const struct schema *schema, struct arena *a, struct batch *out,
                 struct mark *after, struct err *e) {
    *after = (struct mark){.ordinal = 0};
    bool done = take(&body, &after->watermark_us, sizeof after->watermark_us) &&
                take(&body, &after->proctime_us, sizeof after->proctime_us);
    return done ? block_load(schema, body, a, out, e) : damaged("rows of a stream", e);
}

void arrival_save(struct buf *out, const struct arrival_record *r) {
    buf_add_char(out, (char)r->kind);
    buf_add(out, &r->at, sizeof r->at);
    buf_add(out, &r->came_us, sizeof r->came_us);
    buf_add_text(out, r->bytes);
}

bool arrival_load(struct text body, struct arrival_record *out, struct err *e) {
    uint8_t kind;
    *out = (struct arrival_record){.at = 0};
    bool done = take(&body, &kind, sizeof kind) && take(&body, &out->at, sizeof out->at) &&
                take(&body, &out->came_us, sizeof out->came_us);
    bool has_bytes = done && kind <= ARRIVAL_RECORDS;
    if (!done || kind > ARRIVAL_BEGIN || has_bytes != (body.bytes > 0)) {
        return damaged("what came of a source", e);
    }
    out->kind = (enum arrival_kind)kind;
    out->bytes = body;
    return true;
}
