/* onnx_write.h: onnx_write: ONNX files, written field by field.
 *
 * An ONNX file is a protobuf message (onnx.proto3 of the ONNX project, which names and numbers the
 * fields); opset 13, IR version 7. What a layer needs is here: nodes with attributes, tensors of
 * floats. Everything is appended to a buf that is the graph; without memory its `failed` is set.
 *
 * Used by: udf/learn.    Tested by: tests/unit/udf/learn_export_test.c
 */
#ifndef UDF_LEARN_ONNX_WRITE_H
#define UDF_LEARN_ONNX_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/text.h"

enum { ONNX_RANK_MAX = 4, ONNX_FREE = -1 /* a dimension: the number of rows */ };

struct onnx_attribute {
    const char *name;
    const int64_t *ints; /* [count]; NULL: a number */
    uint32_t count;
    bool is_float;
    int64_t i;
    float f;
};

static inline struct onnx_attribute onnx_ints(const char *name, const int64_t *ints,
                                              uint32_t count) {
    return (struct onnx_attribute){.name = name, .ints = ints, .count = count};
}

static inline struct onnx_attribute onnx_int(const char *name, int64_t i) {
    return (struct onnx_attribute){.name = name, .i = i};
}

static inline struct onnx_attribute onnx_float(const char *name, float f) {
    return (struct onnx_attribute){.name = name, .is_float = true, .f = f};
}

struct onnx_node {
    const char *op;
    uint32_t layer; /* names the node, and is in front of the names of its tensors */
    struct text in, out;
    const char *tensors; /* further inputs, blank-separated; NULL: none */
    const struct onnx_attribute *attribute;
    uint32_t attributes;
};

void onnx_node(struct buf *graph, const struct onnx_node *n);

/* A constant: begun, filled row-major, ended (which gives its memory back). */
struct onnx_tensor {
    uint32_t layer;
    const char *name;
    int64_t dim[ONNX_RANK_MAX];
    uint32_t rank;
    struct buf data;
};

void onnx_tensor_add(struct onnx_tensor *t, float v);
void onnx_tensor_end(struct buf *graph, struct onnx_tensor *t);

/* An input or output of the graph. */
struct onnx_port {
    const char *name;
    bool is_input;
    bool is_int64;
    int64_t dim[ONNX_RANK_MAX];
    uint32_t rank;
};

void onnx_port(struct buf *graph, const struct onnx_port *p);

/* A fact in the file's metadata. */
struct onnx_fact {
    const char *key;
    struct text value;
};

/* Puts the file around the graph. */
void onnx_file(struct buf *out, const struct buf *graph, struct text name,
               const struct onnx_fact *fact, uint32_t facts);

#endif
