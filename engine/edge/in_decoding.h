/* in_decoding.h: decoding: a decoder and the intake behind it, for one set of columns.
 *
 * Columns that are PARTITIONED BY do not stand in the records: their values are those in the names
 * of the folders above the file (col=value, percent-escaped, as Hive and Flink write them).
 *
 * Lifetime: decoding_open .. decoding_close, in the arena of the reader.
 *
 * Used by: in_bytes.    Tested by: tests/unit/edge/reader_test.c, reader_files_test.c
 */
#ifndef ENGINE_EDGE_IN_DECODING_H
#define ENGINE_EDGE_IN_DECODING_H

#include "engine/edge/connector.h"
#include "engine/edge/intake.h"

struct decoding_options {
    const struct codec *codec;
    const struct options *options; /* of the stream, merged */
    const struct edge_env *env;
    struct intake_options intake;
};

struct decoding {
    const struct codec *codec;
    struct decoder *decoder; /* NULL: not open */
    struct intake *intake;
    uint32_t batch_rows;
    const struct stream_def *def;
    struct schema *file;            /* the columns that records hold */
    uint32_t *place;                /* [file->cols] in def->physical */
    bool *wanted;                   /* [file->cols] */
    struct column_builder *builder; /* [file->cols] for decode_job.col */
    struct column *col;             /* [physical->cols] */
    struct text null_name;          /* the folder that stands for NULL */
};

/* At CREATE: can records of the stream's format hold its columns? 0A000, 42804. */
bool decoding_check(const struct stream_def *def, const struct options *o, struct err *e) MUST_USE;
/* The codec of 'format', json where it is not given; NULL: it does not read. */
const struct codec *decoding_codec(const struct options *o, struct err *e) MUST_USE;

/* decoding_close() also after failure. */
bool decoding_open(struct decoding *d, const struct decoding_options *o, struct err *e) MUST_USE;

/* Empty builders in `a`; columns that nobody needs get none. */
bool decoding_begin(struct decoding *d, struct arena *a, struct err *e) MUST_USE;

/* What a batch is, besides the decoded columns. */
struct decoding_rows {
    uint32_t rows;
    const char *path; /* of the file; NULL: none */
    int64_t proctime_us;
    struct arena *arena; /* of the batch */
};
bool decoding_take(struct decoding *d, const struct decoding_rows *rows, const struct batch **out,
                   struct err *e) MUST_USE;

void decoding_close(struct decoding *d);

#endif
