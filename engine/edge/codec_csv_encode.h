/* codec_csv_encode.h: the CSV encoder: RFC 4180 with a header line (docs: "csv").
 *
 * Used by: codec_csv.c.    Tested by: tests/unit/edge/codec_csv_test.c
 */
#ifndef ENGINE_EDGE_CODEC_CSV_ENCODE_H
#define ENGINE_EDGE_CODEC_CSV_ENCODE_H

#include "engine/edge/codec.h"

/* How the file is written: from the options. */
struct csv_form {
    bool header;   /* as it was where the option is not given */
    bool comments; /* lines that begin with # are none of records */
    bool lenient;  /* what does not convert is NULL */
    bool bare;     /* fields are never wrapped */
    char delimiter, quote;
    struct text null_literal; /* at NULL: none */
};

extern const struct option_row csv_option_rows[];

bool csv_options_read(const struct options *given, struct csv_form *form, struct err *e) MUST_USE;

struct encoder *csv_encoder_create(const struct schema *schema, const struct options *options,
                                   bool changes, struct err *e);
bool csv_encode_begin(struct encoder *c, struct buf *out, struct err *e);
bool csv_encode(struct encoder *c, const struct batch *b, struct buf *out, struct err *e);
void csv_encoder_destroy(struct encoder *c);

#endif
