/* out_parts.c: see out_parts.h. Rows are gathered in the parts' buffers, so that a file that is
 * parked is opened again only when much is to be written to it.
 */
#include "engine/edge/out_parts.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/base/hash.h"

enum {
    OPEN_MAX = 100,
    GATHER_BYTES = 64 * 1024, /* of one part */
    PENDING_MAX = 32 << 20,   /* of all */
};

static uint64_t key_hash(struct text key) {
    return hash_bytes(key.at ? key.at : "", key.bytes);
}

struct part *parts_find(const struct parts *s, struct text key) {
    uint64_t hash = key_hash(key);
    for (struct part *p = s->bucket[hash % PARTS_BUCKETS]; p; p = p->chain) {
        if (p->hash == hash && p->key_bytes == key.bytes &&
            (key.bytes == 0 || memcmp(p->key, key.at, key.bytes) == 0)) {
            return p;
        }
    }
    return NULL;
}

struct part *parts_add(struct parts *s, struct text key, struct err *e) {
    struct part *p = calloc(1, sizeof *p + key.bytes + 1);
    if (!p) {
        err_memory(e);
        return NULL;
    }
    p->key = (char *)(p + 1);
    if (key.bytes > 0) memcpy(p->key, key.at, key.bytes);
    p->key_bytes = key.bytes;
    p->hash = key_hash(key);
    p->complete_us = TIME_END_US;
    p->first = p->last = PARTS_NO_ROW;
    buf_init(&p->buf);
    p->next = s->first;
    s->first = p;
    p->chain = s->bucket[p->hash % PARTS_BUCKETS];
    s->bucket[p->hash % PARTS_BUCKETS] = p;
    return p;
}

void parts_drop(struct parts *s, struct part **link) {
    struct part *p = *link, **chain = &s->bucket[p->hash % PARTS_BUCKETS];
    *link = p->next;
    while (*chain != p) chain = &(*chain)->chain;
    *chain = p->chain;
    part_destroy(p);
}

/* Parks the file that was written to the longest time ago. */
static void make_way(struct parts *s) {
    struct part *oldest = NULL;
    for (struct part *p = s->first; p; p = p->next) {
        if (p->file && (!oldest || p->used < oldest->used)) oldest = p;
    }
    assert(oldest);
    s->open--;
    part_park(oldest);
}

/* The system may give fewer files than we would open: then with those it gave. */
static bool open_part(struct parts *s, struct part *p, int64_t now_us, struct err *e) {
    if (s->open == OPEN_MAX) make_way(s);
    while (!part_open(p, &s->env, now_us, e)) {
        if (s->open == 0) return false;
        make_way(s);
    }
    s->open++;
    return true;
}

static bool flush_part(struct parts *s, struct part *p, struct err *e) {
    if (p->buf.bytes == 0) return true;
    if (!p->file && !open_part(s, p, p->opened_us, e)) return false;
    s->pending -= p->buf.bytes;
    return part_flush(p, e);
}

bool parts_write(struct parts *s, struct part *p, const struct batch *rows, int64_t now_us,
                 uint32_t *took_out, struct err *e) {
    size_t before = p->buf.bytes;
    if (!part_begun(p) && !open_part(s, p, now_us, e)) return false;
    bool done = part_add(p, &s->env, rows, took_out, e);
    s->pending += p->buf.bytes - before;
    return done && (p->buf.bytes < GATHER_BYTES || flush_part(s, p, e));
}

bool parts_flush(struct parts *s, struct err *e) {
    for (struct part *p = s->first; p; p = p->next) {
        if (!flush_part(s, p, e)) return false;
    }
    assert(s->pending == 0);
    return true;
}

bool parts_relieve(struct parts *s, struct err *e) {
    return s->pending < PENDING_MAX || parts_flush(s, e);
}

bool parts_publish(struct parts *s, struct part *p, struct err *e) {
    if (!flush_part(s, p, e)) return false;
    if (p->file) s->open--;
    return part_publish(p, &s->env, e);
}

bool parts_sync(struct parts *s, struct err *e) {
    if (!parts_flush(s, e)) return false;
    for (struct part *p = s->first; p; p = p->next) {
        if (!part_sync(p, &s->env, e)) return false;
    }
    return true;
}

void parts_done(struct parts *s) {
    while (s->first) parts_drop(s, &s->first);
    finished_done(&s->env.finished);
}
