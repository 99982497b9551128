/* fake_models.c: the providers of a program for tests: the fake one. Linked with
 * --wrap=udf_models.
 */
#include "tests/fake_model.h"
#include "udf/table.h"

const struct model_type *const *__wrap_udf_models(void);

const struct model_type *const *__wrap_udf_models(void) {
    static const struct model_type *const table[] = {&fake_model, NULL};
    return table;
}
