/* out_stdout.c: the stdout connector: rows of a format on standard output.
 *
 * Rows are gathered with those of all who print there, and written when there are 64 KiB of them,
 * when the runner flushes, and at the end; a write ends with a whole line.
 */
#include <assert.h>
#include <stdlib.h>

#include "engine/edge/fd.h"
#include "engine/edge/out_lines.h"

static const struct option_row options[] = {
    {NULL, NULL, NULL},
};

struct stdout_sink {
    struct sink base;
    struct fd_buffer *to;
    struct line_writer writer;
};

static bool stdout_flush(struct sink *base, struct err *e) {
    return fd_buffer_flush(((struct stdout_sink *)base)->to, e);
}

/* Half a row is taken back: others write here, too. */
static bool added(struct stdout_sink *s, size_t before, bool done, struct err *e) {
    if (done) return fd_buffer_added(s->to, e);
    s->to->buf.bytes = before;
    s->to->buf.failed = false;
    return false;
}

static bool stdout_write(struct sink *base, const struct batch *b, struct err *e) {
    struct stdout_sink *s = (struct stdout_sink *)base;
    size_t before = s->to->buf.bytes;
    return added(s, before, line_writer_add(&s->writer, b, &s->to->buf, e), e);
}

static void stdout_close(struct sink *base) {
    if (!base) return;
    struct stdout_sink *s = (struct stdout_sink *)base;
    line_writer_done(&s->writer);
    free(s);
}

static const struct sink_type stdout_sink_type = {
    .write = stdout_write,
    .flush = stdout_flush,
    .finish = stdout_flush,
    .close = stdout_close,
};

static struct fd_buffer *stdout_to(const struct stream_def *def, const struct edge_env *env) {
    (void)def;
    return env->out;
}

static struct sink *stdout_open(const struct sink_options *o, struct err *e) {
    struct stdout_sink *s = calloc(1, sizeof *s);
    if (!s) {
        err_memory(e);
        return NULL;
    }
    s->base.type = &stdout_sink_type;
    s->to = o->env->out;
    size_t before = s->to->buf.bytes;
    bool made = line_writer_init(&s->writer, o->def, o->changes, e);
    if (made && o->resumed) return &s->base;
    if (made && added(s, before, line_writer_begin(&s->writer, &s->to->buf, e), e)) {
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
    .sink_to = stdout_to,
};
