/* reference_models.c: the page of models: their providers' options, and the layers of networks. */
#include "tests/reference.h"

#include "udf/learn/layer.h"
#include "udf/learn/model.h"
#include "udf/vision/vision.h"

static const struct model_type *const providers[] = {&model_onnx, &model_train};

static void add_layers(struct buf *out) {
    buf_add_str(out, "\n### Layers of a network\n\nIn `'layers'`, parted by commas. Images are "
                     "channels x height x width; weights begin He-normal from\n`'seed'`, biases "
                     "at 0.\n\n| layer | |\n|---|---|\n");
    for (const struct layer_type *const *t = layer_table; *t; t++) {
        buf_add_str(out, "| ");
        page_code(out, (*t)->usage);
        buf_add_str(out, " | ");
        page_cell(out, (*t)->doc);
        buf_add_str(out, " |\n");
    }
}

void page_models(struct buf *out) {
    page_begin(
        out, "Models",
        "`CREATE MODEL name INPUT (...) OUTPUT (...) WITH ('provider' = 'name', ...)`. An "
        "option that is not listed,\nhas another value or would have no effect is an error.");
    for (size_t i = 0; i < COUNT_OF(providers); i++) {
        const struct model_type *m = providers[i];
        buf_addf(out, "\n## %s\n\n%s\n", m->provider, m->doc);
        page_options(out, m->option);
        if (m == &model_train) add_layers(out);
    }
}
