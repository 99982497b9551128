/* bad_list.c: see bad_list.h. */
#include "engine/edge/bad_list.h"

#include <assert.h>
#include <stdlib.h>

struct bad_entry {
    uint64_t place;
    uint32_t number; /* in the order of adding: decides ties */
    uint64_t offset;
    uint32_t row;
    struct text raw;
    const char *message;
    char sqlstate[6];
};

void bad_list_reset(struct bad_list *l, struct arena *a) {
    *l = (struct bad_list){.arena = a};
}

static bool grow(struct bad_list *l) {
    uint32_t capacity = l->capacity > 0 ? l->capacity * 2 : 16;
    struct bad_entry *grown = ARENA_ARRAY(l->arena, grown, capacity);
    if (!grown) return false;
    if (l->count > 0) memcpy(grown, l->entry, l->count * sizeof *grown);
    l->entry = grown;
    l->capacity = capacity;
    return true;
}

bool bad_list_add(struct bad_list *l, uint64_t place, const struct decode_bad *b, struct err *e) {
    assert(l->arena);
    const char *message = arena_copy(l->arena, b->message, strlen(b->message));
    if (!message || (l->count == l->capacity && !grow(l))) return err_memory(e);
    struct bad_entry *to = &l->entry[l->count];
    *to = (struct bad_entry){
        .place = place,
        .number = l->count,
        .offset = b->offset,
        .row = b->row,
        .raw = b->raw,
        .message = message,
    };
    memcpy(to->sqlstate, b->sqlstate, sizeof to->sqlstate);
    l->count++;
    return true;
}

static int by_place(const void *x, const void *y) {
    const struct bad_entry *a = x, *b = y;
    if (a->place != b->place) return a->place < b->place ? -1 : 1;
    return a->number < b->number ? -1 : 1;
}

bool bad_list_tell_to(struct bad_list *l, uint64_t place,
                      bool (*tell)(void *, const struct decode_bad *, struct err *), void *context,
                      struct err *e) {
    bool ok = true;
    while (ok && l->told < l->count && l->entry[l->told].place <= place) {
        const struct bad_entry *from = &l->entry[l->told++];
        struct decode_bad b = {.offset = from->offset, .row = from->row, .raw = from->raw};
        size_t bytes = strlen(from->message);
        memcpy(b.sqlstate, from->sqlstate, sizeof b.sqlstate);
        memcpy(b.message, from->message, bytes < sizeof b.message ? bytes : sizeof b.message - 1);
        ok = tell(context, &b, e);
    }
    return ok;
}

bool bad_list_tell(struct bad_list *l,
                   bool (*tell)(void *, const struct decode_bad *, struct err *), void *context,
                   struct err *e) {
    assert(l->told == 0);
    if (l->count > 1) qsort(l->entry, l->count, sizeof *l->entry, by_place);
    bool ok = bad_list_tell_to(l, UINT64_MAX, tell, context, e);
    l->count = l->told = 0;
    return ok;
}

void bad_list_save(const struct bad_list *l, struct bad_from from, struct buf *out) {
    saved_put_u32(out, l->count - l->told);
    for (uint32_t i = l->told; i < l->count; i++) {
        const struct bad_entry *x = &l->entry[i];
        assert(x->place >= from.place && x->row >= from.row);
        saved_put_u64(out, x->place - from.place);
        saved_put_u64(out, x->offset);
        saved_put_u32(out, x->row - from.row);
        saved_put_text(out, x->raw);
        saved_put_text(out, text_of(x->sqlstate));
        saved_put_text(out, text_of(x->message));
    }
}

bool bad_list_load(struct bad_list *l, struct saved *s, struct err *e) {
    uint32_t count = saved_count(s, 32);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t place = saved_u64(s);
        struct decode_bad b = {.offset = saved_u64(s)};
        b.row = saved_u32(s);
        struct text raw = saved_text(s), sqlstate = saved_text(s), message = saved_text(s);
        bool fits = sqlstate.bytes < sizeof b.sqlstate && message.bytes < sizeof b.message;
        if (s->damaged || !fits) return saved_damaged("bad records", e);
        b.raw.at = arena_copy(l->arena, raw.bytes > 0 ? raw.at : "", raw.bytes);
        b.raw.bytes = raw.bytes;
        if (!b.raw.at) return err_memory(e);
        if (sqlstate.bytes > 0) memcpy(b.sqlstate, sqlstate.at, sqlstate.bytes);
        if (message.bytes > 0) memcpy(b.message, message.at, message.bytes);
        if (!bad_list_add(l, place, &b, e)) return false;
    }
    return true;
}
