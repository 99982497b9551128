/* codec_json_decoder.h: the JSON decoder's state, for the files that it is made of.
 *
 * codec_json.c       options, life, lines and records, bad rows
 * codec_json_chunk.c the rows of one chunk: templates first, then one by one
 *
 * Used by: codec_json*.c.    Tested by: tests/unit/edge/codec_json_test.c
 */
#ifndef ENGINE_EDGE_CODEC_JSON_DECODER_H
#define ENGINE_EDGE_CODEC_JSON_DECODER_H

#include "engine/edge/codec.h"
#include "engine/edge/codec_json_template.h"
#include "engine/edge/codec_lines.h"

enum { JSON_TEMPLATES = 4 };

/* What a sweep says of a record's bytes. */
enum jrow_odd {
    JROW_CLEAN,   /* neither backslashes nor control characters */
    JROW_ODD,     /* one of them, not known which */
    JROW_ESCAPED, /* backslashes alone */
};

/* What became of a record of the chunk. */
enum jrow_state { JROW_OPEN, JROW_GOOD, JROW_DROPPED };

/* The records of a chunk, blank lines left out. */
struct jrows {
    const char *base;
    uint32_t rows;
    bool simple;                    /* a line feed stands behind each: templates may be tried */
    bool valid;                     /* all of it is UTF-8; false: not known */
    uint32_t begin[SCAN_LINES_MAX]; /* [rows] offsets from base */
    uint32_t end[SCAN_LINES_MAX];   /* [rows] without the line end */
    uint8_t odd[SCAN_LINES_MAX];    /* [rows] enum jrow_odd */
    uint8_t state[SCAN_LINES_MAX];  /* [rows] enum jrow_state */
};

/* Where no layout lasts, templates rest, for ever longer. */
struct jpatience {
    uint32_t tried, missed; /* rows, in the window that is counted */
    uint32_t rest;          /* rows for which templates are not tried */
    uint32_t rest_next;
};

struct decoder {
    struct arena arena; /* of the decoder */
    const struct scan_kernels *scan;
    const struct schema *physical;
    const bool *used; /* [physical->cols] */
    size_t record_bytes_max;
    enum time_number time_number;
    bool lenient, all_fields; /* 'ignore-parse-errors', 'fail-on-missing-field' */

    struct jnode *root;
    uint32_t ids;                            /* of the nodes */
    struct arena scratch_arena;              /* of a chunk: what unused columns hold */
    struct jcolumns columns;                 /* where the nodes' columns are, in this job */
    struct jtemplate *known[JSON_TEMPLATES]; /* the one that fits most rows first */
    struct jpatience patience;
    struct column_builder *scratch; /* [cols] where unused columns are decoded to */
    struct column_builder **col;    /* [cols] of the job, or scratch */

    struct line_state line;
    struct scan_lines lines;
    struct jrows rows;
    struct jlive live;
    struct jread read;
    struct jpath path;
    struct jlayout layout;
};

/* Makes what chunks need; once, when d->root is there. */
bool jchunk_init(struct decoder *d, struct err *e) MUST_USE;

/* Decodes d->rows behind the job's rows; raises job->rows. */
bool jchunk_decode(struct decoder *d, struct decode_job *job, struct err *e) MUST_USE;

#endif
