/* out_filesystem.h: what the files of the filesystem sink share.
 *
 * out_filesystem.c       rows on their way to files
 * out_filesystem_save.c  checkpoints
 *
 * Used by: out_filesystem*.c only.
 */
#ifndef ENGINE_EDGE_OUT_FILESYSTEM_H
#define ENGINE_EDGE_OUT_FILESYSTEM_H

#include "engine/edge/in_filesystem.h"
#include "engine/edge/out_parts.h"
#include "engine/edge/out_single.h"

struct filesystem_sink {
    struct sink base;
    const struct edge_env *env;
    const struct stream_def *def;
    struct line_writer writer;
    struct arena arena;
    struct single single; /* one file; path NULL: a folder */
    struct buf buf;       /* of the one file */
    struct parts parts;
    uint64_t uses; /* counts up, for the least recently used */
    struct buf key;
    uint16_t next[BATCH_ROWS]; /* the next row of the same part */

    int64_t next_complete_us; /* of the parts, the first */
    int64_t roll_us, check_us, checked_us;
    bool commits, by_watermark;
    int64_t delay_us;
    struct text pattern, formatter;
    struct text null_name;
    const char *success_name;
};

static inline bool is_single(const struct filesystem_sink *s) {
    return s->single.path != NULL;
}

/* Writes what is gathered for the one file. */
bool filesystem_single_flush(struct filesystem_sink *s, struct err *e) MUST_USE;

/* For the sink's type. */
bool filesystem_prepare(struct sink *base, struct buf *record, struct err *e);
bool filesystem_commit(struct sink *base, struct err *e);
/* Goes on with a folder: what the record covers appears, what came later goes. */
bool filesystem_folder_resume(struct filesystem_sink *s, struct text record,
                              struct err *e) MUST_USE;

#endif
