/* onnx.h: onnx: an ONNX file as plain structs, read through protobuf-c.
 *
 * Before protobuf-c sees a byte, the file's wire format is scanned: nesting, lengths, number of
 * messages (onnx_scan.h). protobuf-c then takes its memory from an arena of limited size.
 * What a file refers to outside itself is refused.
 *
 * Lifetime: everything read lives in the arena that is given; texts are valid UTF-8.
 *
 * Used by: udf/nn/build.c, tests/onnx_backend.    Tested by: tests/unit/udf/onnx_test.c
 */
#ifndef UDF_NN_ONNX_H
#define UDF_NN_ONNX_H

#include "engine/base/arena.h"
#include "engine/base/text.h"
#include "udf/nn/shape.h"

/* Numbers of ONNX's TensorProto.DataType that have a meaning here. */
enum onnx_type {
    ONNX_FLOAT = 1,
    ONNX_UINT8 = 2,
    ONNX_INT8 = 3,
    ONNX_INT32 = 6,
    ONNX_INT64 = 7,
    ONNX_BOOL = 9,
    ONNX_FLOAT16 = 10,
    ONNX_DOUBLE = 11,
};

struct onnx_tensor {
    struct text name;
    int32_t onnx_type;    /* as the file says */
    struct tensor tensor; /* converted */
};

enum onnx_attr_kind {
    ONNX_ATTR_INT,
    ONNX_ATTR_FLOAT,
    ONNX_ATTR_TEXT,
    ONNX_ATTR_INTS,
    ONNX_ATTR_FLOATS,
    ONNX_ATTR_TENSOR,
    ONNX_ATTR_OTHER, /* graphs, strings, sparse tensors: nothing here takes them */
};

struct onnx_attr {
    struct text name;
    enum onnx_attr_kind kind;
    int64_t i;
    float f;
    struct text s;
    const int64_t *ints; /* [count] */
    const float *floats; /* [count] */
    uint32_t count;
    struct onnx_tensor t;
};

struct onnx_node {
    struct text name, op, domain;
    const struct text *in;  /* [ins]; empty: absent */
    const struct text *out; /* [outs] */
    uint32_t ins, outs;
    const struct onnx_attr *attr; /* [attrs] */
    uint32_t attrs;
};

/* An input or output as declared. */
struct onnx_port {
    struct text name;
    int32_t onnx_type;      /* 0: not a tensor, or not said */
    struct net_shape shape; /* rank SHAPE_UNKNOWN: not said */
};

struct onnx_model {
    int64_t opset;       /* of the default domain; 0: not named */
    struct text classes; /* the metadata property of that name, if UTF-8; else bytes 0 */
    const struct onnx_node *node;
    const struct onnx_tensor *constant; /* initializers */
    const struct onnx_port *in, *out;   /* `in` may name initializers too */
    uint32_t nodes, constants, ins, outs;
};

/* What an element type is here; false: none (strings, 16-bit and unsigned numbers, ...). */
bool onnx_type_of(int32_t onnx_type, enum net_type *out);
const char *onnx_type_name(int32_t onnx_type);

/* errors  22023: no ONNX model, damaged, too deep; 0A000: external data, types, domains;
 *         54000: larger than it may be; 53200 */
bool onnx_read(struct text file, struct arena *a, struct onnx_model *out, struct err *e) MUST_USE;

/* A file that holds one TensorProto. */
bool onnx_read_tensor(struct text file, struct arena *a, struct onnx_tensor *out,
                      struct err *e) MUST_USE;

#endif
