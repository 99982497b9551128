/* build.c: see build.h.
 *
 * First every name gets its value (inputs, initializers, outputs of nodes), then nodes refer to
 * them; so nodes may stand in any order. An initializer that is an input too (old files list all)
 * is a constant.
 */
#include "udf/nn/build.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/map.h"
#include "udf/nn/layer.h"

/* From 7 on every operator of the tables is defined as here, or says since and until when. Opsets
 * 23 to 25 gave them nothing but element types. Of older files operators are taken whose definition
 * is as old as that of 7. */
enum { OPSET_OLD = 7, OPSET_MAX = 25 };

struct build {
    struct graph *g;
    const struct onnx_model *m;
    struct map names; /* of values, to their number */
};

static uint32_t *name_find(const struct build *b, struct text name) {
    uint32_t id = map_find(&b->names, name);
    return id == MAP_NONE ? NULL : map_value(&b->names, id);
}

/* A new value of that name; GRAPH_NONE: see *e. */
static uint32_t name_add(struct build *b, struct text name, struct err *e) {
    bool new;
    uint32_t id = map_put(&b->names, name, &new);
    if (id == MAP_NONE) {
        err_memory(e);
        return GRAPH_NONE;
    }
    if (!new) {
        err_set(e, ERR_SQL, "22023", "two values have the name \"%.*s\"", TEXT_ARG(name));
        return GRAPH_NONE;
    }
    char *copy = arena_copy(b->g->keep, name.at, name.bytes);
    if (!copy) {
        err_memory(e);
        return GRAPH_NONE;
    }
    uint32_t v = graph_value(b->g, (struct text){.at = copy, .bytes = name.bytes}, e);
    if (v != GRAPH_NONE) *(uint32_t *)map_value(&b->names, id) = v;
    return v;
}

static bool add_constants(struct build *b, struct err *e) {
    for (uint32_t i = 0; i < b->m->constants; i++) {
        const struct onnx_tensor *t = &b->m->constant[i];
        uint32_t v = name_add(b, t->name, e);
        if (v == GRAPH_NONE) return false;
        b->g->value[v].type = t->tensor.type;
        b->g->value[v].shape = t->tensor.shape;
        b->g->value[v].constant = t->tensor.at;
    }
    return true;
}

static bool port_type(const struct onnx_port *p, const char *what, enum net_type *out,
                      struct err *e) {
    if (onnx_type_of(p->onnx_type, out)) return true;
    const char *name = p->onnx_type == 0 ? "other than tensor" : onnx_type_name(p->onnx_type);
    return err_set(e, ERR_SQL, "0A000", "%s \"%.*s\" is of type %s, which is not supported", what,
                   TEXT_ARG(p->name), name);
}

static bool add_inputs(struct build *b, struct err *e) {
    struct graph *g = b->g;
    g->input = ARENA_ARRAY(g->keep, g->input, b->m->ins + 1);
    if (!g->input) return err_memory(e);
    for (uint32_t i = 0; i < b->m->ins; i++) {
        const struct onnx_port *p = &b->m->in[i];
        const uint32_t *there = name_find(b, p->name);
        if (there && g->value[*there].constant) continue;
        enum net_type type;
        if (!port_type(p, "input", &type, e)) return false;
        uint32_t v = name_add(b, p->name, e);
        if (v == GRAPH_NONE) return false;
        g->value[v].type = type;
        g->value[v].shape = p->shape;
        g->value[v].is_input = true;
        g->input[g->inputs++] = v;
    }
    return true;
}

static bool is_default_domain(struct text domain) {
    return domain.bytes == 0 || text_equal(domain, TEXT_LITERAL("ai.onnx"));
}

static bool unsupported(const struct onnx_node *n, const char *why, struct err *e) {
    struct text name = n->name.bytes == 0 && n->outs > 0 ? n->out[0] : n->name;
    return err_set(e, ERR_SQL, "0A000", "node \"%.*s\": operator %.*s %s", TEXT_ARG(name),
                   TEXT_ARG(n->op), why);
}

/* Not a tensor: numbers given as attributes. */
static bool numbers_of(const struct onnx_attr *a, struct arena *arena, struct tensor *out) {
    bool list = a->kind == ONNX_ATTR_INTS || a->kind == ONNX_ATTR_FLOATS;
    bool floats = a->kind == ONNX_ATTR_FLOAT || a->kind == ONNX_ATTR_FLOATS;
    const void *from =
        floats ? (list ? (const void *)a->floats : &a->f) : (list ? (const void *)a->ints : &a->i);
    *out = (struct tensor){.type = floats ? NET_F32 : NET_I64};
    if (list) out->shape = (struct net_shape){.rank = 1, .dim = {a->count}};
    out->at = arena_copy(arena, from, tensor_bytes(out));
    return out->at != NULL;
}

/* Constant: its output becomes a constant of the graph. */
static bool add_constant_node(struct build *b, const struct onnx_node *n, struct err *e) {
    if (n->outs != 1 || n->attrs != 1) return unsupported(n, "must have one value", e);
    const struct onnx_attr *a = &n->attr[0];
    struct tensor t = a->t.tensor;
    if (a->kind == ONNX_ATTR_TEXT || a->kind == ONNX_ATTR_OTHER) {
        return unsupported(n, "with text or a sparse tensor is not supported", e);
    }
    if (a->kind != ONNX_ATTR_TENSOR && !numbers_of(a, b->g->load, &t)) return err_memory(e);
    uint32_t v = name_add(b, n->out[0], e);
    if (v == GRAPH_NONE) return false;
    b->g->value[v].type = t.type;
    b->g->value[v].shape = t.shape;
    b->g->value[v].constant = t.at;
    return true;
}

/* The file's operator is not the one that the table's row is: it came later, or is gone. */
static bool opset_fits(const struct build *b, const struct onnx_node *n, const struct layer *l,
                       struct err *e) {
    uint32_t since = l->since > 0 ? l->since : OPSET_OLD;
    bool early = b->g->opset<since, late = l->until> 0 && b->g->opset > l->until;
    char reason[80];
    if (!early && !late) return true;
    snprintf(reason, sizeof reason, "is not supported in opset %u: %s opset %u it is", b->g->opset,
             early ? "from" : "up to", early ? since : l->until);
    return unsupported(n, reason, e);
}

static bool layer_fits(const struct build *b, const struct onnx_node *n, const struct layer *l,
                       struct err *e) {
    if (!l) return unsupported(n, "is not supported", e);
    if (!opset_fits(b, n, l, e)) return false;
    bool many = l->ins_max != LAYER_ANY && n->ins > l->ins_max;
    if (n->ins < l->ins_min || many) {
        return err_set(e, ERR_SQL, "22023", "node \"%.*s\" (%s): %u inputs", TEXT_ARG(n->name),
                       l->name, n->ins);
    }
    uint32_t outs_max = l->outs_max == 0 ? 1 : l->outs_max;
    if (n->outs == 0 || (outs_max != LAYER_ANY && n->outs > outs_max)) {
        return err_set(e, ERR_SQL, "22023", "node \"%.*s\" (%s): %u outputs", TEXT_ARG(n->name),
                       l->name, n->outs);
    }
    return true;
}

/* The node and its outputs; inputs and attributes come later, when all values are there. */
static bool add_node(struct build *b, const struct onnx_node *n, struct err *e) {
    struct graph *g = b->g;
    if (!is_default_domain(n->domain)) return unsupported(n, "is of another domain", e);
    if (text_equal(n->op, TEXT_LITERAL("Constant"))) return add_constant_node(b, n, e);
    const struct layer *l = layer_find(n->op);
    if (!layer_fits(b, n, l, e)) return false;
    struct node *node = graph_node(g, l, n->ins, n->outs, e);
    if (!node) return false;
    uint32_t index = g->nodes - 1;
    struct text name = n->name.bytes == 0 ? n->out[0] : n->name;
    const char *copy = arena_copy(g->keep, name.at, name.bytes);
    if (!copy) return err_memory(e);
    node->name = (struct text){.at = copy, .bytes = name.bytes};
    for (uint32_t i = 0; i < n->outs; i++) {
        if (n->out[i].bytes == 0) continue;
        uint32_t v = name_add(b, n->out[i], e);
        if (v == GRAPH_NONE) return false;
        graph_make(g, index, i, v);
    }
    return true;
}

static bool link_inputs(struct build *b, const struct onnx_node *n, struct node *node,
                        struct err *e) {
    for (uint32_t i = 0; i < n->ins; i++) {
        if (n->in[i].bytes == 0) {
            if (i >= node->layer->ins_min && node->layer->ins_max != LAYER_ANY) continue;
            return err_set(e, ERR_SQL, "22023", "node \"%.*s\" (%s): input %u is missing",
                           TEXT_ARG(node->name), node->layer->name, i);
        }
        const uint32_t *v = name_find(b, n->in[i]);
        if (!v) {
            return err_set(e, ERR_SQL, "22023", "node \"%.*s\" (%s): no value \"%.*s\"",
                           TEXT_ARG(node->name), node->layer->name, TEXT_ARG(n->in[i]));
        }
        node->in[i] = *v;
    }
    return true;
}

static bool read_attributes(struct build *b, const struct onnx_node *n, uint32_t index,
                            struct err *e) {
    struct node *node = &b->g->node[index];
    bool *used = ARENA_ARRAY(b->g->load, used, n->attrs + 1);
    if (!used) return err_memory(e);
    struct layer_read r = {
        .from = n, .attr_used = used, .opset = b->g->opset, .graph = b->g, .node = node};
    if (node->layer->read && !node->layer->read(&r, e)) return false;
    for (uint32_t i = 0; i < n->attrs; i++) {
        if (used[i]) continue;
        return layer_read_error(&r, e, "attribute \"%.*s\" is unknown", TEXT_ARG(n->attr[i].name));
    }
    return true;
}

static bool add_nodes(struct build *b, struct err *e) {
    for (uint32_t i = 0; i < b->m->nodes; i++) {
        if (!add_node(b, &b->m->node[i], e)) return false;
    }
    uint32_t index = 0;
    for (uint32_t i = 0; i < b->m->nodes; i++) {
        const struct onnx_node *n = &b->m->node[i];
        if (text_equal(n->op, TEXT_LITERAL("Constant"))) continue;
        if (!link_inputs(b, n, &b->g->node[index], e) || !read_attributes(b, n, index, e)) {
            return false;
        }
        index++;
    }
    assert(index == b->g->nodes);
    return true;
}

static bool add_outputs(struct build *b, struct err *e) {
    struct graph *g = b->g;
    g->output = ARENA_ARRAY(g->keep, g->output, b->m->outs + 1);
    if (!g->output) return err_memory(e);
    for (uint32_t i = 0; i < b->m->outs; i++) {
        const struct onnx_port *p = &b->m->out[i];
        const uint32_t *v = name_find(b, p->name);
        enum net_type type;
        if (!v) {
            return err_set(e, ERR_SQL, "22023", "nothing gives output \"%.*s\"", TEXT_ARG(p->name));
        }
        if (p->onnx_type != 0 && !port_type(p, "output", &type, e)) return false;
        g->value[*v].is_output = true;
        g->output[g->outputs++] = *v;
    }
    return g->outputs > 0 || err_set(e, ERR_SQL, "22023", "the network has no output");
}

bool build_graph(const struct onnx_model *m, struct graph *g, struct err *e) {
    struct build b = {.g = g, .m = m};
    if (m->opset < 0 || m->opset > OPSET_MAX) {
        return err_set(e, ERR_SQL, "0A000", "opset %lld is not supported: those up to %d are",
                       (long long)m->opset, OPSET_MAX);
    }
    g->opset = (uint32_t)m->opset;
    map_init(&b.names, &(struct map_options){.value_bytes = sizeof(uint32_t)});
    bool good = add_constants(&b, e) && add_inputs(&b, e) && add_nodes(&b, e) && add_outputs(&b, e);
    map_done(&b.names);
    return good && graph_sort(g, e);
}

/* Does the node give its input 0 as its output 0, and nothing else that is used? */
static bool is_identity(const struct graph *g, const struct node *n) {
    struct text name = text_of(n->layer->name);
    if (text_equal(name, TEXT_LITERAL("Identity"))) return true;
    if (!text_equal(name, TEXT_LITERAL("Dropout"))) return false;
    bool mask = n->outs > 1 && n->out[1] != GRAPH_NONE && g->value[n->out[1]].uses > 0;
    if (mask || n->out[0] == GRAPH_NONE) return false;
    if (n->ins < 3 || n->in[2] == GRAPH_NONE) return true;
    const struct value *training = &g->value[n->in[2]];
    return training->constant && training->type == NET_BOOL &&
           shape_elements(&training->shape) == 1 && *(const uint8_t *)training->constant == 0;
}

bool build_drop_identities(struct graph *g, struct err *e) {
    uint32_t *same = ARENA_ARRAY(g->load, same, g->values + 1);
    if (!same) return err_memory(e);
    for (uint32_t v = 0; v < g->values; v++) same[v] = v;
    /* Nodes are in order: what an input is the same as is known. */
    for (uint32_t n = 0; n < g->nodes; n++) {
        struct node *node = &g->node[n];
        for (uint32_t i = 0; i < node->ins; i++) {
            if (node->in[i] != GRAPH_NONE) node->in[i] = same[node->in[i]];
        }
        if (!is_identity(g, node)) continue;
        same[node->out[0]] = node->in[0];
        node->dead = true;
    }
    for (uint32_t i = 0; i < g->outputs; i++) {
        g->output[i] = same[g->output[i]];
        g->value[g->output[i]].is_output = true;
    }
    return graph_sort(g, e);
}
