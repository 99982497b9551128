/* out_print.c: the print connector: Flink's lines, +I[1, abc], on standard output or error.
 *
 * Values are those of value_print.h.
 */
#include <assert.h>
#include <stdlib.h>

#include "engine/base/option.h"
#include "engine/edge/fd.h"
#include "engine/edge/out_lines.h"
#include "engine/edge/value_print.h"

enum { GATHER_BYTES = 64 * 1024 };

static const struct option_row options[] = {
    {"print-identifier", "text", "Stands before each line, with \"> \"."},
    {"standard-error", "true | false", "Print on standard error."},
    {"sink.parallelism", "integer", "Ignored; there is one writer."},
    {NULL, NULL, NULL},
};

static const char *const kinds[] = {
    [CHANGE_INSERT] = "+I", [CHANGE_BEFORE] = "-U", [CHANGE_AFTER] = "+U", [CHANGE_DELETE] = "-D"};

struct print_sink {
    struct sink base;
    int fd;
    const char *where;
    const struct stream_def *def;
    struct text identifier;
    struct buf buf;
};

static bool print_flush(struct sink *base, struct err *e) {
    struct print_sink *s = (struct print_sink *)base;
    if (s->buf.bytes == 0) return true;
    bool ok = fd_write(s->fd, buf_text(&s->buf), s->where, e);
    buf_reset(&s->buf);
    return ok;
}

static void print_line(struct print_sink *s, const struct batch *b, uint32_t row) {
    if (s->identifier.bytes > 0) {
        buf_add_text(&s->buf, s->identifier);
        buf_add_str(&s->buf, "> ");
    }
    buf_add_str(&s->buf, kinds[batch_change(b, row)]);
    buf_add_char(&s->buf, '[');
    for (uint32_t p = 0; p < s->def->physical->cols; p++) {
        if (p > 0) buf_add_str(&s->buf, ", ");
        value_print(&s->buf, &b->col[sink_column(s->def, b, p)], row);
    }
    buf_add_str(&s->buf, "]\n");
}

static bool print_write(struct sink *base, const struct batch *b, struct err *e) {
    struct print_sink *s = (struct print_sink *)base;
    for (uint32_t i = 0; i < b->live; i++) print_line(s, b, batch_row(b, i));
    if (s->buf.failed) return err_memory(e);
    return s->buf.bytes < GATHER_BYTES || print_flush(base, e);
}

static void print_close(struct sink *base) {
    if (!base) return;
    buf_done(&((struct print_sink *)base)->buf);
    free(base);
}

static const struct sink_type print_type = {
    .write = print_write,
    .flush = print_flush,
    .finish = print_flush,
    .close = print_close,
};

static struct sink *print_open(const struct stream_def *def, bool changes,
                               const struct edge_env *env, struct err *e) {
    (void)changes;
    bool error = false;
    if (!option_bool(&def->options, "standard-error", &error, e)) return NULL;
    struct print_sink *s = calloc(1, sizeof *s);
    if (!s) {
        err_memory(e);
        return NULL;
    }
    s->base.type = &print_type;
    s->fd = error ? env->stderr_fd : env->stdout_fd;
    s->where = error ? "stderr" : "stdout";
    s->def = def;
    s->identifier = option_text(&def->options, "print-identifier");
    buf_init(&s->buf);
    return &s->base;
}

static bool print_check(const struct stream_def *def, bool changes, struct err *e) {
    (void)def;
    (void)changes;
    (void)e;
    return true;
}

const struct connector connector_print = {
    .name = "print",
    .doc = "Lines for people on standard output, as Flink prints them: +I[1, abc].",
    .option = options,
    .sink_check = print_check,
    .sink_open = print_open,
};
