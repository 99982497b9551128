/* out_print.c: the print connector: Flink's lines, +I[1, abc], on standard output or error.
 *
 * Values are those of value_print.h. Lines are gathered with those of all who print there.
 */
#include <assert.h>
#include <stdlib.h>

#include "engine/base/option.h"
#include "engine/edge/fd.h"
#include "engine/edge/out_lines.h"
#include "engine/edge/value_print.h"

static const struct option_row options[] = {
    {"print-identifier", "text", "Stands before each line, with \"> \"."},
    {"standard-error", "true | false", "Print on standard error."},
    {"sink.parallelism", "integer", "No effect: there is one writer."},
    {NULL, NULL, NULL},
};

static const char *const kinds[] = {
    [CHANGE_INSERT] = "+I", [CHANGE_BEFORE] = "-U", [CHANGE_AFTER] = "+U", [CHANGE_DELETE] = "-D"};

struct print_sink {
    struct sink base;
    struct fd_buffer *to;
    const struct stream_def *def;
    struct text identifier;
};

static bool print_flush(struct sink *base, struct err *e) {
    return fd_buffer_flush(((struct print_sink *)base)->to, e);
}

static void print_line(struct print_sink *s, const struct batch *b, uint32_t row) {
    struct buf *out = &s->to->buf;
    if (s->identifier.bytes > 0) {
        buf_add_text(out, s->identifier);
        buf_add_str(out, "> ");
    }
    buf_add_str(out, kinds[batch_change(b, row)]);
    buf_add_char(out, '[');
    for (uint32_t p = 0; p < s->def->physical->cols; p++) {
        if (p > 0) buf_add_str(out, ", ");
        value_print(out, &b->col[sink_column(s->def, b, p)], row);
    }
    buf_add_str(out, "]\n");
}

static bool print_write(struct sink *base, const struct batch *b, struct err *e) {
    struct print_sink *s = (struct print_sink *)base;
    struct buf *out = &s->to->buf;
    size_t before = out->bytes;
    for (uint32_t i = 0; i < b->live; i++) print_line(s, b, batch_row(b, i));
    if (out->failed) {
        out->bytes = before;
        out->failed = false; /* others write here, too */
        return err_memory(e);
    }
    return fd_buffer_added(s->to, e);
}

static void print_close(struct sink *base) {
    free(base);
}

static const struct sink_type print_type = {
    .write = print_write,
    .flush = print_flush,
    .finish = print_flush,
    .close = print_close,
};

static struct fd_buffer *print_to(const struct stream_def *def, const struct edge_env *env) {
    return option_is(&def->options, "standard-error", "true") ? env->err : env->out;
}

static struct sink *print_open(const struct sink_options *o, struct err *e) {
    struct print_sink *s = calloc(1, sizeof *s);
    if (!s) {
        err_memory(e);
        return NULL;
    }
    s->base.type = &print_type;
    s->to = print_to(o->def, o->env);
    s->def = o->def;
    s->identifier = option_text(&o->def->options, "print-identifier");
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
    .sink_to = print_to,
};
