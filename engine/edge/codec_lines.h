/* codec_lines.h: line: what the codecs of text lines share: the mark at the start, records that
 * are too long.
 *
 * Used by: codec_json.c, codec_csv.c, codec_raw.c, codec_libsvm.c.
 *   Tested by: tests/unit/edge/codec_raw_test.c
 */
#ifndef ENGINE_EDGE_CODEC_LINES_H
#define ENGINE_EDGE_CODEC_LINES_H

#include "engine/edge/codec.h"

/* Steps *at over a UTF-8 byte order mark at the start of a file; false: more bytes are needed to
 * know. */
bool line_begin(struct line_state *s, const struct decode_job *job, size_t *at) MUST_USE;

/* Inside a record that was too long: *at goes behind its end, or to the end of the bytes. */
void line_skip_rest(struct line_state *s, const struct decode_job *job, size_t *at);

/* The record at `at` is too long, `bytes` of it are told; what follows is skipped when its end is
 * not there (`open`). false: stop. */
bool line_too_long(struct line_state *s, struct decode_job *job, struct text record, bool open,
                   struct err *e) MUST_USE;

/* A walk over the lines of a call. */
struct line_walk {
    struct line_state *state;
    struct decode_job *job;
    size_t record_bytes_max;
    size_t at; /* where the next line starts */
};

/* The next line without its end, LF or CRLF; lines that are too long are told and passed over.
 * out->at is NULL where no whole line is left. false: see *e. */
bool line_next(struct line_walk *w, struct text *out, struct err *e) MUST_USE;

/* Tells of a bad record. */
struct line_fault {
    const char *sqlstate;
    const char *message;
};
bool line_bad(struct decode_job *job, struct text record, const struct line_fault *f,
              struct err *e) MUST_USE;

#endif
