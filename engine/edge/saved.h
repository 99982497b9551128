/* saved.h: saved: what a run is made of as bytes, and back: numbers as they lie in memory
 * (little-endian), texts behind their length of 4 bytes, parts behind theirs of 8.
 *
 * Writers add to a buf and look once whether it failed. Readers take from a struct saved: behind
 * the end of the bytes everything is 0 and empty, `damaged` is set and stays, and who reads looks
 * once, but never trusts a count or an index before.
 *
 * Lifetime: a saved points into bytes that somebody else owns, and so does what is taken from it.
 *
 * Used by: all that saves in engine/edge.    Tested by: tests/unit/edge/saved_test.c, tests/cut.c
 */
#ifndef ENGINE_EDGE_SAVED_H
#define ENGINE_EDGE_SAVED_H

#include <string.h>

#include "engine/base/arena.h"
#include "engine/base/batch.h"
#include "engine/base/buf.h"
#include "engine/base/err.h"

static inline void saved_put_u8(struct buf *out, uint8_t v) {
    buf_add(out, &v, sizeof v);
}

static inline void saved_put_u32(struct buf *out, uint32_t v) {
    buf_add(out, &v, sizeof v);
}

static inline void saved_put_u64(struct buf *out, uint64_t v) {
    buf_add(out, &v, sizeof v);
}

static inline void saved_put_i64(struct buf *out, int64_t v) {
    buf_add(out, &v, sizeof v);
}

static inline void saved_put_text(struct buf *out, struct text t) {
    saved_put_u32(out, t.bytes);
    buf_add(out, t.at, t.bytes);
}

void saved_put_mark(struct buf *out, const struct mark *m);
void saved_put_err(struct buf *out, const struct err *e);

/* Begins a part whose length is not known yet; saved_end() takes what it returned. */
size_t saved_begin(struct buf *out);
void saved_end(struct buf *out, size_t begun);

struct saved {
    const char *at, *end;
    bool damaged;
};

static inline struct saved saved_of(struct text t) {
    return (struct saved){.at = t.at, .end = t.bytes > 0 ? t.at + t.bytes : t.at};
}

static inline size_t saved_left(const struct saved *s) {
    return (size_t)(s->end - s->at);
}

/* The next `bytes` bytes; zeros where there are not so many. */
void saved_take(struct saved *s, void *to, size_t bytes);
uint8_t saved_u8(struct saved *s);
bool saved_bool(struct saved *s); /* a byte of 0 or 1 */
uint32_t saved_u32(struct saved *s);
uint64_t saved_u64(struct saved *s);
int64_t saved_i64(struct saved *s);
/* How many things follow that take at least `bytes` each: never more than can be there. */
uint32_t saved_count(struct saved *s, size_t bytes);
struct text saved_text(struct saved *s);
struct saved saved_part(struct saved *s);
struct text saved_part_text(struct saved *s); /* one that a text can hold */
struct mark saved_mark(struct saved *s);
void saved_err(struct saved *s, struct err *out);
/* A text copied into `a`, with a NUL behind it. NULL: no memory. */
char *saved_string(struct saved *s, struct arena *a) MUST_USE;

/* All was taken, and made sense; else XX001 that names `what`. */
bool saved_done(const struct saved *s, const char *what, struct err *e) MUST_USE;
bool saved_damaged(const char *what, struct err *e);

#endif
