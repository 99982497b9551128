/* fake_models.c: the providers of a program for tests: the fake one, and those of the product.
 * Linked with --wrap=udf_models.
 */
#include "tests/fake_model.h"
#include "udf/learn/model.h"
#include "udf/table.h"
#include "udf/vision/vision.h"

const struct model_type *const *__wrap_udf_models(void);

const struct model_type *const *__wrap_udf_models(void) {
    static const struct model_type *const table[] = {&fake_model, &model_onnx, &model_train, NULL};
    return table;
}
