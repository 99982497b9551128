/* codec_json_nested.h: jread's nested types, for the table of codec_json_value.c.
 *
 * Used by: codec_json_value.c.    Tested by: tests/unit/edge/codec_json_test.c
 */
#ifndef ENGINE_EDGE_CODEC_JSON_NESTED_H
#define ENGINE_EDGE_CODEC_JSON_NESTED_H

#include "engine/edge/codec_json_read.h"

bool jread_row(struct jread *r, const struct jnode *node, struct column_builder *b);
bool jread_array(struct jread *r, const struct jnode *node, struct column_builder *b);
bool jread_map(struct jread *r, const struct jnode *node, struct column_builder *b);
bool jread_tensor(struct jread *r, const struct jnode *node, struct column_builder *b);

/* At a number. */
bool jread_double(struct jread *r, double *out);

#endif
