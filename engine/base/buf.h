/* buf.h: a growing run of bytes that its holder owns; how text is put together.
 *
 * Errors are sticky: after a failed growth `failed` is set, later additions do nothing, and the
 * writer checks once at the end. at[bytes] is always NUL once anything was added.
 *
 * Lifetime: buf_init .. buf_done.
 *
 * Used by: codecs, printers, log.    Tested by: tests/unit/buf_test.c
 */
#ifndef ENGINE_BASE_BUF_H
#define ENGINE_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "engine/base/attr.h"
#include "engine/base/text.h"

struct buf {
    char *at;
    size_t bytes;
    size_t capacity_bytes;
    bool failed; /* no memory: what is held is a prefix of what was added */
};

void buf_init(struct buf *b);
void buf_done(struct buf *b);

/* Empty again, memory kept, `failed` cleared. */
void buf_reset(struct buf *b);

/* Room for `bytes` more behind at[bytes]; false (and `failed`) without memory. After it,
 * up to `bytes` may be written at at + bytes and b->bytes raised by the writer. */
bool buf_reserve(struct buf *b, size_t bytes) MUST_USE;

void buf_add(struct buf *b, const void *from, size_t bytes);
void buf_add_text(struct buf *b, struct text t);
void buf_add_str(struct buf *b, const char *s);
void buf_add_char(struct buf *b, char c);
void buf_addf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);

static inline struct text buf_text(const struct buf *b) {
    return (struct text){.at = b->at, .bytes = (uint32_t)b->bytes};
}

#endif
