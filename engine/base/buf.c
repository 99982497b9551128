/* buf.c: see buf.h. */
#include "engine/base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUF_MIN_BYTES = 256 };

void buf_init(struct buf *b) {
    *b = (struct buf){0};
}

void buf_done(struct buf *b) {
    free(b->at);
    buf_init(b);
}

void buf_reset(struct buf *b) {
    b->bytes = 0;
    b->failed = false;
}

bool buf_reserve(struct buf *b, size_t bytes) {
    if (b->failed) return false;
    size_t need;
    if (__builtin_add_overflow(b->bytes, bytes, &need) || need >= SIZE_MAX / 2) {
        b->failed = true;
        return false;
    }
    if (need < b->capacity_bytes) return true; /* one more for the NUL */

    size_t capacity = b->capacity_bytes ? b->capacity_bytes : BUF_MIN_BYTES;
    while (capacity <= need) capacity *= 2;
    char *at = realloc(b->at, capacity);
    if (!at) {
        b->failed = true;
        return false;
    }
    b->at = at;
    b->capacity_bytes = capacity;
    return true;
}

void buf_add(struct buf *b, const void *from, size_t bytes) {
    if (!buf_reserve(b, bytes)) return;
    if (bytes > 0) memcpy(b->at + b->bytes, from, bytes);
    b->bytes += bytes;
    b->at[b->bytes] = '\0';
}

void buf_add_text(struct buf *b, struct text t) {
    buf_add(b, t.at, t.bytes);
}

void buf_add_str(struct buf *b, const char *s) {
    buf_add(b, s, strlen(s));
}

void buf_add_char(struct buf *b, char c) {
    buf_add(b, &c, 1);
}

void buf_addf(struct buf *b, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(n >= 0);
    if (!buf_reserve(b, (size_t)n)) return;

    va_start(args, format);
    vsnprintf(b->at + b->bytes, (size_t)n + 1, format, args);
    va_end(args);
    b->bytes += (size_t)n;
}
