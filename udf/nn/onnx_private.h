/* onnx_private.h: what the files that read ONNX share: where texts and tensors are made.
 *
 * Used by: udf/nn/onnx.c, udf/nn/onnx_tensor.c.
 */
#ifndef UDF_NN_ONNX_PRIVATE_H
#define UDF_NN_ONNX_PRIVATE_H

#include "udf/nn/onnx.h"

struct Onnx__TensorProto;

/* A name of the file, which must be UTF-8; NULL gives an empty one. */
bool onnx_text(const char *s, struct text *out, struct err *e) MUST_USE;

bool onnx_tensor_make(const struct Onnx__TensorProto *from, struct arena *a,
                      struct onnx_tensor *out, struct err *e) MUST_USE;

#endif
