/* conv_panel.c: the weights of a product in the order in which its kernels read them.
 *
 * The output channels of a group are cut in panels of two registers; the last has one where that is
 * enough. A panel is [inner][channels of the panel], channels beyond the last are zeros.
 */
#include "udf/nn/conv_plan.h"

uint32_t conv_panel_vectors(const struct conv_plan *p, uint32_t column) {
    uint32_t left = p->shape.c_out / p->shape.groups - column;
    return left > p->kernels->lanes ? DENSE_VECTORS : 1;
}

uint32_t conv_panel_columns(const struct conv_plan *p) {
    uint32_t columns = p->shape.c_out / p->shape.groups, lanes = p->kernels->lanes;
    return (columns + lanes - 1) / lanes * lanes;
}

float *conv_panel_column(const struct conv_plan *p, uint32_t column, uint32_t *step_out) {
    uint32_t lanes = p->kernels->lanes, wide = DENSE_VECTORS * lanes;
    uint32_t panel = column / wide * wide;
    *step_out = conv_panel_vectors(p, panel) * lanes;
    return p->weights + panel * p->inner + (column - panel);
}

static void pack_group(struct conv_plan *p, uint32_t group, const struct conv_weights *weights,
                       bool channels_first) {
    const struct conv_shape *s = &p->shape;
    uint32_t c_in = s->c_in / s->groups, c_out = s->c_out / s->groups;
    uint32_t taps = s->patch.kernel_h * s->patch.kernel_w;
    for (uint32_t column = 0; column < c_out; column++) {
        size_t channel = (size_t)group * c_out + column;
        const float *from = weights->at + channel * c_in * taps;
        uint32_t step;
        float *to = conv_panel_column(p, column, &step) + group * p->group_floats;
        for (uint32_t i = 0; i < taps * c_in; i++, to += step) {
            *to = channels_first ? from[i] : from[i % c_in * taps + i / c_in];
        }
        if (weights->bias) p->bias[group * conv_panel_columns(p) + column] = weights->bias[channel];
    }
}

bool conv_pack_panels(struct conv_plan *p, struct arena *a, const struct conv_weights *weights,
                      bool channels_first) {
    const struct conv_shape *s = &p->shape;
    p->inner = (size_t)s->patch.kernel_h * s->patch.kernel_w * (s->c_in / s->groups);
    p->group_floats = conv_panel_columns(p) * p->inner;
    p->weights = conv_floats(a, s->groups * p->group_floats);
    p->bias = conv_floats(a, (size_t)s->groups * conv_panel_columns(p));
    if (!p->weights || !p->bias) return false;
    for (uint32_t g = 0; g < s->groups; g++) pack_group(p, g, weights, channels_first);
    return true;
}
