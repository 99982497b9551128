/* onnx.c: see onnx.h.
 *
 * protobuf-c is given an arena as its allocator: what it takes is limited in proportion to the
 * file (a packed number of one byte becomes eight), and everything goes at once. Texts and numbers
 * of the result point into it; tensors are copied, aligned and converted.
 */
#include "udf/nn/onnx.h"

#include <assert.h>

#include <onnx.pb-c.h>

#include "udf/nn/onnx_private.h"
#include "udf/nn/onnx_scan.h"

enum { MEMORY_MIN_BYTES = 64 << 20, MEMORY_TIMES = 12 };

static void *give(void *arena, size_t bytes) {
    return arena_alloc(arena, bytes);
}

static void take_back(void *arena, void *p) {
    (void)arena;
    (void)p;
}

static bool unread(const struct arena *a, struct err *e) {
    if (!a->failed) return err_set(e, ERR_SQL, "22023", "not an ONNX file, or damaged");
    bool limit = a->limit_bytes > 0 && a->held_bytes > a->limit_bytes / 2;
    return limit ? err_set(e, ERR_LIMIT, "54000", "ONNX file would take more than %zu MiB to read",
                           a->limit_bytes >> 20)
                 : err_memory(e);
}

/* A message of `type`, in `a`. */
static ProtobufCMessage *unpack(struct text file, const ProtobufCMessageDescriptor *type,
                                struct arena *a, struct err *e) {
    ProtobufCAllocator allocator = {.alloc = give, .free = take_back, .allocator_data = a};
    if (!onnx_scan(file, type, e)) return NULL;
    a->limit_bytes = a->held_bytes + MEMORY_MIN_BYTES + (size_t)file.bytes * MEMORY_TIMES;
    ProtobufCMessage *m =
        protobuf_c_message_unpack(type, &allocator, file.bytes, (const uint8_t *)file.at);
    if (!m) unread(a, e);
    a->limit_bytes = 0;
    return m;
}

bool onnx_text(const char *s, struct text *out, struct err *e) {
    struct text t = s ? text_of(s) : (struct text){0};
    if (utf8_valid_prefix(t.at, t.bytes) != t.bytes) {
        return err_set(e, ERR_SQL, "22021", "a name in the ONNX file is not UTF-8");
    }
    *out = t;
    return true;
}

static bool texts(size_t n, char **from, struct arena *a, const struct text **out, struct err *e) {
    struct text *t = ARENA_ARRAY(a, t, n);
    if (!t) return err_memory(e);
    for (size_t i = 0; i < n; i++) {
        if (!onnx_text(from[i], &t[i], e)) return false;
    }
    *out = t;
    return true;
}

/* Files of the first versions do not say an attribute's kind. */
static enum onnx_attr_kind attr_kind(const Onnx__AttributeProto *p) {
    if (p->ref_attr_name && p->ref_attr_name[0]) return ONNX_ATTR_OTHER;
    switch (p->has_type ? (int)p->type : 0) {
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT: return ONNX_ATTR_FLOAT;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT: return ONNX_ATTR_INT;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING: return ONNX_ATTR_TEXT;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR: return ONNX_ATTR_TENSOR;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS: return ONNX_ATTR_FLOATS;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS: return ONNX_ATTR_INTS;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__UNDEFINED: break;
    default: return ONNX_ATTR_OTHER;
    }
    if (p->has_f) return ONNX_ATTR_FLOAT;
    if (p->has_i) return ONNX_ATTR_INT;
    if (p->has_s) return ONNX_ATTR_TEXT;
    if (p->t) return ONNX_ATTR_TENSOR;
    if (p->n_floats > 0) return ONNX_ATTR_FLOATS;
    if (p->n_ints > 0) return ONNX_ATTR_INTS;
    return ONNX_ATTR_OTHER;
}

static bool attr_make(const Onnx__AttributeProto *p, struct arena *a, struct onnx_attr *out,
                      struct err *e) {
    struct onnx_attr t = {.kind = attr_kind(p), .i = p->i, .f = p->f};
    if (!onnx_text(p->name, &t.name, e)) return false;
    t.s = (struct text){.at = (const char *)p->s.data, .bytes = (uint32_t)p->s.len};
    if (utf8_valid_prefix(t.s.at, t.s.bytes) != t.s.bytes) t.kind = ONNX_ATTR_OTHER;
    t.ints = p->ints;
    t.floats = p->floats;
    t.count = (uint32_t)(t.kind == ONNX_ATTR_FLOATS ? p->n_floats : p->n_ints);
    if (t.kind == ONNX_ATTR_TENSOR) {
        if (!p->t) t.kind = ONNX_ATTR_OTHER;
        if (p->t && !onnx_tensor_make(p->t, a, &t.t, e)) return false;
    }
    *out = t;
    return true;
}

static bool node_make(const Onnx__NodeProto *p, struct arena *a, struct onnx_node *out,
                      struct err *e) {
    struct onnx_node n = {.ins = (uint32_t)p->n_input, .outs = (uint32_t)p->n_output};
    if (!onnx_text(p->name, &n.name, e) || !onnx_text(p->op_type, &n.op, e) ||
        !onnx_text(p->domain, &n.domain, e) || !texts(p->n_input, p->input, a, &n.in, e) ||
        !texts(p->n_output, p->output, a, &n.out, e)) {
        return false;
    }
    n.attrs = (uint32_t)p->n_attribute;
    struct onnx_attr *attr = ARENA_ARRAY(a, attr, n.attrs);
    if (!attr) return err_memory(e);
    for (uint32_t i = 0; i < n.attrs; i++) {
        if (!attr_make(p->attribute[i], a, &attr[i], e)) return false;
    }
    n.attr = attr;
    *out = n;
    return true;
}

static bool port_shape(const Onnx__TensorShapeProto *p, struct onnx_port *port, struct err *e) {
    if (!p) return true;
    if (p->n_dim > NET_RANK_MAX) {
        return err_set(e, ERR_SQL, "22023", "\"%.*s\" has more than %d dimensions",
                       TEXT_ARG(port->name), NET_RANK_MAX);
    }
    port->shape.rank = (uint32_t)p->n_dim;
    for (size_t i = 0; i < p->n_dim; i++) {
        const Onnx__TensorShapeProto__Dimension *d = p->dim[i];
        bool fixed = d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE &&
                     d->dim_value >= 0 && d->dim_value <= shape_elements_max;
        port->shape.dim[i] = fixed ? d->dim_value : NET_DIM_FREE;
    }
    return true;
}

static bool port_make(const Onnx__ValueInfoProto *p, struct onnx_port *out, struct err *e) {
    struct onnx_port port = {.shape.rank = SHAPE_UNKNOWN};
    if (!onnx_text(p->name, &port.name, e)) return false;
    if (p->type && p->type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE) {
        const Onnx__TypeProto__Tensor *t = p->type->tensor_type;
        port.onnx_type = t->elem_type;
        if (!port_shape(t->shape, &port, e)) return false;
    }
    *out = port;
    return true;
}

static bool ports_make(size_t n, Onnx__ValueInfoProto **from, struct arena *a,
                       const struct onnx_port **out, struct err *e) {
    struct onnx_port *port = ARENA_ARRAY(a, port, n);
    if (!port) return err_memory(e);
    for (size_t i = 0; i < n; i++) {
        if (!port_make(from[i], &port[i], e)) return false;
    }
    *out = port;
    return true;
}

static bool nodes_make(const Onnx__GraphProto *g, struct arena *a, struct onnx_model *m,
                       struct err *e) {
    struct onnx_node *node = ARENA_ARRAY(a, node, g->n_node);
    if (!node) return err_memory(e);
    for (size_t i = 0; i < g->n_node; i++) {
        if (!node_make(g->node[i], a, &node[i], e)) return false;
    }
    m->node = node;
    m->nodes = (uint32_t)g->n_node;
    return true;
}

static bool constants_make(const Onnx__GraphProto *g, struct arena *a, struct onnx_model *m,
                           struct err *e) {
    struct onnx_tensor *t = ARENA_ARRAY(a, t, g->n_initializer);
    if (!t) return err_memory(e);
    for (size_t i = 0; i < g->n_initializer; i++) {
        if (!onnx_tensor_make(g->initializer[i], a, &t[i], e)) return false;
    }
    m->constant = t;
    m->constants = (uint32_t)g->n_initializer;
    return true;
}

static bool is_default_domain(const char *domain) {
    return !domain || domain[0] == '\0' || text_equal(text_of(domain), TEXT_LITERAL("ai.onnx"));
}

/* 0: a file whose operators are all of other domains. */
static bool opset_find(const Onnx__ModelProto *p, struct onnx_model *m, struct err *e) {
    m->opset = 0;
    for (size_t i = 0; i < p->n_opset_import; i++) {
        if (is_default_domain(p->opset_import[i]->domain)) m->opset = p->opset_import[i]->version;
    }
    if (p->n_opset_import == 0) return err_set(e, ERR_SQL, "22023", "the ONNX file names no opset");
    return true;
}

/* What the writer says of its classes. */
static struct text classes_find(const Onnx__ModelProto *p) {
    for (size_t i = 0; i < p->n_metadata_props; i++) {
        const Onnx__StringStringEntryProto *x = p->metadata_props[i];
        if (!x->key || !x->value || strcmp(x->key, "classes") != 0) continue;
        struct text t = text_of(x->value);
        if (utf8_valid_prefix(t.at, t.bytes) == t.bytes) return t;
    }
    return TEXT_LITERAL("");
}

bool onnx_read(struct text file, struct arena *a, struct onnx_model *out, struct err *e) {
    assert(out);
    struct onnx_model m = {0};
    Onnx__ModelProto *p =
        (Onnx__ModelProto *)(void *)unpack(file, &onnx__model_proto__descriptor, a, e);
    if (!p) return false;
    if (!p->graph) return err_set(e, ERR_SQL, "22023", "not an ONNX model: it has no graph");
    if (p->n_functions > 0) {
        return err_set(e, ERR_SQL, "0A000", "the ONNX file defines functions of its own");
    }
    if (p->graph->n_sparse_initializer > 0) {
        return err_set(e, ERR_SQL, "0A000", "the ONNX file holds sparse tensors");
    }
    m.classes = classes_find(p);
    m.ins = (uint32_t)p->graph->n_input;
    m.outs = (uint32_t)p->graph->n_output;
    if (!opset_find(p, &m, e) || !nodes_make(p->graph, a, &m, e) ||
        !constants_make(p->graph, a, &m, e) || !ports_make(m.ins, p->graph->input, a, &m.in, e) ||
        !ports_make(m.outs, p->graph->output, a, &m.out, e)) {
        return false;
    }
    *out = m;
    return true;
}

bool onnx_read_tensor(struct text file, struct arena *a, struct onnx_tensor *out, struct err *e) {
    Onnx__TensorProto *p =
        (Onnx__TensorProto *)(void *)unpack(file, &onnx__tensor_proto__descriptor, a, e);
    return p && onnx_tensor_make(p, a, out, e);
}
