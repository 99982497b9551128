/* EXPORT MODEL: the newest version as an ONNX file. Images go in as 0 .. 255, channels first, and
 * are divided by 255 inside; numbers go in as they are, in the order of the model's inputs. The
 * classes stand in the file's metadata. */
#include <string.h>

#include "udf/learn/learner.h"
#include "udf/learn/onnx_write.h"

/* The input as "input", as the layers want it. */
static void write_input(const struct learn *m, struct buf *graph) {
    struct shape s = m->input.shape;
    struct onnx_port port = {.name = "input", .is_input = true, .dim = {ONNX_FREE, s.c}, .rank = 2};
    if (!s.flat) {
        port = (struct onnx_port){
            .name = "input", .is_input = true, .dim = {ONNX_FREE, s.c, s.h, s.w}, .rank = 4};
    }
    if (m->input.kind != INPUT_PIXELS) {
        onnx_port(graph, &port);
        return;
    }
    struct onnx_tensor scale = {.layer = 0, .name = "scale", .dim = {1}, .rank = 1};
    port.name = "image";
    onnx_port(graph, &port);
    onnx_tensor_add(&scale, 1.0F / 255);
    onnx_tensor_end(graph, &scale);
    onnx_node(graph, &(struct onnx_node){.op = "Mul",
                                         .layer = 0,
                                         .in = TEXT_LITERAL("image"),
                                         .out = TEXT_LITERAL("input"),
                                         .tensors = "scale"});
}

/* One a line, as net.h reads them. */
static void add_classes(const struct learn *m, const struct version *v, struct buf *out) {
    for (uint32_t i = 0; i < v->classes; i++) {
        if (i > 0) buf_add_char(out, '\n');
        buf_add_text(out, m->classes.label[i]);
    }
}

bool learn_export(const struct model *model, struct buf *out, struct err *e) {
    const struct learn *m = (const struct learn *)model;
    struct watch here; /* the version must not go while it is written */
    if (!m->learner->export_onnx) {
        return err_set(e, ERR_SQL, "0A000", "a model of type '%s' cannot be exported",
                       learn_kind_word(m->options.kind));
    }
    struct buf graph, classes;
    versions_watch(m->versions, &here, NULL);
    const struct version *v = versions_newest(m->versions);
    buf_init(&graph);
    buf_init(&classes);
    write_input(m, &graph);
    bool written = m->learner->export_onnx(m, v, &graph, e);
    uint32_t outputs = m->options.kind == LEARN_SOFTMAX ? v->classes : m->loss.outputs;
    onnx_port(&graph,
              &(struct onnx_port){.name = "scores", .dim = {ONNX_FREE, outputs}, .rank = 2});
    add_classes(m, v, &classes);
    const struct onnx_fact facts[] = {
        {"type", text_of(learn_kind_word(m->options.kind))},
        {"classes", buf_text(&classes)},
    };
    if (written) {
        onnx_file(out, &graph, TEXT_LITERAL("model"), facts, m->loss.classes ? 2 : 1);
        written = (!out->failed && !classes.failed) || err_memory(e);
    }
    buf_done(&graph);
    buf_done(&classes);
    versions_unwatch(m->versions, &here);
    return written;
}
