/* value_print.h: values as text for people and for the names of folders.
 *
 * As Flink prints them where it has a form: text bare, NULL as null, times with a T, lists as
 * [a, b], maps as {k=v}, rows as +I[a, b]; bytes as hexadecimal.
 *
 * Used by: out_print, out_filesystem.    Tested by: tests/unit/edge/sink_test.c
 */
#ifndef ENGINE_EDGE_VALUE_PRINT_H
#define ENGINE_EDGE_VALUE_PRINT_H

#include "engine/base/batch.h"
#include "engine/base/buf.h"

void value_print(struct buf *out, const struct column *c, uint32_t row);

#endif
