/* out_parts.h: parts: the parts of a filesystem sink, found by key, and which of their files are
 * open: when too many would be, or the system gives no more, the one that was written to the
 * longest time ago is parked. That shows nowhere.
 *
 * Lifetime: parts_init .. parts_done, in the sink.
 *
 * Used by: out_filesystem.    Tested by: tests/unit/edge/sink_filesystem_test.c
 */
#ifndef ENGINE_EDGE_OUT_PARTS_H
#define ENGINE_EDGE_OUT_PARTS_H

#include "engine/edge/out_part.h"

enum { PARTS_BUCKETS = 1024, PARTS_NO_ROW = UINT16_MAX };

struct parts {
    struct part_env env;
    struct part *first;
    struct part *bucket[PARTS_BUCKETS]; /* the same, by hash */
    uint32_t open;                      /* files that are open */
    size_t pending;                     /* bytes in buffers */
};

/* The part of that key; NULL with e->code ERR_NONE: there is none. */
struct part *parts_find(const struct parts *s, struct text key);
/* A new one. NULL: no memory. */
struct part *parts_add(struct parts *s, struct text key, struct err *e) MUST_USE;
/* Takes *link, one of the list, out of it. */
void parts_drop(struct parts *s, struct part **link);

/* Adds the first rows of `rows` to the part's file: all, or up to the one that makes it full.
 * Begins a file where there is none. */
bool parts_write(struct parts *s, struct part *p, const struct batch *rows, int64_t now_us,
                 uint32_t *took_out, struct err *e) MUST_USE;
/* Writes all that is in buffers to the files; parts_relieve(): when it has become much. */
bool parts_flush(struct parts *s, struct err *e) MUST_USE;
bool parts_relieve(struct parts *s, struct err *e) MUST_USE;
/* Writes, closes and names the part's file, if it has one. */
bool parts_publish(struct parts *s, struct part *p, struct err *e) MUST_USE;

/* With an owner: all that is written is durable. */
bool parts_sync(struct parts *s, struct err *e) MUST_USE;

void parts_done(struct parts *s);

#endif
