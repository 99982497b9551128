/* reference_models.c: the page of models: their providers' options, the decoders of detectors, and
 * the layers of networks. */
#include "tests/reference.h"

#include "udf/learn/layer.h"
#include "udf/learn/model.h"
#include "udf/vision/decoder.h"
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

static void add_decoders(struct buf *out) {
    buf_add_str(out, "\n### Decoders\n\nHow the outputs of a detector become boxes, and what it "
                     "wants of an image where no option says it.\n\n| decoder | | 'min-score' | "
                     "'max-overlap' |\n|---|---|---|---|\n");
    for (const struct decoder *const *d = decoders; *d; d++) {
        buf_addf(out, "| `%s` | ", (*d)->name);
        page_cell(out, (*d)->doc);
        buf_addf(out, " | %g | %g |\n", (double)(*d)->score_min, (double)(*d)->overlap_max);
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
        if (m == &model_onnx) add_decoders(out);
        if (m == &model_train) add_layers(out);
    }
}
