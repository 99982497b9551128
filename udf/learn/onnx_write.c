/* Protobuf's wire format: a field is its number and kind in a varint (number * 8 + kind), then a
 * varint (kind 0), 4 bytes (kind 5), or a length and as many bytes (kind 2). A message inside a
 * message is its bytes; it is built in a buf of its own first, for its length comes before it.
 */
#include "udf/learn/onnx_write.h"

#include <assert.h>
#include <string.h>

enum { VARINT = 0, BYTES = 2, FIXED32 = 5 };

/* Of onnx.proto3: the fields used, by message. */
enum {
    MODEL_IR_VERSION = 1,
    MODEL_PRODUCER = 2,
    MODEL_GRAPH = 7,
    MODEL_OPSET = 8,
    MODEL_METADATA = 14,
    OPSET_VERSION = 2,
    ENTRY_KEY = 1,
    ENTRY_VALUE = 2,
    GRAPH_NODE = 1,
    GRAPH_NAME = 2,
    GRAPH_INITIALIZER = 5,
    GRAPH_INPUT = 11,
    GRAPH_OUTPUT = 12,
    NODE_INPUT = 1,
    NODE_OUTPUT = 2,
    NODE_NAME = 3,
    NODE_OP = 4,
    NODE_ATTRIBUTE = 5,
    ATTRIBUTE_NAME = 1,
    ATTRIBUTE_F = 2,
    ATTRIBUTE_I = 3,
    ATTRIBUTE_INTS = 8,
    ATTRIBUTE_TYPE = 20,
    TENSOR_DIMS = 1,
    TENSOR_TYPE = 2,
    TENSOR_NAME = 8,
    TENSOR_RAW = 9,
    VALUE_NAME = 1,
    VALUE_TYPE = 2,
    TYPE_TENSOR = 1,
    TENSOR_ELEMENT = 1,
    TENSOR_SHAPE = 2,
    SHAPE_DIM = 1,
    DIM_VALUE = 1,
    DIM_PARAM = 2,
};

enum { TYPE_IS_FLOAT = 1, TYPE_IS_INT = 2, TYPE_IS_INTS = 7 };
enum { ELEMENT_FLOAT = 1, ELEMENT_INT64 = 7 };
enum { IR_VERSION = 7, OPSET = 13 };

static void add_varint(struct buf *b, uint64_t v) {
    for (; v >= 0x80; v >>= 7) buf_add_char(b, (char)(v | 0x80));
    buf_add_char(b, (char)v);
}

static void add_int(struct buf *b, uint32_t field, int64_t v) {
    add_varint(b, field * 8 + VARINT);
    add_varint(b, (uint64_t)v);
}

static void add_bytes(struct buf *b, uint32_t field, const void *at, size_t bytes) {
    add_varint(b, field * 8 + BYTES);
    add_varint(b, bytes);
    buf_add(b, at, bytes);
}

static void add_str(struct buf *b, uint32_t field, const char *s) {
    add_bytes(b, field, s, strlen(s));
}

/* Puts the message `inner` into `b`, and gives its memory back. */
static void add_message(struct buf *b, uint32_t field, struct buf *inner) {
    add_bytes(b, field, inner->at, inner->bytes);
    b->failed = b->failed || inner->failed;
    buf_done(inner);
}

/* "layer3.weight" */
static void add_name(struct buf *b, uint32_t field, uint32_t layer, struct text name) {
    struct buf full;
    buf_init(&full);
    buf_addf(&full, "layer%u", layer);
    if (name.bytes > 0) buf_addf(&full, ".%.*s", TEXT_ARG(name));
    add_message(b, field, &full);
}

static void add_attribute(struct buf *b, const struct onnx_attribute *a) {
    struct buf m;
    buf_init(&m);
    add_str(&m, ATTRIBUTE_NAME, a->name);
    if (a->is_float) {
        add_varint(&m, ATTRIBUTE_F * 8 + FIXED32);
        buf_add(&m, &a->f, sizeof a->f);
    } else if (!a->ints) {
        add_int(&m, ATTRIBUTE_I, a->i);
    }
    for (uint32_t i = 0; i < a->count; i++) add_int(&m, ATTRIBUTE_INTS, a->ints[i]);
    add_int(&m, ATTRIBUTE_TYPE, a->ints ? TYPE_IS_INTS : a->is_float ? TYPE_IS_FLOAT : TYPE_IS_INT);
    add_message(b, NODE_ATTRIBUTE, &m);
}

void onnx_node(struct buf *graph, const struct onnx_node *n) {
    struct buf m;
    buf_init(&m);
    add_bytes(&m, NODE_INPUT, n->in.at, n->in.bytes);
    for (const char *at = n->tensors; at && *at;) {
        size_t bytes = strcspn(at, " ");
        add_name(&m, NODE_INPUT, n->layer, (struct text){at, (uint32_t)bytes});
        at += bytes + strspn(at + bytes, " ");
    }
    add_bytes(&m, NODE_OUTPUT, n->out.at, n->out.bytes);
    add_name(&m, NODE_NAME, n->layer, text_of(n->op));
    add_str(&m, NODE_OP, n->op);
    for (uint32_t i = 0; i < n->attributes; i++) add_attribute(&m, &n->attribute[i]);
    add_message(graph, GRAPH_NODE, &m);
}

void onnx_tensor_add(struct onnx_tensor *t, float v) {
    buf_add(&t->data, &v, sizeof v); /* little-endian, as the machine */
}

void onnx_tensor_end(struct buf *graph, struct onnx_tensor *t) {
    assert(t->rank <= ONNX_RANK_MAX);
    struct buf m;
    buf_init(&m);
    for (uint32_t i = 0; i < t->rank; i++) add_int(&m, TENSOR_DIMS, t->dim[i]);
    add_int(&m, TENSOR_TYPE, ELEMENT_FLOAT);
    add_name(&m, TENSOR_NAME, t->layer, text_of(t->name));
    add_message(&m, TENSOR_RAW, &t->data);
    add_message(graph, GRAPH_INITIALIZER, &m);
}

static void add_shape(struct buf *b, const int64_t *dim, uint32_t rank) {
    struct buf shape;
    buf_init(&shape);
    for (uint32_t i = 0; i < rank; i++) {
        struct buf d;
        buf_init(&d);
        if (dim[i] == ONNX_FREE) {
            add_str(&d, DIM_PARAM, "rows");
        } else {
            add_int(&d, DIM_VALUE, dim[i]);
        }
        add_message(&shape, SHAPE_DIM, &d);
    }
    add_message(b, TENSOR_SHAPE, &shape);
}

void onnx_port(struct buf *graph, const struct onnx_port *p) {
    struct buf tensor, type, m;
    buf_init(&tensor);
    buf_init(&type);
    buf_init(&m);
    add_int(&tensor, TENSOR_ELEMENT, p->is_int64 ? ELEMENT_INT64 : ELEMENT_FLOAT);
    add_shape(&tensor, p->dim, p->rank);
    add_message(&type, TYPE_TENSOR, &tensor);
    add_str(&m, VALUE_NAME, p->name);
    add_message(&m, VALUE_TYPE, &type);
    add_message(graph, p->is_input ? GRAPH_INPUT : GRAPH_OUTPUT, &m);
}

void onnx_file(struct buf *out, const struct buf *graph, struct text name,
               const struct onnx_fact *fact, uint32_t facts) {
    struct buf g, m;
    add_int(out, MODEL_IR_VERSION, IR_VERSION);
    add_str(out, MODEL_PRODUCER, "weir " WEIR_VERSION);
    buf_init(&g);
    buf_add(&g, graph->at, graph->bytes);
    add_bytes(&g, GRAPH_NAME, name.at, name.bytes);
    g.failed = g.failed || graph->failed;
    add_message(out, MODEL_GRAPH, &g);
    buf_init(&m);
    add_int(&m, OPSET_VERSION, OPSET);
    add_message(out, MODEL_OPSET, &m);
    for (uint32_t i = 0; i < facts; i++) {
        buf_init(&m);
        add_str(&m, ENTRY_KEY, fact[i].key);
        add_bytes(&m, ENTRY_VALUE, fact[i].value.at, fact[i].value.bytes);
        add_message(out, MODEL_METADATA, &m);
    }
}
