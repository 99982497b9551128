/* net_shapes.h: networks of well-known shapes with random weights, as ONNX files.
 *
 * Used by: bench/net_bench.c.
 */
#ifndef BENCH_NET_SHAPES_H
#define BENCH_NET_SHAPES_H

#include <stdbool.h>

/* resnet18.onnx (He et al. 2015) and mobilenet_v2.onnx (Sandler et al. 2018), 224 x 224, with
 * BatchNormalization and free batch. */
bool net_shapes_write(const char *folder);

#endif
