/* shape.h: shape: the dimensions of a tensor, and the arithmetic that operators do with them.
 *
 * A shape of a run has no free dimension, and shape_fits() was asked before anything is computed
 * from it: then every product of its dimensions fits in size_t. A dimension may be 0.
 *
 * Used by: udf/nn.    Tested by: tests/unit/udf/net_shape_test.c
 */
#ifndef UDF_NN_SHAPE_H
#define UDF_NN_SHAPE_H

#include <assert.h>
#include <stddef.h>

#include "udf/nn/net.h"

enum {
    SHAPE_UNKNOWN = 99, /* as a rank: nothing is known of the shape */
    SHAPE_TEXT_BYTES = 160,
};

/* 2^30: 4 GiB of float32. */
static const int64_t shape_elements_max = INT64_C(1) << 30;

/* A value in memory. */
struct tensor {
    enum net_type type;
    struct net_shape shape;
    void *at; /* row-major; NULL: absent, or not computed yet */
};

size_t net_type_bytes(enum net_type t);
const char *net_type_name(enum net_type t);

/* Are all dimensions known, and is their product (zeros taken as ones) within the limit? */
bool shape_fits(const struct net_shape *s);

/* The product of the dimensions [from, to). */
static inline size_t shape_span(const struct net_shape *s, uint32_t from, uint32_t to) {
    size_t n = 1;
    assert(to <= s->rank && s->rank <= NET_RANK_MAX);
    for (uint32_t i = from; i < to; i++) n *= (size_t)s->dim[i];
    return n;
}

static inline size_t shape_elements(const struct net_shape *s) {
    return shape_span(s, 0, s->rank);
}

static inline size_t tensor_bytes(const struct tensor *t) {
    return shape_elements(&t->shape) * net_type_bytes(t->type);
}

struct net_shape shape_of(uint32_t rank, const int64_t *dim);
bool shape_equal(const struct net_shape *a, const struct net_shape *b);

/* *s becomes what both broadcast to (NumPy's rule); false: they do not go together. */
bool shape_broadcast(struct net_shape *s, const struct net_shape *with);

/* An axis counted from the front, or from the back when negative. */
bool shape_axis(int64_t axis, uint32_t rank, uint32_t *axis_out);

/* "[1,3,?,224]" */
const char *shape_text(const struct net_shape *s, char out[SHAPE_TEXT_BYTES]);

#endif
