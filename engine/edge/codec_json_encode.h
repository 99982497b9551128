/* codec_json_encode.h: the JSON encoder: rows as ndjson (docs: "ndjson"), and values as JSON text.
 *
 * Used by: codec_json.c, codec_csv_encode.c.    Tested by: tests/unit/edge/codec_json_encode_test.c
 */
#ifndef ENGINE_EDGE_CODEC_JSON_ENCODE_H
#define ENGINE_EDGE_CODEC_JSON_ENCODE_H

#include "engine/edge/codec.h"

extern const struct option_row json_option_rows[];

struct encoder *json_encoder_create(const struct schema *schema, const struct options *options,
                                    bool changes, struct err *e);
bool json_encode_begin(struct encoder *c, struct buf *out, struct err *e);
bool json_encode(struct encoder *c, const struct batch *b, struct buf *out, struct err *e);
void json_encoder_destroy(struct encoder *c);

/* One value as JSON; NULL as null. */
void json_put_value(struct buf *out, const struct column *c, uint32_t row);

/* `t` between quotes, what must be escaped is. */
void json_put_text(struct buf *out, struct text t);

/* The base64 text of `t`, and of an IMAGE its data: URI; without quotes. */
void json_put_base64(struct buf *out, struct text t);
void json_put_data_uri(struct buf *out, struct text t);

/* "+I", "-U", "+U", "-D". */
const char *change_word(int8_t kind);

#endif
