/* conv_shapes.h: conv_layer: a distinct shape of convolution, and how often a network has it.
 *
 * Kernels, strides, dilations and pads are the same in both directions.
 *
 * Used by: bench/conv_bench.c.
 */
#ifndef BENCH_CONV_SHAPES_H
#define BENCH_CONV_SHAPES_H

#include <stddef.h>
#include <stdint.h>

struct conv_layer {
    const char *network;
    uint32_t times, h, w, c_in, c_out, kernel, stride, dilation, pad_before, pad_after, groups;
};

extern const struct conv_layer conv_layers[];
extern const size_t conv_layers_count;

#endif
