/* layer_types.h: the rows of the layer table, a file each.
 *
 * Used by: udf/learn/layer.c.    Tested by: tests/unit/udf/learn_layer_test.c
 */
#ifndef UDF_LEARN_LAYER_TYPES_H
#define UDF_LEARN_LAYER_TYPES_H

#include "udf/learn/layer.h"

extern const struct layer_type layer_conv, layer_maxpool, layer_avgpool, layer_dense, layer_dropout,
    layer_batchnorm, layer_flatten, layer_relu, layer_tanh, layer_sigmoid, layer_softmax;

/* The parse slot of layers that are one word. */
bool layer_parse_nothing(struct text rest, struct layer_words *out, struct err *e);
/* The shape slot of layers that change no shape. */
bool layer_shape_same(struct layer *l, struct arena *a, struct err *e);
/* He, Zhang, Ren, Sun 2015: normal, deviation sqrt(2 / inputs), biases 0. */
void layer_init_he(const struct layer *l, uint64_t noise, real *param);
/* Writes the biases as the tensor "bias". */
void layer_export_bias(const struct layer *l, const struct layer_export *x);
/* The export slot of layers that are a node without more. */
void layer_export_node(const struct layer *l, const struct layer_export *x, const char *op);
/* 22023 with what the layer wants. */
bool layer_usage(const struct layer_type *t, struct err *e);

#endif
