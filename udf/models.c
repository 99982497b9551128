/* models.c: udf_models: the providers of models. To add one: its struct model_type here. */
#include <stddef.h>

#include "engine/base/model.h"
#include "udf/learn/model.h"
#include "udf/table.h"
#include "udf/vision/vision.h"

const struct model_type *const *udf_models(void) {
    static const struct model_type *const table[] = {&model_onnx, &model_train, NULL};
    return table;
}
