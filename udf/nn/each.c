/* each.c: see each.h. */
#include "udf/nn/each.h"

#include <string.h>

/* Elements that input `t` moves by for one step along dimension `d` of `out`; 0: broadcast. */
static size_t move_of(const struct net_shape *out, const struct net_shape *t, uint32_t d) {
    uint32_t lead = out->rank - t->rank;
    if (d < lead || t->dim[d - lead] == 1) return 0;
    return shape_span(t, d - lead + 1, t->rank);
}

/* Does going through dimension `d` once lead to where dimension `before` has moved by one? */
static bool goes_on(const struct each *p, uint32_t before, const size_t *move, size_t dim) {
    for (uint32_t i = 0; i < p->inputs; i++) {
        if (p->move[i][before] != move[i] * dim) return false;
    }
    return true;
}

static void add_dim(struct each *p, const size_t *move, size_t dim) {
    if (dim == 1) return;
    if (p->rank > 0 && goes_on(p, p->rank - 1, move, dim)) {
        p->dim[p->rank - 1] *= dim;
    } else {
        p->dim[p->rank++] = dim;
    }
    for (uint32_t i = 0; i < p->inputs; i++) p->move[i][p->rank - 1] = move[i];
}

void each_plan(struct each *p, const struct net_shape *out, const struct tensor *in,
               uint32_t inputs) {
    assert(inputs <= EACH_INPUTS);
    *p = (struct each){.inputs = inputs, .inner = 1};
    for (uint32_t d = 0; d < out->rank; d++) {
        size_t move[EACH_INPUTS] = {0};
        for (uint32_t i = 0; i < inputs; i++) move[i] = move_of(out, &in[i].shape, d);
        add_dim(p, move, (size_t)out->dim[d]);
    }
    if (p->rank == 0) return;
    bool inner = true;
    for (uint32_t i = 0; i < inputs; i++) inner &= p->move[i][p->rank - 1] <= 1;
    assert(inner); /* dimensions of 1 are left out: what moves last moves by one element */
    p->rank--;
    p->inner = p->dim[p->rank];
    for (uint32_t i = 0; i < inputs; i++) p->step[i] = p->move[i][p->rank];
}

void each_first(const struct each *p, struct each_at *at) {
    (void)p;
    *at = (struct each_at){.more = true};
}

void each_next(const struct each *p, struct each_at *at) {
    at->out += p->inner;
    for (uint32_t d = p->rank; d-- > 0;) {
        for (uint32_t i = 0; i < p->inputs; i++) at->in[i] += p->move[i][d];
        if (++at->index[d] < p->dim[d]) return;
        for (uint32_t i = 0; i < p->inputs; i++) at->in[i] -= p->move[i][d] * p->dim[d];
        at->index[d] = 0;
    }
    at->more = false;
}
