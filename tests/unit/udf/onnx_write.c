/* onnx_write.c: see onnx_write.h. Field numbers are those of onnx.proto. */
#include "tests/unit/udf/onnx_write.h"

#include <string.h>

enum { WIRE_VARINT = 0, WIRE_BYTES = 2, WIRE_32 = 5 };

/* TensorProto.DataType of a type. */
static const int64_t onnx_types[NET_TYPE_COUNT] = {
    [NET_F32] = 1, [NET_I64] = 7, [NET_I32] = 6, [NET_U8] = 2, [NET_I8] = 3, [NET_BOOL] = 9};

void wire_varint(struct buf *b, uint64_t v) {
    while (v >= 0x80) {
        buf_add_char(b, (char)(v | 0x80));
        v >>= 7;
    }
    buf_add_char(b, (char)v);
}

void wire_int(struct buf *b, uint32_t field, int64_t v) {
    wire_varint(b, field << 3 | WIRE_VARINT);
    wire_varint(b, (uint64_t)v);
}

void wire_bytes(struct buf *b, uint32_t field, struct text t) {
    wire_varint(b, field << 3 | WIRE_BYTES);
    wire_varint(b, t.bytes);
    buf_add_text(b, t);
}

static void wire_float(struct buf *b, uint32_t field, float f) {
    wire_varint(b, field << 3 | WIRE_32);
    buf_add(b, &f, sizeof f);
}

/* `part` becomes a field of `b` and ends. */
static void wire_part(struct buf *b, uint32_t field, struct buf *part) {
    wire_bytes(b, field, buf_text(part));
    buf_done(part);
}

void onnx_writer_init(struct onnx_writer *w, uint32_t opset) {
    *w = (struct onnx_writer){.opset = opset};
    buf_init(&w->node);
    buf_init(&w->nodes);
    buf_init(&w->values);
    buf_init(&w->ports);
    buf_init(&w->file);
}

void onnx_writer_done(struct onnx_writer *w) {
    buf_done(&w->node);
    buf_done(&w->nodes);
    buf_done(&w->values);
    buf_done(&w->ports);
    buf_done(&w->file);
}

static void end_node(struct onnx_writer *w) {
    if (!w->writing) return;
    wire_bytes(&w->nodes, 1, buf_text(&w->node));
    buf_reset(&w->node);
    w->writing = false;
}

static void names(struct buf *b, uint32_t field, const char *list) {
    while (*list) {
        size_t bytes = strcspn(list, " ");
        struct text t = {.at = list, .bytes = (uint32_t)bytes};
        if (bytes == 1 && *list == '-') t.bytes = 0;
        wire_bytes(b, field, t);
        list += bytes + strspn(list + bytes, " ");
    }
}

void onnx_write_node(struct onnx_writer *w, const char *op, const char *in, const char *out) {
    end_node(w);
    names(&w->node, 1, in);
    names(&w->node, 2, out);
    wire_text(&w->node, 4, op);
    w->writing = true;
}

/* AttributeProto: name 1, f 2, i 3, s 4, t 5, floats 7, ints 8, type 20. */
static void attribute(struct onnx_writer *w, const char *name, int64_t kind, struct buf *part) {
    struct buf whole;
    buf_init(&whole);
    wire_text(&whole, 1, name);
    buf_add_text(&whole, buf_text(part));
    wire_int(&whole, 20, kind);
    buf_done(part);
    wire_part(&w->node, 5, &whole);
}

void onnx_write_int(struct onnx_writer *w, const char *name, int64_t i) {
    struct buf b;
    buf_init(&b);
    wire_int(&b, 3, i);
    attribute(w, name, 2, &b);
}

void onnx_write_float(struct onnx_writer *w, const char *name, float f) {
    struct buf b;
    buf_init(&b);
    wire_float(&b, 2, f);
    attribute(w, name, 1, &b);
}

void onnx_write_text(struct onnx_writer *w, const char *name, const char *s) {
    struct buf b;
    buf_init(&b);
    wire_text(&b, 4, s);
    attribute(w, name, 3, &b);
}

void onnx_write_ints(struct onnx_writer *w, const char *name, const int64_t *at, uint32_t count) {
    struct buf b;
    buf_init(&b);
    for (uint32_t i = 0; i < count; i++) wire_int(&b, 8, at[i]);
    attribute(w, name, 7, &b);
}

void onnx_write_floats(struct onnx_writer *w, const char *name, const float *at, uint32_t count) {
    struct buf b;
    buf_init(&b);
    for (uint32_t i = 0; i < count; i++) wire_float(&b, 7, at[i]);
    attribute(w, name, 6, &b);
}

/* TensorProto: dims 1, data_type 2, name 8, raw_data 9. */
static void tensor(struct buf *b, const char *name, const struct tensor *t) {
    for (uint32_t d = 0; d < t->shape.rank; d++) wire_int(b, 1, t->shape.dim[d]);
    wire_int(b, 2, onnx_types[t->type]);
    if (name) wire_text(b, 8, name);
    wire_bytes(b, 9, (struct text){.at = t->at, .bytes = (uint32_t)tensor_bytes(t)});
}

void onnx_write_tensor(struct onnx_writer *w, const char *name, const struct tensor *t) {
    struct buf b, whole;
    buf_init(&b);
    buf_init(&whole);
    tensor(&b, NULL, t);
    wire_part(&whole, 5, &b);
    attribute(w, name, 4, &whole);
}

void onnx_write_constant(struct onnx_writer *w, const char *name, const struct tensor *t) {
    struct buf b;
    buf_init(&b);
    tensor(&b, name, t);
    wire_part(&w->values, 5, &b);
}

/* TensorShapeProto: dim 1 with dim_value 1 or dim_param 2. */
static void shape_write(struct buf *type, const struct net_shape *s) {
    struct buf shape;
    buf_init(&shape);
    for (uint32_t d = 0; d < s->rank; d++) {
        struct buf dim;
        buf_init(&dim);
        if (s->dim[d] < 0)
            wire_text(&dim, 2, "n");
        else
            wire_int(&dim, 1, s->dim[d]);
        wire_part(&shape, 1, &dim);
    }
    wire_part(type, 2, &shape);
}

/* ValueInfoProto: name 1, type 2 with tensor_type 1: elem_type 1, shape 2. */
/* A ValueInfoProto as a field of the graph. */
static void port_write(struct onnx_writer *w, uint32_t field, const char *name, enum net_type type,
                       const struct net_shape *shape) {
    struct buf of_tensor, of_value, whole;
    buf_init(&of_tensor);
    buf_init(&of_value);
    buf_init(&whole);
    wire_int(&of_tensor, 1, onnx_types[type]);
    if (shape->rank != SHAPE_UNKNOWN) shape_write(&of_tensor, shape);
    wire_part(&of_value, 1, &of_tensor);
    wire_text(&whole, 1, name);
    wire_part(&whole, 2, &of_value);
    wire_part(&w->ports, field, &whole);
}

void onnx_write_input(struct onnx_writer *w, const char *name, enum net_type type,
                      const struct net_shape *shape) {
    port_write(w, 11, name, type, shape);
}

void onnx_write_output_as(struct onnx_writer *w, const char *name, enum net_type type,
                          const struct net_shape *shape) {
    port_write(w, 12, name, type, shape);
}

void onnx_write_output(struct onnx_writer *w, const char *name) {
    struct buf whole;
    buf_init(&whole);
    wire_text(&whole, 1, name);
    wire_part(&w->ports, 12, &whole);
}

/* ModelProto: ir_version 1, graph 7, opset_import 8. */
struct text onnx_write_file(struct onnx_writer *w) {
    struct buf graph, opset;
    end_node(w);
    buf_init(&graph);
    buf_init(&opset);
    buf_add_text(&graph, buf_text(&w->nodes));
    buf_add_text(&graph, buf_text(&w->values));
    buf_add_text(&graph, buf_text(&w->ports));
    wire_int(&opset, 2, w->opset);
    buf_reset(&w->file);
    wire_int(&w->file, 1, 8);
    wire_part(&w->file, 7, &graph);
    wire_part(&w->file, 8, &opset);
    assert(!w->file.failed);
    return buf_text(&w->file);
}
