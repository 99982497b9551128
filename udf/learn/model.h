/* model.h: the provider 'train': models that learn from a stream.
 *
 * Types: linear, logistic, softmax, knn, network (options.c documents their options). What a model
 * knows is published in versions; training and predicting go on at the same time.
 *
 * Used by: clients/main.c.    Tested by: tests/unit/udf/learn_model_test.c
 */
#ifndef UDF_LEARN_MODEL_H
#define UDF_LEARN_MODEL_H

#include "engine/base/model.h"

extern const struct model_type model_train;

#endif
