/* out_stdout.c: the stdout connector: rows of a format on standard output.
 *
 * Rows are gathered and written when there are 64 KiB of them, when the runner flushes, and at the
 * end; a write ends with a whole line.
 */
#include <assert.h>
#include <stdlib.h>

#include "engine/edge/fd.h"
#include "engine/edge/out_lines.h"

enum { GATHER_BYTES = 64 * 1024 };

static const struct option_row options[] = {
    {NULL, NULL, NULL},
};

struct stdout_sink {
    struct sink base;
    int fd;
    struct line_writer writer;
    struct buf buf;
};

static bool stdout_flush(struct sink *base, struct err *e) {
    struct stdout_sink *s = (struct stdout_sink *)base;
    if (s->buf.bytes == 0) return true;
    bool ok = fd_write(s->fd, buf_text(&s->buf), "stdout", e);
    buf_reset(&s->buf);
    return ok;
}

static bool stdout_write(struct sink *base, const struct batch *b, struct err *e) {
    struct stdout_sink *s = (struct stdout_sink *)base;
    if (!line_writer_add(&s->writer, b, &s->buf, e)) return false;
    return s->buf.bytes < GATHER_BYTES || stdout_flush(base, e);
}

static void stdout_close(struct sink *base) {
    if (!base) return;
    struct stdout_sink *s = (struct stdout_sink *)base;
    line_writer_done(&s->writer);
    buf_done(&s->buf);
    free(s);
}

static const struct sink_type stdout_sink_type = {
    .write = stdout_write,
    .flush = stdout_flush,
    .finish = stdout_flush,
    .close = stdout_close,
};

static struct sink *stdout_open(const struct stream_def *def, bool changes,
                                const struct edge_env *env, struct err *e) {
    struct stdout_sink *s = calloc(1, sizeof *s);
    if (!s) {
        err_memory(e);
        return NULL;
    }
    s->base.type = &stdout_sink_type;
    s->fd = env->stdout_fd;
    buf_init(&s->buf);
    if (line_writer_init(&s->writer, def, changes, e) &&
        line_writer_begin(&s->writer, &s->buf, e)) {
        return &s->base;
    }
    stdout_close(&s->base);
    return NULL;
}

static bool stdout_check(const struct stream_def *def, bool changes, struct err *e) {
    (void)def;
    (void)changes;
    (void)e;
    return true;
}

const struct connector connector_stdout = {
    .name = "stdout",
    .doc = "Standard output; changes are written with their kind. Format json if not given.",
    .option = options,
    .sink_check = stdout_check,
    .sink_open = stdout_open,
};
