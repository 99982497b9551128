/* candidates.c: see candidates.h. */
#include "clients/candidates.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 64, BETWEEN = 2 };

void candidates_init(struct candidates *c) {
    *c = (struct candidates){.count = 0};
}

void candidates_reset(struct candidates *c) {
    c->count = 0;
    c->failed = false;
}

void candidates_add(struct candidates *c, struct text name) {
    if (c->failed || name.bytes == 0) return;
    if (c->count == c->room) {
        uint32_t room = c->room ? c->room * 2 : ROOM_FIRST;
        struct text *more = room > CANDIDATES_MAX ? NULL : realloc(c->name, room * sizeof *more);
        c->failed = !more;
        if (!more) return;
        c->name = more;
        c->room = room;
    }
    c->name[c->count++] = name;
}

static unsigned char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 'a' - 'A') : (unsigned char)c;
}

static int compare_fold(const void *x, const void *y) {
    const struct text *a = x, *b = y;
    uint32_t n = a->bytes < b->bytes ? a->bytes : b->bytes;
    for (uint32_t i = 0; i < n; i++) {
        int order = lower(a->at[i]) - lower(b->at[i]);
        if (order != 0) return order;
    }
    return (a->bytes > b->bytes) - (a->bytes < b->bytes);
}

void candidates_sort(struct candidates *c) {
    if (c->count == 0) return;
    qsort(c->name, c->count, sizeof *c->name, compare_fold);
    uint32_t kept = 1;
    for (uint32_t i = 1; i < c->count; i++) {
        if (compare_fold(&c->name[i], &c->name[kept - 1]) != 0) c->name[kept++] = c->name[i];
    }
    c->count = kept;
}

/* Has it letters of one case only? */
static bool has_case(struct text t, char from, char to) {
    for (uint32_t i = 0; i < t.bytes; i++) {
        if (t.at[i] >= from && t.at[i] <= to) return true;
    }
    return false;
}

static bool is_upper(struct text t) {
    return has_case(t, 'A', 'Z') && !has_case(t, 'a', 'z');
}

static bool is_lower(struct text t) {
    return has_case(t, 'a', 'z') && !has_case(t, 'A', 'Z');
}

/* The bytes that all names have in common; sorted, so the first and last decide. */
static uint32_t common_bytes(const struct candidates *c) {
    struct text a = c->name[0], b = c->name[c->count - 1];
    uint32_t n = 0;
    while (n < a.bytes && n < b.bytes && lower(a.at[n]) == lower(b.at[n])) n++;
    while (n > 0 && n < a.bytes && ((unsigned char)a.at[n] & 0xC0) == 0x80) n--;
    return n;
}

void candidates_common(const struct candidates *c, struct text begun, struct buf *out) {
    if (c->count == 0) return;
    uint32_t end = common_bytes(c);
    struct text all = c->name[0];
    bool down = is_lower(begun) && is_upper(all), up = is_upper(begun) && is_lower(all);
    for (uint32_t i = begun.bytes; i < end; i++) {
        char one = all.at[i];
        bool small = one >= 'a' && one <= 'z';
        if (down) one = (char)lower(one);
        if (up && small) one = (char)(one + 'A' - 'a');
        buf_add_char(out, one);
    }
}

/* Characters; names are seldom wide. */
static uint32_t characters(struct text t) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < t.bytes; i++) n += ((unsigned char)t.at[i] & 0xC0) != 0x80;
    return n;
}

void candidates_list(const struct candidates *c, uint32_t width, struct buf *out) {
    uint32_t shown = c->count < CANDIDATES_LISTED_MAX ? c->count : CANDIDATES_LISTED_MAX;
    uint32_t widest = 1;
    for (uint32_t i = 0; i < shown; i++) {
        uint32_t n = characters(c->name[i]);
        if (n > widest) widest = n;
    }
    uint32_t columns = (width + BETWEEN - 1) / (widest + BETWEEN);
    if (columns == 0) columns = 1;
    uint32_t lines = (shown + columns - 1) / columns;
    for (uint32_t line = 0; line < lines; line++) {
        for (uint32_t i = line; i < shown; i += lines) {
            buf_add_text(out, c->name[i]);
            if (i + lines >= shown) break;
            for (uint32_t n = characters(c->name[i]); n < widest + BETWEEN; n++)
                buf_add_char(out, ' ');
        }
        buf_add_char(out, '\n');
    }
    if (shown < c->count) buf_addf(out, "... and %u more\n", c->count - shown);
}

void candidates_done(struct candidates *c) {
    free(c->name);
    candidates_init(c);
}
