/* out_part.h: part: one folder of a filesystem sink, and the part file that grows in it.
 *
 * A part file is written as .<name>.inprogress and gets its name when it is closed, so that who
 * looks into the folder sees whole files only. Names count on from what is there: nothing is ever
 * overwritten. A file in progress may be parked: it is closed, and opened again to append.
 *
 * Used by: out_parts, out_filesystem.    Tested by: tests/unit/edge/sink_filesystem_test.c
 */
#ifndef ENGINE_EDGE_OUT_PART_H
#define ENGINE_EDGE_OUT_PART_H

#include "engine/base/buf.h"
#include "engine/base/file.h"
#include "engine/edge/out_finished.h"
#include "engine/edge/out_lines.h"

struct part {
    struct part *next;
    struct part *chain; /* those whose hashes meet */
    char *key;          /* "dt=2026-01-01/hm=10%3A05", "" without partitions; behind the struct */
    uint32_t key_bytes;
    uint64_t hash;           /* of the key */
    int64_t created_us;      /* the folder, by the clock */
    int64_t complete_us;     /* its time and the delay, by the watermark; TIME_END_US: at the end */
    struct file *file;       /* NULL: none in progress, or parked */
    char *final, *temporary; /* its paths; malloc'ed; NULL: none in progress */
    int64_t opened_us;
    uint64_t bytes;       /* written to it */
    uint64_t durable;     /* of those; with an owner */
    struct buf buf;       /* not written yet */
    uint64_t used;        /* the sink's count when it was written last */
    uint16_t first, last; /* rows of the batch that go here, as a list; UINT16_MAX: none */
};

/* What all parts of a sink share. */
struct part_env {
    struct file_system *fs;
    const char *folder; /* of the sink */
    const char *extension;
    struct line_writer *writer;
    uint64_t bytes_max;       /* a file of this size is closed */
    struct finished finished; /* with an owner: what waits for commit() */
};

static inline bool part_begun(const struct part *p) {
    return p->temporary != NULL;
}

/* Begins a file where there is none in progress, or opens that which is parked. */
bool part_open(struct part *p, struct part_env *env, int64_t now_us, struct err *e) MUST_USE;
/* Closes the file in progress for a while; rows may be added meanwhile. */
void part_park(struct part *p);
/* Adds the first rows of `b` to the buffer of the file in progress: all, or up to the one that
 * makes it full. */
bool part_add(struct part *p, const struct part_env *env, const struct batch *b, uint32_t *took_out,
              struct err *e) MUST_USE;
/* Is the file as large as it may be? */
bool part_full(const struct part *p, const struct part_env *env);
/* Writes what is in the buffer to the file, which is open. */
bool part_flush(struct part *p, struct err *e) MUST_USE;
/* Closes the file, of which all is written, and gives it its name; with an owner, at commit(). */
bool part_publish(struct part *p, struct part_env *env, struct err *e) MUST_USE;
/* Says by an empty file that the folder is complete; with an owner, at commit(). */
bool part_mark(const struct part *p, struct part_env *env, const char *name,
               struct err *e) MUST_USE;
/* With an owner: what is written is durable. */
bool part_sync(struct part *p, struct part_env *env, struct err *e) MUST_USE;
/* A part with the file that was in progress; what was written to it later is thrown away. */
void part_save(const struct part *p, struct buf *out);
bool part_load(struct part *p, struct part_env *env, struct saved *s, struct err *e) MUST_USE;
/* Leaves what is in progress as it is. */
void part_destroy(struct part *p);

#endif
