/* log_print.c: see log_print.h. */
#include "clients/log_print.h"

#include <inttypes.h>

#include "engine/base/time.h"
#include "engine/edge/codec_json_encode.h"
#include "storage/log_kind.h"

enum { PREVIEW_BYTES = 60 };

static const struct {
    uint16_t number;
    const char *word;
} kinds[] = {
#define X(NAME, number, word) {number, word},
    LOG_KIND_LIST(X)
#undef X
};

static void kind_print(struct buf *b, uint16_t kind) {
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (kinds[i].number != kind) continue;
        buf_add_str(b, kinds[i].word);
        return;
    }
    buf_addf(b, "%u", kind);
}

/* Bytes of the character at `at`; 0: it is none that can be printed. */
static uint32_t character_bytes(const char *at, uint32_t left) {
    unsigned char c = (unsigned char)at[0];
    if (c < 0x80) return c >= 0x20 && c < 0x7F;
    if (c < 0xC3) return 0; /* not the first byte of one, or a control character */
    uint32_t bytes = c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    return bytes <= left && utf8_valid_prefix(at, bytes) == bytes ? bytes : 0;
}

/* The beginning of a body, with '.' for what cannot be printed. */
static void preview(struct buf *b, struct text body) {
    uint32_t at = 0, end = body.bytes < PREVIEW_BYTES ? body.bytes : PREVIEW_BYTES;
    while (at < end) {
        uint32_t bytes = character_bytes(body.at + at, body.bytes - at);
        if (bytes == 0) buf_add_char(b, '.');
        buf_add(b, body.at + at, bytes);
        at += bytes ? bytes : 1;
    }
    if (at < body.bytes) buf_add_str(b, "...");
}

static void time_put(struct buf *b, int64_t us) {
    char text[TIMESTAMP_TEXT_MAX];
    buf_add(b, text, timestamp_print(text, us, 6));
}

static void record_line(struct buf *b, const struct log_record *r) {
    buf_addf(b, "%12" PRIu64 "  ", r->lsn);
    time_put(b, r->time_us);
    buf_add_str(b, "  ");
    size_t from = b->bytes;
    kind_print(b, r->kind);
    while (b->bytes - from < 10 && !b->failed) buf_add_char(b, ' ');
    buf_addf(b, " %6" PRIu32 " %9" PRIu32 "  ", r->object, r->body.bytes);
    preview(b, r->body);
    if (r->place != r->lsn) buf_addf(b, "  (carried to %" PRIu64 ")", r->place);
    buf_add_char(b, '\n');
}

static void record_json(struct buf *b, const struct log_record *r) {
    struct buf text;
    buf_init(&text);
    preview(&text, r->body);
    buf_addf(b, "{\"lsn\":%" PRIu64 ",\"place\":%" PRIu64 ",\"time\":\"", r->lsn, r->place);
    time_put(b, r->time_us);
    buf_add_str(b, "\",\"kind\":\"");
    kind_print(b, r->kind);
    buf_addf(b, "\",\"object\":%" PRIu32 ",\"bytes\":%" PRIu32 ",\"text\":", r->object,
             r->body.bytes);
    json_put_text(b, buf_text(&text));
    buf_add_str(b, "}\n");
    if (text.failed) b->failed = true;
    buf_done(&text);
}

void log_print_record(struct buf *b, const struct log_record *r, bool ndjson) {
    (ndjson ? record_json : record_line)(b, r);
}

void log_print_verdict(struct buf *b, const struct log_verdict *v, bool ndjson) {
    if (ndjson) {
        buf_addf(b,
                 "{\"segments\":%" PRIu64 ",\"first\":%" PRIu64 ",\"end\":%" PRIu64
                 ",\"groups\":%" PRIu64 ",\"records\":%" PRIu64 ",\"sound_bytes\":%" PRIu64
                 ",\"damaged_bytes\":%" PRIu64 ",\"void_bytes\":%" PRIu64 ",\"closed\":%s}\n",
                 v->segments, v->first, v->end, v->groups, v->records, v->sound_bytes,
                 v->hole_bytes, v->void_bytes, v->closed ? "true" : "false");
        return;
    }
    buf_addf(b,
             "LSN %" PRIu64 " to %" PRIu64 ": %" PRIu64 " segments, %" PRIu64 " groups, %" PRIu64
             " records\n",
             v->first, v->end, v->segments, v->groups, v->records);
    buf_addf(b, "%" PRIu64 " bytes are sound, %" PRIu64 " are damaged", v->sound_bytes,
             v->hole_bytes);
    if (v->void_bytes > 0) {
        buf_addf(b, ", %" PRIu64 " were left out by a salvage", v->void_bytes);
    }
    buf_add_str(b, v->closed ? "; closed in order\n" : "; not closed\n");
}
