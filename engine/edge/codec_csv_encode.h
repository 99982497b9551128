/* codec_csv_encode.h: the CSV encoder: RFC 4180 with a header line (docs: "csv").
 *
 * Used by: codec_csv.c.    Tested by: tests/unit/edge/codec_csv_test.c
 */
#ifndef ENGINE_EDGE_CODEC_CSV_ENCODE_H
#define ENGINE_EDGE_CODEC_CSV_ENCODE_H

#include "engine/edge/codec.h"

struct encoder *csv_encoder_create(const struct schema *schema, const struct options *options,
                                   bool changes, struct err *e);
bool csv_encode_begin(struct encoder *c, struct buf *out, struct err *e);
bool csv_encode(struct encoder *c, const struct batch *b, struct buf *out, struct err *e);
void csv_encoder_destroy(struct encoder *c);

#endif
