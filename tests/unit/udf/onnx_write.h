/* onnx_write.h: onnx_writer: makes ONNX files for tests, a node at a time.
 *
 * Only what tests need: the wire format by hand, so that the reader is checked against something
 * that is not protobuf-c.
 *
 * Lifetime: onnx_writer_init .. onnx_writer_done.    Used by: tests/unit/udf, tests/fuzz.
 */
#ifndef TESTS_UNIT_UDF_ONNX_WRITE_H
#define TESTS_UNIT_UDF_ONNX_WRITE_H

#include "engine/base/buf.h"
#include "udf/nn/shape.h"

struct onnx_writer {
    uint32_t opset;
    struct buf node;                 /* the one that is being written */
    struct buf nodes, values, ports; /* fields of the graph */
    struct buf file;
    bool writing;
};

void onnx_writer_init(struct onnx_writer *w, uint32_t opset);
void onnx_writer_done(struct onnx_writer *w);

/* Names are separated by blanks; "-" is an absent one. */
void onnx_write_node(struct onnx_writer *w, const char *op, const char *in, const char *out);

/* Attributes of the last node. */
void onnx_write_int(struct onnx_writer *w, const char *name, int64_t i);
void onnx_write_float(struct onnx_writer *w, const char *name, float f);
void onnx_write_text(struct onnx_writer *w, const char *name, const char *s);
void onnx_write_ints(struct onnx_writer *w, const char *name, const int64_t *at, uint32_t count);
void onnx_write_floats(struct onnx_writer *w, const char *name, const float *at, uint32_t count);
void onnx_write_tensor(struct onnx_writer *w, const char *name, const struct tensor *t);

void onnx_write_constant(struct onnx_writer *w, const char *name, const struct tensor *t);
/* Free dimensions are written as such; rank SHAPE_UNKNOWN: no shape. */
void onnx_write_input(struct onnx_writer *w, const char *name, enum net_type type,
                      const struct net_shape *shape);
void onnx_write_output(struct onnx_writer *w, const char *name);
/* With a type and a shape, true or not. */
void onnx_write_output_as(struct onnx_writer *w, const char *name, enum net_type type,
                          const struct net_shape *shape);

/* The file, until the next call. */
struct text onnx_write_file(struct onnx_writer *w);

/* Wire format. */
void wire_varint(struct buf *b, uint64_t v);
void wire_int(struct buf *b, uint32_t field, int64_t v);
void wire_bytes(struct buf *b, uint32_t field, struct text t);
static inline void wire_text(struct buf *b, uint32_t field, const char *s) {
    wire_bytes(b, field, text_of(s));
}

#endif
