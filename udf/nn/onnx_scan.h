/* onnx_scan.h: a look at a protobuf message's bytes before protobuf-c reads them.
 *
 * protobuf-c recurses into nested messages without a limit and takes memory for whatever lengths
 * say. The scan walks the same fields by the same descriptors with a stack of its own: nesting is
 * at most SCAN_DEPTH_MAX, every length ends within its message, wire types fit, and the number of
 * messages and the memory that reading will take are bounded.
 *
 * Used by: udf/nn/onnx.c.    Tested by: tests/unit/udf/onnx_test.c
 */
#ifndef UDF_NN_ONNX_SCAN_H
#define UDF_NN_ONNX_SCAN_H

#include <protobuf-c/protobuf-c.h>

#include "engine/base/attr.h"
#include "engine/base/err.h"
#include "engine/base/text.h"

enum { SCAN_DEPTH_MAX = 64, SCAN_MESSAGES_MAX = 1 << 20 };

/* errors  22023: damaged or too deep; 54000: too many messages */
bool onnx_scan(struct text file, const ProtobufCMessageDescriptor *type, struct err *e) MUST_USE;

#endif
