/* pass_pack.c: see pass.h. */
#include <assert.h>

#include "udf/nn/layer_conv.h"
#include "udf/nn/pass.h"

bool pass_pack(struct graph *g, const struct trial *t, bool many, struct err *e) {
    assert(t->step);
    for (uint32_t n = 0; n < g->nodes; n++) {
        if (g->node[n].layer != &layer_conv_fast || !t->step[n]) continue;
        if (!conv_fast_pack(t->step[n], g->node[n].params, g->keep, many, e)) return false;
    }
    return true;
}
