/* out_lines.h: line_writer: rows to the bytes of a stream's format, for sinks.
 *
 * Gathers encoded rows in a buffer that the sink empties. Rows come with the columns of
 * def->schema or, when it has computed ones, of def->physical; only physical columns are written,
 * and of those not the ones that PARTITIONED BY puts into folder names.
 *
 * Used by: out_stdout, out_filesystem, out_socket.    Tested by: tests/unit/edge/sink_test.c
 */
#ifndef ENGINE_EDGE_OUT_LINES_H
#define ENGINE_EDGE_OUT_LINES_H

#include "engine/base/arena.h"
#include "engine/edge/connector.h"

struct line_writer {
    const struct codec *codec;
    struct encoder *encoder;
    const struct stream_def *def;
    struct options options; /* of the stream, under their new names */
    struct arena arena;
    struct schema schema; /* of what is written */
    uint32_t *from;       /* [schema.cols] physical columns */
    struct column *col;   /* [schema.cols] */
};

/* Also where 'format' is missing: json. line_writer_done() also after failure. */
bool line_writer_init(struct line_writer *w, const struct stream_def *def, bool changes,
                      struct err *e) MUST_USE;
/* What stands at the start of a file: a header line. */
bool line_writer_begin(struct line_writer *w, struct buf *out, struct err *e) MUST_USE;
/* The live rows of `b`, added to `out`. */
bool line_writer_add(struct line_writer *w, const struct batch *b, struct buf *out,
                     struct err *e) MUST_USE;
void line_writer_done(struct line_writer *w);

/* The place of physical column `p` in a batch given to a sink. */
uint32_t sink_column(const struct stream_def *def, const struct batch *b, uint32_t p);

/* 0A000 with a hint where changes come and 'changelog' = 'op' was not asked for. */
bool sink_check_changes(const struct stream_def *def, bool changes, struct err *e) MUST_USE;

#endif
