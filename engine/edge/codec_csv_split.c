/* codec_csv_split.c: see codec_csv_split.h.
 *
 * Masks of the special bytes are made for a window of 4 KiB at a time, and the next special byte is
 * the next bit. Windows need not begin where records do: the state (inside quotes or not) is the
 * splitter's, not the masks', so a stray quote spoils one line only.
 */
#include "engine/edge/codec_csv_split.h"

#include <assert.h>
#include <string.h>

enum { WINDOW_BYTES = SCAN_CSV_BLOCKS * SCAN_BLOCK_BYTES };

void csplit_begin(struct csv_split *s, const char *at, const char *end, bool last) {
    s->window = s->window_end = at;
    s->end = end;
    s->last = last;
}

static void window_load(struct csv_split *s, const char *at) {
    size_t left = (size_t)(s->end - at);
    uint32_t bytes = left < WINDOW_BYTES ? (uint32_t)left : WINDOW_BYTES;
    s->window = at;
    s->window_end = at + bytes;
    s->scan->csv(at, bytes, &s->masks);
    s->high |= s->masks.high;
}

/* The first byte from `at` on whose bit is set in mask[] (one of s->masks), or the end. */
static const char *next_bit(struct csv_split *s, const uint64_t *mask, const char *at) {
    while (at < s->end) {
        if (at >= s->window_end || at < s->window) window_load(s, at);
        size_t offset = (size_t)(at - s->window);
        uint64_t bits = mask[offset / 64] >> (offset % 64);
        if (bits) return at + __builtin_ctzll(bits);
        at += 64 - offset % 64;
        if (at > s->window_end) at = s->window_end;
    }
    return s->end;
}

static void field_add(struct csv_split *s, const struct csv_field *f) {
    if (s->fields < s->fields_max) s->field[s->fields] = *f;
    s->fields++;
}

static enum csv_status ended(struct csv_place *place, const char *end, const char *next) {
    place->end = end;
    place->next = next;
    return CSV_RECORD;
}

/* The record is wrong at `at`: it goes to the next line feed. */
static enum csv_status wrong(struct csv_split *s, struct csv_place *place, const char *at,
                             const char *what) {
    const char *feed = memchr(at, '\n', (size_t)(s->end - at));
    if (!feed && !s->last) return CSV_UNFINISHED;
    place->what = what;
    place->end = feed ? feed : s->end;
    place->next = feed ? feed + 1 : s->end;
    if (feed && feed > place->begin && feed[-1] == '\r') place->end--;
    return CSV_WRONG;
}

/* The closing quote of the field whose text begins at `at`, or NULL: not there, or not to be
 * known. */
static const char *closing_quote(struct csv_split *s, const char *at, bool *doubled) {
    for (;;) {
        const char *quote = next_bit(s, s->masks.quotes, at);
        if (quote == s->end) return NULL;
        if (quote + 1 == s->end) return s->last ? quote : NULL;
        if (quote[1] != s->masks.quote) return quote;
        *doubled = true;
        at = quote + 2;
    }
}

/* What a step over a field says. */
enum csv_step { STEP_FIELD, STEP_RECORD, STEP_UNFINISHED, STEP_WRONG };

/* At an opening quote; *at moves behind the delimiter. */
static enum csv_step quoted_field(struct csv_split *s, const char **at, struct csv_place *place) {
    struct csv_field f = {.quoted = true};
    const char *start = *at + 1;
    const char *quote = closing_quote(s, start, &f.doubled);
    if (!quote && !s->last) return STEP_UNFINISHED;
    if (!quote) {
        place->what = "unfinished quoted field";
        *at = s->end;
        return STEP_WRONG;
    }
    f.text = (struct text){.at = start, .bytes = (uint32_t)(quote - start)};
    field_add(s, &f);

    const char *behind = quote + 1;
    *at = behind + 1;
    if (behind == s->end) return ended(place, behind, behind), STEP_RECORD;
    if (*behind == s->masks.delimiter) return STEP_FIELD;
    if (*behind == '\n') return ended(place, behind, behind + 1), STEP_RECORD;
    if (*behind == '\r') {
        if (behind + 1 == s->end && !s->last) return STEP_UNFINISHED;
        if (behind + 1 == s->end) return ended(place, behind, behind + 1), STEP_RECORD;
        if (behind[1] == '\n') return ended(place, behind, behind + 2), STEP_RECORD;
    }
    place->what = "text behind a quoted field";
    *at = behind;
    return STEP_WRONG;
}

static enum csv_step plain_field(struct csv_split *s, const char **at, struct csv_place *place) {
    const char *start = *at;
    const char *stop = next_bit(s, s->masks.special, start);
    if (stop == s->end && !s->last) return STEP_UNFINISHED;
    const char *end = stop;
    bool delimiter = stop < s->end && *stop == s->masks.delimiter;
    if (stop < s->end && *stop == s->masks.quote) {
        place->what = "quote inside an unquoted field";
        *at = stop;
        return STEP_WRONG;
    }
    if (!delimiter && stop < s->end && stop > start && stop[-1] == '\r') end--;
    struct csv_field f = {.text = {.at = start, .bytes = (uint32_t)(end - start)}};
    field_add(s, &f);
    *at = stop + 1;
    if (delimiter) return STEP_FIELD;
    ended(place, end, stop < s->end ? stop + 1 : stop);
    return STEP_RECORD;
}

enum csv_status csplit_record(struct csv_split *s, const char *at, struct csv_place *place) {
    assert(at < s->end);
    *place = (struct csv_place){.begin = at};
    s->fields = 0;
    s->high = s->masks.high && at < s->window_end;
    for (;;) {
        bool quoted = at < s->end && *at == s->masks.quote;
        switch (quoted ? quoted_field(s, &at, place) : plain_field(s, &at, place)) {
        case STEP_FIELD: break;
        case STEP_RECORD: return CSV_RECORD;
        case STEP_UNFINISHED: return CSV_UNFINISHED;
        case STEP_WRONG: return wrong(s, place, at, place->what);
        }
    }
}
