/* layer.c: see layer.h: the table of families, and attributes by name. */
#include "udf/nn/layer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct layer *layer_find(struct text name) {
#define X(name) &layers_##name,
    static const struct layer_family *const families[] = {LAYER_FAMILY_LIST(X)};
#undef X
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        for (uint32_t i = 0; i < families[f]->count; i++) {
            const struct layer *l = &families[f]->layer[i];
            if (text_equal(name, text_of(l->name))) return l;
        }
    }
    return NULL;
}

bool layer_read_error(const struct layer_read *r, struct err *e, const char *format, ...) {
    char reason[200];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    struct text name = r->node->name;
    if (name.bytes > 60) name.bytes = (uint32_t)utf8_valid_prefix(name.at, 60);
    return err_set(e, ERR_SQL, "22023", "node \"%.*s\" (%s): %s", TEXT_ARG(name),
                   r->node->layer->name, reason);
}

const struct onnx_attr *layer_read_attr(struct layer_read *r, const char *name) {
    for (uint32_t i = 0; i < r->from->attrs; i++) {
        if (!text_equal(r->from->attr[i].name, text_of(name))) continue;
        r->attr_used[i] = true;
        return &r->from->attr[i];
    }
    return NULL;
}

/* The attribute, if given and of this kind; *ok false: of another. */
static const struct onnx_attr *attr_of_kind(struct layer_read *r, const char *name,
                                            enum onnx_attr_kind kind, bool *ok, struct err *e) {
    const struct onnx_attr *a = layer_read_attr(r, name);
    *ok = true;
    if (!a || a->kind == kind) return a;
    *ok = layer_read_error(r, e, "attribute \"%s\" is of the wrong kind", name);
    return NULL;
}

bool layer_read_int(struct layer_read *r, const char *name, int64_t *out, struct err *e) {
    bool ok;
    const struct onnx_attr *a = attr_of_kind(r, name, ONNX_ATTR_INT, &ok, e);
    if (a) *out = a->i;
    return ok;
}

bool layer_read_bool(struct layer_read *r, const char *name, bool *out, struct err *e) {
    int64_t i = *out;
    if (!layer_read_int(r, name, &i, e)) return false;
    *out = i != 0;
    return true;
}

bool layer_read_float(struct layer_read *r, const char *name, float *out, struct err *e) {
    bool ok;
    const struct onnx_attr *a = attr_of_kind(r, name, ONNX_ATTR_FLOAT, &ok, e);
    if (a) *out = a->f;
    return ok;
}

bool layer_read_text(struct layer_read *r, const char *name, struct text *out, struct err *e) {
    bool ok;
    const struct onnx_attr *a = attr_of_kind(r, name, ONNX_ATTR_TEXT, &ok, e);
    if (a) *out = a->s;
    return ok;
}

bool layer_read_ints(struct layer_read *r, const char *name, int64_t *out, uint32_t *count_out,
                     struct err *e) {
    bool ok;
    const struct onnx_attr *a = attr_of_kind(r, name, ONNX_ATTR_INTS, &ok, e);
    if (!a) return ok;
    if (a->count > 2 * NET_RANK_MAX) {
        return layer_read_error(r, e, "attribute \"%s\" has %u numbers", name, a->count);
    }
    if (a->count > 0) memcpy(out, a->ints, a->count * sizeof *out);
    *count_out = a->count;
    return true;
}

bool layer_read_input(struct layer_read *r, uint32_t i, const struct tensor *t, struct err *e) {
    struct node *n = r->node;
    assert(i < LAYER_INPUTS_ROOM);
    if (i < n->ins && n->in[i] != GRAPH_NONE) {
        return layer_read_error(r, e, "input %u is given twice, as an attribute too", i);
    }
    uint32_t v = graph_constant(r->graph, t, e);
    if (v == GRAPH_NONE) return false;
    n->in[i] = v;
    if (n->ins <= i) n->ins = i + 1;
    return true;
}

bool layer_read_input_ints(struct layer_read *r, uint32_t i, const char *name, struct err *e) {
    bool ok;
    const struct onnx_attr *a = attr_of_kind(r, name, ONNX_ATTR_INTS, &ok, e);
    if (!a) return ok;
    struct tensor t = {.type = NET_I64, .shape = {.rank = 1, .dim = {a->count}}};
    t.at = arena_copy(r->graph->load, a->ints, a->count * sizeof *a->ints);
    return t.at ? layer_read_input(r, i, &t, e) : err_memory(e);
}

bool layer_turn_any(struct layer_turn *t, bool *done_out, struct err *e) {
    assert(t->graph);
    (void)e;
    t->images = UINT32_MAX;
    *done_out = true;
    return true;
}

bool layer_turn_axis(int64_t *axis) {
    uint32_t from;
    if (!shape_axis(*axis, 4, &from)) return false;
    *axis = layer_turned[from];
    return true;
}

bool layer_turn_axes_input(struct layer_turn *t, uint32_t i, bool *done_out, struct err *e) {
    struct node *n = &t->graph->node[t->node];
    const struct value *v = &t->graph->value[n->in[i]];
    int64_t axes[NET_RANK_MAX];
    *done_out = false;
    if (!v->constant || v->type != NET_I64 || v->shape.rank != 1 ||
        v->shape.dim[0] > NET_RANK_MAX) {
        return true;
    }
    uint32_t count = (uint32_t)v->shape.dim[0];
    memcpy(axes, v->constant, count * sizeof *axes);
    for (uint32_t k = 0; k < count; k++) {
        if (!layer_turn_axis(&axes[k])) return true;
    }
    uint32_t with = graph_constant_ints(t->graph, axes, count, e);
    if (with == GRAPH_NONE) return false;
    n->in[i] = with;
    *done_out = true;
    return true;
}
