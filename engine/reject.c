/* reject.c: see reject.h. Mostly there are none, and then this costs nothing; merge sort keeps
 * those with equal keys as they came.
 */
#include "engine/reject.h"

#include <assert.h>
#include <string.h>

enum { ROOM_MIN = 32 };

void rejects_done(struct rejects *r) {
    arena_done(&r->arena);
    arena_done(&r->spare);
    *r = (struct rejects){.arena = r->arena, .spare = r->spare};
}

void rejects_reset(struct rejects *r) {
    r->count = r->capacity = 0;
    r->at = NULL;
    arena_reset(&r->arena);
}

bool rejects_add(struct rejects *r, const struct reject *x, struct err *e) {
    if (r->count == r->capacity) {
        uint32_t room = r->capacity ? r->capacity * 2 : ROOM_MIN;
        struct reject *at = ARENA_ARRAY(&r->arena, at, room);
        if (!at) return err_memory(e);
        if (r->count > 0) memcpy(at, r->at, r->count * sizeof *at);
        r->at = at;
        r->capacity = room;
    }
    struct reject *to = &r->at[r->count];
    *to = *x;
    if (x->message) {
        to->message = arena_copy(&r->arena, x->message, strlen(x->message));
        if (!to->message) return err_memory(e);
    }
    r->count++;
    return true;
}

/* Those that stay move to the other arena, so that what goes leaves no memory behind. */
void rejects_drop(struct rejects *r, uint32_t count) {
    struct err ignored;
    assert(count <= r->count);
    if (count == r->count) rejects_reset(r);
    if (count == 0 || r->count == 0) return;
    struct rejects to = {.arena = r->spare};
    bool moved = true;
    for (uint32_t i = count; moved && i < r->count; i++) {
        moved = rejects_add(&to, &r->at[i], &ignored);
    }
    if (moved) {
        arena_reset(&r->arena);
        to.spare = r->arena;
        *r = to;
        return;
    }
    arena_reset(&to.arena);
    r->spare = to.arena;
    r->count -= count;
    memmove(r->at, r->at + count, r->count * sizeof *r->at);
}

bool rejects_join(struct rejects *r, const struct rejects *from, struct err *e) {
    for (uint32_t i = 0; i < from->count; i++) {
        if (!rejects_add(r, &from->at[i], e)) return false;
    }
    return true;
}

static int reject_compare(const struct reject *a, const struct reject *b) {
    if (a->key.ordinal != b->key.ordinal) return a->key.ordinal < b->key.ordinal ? -1 : 1;
    if (a->plan != b->plan) return a->plan > b->plan ? -1 : 1;
    return merge_key_compare(&a->key, &b->key);
}

static bool is_sorted(const struct rejects *r) {
    for (uint32_t i = 1; i < r->count; i++) {
        if (reject_compare(&r->at[i - 1], &r->at[i]) > 0) return false;
    }
    return true;
}

bool rejects_sort(struct rejects *r, struct err *e) {
    if (is_sorted(r)) return true;
    struct reject *in = r->at, *out = ARENA_ARRAY(&r->arena, out, r->count);
    if (!out) return err_memory(e);
    uint64_t n = r->count;
    for (uint64_t run = 1; run < n; run *= 2) {
        for (uint64_t from = 0; from < n; from += 2 * run) {
            uint64_t middle = from + run < n ? from + run : n;
            uint64_t to = middle + run < n ? middle + run : n, a = from, b = middle;
            for (uint64_t i = from; i < to; i++) {
                bool take_a = a < middle && (b == to || reject_compare(&in[a], &in[b]) <= 0);
                out[i] = take_a ? in[a++] : in[b++];
            }
        }
        struct reject *swap = in;
        in = out;
        out = swap;
    }
    r->at = in;
    r->capacity = r->count;
    return true;
}
