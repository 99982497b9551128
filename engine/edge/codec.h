/* codec.h: bytes to columns and back.
 *
 * A decoder is given bytes that a source read and appends rows to column builders; it keeps the
 * unfinished record at the end for the next call by not consuming it. Every record is checked
 * whole against the declaration, also the columns that nobody stores (sql.md "Bad rows").
 *
 * Lifetime: created for one open stream or sink, one thread.
 *
 * Used by: engine/edge.    Tested by: tests/unit/edge/codec_*_test.c
 */
#ifndef ENGINE_EDGE_CODEC_H
#define ENGINE_EDGE_CODEC_H

#include "engine/base/buf.h"
#include "engine/base/builder.h"
#include "engine/base/err.h"
#include "engine/stream_def.h"

enum { DECODE_PAD_BYTES = 64 }; /* readable (any content) behind the given bytes: vector loads */

/* A record that was not taken. */
struct decode_bad {
    uint64_t offset; /* of its first byte in the input */
    uint32_t row;    /* of a batch: it was that row, or stood before it; readers set it */
    struct text raw; /* its bytes, without the line end */
    char sqlstate[6];
    char message[240];
};

struct decode_job {
    /* in */
    const char *at; /* bytes to decode, followed by DECODE_PAD_BYTES readable bytes */
    size_t bytes;
    bool last;                  /* nothing follows: an unfinished last record is complete, or bad */
    uint64_t offset;            /* of at[0] in the input */
    struct column_builder *col; /* [physical->cols]; those not used stay untouched */
    uint32_t rows_max;          /* stop after so many good rows */
    struct arena *arena;        /* of the batch: unescaped text */
    void *context;
    bool (*bad)(void *context, const struct decode_bad *b, struct err *e); /* false: stop */
    uint64_t *row_offset; /* [rows_max] out, may be NULL: where each good row's record starts */

    /* out; TEXT values may point into the input bytes */
    uint32_t rows;
    size_t consumed;
};

struct decoder;

/* Where in its input a decoder stands, beside the offset. */
struct line_state {
    bool begun;    /* past the byte order mark */
    bool skipping; /* inside a record that was too long, up to the next line feed */
};

struct decoder_options {
    const struct schema *physical;
    const bool *used;              /* [physical->cols]; those not used are checked, not stored */
    const struct options *options; /* of the stream: 'json.…', 'csv.…', 'timestamp-unit' … */
    size_t record_bytes_max;       /* a longer record is bad (54000), and skipped to its end */
};

struct codec {
    const char *name; /* of 'format' */
    const char *doc;
    const struct option_row *option; /* ends with a NULL key; keys without the format's prefix
                                        are also accepted with it: 'csv.delimiter' */

    /* At CREATE: what the table cannot say of the options; NULL: nothing. */
    bool (*check)(const struct options *given, struct err *e);

    /* NULL: cannot decode. Also judges whether the schema fits (0A000, 42804). */
    struct decoder *(*decoder_create)(const struct decoder_options *o, struct err *e);
    bool (*decode)(struct decoder *d, struct decode_job *job, struct err *e);
    void (*decoder_restart)(struct decoder *d); /* the next bytes begin a new file: BOM, header */
    /* Where in a file it stands, to be saved, and set again behind the header. */
    struct line_state *(*decoder_line)(struct decoder *d);
    /* Bytes of the record that starts at `at` without its line end, of at most `limit` that are
     * there; NULL: up to the line feed. */
    size_t (*record_bytes)(const struct decoder *d, const char *at, size_t limit);
    void (*decoder_destroy)(struct decoder *d);

    /* NULL: cannot encode. */
    struct encoder *(*encoder_create)(const struct schema *schema, const struct options *options,
                                      bool changes, struct err *e);
    bool (*encode_begin)(struct encoder *c, struct buf *out, struct err *e); /* a header line */
    bool (*encode)(struct encoder *c, const struct batch *b, struct buf *out, struct err *e);
    void (*encoder_destroy)(struct encoder *c);
};

extern const struct codec codec_json, codec_csv, codec_raw, codec_idx, codec_libsvm;

extern const struct codec *const codecs[]; /* NULL-terminated; in codec.c */

/* The codec of that name, or NULL. */
const struct codec *codec_find(struct text name);

/* A value as people read it: TEXT as it is, nested types as JSON, BLOB as
 * psql shows it (\x00ff); nothing for NULL. In codec_print.c. */
void codec_print_value(struct buf *out, const struct column *c, uint32_t row);

#endif
